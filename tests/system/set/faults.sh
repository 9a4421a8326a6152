#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The rows of tests/faults.md for `set`: limits, other programs, a kernel that refuses, signals at the
# wrong moment.  On a simulated machine (sim_clock.h), so that each test sees what happened to the
# clock.
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"
# shellcheck source=tests/tools/adversary.sh
. "$(dirname "$0")/../../tools/adversary.sh"
# shellcheck source=tests/tools/sim.sh
. "$(dirname "$0")/../../tools/sim.sh"
# shellcheck source=tests/tools/processes.sh
. "$(dirname "$0")/../../tools/processes.sh"
sim_serve near
near=127.0.0.1:$sim_port
sim_serve late 300 0
late=127.0.0.1:$sim_port
sim_serve slow 5000 0
slow=127.0.0.1:$sim_port
# Only the processes of the test are visible; no history either.
fresh() {
	rm -rf "$T/state"
	"$T/world" behind "$1"
}
# shellcheck disable=SC2317 # called by run
set_clock() {
	unshare -Urpf --mount-proc --kill-child env LD_PRELOAD="$preload$T/clock.so" \
		"$REQTIME" set --state-dir "$T/state" "$@"
}
# clock NAME STEPS LEAST_MS MOST_MS: the number of its steps, and how far behind it is now
clock() {
	# shellcheck disable=SC2046 # two words
	set -- "$@" $("$T/world" look)
	check "$1" test "$5" -eq "$2" -a "$6" -ge "$3" -a "$6" -le "$4"
}

# --- limits
fresh 86400
run set_clock "$near"
expect "row 34 set, a day behind: refused" 3 'more than --refuse-above \(1000s\).*  Now: reqtime set --any-offset, or --refuse-above 25h'
clock "row 34 set, a day behind: left alone" 0 86399900 86400100
run set_clock --any-offset "$near"
expect "row 34 set --any-offset: done" 0 'stepped the clock by \+1 d'
clock "row 34 set --any-offset: right" 1 -100 100
fresh -200
run set_clock --refuse-back-above 100s "$near"
expect "row 35 set, 200 s ahead: going back has its own limit where one is given" 3 'more than --refuse-back-above \(100s\)'
clock "row 35 set, 200 s ahead: left alone" 0 -200100 -199900
fresh -50
run set_clock "$near"
expect "row 35 set, 50 s ahead: done" 0 'stepped the clock by -50'
clock "row 35 set, 50 s ahead: right" 1 -100 100
fresh 0
adversary 127.0.0.1 shift=-400000000000
run set_clock --any-offset "$(at 1)"
expect "row 36 set --any-offset, before the build date: refused all the same" 3 'is before the release of this program'
clock "row 36 set, before the build date: left alone" 0 -100 100
# The history bounds the possible drift.
fresh 0
set_clock -q "$near" >/dev/null 2>&1
"$T/world" behind 0
adversary 127.0.0.1 "shift=$((1800000000000 - $(date +%s) * 1000 + 60000))"
run set_clock "$(at 1)"
expect "row 41 set: no drift since the last run explains it" 3 'held back: the clock would jump by \+[0-9.]+ s, which drift since'
clock "row 41 set: left alone" 0 -100 100
adversary_stop

# --- other programs
fresh 2
cp /bin/sleep "$T/chronyd"
# shellcheck disable=SC2317 # called by run
beside_chronyd() {
	# shellcheck disable=SC2016 # of the other shell
	unshare -Urpf --mount-proc --kill-child sh -c '"$0" 60 & shift; LD_PRELOAD=$1 "$2" set "$3" --state-dir "$4" "$5"' \
		"$T/chronyd" - "$preload$T/clock.so" "$REQTIME" "$1" "$T/state" "$near"
}
run beside_chronyd -v
expect "row 60 set with chronyd running: busy" 5 'chronyd'
clock "row 60 set with chronyd running: left alone" 0 1900 2100
run beside_chronyd --force
expect "row 60 set --force with chronyd running: done, with a message" 0 stepped
clock "row 60 set --force with chronyd running: right" 1 -100 100
check "row 60 set --force with chronyd running: a warning" grep -q 'warning: chronyd' "$err"

