#!/bin/bash
# scripts/lighter, on the store and through lighttpd, without and with a login; long answers
# arrive as they are made.
. "$(dirname "$0")/lib.sh"

export HOME=$work
out=$work/out
# lighter ARGUMENT...: $code; what it printed is in $out, what it said beside that in $out.err.
lighter() {
	code=0
	scripts/lighter "$@" >"$out" 2>"$out.err" </dev/null || code=$?
}

# The lines of $out without their blanks, in one.
said() {
	sed 's/  */ /g; s/ $//' "$out" | paste -sd '|'
}

start_registry --set log-level=info
mkdir "$work/alice" "$work/bob"
for name in alice/app bob/app; do
	for size in 1000 2000 3000; do
		random "$work/$name.$size" "$size"
		push_blob "$name" "$work/$name.$size"
	done
done
on_store=(--root "$store" --bin "$programs")
over_http=(--url "$base")
echo 'bytes = lots' >"$work/broken"

# ---- accounts --------------------------------------------------------------------------

head='NAMESPACE USED OF BLOBS MANIFESTS OF LARGEST BLOB'
accounts() {
	local by=$1
	shift
	lighter "$@" usage
	is "$by: usage" "$code $(said)" \
		"0 $head|alice 5.8 KiB - 3 0 - -|bob 5.8 KiB - 3 0 - -"
	lighter "$@" usage bob
	is "$by: usage of one" "$code $(said)" "0 $head|bob 5.8 KiB - 3 0 - -"
	lighter "$@" usage nobody
	is "$by: usage of nobody" "$code $(said) $(cat "$out.err")" '1  *no namespace nobody*'
	lighter "$@" quota alice bytes=10MiB manifests=5
	is "$by: quota" "$code $(said)" \
		'0 LIMIT SET IN FORCE|bytes 10 MiB 10 MiB|manifests 5 5|blob-size default -'
	lighter "$@" quota alice blob-size=0 manifests=default
	is "$by: the others stay" "$code $(said)" \
		'0 LIMIT SET IN FORCE|bytes 10 MiB 10 MiB|manifests default -|blob-size - -'
	lighter "$@" usage alice
	is "$by: usage with a limit" "$(said)" "$head|alice 5.8 KiB 10 MiB 3 0 - -"
	lighter "$@" --json quota alice
	is "$by: as JSON" "$code $(jq -c .limits "$out")" \
		'0 {"bytes":10485760,"manifests":null,"blob-size":0}'
	lighter "$@" quota alice default
	is "$by: back to the defaults" "$code $(said)" \
		'0 LIMIT SET IN FORCE|bytes default -|manifests default -|blob-size default -'
	lighter "$@" quota new bytes=1
	is "$by: before anything is there" "$code" 0
	lighter "$@" --json usage
	is "$by: all as JSON" "$code $(jq -r '.namespaces[].namespace' "$out" | paste -sd ' ')" '0 alice bob new'
	lighter "$@" quota new default
	is "$by: gone again" "$code" 0
	cat "$work/broken" >"$store/quota/alice/limits"
	lighter "$@" quota alice
	is "$by: limits that are broken" "$code $(said) $(cat "$out.err")" '1 LIMIT SET IN FORCE|bytes [?] [?]|*quota/alice/limits:1: *'
	lighter "$@" usage
	is "$by: usage with them" "$code $(said) $(cat "$out.err")" '1 *|alice 5.8 KiB [?] *|bob *quota/alice/limits:1: *'
	lighter "$@" quota alice bytes=1MiB
	is "$by: are mended" "$code" 0
	lighter "$@" quota alice default
	is "$by: for good" "$code" 0
	lighter "$@" quota nobody default
	is "$by: defaults for nobody" "$code $(said)" '1 '
	lighter "$@" quota alice bytes=99999999TiB
	is "$by: more than there can be" "$code $(cat "$out.err")" '1 *bytes: a limit is *'
}

