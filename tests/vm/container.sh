#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The container image sets a real clock: that of a user-mode Linux guest, in which its root file system
# is read-only, its user 65532, and SYS_TIME the only capability, as packaging/container/kubernetes has
# it.  container_guest.sh is the guest's first process and makes the tests.
. "$(dirname "$0")/../tools/lib.sh"
. "$(dirname "$0")/lib.sh"

guest_needs_uml
have setcap || skip_all "needs setcap (libcap2-bin)"
guest_network "$@"
server --listen 10.79.0.1:123 --local-stratum 1 || finish
if ! static_built; then
	not_ok "make static" "$(cat "$T/why")"
	finish
fi
guest_tool container_start -lcap
guest_boot "$R/tests/vm/container_guest.sh"
guest_tap
