#!/bin/bash
# make install: what it puts where, a registry that runs from there, and what is left after
# make uninstall. scripts/deb: what is in the package, and that lighttpd takes its configuration.
. "$(dirname "$0")/lib.sh"

# installed DIR: every file below, without the directory.
installed() {
	(cd "$1" && find . -type f -o -type l) | sed 's/^\.//' | sort
}

# ---- for a package: below a directory -------------------------------------------------
root=$work/root
check "make install calls" make -n install DESTDIR="$root" PREFIX=/usr
is "make install" "$(grep -o 'scripts/install .*' "$work/check.out")" \
	"scripts/install --destdir '$root' --prefix '/usr' --sysconfdir '/etc' --bin build/release/bin"
check "an installation" scripts/install --destdir "$root" --prefix /usr --bin "$programs"
installed "$root" >"$work/files"
for program in "$programs"/*; do
	program=${program##*/}
	check "program $program" test -x "$root/usr/lib/lighter/$program"
	is "workers of $program" "$(sed -n 's/^Environment=WORKERS=//p' \
		"$root/usr/lib/systemd/system/lighter@$program.service.d/workers.conf")" \
		"$(awk -v name="$program" '$1 == name { print $2 }' conf/programs)"
done
for file in /etc/lighter/lighter.conf /usr/bin/lighter /usr/bin/lighter-user /usr/bin/lighter-doctor \
	/usr/share/doc/lighter/README.md /usr/share/doc/lighter/LICENSE /usr/share/lighter/conf/nginx.conf \
	/usr/share/lighter/conf/errors/404.html /usr/lib/systemd/system/lighter.target \
	/usr/lib/systemd/system/lighter@.socket /usr/lib/sysusers.d/lighter.conf; do
	check "$file is there" grep -qxF "$file" "$work/files"
done
is "nothing is writable for others" "$(find "$root" -perm /022 ! -type l)" ''
is "no file points into the checkout" "$(grep -rlF "$PWD" "$root" || true)" ''
is "the store has a place" "$("$programs/base" --conf "$root/etc/lighter/lighter.conf" --dump | grep '^root')" \
	'root = /var/lib/lighter'
is "the scripts find the settings" \
	"$(realpath "$root/usr/share/lighter/conf/lighter.conf")" "$(realpath "$root")/etc/lighter/lighter.conf"

# ---- in another place, and running from there -----------------------------------------
prefix=$work/opt
place=(--prefix "$prefix" --sysconfdir "$prefix/etc" --bin "$programs")
check "another prefix" scripts/install "${place[@]}"
is "the units have the programs of the prefix" "$(sed -n 's/^ExecStart=//p' "$prefix/lib/systemd/system/lighter@.service")" \
	"*-- $prefix/lib/lighter/%i --conf $prefix/etc/lighter/lighter.conf"
store=$work/store
port=$(free_port)
registry=127.0.0.1:$port
base=http://$registry
stop_registry() {
	[ ! -e "$store/run/server.pid" ] || "$prefix/bin/lighter-run" --stop --root "$store"
}
check "the registry starts" "$prefix/bin/lighter-run" --root "$store" --listen "$registry" --set auth=on
is "it says so" "$(head -n 1 "$work/check.out")" "lighter: listening on $base"
check "a user" "$prefix/bin/lighter-user" --root "$store" add it <<<secret
check "who can log in" wait_for_user it secret
check "nothing is wrong with it" "$prefix/bin/lighter-doctor" --user it:secret "$base"
check "the account of the user" "$prefix/bin/lighter" --root "$store" usage
check "the registry stops" "$prefix/bin/lighter-run" --stop --root "$store"

# ---- once more, and away --------------------------------------------------------------
echo 'page-limit = 7' >>"$prefix/etc/lighter/lighter.conf"
cp "$prefix/etc/lighter/lighter.conf" "$work/edited"
check "a newer version" scripts/install "${place[@]}"
check "settings are kept" cmp "$work/edited" "$prefix/etc/lighter/lighter.conf"
check "uninstall" scripts/install --uninstall "${place[@]}"
is "what is left" "$(installed "$prefix")" /etc/lighter/lighter.conf
check "the store is left" test -d "$store/repos"
exit_status=0
scripts/install --prefix relative >"$work/out" 2>&1 || exit_status=$?
is "a prefix that is no absolute path" "$exit_status" 2

# ---- the Debian package ---------------------------------------------------------------
if ! command -v dpkg-deb >/dev/null; then
	skip "the Debian package: there is no dpkg-deb"
	finish
