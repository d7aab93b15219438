# shellcheck shell=bash
# What the scripts share. Sourced from the top of the checkout by a script that has said its
# own name in $me.

: "${me:?}"

# A message about what is going on: for somebody who watches.
progress() {
	[ ! -t 2 ] || printf '%s: %s\n' "$me" "$*" >&2
}

die() {
	printf '%s: %s\n' "$me" "$*" >&2
	exit 1
}

usage_error() {
	printf '%s: %s\n' "$me" "$*" >&2
	printf 'see %s --help\n' "$me" >&2
	exit 2
}

# The comment at the top of a script is its --help.
usage() {
	sed -n '2,/^$/s/^# \{0,1\}//p' "$me"
}

# Runs a command and shows what it printed only when it fails.
quietly() {
	local log status=0
	log=$(mktemp "${TMPDIR:-/tmp}/lighter-log.XXXXXX")
	"$@" >"$log" 2>&1 || status=$?
	[ "$status" = 0 ] || cat "$log" >&2
	rm -f "$log"
	return "$status"
}

# The value of a setting in a file of settings, empty when it does not say.
setting() {
	sed -n "s/^[[:space:]]*$1[[:space:]]*=[[:space:]]*//p" "$2" | sed 's/[[:space:]]*#.*//; s/[[:space:]]*$//'
}

# The lines of conf/programs: program, workers, options, paths.
program_rows() {
	sed '/^#/d; /^[[:space:]]*$/d' conf/programs
}

# Where the store is unless somebody says.
default_root() {
	if [ "$(id -u)" = 0 ]; then
		echo /var/lib/lighter
	else
		echo "${XDG_DATA_HOME:-$HOME/.local/share}/lighter"
	fi
}

# What is done below a store is done with the rights of its owner: $owner, $group.
as_owner() {
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid "${owner:?}" --regid "${group:?}" --clear-groups -- "$@"
	else
		"$@"
	fi
}

build() {
	progress "building"
	quietly make -j"$(nproc)" "$@" || die "the build failed"
}
