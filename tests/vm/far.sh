#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Clocks further off than an NTP timestamp reaches, as far as Linux accepts them, set right by
# `reqtime set` in a user-mode Linux guest.  far_guest.sh is its first process and makes the
# tests; this script is the network and the time servers.
. "$(dirname "$0")/../tools/lib.sh"
. "$(dirname "$0")/lib.sh"

guest_needs_uml
chronyd=$R/build/peers/usr/sbin/chronyd
[ -x "$chronyd" ] || skip_all "needs chronyd below build/peers (packaging/deps test)"
guest_network "$@"

# Two servers, one not ours: the result is checked with chrony on both ends.
cat >"$T/chronyd.conf" <<END
local stratum 1
port 123
allow all
cmdport 0
bindaddress 10.79.0.1
bindcmdaddress /
pidfile $T/chronyd.pid
END
background "$chronyd" -4 -x -d -u root -f "$T/chronyd.conf" >"$T/chronyd.log" 2>&1
server --listen 10.79.0.1:1123 --local-stratum 1 || finish

guest_tool kernel_look
guest_boot "$R/tests/vm/far_guest.sh"
guest_tap
