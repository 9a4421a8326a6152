#!/bin/bash
# SPDX-License-Identifier: MIT
#
# First process of the guest that tests/vm/set.sh boots.
. "${0%/*}/guest_lib.sh"

cp "$REQTIME_BUILD/reqtime" "$REQTIME_T/kernel_look" "$REQTIME_T/kill_sweep" \
	"$REQTIME_T/no_setoffset.so" /run/w/
chmod 755 /run/w/*
export STATE_DIRECTORY=/run/w/state
server=ntp://10.79.0.1:1123
silent=ntp://10.79.0.1:9191 # speaks another protocol: never answers NTP
plain=(setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all
	--bounding-set=-all)
# shellcheck disable=SC2054 # commas of setpriv
capable=(setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all,+sys_time
	--ambient-caps=-all,+sys_time --bounding-set=-all,+sys_time)
year() {
	date -u +%Y
}
packets_out() {
	awk '$1 == "Udp:" && $5 ~ /^[0-9]+$/ { print $5 }' /proc/net/snmp
}
# Forgets the earlier runs: other servers, another time.
forget() {
	rm -rf /run/w/state
	mkdir /run/w/state
	chown 65534:65534 /run/w/state
	/run/w/kernel_look freq 0
}
forget
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
grep -q SYS_TIME /run/w/err
result "without the capability: the message names the way to grant it" $?
run unshare -Ur /run/w/reqtime set --any-offset $server
if grep -q 'unshare' /run/w/err; then
	skip "root in a user namespace" "$(cat /run/w/err)"
else
	[ $status -eq 4 ] && [ "$(year)" = 2001 ]
	result "root in a user namespace, a capability in name only: exit status 4" $?
fi
run "${plain[@]}" /run/w/reqtime set --any-offset --dry-run $server
[ $status -eq 0 ] && [ "$(year)" = 2001 ]
result "--dry-run needs no privilege and moves nothing" $?

# Far off, one capability.
run "${capable[@]}" /run/w/reqtime set $server
[ $status -eq 0 ] && below_us 20000 "$(truth_us)"
result "25 years off, before the release: known to be wrong, and set" $? "$(date -u)"
forget
/run/w/kernel_look step 5000000
run "${capable[@]}" /run/w/reqtime set $server
[ $status -eq 3 ]
result "5000 s off: set refuses with exit status 3" $?
below_us 5001000000 "$(truth_us)" && ! below_us 4999000000 "$(truth_us)"
result "5000 s off: refused means that the clock has not moved" $? "$(date -u)"
run "${capable[@]}" /run/w/reqtime set --any-offset $server
[ $status -eq 0 ]
result "--any-offset: exit status 0" $?
[ "$(kernel unsync)" = 0 ] && [ "$(kernel state)" = 0 ]
result "after a step the kernel's clock is synchronised" $? "$(/run/w/kernel_look)"
between 1 100000 "$(kernel maxerror)" && between 1 100000 "$(kernel esterror)"
result "after a step the kernel has the error bound" $? "$(/run/w/kernel_look)"
left=$(truth_us)
below_us 20000 "$left"
result "--any-offset: the clock is within 20 ms of the truth" $? "$left us"

# A little off.
/run/w/kernel_look step -40
before=$(truth_us)
run "${capable[@]}" /run/w/reqtime set --json $server
[ $status -eq 0 ] && grep -q '"action": *"slew"' /run/w/out
result "40 ms off: set slews" $? "$before us"
between 30000 50000 "$(kernel pending)"
result "40 ms off: it is pending" $? "$(/run/w/kernel_look)"
between 35000 100000 "$(kernel maxerror)" && [ "$(kernel unsync)" = 0 ]
result "40 ms off: while it slews the kernel's error bound includes it" $? "$(/run/w/kernel_look)"
after=$(truth_us)
[ "${after:-0}" -gt $((before - 20000)) ] 2>/dev/null
result "40 ms off: no step" $? "$before us then ${after:-?} us"
sleep 6
later=$(truth_us)
# 500 us a second, so 3 ms in 6 s; half of it shows that the kernel is slewing.
[ "${later:-$after}" -le $((after - 1500)) ] 2>/dev/null
result "40 ms off: the offset shrinks" $? "$after us then ${later:-?} us"

# Above the step limit both ways, and a negative one.
/run/w/kernel_look step 2300
run "${capable[@]}" /run/w/reqtime set --any-offset $server
[ $status -eq 0 ] && below_us 20000 "$(truth_us)"
result "2.3 s fast: stepped back" $? "$(truth_us) us left"

# A kernel that cannot step relatively.
/run/w/kernel_look step -2300
run strace -f -o /run/w/trace -e trace=clock_adjtime,clock_settime "${capable[@]}" \
	env LD_PRELOAD=/run/w/no_setoffset.so /run/w/reqtime set --any-offset --timeout 15 $server
[ $status -eq 0 ] && below_us 20000 "$(truth_us)"
result "without ADJ_SETOFFSET: the clock is set anyway" $? "$(truth_us) us left"
grep -q 'clock_settime(CLOCK_REALTIME, .* = 0' /run/w/trace && ! grep -q 'SETOFFSET.* = 0' /run/w/trace
result "without ADJ_SETOFFSET: by clock_settime" $? "$(cat /run/w/trace)"
[ "$(kernel unsync)" = 0 ] && between 1 100000 "$(kernel maxerror)"
result "without ADJ_SETOFFSET: the kernel's clock is synchronised" $? "$(/run/w/kernel_look)"

# At boot, before there is a network: a netlink event reports it.
forget
ip link set vec0 down
ip addr flush dev vec0
/run/w/kernel_look step -2300
strace -f -yy -o /run/w/trace -e trace=%network,poll,ppoll,select,pselect6,nanosleep,clock_nanosleep \
	"${capable[@]}" /run/w/reqtime set --any-offset --wait 60s --timeout 15 $server \
	>/run/w/out 2>/run/w/err </dev/null &
waiter=$!
sleep 3
[ ! -s /run/w/out ] && kill -0 $waiter
result "--wait: no network yet, and it waits" $?
ip addr add 10.79.0.2/24 dev vec0
ip link set vec0 up
status=0
wait $waiter || status=$?
[ $status -eq 0 ] && below_us 20000 "$(truth_us)"
result "--wait: the network is there, and the clock is set" $? "$(truth_us) us left"
grep -q 'NETLINK_ROUTE) = ' /run/w/trace && ! grep -q 'nanosleep(' /run/w/trace
result "--wait: woken by netlink, without sleeping" $? "$(head -n 40 /run/w/trace)"

# A pending slew is counted in.
forget
/run/w/kernel_look step -40
run "${capable[@]}" /run/w/reqtime set --no-discipline $server
run "${capable[@]}" /run/w/reqtime set --no-discipline $server
# However long they took: the pending slew equals the clock's offset.
left=$(truth_us)
[ $status -eq 0 ] && between $((left - 8000)) $((left + 8000)) "$(kernel pending)"
result "two runs, one after the other: one slew" $? "$left us: $(/run/w/kernel_look)"
/run/w/kernel_look step 0 # forgets the slew
/run/w/kernel_look step $(($(truth_us) / 1000))
/run/w/kernel_look slew 900000
run "${capable[@]}" /run/w/reqtime set --no-discipline $server
[ $status -eq 0 ] && between -5000 5000 "$(kernel pending)"
result "a slew in the wrong direction is replaced" $? "$(/run/w/kernel_look)"

# The frequency, and the learned state.
forget
for _ in 1 2; do
	run "${capable[@]}" /run/w/reqtime set $server
	sleep 1
done
run strace -f -o /run/w/trace "${capable[@]}" /run/w/reqtime set --timeout 15 $server
given=$(sed -n 's/.*clock_adjtime(.*ADJ_FREQUENCY.*, freq=\([-0-9]*\).*/\1/p' /run/w/trace)
[ $status -eq 0 ] && [ -n "$given" ] && [ "$(kernel freq)" = "$given" ]
result "the kernel was given the frequency" $? "$given: $(/run/w/kernel_look)"
[ "$(grep -c 'modes=ADJ_FREQUENCY|ADJ_MAXERROR|ADJ_ESTERROR|ADJ_STATUS' /run/w/trace)" -eq 1 ]
result "frequency, status and errors in one call" $? "$(grep adjtime /run/w/trace)"
/run/w/kernel_look freq 12345
run "${capable[@]}" /run/w/reqtime set $server
[ $status -eq 5 ] && grep -q 'frequency' /run/w/err && [ "$(kernel freq)" = 809041 ]
result "the frequency was changed by others: exit status 5" $? "$(/run/w/kernel_look)"
run "${capable[@]}" /run/w/reqtime set $server
[ $status -eq 0 ]
result "the frequency was changed by others: that is reported once" $?

