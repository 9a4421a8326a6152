#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Servers with a false time, far-off times, slow and lossy paths.  The rows are those
# of tests/faults.md.
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"
# shellcheck source=tests/tools/adversary.sh
. "$(dirname "$0")/../../tools/adversary.sh"
tool far_clock.so

# --- one server with a far-off time: name|script|seconds wanted|set --dry-run|--any-offset
now_s=$(date +%s)
release_s=1793491200
wire() { # the time of this wire second, less now, in seconds; eras from 50 years before the release on
	if [ "$1" -lt $((release_s - 1577880000 + 2208988800)) ]; then
		echo $(($1 + 4294967296 - 2208988800 - now_s))
	else
		echo $(($1 - 2208988800 - now_s))
	fi
}
rows=$T/rows
cat >"$rows" <<END
row 34 offset +1 day|shift=86400000|86400|3|0
row 34 offset +999 s|shift=999000|999|0|0
row 34 offset +1001 s|shift=1001000|1001|3|0
row 35 offset -1 s|shift=-1000|-1|0|0
row 35 offset -1 day|shift=-86400000|-86400|3|0
row 35 offset -1 week|shift=-604800000|-604800|3|0
row 35 offset -10 years|shift=-315360000000|-315360000|3|3
row 36 the day of release|at=$((release_s + 2208988800))|$(wire $((release_s + 2208988800)))|3|0
row 36 a day before it|at=$((release_s - 86400 + 2208988800))|$(wire $((release_s - 86400 + 2208988800)))|3|3
row 36 1900, which the wire cannot tell from 2036|at=86400|$(wire 86400)|3|0
row 36 1970, which the wire cannot tell from 2106|at=2208990000|$(wire 2208990000)|3|3
row 36 2001|at=3187296000|$(wire 3187296000)|3|3
row 37 2036-02-07 06:28:14|at=4294967294|$(wire 4294967294)|3|0
row 37 2036-02-07 06:28:15|at=4294967295|$(wire 4294967295)|3|0
row 37 2036-02-07 06:28:16|at=0 t2=1 t3=1|$(wire 0)|3|0
row 37 2036-02-07 06:28:17|at=1|$(wire 1)|3|0
row 37 2036-02-07 06:28:18|at=2|$(wire 2)|3|0
row 37 2038-01-19 03:14:08|at=61505152|$(wire 61505152)|3|0
row 37 2104-01-01|at=2142696704|$(wire 2142696704)|3|0
C32 2106-01-02, past what a stamp can surely mean|at=2205860000|$(wire 2205860000)|3|3
END
set --
while IFS='|' read -r name script wanted; do
	set -- "$@" 127.0.0.1 "$script"
done <"$rows"
adversary "$@"
n=1
while IFS='|' read -r name script wanted limited any <&3; do
	run "$REQTIME" --json -n 1 "$(at $n)"
	if [ "$status" -eq 0 ] && [ "$(json status)" = ok ] &&
		within 300 $(($(json offset_ns) / 1000000000 - wanted)); then
		ok "$name: the offset is right"
	else
		not_ok "$name: the offset is right" "wanted $wanted s, exit $status: $(cat "$out")"
	fi
	run "$REQTIME" set --dry-run --json -n 1 "$(at $n)"
	if [ "$status" -eq "$limited" ]; then
		ok "$name: set would exit $limited"
	else
		not_ok "$name: set would exit $limited" "exit $status: $(cat "$out" "$err")"
	fi
	run "$REQTIME" set --dry-run --any-offset --json -n 1 "$(at $n)"
	if [ "$status" -eq "$any" ]; then
		ok "$name: set --any-offset would exit $any"
	else
		not_ok "$name: set --any-offset would exit $any" "exit $status: $(cat "$out" "$err")"
	fi
	n=$((n + 1))
done 3<"$rows"

