#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Programs and files of an initramfs: early-time in each shell that an initramfs may have, and copied-files.
# tests/vm/initramfs.sh and tests/vm/dracut.sh boot with them.
. "$(dirname "$0")/../tools/lib.sh"
cd "$R" || exit 1

mkdir "$T/bin"
for file in early-time copied-files; do
	sed "s|@bindir@|$T/bin|" "packaging/boot/$file" >"$T/$file"
	chmod 755 "$T/$file"
done
# reqtime itself, except that "set" only notes how it was called.
cat >"$T/bin/reqtime" <<END
#!/bin/sh
if [ "\$1" = set ]; then
	echo "\$*" >>"$T/called"
	exit \$(cat "$T/status")
fi
shift
exec "$REQTIME" config -f "$T/conf" "\$@"
END
chmod 755 "$T/bin/reqtime"
export REQTIME_BOOT_CONF="$T/boot.conf" REQTIME_CMDLINE="$T/cmdline"
: >"$T/conf"

# early STATUS BOOT-CONF CMDLINE: early-time, where set ends with that status
early() {
	echo "$1" >"$T/status"
	printf '%b' "$2" >"$T/boot.conf"
	printf '%s\n' "$3" >"$T/cmdline"
	rm -f "$T/called"
	# shellcheck disable=SC2086 # words
	run $shell "$T/early-time"
}
called() {
	cat "$T/called" 2>/dev/null
}
in_each_shell() {
	early 1 '' ''
	expect "$shell: no boot.conf: off" 0
	check "... nothing is run" test -z "$(called)"
	early 0 'REQTIME_BOOT=require\nREQTIME_SERVERS="nts://a.example nts://b.example"\n' 'quiet splash'
	expect "$shell: require" 0
	check "... its servers, authenticated" test "$(called)" = \
		"set --format line --boot --wait 30s --authenticated require nts://a.example nts://b.example"
	for code in 1 2 3 4 5 6 130; do
		early $code 'REQTIME_BOOT=require\nREQTIME_SERVERS=nts://a.example\n' ''
		expect "$shell: require, and set ends with $code: the boot stops" 1
	done
	early 0 'REQTIME_BOOT=require\nREQTIME_SERVERS=a.example\n' ''
	expect "$shell: require without an nts:// server" 1 'no server nts:// is named'
	check "... nothing is run" test -z "$(called)"
	early 0 'REQTIME_BOOT=require\n' ''
	expect "$shell: require without any server" 1
	echo 'server = nts://c.example' >"$T/conf"
	early 0 'REQTIME_BOOT=require\nREQTIME_WAIT=5s\n' ''
	expect "$shell: require, the servers of reqtime.conf" 0
	check "... are those of set" test "$(called)" = "set --format line --boot --wait 5s --authenticated require"
	: >"$T/conf"
	early 1 'REQTIME_BOOT=try\nREQTIME_SERVERS=a.example\n' ''
	expect "$shell: try: the boot goes on" 0
	check "... with any server" test "$(called)" = "set --format line --boot --wait 30s a.example"
	early 1 'REQTIME_BOOT=require\nREQTIME_SERVERS=nts://a.example\n' 'reqtime=try root=/dev/sda1'
	expect "$shell: reqtime=try for one boot" 0
	early 1 'REQTIME_BOOT=try\nREQTIME_SERVERS=nts://a.example\n' 'a=b reqtime=require'
	expect "$shell: reqtime=require for one boot" 1
	early 1 'REQTIME_BOOT=require\nREQTIME_SERVERS=nts://a.example\n' 'reqtime=Off'
	expect "$shell: a slip means require" 1 '"Off" is not off, try or require: require is meant'
	# shellcheck disable=SC2086 # words
	run $shell "$T/early-time" mode
	expect "$shell: mode" 0 '^require$'
}
for shell in dash bash "busybox sh"; do
	if have "${shell%% *}"; then
		in_each_shell
	else
		skip "$shell" "is not installed"
	fi
done
cp packaging/boot/boot.conf "$T/boot.conf"
: >"$T/cmdline"
run "$T/early-time" mode
expect "as installed: off" 0 '^off$'
echo 0 >"$T/status"
sed 's/^#REQ/REQ/; s/=off/=require/' packaging/boot/boot.conf >"$T/boot.conf"
run "$T/early-time"
expect "its examples are right" 0

# ---- copied-files ----
mkdir "$T/authorities"
echo a >"$T/authorities/a.pem"
echo b >"$T/ca.pem"
printf 'nts-ca = %s\nnts-ca = %s\n' "$T/authorities" "$T/ca.pem" >"$T/conf"
run "$T/copied-files"
expect "a directory of authorities: its files" 0 "^$T/authorities/a.pem\$"
expect "... and a file" 0 "^$T/ca.pem\$"
check "... not the system's" sh -c "! grep ca-certificates '$out'"
: >"$T/conf"
run "$T/copied-files"
if [ -f /etc/ssl/certs/ca-certificates.crt ]; then
	expect "no authority: the system's" 0 '^/etc/ssl/certs/ca-certificates.crt$'
else
	skip "no authority: the system's" "needs ca-certificates"
fi
check "each is a file" sh -c "while read -r file; do [ -f \"\$file\" ] || exit 1; done <'$out'"
finish
