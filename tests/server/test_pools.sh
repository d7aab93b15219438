#!/bin/bash
# Programs that the web server does not start: scripts/pools, socket activation, and the
# units of systemd.
. "$(dirname "$0")/lib.sh"

run=$work/run
mkdir -p "$work/store" "$work/www"
cp -r "$programs" "$work/bin"
pools=(--bin "$work/bin" --conf "$work/lighter.conf" --run "$run")
if [ "$(id -u)" = 0 ]; then
	chown www-data "$work/store"
	pools+=(--user www-data)
fi
echo "root = $work/store" >"$work/lighter.conf"
PATH=$PATH:/usr/sbin:/sbin

lighttpd_pid=''
activated=''
end_all() {
	local status=$?
	trap - EXIT
	[ -z "$lighttpd_pid" ] || kill "$lighttpd_pid" 2>/dev/null || true
	[ -z "$activated" ] || kill "$activated" 2>/dev/null || true
	scripts/pools stop "${pools[@]}" >/dev/null 2>&1 || true
	(exit "$status") || true
	clean_up
}
trap end_all EXIT

# A web server in front of sockets: base and uploads are enough.
start_front() {
	local port
	port=$(free_port)
	cat >"$work/lighttpd.conf" <<TXT
server.document-root = "$work/www"
server.bind = "127.0.0.1"
server.port = $port
server.modules = ("mod_fastcgi")
server.errorlog = "$work/front.log"
server.upload-dirs = ("$work/www")
var.pool = ("check-local" => "disable")
\$HTTP["url"] =~ "/blobs/uploads/" {
	fastcgi.server = ("" => (var.pool + ("socket" => "$run/uploads.sock")))
} else {
	fastcgi.server = ("" => (var.pool + ("socket" => "$1")))
}
TXT
	lighttpd -D -f "$work/lighttpd.conf" &
	lighttpd_pid=$!
	base=http://127.0.0.1:$port
}

end_front() {
	kill "$lighttpd_pid"
	wait "$lighttpd_pid" || true
	lighttpd_pid=''
}

is_served() {
	http GET /v2/_lighter/health
	[ "$status" = 200 ]
}

# ---- spawn-fcgi and multiwatch --------------------------------------------------------
if ! command -v spawn-fcgi >/dev/null || ! command -v multiwatch >/dev/null; then
	skip "scripts/pools: there is no spawn-fcgi or no multiwatch here"
else
	check "start" scripts/pools start "${pools[@]}"
	check "status" scripts/pools status "${pools[@]}"
	is "status says" "$(cat "$work/check.out")" '*uploads: running, 4 workers*'
	is "the socket is for two" "$(stat -c %a "$run/base.sock")" 660
	start_front "$run/base.sock"
	check "a request" wait_until is_served
	http POST /v2/pool/it/blobs/uploads/
	is "an upload" "$status" 202
	check "start again" scripts/pools start "${pools[@]}" --only base
	is "start again says" "$(cat "$work/check.out")" 'base: already running'

	# Workers are killed one by one: somebody else has the next request at once.
	kept=$(cat "$run/base.pid")
	for _ in 1 2 3 4 5 6; do
		worker=$(pgrep -P "$(pgrep -P "$kept" -x multiwatch)" -x base | head -n 1)
		kill -9 "$worker"
		http GET /v2/_lighter/health
		is "after the end of a worker" "$status" 200
	done
	# A crash loop: multiwatch gives up, and the pool carries on.
	old=$(pgrep -P "$kept" -x multiwatch)
	mv "$work/bin/base" "$work/base"
	printf '#!/bin/sh\nexit 1\n' >"$work/bin/base"
	chmod 755 "$work/bin/base"
	pgrep -P "$old" | xargs kill -9
	check "multiwatch gives up" wait_until has_ended "$old"
	rm "$work/bin/base"
	mv "$work/base" "$work/bin/base"
	check "and the pool is there again" wait_until is_served
	is "kept by the same process" "$(cat "$run/base.pid")" "$kept"

	# Whoever kept the pool is killed: what is left over is found and ended.
	kill -9 "$kept"
	check "the keeper has ended" wait_until has_ended "$kept"
	exit_status=0
	scripts/pools status "${pools[@]}" --only base >"$work/out" || exit_status=$?
	is "status without a keeper" "$exit_status $(cat "$work/out")" '3 base: nobody keeps*'
	check "start in its place" scripts/pools start "${pools[@]}" --only base
	check "a request to the new pool" wait_until is_served
	end_front

	check "stop" scripts/pools stop "${pools[@]}"
	is "nobody is left" "$(pgrep -f "$work/bin/" || true)" ''
	is "no socket is left" "$(find "$run" -name '*.sock' -o -name '*.pid')" ''
	exit_status=0
	scripts/pools status "${pools[@]}" --only base >"$work/out" || exit_status=$?
	is "status after a stop" "$exit_status $(cat "$work/out")" '3 base: not running'

	echo 'colour = blue' >>"$work/lighter.conf"
	exit_status=0
	scripts/pools start "${pools[@]}" >"$work/out" 2>&1 || exit_status=$?
	is "bad settings" "$exit_status $(cat "$work/out")" '1 *unknown setting "colour"*'
	sed -i '$d' "$work/lighter.conf"
