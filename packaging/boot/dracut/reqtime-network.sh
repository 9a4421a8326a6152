#!/bin/sh
# SPDX-License-Identifier: MIT
#
# cmdline hook of dracut: the network must be up before the root file system is mounted.  It is that of
# "ip=", else DHCP on all interfaces.
if [ "$(@libexecdir@/early-time mode)" != off ]; then
	mkdir -p /etc/cmdline.d
	echo 'rd.neednet=1' >/etc/cmdline.d/70-reqtime.conf
	getarg ip= >/dev/null || echo 'ip=dhcp' >>/etc/cmdline.d/70-reqtime.conf
fi
