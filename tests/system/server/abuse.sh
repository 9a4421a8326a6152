#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Abuse of reqtimed from the network: forged senders, broadcast, loops, reflection.
# In its own network namespace, so that these datagrams reach no other host.
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"
own_network "$@"
# shellcheck source=tests/tools/poke.sh
. "$(dirname "$0")/../../tools/poke.sh"

# counted NAME TEXT: the last line of the server that has just ended matches TEXT
counted() {
	if tail -n 1 "$server_log" | grep -Eq -e "$2"; then
		ok "$1"
	else
		not_ok "$1" "wanted $2 in: $(tail -n 1 "$server_log")"
	fi
}
start() {
	server --listen '*:0' --text-listen '*:0' --time-listen '*:0' --local-stratum 1 \
		--threads 1 || finish
	ntp=$(server_port ntp)
	text=$(server_port reqtime)
	time=$(server_port time)
}
word=72657174696d65 # "reqtime"

ip addr add 192.0.2.1/24 brd 192.0.2.255 dev lo
# Every host listens to 224.0.0.1, on each interface that does multicast.
ip link set lo multicast on
ip route add 224.0.0.0/4 dev lo

start
poke udp 192.0.2.1 "$ntp" 200 "$(request 35)"
check "asked at its own address it answers" grep -q "^1 192.0.2.1:$ntp " "$out"
poke udp 192.0.2.255 "$ntp" 200 "$(request 35)"
silent "asked at a broadcast address it is silent"
poke udp 127.255.255.255 "$ntp" 200 "$(request 35)"
silent "asked at the broadcast address of loopback it is silent"
poke udp 224.0.0.1 "$ntp" 200 "$(request 35)"
silent "asked at a multicast address it is silent"
server_stop
counted "and all of them did arrive" 'answered 1, dropped 3 \(not to be answered 3\)'

# Mode 6 (readvar, mrulist) and mode 7 (monlist): the best amplifiers of other servers.
start
poke udp 127.0.0.1 "$ntp" 200 160200010000000000000000 160a000100000000000000000000001c"$(octets 28)" \
	1700032a"$(octets 4)" 1700032a"$(octets 188)" d6820001"$(octets 8)"
silent "control messages (readvar, mrulist) and monlist: silence"
server_stop
counted "... and they did arrive" 'answered 0, dropped 5 \(no request 5\)'

# Forged senders.  Answers to them show only in the counts.
start
if ! "$T/poke" raw 127.0.0.1 0 127.0.0.1 "$ntp" "$(request 35)" 2>"$T/raw"; then
	skip "forged senders" "$(head -n 1 "$T/raw")"
	server_stop
