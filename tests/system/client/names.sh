#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A run finds the addresses of its servers whatever one name server does: dead, slow, half-dead,
# refusing, truncating.  In its own network namespace, with its own resolv.conf.
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"
own_network "$@"
# shellcheck source=tests/tools/adversary.sh
. "$(dirname "$0")/../../tools/adversary.sh"
# shellcheck source=tests/tools/dns.sh
. "$(dirname "$0")/../../tools/dns.sh"

ip addr add 10.66.0.0/24 dev lo
has_ipv6=
if ip addr add fd66::1/128 dev lo 2>/dev/null; then
	has_ipv6=yes
fi
adversary 10.66.0.1:123 good 10.66.0.2:123 good 10.66.0.3:123 good ${has_ipv6:+'[fd66::1]:123' good}

# Under its own name, so that its processes can be counted.
cp "$REQTIME" "$T/reqtime-names"
# shellcheck disable=SC2317 # called by soon
named() {
	# shellcheck disable=SC2086 # a command with arguments
	timed "$T/resolving" ${named_prefix:-} "$T/${program:-reqtime-names}" "$@"
}
# comes NAME LIMIT_MS ARGUMENT...: the run finds the true time within that
comes() {
	comes_name=$1 comes_limit=$2
	shift 2
	soon "$comes_limit" named --json "$@"
	true_time "$comes_name"
	check "$comes_name: within $comes_limit ms ($took_ms ms)" timely "$comes_limit"
}
good='*=10.66.0.1' dead='*=silent'
resolvers 1 2 3

# --- servers that are dead, or wrong
name_server 1 "$dead"
name_server 2 "$good"
name_server 3 "$dead"
comes "the first of three name servers is dead" 2500 a.test
comes "... a name that ends in a dot" 2500 a.test.
comes "... three names" 2500 a.test b.test c.test
comes "... with two dead ones" 2500 -4 a.test
soon 2500 named set --dry-run --json --wait 20s a.test
true_time "... set --wait"
check "... set --wait: within 2500 ms ($took_ms ms)" timely 2500
soon 2500 named check a.test
expect "... check" 0 '^REQTIME OK'
check "... check: within 2500 ms ($took_ms ms)" timely 2500
resolvers 1 2 'options timeout:30 attempts:1'
comes "... and resolv.conf has a long timeout" 2500 a.test
resolvers 1 2 'options single-request'
comes "... and has single-request" 2500 a.test
resolvers 1 2 'options rotate edns0'
comes "... and takes servers in turn" 2500 a.test
name_server 2 "$dead"
name_server 3 "$good"
resolvers 1 2 3
comes "the first two of three name servers are dead" 2500 a.test
comes "... three names, one of them unreachable" 2500 a.test b.test 10.66.0.2
resolvers 3 1 2
comes "the last two of three name servers are dead" 500 a.test
for what in servfail refused; do
	name_server 1 "*=$what"
	resolvers 1 3
	comes "the first name server says $what" 500 a.test
done
name_server 1
comes "the first name server is not there" 500 a.test

# All are dead for a while; six names leave much undone in each attempt.
name_server 1 "$dead"
name_server 3 "$dead"
resolvers 1 2 3
# shellcheck disable=SC2154 # dns.sh sets it, by eval
(
	sleep 3
	kill "$dns_pid_1"
	# Its port is in use until it has ended.
	while readlink "/proc/$dns_pid_1/exe"; do
		sleep 0.01
	done >"$T/ending" 2>&1
	exec "$T/dns" 127.0.0.1 "$good" >"$T/dns.late" 2>&1
) &
revived=$!
lib_pids="$lib_pids $revived"
timed "$T/resolving" "$T/reqtime-names" set --dry-run --json -t 1s --wait 30s a.test b.test c.test \
	d.test e.test f.test
true_time "set --wait: all name servers are dead for 3 s"
check "set --wait: all name servers are dead for 3 s: within 8 s ($took_ms ms)" timely 8000
kill "$revived"
wait "$revived" 2>/dev/null
dns_pid_1=

# --- half-dead: one of the two questions is answered
resolvers 1
for what in silent servfail nxdomain empty slow:3000:fd66::1; do
	name_server 1 "*=10.66.0.1|$what"
	comes "A is answered, AAAA: $what" 500 a.test
