#!/bin/sh
# SPDX-License-Identifier: MIT
#
# reqtimed where hardened units and containers forbid system calls: it serves whatever it can, and
# names the call and the way out.
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"
# shellcheck source=tests/tools/poke.sh
. "$(dirname "$0")/../../tools/poke.sh"
tool forbid

# The calls that ProtectClock= forbids, reading included.
clock_calls=adjtimex,clock_adjtime,clock_settime,settimeofday
if ! "$T/forbid" $clock_calls EPERM true 2>"$T/why"; then
	skip_all "no filter to forbid calls with: $(head -n 1 "$T/why")"
fi
# said NAME PATTERN: a line of the log
said() {
	if grep -Eq -e "$2" "$server_log"; then
		ok "$1"
	else
		not_ok "$1" "no line matches $2 in:
$(cat "$server_log")"
	fi
}

server_prefix="$T/forbid $clock_calls EPERM" server --listen 127.0.0.1:0 --text-listen 127.0.0.1:0 || finish
poke udp 127.0.0.1 "$(server_port ntp)" 200 "$(request 35)"
check "the clock's state may not be read: NTP answers that it is not synchronised" \
	test "$(field "$(reply 1)" 0 2)" = e400
poke udp 127.0.0.1 "$(server_port reqtime)" 200 72657174696d65
silent "... and the text services are silent"
said "... the log names the call and the ways out" \
	'clock_adjtime: Operation not permitted.*ProtectClock=no.*seccomp.*--local-stratum$'
check "... once" test "$(grep -c clock_adjtime "$server_log")" = 1
server_stop

server_prefix="$T/forbid $clock_calls EPERM" server --listen 127.0.0.1:0 --local-stratum 3 || finish
port=$(server_port ntp)
run "$REQTIME" query --json "127.0.0.1:$port"
expect "with --local-stratum it serves the clock anyway" 0 '"stratum": *3'
for verb in "query -v" "check" "set --dry-run"; do
	# shellcheck disable=SC2086 # arguments
	run "$T/forbid" $clock_calls EPERM "$REQTIME" $verb "127.0.0.1:$port"
	expect "... $verb under the same filter" 0
done
server_stop

# Other calls at the start, each forbidden in both ways.
calls="landlock_create_ruleset landlock_restrict_self seccomp close_range faccessat2 SO_TIMESTAMPING"
if grep -q __asan_init "$REQTIMED"; then
	skip "without prlimit64, sched_getaffinity" "the sanitizers need them"
else
	calls="$calls prlimit64 sched_getaffinity"
fi
for call in $calls; do
	for error in EPERM ENOSYS; do
		server_prefix="$T/forbid $call $error" server --listen 127.0.0.1:0 --local-stratum 3 \
			--threads 1 || continue
		run "$T/forbid" "$call" $error "$REQTIME" query -n 1 "127.0.0.1:$(server_port ntp)"
		expect "without $call ($error): served, and asked" 0
		server_stop
	done
done

# A container without the right to change users.
if [ "$(id -u)" != 0 ] || ! have setpriv; then
	skip "no right to become another user" "needs root and setpriv"
	finish
fi
mkdir "$T/metrics"
chmod 777 "$T/metrics"
bare="setpriv --bounding-set=-all"
server_prefix=$bare server --listen 127.0.0.1:0 --local-stratum 1 --metrics "$T/metrics/m" || finish
said "no right to change users: reported, and it serves as root without any capability" \
	'not permitted to become nobody \(CAP_SETUID, CAP_SETGID\): serving as root, without any capability'
grep -h '^Cap[^B]' "/proc/$server_pid"/task/*/status | awk '$2 !~ /^0*$/' >"$T/held"
check "... without any, each thread" test ! -s "$T/held"
check "... behind its filter" sh -c "
	grep -q 'no system call filter' '$server_log' || grep -q '^Seccomp:.*2' /proc/$server_pid/status"
server_stop
run $bare "$REQTIMED" --listen 127.0.0.1:0 --local-stratum 1 --user daemon
expect "... --user asks for one: exit status 6, and the way out" 6 '^reqtimed: --user daemon: .*CAP_SETUID.*--user root'
finish
