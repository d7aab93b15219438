# shellcheck shell=bash disable=SC2034,SC2154
# What scripts/run does with the processes of a registry, whatever the web server. $run is the
# directory of sockets, logs and settings, $pid the web server's process id.

# What a file beside this one says of its web server, and two functions: server_sendfile prints
# who sends a blob unless the settings say, and server_command completes what is in $run/etc
# and sets $command, which stays in the foreground.
server_name=''     # its log is log/<name>.log
server_packages='' # groups of scripts/deps, beside build
server_files=()    # what it needs of conf/
server_stop=''     # the signal that lets requests end
server_pools=''    # not empty: it does not start the programs itself

take_server() {
	case $1 in
	common | *[!a-z-]*) usage_error "no such web server: $1" ;;
	esac
	[ -e "scripts/servers/$1.sh" ] || usage_error "no such web server: $1"
	# shellcheck source=/dev/null
	. "scripts/servers/$1.sh"
}

# Puts the values into a file of $run/etc, for a web server that cannot look them up itself.
put_values() {
	local file=$run/etc/$1 name script=''
	for name in "${values[@]}"; do
		script+="s|\${${name%%=*}}|${name#*=}|g;"
	done
	sed "$script" "$file" | put_file "$file.new"
	(cd / && as_owner mv "$file.new" "$file")
}

# The web server that this root was started with: its process id, or nothing.
running() {
	local pid
	pid=$(cat "$run/server.pid" 2>/dev/null) || return 0
	case $pid in
	'' | *[!0-9]*) return 0 ;;
	esac
	if tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF " $run/etc/"; then
		echo "$pid"
	fi
}

# What may be left of this root: programs, by the file that they run, and processes of a web
# server, by the log that they have open.
leftovers() {
	local dir exe
	find /proc/[0-9]*/exe -maxdepth 0 '(' -lname "$run/bin/*" -o -lname '*/lighttpd' -o \
		-lname '*/nginx' -o -lname '*/apache2' ')' -printf '%h %l\n' 2>/dev/null |
		while read -r dir exe; do
			case $exe in
			"$run/bin/"*) echo "${dir##*/}" ;;
			*) [ -z "$(find "$dir/fd" -lname "$run/log/*" 2>/dev/null)" ] || echo "${dir##*/}" ;;
			esac
		done || true
}

has_ended() {
	[ ! -d "/proc/$1" ] || grep -q '^State:.*Z' "/proc/$1/status" 2>/dev/null
}

# Sends a signal to a process and waits up to a number of tenths of a second for its end.
end_process() {
	local tenths=$3
	# The kill of the shell: a small system has no other.
	# shellcheck disable=SC2016
	(cd / && as_owner sh -c 'kill -"$1" "$2"' - "$2" "$1" 2>/dev/null) || true
	until has_ended "$1"; do
		[ "$tenths" -gt 0 ] || return 1
		tenths=$((tenths - 1))
		sleep 0.1
	done
}

end_registry() {
	end_process "$1" "$server_stop" 120 || end_process "$1" TERM 20 || end_process "$1" KILL 20 ||
		die "process $1 cannot be ended"
	end_programs
	(cd / && as_owner rm -f "$run/server.pid" "$run/url")
	sweep
}

# What a web server has left.
sweep() {
	(cd / && as_owner find "$run" -maxdepth 2 '(' -type s -o -path "$run/spool/*" ')' -delete)
}

end_programs() {
	local left
	[ ! -e "$run/etc/pools" ] || pools stop || true
	for left in $(leftovers); do
		end_process "$left" TERM 50 || end_process "$left" KILL 20 ||
			die "process $left cannot be ended"
	done
}

# scripts/pools for this root, with its owner's rights.
pools() {
	(cd / && as_owner bash "$run/etc/pools" "$1" --bin "$run/bin" --run "$run" "${@:2}") >/dev/null
}

start_pools() {
	local workers=() program n
	while read -r program n _; do
		workers+=(--workers "$program=$n")
	done < <(program_rows)
	pools start --conf "$run/etc/lighter.conf" "${workers[@]}" 2>"$start_log" || {
		cat "$start_log" >&2
		end_programs
		die "the programs did not start"
	}
}

start_server() {
	local become=() command values
	values=(LIGHTER_ROOT="$root" LIGHTER_RUN="$run" LIGHTER_BIN="$run/bin" LIGHTER_ETC="$run/etc"
		LIGHTER_ADDR="$host" LIGHTER_PORT="$port" LIGHTER_USER=)
	if [ "$(id -u)" = 0 ]; then
		become=(setpriv --reuid "$owner" --regid "$group" --init-groups)
		# A port below 1024 is for those who may bind it.
		[ "$port" -ge 1024 ] || become+=(--inh-caps +net_bind_service --ambient-caps +net_bind_service)
	fi
	server_command
	[ -z "$server_pools" ] || start_pools
	(
		cd /
		exec ${become[@]+"${become[@]}"} env -i PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin \
			TMPDIR="$run/spool" "${values[@]}" setsid "${command[@]}"
	) </dev/null >"$start_log" 2>&1 &
	pid=$!
}
