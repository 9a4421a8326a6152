#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Every refusal ends, on a real kernel clock: the runs of the packaged units alone, over hours, in an
# emulated machine whose time skips idle periods, as in days.sh.  The servers are in it too: they
# serve the true time, or a scripted one.
. "$(dirname "$0")/../tools/lib.sh"
. "$(dirname "$0")/lib.sh"

guest_tool true_time -lm
guest_tool kernel_look
guest_root "$R/tests/vm/heals_guest.sh" "$BUILD/reqtime" "$T/true_time" "$T/kernel_look"
GUEST_KERNEL="mitigations=off apparmor=0 tsc=reliable nowatchdog audit=0 psi=0"
GUEST_KERNEL="$GUEST_KERNEL cgroup_disable=memory ipv6.disable=1 random.trust_cpu=1"
guest_boot_qemu -cpu max -icount shift=0,sleep=off
guest_tap