recounts() {
	local by=$1
	shift
	lighter "$@" recount
	is "$by: recount" "$code $(said) $(cat "$out.err")" '0 2 namespaces counted, 0 wrong '
	lighter "$@" --json recount bob
	is "$by: recount as JSON" "$code $(jq -c 'select(.result) | .result.namespaces' "$out")" '0 1'
	mv "$store"/repos/bob/app/@blobs/sha256/"$(sha256sum "$work/bob/app.1000" | cut -d' ' -f1)" "$work/away"
	lighter "$@" recount
	is "$by: something is missing" "$code $(said)" \
		'1 bob: the account was wrong: 4.8 KiB in 2 blobs and 0 manifests are there|2 namespaces counted, 1 wrong, 0 repaired'
	lighter "$@" --json recount bob
	is "$by: and as JSON" "$code" 1
	mv "$work/away" "$store"/repos/bob/app/@blobs/sha256/"$(sha256sum "$work/bob/app.1000" | cut -d' ' -f1)"
	lighter "$@" recount --repair bob
	is "$by: back, and so right" "$code $(said)" '0 1 namespace counted, 0 wrong'
	lighter "$@" recount nobody
	is "$by: recount of nobody" "$code $(said)" '1 '
}

# path_of REPOSITORY FILE: of a blob with this content.
path_of() {
	echo "$store/repos/$1/@blobs/sha256/$(sha256sum "$2" | cut -d' ' -f1)"
}

collections() {
	local by=$1
	shift
	make_image up/one 1
	random "$work/garbage" 1000
	push_blob up/one "$work/garbage"
	lighter "$@" gc --dry-run --grace 0 up/one
	is "$by: gc --dry-run" "$code $(said)" \
		"0 would remove blob $(digest_of "$work/garbage") of up/one|1 repository: would remove 1 blob, 1 unused content;*"
	check "$by: changes nothing" test -e "$(path_of up/one "$work/garbage")"
	lighter "$@" gc up/one
	is "$by: gc of what is young" "$code $(said)" '0 1 repository: nothing to remove'
	lighter "$@" gc --grace 0 up/one
	is "$by: gc" "$code $(said)" '0 1 repository: removed 1 blob, 1 unused content; 1000 B less in accounts*'
	check "$by: it has gone" test ! -e "$(path_of up/one "$work/garbage")"
	lighter "$@" --json gc --grace 1d
	is "$by: gc as JSON" "$code $(tail -n 1 "$out" | jq .result.cancelled)" '0 false'
	lighter "$@" gc none
	is "$by: gc of no repository" "$code $(cat "$out.err")" '1 *no repository none*'
	lighter "$@" gc --grace soon
	is "$by: gc with a strange age" "$code $(cat "$out.err")" "1 *grace: 'soon' is not a duration*"
}

scrubs() {
	local by=$1
	shift
	push_blob up/one "$work/garbage"
	lighter "$@" scrub
	is "$by: scrub" "$code $(said)" '0 *: all is well'
	chmod u+w "$(path_of up/one "$work/garbage")"
	printf '######' | dd of="$(path_of up/one "$work/garbage")" conv=notrunc status=none
	chmod a-w "$(path_of up/one "$work/garbage")"
	lighter "$@" scrub --bandwidth 1GiB up/one
	is "$by: scrub finds" "$code $(said) $(cat "$out.err")" "1 *: 1 problem, 0 repaired*$(digest_of "$work/garbage")*"
	lighter "$@" --json scrub up/one
	is "$by: scrub as JSON" "$code $(jq -r 'select(.problem) | .problem.kind' "$out")" '1 blob'
	lighter "$@" scrub --repair
	is "$by: scrub --repair" "$code $(said)" '1 *in quarantine'
	lighter "$@" scrub
	is "$by: scrub after that" "$code $(said)" '0 *: all is well'
	lighter "$@" scrub none
	is "$by: scrub of no repository" "$code" 1
}

cleanups() {
	local by=$1
	shift
	make_image up/one old-1
	make_image up/one old-2
	echo 'up/* remove=old-.*' >"$store/cleanup"
	lighter "$@" cleanup --dry-run
	is "$by: cleanup --dry-run" "$code $(said)" \
		'0 would remove tag old-* of up/one*1 repository with a rule: would remove 2 tags and 2 manifests, kept 1 tag*'
	lighter "$@" cleanup up/one
	is "$by: cleanup" "$code $(said)" '0 removed tag old-*: removed 2 tags and 2 manifests, kept 1 tag*'
	http GET /v2/up/one/tags/list
	is "$by: what is left" "$(jq -c .tags "$work/body")" '\["1"]'
	echo 'up/*' >"$store/cleanup"
	lighter "$@" cleanup
	is "$by: a rule that keeps nothing" "$code $(said)" '1 '
	echo 'up/* remove=(' >"$store/cleanup"
	lighter "$@" cleanup
	is "$by: a broken pattern" "$code $(cat "$out.err")" '1 *cleanup:1: *'
	rm "$store/cleanup"
	lighter "$@" cleanup
	is "$by: no rules" "$code $(said)" '0 0 repositories with a rule*'
}

