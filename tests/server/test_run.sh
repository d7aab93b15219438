#!/bin/bash
# scripts/run: what it says, what it refuses, what it leaves and what it ends.
. "$(dirname "$0")/lib.sh"

# ---- starts, says so, carries on ------------------------------------------------------
start_registry
is "the first line" "$(head -n 1 "$work/run.out")" "lighter: listening on $base"
is "lines that say so" "$(grep -c 'listening on' "$work/run.out")" 1
make_image run/it one
is "an image" "$status" 201
check "again with this root" scripts/run --bin "$programs" --root "$store" --listen "$registry"
is "says that it is running" "$(cat "$work/check.out")" \
	"lighter: already running with this root, listening on $base"
if [ "$(id -u)" = 0 ]; then
	for pid in $(server_pid) $(pgrep -P "$(server_pid)"); do
		is "process $pid has an owner other than root" "$(stat -c %U "/proc/$pid")" "$(stat -c %U "$store")"
	done
	is "the store is not root's" "$(stat -c %u "$store")" '[1-9]*'
fi
old=$(server_pid)
stop_registry
check "lighttpd has ended" has_ended "$old"
is "no worker is left" "$(pgrep -f "$store/run/bin" || true)" ''
is "no socket is left" "$(find "$store/run" -type s)" ''

start_registry
http GET /v2/run/it/manifests/one
is "a second run with the same root" "$status $(digest_of "$work/body")" \
	"200 $(digest_of "$work/manifest.json")"

# ---- lighttpd is killed: its workers must not serve on beside the new ones ------------
old=$(server_pid)
orphans=$(pgrep -P "$old" | tr '\n' ' ')
kill -9 "$old"
wait_until has_ended "$old"
start_registry
for pid in $orphans; do
	check "orphan $pid has ended" has_ended "$pid"
done
http GET /v2/run/it/tags/list
is "after a kill" "$status" 200
stop_registry

# ---- in the foreground ----------------------------------------------------------------
ends_with() {
	local port out=$work/foreground.out pid lighttpd exit_status=0
	port=$(free_port)
	# A job in the background ignores SIGINT unless job control is on.
	set -m
	scripts/run --bin "$programs" --root "$store" --listen "127.0.0.1:$port" --foreground >"$out" 2>&1 &
	pid=$!
	set +m
	check "foreground: says that it listens" wait_until grep -q "listening on http://127.0.0.1:$port" "$out"
	lighttpd=$(server_pid)
	kill "-$1" "$pid"
	wait "$pid" || exit_status=$?
	is "foreground: status after SIG$1" "$exit_status" 0
	check "foreground: lighttpd has ended after SIG$1" has_ended "$lighttpd"
	is "foreground: workers after SIG$1" "$(pgrep -f "$store/run/bin" || true)" ''
}
ends_with TERM
ends_with INT

# ---- refusals -------------------------------------------------------------------------
refuses() {
	local wanted=$1 exit_status=0
	shift
	timeout 60 scripts/run --bin "$programs" "$@" >"$work/refused" 2>&1 || exit_status=$?
	is "$*: status" "$exit_status" '[12]'
	is "$*: the reason" "$(cat "$work/refused")" "$wanted"
}
refuses '*not a loopback address*' --root "$store" --listen 0.0.0.0:5999
refuses '*not a loopback address*' --root "$store" --listen 192.0.2.1:5999
refuses '*ADDR:PORT*' --root "$store" --listen 5999
refuses '*no port*' --root "$store" --listen 127.0.0.1:99999
refuses '*no such option*' --nonsense
refuses '*needs a value*' --root
refuses '*unknown setting "colour"*' --root "$store" --listen "127.0.0.1:$(free_port)" --set colour=blue
printf 'durability = full\n\nmanifest-limit = lots\n' >"$work/bad.conf"
refuses "*$work/bad.conf:3: bad value \"lots\" for manifest-limit*" --root "$store" \
	--listen "127.0.0.1:$(free_port)" --conf "$work/bad.conf"
refuses '*white space*' --root "$work/a b" --listen "127.0.0.1:$(free_port)"
refuses '*nothing that was started*' --stop --root "$store"
printf 'root = %s\npage-limit = 7\n' "$store" >"$work/good.conf"
port=$(free_port)
check "the root from the settings" scripts/run --bin "$programs" --conf "$work/good.conf" \
	--listen "127.0.0.1:$port" --set page-limit=5
is "--set goes over the file" "$(grep page-limit "$store/run/etc/lighter.conf")" 'page-limit = 5'
refuses '*Address already in use*' --root "$work/other" --listen "127.0.0.1:$port"
started=1
stop_registry

# ---- as an ordinary user --------------------------------------------------------------
if [ "$(id -u)" = 0 ] && id nobody >/dev/null 2>&1; then
	mkdir "$work/checkout" "$work/home"
	cp -r scripts conf "$programs" "$work/checkout"
	chown -R nobody "$work/checkout" "$work/home"
	as_nobody() {
		(
			cd "$work/checkout"
			setpriv --reuid nobody --regid nogroup --clear-groups env -u XDG_DATA_HOME \
				HOME="$work/home" TMPDIR="$work/home" scripts/run "$@"
		)
	}
	port=$(free_port)
	check "as an ordinary user" as_nobody --bin "$work/checkout/${programs##*/}" --listen "127.0.0.1:$port"
	base=http://127.0.0.1:$port
	make_image run/it one
	is "as an ordinary user: an image" "$status" 201
	is "the default store" "$(find "$work/home" -path '*/share/lighter/repos/run/it' -printf '%u\n')" nobody
	check "as an ordinary user: stop" as_nobody --stop
	is "no worker is left" "$(pgrep -f "$work/home" || true)" ''
else
	skip "the case of an ordinary user beside root: not root, or there is no user nobody"
fi
finish
