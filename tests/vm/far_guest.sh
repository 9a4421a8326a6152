#!/bin/bash
# SPDX-License-Identifier: MIT
#
# First process of the guest that tests/vm/far.sh boots.
. "${0%/*}/guest_lib.sh"

cp "$REQTIME_BUILD/reqtime" "$REQTIME_T/kernel_look" /run/w/
chmod 755 /run/w/*
export STATE_DIRECTORY=/run/w/state
server=ntp://10.79.0.1:1123
# shellcheck disable=SC2054 # commas of setpriv
capable=(setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all,+sys_time
	--ambient-caps=-all,+sys_time --bounding-set=-all,+sys_time)

# 2231 is the last year that Linux lets its clock be set to (TIME_SETTOD_SEC_MAX), 1970 the first.
for date in 2199-11-29 2231-12-31 1970-01-02; do
	rm -rf /run/w/state
	mkdir /run/w/state
	chown 65534:65534 /run/w/state
	if ! date -u -s "$date 12:00:00" >/dev/null 2>&1; then
		skip "$date: set right" "this kernel does not accept such a time"
		continue
	fi
	run "${capable[@]}" /run/w/reqtime query $server
	[ "$status" -eq 0 ] && grep -qE 'offset [-+][0-9]{5} d ' /run/w/out
	result "$date: query shows the offset" $?
	run "${capable[@]}" /run/w/reqtime set --json $server
	[ "$status" -eq 0 ] && below_us 20000 "$(truth_us)" && [ "$(kernel unsync)" = 0 ]
	result "$date: known to be wrong, and set right without an option" $? "$(date -u), $(truth_us) us left"
	run /run/w/reqtime history --verb set --json
	[ "$status" -eq 0 ] && [ "$(grep -c "\"local_time\":\"$date" /run/w/out)" -eq 1 ] &&
		tail -n 1 /run/w/out | grep -q '"status":"ok".*"applied":{"action":"step","by_ns":-\?[0-9]\{19\}}'
	result "$date: the run is in the history, to the nanosecond" $?
	run "${capable[@]}" /run/w/reqtime set $server
	[ "$status" -eq 0 ] && below_us 20000 "$(truth_us)"
	result "$date: the next run continues from there" $? "$(truth_us) us left"
done

guest_end
