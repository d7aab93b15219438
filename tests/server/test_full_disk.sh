#!/bin/bash
# A store on a file system that fills up: 507 to who pushes, nothing left of what failed,
# everybody else goes on, and deleting and collecting make room again.

. "$(dirname "$0")/lib.sh"

store=$work/disk/store
mkdir "$work/disk"
if ! mount -t tmpfs -o size=24m,mode=755 tmpfs "$work/disk" 2>/dev/null; then
	skip "a full disk: file systems cannot be mounted here"
	finish
fi

unmount() {
	local status=$?
	stop_registry
	umount "$work/disk"
	(exit "$status")
	clean_up
}
trap unmount EXIT

# The programs, the logs and what the web server spools are on another disk.
mkdir "$store" "$work/run"
[ "$(id -u)" != 0 ] || chown www-data: "$store" "$work/run"
ln -s "$work/run" "$store/run"
start_registry

used() {
	df --output=used -k "$work/disk" | tail -n 1
}

# What a failed push may leave behind: directories.
expect_clean() {
	is "$1: no temporary file is left" "$(find "$store/tmp" -type f | wc -l)" 0
	is "$1: no session is left" "$(find "$store/uploads" -type f | wc -l)" 0
	local now
	now=$(used)
	[ "$now" -le $((before + 64)) ] || fail "$1: $((now - before)) KiB are left of it"
}

make_image demo/app 1
is "an image while there is room" "$status" 201
random "$work/large" $((30 << 20))
random "$work/half" $((12 << 20))
before=$(used)

push_blob demo/app "$work/large"
is "a blob that does not fit" "$status $(error_code)" '507 UNKNOWN'
expect_clean "a single POST"

open_session demo/app
http PUT "$session?digest=$(digest_of "$work/large")" --data-binary "@$work/large" \
	-H 'Content-Type: application/octet-stream'
is "the same by PUT" "$status $(error_code)" '507 UNKNOWN'
expect_clean "a PUT"

open_session demo/app
http PATCH "$session" --data-binary "@$work/half" -H 'Content-Type: application/octet-stream'
is "a first chunk that fits" "$status" 202
http PATCH "$session" --data-binary "@$work/half" -H 'Content-Type: application/octet-stream'
is "a second that does not" "$status $(error_code)" '507 UNKNOWN'
expect_clean "chunks"
http GET "$session"
is "the session is given up" "$status $(error_code)" '404 BLOB_UPLOAD_UNKNOWN'

# Not a byte left.
dd if=/dev/zero of="$work/disk/fill" bs=64k 2>/dev/null || true
dd if=/dev/zero of="$work/disk/fill2" bs=4k 2>/dev/null || true
before=$(used)
sed 's/"layers"/"annotations":{"another":"one"},"layers"/' "$work/manifest.json" >"$work/another.json"
http PUT /v2/demo/app/manifests/2 --data-binary "@$work/another.json" \
	-H 'Content-Type: application/vnd.oci.image.manifest.v1+json'
is "a manifest on a full disk" "$status $(error_code)" '507 UNKNOWN'
random "$work/small" 9000
push_blob demo/app "$work/small"
is "a small blob on a full disk" "$status $(error_code)" '507 UNKNOWN'
http POST /v2/demo/app/blobs/uploads/
is "a session on a full disk" "$status $(error_code)" '507 UNKNOWN'
expect_clean "a full disk"

http GET /v2/demo/app/manifests/1
is "a pull of a manifest goes on" "$status" 200
layer=$(jq -r '.layers[0].digest' "$work/manifest.json")
http GET "/v2/demo/app/blobs/$layer"
is "a pull of a blob goes on" "$status $(digest_of "$work/body")" "200 $layer"
http GET /v2/demo/app/tags/list
is "so does a listing" "$status" 200

http DELETE "/v2/demo/app/manifests/$(digest_of "$work/manifest.json")"
is "a manifest can be deleted" "$status" 202
http DELETE "/v2/demo/app/blobs/$layer"
is "so can a blob" "$status" 202
http POST '/v2/_lighter/gc?grace=0s'
is "a collection runs" "$status $(tail -n 1 "$work/body" | jq '.result.problems')" '200 0'
rm "$work/disk/fill" "$work/disk/fill2"
make_image demo/app 3
is "and with room all is well again" "$status" 201
http POST /v2/_lighter/scrub
is "a scrub finds nothing" "$status $(tail -n 1 "$work/body" | jq '.result.problems')" '200 0'
http POST /v2/_lighter/recount
is "nor does a recount" "$(tail -n 1 "$work/body" | jq '.result.differing')" 0
finish