# --- a local clock that is far off; the era of a server's time never comes from it
adversary 127.0.0.1 good
far() { # DATE COMMAND...: with a local clock that starts at DATE
	far_s=$(($(date -u -d "$1" +%s) - now_s))
	shift
	run env FAR_CLOCK_S=$far_s LD_PRELOAD="$preload$T/far_clock.so" "$@"
}
for date in 1902-01-01 1970-01-02 2001-01-01 2100-01-01 2199-01-01 2261-01-01; do
	far $date "$REQTIME" --json -n 1 "$(at 1)"
	if [ "$status" -eq 0 ] && [ "$(json status)" = ok ] &&
		[ "$(json offset_ns)" -ge $(((-far_s - 1) * 1000000000)) ] &&
		[ "$(json offset_ns)" -le $(((-far_s + 1) * 1000000000)) ]; then
		ok "row 36 the local clock says $date: the offset is right"
	else
		not_ok "row 36 the local clock says $date: the offset is right" \
			"wanted $((-far_s)) s, exit $status: $(cat "$out" "$err")"
	fi
	far $date "$REQTIME" set --dry-run -n 1 "$(at 1)"
	expect "row 36 the local clock says $date: known to be wrong, so no limit applies" 0 \
		'would step it'
	far $date "$REQTIME" set --dry-run --any-offset --json -n 1 "$(at 1)"
	expect "row 36 the local clock says $date: set --any-offset would step" 0 \
		'"action":"step"'
	far $date "$REQTIME" check "$(at 1)"
	expect "row 36 the local clock says $date: check is CRITICAL" 2 'CRITICAL'
done
for date in 2263-01-01 2400-01-01; do
	far $date "$REQTIME" -t 1s "$(at 1)"
	expect "row 36 the local clock says $date: refused, with the way out" 6 \
		'after 2262.*date -s'
	far $date "$REQTIME" set --dry-run --any-offset -t 1s "$(at 1)"
	expect "row 36 the local clock says $date: set refuses, too" 6 'after 2262.*date -s'
done

# --- falsetickers
L=shift=1000
one="refid=0a0a0a0a refat=$((now_s + 2208988800 - 100))"
adversary 127.0.0.1 good 127.0.0.1 good 127.0.0.1 good 127.0.0.1 "$L" 127.0.0.1 "$L" \
	127.0.0.1 "$L" 127.0.0.1 shift=-5000 127.0.0.1 shift=9000 \
	127.0.0.1 "$L $one" 127.0.0.1 "$L $one" 127.0.0.1 "$L $one" \
	127.0.0.1 rootdisp=9830 127.0.0.1 rootdisp=9830 127.0.0.1 rootdisp=9830 \
	127.0.0.1 'shift=200 stratum=1 rootdisp=0 precision=-30' \
	127.0.0.1 'shift=100 stratum=1 rootdisp=0 precision=-30' \
	127.0.0.1 shift=86400000 127.0.0.1 shift=86400000 127.0.0.1 shift=86400000
