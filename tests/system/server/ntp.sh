#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The NTP service of reqtimed, octet by octet: which requests it answers, with which fields, and when
# it is silent.
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"
# shellcheck source=tests/tools/poke.sh
. "$(dirname "$0")/../../tools/poke.sh"

equal() { # NAME WANT GOT
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1" "wanted $2, got $3"
	fi
}
not_later() { # NAME HEX-STAMP HEX-STAMP
	if [ ${#2} -eq 16 ] && [ "$2" != 0000000000000000 ] &&
		[ "$(printf '%s\n%s\n' "$2" "$3" | LC_ALL=C sort | head -n 1)" = "$2" ]; then
		ok "$1"
	else
		not_ok "$1" "$2 $3"
	fi
}

server --listen 127.0.0.1:0 --local-stratum 1 --threads 2 || finish
port=$(server_port ntp)

# Every first octet: leap 0 and 3, versions 0 to 7, modes 0 to 7.
set --
first=0
while [ $first -lt 64 ]; do
	set -- "$@" "$(request $first)" "$(request $((192 + first)))"
	first=$((first + 1))
done
poke udp 127.0.0.1 "$port" 400 "$@"
wrong=
answered=0
i=1
for hex in "$@"; do
	version=$((0x$(field "$hex" 0 1) >> 3 & 7))
	mode=$((0x$(field "$hex" 0 1) & 7))
	want=
	# Version 1 had no modes yet: zero.
	if { [ $version -ge 1 ] && [ $version -le 4 ] && [ $mode -eq 3 ]; } ||
		{ [ $version -eq 1 ] && [ $mode -eq 0 ]; }; then
		want=$(printf '%02x' $((version << 3 | 4)))
	fi
	got=$(reply $i)
	[ -n "$got" ] && answered=$((answered + 1))
	[ "$(field "$got" 0 1)" = "$want" ] || wrong="$wrong v$version/m$mode:${got:-silence}"
	i=$((i + 1))
done
equal "only requests of versions 1 to 4 are answered, in their version" "" "$wrong"
equal "each of them is answered once" 10 "$(grep -cv silence "$out")"
equal "and all of them" 10 "$answered"

# Sizes below the header, above it and not a multiple of four; MACs that cannot be checked.
set --
size=1
short=$(request 35)
set -- -
while [ $size -lt 48 ]; do
	set -- "$@" "$(field "$short" 0 $size)"
	size=$((size + 1))
done
poke udp 127.0.0.1 "$port" 300 "$@"
silent "0 to 47 octets"
poke udp 127.0.0.1 "$port" 300 "$(request 35 00)" "$(request 35 0000)" "$(request 35 000000)"
silent "49 to 51 octets"
poke udp 127.0.0.1 "$port" 300 "$(request 35 00000000)" \
	"$(request 35 "00000001$(octets 16)")" "$(request 35 "00000001$(octets 20)")"
silent "a MAC of 4, 20, 24 octets without a known key"
poke udp 127.0.0.1 "$port" 300 "$(request 35 "01040000$(octets 24)")" \
	"$(request 35 "01040003$(octets 24)")" "$(request 35 "0104ffff$(octets 24)")" \
	"$(request 35 "01040011$(octets 24)")" "$(request 35 "01040040$(octets 24)")"
silent "extension fields of length 0, 3, 17, past the end, 65535"
poke udp 127.0.0.1 "$port" 300 "$(request 35 "$(octets 980)")" \
	"$(request 35 "0104fc00$(octets 1020)")" "$(request 35 "$(octets 65459)")"
silent "1028, 1072 and 65507 octets"
poke udp 127.0.0.1 "$port" 300 "$(request 35 "0104001c$(octets 24)")"
equal "an unknown extension field is skipped, the answer is plain" 96 \
	"$(reply 1 | tr -d '\n' | wc -c)"

# The fields of the answer.
before=$(date +%s)
poke udp 127.0.0.1 "$port" 200 "$(request 227)"
after=$(date +%s)
got=$(reply 1)
equal "the answer is 48 octets" 96 "${#got}"
equal "it comes from the address and port asked" "127.0.0.1:$port" "$(awk '{ print $2 }' "$out")"
equal "leap 0, version 4, mode 4" 24 "$(field "$got" 0 1)"
equal "--local-stratum 1" 01 "$(field "$got" 1 1)"
equal "reference id LOCL" 4c4f434c "$(field "$got" 12 4)"
equal "root delay 0" 00000000 "$(field "$got" 4 4)"
equal "origin is the transmit stamp of the request" 1122334455667788 "$(field "$got" 24 8)"
seconds=$((0x$(field "$got" 32 4) - 2208988800))
if [ "$seconds" -ge "$before" ] && [ "$seconds" -le "$after" ]; then
	ok "the receive stamp is now"
else
	not_ok "the receive stamp is now" "$before <= $seconds <= $after"
fi
not_later "received not later than sent" "$(field "$got" 32 8)" "$(field "$got" 40 8)"
not_later "reference not later than received" "$(field "$got" 16 8)" "$(field "$got" 32 8)"
poke udp 127.0.0.1 "$port" 200 "23$(octets 1)06$(octets 45)" "23$(octets 1)11$(octets 45)"
equal "a transmit stamp of zero is copied too" 0000000000000000 "$(field "$(reply 1)" 24 8)"
equal "poll is copied" "06 11" "$(field "$(reply 1)" 2 1) $(field "$(reply 2)" 2 1)"

# SNTP clients of each version: a first octet, their transmit stamp, and nothing else (RFC 1361 to
# RFC 4330; busybox, rdate and many devices).
for version in 1 2 3 4; do
	before=$(date +%s)
	poke udp 127.0.0.1 "$port" 200 "$(request $((version << 3 | 3)))"
	after=$(date +%s)
	got=$(reply 1)
	seconds=$((0x0$(field "$got" 32 4) - 2208988800))
	if [ "$(field "$got" 0 1)" = "$(printf '%02x' $((version << 3 | 4)))" ] &&
		[ "$(field "$got" 1 1)" = 01 ] && [ "$seconds" -ge "$before" ] &&
		[ "$seconds" -le "$after" ] && [ "$(field "$got" 24 8)" = 1122334455667788 ] &&
		[ "$(for at in 32 40; do field "$got" $at 8; done | sort | head -n 1)" = \
			"$(field "$got" 32 8)" ]; then
		ok "SNTP version $version gets the time"
	else
		not_ok "SNTP version $version gets the time" "$before $seconds $after $got"
	fi
done

# Two threads have two sockets: their answers differ only in the stamps.
set --
i=0
while [ $i -lt 40 ]; do
	set -- "$@" "$(request 35)"
	i=$((i + 1))
done
poke udp 127.0.0.1 "$port" 200 "$@"
equal "forty clients, forty answers" 40 "$(grep -cv silence "$out")"
equal "all threads report the same clock" 1 \
	"$(awk '{ print substr($3, 1, 48) }' "$out" | sort -u | wc -l)"
server_stop
equal "the last line has the counts" \
	"reqtimed: ended: answered 58, dropped 180 (too long 3, no request 177)" \
	"$(tail -n 1 "$server_log" | sed 's/;.*//')"
equal "the older protocols are off unless asked for" 1 \
	"$(grep -Ec '^reqtimed: (ntp|text|time|daytime) .*:[0-9]+$' "$server_log")"

# The answer comes from the address that was asked.
server --listen '*:0' --local-stratum 7 || finish
port=$(server_port ntp)
for address in 127.0.0.1 127.0.0.5 127.1.2.3; do
	poke udp $address "$port" 150 "$(request 35)"
	equal "listening everywhere: $address answers for itself" "$address:$port" \
		"$(awk '{ print $2 }' "$out")"
done
equal "--local-stratum 7" 07 "$(field "$(reply 1)" 1 1)"
equal "reference id 127.127.1.1" 7f7f0101 "$(field "$(reply 1)" 12 4)"
if grep -q '^reqtimed: ntp \[::\]:' "$server_log" && "$T/poke" udp ::1 9 1 - >/dev/null 2>&1; then
	port6=$(sed -n 's/^reqtimed: ntp \[::\]:\([0-9]*\)$/\1/p' "$server_log")
	poke udp ::1 "$port6" 200 "$(request 35)"
	equal "listening everywhere: [::1] too" "[::1]:$port6" "$(awk '{ print $2 }' "$out")"
	equal "IPv4 and IPv6 on one port" "$port" "$port6"
else
	skip "listening everywhere: [::1] too" "this host has no IPv6"
fi
run timeout 5 "$REQTIMED" --listen "127.0.0.1:$port"
expect "a port that is taken is not shared with another server" 6 \
	"cannot listen on ntp 127.0.0.1:$port: .*another program uses this port"
server_stop

# A host that is not synchronised.
server --listen 127.0.0.1:0 || finish
poke udp 127.0.0.1 "$(server_port ntp)" 200 "$(request 35)"
got=$(reply 1)
if grep -q 'this clock is not synchronised' "$server_log"; then
	equal "not synchronised: leap 3, mode 4" e4 "$(field "$got" 0 1)"
	equal "not synchronised: stratum 0, INIT" "00 494e4954" \
		"$(field "$got" 1 1) $(field "$got" 12 4)"
	equal "not synchronised: origin copied all the same" 1122334455667788 \
		"$(field "$got" 24 8)"
else
	equal "synchronised by others: stratum 10" "24 0a" \
		"$(field "$got" 0 1) $(field "$got" 1 1)"
fi
# A stopped server finds old requests in its queue; their stamps are useless by then.
kill -STOP "$server_pid"
background "$T/poke" udp 127.0.0.1 "$(server_port ntp)" 1500 "$(request 35)" >"$T/stale"
sleep 0.8
kill -CONT "$server_pid"
wait "$background_pid"
equal "a request that waited 0.8 s is not answered" "1 silence" "$(cat "$T/stale")"
poke udp 127.0.0.1 "$(server_port ntp)" 200 "$(request 35)"
equal "the next one is" 96 "$(reply 1 | tr -d '\n' | wc -c)"

for signal in TERM INT; do
	began=$(date +%s%N)
	kill -$signal "$server_pid"
	status=0
	wait "$server_pid" || status=$?
	took_ms=$((($(date +%s%N) - began) / 1000000))
	if [ $status -eq 0 ] && timely 1000; then
		ok "SIG$signal ends it with status 0 within a second"
	else
		not_ok "SIG$signal ends it with status 0 within a second" "$status, $took_ms ms"
	fi
	server --listen 127.0.0.1:0 --listen 127.0.0.2:0 --text-listen 127.0.0.1:0 || finish
done
server_stop

# A server that sees another time than the kernel's must not mix the two.
if ! have faketime; then
	skip "a faked clock is served as it is" "needs faketime"
elif grep -q __asan_init "$REQTIMED"; then
	skip "a faked clock is served as it is" "not with sanitizers"
else
	# The faketime wrapper would be between us and the server: only its library is used.
	preload=$(faketime -f +1d printenv LD_PRELOAD)
	server_prefix="env LD_PRELOAD=$preload FAKETIME=+1d" \
		server --listen 127.0.0.1:0 --local-stratum 1 || finish
	now=$(date +%s)
	poke udp 127.0.0.1 "$(server_port ntp)" 200 "$(request 35)"
	ahead=$((0x$(field "$(reply 1)" 32 4) - 2208988800 - now))
	if [ $ahead -ge 86399 ] && [ $ahead -le 86402 ]; then
		ok "a faked clock is served as it is"
	else
		not_ok "a faked clock is served as it is" "$ahead s ahead"
	fi
	server_stop
fi

finish
