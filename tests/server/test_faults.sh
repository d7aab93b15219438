#!/bin/bash
# Clients that vanish and workers that are killed: what was answered has happened, what arrived
# is kept, and nothing is left behind.
. "$(dirname "$0")/lib.sh"

start_registry
size=$((32 << 20))
random "$work/blob" "$size"
digest=$(digest_of "$work/blob")

# Every session and temporary file of the store, and what the web server has spooled.
leftovers() {
	find "$store/tmp" "$store/uploads" "$store/run/spool" -mindepth 1
}

# Open descriptors of some processes.
descriptors() {
	local pid
	for pid; do
		find "/proc/$pid/fd" -mindepth 1 | wc -l
	done | paste -sd ' '
}

# ---- a client vanishes in the middle of a PATCH ---------------------------------------
# vanish HEADER: sends 20 MB of a body of 32 MiB and closes the connection.
vanish() {
	exec 3<>"/dev/tcp/${registry%:*}/${registry#*:}"
	printf 'PATCH %s HTTP/1.1\r\nHost: %s\r\n%s\r\n\r\n' "$session" "$registry" "$1" >&3
	head -c 20000000 "$work/blob" >&3
	exec 3>&-
}

# The session is free again, and how much it holds.
settled() {
	http GET "$session"
	offset=$(field range)
	offset=$((${offset#*-} + 1))
	[ "$status" = 204 ] && [ "$offset" -gt 1 ]
}

open_session faults/vanish
vanish "Content-Length: $size"
if [ "$server" = apache-fcgid ]; then
	skip "what arrived is kept: mod_fcgid takes in all of a body before a program gets it"
	offset=0
	settled() {
		return 0
	}
elif wait_until settled; then
	pass
else
	fail "what arrived is kept" "status $status, range $(field range)"
fi
is "no more is kept than was sent" "$((offset <= 20000000))" 1
# A session that is still being written to answers 416 and the place to go on at.
resume() {
	settled && tail -c +"$((offset + 1))" "$work/blob" >"$work/rest" &&
		http PATCH "$session" -T "$work/rest" -H "Content-Range: $offset-$((size - 1))" &&
		[ "$status" = 202 ]
}
check "the upload goes on where it stopped" wait_until resume
http PUT "$session?digest=$digest"
is "and ends well" "$status" 201
http GET "/v2/faults/vanish/blobs/$digest"
is "with the right bytes" "$(digest_of "$work/body")" "$digest"

# A body without a length is spooled: a part of it never reaches the session.
open_session faults/chunked
vanish 'Transfer-Encoding: chunked'
http DELETE "$session"
is "chunked: the session can be cancelled" "$status" 204
is "chunked: and is gone" "$(find "$store/uploads" -mindepth 1)" ''

# ---- workers are killed under load -----------------------------------------------------
make_image faults/load one
manifest=$(digest_of "$work/manifest.json")
layer=$(digest_of "$work/layer")
# Pulls and pushes until told to stop. Writes what was answered, one line a request.
load() {
	local file=$work/load.$1 id
	while [ ! -e "$work/stop" ]; do
		random "$file" 50000
		id=$(digest_of "$file")
		curl -s -o /dev/null -w "POST %{http_code} $id\n" --max-time 30 --data-binary "@$file" \
			"$base/v2/faults/load/blobs/uploads/?digest=$id" || true
		curl -s -o "$file.out" -w 'GET %{http_code} ' --max-time 30 \
			"$base/v2/faults/load/manifests/one" || true
		digest_of "$file.out"
	done
}
load 1 >"$work/load.log.1" &
load 2 >"$work/load.log.2" &
# lighttpd starts a worker again at once when it was killed, and after a second when that
# happens twice within one.
answers() {
	case $1 in
	uploads) http POST /v2/faults/load/blobs/uploads/ ;;
	manifests) http GET /v2/faults/load/manifests/one ;;
	blobs) http GET "/v2/faults/load/blobs/$layer" ;;
	esac
	[[ $status == 20[02] ]]
}
for pool in uploads manifests blobs uploads manifests uploads; do
	for pid in $(workers_of "$pool"); do
		kill -9 "$pid" || true
	done
	answers "$pool" || true
	is "the request right after the kill of $pool" "$status" '@(20[02]|50[03])'
	check "soon after the kill of $pool" wait_until answers "$pool"
done
: >"$work/stop"
wait
cat "$work/load.log.1" "$work/load.log.2" >"$work/load.log"
is "the load was a load" "$(grep -c ' 20[01] ' "$work/load.log")" '[1-9]*'
is "nothing but success and 5xx" "$(grep -vcE '^(POST 201|GET 200|(POST|GET) 50[03]|(POST|GET) 000) ' "$work/load.log" || true)" 0
is "every manifest was the right one" \
	"$(sed -n 's/^GET 200 //p' "$work/load.log" | sort -u)" "$manifest"
lost=0
while read -r id; do
	http GET "/v2/faults/load/blobs/$id"
	[ "$status $(digest_of "$work/body")" = "200 $id" ] || lost=$((lost + 1))
done < <(sed -n 's/^POST 201 //p' "$work/load.log")
is "blobs that were answered 201 and are not there" "$lost" 0
for path in manifests/one tags/list "blobs/$layer"; do
	http GET "/v2/faults/load/$path"
	is "after the kills: $path" "$status" 200
done
push_blob faults/load "$work/blob"
is "after the kills: a push" "$status" 201

# ---- and nothing is left behind --------------------------------------------------------
# A worker that was killed in the middle of a push leaves its session and its temporary file,
# which later sweeps remove; lighttpd's spool is its own.
is "the web server spools nothing any more" "$(find "$store/run/spool" -mindepth 1 | wc -l)" 0
stop_registry
start_registry
# What a worker opens once and keeps, it has opened after the first rounds.
rounds() {
	local _
	for _ in $(seq "$1"); do
		make_image faults/again one
		http GET "/v2/faults/again/blobs/$(digest_of "$work/layer")"
		http GET /v2/faults/again/manifests/one
		http GET /v2/faults/again/tags/list
		http GET /v2/_catalog
		http PUT /v2/faults/again/manifests/bad --data-binary '{'
		http POST "/v2/faults/again/blobs/uploads/?digest=$digest" --data-binary "@$work/layer"
		open_session faults/again
		http DELETE "$session"
	done
}
rounds 3
mapfile -t workers < <(workers_of)
of_workers=$(descriptors "${workers[@]}")
of_server=$(descriptors "$(server_pid)")
files=$(leftovers | wc -l)
rounds 10
is "descriptors of the workers" "$(descriptors "${workers[@]}")" "$of_workers"
is "sessions and temporary files" "$(leftovers | wc -l)" "$files"
# lighttpd keeps a file that it has sent open for a few seconds.
server_has_closed() {
	[ "$(descriptors "$(server_pid)")" -le "$((of_server + 2))" ]
}
check "descriptors of the web server" wait_until server_has_closed
finish
