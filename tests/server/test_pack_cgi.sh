#!/bin/bash
# scripts/pack-cgi: its archive, unpacked into a document root of an Apache that somebody else
# has set up, is a registry: no shell, no absolute path, nothing else.
. "$(dirname "$0")/lib.sh"

PATH=$PATH:/usr/sbin:/sbin
password=a-password-of-the-archive
apache_pid=''
# $apache_pid may be a shell that waits for the process of the pid file.
end_apache() {
	[ -n "$apache_pid" ] || return 0
	[ ! -s "$work/apache/pid" ] || kill -TERM "$(cat "$work/apache/pid")" 2>/dev/null || true
	wait_until has_ended "$apache_pid" || true
	apache_pid=''
}
end_all() {
	local status=$?
	trap - EXIT
	end_apache
	(exit "$status") || true
	clean_up
}
trap end_all EXIT

# As the user whose web space it is, beside root.
as_user() {
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid nobody --regid nogroup --clear-groups -- "$@"
	else
		"$@"
	fi
}

# An Apache as hosters have it: nothing of ours is in its configuration.
start_apache() {
	local tries=5 port modules=/usr/lib/apache2/modules
	while [ "$tries" -gt 0 ]; do
		port=$(free_port)
		cat >"$work/apache/apache.conf" <<TXT
ServerName hoster.example
Listen 127.0.0.1:$port
PidFile $work/apache/pid
DefaultRuntimeDir $work/apache
Mutex file:$work/apache default
ErrorLog $work/apache/log
ScriptSock $work/apache/cgid.sock
LoadModule mpm_event_module $modules/mod_mpm_event.so
LoadModule authz_core_module $modules/mod_authz_core.so
LoadModule alias_module $modules/mod_alias.so
LoadModule env_module $modules/mod_env.so
LoadModule mime_module $modules/mod_mime.so
LoadModule rewrite_module $modules/mod_rewrite.so
LoadModule headers_module $modules/mod_headers.so
LoadModule dir_module $modules/mod_dir.so
LoadModule cgid_module $modules/mod_cgid.so
TypesConfig /etc/mime.types
DocumentRoot $work/web space
<Directory $work>
	AllowOverride All
	Require all granted
</Directory>
TXT
		sed -i 's/^DocumentRoot \(.*\)/DocumentRoot "\1"/' "$work/apache/apache.conf"
		as_user apache2 -D FOREGROUND -f "$work/apache/apache.conf" 2>"$work/apache/out" &
		apache_pid=$!
		registry=127.0.0.1:$port
		base=http://$registry
		if wait_until answers_or_ended && ! has_ended "$apache_pid"; then
			return 0
		fi
		tries=$((tries - 1))
	done
	cat "$work/apache/out" "$work/apache/log"
	return 1
}

answers_or_ended() {
	has_ended "$apache_pid" || curl -s -o "$work/null" "$base/v2/"
}

# ---- the archive ----------------------------------------------------------------------
check "an archive" scripts/pack-cgi --bin "$programs" --output "$work/lighter.tar.gz" \
	--user "it:$password" --set log-level=info
