#!/bin/sh
# SPDX-License-Identifier: MIT
#
# `make install` into a folder: all files are there, and the unit names the program it
# installed.
. "$(dirname "$0")/tools/lib.sh"
cd "$R" || exit 1
before=$(cksum build/reqtime)
check "make install" make_for /opt/reqtime install "$T/root"
pages=$(for page in packaging/man/*.[1-9]; do
	echo "share/man/man${page##*.}/${page##*/}"
done)
units=$(for unit in packaging/systemd/*; do
	echo "lib/systemd/system/${unit##*/}"
done)
for file in bin/reqtime sbin/reqtimed libexec/reqtime/reqtime-nts include/reqtime/exit.h include/reqtime/now.h \
	share/pkgconfig/reqtime.pc $pages $units share/doc/reqtime/cron.d-reqtime \
	share/reqtime/prometheus/reqtime.rules.yml share/reqtime/prometheus/reqtime.dashboard.json \
	share/reqtime/icinga2/reqtime.conf share/reqtime/zabbix/reqtime.yaml share/reqtime/zabbix/reqtime.conf \
	share/reqtime/node-problem-detector/reqtime-monitor.json share/reqtime/node-problem-detector/reqtime-npd \
	share/bash-completion/completions/reqtime share/bash-completion/completions/reqtimed \
	share/zsh/site-functions/_reqtime share/fish/vendor_completions.d/reqtime.fish \
	share/fish/vendor_completions.d/reqtimed.fish libexec/reqtime/dhcp-servers libexec/reqtime/networkd \
	libexec/reqtime/early-time libexec/reqtime/copied-files share/reqtime/boot/initramfs-tools/hook \
	share/reqtime/boot/initramfs-tools/script share/reqtime/boot/dracut/module-setup.sh \
	share/reqtime/boot/dracut/reqtime-set.sh share/reqtime/boot/dracut/reqtime-network.sh share/reqtime/cloud-init/user-data.yaml \
	share/reqtime/container/kubernetes/daemonset.yaml share/reqtime/container/kubernetes/cronjob.yaml share/reqtime/dhcp/dhclient share/reqtime/dhcp/networkmanager; do
	check "$file" test -s "$T/root/opt/reqtime/$file"
done
nothing "no placeholder is left" "$(grep -rnE '@[a-z]+@' "$T/root" --exclude-dir=bin --exclude-dir=sbin)"
for file in icinga2/reqtime.conf zabbix/reqtime.conf node-problem-detector/reqtime-npd; do
	check "$file runs what was installed" grep -q '/opt/reqtime/bin/reqtime\>' "$T/root/opt/reqtime/share/reqtime/$file"
done
check "node-problem-detector finds its plugin" test -x "$T/root$(sed -n 's/.*"path": "\(.*\)".*/\1/p' \
	"$T/root/opt/reqtime/share/reqtime/node-problem-detector/reqtime-monitor.json" | head -n 1)"
echo '#include <reqtime/exit.h>
int main(void) { return REQTIME_EXIT_REFUSED; }' >"$T/other.c"
run sh -c "cc -std=c99 -pedantic -Wall -Wextra -Werror -I'$T/root/opt/reqtime/include' \
	-o '$T/other' '$T/other.c' && '$T/other'"
expect "other programs compile with the header" 3
pc=$T/root/opt/reqtime/share/pkgconfig/reqtime.pc
check "pkg-config: the prefix and the version" test "$(sed -n '/^prefix=/p; /^Version:/p' "$pc" | tr '\n' ' ')" = \
	"prefix=/opt/reqtime Version: $("$REQTIME" --version | awk 'NR == 1 { print $2 }') "
if have pkg-config; then
	check "pkg-config: finds the header" test "$(PKG_CONFIG_PATH=${pc%/*} pkg-config --cflags reqtime | tr -d " ")" = -I/opt/reqtime/include
else
	skip "pkg-config: finds the header" "needs pkg-config"
fi
check "reqtime looks for reqtime-nts where it was installed" test "$(cat "$T/build/LIBEXECDIR")" = \
	/opt/reqtime/libexec/reqtime
check "... and was compiled for it" test "$T/build/src/io/nts/helper.o" -nt build/src/io/nts/helper.o
check "installed reqtime runs" "$T/root/opt/reqtime/bin/reqtime" --version
check "the unit starts what was installed" grep -q \
	'^ExecStart=/opt/reqtime/sbin/reqtimed ' "$T/root/opt/reqtime/lib/systemd/system/reqtimed.service"
# A run that did not set the clock, and a server with a wrong option, stay failed.
check "every status but 0 of reqtime.service is a failed unit" sh -c "! grep SuccessExitStatus packaging/systemd/*"
check "reqtimed.service is not restarted for wrong options" grep -qx 'RestartPreventExitStatus=2' \
	packaging/systemd/reqtimed.service
for unit in reqtime reqtime-boot reqtime-authenticated; do
	check "$unit.service starts what was installed" grep -q '^ExecStart=/opt/reqtime/bin/reqtime set ' \
		"$T/root/opt/reqtime/lib/systemd/system/$unit.service"
