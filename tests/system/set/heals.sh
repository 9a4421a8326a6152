#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A jump is held back at first sight and accepted when seen again, and every refusal names the command
# that ends it; on a simulated machine (sim_clock.h), so that each test sees what happened to the
# clock.
# shellcheck disable=SC2154,SC2016 # `server` sets them; quotes of ours
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"
# shellcheck source=tests/tools/sim.sh
. "$(dirname "$0")/../../tools/sim.sh"
SIM_WAITS=20
export SIM_WAITS
# server NAME LIE_S: $NAME is its address
server() {
	sim_serve "port-$1" 0 0 "$2"
	eval "$1=127.0.0.1:$sim_port"
}
server honest 0
server honest2 0
server honest3 0
server false_one 400
server far 5000
server years 300000000

# A machine that has just started, and a state directory without a history.
fresh() {
	rm -rf "$T/state"
	"$T/world" behind 0
}
# shellcheck disable=SC2317 # called by run
inside() {
	unshare -Urpf --mount-proc --kill-child env LD_PRELOAD="$preload$T/clock.so" "$REQTIME" "$@"
}
# shellcheck disable=SC2317 # called by run
set_clock() {
	inside set --state-dir "$T/state" "$@"
}
# behind NAME LEAST_MS MOST_MS: how far the clock is behind now
behind() {
	# shellcheck disable=SC2046 # two words
	set -- "$@" $("$T/world" look)
	check "$1" test "$5" -ge "$2" -a "$5" -le "$3"
}
# The clock is right, and a time is confirmed.
settled() {
	fresh
	set_clock -q "$@" >/dev/null 2>&1
	"$T/world" skip 301
	set_clock -q "$@" >/dev/null 2>&1
}

# --- A4: a virtual machine that was paused
settled "$honest" "$honest2"
"$T/world" pause 5
run set_clock "$honest" "$honest2"
expect "a pause, two servers: held back" 3 \
	'held back: the clock would jump by \+(4\.9|5).* s, which drift since .* cannot explain; 2 of 2 servers agree, 3 are needed to accept it at once. First seen now; accepted when a run after .* confirms it.  Now: reqtime set --any-offset'
behind "a pause, two servers: left alone" 4900 5100
run inside query --state-dir "$T/state" "$honest" "$honest2"
expect "a pause: query reports the same" 0 '`set` would hold it back: drift since'
check "a pause: query shows since when" grep -q '^held back: .*First seen .* ago' "$out"
run inside query --json --state-dir "$T/state" "$honest" "$honest2"
expect "a pause: query --json" 0 '"plan":."action":"refuse","by_ns":[0-9]*,.*"held_back":."first_seen":"20.*","confirm_after":"20.*","by_ns":(49|50)'
run inside check -vvv --state-dir "$T/state" "$honest" "$honest2"
check "a pause: check -vvv reports the same" grep -q 'would hold it back' "$out"
run set_clock --dry-run "$honest" "$honest2"
expect "a pause: set --dry-run reports the same" 3 'would hold it back'
"$T/world" skip 240
run set_clock --json "$honest" "$honest2"
expect "four minutes later: still held back, JSON" 3 '"status":"refused",.*"held_back":."first_seen"'
"$T/world" skip 61
run inside query --state-dir "$T/state" "$honest" "$honest2"
expect "five minutes later: query reports that set would accept it" 0 'would step it forward by (4|5)'
run set_clock "$honest" "$honest2"
expect "five minutes later: accepted" 0 'stepped the clock by \+(4\.9|5)'
behind "five minutes later: right" -100 100
"$T/world" pause 5
run set_clock --confirm 6m "$honest"
expect "a pause, --confirm 6m: the same run sets it" 0 'stepped the clock by \+(4\.9|5)'
check "... after it was held back once" grep -q 'held back: ' "$err"
behind "... and it is right" -100 100
"$T/world" pause 5
"$T/world" silence 100 500
run set_clock --confirm 6m "$honest"
expect "--confirm: after a query without an answer comes another" 0 'stepped the clock by \+(4\.9|5)'
check "... and the first had no answer" grep -q 'no server gave a usable answer' "$out"
"$T/world" pause 5
exec 9<"$T/state/anchor"
flock 9
run set_clock --confirm 6m "$honest"
expect "--confirm: a lock on a file that everybody may read does not matter" 0 'stepped the clock by \+(4\.9|5)'
exec 9<&-
check "... the confirm file is readable only by its owner" test "$(stat -c %a "$T/state/confirm")" = 600
"$T/world" pause 5
run set_clock --any-offset "$honest"
expect "a pause, the command that the message names" 0 'stepped the clock by \+(4\.9|5)'
"$T/world" pause 5
run set_clock "$honest" "$honest2" "$honest3"
expect "a pause, three servers: accepted at once" 0 'stepped the clock by \+(4\.9|5)'
"$T/world" pause 0.1
run set_clock "$honest"
expect "a pause of 0.1 s is no jump" 0 'slewing|stepped'
settled "$honest"
"$T/world" pause 5
rm -f "$T/state/anchor"
run set_clock "$honest"
expect "the anchor is lost: accepted, for nothing contradicts it" 0 'stepped the clock by \+(4\.9|5)'
settled "$honest"
"$T/world" pause 5
rm -f "$T/state/history.db"
run set_clock "$honest"
expect "history.db is lost: held back all the same" 3 'held back'

