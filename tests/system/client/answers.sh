#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Replies that surely come from the server and cannot be used: it refuses, it is not synchronised,
# or its fields are impossible.  The rows are those of tests/faults.md.
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"
# shellcheck source=tests/tools/adversary.sh
. "$(dirname "$0")/../../tools/adversary.sh"

# name|script|status of the run|words in the reason
rows=$T/rows
cat >"$rows" <<'END'
row 21 kiss DENY|stratum=0 leap=3 refid=44454e59|no-answer|kiss code DENY
row 21 kiss RSTR|stratum=0 leap=3 refid=52535452|no-answer|kiss code RSTR
row 22 kiss RATE|stratum=0 leap=3 refid=52415445|no-answer|kiss code RATE
row 22 kiss RATE with leap 0|stratum=0 refid=52415445|no-answer|kiss code RATE
C24 kiss RATE with stamps of zero|stratum=0 leap=3 refid=52415445 zero=stamps zero=ref|no-answer|kiss code RATE
row 24 kiss code with ESC octets|stratum=0 leap=3 refid=1b5b324a|unsynchronised|27.91.50.74 is no kiss code
row 24 kiss code with newlines|stratum=0 leap=3 refid=0a0d0a0d|unsynchronised|10.13.10.13 is no kiss code
C27 kiss code of four percent signs|stratum=0 leap=3 refid=25732573|unsynchronised|%s%s
C27 kiss code that is not ASCII|stratum=0 leap=3 refid=ff80fe00|unsynchronised|255.128.254.0 is no kiss code
C27 kiss code XTST of somebody's own|stratum=0 leap=3 refid=58545354|unsynchronised|XTST
row 25 stratum 16|stratum=16|unsynchronised|stratum
row 25 stratum 17|stratum=17|unsynchronised|stratum
row 25 stratum 255|stratum=255|unsynchronised|stratum
row 26 stratum 0 without a code|stratum=0 refid=00000000|unsynchronised|stratum 0 without a kiss code
row 26 stratum 0 with blanks for a code|stratum=0 refid=20202020|unsynchronised|stratum 0 without a kiss code
row 26 stratum 0 with an address for a code|stratum=0 refid=0a000001|unsynchronised|10.0.0.1 is no kiss code
row 26 stratum 0 with a code and a blank|stratum=0 refid=58594e20|unsynchronised|kiss code XYN: it is not
row 26 stratum 0 with INIT|stratum=0 leap=3 refid=494e4954|unsynchronised|INIT
row 27 leap 3|leap=3|unsynchronised|not synchronised
C14 leap 3 with stratum 1|leap=3 stratum=1|unsynchronised|not synchronised
row 29 T2 after T3|t2=50|no-answer|before
row 29 T3 an hour after T2|t3=3600000|no-answer|4 s
row 29 T2 an hour before T3|t2=-3600000|no-answer|4 s
C19 T3 4.1 s after T2|t3=4100|no-answer|4 s
row 33 held longer than it was away|t3=60|no-answer|negative
row 30 root delay 100 s|rootdelay=0x640000|no-answer|reference
row 30 root delay of -1 s if it were signed|rootdelay=0xffff0000|no-answer|reference
C17 root delay with top bit set|rootdelay=0x80000000|no-answer|reference
row 30 root delay 4 s|rootdelay=0x40000|no-answer|root distance
row 30 root dispersion 32 s|rootdisp=0x200000|no-answer|reference
C15 root delay 16 s, root dispersion 8 s|rootdelay=0x100000 rootdisp=0x80000|no-answer|reference
C16 root distance 1.6 s|rootdisp=0x1999a|no-answer|root distance
row 31 reference a second after transmit|refage=-1000|no-answer|reference
row 31 reference of 2105|refat=2180000000|no-answer|reference
row 32 precision 127|precision=127|no-answer|precision
row 32 precision -127|precision=-127|no-answer|precision
C22 precision 5|precision=5|no-answer|precision
C22 precision -41|precision=-41|no-answer|precision
END
set -- 127.0.0.1 good
while IFS='|' read -r name script wanted words; do
	set -- "$@" 127.0.0.1 "$script"
done <"$rows"
adversary "$@"

n=2
while IFS='|' read -r name script wanted words <&3; do
	timed "$REQTIME" --json -t 2s "$(at $n)"
	if [ "$status" -eq 1 ] && [ "$(json status)" = "$wanted" ] &&
		[ "$(json offset_ns)" = null ] && source_of 1 | grep -q '"status":"rejected"' &&
		json reason | grep -q -e "$words"; then
		ok "$name: unusable"
	else
		not_ok "$name: unusable" "wanted $wanted and $words, exit $status: $(cat "$out" "$err")"
	fi
	check "$name: known at once ($took_ms ms)" timely 1000
	check "$name: no further request" test "$(asked $n)" -eq 1
	run "$REQTIME" "$(at $n)"
	if [ "$status" -eq 1 ] && ! LC_ALL=C grep -q '[^ -~]' "$out" "$err"; then
		ok "$name: shown as plain text"
	else
		not_ok "$name: shown as plain text" "$(od -c "$out" "$err" | head -n 20)"
	fi
	run "$REQTIME" --json "$(at 1)" "$(at $n)"
	true_time "$name: C28 another server is enough"
	n=$((n + 1))
done 3<"$rows"

# A delay of 5 ms and a small root distance: asked again while the bound is above 1 ms.
adversary 127.0.0.1 'rootdisp=0 wait=5; stratum=0 leap=3 refid=52415445' \
	127.0.0.1 'stratum=0 leap=3 refid=52415445; good' \
	127.0.0.1 'rootdisp=0x1999a' 127.0.0.1 'precision=0' 127.0.0.1 'rootdisp=0x14000' \
	127.0.0.1 'silent' 127.0.0.1 'good' 127.0.0.1 'zero=ref rootdisp=0x8000'
run "$REQTIME" --json -n 4 --target 1ms "$(at 1)"
check "row 22 kiss RATE to the second request: the third is not sent" test "$(asked 1)" -eq 2
true_time "row 22 kiss RATE to the second request: the first answer stands"
run "$REQTIME" --json -n 4 -t 1s "$(at 2)" "$(at 6)"
check "row 22 kiss RATE: while waiting for others, no further request is sent" test \
	"$(asked 2)" -eq 1 -a "$(asked 6)" -ge 2
run "$REQTIME" --json --root-distance 3s "$(at 3)"
true_time "C16 root distance 1.6 s: --root-distance 3s accepts it"
run "$REQTIME" --json "$(at 4)"
true_time "row 32 precision 0: accepted"
check "row 32 precision 0: the bound is at least a second" test "$(json bound_ns)" -ge 1000000000
run "$REQTIME" --json "$(at 5)"
true_time "C23 root dispersion 1.25 s: accepted"
check "C23 root dispersion 1.25 s: the bound contains it" test "$(json bound_ns)" -ge 1250000000
run "$REQTIME" --json "$(at 8)"
true_time "row 31 reference zero: accepted, as by others"
check "row 31 reference zero: the bound contains the dispersion that it claims" \
	test "$(json bound_ns)" -ge 500000000
run "$REQTIME" -v "$(at 7)"
expect "the adversary's good server is good" 0 'selected'
finish