removals() {
	local by=$1
	shift
	make_image up/one/below 1
	lighter "$@" --yes rm up/one
	is "$by: rm" "$code $(said)" '0 removed 1 tag, 1 manifest, 4 blobs; *'
	lighter "$@" rm up/one
	is "$by: rm of nothing" "$code $(said)" '1 '
	http GET /v2/up/one/below/manifests/1
	is "$by: rm of this and no other" "$status" 200
	lighter "$@" recount up
	is "$by: the account is right" "$code" 0
	lighter "$@" --json rm up/one/below
	is "$by: rm as JSON" "$code $(jq .tags "$out")" '0 1'
}

accounts store "${on_store[@]}"
accounts http "${over_http[@]}"
recounts store "${on_store[@]}"
recounts http "${over_http[@]}"
for part in collections scrubs cleanups removals; do
	"$part" store "${on_store[@]}"
done
for part in collections scrubs cleanups removals; do
	"$part" http "${over_http[@]}"
done
is "pages: the registry has more than one" \
	"$(curl -s -D - -o /dev/null "$base/v2/_lighter/usage?n=1" | grep -ci '^link:')" 1
is "all in the store belongs to its owner" \
	"$(find "$store" ! -user "$(stat -c %U "$store")" | head -n 1)" ''

# ---- usage of the command itself ---------------------------------------------------------

for bad in "" "nothing" "usage a b" "quota" "quota a b=1" "quota a bytes=-1" "quota a bytes=1.5GiB" \
	"quota a bytes=1 default" "usage A" "usage a/b" "usage ../x" "usage --repair" "recount --force" \
	"gc --repair" "gc --grace" "gc a b" "gc A" \
	"scrub --dry-run" "scrub a:b" "cleanup --repair" "rm" "rm a/" \
	"rm a b" "--root" "--url $base --root x usage" "--user x usage" "--url ftp://x usage"; do
	# shellcheck disable=SC2086
	lighter $bad
	is "\"$bad\": usage" "$code $(cat "$out")" '2 '
done
lighter --help
is "--help" "$code $(head -n 1 "$out")" '0 usage: scripts/lighter*'
lighter --root "$work/none" usage
is "no store" "$code $(cat "$out.err")" '1 *there is no store in*'
lighter --url http://127.0.0.1:1 usage
is "nobody listens" "$code $(cat "$out")" '1 '
check "nobody listens: it says so" test -s "$out.err"
mkdir "$work/newer"
echo 'lighter 2' >"$work/newer/format"
lighter --root "$work/newer" --bin "$programs" usage
is "a store of another format" "$code $(cat "$out" "$out.err")" '1 *another format*'
is "and nothing is touched" "$(ls "$work/newer")" format

# ---- long answers ------------------------------------------------------------------------

# bob's account differs, and somebody holds its lock: a repair waits.
rm "$store"/repos/bob/app/@blobs/sha256/"$(sha256sum "$work/bob/app.1000" | cut -d' ' -f1)"
exec 8<"$store/quota/bob/lock"
flock 8
curl -sN -X POST -H 'Content-Length: 0' "$base/v2/_lighter/recount?repair=true" >"$work/stream" &
client=$!
check "what has been found arrives while the rest is being worked on" \
	wait_until grep -q '"namespace":"alice"' "$work/stream"
is "the rest has not come" "$(grep -c result "$work/stream")" 0
flock -u 8
wait "$client" || true
is "and comes" "$(tail -n 1 "$work/stream" | jq -c .result.repaired)" 1

exec 8<&-

# A job whose client goes away comes to its end.
random "$work/large" 100000
push_blob slow/one "$work/large"
: >"$work/stream"
curl -sN -X POST -H 'Content-Length: 0' "$base/v2/_lighter/scrub?bandwidth=1000" >"$work/stream" &
client=$!
check "a slow scrub begins" wait_until grep -q progress "$work/stream"
kill "$client"
wait "$client" 2>/dev/null || true
check "and ends when its client has gone" wait_until grep -q 'event=gone' "$store/run/log/requests.log"

# ---- at a terminal -----------------------------------------------------------------------

