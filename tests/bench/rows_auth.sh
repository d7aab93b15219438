# What a login costs: the same public manifest without one, with a token, with a password.
# Sourced by scripts/bench.
# shellcheck shell=bash disable=SC2154,SC2034

# The user owns bench/**, and everybody may pull there.
auth_start() {
	ours_start locked --set auth=on --set public='bench/**'
	head -c 18 /dev/urandom | base64 >"$work/password"
	"$top/scripts/user" --root "$locked_root" add bench <"$work/password" >"$work/answer" 2>&1 ||
		fail "cannot add a user: $(cat "$work/answer")"
	curl_login=(-u "bench:$(cat "$work/password")")
	wait_login
	push_small_image "$locked_url"
}

# A running registry looks for new users once a second.
wait_login() {
	local i
	for ((i = 0; i < 50; i++)); do
		curl -sf -o "$work/answer" "${curl_login[@]}" "$locked_url/v2/" && return 0
		sleep 0.1
	done
	fail "the user cannot log in: $(cat "$work/answer")"
}

# fresh_token: of the token endpoint, limited to a pull of the repository.
fresh_token() {
	curl -sf "${curl_login[@]}" "$locked_url/v2/token?service=lighter&scope=repository:bench/app:pull" |
		json token
}

# login_rate SIDE: GET requests a second with what the side sends.
login_rate() {
	local login=() out
	case $1 in
	token) login=(-H "Authorization: Bearer $(fresh_token)") ;;
	basic) login=(-H "Authorization: Basic $(printf 'bench:%s' "$(cat "$work/password")" | base64 -w 0)") ;;
	esac
	out=$(wrk -t 1 -c "$clients" -d "${seconds}s" -H "$accept_oci" "${login[@]}" \
		"$locked_url/v2/bench/app/manifests/v1")
	if grep -qE 'Non-2xx|Socket errors' <<<"$out"; then
		fail "errors with $1: $out"
	fi
	awk '/^Requests\/sec:/ { print $2 }' <<<"$out"
}

group_auth() {
	local r side
	want auth-get || return 0
	row auth-get "requests/s" "GET of a public manifest by tag, auth = on"
	note "logins: a token is verified once by each worker, a password (bcrypt, cost 10) once a minute by each; both before or within the turn that is measured"
	auth_start
	for ((r = 1; r <= rounds; r++)); do
		for side in anonymous token basic; do
			progress "round $r of $rounds: logins, $side"
			sample auth-get "$r" "$side" "$(login_rate "$side")"
		done
	done
	curl_login=()
}
