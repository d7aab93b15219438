#!/bin/bash
# Two registries: one pulls from the other and pushes to it.
. "$(dirname "$0")/lib.sh"

# The one that is asked wants logins.
start_registry --set auth=on --set public='open/**'
other=$registry
other_base=$base
other_store=$store
eval "$(declare -f stop_registry | sed '1s/stop_registry/stop_one/')"
stop_registry() {
	stop_one
	[ -z "$other_store" ] || scripts/run --stop --root "$other_store" >/dev/null || true
	other_store=''
}
password='correct-horse:battery'
scripts/user --root "$other_store" add alice <<<"$password" >/dev/null
wait_for_user alice "$password"
login=(-u "alice:$password")

started=''
store=$work/here
start_registry --set log-level=info

# allow OPTION...: what may be asked, from now on.
allow() {
	(umask 077 && mkdir -p "$store/auth" && printf '%s %s\n' "$other" "$*" >"$store/auth/remotes")
	chown --reference="$store" -R "$store/auth"
}
api() {
	http POST "/api/$1" --data "$2" -H 'Content-Type: application/json' "${@:3}"
}
lines() {
	jq -r '.status // .error' "$work/body"
}
# Makes an image of one layer, a file, at the other registry.
push_there() {
	local config=$work/config.json type=application/vnd.oci.image
	printf '{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}' >"$config"
	for file in "$config" "$3"; do
		http POST "$other_base/v2/$1/blobs/uploads/?digest=$(digest_of "$file")" "${login[@]}" \
			-H 'Content-Type: application/octet-stream' --data-binary "@$file"
	done
	printf '{"schemaVersion":2,"mediaType":"%s","config":{"mediaType":"%s","digest":"%s","size":%d},"layers":[{"mediaType":"%s","digest":"%s","size":%d}]}' \
		$type.manifest.v1+json $type.config.v1+json "$(digest_of "$config")" "$(stat -c %s "$config")" \
		$type.layer.v1.tar "$(digest_of "$3")" "$(stat -c %s "$3")" >"$work/manifest.json"
	http PUT "$other_base/v2/$1/manifests/$2" "${login[@]}" --data-binary "@$work/manifest.json" \
		-H "Content-Type: $type.manifest.v1+json"
	is "push $1:$2 there" "$status" 201
}
random "$work/layer" 3000000
push_there alice/model 1 "$work/layer"
cp "$work/manifest.json" "$work/wanted"

# ---- what is not allowed ----------------------------------------------------------------
api pull "{\"model\":\"$other/alice/model:1\"}"
is "nothing is allowed by default" "$status $(jq -r .error "$work/body")" '403 *none of the registries*'
allow insecure
api pull "{\"model\":\"$other/alice/model:1\"}"
is "a private address" "$status $(lines | tail -n 1)" '200 *not of the public internet*'
allow private
api pull "{\"model\":\"$other/alice/model:1\",\"insecure\":true}"
is "http where it is not listed" "$status $(jq -r .error "$work/body")" '403 *not listed here as insecure*'
allow insecure private
api pull "{\"model\":\"$other/alice/model:1\"}"
is "without credentials" "$(lines | tail -n 1)" '*: 401*'
is "the error is a line" "$(tail -n 1 "$work/body" | jq -r 'keys | join(" ")')" error
for bad in '' '[]' '{"model":"a b"}' '{"model":7}' '{"model":"x.y/a","stream":1}' '{}'; do
	api pull "$bad"
	is "a bad request: $bad" "$status $(jq -r 'keys | join(" ")' "$work/body")" '400 error'
done
http GET /api/pull
is "GET" "$status $(field allow)" '405 POST'

# ---- pull -------------------------------------------------------------------------------
allow "insecure private user=alice password=$password"
api pull "{\"model\":\"$other/alice/model:1\"}"
is "pull" "$status $(field content-type)" '200 application/x-ndjson'
is "the first line" "$(head -n 1 "$work/body")" '{"status":"pulling manifest"}'
is "the last lines" "$(tail -n 3 "$work/body" | jq -r .status | paste -sd,)" \
	'verifying sha256 digest,writing manifest,success'
layer=$(digest_of "$work/layer")
is "a blob" "$(jq -r "select(.digest == \"$layer\") | \"\(.status) \(.completed)/\(.total)\"" "$work/body" | tail -n 1)" \
	"pulling ${layer:7:12} 3000000/3000000"
http GET /v2/alice/model/manifests/1
check "the manifest" cmp "$work/body" "$work/wanted"
http GET "/v2/alice/model/blobs/$layer"
check "the layer" cmp "$work/body" "$work/layer"
api pull "{\"name\":\"$other/alice/model:1\",\"stream\":false,\"destination\":\"mirror/it:one\"}"
is "pull to another name, without lines" "$status $(body)" '200 {"status":"success"}'
http GET /v2/mirror/it/manifests/one
check "it is the same" cmp "$work/body" "$work/wanted"
api pull "{\"model\":\"$other/alice/none:1\"}"
is "what is not there" "$(lines | tail -n 1)" "*has no alice/none:1"
api pull "{\"model\":\"$other/alice/model:1\",\"username\":\"alice\",\"password\":\"wrong\"}"
is "with a wrong password" "$(lines | tail -n 1)" '*: 401*'

