#!/bin/sh
# SPDX-License-Identifier: MIT
#
# First process of the guest that tests/vm/heals.sh boots.  A jump of all servers at once stands for a
# pause of the machine: it moves the true time against the time since boot, as `date -s` moves the clock.
# shellcheck disable=SC2086 # lists of servers
. "${0%/*}/guest_lib.sh"

cp /bin/kernel_look $W/
echo 0 >/proc/sys/vm/compaction_proactiveness
echo 0 >/proc/sys/vm/dirty_writeback_centisecs
echo 100000 >/proc/sys/vm/stat_interval
echo 0 >/proc/sys/kernel/hung_task_timeout_secs

chmod 755 /run # as everywhere else

servers="ntp://127.0.0.1:1121 ntp://127.0.0.1:1122 ntp://127.0.0.1:1123"
one="ntp://127.0.0.1:1121"
two="ntp://127.0.0.1:1121 ntp://127.0.0.1:1122"
serve() {
	for port in 1121 1122 1123; do
		true_time serve $port $W/ahead &
		pids="$pids $!"
	done
}
# all servers, from now on
say_ahead() {
	echo "$1" >$W/ahead
}
pids=
say_ahead 0
serve
S=$W/state
# A machine without a history, whose clock is right.
fresh() {
	rm -rf $S /run/reqtime.anchor
	say_ahead 0
	$W/kernel_look step $(($(true_time offset) / 1000))
}
by_hand() {
	run reqtime set --state-dir $S "$@"
}
# The commands of reqtime-boot.service, and of reqtime.service, which the timers start.
boot_unit() {
	run reqtime set --state-dir $S --boot --wait 90s "$@"
}
timer() {
	run reqtime set --state-dir $S --quiet --overdue 1d --boot --confirm 6m "$@"
}
is_right() { # within 60 ms of the truth, plus the servers' scripted lead
	between -60000 60000 $(($(true_time offset) + $(cat $W/ahead) * 1000000))
}
confirmed() {
	fresh
	timer "$@"
	sleep 360
	timer "$@"
}

# --- a paused machine (A4)
for names in "$one" "$two"; do
	count_names=$(echo "$names" | wc -w)
	confirmed $names
	say_ahead 5
	before=$(cut -d . -f 1 /proc/uptime)
	timer $names
	after=$(cut -d . -f 1 /proc/uptime)
	[ $status -eq 0 ] && is_right
	result "$count_names: a pause of 5 s: the timer sets it right" $? "$(true_time offset)"
	between 300 900 $((after - before))
	result "$count_names: ... within a quarter of an hour" $? "$((after - before)) s"
	grep -q 'held back: the clock would jump by +5' $W/err
	result "$count_names: ... and reported what it waits for" $?
done
confirmed $servers
say_ahead 5
timer $servers
[ $status -eq 0 ] && is_right && ! grep -q 'held back' $W/err
result "3: a pause of 5 s: accepted at once" $?
say_ahead 7205
by_hand $servers
[ $status -eq 3 ] && grep -q 'more than --refuse-above (1000s)' $W/err
result "3: a pause of two hours: beyond the limit" $?
sleep 301
by_hand --refuse-above 1000s $servers
[ $status -eq 3 ]
result "3: a given limit holds" $?
by_hand $servers
[ $status -eq 0 ] && is_right
result "3: three servers that agree twice pass the default limit" $? "$(true_time offset)"