done
comes "... three names" 500 a.test b.test c.test
name_server 1 '*=10.66.0.1|silent'
comes "AAAA is never answered, -t 15" 500 -t 15 a.test
check "AAAA is never answered: it was asked" test "$(asked_of 1 a.test AAAA)" -gt 0
name_server 1 '*=10.66.0.1|silent'
comes "-4 asks for A" 500 -4 a.test
check "-4 asks for A alone" test "$(asked_of 1 a.test AAAA)" -eq 0
if [ -n "$has_ipv6" ]; then
	for what in silent servfail nxdomain empty; do
		name_server 1 "*=$what|fd66::1"
		comes "AAAA is answered, A: $what" 500 a.test
	done
	name_server 1 '*=silent|fd66::1'
	comes "-6 asks for AAAA" 500 -6 a.test
	check "-6 asks for AAAA alone" test "$(asked_of 1 a.test A)" -eq 0
	name_server 1 '*=10.66.0.9|slow:1000:fd66::1'
	comes "the address of the late family is the only good one" 2500 a.test
else
	skip "AAAA is answered, A is not" "no IPv6 here"
fi
name_server 1 "$dead"
name_server 2 '*=10.66.0.1|silent'
resolvers 1 2
comes "the first is dead, the second does not answer AAAA" 2500 a.test
name_server 1 'a.test=10.66.0.1' 'b.test=silent' 'c.test=10.66.0.3'
resolvers 1
comes "one of three names is never answered" 500 a.test b.test c.test

# --- lossy, slow and cut
name_server 1 '*=odd:10.66.0.1|odd:empty'
comes "every second question is lost" 2500 a.test
name_server 1 '*=slow:400:10.66.0.1'
comes "a name server that takes 0.4 s" 900 a.test
name_server 1 '*=slow:1500:10.66.0.1'
comes "a name server that takes 1.5 s" 2500 a.test
name_server 1 '*=slow:3000:10.66.0.1'
comes "a name server that takes 3 s" 4800 a.test
name_server 1 "$dead"
name_server 2 '*=slow:1500:10.66.0.1'
resolvers 1 2
comes "the first is dead, the second takes 1.5 s" 4800 a.test
dns_options=-u
name_server 1 '*=cut:10.66.0.1,10.66.0.2|empty'
resolvers 1
comes "a truncated answer, and TCP is refused" 2500 a.test
dns_options=-s
name_server 1 '*=cut:10.66.0.1,10.66.0.2|empty'
comes "a truncated answer, and TCP is not answered" 2500 a.test
dns_options=
name_server 1 '*=cut:10.66.0.9|empty'
name_server 2 "$good"
comes "a truncated answer, and whole over TCP" 500 --pool 4 -t 1s 10.66.0.1 a.test

# --- the search list
resolvers 1 2 'search one.test two.test'
name_server 1 "$dead"
name_server 2 'host.two.test=10.66.0.1'
comes "the first is dead, a single label, two search domains" 4500 host
name_server 1 'host.two.test=10.66.0.1|silent' '*=nxdomain'
comes "AAAA is never answered, a single label" 500 host

# --- other settings
name_server 1 "$dead"
name_server 2 "$good"
resolvers 1 2
RES_OPTIONS='timeout:3 attempts:1' soon 4000 named --json a.test
true_time "RES_OPTIONS of the user holds"
check "RES_OPTIONS of the user holds: 3 s for the dead one ($took_ms ms)" test "$took_ms" -ge 3000
if [ "$(id -u)" = 0 ] && have setcap && have setpriv; then
	cp "$REQTIME" "$T/reqtime-capable"
	setcap cap_net_raw=p "$T/reqtime-capable"
	# Its environment is not trusted, so the user's setting does not count.
	RES_OPTIONS='timeout:9' program=reqtime-capable \
		named_prefix='setpriv --reuid 65534 --regid 65534 --clear-groups' \
		soon 2500 named --json a.test
	true_time "the first is dead, a program with a file capability"
	check "... within 2500 ms ($took_ms ms)" timely 2500
else
	skip "the first is dead, a program with a file capability" "needs root, setcap and setpriv"
