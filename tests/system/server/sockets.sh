#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The sockets of reqtimed: addresses that appear later, exclusive ports, no NTP.
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"
own_network "$@"
# shellcheck source=tests/tools/poke.sh
. "$(dirname "$0")/../../tools/poke.sh"
word=72657174696d65 # "reqtime"

# said NAME COUNT PATTERN: the log has COUNT lines that match
said() {
	if [ "$(grep -Ec -e "$3" "$server_log")" = "$2" ]; then
		ok "$1"
	else
		not_ok "$1" "not $2 lines match $3 in:
$(cat "$server_log")"
	fi
}
absent='no interface of this host has this address now; it is served as soon as one has it'

# An address that does not exist yet, of each family, UDP and TCP; then it does.
set -- 192.0.2.9 '[2001:db8::9]'
if ! ip -6 addr add 2001:db8::1/64 dev lo 2>"$T/why"; then
	set -- 192.0.2.9
	skip "an IPv6 address that appears later" "$(cat "$T/why")"
fi
for address in "$@"; do
	server --listen "$address:123" --text-listen "$address:9191" --local-stratum 3 --threads 2 || continue
	said "$address is not there yet: one line for each service, with the reason" 2 "^reqtimed: warning: .*$absent"
	plain=$(echo "$address" | tr -d '[]')
	ip addr add "$plain" dev lo
	wait_for 5 "$REQTIME" query -q -t 1s "$address:123"
	run "$REQTIME" query -n 1 "$address:123"
	expect "... and is served once it is" 0
	run "$REQTIME" query -n 1 "reqtime://$address"
	expect "... the text service over UDP, too" 0
	run "$REQTIME" query -n 1 "reqtime+tcp://$address"
	expect "... and over TCP" 0
	server_stop
done
server --listen 127.0.0.1:123 --local-stratum 3 || finish
said "an existing address: no such line" 0 "$absent"
server_stop

# While duplicate address detection (DAD) is under way.
background unshare -n sleep 100
far=$background_pid
wait_for 5 sh -c "[ \"\$(readlink /proc/$far/ns/net)\" != \"\$(readlink /proc/self/ns/net)\" ]"
if ip link add near type veth peer name far netns "$far" 2>"$T/why"; then
	nsenter -t "$far" -n ip link set far up
	ip link set near up
	wait_for 5 sh -c "ip -6 addr show dev near scope link | grep -q inet6"
	ip -6 addr add fd00:1::1/64 dev near
	tentative=$(ip -6 addr show dev near tentative | grep -c fd00:1::1)
	if server --listen '[fd00:1::1]:123' --local-stratum 3; then
		ok "an IPv6 address that is tentative ($tentative) is bound"
		wait_for 5 "$REQTIME" query -q -t 1s '[fd00:1::1]:123'
		run "$REQTIME" query -n 1 '[fd00:1::1]:123'
		expect "... and answered from" 0
		server_stop
	fi
else
	skip "an IPv6 address that is tentative" "no veth: $(cat "$T/why")"
fi

# A second server cannot share the port, with or without SO_REUSEPORT (chronyd uses it).
for threads in 1 3; do
	server --listen 0.0.0.0:123 --listen '[::]:123' --text-listen 127.0.0.1:9191 --local-stratum 3 \
		--threads $threads || finish
	if [ $threads -gt 1 ] && [ "$(id -u)" != 0 ]; then
		skip "$threads threads: their port is not shared" "needs root, who binds as another user than they run as"
	else
		for at in "0.0.0.0 123" "127.0.0.1 123" ":: 123" "::1 123" "127.0.0.1 9191"; do
			# shellcheck disable=SC2086 # two arguments
			run "$T/poke" share $at
			expect "$threads threads: $at is not shared" 1 'bind: Address already in use'
		done
	fi
	run timeout 5 "$REQTIMED" --listen 127.0.0.1:123 --local-stratum 3
	expect "$threads threads: a second server gets an error" 6 'cannot listen on ntp 127.0.0.1:123: Address already in use: another program uses this port'
	poke udp 127.0.0.1 123 200 "$(request 35)" "$(request 35)" "$(request 35)" "$(request 35)" \
		"$(request 35)" "$(request 35)" "$(request 35)" "$(request 35)"
	check "$threads threads: every client is answered" test "$(grep -cv silence "$out")" = 8
	server_stop
done
# All as one user, who could share sockets that allow it.
same=
if [ "$(id -u)" = 0 ]; then
	same="setpriv --reuid 65534 --regid 65534 --clear-groups"
	chmod 755 "$T/poke"
fi
server_prefix=$same server --listen 127.0.0.1:0 --text-listen 127.0.0.1:0 --local-stratum 3 --threads 1 || finish
for name in ntp reqtime; do
	# shellcheck disable=SC2086 # a command with arguments, or nothing
	run $same "$T/poke" share 127.0.0.1 "$(server_port $name)"
	expect "one thread: $name is shared by nothing of the same user either" 1 'Address already in use'
done
server_stop
# activated KINDS NAMES: by a service manager
activated() {
	server_log=$T/activated.log
	: >"$server_log"
	# shellcheck disable=SC2086 # a command with arguments, or nothing
	$same "$T/poke" activate "$1" "$2" "$REQTIMED" --local-stratum 3 --threads 2 2>"$server_log" </dev/null &
	server_pid=$!
	lib_pids="$lib_pids $server_pid"
	wait_for 10 grep -q '^reqtimed: ready' "$server_log"
}
activated shared,shared,tcp ntp:text:text
for name in ntp reqtime; do
	# shellcheck disable=SC2086 # a command with arguments, or nothing
	run $same "$T/poke" share 127.0.0.1 "$(server_port $name)"
	expect "a socket of the service manager, opened for sharing: $name is not shared" 1 'Address already in use'
done
server_stop

# No NTP: another program has that port, and the text service runs next to it.
server --listen none --text-listen 127.0.0.1:0 --local-stratum 3 --threads 2 || finish
check "--listen none: no NTP" test -z "$(server_port ntp)"
poke udp 127.0.0.1 "$(server_port reqtime)" 200 $word
check "... the text service runs" test -n "$(reply 1)"
check "... by no thread for NTP" \
	test "$(find /proc/"$server_pid"/task -mindepth 1 -maxdepth 1 | wc -l)" = 3
server_stop
run "$REQTIMED" --listen none --local-stratum 3
expect "nothing to listen on is wrong usage" 2 '^reqtimed: nothing to listen on: .*--text-listen'
run "$REQTIMED" --listen none --listen 127.0.0.1 --local-stratum 3
expect "none with an address is wrong usage" 2 '^reqtimed: --listen none cannot be combined with addresses'
printf 'listen = none\ntime-listen = 127.0.0.1:0\nlocal-stratum = 3\n' >"$T/conf"
server --config "$T/conf" || finish
check "listen = none in the file" test -z "$(server_port ntp)" -a -n "$(server_port time)"
server_stop
server --config "$T/conf" --listen 127.0.0.1:0 || finish
check "... and an address on the command line overrides it" test -n "$(server_port ntp)"
server_stop
finish