split() {
	if [ "$status" -eq 1 ] && [ "$(json status)" = no-majority ] &&
		[ "$(json offset_ns)" = null ]; then
		ok "$1"
	else
		not_ok "$1" "exit $status: $(cat "$out" "$err")"
	fi
}
false_count() {
	grep -o '"status":"falseticker"' "$out" | wc -l
}
# shellcheck disable=SC2046 # lists of servers
{
	run "$REQTIME" --json --all $(at 1 4)
	true_time "row 38 1 falseticker of 4 is outvoted"
	check "row 38 1 falseticker of 4 is named" test "$(false_count)" = 1
	check "row 38 1 falseticker of 4: its distance is shown" sh -c \
		"printf '%s\n' '$(source_of 4)' | grep -Eq 'misses the majority by \+?(1 s|9[0-9][0-9](\.[0-9]+)? ms)'"
	run "$REQTIME" --json --all $(at 1 5)
	true_time "row 38 2 falsetickers of 5 are outvoted"
	check "row 38 2 falsetickers of 5 are named" test "$(false_count)" = 2
	timed "$REQTIME" --json $(at 2 5)
	split "row 39 2 colluding falsetickers of 4: no answer"
	run "$REQTIME" $(at 2 5)
	expect "row 39 2 colluding falsetickers of 4: both cliques are shown" 1 \
		'2 servers? say .*, 2 say '
	run "$REQTIME" --json $(at 1 2) "$(at 4)" $(at 7 8)
	split "row 39 3 falsetickers of 5 that do not agree: no answer"
	run "$REQTIME" set --dry-run --json $(at 1 2) $(at 17 19)
	expect "row 39 3 colluding falsetickers of 5 cannot be told from a majority: only the limit remains" 3
	run "$REQTIME" --json $(at 3 4)
	split "row 40 2 that disagree: no answer"
	# Nothing listens on port 9: after the ICMP errors, silence.
	run "$REQTIME" --json "$(at 3)" 127.0.0.1:9
	true_time "one of 2 is silent: the other is used"
	run "$REQTIME" --json --min-sources 2 "$(at 3)" 127.0.0.1:9
	expect "one of 2 is silent, --min-sources 2: no answer" 1 '"no-majority".*"offset_ns":null'
	run "$REQTIME" --json $(at 2 3) "$(at 8)"
	true_time "row 40 1 of 3 disagrees: the two others are a majority"
	run "$REQTIME" set --dry-run --json $(at 17 19)
	expect "row 41 all agree and lie by a day: beyond the limit" 3 '"action":"refuse"'
	run "$REQTIME" --json --all $(at 12 15)
	true_time "row 42 a falseticker that claims to be certain, outside: outvoted"
	check "row 42 a falseticker that claims to be certain, outside: named" test "$(false_count)" = 1
	run "$REQTIME" --json --all $(at 12 14) "$(at 16)"
	true_time "row 42 a falseticker that claims to be certain, inside: the truth is in the bound"
	run "$REQTIME" --json --all $(at 1 2) $(at 9 11)
	split "C31 one daemon behind three addresses is no majority"
	run "$REQTIME" --format csv --all $(at 1 2) $(at 9 11)
	expect "C31 one daemon behind three addresses: the reason is shown" 1 'are one machine: 1 of 3'
	run "$REQTIME" --json --min-sources 4 $(at 1 3)
	split "C31 --min-sources 4: three are too few"
	run "$REQTIME" --json -t 600ms --liars 0 "$(at 1)" 127.0.0.1:9 127.0.0.1:9
	true_time "C31 --liars 0: one of three is enough"
	run "$REQTIME" --json --liars 0 $(at 1 3) "$(at 4)"
	split "C31 --liars 0: a single falseticker: no answer"
	run "$REQTIME" --json --liars 2 $(at 1 4)
	split "C31 --liars 2 of four cannot be met"
	run "$REQTIME" --format csv --liars 2 $(at 1 4)
	expect "C31 --liars 2 of four: the reason is shown" 1 'liars 2 needs 5 sources or more, 4 are named'
}

# --- a minority, and unusable others
rate='stratum=0 leap=3 refid=52415445'
adversary 127.0.0.1 "$rate" 127.0.0.1 "$rate" 127.0.0.1 "$rate" 127.0.0.1 "$L" \
	127.0.0.1 leap=3 127.0.0.1 stratum=16 127.0.0.1 rootdisp=200000 127.0.0.1 good 127.0.0.1 silent
# shellcheck disable=SC2046
{
	run "$REQTIME" --json $(at 1 4)
	split "C31 three of four say RATE: the fourth is not trusted"
	run "$REQTIME" --format csv $(at 1 4)
	expect "C31 three of four say RATE: each is named, with the reason" 1 \
		'no majority: 1 of 4 agree, 2 are needed; 127.0.0.1:[0-9]*: kiss code RATE'
	run "$REQTIME" --json $(at 4 7)
	split "C31 none of three others can be used: the fourth is not trusted"
	run "$REQTIME" --json "$(at 4)" $(at 1 2) "$(at 5)" 127.0.0.1:9
	split "C31 RATE, leap 3, silence of four in five: the fifth is not trusted"
	run "$REQTIME" --json "$(at 1)" "$(at 8)"
	true_time "C31 one of two says RATE: the other is used"
	mkdir -m 700 "$T/state"
	run "$REQTIME" --json --state-dir "$T/state" $(at 1 2) "$(at 8)" -t 1s
	run "$REQTIME" --json --state-dir "$T/state" $(at 1 2) "$(at 8)" -t 1s
	split "C31 two of three in hold-off: the third is not trusted"
	check "C31 in hold-off for less than 15 minutes: not asked" test "$(asked 1)" -eq 5
}