tar -tzf "$work/lighter.tar.gz" >"$work/list"
for program in "$programs"/*; do
	check "program ${program##*/}" grep -qxF "./lighter/${program##*/}.cgi" "$work/list"
done
is "nothing but a directory and .htaccess" "$(grep -v '^./lighter/' "$work/list" | sort | tr '\n' ' ')" './ ./.htaccess '
is "no password in it" "$(tar -xzOf "$work/lighter.tar.gz" | grep -acF "$password" || true)" 0
exit_status=0
scripts/pack-cgi --bin "$programs" --output "$work/x.tar.gz" --set colour=blue >"$work/out" 2>&1 || exit_status=$?
is "an unknown setting" "$exit_status $(cat "$work/out")" '2 *no such setting: colour*'
exit_status=0
scripts/pack-cgi --bin "$programs" --output "$work/x.tar.gz" --set page-limit=0 >"$work/out" 2>&1 || exit_status=$?
is "a bad value" "$exit_status $(cat "$work/out")" '1 *page-limit*'
if command -v zip >/dev/null && command -v unzip >/dev/null; then
	check "a zip" scripts/pack-cgi --bin "$programs" --output "$work/lighter.zip"
	check "programs of a zip are executable" unzip -qq -d "$work/zip" "$work/lighter.zip"
	is "all of them" "$(find "$work/zip" -name '*.cgi' ! -perm 755)" ''
else
	skip "a zip: zip or unzip is not installed"
fi

# ---- in a web space -------------------------------------------------------------------
if ! command -v apache2 >/dev/null; then
	skip "in a web space: Apache is not installed"
	finish
fi
mkdir "$work/web space" "$work/apache"
[ "$(id -u)" != 0 ] || chown nobody:nogroup "$work/web space" "$work/apache"
as_user tar -C "$work/web space" -xzf - <"$work/lighter.tar.gz"
start_apache
http GET /v2/
is "people have to log in" "$status $(error_code)" '401 UNAUTHORIZED'
http GET '/v2/token?service=lighter&scope=repository:it/app:*' -u "it:$password"
is "a token" "$status" 200
printf 'header = "Authorization: Bearer %s"\n' "$(jq -r .token "$work/body")" >"$work/.curlrc"
export CURL_HOME=$work
make_image it/app one
is "push" "$status" 201
http GET /v2/it/app/manifests/one
check "pull: the manifest" cmp "$work/manifest.json" "$work/body"
http GET "/v2/it/app/blobs/$(digest_of "$work/layer")"
check "pull: the layer" cmp "$work/layer" "$work/body"
check "the store is in the web space" test -d "$work/web space/lighter/data/store/repos/it/app"
for path in lighter.conf passwords base.cgi README.txt data/store/repos data/.htaccess \
	"data/store/blobs/sha256/$(sha256sum "$work/layer" | cut -c 1-2)/$(sha256sum "$work/layer" | cut -d' ' -f1)"; do
	http GET "/lighter/$path"
	is "not for browsers: $path" "$status" 403
done
scripts/doctor --user "it:$password" "$base" >"$work/report" || true
is "what is wrong with it" "$(grep '^problem' "$work/report" || true)" ''

# ---- collection without cron ----------------------------------------------------------
# Part of what the request does, once it is answered.
orphan="$work/web space/lighter/data/store/repos/it/app/@blobs/sha256"
random "$work/orphan" 1000
push_blob it/app "$work/orphan"
is "a blob that nothing refers to" "$status" 201
orphan+=/$(sha256sum "$work/orphan" | cut -d' ' -f1)
check "is there" test -e "$orphan"
request() {
	(
		cd "$work/web space/lighter"
		as_user env -i REQUEST_METHOD=GET REQUEST_URI=/v2/_lighter/health GATEWAY_INTERFACE=CGI/1.1 \
			SCRIPT_FILENAME="$PWD/base.cgi" ./base.cgi 2>>"$work/log"
	)
}
sed -i 's/^gc-probability = .*/gc-probability = 1000/' "$work/web space/lighter/lighter.conf"
request >"$work/out"
is "a request that collects" "$(head -n 1 "$work/out" | tr -d '\r')" 'Status: 200 OK'
check "what is younger than gc-grace stays" test -e "$orphan"
sed -i 's/^#gc-grace = .*/gc-grace = 0/; s/^gc-probability = .*/gc-probability = 0/' "$work/web space/lighter/lighter.conf"
request >"$work/out"
check "without gc-probability nothing goes" test -e "$orphan"
sed -i 's/^gc-probability = .*/gc-probability = 1000/' "$work/web space/lighter/lighter.conf"
request >"$work/out"
check "what nothing refers to goes" test ! -e "$orphan"
http GET "/v2/it/app/blobs/$(digest_of "$work/layer")"
check "what is referred to stays" cmp "$work/layer" "$work/body"
end_apache
is "nothing is left running" "$(pgrep -f "$work/apache/apache.conf" || true)" ''
finish
