#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A real clock set by `reqtime set`: that of a user-mode Linux guest, which boots with
# this machine's files read-only and has its own clock.  set_guest.sh is its first
# process and makes the tests; this script is the network and the time servers.
. "$(dirname "$0")/../tools/lib.sh"
. "$(dirname "$0")/../tools/adversary.sh"
. "$(dirname "$0")/lib.sh"

guest_needs_uml
have strace || skip_all "needs strace"
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
server --listen 10.79.0.1:1123 --text-listen 10.79.0.1:9191 --local-stratum 1 || finish

# Times that no server here has: at the end of the year, and when the 32 bits of NTP
# seconds overflow (2036-02-07 06:28:16).
new_year=$((($(date -u -d '2026-12-31 12:00:00' +%s) - $(date +%s)) * 1000))
adversary 10.79.0.1:3001 "leap=1 shift=$new_year" 10.79.0.1:3002 "shift=$new_year" \
	10.79.0.1:3003 "at=4294967293" 10.79.0.1:3004 "at=5"
guest_tool kernel_look
guest_tool kill_sweep
guest_tool no_setoffset -shared -fPIC && mv "$T/no_setoffset" "$T/no_setoffset.so"
# The programs are copied by the guest while it is still root: its user 65534 may not be
# allowed into this folder.
kills=4
[ -z "${NIGHTLY:-}" ] || kills=12
guest_boot "$R/tests/vm/set_guest.sh" "REQTIME_KILLS=$kills"
guest_tap
