# shellcheck shell=bash
# For test_through_*.sh, which are the same test through one web server each: all routes, what a
# push and a pull rely on, clients that vanish and workers that are killed, long answers, and
# errors in JSON that the web server makes itself.
#
#   through SERVER   all of it, and the end of the script

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

PATH=$PATH:/usr/sbin:/sbin
shopt -s extglob

# Logs in once, as a user of auth = on, and lets curl say so in every request from here on:
# a web server that swallows Authorization fails everything.
log_in() {
	local password
	password=$(od -An -N 12 -tx1 /dev/urandom | tr -d ' ')
	scripts/user --root "$store" add it <<<"$password" >"$work/user.out"
	check "a user can log in" wait_for_user it "$password"
	http GET '/v2/token?service=lighter&scope=repository:it/app:*&scope=registry:catalog:*' \
		-u "it:$password"
	is "a token" "$status" 200
	printf 'header = "Authorization: Bearer %s"\n' "$(jq -r .token "$work/body")" >"$work/.curlrc"
	credentials=it:$password
}

# Whether every path of the route table gets to the program that has it: there a method that is
# not served is answered 405, and anywhere else 404.
check_routes() {
	local path hex
	hex=$(printf %064d 0)
	sed -n 's/^\t{"[A-Z]*", *"\([^"]*\)".*/\1/p' fcgi/routes.c | sort -u >"$work/paths"
	is "the route table" "$(wc -l <"$work/paths")" '[1-9][0-9]'
	while read -r path; do
		path=${path//<name>/it\/app}
		path=${path//<reference>/one}
		path=${path//<@(digest|subject)>/sha256:$hex}
		path=${path//<session>/${hex:32}}
		path=${path//<*([a-z])>/x}
		http OPTIONS "$path"
		is "$server: the program of $path" "$status $(error_code)" '405 *'
	done <"$work/paths"
}

check_pull() {
	local layer size
	make_image it/app one
	is "$server: a manifest" "$status" 201
	http HEAD /v2/it/app/manifests/one
	size=$(stat -c %s "$work/manifest.json")
	is "$server: HEAD of a manifest" "$status $(field content-length) $(field content-type)" \
		"200 $size application/vnd.oci.image.manifest.v1+json"
	http GET /v2/it/app/manifests/one
	check "$server: GET of a manifest" cmp "$work/manifest.json" "$work/body"
	layer=$(digest_of "$work/layer")
	http HEAD "/v2/it/app/blobs/$layer"
	is "$server: HEAD of a blob" "$status $(field content-length)" '200 2000'
	http GET "/v2/it/app/blobs/$layer"
	check "$server: GET of a blob" cmp "$work/layer" "$work/body"
	is "$server: its header section" \
		"$(field content-length) $(field docker-content-digest) $(field etag) $(field content-type) $(field accept-ranges) $(field docker-distribution-api-version) $(field cache-control)" \
		"2000 $layer \"$layer\" application/octet-stream bytes registry/2.0 private, max-age=*"
	http GET "/v2/it/app/blobs/$layer" -H 'Range: bytes=500-599'
	is "$server: a part of a blob" \
		"$status $(field content-range) $(field content-length) $(field docker-content-digest)" \
		"206 bytes 500-599/2000 100 $layer"
	check "$server: the bytes of the part" cmp "$work/body" <(tail -c +501 "$work/layer" | head -c 100)
	http GET "/v2/it/app/blobs/$layer" -H 'Range: bytes=-7' -H "If-Range: \"$layer\""
	is "$server: the last bytes, If-Range" "$status $(field content-range)" '206 bytes 1993-1999/2000'
	http GET "/v2/it/app/blobs/$layer" -H 'Range: bytes=-7' -H 'If-Range: "other"'
	is "$server: If-Range of something else" "$status $(field content-length)" '200 2000'
	http GET "/v2/it/app/blobs/$layer" -H 'Range: bytes=2000-'
	is "$server: beyond the end" "$status $(field content-range)" '416 bytes \*/2000'
	http GET "/v2/it/app/blobs/$layer" -H "If-None-Match: \"$layer\""
	is "$server: not modified" "$status" 304
	http GET '/v2/it/app/tags/list?n=10'
	is "$server: tags" "$(jq -c .tags "$work/body")" '\["one"\]'
	: >"$work/empty"
	push_blob it/app "$work/empty"
	is "$server: an empty blob" "$status" 201
	http HEAD "/v2/it/app/blobs/$(digest_of "$work/empty")"
	is "$server: HEAD of the empty blob" "$status $(field content-length)" '200 0'
	http GET "/v2/it/app/blobs/$(digest_of "$work/empty")"
	is "$server: GET of the empty blob" "$status $(field content-length)" '200 0'
}

# A client that learns from where to get the parts of a blob, and gets them without a token.
check_ollama() {
	local layer address
	layer=$(digest_of "$work/layer")
	http GET "/v2/it/app/blobs/$layer" -A 'ollama/0.14.3 (amd64 linux) Go/go1.24.1'
	address=$(field location)
	is "$server: the address of a blob" "$status $(field content-length) $address" \
		"200 2000 $base/v2/it/app/blobs/$layer?expires=*&signature=*"
	check "$server: and the blob" cmp "$work/layer" "$work/body"
	CURL_HOME=$work/nowhere http GET "$address" -H 'Range: bytes=500-599'
	is "$server: a part from there" "$status $(field content-range)" '206 bytes 500-599/2000'
	http POST /v2/it/app/blobs/uploads/ -A 'ollama/0.14.3 (amd64 linux) Go/go1.24.1'
	is "$server: the address of an upload" "$status $(field location)" \
		"202 $base/v2/it/app/blobs/uploads/*"
	http DELETE "$(field location)"
	is "$server: and its end" "$status" 204
}

check_push() {
	local size=3000000
	random "$work/blob" "$size"
	digest=$(digest_of "$work/blob")
	open_session it/app
	http PATCH "$session" -T "$work/blob" -H 'Transfer-Encoding: chunked'
	is "$server: a chunked body" "$status $(field range)" "202 0-$((size - 1))"
	http PUT "$(field location)?digest=$digest"
	is "$server: the end of the upload" "$status $(field docker-content-digest)" "201 $digest"
	http GET "/v2/it/app/blobs/$digest"
	check "$server: what was pushed comes back" cmp "$work/blob" "$work/body"
	open_session it/app
	http PUT "$session?digest=$digest" -T "$work/blob"
	is "$server: in one piece" "$status" 201
	http PUT /v2/it/app/manifests/bad --data-binary '{' -H 'Content-Type: application/json'
	is "$server: an error of the program" "$status $(error_code)" '400 MANIFEST_INVALID'
}

# A connection whose client sends most of a body, and then waits for a line on descriptor 5.
half_a_body() {
	exec 3<>"/dev/tcp/${registry%:*}/${registry#*:}"
	printf 'PATCH %s HTTP/1.1\r\nHost: %s\r\n%s\r\nContent-Length: 3000000\r\n\r\n' "$session" "$registry" \
		"$(sed 's/^header = "\(.*\)"$/\1/' "$work/.curlrc")" >&3
	head -c 2000000 "$work/blob" >&3
}

# Sends what is missing. A session that is still being written to refuses it.
resume() {
	local offset
	http GET "$session"
	[ "$status" = 204 ] || return 1
	offset=$(field range)
	offset=${offset#*-}
	[ "$offset" = 0 ] || offset=$((offset + 1))
	tail -c +"$((offset + 1))" "$work/blob" >"$work/rest"
	http PATCH "$session" -T "$work/rest" -H "Content-Range: $offset-2999999"
	[ "$status" = 202 ]
}

check_clients() {
	open_session it/app
	half_a_body
	http GET /v2/it/app/manifests/one
	is "$server: a pull beside a slow upload" "$status" 200
	push_blob it/app "$work/layer"
	is "$server: a push beside a slow upload" "$status" 201
	tail -c 1000000 "$work/blob" >&3
	read -r -t 30 _ status _ <&3 || true
	exec 3>&-
	is "$server: the slow upload" "$status" 202
	http PUT "$session?digest=$digest"
	is "$server: its end" "$status" 201

	open_session it/app
	half_a_body
	exec 3>&-
	check "$server: an upload goes on after its client has vanished" wait_until resume
	http PUT "$session?digest=$digest"
	is "$server: and ends well" "$status" 201
}

load() {
	while [ ! -e "$work/stop" ]; do
		curl -s -o "$work/load.$1" --max-time 30 "$base/v2/it/app/manifests/one" || true
	done
}

check_kills() {
	local pid loads=() n
	for n in 1 2 3; do
		load "$n" &
		loads+=($!)
	done
	for pid in $(workers_of manifests); do
		kill -9 "$pid" || true
		wait_until has_ended "$pid"
		http GET /v2/it/app/manifests/one
		is "$server: the request after the end of a worker" "$status" 200
	done
	: >"$work/stop"
	wait "${loads[@]}"
	rm "$work/stop"
}

may_administer() {
	"${ask[@]}" "$base/v2/_lighter/recount/it" | grep -q result
}

has_ended_early() {
	grep -qh 'event=served .* route=/v2/_lighter/scrub' "$store"/run/log/*
}

check_job() {
	local client ask=(curl -q -sN --max-time 60 -u "$credentials" -X POST -H 'Content-Length: 0')
	printf 'it ** admin\n' >"$work/rules"
	cat "$work/rules" >"$store/auth/access"
	check "$server: a job" wait_until may_administer
	: >"$work/job"
	"${ask[@]}" "$base/v2/_lighter/scrub?bandwidth=1000" >"$work/job" &
	client=$!
	check "$server: what a job tells arrives while it goes on" wait_until grep -q progress "$work/job"
	kill "$client"
	wait "$client" 2>/dev/null || true
	check "$server: it ends when its client goes away" wait_until has_ended_early
}

with_skopeo() {
	timeout 60 skopeo --policy "$work/policy.json" copy -q --src-tls-verify=false --dest-tls-verify=false \
		"$@"
}

check_skopeo() {
	if ! command -v skopeo >/dev/null || ! command -v umoci >/dev/null; then
		skip "$server: skopeo and umoci are not installed"
		return 0
	fi
	export CONTAINERS_REGISTRIES_CONF=$work/registries.conf
	: >"$work/registries.conf"
	printf '{"default":[{"type":"insecureAcceptAnything"}]}\n' >"$work/policy.json"
	if [ ! -d "$work/layout" ]; then
		mkdir -p "$work/files"
		random "$work/files/data" 2000000
		umoci init --layout "$work/layout"
		umoci new --image "$work/layout:1"
		umoci insert --rootless --image "$work/layout:1" "$work/files" /files >"$work/umoci.out" 2>&1
	fi
	check "$server: skopeo push" with_skopeo --dest-creds "$credentials" "oci:$work/layout:1" \
		"docker://$registry/it/skopeo:1"
	check "$server: skopeo pull" with_skopeo --src-creds "$credentials" \
		"docker://$registry/it/skopeo:1" "oci:$work/pulled-$server:1"
	is "$server: skopeo: the digest" "$(jq -r '.manifests[0].digest' "$work/pulled-$server/index.json")" \
		"$(jq -r '.manifests[0].digest' "$work/layout/index.json")"
}

# A program that is not there, or ends at once: the web server answers, in JSON.
check_outage() {
	local pools=$store/run/etc/pools as=() workers
	[ "$(id -u)" != 0 ] || as=(setpriv --reuid "$(stat -c %u "$store")" --regid "$(stat -c %g "$store")" \
		--clear-groups --)
	workers=$(workers_of tags)
	mv "$store/run/bin/tags" "$work/tags"
	printf '#!/bin/sh\nexit 1\n' >"$store/run/bin/tags"
	chmod 755 "$store/run/bin/tags"
	if [ -e "$pools" ]; then
		(cd / && "${as[@]}" bash "$pools" stop --only tags --run "$store/run") >"$work/pools.out"
	else
		[ -z "$workers" ] || kill -9 "$workers"
	fi
	out() {
		http GET /v2/it/app/tags/list
		[[ "$status $(error_code)" = 50[0234]\ UNKNOWN ]]
	}
	check "$server: a program that is no more" wait_until out
	is "$server: what is said then" "$(field content-type)" application/json
	rm "$store/run/bin/tags"
	mv "$work/tags" "$store/run/bin/tags"
	[ ! -e "$pools" ] || (cd / && "${as[@]}" bash "$pools" start --only tags --run "$store/run" \
		--bin "$store/run/bin" --conf "$store/run/etc/lighter.conf") >"$work/pools.out"
	back() {
		http GET /v2/it/app/tags/list
		[ "$status" = 200 ]
	}
	check "$server: and when it is there again" wait_until back
}

# A body over a limit of the web server's own, where it has one, and a program that is silent
# for too long. Neither is set in conf/, so that it is put there and read again.
check_limits() {
	local etc=$store/run/etc
	case $server in
	nginx)
		sed -i 's/client_max_body_size 0/client_max_body_size 1m/; s/read_timeout 600s/read_timeout 1s/' \
			"$etc/nginx.conf"
		kill -HUP "$(server_pid)"
		check_large_body
		check_silence
		;;
	apache)
		sed -i 's/ProxyTimeout 600/ProxyTimeout 1/' "$etc/apache-fcgi.conf"
		kill -USR1 "$(server_pid)"
		check_silence
		;;
	apache-cgi)
		sed -i 's/LimitRequestBody 0/LimitRequestBody 1048576/' "$store/run/www/.htaccess"
		check_large_body
		;;
	esac
}

check_large_body() {
	refused() {
		http POST "/v2/it/app/blobs/uploads/?digest=$digest" --data-binary "@$work/blob"
		[ "$status" = 413 ]
	}
	check "$server: a body over the limit" wait_until refused
	is "$server: what is said then" "$(field content-type) $(error_code)" 'application/json SIZE_INVALID'
}

check_silence() {
	workers_of tags | xargs kill -STOP
	silent() {
		http GET /v2/it/app/tags/list
		[ "$status" = 504 ]
	}
	check "$server: a program that is silent" wait_until silent
	is "$server: what is said of it" "$(field content-type) $(error_code)" 'application/json UNKNOWN'
	workers_of tags | xargs kill -CONT
	http GET /v2/it/app/tags/list
	is "$server: and when it speaks again" "$status" 200
}

installed() {
	case $1 in
	apache*) command -v apache2 ;;
	nginx) command -v nginx ;;
	*) command -v lighttpd ;;
	esac >/dev/null
}

through() {
	server=$1
	if ! installed "$server"; then
		skip "$server is not installed"
		finish
	fi
	start_registry --set auth=on --set log-level=info
	export CURL_HOME=$work
	http GET /v2/
	is "$server: without a login" "$status $(error_code)" '401 UNAUTHORIZED'
	log_in
	check_pull
	check_ollama
	check_push
	check_clients
	check_kills
	check_skopeo
	check_job
	check_routes
	check_outage
	check_limits
	stop_registry
	is "$server: nothing temporary is left" "$(find "$store/tmp" "$store/run/spool" -mindepth 1 | wc -l)" 0
	is "$server: no process is left" "$(workers_of)" ''
	finish
}