# --- the fields of a packet
words() { # N: the fields of honest server N
	echo "shift=1000 refid=0a00000$1 refat=$((now_s + 2208988800 - 100)) rootdelay=100 rootdisp=$((60 + $1))"
}
copied="$(words 1 | sed 's/shift=1000//')"
adversary 127.0.0.1 "$(words 1)" 127.0.0.1 "$(words 2)" 127.0.0.1 "$(words 3)" \
	127.0.0.1 "$copied rootdisp=88000" 127.0.0.1 "$copied rootdisp=88000" \
	127.0.0.1 "$copied wait=300 shift=850" 127.0.0.1 "$copied wait=300 shift=1150" \
	127.0.0.1 "wait=10 hold=10" 127.0.0.1 "wait=10 hold=10" 127.0.0.1 "wait=10 hold=10" \
	127.0.0.1 "wait=10 hold=10 rootdelay=0 rootdisp=0 shift=9 t2=-9 t3=9" \
	127.0.0.1 "wait=10 hold=10 rootdelay=0 rootdisp=0 shift=-9 t2=-9 t3=9"
# narrow NAME OFFSET_NS SLACK_NS BOUND_NS: an answer within SLACK of OFFSET, with at most that bound
narrow() {
	if [ "$status" -eq 0 ] && [ "$(json bound_ns)" -le "$4" ] &&
		within "$3" $(($(json offset_ns) - $2)); then
		ok "$1"
	else
		not_ok "$1" "exit $status: $(cat "$out" "$err")"
	fi
}
# share NAME N: the answer is near the first N servers, which are honest, despite their delays
# on a busy machine, and is at most twice as wide as the widest of them
share() {
	middle=$(for source in $(seq "$2"); do
		source_of "$source" >"$T/source"
		json offset_ns "$T/source"
	done | sort -n | sed -n "$((($2 + 1) / 2))p")
	widest=$(for source in $(seq "$2"); do
		source_of "$source" >"$T/source"
		json bound_ns "$T/source"
	done | sort -n | tail -n 1)
	if [ "$status" -eq 0 ] && [ "$(json bound_ns)" -le $((2 * widest)) ] &&
		within 6000000 $(($(json offset_ns) - middle)); then
		ok "$1"
	else
		not_ok "$1" "exit $status, honest $middle +- $widest: $(cat "$out" "$err")"
	fi
}
# shellcheck disable=SC2046
{
	run "$REQTIME" --json --all $(at 1 5)
	narrow "row 42 two of five copy an honest one's fields, and are wide: the answer stays narrow" \
		1000000000 50000000 50000000
	run "$REQTIME" --json --all $(at 1 3) $(at 6 7)
	narrow "row 42 two of five copy all of its fields, from far away: the answer stays narrow" \
		1000000000 50000000 50000000
	for shift in 11 12; do
		run "$REQTIME" --json --all -n 1 $(at 8 10) "$(at $shift)"
		share "row 42 one of four claims to have held the request for 18 ms: it still counts ($shift)" 3
	done
}

# --- leap seconds and smears
adversary 127.0.0.1 leap=1 127.0.0.1 leap=1 127.0.0.1 leap=1 127.0.0.1 good \
	127.0.0.1 good 127.0.0.1 good 127.0.0.1 leap=2 127.0.0.1 leap=2 \
	127.0.0.1 shift=400 127.0.0.1 shift=401
# shellcheck disable=SC2046
{
	run "$REQTIME" --json --all $(at 1 4)
	check "C34 leap 1 by 3 of 4 is reported" test "$(json leap)" = 1
	run "$REQTIME" --json --all $(at 3 6)
	check "C34 leap 1 by 1 of 4 is not" test "$(json leap)" = 0
	run "$REQTIME" --json --all $(at 6 8)
	check "C34 leap 2 by 2 of 3 is reported" test "$(json leap)" = 2
	run "$REQTIME" --json $(at 5 6) $(at 9 10)
	split "C35 two smeared and two unsmeared: no answer"
	run "$REQTIME" --json --all $(at 4 6) "$(at 9)"
	true_time "C35 one smeared among four: no average"
	check "C35 one smeared among four: it is named" test "$(false_count)" = 1
}

