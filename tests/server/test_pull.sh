#!/bin/bash
# Ranges, conditions, lengths: what lighttpd and the programs answer together.
. "$(dirname "$0")/lib.sh"

start_registry
random "$work/blob" 100000
digest=$(digest_of "$work/blob")
push_blob pull/it "$work/blob"
blob=/v2/pull/it/blobs/$digest

range_is() {
	http GET "$blob" -H "Range: bytes=$1"
	is "range $1" "$status $(field content-range)" "206 bytes $2-$3/100000"
	check "range $1: the bytes" cmp "$work/body" \
		<(tail -c +"$(($2 + 1))" "$work/blob" | head -c "$(($3 - $2 + 1))")
	is "range $1: the length" "$(field content-length)" "$(($3 - $2 + 1))"
	is "range $1: digest" "$(field docker-content-digest)" "$digest"
}
range_is 0-0 0 0
range_is 500-1499 500 1499
range_is 99990- 99990 99999
range_is -500 99500 99999
range_is 99000-200000 99000 99999
range_is -200000 0 99999
for range in 100000- 500000-600000 -0; do
	http GET "$blob" -H "Range: bytes=$range"
	is "range $range" "$status $(field content-type)" '416 application/json'
	is "range $range: an error in JSON" "$(error_code)" '[A-Z]*'
	is "range $range: the length" "$(field content-length)" "$(stat -c %s "$work/body")"
done
for range in 'lines=1-2' 'bytes=0-1,5-6'; do
	http GET "$blob" -H "Range: $range"
	is "range $range is not ours to serve" "$status" '20[06]'
done
http HEAD "$blob" -H 'Range: bytes=0-9'
is "no ranges of a HEAD" "$status $(field content-length)" '200 100000'

http GET "$blob"
is "digest" "$(field docker-content-digest)" "$digest"
is "type" "$(field content-type)" application/octet-stream
etag=$(field etag)
is "entity tag" "$etag" "\"$digest\""
http GET "$blob" -H "If-None-Match: $etag"
is "not modified" "$status $(stat -c %s "$work/body")" '304 0'
http GET "$blob" -H "If-None-Match: \"other\""
is "modified" "$status $(digest_of "$work/body")" "200 $digest"
http GET "$blob" -H "If-Range: $etag" -H 'Range: bytes=0-9'
is "If-Range of this" "$status" 206
http GET "$blob" -H 'If-Range: "other"' -H 'Range: bytes=0-9'
is "If-Range of another" "$status $(field content-length)" '200 100000'
http GET "$blob" -H 'Accept-Encoding: gzip, deflate, br, zstd'
is "no compression" "$(field content-encoding)$(field content-length)" 100000
http GET "/v2/pull/it/blobs/${digest/:/%3A}"
is "an encoded colon" "$status" 200
http GET "/v2/pull/other/blobs/$digest"
is "another repository does not have it" "$status $(error_code)" '404 *_UNKNOWN'

: >"$work/empty"
push_blob pull/it "$work/empty"
http HEAD "/v2/pull/it/blobs/$(digest_of "$work/empty")"
is "the empty blob" "$status $(field content-length)" '200 0'
http GET "/v2/pull/it/blobs/$(digest_of "$work/empty")"
is "the empty blob" "$status $(stat -c %s "$work/body")" '200 0'

make_image pull/it one
is "an image" "$status $(field location)" '201 */v2/pull/it/manifests/sha256:*'
manifest=$(digest_of "$work/manifest.json")
for reference in one "$manifest"; do
	http GET "/v2/pull/it/manifests/$reference" -H 'Accept-Encoding: gzip'
	is "manifest $reference" "$status $(field docker-content-digest) $(field content-type)" \
		"200 $manifest application/vnd.oci.image.manifest.v1+json"
	check "manifest $reference: the bytes" cmp "$work/manifest.json" "$work/body"
	http HEAD "/v2/pull/it/manifests/$reference"
	is "manifest $reference: HEAD" "$status $(field content-length)" \
		"200 $(stat -c %s "$work/manifest.json")"
	http GET "/v2/pull/it/manifests/$reference" -H "If-None-Match: \"$manifest\""
	is "manifest $reference: not modified" "$status" 304
done

# Names may look like routes.
for name in pull/blobs pull/manifests pull/tags/list pull/blobs/uploads pull/referrers tags blobs; do
	make_image "$name" list
	is "push to $name" "$status" 201
	http GET "/v2/$name/manifests/list"
	is "pull from $name" "$status" 200
	http GET "/v2/$name/tags/list"
	is "tags of $name" "$(body)" "{\"name\":\"$name\",\"tags\":\[\"list\"\]}"
	http GET "/v2/$name/referrers/$manifest"
	is "referrers of $name" "$status" 200
done
http GET /v2/_catalog
is "the catalog" "$status $(jq -c .repositories "$work/body")" \
	'200 \["blobs","pull/blobs","pull/blobs/uploads","pull/it","pull/manifests","pull/referrers","pull/tags/list","tags"\]'
http GET '/v2/_catalog?n=2&last=pull/it'
is "a page of the catalog" "$(jq -c .repositories "$work/body") $(field link)" \
	'\["pull/manifests","pull/referrers"\] <*>; rel="next"'
finish
