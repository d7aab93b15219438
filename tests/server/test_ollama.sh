#!/bin/bash
# Models as Ollama clients push and pull them, through lighttpd: parts of 100 MB, one of them
# cut half-way and sent again, an end that is sent twice; and parts of a private model from a
# signed address.
. "$(dirname "$0")/lib.sh"

start_registry
agent='ollama/0.5.13 (amd64 linux) Go/go1.24.0'
part=100000000
size=250000000
# Mostly holes, but no two parts alike.
random "$work/model" 4096
truncate -s "$size" "$work/model"
printf 'in the second part' | dd of="$work/model" bs=1 seek=150000000 conv=notrunc status=none
printf 'in the last part' | dd of="$work/model" bs=1 seek=249000000 conv=notrunc status=none
digest=$(digest_of "$work/model")

# ollama METHOD URL [OPTION]...
ollama() {
	local method=$1 url=$2
	shift 2
	http "$method" "$url" -A "$agent" "$@"
}

# The n-th part of the model, as a file: sets $range and $data.
take_part() {
	local first=$(($1 * part)) last=$(($1 * part + part - 1))
	[ "$last" -lt "$size" ] || last=$((size - 1))
	range=$first-$last
	data=$work/part
	tail -c +"$((first + 1))" "$work/model" | head -c "$((last - first + 1))" >"$data"
}

send_part() {
	ollama PATCH "$session" -T "$data" -H "Content-Range: $range" -H 'X-Redirect-Uploads: 1' \
		-H 'Content-Type: application/octet-stream' -H 'Expect:'
}

# Whether the part is taken now: the worker of the request that broke off may still be ending.
part_is_taken() {
	send_part
	[ "$status" != 416 ]
}

# commit DIGEST
commit() {
	ollama PUT "$session?digest=${1/:/%3A}&etag=72d27afac8e2fbd3662861b9d607a02c-3"
}

