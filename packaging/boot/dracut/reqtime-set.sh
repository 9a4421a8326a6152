#!/bin/sh
# SPDX-License-Identifier: MIT
#
# pre-mount hook of dracut: sets the clock, or stops the boot, as /etc/reqtime/boot.conf has it.
if ! @libexecdir@/early-time; then
	die "reqtime: no authenticated time, which /etc/reqtime/boot.conf requires"
fi