# ---- our key ----------------------------------------------------------------------------
allow insecure private key
check "the key was made" test -s "$store/keys/id_ed25519.pub"
is "and is a secret" "$(stat -c %a "$store/keys/id_ed25519")" 600
scripts/user --root "$other_store" key alice "$store/keys/id_ed25519.pub" >/dev/null
pulls_with_key() {
	api pull "{\"model\":\"$other/alice/model:1\",\"destination\":\"key/it:1\"}"
	[ "$(lines | tail -n 1)" = success ]
}
check "pull, signed with our key" wait_until pulls_with_key

# ---- push -------------------------------------------------------------------------------
api push "{\"model\":\"alice/model:1\",\"destination\":\"$other/alice/back:2\"}"
is "push" "$status $(lines | head -n 1) $(lines | tail -n 2 | paste -sd,)" \
	'200 retrieving manifest pushing manifest,success'
http GET "$other_base/v2/alice/back/manifests/2" "${login[@]}"
check "the manifest is there" cmp "$work/body" "$work/wanted"
http GET "$other_base/v2/alice/back/blobs/$layer" "${login[@]}"
check "the layer is there" cmp "$work/body" "$work/layer"
api push "{\"model\":\"alice/model:1\",\"destination\":\"$other/bob/back:2\"}"
is "push to what is not ours" "$(lines | tail -n 1)" '*: 40[13]*'
api push "{\"model\":\"no/model:1\",\"destination\":\"$other/alice/back:2\"}"
is "push of what is not here" "$(lines | tail -n 1)" '*has no tag 1'
allow "insecure private chunk=1M user=alice password=$password"
random "$work/layer2" 2500000
push_blob alice/model "$work/layer2"
make_image parts/model 1
api push "{\"model\":\"parts/model:1\",\"destination\":\"$other/alice/parts:1\"}"
is "push in parts" "$(lines | tail -n 1)" success

# ---- many platforms ---------------------------------------------------------------------
type=application/vnd.oci.image
printf '{"schemaVersion":2,"mediaType":"%s","manifests":[{"mediaType":"%s","digest":"%s","size":%d}]}' \
	$type.index.v1+json $type.manifest.v1+json "$(digest_of "$work/wanted")" "$(stat -c %s "$work/wanted")" >"$work/index"
http PUT "$other_base/v2/alice/model/manifests/multi" "${login[@]}" --data-binary "@$work/index" -H "Content-Type: $type.index.v1+json"
api pull "{\"model\":\"$other/alice/model:multi\",\"destination\":\"multi/it:1\"}"
is "an index" "$(lines | tail -n 1)" success
http GET "/v2/multi/it/manifests/$(digest_of "$work/wanted")"
is "with its manifests" "$status" 200
api push "{\"model\":\"multi/it:1\",\"destination\":\"$other/alice/multi:1\"}"
is "and back" "$(lines | tail -n 1)" success
http GET "$other_base/v2/alice/multi/manifests/1" "${login[@]}"
check "the index is there" cmp "$work/body" "$work/index"

api pull "{\"model\":\"$other/alice/model@$(digest_of "$work/wanted")\",\"destination\":\"\"}"
is "by a digest" "$(lines | tail -n 1)" success
http GET /v2/alice/model/tags/list
is "which sets no tag" "$(jq -c .tags "$work/body")" '\["1"\]'

# ---- wrong content ----------------------------------------------------------------------
random "$work/layer3" 100000
push_there alice/spoilt 1 "$work/layer3"
hex=$(sha256sum "$work/layer3" | cut -d' ' -f1)
chmod u+w "$other_store/blobs/sha256/${hex:0:2}/$hex"
printf 'x' | dd of="$other_store/blobs/sha256/${hex:0:2}/$hex" conv=notrunc status=none
api pull "{\"model\":\"$other/alice/spoilt:1\"}"
is "content that is not what its name says" "$(lines | tail -n 1)" '*the content is*'
http HEAD /v2/alice/spoilt/manifests/1
is "is not taken" "$status" 404
is "nor kept" "$(find "$store/uploads" -mindepth 1 | wc -l)" 0

# ---- certificates -----------------------------------------------------------------------
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/tls.key" -out "$work/tls.pem" -days 2 \
	-subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 2>/dev/null
