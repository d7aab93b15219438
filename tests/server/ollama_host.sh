# shellcheck shell=bash disable=SC2154,SC2034
# A registry as the host of the Ollama client: "ollama list", "create" and so on of a real client,
# and what they did to the store. Sourced by scripts/interop-ollama, which sets $client, $version
# and $home.

other_store=''
stop_other() {
	[ -n "$other_store" ] || return 0
	scripts/run --stop --root "$other_store" >/dev/null || true
	other_store=''
}

# start_both OPTION of scripts/run...: the registry that is managed, and $other, which it may ask.
# Alice is at home in both, with her key, and with a password for what curl asks.
start_both() {
	login=(-u alice:secret)
	store=$work/other-$version$how
	start_registry --set log-level=info "$@"
	add_alice
	other=$registry
	other_base=$base
	other_store=$store
	started=''
	store=$work/host-$version$how
	start_registry --set log-level=info "$@"
	add_alice
	(umask 077 && printf '%s insecure private user=alice password=secret\n' "$other" >"$store/auth/remotes")
	chown --reference="$store" "$store/auth/remotes"
}
add_alice() {
	scripts/user --root "$store" add alice <<<secret >/dev/null
	scripts/user --root "$store" key alice "$home/.ollama/id_ed25519.pub" >/dev/null
	[ -z "$how" ] || check "$version$how: alice is known" wait_for_user alice secret
}

# cli ARGUMENT...: the client, told to manage the registry. Sets $said, without what is for
# terminals.
cli() {
	local code=0
	timeout 120 "$client" "$@" </dev/null >"$work/said" 2>&1 || code=$?
	said=$(tr '\r' '\n' <"$work/said" | sed 's/\x1b\[[0-9;?]*[a-zA-Z]//g; s/ *$//' | grep . || true)
	return "$code"
}

# does NAME WANTED ARGUMENT...: the client succeeds, and says that. fails: it does not.
does() {
	local name="$version$how: $1" wanted=$2
	shift 2
	if cli "$@"; then
		is "$name" "$said" "$wanted"
	else
		fail "$name" "$said"
	fi
}
fails() {
	local name="$version$how: $1" wanted=$2
	shift 2
	if cli "$@"; then
		fail "$name: it was allowed" "$said"
	else
		is "$name" "$said" "$wanted"
	fi
}

# digest_at BASE NAME TAG: of a manifest; a status when there is none.
digest_at() {
	http HEAD "$1/v2/$2/manifests/$3" "${login[@]}"
	if [ "$status" = 200 ]; then field docker-content-digest; else echo "$status"; fi
}

# The smallest model that all clients can show: the old ones want both lengths.
text() {
	printf '%b%s' "\\x$(printf %02x ${#1})\\0\\0\\0\\0\\0\\0\\0" "$1"
}
write_gguf() {
	printf 'GGUF\3\0\0\0\0\0\0\0\0\0\0\0\4\0\0\0\0\0\0\0'
	text general.architecture
	printf '\10\0\0\0'
	text llama
	text llama.context_length
	printf '\4\0\0\0\0\20\0\0'
	text llama.embedding_length
	printf '\4\0\0\0\100\0\0\0'
	text general.name
	printf '\10\0\0\0'
	text "$1"
}

creates() {
	local weights
	write_gguf here >"$work/small.gguf"
	weights=$(digest_of "$work/small.gguf")
	printf 'FROM ./small.gguf\nTEMPLATE "{{ .Prompt }}"\nSYSTEM be short\n' >"$work/Modelfile"
	does "create from a file" '*success' create alice/helper -f "$work/Modelfile"
	http GET /v2/alice/helper/manifests/latest "${login[@]}"
	is "$version$how: the weights of the manifest" "$(jq -r '.layers[0].digest' "$work/body")" "$weights"
	http GET "/v2/alice/helper/blobs/$weights" "${login[@]}"
	check "$version$how: the weights" cmp "$work/body" "$work/small.gguf"
	printf 'FROM alice/helper\nPARAMETER temperature 0.5\nSYSTEM be long\n' >"$work/Modelfile"
	does "create from a model" '*success' create alice/other:v2 -f "$work/Modelfile"
	check "$version$how: the weights are the same file" test \
		"$store/repos/alice/helper/@blobs/sha256/${weights#*:}" -ef \
		"$store/repos/alice/other/@blobs/sha256/${weights#*:}"
	printf 'FROM alice/none\n' >"$work/Modelfile"
	fails "create from what is not there" '*Error: *' create alice/none2 -f "$work/Modelfile"
	is "$version$how: and nothing is made" "$(digest_at "$base" alice/none2 latest)" 404
}

