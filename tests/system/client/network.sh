#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Networks and name servers that refuse, forge, drop and break.  In its own network namespace, where
# addresses of every kind can be added.  The rows are those of tests/faults.md.
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"
own_network "$@"
# shellcheck source=tests/tools/adversary.sh
. "$(dirname "$0")/../../tools/adversary.sh"
tool adversary_dns dns

ip addr add 10.66.0.0/24 dev lo
ip addr add 198.51.100.1/32 dev lo
ip addr add 198.51.100.2/32 dev lo
has_ipv6=
if ip addr add fd66::1/128 dev lo 2>/dev/null &&
	ip addr add fd66::2/128 dev lo && ip addr add fd66::3/128 dev lo; then
	has_ipv6=yes
fi

# fails_fast NAME SERVER WORDS: no answer from it alone, soon; a good server with it still answers
fails_fast() {
	soon 600 timed "$REQTIME" --json -t 3s "$2"
	expect "$1: no answer, with the reason" 1 "\"no-answer\".*\"reason\":\"[^\"]*($3)"
	check "$1: known soon ($took_ms ms)" timely 600
	soon 600 timed "$REQTIME" --json -t 3s "$2" "$(at 1)"
	true_time "$1: another server goes on"
	check "$1: and is not delayed ($took_ms ms)" timely 600
}

ip route add unreachable 10.67.1.0/24
ip route add prohibit 10.67.2.0/24
ip route add blackhole 10.67.3.0/24
adversary 10.66.0.1 good 10.66.0.2 icmp=3 10.66.0.3 icmp=1 10.66.0.4 icmp=0 10.66.0.5 icmp=13 \
	10.66.0.6 'icmp=3 / wait=100' 10.66.0.7 'icmp=1 / icmp=3 / wait=50'
fails_fast "row 48 closed port" 127.0.0.1:9 "[Rr]efused"
fails_fast "row 48 closed port of another host" 10.66.0.8:9 "[Rr]efused"
fails_fast "row 48 no route to the host" 10.67.1.1 "[Uu]nreachable|No route"
fails_fast "row 48 forbidden by the local administrator" 10.67.2.1 "denied|unreachable"
fails_fast "row 48 no route to the network" 192.0.2.1 "[Uu]nreachable"
fails_fast "row 48 a route into a black hole" 10.67.3.1 "."
if [ "$(awk '$1 == "CapEff:" { print $2 }' /proc/self/status)" != 0000000000000000 ]; then
	fails_fast "row 48 ICMP port unreachable" "$(at 2)" "[Rr]efused"
	fails_fast "row 48 ICMP host unreachable" "$(at 3)" "No route"
	fails_fast "row 48 ICMP network unreachable" "$(at 4)" "[Uu]nreachable"
	fails_fast "row 48 ICMP administratively prohibited" "$(at 5)" "No route|[Uu]nreachable"
	run "$REQTIME" --json -n 1 "$(at 6)"
	true_time "row 49 a forged ICMP unreachable, then the reply: used"
	run "$REQTIME" --json -n 1 "$(at 7)"
	true_time "row 49 two forged ICMP unreachable, then the reply: used"
else
	skip "row 48 ICMP errors" "needs raw sockets"
	skip "row 49 a forged ICMP unreachable" "needs raw sockets"
fi

# How often a public server is asked, silent or answering.
adversary 198.51.100.1:123 silent 198.51.100.2:123 good
timed "$REQTIME" --json -t 4500ms "$(at 1)" "$(at 2)"
true_time "C30 public servers: one is silent, the other's answer stands"
# spaced N LEAST MOST: server N got LEAST to MOST requests, 2 s apart, less 0.2 s when it saw one late
# shellcheck disable=SC2317 # called by check
spaced() {
	awk -v n="$1" -v least="$2" -v most="$3" '
		$1 == "asked" && $2 == n { if (count++ && $3 - last < 1800) bad = 1; last = $3 }
		END { print count + 0; exit bad || count < least || count > most }' "$adversary_log"
}
check "C30 a silent public server is asked every 2 s, no more" spaced 1 3 3
check "C30 a public server that answers is not asked more often" spaced 2 1 3
adversary 198.51.100.1:123 'wait=5' 198.51.100.2:123 good
run "$REQTIME" --json "$(at 2)"
check "C30 a public server that answers well is asked once" spaced 2 1 1
run "$REQTIME" --json -t 4500ms --target 1ms "$(at 1)"
check "C30 further rounds with a public server: 2 s apart" spaced 1 2 3

# Addresses.
adversary 10.66.0.1:123 'shift=77000 from=10.66.0.9 / wait=30' 10.66.0.2:123 good \
	10.66.0.3:123 'shift=77000 sum=bad / wait=30' 10.66.0.4:123 'sum=good' \
	10.66.0.5:123 'wait=600' 10.66.0.6:123 'wait=600'
