#!/bin/sh
# SPDX-License-Identifier: MIT
#
# `set --every 1h` runs for five simulated days in seconds: the program itself, its history and its
# sandbox, on a simulated machine (sim_clock.h: 50 ppm slow, wandering by 1e-9 per root
# second) with a server over 10 ms and an exponential of 1 ms each way.  This machine's clock is only
# read.  tests/sim/sim_discipline predicts 0.5 ms rms for one exchange an hour; the rest of the
# limit is for a busy machine, whose delays are real ones.
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"
# shellcheck source=tests/tools/sim.sh
. "$(dirname "$0")/../../tools/sim.sh"

HOURS=120
SETTLED=24

# --- every call by which the program waits, reads a clock or sets one is simulated
if have nm; then
	# `recv` and `send` carry no timestamps; clock_getres only gives a clock's resolution.
	imported() {
		nm -D --undefined-only "$1" | awk '{ sub(/@.*/, "", $2); print $2 }' | grep -Ex \
			'poll|ppoll|p?select|epoll_.*|nanosleep|clock_nanosleep|u?sleep|alarm|ualarm|[gs]etitimer|timer_.*|timerfd_.*|clock_([gs]ettime|adjtime)|adjtimex?|ntp_.*|[gs]ettimeofday|s?time|times|ftime|timespec_get|recvm?msg|pthread_.*timed.*|sem_timedwait|mq_timed.*'
	}
	nm -D --defined-only "$T/clock.so" | awk '{ print $3 }' >"$T/simulated"
	imported "$REQTIME" | grep -vxFf "$T/simulated" >"$T/besides"
	check "every call that waits, reads or sets a clock is simulated" test ! -s "$T/besides"
	echo 'int main(void) { extern int usleep(unsigned); return usleep(1); }' >"$T/sleeper.c"
	cc -o "$T/sleeper" "$T/sleeper.c" 2>/dev/null
	check "... another call would be seen" test \
		"$(imported "$T/sleeper" | grep -vxFf "$T/simulated")" = usleep
else
	skip "every call that waits, reads or sets a clock is simulated" "needs nm"
fi

# world NAME WAITS ARG...: runs in its own simulated world; $T/NAME.{out,err,report,log}, $status
world() {
	world_name=$1
	world_waits=$2
	shift 2
	CLOCK_FILE=$T/$world_name.clock
	# shellcheck disable=SC2086 # words
	sim_serve "$world_name.port" 10 1 ${world_drag-}
	status=0
	# shellcheck disable=SC2086 # words
	SIM_REPORT=$T/$world_name.report SIM_WAITS=$world_waits unshare -Ur ${tracer-} env \
		LD_PRELOAD="$preload$T/clock.so" "$REQTIME" set --force --state-dir "$T/$world_name.state" \
		--log-to "$T/$world_name.log" --every 1h --json "$@" \
		"127.0.0.1:$sim_port" \
		>"$T/$world_name.out" 2>"$T/$world_name.err" || status=$?
	[ -n "${world_drag-}" ] || world_end
}
world_end() {
	kill "$sim_server"
	wait "$sim_server" 2>/dev/null
}
# rms FILE FROM: in us, over the waits from number FROM on
rms() {
	awk -v from="$2" 'NR > from { sum += $1 * $1; n++ }
		END { print n ? int(sqrt(sum / n) / 1000) : 999999999 }' "$1"
}

world learns "$HOURS"
check "five days, then SIGTERM ends it" test "$status" -eq 143
check "a run an hour" test "$(wc -l <"$T/learns.out")" -eq $((HOURS + 1)) -a \
	"$(wc -l <"$T/learns.report")" -eq "$HOURS"
# On a busy machine the history process may be late.
check "no warning" test -z "$(grep -v 'the history did not answer in time' "$T/learns.err")"
us=$(rms "$T/learns.report" "$SETTLED")
# On a busy machine the measurements are as wide as its delays, and the clock cannot be better.
proved_us=$(sed 's/"sources".*//; s/.*"bound_ns":\([0-9]*\)[0-9]\{3\},.*/\1/' "$T/learns.out" | sort -n |
	sed -n "$((HOURS / 2))p")
