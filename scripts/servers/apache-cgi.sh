# shellcheck shell=bash disable=SC2034,SC2154
# Apache with plain CGI, as on shared hosting. Sourced by scripts/run.

. scripts/servers/apache_common.sh
server_files=(apache.conf apache-cgi.conf apache-cgi.htaccess errors)
server_pools=''

# The document root, as apache-cgi.htaccess wants it.
server_command() {
	local site=$run/www
	# shellcheck disable=SC2016
	(cd / && as_owner sh -eu -c '
		rm -rf "$1" && mkdir -p "$1/lighter"
		cp "$2/apache-cgi.htaccess" "$1/.htaccess"
		cp -r "$2/errors" "$1/lighter"
		for program in "$3"/*; do
			ln -s "$program" "$1/lighter/${program##*/}.cgi"
		done' - "$site" "$run/etc" "$run/bin")
	apache apache-cgi.conf
}

# X-Sendfile is not for an .htaccess.
server_sendfile() {
	echo copy
}
