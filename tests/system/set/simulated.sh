#!/bin/sh
# SPDX-License-Identifier: MIT
#
# `set --every 1h` lives through five days in seconds: the program itself, its history and its
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

# --- what the program waits, reads and sets with is what is simulated
if have nm; then
	# `recv` and `send` carry no stamps; clock_getres says how fine a clock is.
	imported() {
		nm -D --undefined-only "$1" | awk '{ sub(/@.*/, "", $2); print $2 }' | grep -Ex \
			'poll|ppoll|p?select|epoll_.*|nanosleep|clock_nanosleep|u?sleep|alarm|ualarm|[gs]etitimer|timer_.*|timerfd_.*|clock_([gs]ettime|adjtime)|adjtimex?|ntp_.*|[gs]ettimeofday|s?time|times|ftime|timespec_get|recvm?msg|pthread_.*timed.*|sem_timedwait|mq_timed.*'
	}
	nm -D --defined-only "$T/clock.so" | awk '{ print $3 }' >"$T/simulated"
	imported "$REQTIME" | grep -vxFf "$T/simulated" >"$T/besides"
	check "all that it can wait, read and set with is simulated" test ! -s "$T/besides"
	echo 'int main(void) { extern int usleep(unsigned); return usleep(1); }' >"$T/sleeper.c"
	cc -o "$T/sleeper" "$T/sleeper.c" 2>/dev/null
	check "... another way would be seen" test \
		"$(imported "$T/sleeper" | grep -vxFf "$T/simulated")" = usleep
else
	skip "all that it can wait, read and set with is simulated" "needs nm"
fi

# world NAME WAITS ARG...: lives in a world of its own; $T/NAME.{out,err,report,log}, $status
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
# rms FILE FROM: in us, over the waits from there on
rms() {
	awk -v from="$2" 'NR > from { sum += $1 * $1; n++ }
		END { print n ? int(sqrt(sum / n) / 1000) : 999999999 }' "$1"
}

world learns "$HOURS"
check "five days, then SIGTERM ends it" test "$status" -eq 143
check "a run an hour" test "$(wc -l <"$T/learns.out")" -eq $((HOURS + 1)) -a \
	"$(wc -l <"$T/learns.report")" -eq "$HOURS"
# A busy machine's history may be late.
check "nothing to complain of" test -z "$(grep -v 'the history did not answer in time' "$T/learns.err")"
us=$(rms "$T/learns.report" "$SETTLED")
# A busy machine's measurements are as wide as its delays, and no clock is kept better than they are.
proved_us=$(sed 's/"sources".*//; s/.*"bound_ns":\([0-9]*\)[0-9]\{3\},.*/\1/' "$T/learns.out" | sort -n |
	sed -n "$((HOURS / 2))p")
limit_us=$((proved_us > 1500 ? proved_us : 1500))
check "it keeps the clock: $us us rms from the second day on, of $limit_us" test "$us" -le "$limit_us"
# shellcheck disable=SC2016 # awk's
check "the frequency is learnt to 0.5 ppm" awk -v from="$SETTLED" '
	NR > from && ($3 + $4 > 500 || $3 + $4 < -500) { bad = 1 } END { exit bad }' "$T/learns.report"
check "one step, at first; after it slews" test \
	"$(tail -n 1 "$T/learns.report" | awk '{ print $7 }')" -eq 1
check "the log has each run" test "$(grep -c ': set ok: ' "$T/learns.log")" -eq $((HOURS + 1))
check "the log has the step" test "$(grep -c '; stepped by +\(2\.9\|3\)' "$T/learns.log")" -eq 1
# Of the run before a wait the promise, of the wait the worst.
grep -o '"learnt":{[^}]*}' "$T/learns.out" | sed 's/.*"bound_ns":\([0-9]*\).*/\1/' |
	paste -d ' ' - "$T/learns.report" | awk 'NF == 8' >"$T/promises"
check "each run promises a bound" test "$(wc -l <"$T/promises")" -eq "$HOURS"
# shellcheck disable=SC2016 # awk's
check "the promised bound holds until the next run" awk '
	$3 > $1 { broken++; print "wait", NR ": promised", $1, "but", $3 }
	END { exit broken > 0 }' "$T/promises"
# shellcheck disable=SC2016 # awk's
check "the kernel's maxerror holds in 999 of 1000 readings" awk '
	{ all += $5; broken += $6 } END { exit !(all > 0 && broken * 1000 <= all) }' "$T/learns.report"

world forgets 12 --no-discipline
plain_us=$(rms "$T/forgets.report" 2)
check "without learning it is $plain_us us rms, more than 60 times as much" test \
	"$plain_us" -ge 60000

# The one server begins to lead the clock away, 3.1 s a day: each run alone is explained by drift.
world_drag="36 $((48 * 3600))"
world dragged 72 --quiet
words='the estimated frequency has moved by [+-][0-9.]* ppm from its long-term value'
check "a clock that is led away: warned of once" test \
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

# A kernel that takes no frequency: the clock is put right again and again, and runs away.
export SIM_FAULT=rate
world stuck 4
unset SIM_FAULT
check "a rate that the kernel does not take is no success" test \
	"$(tail -n 1 "$T/stuck.out" | grep -c '"status":"error"')" -eq 1
check "... and it is said by how much" grep -Eq \
	'does not keep its rate: \+[45][0-9]\.[0-9]+ ppm \(\+4\.[0-9]+ s a day\) could not be given' "$T/stuck.err"
# How sure it is of that depends on how busy this machine was.
check "... and what was learnt goes on" test \
	"$(tail -n 1 "$T/stuck.out" | grep -cE '"learnt":\{"state":"(learning|steady)","frequency_ppb":[45][0-9]{4},')" -eq 1

if have strace; then
	# The leak check is a tracer itself.
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
