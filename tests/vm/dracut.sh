#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Authenticated time in an initramfs of dracut, with our module, booted in QEMU with the clock in 2001.
. "$(dirname "$0")/../tools/lib.sh"
. "$(dirname "$0")/../tools/nts.sh"
. "$(dirname "$0")/initramfs_lib.sh"
initramfs_begin "$@"

modules=$root/usr/lib/dracut/modules.d
mkdir -p "$modules/70reqtime" "$modules/71look"
cp "$root"/usr/share/reqtime/boot/dracut/* "$modules/70reqtime/"
# In place of a root file system, after ours.
cat >"$modules/71look/module-setup.sh" <<'EOF'
check() { return 0; }
depends() { echo reqtime; }
install() { inst_hook cmdline 99 "$moddir/root.sh"; inst_hook pre-mount 90 "$moddir/look.sh"; inst_multiple date ls poweroff; }
EOF
cat >"$modules/71look/look.sh" <<'EOF'
#!/bin/sh
echo
echo "LOOK year $(date -u +%Y), anchor $(ls /run/reqtime.anchor 2>/dev/null)"
echo "LOOK end"
poweroff -f
EOF
echo 'root=look rootok=1' >"$modules/71look/root.sh"
chmod 755 "$modules"/7*/*.sh
mkdir -p "$root/var/tmp"
image() {
	image_name=$1
	shift
	printf '%s\n' "$@" >"$root/etc/reqtime/boot.conf"
	in_root dracut --force --no-hostonly --no-early-microcode --gzip --drivers "virtio_pci virtio_net" --modules \
		"base kernel-modules kernel-network-modules network-legacy network reqtime look" --kver "$version" "/run/$image_name"
}
in_root sh -c "printf '' >/etc/dracut.conf; dracut --list-modules --no-kernel"
expect "dracut finds the module" 0 '^reqtime$'
image require REQTIME_BOOT=require REQTIME_WAIT=4s
expect "dracut makes an image with it" 0
check "... without a warning of ours" sh -c "! grep 'reqtime:' '$err'"
nts_serve good
boots require rd.shell=0
looked "the time is right, and no ip= was needed" "year $(date +%Y),"
looked "... and remembered in /run, for the system" 'anchor /run/reqtime.anchor$'
boots require rd.shell=0 reqtime=off
looked "reqtime=off: the clock is as it was" 'year 2001, anchor $'
nts_serve_end
boots require rd.shell=0
not_looked "no server: the boot stops" 'FATAL: reqtime: no authenticated time, which /etc/reqtime/boot.conf requires'
finish
