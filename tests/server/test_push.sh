#!/bin/bash
# Every way of pushing a blob, each with 32 MiB, through lighttpd.
. "$(dirname "$0")/lib.sh"

start_registry
size=$((32 << 20))
random "$work/blob" "$size"
digest=$(digest_of "$work/blob")

# What was pushed comes back whole, and its session is gone.
comes_back() {
	http HEAD "/v2/$1/blobs/$digest"
	is "$1: HEAD" "$status $(field content-length)" "200 $size"
	http GET "/v2/$1/blobs/$digest"
	is "$1: GET" "$status $(digest_of "$work/body")" "200 $digest"
	if [ -n "${session-}" ]; then
		http GET "$session"
		is "$1: the session is gone" "$status $(error_code)" '404 BLOB_UPLOAD_UNKNOWN'
	fi
}

created() {
	is "$1: created" "$status $(field location) $(field docker-content-digest)" \
		"201 */v2/$1/blobs/$digest $digest"
}

push_blob push/post "$work/blob"
created push/post
comes_back push/post

open_session push/put
is "a session" "$status $(field range)" '202 0-0'
http PUT "$session?digest=$digest" -T "$work/blob"
created push/put
comes_back push/put

# Chunks: the second is sent too early, then again; the last goes with the closing PUT.
chunk=$((size / 3))
split -b "$chunk" -d "$work/blob" "$work/part."
open_session push/chunks
http PATCH "$session" -T "$work/part.00" -H "Content-Range: 0-$((chunk - 1))"
is "first chunk" "$status $(field range)" "202 0-$((chunk - 1))"
session=$(field location)
http PATCH "$session" -T "$work/part.02" -H "Content-Range: $((2 * chunk))-$((3 * chunk - 1))"
is "a chunk too far" "$status $(field range)" "416 0-$((chunk - 1))"
http PATCH "$session" -T "$work/part.00" -H "Content-Range: 0-$((chunk - 1))"
is "a chunk again" "$status $(error_code)" '416 BLOB_UPLOAD_INVALID'
http GET "$session"
is "status" "$status $(field range)" "204 0-$((chunk - 1))"
http PATCH "$session" -T "$work/part.01" -H "Content-Range: $chunk-$((2 * chunk - 1))"
is "second chunk" "$status $(field range)" "202 0-$((2 * chunk - 1))"
session=$(field location)
cat "$work/part.02" "$work/part.03" >"$work/rest" 2>/dev/null || cat "$work/part.02" >"$work/rest"
http PUT "$session?digest=$digest" -T "$work/rest" -H "Content-Range: $((2 * chunk))-$((size - 1))"
created push/chunks
comes_back push/chunks

# As docker does: no length is known, Transfer-Encoding: chunked.
open_session push/stream
http PATCH "$session" -T "$work/blob" -H 'Transfer-Encoding: chunked'
is "stream" "$status $(field range)" "202 0-$((size - 1))"
session=$(field location)
http PUT "$session?digest=$digest"
created push/stream
comes_back push/stream

session=''
http POST "/v2/push/mount/blobs/uploads/?mount=$digest&from=push/put"
created push/mount
comes_back push/mount
http POST "/v2/push/mount2/blobs/uploads/?mount=$digest"
created push/mount2
http POST "/v2/push/mount3/blobs/uploads/?mount=$digest&from=push/nobody"
is "mount of what is not there" "$status $(field location)" '202 */v2/push/mount3/blobs/uploads/*'
http DELETE "$(field location)"
is "cancel" "$status" 204

# Wrong digests are refused in every way, and nothing stays behind.
wrong=sha256:$(printf %064d 0)
http POST "/v2/push/bad/blobs/uploads/?digest=$wrong" --data-binary "@$work/part.00"
is "wrong digest, POST" "$status $(error_code)" '400 DIGEST_INVALID'
open_session push/bad
http PUT "$session?digest=$wrong" -T "$work/part.00" -H 'Transfer-Encoding: chunked'
is "wrong digest, PUT" "$status $(error_code)" '400 DIGEST_INVALID'
http HEAD "/v2/push/bad/blobs/$wrong"
is "a refused blob is not there" "$status" 404

sha512=sha512:$(sha512sum "$work/part.00" | cut -d' ' -f1)
open_session push/sha512
http PATCH "$session" -T "$work/part.00" -H 'Transfer-Encoding: chunked'
http PUT "$(field location)?digest=$sha512"
is "sha512" "$status $(field docker-content-digest)" "201 $sha512"
http GET "/v2/push/sha512/blobs/$sha512"
check "sha512: comes back" cmp "$work/part.00" "$work/body"

# One copy on the disk, one name for each repository and one for all.
inodes=$(find "$store/repos" "$store/blobs" -name "${digest#*:}" -printf '%i\n' | sort -u | wc -l)
is "one copy for all repositories" "$inodes" 1
is "nothing temporary is left" "$(find "$store/tmp" "$store/uploads" "$store/run/spool" -mindepth 1 | wc -l)" 0
finish