done
for file in reqtime.conf reqtimed.conf boot/boot.conf; do
	check "etc/reqtime/${file##*/}" cmp "packaging/$file" "$T/root/etc/reqtime/${file##*/}"
done
check "... and a folder for more" test -d "$T/root/etc/reqtime/conf.d"
for file in share/reqtime/boot/initramfs-tools/hook share/reqtime/boot/initramfs-tools/script share/reqtime/boot/dracut/module-setup.sh share/reqtime/dhcp/dhclient share/reqtime/dhcp/networkmanager lib/systemd/system/reqtime-networkd.service; do
	check "$file names the program that was installed" sh -c "
		grep -q '/opt/reqtime/libexec/reqtime' '$T/root/opt/reqtime/$file' && ! grep 'libexecdir@' '$T/root/opt/reqtime/$file'"
done
check "no server is configured by default" sh -c "! grep -v '^[#;]' packaging/reqtime.conf | grep server"
echo "# mine" >"$T/root/etc/reqtime/reqtime.conf"
rm "$T/root/etc/reqtime/reqtimed.conf"
check "make install once more" make_for /opt/reqtime install "$T/root"
check "... leaves a configuration file alone" grep -qx '# mine' "$T/root/etc/reqtime/reqtime.conf"
# make uninstall: removes all its files, and nothing of others.
uninstall() {
	make_for /opt/reqtime uninstall "$1"
}
cp -r "$T/root" "$T/bare"
echo "of others" >"$T/bare/opt/reqtime/share/man/man1/other.1"
check "make uninstall" uninstall "$T/bare"
check "... leaves the configuration file, and what is not ours" test "$(cd "$T/bare" && find . -type f | sort | xargs)" = \
	"./etc/reqtime/boot.conf ./etc/reqtime/reqtime.conf ./etc/reqtime/reqtimed.conf ./opt/reqtime/share/man/man1/other.1"
check "... no folder of ours, and all others" sh -c "! find '$T/bare/opt/reqtime' -mindepth 1 -name '*reqtime*' |
	grep . && [ -d '$T/bare/opt/reqtime/bin' ]"
check "make uninstall once more: nothing to do" uninstall "$T/bare"
check "the programs of the other tests are as before" test "$(cksum build/reqtime)" = "$before"
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
			not_ok "systemd accepts ${unit##*/}" "$(cat "$T/verify")"
		else
			ok "systemd accepts ${unit##*/}"
		fi
	done
	# 0 to 10, by what a service is still allowed to do; here in tenths.
	for unit in reqtime reqtime-boot reqtime-authenticated reqtimed reqtime-networkd; do
		run systemd-analyze security --no-pager --offline=true --threshold=20 "$T/units/$unit.service"
		expect "$unit.service: exposure of at most 2.0 ($(tail -n 1 "$out" | grep -o "[0-9]\.[0-9]"))" 0
		[ $unit != reqtime-networkd ] || continue # a script
		check "$unit.service: may confine itself further" test "$(grep '^SystemCallFilter=[^~]' \
			"$T/units/$unit.service" | grep -o 'landlock_[a-z_]*' | sort -u | wc -l)" -eq 3
	done
	# The control: a unit without confinement, which must fail.
	printf '[Service]\nExecStart=/bin/true\n' >"$T/units/open.service"
	run systemd-analyze security --no-pager --offline=true --threshold=20 "$T/units/open.service"
	expect "... and an unconfined service fails that check" 1
else
	skip "systemd accepts the units" "needs systemd-analyze"
	skip "the services: exposure" "needs systemd-analyze"
fi
check "reqtimed.socket and reqtimed.service: each names the other" sh -c "
	grep -q '^Requires=reqtimed.socket' packaging/systemd/reqtimed.service &&
	grep -q '^Also=reqtimed.socket' packaging/systemd/reqtimed.service &&
	! grep -q '^Service=' packaging/systemd/reqtimed.socket"
# The examples are lines to be copied: all of them together must be a valid unit, too.
if have systemd-analyze; then
	sed 's/^#\(Listen\)/\1/' packaging/systemd/reqtimed.socket >"$T/units/reqtimed.socket"
	run systemd-analyze verify --man=no "$T/units/reqtimed.socket"
	check "systemd accepts the examples in reqtimed.socket" \
		test ! -s "$out" -a ! -s "$err"
else
	skip "systemd accepts the examples in reqtimed.socket" "needs systemd-analyze"
fi
# Each line of the crontab: five fields or a word with @, a user, a command that --help knows.
check "the crontab names options that are there" sh -c "
	for option in \$(grep -o -e ' --[a-z-]*' packaging/cron/reqtime packaging/systemd/reqtime.service \\
		packaging/systemd/reqtime-boot.service |
		sed 's/.* --//' | sort -u); do
		'$T/root/opt/reqtime/bin/reqtime' set --help | grep -q -e \"--\$option\" || exit 1
	done"
finish
