#!/bin/bash
# Every way to change a store, run as plain CGI and killed (SIGKILL) at each of its system
# calls in turn. Then a scrub and a recount find nothing, the same request brings it to its
# end, and again they find nothing.

. "$(dirname "$0")/lib.sh"

quietly() {
	"$@" >"$work/out" 2>&1 || { cat "$work/out"; return 1; }
}

quietly make -j2 build/release/tests/faults/kill_at
kill_at=$PWD/build/release/tests/faults/kill_at
store=$work/store

if ! "$kill_at" 1 / /bin/true; then
	skip "kills at system calls: tracing is not allowed here"
	finish
fi

# cgi PROGRAM METHOD URI [FILE [TYPE]]: one request; the answer is in $work/reply. With $kill_call
# the program is killed at that call. The status is that of kill_at, or of the program.
kill_call=''
declare -A size=([/dev/null]=0)
# shellcheck disable=SC2094 # the body is only read
cgi() {
	local program=$1 body=${4:-/dev/null} run=()
	[ -z "$kill_call" ] || run=("$kill_at" "$kill_call" "$store")
	[ -n "${size[$body]-}" ] || size[$body]=$(stat -c %s "$body")
	GATEWAY_INTERFACE=CGI/1.1 SERVER_PROTOCOL=HTTP/1.1 REQUEST_METHOD="$2" REQUEST_URI="$3" \
		CONTENT_LENGTH="${size[$body]}" CONTENT_TYPE="${5-}" \
		"${run[@]}" "$programs/$program" --set "root=$store" --set durability=relaxed \
		--set accept-sparse=off <"$body" >"$work/reply" 2>"$work/log"
}

# The status of the last answer, in $status.
read_status() {
	read -r _ status _ <"$work/reply" || status=none
}

# must WANTED PROGRAM …: a request of the preparation.
must() {
	local wanted=$1
	shift
	cgi "$@" || true
	read_status
	[ "$status" = "$wanted" ] || {
		fail "preparing: $*" "$(cat "$work/reply" "$work/log")"
		finish
	}
}

blob() {
	must 201 uploads POST "/v2/$1/blobs/uploads/?digest=$(digest_of "$2")" "$2"
}

type=application/vnd.oci.image.manifest.v1+json

# image_of FILE NOTE [SUBJECT-FILE]: a manifest of the config and the layer.
image_of() {
	local subject=''
	[ -z "${3-}" ] || subject=$(printf ',"subject":{"mediaType":"%s","digest":"%s","size":%d}' \
		$type "$(digest_of "$3")" "$(stat -c %s "$3")")
	printf '{"schemaVersion":2,"mediaType":"%s","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"%s","size":%d},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"%s","size":%d}],"annotations":{"note":"%s"}%s}' \
		$type "$(digest_of "$work/config")" "$(stat -c %s "$work/config")" \
		"$(digest_of "$work/layer")" "$(stat -c %s "$work/layer")" "$2" "$subject" >"$1"
}

# ---- a store with something to do for every operation ---------------------------------------

printf '{}' >"$work/config"
printf 'layer' >"$work/layer"
printf 'fresh' >"$work/fresh"
printf 'spare' >"$work/spare"
printf 'in two parts' >"$work/parts"
image_of "$work/image" image
image_of "$work/new" new "$work/image"
image_of "$work/signature" signature "$work/image"

for repository in t/app t/old; do
	blob $repository "$work/config"
	blob $repository "$work/layer"
	blob $repository "$work/spare"
	must 201 manifests PUT "/v2/$repository/manifests/one" "$work/image" $type
	must 201 manifests PUT "/v2/$repository/manifests/two" "$work/image" $type
	must 201 manifests PUT "/v2/$repository/manifests/$(digest_of "$work/signature")" \
		"$work/signature" $type
