#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A near client's bound holds, and it loses no answer, whatever delays the server's answers: neighbours
# that answer ARP late, and a return path that alternates between a slow and a fast interface.
# 10^4 exchanges and more, NIGHTLY=1: 10^5.
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"
own_network "$@"
tool neighbours

rounds=8
[ -z "${NIGHTLY:-}" ] || rounds=80

# The other end: a client, and a network segment of late neighbours.
background unshare -n sleep 1000
far=$background_pid
wait_for 5 sh -c "[ \"\$(readlink /proc/$far/ns/net)\" != \"\$(readlink /proc/self/ns/net)\" ]"
there() {
	nsenter -t "$far" -n "$@"
}
echo 0 >/proc/sys/net/ipv4/conf/all/rp_filter
there ip link set lo up
for link in fast slow late; do
	if ! ip link add $link type veth peer name far$link netns "$far" 2>"$T/why"; then
		skip_all "no veth: $(cat "$T/why")"
	fi
	echo 0 >/proc/sys/net/ipv4/conf/$link/rp_filter
	ip link set $link up
	there ip link set far$link up
done
ip addr add 10.9.0.1/32 dev lo
ip addr add 10.5.0.1/16 dev late
there ip addr add 10.9.0.2/32 dev lo
there ip route add 10.9.0.1/32 dev farfast src 10.9.0.2
back_by() {
	ip route replace 10.9.0.2/32 dev "$1" src 10.9.0.1
}
back_by fast

server --listen 0.0.0.0:123 --local-stratum 2 --threads 1 --rate 0 || finish

# near COUNT: exchanges of the near client, whose results are added up in $T/near
near() {
	there "$T/neighbours" near 10.9.0.1 123 "$1" 0 >>"$T/near" 2>>"$T/why"
}
# checked NAME: the sums of near
checked() {
	awk '{ a += $1; o += $2; l += $3; t += $4 } END { print a + 0, o + 0, l + 0, t + 0 }' \
		"$T/near" >"$T/sum"
	read -r answered outside lost late <"$T/sum"
	echo "# $answered exchanges, $outside outside of the bound, $lost lost, T3 late in $late"
	if [ "$answered" -gt 0 ] && [ "$outside" -eq 0 ] && [ "$lost" -eq 0 ]; then
		ok "$1"
	else
		not_ok "$1" "$(head -n 3 "$T/why")"
	fi
	rm -f "$T/near" "$T/why"
}

# Late by hardly more than a system call, or by as much as counts at all; one request from each host,
# or as many as wait for ARP together.  Enough to evict all others from the table; then the client.
near 100
for round in $(seq $rounds); do
	case $((round % 4)) in
	0) late="3 15" ;;
	1) late="1 900" ;;
	2) late="1 40 200 700" ;;
	3) late="3 150 400" ;;
	esac
	# shellcheck disable=SC2086 # arguments
	there "$T/neighbours" late farlate 10.5.0.1 10.5.1.0 600 $late >>"$T/late"
	near 5
	ip neigh flush dev late
done
awk '{ n += $1; r += $2 } END { print n, r }' "$T/late" >"$T/sum"
read -r requests hosts <"$T/sum"
echo "# $requests requests, ARP answered late for $hosts hosts"
check "the neighbours were late" test "$hosts" -ge $((rounds * 500))
checked "late ARP moves no bound, and no client loses the server"

# Two at once on the slow path, so that its queue is not empty when one of them is delayed otherwise:
# an answer waits 0.8 ms.
if ! tc qdisc add dev slow root tbf rate 2mbit burst 250 limit 6000 2>"$T/why"; then
	skip "a return path that alternates between slow and fast" "no tbf: $(head -n 1 "$T/why")"
	server_stop
	finish
fi
background near $((rounds * 600))
one=$background_pid
background near $((rounds * 600))
while kill -0 "$one" 2>/dev/null || kill -0 "$background_pid" 2>/dev/null; do
	back_by slow
	sleep 0.5
	back_by fast
	sleep 0.05
done
checked "a return path that alternates between slow and fast: the same"
server_stop
finish
