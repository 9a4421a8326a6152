#!/bin/sh
# SPDX-License-Identifier: MIT
#
# State that one run leaves to the next: kiss codes, the history, the lock.  `set` works here on a
# kernel clock in a file (adversary_clock.c), in a user namespace, where it cannot set the real
# one.  The rows are those of tests/faults.md.
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"
# shellcheck source=tests/tools/adversary.sh
. "$(dirname "$0")/../../tools/adversary.sh"
tool adversary_clock.so clock.so

D=$T/state
rate='stratum=0 leap=3 refid=52415445'
deny='stratum=0 leap=3 refid=44454e59'
adversary 127.0.0.1 "$rate; good" 127.0.0.1 "$deny; good" 127.0.0.1 good 127.0.0.1 'wait=3000' \
	127.0.0.1 "$rate" 127.0.0.1 shift=86400000 127.0.0.1 'wait=60000' 127.0.0.1 "$deny; silent" 127.0.0.1 "$deny; good"

# --- query
# A read-only command makes no directory, named or not; `set` does.
for verb in query check 'set --dry-run'; do
	# shellcheck disable=SC2086 # two words
	run "$REQTIME" $verb --state-dir "$D" "$(at 3)"
	check "row 67 --state-dir of a missing directory, $verb: none is made" test ! -e "$D"
	check "row 67 ... it is reported, with the command that makes it" sh -c \
		"cat '$out' '$err' | grep -q \"there is no $D; running without a history; create it with mkdir\""
done
mkdir -m 755 "$D"
run "$REQTIME" --state-dir "$D" --json -t 1s "$(at 1)"
expect "C26 RATE: no answer" 1 'kiss code RATE'
run "$REQTIME" --state-dir "$D" -t 1s "$(at 1)" "$(at 3)"
expect "C26 RATE: the next run asks the others" 0 'selected'
check "C26 RATE: the next run shows why it did not ask" grep -Eq \
	'asked to be left alone \(kiss code RATE\) until [0-2][0-9]:[0-5][0-9] UTC' "$out"
check "C26 RATE: the next run sends it nothing" test "$(asked 1)" -eq 1
run "$REQTIME" --state-dir "$D" --json -t 1s "$(at 1)" "$(at 3)"
expect "C26 RATE: ... and the command that asks it anyway" 0 \
	'UTC; to ask it now: reqtime query --state-dir /dev/null"'
run "$REQTIME" --state-dir "$D" --json -t 1s "$(at 2)"
run "$REQTIME" --state-dir "$D" --json -t 1s "$(at 2)"
expect "C25 DENY: the next run sends no request" 1 '"no-answer"'
check "C25 DENY: the next run sends nothing" test "$(asked 2)" -eq 1
run "$REQTIME" set --dry-run --state-dir "$D" "$(at 2)"
expect "C25 DENY: set obeys as well" 1 'left alone \(kiss code DENY\)'
check "C25 DENY: set sends nothing" test "$(asked 2)" -eq 1
run "$REQTIME" query --state-dir /dev/null --json -t 1s "$(at 2)"
true_time "C25 DENY: the command in the message asks it once more"
check "C25 DENY: ... and does not mention the missing state" test ! -s "$err"
run "$REQTIME" --state-dir "$D" --json -t 1s "$(at 2)"
expect "C25 DENY: ... which does not change the next run" 1 'left alone'

if have python3; then
	# sql STATEMENT: on the history; prints the first value
	sql() {
		python3 - "$D/history.db" "$1" <<-'END'
			import sqlite3, sys
			db = sqlite3.connect(sys.argv[1])
			row = db.execute(sys.argv[2]).fetchone()
			db.commit()
			print(row[0] if row else "")
		END
	}
	check "the history has a row for each run" test "$(sql 'SELECT count(*) FROM run')" -ge 5
	sql "UPDATE kiss SET until_wall_ns=9223372036854775807,
		since_wall_ns=since_wall_ns-90000*1000000000" >/dev/null
	run "$REQTIME" --state-dir "$D" --json -t 1s "$(at 2)"
	true_time "row 69 a kiss code till the year 2262: a day is the most"
	sql "UPDATE kiss SET since_wall_ns=since_wall_ns+200000*1000000000" >/dev/null
	run "$REQTIME" --state-dir "$D" --json -t 1s "$(at 1)"
	true_time "row 69 a kiss code from the future: does not count"
	# In hold-off for 20 minutes, and needed for a majority: asked once, then not for 15 more minutes.
	age_kisses() {
		sql "UPDATE kiss SET since_wall_ns=since_wall_ns-1200*1000000000" >/dev/null
	}
	run "$REQTIME" --state-dir "$D" --json -t 1s "$(at 8)" "$(at 9)"
	age_kisses
	run "$REQTIME" --state-dir "$D" --json -t 1s "$(at 8)" "$(at 3)" 127.0.0.1:9
	expect "C25 DENY, 20 minutes ago, and needed: asked once" 1 'asked all the same: no answer'
	check "C25 DENY, 20 minutes ago, and needed: one request" test "$(asked 8)" -eq 2
	run "$REQTIME" --state-dir "$D" --json -t 1s "$(at 8)" "$(at 3)" 127.0.0.1:9
	check "C25 asked all the same: not again within 15 minutes" test "$(asked 8)" -eq 2
	age_kisses
	if [ "$(id -u)" -eq 0 ]; then
		run setpriv --reuid 65534 --regid 65534 --clear-groups "$REQTIME" --state-dir "$D" \
			--json -t 1s "$(at 8)"
		expect "C25 DENY, and nothing can be written: obeyed" 1 'left alone'
		check "C25 DENY, and nothing can be written: not asked" test "$(asked 8)" -eq 2
	else
		skip "C25 DENY, and nothing can be written" "needs root"
	fi
	run "$REQTIME" --state-dir "$D" --json -t 1s "$(at 9)" "$(at 3)" 127.0.0.1:9
	true_time "C25 DENY, and needed: the others are a majority with it"
	check "C25 DENY, and needed: it is reported" grep -q 'asked all the same: answered' "$out"
	run "$REQTIME" --state-dir "$D" --json -t 1s "$(at 9)"
	true_time "C25 a good answer ends it"
