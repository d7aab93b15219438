# Rows of the web servers: each with the programs, with the program that says ok in their place,
# and with a static file. Sourced by scripts/bench.
# shellcheck shell=bash disable=SC2154,SC2034,SC2015

web_servers=(lighttpd nginx apache apache-fcgid lighttpd-cgi apache-cgi)

# front_start NAME SERVER BIN: scripts/run with this web server; sets NAME_url, NAME_pid, NAME_root.
front_start() {
	free_port
	start "$1" "$top/scripts/run" --server "$2" --bin "$3" --listen "127.0.0.1:$port" \
		--root "$work/$1" --foreground
	wait_http "http://127.0.0.1:$port/v2/" "$last_pid" "$1"
	wait_line "$1" "listening on"
	printf -v "${1}_pid" %s "$last_pid"
	printf -v "${1}_url" %s "http://127.0.0.1:$port"
	printf -v "${1}_root" %s "$work/$1"
}

# wait_line LOG WORDS: until they stand in a log of ours.
wait_line() {
	local i
	for ((i = 0; i < 300; i++)); do
		! grep -q "$2" "$work/$1.log" || return 0
		sleep 0.1
	done
	fail "$1 did not start: $(tail -n 5 "$work/$1.log")"
}

# The program that says ok under the name of each of ours.
ok_programs() {
	local p
	mkdir -p "$work/okbin"
	for p in "$programs"/*; do
		cp "$bin/ok_fcgi" "$work/okbin/${p##*/}"
	done
}

# A file behind nginx and behind Apache, as static_start has it behind lighttpd.
static_nginx_start() {
	free_port
	mkdir -p "$work/static-nginx"
	cat >"$work/static-nginx.conf" <<-CONF
		worker_processes auto;
		pid $work/static-nginx/pid;
		error_log $work/static-nginx/log;
		events { worker_connections 1024; }
		http {
			access_log off;
			sendfile on;
			tcp_nopush on;
			client_body_temp_path $work/static-nginx;
			fastcgi_temp_path $work/static-nginx;
			proxy_temp_path $work/static-nginx;
			uwsgi_temp_path $work/static-nginx;
			scgi_temp_path $work/static-nginx;
			server { listen 127.0.0.1:$port; root $work/static; }
		}
	CONF
	start static-nginx nginx -e "$work/static-nginx/log" -c "$work/static-nginx.conf" -g 'daemon off;'
	static_nginx_url=http://127.0.0.1:$port
	wait_http "$static_nginx_url/" "$last_pid" static-nginx
}

static_apache_start() {
	free_port
	mkdir -p "$work/static-apache/log" "$work/static-apache/spool" "$work/static-apache/errors"
	cat >"$work/static-apache.conf" <<-CONF
		Include $top/conf/apache.conf
		User www-data
		Group www-data
		DocumentRoot $work/static
		<Directory $work/static>
			Require all granted
		</Directory>
	CONF
	start static-apache env LIGHTER_ROOT="$work/static" LIGHTER_RUN="$work/static-apache" \
		LIGHTER_ETC="$top/conf" LIGHTER_ADDR=127.0.0.1 LIGHTER_PORT="$port" \
		LIGHTER_MODULES=/usr/lib/apache2/modules apache2 -D FOREGROUND -f "$work/static-apache.conf"
	static_apache_url=http://127.0.0.1:$port
	wait_http "$static_apache_url/" "$last_pid" static-apache
}

# front_memory ROOT: MiB of the web server and of the programs of a root, with what keeps them.
front_memory() {
	local exe dir front=() workers=()
	for dir in /proc/[0-9]*; do
		exe=$(readlink "$dir/exe") || continue
		case $exe in
		"$1/run/bin/"*) workers+=("${dir##*/}") ;;
		*/lighttpd | */nginx | */apache2)
			[ -z "$(find "$dir/fd" -lname "$1/run/log/*" 2>/dev/null)" ] || front+=("${dir##*/}")
			;;
		*)
			! grep -qz "^LIGHTER_POOL=$1/run/" "$dir/environ" 2>/dev/null || workers+=("${dir##*/}")
			;;
		esac
	done 2>/dev/null
	echo "$(mib "$(pss "${front[*]-}")") $(mib "$(pss "${workers[*]-}")")"
}

