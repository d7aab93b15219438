# Rows of small requests and of listings. Sourced by scripts/bench.
# shellcheck shell=bash disable=SC2154,SC2034,SC2015

clients=16

# rate METHOD URL: requests a second. wrk cannot ask with HEAD: it waits for the body.
rate() {
	local out
	if [ "$1" = HEAD ]; then
		"$bin/load" --method HEAD --connections "$clients" --seconds "$seconds" \
			--header "$accept_oci" "$2" | json per_second
		return
	fi
	out=$(wrk -t 1 -c "$clients" -d "${seconds}s" -H "$accept_oci" "$2")
	if grep -qE 'Non-2xx|Socket errors' <<<"$out"; then
		fail "errors at $2: $out"
	fi
	awk '/^Requests\/sec:/ { print $2 }' <<<"$out"
}

small_rows() {
	cat <<-TSV
		manifest-head-tag	HEAD	/v2/bench/app/manifests/v1	HEAD of a manifest by tag
		manifest-get-tag	GET	/v2/bench/app/manifests/v1	GET of a manifest by tag
		manifest-head-digest	HEAD	/v2/bench/app/manifests/$manifest	HEAD of a manifest by digest
		manifest-get-digest	GET	/v2/bench/app/manifests/$manifest	GET of a manifest by digest
		blob-head	HEAD	/v2/bench/app/blobs/$blob	HEAD of a blob
	TSV
}

group_small() {
	local r id method path title side base
	want manifest-head-tag manifest-get-tag manifest-head-digest manifest-get-digest blob-head ||
		return 0
	note "small requests: $clients keep-alive connections on this machine; GET by wrk, HEAD by our own generator; the manifest has $(stat -c %s "$manifest_file") bytes"
	while IFS=$'\t' read -r id _ _ title; do
		want "$id" && row "$id" "requests/s" "$title"
	done < <(small_rows)
	for ((r = 1; r <= rounds; r++)); do
		while IFS=$'\t' read -r id method path title; do
			want "$id" || continue
			for side in ours ok peer; do
				progress "round $r of $rounds: $title, $side"
				base=${side}_url
				sample "$id" "$r" "$side" "$(rate "$method" "${!base}$path")"
			done
		done < <(small_rows)
	done
}

group_static() {
	local r
	want static-get || return 0
	row static-get "requests/s" "GET of a file as small as a manifest (limit)"
	cp "$manifest_file" "$work/static/small"
	for ((r = 1; r <= rounds; r++)); do
		progress "round $r of $rounds: small static file"
		sample static-get "$r" static "$(rate GET "$static_url/small")"
	done
}

# ---- repositories of many tags, stores of many repositories ------------------------------

# page_time URL: milliseconds of one page, the median over some seconds, one client.
page_time() {
	"$bin/load" --connections 1 --seconds "$page_seconds" "$1" | json p50_ms
}

# pages ROW PATH MIDDLE LAST: first, middle and last page of 100, ours and the peer's.
pages() {
	local r side place base
	for ((r = 1; r <= rounds; r++)); do
		for place in first middle last; do
			for side in ours peer; do
				progress "round $r of $rounds: $1, $place page, $side"
				base=${side}_url
				case $place in
				first) path="$2?n=100" ;;
				middle) path="$2?n=100&last=$3" ;;
				last) path="$2?n=100&last=$4" ;;
				esac
				sample "$1" "$r" "$side-$place" "$(page_time "${!base}$path")"
			done
		done
	done
}

# check_page URL FIELD FIRST COUNT: that the page is what it should be.
check_page() {
	local got
	got=$(curl -s "$1" | jq -r "\"\\(.$2[0]) \\(.$2 | length)\"")
	[ "$got" = "$3 $4" ] || fail "$1 gives '$got', not '$3 $4'"
}

nth() {
	printf '%s%06d' "$1" "$2"
}

group_tags() {
	local r middle last
	want manifest-many-tags tags-page || return 0
	progress "making a repository of $many_tags tags on both sides"
	ours_fill tags bench/few 10
	ours_fill tags bench/many "$many_tags"
	peer_fill_tags bench/many "$many_tags"
	settle
	middle=$(nth v $((many_tags / 2 - 1)))
	last=$(nth v $((many_tags - 101)))
	if want manifest-many-tags; then
		row manifest-many-tags "requests/s" "HEAD of a manifest by tag: 10 tags, $many_tags tags"
		for ((r = 1; r <= rounds; r++)); do
			progress "round $r of $rounds: few tags and many"
			sample manifest-many-tags "$r" few "$(rate HEAD "$ours_url/v2/bench/few/manifests/v000005")"
			sample manifest-many-tags "$r" many "$(rate HEAD "$ours_url/v2/bench/many/manifests/$middle")"
			sample manifest-many-tags "$r" peer-many \
				"$(rate HEAD "$peer_url/v2/bench/many/manifests/$middle")"
		done
	fi
	if want tags-page; then
		row tags-page ms "a page of 100 tags of $many_tags"
		note "tags: docker-registry 2.8.2 ignores n and last, its page is the whole list"
		check_page "$ours_url/v2/bench/many/tags/list?n=100&last=$last" tags \
			"$(nth v $((many_tags - 100)))" 100
		pages tags-page /v2/bench/many/tags/list "$middle" "$last"
	fi
}

group_catalog() {
	local middle last
	want catalog-page || return 0
	progress "making $many_repos repositories on both sides"
	[ -e "$work/image/bare" ] || peer_fill_tags bench/bare 1
	ours_fill repos zz/r "$many_repos"
	peer_fill_repos zz/r "$many_repos"
	settle
	middle=$(nth zz/r $((many_repos / 2 - 1)))
	last=$(nth zz/r $((many_repos - 101)))
	row catalog-page ms "a page of 100 repositories of $many_repos"
	check_page "$ours_url/v2/_catalog?n=100&last=$last" repositories \
		"$(nth zz/r $((many_repos - 100)))" 100
	check_page "$peer_url/v2/_catalog?n=100&last=$last" repositories \
		"$(nth zz/r $((many_repos - 100)))" 100
	pages catalog-page /v2/_catalog "$middle" "$last"
}