limit_us=$((proved_us > 1500 ? proved_us : 1500))
check "it keeps the clock: $us us rms from the second day on, of $limit_us" test "$us" -le "$limit_us"
# shellcheck disable=SC2016 # awk's
check "the frequency is learned to 0.5 ppm" awk -v from="$SETTLED" '
	NR > from && ($3 + $4 > 500 || $3 + $4 < -500) { bad = 1 } END { exit bad }' "$T/learns.report"
check "one step, at first; after it slews" test \
	"$(tail -n 1 "$T/learns.report" | awk '{ print $7 }')" -eq 1
check "the log has each run" test "$(grep -c ': set ok: ' "$T/learns.log")" -eq $((HOURS + 1))
check "the log has the step" test "$(grep -c '; stepped by +\(2\.9\|3\)' "$T/learns.log")" -eq 1
# The bound predicted by the run before a wait, and the worst offset in the wait.
grep -o '"learnt":{[^}]*}' "$T/learns.out" | sed 's/.*"bound_ns":\([0-9]*\).*/\1/' |
	paste -d ' ' - "$T/learns.report" | awk 'NF == 8' >"$T/predictions"
check "each run predicts a bound" test "$(wc -l <"$T/predictions")" -eq "$HOURS"
# shellcheck disable=SC2016 # awk's
check "the predicted bound holds until the next run" awk '
	$3 > $1 { exceeded++; print "wait", NR ": predicted", $1, "but", $3 }
	END { exit exceeded > 0 }' "$T/predictions"
# shellcheck disable=SC2016 # awk's
check "the kernel's maxerror holds in 999 of 1000 readings" awk '
	{ all += $5; broken += $6 } END { exit !(all > 0 && broken * 1000 <= all) }' "$T/learns.report"

world forgets 12 --no-discipline
plain_us=$(rms "$T/forgets.report" 2)
check "without learning it is $plain_us us rms, more than 60 times as much" test \
	"$plain_us" -ge 60000

# The only server begins to drag the clock, 3.1 s a day: drift explains each single run.
world_drag="36 $((48 * 3600))"
world dragged 72 --quiet
words='the estimated frequency has moved by [+-][0-9.]* ppm from its long-term value'
check "a clock that is dragged: one warning" test \
	"$(grep -cE "warning: $words" "$T/dragged.err")" -eq 1
check "... and in the log each time" test "$(grep -cE "$words" "$T/dragged.log")" -ge 12
# shellcheck disable=SC2317 # called by run
check_dragged() {
	unshare -Ur env LD_PRELOAD="$preload$T/clock.so" "$REQTIME" check \
		--state-dir "$T/dragged.state" "127.0.0.1:$sim_port"
}
run check_dragged
expect "... and check warns" 1 "^REQTIME WARNING: .*$words"
world_end
world_drag=

# A kernel that takes no frequency: the clock is corrected repeatedly, and drifts away each time.
export SIM_FAULT=rate
world stuck 4
unset SIM_FAULT
check "a rate that the kernel does not take is a failure" test \
	"$(tail -n 1 "$T/stuck.out" | grep -c '"status":"error"')" -eq 1
check "... with the amount in the message" grep -Eq \
	'does not keep its rate: the kernel did not take \+[45][0-9]\.[0-9]+ ppm \(\+4\.[0-9]+ s a day\)' "$T/stuck.err"
# How sure it is of that depends on how busy this machine was.
check "... and the learned state is kept" test \
	"$(tail -n 1 "$T/stuck.out" | grep -cE '"learnt":\{"state":"(learning|steady)","frequency_ppb":[45][0-9]{4},')" -eq 1

if have strace; then
	# The leak check is itself a tracer.
	export ASAN_OPTIONS=detect_leaks=0
	tracer="strace -f -qq -o $T/trace"
	world traced 2
	tracer=
	check "under strace it does the same" test "$status" -eq 143
	sed 's/^[0-9]* *\([a-z0-9_]*\)(.*/\1/' "$T/trace" | sort -u >"$T/calls"
	check "no system call of it sets a clock or waits otherwise" sh -c "! grep -Ex \
		'clock_adjtime|adjtimex|clock_settime|settimeofday|(clock_)?nanosleep|ppoll|p?select6?|epoll_.*|timer.*|[gs]etitimer|alarm' \
		'$T/calls'"
	check "... and the trace has what it does" grep -qx poll "$T/calls"
else
	skip "no system call of it sets a clock" "needs strace"
fi
finish
