#!/bin/sh
# SPDX-License-Identifier: MIT
#
# `reqtime set --rtc` in a machine of its own (QEMU, always emulated), whose hardware
# clock is at 2001 and writable.  Client and server are both in it: the test is that the chip
# follows the system clock, to the tick.
. "$(dirname "$0")/../tools/lib.sh"
. "$(dirname "$0")/lib.sh"

guest_root "$R/tests/vm/rtc_guest.sh" "$BUILD/reqtime" "$BUILD/reqtimed"
# For a CPU by AMD the kernel does not reset the chip's divider, and QEMU's chip then ticks a
# full second after the write.
guest_boot_qemu -cpu max,vendor=GenuineIntel -rtc base=2001-01-01T00:00:00,clock=vm
guest_tap
