# shellcheck shell=bash disable=SC2034,SC2154
# lighttpd: starts the programs itself. Sourced by scripts/run.

server_name=lighttpd
server_packages=serve
server_files=(lighttpd.conf lighttpd-server.conf errors)
# Requests under way may end; lighttpd gives them ten seconds.
server_stop=INT
server_pools=''

server_command() {
	command=(lighttpd -D -f "$run/etc/lighttpd.conf")
}

server_sendfile() {
	echo x-sendfile
}