else
	"$T/poke" raw 127.0.0.1 "$ntp" 127.0.0.1 "$ntp" "$(request 35)"
	"$T/poke" raw 192.0.2.1 "$ntp" 192.0.2.1 "$ntp" "$(request 35)"
	sleep 0.2
	server_stop
	counted "port 0, and its own address and port: silence" \
		'answered 0, dropped 3 \(not to be answered 3\)'

	# The kernel drops some of these itself; the others are not answered.
	start
	for from in 0.0.0.1 224.0.0.1 240.0.0.1 255.255.255.255; do
		"$T/poke" raw $from 4000 192.0.2.1 "$ntp" "$(request 35)" 2>/dev/null
	done
	poke udp 127.0.0.1 "$ntp" 200 "$(request 35)"
	server_stop
	counted "from nowhere, a group and everybody: silence" 'answered 1, dropped [0-4]( |;)'

	start
	for port in 7 13 17 19 37 53 1023; do
		"$T/poke" raw 127.0.0.1 $port 127.0.0.1 "$time" -
		"$T/poke" raw 127.0.0.1 $port 127.0.0.1 "$text" $word
	done
	sleep 0.2
	server_stop
	counted "text services: silence to ports below 1024" \
		'answered 0, dropped 14 \(from a service port 14\)'

	# The answer of each server arrives at the other, which drops it.
	start
	first_pid=$server_pid
	first_log=$server_log
	first_ntp=$ntp
	start
	"$T/poke" raw 127.0.0.1 "$first_ntp" 127.0.0.1 "$ntp" "$(request 35)"
	sleep 0.3
	server_stop
	counted "two servers set on each other: one answers" 'answered 1, dropped 0;'
	server_pid=$first_pid
	server_log=$first_log
	server_stop
	counted "and the other one is silent" 'answered 0, dropped 1 \(no request 1\)'

	# For any forged sender: no output of a text service is a request of another.
	text_server() {
		server --listen 127.0.0.1:0 --text-listen 127.0.0.1:0 --time-listen 127.0.0.1:0 \
			--daytime-listen 127.0.0.1:0 --local-stratum 1 --threads 1 || finish
		ports="$(server_port reqtime) $(server_port time) $(server_port daytime)"
	}
	text_server
	first_pid=$server_pid
	first_log=$server_log
	first_ports=$ports
	text_server
	for from in $first_ports; do
		for to in $ports; do
			for hex in - 78 $word eead5ff0; do
				"$T/poke" raw 127.0.0.1 "$from" 127.0.0.1 "$to" "$hex"
			done
		done
	done
	sleep 0.3
	server_stop
	counted "text services set on each other: the line and two empty datagrams are answered" \
		'answered 9, dropped 27 \(no request 27\)'
	server_pid=$first_pid
	server_log=$first_log
	server_stop
	counted "... and there it ends" 'answered 0, dropped 9 \(no request 9\)'

	# A victim is flooded through the text service: no faster than its limit.
	start
	i=0
	set --
	while [ $i -lt 500 ]; do
		set -- "$@" $word
		i=$((i + 1))
	done
	began=$(date +%s%N)
	for round in 1 2 3 4 5 6; do
		"$T/poke" udp -b 192.0.2.1 192.0.2.1 "$text" 1 "$@" >"$T/flood.$round"
	done
	allowed=$((200 + ($(date +%s%N) - began) / 1000000 + 200))
	poke udp 127.0.0.1 "$text" 200 $word
	check "loopback is not limited" test -n "$(reply 1)"
	sleep 0.2
	server_stop
	answered=$(sed -n 's/.*ended: answered \([0-9]*\),.*/\1/p' "$server_log")
	dropped=$(sed -n 's/.*(too many \([0-9]*\).*/\1/p' "$server_log")
	if [ "$answered" -ge 200 ] && [ "$answered" -le "$allowed" ] && [ "${dropped:-0}" -gt 0 ]; then
		ok "the text service answers 200 at once and 1000 a second ($answered, $dropped not)"
	else
		not_ok "the text service answers 200 at once and 1000 a second" \
			"answered $answered of at most $allowed, dropped ${dropped:-none}"
	fi
fi

# A flooding address has its own limit; it does not use up the shared one.
ip addr add 192.0.2.2/24 dev lo
ip addr add 192.0.2.3/24 dev lo
tool neighbours
server --listen 127.0.0.1:0 --text-listen 192.0.2.1:0 --local-stratum 1 --threads 1 --rate 10 || finish
text=$(server_port reqtime)
background "$T/neighbours" flood 192.0.2.2 192.0.2.1 "$text" reqtime 5000 3 >"$T/flood"
flood=$background_pid
sleep 0.5
answered=0
for round in 1 2 3 4 5 6 7 8 9 10; do
	poke udp -b 192.0.2.3 192.0.2.1 "$text" 150 $word
	[ -z "$(reply 1)" ] || answered=$((answered + 1))
done
wait "$flood"
check "a flooder of the text service takes nothing from others ($answered of 10 answered during $(cat "$T/flood"))" \
	test "$answered" -ge 9
server_stop
check "... and its answers are within the shared limit" \
	test "$(sed -n 's/.*ended: answered \([0-9]*\),.*/\1/p' "$server_log")" -le 3500

# The address that was asked is removed before the answer can be sent from it.
start
kill -STOP "$server_pid"
background "$T/poke" udp -b 127.0.0.1 192.0.2.1 "$ntp" 500 "$(request 35)" >"$T/lost"
lost=$background_pid
sleep 0.1
ip addr del 192.0.2.1/24 dev lo
kill -CONT "$server_pid"
wait "$lost"
poke udp 127.0.0.1 "$ntp" 200 "$(request 35)"
check "an answer that cannot be sent: the next ones are" test -n "$(reply 1)"
server_stop
counted "it is counted as lost" 'answered 1, dropped 1 \(could not be sent 1\)'

# The client is gone before the answer: an ICMP error comes back.
start
i=0
while [ $i -lt 20 ]; do
	"$T/poke" udp 127.0.0.1 "$ntp" 0 "$(request 35)" >/dev/null
	i=$((i + 1))
done
poke udp 127.0.0.1 "$ntp" 200 "$(request 35)"
check "clients that are gone do no harm" test -n "$(reply 1)"
server_stop
finish
