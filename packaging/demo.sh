#!/bin/bash
# SPDX-License-Identifier: MIT
#
# `make demo`: server and client on loopback, without privilege.  The kernel chooses the
# ports; nothing sets this machine's clock.
# bash, for its /dev/tcp and /dev/udp: the text protocol needs no client program.

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

# Even a bug in the programs must not change the clock.
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

explain "A time server, on loopback only. With port 0 the kernel chooses free ports; stratum 10" \
	"means that its only reference is this machine's own clock."
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
	echo "demo: reqtimed did not become ready" >&2
	exit 1
fi
ntp=$(port ntp)
tcp=$(port 'text tcp')
udp=$(port 'text udp')

explain "The text protocol: send the line \"reqtime\", get the server's UTC time back. First over TCP ..."
printf '$ exec 3<>/dev/tcp/127.0.0.1/%s; echo reqtime >&3; cat <&3\n' "$tcp"
exec 3<>"/dev/tcp/127.0.0.1/$tcp" && echo reqtime >&3 && timeout 5 cat <&3
exec 3<&-
explain "... then over UDP: one datagram out, one back."
printf '$ exec 3<>/dev/udp/127.0.0.1/%s; echo reqtime >&3; head -n 1 <&3\n' "$udp"
exec 3<>"/dev/udp/127.0.0.1/$udp" && echo reqtime >&3 && timeout 5 head -n 1 <&3
exec 3<&-

explain "A time that arrives does not show how long it was on its way. reqtime measures that, too:" \
	"by all three protocols at once; the true offset is within offset +- bound."
show "$BUILD/reqtime" query "ntp://127.0.0.1:$ntp" "reqtime://127.0.0.1:$udp" \
	"reqtime+tcp://127.0.0.1:$tcp"
result=$?

explain "The same measurement, and the action that set would take; this needs no privilege." \
	"(The clock was measured against itself, so there is nothing to do.)"
show "$BUILD/reqtime" set --dry-run "ntp://127.0.0.1:$ntp" || {
	status=$?
	[ $status -eq 5 ] || result=$status # another time daemon is running: a message names it
}

explain "JSON, for programs."
show "$BUILD/reqtime" --json "ntp://127.0.0.1:$ntp" || result=$?
exit $result
