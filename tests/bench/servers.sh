# The servers of the benchmark: ours, the peer, the limits. Sourced by scripts/bench.
# shellcheck shell=bash disable=SC2154,SC2034,SC2015

# ours_start NAME [--set X=Y]...: sets NAME_url, NAME_pid, NAME_root.
ours_start() {
	local name=$1
	shift
	free_port
	start "$name" "$top/scripts/run" --bin "$programs" --listen "127.0.0.1:$port" \
		--root "$work/$name" --foreground "$@"
	wait_http "http://127.0.0.1:$port/v2/" "$last_pid" "$name"
	printf -v "${name}_pid" %s "$last_pid"
	printf -v "${name}_url" %s "http://127.0.0.1:$port"
	printf -v "${name}_root" %s "$work/$name"
}

# Debian's docker-registry with its file system driver. Its log is off, its cache of descriptors
# on, as its package has it: what it can do at its best.
peer_start() {
	free_port
	peer_root=$work/peer
	mkdir -p "$peer_root"
	cat >"$work/peer.yml" <<-YAML
		version: 0.1
		log:
		  level: error
		  accesslog:
		    disabled: true
		storage:
		  cache:
		    blobdescriptor: inmemory
		  filesystem:
		    rootdirectory: $peer_root
		  delete:
		    enabled: true
		  maintenance:
		    uploadpurging:
		      enabled: false
		http:
		  addr: 127.0.0.1:$port
	YAML
	start peer "$peer_bin" serve "$work/peer.yml"
	peer_pid=$last_pid
	peer_url=http://127.0.0.1:$port
	wait_http "$peer_url/v2/" "$peer_pid" peer
}

# The registry's own lighttpd configuration, every pool of it running the program that says ok:
# the same matching of paths, the same number of processes.
ok_start() {
	local p
	free_port
	mkdir -p "$work/ok/bin" "$work/ok/spool" "$work/ok/log"
	for p in "$programs"/*; do
		ln -s "$bin/ok_fcgi" "$work/ok/bin/${p##*/}"
	done
	start ok env LIGHTER_ROOT="$work/ok" LIGHTER_RUN="$work/ok" LIGHTER_BIN="$work/ok/bin" \
		LIGHTER_ETC="$top/conf" LIGHTER_ADDR=127.0.0.1 LIGHTER_PORT="$port" LIGHTER_USER= \
		"$lighttpd" -D -f "$top/conf/lighttpd.conf"
	ok_pid=$last_pid
	ok_url=http://127.0.0.1:$port
	wait_http "$ok_url/v2/" "$ok_pid" ok
}

static_start() {
	free_port
	mkdir -p "$work/static"
	cat >"$work/static.conf" <<-CONF
		server.document-root = "$work/static"
		server.bind = "127.0.0.1"
		server.port = $port
		server.max-keep-alive-requests = 100000
		server.max-fds = 4096
		mimetype.assign = ( "" => "application/octet-stream" )
	CONF
	start static "$lighttpd" -D -f "$work/static.conf"
	static_pid=$last_pid
	static_url=http://127.0.0.1:$port
	wait_http "$static_url/" "$static_pid" static
}

# ---- what they hold ----------------------------------------------------------------------

# push_small_image URL: an image as a real one looks, bench/app:v1. Sets manifest and blob to its
# digests; they are the same on every side.
push_small_image() {
	local url=$1 dir=$work/image i
	mkdir -p "$dir"
	if [ ! -e "$dir/manifest" ]; then
		head -c 2048 /dev/urandom >"$dir/0"
		for i in 1 2 3 4; do
			head -c 20000 /dev/urandom >"$dir/$i"
		done
		{
			printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":'
			descriptor config.v1+json "$dir/0"
			printf ',"layers":['
			for i in 1 2 3 4; do
				descriptor layer.v1.tar+gzip "$dir/$i"
				[ "$i" -eq 4 ] || printf ,
			done
			printf ']}'
		} >"$dir/manifest"
	fi
	for i in 0 1 2 3 4; do
		put_blob "$url/v2/bench/app" "$dir/$i"
	done
	put_manifest "$url/v2/bench/app" v1 "$dir/manifest"
	manifest=sha256:$(sha256sum <"$dir/manifest" | cut -c1-64)
	blob=sha256:$(sha256sum <"$dir/1" | cut -c1-64)
	blob_file=$dir/1
	manifest_file=$dir/manifest
}

