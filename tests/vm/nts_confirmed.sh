#!/bin/sh
# SPDX-License-Identifier: MIT
#
# NTS on a machine whose time is confirmed, which takes runs that are 300 s apart: in an emulated
# machine whose time skips idle periods, as in heals.sh.
. "$(dirname "$0")/../tools/lib.sh"
. "$(dirname "$0")/../tools/nts.sh"
. "$(dirname "$0")/lib.sh"

nts_program
guest_root "$R/tests/vm/nts_confirmed_guest.sh" "$BUILD/reqtime" "$BUILD/reqtime-nts" "$T/nts_server"
here=ip=127.0.0.1,127.0.0.2,127.0.0.3
if ! "$T/nts_certificates" "$guest_top/etc" "ca ca" "good by=ca $here" \
	"expired by=ca $here from=-864000 until=-3600" 2>"$T/why"; then
	not_ok "the certificates are made" "$(cat "$T/why")"
	finish
fi
GUEST_KERNEL="mitigations=off apparmor=0 tsc=reliable nowatchdog audit=0 psi=0"
GUEST_KERNEL="$GUEST_KERNEL cgroup_disable=memory ipv6.disable=1 random.trust_cpu=1"
guest_boot_qemu -cpu max -icount shift=0,sleep=off
guest_tap
