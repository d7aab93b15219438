# Rows of pulls, pushes and memory. Sourced by scripts/bench.
# shellcheck shell=bash disable=SC2154,SC2034,SC2015

# ---- memory at rest ----------------------------------------------------------------------

# memory_sample ROW: of the registry as it is now.
memory_sample() {
	local workers front
	workers=$(pss "$(tree_of "$ours_pid" "$worker_names")")
	front=$(pss "$(tree_of "$ours_pid" '^lighttpd$')")
	sample "$1" 1 workers "$(mib "$workers")"
	sample "$1" 1 lighttpd "$(mib "$front")"
	sample "$1" 1 total "$(mib $((workers + front)))"
	[ -z "${peer_pid-}" ] || sample "$1" 1 peer "$(mib "$(pss "$peer_pid")")"
}

# Before anything else runs: what other processes share would make the sum smaller.
group_idle() {
	want idle-memory || return 0
	row idle-memory "MiB PSS" "all pools idle, after one request to each"
	for path in /v2/ /v2/_catalog /v2/a/tags/list /v2/a/manifests/b \
		"/v2/a/blobs/sha256:$(printf %064d 0)" "/v2/a/referrers/sha256:$(printf %064d 0)" \
		/v2/a/blobs/uploads/0; do
		curl -s -o "$work/answer" "$ours_url$path"
	done
	sleep 1
	note "memory: $(tree_of "$ours_pid" "$worker_names" | wc -l) worker processes"
	memory_sample idle-memory
}

group_after() {
	want memory-after || return 0
	row memory-after "MiB PSS" "the same after all of this run"
	sleep 1
	memory_sample memory-after
}

# ---- pulls -------------------------------------------------------------------------------

# seed_blob SIZE: pushes one to both sides; sets ours_blob, peer_blob to their digests.
seed_blob() {
	ours_blob=$("$bin/pusher" put --size "$1" "$ours_url/v2/bench/big" | json digest)
	peer_blob=$("$bin/pusher" put --size "$1" "$peer_url/v2/bench/big" | json digest)
	[ -n "$ours_blob" ] && [ -n "$peer_blob" ] || fail "cannot push a blob of $1 bytes"
	settle
}

drop_seeds() {
	drop_blob ours "$ours_blob"
	drop_blob peer "$peer_blob"
	rm -f "$work/static/blob"
}

pull_rate() {
	"$bin/load" --connections "$1" --requests "$2" --discard "$3" | json mib_per_second
}

