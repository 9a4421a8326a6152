#!/bin/sh
# SPDX-License-Identifier: MIT
#
# reqtime query --tolerance: a verdict for each server, against this clock or a reference.

# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"
own_network "$@"
# shellcheck source=tests/tools/adversary.sh
. "$(dirname "$0")/../../tools/adversary.sh"
tool cost
case $BUILD in
*san*) sanitized=1 ;;
*) sanitized= ;;
esac
list=$T/list
judge() {
	run "$REQTIME" query --timeout 800ms --tolerance 10ms "$@"
}
# verdict N: that of the server N of the adversary, in the table
verdict() {
	awk -v server="$(at "$1")" '$1 == server { gsub(/:$/, "", $NF)
		for (i = 2; i <= NF; i++) if ($i ~ /^(ok|off|unsure|silent):?$/) {
			sub(/:$/, "", $i); print $i; exit } }' "$out"
}
has_verdict() { # NAME N VERDICT
	check "$1" test "$(verdict "$2")" = "$3"
}

# --- wrong usage: no server is asked ---

run "$REQTIME" --only off 127.0.0.1
expect "--only alone" 2 'only needs --tolerance SPAN'
run "$REQTIME" --strict 127.0.0.1
expect "--strict alone" 2 'strict needs --tolerance SPAN'
run "$REQTIME" --reference 127.0.0.2 127.0.0.1
expect "--reference alone" 2 'reference needs --tolerance SPAN'
judge --only some 127.0.0.1
expect "an unknown verdict" 2 'not one of auto.all.off.silent.unsure.ok'
run "$REQTIME" --tolerance 0 127.0.0.1
expect "no tolerance at all" 2 'is not between 1ns and'
judge --reference a/b 127.0.0.1
expect "a reference that is no server" 2 'server "a/b": '
judge --reference 127.0.0.1 127.0.0.1
expect "only the reference" 2 'no server to judge'
judge --format ntpdate 127.0.0.1
expect "a format without a place for verdicts" 2 'use table, json, csv or line'

# --- verdicts ---

adversary 127.0.0.1 good 127.0.0.2 'shift=300' 127.0.0.3 'shift=-5000' 127.0.0.4 silent \
	127.0.0.5 'leap=3' 127.0.0.6 'leap=3 stratum=0 refid=52415445' 127.0.0.7 'shift=10 rootdisp=600' \
	127.0.0.8 'wait=300 rootdisp=60000' 127.0.0.9 'shift=301'
# shellcheck disable=SC2046 # words
judge $(at 1 8) nohost.invalid
expect "some are off: exit 1" 1 \
	'^9 servers against this machine.s clock, tolerance 10 ms: 2 off, [12] unsure, [45] silent, 1 ok; worst: -[45]\.[0-9]* s '
has_verdict "right" 1 ok
has_verdict "ahead" 2 off
has_verdict "behind" 3 off
has_verdict "no answer" 4 silent
has_verdict "not synchronised" 5 silent
has_verdict "a kiss code" 6 silent
has_verdict "a limit inside its interval" 7 unsure
expect "a reason of a silent one" 1 "^$(at 4) .* silent: no answer$"
expect "a kiss code is named" 1 'RATE'
check "the worst comes first, the good last" sh -c \
	"[ \$(sed -n 3p '$out' | cut -d ' ' -f 1) = $(at 3) ] && tail -n 1 '$out' | grep -q ' ok$'"
check "a majority that agrees does not end it: each is asked" sh -c \
	"[ $(asked 4) -ge 1 ] && [ $(asked 8) -ge 1 ]"
# shellcheck disable=SC2046 # words
judge --only off $(at 1 7)
check "--only off: those alone" test "$(grep -c '^127' "$out")" -eq 2
# shellcheck disable=SC2046 # words
judge --only silent $(at 1 7)
check "--only silent: those alone" test "$(grep -c '^127' "$out")" -eq 3
# shellcheck disable=SC2046 # words
judge --only ok --format csv $(at 1 7)
check "--only in CSV" sh -c "[ \$(wc -l <'$out') -eq 2 ] && grep -q ',ok,' '$out'"
# shellcheck disable=SC2046 # words
judge --format csv $(at 1 7)
check "CSV has all without --only" test "$(wc -l <"$out")" -eq 8
# shellcheck disable=SC2046 # words
judge --json-lines $(at 1 3)
check "--json-lines: a line for each, and one for the run" sh -c \
	"[ \$(wc -l <'$out') -eq 4 ] && tail -n 1 '$out' | grep -q '\"off\":2,\"unsure\":0,\"silent\":0,\"ok\":1'"
# shellcheck disable=SC2046 # words
judge --format line $(at 1 3)
expect "--format line: the summary" 1 '^3 servers .*; worst: '
check "... alone" test "$(wc -l <"$out")" -eq 1

# --- exit statuses ---

