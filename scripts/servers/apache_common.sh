# shellcheck shell=bash disable=SC2034,SC2154
# Apache: what its three ways have in common. Sourced by the files beside this one.

server_name=apache
server_packages=apache
# Requests under way may end.
server_stop=WINCH
apache_modules=/usr/lib/apache2/modules

server_sendfile() {
	if [ -e "$apache_modules/mod_xsendfile.so" ]; then
		echo x-sendfile
	else
		echo copy
	fi
}

# apache FILE: with a configuration of $run/etc.
apache() {
	values+=(LIGHTER_MODULES="$apache_modules")
	command=(apache2 -D FOREGROUND -f "$run/etc/$1")
}