ollama HEAD "/v2/library/smol/blobs/$digest"
is "not there yet" "$status" 404
ollama POST "/v2/library/smol/blobs/uploads/"
session=$(field location)
is "a session with an absolute address" "$status $session" "202 $base/v2/library/smol/blobs/uploads/*"
upload=$store/uploads/${session##*/}

take_part 0
send_part
is "the first part" "$status $(field location) $(field range)" "202 $session 0-$((part - 1))"

# The second is cut in the middle, and is sent again to the same address with the same range.
has_half() {
	[ "$(stat -c %s "$upload/data")" -gt $((part + part / 3)) ]
}
take_part 1
curl -s -o /dev/null -X PATCH -T "$data" --limit-rate 30M -A "$agent" -H "Content-Range: $range" \
	-H 'X-Redirect-Uploads: 1' -H 'Expect:' "$session" &
pusher=$!
check "half of the second part has come" wait_until has_half
kill "$pusher"
wait "$pusher" || true
is "the second part was not sent whole" "$(($(stat -c %s "$upload/data") < 2 * part))" 1
check "the second part is taken again" wait_until part_is_taken
is "the second part again" "$status $(field range)" "202 0-$((2 * part - 1))"
# Once more, as if the answer had been lost.
send_part
is "the second part once more" "$status $(field range)" "202 0-$((2 * part - 1))"
http PATCH "$session" -T "$data" -H "Content-Range: $range" -H 'Expect:'
is "the same from another client" "$status $(error_code)" '416 BLOB_UPLOAD_INVALID'
take_part 2
send_part
is "the last part" "$status $(field range)" "202 0-$((size - 1))"
commit "$digest"
is "the end" "$status $(field location)" "201 $base/v2/library/smol/blobs/$digest"
commit "$digest"
is "the end once more" "$status $(field location)" "201 $base/v2/library/smol/blobs/$digest"
ollama HEAD "/v2/library/smol/blobs/$digest"
is "the model is there" "$status $(field content-length)" "200 $size"
check "the model is what was sent" cmp "$work/model" \
	"$store/repos/library/smol/@blobs/sha256/${digest#*:}"

# The config and a layer without a byte, and the manifest.
printf '{"model_format":"gguf"}' >"$work/config"
: >"$work/empty"
for file in config empty; do
	data=$work/$file
	range=0-$(($(stat -c %s "$data") - 1))
	ollama POST "/v2/library/smol/blobs/uploads/?from=library%2Fa+file.gguf&mount=$(digest_of "$data")"
	session=$(field location)
	is "$file: a session" "$status" 202
	[ ! -s "$data" ] || send_part
	commit "$(digest_of "$data")"
	is "$file: the end" "$status" 201
done
type=application/vnd.docker.distribution.manifest.v2+json
printf '{"schemaVersion":2,"mediaType":"%s","config":{"mediaType":"application/vnd.docker.container.image.v1+json","digest":"%s","size":23},"layers":[{"mediaType":"application/vnd.ollama.image.model","digest":"%s","size":%d,"from":"a file.gguf"},{"mediaType":"application/vnd.ollama.image.system","digest":"%s","size":0}]}' \
	"$type" "$(digest_of "$work/config")" "$digest" "$size" "$(digest_of "$work/empty")" >"$work/manifest"
ollama PUT /v2/library/smol/manifests/latest -H "Content-Type: $type" --data-binary "@$work/manifest"
is "the manifest" "$status" 201
ollama GET /v2/library/smol/manifests/latest -H "Accept: $type"
is "the manifest comes back" "$status $(field content-type)" "200 $type"
check "the manifest is as it was sent" cmp "$work/manifest" "$work/body"

# Tensor models: the digest is announced.
random "$work/tensor" 100000
tensor=$(digest_of "$work/tensor")
announce() {
	http POST "/v2/library/smol/blobs/uploads/?digest=${tensor/:/%3A}" -A ollama-transfer/1.0 \
		-H 'X-Redirect-Uploads: 2' -H 'X-Content-Length: 100000'
}
announce
is "a tensor is announced" "$status" 202
session=$(field location)
http PUT "$session?digest=${tensor/:/%3A}" -A ollama-transfer/1.0 -T "$work/tensor"
is "a tensor is sent whole" "$status $(field docker-content-digest)" "201 $tensor"
announce
is "a tensor that is there" "$status $(field docker-content-digest)" "201 $tensor"
is "no session is left" "$(find "$store/uploads" -mindepth 1 | wc -l)" 0

# ---- pulls, without logins: the address is the blob's --------------------------------------
blob=/v2/library/smol/blobs/$digest
ollama GET "$blob" -r 0-0
is "a part of an early client" "$status $(field location)" '206 '
ollama GET "$blob" -o /dev/null
is "the address of a blob" "$status $(field content-length) $(field location)" "200 $size $base$blob"

# ---- and with logins -----------------------------------------------------------------------
stop_registry
port_wanted=${registry##*:}
start_registry --set auth=on
scripts/user --root "$store" add library <<<secret >/dev/null
check "a user" wait_for_user library secret
http GET "/v2/token?service=lighter&scope=repository:library/smol:pull" -u library:secret
token=$(jq -r .token "$work/body")

ollama GET "$blob"
# The client reads the first of them.
is "no token" "$status $(tr -d '\r' <"$work/head" | grep -im 1 '^www-authenticate:')" \
	'401 [Ww][Ww][Ww]-[Aa]uthenticate: Bearer realm="'"$base"'/v2/token",service="*",scope="repository:library/smol:pull"*'
ollama HEAD "$blob" -H "Authorization: Bearer $token"
is "the length" "$status $(field content-length)" "200 $size"
ollama GET "$blob" -H "Authorization: Bearer $token" -o /dev/null
signed=$(field location)
is "a signed address" "$status $(field content-length) $signed" "200 $size $base$blob?expires=*signature=*"

# range_is FIRST LAST: a part as the client takes it, without a token.
range_is() {
	http GET "$signed" -A Go-http-client/1.1 -H "Range: bytes=$1-$2"
	is "part $1-$2" "$status $(field content-range)" "206 bytes $1-$2/$size"
	check "part $1-$2: the bytes" cmp "$work/body" \
		<(tail -c +"$(($1 + 1))" "$work/model" | head -c "$(($2 - $1 + 1))")
}
range_is 200000000 249999999
range_is 0 99999999
range_is 149999990 150000100
range_is 249999999 249999999
http HEAD "$signed"
is "HEAD of the address" "$status $(field content-length)" "200 $size"
last=${signed: -2:1}
[ "$last" = A ] && other=B || other=A
http GET "${signed:0:-2}$other${signed: -1}" -r 0-9
is "another signature" "$status $(error_code)" '403 DENIED'
http GET "${signed/expires=/expires=9}" -r 0-9
is "a later time" "$status $(error_code)" '403 DENIED'
http GET "${signed/$digest/$tensor}" -r 0-9
is "another blob" "$status $(error_code)" '403 DENIED'
http GET "${signed/library\/smol/library\/other}" -r 0-9
is "another repository" "$status $(error_code)" '403 DENIED'
http GET "$base/v2/library/smol/manifests/latest?${signed#*\?}"
is "another resource" "$status $(error_code)" '401 UNAUTHORIZED'

# A second name of the same server: the client is sent there, without its token.
stop_registry
start_registry --set auth=on --set "blob-host=blobs.example:$port_wanted"
ollama GET "$blob" -H "Authorization: Bearer $token"
signed=$(field location)
is "sent to the other host" "$status $signed" "307 http://blobs.example:$port_wanted$blob?expires=*signature=*"
http GET "$signed" -A Go-http-client/1.1 -r 149999990-150000100 \
	--resolve "blobs.example:$port_wanted:127.0.0.1"
is "a part from there" "$status $(field content-range)" "206 bytes 149999990-150000100/$size"
finish
