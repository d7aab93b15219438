#!/bin/bash
# conf/: the settings that stand there are those that the programs have, with their defaults,
# and lighttpd accepts its configuration.
. "$(dirname "$0")/lib.sh"

# Without the root, which has no default.
documented=$(sed -n 's/^#\([a-z-]* =\)/\1/p' conf/lighter.conf | grep -v '^root =' | sort)
for program in "$programs"/*; do
	program=${program##*/}
	dumped=$("$programs/$program" --set root=/nowhere --dump | sed '/^root =/d; s/ *$//' | sort)
	is "$program: conf/lighter.conf and --dump" "$dumped" "$documented"
	check "$program: --check of conf/lighter.conf" \
		"$programs/$program" --conf conf/lighter.conf --set root=/nowhere --check
	is "$program: --help" "$("$programs/$program" --help | grep -c '^  [a-z-]* = ')" \
		"$(($(printf '%s\n' "$documented" | wc -l) + 1))"
done
"$programs/base" --set root=/nowhere --dump >"$work/dump"
check "a dump is a file of settings" "$programs/base" --conf "$work/dump" --check
is "and dumps the same" "$("$programs/base" --conf "$work/dump" --dump)" "$(cat "$work/dump")"

printf 'page-limit = 1\npage-limit = 2\n' >"$work/twice"
printf 'no equals sign\n' >"$work/malformed"
for bad in "twice:2: page-limit is set a second time" "malformed:1: no *"; do
	out=$("$programs/base" --conf "$work/${bad%%:*}" --set root=/nowhere --check 2>&1) && fail "$bad: accepted"
	is "${bad%%:*}" "$out" "*$work/$bad"
done

mkdir -p "$work/run/log" "$work/run/spool"
check "lighttpd accepts conf/lighttpd.conf" env PATH="$PATH:/usr/sbin" LIGHTER_ROOT="$work" \
	LIGHTER_RUN="$work/run" LIGHTER_BIN="$programs" LIGHTER_ETC="$PWD/conf" \
	LIGHTER_ADDR=127.0.0.1 LIGHTER_PORT=5999 LIGHTER_USER= lighttpd -tt -f conf/lighttpd.conf
for page in conf/errors/*.html; do
	check "$page is an error in JSON" jq -e '.errors[0] | .code and .message' "$page"
done
finish
