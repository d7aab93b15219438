#!/bin/bash
# /api/ through lighttpd: a model is uploaded, made, listed, shown, copied, changed and deleted,
# with streams that arrive line by line and requests that are signed with a key.
. "$(dirname "$0")/lib.sh"

# u32 and u64 in little endian, a string with its length, and a value of the metadata.
u32() {
	# shellcheck disable=SC2059 # the bytes are in the format
	printf "\\x$(printf %02x $(($1 & 255)))\\x$(printf %02x $(($1 >> 8 & 255)))\\0\\0"
}
u64() {
	u32 "$1"
	printf '\0\0\0\0'
}
text() {
	u64 ${#1}
	printf %s "$1"
}
text_value() {
	text "$1"
	u32 8
	text "$2"
}
number_value() {
	text "$1"
	u32 4
	u32 "$2"
}

# gguf SEED: a model of 128 parameters in $work/SEED.gguf; sets $digest.
gguf() {
	{
		printf GGUF
		u32 3
		u64 1
		u64 4
		text_value general.architecture llama
		number_value general.file_type 2
		number_value llama.context_length 4096
		number_value test.seed "$1"
		text token_embd.weight
		u32 2
		u64 32
		u64 4
		u32 2
		u64 0
		head -c 200 /dev/zero
	} >"$work/$1.gguf"
	digest=sha256:$(sha256sum <"$work/$1.gguf" | cut -d' ' -f1)
}

# api METHOD PATH JSON [OPTION of curl]...
api() {
	http "$1" "$2" --data-binary "$3" "${@:4}"
}
statuses() {
	jq -r '.status // .error' "$work/body" | paste -sd'|'
}

start_registry --set log-level=info
http HEAD /
is "the heartbeat" "$status" 200
http GET /
is "who is there" "$(body)" 'Ollama is running'
http GET /api/version
is "the version" "$(jq -r .version "$work/body")" '[0-9]*.[0-9]*.[0-9]*'

gguf 1
http HEAD "/api/blobs/$digest"
is "nothing is uploaded yet" "$status" 404
http POST "/api/blobs/$digest" --data-binary "@$work/1.gguf"
is "an upload" "$status" 201
http POST "/api/blobs/$digest" -H 'Transfer-Encoding: chunked' -T "$work/1.gguf"
is "the same without a length" "$status" 200
http POST "/api/blobs/sha256:$(printf '%064d' 0)" --data-binary "@$work/1.gguf"
is "an upload of something else" "$status $(jq -r 'keys[0]' "$work/body")" '400 error'
api POST /api/create "{\"model\":\"tiny\",\"files\":{\"m.gguf\":\"$digest\"},\"system\":\"Hi.\"}"
is "making a model" "$status $(field content-type)" '200 application/x-ndjson'
is "what is told of it" "$(statuses)" \
	"parsing GGUF|using existing layer $digest|creating new layer *|writing manifest|success"
http GET /api/tags
is "it is listed" "$(jq -r '.models[] | .name + " " + .details.parameter_size' "$work/body")" \
	'tiny:latest 128'
api POST /api/show '{"model":"tiny"}'
is "it is shown" "$(jq -r '.system, .details.quantization_level, .model_info["llama.context_length"]' \
	"$work/body" | paste -sd' ')" 'Hi. Q4_0 4096'
api POST /api/copy '{"source":"tiny","destination":"team/tiny:v1"}'
is "a copy" "$status $(body)" '200 '
check "its weights are the same file" test \
	"$store/repos/library/tiny/@blobs/sha256/${digest#*:}" -ef \
	"$store/repos/team/tiny/@blobs/sha256/${digest#*:}"
api POST /api/create '{"model":"team/tiny:v2","from":"team/tiny:v1","parameters":{"num_ctx":1}}'
is "another one from it" "$(statuses)" '*|success'
http GET /v2/team/tiny/manifests/v2
is "it can be pulled" "$status $(jq -r '.layers[0].from' "$work/body")" '200 team/tiny:v1'
http GET "/v2/team/tiny/blobs/$digest"
check "and so can its weights" cmp "$work/body" "$work/1.gguf"
api DELETE /api/delete '{"model":"team/tiny:v1"}'
is "a deletion" "$status" 200
api POST /api/show '{"model":"team/tiny:v1"}'
is "it has gone" "$status $(jq -r .error "$work/body")" "404 model 'team/tiny:v1' not found"
api POST /api/generate '{"model":"tiny","keep_alive":0}'
is "nothing is run here" "$status" 404
http GET /api/none
is "an unknown path" "$status $(jq -r 'keys[0]' "$work/body")" '404 error'
check "nothing failed" sh -c "! grep -r 'event=failed status=5' '$store/run/log'"

finish
