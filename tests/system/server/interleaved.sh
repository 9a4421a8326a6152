#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Interleaved mode (RFC 9769): with chronyd `xleave`, and only for clients that ask for it.
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"
# shellcheck source=tests/tools/poke.sh
. "$(dirname "$0")/../../tools/poke.sh"
tool clients

# shellcheck disable=SC2154 # lib.sh sets them
server --listen 127.0.0.1:0 --local-stratum 1 --threads 2 || finish
port=$(server_port ntp)

# stamped ORIGIN RECEIVE TRANSMIT: a request with these three stamps
stamped() {
	printf '23%s%s%s%s' "$(octets 23)" "$1" "$2" "$3"
}
a=1111111111111111
b=2222222222222222
c=3333333333333333
poke udp 127.0.0.1 "$port" 200 "$(stamped $a $b $c)"
check "an origin that we did not send: a basic answer" test "$(field "$(reply 1)" 24 8)" = $c
received=$(field "$(reply 1)" 32 8)
sent=$(field "$(reply 1)" 40 8)
poke udp 127.0.0.1 "$port" 200 "$(stamped 0000000000000000 0000000000000000 $c)"
check "a basic request: a basic answer" test "$(field "$(reply 1)" 24 8)" = $c
poke udp 127.0.0.1 "$port" 200 "$(stamped "$received" $b $b)"
check "receive and transmit the same: a basic answer" test "$(field "$(reply 1)" 24 8)" = $b
poke udp 127.0.0.1 "$port" 200 "$(stamped "$received" $b $c)"
sent_at=$(field "$(reply 1)" 40 8)
if [ "$(field "$(reply 1)" 24 8)" = $b ]; then
	ok "the origin of the first answer: an interleaved one, from another port"
	# Within a millisecond of the predicted stamp.
	check "it has the transmit time of the first" \
		test "$(field "$sent_at" 0 4)" = "$(field "$sent" 0 4)" -o "$sent_at" \> "$sent"
	check "not before it was received" test ! "$sent_at" \< "$received"
else
	not_ok "the origin of the first answer: an interleaved one" "$(cat "$out")"
fi
poke udp 127.0.0.1 "$port" 200 "$(stamped "$received" $b $c)"
check "each transmit time is reported once" test "$(field "$(reply 1)" 24 8)" = $c
# Each of 32 clients first gets two or three basic answers, then interleaved ones.
"$T/clients" interleaved 127.0.0.1 "$port" 300 2 >"$T/interleaved"
read -r sent answered interleaved <"$T/interleaved"
check "32 clients at once: $interleaved of $answered answers are interleaved ($sent asked)" \
	test "$interleaved" -ge $(((answered - 96) * 8 / 10))
# A system call for each: at most a thousand a second per thread, and basic
# answers to the others.
timed sh -c "'$T/clients' interleaved 127.0.0.1 '$port' 20000 2 >'$T/interleaved'"
read -r sent answered interleaved <"$T/interleaved"
check "too many of them: of $answered answers to $sent in $took_ms ms $interleaved are interleaved" \
	test "$interleaved" -le $((2 * took_ms + 300)) -a "$interleaved" -lt "$answered"
server_stop

CHRONYD=$R/build/peers/usr/sbin/chronyd
if [ ! -x "$CHRONYD" ]; then
	skip "chronyd with xleave" "no chronyd below build/peers (packaging/deps test)"
	finish
fi
server --listen 127.0.0.1:0 --local-stratum 1 || finish
cat >"$T/chronyd.conf" <<END
server 127.0.0.1 port $(server_port ntp) xleave minpoll -4 maxpoll -4
cmdport 0
bindcmdaddress /
pidfile $T/chronyd.pid
logdir $T
log rawmeasurements
END
timeout 4 "$CHRONYD" -4 -x -d -U -u "$(id -un)" -f "$T/chronyd.conf" >"$T/chronyd.log" 2>&1
log=$T/measurements.log
all=$(grep -c '^20' "$log" 2>/dev/null)
interleaved=$(grep -c '^20.* 4I ' "$log" 2>/dev/null)
passed=$(grep -c '^20.* 111 111 11' "$log" 2>/dev/null)
check "chronyd xleave: nearly all of its $all measurements are interleaved ($interleaved)" \
	test "$interleaved" -ge 10 -a $((interleaved * 10)) -ge $((all * 8))
check "... and pass its tests ($passed)" test $((passed * 10)) -ge $((all * 9))
# Sorted sizes of the offset column, in ns.
offset=$(awk '/^20.* 4I / { o = $12 < 0 ? -$12 : $12; printf "%d\n", o * 1e9 }' "$log" |
	sort -n | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }')
check "... with a median offset of at most 5 us ($offset ns)" within 5000 "$offset"
server_stop
finish
