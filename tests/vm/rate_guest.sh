#!/bin/bash
# SPDX-License-Identifier: MIT
#
# First process of the guest that tests/vm/rate.sh boots.
. "${0%/*}/guest_lib.sh"

cp "$REQTIME_BUILD/reqtime" "$REQTIME_T/kernel_look" /run/w/
export STATE_DIRECTORY=/run/w/state
server=ntp://10.79.0.1:1123
forget() {
	rm -rf /run/w/state
	mkdir /run/w/state
	/run/w/kernel_look tick 10000
	/run/w/kernel_look freq 0
}
# json NAME: the first number of that name in the last run's output
json() {
	sed -n "s/.*\"$1\":\(-\{0,1\}[0-9]*\).*/\1/p" /run/w/out
}

# 2 ppm is 131072 of the kernel's units.
for away in 5 -5; do
	forget
	run /run/w/reqtime set --any-offset --step --quiet $server
	rm -rf /run/w/state/*
	/run/w/kernel_look step $away
	worst=0
	spread=0
	for pause in 1 0.3 2.2 0.7 1.6 3.1 1 0.4 2.7 1; do
		run /run/w/reqtime set --json $server
		[ $status -eq 0 ] || break
		freq=$(kernel freq)
		[ "${freq#-}" -gt "$worst" ] && worst=${freq#-}
		# within 3 of the deviation claimed, ppb
		claimed=$(json frequency_sd_ppb)
		[ -z "$claimed" ] || [ $((${freq#-} * 1000 / 65536)) -le $((3 * claimed + 1)) ] ||
			spread=$((spread + 1))
		sleep "$pause"
	done
	[ $status -eq 0 ] && [ "$worst" -le 131072 ]
	result "$away ms off, ten runs in quick succession: the kernel's rate stays right" $? \
		"worst $worst of 131072 (2 ppm)"
	[ "$spread" -eq 0 ]
	result "$away ms off: within 3 of the deviation claimed" $?
	sleep 4
	run /run/w/reqtime query --json $server
	offset=$(json offset_ns)
	bound=$(json bound_ns)
	[ "${offset#-}" -le $((bound + 300000)) ]
	result "$away ms off: the clock is right" $? "$offset +- $bound ns"
done

# A program was stopped while it corrected the clock by its tick: 2000 ppm, 7 s an hour.
for tick in 10020 9980; do
	forget
	run /run/w/reqtime set --any-offset --step --quiet $server
	rm -rf /run/w/state/*
	/run/w/kernel_look tick $tick
	/run/w/kernel_look freq 3000
	run /run/w/reqtime set --step $server
	[ $status -eq 0 ] && [ "$(kernel tick)" = 10000 ] && between 196000 197000 "$(kernel freq)"
	result "tick $tick: it is set right, and freq is unchanged" $? "$(/run/w/kernel_look)"
	grep -q "another program had left the kernel's tick at $tick us" /run/w/err
	result "tick $tick: that is reported" $?
	[ "$(/run/w/reqtime history --json | grep -c "\"frequency_before_ppb\":")" -ge 1 ]
	result "tick $tick: recorded" $?
	for _ in 1 2 3; do
		sleep 2
		run /run/w/reqtime set --json $server
		[ $status -eq 0 ] || break
	done
	[ $status -eq 0 ] && [ "$(kernel tick)" = 10000 ] && [ ! -s /run/w/err ]
	result "tick $tick: later runs do not report it" $? "$(/run/w/kernel_look)"
	offset=$(json offset_ns)
	[ "${offset#-}" -le 5000000 ]
	result "tick $tick: the clock stays right" $? "$offset ns"
done
forget
/run/w/kernel_look tick 10020
run /run/w/reqtime set --no-discipline --any-offset --step $server
[ $status -eq 0 ] && [ "$(kernel tick)" = 10000 ]
result "--no-discipline: a stray tick is set right anyway" $? "$(/run/w/kernel_look)"
guest_end
