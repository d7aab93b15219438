# shellcheck shell=bash
# A throw-away registry for tests and scripts: a fresh store, a free port, ended with the
# script that started it. Sourced from the top of the checkout.
#
#   start_registry [ARGUMENT of scripts/run]...   sets $registry (HOST:PORT), $base and $store
#   stop_registry
#   wait_for_user USER PASSWORD [URL]
#   $work   a fresh directory that everybody may enter, removed at the end
#   $server     the web server; lighttpd
#   $programs   directory of the programs to serve with; build/release/bin

programs=${programs:-$PWD/build/release/bin}
server=${server:-lighttpd}
work=$(mktemp -d "${TMPDIR:-/tmp}/lighter.XXXXXX")
chmod 755 "$work"
started=''

clean_up() {
	local status=$?
	trap - EXIT
	trap '' INT TERM
	stop_registry
	rm -rf "$work"
	exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# A port that nobody listens on now. Whoever starts on it may still lose the race for it.
free_port() {
	local port
	while :; do
		port=$((RANDOM % 20000 + 12000))
		(exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
	done
	echo "$port"
}

start_registry() {
	local tries=5 port
	store=${store:-$work/store}
	while :; do
		port=${port_wanted:-$(free_port)}
		if scripts/run --server "$server" --bin "$programs" --listen "127.0.0.1:$port" --root "$store" "$@" \
			>"$work/run.out" 2>&1; then
			break
		fi
		tries=$((tries - 1))
		if [ "$tries" = 0 ] || ! grep -q 'Address already in use' "$work/run.out"; then
			cat "$work/run.out" >&2
			return 1
		fi
	done
	started=1
	registry=127.0.0.1:$port
	base=http://$registry
	export registry base store
}

# Whether a user that was just added may log in; the registry looks once a second.
wait_for_user() {
	local tenths=50
	until curl -sf -o /dev/null -u "$1:$2" "${3-$base}/v2/token?service=lighter"; do
		[ "$tenths" -gt 0 ] || return 1
		tenths=$((tenths - 1))
		sleep 0.1
	done
}

stop_registry() {
	[ -n "$started" ] || return 0
	started=''
	scripts/run --stop --root "$store" >/dev/null
}