# at_terminal ANSWER ARGUMENT...: what a terminal shows, in $out.
at_terminal() {
	local answer=$1
	shift
	code=0
	script -qec "scripts/lighter $*" /dev/null <<<"$answer" >"$out" || code=$?
}
if command -v script >/dev/null; then
	make_image up/one 1
	at_terminal n "${on_store[@]}" rm up/one
	is "rm asks back" "$code $(cat "$out")" '1 *Remove the repository up/one*nothing was done*'
	at_terminal y "${on_store[@]}" rm up/one
	is "and goes on" "$code $(cat "$out")" '0 *removed 1 tag*'
	echo 'up/*' >"$store/cleanup"
	at_terminal n "${on_store[@]}" cleanup --all
	is "cleanup --all asks back" "$code $(cat "$out")" '1 *leave no tag*nothing was done*'
	at_terminal y "${on_store[@]}" cleanup --all
	is "and goes on then" "$code" 0
	rm "$store/cleanup"
	at_terminal '' "${on_store[@]}" scrub
	is "a bar while it works" "$code $(cat "$out")" '0 *[[]*% *all is well*'
else
	skip "what a terminal shows: there is no script(1)"
fi

# ---- with a login ------------------------------------------------------------------------

stop_registry
start_registry --set auth=on --set basic=off --set public='open/**' --set log-level=info
over_http=(--url "$base")
scripts/user --root "$store" add alice <<<'al"i\ce' >/dev/null
scripts/user --root "$store" add carol <<<'carol: secret' >/dev/null
printf 'carol ** admin\n' >"$work/rules"
cat "$work/rules" >"$store/auth/access"

as() {
	lighter "${over_http[@]}" --user "$@"
}
carol_may() {
	as 'carol:carol: secret' recount
	[ "$code" = 0 ]
}
check "carol administers" wait_until carol_may
lighter "${over_http[@]}" usage
is "nobody" "$code $(cat "$out.err")" '1 *needs a login; see --user'
as 'alice:al"i\ce' usage
is "alice sees her own" "$code $(said)" "0 $head|alice 5.8 KiB - 3 0 - -"
as 'alice:al"i\ce' quota alice
is "alice: her quota" "$code" 0
as 'alice:al"i\ce' quota alice bytes=0
is "alice: may not set it" "$code $(cat "$out.err")" '1 *may not administer*'
as 'alice:al"i\ce' usage bob
is "alice: not bob's" "$code $(cat "$out.err")" '1 *may not see*'
as alice:wrong usage
is "a wrong password" "$code $(cat "$out")" '1 '
as 'carol:carol: secret' quota alice bytes=1MiB
is "carol: quota" "$code $(said)" '0 LIMIT SET IN FORCE|bytes 1 MiB 1 MiB|*'
as 'carol:carol: secret' usage
is "carol sees all" "$code $(said)" "0 $head|alice 5.8 KiB 1 MiB 3 0 - -|bob *"
code=0
scripts/lighter "${over_http[@]}" --user carol usage >"$out" <<<'carol: secret' || code=$?
is "a password from standard input" "$code $(sed -n 2p "$out")" '0 alice *'
LIGHTER_PASSWORD='carol: secret' lighter "${over_http[@]}" --user carol usage
is "a password from the environment" "$code" 0
if command -v script >/dev/null; then
	at_terminal 'carol: secret' "${over_http[@]}" --user carol usage
	is "a password from a terminal" "$code $(cat "$out")" '0 *password of carol: *bob *'
fi
printf 'machine 127.0.0.1 login carol password "carol: secret"\n' >"$work/.netrc"
lighter "${over_http[@]}" usage
is "a password from netrc" "$code $(sed -n 3p "$out")" '0 bob *'
rm "$work/.netrc"
token=$(curl -s -G --data-urlencode 'scope=registry:usage:*' -u 'carol:carol: secret' "$base/v2/token" | jq -r .token)
lighter "${over_http[@]}" --token "$token" usage bob
is "a token" "$code" 0
lighter "${over_http[@]}" --token "$token" recount
is "a token that is not for this" "$code $(cat "$out.err")" '1 *not made for*'
LIGHTER_TOKEN=$token lighter "${over_http[@]}" usage bob
is "a token from the environment" "$code" 0
lighter "${on_store[@]}" quota alice bytes=2MiB
is "who has the files needs no login" "$code" 0
is "no password is in the log" "$(grep -rc 'carol: secret' "$store/run/log" | grep -cv ":0$")" 0
finish
