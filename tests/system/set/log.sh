#!/bin/sh
# SPDX-License-Identifier: MIT
#
# --log-to: a line for each run and each message, to each kind of log; an unwritable log costs a
# warning, never the run.
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"
# shellcheck source=tests/tools/adversary.sh
. "$(dirname "$0")/../../tools/adversary.sh"
tool adversary_clock.so clock.so
tool devlog

L=$T/log
adversary 127.0.0.1 good 127.0.0.1 'stratum=0 leap=3 refid=1b5b324a' 127.0.0.1 'wait=30000' \
	127.0.0.1 shift=86400000
stamp='^20[0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-9:]*\.[0-9]*Z reqtime\[[0-9]*\]: '

run "$REQTIME" --log-to "$L" "$(at 1)"
expect "query with a log" 0 selected
check "query: a line with time, verdict, offset, bound and action" grep -Eq \
	"${stamp}query ok: offset [-+0-9.]+ [a-z]?s \+/- [0-9.]+ [a-z]?s, 1 of 1 server agrees; would .*: " "$L"
run "$REQTIME" --log-to "$L" -q "$(at 1)"
check "query --quiet: a line in the log, and nothing else" test "$(wc -l <"$L")" -eq 2 -a ! -s "$out"
run "$REQTIME" --log-to "$L" -t 1s "$(at 2)"
check "no answer is logged as such" grep -Eq "${stamp}query (no-answer|unsynchronised)" "$L"
check "no control characters in the log" sh -c "! LC_ALL=C grep -q '[^ -~]' '$L'"
run "$REQTIME" set --dry-run --log-to "$L" "$(at 4)"
expect "a dry run is refused" 3
check "a dry run that is refused: logged" grep -Eq \
	"${stamp}set \(dry run\) refused: offset \+1 d .*; would refuse: the offset is beyond --refuse-above" "$L"
check "the message is in the log, too" grep -Eq "${stamp}refused: the clock would jump by" "$L"
: >"$L"
background "$REQTIME" --log-to "$L" -t 30s "$(at 3)" >/dev/null 2>&1
wait_for 10 grep -q "^asked 3" "$adversary_log"
sleep 0.2
kill -TERM "$background_pid"
wait "$background_pid" 2>/dev/null
check "a run ended by a signal: logged" grep -Eq "${stamp}query interrupted by signal 15" "$L"
: >"$L"
run "$REQTIME" --log-to stderr "$(at 1)"
check "stderr: the line is there" grep -Eq "${stamp}query ok" "$err"

# --- unwritable logs
run "$REQTIME" --log-to /dev/full "$(at 1)"
expect "a full log: the run goes on" 0 selected
check "a full log: reported once" test "$(grep -c 'cannot write to the log' "$err")" -eq 1
run "$REQTIME" --log-to "$T/no/such" "$(at 1)"
expect "a log that cannot be made: the run goes on" 0 selected
check "a log that cannot be made: reported" grep -q 'cannot write to the log .*No such file' "$err"
echo kept >"$T/target"
ln -s target "$T/link"
run "$REQTIME" --log-to "$T/link" "$(at 1)"
expect "a symbolic link: the run goes on" 0 'it is a symbolic link'
ln -s nowhere "$T/dangling"
run "$REQTIME" --log-to "$T/dangling" "$(at 1)"
expect "a dangling link: the run goes on" 0 'it is a symbolic link'
ln "$T/target" "$T/second"
run "$REQTIME" --log-to "$T/second" "$(at 1)"
expect "a second name: the run goes on" 0 'it has a second hard link'
check "... and nothing was written or made there" test "$(cat "$T/target")" = kept -a ! -e "$T/nowhere"
mkfifo "$T/pipe"
run "$REQTIME" --log-to "$T/pipe" "$(at 1)"
expect "a pipe without a reader: the run goes on" 0 selected
run sh -c "ulimit -f 0; exec '$REQTIME' --log-to '$L' '$(at 1)' >/dev/null"
check "a limit on file sizes: the run goes on" test "$status" -eq 0
run "$REQTIME" --log-to "$T/a
b" "$(at 1)"
check "an unusual file name works" test -s "$T/a
b"

# --- set, on a fake clock
if ! unshare -Urm true 2>"$T/why"; then
	skip "set and syslog" "cannot make a user namespace: $(cat "$T/why")"
	finish
fi
logged=$T/logged
# shellcheck disable=SC2317 # called by run
fake_set() {
	unshare -Urm "$T/devlog" "$logged" env CLOCK_FILE="$T/clock" LD_PRELOAD="$preload$T/clock.so" \
		"$REQTIME" set --state-dir "$T/state" --force "$@"
}
run fake_set -q --log-to syslog --slew "$(at 1)"
check "set --quiet --log-to syslog: silent" test "$status" -eq 0 -a ! -s "$out" -a ! -s "$err"
check "syslog: facility daemon, level info, name and process" grep -Eq \
	'^<30>reqtime\[[0-9]+\]: set ok: offset .*: ' "$logged"
run fake_set -q --log-to syslog --any-offset "$(at 4)"
check "syslog: a step that did not move this clock is an error" grep -Eq \
	'^<27>reqtime\[[0-9]+\]: set error: .*; not stepped by \+1 d .*: ' "$logged"
run fake_set -q --log-to syslog "$(at 4)"
check "syslog: a refusal is a warning, its message an error" sh -c \
	"grep -q '^<28>.*: set refused: ' '$logged' && grep -q '^<27>.*: refused: the clock' '$logged'"
# Syslog and standard error end up in the same journal then.
journal() {
	: >"$logged"
	: >"$err"
	JOURNAL_STREAM=$(stat -c %d:%i "$1") run fake_set -q --log-to syslog "$(at 4)"
}
journal "$out"
check "standard error is not the journal: the message is in syslog, too" test \
	"$(grep -c 'refused: the clock' "$logged"):$(grep -c 'refused: the clock' "$err")" = 1:1
journal "$err"
check "standard error is the journal: the message is there once" test \
	"$(grep -c 'refused: the clock' "$logged"):$(grep -c 'refused: the clock' "$err")" = 0:1
check "... and syslog has the line of the run" grep -q '^<28>.*: set refused: ' "$logged"
run unshare -Urm env CLOCK_FILE="$T/clock" LD_PRELOAD="$preload$T/clock.so" "$T/devlog" "$T/nowhere/x" true
check "the test's server passes on the exit status" test "$status" -eq 99
if [ ! -e /dev/log ]; then
	run "$REQTIME" --log-to syslog "$(at 1)"
	expect "no syslog at all: the run goes on" 0 selected
	check "no syslog at all: reported" grep -q 'cannot write to the log syslog' "$err"
fi
finish