descriptor() {
	printf '{"mediaType":"application/vnd.oci.image.%s","digest":"sha256:%s","size":%d}' "$1" \
		"$(sha256sum <"$2" | cut -c1-64)" "$(stat -c %s "$2")"
}

# What curl is told about a login: nothing, unless a row sets it.
curl_login=()

# put_blob REPOSITORY-URL FILE
put_blob() {
	local base=${1%%/v2/*} where sep code
	where=$(curl -s "${curl_login[@]}" -o "$work/answer" -D - -X POST -H 'Content-Length: 0' "$1/blobs/uploads/" |
		tr -d '\r' | sed -n 's/^[Ll]ocation: *//p')
	[ -n "$where" ] || fail "no upload at $1: $(cat "$work/answer")"
	case $where in http*) ;; *) where=$base$where ;; esac
	case $where in *\?*) sep='&' ;; *) sep='?' ;; esac
	code=$(curl -s "${curl_login[@]}" -o "$work/answer" -w '%{http_code}' -T "$2" \
		-H 'Content-Type: application/octet-stream' \
		"$where${sep}digest=sha256:$(sha256sum <"$2" | cut -c1-64)")
	[ "$code" = 201 ] || fail "a blob was answered $code at $1: $(cat "$work/answer")"
}

# put_manifest REPOSITORY-URL TAG FILE
put_manifest() {
	local code
	code=$(curl -s "${curl_login[@]}" -o "$work/answer" -w '%{http_code}' -T "$3" \
		-H 'Content-Type: application/vnd.oci.image.manifest.v1+json' "$1/manifests/$2")
	[ "$code" = 201 ] || fail "a manifest was answered $code at $1: $(cat "$work/answer")"
}

# ours_fill WHAT NAME COUNT: straight into the store, which then belongs to its user again.
ours_fill() {
	"$bin/fill" "$ours_root" "$@" || fail "cannot fill the store"
	[ "$(id -u)" -ne 0 ] || chown -hR --reference="$ours_root/repos" "$ours_root/repos" "$ours_root/blobs"
}

# peer_fill_tags NAME COUNT: copies of the directory of one tag. The index of a tag, its history,
# is left out: neither a pull nor a listing reads it.
peer_fill_tags() {
	local repo=$peer_root/docker/registry/v2/repositories/$1 tags
	put_blob "$peer_url/v2/$1" "$work/image/0"
	tags=$repo/_manifests/tags
	printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":%s,"layers":[]}' \
		"$(descriptor config.v1+json "$work/image/0")" >"$work/image/bare"
	put_manifest "$peer_url/v2/$1" seed "$work/image/bare"
	rm -r "$tags/seed/index"
	mv "$tags/seed" "$work/seed-tag"
	"$bin/clone" "$work/seed-tag" "$tags/v" "$2" || fail "cannot fill the peer"
	rm -r "$work/seed-tag"
}

# peer_fill_repos PREFIX COUNT: copies of one repository.
peer_fill_repos() {
	local repos=$peer_root/docker/registry/v2/repositories
	put_blob "$peer_url/v2/seed/one" "$work/image/0"
	put_manifest "$peer_url/v2/seed/one" v000000 "$work/image/bare"
	mkdir -p "$repos/${1%/*}"
	"$bin/clone" "$repos/seed/one" "$repos/$1" "$2" || fail "cannot fill the peer"
	rm -r "$repos/seed"
}

# drop_blob SIDE DIGEST: takes a big blob of bench/big away from the file system.
drop_blob() {
	local hex=${2#sha256:} root=${1}_root
	case $1 in
	peer) rm -rf "$peer_root/docker/registry/v2/blobs/sha256/${hex:0:2}/$hex" \
		"$peer_root/docker/registry/v2/repositories/bench/big/_layers/sha256/$hex" ;;
	*) rm -f "${!root}/blobs/sha256/${hex:0:2}/$hex" \
		"${!root}/repos/bench/big/@blobs/sha256/$hex" ;;
	esac
}
