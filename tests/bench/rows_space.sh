# What collection costs in time and memory. Sourced by scripts/bench.
# shellcheck shell=bash disable=SC2154,SC2034

# seconds COMMAND...: how long it takes.
seconds_of() {
	local begin end
	begin=$(date +%s%N)
	"$@" >"$work/answer" || fail "$1 failed"
	end=$(date +%s%N)
	awk -v ns=$((end - begin)) 'BEGIN { printf "%.3f", ns / 1e9 }'
}

# The least that tells what links each blob has and what refers to it.
look_at_all() {
	find "$space" -printf '%n %s\n' && "$bin/parse" <"$work/manifests"
}

# collect OPTION...: runs it; the answer stays in $work/collected.
collect() {
	"$bin/collect" "$space" "$@" >"$work/collected" || fail "the collection failed"
	[ "$(json problems <"$work/collected")" = 0 ] || fail "the collection met problems"
}

# Nothing needs a blob any more.
make_garbage() {
	find "$space/repos" -depth -path '*/@manifests*' -delete
	find "$space/repos" -depth -path '*/@tags*' -delete
}

group_collect() {
	local r kind
	want collect collect-garbage collect-memory || return 0
	space=$work/space
	progress "filling a store of $many_repos repositories"
	"$bin/fill" "$space" images bench/r "$many_repos" || fail "cannot fill a store"
	find "$space/repos" -path '*/@manifests/*' -type f >"$work/manifests"
	settle
	row collect s "collection with nothing to remove: $((10 * many_repos)) blobs in $many_repos repositories"
	row collect-garbage s "collection of the same when nothing needs a blob any more"
	row collect-memory MiB "most memory of collection (VmHWM)"
	note "collection: beside find, which prints the link count and size of everything in the store, and then one parse of every manifest by json-c; the pages are cached"
	for ((r = 0; r <= rounds; r++)); do
		progress "round $r of $rounds: collection"
		seconds_of look_at_all >"$work/look"
		[ "$r" -gt 0 ] && sample collect "$r" look "$(cat "$work/look")"
		for kind in run --dry-run; do
			collect ${kind#run}
			[ "$r" -gt 0 ] || continue # the first round reads from disk
			sample collect "$r" "${kind#--}" "$(json seconds <"$work/collected")"
			sample collect-memory "$r" idle "$(mib "$(json peak_kib <"$work/collected")")"
		done
	done
	make_garbage
	for kind in --dry-run run; do
		progress "collection of garbage"
		collect --grace-0 ${kind#run}
		[ "$(json removed <"$work/collected")" -ge $((19 * many_repos)) ] ||
			fail "collection left blobs: $(cat "$work/collected")"
		sample collect-garbage 1 "${kind#--}" "$(json seconds <"$work/collected")"
		sample collect-memory 1 "garbage-${kind#--}" "$(mib "$(json peak_kib <"$work/collected")")"
	done
	rm -rf "$space"
}

# What a change of the account costs beside many other things of the namespace.
group_account() {
	local r blobs kind
	want account || return 0
	row account us "a blob gained by a namespace that holds few blobs, and many"
	note "account: relaxed durability, so that no disk is waited for; the median of 2000"
	for ((r = 1; r <= rounds; r++)); do
		for blobs in 10 "$many_blobs"; do
			progress "round $r of $rounds: a namespace of $blobs blobs"
			"$bin/account" "$work/account" "$blobs" 2000 >"$work/changed" ||
				fail "cannot change an account"
			[ "$blobs" = 10 ] && kind=few || kind=many
			sample account "$r" "$kind" "$(json gain <"$work/changed")"
			sample account "$r" "$kind-loss" "$(json loss <"$work/changed")"
			rm -rf "$work/account"
		done
	done
}
