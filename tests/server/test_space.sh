#!/bin/bash
# Space under many hands: clients that race for the last room of a quota, and collectors beside
# clients that push, tag and delete. What was answered 2xx is there, and the books are right.

. "$(dirname "$0")/lib.sh"

start_registry

# code METHOD PATH [OPTION of curl]...: only the status; for many at once.
code() {
	local method=$1 path=$2
	shift 2
	curl -s -o /dev/null -w '%{http_code}\n' --max-time 120 -X "$method" "$@" "$base$path" || true
}

# result JOB: the member of its last line, after /v2/_lighter/JOB was asked for.
result() {
	http POST "/v2/_lighter/$1"
	tail -n 1 "$work/body" | jq ".result.$2"
}

expect_sound() {
	is "$1: a scrub finds nothing" "$(result scrub problems)" 0
	is "$1: a recount finds nothing" "$(result recount differing)" 0
}

# ---- room for exactly five blobs, and forty that want it ------------------------------------

http PUT /v2/_lighter/quota/race --data '{"bytes":"5999"}' -H 'Content-Type: application/json'
is "a quota" "$status" 200

race() {
	local i file
	for i in 1 2 3 4 5; do
		file=$work/race.$1.$i
		random "$file" 1000
		code POST "/v2/race/app/blobs/uploads/?digest=$(digest_of "$file")" --data-binary "@$file" \
			-H 'Content-Type: application/octet-stream'
	done >"$work/codes.$1"
}

clients=()
for client in 1 2 3 4 5 6 7 8; do
	race $client &
	clients+=($!)
done
wait "${clients[@]}"
is "as many are taken as there is room for" "$(cat "$work"/codes.* | grep -c 201)" 5
is "all others are refused" "$(cat "$work"/codes.* | grep -c 403)" 35
http GET /v2/_lighter/usage/race
is "that is what is used" "$(jq -c '[.bytes,.blobs]' "$work/body")" '\[5000,5\]'

# ---- two collectors and eight clients -------------------------------------------------------

printf '{}' >"$work/config.json"
config=$(digest_of "$work/config.json")

# push_image REPOSITORY TAG LAYER: prints the status of each request.
push_image() {
	local file=$work/image.${1//\//.}.$2
	code POST "/v2/$1/blobs/uploads/?digest=$config" --data-binary "@$work/config.json" \
		-H 'Content-Type: application/octet-stream'
	code POST "/v2/$1/blobs/uploads/?digest=$(digest_of "$3")" --data-binary "@$3" \
		-H 'Content-Type: application/octet-stream'
	printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"%s","size":2},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"%s","size":%d}]}' \
		"$config" "$(digest_of "$3")" "$(stat -c %s "$3")" >"$file"
	code PUT "/v2/$1/manifests/$2" --data-binary "@$file" \
		-H 'Content-Type: application/vnd.oci.image.manifest.v1+json'
}

# Pushes images, of which every second goes again; all clients have the layers in common.
client() {
	local i
	for i in 1 2 3 4; do
		random "$work/layer.$1.$i" 3000
		push_image "keep/c$1" "$i" "$work/layer.$1.$i"
		push_image "keep/shared" "$1.$i" "$work/common"
		push_image "churn/c$1" "$i" "$work/common" >/dev/null
		code DELETE "/v2/churn/c$1/manifests/$i" >/dev/null
	done >"$work/client.$1"
}

# Goes on until the file appears: everything with the grace, and repositories that nobody
# keeps anything in without.
collector() {
	local i
	until [ -e "$work/stop" ]; do
		code POST /v2/_lighter/gc --data ''
		for i in 1 2 3 4 5 6 7 8; do
			code POST "/v2/_lighter/gc?grace=0s&untagged=1s&repository=churn/c$i" --data ''
		done
	done >"$work/collector.$1"
}

random "$work/common" 5000
collectors=()
for i in 1 2; do
	collector $i &
	collectors+=($!)
done
clients=()
for i in 1 2 3 4 5 6 7 8; do
	client $i &
	clients+=($!)
done
wait "${clients[@]}"
touch "$work/stop"
wait "${collectors[@]}"

is "every push was taken" "$(cat "$work"/client.* | sort | uniq -c | xargs)" '192 201'
is "no collection failed" "$(cat "$work"/collector.* | sort -u | xargs)" '@(200|200 404)'
lost=0
for i in 1 2 3 4 5 6 7 8; do
	for tag in 1 2 3 4; do
		http GET "/v2/keep/c$i/manifests/$tag"
		[ "$status" = 200 ] || lost=$((lost + 1))
		http GET "/v2/keep/c$i/blobs/$(digest_of "$work/layer.$i.$tag")"
		cmp -s "$work/body" "$work/layer.$i.$tag" || lost=$((lost + 1))
	done
done
is "nothing that was pushed is lost" "$lost" 0
expect_sound "after that"

# ---- what is deleted is free ----------------------------------------------------------------

for repository in keep/shared churn/c{1,2,3,4,5,6,7,8}; do
	http DELETE "/v2/_lighter/repositories/$repository"
	[ "$status" = 404 ] || is "$repository goes" "$status" 200
done
http GET '/v2/_catalog?n=1000'
is "it is out of the catalog at once" "$(jq '.repositories | index("keep/shared")' "$work/body")" null
check "collection frees its blobs" [ "$(result 'gc?grace=0s' problems)" = 0 ]
# Nothing needs what the race left.
is "but not what images need" "$(find "$store/blobs" -type f | wc -l)" $((32 + 1))
expect_sound "in the end"
finish