# Other time daemons.
forget
cp /bin/sleep /run/w/ntpd
/run/w/ntpd 100 &
daemon=$!
sleep 0.1
run "${capable[@]}" /run/w/reqtime set $server
[ $status -eq 5 ] && grep -q 'ntpd is running' /run/w/err
result "ntpd is running: exit status 5, and it is named" $?
run "${capable[@]}" /run/w/reqtime set --dry-run $server
[ $status -eq 5 ] && grep -q 'ntpd is running' /run/w/err
result "ntpd is running: a dry run exits as set would" $?
run "${capable[@]}" /run/w/reqtime set --force $server
[ $status -eq 0 ]
result "ntpd is running: --force" $?
kill $daemon
"${plain[@]}" /run/w/ntpd 100 &
daemon=$!
sleep 0.1
run "${capable[@]}" /run/w/reqtime set $server
[ $status -eq 0 ]
result "ntpd without the right to set the clock: no reason to stop" $?
kill $daemon
"$chronyd" -4 -d -u root -f /dev/null "pidfile /run/c2.pid" "cmdport 0" "bindcmdaddress /" \
	"server 10.79.0.1 iburst" >/run/w/chronyd.log 2>&1 &
daemon=$!
sleep 1
forget
run "${capable[@]}" /run/w/reqtime set $server
[ $status -eq 5 ] && grep -q 'chronyd is running' /run/w/err
result "chronyd is running: exit status 5" $? "$(cat /run/w/chronyd.log)"
forget
mount -o remount,hidepid=2 /proc
run "${capable[@]}" /run/w/reqtime set $server
[ $status -ne 5 ] && grep -q 'running: /proc hides' /run/w/err
result "/proc hides others: that is reported" $?
mount -o remount,hidepid=0 /proc
kill $daemon
wait $daemon
if "${plain[@]}" unshare -Ur true 2>/dev/null; then
	forget
	cp /bin/sleep /run/w/chronyd
	"${plain[@]}" unshare -Ur /run/w/chronyd 100 &
	daemon=$!
	sleep 0.5
	run cat /proc/$daemon/comm
	[ "$(cat /run/w/out)" = chronyd ] && grep -q '^CapEff:.*[1-9a-f]' /proc/$daemon/status
	result "a container's chronyd holds every right there" $? "$(cat /proc/$daemon/status)"
	run "${capable[@]}" /run/w/reqtime set $server
	[ $status -eq 0 ] && ! grep -q 'is running' /run/w/err
	result "a daemon in a container does not count" $?
	run /run/w/reqtime set $server
	[ $status -eq 0 ] && ! grep -q 'is running' /run/w/err
	result "... nor for root" $?
	kill $daemon
