#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The output of a run for other programs, on a simulated machine whose clock is 3 s behind: with
# --metrics the remaining offset, and in a log or a pipe one line.
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"
# shellcheck source=tests/tools/sim.sh
. "$(dirname "$0")/../../tools/sim.sh"

file=$T/set.prom
# sets WORLD ARG...: a run in its own simulated world
sets() {
	CLOCK_FILE=$T/$1.clock
	sim_serve "$1.port" 10 1
	world=$1
	shift
	run unshare -Ur env LD_PRELOAD="$preload$T/clock.so" "$REQTIME" set --force \
		--state-dir "$T/$world.state" --metrics "$file" "$@" "127.0.0.1:$sim_port"
}
# about NAME LOW HIGH: the metric, in ms
about() {
	awk -v name="reqtime_$1{verb=\"set\"}" -v low="$2" -v high="$3" '
		$1 == name { found = $2 * 1000 >= low && $2 * 1000 <= high }
		END { exit !found }' "$file"
}

# On a busy machine delays are long: the bound is wide, and the 3 s stay 3 s.
sets stepped
expect "3 s behind: stepped" 0 '^stepped the clock by \+(2\.9|3)'
check "a step: the offset is the measured one" about offset_seconds 2000 4000
check "... nothing of it remains" about remaining_offset_seconds -1 1
check "... nor pending" about pending_slew_seconds 0 0
sets slewed --slew
expect "3 s behind, --slew: slewing" 0 '^slewing the clock by \+(2\.9|3)'
check "a slew: all of it remains" about remaining_offset_seconds 2000 4000
check "... and pending" about pending_slew_seconds 2000 4000
sets dry --dry-run
expect "a dry run" 0 'would step'
check "a dry run: all of it remains" about remaining_offset_seconds 2000 4000
check "... and nothing is pending" about pending_slew_seconds 0 0

one_line() { # one_line NAME PATTERN
	expect "$1" "$wanted" "$2"
	check "... in one line, and no other" test "$(cat "$out" "$err" | wc -l)" -eq 1
}
wanted=0
sets line --format line
one_line "--format line: action, offset, bound, servers" \
	'^stepped the clock by \+(2\.9|3).*: .*; offset \+(2\.9|3)[0-9.]* s \+/- [0-9.]+ ms, 1 of 1 server agrees: 127\.0\.0\.1:[0-9]+$'
mkdir "$T/none"
run "$REQTIME" query --format line --state-dir "$T/none" "127.0.0.1:$sim_port"
# shellcheck disable=SC2016 # the backticks are printed
one_line "--format line: query shows the plan of set" '^`set` would .*; offset .* 1 of 1 server agrees: '
wanted=3
sets refused --refuse-above 1s --format line
one_line "--format line: refused, with the command that sets it now" '^offset .*; refused: the clock would jump .*  Now: reqtime set'
wanted=1
run "$REQTIME" query --format line --state-dir "$T/none" -t 200ms 127.0.0.1:9
one_line "--format line: no answer, and why" '^no trusted time: .*127\.0\.0\.1:9 \('

# Output anywhere but on a terminal.
wanted=0
sets news --quiet
expect "--quiet: news" 0 '^stepped the clock by .*--step-above$'
check "... is not wrapped" test "$(grep -c . "$out")" -eq 2
if ! unshare -Urm mount -t tmpfs none /mnt 2>"$T/why"; then
	skip "a root that is read-only: one warning" "cannot mount: $(cat "$T/why")"
	finish
fi
mkdir "$T/root"
CLOCK_FILE=$T/ro.clock
sim_serve ro.port 10 1
# shellcheck disable=SC2016 # of the other shell
run unshare -Urm sh -c 'mount -t tmpfs -o ro none "$1" && mount -t tmpfs -o ro none /run && shift && exec "$@"' - \
	"$T/root" env LD_PRELOAD="$preload$T/clock.so" "$REQTIME" set --force --quiet \
	--state-dir "$T/root/state" "127.0.0.1:$sim_port"
expect "a root that is read-only: the clock is set" 0 '^stepped the clock by '
check "... with one warning" test "$(grep -c 'Read-only file system' "$err"):$(wc -l <"$err")" = 1:1
finish