fi
cat >"$T/hosts" <<'END2'
127.0.0.1 localhost
10.66.0.1	Pinned.test alias # hidden.test
10.66.0.2 both.test
fd66::1 both.test
127.0.1.1 this-host
END2
name_server 1 '*=10.66.0.9|fd66::1'
resolvers 1
for host in pinned.test alias; do
	comes "/etc/hosts has $host" 500 --all $host
	check "/etc/hosts has $host: that address alone" test \
		"$(grep -o '"address":"[^"]*"' "$out")" = '"address":"10.66.0.1"'
	check "/etc/hosts has $host: no name server is asked" test "$(asked_of 1 $host AAAA)" -eq 0
done
if [ -n "$has_ipv6" ]; then
	comes "/etc/hosts has both families" 500 --all both.test
	check "/etc/hosts has both families: IPv4 is shown first" test \
		"$(grep -o '"address":"[^"]*"' "$out" | tr -d '\n')" = '"address":"10.66.0.2""address":"fd66::1"'
	comes "/etc/hosts has IPv4 only, -6" 500 -6 pinned.test
fi
run named check this-host
expect "the host's own name, as Debian has it: what to do" 3 \
	'its name leads to this machine: name another server, or 127\.0\.1\.1 to ask this one'
name_server 1 "$dead"
comes "/etc/hosts has it, the name server is dead" 500 pinned.test

# --- without a usable resolv.conf
name_server 1
for what in empty missing; do
	: >"$T/resolv.conf"
	if [ $what = missing ]; then
		mkdir "$T/etc"
		cp "$T/hosts" "$T/nsswitch.conf" "$T/etc"
		cp "$T/resolving" "$T/with-resolv.conf"
		# shellcheck disable=SC2016 # for the inner shell
		sed -i 's|for file in .*;|mount --bind "$0/etc" /etc; for file in;|' "$T/resolving"
	fi
	soon 500 named --json a.test
	expect "resolv.conf is $what: no answer, with the reason" 1 '"no-answer".*"reason":"[^"]'
	check "resolv.conf is $what: known soon ($took_ms ms)" timely 500
	comes "resolv.conf is $what: another server goes on" 500 a.test 10.66.0.1
done
name_server 1 "$good"
comes "resolv.conf is missing: the name server on this host" 500 a.test
cp "$T/with-resolv.conf" "$T/resolving"

# --- failures
resolvers 1 2
name_server 1 "$dead"
name_server 2 "$dead"
soon 1100 named --json -t 1s a.test
expect "all name servers are dead: no answer" 1 '"no-answer"'
check "all name servers are dead: at the deadline ($took_ms ms)" timely 1100
name_server 1 '*=nxdomain'
soon 500 named --json a.test
expect "the name does not exist: one reason" 1 '"reason":"Name or service not known"'
check "the name does not exist: known soon ($took_ms ms)" timely 500
name_server 1 '*=servfail|empty'
resolvers 1
soon 500 named --json a.test
expect "two reasons" 1 '"reason":"IPv4: [^"]*; IPv6: [^"]*"'
check "two reasons: known soon ($took_ms ms)" timely 500

# --- threads
if [ "$(id -u)" = 0 ] && have setpriv && have prlimit; then
	# The measuring process, the resolver and one thread of it.
	name_server 1 "$good"
	resolvers 1
	named_prefix='setpriv --reuid 54321 --regid 54321 --clear-groups prlimit --nproc=3'
	comes "a thread for one family alone" 500 a.test
	named_prefix='setpriv --reuid 54321 --regid 54321 --clear-groups prlimit --nproc=2'
	soon 500 named --json a.test
	expect "no thread: no answer, with the reason" 1 '"reason":"Resource temporarily unavailable"'
	check "no thread: known soon ($took_ms ms)" timely 500
	named_prefix=
else
	skip "a thread for one family alone" "needs root, setpriv and prlimit"
fi

# --- thousands of names
i=0
while [ $i -lt 2000 ]; do
	i=$((i + 1))
	echo "n$i.test"
done >"$T/list"
name_server 1 '*=10.66.0.1|silent'
"$T/resolving" "$T/reqtime-names" --json -t 10s --servers-file "$T/list" >"$out" 2>"$err" &
fleet=$!
most=0 processes=0
while kill -0 "$fleet" 2>/dev/null; do
	find /proc -maxdepth 2 -path '/proc/[0-9]*/exe' -lname "$T/reqtime-names" >"$T/seen" 2>/dev/null
	n=$(wc -l <"$T/seen")
	[ "$n" -le "$processes" ] || processes=$n
	# shellcheck disable=SC2046 # each a file
	n=$(awk '$1 == "Threads:" && $2 > most { most = $2 } END { print most + 0 }' \
		$(sed 's,exe$,status,' "$T/seen") 2>/dev/null </dev/null)
	[ "${n:-0}" -le "$most" ] || most=$n
	sleep 0.2
done
wait "$fleet"
status=$?
true_time "2000 names whose AAAA is never answered"
check "2000 names: each has its address" test "$(grep -o '"address":"10.66.0.1"' "$out" | wc -l)" -eq 2000
check "2000 names: two or three processes ($processes)" test "$processes" -le 3
check "2000 names: 65 threads at most ($most)" test "$most" -le 65
finish
