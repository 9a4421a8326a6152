#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The text services of reqtimed over UDP and TCP, with peers that are slow, silent, many or
# malicious; the NTP service is not affected.
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"
# shellcheck source=tests/tools/poke.sh
. "$(dirname "$0")/../../tools/poke.sh"

text_of() { # hex to text
	"$T/poke" text "${1:--}" | tr -d '\r'
}
LINE='^[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]\.[0-9]{9}Z$'
# says NAME HEX: HEX is one line with a time near now; a busy machine may come to this line late
says() {
	said=$(text_of "$2")
	seconds=$(date -d "$said" +%s 2>/dev/null || echo 0)
	apart=$((seconds - $(date +%s)))
	if [ ${#2} -eq 62 ] && printf '%s' "$said" | grep -Eq "$LINE" &&
		[ $apart -ge -30 ] && [ $apart -le 1 ]; then
		ok "$1"
	else
		not_ok "$1" "got $2 ($said), $apart s from now"
	fi
}
# answers NAME POKE-TCP-WORD...: the TCP connection is answered with the line
answers() {
	answers_name=$1
	shift
	poke tcp 127.0.0.1 "$text" "$@"
	says "$answers_name" "$(awk '{ print $1 }' "$out")"
}
hex_of() {
	printf '%b' "$1" | od -An -v -tx1 | tr -d ' \n'
}

server --listen 127.0.0.1:0 --text-listen 127.0.0.1:0 --time-listen 127.0.0.1:0 \
	--daytime-listen 127.0.0.1:0 --local-stratum 1 || finish
ntp=$(server_port ntp)
text=$(server_port reqtime)
time=$(server_port time)
daytime=$(server_port daytime)
check "UDP and TCP have one port" test "$text" = "$(server_port reqtime+tcp)"

poke udp 127.0.0.1 "$text" 200 "$(hex_of 'reqtime')" "$(hex_of 'reqtime\n')" \
	"$(hex_of 'reqtime\r\n')" "$(hex_of 'reqtime\n      padding')"
i=1
for what in 'no line end' 'LF' 'CR LF' 'LF and padding'; do
	says "udp: reqtime with $what" "$(reply $i)"
	i=$((i + 1))
done
poke udp 127.0.0.1 "$text" 200 - "$(hex_of 'reqtim')" "$(hex_of 'reqtimes')" \
	"$(hex_of 'REQTIME\n')" "$(hex_of ' reqtime\n')" "$(hex_of '\nreqtime\n')" \
	"$(hex_of 'reqtime\0')" "$(request 35)" "$(reply 1)"
silent "udp: anything else, an answer of its own too"

answers "tcp: reqtime with no line end" reqtime
answers "tcp: reqtime with no line end, half closed" reqtime END
answers "tcp: reqtime with LF" 'reqtime
'
answers "tcp: in pieces" r +100 eqt +100 ime +100 '
'
answers "tcp: more than was asked for" 'reqtime
reqtime
and so on, and so on, and so on, and so on, and so on, and so on, and so on, and so on
'
for word in hello Reqtime reqtimes; do
	poke tcp 127.0.0.1 "$text" "$word
"
	check "tcp: $word is not a request" grep -Eq '^- [0-9]{1,3}$' "$out"
done
poke tcp 127.0.0.1 "$text" req END
check "tcp: half a request is not a request" grep -Eq '^- [0-9]{1,3}$' "$out"
poke tcp 127.0.0.1 "$text" req RESET
answers "tcp: goes on after a reset" reqtime

# RFC 868 and RFC 867: both transports; over UDP the request is an empty datagram.
poke udp 127.0.0.1 "$time" 200 00 "$(hex_of 'time\n')" eead5ff0
silent "time, RFC 868: no other datagram is a request"
poke udp 127.0.0.1 "$daytime" 200 00 "$(hex_of 'Sunday, November 22, 2026 12:34:56-UTC\r\n')"
silent "daytime, RFC 867: no other datagram is a request"
now=$(date +%s)
poke udp 127.0.0.1 "$time" 200 - -
poke_tcp=$("$T/poke" tcp 127.0.0.1 "$time" | awk '{ print $1 }')
i=0
for hex in "$(reply 1)" "$(reply 2)" "$poke_tcp"; do
	i=$((i + 1))
	apart=$((${#hex} == 8 ? 0x${hex:-0} - 2208988800 - now : 99))
	check "time, RFC 868, $i of 3: $hex" test $apart -ge 0 -a $apart -le 2
done
poke udp 127.0.0.1 "$daytime" 200 -
for hex in "$(reply 1)" "$("$T/poke" tcp 127.0.0.1 "$daytime" | awk '{ print $1 }')"; do
	said=$(text_of "$hex")
	if printf '%s' "$said" | grep -q "$(date -u '+%B %-d, %Y')"; then
		ok "daytime, RFC 867: $said"
	else
		not_ok "daytime, RFC 867" "$said"
	fi
done

# A hundred idle connections from one address: sixteen stay, for five seconds in all.
background "$T/poke" hold 127.0.0.1 "$text" 100 8 0 >"$T/idle"
idle=$background_pid
sleep 0.5
poke udp 127.0.0.1 "$ntp" 300 "$(request 35)" "$(request 35)" "$(request 35)"
check "idle connections: NTP goes on" test "$(grep -cv silence "$out")" = 3
poke udp 127.0.0.1 "$text" 300 "$(hex_of reqtime)"
says "idle connections: text over UDP goes on" "$(reply 1)"
run "$T/poke" tcp 127.0.0.1 "$text" reqtime
if [ "$status" -eq 0 ] && grep -q '^- ' "$out"; then
	ok "the seventeenth connection of an address is closed"
else
	not_ok "the seventeenth connection of an address is closed" "$(cat "$out" "$err")"
fi
poke tcp -b 127.0.0.2 127.0.0.1 "$text" reqtime
says "another address is not affected" "$(awk '{ print $1 }' "$out")"
wait "$idle"
read -r held closed first last <"$T/idle"
if [ "$held" = 100 ] && [ "$closed" = 100 ] && [ "$first" -lt 1000 ] &&
	[ "$last" -ge 4500 ] && took_ms=$last timely 6000; then
	ok "idle connections end after five seconds ($last ms)"
else
	not_ok "idle connections end after five seconds" "$held $closed $first $last"
fi
answers "after that it answers as before" reqtime

# A network: 96 connections from six of its addresses, more than the network's limit.
held=
for host in 1 2 3 4 5 6; do
	background "$T/poke" hold -b 127.0.9.$host 127.0.0.1 "$text" 16 2 0 >"$T/held.$host"
	held="$held $background_pid"
done
sleep 0.5
poke tcp -b 127.0.9.7 127.0.0.1 "$text" reqtime
check "the sixty-fifth connection of a network is closed" grep -q '^- ' "$out"
poke tcp -b 127.0.10.1 127.0.0.1 "$text" reqtime
says "another network is not affected" "$(awk '{ print $1 }' "$out")"
# shellcheck disable=SC2086 # a list
wait $held
check "... of 96, 64 were held" test "$(awk '{ n += $2 } END { print n }' "$T"/held.*)" = 32

# An octet every now and then does not make a connection last longer.
server_stop
check "connections are counted" \
	grep -Eq 'connections answered 11, dropped [0-9]+, refused 118$' "$server_log"
server --listen 127.0.0.1:0 --text-listen 127.0.0.1:0 --local-stratum 1 || finish
text=$(server_port reqtime)
background "$T/poke" hold 127.0.0.1 "$text" 4 8 0 >"$T/idle"
idle=$background_pid
# A request that never ends, and a peer that neither reads to the end nor closes.
run "$T/poke" tcp 127.0.0.1 "$text" r +1000 e +1000 q +1000 t +1000 i +900 m
ms=$(awk '{ print $2 }' "$out")
if grep -q '^- ' "$out" && [ "$ms" -ge 4900 ] && took_ms=$ms timely 6500; then
	ok "a slow request is cut after five seconds ($ms ms)"
else
	not_ok "a slow request is cut after five seconds" "$(cat "$out" "$err")"
fi
wait "$idle"
read -r held closed first last <"$T/idle"
check "so are silent peers ($last ms)" test "$closed" = 4 -a "$last" -ge 4900
took_ms=$last
check "... and no later" timely 6000
server_stop

# The text protocols have no field for "not synchronised".
server --listen 127.0.0.1:0 --text-listen 127.0.0.1:0 --time-listen 127.0.0.1:0 || finish
if grep -q 'this clock is not synchronised' "$server_log"; then
	poke udp 127.0.0.1 "$(server_port reqtime)" 300 "$(hex_of reqtime)"
	silent "not synchronised: text over UDP is silent"
	poke udp 127.0.0.1 "$(server_port time)" 300 -
	silent "not synchronised: time over UDP is silent"
	poke tcp 127.0.0.1 "$(server_port reqtime)" reqtime
	check "not synchronised: text over TCP closes without a word" grep -q '^- ' "$out"
	poke tcp 127.0.0.1 "$(server_port time)"
	check "not synchronised: time over TCP closes without a word" grep -q '^- ' "$out"
else
	skip "not synchronised: silence" "this host is synchronised"
fi
server_stop

# Out of descriptors: existing sockets are served, without a busy loop.
server_prefix="prlimit --nofile=24:24" server --listen 127.0.0.1:0 \
	--text-listen 127.0.0.1:0 --local-stratum 1 --threads 1 || finish
background "$T/poke" hold 127.0.0.1 "$(server_port reqtime)" 100 3 0 >"$T/idle"
idle=$background_pid
sleep 0.3
ticks() {
	awk '{ print $14 + $15 }' "/proc/$server_pid/stat"
}
before=$(ticks)
sleep 1
spent=$(($(ticks) - before))
check "out of descriptors: no busy loop ($spent ticks in a second)" test $spent -le 10
poke udp 127.0.0.1 "$(server_port ntp)" 300 "$(request 35)"
check "out of descriptors: NTP goes on" test -n "$(reply 1)"
wait "$idle"
server_stop

finish
