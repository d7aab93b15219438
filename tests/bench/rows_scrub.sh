# A scrub of a store beside sha256sum and openssl over the same files. Sourced by
# scripts/bench.
# shellcheck shell=bash disable=SC2154,SC2034

# scrub_blob SIZE: one more blob of random bytes, and a repository's link to it.
scrub_blob() {
	local hex
	head -c "$1" /dev/urandom >"$work/blob"
	hex=$(openssl dgst -r -sha256 "$work/blob" | cut -d' ' -f1)
	mkdir -p "$work/scrub/blobs/sha256/${hex:0:2}"
	chmod 444 "$work/blob"
	mv "$work/blob" "$work/scrub/blobs/sha256/${hex:0:2}/$hex"
	ln "$work/scrub/blobs/sha256/${hex:0:2}/$hex" "$work/scrub/repos/bench/scrub/@blobs/sha256/$hex"
}

# A few layers of an image that is large, and many small files.
scrub_fill() {
	local i
	mkdir -p "$work/scrub/repos/bench/scrub/@blobs/sha256"
	for ((i = 0; i < 6; i++)); do
		scrub_blob "$layer"
	done
	for ((i = 0; i < 300; i++)); do
		scrub_blob 100000
	done
	settle
}

# scrub_other COMMAND...: MiB a second over all blobs.
scrub_other() {
	local begin end
	begin=$(date +%s%N)
	find "$work/scrub/blobs" -type f -print0 | xargs -0 "$@" >/dev/null || fail "$1 failed"
	end=$(date +%s%N)
	find "$work/scrub/blobs" -type f -printf '%s\n' |
		awk -v ns=$((end - begin)) '{ s += $1 } END { printf "%.3f", s / 1048576 / (ns / 1e9) }'
}

scrub_ours() {
	"$bin/scrub" "$work/scrub" >"$work/answer" || fail "the scrub failed"
	[ "$(json problems <"$work/answer")" = 0 ] || fail "the scrub found problems"
	json mib_per_second <"$work/answer"
}

group_scrub() {
	local r ours sum ssl
	want scrub || return 0
	row scrub MiB/s "hashing 6 blobs of $((layer / 1048576)) MiB and 300 of 100 kB, pages cached"
	progress "writing a store for the scrub"
	scrub_fill
	for ((r = 0; r <= rounds; r++)); do
		progress "round $r of $rounds: scrub"
		ours=$(scrub_ours)
		sum=$(scrub_other sha256sum)
		ssl=$(scrub_other openssl dgst -sha256)
		[ "$r" -gt 0 ] || continue # the first one reads from disk
		sample scrub "$r" ours "$ours"
		sample scrub "$r" sha256sum "$sum"
		sample scrub "$r" openssl "$ssl"
	done
	rm -rf "$work/scrub"
}
