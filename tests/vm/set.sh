#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A real clock set by `reqtime set`: that of a user-mode Linux guest, which boots with
# this machine's files read-only and has a clock of its own.  tests/vm/guest.sh is its
# first process and prints the tests; this script is the network and the time servers.
. "$(dirname "$0")/../system/lib.sh"
. "$(dirname "$0")/../system/adversary.sh"

have linux.uml || skip_all "needs user-mode-linux"
have busybox || skip_all "needs busybox"
have strace || skip_all "needs strace"
[ "$(id -u)" = 0 ] || skip_all "needs root for a tap device"
chronyd=$R/build/peers/usr/sbin/chronyd
[ -x "$chronyd" ] || skip_all "needs chronyd below build/peers (packaging/deps test)"
own_network "$@"
if ! ip tuntap add dev tap0 mode tap 2>"$T/why"; then
	skip_all "no tap device: $(cat "$T/why")"
fi
ip addr add 10.79.0.1/24 dev tap0
ip link set tap0 up

# Two servers, one not ours: what our client did is judged with chrony on both ends.
cat >"$T/chronyd.conf" <<END
local stratum 1
port 123
allow all
cmdport 0
bindaddress 10.79.0.1
bindcmdaddress /
pidfile $T/chronyd.pid
END
background "$chronyd" -4 -x -d -u root -f "$T/chronyd.conf" >"$T/chronyd.log" 2>&1
server --listen 10.79.0.1:1123 --text-listen 10.79.0.1:9191 --local-stratum 1 || finish

# Times that no server here can have: at the end of the year, and when the wire's 32 bits
# of seconds run over (2036-02-07 06:28:16).
new_year=$((($(date -u -d '2026-12-31 12:00:00' +%s) - $(date +%s)) * 1000))
adversary 10.79.0.1:3001 "leap=1 shift=$new_year" 10.79.0.1:3002 "shift=$new_year" \
	10.79.0.1:3003 "at=4294967293" 10.79.0.1:3004 "at=5"
for tool in kernel_look kill_sweep; do
	if ! cc -Wall -Wextra -Werror -D_GNU_SOURCE -O1 -o "$T/$tool" "$R/tests/vm/$tool.c" \
		2>"$T/why"; then
		not_ok "tests/vm/$tool.c is compiled" "$(cat "$T/why")"
		finish
	fi
done

# The programs are copied by the guest while it is still root: its user 65534 may not be
# allowed into this folder.
boot() {
	# Words with "=" that the kernel does not know become the environment of init.
	HOME=$T TMPDIR=${TMPDIR:-/tmp} timeout -k 5 200 linux.uml mem=128M root=/dev/root \
		rootfstype=hostfs rootflags=/ ro init="$R/tests/vm/guest.sh" con=null \
		con0=null,fd:1 quiet vec0:transport=tap,ifname=tap0,depth=64 \
		"REQTIME_R=$R" "REQTIME_BUILD=$BUILD" "REQTIME_T=$T" </dev/null >"$T/console" 2>&1
}
boot
tr -d '\r' <"$T/console" | sed -n 's/^GUEST //p' >"$T/tap"
if ! grep -q '^end$' "$T/tap"; then
	if ! grep -q '^up$' "$T/tap" && ! grep -q 'Attempted to kill init' "$T/console"; then
		skip_all "user-mode Linux does not boot here: $(tail -n 1 "$T/console")"
	fi
	grep -v '^up$' "$T/tap"
	not_ok "the guest came to its end" "$(tail -n 30 "$T/console")"
	exit 1
fi
grep -v '^up$\|^end$' "$T/tap"
exit 0
