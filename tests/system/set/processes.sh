#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The processes of `set`, on a simulated machine (sim_clock.h) and in a user namespace, where the
# right to set the clock can be had without effect: the privileges of each, that the privileged one
# never waits without end, and that no other outlives it.
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"
# shellcheck source=tests/tools/sim.sh
. "$(dirname "$0")/../../tools/sim.sh"
# shellcheck source=tests/tools/processes.sh
. "$(dirname "$0")/../../tools/processes.sh"
tool intruder.so
sim_serve near
near=127.0.0.1:$sim_port
sim_serve never 60000 0
never=127.0.0.1:$sim_port
mkdir "$T/metrics"
SYS_TIME=0000000002000000
NOTHING=0000000000000000

# begin ARGUMENT...: in the background; $begun is the parent.  With its own lock: several run
# at the same time.
begin() {
	rm -rf "$T/state"
	"$T/world" behind 2
	# shellcheck disable=SC2016 # of the other shell
	unshare -Urm sh -c 'mount -t tmpfs none /run && exec "$@"' - env LD_PRELOAD="$preload$T/clock.so${spy:-}" "$REQTIME" set --force \
		--state-dir "$T/state" --metrics "$T/metrics/m" "$@" >"${output:-$out}" 2>"$err" &
	begun=$!
	lib_pids="$lib_pids $begun"
}
ended() {
	status=0
	wait "$begun" || status=$?
}
# clock NAME STEPS LEAST_MS MOST_MS: the number of its steps, and how far behind it is now
clock() {
	# shellcheck disable=SC2046 # two words
	set -- "$@" $("$T/world" look)
	check "$1" test "$5" -eq "$2" -a "$6" -ge "$3" -a "$6" -le "$4"
}
# rights PID: its four effective capability sets, and the bounding set
rights() {
	for set in Prm Eff Inh Amb Bnd; do
		status_of "$1" "Cap$set"
	done | tr '\n' ' '
}
# shellcheck disable=SC2317 # called by wait_for
holds_nothing() {
	[ "$(rights "$1" | cut -d ' ' -f -4)" = "$NOTHING $NOTHING $NOTHING $NOTHING" ]
}

# --- no reader of the output: the clock is set, and the capability is dropped before anything is printed
mkfifo "$T/full"
exec 9<>"$T/full"
dd if=/dev/zero of="$T/full" bs=4096 oflag=nonblock 2>/dev/null
output=$T/full begin "$near"
printing=$begun
began=$(date +%s%N)
check "after the action the parent drops the capability for good" wait_for 10 holds_nothing "$printing"
check "... while its child still prints" sh -c "
	kill -0 $printing && [ \"\$(wc -w <'/proc/$printing/task/$printing/children')\" -ge 1 ]"
check "... and cannot regain it" test "$(status_of "$printing" NoNewPrivs)" = 1
clock "... the clock is set by then" 1 -100 100
cp "$err" "$T/printing.err"

# --- while it measures
begin -t 60s "$never" "localhost:${never##*:}"
wait_for 10 measures "$begun"
check "while it measures the parent is permitted to set the clock, and no more: nothing is effective" \
	test "$(rights "$begun")" = "$SYS_TIME $NOTHING $NOTHING $NOTHING $SYS_TIME "
others=$(family "$begun" | cut -s -d ' ' -f 2-)
rich=
for pid in $others; do
	holds_nothing "$pid" && [ "$(status_of "$pid" NoNewPrivs)" = 1 ] || rich="$rich $pid"
done
check "... four processes besides it, none of which holds or can gain a right" test \
	"$(echo "$others" | wc -w)" -eq 4 -a -z "$rich"
if filters; then
	check "row 66 set: the measuring process is behind the system call filter" test \
		"$(status_of "$measurer" Seccomp)" = 2
else
	skip "row 66 set: the measuring process is behind the system call filter" "$(cat "$T/why")"
fi
kill -KILL "$begun"
# Without the signal it would run for a minute.
# shellcheck disable=SC2086 # words
check "row 75 set: they all end with it" wait_for 10 gone $others
ended
begin -t 60s "$never" "localhost:${never##*:}"
wait_for 10 measures "$begun"
others=$(family "$begun" | cut -s -d ' ' -f 2-)
# shellcheck disable=SC2086
kill -STOP $others
kill -KILL "$begun"
# shellcheck disable=SC2086
check "row 75 set: also those that hang" wait_for 10 gone $others
# shellcheck disable=SC2086
kill -KILL $others 2>/dev/null
ended

# --- the measuring process hangs: the parent does not
begin -t 4s "$never"
wait_for 10 measures "$begun"
hanging=$begun
kill -STOP "$measurer"
check "row 76 the measuring process is stopped for good: the parent ends when its time is up" \
	wait_for 10 gone "$hanging"
kill -KILL "$hanging" 2>/dev/null
ended
check "row 76 ... exit 6, with a message" sh -c \
	"[ $status -eq 6 ] && grep -q 'did not report in time: the clock was left alone' '$err'"
check "row 76 ... and the hanging process is ended" wait_for 10 gone "$measurer"
clock "row 76 ... left alone" 0 1900 2100

# --- the measuring process is exploited
if filters; then
	for what in open raw execve fork ptrace kill clock_settime; do
		export INTRUDER_MEASURES=$what
		spy=:$T/intruder.so begin "$near"
		unset INTRUDER_MEASURES
		ended
		check "row 66 set: a forbidden call ($what) ends the measuring process: exit 6" test "$status" -eq 6
		check "row 66 ... it is reported ($what)" grep -q 'was ended by signal 31' "$err"
		clock "row 66 ... left alone ($what)" 0 1900 2100
	done
else
	skip "row 66 set: a forbidden call ends the measuring process" "$(cat "$T/why")"
fi

# --- the run without a reader again: ten seconds after the action it has ended
begun=$printing
check "row 77 set, a report without a reader: the parent ends when its time is up" \
	wait_for 15 gone "$printing"
took_ms=$((($(date +%s%N) - began) / 1000000))
kill -KILL "$printing" 2>/dev/null
ended
check "row 77 ... exit 0 ($took_ms ms)" test "$status" -eq 0
exec 9>&-
finish
