# Helpers of scripts/bench: the work directory, processes, ports, samples. Sourced by it.
# shellcheck shell=bash disable=SC2154,SC2034,SC2015

fail() {
	printf 'bench: %s\n' "$*" >&2
	exit 1
}

# A line that overwrites itself; on a terminal only.
progress() {
	[ -t 2 ] || return 0
	printf '\r\033[K%s' "$*" >&2
}

# ---- what has to be there --------------------------------------------------------------

need_commands() {
	local missing=() c
	for c in lighttpd:lighttpd strace:strace wrk:wrk jq:jq curl:curl openssl:openssl ps:procps; do
		command -v "${c%:*}" >/dev/null || [ -x "/usr/sbin/${c%:*}" ] || missing+=("${c#*:}")
	done
	[ "${#missing[@]}" -eq 0 ] && return 0
	[ "$(id -u)" -eq 0 ] || fail "install first: apt-get install ${missing[*]}"
	progress "installing ${missing[*]}"
	apt-get install -y -qq "${missing[@]}" >"$work/apt.log" 2>&1 ||
		{ apt-get update -qq && apt-get install -y -qq "${missing[@]}"; } >>"$work/apt.log" 2>&1 ||
		fail "cannot install ${missing[*]}: $(tail -n 3 "$work/apt.log")"
}

# The peer's program. Its package is unpacked, not installed: installing would start a service.
peer_program() {
	local unpacked=$top/build/peer
	if [ ! -x "$unpacked/usr/bin/docker-registry" ]; then
		if command -v docker-registry >/dev/null; then
			command -v docker-registry
			return
		fi
		mkdir -p "$unpacked"
		(cd "$unpacked" && { apt-get download -qq docker-registry ||
			{ apt-get update -qq && apt-get download -qq docker-registry; }; } &&
			dpkg-deb -x docker-registry_*.deb .) >"$work/apt.log" 2>&1 ||
			fail "cannot fetch the Debian package docker-registry: $(tail -n 3 "$work/apt.log")"
	fi
	echo "$unpacked/usr/bin/docker-registry"
}

# ---- processes -------------------------------------------------------------------------

started=()

# start NAME COMMAND...: in the background, output to a log of its name; $! is kept.
start() {
	local name=$1
	shift
	"$@" >"$work/$name.log" 2>&1 </dev/null &
	last_pid=$!
	started+=("$last_pid")
}

# A process and all below it.
process_tree() {
	ps -e -o pid=,ppid= | awk -v root="$1" '
		{ parent[$1] = $2 }
		END {
			for (p in parent) {
				for (q = p; q in parent && q != root; q = parent[q])
					;
				if (q == root)
					print p
			}
		}'
}

# A number that no later process of the same id has: when it was started.
start_time() {
	sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20
}

# Asks it to end; whatever of it is still there after 25 seconds is killed.
stop() {
	local pid=$1 tree p i
	kill -0 "$pid" 2>/dev/null || return 0
	tree=$(for p in $(process_tree "$pid"); do echo "$p:$(start_time "$p")"; done)
	kill -TERM "$pid" 2>/dev/null
	for ((i = 0; i < 250; i++)); do
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.1
	done
	for p in $tree; do
		[ "$(start_time "${p%:*}")" != "${p#*:}" ] || kill -KILL "${p%:*}" 2>/dev/null
	done
	wait "$pid" 2>/dev/null
	return 0
}

stop_all() {
	local p
	for p in "${started[@]}"; do
		stop "$p"
	done
	started=()
}

# A port of the loopback interface on which nothing listens; no two calls give the same.
free_port() {
	while :; do
		port=$((next_port++))
		if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
			return
		fi
	done
}
next_port=$((20000 + $$ % 9000))

# wait_http URL PID NAME: until it answers at all.
wait_http() {
	local i
	for ((i = 0; i < 300; i++)); do
		curl -s -o "$work/answer" "$1" && return 0
		kill -0 "$2" 2>/dev/null || break
		sleep 0.1
	done
	fail "$3 does not answer at $1: $(tail -n 5 "$work/$3.log")"
}

# ---- memory ----------------------------------------------------------------------------

# pss PIDS: their proportional set size in KiB; a process that has gone counts nothing.
pss() {
	local p
	for p in $1; do
		cat "/proc/$p/smaps_rollup" 2>/dev/null
	done | awk '/^Pss:/ { s += $2 } END { print s + 0 }'
}

# tree_of PID PATTERN: the processes below PID whose name matches.
tree_of() {
	local p
	for p in $(process_tree "$1"); do
		if grep -qE "$2" "/proc/$p/comm" 2>/dev/null; then
			echo "$p"
		fi
	done
}

mib() {
	awk -v k="$1" 'BEGIN { printf "%.3f", k / 1024 }'
}

# ---- samples ---------------------------------------------------------------------------

# row ID UNIT TITLE: says what the samples of a row are.
row() {
	printf '%s\t%s\t%s\n' "$@" >>"$work/rows.tsv"
}

# sample ROW ROUND SIDE VALUE
sample() {
	[ -n "$4" ] && [ "$4" != null ] || fail "no result for $1 of $3"
	printf '%s\t%s\t%s\t%s\n' "$@" >>"$work/samples.tsv"
}

note() {
	printf '%s\n' "$*" >>"$work/notes.txt"
}

# Whether any of these rows was asked for.
want() {
	local r o
	[ "${#only[@]}" -eq 0 ] && return 0
	for r in "$@"; do
		for o in "${only[@]}"; do
			[ "$r" = "$o" ] && return 0
		done
	done
	return 1
}

# json FIELD: of the object on standard input.
json() {
	jq -r ".$1"
}

accept_oci='Accept: application/vnd.oci.image.manifest.v1+json'

# What is not written yet would be written during somebody's turn.
settle() {
	sync -f "$work"
}
