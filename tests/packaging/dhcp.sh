#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The hooks of DHCP clients: which servers of a lease they leave in /run/reqtime.d, and that the file
# goes with the lease.  dhclient and systemd-networkd are real, with a DHCP server of systemd-networkd
# on the other end of a veth; NetworkManager's script gets the variables that its manual has.
. "$(dirname "$0")/../tools/lib.sh"
own_network "$@"

# This script's own /run, and an /etc under an overlay: tests/guard.
[ "$(id -u)" = 0 ] || skip_all "needs root: a /run of its own"
[ "$(stat -f -c %T /run)" = tmpfs ] || skip_all "needs a mount namespace"
folder=/run/reqtime.d
hooks=$T/libexec
mkdir "$hooks"
for file in dhcp-servers dhclient networkmanager networkd; do
	sed "s|@libexecdir@|$hooks|" "$R/packaging/dhcp/$file" >"$hooks/$file"
	chmod 755 "$hooks/$file"
done
echo 'dhcp-servers = always' >"$T/conf"
# reads WANTED: the servers that reqtime takes from the folder, without a warning
reads() {
	run "$REQTIME" config -f "$T/conf" query
	test "$(sed -n 's/^server = *\([^ ]*\) .*/\1/p' "$out" | tr '\n' ' ')" = "$1" && [ ! -s "$err" ]
}
# leaves NAME FILE WANTED: the servers in that file, or that it is gone
leaves() {
	if [ -z "$3" ]; then
		check "$1" test ! -e "$folder/$2"
	else
		check "$1" test "$(sed -n 's/^server = //p' "$folder/$2" | tr '\n' ' ')" = "$3"
	fi
}

# ---- dhcp-servers ----
run "$hooks/dhcp-servers" dhclient eth0 192.0.2.1 ntp.example 2001:db8::1
expect "three servers" 0
leaves "... are in the file of the interface" dhcp-eth0.conf "192.0.2.1 ntp.example 2001:db8::1 "
check "... which says where they are from" grep -qx '# eth0, from dhclient' "$folder/dhcp-eth0.conf"
check "... root's alone, in a folder that is root's alone" test \
	"$(stat -c '%u:%a ' "$folder" "$folder/dhcp-eth0.conf" | tr -d '\n')" = "0:755 0:644 "
check "... and nothing else" test "$(ls -A "$folder")" = dhcp-eth0.conf
check "reqtime reads them" reads "192.0.2.1 ntp.example 2001:db8::1 "
(umask 0 && "$hooks/dhcp-servers" dhclient eth0 192.0.2.2)
check "... whatever the umask" test "$(stat -c %a "$folder/dhcp-eth0.conf")" = 644
"$hooks/dhcp-servers" dhclient6 eth0 2001:db8::6
leaves "IPv6 has a file of its own" dhcp6-eth0.conf "2001:db8::6 "
leaves "... beside that of IPv4" dhcp-eth0.conf "192.0.2.2 "
"$hooks/dhcp-servers" dhclient6 eth0
leaves "no server: the file is removed" dhcp6-eth0.conf ""
# shellcheck disable=SC2016 # as it is
"$hooks/dhcp-servers" dhclient eth0 '$(id)' ';'
leaves "... also where none is left" dhcp-eth0.conf ""
# shellcheck disable=SC2046 # words
"$hooks/dhcp-servers" dhclient eth0 $(seq -f '192.0.2.%g' 20)
check "no more than eight" test "$(grep -c '^server' "$folder/dhcp-eth0.conf")" = 8
ln -sf "$T/precious" "$folder/dhcp-eth0.conf"
"$hooks/dhcp-servers" dhclient eth0 192.0.2.3
check "a link in its place is replaced, not followed" test ! -e "$T/precious" -a ! -h "$folder/dhcp-eth0.conf"
for interface in '' ../x a/b .x -x 'a b' sixteen-letters-; do
	run "$hooks/dhcp-servers" dhclient "$interface" 192.0.2.1
	expect "no interface: \"$interface\"" 2 '^usage: dhcp-servers CLIENT INTERFACE'