fi

# ---- socket activation: the socket is descriptor 3 ------------------------------------
if ! command -v systemd-socket-activate >/dev/null; then
	skip "socket activation: there is no systemd-socket-activate here"
else
	mkdir -p "$run"
	as=()
	[ "$(id -u)" != 0 ] || as=(setpriv --reuid www-data --regid www-data --clear-groups)
	[ "$(id -u)" != 0 ] || chown www-data "$run"
	(cd / && exec ${as[@]+"${as[@]}"} systemd-socket-activate -l "$run/activated.sock" \
		"$work/bin/base" --conf "$work/lighter.conf") </dev/null 2>"$work/activate.out" &
	activated=$!
	check "systemd listens" wait_until test -S "$run/activated.sock"
	start_front "$run/activated.sock"
	check "a request wakes the program" wait_until is_served
	is "it is the program itself" "$(cat "/proc/$activated/comm")" base
	http GET /v2/
	is "and the next" "$status" 200
	kill "$activated"
	exit_status=0
	wait "$activated" || exit_status=$?
	activated=''
	is "it ends when told to" "$exit_status" 0
	end_front
	# The variables are meant for the process that they name.
	check "variables of somebody else" env LISTEN_PID=1 LISTEN_FDS=1 REQUEST_METHOD=GET \
		REQUEST_URI=/v2/ "$work/bin/base" --conf "$work/lighter.conf"
	is "variables of somebody else: it is CGI" "$(head -n 1 "$work/check.out" | tr -d '\r')" 'Status: 200 OK'
fi

# ---- units ----------------------------------------------------------------------------
if ! command -v systemd-analyze >/dev/null; then
	skip "the units: there is no systemd-analyze here"
else
	mkdir "$work/units"
	cp conf/systemd/* "$work/units"
	for program in "$programs"/*; do
		name=${program##*/}
		cp conf/systemd/lighter@.socket "$work/units/lighter@$name.socket"
		cp conf/systemd/lighter@.service "$work/units/lighter@$name.service"
		check "lighter.target wants $name" grep -qw "lighter@$name.socket" conf/systemd/lighter.target
	done
	# What is not installed on this machine is no fault of the units.
	systemd-analyze verify "$work/units/"*@*.s* "$work/units/lighter.target" 2>&1 |
		grep -F "$work/units/" | grep -v 'is not executable' >"$work/verify" || true
	is "systemd-analyze verify" "$(cat "$work/verify")" ''
	if systemd-analyze security --help 2>/dev/null | grep -q -- --offline; then
		check "systemd-analyze security" systemd-analyze security --offline=yes --threshold=15 \
			"$work/units/lighter@base.service"
	fi
fi
finish
