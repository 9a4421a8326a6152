#!/bin/sh
# SPDX-License-Identifier: MIT
#
# `make install` into a folder: everything is there, and the unit names the program it
# installed.
. "$(dirname "$0")/system/lib.sh"
cd "$R" || exit 1
unset MAKEFLAGS MAKELEVEL MFLAGS

check "make install" "${MAKE:-make}" -s install PREFIX=/opt/reqtime DESTDIR="$T/root"
pages=$(for page in packaging/man/*.[1-9]; do
	echo "share/man/man${page##*.}/${page##*/}"
done)
for file in bin/reqtime sbin/reqtimed $pages lib/systemd/system/reqtimed.service; do
	check "$file" test -s "$T/root/opt/reqtime/$file"
done
check "installed reqtime runs" "$T/root/opt/reqtime/bin/reqtime" --version
check "the unit starts what was installed" grep -q \
	'^ExecStart=/opt/reqtime/sbin/reqtimed ' "$T/root/opt/reqtime/lib/systemd/system/reqtimed.service"
if have systemd-analyze; then
	sed "s|^ExecStart=/opt|ExecStart=$T/root/opt|" \
		"$T/root/opt/reqtime/lib/systemd/system/reqtimed.service" >"$T/reqtimed.service"
	systemd-analyze verify --man=no "$T/reqtimed.service" >"$T/verify" 2>&1
	# It exits 0 for an unknown key: silence is the proof.
	check "systemd has nothing against the unit" test ! -s "$T/verify"
else
	skip "systemd has nothing against the unit" "needs systemd-analyze"
fi
finish