fi
mkdir "$work/deb"
check "a package" env VERSION=1.2.3 DEBEMAIL=packager@lighter-registry.org scripts/deb --bin "$programs" \
	--output "$work/deb"
package=$(tail -n 1 "$work/check.out")
is "its name" "$package" "$work/deb/lighter_1.2.3_*.deb"
dpkg-deb -c "$package" | awk '{ print $1, $2, $6 }' >"$work/contents"
dpkg-deb -R "$package" "$work/package"
is "everything is root's" "$(grep -v ' root/root ' "$work/contents" || true)" ''
is "no file of the installation is missing" \
	"$(sed 's|^|.|' "$work/files" | grep -v LICENSE | while read -r file; do grep -q " $file\$" "$work/contents" || echo "$file"; done)" ''
is "conffiles" "$(sort "$work/package/DEBIAN/conffiles" | tr '\n' ' ')" \
	'/etc/lighter/lighter.conf /etc/lighttpd/conf-available/50-lighter.conf '
is "what it depends on" "$(dpkg-deb -f "$package" Depends)" '*libfcgi0ldbl*, adduser, multiwatch'
for name in postinst prerm postrm; do
	check "$name" sh -n "$work/package/DEBIAN/$name"
	check "$name can be run" test -x "$work/package/DEBIAN/$name"
done
is "a manual page" "$(gzip -dc "$work/package/usr/share/man/man1/lighter-doctor.1.gz" | head -n 1)" '.TH LIGHTER-DOCTOR 1'
is "settings for lighttpd" "$("$programs/base" --conf "$work/package/etc/lighter/lighter.conf" --dump | grep sendfile)" \
	'sendfile = x-sendfile'
if command -v lintian >/dev/null; then
	# The package proper is linked with the system's libcrypto, and at no fixed address.
	as=()
	[ "$(id -u)" != 0 ] || as=(--allow-root)
	is "lintian" "$(lintian "${as[@]}" --suppress-tags hardening-no-pie,embedded-library,library-not-linked-against-libc "$package" 2>&1 || true)" ''
else
	skip "lintian: it is not installed"
fi

# The registry of the package, in a lighttpd as Debian has it, elsewhere than in the root.
if ! command -v spawn-fcgi >/dev/null || ! command -v multiwatch >/dev/null; then
	skip "its lighttpd configuration: there is no spawn-fcgi or no multiwatch here"
	finish
fi
run=$work/run
mkdir "$run" "$work/files.d"
port=$(free_port)
base=http://127.0.0.1:$port
store=$work/packaged
sed "s|/var/lib/lighter|$store|g; s|/run/lighter|$run|g; s|/usr/share/lighter|$work/package/usr/share/lighter|g
	s|127.0.0.1:5000|127.0.0.1:$port|g" "$work/package/etc/lighttpd/conf-available/50-lighter.conf" >"$work/50-lighter.conf"
cat >"$work/lighttpd.conf" <<TXT
server.document-root = "$work/files.d"
server.upload-dirs = ( "$work/files.d" )
server.errorlog = "$work/lighttpd.log"
server.pid-file = "$work/lighttpd.pid"
server.bind = "127.0.0.1"
server.port = $(free_port)
server.modules = ( "mod_fastcgi" )
include "$work/50-lighter.conf"
TXT
sed "s|^root = .*|root = $store|" "$work/package/etc/lighter/lighter.conf" >"$work/lighter.conf"
pools=(--bin "$work/package/usr/lib/lighter" --conf "$work/lighter.conf" --run "$run")
if [ "$(id -u)" = 0 ]; then
	mkdir "$store"
	chown www-data "$store"
	pools+=(--user www-data)
fi
stop_registry() {
	[ ! -e "$work/lighttpd.pid" ] || kill "$(cat "$work/lighttpd.pid")" 2>/dev/null || true
	"$work/package/usr/share/lighter/scripts/pools" stop "${pools[@]}" >/dev/null 2>&1 || true
}
started=1
check "the programs start" "$work/package/usr/share/lighter/scripts/pools" start "${pools[@]}"
check "lighttpd takes the configuration" env PATH="$PATH:/usr/sbin" lighttpd -f "$work/lighttpd.conf"
make_image demo/app one
is "push" "$status" 201
http GET "/v2/demo/app/blobs/$(digest_of "$work/layer")"
check "pull" cmp "$work/layer" "$work/body"
scripts/doctor "$base" >"$work/report" || true
is "what is wrong with it" "$(grep '^problem' "$work/report" || true)" ''
finish
