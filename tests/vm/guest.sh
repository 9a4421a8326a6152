#!/bin/bash
# SPDX-License-Identifier: MIT
#
# First process of the guest that tests/vm/set.sh boots.  Everything it wants to say to
# the host starts with "GUEST ".  Not for use anywhere else: it sets the clock it finds.

if [ $$ -ne 1 ] || ! mount -t proc proc /proc || ! grep -q 'User Mode' /proc/cpuinfo; then
	echo "guest.sh: only as the first process of a test guest" >&2
	exit 1
fi
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C HOME=/run/w
mount -t tmpfs tmpfs /run
mkdir /run/w
ip link set lo up
ip addr add 10.79.0.2/24 dev vec0
ip link set vec0 up
echo "GUEST up"

cp "$REQTIME_BUILD/reqtime" /run/w/reqtime
chronyd=$REQTIME_R/build/peers/usr/sbin/chronyd
server=ntp://10.79.0.1:1123
silent=ntp://10.79.0.1:9191 # speaks another protocol: never answers NTP
count=0
status=0

result() { # result NAME CONDITION-STATUS [WHY]
	count=$((count + 1))
	if [ "$2" -eq 0 ]; then
		echo "GUEST ok $count - $1"
	else
		echo "GUEST not ok $count - $1"
		printf '%s\n' "${3:-}" "status $status" "$(cat /run/w/out /run/w/err 2>/dev/null)" |
			head -n 30 | sed 's/^/GUEST # /'
	fi
}
plain=(setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all
	--bounding-set=-all)
# shellcheck disable=SC2054 # commas of setpriv
capable=(setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all,+sys_time
	--ambient-caps=-all,+sys_time --bounding-set=-all,+sys_time)
run() {
	status=0
	"$@" >/run/w/out 2>/run/w/err </dev/null || status=$?
}
# Microseconds the clock is behind the host's, by chrony alone.
truth_us() {
	"$chronyd" -4 -Q -u root -t 10 -f /dev/null "pidfile /run/c.pid" "cmdport 0" \
		"server 10.79.0.1 iburst maxsamples 1" 2>&1 |
		sed -n 's/.*System clock wrong by \([-0-9.]*\) seconds.*/\1/p' |
		awk '{ printf "%.0f\n", $1 * 1e6 }'
}
below_us() { # below_us LIMIT VALUE: |VALUE| <= LIMIT
	[ -n "$2" ] && [ "${2#-}" -le "$1" ]
}
year() {
	date -u +%Y
}
packets_out() {
	awk '$1 == "Udp:" && $5 ~ /^[0-9]+$/ { print $5 }' /proc/net/snmp
}
to_2001() {
	date -u -s '2001-01-01 00:00:00' >/dev/null
}

to_2001

# Not permitted.
before=$(packets_out)
run "${plain[@]}" /run/w/reqtime set --any-offset $server
[ $status -eq 4 ]
result "without the capability: exit status 4" $?
[ "$(year)" = 2001 ]
result "without the capability: the clock has not moved" $? "$(date -u)"
[ "$(packets_out)" = "$before" ]
result "without the capability: no packet was sent" $? "$before then $(packets_out)"
grep -q setcap /run/w/out /run/w/err
result "without the capability: the message says how to grant it" $?
run unshare -Ur /run/w/reqtime set --any-offset $server
if grep -q 'unshare' /run/w/err; then
	echo "GUEST ok $((count += 1)) - root in a user namespace # SKIP $(cat /run/w/err)"
else
	[ $status -eq 4 ] && [ "$(year)" = 2001 ]
	result "root in a user namespace, a capability in name only: exit status 4" $?
fi
run "${plain[@]}" /run/w/reqtime set --any-offset --dry-run $server
[ $status -eq 0 ] && [ "$(year)" = 2001 ]
result "--dry-run needs no privilege and moves nothing" $?

# Far off, one capability.
run "${capable[@]}" /run/w/reqtime set $server
[ $status -eq 3 ]
result "25 years off: set refuses with exit status 3" $?
[ "$(year)" = 2001 ]
result "25 years off: refused means that the clock has not moved" $? "$(date -u)"
run "${capable[@]}" /run/w/reqtime set --any-offset $server
[ $status -eq 0 ]
result "--any-offset: exit status 0" $?
left=$(truth_us)
below_us 20000 "$left"
result "--any-offset: the clock is within 20 ms of the truth" $? "$left us"

