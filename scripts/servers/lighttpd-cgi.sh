# shellcheck shell=bash disable=SC2034,SC2154
# lighttpd with plain CGI. Sourced by scripts/run.

. scripts/servers/lighttpd.sh
server_files=(lighttpd-cgi.conf lighttpd-server.conf errors)

server_command() {
	command=(lighttpd -D -f "$run/etc/lighttpd-cgi.conf")
}
