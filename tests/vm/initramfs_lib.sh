# shellcheck shell=sh
# SPDX-License-Identifier: MIT
#
# For initramfs.sh and dracut.sh, after lib.sh and nts.sh:
#
#   initramfs_begin "$@"       packages, network namespace, $root: a copy of this machine's root with the
#                              tools over it and reqtime installed; the kernel's $version
#   initramfs_hooks, image NAME WORD...    our hooks in place; an image of mkinitramfs, see there
#   in_root COMMAND...         run in it
#   nts_serve CERTIFICATE      an NTS server at 10.0.2.2 for a guest: QEMU's own network has this machine there
#   nts_serve_end
#   boots IMAGE WORD...        boots $root/run/IMAGE with these further words of the kernel's command line and
#                              its clock in 2001 -> $T/console, and $T/times: each line after the seconds at
#                              which it came
#   looked NAME PATTERN        one test: a line LOOK of the console has it, and the guest came to its end
#   not_looked NAME PATTERN    ... the guest did not come so far, and another line has it
#   seconds FROM TO            between the first lines of the last boot that match
# shellcheck disable=SC2154 # lib.sh and nts.sh set them

initramfs_begin() {
	have qemu-system-x86_64 || skip_all "needs qemu-system-x86"
	have cpio || skip_all "needs cpio"
	[ "$(id -u)" = 0 ] || skip_all "needs root: an initramfs is made in a copy of this root"
	# Before the network namespace, which has no route out.
	if [ -z "${LIB_NETWORK:-}" ]; then
		mkdir -p "$R/build/boot"
		"$R/tests/tools/boot_kit.sh" 2>"$R/build/boot/why"
	fi
	kit=$R/build/boot/root
	[ -d "$kit" ] || skip_all "no packages for an initramfs: $(cat "$R/build/boot/why")"
	own_network "$@"
	nts_program
	version=$(find "$kit/usr/lib/modules" "$kit/lib/modules" -mindepth 1 -maxdepth 1 2>/dev/null | sed 's,.*/,,' | head -n 1)
	root=$T/o/root
	mkdir "$T/o"
	trap 'umount -R -l "$T/o" 2>/dev/null; lib_cleanup' EXIT
	if ! { mount -t tmpfs -o size=2g tmpfs "$T/o" && mkdir "$T/o/upper" "$T/o/work" "$root" &&
		cp -a "$kit/." "$T/o/upper/" && mount -t overlay -o \
		"lowerdir=/,upperdir=$T/o/upper,workdir=$T/o/work" overlay "$root"; } 2>"$T/why"; then
		skip_all "no overlay: $(cat "$T/why")"
	fi
	mount -t proc proc "$root/proc"
	mount --bind /dev "$root/dev"
	mount -t tmpfs tmpfs "$root/run"
	mkdir "$T/certificates"
	if ! "$T/nts_certificates" "$T/certificates" "ca ca" "good by=ca ip=10.0.2.2" \
		"other ca" "unknown by=other ip=10.0.2.2" 2>"$T/why"; then
		not_ok "the certificates are made" "$(cat "$T/why")"
		finish
	fi
	rm -rf "$root/etc/reqtime"
	if ! make_for /usr install "$root" >"$T/why" 2>&1; then
		not_ok "make install" "$(cat "$T/why")"
		finish
	fi
	cp "$T/certificates/ca.crt" "$root/etc/reqtime/lab.crt"
	printf 'server = nts://10.0.2.2\nnts-ca = /etc/reqtime/lab.crt\n' >"$root/etc/reqtime/conf.d/10-lab.conf"
	in_root depmod "$version"
	expect "depmod" 0
}

in_root() {
	run env PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot "$root" "$@"
}

nts_serve() {
	background "$T/nts_server" --certificate "$T/certificates/$1.pem" --key "$T/certificates/$1.key" \
		--ke 127.0.0.1:4460 --ntp 127.0.0.1:11123 --log "$T/nts.log" >"$T/nts.ready" 2>&1
	nts_server_pid=$background_pid
	wait_for 10 grep -q ready "$T/nts.ready"
}

nts_serve_end() {
	kill "$nts_server_pid"
	wait "$nts_server_pid" 2>/dev/null
}

# The hooks of initramfs-tools in place, as the manual page has it; and what comes after ours, instead of a
# root file system.
initramfs_hooks() {
	etc=$root/etc/initramfs-tools
	kept=$root/usr/share/reqtime/boot/initramfs-tools
	mkdir -p "$etc/hooks" "$etc/scripts/init-premount"
	cp "$kept/hook" "$etc/hooks/reqtime"
	cp "$kept/script" "$etc/scripts/init-premount/reqtime"
	# The drivers of this guest alone, so that it boots sooner.
	printf '%s\n' virtio_pci virtio_net >>"$etc/modules"
	sed -i 's/^MODULES=.*/MODULES=list/; s/^COMPRESS=.*/COMPRESS=gzip/' "$etc/initramfs.conf"
	cat >"$etc/scripts/init-premount/zz-look" <<'EOF'
#!/bin/sh
case ${1:-} in
prereqs) echo reqtime; exit 0 ;;
esac
echo
echo "LOOK year $(date -u +%Y), anchor $(ls /run/reqtime.anchor 2>/dev/null)"
echo "LOOK end"
poweroff -f
EOF
	chmod 755 "$etc/scripts/init-premount/zz-look"
}

# image NAME WORD...: of mkinitramfs, with these settings of boot.conf
image() {
	image_name=$1
	shift
	printf '%s\n' "$@" >"$root/etc/reqtime/boot.conf"
	in_root mkinitramfs -o "/run/$image_name" "$version"
}

# Always emulated: not every machine has KVM, and on some it does not work.
boots() {
	boots_image=$1
	shift
	timeout -k 5 240 qemu-system-x86_64 -M pc,accel=tcg -cpu max -m 512 -nodefaults -no-user-config \
		-display none -no-reboot -kernel "$kit/boot/vmlinuz-$version" -initrd "$root/run/$boots_image" \
		-serial stdio -monitor none -append "console=ttyS0 loglevel=3 panic=1 $*" \
		-rtc base=2001-01-01T00:00:00,clock=vm -netdev user,id=n0,ipv6=off -device virtio-net-pci,netdev=n0 \
		</dev/null 2>&1 | while IFS= read -r line; do
		printf '%s %s\n' "$(date +%s.%N)" "$line"
	done >"$T/times"
	cut -d ' ' -f 2- "$T/times" | tr -d '\r' >"$T/console"
}

looked() {
	if grep -q '^LOOK end' "$T/console" && grep -Eq "^LOOK .*$2" "$T/console"; then
		ok "$1"
	else
		not_ok "$1" "$(tail -n 30 "$T/console")"
	fi
}

not_looked() {
	if ! grep -q '^LOOK' "$T/console" && grep -Eq "$2" "$T/console"; then
		ok "$1"
	else
		not_ok "$1" "$(tail -n 30 "$T/console")"
	fi
}

seconds() {
	awk -v from="$1" -v to="$2" '!a && $0 ~ from { a = $1 } !b && $0 ~ to { b = $1 }
		END { if (a && b) printf "%.1f\n", b - a }' "$T/times"
}
