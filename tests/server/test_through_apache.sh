#!/bin/bash
. "$(dirname "$0")/servers.sh"
through apache
