#!/bin/sh
# SPDX-License-Identifier: MIT
#
# reqtimed as a process: its threads have no privilege, its service manager is notified, wrong options
# give one line.
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"
# shellcheck source=tests/tools/poke.sh
. "$(dirname "$0")/../../tools/poke.sh"
# shellcheck source=tests/tools/processes.sh
. "$(dirname "$0")/../../tools/processes.sh"

# each NAME KEY VALUE...: in every thread's status the line KEY is VALUE
each() {
	each_name=$1
	each_wrong=$(grep -H "^$2:" /proc/"$server_pid"/task/*/status |
		sed 's/.*:[ 	]*\([^:]*\)$/\1/; s/[ 	][ 	]*/ /g' | sort -u)
	if [ "$each_wrong" = "$3" ]; then
		ok "$each_name"
	else
		not_ok "$each_name" "$each_wrong"
	fi
}

# Started from a login session, with supplementary groups.
if [ "$(id -u)" = 0 ]; then
	server_prefix="setpriv --groups 4,24,27"
fi
mkdir "$T/metrics"
chmod 777 "$T/metrics"
server --listen 127.0.0.1:0 --text-listen 127.0.0.1:0 --threads 3 --local-stratum 1 \
	--metrics "$T/metrics/m" || finish
server_prefix=
check "six threads: main, three for NTP, two for text" \
	test "$(find /proc/"$server_pid"/task -mindepth 1 -maxdepth 1 | wc -l)" = 6
for set in CapInh CapPrm CapEff CapAmb; do
	each "each thread: no capability ($set)" $set 0000000000000000
done
each "each thread: no new privileges" NoNewPrivs 1
if grep -q 'no system call filter' "$server_log"; then
	skip "each thread: behind the system call filter" "$(grep filter "$server_log")"
else
	each "each thread: behind the system call filter" Seccomp 2
fi
if [ "$(id -u)" = 0 ]; then
	uid=$(id -u nobody)
	each "each thread: runs as nobody" Uid "$uid $uid $uid $uid"
	each "each thread: no groups" Groups ""
	each "each thread: nothing in the bounding set" CapBnd 0000000000000000
else
	skip "each thread: runs as nobody" "needs root"
fi
helper=$(family "$server_pid" | cut -s -d ' ' -f 2-)
check "one process besides it" test "$(echo "$helper" | wc -w)" -eq 1
rich=
for set in CapInh CapPrm CapEff CapAmb; do
	[ "$(status_of "$helper" $set)" = 0000000000000000 ] || rich="$rich $set"
done
check "... without a capability, and unable to gain one" test -z "$rich" -a \
	"$(status_of "$helper" NoNewPrivs)" = 1
if [ "$(id -u)" = 0 ]; then
	check "... which runs as nobody, in no group" test \
		"$(status_of "$helper" Uid) $(status_of "$helper" Groups)" = \
		"$uid $uid $uid $uid "
else
	skip "... which runs as nobody, in no group" "needs root"
fi
fds() {
	find "/proc/$server_pid/fd" -mindepth 1 2>/dev/null | wc -l
}
before=$(fds)
"$T/poke" hold 127.0.0.1 "$(server_port reqtime)" 10 1 0 >/dev/null
i=0
while [ $i -lt 20 ]; do
	"$T/poke" tcp 127.0.0.1 "$(server_port reqtime)" reqtime >/dev/null
	i=$((i + 1))
done
sleep 0.1
check "no descriptor is lost ($before)" test "$before" -gt 0 -a "$(fds)" = "$before"
server_stop
check "the other process ends with it" wait_for 5 gone "$helper"
check "... after finishing its work: the metrics file is complete" \
	test "$(ls "$T/metrics")" = m -a -s "$T/metrics/m"

server --listen 127.0.0.1:0 --local-stratum 1 --metrics "$T/metrics/m" || finish
helper=$(family "$server_pid" | cut -s -d ' ' -f 2-)
kill -STOP "$helper"
kill -KILL "$server_pid"
wait "$server_pid" 2>/dev/null
check "the file helper ends with it, also when it hangs" wait_for 5 gone "$helper"

# shellcheck disable=SC2317 # called by wait_for
told_alive() {
	[ "$(grep -c '^WATCHDOG=1' "$T/told")" -ge "$1" ]
}
# The service manager's protocol, by path and by abstract name.
for name in "$T/notify" "@reqtime-test-$$"; do
	background "$T/poke" notify "$name" 100 >"$T/told"
	wait_for 2 grep -q "$name\$" /proc/net/unix
	case $name in
	/*) kind=path && chmod 666 "$name" ;;
	*) kind="abstract name" ;;
	esac
	began=$(date +%s%N)
	NOTIFY_SOCKET=$name WATCHDOG_USEC=500000 server --listen 127.0.0.1:0 --local-stratum 1 ||
		finish
	wait_for 5 told_alive 4
	server_stop
	wait_for 2 grep -q '^STOPPING=1' "$T/told"
	most=$((($(date +%s%N) - began) / 250000000 + 1))
	kill "$background_pid"
	check "service manager by $kind: READY=1 comes first" test "$(head -n 1 "$T/told")" = READY=1
	check "service manager by $kind: STATUS" grep -q '^STATUS=Serving' "$T/told"
	watchdogs=$(grep -c '^WATCHDOG=1' "$T/told")
	check "service manager by $kind: WATCHDOG=1 twice as often as asked ($watchdogs of $most)" \
		test "$watchdogs" -ge 4 -a "$watchdogs" -le "$most"
	check "service manager by $kind: STOPPING=1 comes last" test "$(tail -n 1 "$T/told")" = STOPPING=1
done
NOTIFY_SOCKET=$T/absent server --listen 127.0.0.1:0 || finish
check "a missing manager: one line, and it serves" \
	grep -q '^reqtimed: cannot reach the service manager' "$server_log"
server_stop

# Wrong options: one line, exit 2.
refuses() { # PATTERN ARGUMENT...
	pattern=$1
	shift
	run timeout 5 "$REQTIMED" "$@"
	expect "reqtimed $*" 2 "$pattern"
	check "... in one line" test "$(wc -l <"$err")" = 1 -a ! -s "$out"
}
refuses 'port' --listen 127.0.0.1:99999
refuses 'port' --listen 127.0.0.1:x
refuses 'not a numeric address' --listen localhost
refuses 'not a numeric address' --text-listen 300.1.1.1
refuses '--time-listen' --time-listen '[::1'
refuses '--local-stratum' --local-stratum 0
refuses '--local-stratum' --local-stratum 16
refuses '--threads' --threads 0
refuses '--threads' --threads 65
refuses 'unexpected argument' 127.0.0.1
if [ "$(id -u)" = 0 ]; then
	refuses 'no such user|is there' --listen 127.0.0.1:0 --user no-such-user-here
else
	skip "--user that does not exist" "needs root, to change users"
fi
run timeout 5 "$REQTIMED" --help
expect "--help" 0 '--daytime-listen'

# Port 123 without a privilege.
if [ "$(id -u)" = 0 ]; then
	unprivileged="setpriv --reuid 65534 --regid 65534 --clear-groups"
else
	unprivileged=
fi
if [ "$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start 2>/dev/null || echo 1024)" -le 123 ]; then
	skip "port 123 without a privilege" "this host allows it to all users"
elif ! $unprivileged test -x "$REQTIMED"; then
	skip "port 123 without a privilege" "others may not run programs in $BUILD"
else
	# shellcheck disable=SC2086
	run timeout 5 $unprivileged "$REQTIMED" --listen 127.0.0.1
	expect "port 123 without a privilege: the way out" 6 'CAP_NET_BIND_SERVICE'
fi
finish
