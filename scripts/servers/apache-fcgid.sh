# shellcheck shell=bash disable=SC2034,SC2154
# Apache with mod_fcgid, which starts the programs itself. Sourced by scripts/run.

. scripts/servers/apache_common.sh
server_files=(apache.conf apache-fcgid.conf errors)
server_pools=''

server_command() {
	apache apache-fcgid.conf
}
