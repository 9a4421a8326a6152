#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A service of the guest that tests/vm/serve.sh boots.
. "${0%/*}/guest_lib.sh"

if [ "${1:-}" = prepare ]; then
	cd "$2" || exit 1
	cp -a "$REQTIME_T/dest/." .
	echo "SERVERS=10.79.0.1" >etc/default/reqtime
	mkdir -p etc/systemd/system/reqtimed.socket.d
	# The examples in the socket unit itself.
	{
		echo "[Socket]"
		sed -n 's/^#\(Listen\)/\1/p' usr/lib/systemd/system/reqtimed.socket
	} >etc/systemd/system/reqtimed.socket.d/text.conf
	systemctl --root=. -q enable reqtimed
	exit
fi

cp "$REQTIME_T/kernel_look" "$REQTIME_T/step_watch" $W/
# until SECONDS COMMAND...
until_s() {
	until_end=$(($(cut -d. -f1 /proc/uptime) + $1))
	shift
	while ! "$@"; do
		[ "$(cut -d. -f1 /proc/uptime)" -lt "$until_end" ] || return 1
		sleep 0.2
	done
}
is_active() {
	systemctl -q is-active "$1"
}
pid() {
	systemctl show reqtimed.service -p MainPID --value
}
# says STRATUM REFID: our client's view of our server
says() {
	run reqtime query --json -t 3s 127.0.0.1
	grep -q "\"stratum\":$1,\"refid\":\"$2\"" $W/out
}
unsynchronised() {
	run reqtime query --json -t 3s 127.0.0.1
	[ $status -eq 1 ] && grep -q '"status":"unsynchronised"' $W/out
}
log() {
	journalctl -u reqtimed.service -o cat
}

until_s 60 is_active reqtimed.service
result "the server runs, with its sockets" $? "$(systemctl status reqtimed.socket reqtimed)"
is_active reqtimed.socket
result "its sockets are systemd's" $?
awk '{ value[$1] = $2 } END { exit !(value["Uid:"] > 1000 && value["CapPrm:"] ~ /^0*$/ &&
	value["CapBnd:"] ~ /^0*$/ && value["NoNewPrivs:"] == 1 && value["Seccomp:"] == 2) }' \
	"/proc/$(pid)/status"
result "a user of its own, no capability even in the bounding set, a filter" $? \
	"$(grep 'Uid\|Cap\|NoNew\|Seccomp' "/proc/$(pid)/status")"
[ "$(readlink "/proc/$(pid)/ns/net")" != "$(readlink /proc/self/ns/net)" ]
result "its own network namespace, empty" $?
run systemd-analyze security --no-pager --threshold=20 reqtimed.service
result "exposure of at most 2.0: $(tail -n 1 $W/out | tr -dc 0-9.)" $status

# The clock: never set, set by reqtime, stepped, set by reqtime again.
until_s 5 unsynchronised
result "a clock that was never set: leap 3" $?
[ "$(log | grep -c 'the kernel says that this clock is not synchronised')" = 1 ]
result "... logged once" $? "$(log)"
systemctl start reqtime.service
run systemctl status reqtime.service
until_s 10 says 10 127.127.0.1
result "reqtime has set it, and made its directory since: the kernel's state" $? "$(log)"
systemctl restart reqtimed.service
until_s 10 says 4 10.79.0.1
result "after a restart: the run of reqtime" $? "$(log; ls -laR /var/lib/private)"
sleep 3
says 4 10.79.0.1
result "... and it stays with it while the kernel counts up its error" $? "$(log)"
run sh -c "touch /proc/$(pid)/root/var/lib/private/reqtime/x"
[ $status -ne 0 ] && [ ! -e /var/lib/private/reqtime/x ]
result "which it cannot write to" $?
$W/kernel_look step 3000
until_s 5 unsynchronised
result "a step: leap 3" $? "$(log)"
systemctl start reqtime.service
until_s 30 says 4 10.79.0.1
result "set by reqtime again: its run again" $? "$(log)"
[ "$(log | grep -c 'the clock was stepped')" -ge 1 ]
result "... logged" $? "$(log)"

# Steps by an hour, there and back, with requests in the queue.
run $W/step_watch 123 200
read -r steps answered torn <$W/out
[ $status -eq 0 ] && [ "$steps" = 200 ] && [ "$answered" -gt 1000 ] && [ "$torn" = 0 ]
result "200 steps under load: no answer has stamps of both sides ($answered answers, $torn torn)" $?
is_active reqtimed.service
result "... and the server goes on" $?

# The other services; each starts the server.
echo 'OPTIONS=--local-stratum 1 -f /etc/reqtime/reqtimed.conf' >/etc/default/reqtimed
echo 'deny = 192.0.2.1' >/etc/reqtime/reqtimed.conf
systemctl stop reqtimed.service
run reqtime query -t 10s 127.0.0.1 reqtime+tcp://127.0.0.1
is_active reqtimed.service
result "stopped, it is started by the first request" $? "$(systemctl status reqtimed)"
until_s 10 is_active reqtimed.service
for server in 127.0.0.1 reqtime://127.0.0.1 reqtime+tcp://127.0.0.1 time://127.0.0.1 \
	time+tcp://127.0.0.1 daytime://127.0.0.1 daytime+tcp://127.0.0.1; do
	run reqtime query --json "$server"
	grep -q '"received":[1-9]' $W/out
	result "served by socket activation: $server" $? "$(log)"
done
echo 'deny = 127.0.0.1' >/etc/reqtime/reqtimed.conf
systemctl reload reqtimed.service
refused() {
	run reqtime query --json -t 1s 127.0.0.1
	[ $status -eq 1 ]
}
until_s 10 refused
result "systemctl reload: the new list is in force" $? "$(log)"
: >/etc/reqtime/reqtimed.conf
systemctl reload reqtimed.service
until_s 10 says 1 LOCL
result "... and the next" $? "$(log)"

# The 32 bits of seconds overflow at 2036-02-07 06:28:16, in the grace period after this step.
date -u -s '2036-02-07 06:28:10' >/dev/null
until_s 5 unsynchronised
result "2036: a step" $? "$(log)"
rolled() {
	[ "$(date -u +%s)" -gt 2085978496 ]
}
agrees() {
	run reqtime query --json 127.0.0.1
	[ $status -eq 0 ] && awk -F'"offset_ns":' '{ split($2, v, ","); o = v[1] < 0 ? -v[1] : v[1] }
		END { exit !(NR == 1 && o < 50000000) }' $W/out
}
until_s 30 rolled
until_s 30 agrees
result "2036, after the NTP seconds overflowed: our client agrees" $? "$(date -u; log)"
seconds=$(date -u +%s)
[ "$seconds" -gt 2085978496 ] && [ "$seconds" -lt 2085978596 ]
result "... and it is a minute in the new era" $? "$(date -u)"
run "$REQTIME_R/build/peers/usr/sbin/chronyd" -4 -Q -u root -t 10 -f /dev/null \
	"pidfile /run/c.pid" "cmdport 0" "server 127.0.0.1 iburst maxsamples 1"
awk '/System clock wrong by/ { for (i = 1; i < NF; i++) if ($i == "by") w = $(i + 1) < 0 ? -$(i + 1) : $(i + 1)
	n++ } END { exit !(n == 1 && w < 0.05) }' $W/out $W/err
result "2036: so does chronyd" $?

guest_end
