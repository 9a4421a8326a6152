# shellcheck shell=sh
# SPDX-License-Identifier: MIT
#
# For the tests that boot their own kernel, after ../tools/lib.sh:
#
#   guest_network            continues the script in a network namespace with a tap device: this
#                            side is 10.79.0.1, the guest (user-mode Linux) 10.79.0.2
#   guest_tool NAME [LIBRARY]...     compiles tests/vm/NAME.c to $T/NAME
#   guest_install            `make install` with PREFIX=/usr into $T/dest
#   guest_boot SCRIPT [NAME=VALUE]...
#                            user-mode Linux, the files of this machine read-only; SCRIPT
#                            (absolute) is its first process
#   guest_systemd SCRIPT [NAME=VALUE]...
#                            the same with systemd as first process, on a writable root that is
#                            thrown away.  First, before systemd and as root,
#                            `SCRIPT prepare ROOT`: puts files below ROOT, enables units by
#                            `systemctl --root`, or does `chroot ROOT dpkg -i ...`.  Then
#                            SCRIPT is a service, wanted by multi-user.target
#   guest_root SCRIPT PROGRAM...
#                            for QEMU: a root of busybox, those programs, their libraries
#   guest_boot_qemu ARGUMENTS...     boots it, with further arguments of QEMU; $GUEST_KERNEL:
#                            words for its kernel
#   guest_tap                after any of the three: prints the guest's tests as this script's
#
# SCRIPT begins with  . "${0%/*}/guest_lib.sh"  (see there).  Each NAME=VALUE is in its
# environment (no spaces; NAME starts with REQTIME_), and always $REQTIME_R, $REQTIME_BUILD,
# $REQTIME_T: the values of $R, $BUILD, $T here.  A guest gets $GUEST_LIMIT seconds: more
# than tests/run gives a script, which allows for a busy machine.
#
# A missing program skips the script.  Everything else that goes wrong fails.
# shellcheck disable=SC2154 # lib.sh sets R, T, BUILD

GUEST_LIMIT=${GUEST_LIMIT:-900}

guest_needs_uml() {
	have linux.uml || skip_all "needs user-mode-linux"
	have busybox || skip_all "needs busybox"
	[ "$(id -u)" = 0 ] || skip_all "needs root: user-mode Linux reads this machine's files"
}

guest_network() {
	guest_needs_uml
	own_network "$@"
	if ! ip tuntap add dev tap0 mode tap 2>"$T/why"; then
		skip_all "no tap device: $(cat "$T/why")"
	fi
	ip addr add 10.79.0.1/24 dev tap0
	ip link set tap0 up
}

guest_tool() {
	guest_name=$1
	shift
	if ! cc -Wall -Wextra -Werror -D_GNU_SOURCE -O1 -o "$T/$guest_name" \
		"$R/tests/vm/$guest_name.c" "$@" 2>"$T/why"; then
		not_ok "tests/vm/$guest_name.c is compiled" "$(cat "$T/why")"
		finish
	fi
}

guest_install() {
	if ! make_for /usr install "$T/dest" >"$T/why" 2>&1; then
		not_ok "make install" "$(cat "$T/why")"
		finish
	fi
}

# guest_uml MEMORY INIT [NAME=VALUE]...: words with "=" that the kernel does not know become
# the environment of its first process.
guest_uml() {
	guest_memory=$1
	guest_init=$2
	shift 2
	guest_tool uml_registers -shared -fPIC
	guest_link=
	if ip link show tap0 >/dev/null 2>&1; then
		guest_link=vec0:transport=tap,ifname=tap0,depth=64
	fi
	# shellcheck disable=SC2086 # none or one
	LD_PRELOAD=$T/uml_registers HOME=$T TMPDIR=${TMPDIR:-/tmp} timeout -k 5 "$GUEST_LIMIT" \
		linux.uml "mem=$guest_memory" root=/dev/root rootfstype=hostfs rootflags=/ ro \
		init="$guest_init" con=null con0=null,fd:1 quiet $guest_link \
		reqtime_guest=uml "REQTIME_R=$R" "REQTIME_BUILD=$BUILD" "REQTIME_T=$T" \
		"$@" </dev/null >"$T/console" 2>&1
}

