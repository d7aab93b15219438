# What it costs to make a model from another and to show one, by the size of its weights.
# Sourced by scripts/bench.
# shellcheck shell=bash disable=SC2154,SC2034,SC2015

# model_base NAME MIB: a model whose weights are a header and a hole of so many MiB.
model_base() {
	local digest
	{
		# GGUF version 3, one tensor, one text of the metadata.
		printf 'GGUF\3\0\0\0\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0'
		printf '\24\0\0\0\0\0\0\0general.architecture\10\0\0\0\5\0\0\0\0\0\0\0llama'
		printf '\1\0\0\0\0\0\0\0w\1\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0'
	} >"$work/weights"
	truncate -s "${2}M" "$work/weights"
	digest=sha256:$(openssl dgst -r -sha256 "$work/weights" | cut -d' ' -f1)
	curl -sf -o "$work/answer" -T "$work/weights" -X POST "$ours_url/api/blobs/$digest" &&
		curl -sf -o "$work/answer" "$ours_url/api/create" \
			-d "{\"model\":\"bench/$1\",\"files\":{\"w.gguf\":\"$digest\"},\"stream\":false}" ||
		fail "cannot make a model of $2 MiB"
	rm "$work/weights"
}

# The median of 21 requests in milliseconds; the number of each is put in the place of @.
model_ms() {
	local i
	for ((i = 0; i < 21; i++)); do
		curl -sf -o "$work/answer" -w '%{time_total}\n' "$ours_url$1" -d "${2//@/$i}" ||
			fail "a request to $1 failed"
	done | sort -n | awk 'NR == 11 { printf "%.3f", $1 * 1000 }'
}

# What the disk gets when a model is made from another of the size, in KiB.
model_written() {
	local before after
	before=$(du -sk "$ours_root" | cut -f1)
	curl -sf -o "$work/answer" "$ours_url/api/create" \
		-d "{\"model\":\"bench/written-$1\",\"from\":\"bench/$1\",\"system\":\"$1\",\"stream\":false}" ||
		fail "cannot make a model"
	after=$(du -sk "$ours_root" | cut -f1)
	echo $((after - before))
}

group_models() {
	local r size
	want model-create model-show model-written || return 0
	row model-create ms "POST /api/create from a model, with a system text of its own"
	row model-show ms "POST /api/show"
	row model-written KiB "what making a model from another adds to the disk"
	progress "making models"
	model_base small 100
	model_base large 1024
	for ((r = 1; r <= rounds; r++)); do
		progress "round $r of $rounds: models"
		for size in small large; do
			sample model-create "$r" "$size" "$(model_ms /api/create \
				"{\"model\":\"bench/made-$size\",\"from\":\"bench/$size\",\"system\":\"$r @\",\"stream\":false}")"
			sample model-show "$r" "$size" "$(model_ms /api/show "{\"model\":\"bench/$size\"}")"
		done
	done
	sample model-written 1 small "$(model_written small)"
	sample model-written 1 large "$(model_written large)"
}