done
"$hooks/dhcp-servers" dhclient eth0.6:1@x 192.0.2.1
leaves "the name of a VLAN" dhcp-eth0.6:1@x.conf "192.0.2.1 "
rm "$folder"/*

long=$(printf '%064d' 0 | tr 0 a)
good="0.0.0.0 255.255.255.255 192.0.2.1 a a1 1a.b1 n_tp.example xn--mgba.example NTP.Example 3com.example :: ::1
	2001:db8::1 1:2:3:4:5:6:7:8 1:2:3:4:5:6:7:: ::2:3:4:5:6:7:8 fe80::1%eth0 FE80::1 a.b-.c ${long%a}.example"
for word in $good; do
	"$hooks/dhcp-servers" t eth0 "$word"
	check "taken: $word" reads "$word "
done
bad="1.2.3 1.2.3.4.5 256.1.1.1 01.2.3.4 1.2.3.4. .1.2.3.4 1..2.3 1.2.3.4/24 1.2.3.4:123 1.2.3.-4 1 0x7f.1 a.1 a..b .a a.
	-a a.-b a:b ntp://a nts://a a/b a:1 [::1] ::1%eth0 fe80::1% fe80::1%../x fe80::1%.x 1:2:3:4:5:6:7 1:2:3:4:5:6:7:8:9
	1:2:3:4:5:6:7:8:: 1::2::3 ::: :1 1: 1:2 12345::1 ::g ::ffff:192.0.2.1 $long $long.example $(printf '%0254d' 0 | tr 0 a)
	a;b a'b a\"b a\\b \$a \`a\` a*b ? [a] a=b #a ;a a,b a|b a&b a%b é $(printf 'a\001b')"
set -f
for word in $bad; do
	"$hooks/dhcp-servers" t eth0 192.0.2.1 "$word"
	leaves "dropped: $word" dhcp-eth0.conf "192.0.2.1 "
done
set +f
"$hooks/dhcp-servers" t eth0 192.0.2.1 "a
server = 192.0.2.66" "a b" "	" ""
leaves "dropped: a line feed, a blank, a tab, nothing" dhcp-eth0.conf "192.0.2.1 "
# All words of one octet, and pairs around letters: what the hook takes, reqtime takes.
set --
for octet in $(seq 1 255); do
	# The line feed is cut off by $(), and an empty word is dropped.
	char=$(printf '%b' "\\0$(printf %o "$octet")")
	set -- "$@" "$char" "a${char}b" "1$char" "2001:db8::$char"
done
rm "$folder"/*
n=0
wrong=
while [ $# -ge 4 ]; do
	"$hooks/dhcp-servers" t "eth$n" "$1" "$2" "$3" "$4"
	shift 4
	n=$((n + 1))
	if [ $# -lt 4 ] || [ $((n % 8)) -eq 0 ]; then
		run "$REQTIME" config -f "$T/conf" query
		wrong="$wrong$(grep -v 'lines are left out' "$err")"
		rm -f "$folder"/*
	fi
done
nothing "what the hook takes of $n odd words, reqtime takes" "$wrong"

# ---- NetworkManager ----
nm() { # ACTION [NAME=VALUE]...
	nm_action=$1
	shift
	run env -i "$@" "$hooks/networkmanager" wlan0 "$nm_action"
}
nm up DHCP4_NTP_SERVERS="192.0.2.1 192.0.2.2" DHCP4_IP_ADDRESS=192.0.2.9
expect "NetworkManager: up" 0
leaves "... its servers" dhcp-wlan0.conf "192.0.2.1 192.0.2.2 "
nm dhcp4-change DHCP4_NTP_SERVERS="192.0.2.3 * /etc/*"
leaves "... a new lease, in which patterns are no files" dhcp-wlan0.conf "192.0.2.3 "
nm dhcp6-change DHCP4_NTP_SERVERS=192.0.2.3 DHCP6_DHCP6_NTP_SERVERS=2001:db8::5
leaves "... both families" dhcp-wlan0.conf "192.0.2.3 2001:db8::5 "
nm connectivity-change DHCP4_NTP_SERVERS=
leaves "... another event changes nothing" dhcp-wlan0.conf "192.0.2.3 2001:db8::5 "
nm dhcp4-change
leaves "... a lease without servers" dhcp-wlan0.conf ""
nm up DHCP4_NTP_SERVERS=192.0.2.1
nm down DHCP4_NTP_SERVERS=192.0.2.1
leaves "... down" dhcp-wlan0.conf ""
run env -i "$hooks/networkmanager" "" connectivity-change
expect "... an event without an interface" 0
mv "$hooks/dhcp-servers" "$hooks/away"
nm up DHCP4_NTP_SERVERS=192.0.2.1
expect "... nothing once the package is removed" 0
mv "$hooks/away" "$hooks/dhcp-servers"

# ---- dhclient: its variables ----
# The hook is read by dhclient-script, whose own shell it must leave as it was.
hook() { # NAME=VALUE...
	# shellcheck disable=SC2016 # for that shell
	run env -i interface=eth0 "$@" sh -eu -c 'exit_status=0; set --; . "$0"; echo "after: $- $exit_status $#"' "$hooks/dhclient"
}
hook reason=BOUND new_ntp_servers="192.0.2.1 192.0.2.2"
expect "dhclient: BOUND, and its shell goes on as before" 0 '^after: ue 0 0'
leaves "... its servers" dhcp-eth0.conf "192.0.2.1 192.0.2.2 "
hook reason=RENEW new_ntp_servers="192.0.2.3 /*"
leaves "... RENEW" dhcp-eth0.conf "192.0.2.3 "
hook reason=BOUND6 new_dhcp6_sntp_servers=2001:db8::1
leaves "... BOUND6" dhcp6-eth0.conf "2001:db8::1 "
hook reason=PREINIT
leaves "... PREINIT keeps the last" dhcp-eth0.conf "192.0.2.3 "
hook reason=EXPIRE old_ntp_servers=192.0.2.3
leaves "... EXPIRE" dhcp-eth0.conf ""
hook reason=STOP6
leaves "... STOP6" dhcp6-eth0.conf ""
hook reason=TIMEOUT new_ntp_servers=192.0.2.4
leaves "... TIMEOUT, the old lease is used" dhcp-eth0.conf "192.0.2.4 "
hook reason=REBIND
leaves "... REBIND without servers" dhcp-eth0.conf ""
mv "$hooks/dhcp-servers" "$hooks/away"
hook reason=BOUND new_ntp_servers=192.0.2.1
expect "... nothing once the package is removed" 0 '^after: ue 0 0'
mv "$hooks/away" "$hooks/dhcp-servers"

# ---- real clients, and the DHCP server of systemd-networkd ----
networkd=/lib/systemd/systemd-networkd
dhclient=$R/build/peers/sbin/dhclient
if [ ! -x $networkd ] || ! id systemd-network >/dev/null 2>&1; then
	skip "real DHCP clients" "needs systemd-networkd"
	finish
fi
mkdir -p /run/systemd/network /run/o/upper /run/o/work
install -d -o systemd-network -g systemd-network /run/systemd/netif
# With a /sys that cannot be written, networkd does not wait for udev.
if ! mount -t sysfs -o ro sysfs /sys 2>"$T/why" ||
	! mount -t overlay -o "lowerdir=/etc,upperdir=/run/o/upper,workdir=/run/o/work" overlay /etc 2>"$T/why" ||
	! ip link add srv type veth peer name cli 2>"$T/why" ||
	! ip link add srv2 type veth peer name cli2 2>"$T/why"; then
	skip "real DHCP clients" "$(cat "$T/why")"
	finish
fi
served() { # FILE INTERFACE ADDRESS SERVERS
	printf '[Match]\nName=%s\n[Network]\nAddress=%s/24\nDHCPServer=yes\n[DHCPServer]\nNTP=%s\n' \
		"$2" "$3" "$4" >"/run/systemd/network/$1.network"
}
served 10-srv srv 10.66.1.1 "10.66.1.1 10.66.1.9"
served 11-srv2 srv2 10.66.2.1 "10.66.2.1 10.66.2.9"
printf '[Match]\nName=cli\n[Network]\nDHCP=ipv4\n' >/run/systemd/network/20-cli.network
background $networkd >"$T/networkd.log" 2>&1
networkd_pid=$background_pid
# As its path unit does, for each change.
leases() {
	"$hooks/networkd"
	[ "$(sed -n 's/^server = //p' "$folder/dhcp-cli.conf" 2>/dev/null | tr '\n' ' ')" = "$1" ]
}
if ! wait_for 10 grep -rqs '^NTP=..*' /run/systemd/netif/links; then
	skip "systemd-networkd" "it gets no lease here: $(tail -n 1 "$T/networkd.log")"
else
	check "systemd-networkd: the servers of its lease" leases "10.66.1.1 10.66.1.9 "
	check "... which reqtime reads" reads "10.66.1.1 10.66.1.9 "
	check "... of no other link" test "$(ls $folder)" = dhcp-cli.conf
	"$hooks/dhcp-servers" dhclient lo 192.0.2.1
	printf '[Match]\nName=cli\n[Network]\nDHCP=ipv4\n[DHCPv4]\nUseNTP=no\n' >/run/systemd/network/20-cli.network
	kill "$networkd_pid"
	wait "$networkd_pid" 2>/dev/null
	background $networkd >"$T/networkd.log" 2>&1
	networkd_pid=$background_pid
	check "... UseNTP=no: none" wait_for 10 leases ""
	check "... and no file of another client is touched" test "$(ls $folder)" = dhcp-lo.conf
	"$hooks/dhcp-servers" networkd gone0 192.0.2.1
	"$hooks/networkd"
	leaves "... a link that is gone" dhcp-gone0.conf ""
	rm $folder/*
fi
if [ ! -x "$dhclient" ]; then
	skip "dhclient" "needs isc-dhcp-client below build/peers (packaging/deps test)"
	finish
fi
mkdir -p /etc/dhcp/dhclient-exit-hooks.d
rm -rf /etc/dhcp/dhclient-exit-hooks.d/* /etc/dhcp/dhclient-enter-hooks.d
cp "$hooks/dhclient" /etc/dhcp/dhclient-exit-hooks.d/reqtime
echo 'request subnet-mask, ntp-servers;' >"$T/dhclient.conf"
ip link set cli2 up
ask() {
	timeout 60 "$dhclient" "$@" -cf "$T/dhclient.conf" -sf "$R/build/peers/sbin/dhclient-script" \
		-lf "$T/leases" -pf "$T/dhclient.pid" cli2 >>"$T/dhclient.log" 2>&1
}
background ask -d
wait_for 20 test -e $folder/dhcp-cli2.conf
leaves "dhclient: the servers of its lease" dhcp-cli2.conf "10.66.2.1 10.66.2.9 "
check "... which reqtime reads" reads "10.66.2.1 10.66.2.9 "
ask -r
wait_for 10 test ! -e $folder/dhcp-cli2.conf
leaves "... released" dhcp-cli2.conf ""
kill "$networkd_pid"
finish