# --- a clock moved by someone else
settled "$honest"
"$T/world" behind 500
run set_clock "$honest"
expect "date -s: set right at once, for the servers agree with their last answers" 0 'stepped the clock by \+500'
"$T/world" behind 40000000
run set_clock "$honest"
expect "date -s a year back: the same" 0 'stepped the clock by \+46'
"$T/world" behind -40000000
run set_clock "$honest"
expect "date -s a year ahead: the same" 0 'stepped the clock by -46'
behind "date -s a year ahead: right" -100 100

# --- false times
fresh
run set_clock "$false_one"
expect "+400 s in the first run ever: within the limit" 0 'stepped the clock by \+400'
run set_clock "$honest"
expect "... the honest one is a jump" 3 'held back: the clock would jump by -400'
"$T/world" skip 301
run set_clock "$honest"
expect "... and is accepted when seen again" 0 'stepped the clock by -400'
behind "... so the false time is undone" -100 100
settled "$honest"
run set_clock "$false_one"
expect "+400 s later: a jump" 3 'held back'
run set_clock "$honest"
expect "... an accepted run clears the first sight" 0 'clock'
"$T/world" skip 301
run set_clock "$false_one"
expect "... so the same jump counts as first seen" 3 'First seen now'
behind "... and the clock was left alone" -100 100
fresh
run set_clock "$far"
expect "+5000 s in the first run: beyond the limit" 3 \
	'refused: the clock would jump by \+1 h 23:20, more than --refuse-above \(1000s\), from the local clock and from the clock at boot'
run set_clock --boot "$years"
expect "--boot: no limit" 0 'stepped the clock by \+3472 d'
run set_clock --boot --confirm 6m "$honest"
expect "... and back with --confirm" 0 'stepped the clock by -3472 d'
behind "... so nine years are undone" -100 100
run set_clock --boot "$far"
expect "--boot: a time is confirmed now, so the limits hold" 3 \
	'more than --refuse-above .* and from the last confirmed time. Accepted from .* on, when two more runs confirm it, five minutes apart.  Now: reqtime set --any-offset, or --refuse-above 2h'
"$T/world" skip 301
run set_clock --boot "$far"
expect "... the second run" 3 'Accepted from .* on, when one more run confirms it'
"$T/world" skip 301
run set_clock --boot --refuse-above 1000s "$far"
expect "... the third, with a limit that was given" 3 'and from the last confirmed time.  Now: reqtime set --any-offset'
run set_clock --boot "$far"
expect "... the third, without one" 0 'stepped the clock by \+1 h 23:20'
run set_clock --confirm 6m "$honest"
expect "... and back, with --confirm" 0 'stepped the clock by -1 h 23:20'
run set_clock --any-offset "$far"
expect "... --any-offset sets it at once" 0 'stepped'

# --- --min-interval
settled "$honest"
run set_clock --min-interval 1h "$honest"
expect "--min-interval: the last run is younger" 0 'nothing to do'
run set_clock -q --min-interval 1h "$honest"
check "--min-interval --quiet: no output" test "$status" -eq 0 -a ! -s "$out" -a ! -s "$err"
"$T/world" skip 3601
run set_clock --min-interval 1h "$honest"
expect "--min-interval: the last run is older" 0 'selected'
run set_clock -q "$false_one"
run set_clock --min-interval 1h "$honest"
expect "--min-interval: not while something is held back" 0 'selected'

# --- metrics, history and log
settled "$honest"
"$T/world" pause 5
run set_clock -q --metrics "$T/m.prom" "$honest"
check "metrics: held back" grep -q '^reqtime_held_back{verb="set"} 1$' "$T/m.prom"
check "metrics: ... is not a refusal" grep -q '^reqtime_action{verb="set",action="refuse"} 0$' "$T/m.prom"
run inside history --json --state-dir "$T/state"
expect "history: held back" 0 '"status":"refused".*"held_back":true'
run set_clock -q --log-to "$T/log" "$honest"
check "log: held back" grep -q 'set refused: .*; held back: drift since' "$T/log"
# --- a server that is silent for a month; a server that is only slower than the others is not reported
if have python3; then
	# silent_count [STATEMENT]: how many servers the history has as silent
	silent_count() {
		python3 - "$T/state/history.db" "${1-}" <<-'END'
			import sqlite3, sys
			db = sqlite3.connect(sys.argv[1])
			db.execute(sys.argv[2] or "SELECT 1")
			db.commit()
			print(db.execute("SELECT count(*) FROM silent").fetchone()[0])
		END
	}
	SIM_WAITS=2000
	sim_serve port-slow 50 0
	slow=127.0.0.1:$sim_port
	dead=127.0.0.1:9
	settled "$honest" "$honest2" "$honest3" "$slow" "$dead"
	check "a slow server and a dead one, and the others are enough: both are silent" wait_for 5 sh -c \
		"[ $(silent_count) = 2 ]"
	silent_count "UPDATE silent SET since_wall_ns=since_wall_ns-31*86400*1000000000" >"$T/moved"
	"$T/world" skip 301
	run set_clock "$honest" "$honest2" "$honest3" "$slow" "$dead"
	check "31 days later: the dead one is named" grep -q "$dead has not answered since .*remove it" "$err"
	check "... the slow one is waited for, and not named" test "$(grep -c 'has not answered' "$err")" = 1
	check "... it is not silent any more" sh -c "[ $(silent_count) = 1 ]"
else
	skip "a server that is silent for a month" "needs python3"
fi
finish