else
	skip "row 69 a kiss code till the year 2262" "needs python3"
fi
run "$REQTIME" --json -t 1s "$(at 3)"
true_time "row 67 no state directory: asked, without a message"
check "row 67 no state directory: query makes none" test ! -e "$STATE_DIRECTORY"
check "row 67 no state directory: query is silent" test ! -s "$err"
head -c 20000 /dev/urandom >"$D/history.db"
rm -f "$D"/history.db-*
run "$REQTIME" --state-dir "$D" --json -t 1s "$(at 3)"
true_time "row 68 a corrupt history: an answer"
check "row 68 a corrupt history: reported" grep -q 'history.db.corrupt' "$err"
run "$REQTIME" --state-dir "$D" --json -t 1s "$(at 3)"
check "row 68 a corrupt history: reported once" test "$status" -eq 0 -a ! -s "$err"
chmod 777 "$D"
run "$REQTIME" --state-dir "$D" --json -t 1s "$(at 3)"
true_time "row 68 a directory that all may write to: an answer"
check "row 68 a directory that all may write to: not used, and reported" grep -q 'may write' "$err"
chmod 755 "$D"

# --- set, on a fake clock
if ! unshare -Ur true 2>"$T/why"; then
	skip "set and its history" "cannot make a user namespace: $(cat "$T/why")"
	finish
fi
fake_set() {
	unshare -Ur env CLOCK_FILE="$T/clock" LD_PRELOAD="$preload$T/clock.so" "$REQTIME" set \
		--state-dir "$D" --force "$@"
}
rm -rf "$D"
run fake_set -t 1s "$(at 3)"
expect "set, the first run" 0 'selected'
check "set makes the directory and the history" test -s "$D/history.db"
run fake_set -t 1s --min-interval 1h "$(at 3)"
expect "set --min-interval: an unconfirmed time is measured again" 0 'selected'

adversary_good=$(at 3)
run "$REQTIME" --state-dir "$D" --json -t 1s "$(at 6)"
expect "a query of a falseticker: accepted, and recorded" 0 '"offset_ns":86'
run fake_set -t 1s "$adversary_good"
expect "a query of a falseticker does not affect set" 0 'selected'
background unshare -Ur env CLOCK_FILE="$T/clock" LD_PRELOAD="$preload$T/clock.so" "$REQTIME" set \
	--state-dir "$D" --force -t 30s "$(at 7)" >/dev/null 2>&1
holder=$background_pid
wait_for 10 grep -q '^asked 7' "$adversary_log"
soon 200 timed fake_set -t 1s "$(at 3)"
expect "row 71 another run holds the lock: exit 5" 5 'another run holds the lock'
check "row 71 another run holds the lock: reported within 0.2 s ($took_ms ms)" timely 200
run fake_set --json -t 1s "$(at 3)"
expect "row 71 another run holds the lock, in JSON" 5 '"busy"'
run "$REQTIME" --state-dir "$D" --json -t 1s "$(at 3)"
true_time "row 71 query asks while another run holds the lock"
run "$REQTIME" set --dry-run --state-dir "$D" --json -t 1s "$(at 3)"
check "row 71 a dry run works while another run holds the lock" test "$status" -eq 0
kill -KILL "$holder"
wait "$holder" 2>/dev/null
sleep 0.1
run fake_set -t 1s "$(at 3)"
expect "row 72 the lock of a run that was killed: free at once" 0 'selected'

for n in $(seq 50); do
	(
		fake_set -t 2s "$(at 4)" >"$T/many.$n" 2>&1
		echo $? >"$T/status.$n"
	) &
done
wait_for 10 sh -c "[ \$(cat '$T'/status.* | wc -l) -eq 50 ]"
check "row 71 fifty at once: one works, the others are busy" test \
	"$(cat "$T"/status.* | grep -c '^5$')" -eq 49
# shellcheck disable=SC2012 # our own names
check "row 71 fifty at once: no run waits for the lock" test \
	"$(cat "$(ls -t "$T"/status.* | head -n 1)")" -ne 5

adversary_stop
adversary 127.0.0.1 good
if have mount && [ "$(id -u)" = 0 ]; then
	run unshare -Urm sh -c "mkdir -p '$D.full' && mount -t tmpfs -o size=64k none '$D.full' &&
		dd if=/dev/zero of='$D.full/fill' bs=1k count=60 2>/dev/null;
		chmod 755 '$D.full'
		CLOCK_FILE='$T/clock' LD_PRELOAD='$preload$T/clock.so' '$REQTIME' set --force --state-dir '$D.full' '$(at 1)'"
	expect "row 70 disk full: the clock is set anyway" 0 'selected'
	check "row 70 disk full: it is reported" grep -q 'warning' "$err"
else
	skip "row 70 disk full" "needs root"
fi
: >"$T/file"
run unshare -Ur env CLOCK_FILE="$T/clock" LD_PRELOAD="$preload$T/clock.so" "$REQTIME" set --force \
	--state-dir "$T/file" "$(at 1)"
expect "row 67 no usable state directory: set anyway" 0 'selected'
check "row 67 no usable state directory: it is reported" grep -q 'warning' "$err"
finish
