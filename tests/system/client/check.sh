#!/bin/sh
# SPDX-License-Identifier: MIT
#
# `reqtime check` as monitoring starts it: one line and a status from 0 to 3 whatever the
# servers, the command line and the machine do.
# shellcheck disable=SC2046,SC2154 # words of at; what lib.sh sets
. "$(dirname "$0")/../../tools/lib.sh"
own_network "$@"
# shellcheck source-path=SCRIPTDIR
. "$R/tests/tools/adversary.sh"

# The first line: state, words, performance data by the guidelines, 'label'=value[UOM];w;c;min;max,
# numbers only.  The lines below have no `|`, and stderr is silent.
number='-?[0-9]+(\.[0-9]+)?'
range="@?((~|$number):)?($number)?"
datum="[a-z_]+=$number(s?)(;($range)?(;($range)?(;($number)?(;($number)?)?)?)?)?"
# well_formed STATUS
well_formed() {
	well_state=$(echo OK WARNING CRITICAL UNKNOWN | cut -d ' ' -f $(($1 + 1)))
	[ "$status" -eq "$1" ] &&
		head -n 1 "$out" | grep -Eqx "REQTIME $well_state: [^|]+(\|$datum( $datum)*)?" &&
		! sed 1d "$out" | grep -q '|' && ! grep -Eiq 'nan|inf[^o]' "$out" && [ ! -s "$err" ]
}
# expect_check NAME STATUS WORDS: WORDS are an extended regular expression for the first line
expect_check() {
	if well_formed "$2" && head -n 1 "$out" | grep -Eq -e "$3"; then
		ok "$1"
	else
		not_ok "$1" "exit $status, not $2 with $3: $(cat "$out" "$err")"
	fi
}

# --- by server ---
adversary 127.0.0.1 good 127.0.0.2 good 127.0.0.3 good
run "$REQTIME" check $(at 1 3)
expect_check "healthy servers are OK" 0 \
	'^REQTIME OK: offset [-+]?[0-9.]+ [nu]?m?s \+/- [0-9.]+ [num]?s, stratum [0-9]+, [23] of 3 servers agree\|offset=-?0(\.[0-9]+)?s;0\.05;1 bound=0\.[0-9]+s;;;0 root_distance='
check "it is one line" test "$(wc -l <"$out")" -eq 1
run "$REQTIME" check -H "$(at 1)" -w 0.5 -c 1
expect_check "the options of check_ntp_time work" 0 'a single server\|offset=[-0-9.]+s;0\.5;1 '
run "$REQTIME" check -W 0 "$(at 1)"
expect_check "a stratum that is too high is WARNING" 1 'stratum [1-9][0-9]* \(beyond the warning range 0\)'
run "$REQTIME" check -C 0 -W 0 "$(at 1)"
expect_check "... or CRITICAL" 2 'stratum [1-9][0-9]* \(beyond the critical range 0\), '
run "$REQTIME" check --bound-critical 0 "$(at 1)"
expect_check "a bound that is too wide is CRITICAL" 2 ', bound [0-9.]+ [num]?s \(beyond the critical range 0\)'
run "$REQTIME" check --root-distance-warning 1h: "$(at 1)"
expect_check "a root distance out of range is WARNING" 1 ', root distance [^(]*\(beyond the warning range 1h:\)'
run "$REQTIME" check -v "$(at 1)"
expect_check "-v is well formed" 0 .
lines=$(wc -l <"$out")
check "-v shows the servers" grep -q '^Server .*Stratum' "$out"
run "$REQTIME" check -vv "$(at 1)"
check "-vv shows more" test "$(wc -l <"$out")" -gt "$lines"
lines=$(wc -l <"$out")
run "$REQTIME" check -vvv "$(at 1)"
check "-vvv shows still more" test "$(wc -l <"$out")" -gt "$lines"
run "$REQTIME" check --json -w 1h: "$(at 1)"
expect "--json is an object" 1 '^\{"program":"reqtime".*"verb":"check".*\}$'
check "... with state and status" grep -Fq \
	'"check":{"state":"warning","exit_status":1,"inconclusive":false}' "$out"

# --- by offset: these answers come at once, so the bound is far below the margins ---
# narrow COMMAND...: once more when a busy machine made the bound too wide for a verdict
narrow() {
	for _ in 1 2 3 4 5; do
		run "$@"
		grep -q inconclusive "$out" || return 0
	done
}
adversary 127.0.0.1 'shift=60' 127.0.0.2 'shift=-5000' 127.0.0.3 'shift=900 wait=400' \
	127.0.0.4 'shift=900 wait=2000'
narrow "$REQTIME" check "$(at 1)"
expect_check "60 ms are WARNING" 1 'offset \+(59|6[0-9])[0-9.]* ms .*\(beyond the warning range 50ms\)'
narrow "$REQTIME" check -w 1s "$(at 1)"
expect_check "... unless the limit allows it" 0 .
narrow "$REQTIME" check -w ~:0 -c ~: "$(at 1)"
expect_check "a range with one end" 1 '\(beyond the warning range ~:0\), .*\|offset=[^ ;]*;~:0; '
narrow "$REQTIME" check -w @50ms:70ms "$(at 1)"
expect_check "a range that is an alarm inside" 1 '\(beyond the warning range @50ms:70ms\)'
narrow "$REQTIME" check "$(at 2)"
expect_check "5 s ahead are CRITICAL" 2 'offset -(4\.9|5)[0-9.]* s .*\(beyond the critical range 1s\)'
# 900 ms, and an answer with 400 ms of delay: about 700 +- 200 ms.
run "$REQTIME" check -n 1 -w ~: -c 700ms "$(at 3)"
expect_check "a critical end inside the bound is WARNING and inconclusive" 1 \
	'\(inconclusive for the critical range 700ms\)'
