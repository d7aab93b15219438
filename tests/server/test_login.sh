#!/bin/bash
# auth = on, through lighttpd: logins of real clients, challenges, tokens, signed requests,
# users that come and go while the registry runs, and that nothing secret leaks.
. "$(dirname "$0")/lib.sh"

user() {
	scripts/user --root "$store" "$@"
}

start_registry --set auth=on --set public='open/**' --set log-level=info
# Words that must appear nowhere but in the client's hands.
alice_password='correct horse: battery'
bob_password='Tr0ub4dor&3'
check "add alice" user add alice <<<"$alice_password"
check "add bob" user add bob <<<"$bob_password"
printf 'alice open/** pull,push\n' >"$work/rules"
cat "$work/rules" >"$store/auth/access"

get_token() {
	http GET "/v2/token?service=x&scope=$1" "${@:2}"
	jq -r '.token // empty' "$work/body"
}
knows() {
	http GET /v2/ -u "$1"
	[ "$status" = 200 ]
}
check "alice may log in" wait_until knows "alice:$alice_password"
check "bob may log in" wait_until knows "bob:$bob_password"

# ---- challenges -----------------------------------------------------------------------
challenges() {
	# Apache makes one field of two.
	tr -d '\r' <"$work/head" | sed -n 's/^www-authenticate: *//Ip' | sed 's/, Basic /\nBasic /'
}
http GET /v2/
is "no credentials: status" "$status" 401
is "no credentials: code" "$(error_code)" UNAUTHORIZED
is "no credentials: the first challenge" "$(challenges | head -n 1)" \
	"Bearer realm=\"$base/v2/token\",service=\"lighter\""
is "no credentials: the second challenge" "$(challenges | tail -n +2)" 'Basic realm="lighter"'
http POST /v2/alice/app/blobs/uploads/
is "a push: the challenge" "$(challenges | head -n 1)" \
	"Bearer realm=\"$base/v2/token\",service=\"lighter\",scope=\"repository:alice/app:pull,push\""
http HEAD /v2/alice/app/manifests/1 -H "Host: registry.test:1234"
is "the realm is at the host that was asked" "$(challenges | head -n 1)" \
	'Bearer realm="http://registry.test:1234/v2/token",*'
http GET /v2/ -H 'Authorization: Bearer no.such.token'
is "a token that is none" "$status $(challenges | head -n 1)" '401 *,error="invalid_token"'
http GET /v2/ -u "alice:wrong"
is "a wrong password" "$status $(error_code)" '401 UNAUTHORIZED'
check "a wrong password is logged with the address" \
	grep -qr 'credentials-refused address=127.0.0.1' "$store/run/log"

# ---- tokens ---------------------------------------------------------------------------
token=$(get_token repository:alice/app:pull,push -u "alice:$alice_password")
is "a token" "$token" '*.*.*'
is "expires_in" "$(jq .expires_in "$work/body")" 300
http POST /v2/alice/app/blobs/uploads/ -H "Authorization: Bearer $token"
is "a push with it" "$status" 202
session=$(field location)
http PATCH "$session" -H "Authorization: Bearer ${token}x" --data-binary 'half of it'
is "a chunk with a token that is good no more" "$status" 202
http PATCH "$session" -u "bob:$bob_password" --data-binary '!'
is "a chunk from another user" "$status" 404
printf 'half of it and the rest' >"$work/whole"
http PUT "$session?digest=$(digest_of "$work/whole")" --data-binary ' and the rest'
is "the end without a token" "$status" 201
http HEAD "/v2/alice/app/blobs/$(digest_of "$work/whole")"
is "the id opens no more than that" "$status" 401

form() {
	http POST /v2/token "$@"
}
form --data-urlencode username=alice --data-urlencode "password=$alice_password" \
	--data 'grant_type=password&client_id=test&service=x&access_type=offline' \
	--data 'scope=repository:alice/app:pull repository:bob/app:pull'
