#!/bin/bash
# What a push asks of the disk: the program is run as plain CGI under strace.
. "$(dirname "$0")/lib.sh"

if ! command -v strace >/dev/null || ! strace -o /dev/null true 2>/dev/null; then
	skip "system calls cannot be traced here (ptrace is not permitted, or there is no strace)"
	finish
fi
mkdir "$work/store"

# cgi METHOD URI BODY-FILE [OPTION of the program]...: the answer goes to $work/answer.
cgi() {
	local method=$1 uri=$2 file=$3 query=''
	shift 3
	[ "$uri" = "${uri%%\?*}" ] || query=${uri#*\?}
	# shellcheck disable=SC2094
	env -i REQUEST_METHOD="$method" REQUEST_URI="$uri" QUERY_STRING="$query" \
		CONTENT_LENGTH="$(stat -c %s "$file")" SERVER_PROTOCOL=HTTP/1.1 GATEWAY_INTERFACE=CGI/1.1 \
		strace -f -qq -o "$work/trace" -e trace=fsync,fdatasync,sync_file_range,syncfs,sync,read,pread64 \
		"$programs/$program" --set root="$work/store" "$@" <"$file" >"$work/answer"
	answer=$(sed -n 's/^Status: \([0-9]*\).*/\1/p' "$work/answer")
	syncs=$(grep -cE '(fsync|fdatasync|syncfs|sync)\(' "$work/trace" || true)
}

program=uploads
random "$work/first" 1000
cgi POST "/v2/syncs/it/blobs/uploads/?digest=$(digest_of "$work/first")" "$work/first"
is "a first blob makes the repository" "$answer" 201

random "$work/blob" $((4 << 20))
digest=$(digest_of "$work/blob")
cgi POST "/v2/syncs/it/blobs/uploads/?digest=$digest" "$work/blob"
is "a blob in one request" "$answer" 201
is "syncs of one pushed blob, in an existing repository" "$syncs" '[123]'
echo "one pushed blob: $syncs syncs"

# In a session, the last request is where they are.
: >"$work/empty"
random "$work/blob" $((4 << 20))
digest=$(digest_of "$work/blob")
cgi POST /v2/syncs/it/blobs/uploads/ "$work/empty"
total=$syncs
session=$(tr -d '\r' <"$work/answer" | sed -n 's/^Location: //p')
cgi PATCH "$session" "$work/blob"
is "a chunk" "$answer" 202
total=$((total + syncs))
cgi PUT "$session?digest=$digest" "$work/empty"
is "the session is closed" "$answer" 201
total=$((total + syncs))
is "syncs of a blob that was pushed in a session" "$total" '[123]'
echo "one blob in a session of three requests: $total syncs"
# No byte is read a second time: the closing request reads a record, not four megabytes.
is "the closing request reads next to nothing" \
	"$(sed -nE 's/.*(read|pread64)\(.* = ([0-9]+)$/\2/p' "$work/trace" | awk '{ s += $1 } END { print (s < 200000) }')" 1

cgi POST "/v2/syncs/other/blobs/uploads/?mount=$digest&from=syncs/it" "$work/empty"
is "a mount" "$answer" 201
cgi POST "/v2/syncs/it/blobs/uploads/?digest=$digest" "$work/blob"
is "a blob that is already there" "$answer" 201

random "$work/third" 1000
cgi POST "/v2/syncs/it/blobs/uploads/?digest=$(digest_of "$work/third")" "$work/third" \
	--set durability=relaxed
is "durability = relaxed" "$answer $syncs" '201 0'
finish