chmod 644 "$work/tls.pem"
mkdir -p "$work/www/v2/tls/it/manifests"
printf 'HTTP/1.0 200 OK\r\n\r\n{"schemaVersion":2,"mediaType":"%s.index.v1+json","manifests":[]}' $type >"$work/www/v2/tls/it/manifests/1"
tls=127.0.0.1:$(free_port)
(cd "$work/www" && exec openssl s_server -accept "$tls" -cert "$work/tls.pem" -key "$work/tls.key" -HTTP -quiet >"$work/tls.log" 2>&1 </dev/null) &
tls_server=$!
wait_until curl -sk -o "$work/answer" "https://$tls/v2/tls/it/manifests/1"
there=$other
other=$tls
allow private
api pull "{\"model\":\"$tls/tls/it:1\"}"
is "a certificate that nobody vouches for" "$(lines | tail -n 1)" '*ertificate*'
allow "private ca=$work/tls.pem"
api pull "{\"model\":\"$tls/tls/it:1\"}"
is "one whose authority is known" "$(lines | tail -n 1)" success
other=https://$tls
allow private insecure
api pull "{\"model\":\"$tls/tls/it:1\"}"
is "any, where it is not looked at" "$(lines | tail -n 1)" success
kill "$tls_server"
other=$there
allow "insecure private user=alice password=$password"

# ---- another make of registry -----------------------------------------------------------
if command -v docker-registry >/dev/null; then
	other=127.0.0.1:$(free_port)
	printf 'version: 0.1\nlog: {accesslog: {disabled: true}}\nstorage: {filesystem: {rootdirectory: %s}}\nhttp: {addr: "%s"}\n' \
		"$work/distribution" "$other" >"$work/distribution.yml"
	docker-registry serve "$work/distribution.yml" >"$work/distribution.log" 2>&1 &
	distribution=$!
	wait_until curl -s -o "$work/answer" "http://$other/v2/"
	for options in '' chunk=1K; do
		allow "insecure private $options"
		api push "{\"model\":\"parts/model:1\",\"destination\":\"$other/a/b${options:+/c}:1\"}"
		is "push to docker-registry, $options" "$(lines | tail -n 1)" success
	done
	api pull "{\"model\":\"$other/a/b/c:1\",\"destination\":\"from/docker:1\"}"
	is "pull from docker-registry" "$(lines | tail -n 1)" success
	http GET /v2/from/docker/manifests/1
	cp "$work/body" "$work/answer"
	http GET /v2/parts/model/manifests/1
	check "it is the same" cmp "$work/body" "$work/answer"
	kill "$distribution"
	other=$there
	allow "insecure private user=alice password=$password"
else
	skip "docker-registry is not installed"
fi

# ---- a client that leaves, and one that comes back --------------------------------------
other_server=$(cat "$other_store/run/server.pid")
received() {
	find "$store/uploads" -name data -size "+$1" | grep -q .
}
saved() {
	grep -q '^offset [1-9]' "$store"/uploads/*/state 2>/dev/null
}
# It may have come to its end before anybody could stop it.
kept_or_done() {
	saved || curl -sfI -o "$work/answer" "$base/v2/alice/large/manifests/$(digest_of "$work/manifest.json")"
}
for try in 1 2 3 4 5; do
	random "$work/large" $((60000000 * try))
	push_there alice/large 1 "$work/large"
	curl -sN --data "{\"model\":\"$other/alice/large:1\"}" "$base/api/pull" >"$work/lines" &
	client=$!
	until received 0 || ! kill -0 "$client" 2>/dev/null; do :; done
	kill -STOP "$other_server"
	kill "$client" 2>/dev/null || true
	wait "$client" || true
	check "what arrived is kept" wait_until kept_or_done
	kill -CONT "$other_server"
	! saved || break
done
offset=$(sed -n 's/^offset //p' "$store"/uploads/*/state)
is "some of it, not all" "$((offset > 0 && offset < $(stat -c %s "$work/large")))" 1
api pull "{\"model\":\"$other/alice/large:1\"}"
large=$(digest_of "$work/large")
is "the next goes on from there" "$(jq -r "select(.digest == \"$large\") | .completed // 0" "$work/body" | sed -n 1p)" "$offset"
is "to the end" "$(lines | tail -n 1)" success
http GET "/v2/alice/large/blobs/$large"
check "and it is right" cmp "$work/body" "$work/large"

# ---- nothing secret is in the logs ------------------------------------------------------
is "no log holds a secret" "$(grep -rlF "$password" "$store/run" || true)" ''

# ---- who may do it ----------------------------------------------------------------------
stop_one
start_registry --set auth=on --set public='parts/**'
scripts/user --root "$store" add bob <<<"bob's own" >/dev/null
wait_for_user bob "bob's own"
api pull "{\"model\":\"$other/alice/model:1\"}"
is "nobody in particular may not" "$status $(jq -r 'keys | join(" ")' "$work/body")" '401 error'
api pull "{\"model\":\"$other/alice/model:1\"}" -u "bob:bob's own"
is "nor into what is another's" "$status" 403
api pull "{\"model\":\"$other/alice/model:1\",\"destination\":\"bob/it:1\"}" -u "bob:bob's own"
is "but into what is one's own" "$(lines | tail -n 1)" success
api push "{\"model\":\"alice/model:1\",\"destination\":\"$other/alice/stolen:1\"}" -u "bob:bob's own"
is "push of what one may not see" "$status" 403
finish