else
	skip "a daemon in a container does not count" "no user namespaces in this kernel"
fi
forget
/run/w/kernel_look pll
run "${capable[@]}" /run/w/reqtime set $server
[ $status -eq 5 ] && [ "$(kernel pll)" = 1 ]
result "the kernel PLL is driven: exit status 5" $?
run "${capable[@]}" /run/w/reqtime set --force $server
[ $status -eq 0 ] && [ "$(kernel pll)" = 0 ] && [ "$(kernel unsync)" = 0 ]
result "the kernel PLL is driven: --force turns it off" $? "$(/run/w/kernel_look)"

# A leap second.
forget
run "${capable[@]}" /run/w/reqtime set --any-offset ntp://10.79.0.1:3001
[ $status -eq 0 ] && [ "$(date -u +%m-%d)" = 12-31 ] && [ "$(kernel ins)" = 1 ]
result "December 31: a leap second is armed by the call that steps" $? "$(/run/w/kernel_look)"
sleep 1.2
[ "$(kernel state)" = 1 ]
result "December 31: the kernel waits for it" $? "$(/run/w/kernel_look)"
run "${capable[@]}" /run/w/reqtime set ntp://10.79.0.1:3002
[ $status -eq 0 ] && [ "$(kernel ins)" = 0 ]
result "December 31: no longer announced: disarmed" $? "$(/run/w/kernel_look)"
sleep 1.2
[ "$(kernel state)" = 0 ]
result "December 31: the kernel waits no more" $? "$(/run/w/kernel_look)"
forget
/run/w/kernel_look step -$((86400 * 1000))
run "${capable[@]}" /run/w/reqtime set --any-offset --slew ntp://10.79.0.1:3001
[ $status -eq 3 ] && [ "$(kernel ins)" = 0 ]
result "December 30: nothing is armed when the clock is left alone" $?

