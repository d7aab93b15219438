#!/bin/bash
# scripts/doctor finds nothing wrong with what conf/ has for lighttpd, nginx and Apache, and
# names every fault that is built into it. Registries and doctors run side by side.
# What begins with $ is a variable of nginx.
# shellcheck disable=SC2016
. "$(dirname "$0")/lib.sh"

PATH=$PATH:/usr/sbin:/sbin
at=()

# broken NAME SERVER: a copy of what scripts/run needs, to be spoiled; sets $copy.
broken() {
	copy=$work/$1
	at+=("$1")
	mkdir "$copy"
	cp -r scripts conf "$copy"
	echo "$2" >"$copy/server"
}

# spoil FILE SCRIPT-OF-SED: it must change something.
spoil() {
	cp "$copy/conf/$1" "$copy/before"
	sed -i "$2" "$copy/conf/$1"
	if cmp -s "$copy/conf/$1" "$copy/before"; then
		fail "$1: \"$2\" changes nothing"
	fi
}

# examine NAME OPTION-OF-DOCTOR... -- OPTION-OF-RUN...: $work/NAME/report and $work/NAME/status.
examine() {
	local copy=$work/$1 options=() tries=5 port server password status=0
	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	server=$(cat "$copy/server")
	while :; do
		port=$(free_port)
		"$copy/scripts/run" --server "$server" --bin "$programs" --root "$copy/store" \
			--listen "127.0.0.1:$port" "$@" >"$copy/run.out" 2>&1 && break
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || return 1
	done
	echo "$port" >"$copy/port"
	if [ "${options[*]}" = login ]; then
		password='a "b\c'
		scripts/user --root "$copy/store" add it <<<"$password" >"$copy/user.out"
		wait_for_user it "$password" "http://127.0.0.1:$port"
		options=(--user it)
		exec <<<"$password"
	fi
	scripts/doctor "${options[@]}" "http://127.0.0.1:$port" >"$copy/report" 2>&1 || status=$?
	echo "$status" >"$copy/status"
}

end_all() {
	local status=$? name
	for name in ${at[@]+"${at[@]}"}; do
		"$work/$name/scripts/run" --stop --root "$work/$name/store" >/dev/null 2>&1 || true
	done
	(exit "$status") || true
	clean_up
}
trap end_all EXIT

# names NAME WHAT CURE: a line of the report, and the one that follows it.
names() {
	is "$1: $2" "$(grep -A 1 -E "^(problem|note) .*$2" "$work/$1/report" | sed -n 2p)" "*to mend it: *$3*"
}

has() {
	command -v "$1" >/dev/null || {
		skip "$1 is not installed"
		return 1
	}
}

broken lighttpd lighttpd
spoil lighttpd-server.conf 's/^server.max-request-size = 0/server.max-request-size = 4096/
	s/^server.max-request-field-size = .*/server.max-request-field-size = 8192/
	s/^server.stream-request-body = 0/server.stream-request-body = 1/
	/^server.errorfile-prefix/d
	s/\("url-path-2f-reject" *=> \)"disable"/\1"enable"/
	s/\("url-path-2f-decode" *=> \)"enable"/\1"disable"/'
spoil lighttpd.conf 's/"x-sendfile"  *=> "enable"/"x-sendfile" => "disable"/'
examine lighttpd -- &

broken login lighttpd
spoil lighttpd-server.conf 's/{7,}/{17,}/'
examine login login -- --set auth=on --set public-url=http://elsewhere.invalid:81 &

broken good lighttpd
examine good login -- --set auth=on &

if has nginx; then
	broken nginx nginx
	spoil nginx.conf 's/client_max_body_size 0/client_max_body_size 4m/
		/large_client_header_buffers/d
		/fastcgi_request_buffering off/d
		/error_page/d
		/add_header Docker-Content-Digest/d
		s/server_tokens off;/gzip on; gzip_min_length 1; gzip_types *; gzip_proxied any;/
		s/fastcgi_param REQUEST_URI .*/fastcgi_param REQUEST_URI $uri$is_args$args;/'
	examine nginx -- &
	broken nobody nginx
	spoil nginx.conf 's/fastcgi_param HTTP_PROXY "";/fastcgi_param HTTP_AUTHORIZATION "";/'
	examine nobody -- --set auth=on &
fi
if has apache2; then
	broken apache apache
	spoil apache.conf 's/^LimitRequestBody 0/LimitRequestBody 4000000/
		/ap_trust_cgilike_cl/d
		s/^AllowEncodedSlashes NoDecode/AllowEncodedSlashes Off/'
	examine apache -- &
fi
wait

