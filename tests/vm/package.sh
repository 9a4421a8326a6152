#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The Debian packages on a machine of their own: a user-mode Linux guest with systemd and
# AppArmor.  This side of the network has the time servers.
. "$(dirname "$0")/../tools/lib.sh"
. "$(dirname "$0")/../tools/adversary.sh"
. "$(dirname "$0")/lib.sh"

guest_needs_uml
have dh || skip_all "needs debhelper"
missing=$(cd "$R/packaging" && dpkg-checkbuilddeps 2>&1) ||
	skip_all "needs ${missing#*dependencies: }"
have aa-exec || skip_all "needs apparmor"
guest_network "$@"
cd "$R" || exit 1
if ! deb_built; then
	not_ok "make deb" "$(tail -n 20 "$T/why")"
	finish
fi
guest_tool kernel_look
server --listen 10.79.0.1:123 --local-stratum 3 || finish
adversary 10.79.0.1:3001 "shift=3600000"
# Every file open in the guest is open here.
# shellcheck disable=SC3045 # dash and bash have both
ulimit -n "$(ulimit -Hn)"
guest_systemd "$R/tests/vm/package_guest.sh" REQTIME_LIAR=3001 security=apparmor apparmor=1
guest_tap
