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
units=$(for unit in packaging/systemd/*; do
	echo "lib/systemd/system/${unit##*/}"
done)
for file in bin/reqtime sbin/reqtimed $pages $units share/doc/reqtime/cron.d-reqtime \
	share/bash-completion/completions/reqtime share/bash-completion/completions/reqtimed \
	share/zsh/site-functions/_reqtime share/fish/vendor_completions.d/reqtime.fish \
	share/fish/vendor_completions.d/reqtimed.fish; do
	check "$file" test -s "$T/root/opt/reqtime/$file"
done
check "installed reqtime runs" "$T/root/opt/reqtime/bin/reqtime" --version
check "the unit starts what was installed" grep -q \
	'^ExecStart=/opt/reqtime/sbin/reqtimed ' "$T/root/opt/reqtime/lib/systemd/system/reqtimed.service"
for unit in reqtime reqtime-boot; do
	check "$unit.service starts what was installed" grep -q '^ExecStart=/opt/reqtime/bin/reqtime set ' \
		"$T/root/opt/reqtime/lib/systemd/system/$unit.service"
done
check "etc/reqtime/reqtime.conf" cmp packaging/reqtime.conf "$T/root/etc/reqtime/reqtime.conf"
echo "# mine" >"$T/root/etc/reqtime/reqtime.conf"
check "make install once more" "${MAKE:-make}" -s install PREFIX=/opt/reqtime DESTDIR="$T/root"
check "... leaves a configuration file alone" grep -qx '# mine' "$T/root/etc/reqtime/reqtime.conf"
if have systemd-analyze; then
	mkdir "$T/units"
	for unit in $units; do
		sed "s|^ExecStart=/opt|ExecStart=$T/root/opt|" "$T/root/opt/reqtime/$unit" \
			>"$T/units/${unit##*/}"
	done
	for unit in "$T"/units/*; do
		systemd-analyze verify --man=no "$unit" >"$T/verify" 2>&1
		# It exits 0 for an unknown key: silence is the proof.
		if [ -s "$T/verify" ]; then
			not_ok "systemd has nothing against ${unit##*/}" "$(cat "$T/verify")"
		else
			ok "systemd has nothing against ${unit##*/}"
		fi
	done
else
	skip "systemd has nothing against the units" "needs systemd-analyze"
fi
# Each line of the crontab: five fields or a word with @, a user, a command that --help knows.
check "the crontab names options that are there" sh -c "
	for option in \$(grep -o -e ' --[a-z-]*' packaging/cron/reqtime packaging/systemd/reqtime.service \\
		packaging/systemd/reqtime-boot.service |
		sed 's/.* --//' | sort -u); do
		'$T/root/opt/reqtime/bin/reqtime' set --help | grep -q -e \"--\$option\" || exit 1
	done"
finish
