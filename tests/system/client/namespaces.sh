#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Client and server in network namespaces connected by a veth pair.
. "$(dirname "$0")/../../tools/lib.sh"
own_network "$@"

# The far end is a namespace that exists as long as a process in it.
background unshare -n sleep 100
far=$background_pid
wait_for 5 sh -c "[ \"\$(readlink /proc/$far/ns/net)\" != \"\$(readlink /proc/self/ns/net)\" ]"
if ! ip link add near type veth peer name far netns "$far" 2>"$T/why"; then
	skip_all "no veth: $(cat "$T/why")"
fi
there() {
	nsenter -t "$far" -n "$@"
}
ip addr add 10.77.0.1/24 dev near
ip -6 addr add fd77::1/64 dev near nodad
ip link set near up
there ip link set lo up
there ip addr add 10.77.0.2/24 dev far
there ip addr add 10.77.0.3/24 dev far
there ip -6 addr add fd77::2/64 dev far nodad
there ip -6 addr add fd77::3/64 dev far nodad
there ip link set far up

server_prefix="nsenter -t $far -n"
server --listen '*' --text-listen '*' --local-stratum 1 || finish
server_prefix=

# asks NAME SERVER...
asks() {
	lib_asked=$1
	shift
	run "$REQTIME" query --json "$@"
	if [ "$status" -eq 0 ] && within 50000000 "$(json offset_ns)" &&
		within "$(json bound_ns)" "$(json offset_ns)"; then
		ok "$lib_asked"
	else
		not_ok "$lib_asked" "exit $status: $(cat "$out" "$err")"
	fi
}
wait_for 5 "$REQTIME" query -q -t 1s 10.77.0.2
wait_for 5 "$REQTIME" query -q -t 1s '[fd77::2]'
asks "NTP over IPv4" 10.77.0.2
asks "NTP over IPv6" fd77::2
# The client's sockets are connected: an answer from 10.77.0.2 would never be seen.
asks "IPv4: answered from the address that was asked" 10.77.0.3
asks "IPv6: answered from the address that was asked" '[fd77::3]'
asks "the line over UDP and IPv4" reqtime://10.77.0.3
asks "the line over UDP and IPv6" 'reqtime://[fd77::3]'
asks "the line over TCP and IPv4" reqtime+tcp://10.77.0.2
asks "the line over TCP and IPv6" 'reqtime+tcp://[fd77::2]'
asks "four ways at once" 10.77.0.2 fd77::2 reqtime://10.77.0.2 reqtime+tcp://10.77.0.2

# An unreachable host and a reachable one.
run "$REQTIME" query -t 2s 10.77.0.2 10.77.0.99
expect "one server of two is no majority, or is trusted with the other named" "$status" \
	'10\.77\.0\.99'
run "$REQTIME" query -t 500ms 10.99.99.99
expect "without a route there is no answer" 1

# The link goes down.
there ip link set far down
run "$REQTIME" query -t 700ms 10.77.0.2
expect "a link that is down gives no answer" 1
finish
