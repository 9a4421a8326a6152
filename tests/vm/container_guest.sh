#!/bin/bash
# SPDX-License-Identifier: MIT
#
# First process of the guest that tests/vm/container.sh boots.
. "${0%/*}/guest_lib.sh"

image=$W/image
"$REQTIME_R/packaging/container/rootfs" "$REQTIME_R/build/static" $image >$W/out 2>$W/err
result "the image is made, with its file capability" $?
mount --bind $image $image && mount -o remount,bind,ro $image
mount -t tmpfs -o mode=777 tmpfs $image/state
mount -t proc proc $image/proc
# As a container runtime does.
in_image() { # UID CAPABILITY|- no-new-privs|- WORD...
	run "$REQTIME_T/container_start" $image "$@"
}
# set_clock NAME STATUS UID CAPABILITY NO_NEW_PRIVS: from 2001, and whether it is right then
set_clock() {
	busybox date -s '2001-01-01 00:00:00' >/dev/null
	in_image "$3" "$4" "$5" /usr/bin/reqtime set --boot --wait=5s --format=line --state-dir=/state/reqtime 10.79.0.1
	[ $status -eq "$2" ]
	result "$1: exit status $2" $?
	year=$(date +%Y)
	if [ "$2" -eq 0 ]; then
		[ "$year" -gt 2020 ]
		result "... and the clock is right" $? "$(date)"
	else
		[ "$year" -eq 2001 ]
		result "... and the clock is as it was" $? "$(date)"
	fi
	rm -rf $image/state/*
}
set_clock "user 65532 with SYS_TIME, the DaemonSet" 0 65532 cap_sys_time -
set_clock "... with no_new_privs, which takes the file capability away" 4 65532 cap_sys_time no-new-privs
set_clock "... without SYS_TIME" 4 65532 - -
set_clock "root with SYS_TIME and nothing else, no_new_privs" 0 0 cap_sys_time no-new-privs
set_clock "... without SYS_TIME" 4 0 - no-new-privs
busybox date -s '2001-01-01 00:00:00' >/dev/null
in_image 65532 cap_sys_time - /usr/bin/reqtime set --boot --state-dir=/state/reqtime 10.79.0.1
[ "$(stat -c %u $image/state/reqtime/history.db)" = 65532 ]
result "what is learnt is kept in the volume" $? "$(ls -la $image/state/reqtime)"
in_image 65532 - no-new-privs /usr/bin/reqtime check --critical=1s --timeout=5s 10.79.0.1
[ $status -eq 0 ]
result "the probe: ready" $?
busybox date -s '2001-01-01 00:00:00' >/dev/null
in_image 65532 - no-new-privs /usr/bin/reqtime check --critical=1s --timeout=5s 10.79.0.1
[ $status -eq 2 ]
result "... and not with a wrong clock" $?
guest_end