servers_memory() {
	local name root front workers path url
	want server-memory || return 0
	row server-memory "MiB PSS" "each web server, idle after one request to each program: itself, and the programs"
	for name in "${web_servers[@]}"; do
		root=front_${name//-/_}_root url=front_${name//-/_}_url
		for path in /v2/ /v2/_catalog /v2/a/tags/list /v2/a/manifests/b /api/tags \
			"/v2/a/blobs/sha256:$(printf %064d 0)" "/v2/a/referrers/sha256:$(printf %064d 0)" \
			/v2/a/blobs/uploads/0; do
			curl -s -o "$work/answer" "${!url}$path"
		done
		sleep 0.5
		read -r front workers <<<"$(front_memory "${!root}")"
		sample server-memory 1 "$name" "$front"
		sample server-memory 1 "$name-programs" "$workers"
	done
}

servers_head() {
	local r name url
	want server-head server-one || return 0
	! want server-head || row server-head "requests/s" "HEAD of a manifest by tag, $clients clients, through each web server"
	! want server-one || row server-one ms "the same, one client: time to the answer (of plain CGI with a start of the program)"
	note "servers: a round before the first is not counted; mod_fcgid starts its processes in it"
	for ((r = 0; r <= rounds; r++)); do
		for name in "${web_servers[@]}"; do
			progress "round $r of $rounds: HEAD through $name"
			for url in "front_${name//-/_}_url $name" "okay_${name//-/_}_url $name-ok"; do
				name=${url#* } url=${url% *}
				! want server-head || sample_after server-head "$r" "$name" "$(rate HEAD "${!url}/v2/bench/app/manifests/v1")"
				! want server-one || sample_after server-one "$r" "$name" \
					"$("$bin/load" --method HEAD --connections 1 --seconds "$page_seconds" --header "$accept_oci" \
						"${!url}/v2/bench/app/manifests/v1" | json p50_ms)"
			done
		done
	done
}

servers_blob() {
	local r name url root hex kind digest
	want server-blob || return 0
	row server-blob MiB/s "GET of a blob of $((big / 1048576)) MiB through each web server, one client"
	static_nginx_start
	static_apache_start
	for ((r = 0; r <= rounds; r++)); do
		for name in "${web_servers[@]}"; do
			progress "round $r of $rounds: a blob through $name"
			url=front_${name//-/_}_url root=front_${name//-/_}_root
			if [ "$r" = 0 ]; then
				digest=$("$bin/pusher" put --size "$big" "${!url}/v2/bench/big" | json digest)
				printf -v "digest_${name//-/_}" %s "$digest"
				hex=${digest#sha256:}
				ln -f "${!root}/blobs/sha256/${hex:0:2}/$hex" "$work/static/blob"
				chmod a+r "$work/static/blob"
				settle
			fi
			digest=digest_${name//-/_}
			sample_after server-blob "$r" "$name" "$(pull_rate 1 2 "${!url}/v2/bench/big/blobs/${!digest}")"
		done
		for kind in lighttpd nginx apache; do
			url=static_${kind}_url
			[ "$kind" != lighttpd ] || url=static_url
			sample_after server-blob "$r" "$kind-static" "$(pull_rate 1 2 "${!url}/blob")"
		done
	done
	rm -f "$work/static/blob"
}

# The first round reads from disk.
sample_after() {
	[ "$2" = 0 ] || sample "$@"
}

group_servers() {
	local name
	want server-memory server-head server-one server-blob || return 0
	"$top/scripts/deps" nginx apache || fail "not all web servers are installed"
	PATH=$PATH:/usr/sbin
	ok_programs
	for name in "${web_servers[@]}"; do
		progress "starting $name"
		front_start "front_${name//-/_}" "$name" "$programs"
		front_start "okay_${name//-/_}" "$name" "$work/okbin"
		name=front_${name//-/_}_url
		push_small_image "${!name}"
	done
	servers_memory
	servers_head
	servers_blob
}
