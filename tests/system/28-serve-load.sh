#!/bin/sh
# SPDX-License-Identifier: MIT
#
# reqtimed under load: a processor that is taken away costs waiting and not answers.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

if ! cc -O2 -D_GNU_SOURCE -o "$T/load" "$R/tests/bench/load.c" 2>"$T/load.log"; then
	skip_all "no compiler for tests/bench/load.c: $(head -n 1 "$T/load.log")"
fi
# shellcheck disable=SC2154 # lib.sh sets them
server --listen 127.0.0.1:0 --local-stratum 1 --threads 1 || finish
port=$(server_port ntp)

# 1,500 requests while it stands still: more than the queue that everybody may have, less
# than ours.  What waits longer than half a second is dropped: on a busy machine, again.
# shellcheck disable=SC2317 # called by wait_for
stop_a_moment() {
	kill -STOP "$server_pid"
	"$T/load" burst 127.0.0.1 "$port" 1500 2000 >"$T/burst" &
	bursting=$!
	sleep 0.1
	kill -CONT "$server_pid"
	wait "$bursting"
	grep -qx '1500 1500' "$T/burst"
}
# Bit 12 is CAP_NET_ADMIN, of which root of a user namespace has the name only.
may_force() {
	caps=$(sed -n 's/^CapEff:[^0-9a-f]*\([0-9a-f]*\)$/\1/p' /proc/self/status)
	test $((0x$caps >> 12 & 1)) = 1 && grep -q ' 4294967295$' /proc/self/uid_map
}
if ! may_force && [ "$(cat /proc/sys/net/core/rmem_max)" -lt 1048576 ]; then
	skip "a moment without a processor costs no answer" "needs CAP_NET_ADMIN, or a larger net.core.rmem_max"
else
	check "a moment without a processor costs no answer" wait_for 1 stop_a_moment
fi
finish