# The NTP seconds overflow.
forget
run "${capable[@]}" /run/w/reqtime set --any-offset ntp://10.79.0.1:3003
[ $status -eq 0 ] && date -u | grep -q '06:28:1[3-7]' && [ "$(date -u +%F)" = 2036-02-07 ]
result "2036: up to the last seconds of the first era" $? "$(date -u)"
run "${capable[@]}" /run/w/reqtime set --any-offset ntp://10.79.0.1:3004
[ $status -eq 0 ] && date -u | grep -q '06:28:2[1-5]' && [ "$(date -u +%F)" = 2036-02-07 ]
result "2036: over into the second" $? "$(date -u)"
forget
date -u -s '2026-12-01 00:00:00' >/dev/null
run "${capable[@]}" /run/w/reqtime set --any-offset ntp://10.79.0.1:3004
[ $status -eq 0 ] && [ "$(date -u +%F)" = 2036-02-07 ]
result "2036: from the first era into the second" $? "$(date -u)"

# Back to the truth for what follows.
forget
run "${capable[@]}" /run/w/reqtime set --any-offset --refuse-back-above 100w $server
[ $status -eq 0 ] && below_us 20000 "$(truth_us)"
result "ten years back, on request" $? "$(date -u)"
forget

# The measuring process holds no capability.
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
result "while measuring: one process holds the capability, all others none" $? "$holders, $others"
[ $effective -eq 0 ]
result "while measuring: the capability is effective nowhere" $?
wait $!
status=$?
[ $status -eq 1 ]
result "no answer: exit status 1" $?

forget
/run/w/kernel_look step -3000
run strace -f -yy -o /run/w/trace "${capable[@]}" /run/w/reqtime set --timeout 15 $server
[ $status -eq 0 ]
result "under strace: set works" $? "$(tail -n 15 /run/w/trace)"
wrong=$(awk -f "$REQTIME_R/tests/vm/capable_reads.awk" /run/w/trace)
[ -z "$wrong" ] && grep -q 'recvmsg(' /run/w/trace
result "strace: nothing is received by a process that holds a capability" $? "$wrong"
moves=$(grep -cE '(clock_adjtime|adjtimex|clock_settime|settimeofday)\(.*(ADJ_SETOFFSET|ADJ_OFFSET_SINGLESHOT|clock_settime|settimeofday)' /run/w/trace)
[ "$moves" -ge 1 ]
result "strace: the clock is moved by a call that is seen" $? "$(grep -E 'adjtime|settime' /run/w/trace)"