run "$REQTIME" --json -n 1 10.66.0.1
true_time "C4 IPv4: a reply from another address, then the real one"
if "$REQTIME" -q -n 1 -t 1s 10.66.0.4; then
	run "$REQTIME" --json -n 1 -t 1s 10.66.0.3
	true_time "row 82 a bad UDP checksum: the kernel drops it, the real reply is used"
else
	skip "row 82 a bad UDP checksum" "no raw sockets here"
fi
if [ -n "$has_ipv6" ]; then
	pid=$adversary_pid
	adversary_pid=
	cp "$adversary_log" "$T/first"
	adversary '[fd66::1]:123' 'shift=77000 from=[fd66::3] / wait=30' '[fd66::2]:123' good
	run "$REQTIME" --json -n 1 fd66::1
	true_time "row 19 IPv6: a reply from another address, then the real one"
	run "$REQTIME" --json fd66::2
	true_time "row 19 IPv6: the address that was asked"
	adversary_stop
	adversary_pid=$pid
	cp "$T/first" "$adversary_log"
else
	skip "row 19 IPv6: a reply from another address" "no IPv6 here"
fi

# A link that drops everything, and one that goes down during the run.
background unshare -n sleep 100
far=$background_pid
wait_for 5 sh -c "[ \"\$(readlink /proc/$far/ns/net)\" != \"\$(readlink /proc/self/ns/net)\" ]"
if ip link add near type veth peer name far netns "$far" 2>"$T/why"; then
	nsenter -t "$far" -n ip link set far up
	ip addr add 10.77.0.1/24 dev near
	ip link set near arp off up
	soon 800 timed "$REQTIME" --json -t 700ms 10.77.0.2
	expect "row 47 black hole: no answer" 1 '"no-answer"'
	check "row 47 black hole: not before the deadline ($took_ms ms)" test "$took_ms" -ge 690
	check "row 47 black hole: at the deadline" timely 800
	(sleep 0.3; ip link set near down) &
	timed "$REQTIME" --json -t 2s 10.77.0.2 10.66.0.5 10.66.0.6
	wait $!
	true_time "row 81 an interface goes down meanwhile: the others go on"
	ip link set near up
	ip route add 10.78.0.0/24 dev near
	(sleep 0.3; ip route del 10.78.0.0/24 dev near) &
	timed "$REQTIME" --json -t 2s 10.78.0.2 10.66.0.5 10.66.0.6
	wait $!
	true_time "row 81 a route goes away meanwhile: the others go on"
else
	skip "row 47 black hole" "no veth: $(cat "$T/why")"
	skip "row 81 an interface goes down" "no veth: $(cat "$T/why")"
fi

# --- names
echo 'nameserver 127.0.0.1' >"$T/resolv.conf"
echo 'hosts: files dns' >"$T/nsswitch.conf"
echo '127.0.0.1 localhost' >"$T/hosts"
chmod 644 "$T"/*.conf "$T/hosts"
# Under its own name, so that leftover processes can be found.
cp "$REQTIME" "$T/reqtime-names"
# shellcheck disable=SC2016 # for the inner shell
named() {
	timed unshare -m sh -c 'for file in hosts resolv.conf nsswitch.conf; do
			mount --bind "$0/$file" "/etc/$file" || exit 77
		done
		exec "$0/reqtime-names" "$@"' "$T" "$@"
}
named --version
if [ "$status" -ne 0 ]; then
	skip "rows 50 to 52, names" "cannot make a mount namespace: $(head -n 1 "$err")"
	finish
fi
dns() {
	if [ -n "${dns_pid:-}" ]; then
		kill "$dns_pid" && wait "$dns_pid" 2>/dev/null
	fi
	: >"$T/dns.out"
	"$T/dns" 127.0.0.1 "$@" >"$T/dns.out" 2>&1 &
	dns_pid=$!
	lib_pids="$lib_pids $dns_pid"
	wait_for 5 grep -q '^ready' "$T/dns.out"
}
adversary 10.66.0.1:123 good 10.66.0.2:123 good 10.66.0.3:123 good 10.66.0.4:123 shift=1000 \
	10.66.0.5:123 shift=1000 10.66.0.6:123 shift=1000 10.66.0.7:123 shift=1000 \
	127.0.0.1:123 good ${has_ipv6:+'[fd66::1]:123' silent '[fd66::2]:123' good}
dns good.test=10.66.0.1 servfail.test=servfail silent.test=silent empty.test=empty \
	many.test=many four.test=10.66.0.1,10.66.0.2,10.66.0.3 \
	liar1.test=10.66.0.4 liar2.test=10.66.0.4 liar3.test=10.66.0.4,10.66.0.4 \
	liars.test=10.66.0.4,10.66.0.5,10.66.0.6,10.66.0.7 torn.test=10.66.0.4,10.66.0.3 \
	lure.test=10.66.0.2,10.66.0.5,10.66.0.6,10.66.0.7 \
	six.test=2001:db8::1 dual.test=10.66.0.1,fd66::1 back.test=10.66.0.1,fd66::2 \
	loop4.test=127.0.0.1 loop4b.test=127.3.2.1 loop6.test=::1 mapped.test=::ffff:127.0.0.1 \
	zero4.test=0.0.0.0 zero6.test=:: multi4.test=224.0.1.1 multi6.test=ff02::101 \
	all.test=255.255.255.255 mixed.test=127.0.0.1,10.66.0.1

named --json good.test
true_time "names: a good one"
# name|host|limit in milliseconds when it is the only server
rows=$T/rows
cat >"$rows" <<'END'
row 50 NXDOMAIN|no-such.test|400
row 50 SERVFAIL|servfail.test|400
row 50 a name server that is silent|silent.test|1100
row 51 no addresses|empty.test|400
row 51 AAAA only without IPv6|six.test|500
END
while IFS='|' read -r name host limit <&3; do
	soon "$limit" named --json -t 1s "$host"
	expect "$name: no answer, with the reason" 1 '"no-answer".*"reason":"[^"]'
	check "$name: in time ($took_ms ms)" timely "$limit"
	soon 500 named --json -t 1s "$host" 10.66.0.2 good.test
	true_time "$name: the others go on"
	check "$name: and are not delayed ($took_ms ms)" timely 500
done 3<"$rows"
named --json -t 500ms silent.test silent.test no-such.test good.test
check "row 50 the resolver process is gone" sh -c \
	"! ls -l /proc/[0-9]*/exe 2>/dev/null | grep -q '$T/reqtime-names'"