judge "$(at 1)"
expect "all are ok: exit 0" 0 '^1 server against .*: 1 ok; worst: '
judge --quiet "$(at 1)"
check "--quiet: nothing" test ! -s "$out" -a ! -s "$err" -a "$status" -eq 0
judge --quiet "$(at 1)" "$(at 2)"
check "--quiet: something is off: on standard error" test ! -s "$out" -a -s "$err" -a "$status" -eq 1
judge "$(at 1)" "$(at 4)"
expect "one is silent: exit 0" 0 '1 silent, 1 ok'
judge --strict "$(at 1)" "$(at 4)"
expect "... with --strict 1" 1 '1 silent, 1 ok'
judge "$(at 7)"
expect "unsure: exit 0" 0 '1 unsure'
judge --strict "$(at 7)"
expect "... with --strict 1" 1 '1 unsure'
judge "$(at 4)" "$(at 5)"
expect "no server answers: exit 1" 1 '^2 servers .*: 2 silent\.$'
judge "$(at 1)" "$(at 1)" "$(at 1)"
expect "named again: judged once" 0 '^1 server .*Named again and left out: 2\.$'
judge --log-to "$T/log" "$(at 2)"
check "the log has the summary" grep -Eq 'query: 1 server .*: 1 off' "$T/log"
mkdir -m 700 "$T/state"
judge --state-dir "$T/state" "$(at 2)"
run "$REQTIME" history --state-dir "$T/state" --csv
check "the run is not recorded" sh -c "! grep -q '^20' '$out'"
judge --state-dir "$T/state" "$(at 6)"
judge --state-dir "$T/state" "$(at 6)"
expect "but a kiss code is obeyed: left alone" 1 'asked to be left alone .kiss code RATE'

# --- a reference ---

judge --reference "$(at 2)" "$(at 1)" "$(at 9)"
expect "against a reference that is ahead" 1 "^2 servers against $(at 2), tolerance 10 ms: 1 off, 1 ok"
expect "... which is shown against this clock" 1 '^The reference against this machine.s clock: .(300|299)\.[0-9]* ms'
has_verdict "this clock's own is off" 1 off
has_verdict "one that agrees with it is ok" 9 ok
judge --reference "$(at 2)" "$(at 1)" "$(at 2)" "$(at 9)"
expect "one of the list is not judged" 1 '^2 servers against '
before=$(asked 2)
judge --samples 1 --reference "$(at 2)" "$(at 2)" "$(at 9)"
check "... and asked once" test $(($(asked 2) - before)) -eq 1
judge --reference "$(at 4)" "$(at 1)" "$(at 2)"
expect "a silent reference: no verdict, exit 1" 1 \
	"^No server is judged: the reference $(at 4) is silent: no answer\.$"
judge --json --reference "$(at 4)" "$(at 1)"
expect "... in JSON" 1 '"status":"no-answer".*"verdict":null,"judged_offset_ns":null.*"off":null'
judge --reference nohost.invalid "$(at 1)"
expect "a reference without an address" 1 'nohost.invalid is silent: '
adversary_stop

# --- a silent one does not widen the bound of the others ---

adversary 127.0.0.1 good 127.0.0.2 silent
run "$REQTIME" --json --timeout 2500ms --tolerance 1ms "$(at 1)" "$(at 2)"
# 2.5 s of 500 ppm are 1.25 ms; the adversary's root dispersion is 0.1 ms.
expect "after 2.5 s of silence of another: still ok within 1 ms" 0 '"ok":1'
adversary_stop

# --- 10,000 servers ---

server --listen 0.0.0.0:0 --local-stratum 1 || finish
port=$(server_port ntp)
adversary 127.0.0.1 'shift=30' 127.0.0.2 'shift=-7000' 127.0.0.3 silent 127.0.0.4 'shift=20'
{
	awk -v n=10000 -v port="$port" 'BEGIN { for (i = 0; i < n; i++)
		printf "127.%d.%d.%d:%d\n", 1 + i / 62500, i / 250 % 250, i % 250 + 1, port }'
	at 1 4
} >"$list"
run "$T/cost" "$T/cost.out" "$REQTIME" --timeout 3s --tolerance 10ms --servers-file "$list"
read -r took_ms held_kib <"$T/cost.out"
expect "10,004 servers" 1 \
	'^10004 servers against .*: 3 off, 1 silent, 10000 ok; worst: -[67]\.[0-9]* s .*, 127\.0\.0\.2:'
check "... in a table that a person can read" test "$(wc -l <"$out")" -eq 6
check "... worst first" sh -c "[ \"\$(sed -n 3,6p '$out' | cut -d ' ' -f 1 | tr '\n' ' ')\" = '$(at 2) $(at 1) $(at 4) $(at 3) ' ]"
if [ -n "$sanitized" ]; then
	skip "... in little memory" "a sanitized build needs more"
else
	check "... $held_kib KiB of 65536 (in $took_ms ms)" test "$held_kib" -le 65536
fi
status=0
# shellcheck disable=SC3045 # dash, bash, ksh and busybox have it
(ulimit -n 200 && "$REQTIME" --timeout 3s --tolerance 10ms --reference "127.9.9.9:$port" \
	--json-lines --servers-file "$list") >"$out" 2>"$err" </dev/null || status=$?
expect "... with few descriptors, against a reference" 1 \
	'"servers":10004,"off":3,"unsure":0,"silent":1,"ok":10000'
check "... a line for each" test "$(wc -l <"$out")" -eq 10005
finish
