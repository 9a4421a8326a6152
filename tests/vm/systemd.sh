#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The units of packaging/systemd under a real systemd, in a user-mode Linux guest that boots
# in 2001.  This side of the network has the time servers.
. "$(dirname "$0")/../tools/lib.sh"
. "$(dirname "$0")/lib.sh"

guest_needs_uml
guest_network "$@"
guest_install
guest_tool kernel_look
server --listen 10.79.0.1:123 --text-listen 10.79.0.1:9191 --local-stratum 3 || finish
guest_systemd "$R/tests/vm/systemd_guest.sh"
guest_tap
