#!/bin/sh
# SPDX-License-Identifier: MIT
#
# First process of the guest that tests/vm/rtc.sh boots.
. "${0%/*}/guest_lib.sh"

export STATE_DIRECTORY=$W/state
chip() {
	cat /sys/class/rtc/rtc0/since_epoch
}
[ "$(date -u -d "@$(chip)" +%Y)" = 2001 ]
result "the hardware clock is at 2001" $? "$(chip)"
date -u -s '2026-12-01 00:00:00' >/dev/null
reqtimed --listen 127.0.0.1:1123 --local-stratum 1 >$W/server 2>&1 &
for _ in 1 2 3 4 5 6 7 8 9 10; do
	grep -q '^reqtimed: ready' $W/server && break
	sleep 1
done
run reqtime set --rtc ntp://127.0.0.1:1123
[ $status -eq 0 ] && grep -q '^set the hardware clock' $W/out
result "--rtc: the hardware clock is written" $? "$(cat $W/server)"
# It is written half a second before it ticks: until then it may show the second before.
before=$(date +%s)
written=$(chip)
between $((before - 1)) "$(date +%s)" "$written"
result "--rtc: it is right at once" $? "$before $written $(date +%s)"
# Both must tick together: in 20 readings they never differ for long.
apart=0
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	[ "$(chip)" = "$(date +%s)" ] || apart=$((apart + 1))
	usleep 97000
done
[ $apart -le 4 ]
result "--rtc: it ticks with the system clock" $? "different in $apart of 20 readings"
guest_end