done
must 202 uploads POST /v2/t/app/blobs/uploads/
session=$(sed -n 's/^Location: \([^\r]*\).*/\1/p' "$work/reply")
head -c 5 "$work/parts" >"$work/first"
tail -c +6 "$work/parts" >"$work/second"
printf 't/old  remove=.*\n' >"$store/cleanup"
find "$store" -exec touch -h -d '10 days ago' {} +
must 202 uploads PATCH "$session" "$work/first"
mv "$store" "$work/template"
# Hundreds of empty directories, which are made again when they are needed, take longest to copy.
find "$work/template/blobs" -mindepth 2 -type d -empty -delete

fresh_store() {
	rm -rf "$store"
	cp -a "$work/template" "$store"
}

# ---- the verdict ----------------------------------------------------------------------------

# job URI: runs a job; its last line is in $line.
job() {
	local lines
	cgi admin POST "$1" || true
	mapfile -t lines <"$work/reply"
	line=''
	[ "${#lines[@]}" = 0 ] || line=${lines[-1]}
}

# Nothing is wrong in the store; $1 says after what.
expect_scrubbed() {
	job /v2/_lighter/scrub
	case $line in
	*'"result"'*'"problems":0,'*) ;;
	*) fail "$1: a scrub finds something" "$(cat "$work/reply" "$work/log")"; return 1 ;;
	esac
}

expect_sound() {
	expect_scrubbed "$1" || return 1
	job /v2/_lighter/recount
	case $line in
	*'"result"'*'"differing":0,'*) ;;
	*) fail "$1: a recount finds something" "$(cat "$work/reply" "$work/log")"; return 1 ;;
	esac
}

# kill_each NAME STATUS-AGAIN PROGRAM METHOD URI [FILE [TYPE]]: STATUS-AGAIN is a pattern of what
# the request is answered when it comes again after a kill.
kill_each() {
	local name=$1 again=$2 rc
	shift 2
	for ((n = 1; ; n++)); do
		fresh_store
		rc=0
		kill_call=$n
		cgi "$@" || rc=$?
		kill_call=''
		[ "$rc" = 9 ] || break
		expect_sound "$name, killed at call $n" || return 0
		cgi "$@" || true
		read_status
		is "$name again after a kill at call $n" "$status" "$again"
		expect_scrubbed "$name, killed at call $n and done again" || return 0
	done
	read_status
	is "$name, not killed" "$rc $status" '0 20[0-4]'
	expect_sound "$name" && pass
	[ "$n" -gt 10 ] || fail "$name makes only $n calls: were they counted?"
	echo "$name: killed at $((n - 1)) calls"
}

kill_each 'a blob in one request' 201 \
	uploads POST "/v2/new/blobs/uploads/?digest=$(digest_of "$work/fresh")" "$work/fresh"
kill_each 'a chunk' '@(202|416)' uploads PATCH "$session" "$work/second"
# Killed after the end of the session, the client finds the blob there.
kill_each 'the end of an upload' '@(201|404)' \
	uploads PUT "$session?digest=$(digest_of "$work/parts")" "$work/second"
kill_each 'a mount' 201 \
	uploads POST "/v2/other/blobs/uploads/?mount=$(digest_of "$work/layer")&from=t/app"
kill_each 'a manifest with tag and subject' 201 manifests PUT /v2/t/app/manifests/two "$work/new" $type
kill_each 'the deletion of a manifest' '@(202|404)' \
	manifests DELETE "/v2/t/app/manifests/$(digest_of "$work/image")"
kill_each 'the deletion of a tag' '@(202|404)' manifests DELETE /v2/t/app/manifests/one
kill_each 'the deletion of a blob' '@(202|404)' blobs DELETE "/v2/t/app/blobs/$(digest_of "$work/spare")"
kill_each 'collection' 200 admin POST '/v2/_lighter/gc?grace=0s&untagged=1d&idle=1m'
kill_each 'cleanup' 200 admin POST '/v2/_lighter/cleanup?all=true'
kill_each 'the removal of a repository' '@(200|404)' admin DELETE /v2/_lighter/repositories/t/old

finish
