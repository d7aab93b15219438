# The report: about the machine, the JSON document, the text. Sourced by scripts/bench.
# shellcheck shell=bash disable=SC2154,SC2034,SC2015

# How much of the cores others use while we do nothing.
busy_percent() {
	local before after
	before=$(sed -n '1s/cpu *//p' /proc/stat)
	sleep 2
	after=$(sed -n '1s/cpu *//p' /proc/stat)
	awk -v a="$before" -v b="$after" 'BEGIN {
		n = split(a, x, " "); split(b, y, " ")
		for (i = 1; i <= n; i++) all += y[i] - x[i]
		idle = y[4] - x[4] + y[5] - x[5]
		printf "%.0f", all ? 100 * (all - idle) / all : 0
	}'
}

about() {
	jq -n \
		--arg date "$(date -u +%Y-%m-%dT%H:%MZ)" --arg commit "$commit" \
		--arg cpu "$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1)" \
		--argjson cores "$(nproc)" --arg kernel "$(uname -r)" \
		--argjson memory "$(awk '/^MemTotal/ { print int($2 / 1024) }' /proc/meminfo)" \
		--arg fs "$(df --output=fstype "$work" | tail -n 1)" --argjson busy "$busy" \
		--arg lighttpd "$("$lighttpd" -v | head -n 1 | cut -d' ' -f1)" \
		--arg peer "docker-registry $("$peer_bin" --version | grep -oE '[0-9]+\.[0-9.]+[^ ]*' | head -n 1)" \
		--arg wrk "wrk $(wrk -v 2>&1 | head -n 1 | grep -oE '[0-9]+\.[0-9.]+' | head -n 1)" \
		--argjson rounds "$rounds" --argjson quick "$quick" '{
			date: $date, commit: $commit,
			machine: {cpu: $cpu, cores: $cores, memory_mib: $memory, kernel: $kernel,
				filesystem: $fs, busy_percent: $busy},
			versions: {lighttpd: $lighttpd, peer: $peer, wrk: $wrk},
			options: {rounds: $rounds, quick: $quick}
		}'
}

durability_notes() {
	note "durability: full (ours) waits for data and for the directory entries that make it reachable; the peer syncs the data of every file it writes, most of them twice, and no directory; relaxed (ours) waits for nothing. Rows named full against peer therefore favour the peer."
	note "uploads: every blob is new, random, hashed before its turn; big ones are sent from memory with sendfile and taken off the disk after each turn; chunks have 32 KiB, as Go clients send them"
}

report() {
	local out name
	commit=$(git -C "$top" describe --always --dirty --exclude '*' 2>/dev/null || echo unknown)
	if $quick || [ "${#only[@]}" -gt 0 ]; then
		out=$top/build/bench-results
	else
		out=$top/tests/bench/results
	fi
	mkdir -p "$out"
	name=$out/$(date -u +%Y-%m-%d)-$commit
	durability_notes
	jq -n --rawfile samples "$work/samples.tsv" --rawfile rows "$work/rows.tsv" \
		--rawfile targets "$top/tests/bench/targets.tsv" --rawfile notes "$work/notes.txt" \
		--argjson about "$(about)" -f "$top/tests/bench/report.jq" >"$name.json" ||
		fail "cannot make the report"
	jq -r -f "$top/tests/bench/table.jq" "$name.json" >"$name.txt"
	cat "$name.txt"
	printf '\nkept in %s.{json,txt}\n' "${name#"$top"/}"
}
