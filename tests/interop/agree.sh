#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Our client on chronyd's server, and other clients on ours.  One clock on both sides, so the true
# offset is 0: the median of some runs agrees within 1 ms.  ntpdig and rdate read the clock after
# they were woken, which is late on a busy machine: of their runs the best must agree.
. "$(dirname "$0")/../tools/lib.sh"
own_network "$@"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/peers.sh"

RUNS=9
LIMIT_NS=1000000

# agree NAME CLIENT ADDRESS
agree() {
	why=$(missing "$2")
	if [ -n "$why" ]; then
		skip "$1" "$why"
		return
	fi
	: >"$T/offsets"
	for _ in $(seq $RUNS); do
		ask "$2" "$3" >"$T/answer"
		offset_ns "$2" "$T/answer" >>"$T/offsets"
	done
	case $2 in
	ntpdig | rdate) offset=$(tr -d - <"$T/offsets" | sort -n | head -n 1) ;;
	*) offset=$(sort -n "$T/offsets" | sed -n "$((RUNS / 2 + 1))p") ;;
	esac
	if [ "$(wc -l <"$T/offsets")" -eq $RUNS ] && within $LIMIT_NS "$offset"; then
		ok "$1"
	else
		not_ok "$1" "${offset:-?} ns of: $(tr '\n' ' ' <"$T/offsets")
$(head -n 20 "$T/answer")"
	fi
}

server --listen 127.0.0.1:123 --listen '[::1]:123' --local-stratum 1 \
	--time-listen 127.0.0.1:37 || finish

for client in reqtime chronyd ntpdig rdate; do
	agree "$client on reqtimed, IPv4" $client 127.0.0.1
done
# rdate takes no IPv6 literal without a scope, ntpdig takes no IPv6 literal.
for client in reqtime chronyd; do
	agree "$client on reqtimed, IPv6" $client "$([ $client = reqtime ] && echo '[::1]' || echo ::1)"
done

if have rdate; then
	run rdate -p 127.0.0.1
	expect "rdate reads RFC 868 over TCP from reqtimed" 0 "$(date -u +%Y)"
	run rdate -p -u 127.0.0.1
	expect "rdate reads RFC 868 over UDP from reqtimed" 0 "$(date -u +%Y)"
else
	skip "rdate reads RFC 868" "$(missing rdate)"
fi

why=$(missing chronyd)
if [ -z "$why" ]; then
	peer_chronyd 127.0.0.2
	agree "reqtime on chronyd" reqtime 127.0.0.2
	run "$REQTIME" --json ntp://127.0.0.2
	expect "reqtime shows chronyd's stratum" 0 '"stratum": *1'
else
	skip "reqtime on chronyd" "$why"
fi
finish