is "lighttpd: status" "$(cat "$work/lighttpd/status")" 1
names lighttpd 'a body of 1 TiB, announced: 413' 'server.max-request-size = 0'
names lighttpd 'a body of 8MiB: 413' 'server.max-request-size = 0'
is "lighttpd: what is below the limit" "$(grep -c '^ok .*a body of 1MiB' "$work/lighttpd/report")" 1
names lighttpd 'a field of 16 kB' 'server.max-request-field-size = 65535'
names lighttpd 'chunked' 'server.stream-request-body = 0, and 1 only where there is a length'
names lighttpd 'an error of the web server itself is not JSON' 'server.errorfile-prefix'
names lighttpd 'an encoded slash does not get' 'url-path-2f-reject'
names lighttpd 'a blob does not come back as it was pushed: 200, 0 of 20000' '"x-sendfile" => "enable"'

is "login: status" "$(cat "$work/login/status")" 1
names login 'the address of the token endpoint is http://elsewhere.invalid:81' 'public-url = http://127.0.0.1'
names login 'the token endpoint http://elsewhere.invalid:81/v2/token: no answer' 'public-url = http://127.0.0.1'
is "login: it gets a token all the same" "$(grep -c '^ok .*it gets a token' "$work/login/report")" 1
names login 'only when it is complete' 'server.stream-request-body = 1'

is "good: status" "$(cat "$work/good/status")" 0
is "good: nothing found" "$(grep -Ev '^ok ' "$work/good/report")" ''
is "good: enough was looked at" "$(grep -c '^ok ' "$work/good/report")" '2[0-9]'
is "good: the repository is empty again" \
	"$(find "$work/good/store/repos/it" '(' -name 'sha256:*' -o -path '*/@manifests/*/*' -o -path '*/@blobs/*/*' -o -path '*/@tags/*' ')' 2>/dev/null)" ''
is "good: no session is left" "$(find "$work/good/store/uploads" -mindepth 1)" ''

if [ -e "$work/nginx/status" ]; then
	is "nginx: status" "$(cat "$work/nginx/status")" 1
	names nginx 'a body of 8MiB: 413' 'client_max_body_size 0;'
	names nginx 'a field of 16 kB' 'large_client_header_buffers 8 64k;'
	names nginx 'only when it is complete' 'fastcgi_request_buffering off;'
	names nginx 'an error of the web server itself is not JSON' 'error_page'
	names nginx 'an encoded slash is decoded on the way' 'REQUEST_URI $request_uri;'
	names nginx 'without its Docker-Content-Digest' 'add_header Docker-Content-Digest'
	names nginx 'answers are compressed' 'gzip off;'
	is "nobody: status" "$(cat "$work/nobody/status")" 1
	names nobody 'Authorization does not get' 'HTTP_AUTHORIZATION'
	is "nobody: without a user nothing is pushed" "$(grep -c '^skipped .*--user' "$work/nobody/report")" 1
fi
if [ -e "$work/apache/status" ]; then
	is "apache: status" "$(cat "$work/apache/status")" 1
	names apache 'HEAD: blobs: 200, Content-Length ""' 'SetEnv ap_trust_cgilike_cl 1'
	names apache 'an encoded slash does not get' 'AllowEncodedSlashes NoDecode'
fi

# ---- a proxy in front, as nginx is when nothing is said -------------------------------
if has nginx; then
	at_proxy=$(free_port)
	mkdir "$work/proxy"
	cat >"$work/proxy/nginx.conf" <<TXT
daemon off;
master_process off;
pid $work/proxy/pid;
error_log $work/proxy/log;
events { }
http {
	access_log off;
	client_body_temp_path $work/proxy/body;
	proxy_temp_path $work/proxy/proxy;
	fastcgi_temp_path $work/proxy/fastcgi;
	uwsgi_temp_path $work/proxy/uwsgi;
	scgi_temp_path $work/proxy/scgi;
	server {
		listen 127.0.0.1:$at_proxy;
		location / { proxy_pass http://127.0.0.1:$(cat "$work/good/port"); }
	}
}
TXT
	nginx -e "$work/proxy/log" -c "$work/proxy/nginx.conf" &
	proxy=$!
	wait_until curl -s -o "$work/out" "http://127.0.0.1:$at_proxy/v2/"
	scripts/doctor --user 'it:a "b\c' "http://127.0.0.1:$at_proxy" >"$work/proxy/report" || true
	kill "$proxy"
	wait "$proxy" || true
	names proxy "the address of the token endpoint is http://127.0.0.1:$(cat "$work/good/port")" \
		'proxy_set_header Host $http_host'
	names proxy 'a body of 8MiB: 413' 'client_max_body_size 0;'
	names proxy 'only when it is complete' 'proxy_request_buffering off;'
fi

# ---- nobody there, and bad usage ------------------------------------------------------
exit_status=0
scripts/doctor "http://127.0.0.1:$(free_port)" >"$work/out" || exit_status=$?
is "nobody listens" "$exit_status $(head -n 1 "$work/out")" '1 problem *no answer*'
for bad in '' 'ftp://127.0.0.1' 'http://127.0.0.1/registry' '--nonsense' '--user' '--body lots http://a' \
	'--server iis http://a'; do
	exit_status=0
	# shellcheck disable=SC2086
	scripts/doctor $bad >"$work/out" 2>&1 || exit_status=$?
	is "bad usage: $bad" "$exit_status" 2
done
finish