is "a token by a form" "$status $(jq -r .scope "$work/body")" '200 repository:alice/app:pull'
refresh=$(jq -r .refresh_token "$work/body")
refreshed() {
	form --data 'grant_type=refresh_token&client_id=test' --data "refresh_token=$refresh"
	[ "$status" = "$1" ]
}
check "a refresh token" refreshed 200

# ---- a signed request, as Ollama makes it ---------------------------------------------
signed_token() {
	local realm=$base/v2/token query signature ts
	ts=$(date +%s)
	query="nonce=$(openssl rand -hex 12)&scope=repository%3A$1%3Apull&service=lighter&ts=$ts"
	printf 'GET,%s?%s,%s' "$realm" "$query" \
		"$(printf %s "$(printf '' | sha256sum | cut -d' ' -f1)" | base64 -w0)" >"$work/message"
	signature=$(openssl pkeyutl -sign -rawin -inkey "$work/key.pem" -in "$work/message" | base64 -w0)
	http GET "/v2/token?$query" -H "Authorization: $(public_blob):$signature"
	jq -r '.token // empty' "$work/body"
}
public_blob() {
	{
		printf '\0\0\0\013ssh-ed25519\0\0\0\040'
		openssl pkey -in "$work/key.pem" -pubout -outform DER | tail -c 32
	} | base64 -w0
}
subject() {
	jq -Rr 'split(".")[1] | gsub("-"; "+") | gsub("_"; "/") | . + "=" * ((4 - length % 4) % 4) |
		@base64d | fromjson | .sub' <<<"$1"
}
openssl genpkey -algorithm ed25519 -out "$work/key.pem" 2>/dev/null
is "an unknown key is nobody" "$(subject "$(signed_token open/app)")" anonymous
check "add a key" user key carol <<<"ssh-ed25519 $(public_blob) carol@laptop"
is_carol() {
	[ "$(subject "$(signed_token carol/model)")" = carol ]
}
check "a key that was added" wait_until is_carol
http GET /v2/carol/model/tags/list -H "Authorization: Bearer $(signed_token carol/model)"
is "with that token" "$status $(error_code)" '404 NAME_UNKNOWN'

