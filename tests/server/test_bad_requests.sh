#!/bin/bash
# Whatever malformed thing a client sends: an answer in JSON, the connection still usable, the
# store untouched.
. "$(dirname "$0")/lib.sh"

start_registry
make_image bad/it one
layer=$(digest_of "$work/layer")
open_session bad/it

# All that is stored, but for the records of sessions, which may be rewritten.
stored() {
	(cd "$store" && find blobs repos -printf '%p %s %i\n' && find . -path ./run -prune -o -print) | sort
}
stored >"$work/before"

# New connections that the request after a refused one may take. lighttpd keeps the connection
# of every request that it has read to its end; others close more of them.
kept=0
[ "$server" = lighttpd ] || kept='[01]'
reused=$kept

# refused WANTED-STATUS METHOD PATH [OPTION of curl]...: and then another request on the same
# connection, which must be answered as if nothing had been.
refused() {
	local wanted=$1 method=$2 url=$base$3 how=(-X "$2") line
	shift 3
	case "$method $*" in
	*--data* | GET* | DELETE*) ;;
	*) how+=(-H 'Content-Length: 0') ;;
	esac
	: >"$work/head"
	: >"$work/body"
	line=$(curl -s --path-as-is --max-time 30 "${how[@]}" -D "$work/head" -o "$work/body" \
		-w '%{http_code} ' "$@" "$url" \
		--next -s --max-time 30 -o /dev/null -w '%{http_code} %{num_connects}' "$base/v2/") || true
	is "$method $url: status, and the next request" "$line" "$wanted 200 $reused"
	is "$method $url: the body is JSON" "$(field content-type) $(error_code)" 'application/json [A-Z]*[A-Z]'
}

# ---- paths ---------------------------------------------------------------------------
for path in /v2/a%2Fb/manifests/x /v2/a%2fb/tags/list /v2/../v2/bad/it/tags/list \
	/v2/bad/../bad/it/tags/list /v2/bad/%2e%2e/tags/list /v2/bad/./it/tags/list \
	/v2/bad//it/tags/list //v2/bad/it/tags/list /v2/bad/it/manifests/%00 \
	/v2/bad/it/manifests/a%0ab /v2/bad/it%00/tags/list /v2/bad/it/manifests/%zz \
	/v2/bad/it/manifests/%C3%28 /v2/bad/it/blobs/..%2f..%2f..%2fformat \
	/v2/bad/it/blobs/../../../../format /v2/bad/it/blobs/uploads/..%2F..%2Fformat \
	/v2/BAD/tags/list /v2/_bad/tags/list /v2/bad/-it/tags/list /v2/a..b/tags/list \
	"/v2/$(printf 'a%.0s' {1..300})/tags/list" /v2/@blobs/tags/list \
	/v2/bad/it/blobs/sha256:xyz "/v2/bad/it/blobs/sha256:$(printf 'A%.0s' {1..64})" \
	/v2/bad/it/manifests/sha256:baddigeststring "/v2/bad/it/manifests/$(printf 'a%.0s' {1..129})" \
	/v2/bad/it/manifests/.dot /v2/bad/it/blobs/uploads/nosuchsession /v2/bad/it/blobs/uploads/ \
	/index.html /v2x /v2/nowhere /v2/bad/it /v2/bad/it/manifests/ /v2/tags/list; do
	refused '4[0-9][0-9]' GET "$path"
done
refused 400 GET /v2/bad/it/referrers/sha256:xyz
refused 404 GET "/v2/bad/it/blobs/sha256:$(printf %064d 1)"
refused 404 GET /v2/bad/it/manifests/none
refused 404 GET /v2/nobody/tags/list
refused 400 GET '/v2/bad/it/tags/list?n=x'
refused 400 GET '/v2/_catalog?n=-1'

# ---- methods -------------------------------------------------------------------------
allows() {
	refused 405 "$1" "$2"
	is "$1 $2: Allow" "$(field allow)" "$3"
}
allows POST /v2/bad/it/tags/list '*GET*'
allows PUT "/v2/bad/it/blobs/$layer" '*GET*DELETE*'
allows PATCH /v2/bad/it/manifests/one '*GET*PUT*'
allows GET /v2/bad/it/blobs/uploads/ '*POST*'
allows DELETE /v2/_catalog '*GET*'
allows DELETE /v2/ '*GET*'
allows OPTIONS /v2/bad/it/tags/list '*GET*'
refused 405 DELETE "/v2/bad/it/blobs/$layer"