# --- paths that are long, asymmetric, lossy
ways() { # restarts the server: no request is counted yet
	adversary 127.0.0.1 'rootdisp=0 wait=5; shift=1000' 127.0.0.1 good 127.0.0.1 good \
		127.0.0.1 good \
		127.0.0.1 hold=300 127.0.0.1 wait=300 127.0.0.1 wait=370 127.0.0.1 wait=430 \
		127.0.0.1 'silent; silent; silent; good' 127.0.0.1 silent
}
ways
run "$REQTIME" --json -n 4 --target 1ms "$(at 1)"
expect "row 43 a server that steps by 1 s between two answers: dropped" 1 \
	'"status":"rejected","reason":"its own answers contradict'
ways
# shellcheck disable=SC2046
run "$REQTIME" --json --all -n 4 --target 100us $(at 1 4)
true_time "row 43 a server that steps by 1 s, among four: the others stand"
check "row 43 a server that steps by 1 s, among four: it does not count" sh -c \
	"printf '%s\n' '$(source_of 1)' | grep -Eq '\"status\":\"(rejected|falseticker)\"'"
for way in "5 on the way out" "6 on the way back"; do
	run "$REQTIME" --json -n 1 "$(at "${way%% *}")"
	true_time "row 45 300 ms ${way#* }: the truth is in the bound"
	check "row 45 300 ms ${way#* }: the bound is half of it" test "$(json bound_ns)" -ge 150000000 \
		-a "$(json bound_ns)" -lt 200000000
done
# Once more when the machine was late.
twice() {
	twice_name=$1
	shift
	if "$@" || "$@"; then
		ok "$twice_name"
	else
		not_ok "$twice_name" "$took_ms ms: $(cat "$out")"
	fi
}
# shellcheck disable=SC2317 # called by twice
in_time() {
	timed "$REQTIME" --json -n 1 -t 400ms "$(at 7)"
	[ "$status" -eq 0 ] && timely 500
}
# shellcheck disable=SC2317 # called by twice
too_late() {
	timed "$REQTIME" --json -n 1 -t 400ms "$(at 8)"
	[ "$status" -eq 1 ] && [ "$(json received)" = 0 ] && timely 500
}
twice "row 14 a reply 30 ms before the deadline is used" in_time
twice "row 14 a reply 30 ms after the deadline is not" too_late
timed "$REQTIME" --json "$(at 9)"
true_time "row 46 three of four lost: the fourth is used"
check "row 46 three of four lost: four requests" test "$(asked 9)" -eq 4
soon 1100 timed "$REQTIME" --json -t 1s "$(at 10)"
expect "row 47 all lost: no answer" 1 '"status":"no-answer"'
check "row 47 all lost: at the deadline ($took_ms ms)" test "$took_ms" -ge 990
check "row 47 all lost: no later" timely 1100

for loss in 30 60 90; do
	set --
	while [ $# -lt 40 ]; do
		set -- "$@" 127.0.0.1 "loss=$loss"
	done
	adversary "$@"
	# shellcheck disable=SC2046
	soon 2600 timed "$REQTIME" --json --all -t 2500ms $(at 1 20)
	if [ $loss -lt 90 ]; then
		true_time "row 46 $loss % loss of 20 servers: an answer"
	elif [ "$status" -eq 0 ]; then
		true_time "row 46 $loss % loss of 20 servers: an answer, and a true one"
	else
		expect "row 46 $loss % loss of 20 servers: no majority, with the reason" 1 '"no-majority"'
	fi
	check "row 46 $loss % loss: at most four requests each" sh -c \
		"! grep -Eq '\"sent\":([5-9]|[0-9]{2})' '$out'"
	check "row 46 $loss % loss: within the deadline ($took_ms ms)" timely 2600
done
finish