# The bound file: by the clock that was just set, without a packet.
now_value() {
	sed -n "s/.*\"$1\":\(-\{0,1\}[0-9]*\)[,}].*/\1/p" /run/w/out
}
# now_holds NAME SLACK_US: the time is known, to anybody, and the truth lies in it.  Both are found out
# one after the other, while the clock of a guest is coarse: hence the slack.
now_holds() {
	run "${plain[@]}" /run/w/reqtime now --json
	now_status=$status
	early_us=$((($(now_value earliest_ns) - $(now_value clock_ns)) / 1000 - $2))
	late_us=$((($(now_value latest_ns) - $(now_value clock_ns)) / 1000 + $2))
	truth=$(truth_us)
	[ "$now_status" -eq 0 ] && between "$early_us" "$late_us" "${truth%.*}"
	result "$1" $? "$early_us to $late_us us, truth $truth us"
}
# now_lost NAME STATUS REASON
now_lost() {
	run "${plain[@]}" /run/w/reqtime now --json
	[ $status -eq 1 ] && grep -q "\"status\":\"$2\",\"reason\":\"[^\"]*$3" /run/w/out
	result "$1" $?
}
forget
rm -rf /run/reqtime
/run/w/kernel_look step 3000
run /run/w/reqtime set --any-offset $server
[ $status -eq 0 ] && [ "$(stat -c '%U %a' /run/reqtime /run/reqtime/bound | tr '\n' ' ')" = "root 755 root 644 " ]
result "bound file: set leaves it, readable for everybody" $? "$(ls -ld /run/reqtime /run/reqtime/*)"
now_holds "bound file: it holds after a step" 5000
/run/w/kernel_look step 1
now_lost "bound file: a step of 1 ms by others is seen with the next read" stepped "another program"
run /run/w/reqtime set $server
now_holds "bound file: it holds after the next run" 5000
/run/w/kernel_look step -100
run /run/w/reqtime set $server
[ $status -eq 0 ] && grep -q slew /run/w/out
result "bound file: 100 ms are slewed" $?
now_holds "bound file: it holds while the kernel slews" 5000
sleep 2
now_holds "... two seconds later" 5000
/run/w/kernel_look slew 30000
now_lost "bound file: another slew is seen" unknown "another program"
run /run/w/reqtime set $server
now_holds "bound file: it holds once it is our slew again" 5000
/run/w/kernel_look freq 20000
now_lost "bound file: another frequency is seen" unknown "another program"
run /run/w/reqtime set $server
[ $status -eq 5 ]
result "bound file: set leaves the clock to that program" $?
now_lost "bound file: ... and the time is not known" unknown "another program"
/run/w/kernel_look freq 0
forget
run /run/w/reqtime set --any-offset $server
now_holds "bound file: it is known when that is gone" 5000
run /run/w/reqtime set ntp://10.79.0.1:3002
[ $status -eq 3 ]
result "bound file: another time is refused" $?
now_lost "bound file: then the time is not known" unknown "the last run was refused or held back"
run /run/w/reqtime set --any-offset $server
now_holds "bound file: it is known again" 5000
rm -rf /run/reqtime

# SIGKILL at every call.
forget
: >/run/w/sweep.out
chmod 666 /run/w/sweep.out
run timeout 300 "${capable[@]}" /run/w/kill_sweep "$REQTIME_KILLS" /run/w/reqtime set --timeout 3 --step-above 5ms $server
[ $status -eq 0 ]
result "SIGKILL at any system call: set at most once, and what follows is right" $?
say "$(tail -n 1 /run/w/out)"

# On the host no test may hold CAP_SYS_TIME; here test_priv, which keeps and drops it, runs in full.
if [ -x "$REQTIME_BUILD/test_priv" ]; then
	run "$REQTIME_BUILD/test_priv"
	[ $status -eq 0 ] && ! grep -q -i 'skipped *\]' /run/w/out /run/w/err
	result "test_priv, with the capability" $?
fi

guest_end