# ---- bodies --------------------------------------------------------------------------
random "$work/noise" 200000
random "$work/big" 3000000
random "$work/too-big" $((5 << 20))
manifest_type='Content-Type: application/vnd.oci.image.manifest.v1+json'
refused 400 PUT /v2/bad/it/manifests/x --data-binary "@$work/noise" -H "$manifest_type"
refused 400 PUT /v2/bad/it/manifests/x --data-binary '{"schemaVersion":2' -H "$manifest_type"
refused 400 PUT /v2/bad/it/manifests/x --data-binary '[]' -H "$manifest_type"
refused 400 PUT /v2/bad/it/manifests/x --data-binary "@$work/noise" -H "$manifest_type" \
	-H 'Transfer-Encoding: chunked'
refused 413 PUT /v2/bad/it/manifests/x --data-binary "@$work/too-big" -H "$manifest_type" \
	-H 'Transfer-Encoding: chunked'
refused 400 PUT "/v2/bad/it/manifests/sha256:$(printf %064d 2)" \
	--data-binary "@$work/manifest.json" -H "$manifest_type"
sed 's/sha256:[0-9a-f]*/sha256:'"$(printf %064d 3)"'/' "$work/manifest.json" >"$work/unknown.json"
refused 400 PUT /v2/bad/it/manifests/x --data-binary "@$work/unknown.json" -H "$manifest_type"
is "a manifest of what is not there" "$(error_code)" MANIFEST_BLOB_UNKNOWN
# A large body is refused while it is still being sent: the client is spared the rest, and
# the connection ends with it.
for file in noise big; do
	last=$(($(stat -c %s "$work/$file") + 499))
	[ "$file" = noise ] || reused='[01]'
	refused 404 PATCH /v2/bad/it/blobs/uploads/nosuchsession --data-binary "@$work/$file"
	refused 404 PATCH /v2/bad/it/blobs/uploads/nosuchsession --data-binary "@$work/$file" \
		-H 'Transfer-Encoding: chunked'
	refused 400 POST '/v2/bad/it/blobs/uploads/?digest=sha256:xyz' --data-binary "@$work/$file"
	refused 400 POST '/v2/BAD/blobs/uploads/' --data-binary "@$work/$file"
	refused 400 PUT "$session?digest=md5:abc" --data-binary "@$work/$file"
	refused 416 PATCH "$session" --data-binary "@$work/$file" -H "Content-Range: 500-$last"
	refused 400 PATCH "$session" --data-binary "@$work/$file" -H 'Content-Range: 0-600'
	refused '40[05]' PUT "/v2/bad/it/blobs/$layer" --data-binary "@$work/$file"
	refused '40[05]' POST /v2/ --data-binary "@$work/$file"
done
refused 413 PUT /v2/bad/it/manifests/x --data-binary "@$work/too-big" -H "$manifest_type"
reused=$kept
refused 400 PATCH "$session" --data-binary "@$work/noise" -H 'Content-Range: bytes=x'
refused 400 PUT "$session" --data-binary "@$work/noise"

# ---- what the web server answers by itself is JSON too -------------------------------------
# raw TEXT: sends bytes as they are; the answer goes where http leaves it.
raw() {
	exec 3<>"/dev/tcp/${registry%:*}/${registry#*:}"
	# shellcheck disable=SC2059
	printf "$1" >&3
	timeout 10 cat <&3 >"$work/raw" || true
	exec 3>&-
	sed '/^\r$/q' "$work/raw" >"$work/head"
	sed '1,/^\r$/d' "$work/raw" >"$work/body"
	status=$(sed -n '1s/^HTTP[^ ]* \([0-9]*\).*/\1/p' "$work/head")
}
long=$(printf 'a%.0s' {1..70000})
for request in 'GET /v2/ HTTP/1.1\r\n\r\n' 'BREW /v2/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n' \
	'GET /v2/ HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n' \
	'GET /v2/ HTTP/1.1\r\nHost: a\r\nbroken line\r\n\r\n' \
	"GET /v2/ HTTP/1.1\r\nHost: a\r\nLong: $long\r\n\r\n" \
	'PUT /v2/bad/it/manifests/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n' \
	'GET /v2/ HTTP/0.7\r\nHost: a\r\n\r\n'; do
	raw "$request"
	is "${request:0:60}" "$status $(field content-type) $(error_code)" '[45][0-9][0-9] application/json [A-Z]*'
done
if [ "$server" = lighttpd ]; then
	raw 'POST /v2/bad/it/blobs/uploads/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
	is "a POST without a length" "$status $(error_code)" '411 SIZE_INVALID'
fi

# ---- and nothing has changed ---------------------------------------------------------
http GET "$session"
is "the session is as it was" "$status $(field range)" '204 0-0'
stored >"$work/after"
check "the store is as it was" diff "$work/before" "$work/after"
http DELETE "$session"
is "nothing temporary is left" "$(find "$store/tmp" "$store/run/spool" -mindepth 1 | wc -l)" 0
http GET /v2/bad/it/tags/list
is "the tags" "$(jq -c .tags "$work/body")" '\["one"\]'
finish
