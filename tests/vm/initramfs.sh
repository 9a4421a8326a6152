#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Authenticated time in an initramfs of Debian's own mkinitramfs, with our hook, booted in QEMU with the
# clock in 2001: the time is right before the root file system would be mounted, or the boot stops.
. "$(dirname "$0")/../tools/lib.sh"
. "$(dirname "$0")/../tools/nts.sh"
. "$(dirname "$0")/initramfs_lib.sh"
initramfs_begin "$@"

initramfs_hooks
# has IMAGE FILE
has() {
	in_root lsinitramfs "/run/$1"
	grep -qx "$2" "$out"
}

# ---- what is in it ----
cp "$R/packaging/boot/boot.conf" "$root/etc/reqtime/boot.conf"
in_root mkinitramfs -o /run/off "$version"
expect "as installed: mkinitramfs" 0
check "... nothing of reqtime is in it" sh -c "! PATH=/usr/sbin:/usr/bin chroot '$root' lsinitramfs /run/off |
	grep 'bin/reqtime\|libexec\|etc/reqtime'"
mv "$root/usr/libexec/reqtime/reqtime-nts" "$root/run/away"
image none REQTIME_BOOT=require
expect "require without reqtime-nts: no image that could not boot" 1 'E: reqtime: .*reqtime-nts is missing: install reqtime-nts'
mv "$root/run/away" "$root/usr/libexec/reqtime/reqtime-nts"
image require REQTIME_BOOT=require REQTIME_WAIT=4s
expect "require: mkinitramfs" 0
for file in usr/bin/reqtime usr/libexec/reqtime/reqtime-nts usr/libexec/reqtime/early-time etc/reqtime/reqtime.conf \
	etc/reqtime/conf.d/10-lab.conf etc/reqtime/lab.crt etc/reqtime/boot.conf; do
	check "... $file" has require "$file"
done
check "... and not the system's certificates, which nts-ca replaces" sh -c "! PATH=/usr/sbin:/usr/bin chroot '$root' \
	lsinitramfs /run/require | grep ca-certificates.crt"

# ---- what it does ----
nts_serve good
boots require ip=dhcp
looked "the time is right" "year $(date +%Y),"
looked "... and remembered in /run, for the system" 'anchor /run/reqtime.anchor$'
check "... by the authenticated server" grep -q 'stepped the clock by .* 1 of 1 server agrees: nts://10.0.2.2' "$T/console"
echo "# to the right time: $(seconds 'IP-Config: .* complete' 'stepped the clock') s from the lease," \
	"$(seconds 'IP-Config: ' 'stepped the clock') s from the link (emulated)"
boots require ip=10.0.2.15::10.0.2.2:255.255.255.0::ens2:off
looked "with an address of the command line" "year $(date +%Y),"
boots require reqtime=off
looked "reqtime=off: the clock is as it was" 'year 2001, anchor $'
check "... and the network, too" sh -c "! grep IP-Config '$T/console'"
nts_serve_end
boots require ip=dhcp
not_looked "no server: the boot stops" '^reqtime: no authenticated time, which /etc/reqtime/boot.conf requires'
boots require ip=dhcp reqtime=try
looked "reqtime=try: it goes on" 'year 2001,'
nts_serve unknown
boots require ip=dhcp
not_looked "a server with another authority's certificate: the boot stops" '^reqtime: no authenticated time'
boots require ip=dhcp reqtime=tyr
not_looked "a slip on the command line does not turn it off" '^reqtime: no authenticated time'
finish
