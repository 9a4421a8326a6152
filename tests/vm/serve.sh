#!/bin/sh
# SPDX-License-Identifier: MIT
#
# reqtimed.socket and reqtimed.service under a real systemd, and the server's answers for a clock that
# reqtime sets, another program steps and 2036 rolls over.  In a user-mode Linux guest; this side of
# the network has the time server that the guest asks.
. "$(dirname "$0")/../tools/lib.sh"
. "$(dirname "$0")/lib.sh"

guest_needs_uml
guest_network "$@"
guest_install
guest_tool kernel_look
guest_tool step_watch
server --listen 10.79.0.1:123 --local-stratum 3 || finish
guest_systemd "$R/tests/vm/serve_guest.sh"
guest_tap
