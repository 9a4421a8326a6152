#!/bin/sh
# SPDX-License-Identifier: MIT
#
# First process of the guest that tests/vm/days.sh boots: idle hours cost almost nothing, as long
# as the kernel stays idle.
. "${0%/*}/guest_lib.sh"

cp /bin/kernel_look $W/
adversary 127.0.0.1:3001 leap=1 127.0.0.1:3002 good >/dev/null &
# Periodic kernel work that wakes it up many times a second, turned off.
echo 0 >/proc/sys/vm/compaction_proactiveness
echo 0 >/proc/sys/vm/dirty_writeback_centisecs
echo 100000 >/proc/sys/vm/stat_interval
echo 0 >/proc/sys/kernel/hung_task_timeout_secs
true_time serve 1123 &
server=ntp://127.0.0.1:1123

# hours COUNT LOG COMMAND...: after each hour: the error, the kernel's own bound of it, the
# command's output and its exit status
hours() {
	left=$1
	log=$2
	shift 2
	while [ "$left" -gt 0 ]; do
		sleep 3600
		error_us=$(true_time offset)
		maxerror_us=$(kernel maxerror)
		run "$@"
		echo "$error_us $maxerror_us $status $(wc -l <$W/out) $(sed \
			's/.*"offset_ns":\([-0-9]*\),"bound_ns":\([0-9]*\).*/\1 \2/' $W/out | tail -n 1)" >>"$log"
		cat $W/err >>$W/said
		left=$((left - 1))
	done
}
# (busybox cannot take roots)
rms_us() { # rms_us LOG FIRST: over the lines from FIRST on
	awk -v first="$2" 'NR >= first { sum += $1 * $1; n++ }
		END { root = sum / n
			for (i = 0; i < 100 && root > 0; i++) root = (root + sum / n / root) / 2
			printf "%.0f\n", root }' "$1"
}
worst_us() {
	awk -v first="$2" 'NR >= first { size = $1 < 0 ? -$1 : $1; if (size > worst) worst = size }
		END { print worst + 0 }' "$1"
}

# The cost of an hour without learning.
run reqtime set --any-offset --no-discipline --state-dir $W/none $server
between -20000 20000 "$(true_time offset)"
result "the first run sets the clock" $? "$(true_time offset) us"
hours 4 $W/plain reqtime set --no-discipline --state-dir $W/none $server
between 170000 190000 "$(rms_us $W/plain 1)"
result "a run each hour that learns nothing: 180 ms off before each" $? "$(cat $W/plain)"
say "learns nothing: $(rms_us $W/plain 1) us rms"

hours 24 $W/first reqtime set --json --state-dir $W/state $server
: >$W/said
hours 24 $W/second reqtime set --quiet --state-dir $W/state $server
say "first day: $(rms_us $W/first 1) us rms, from the 4th hour on $(rms_us $W/first 4), worst $(worst_us $W/first 4)"
say "second day: $(rms_us $W/second 1) us rms, worst $(worst_us $W/second 1)"
say "the kernel's frequency: $(($(kernel freq) * 1000 / 65536)) ppb"
all="$(cat $W/first $W/second)"
awk '$3 != 0 { bad = 1 } END { exit bad || NR != 48 }' $W/first $W/second
result "48 runs, an hour apart: each ends with 0" $? "$all"
between 0 2000 "$(rms_us $W/first 4)"
result "from the fourth hour on the clock is kept: 2 ms rms at most" $? "$all"
between 0 1000 "$(rms_us $W/second 1)" && between 0 5000 "$(worst_us $W/second 1)"
result "the second day: 1 ms rms, 5 ms at most" $? "$all"
between 49500 50500 $(($(kernel freq) * 1000 / 65536))
result "the frequency is learned: 50 ppm to half a ppm" $? "$($W/kernel_look)"
# The true time was read a moment before the run.
awk '{ miss = $5 / 1000 - $1; if (miss < 0) miss = -miss; if (miss > $6 / 1000 + 1000) bad = 1 }
	NF != 6 { bad = 1 } END { exit bad }' $W/first
result "the truth lies within the bound that is printed" $? "$all"
awk '{ size = $1 < 0 ? -$1 : $1; if (size > $2) bad = 1 } END { exit bad }' $W/first $W/second
result "and within the bound set in the kernel, an hour later" $? "$all"
[ ! -s $W/said ] && awk '$4 != 0 { bad = 1 } END { exit bad }' $W/second
result "--quiet: a day without output" $? "$(cat $W/said) $all"

# A leap second, from the announcement to the night after.  These servers tell the time of
# this machine, so they have it too.
date -u -s '2026-12-31 21:30:00' >/dev/null
run reqtime set --any-offset --state-dir $W/leap ntp://127.0.0.1:3001
[ $status -eq 0 ] && [ "$(kernel ins)" = 1 ]
result "leap second: armed on the last evening" $? "$($W/kernel_look)"
sleep 3600
run reqtime set --state-dir $W/leap ntp://127.0.0.1:3001
[ $status -eq 0 ] && [ "$(kernel ins)" = 1 ] && [ "$(kernel state)" = 1 ]
result "leap second: an hour later it still is, and the kernel waits for it" $? "$($W/kernel_look)"
before=$(kernel tai)
sleep $((1798761597 - $(date +%s))) # 23:59:57
: >$W/midnight
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25; do
	echo "$(date -u +%T) $(kernel state)" >>$W/midnight
	usleep 200000
done
grep -q '23:59:59 3' $W/midnight && [ "$(kernel tai)" -eq $((before + 1)) ]
result "leap second: it happens at midnight" $? "$(cat $W/midnight; $W/kernel_look)"
sleep 1800
run reqtime set --state-dir $W/leap ntp://127.0.0.1:3002
[ $status -eq 0 ] && [ "$(kernel ins)" = 0 ]
result "leap second: disarmed by the first run after it" $? "$($W/kernel_look)"
sleep 2
[ "$(kernel state)" = 0 ] && [ "$(kernel tai)" -eq $((before + 1)) ]
result "leap second: the kernel is back to normal" $? "$($W/kernel_look)"
guest_end
