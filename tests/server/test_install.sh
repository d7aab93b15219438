#!/bin/bash
# make install: what it puts where, a registry that runs from there, and what is left after
# make uninstall.
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
finish
