#!/bin/sh
# SPDX-License-Identifier: MIT
#
# NTS on a machine whose clock is wrong, which is when certificates cannot be checked by it: a
# user-mode Linux guest with a clock of its own.  nts_guest.sh is its first process and makes the
# tests; here are the certificates, and a server to check the result with.
. "$(dirname "$0")/../tools/lib.sh"
. "$(dirname "$0")/../tools/nts.sh"
. "$(dirname "$0")/lib.sh"

guest_needs_uml
[ -x "$NTS_CHRONYD" ] || skip_all "needs chronyd below build/peers (packaging/deps test)"
nts_program
guest_network "$@"

cat >"$T/chronyd.conf" <<END
local stratum 1
port 123
allow all
cmdport 0
bindaddress 10.79.0.1
bindcmdaddress /
pidfile $T/chronyd.pid
END
background "$NTS_CHRONYD" -4 -x -d -u root -f "$T/chronyd.conf" >"$T/chronyd.log" 2>&1

# The authority is as old as the oldest certificate below it.  `then`: of 2024.
here=ip=127.0.0.1,127.0.0.2,127.0.0.3,127.0.0.4
year_2024=1704067200
year_2025=1735689600
mkdir "$T/certificates"
if ! "$T/nts_certificates" "$T/certificates" "ca ca from=$((year_2024 - 86400))" "good by=ca $here" \
	"expired by=ca $here from=-864000 until=-3600" "then by=ca $here from=$year_2024 until=$year_2025" \
	2>"$T/why"; then
	not_ok "the certificates are made" "$(cat "$T/why")"
	finish
fi
guest_tool kernel_look
guest_boot "$R/tests/vm/nts_guest.sh"
guest_tap
