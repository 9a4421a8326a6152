#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Two days with a run each hour and a real kernel clock whose crystal is 50 ppm slow, in an
# emulated machine whose time skips the idle hours.  The server is in it too, and serves a
# time that is independent of the kernel's clocks: true_time.c.
# Then a leap second, from the announcement to the night after.
. "$(dirname "$0")/../tools/lib.sh"
. "$(dirname "$0")/../tools/adversary.sh"
. "$(dirname "$0")/lib.sh"

guest_tool true_time -lm
guest_tool kernel_look
guest_root "$R/tests/vm/days_guest.sh" "$BUILD/reqtime" "$T/true_time" "$T/kernel_look" \
	"$T/adversary"
GUEST_KERNEL="mitigations=off apparmor=0 tsc=reliable nowatchdog audit=0 psi=0"
GUEST_KERNEL="$GUEST_KERNEL cgroup_disable=memory ipv6.disable=1 random.trust_cpu=1"
guest_boot_qemu -cpu max -icount shift=0,sleep=off
guest_tap
