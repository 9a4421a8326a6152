#!/bin/sh
# SPDX-License-Identifier: MIT
#
# First process of a guest of lib.sh's guest_systemd.  Lays a writable root over the files of
# this machine, has it prepared, and becomes systemd there.  The services of this machine stay
# out: only the files that a system needs to boot, and the script.
. "${0%/*}/guest_lib.sh"

busybox insmod "/usr/lib/uml/modules/$(uname -r)/kernel/fs/overlayfs/overlay.ko"
mkdir -p /run/o
mount -t tmpfs tmpfs /run/o
mkdir /run/o/upper /run/o/work /run/o/root
mount -t overlay -o lowerdir=/,upperdir=/run/o/upper,workdir=/run/o/work overlay /run/o/root ||
	exit 1
cd /run/o/root || exit 1
# As a machine that has never been started, whatever the host's state.
rm -rf etc/systemd/system etc/systemd/*.conf.d etc/default/reqtime etc/cron.d/* etc/fstab \
	var/lib/systemd var/lib/private var/lib/reqtime run .dockerenv
mkdir -p etc/systemd/system etc/tmpfiles.d run root var/lib/systemd
touch etc/fstab
# The tests may be below /tmp, which is cleared at boot.
ln -s /dev/null etc/tmpfiles.d/tmp.conf
echo 0123456789abcdef0123456789abcdef >etc/machine-id
echo guest >etc/hostname
for unit in e2scrub_reap getty getty-static ldconfig nftables systemd-firstboot \
	systemd-hwdb-update systemd-journal-flush systemd-logind systemd-modules-load \
	systemd-networkd systemd-resolved systemd-timesyncd systemd-udevd systemd-udev-trigger \
	systemd-update-done systemd-update-utmp; do
	ln -s /dev/null "etc/systemd/system/$unit.service"
done
ln -s /dev/null etc/systemd/system/getty.target
mkdir etc/systemd/system/multi-user.target.wants
ln -s ../guest.service etc/systemd/system/multi-user.target.wants/
cat >etc/systemd/system/guest.service <<END
[Unit]
Description=The tests
After=basic.target
[Service]
Type=oneshot
TimeoutStartSec=infinity
ExecStart=$REQTIME_SCRIPT
StandardOutput=tty
StandardError=tty
TTYPath=/dev/console
ExecStopPost=/bin/busybox poweroff -f
END
"$REQTIME_SCRIPT" prepare "$PWD" || echo "$REQTIME_SCRIPT prepare: exit status $?"
mkdir -p mnt/old
busybox pivot_root . mnt/old
exec busybox chroot . /lib/systemd/systemd </dev/console >/dev/console 2>&1
