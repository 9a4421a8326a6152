#!/bin/bash
# SPDX-License-Identifier: MIT
#
# `make demo`: server and client at work on loopback, without privilege.  Ports are the
# kernel's choice; nothing sets this machine's clock.
# bash, for its /dev/tcp and /dev/udp: the exercise needs no client program at all.

set -u
cd "$(dirname "$0")/.." || exit 1
BUILD=${BUILD:-build}
log=$(mktemp) || exit 1
server=
# shellcheck disable=SC2317 # called by the trap
cleanup() {
	if [ -n "$server" ]; then
		kill "$server" 2>/dev/null
		wait "$server" 2>/dev/null
	fi
	rm -f "$log"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# A bug in what is shown must not reach the clock either.
guard=()
if [ "$(id -u)" = 0 ]; then
	guard=(setpriv --bounding-set=-sys_time --inh-caps=-all)
fi

explain() {
	echo
	printf '# %s\n' "$@"
}
show() {
	printf '$ %s\n' "$*"
	"${guard[@]}" "$@"
}
port() {
	sed -n "s/^reqtimed: $1 .*:\([0-9]*\)\$/\1/p" "$log" | head -n 1
}

explain "A time server, on loopback only. Port 0 lets the kernel choose free ports; stratum 10" \
	"says that it has nothing but this machine's own clock to offer."
serve=("$BUILD/reqtimed" --listen 127.0.0.1:0 --text-listen 127.0.0.1:0 --local-stratum 10)
printf '$ %s &\n' "${serve[*]}"
"${guard[@]}" "${serve[@]}" 2>"$log" &
server=$!
for _ in {1..100}; do
	grep -q '^reqtimed: ready' "$log" && break
	kill -0 "$server" 2>/dev/null || break
	sleep 0.05
done
cat "$log"
if ! grep -q '^reqtimed: ready' "$log"; then
	echo "demo: reqtimed did not get ready" >&2
	exit 1
fi
ntp=$(port ntp)
tcp=$(port 'text tcp')
udp=$(port 'text udp')

explain "The exercise: send the line \"reqtime\", get the server's UTC time back. First over TCP ..."
printf '$ exec 3<>/dev/tcp/127.0.0.1/%s; echo reqtime >&3; cat <&3\n' "$tcp"
exec 3<>"/dev/tcp/127.0.0.1/$tcp" && echo reqtime >&3 && timeout 5 cat <&3
exec 3<&-
explain "... then over UDP: one datagram there, one back."
printf '$ exec 3<>/dev/udp/127.0.0.1/%s; echo reqtime >&3; head -n 1 <&3\n' "$udp"
exec 3<>"/dev/udp/127.0.0.1/$udp" && echo reqtime >&3 && timeout 5 head -n 1 <&3
exec 3<&-

explain "A time that arrives says nothing about how long it travelled. reqtime measures that too:" \
	"all three ways at once, each offset with a bound that the truth lies within."
show "$BUILD/reqtime" query "ntp://127.0.0.1:$ntp" "reqtime://127.0.0.1:$udp" \
	"reqtime+tcp://127.0.0.1:$tcp"
result=$?

explain "What would be done to the clock, without doing it: no privilege needed." \
	"(It is its own clock it was measured against, so there is nothing to do.)"
show "$BUILD/reqtime" set --dry-run "ntp://127.0.0.1:$ntp" || {
	status=$?
	[ $status -eq 5 ] || result=$status # another program keeps this clock: it says so
}

explain "The same for programs."
show "$BUILD/reqtime" --json "ntp://127.0.0.1:$ntp" || result=$?
exit $result