# ---- skopeo ---------------------------------------------------------------------------
export XDG_RUNTIME_DIR=$work/xdg
mkdir -m 700 "$XDG_RUNTIME_DIR"
printf '{"default":[{"type":"insecureAcceptAnything"}]}\n' >"$work/policy.json"
# An image to push, made with the registry itself.
make_layout() {
	mkdir -p "$work/layout/blobs/sha256"
	random "$work/thing" 100000
	tar -C "$work" -cf "$work/layer" thing
	printf '{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["%s"]}}' \
		"$(digest_of "$work/layer")" >"$work/config.json"
	for file in config.json layer; do
		cp "$work/$file" "$work/layout/blobs/sha256/$(sha256sum "$work/$file" | cut -d' ' -f1)"
	done
	printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"%s","size":%d},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"%s","size":%d}]}' \
		"$(digest_of "$work/config.json")" "$(stat -c %s "$work/config.json")" "$(digest_of "$work/layer")" "$(stat -c %s "$work/layer")" >"$work/image.json"
	cp "$work/image.json" "$work/layout/blobs/sha256/$(sha256sum "$work/image.json" | cut -d' ' -f1)"
	printf '{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"%s","size":%d,"annotations":{"org.opencontainers.image.ref.name":"1"}}]}' \
		"$(digest_of "$work/image.json")" "$(stat -c %s "$work/image.json")" >"$work/layout/index.json"
	printf '{"imageLayoutVersion":"1.0.0"}' >"$work/layout/oci-layout"
}
copy() {
	timeout 60 skopeo --policy "$work/policy.json" copy -q --authfile "$work/auth.$1" \
		--src-tls-verify=false --dest-tls-verify=false "$2" "$3"
}
log_in() {
	timeout 60 skopeo login --tls-verify=false --authfile "$work/auth.$1" -u "$1" --password-stdin "$registry"
}
if command -v skopeo >/dev/null; then
	make_layout
	printf '{}' >"$work/auth.nobody"
	check "skopeo login" log_in alice <<<"$alice_password"
	check "skopeo login, bob" log_in bob <<<"$bob_password"
	check "skopeo login with a wrong password is refused" [ "$(log_in eve <<<"$bob_password" >/dev/null 2>&1 && echo in)" = '' ]
	check "skopeo push" copy alice "oci:$work/layout:1" "docker://$registry/alice/app:1"
	check "skopeo push, where a rule allows it" copy alice "oci:$work/layout:1" "docker://$registry/open/app:1"
	check "skopeo, to another repository" copy alice "docker://$registry/alice/app:1" "docker://$registry/alice/copy:1"
	check "skopeo pull" copy alice "docker://$registry/alice/app:1" "oci:$work/pulled:1"
	check "skopeo pull without a login, what is public" copy nobody "docker://$registry/open/app:1" "oci:$work/open:1"
	refused() {
		copy "$@" >"$work/refused" 2>&1 && return 1
		sed 's,alice/[a-z]*,R,g; s/time="[^"]*"//' "$work/refused"
	}
	refused bob "docker://$registry/alice/app:1" "oci:$work/stolen:1" >"$work/there" || fail "bob pulls what is alice's"
	refused bob "docker://$registry/alice/nix:1" "oci:$work/stolen:1" >"$work/not-there" || fail "bob pulls nothing"
	check "what bob may not see is as what is not there" diff "$work/there" "$work/not-there"
	check "bob cannot push to it" refused bob "oci:$work/layout:1" "docker://$registry/alice/app:2"
	check "nobody cannot pull it" refused nobody "docker://$registry/alice/app:1" "oci:$work/stolen:1"
	is "skopeo list-tags" "$(skopeo list-tags --tls-verify=false --authfile "$work/auth.alice" \
		"docker://$registry/alice/app" | jq -c .Tags)" '\["1"\]'
	check "skopeo delete" skopeo delete --tls-verify=false --authfile "$work/auth.alice" "docker://$registry/alice/copy:1"
	http GET /v2/_catalog -H "Authorization: Bearer $(get_token 'registry:catalog:*')"
	is "the catalog of nobody" "$(jq -c .repositories "$work/body")" '\["open/app"\]'
	http GET /v2/_catalog -u "alice:$alice_password"
	is "the catalog of alice" "$(jq -c .repositories "$work/body")" '\["alice/app","open/app"\]'
	http HEAD "/v2/alice/app/blobs/$(digest_of "$work/config.json")" -u "alice:$alice_password"
	is "what is private is for one cache" "$(field cache-control)" 'private, max-age=*'
	http GET "/v2/open/app/blobs/$(digest_of "$work/config.json")"
	is "what is public is for any cache" "$status $(field cache-control)" '200 max-age=*'
else
	skip "skopeo is not installed"
fi

# ---- podman ---------------------------------------------------------------------------
if command -v podman >/dev/null; then
	pod() {
		timeout 60 podman --root "$work/storage" --runroot "$work/runroot" --storage-driver vfs \
			--cgroup-manager cgroupfs --events-backend none "$@"
	}
	export HOME=$work
	checkout=$PWD
	cd "$work"
	if pod info >"$work/probe" 2>&1; then
		check "podman login" pod login --tls-verify=false --authfile "$work/auth.podman" -u alice \
			--password-stdin "$registry" <<<"$alice_password"
		check "podman login with a wrong password is refused" [ "$(pod login --tls-verify=false \
			--authfile "$work/auth.x" -u alice --password-stdin "$registry" <<<x >/dev/null 2>&1 && echo in)" = '' ]
		if pod pull -q --tls-verify=false --authfile "$work/auth.podman" --signature-policy "$work/policy.json" \
			oci:layout:1 >"$work/probe" 2>&1; then
			check "podman pull" pod pull -q --tls-verify=false --authfile "$work/auth.podman" \
				--signature-policy "$work/policy.json" "$registry/alice/app:1"
			check "podman push" pod push -q --tls-verify=false --authfile "$work/auth.podman" \
				--signature-policy "$work/policy.json" "$registry/alice/app:1" "$registry/alice/podman:1"
		else
			skip "podman cannot unpack an image here: $(tail -n 1 "$work/probe")"
		fi
	else
		skip "podman does not run here: $(tail -n 1 "$work/probe")"
	fi
	cd "$checkout"