# A little off.
date -u -s "@$(awk -v now="$(date +%s.%N)" 'BEGIN { printf "%.6f", now - 0.040 }')" >/dev/null
before=$(truth_us)
run "${capable[@]}" /run/w/reqtime set --json $server
[ $status -eq 0 ] && grep -q '"action": *"slew"' /run/w/out
result "40 ms off: set slews" $? "$before us"
after=$(truth_us)
[ "${after:-0}" -gt $((before - 20000)) ] 2>/dev/null
result "40 ms off: no step" $? "$before us then ${after:-?} us"
sleep 6
later=$(truth_us)
# 500 us a second, so 3 ms in 6 s; half of it shows that the kernel is at it.
[ "${later:-$after}" -le $((after - 1500)) ] 2>/dev/null
result "40 ms off: the clock draws nearer" $? "$after us then ${later:-?} us"

# Above the step limit both ways, and a negative one.
date -u -s "@$(awk -v now="$(date +%s.%N)" 'BEGIN { printf "%.6f", now + 2.3 }')" >/dev/null
run "${capable[@]}" /run/w/reqtime set $server
[ $status -eq 0 ] && below_us 20000 "$(truth_us)"
result "2.3 s fast: stepped back" $? "$(truth_us) us left"

# The process that parses the network holds no capability.
"${capable[@]}" /run/w/reqtime set --timeout 4 $silent >/dev/null 2>&1 &
sleep 1.5
holders=0
others=0
effective=0
: >/run/w/out
for state in /proc/[0-9]*/status; do
	grep -q '^Name:.reqtime$' "$state" || continue
	grep -H '^Name\|^Cap\|^NoNew\|^Seccomp' "$state" >>/run/w/out
	permitted=$(awk '$1 == "CapPrm:" { print $2 }' "$state")
	if [ $((16#$permitted)) -eq $((1 << 25)) ]; then
		holders=$((holders + 1))
	elif [ $((16#$permitted)) -eq 0 ]; then
		others=$((others + 1))
	fi
	[ $((16#$(awk '$1 == "CapEff:" { print $2 }' "$state"))) -eq 0 ] ||
		effective=$((effective + 1))
done
[ $holders -eq 1 ] && [ $others -ge 1 ]
result "while measuring: one process may, all others hold nothing" $? "$holders, $others"
[ $effective -eq 0 ]
result "while measuring: the capability is effective nowhere" $?
wait $!
status=$?
[ $status -eq 1 ]
result "no answer: exit status 1" $?

date -u -s "@$(awk -v now="$(date +%s.%N)" 'BEGIN { printf "%.6f", now - 3 }')" >/dev/null
run strace -f -o /run/w/trace "${capable[@]}" /run/w/reqtime set $server
[ $status -eq 0 ]
result "under strace: set works" $? "$(tail -n 15 /run/w/trace)"
wrong=$(awk -f "$REQTIME_R/tests/vm/capable_reads.awk" /run/w/trace)
[ -z "$wrong" ] && grep -q 'recvmsg(' /run/w/trace
result "strace: nothing is received by a process that holds a capability" $? "$wrong"
moves=$(grep -cE '(clock_adjtime|adjtimex|clock_settime|settimeofday)\(.*(ADJ_SETOFFSET|ADJ_OFFSET_SINGLESHOT|clock_settime|settimeofday)' /run/w/trace)
[ "$moves" -ge 1 ]
result "strace: the clock is moved by a call that is seen" $? "$(grep -E 'adjtime|settime' /run/w/trace)"

# On the host no test may hold CAP_SYS_TIME; here the one of keeping and dropping it runs in full.
if [ -x "$REQTIME_BUILD/test_priv" ]; then
	run "$REQTIME_BUILD/test_priv"
	[ $status -eq 0 ] && ! grep -q -i 'skipped *\]' /run/w/out /run/w/err
	result "test_priv, with the capability in reach" $?
fi

echo "GUEST 1..$count"
echo "GUEST end"
busybox poweroff -f
sleep 60