shows() {
	does "show" '*architecture *llama*context length *4096*embedding length *64*be short*' show alice/helper
	does "show --system" 'be short' show --system alice/helper
	does "show --template" '{{ .Prompt }}' show --template alice/helper
	does "show --modelfile" '*FROM *SYSTEM*be long*' show --modelfile alice/other:v2
	does "show --parameters" 'temperature *0.5' show --parameters alice/other:v2
	fails "show what is not there" '*not found*' show alice/none
}

# listed NAME:TAG: the first digits of its digest, as the list has them.
listed() {
	awk -v name="$1" '$1 == name { print $2 }' <<<"$said"
}

copies_and_removes() {
	local digest
	digest=$(digest_at "$base" alice/helper latest)
	does "cp" "copied 'alice/helper' to 'alice/copy:x'" cp alice/helper alice/copy:x
	is "$version$how: the digest of the copy" "$(digest_at "$base" alice/copy x)" "$digest"
	fails "cp of what is not there" '*not found*' cp alice/none alice/copy:y
	does "list" 'NAME *' list
	is "$version$how: what is listed" "$(awk 'NR > 1 { print $1 }' <<<"$said" | sort | paste -sd' ')" \
		'alice/copy:x alice/helper:latest alice/other:v2'
	is "$version$how: its digests" "$(listed alice/copy:x) $(listed alice/helper:latest)" \
		"${digest:7:12} ${digest:7:12}"
	does "rm" "deleted 'alice/copy:x'" rm alice/copy:x
	is "$version$how: it has gone" "$(digest_at "$base" alice/copy x)" 404
	is "$version$how: its source has not" "$(digest_at "$base" alice/helper latest)" "$digest"
	fails "rm of what has gone" '*not found*' rm alice/copy:x
	does "rm of another" "deleted 'alice/other:v2'" rm alice/other:v2
	does "list of what is left" $'NAME *\nalice/helper:latest *' list
	is "$version$how: one is left" "$(wc -l <<<"$said")" 2
}

# From and to the other registry, which the one that is managed asks.
transfers() {
	write_gguf there >"$work/small.gguf"
	printf 'FROM ./small.gguf\n' >"$work/Modelfile"
	OLLAMA_HOST=$other_base does "create at the other" '*success' create alice/far -f "$work/Modelfile"
	does "pull from the other" '*success' pull --insecure "$other/alice/far"
	is "$version$how: the digest of what was pulled" "$(digest_at "$base" alice/far latest)" \
		"$(digest_at "$other_base" alice/far latest)"
	does "show what was pulled" '*architecture *llama*' show alice/far
	does "push to the other" '*' push --insecure "$other/alice/helper"
	is "$version$how: the digest of what was pushed" "$(digest_at "$other_base" alice/helper latest)" \
		"$(digest_at "$base" alice/helper latest)"
	fails "pull of what the other has not" '*has no alice/none:latest' pull --insecure "$other/alice/none"
	fails "pull from elsewhere" '*none of the registries*' pull --insecure 127.0.0.1:1/alice/far
	fails "push to the registry of Ollama" '*none of the registries*' push alice/helper
}

# What others may do with what is Alice's: nothing.
keeps_out() {
	local digest
	digest=$(digest_at "$base" alice/helper latest)
	fails "$1: show" '*Error: *' show alice/helper
	fails "$1: cp" '*Error: *' cp alice/helper alice/mine
	fails "$1: rm" '*Error: *' rm alice/helper
	cli list || true
	is "$version$how: $1: list" "$said" '!(*alice/*)'
	is "$version$how: $1: it is still there" "$(digest_at "$base" alice/helper latest)" "$digest"
	is "$version$how: $1: nothing was made" "$(digest_at "$base" alice/mine latest)" 404
}

# manages HOW OPTION of scripts/run...
manages() {
	how=$1
	shift
	start_both "$@"
	export OLLAMA_HOST=$base
	does "list of nothing" 'NAME *MODIFIED' list
	creates
	shows
	copies_and_removes
	does "ps" 'NAME *UNTIL' ps
	fails "run" '*this is a registry*' run alice/helper hello
	transfers
}
manages_end() {
	stop_other
	stop_registry
	login=()
	unset OLLAMA_AUTH
	check "$version$how: what was asked is logged" grep -q event= "$store/run/log/requests.log"
	check "$version$how: nothing failed" sh -c "! grep -r 'event=failed status=5' '$store/run/log'"
}

# manage: the whole, also with logins where the client signs what it asks.
manage() {
	serve "$home" "$work/none"
	stop_ollama
	manages ''
	manages_end
	[ "$(printf '%s\n' v0.14.0 "$version" | sort -V | head -n 1)" = v0.14.0 ] || return 0
	serve "$work/stranger-$version" "$work/none"
	stop_ollama
	export OLLAMA_AUTH=1 HOME=$home
	manages -key --set auth=on
	HOME=$work/stranger-$version keeps_out "a stranger"
	OLLAMA_AUTH=0 keeps_out "without a key"
	manages_end
}
