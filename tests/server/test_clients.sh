#!/bin/bash
# Real clients push and pull real images; digests tell whether they are the same.
. "$(dirname "$0")/lib.sh"

start_registry
cd "$work"
export HOME=$work TMPDIR=$work XDG_RUNTIME_DIR=$work/xdg
mkdir -m 700 "$XDG_RUNTIME_DIR"
printf '{"default":[{"type":"insecureAcceptAnything"}]}\n' >policy.json
printf '' >registries.conf
export CONTAINERS_REGISTRIES_CONF=$work/registries.conf
image=$registry/demo/app

there() {
	command -v "$1" >/dev/null || { skip "$1 is not installed"; return 1; }
}

# Digest of the manifest under a tag, as the registry says it.
tag_digest() {
	http HEAD "$base/v2/${1#"$registry/"}/manifests/$2" \
		-H 'Accept: application/vnd.oci.image.manifest.v1+json' \
		-H 'Accept: application/vnd.docker.distribution.manifest.v2+json'
	field docker-content-digest
}

layout_digest() {
	jq -r ".manifests[] | select(.annotations[\"org.opencontainers.image.ref.name\"] == \"$2\") | .digest" \
		"$1/index.json"
}

skopeo_copy() {
	timeout 120 skopeo --policy policy.json copy -q --src-tls-verify=false --dest-tls-verify=false "$@"
}

# ---- umoci makes an image in an OCI layout -------------------------------------------
if ! there umoci || ! there skopeo; then
	finish
fi
mkdir -p files/etc files/bin
echo "a small system" >files/etc/motd
random files/bin/app 5000000
random files/bin/data 3000000
check "umoci init" umoci init --layout layout
check "umoci new" umoci new --image layout:1
check "umoci insert" umoci insert --rootless --image layout:1 files/etc /etc
check "umoci insert" umoci insert --rootless --image layout:1 files/bin /bin
check "umoci config" umoci config --image layout:1 --config.cmd /bin/app
digest=$(layout_digest layout 1)
is "umoci: an image" "$digest" 'sha256:*'

# ---- skopeo --------------------------------------------------------------------------
check "skopeo push" skopeo_copy oci:layout:1 "docker://$image:1"
is "skopeo push: the digest" "$(tag_digest "$image" 1)" "$digest"
check "skopeo pull" skopeo_copy "docker://$image:1" oci:pulled:1
is "skopeo pull: the digest" "$(layout_digest pulled 1)" "$digest"
for blob in pulled/blobs/sha256/*; do
	is "skopeo pull: a blob" "$(sha256sum "$blob" | cut -d' ' -f1)" "${blob##*/}"
done
check "umoci unpack of what was pulled" umoci unpack --rootless --image pulled:1 bundle
check "the files are the same" diff -r files bundle/rootfs
check "skopeo, to another repository" skopeo_copy "docker://$image:1" "docker://$registry/demo/copy:1"
is "skopeo, to another repository: the digest" "$(tag_digest "$registry/demo/copy" 1)" "$digest"
check "skopeo, Docker's format" skopeo_copy --format v2s2 oci:layout:1 "docker://$image:docker"
check "skopeo, a Docker archive" skopeo_copy "docker://$image:docker" docker-archive:app.tar:app:1
check "skopeo, from a Docker archive" skopeo_copy docker-archive:app.tar "docker://$registry/demo/archive:1"
is "skopeo, list" "$(skopeo list-tags --tls-verify=false "docker://$image" | jq -c .Tags)" \
	'\["1","docker"\]'
check "skopeo delete" skopeo delete --tls-verify=false "docker://$image:docker"
http GET "/v2/demo/app/manifests/docker"
is "skopeo delete: it is gone" "$status" 404

# ---- podman --------------------------------------------------------------------------
storage=(--root "$work/storage" --runroot "$work/r" --storage-driver vfs)
pod() {
	timeout 120 podman "${storage[@]}" --cgroup-manager cgroupfs --events-backend none "$@"
}
# Both need to unpack layers as root, which not every container allows: a pull from a directory
# tells.
can_unpack() {
	pod pull -q --signature-policy policy.json oci:layout:1 >probe.out 2>&1 && pod rmi -a -f >>probe.out 2>&1
}
if there podman && ! can_unpack; then
	skip "podman and buildah cannot unpack an image here: $(tail -n 1 probe.out)"
elif there podman && there buildah; then
	check "podman pull" pod pull -q --tls-verify=false --signature-policy policy.json "$image:1"
	is "podman pull: the digest" "$(pod images --digests --format '{{.Digest}}' "$image")" "$digest"
	check "podman tag" pod tag "$image:1" "$registry/demo/podman:2"
	check "podman push" pod push -q --tls-verify=false --signature-policy policy.json \
		--digestfile digest "$registry/demo/podman:2"
	is "podman push: the digest" "$(tag_digest "$registry/demo/podman" 2)" "$(cat digest)"
	check "podman rmi" pod rmi -f "$image:1" "$registry/demo/podman:2"
	check "podman pull again" pod pull -q --tls-verify=false --signature-policy policy.json \
		"$registry/demo/podman:2"

	builder() {
		timeout 120 buildah "${storage[@]}" "$@"
	}
	printf 'FROM %s:1\nCOPY etc /extra\nLABEL made=here\n' "$image" >Containerfile
	check "buildah build" builder build -q --isolation chroot --tls-verify=false \
		--signature-policy policy.json -t "$registry/demo/built:1" -f Containerfile files
	check "buildah push" builder push -q --tls-verify=false --signature-policy policy.json \
		--digestfile digest "$registry/demo/built:1" "docker://$registry/demo/built:1"
	is "buildah push: the digest" "$(tag_digest "$registry/demo/built" 1)" "$(cat digest)"
	check "skopeo pulls what buildah built" skopeo_copy "docker://$registry/demo/built:1" oci:built:1
	check "umoci unpacks what buildah built" umoci unpack --rootless --image built:1 built-bundle
	check "the files are the same" diff -r files/etc built-bundle/rootfs/extra
fi
cd "$OLDPWD"
finish