guest_boot() {
	guest_needs_uml
	guest_uml 128M "$@"
}

guest_systemd() {
	guest_needs_uml
	[ -x /lib/systemd/systemd ] || skip_all "needs systemd"
	ls /usr/lib/uml/modules/*/kernel/fs/overlayfs/overlay.ko >/dev/null 2>&1 ||
		skip_all "needs overlay.ko of user-mode-linux"
	guest_script=$1
	shift
	guest_uml 512M "$R/tests/vm/systemd_init.sh" systemd.unit=multi-user.target \
		systemd.show_status=no "REQTIME_SCRIPT=$guest_script" "$@"
}

guest_root() {
	have qemu-system-x86_64 || skip_all "needs qemu-system-x86"
	have cpio || skip_all "needs cpio"
	have busybox || skip_all "needs busybox"
	guest_kernel=
	for guest_file in "$R"/build/peers/boot/vmlinuz-*-cloud-amd64 \
		/boot/vmlinuz-*-cloud-amd64; do
		[ -r "$guest_file" ] && guest_kernel=$guest_file
	done
	[ -n "$guest_kernel" ] ||
		skip_all "needs a kernel below build/peers/boot (linux-image-cloud-amd64)"
	guest_top=$T/root
	for guest_dir in bin proc sys dev run tmp etc; do
		mkdir -p "$guest_top/$guest_dir"
	done
	cp "$R/tests/vm/guest_lib.sh" "$guest_top/"
	cp "$1" "$guest_top/script.sh"
	shift
	for guest_program in "$(command -v busybox)" "$@"; do
		cp "$guest_program" "$guest_top/bin/"
		for guest_file in $(ldd "$guest_program" 2>/dev/null | grep -o '/[^ ]*'); do
			mkdir -p "$guest_top${guest_file%/*}"
			cp -L "$guest_file" "$guest_top$guest_file"
		done
	done
	cat >"$guest_top/init" <<-'END'
		#!/bin/busybox sh
		/bin/busybox --install -s /bin
		export PATH=/bin
		mount -t sysfs s /sys
		mount -t devtmpfs d /dev
		echo "root:x:0:0::/:" >/etc/passwd
		echo "nobody:x:65534:65534::/:" >>/etc/passwd
		exec sh /script.sh
	END
	chmod 755 "$guest_top/init" "$guest_top/script.sh"
}

# Always emulated: not every machine has KVM, and on some it does not work.
guest_boot_qemu() {
	(cd "$guest_top" && find . | cpio -o -H newc --quiet | gzip -1) >"$T/initrd.gz"
	timeout -k 5 "$GUEST_LIMIT" qemu-system-x86_64 -M pc,accel=tcg,hpet=off -m 256 -nodefaults \
		-no-user-config -display none -no-reboot -kernel "$guest_kernel" \
		-initrd "$T/initrd.gz" -serial stdio -monitor none \
		-append "console=ttyS0 quiet loglevel=3 panic=-1 reqtime_guest=qemu ${GUEST_KERNEL:-}" \
		"$@" </dev/null >"$T/console" 2>&1
}

guest_tap() {
	tr -d '\r' <"$T/console" | sed -n 's/^GUEST //p' >"$T/tap"
	if ! grep -q '^up$' "$T/tap" && ! grep -q 'Attempted to kill init' "$T/console"; then
		skip_all "the guest does not boot here: $(tail -n 1 "$T/console")"
	fi
	if grep -q 'set fp regs failed' "$T/console"; then
		skip_all "user-mode Linux does not know this processor's registers"
	fi
	grep -v '^up$\|^end$' "$T/tap"
	if ! grep -q '^end$' "$T/tap"; then
		not_ok "the guest came to its end" "$(tail -n 30 "$T/console")"
		echo 1..1
		exit 1
	fi
}
