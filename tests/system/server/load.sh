#!/bin/sh
# SPDX-License-Identifier: MIT
#
# reqtimed under load: a stalled processor delays answers and loses none; hundreds of
# thousands of clients cost no memory, no descriptor and no allocation.
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"
own_network "$@"
tool intruder.so
tool load
tool clients
# shellcheck disable=SC2154 # lib.sh sets them
server --listen 127.0.0.1:0 --local-stratum 1 --threads 1 || finish
port=$(server_port ntp)

# 1,500 requests while it stands still: more than the default receive buffer holds, fewer than
# ours does.  A request that waits longer than half a second is dropped: on a busy machine, again.
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
# Bit 12 is CAP_NET_ADMIN, which has no effect for root of a user namespace.
may_force() {
	caps=$(sed -n 's/^CapEff:[^0-9a-f]*\([0-9a-f]*\)$/\1/p' /proc/self/status)
	test $((0x$caps >> 12 & 1)) = 1 && grep -q ' 4294967295$' /proc/self/uid_map
}
if ! may_force && [ "$(cat /proc/sys/net/core/rmem_max)" -lt 1048576 ]; then
	skip "a moment without a processor costs no answer" "needs CAP_NET_ADMIN, or a larger net.core.rmem_max"
else
	check "a moment without a processor costs no answer" wait_for 10 stop_a_moment
fi
server_stop

# More sources than all tables have entries, each used in turn.
if grep -q __asan_init "$REQTIMED"; then
	skip "the cost of 300,000 clients" "not with sanitizers"
	finish
fi
if ! ip route add local 10.0.0.0/8 dev lo 2>"$T/log"; then
	skip "the cost of 300,000 clients" "cannot add a local route: $(head -n 1 "$T/log")"
	finish
fi
chmod 755 "$T/intruder.so"
head -c 8 /dev/zero >"$T/counts"
chmod 666 "$T/counts"
server_prefix="env LD_PRELOAD=$T/intruder.so INTRUDER_COUNTS=$T/counts" \
	server --listen 127.0.0.1:0 --local-stratum 1 --threads 2 || finish
port=$(server_port ntp)
# $kib resident, $fds descriptors, $calls of malloc() and its like
look() {
	kib=$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$server_pid/status")
	fds=$(find "/proc/$server_pid/fd" -mindepth 1 | wc -l)
	calls=$(od -An -tu8 "$T/counts" | tr -d ' ')
}
"$T/clients" soak 127.0.0.1 "$port" 200000 200000 >"$T/warm"
sleep 1.2 # one round of the work that is done every second
look
kib_before=$kib fds_before=$fds calls_before=$calls
"$T/clients" soak 127.0.0.1 "$port" 300000 300000 >"$T/soaked"
read -r sent answered sources per_s <"$T/soaked"
look
check "$sources clients, $per_s a second: $answered of $sent are answered" \
	test "$sent" = 300000 -a "$sources" = 300000 -a "$answered" -gt 1000
check "... no allocation ($calls_before before)" test "$calls_before" -gt 0 -a "$calls" = "$calls_before"
check "... the same descriptors ($fds)" test "$fds" = "$fds_before"
check "... the same memory ($kib_before KiB before, $kib KiB after), at most 8 MiB" \
	test "$kib" -le $((kib_before + 16)) -a "$kib" -le 8192
server_stop
finish
