#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The rate of a real kernel's clock, that of a user-mode Linux guest: what `set` makes of it when
# runs follow each other quickly, and when another program has left its tick wrong.  The guest's
# crystal is this machine's, so the rate that is right is 0.
. "$(dirname "$0")/../tools/lib.sh"
. "$(dirname "$0")/lib.sh"

guest_network "$@"
server --listen 10.79.0.1:1123 --local-stratum 1 || finish
guest_tool kernel_look
guest_boot "$R/tests/vm/rate_guest.sh"
guest_tap
