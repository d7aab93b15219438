# shellcheck shell=bash
# For the tests that go through a web server: a registry (registry.sh), requests, verdicts.
# A test sources this from anywhere, makes its checks, and ends with "finish".

set -eu
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. tests/server/registry.sh

passed=0
failed=0

pass() {
	passed=$((passed + 1))
}

fail() {
	failed=$((failed + 1))
	echo "FAILED: $1"
	shift
	[ $# = 0 ] || printf '    %s\n' "$@"
}

# is NAME GOT WANTED; WANTED is a pattern of the shell.
is() {
	# shellcheck disable=SC2053
	if [[ $2 == $3 ]]; then
		pass
	else
		fail "$1" "got:    $2" "wanted: $3"
	fi
}

# check NAME COMMAND...: the command succeeds.
check() {
	local name=$1
	shift
	if "$@" >"$work/check.out" 2>&1; then
		pass
	else
		fail "$name" "$(tail -n 5 "$work/check.out")"
	fi
}

# What cannot be tested here, and why.
skip() {
	echo "skipped: $*"
}

finish() {
	echo "$passed passed, $failed failed"
	[ "$failed" = 0 ]
	exit
}

# http METHOD PATH-OR-URL [OPTION of curl]...: sets $status; header fields in $work/head, body in
# $work/body.
http() {
	local method=$1 url=$2 how=(-X "$1")
	shift 2
	case $url in
	/*) url=$base$url ;;
	esac
	[ "$method" != HEAD ] || how=(-I)
	case "$method $*" in
	*-T* | *--data*) ;;
	POST* | PUT* | PATCH*) how+=(-H 'Content-Length: 0') ;;
	esac
	: >"$work/head"
	: >"$work/body"
	status=$(curl -s --path-as-is --max-time 120 "${how[@]}" -D "$work/head" -o "$work/body" \
		-w '%{http_code}' "$@" "$url") || true
}

# A field of the last answer.
field() {
	tr -d '\r' <"$work/head" | sed -n "s/^$1: *//Ip" | sed 's/ *$//' | tail -n 1
}

body() {
	cat "$work/body"
}

# The code of the first error in the last answer; empty when it is no error in JSON.
error_code() {
	[ "$(field content-type)" = application/json ] && jq -r '.errors[0].code' "$work/body" 2>/dev/null
}

digest_of() {
	echo "sha256:$(sha256sum "$1" | cut -d' ' -f1)"
}

# random FILE BYTES
random() {
	head -c "$2" /dev/urandom >"$1"
}

# A new session of a repository: sets $session.
open_session() {
	http POST "/v2/$1/blobs/uploads/"
	# shellcheck disable=SC2034
	session=$(field location)
}

# push_blob REPOSITORY FILE, in one request.
push_blob() {
	http POST "/v2/$1/blobs/uploads/?digest=$(digest_of "$2")" --data-binary "@$2" \
		-H 'Content-Type: application/octet-stream'
}

# make_image REPOSITORY TAG: pushes an image of one small random layer; its manifest is
# $work/manifest.json.
make_image() {
	local config=$work/config.json layer=$work/layer
	printf '{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}' >"$config"
	random "$layer" 2000
	push_blob "$1" "$config"
	push_blob "$1" "$layer"
	printf '{"schemaVersion":2,"mediaType":"%s","config":{"mediaType":"%s","digest":"%s","size":%d},"layers":[{"mediaType":"%s","digest":"%s","size":%d}]}' \
		application/vnd.oci.image.manifest.v1+json \
		application/vnd.oci.image.config.v1+json "$(digest_of "$config")" "$(stat -c %s "$config")" \
		application/vnd.oci.image.layer.v1.tar "$(digest_of "$layer")" 2000 >"$work/manifest.json"
	http PUT "/v2/$1/manifests/$2" --data-binary "@$work/manifest.json" \
		-H 'Content-Type: application/vnd.oci.image.manifest.v1+json'
}

# wait_until COMMAND...: for at most ten seconds.
wait_until() {
	local tenths=100
	until "$@"; do
		[ "$tenths" -gt 0 ] || return 1
		tenths=$((tenths - 1))
		sleep 0.1
	done
}

# A process that nobody has waited for is still listed, as a zombie.
has_ended() {
	[ ! -d "/proc/$1" ] || grep -q '^State:.*Z' "/proc/$1/status" 2>/dev/null
}

# The process ids of the web server, and of the workers of a program or of all.
server_pid() {
	cat "$store/run/server.pid"
}

workers_of() {
	find /proc/[0-9]*/exe -maxdepth 0 -lname "$store/run/bin/${1-*}" -printf '%h\n' 2>/dev/null |
		sed 's/.*\///' || true
}
