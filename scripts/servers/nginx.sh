# shellcheck shell=bash disable=SC2034,SC2154
# nginx: in front of programs that are kept by scripts/pools. Sourced by scripts/run.

server_name=nginx
server_packages=nginx
server_files=(nginx.conf errors)
# Requests under way may end.
server_stop=QUIT
server_pools=1

server_command() {
	put_values nginx.conf
	command=(nginx -e "$run/log/nginx.log" -p "$run/" -c "$run/etc/nginx.conf" -g 'daemon off;')
}

server_sendfile() {
	echo x-accel
}