group_pull() {
	local r hex
	want blob-get || return 0
	row blob-get MiB/s "GET of a blob of $((big / 1048576)) MiB, one client, pages cached"
	progress "pushing a big blob to both sides"
	seed_blob "$big"
	hex=${ours_blob#sha256:}
	ln "$ours_root/blobs/sha256/${hex:0:2}/$hex" "$work/static/blob"
	for ((r = 0; r <= rounds; r++)); do
		progress "round $r of $rounds: big blob"
		ours_got=$(pull_rate 1 3 "$ours_url/v2/bench/big/blobs/$ours_blob")
		static_got=$(pull_rate 1 3 "$static_url/blob")
		peer_got=$(pull_rate 1 3 "$peer_url/v2/bench/big/blobs/$peer_blob")
		[ "$r" -gt 0 ] || continue # the first one reads from disk
		sample blob-get "$r" ours "$ours_got"
		sample blob-get "$r" static "$static_got"
		sample blob-get "$r" peer "$peer_got"
	done
	drop_seeds
}

# watch_memory: the most that workers, lighttpd and the peer hold while it runs, in KiB.
watch_memory() {
	local workers front p
	workers=$(tree_of "$ours_pid" "$worker_names")
	front=$(tree_of "$ours_pid" '^lighttpd$')
	while [ -e "$work/watch" ]; do
		echo "$(pss "$workers") $(pss "$front") $(pss "$peer_pid")"
		sleep 0.03
	done | awk '{ for (i = 1; i <= 3; i++) if ($i > most[i]) most[i] = $i }
		END { print most[1] + 0, most[2] + 0, most[3] + 0 }' >"$work/most"
}

group_parallel() {
	local r before most now watcher
	want pull-memory pull-parallel || return 0
	row pull-parallel MiB/s "32 parallel pulls of $((layer / 1048576)) MiB, three times over"
	row pull-memory MiB "growth of the PSS meanwhile"
	progress "pushing a blob to both sides"
	seed_blob "$layer"
	before="$(pss "$(tree_of "$ours_pid" "$worker_names")") $(pss "$(tree_of "$ours_pid" '^lighttpd$')") $(pss "$peer_pid")"
	for ((r = 1; r <= rounds; r++)); do
		progress "round $r of $rounds: 32 parallel pulls"
		touch "$work/watch"
		watch_memory &
		watcher=$!
		sample pull-parallel "$r" ours \
			"$(pull_rate 32 96 "$ours_url/v2/bench/big/blobs/$ours_blob")"
		sample pull-parallel "$r" peer \
			"$(pull_rate 32 96 "$peer_url/v2/bench/big/blobs/$peer_blob")"
		rm "$work/watch"
		wait "$watcher"
		read -r -a most <"$work/most"
		read -r -a now <<<"$before"
		sample pull-memory "$r" workers "$(mib $((most[0] - now[0])))"
		sample pull-memory "$r" lighttpd "$(mib $((most[1] - now[1])))"
		sample pull-memory "$r" peer "$(mib $((most[2] - now[2])))"
	done
	drop_seeds
}

# ---- pushes ------------------------------------------------------------------------------

# push_big MODE SIDE: MiB/s of one blob that nobody has; it is taken away again.
push_big() {
	local url=${2}_url out
	settle
	out=$("$bin/pusher" "$1" --size "$big" "${!url}/v2/bench/big") || fail "$1 to $2 failed"
	drop_blob "$2" "$(json digest <<<"$out")"
	json mib_per_second <<<"$out"
}

group_push_big() {
	local r mode side
	want put-big patch-big || return 0
	want put-big && row put-big MiB/s "PUT of $((big / 1048576)) MiB (POST, PUT)"
	want patch-big &&
		row patch-big MiB/s "chunked PATCH of $((big / 1048576)) MiB (POST, PATCH, PUT)"
	for ((r = 1; r <= rounds; r++)); do
		for mode in put patch; do
			want "$mode-big" || continue
			for side in full relaxed peer; do
				progress "round $r of $rounds: $mode of a big blob, $side"
				sample "$mode-big" "$r" "$side" "$(push_big "$mode" "$side")"
			done
		done
	done
}

# push_small MODE SIDE THREADS: items a second.
push_small() {
	local url=${2}_url
	"$bin/pusher" "$1" --threads "$3" --seconds "$seconds" "${!url}/v2/push/$1" |
		json per_second
}

group_push_small() {
	local r id mode threads title side
	want blobs blobs-one images || return 0
	while IFS=$'\t' read -r id mode threads title; do
		want "$id" || continue
		row "$id" "$mode/s" "$title"
		for ((r = 1; r <= rounds; r++)); do
			for side in full relaxed peer; do
				progress "round $r of $rounds: $title, $side"
				settle
				sample "$id" "$r" "$side" "$(push_small "$mode" "$side" "$threads")"
			done
		done
	done <<-TSV
		blobs	blobs	8	new blobs of 4 KiB, 8 clients
		blobs-one	blobs	1	new blobs of 4 KiB, one client
		images	images	8	new images of three blobs, 8 clients
	TSV
}

# count_syncs SIDE PID: calls that wait for the disk while one blob of 4 KiB is pushed.
count_syncs() {
	local url=${1}_url tracer p pids=()
	for p in $(process_tree "$2"); do
		pids+=(-p "$p")
	done
	head -c 4096 /dev/urandom >"$work/sync-blob"
	put_blob "${!url}/v2/push/blobs-0" "$work/sync-blob" # directories are there now
	head -c 4096 /dev/urandom >"$work/sync-blob"
	strace -f -qq -e trace=fsync,fdatasync,sync,syncfs "${pids[@]}" -o "$work/syncs.$1" 2>"$work/strace.log" &
	tracer=$!
	sleep 1
	put_blob "${!url}/v2/push/blobs-0" "$work/sync-blob"
	sleep 0.5
	kill "$tracer" 2>/dev/null
	wait "$tracer" 2>/dev/null
	grep -cE '(fsync|fdatasync|syncfs|sync)\(' "$work/syncs.$1"
}

group_syncs() {
	want syncs || return 0
	if ! strace -qq -o "$work/answer" true 2>/dev/null; then
		note "syncs: not counted, this machine does not let strace run"
		return 0
	fi
	progress "counting syncs"
	row syncs calls "waits for the disk for one new blob of 4 KiB (POST, PUT)"
	sample syncs 1 full "$(count_syncs full "$full_pid")"
	sample syncs 1 relaxed "$(count_syncs relaxed "$relaxed_pid")"
	sample syncs 1 peer "$(count_syncs peer "$peer_pid")"
}

# ---- other registries --------------------------------------------------------------------

# remotes_allow SIDE OTHER: the one may ask the other.
remotes_allow() {
	local root=${1}_root url=${2}_url
	mkdir -p "${!root}/auth"
	printf '%s insecure private\n' "${!url#http://}" >"${!root}/auth/remotes"
	chown -R --reference="${!root}" "${!root}/auth"
}

# remotes_image SIDE: an image of one big layer, bench/remote:1, from the file $work/remote.
remotes_image() {
	local url=${1}_url
	printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":%s,"layers":[%s]}' \
		"$(descriptor config.v1+json "$work/image/0")" "$(descriptor layer.v1.tar "$work/remote")" >"$work/remote.json"
	put_blob "${!url}/v2/bench/remote" "$work/image/0"
	put_blob "${!url}/v2/bench/remote" "$work/remote"
	put_manifest "${!url}/v2/bench/remote" 1 "$work/remote.json"
}

# remotes_drop SIDE: the image and its layer, so that the next transfer moves them again.
remotes_drop() {
	local url=${1}_url root=${1}_root hex=${remote_layer#sha256:}
	curl -s -o "$work/answer" -X DELETE "${!url}/v2/bench/remote/manifests/sha256:$(sha256sum <"$work/remote.json" | cut -c1-64)"
	curl -s -o "$work/answer" -X DELETE "${!url}/v2/bench/remote/blobs/$remote_layer"
	rm -f "${!root}/blobs/sha256/${hex:0:2}/$hex"
}

# rate_of COMMAND...: MiB/s of a transfer of the layer.
rate_of() {
	local begun
	settle
	begun=$(date +%s.%N)
	"$@" || fail "$* failed"
	date +%s.%N | awk -v b="$begun" -v n=$((big / 1048576)) '{ printf "%.1f", n / ($1 - b) }'
}

# transfer SIDE VERB BODY
transfer() {
	local url=${1}_url
	curl -sN -o "$work/lines" -d "$3" "${!url}/api/$2"
	tail -n 1 "$work/lines" | grep -q '"success"'
}

curl_and_sum() {
	curl -s -o "$work/fetched" "$full_url/v2/bench/remote/blobs/$remote_layer" && "$@" "$work/fetched" >"$work/answer"
}

send_and_sum() {
	put_blob "$full_url/v2/bench/sent" "$work/remote" # which reads it once to name it
}

# The most memory that a worker of relaxed has held since it was started, in MiB.
remotes_peak() {
	local p
	for p in $(tree_of "$relaxed_pid" '^remotes$'); do
		awk '/^VmHWM:/ { print $2 }' "/proc/$p/status"
	done | sort -n | tail -n 1 | awk '{ printf "%.3f", $1 / 1024 }'
}

remotes_pulls() {
	local r=$1
	sample remote-pull "$r" sha256sum "$(rate_of curl_and_sum sha256sum)"
	sample remote-pull "$r" openssl "$(rate_of curl_and_sum openssl dgst -sha256)"
	rm "$work/fetched"
	sample remote-pull "$r" relaxed "$(rate_of transfer relaxed pull "{\"model\":\"$full_host/bench/remote:1\"}")"
}

remotes_pushes() {
	local r=$1
	sample remote-push "$r" sha256sum "$(rate_of send_and_sum)"
	curl -s -o "$work/answer" -X DELETE "$full_url/v2/bench/sent/blobs/$remote_layer"
	remotes_drop full
	sample remote-push "$r" relaxed "$(rate_of transfer relaxed push "{\"model\":\"$full_host/bench/remote:1\"}")"
}

group_remotes() {
	local r remote_layer full_host=${full_url#http://}
	want remote-pull remote-push remote-memory || return 0
	row remote-pull MiB/s "pull of a layer of $((big / 1048576)) MiB from another registry; beside it curl to a file and then the sum of that"
	row remote-push MiB/s "push of it; beside it sha256sum and then curl, as a client does it"
	row remote-memory "MiB RSS" "the most that a worker has held meanwhile, libraries included"
	progress "pushing an image to one side"
	head -c "$big" /dev/urandom >"$work/remote"
	remote_layer=sha256:$(sha256sum <"$work/remote" | cut -c1-64)
	remotes_allow relaxed full
	remotes_image full
	for ((r = 1; r <= rounds; r++)); do
		progress "round $r of $rounds: from another registry and back"
		remotes_pulls "$r"
		remotes_pushes "$r"
		remotes_drop relaxed
		sample remote-memory "$r" worker "$(remotes_peak)"
	done
	remotes_drop full
	rm "$work/remote"
}

# ---- limits ------------------------------------------------------------------------------

group_limits() {
	local r begun
	want limit-sha256 limit-disk || return 0
	row limit-sha256 MiB/s "openssl speed sha256, blocks of 256 KiB, one core (limit)"
	row limit-disk MiB/s "dd of $((big / 1048576)) MiB with conv=fsync (limit)"
	for ((r = 1; r <= rounds; r++)); do
		progress "round $r of $rounds: limits"
		sample limit-sha256 "$r" openssl "$(openssl speed -seconds 1 -bytes 262144 -evp sha256 2>/dev/null |
			awk '{ v = $2 } END { sub(/k$/, "", v); printf "%.1f", v * 1000 / 1048576 }')"
		settle
		begun=$(date +%s.%N)
		dd if=/dev/zero of="$work/dd" bs=1M count=$((big / 1048576)) conv=fsync 2>"$work/answer"
		sample limit-disk "$r" dd "$(date +%s.%N | awk -v b="$begun" -v n=$((big / 1048576)) \
			'{ printf "%.1f", n / ($1 - b) }')"
		rm "$work/dd"
	done
}
