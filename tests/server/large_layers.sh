#!/bin/bash
# A layer of 1.1 GiB through a web server, by PUT and by a chunked PATCH, and back. Not a part of
# scripts/test: it takes half a minute and 4 GB of disk.
. "$(dirname "$0")/lib.sh"

start_registry
size=$((1126 << 20))
openssl enc -aes-128-ctr -nosalt -pass pass:"$RANDOM$RANDOM" -in /dev/zero 2>/dev/null | head -c "$size" >"$work/blob"
digest=$(digest_of "$work/blob")

# Every byte is compared without a copy on the disk.
comes_back() {
	http HEAD "/v2/$1/blobs/$digest"
	is "$server, $1: HEAD" "$status $(field content-length)" "200 $size"
	check "$server, $1: GET" cmp "$work/blob" <(curl -s --max-time 300 "$base/v2/$1/blobs/$digest")
}

# sent WANTED [WHAT http TAKES]...
sent() {
	local wanted=$1 seconds=$EPOCHREALTIME
	shift
	http "$@" --max-time 300
	is "$server: $1" "$status" "$wanted"
	awk -v a="$seconds" -v b="$EPOCHREALTIME" -v what="$server: $1" -v size="$size" \
		'BEGIN { printf "%s: %.0f MiB/s\n", what, size / 1048576 / (b - a) }'
}

open_session large/put
sent 201 PUT "$session?digest=$digest" -T "$work/blob"
comes_back large/put
find "$store/blobs" "$store/repos" -name "${digest#*:}" -delete

open_session large/patch
sent 202 PATCH "$session" -T "$work/blob" -H 'Transfer-Encoding: chunked'
is "$server: what has arrived" "$(field range)" "0-$((size - 1))"
http PUT "$(field location)?digest=$digest"
is "$server: the end of the upload" "$status" 201
comes_back large/patch
http GET "/v2/large/patch/blobs/$digest" -H "Range: bytes=$((size - 5))-"
is "$server: its last bytes" "$status $(body | base64)" "206 $(tail -c 5 "$work/blob" | base64)"

# A refusal while the body is still being sent.
http PATCH /v2/large/it/blobs/uploads/nosuchsession -T "$work/blob"
is "$server: a refusal" "$status $(error_code)" '404 BLOB_UPLOAD_UNKNOWN'
is "$server: nothing temporary is left" "$(find "$store/tmp" "$store/uploads" "$store/run/spool" -mindepth 1 | wc -l)" 0
finish