fi

# ---- users come and go ----------------------------------------------------------------
count=24
pids=''
for i in $(seq "$count"); do
	user add "user$i" <<<"password of $i" >>"$work/adds" 2>&1 &
	pids+=" $!"
done
for pid in $pids; do
	check "adding users at once" wait "$pid"
done
is "all of them are there" "$(user list | grep -c '^user[0-9]* *bcrypt')" "$count"
check "the last one may log in" wait_until knows "user$count:password of $count"
check "alice still may" knows "alice:$alice_password"
for i in $(seq "$count"); do
	user delete "user$i" >>"$work/adds" 2>&1 &
done
user passwd alice <<<"another one" >>"$work/adds" 2>&1 &
wait
is "and all are gone" "$(user list | grep -c '^user[0-9]')" 0
check "alice has another password" wait_until knows "alice:another one"
gone() {
	! knows "alice:$alice_password"
}
check "the one before is wrong" wait_until gone
check "the refresh token ended with it" refreshed 401
is "a user twice" "$(user add alice <<<x 2>&1)" '*there is a user alice already*'
is "a user that is none" "$(user add a:b <<<x 2>&1)" '*no user name*'
is "an empty password" "$(user add empty <<<'' 2>&1)" '*empty*'
is "a private key" "$(user key alice "$work/key.pem" 2>&1)" '*private key*'

# ---- who did what is in the log -------------------------------------------------------
check "the log names the user" grep -qr ' name=alice/app user=alice status=202 ' "$store/run/log"

# ---- nothing secret leaks -------------------------------------------------------------
is "the secret of tokens" "$(stat -c %a "$store/keys/token")" 600
is "the files of users" "$(stat -c %a "$store/auth/passwords" "$store/auth/keys" | paste -sd ' ')" '600 600'
secrets=$work/secrets
{
	printf '%s\n' "$alice_password" "$bob_password" "$token" "$refresh"
	printf '%s' "alice:$alice_password" | base64 -w0
	echo
	cut -d: -f2 "$store/auth/passwords"
	tail -n +2 "$store/keys/token" | cut -d' ' -f3
} >"$secrets"
is "no log holds a secret" "$(grep -rlFf "$secrets" "$store/run" "$work/run.out" || true)" ''
if command -v strace >/dev/null && strace -o "$work/probe" true 2>/dev/null; then
	strace -f -s 4096 -e trace=execve -o "$work/calls" scripts/user --root "$store" passwd bob \
		<<<"sesame open" >/dev/null
	check "a password was set" grep -q execve "$work/calls"
	is "no command line holds it" "$(grep -c 'sesame' "$work/calls")" 0
fi
stop_registry

# ---- what must not start --------------------------------------------------------------
refuses() {
	local wanted=$1
	shift
	timeout 60 scripts/run --bin "$programs" --root "$store" "$@" >"$work/refused" 2>&1 &&
		fail "$*: it started"
	is "$*" "$(cat "$work/refused")" "$wanted"
}
printf 'alice:plain\nno colon\n' >"$work/passwords"
printf 'alice app pull\nbob app fly\n' >"$work/rules"
chmod 644 "$work/passwords" "$work/rules"
port=$(free_port)
refuses "*$work/passwords:2: *" --listen "127.0.0.1:$port" --set auth=on --set "password-file=$work/passwords"
refuses "*$work/rules:2: *" --listen "127.0.0.1:$port" --set auth=on --set "access-file=$work/rules"
refuses '*/no/such/file: cannot be opened: *' --listen "127.0.0.1:$port" --set auth=on --set key-file=/no/such/file
refuses '*no absolute path*' --listen "127.0.0.1:$port" --set auth=on --set password-file=passwords
refuses '*not a loopback address*' --listen "192.0.2.1:$port" --set auth=on --set auth=off
# With logins the address is not the reason, only that this host does not have it.
refuses '*did not start on 192.0.2.1*' --listen "192.0.2.1:$port" --set auth=on
finish