# --- a wrong answer at boot (A5), and in a fresh state
fresh
say_ahead 400
boot_unit $one
[ $status -eq 0 ] && is_right
result "+400 s in the first run is accepted" $?
say_ahead 0
sleep 360
timer $one
[ $status -eq 0 ] && is_right
result "+400 s in the first run: taken back by the timer alone" $? "$(true_time offset)"
fresh
say_ahead 300000000
boot_unit $one
[ $status -eq 0 ] && [ "$(date -u +%Y)" = 2036 ]
result "nine years ahead at boot is accepted" $? "$(date -u)"
say_ahead 0
sleep 360
timer $one
[ $status -eq 0 ] && is_right
result "nine years ahead at boot: taken back by the timer alone" $? "$(date -u)"
fresh
say_ahead 300000000
boot_unit $one
say_ahead 0
by_hand --boot $servers
[ $status -eq 0 ] && is_right
result "nine years ahead at boot: three servers take it back at once" $? "$(date -u)"

# --- no battery, and a network that appears later
fresh
kill $pids
pids=
date -u -s '1970-01-02 00:00:00' >/dev/null
boot_unit $two
[ $status -eq 1 ] && [ "$(date -u +%Y)" = 1970 ]
result "1970, no network for 90 s: the boot unit gives up" $? "$(date -u)"
sleep 5
serve
sleep 265
timer $two
[ $status -eq 0 ] && is_right
result "1970, the network came later: the timer sets the clock" $? "$(date -u)"

# --- others
confirmed $one
date -u -s '2027-11-18 00:00:00' >/dev/null
timer $one
[ $status -eq 0 ] && is_right
result "date -s a year ahead: right with the next run" $? "$(date -u)"
date -u -s '2024-01-01 00:00:00' >/dev/null
timer $one
[ $status -eq 0 ] && is_right
result "date -s before the release: the same" $? "$(date -u)"

# --- nothing is writable
fresh
mkdir -p $S
mount -t tmpfs -o size=16k,mode=755 tmpfs $S
head -c 100000 /dev/zero >$S/full 2>/dev/null
timer $one
[ $status -eq 0 ] && is_right
result "a full disk: set anyway" $?
sleep 360
timer $one
say_ahead 5
by_hand $one
[ $status -eq 3 ] && [ -s /run/reqtime.anchor ]
result "a full disk: the first sight is stored in /run" $?
sleep 301
by_hand $one
[ $status -eq 0 ] && is_right
result "a full disk: and confirmed" $?
umount $S

# --- each flag against each refusal: confirmed, then a jump, a limit, the release
confirmed $one
say_ahead 5
by_hand --boot $one
[ $status -eq 3 ]
result "--boot does not accept a jump that is held back" $?
by_hand --refuse-above 1h $one
[ $status -eq 3 ]
result "--refuse-above does not lift it" $?
by_hand --force $one
[ $status -eq 3 ]
result "--force does not lift it" $?
by_hand --any-offset $one
[ $status -eq 0 ] && is_right
result "--any-offset lifts it" $?
confirmed $one
say_ahead 5000
by_hand --boot $one
[ $status -eq 3 ] && grep -q 'or --refuse-above 2h' $W/err
result "a limit: --boot does not lift it once a time is confirmed" $?
by_hand --force --any-offset --min-sources 2 $one
[ $status -eq 1 ]
result "--any-offset does not lift --min-sources" $?
sleep 301
by_hand --refuse-above 2h $one
[ $status -eq 0 ] && is_right
result "a limit: the larger one in the message, and seen twice" $?
confirmed $two
say_ahead 7200
timer $two
[ $status -eq 0 ] && is_right
result "two servers after a pause of two hours: the timer alone, by three runs" $? "$(true_time offset)"
say_ahead 0
timer $two
[ $status -eq 0 ] && is_right
result "... and back" $? "$(true_time offset)"
say_ahead 7200
timer --refuse-above 1000s $two
[ $status -eq 3 ] && ! is_right
result "... but not past a limit that was given" $? "$(true_time offset)"
say_ahead -100000000
by_hand --any-offset --boot --force $one
[ $status -eq 3 ] && grep -q 'is before the release' $W/err
result "before the release: nothing lifts it" $?
say_ahead 0
by_hand --any-offset $one
[ $status -eq 0 ] && is_right
result "and --any-offset takes back what it did" $?
guest_end
