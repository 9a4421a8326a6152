#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The frequency of a real kernel clock, that of a user-mode Linux guest: after runs of `set` in quick
# succession, and after another program has left a wrong tick.  The guest's crystal is this machine's,
# so the right frequency is 0.
. "$(dirname "$0")/../tools/lib.sh"
. "$(dirname "$0")/lib.sh"

guest_network "$@"
server --listen 10.79.0.1:1123 --local-stratum 1 || finish
guest_tool kernel_look
guest_boot "$R/tests/vm/rate_guest.sh"
guest_tap