run "$REQTIME" check -n 1 -w 700ms "$(at 3)"
expect_check "... and so is a warning end" 1 '\(inconclusive for the warning range 700ms\)'
run "$REQTIME" check -n 1 -w ~: -c 400ms "$(at 3)"
expect_check "... but all of it beyond is CRITICAL" 2 'beyond the critical range 400ms\), .*\|offset=[^ ;]*;;0\.4 '
check "... which is certain" sh -c "! grep -q inconclusive '$out'"
run "$REQTIME" check -n 1 --json -w ~: -c 700ms "$(at 3)"
check "... JSON says inconclusive" grep -Fq '"exit_status":1,"inconclusive":true' "$out"

# --- no trusted time ---
adversary 127.0.0.1 silent 127.0.0.2 leap=3 127.0.0.3 'stratum=0 refid=7c0a5c7c' \
	127.0.0.4 'stratum=0 refid=44454e59' 127.0.0.5 'stratum=16'
run "$REQTIME" check -t 300ms "$(at 1)"
expect_check "a silent server is UNKNOWN" 3 'no trusted time: .*\|sources=1;;;0 agreeing=0;;;0 falsetickers=0;;;0$'
run "$REQTIME" check "$(at 2)"
expect_check "an unsynchronised server is UNKNOWN" 3 'no trusted time: .*not synchronised'
run "$REQTIME" check "$(at 5)"
expect_check "... of stratum 16" 3 'no trusted time'
run "$REQTIME" check -v "$(at 3)"
expect_check "a kiss code with | and a line feed is escaped" 3 'no trusted time: '
mkdir "$T/state"
run "$REQTIME" check --state-dir "$T/state" "$(at 4)"
expect_check "a kiss code is UNKNOWN" 3 'DENY'
before=$(asked 4)
run "$REQTIME" check --state-dir "$T/state" "$(at 4)"
expect_check "... and is obeyed by the next check" 3 'no trusted time'
check "... which did not ask" test "$(asked 4)" -eq "$before"
run "$REQTIME" check 127.0.0.9:9
expect_check "a closed port is UNKNOWN" 3 'no trusted time: .*\(127\.0\.0\.9:9: Connection refused\)'
run "$REQTIME" check -t 1s 'no|such=1'
expect_check "a name with | is UNKNOWN, and is escaped" 3 .

# --- falsetickers ---
adversary 127.0.0.1 good 127.0.0.2 good 127.0.0.3 shift=7000 127.0.0.4 shift=-9000
run "$REQTIME" check --all $(at 1 3)
expect_check "one falseticker of three is outvoted and named" 0 \
	"2 of 3 servers agree, falseticker: 127\.0\.0\.3:[0-9]+\|.* falsetickers=1;;;0\$"
run "$REQTIME" check $(at 2 4)
expect_check "two of three are no majority" 3 'no trusted time: '
run "$REQTIME" check "$(at 3)"
expect_check "a single falseticker is CRITICAL" 2 'offset \+(6\.9|7)'

# --- every error is a line ---
for words in --bad '-w' '-w abc' '-w :5' '-c 20:10' '-w 1e3' '-W 1.5' '-w -5' '-n 0' '-f /nonexistent' \
	'a:b:c' 'nts://x' '-4 -6 127.0.0.1'; do
	# shellcheck disable=SC2086 # several words
	run "$REQTIME" check $words
	expect_check "check $words" 3 '^REQTIME UNKNOWN: '
done
run "$REQTIME" check -w '|=1;' "$(at 1)"
expect_check "a limit with | is shown escaped" 3 'x7c=1'
# shellcheck disable=SC2016 # a shell of its own
run sh -c '"$1" check "$2" >/dev/full 2>&1' - "$REQTIME" "$(at 1)"
expect "a full device is UNKNOWN" 3
run sh -c 'exec "$1" check "$2" >&-' - "$REQTIME" "$(at 1)"
expect "no standard output does no harm" 0
echo "warning = x" >"$T/bad.conf"
run "$REQTIME" check -f "$T/bad.conf" "$(at 1)"
expect_check "a configuration with an error" 3 'bad\.conf:1: '
printf 'server = %s\nevery = 1h\n[check]\nwarning = 10s\ncritical = 20s\n' "$(at 3)" >"$T/reqtime.conf"
run "$REQTIME" check -f "$T/reqtime.conf"
expect_check "servers and limits come from the file" 0 '\|offset=[67][0-9.]*s;10;20 '

# --- it ends in time, and a signal ends it with a line ---
adversary 127.0.0.1 silent
timed "$REQTIME" check -t 0.5 "$(at 1)"
expect_check "a deadline" 3 'no trusted time'
check "... is kept" timely 2500
for signal in TERM INT HUP; do
	sh -c 'exec "$1" check -t 60 "$2" >"$3" 2>"$4"' - "$REQTIME" "$(at 1)" "$out" "$err" &
	lib_pids="$lib_pids $!"
	count=$(asked 1)
	wait_for 10 sh -c "grep -c '^asked 1 ' '$adversary_log' | grep -qvx '$count'"
	kill -$signal $!
	status=0
	wait $! || status=$?
	expect_check "SIG$signal ends it with a line" 3 "REQTIME UNKNOWN: ended by signal [0-9]+\$"
done
run "$REQTIME" check --help
expect "--help" 0 '-w, --warning RANGE'
run "$REQTIME" check --version
expect "--version" 0 '^reqtime '
finish
