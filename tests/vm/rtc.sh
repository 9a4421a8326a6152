#!/bin/sh
# SPDX-License-Identifier: MIT
#
# `reqtime set --rtc` in a machine of its own (QEMU, emulated throughout), whose hardware
# clock says 2001 and can be written.  Client and server are both in it: what is tested is
# that the chip follows the system clock, to the tick.
. "$(dirname "$0")/../system/lib.sh"

have qemu-system-x86_64 || skip_all "needs qemu-system-x86"
have cpio || skip_all "needs cpio"
have busybox || skip_all "needs busybox"
kernel=
for file in "$R"/build/peers/boot/vmlinuz-*-cloud-amd64 /boot/vmlinuz-*-cloud-amd64; do
	[ -r "$file" ] && kernel=$file
done
[ -n "$kernel" ] || skip_all "needs a kernel below build/peers/boot (linux-image-cloud-amd64)"

root=$T/root
mkdir -p "$root/bin" "$root/proc" "$root/sys" "$root/dev" "$root/run" "$root/tmp" "$root/etc"
for program in "$BUILD/reqtime" "$BUILD/reqtimed" "$(command -v busybox)"; do
	cp "$program" "$root/bin/"
	for lib in $(ldd "$program" 2>/dev/null | grep -o '/[^ ]*'); do
		mkdir -p "$root$(dirname "$lib")"
		cp -L "$lib" "$root$lib"
	done
done
cat >"$root/init" <<'END'
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin STATE_DIRECTORY=/run/state
mount -t proc p /proc; mount -t sysfs s /sys; mount -t devtmpfs d /dev
ip link set lo up
echo "root:x:0:0::/:" >/etc/passwd
echo "nobody:x:65534:65534::/:" >>/etc/passwd
echo "GUEST up"
chip() { cat /sys/class/rtc/rtc0/since_epoch; }
echo "GUEST before $(date -u -d "@$(chip)" +%Y)"
date -u -s '2026-12-01 00:00:00' >/dev/null
reqtimed --listen 127.0.0.1:1123 --local-stratum 1 >/run/server 2>&1 &
sleep 1
reqtime set --rtc ntp://127.0.0.1:1123 >/run/out 2>/run/err
echo "GUEST status $?"
echo "GUEST at-once $(($(date +%s) - $(chip)))"
sed 's/^/GUEST out /' /run/out
sed 's/^/GUEST err /' /run/err /run/server
# Both must tick together: over 20 looks they are never apart for long.
apart=0
for look in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	[ "$(chip)" = "$(date +%s)" ] || apart=$((apart + 1))
	usleep 97000
done
echo "GUEST apart $apart"
echo "GUEST end"
poweroff -f
END
chmod 755 "$root/init"
(cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) >"$T/initrd.gz"
# For a CPU by AMD the kernel does not reset the chip's divider, and QEMU's chip then ticks a
# full second after the write.
timeout -k 5 90 qemu-system-x86_64 -M pc,accel=tcg -cpu max,vendor=GenuineIntel -m 256 -nodefaults -no-user-config \
	-display none -no-reboot -kernel "$kernel" -initrd "$T/initrd.gz" \
	-append "console=ttyS0 quiet loglevel=3 panic=-1" -serial stdio -monitor none \
	-rtc base=2001-01-01T00:00:00,clock=vm </dev/null >"$T/console" 2>&1
tr -d '\r' <"$T/console" | sed -n 's/^GUEST //p' >"$T/said"
grep -q '^up$' "$T/said" || skip_all "QEMU does not boot here: $(tail -n 1 "$T/console")"
said() {
	sed -n "s/^$1 //p" "$T/said"
}
check "the guest comes to its end" grep -q '^end$' "$T/said"
if [ "$(said before)" = 2001 ] && [ "$(said status)" = 0 ] &&
	grep -q '^out set the hardware clock' "$T/said"; then
	ok "--rtc: the hardware clock is written"
else
	not_ok "--rtc: the hardware clock is written" "$(cat "$T/said")"
fi
# It is written half a second before it ticks: till then it may show the second before.
apart=$(said at-once)
if [ "${apart:-9}" -ge 0 ] && [ "$apart" -le 1 ]; then
	ok "--rtc: it is right at once"
else
	not_ok "--rtc: it is right at once" "$(cat "$T/said")"
fi
if [ "$(said apart)" -le 4 ] 2>/dev/null; then
	ok "--rtc: it ticks with the system clock"
else
	not_ok "--rtc: it ticks with the system clock" "$(cat "$T/said")"
fi
finish
