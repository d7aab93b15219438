# shellcheck shell=bash disable=SC2034,SC2154
# Apache with mod_proxy_fcgi: in front of programs that are kept by scripts/pools. Sourced by
# scripts/run.

. scripts/servers/apache_common.sh
server_files=(apache.conf apache-fcgi.conf errors)
server_pools=1

server_command() {
	apache apache-fcgi.conf
}
