#!/bin/sh
# SPDX-License-Identifier: MIT
#
# reqtime-authenticated.service and its target under a real systemd, in a user-mode Linux guest whose clock
# is in 2001: what requires the target starts with authenticated time, or not at all.
. "$(dirname "$0")/../tools/lib.sh"
. "$(dirname "$0")/../tools/nts.sh"
. "$(dirname "$0")/lib.sh"

guest_needs_uml
nts_program
guest_network "$@"
guest_install
mkdir "$T/certificates"
if ! "$T/nts_certificates" "$T/certificates" "ca ca" "good by=ca ip=10.79.0.1" 2>"$T/why"; then
	not_ok "the certificates are made" "$(cat "$T/why")"
	finish
fi
background "$T/nts_server" --certificate "$T/certificates/good.pem" --key "$T/certificates/good.key" \
	--ke 10.79.0.1:4460 --ntp 10.79.0.1:11123 --log "$T/nts.log" >"$T/nts.ready" 2>&1
server --listen 10.79.0.1:123 --local-stratum 1 || finish
guest_systemd "$R/tests/vm/authenticated_guest.sh"
guest_tap