# --- the kernel
fresh 2
SIM_FAULT=refused
export SIM_FAULT
run set_clock "$near"
expect "row 64 clock_adjtime refuses: clock_settime does it" 0 stepped
clock "row 64 clock_adjtime refuses: right" 1 -100 100
SIM_FAULT=ignored
fresh 2
run set_clock "$near"
expect "row 65 the step is ignored: it is not claimed" 6 'read-back shows'
clock "row 65 the step is ignored" 1 1900 2100
unset SIM_FAULT
fresh 2
mkdir -m 755 "$T/state"
head -c 20000 /dev/urandom >"$T/state/history.db"
run set_clock "$near"
expect "row 68 set, a corrupt history: done" 0 stepped
check "row 68 set, a corrupt history: reported" grep -q 'history.db.corrupt' "$err"
clock "row 68 set, a corrupt history: right" 1 -100 100

# --- signals
# begin SERVER: a run in the background, until it waits for an answer; $begun, and
# $measurer, the measuring process
begin() {
	unshare -Ur env LD_PRELOAD="$preload$T/clock.so" "$REQTIME" set --force --state-dir "$T/state" \
		-t 20s "$1" >"$out" 2>"$err" &
	begun=$!
	lib_pids="$lib_pids $begun"
	wait_for 10 measures "$begun"
}
ended() {
	status=0
	wait "$begun" || status=$?
}
for signal in INT:130 TERM:143 HUP:129; do
	fresh 2
	begin "$slow"
	kill -"${signal%:*}" "$begun"
	ended
	check "row 73 SIG${signal%:*} before the action: exit ${signal#*:}" test "$status" -eq "${signal#*:}"
	clock "row 73 SIG${signal%:*} before the action: left alone" 0 1900 2100
done
fresh 2
SIM_FAULT=signal
export SIM_FAULT
run set_clock --force "$near"
unset SIM_FAULT
check "row 74 SIGTERM while it is set: done, and reported" sh -c \
	"[ '$status' -eq 0 ] && cat '$out' '$err' | grep -Eq 'stepped the clock|the clock was set'"
clock "row 74 SIGTERM while it is set: once" 1 -100 100
run set_clock --force "$near"
expect "row 74 the next run has nothing left to do" 0 'left the clock alone|slewing the clock'
clock "row 74 the next run: still once" 1 -100 100
fresh 2
begin "$slow"
kill -SYS "$measurer"
ended
check "row 66 a forbidden call ends the measuring process: exit 6" test "$status" -eq 6
check "row 66 ... it is reported" grep -q 'was ended by signal' "$err"
clock "row 66 ... left alone" 0 1900 2100
fresh 2
begin "$late"
kill -STOP "$begun" "$measurer"
sleep 3
kill -CONT "$begun" "$measurer"
ended
check "row 76 stopped for 3 s in the measurement: an end" test "$status" -le 1
# Within the bound: the server answers one request after another.
clock "row 76 stopped for 3 s in the measurement: set once, or left alone" \
	$((status == 0)) $((status == 0 ? -500 : 1900)) $((status == 0 ? 500 : 2100))

# --- no reader
fresh 2
run sh -c "unshare -Urpf --mount-proc env LD_PRELOAD='$preload$T/clock.so' '$REQTIME' set --state-dir '$T/state' '$near' >/dev/full"
check "row 77 set, a full stdout: the clock is set, with a message" sh -c \
	"[ '$status' -eq 0 ] && grep -q 'warning' '$err'"
clock "row 77 set, a full stdout: right" 1 -100 100
fresh 2
run sh -c "unshare -Urpf --mount-proc env LD_PRELOAD='$preload$T/clock.so' '$REQTIME' set --state-dir '$T/state' '$near' >&- 2>&-"
check "row 77 set, everything closed: exit 0" test "$status" -eq 0
clock "row 77 set, everything closed: right" 1 -100 100
fresh 2
run sh -c "(unshare -Urpf --mount-proc env LD_PRELOAD='$preload$T/clock.so' '$REQTIME' set --state-dir '$T/state' '$near'; echo \$? >'$T/status') | true"
clock "row 77 set, a pipe without a reader: right" 1 -100 100
finish