named --json -t 2s many.test
expect "row 51 1000 addresses: no answer of closed ports" 1 '"no-answer"'
check "row 51 1000 addresses: four are asked" test "$(grep -o '"name":' "$out" | wc -l)" -eq 4
named --json --pool 2 -t 2s many.test
check "row 51 1000 addresses: --pool 2" test "$(grep -o '"name":' "$out" | wc -l)" -eq 2
named --json --all four.test
true_time "row 51 a name with three addresses is three sources"
check "row 51 a name with three addresses: all agree" test \
	"$(grep -Eo '"status":"(selected|agreeing)"' "$out" | wc -l)" -eq 3
named --json --all liar1.test liar2.test liar3.test 10.66.0.4 10.66.0.1 10.66.0.2
true_time "row 51 one server under four names is one SERVER"
check "row 51 one server under four names: the reason is shown" grep -q 'the same address as' "$out"
named --json --all good.test 10.66.0.2 liars.test
true_time "row 51 one name of three, with four addresses that lie, counts as one"
named --json --all good.test 10.66.0.2 lure.test
true_time "row 51 a name that has another server's address, too, takes nothing from it"
named --json --all liars.test
expect "row 51 a single name counts once per address" 0 '"offset_ns":1[0-9]*'
named --json --all torn.test 10.66.0.1 10.66.0.2
true_time "row 51 a name whose addresses contradict each other does not count, the others go on"
if [ -n "$has_ipv6" ]; then
	soon 400 named --json -t 3s dual.test
	true_time "row 51 a name whose IPv6 is a black hole"
	check "row 51 a name whose IPv6 is a black hole costs nothing ($took_ms ms)" timely 400
	named --json back.test
	true_time "row 51 a name of both families"
fi
for host in loop4 loop4b loop6 mapped zero4 zero6 multi4 multi6 all; do
	named --json -t 2s $host.test
	expect "row 52 $host: refused" 1 '"status":"rejected","reason":"its name leads to'
	check "row 52 $host: nothing is sent" test "$(json sent)" = 0
	named --json -t 2s $host.test 10.66.0.1
	true_time "row 52 $host: another server is enough"
done
named --json mixed.test
true_time "row 52 a good address and a loopback one"
check "row 52 a good address and a loopback one: only that is asked" test \
	"$(grep -o '"address":"[^"]*"' "$out")" = '"address":"10.66.0.1"'
named --json 127.0.0.1
true_time "row 52 loopback as a literal"
named --json -4 localhost
true_time "row 52 loopback as localhost"
dns good.test=10.66.0.3
named --json good.test
check "C42 a name is resolved anew in each run" test "$(json address)" = 10.66.0.3

# Invalid names.
for host in "$(printf '%0255d' 0).test" "$(printf '%0256d' 0)" -x a..b "$(printf 'z\303\274rich.test')"; do
	named -- "$host"
	expect "row 53 not a name: $(printf '%.20s' "$host" | tr -c ' -~' '?')" 2 'server "'
done
named --json -t 1s xn--zrich-kva.test
expect "row 53 an IDN in its ASCII form is a name like any other" 1 '"no-answer"'

ip link set lo mtu 576
run "$REQTIME" --json 10.66.0.1 10.66.0.2
true_time "row 82 an MTU of 576"
finish
