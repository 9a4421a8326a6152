#!/bin/sh
# SPDX-License-Identifier: MIT
#
# reqtime skew: how far the clocks of servers are apart, pair by pair.

# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"
own_network "$@"
# shellcheck source=tests/tools/adversary.sh
. "$(dirname "$0")/../../tools/adversary.sh"
skew() {
	run "$REQTIME" skew --timeout 800ms "$@"
}
# pair A B KEY: of that pair in the last --json output
pair() {
	grep -o "{\"a\":\"$1\",\"b\":\"$2\"[^}]*}" "$out" | tail -n 1 >"$T/pair"
	json "$3" "$T/pair"
}

# --- wrong usage ---

skew
expect "no server" 2 'no SERVER given'
skew 127.0.0.1
expect "one server" 2 'skew needs two different servers or more'
skew 127.0.0.1 127.0.0.1 127.0.0.1:123
expect "the same server" 2 'skew needs two different servers or more'
skew 127.0.0.1 x/y
expect "no server's name" 2 'server "x/y": '
skew --format ntpdate 127.0.0.1 127.0.0.2
expect "a format without a place for pairs" 2 'use table, json, csv or line'
# shellcheck disable=SC2046 # words
skew $(awk 'BEGIN { for (i = 0; i < 257; i++) print "127.0." int(i / 250) "." i % 250 + 1 }')
expect "257 servers" 2 'at most 256 servers; .* --tolerance SPAN --reference SERVER'

# --- pairs ---

adversary 127.0.0.1 good 127.0.0.2 'shift=300' 127.0.0.3 'shift=-5000' 127.0.0.4 silent 127.0.0.5 'shift=10 rootdisp=600' \
	127.0.0.6 good
skew --json "$(at 1)" "$(at 2)" "$(at 3)"
expect "all pairs are known: exit 0" 0
check "three pairs" test "$(grep -o '"a":' "$out" | wc -l)" -eq 4 # and the worst
# The adversary's stamps are those of its clock, plus the shift: the difference is within the bound.
near() { # NAME A B WANT_MS
	near_offset=$(pair "$(at "$2")" "$(at "$3")" offset_ns)
	check "$1" within "$(pair "$(at "$2")" "$(at "$3")" bound_ns)" $((near_offset - $4 * 1000000))
}
near "B less A" 1 2 300
near "... and back" 1 3 -5000
near "... of two that are both off" 2 3 -5300
# A clock that is wrong cancels.
if have faketime && [ -z "$preload" ]; then
	run env FAKETIME_DONT_FAKE_MONOTONIC=1 faketime -f '-1000d' "$REQTIME" skew --json --timeout 1s "$(at 1)" "$(at 2)"
	near "by a clock that is 1000 days behind: the same" 1 2 300
else
	skip "by a clock that is 1000 days behind: the same" "needs faketime, and a program without a sanitizer"
fi
skew "$(at 1)" "$(at 2)" "$(at 3)"
expect "the table" 0 "^$(at 2)  *$(at 3)  *-5\.(3|29)[0-9]* s  *[0-9.]* [mu]s$"
check "... worst pair first" sh -c "sed -n 3p '$out' | grep -q '^$(at 2)  *$(at 3) '"
expect "the summary" 0 "^3 servers, 3 pairs; worst: -5\.(3|29)[0-9]* s .*, $(at 3) against $(at 2)\.$"
skew --format csv "$(at 1)" "$(at 2)"
check "CSV" sh -c "[ \$(wc -l <'$out') -eq 2 ] && grep -q '^time,a,a_address,b,' '$out'"
skew --format line "$(at 1)" "$(at 2)"
check "--format line" test "$(wc -l <"$out")" -eq 1

# --- limits ---

skew --tolerance 1s "$(at 1)" "$(at 2)"
expect "within: exit 0" 0 ' ok$'
skew --quiet --tolerance 1s "$(at 1)" "$(at 2)"
check "--quiet: nothing" test ! -s "$out" -a ! -s "$err" -a "$status" -eq 0
skew --tolerance 1s "$(at 1)" "$(at 2)" "$(at 3)"
expect "a pair is off: exit 1" 1 'tolerance 1 s: 2 off, 1 ok; worst: '
check "--only off" sh -c "'$REQTIME' skew --tolerance 1s --only off $(at 1) $(at 2) $(at 3) | grep -c '^127' | grep -qx 2"
skew --tolerance 10ms "$(at 1)" "$(at 5)"
expect "unsure: exit 0" 0 ' unsure$'
skew --strict --tolerance 10ms "$(at 1)" "$(at 5)"
expect "... with --strict 1" 1 ' unsure$'
skew "$(at 1)" "$(at 4)" "$(at 6)"
expect "a silent server: pairs are not known, exit 1" 1 '^3 servers, 3 pairs: 2 silent; worst: '
expect "... it is named with its reason" 1 "^$(at 4) is silent: no answer$"
check "... the pair that is known is shown" grep -q "^$(at 1)  *$(at 6) " "$out"
skew "$(at 4)" nohost.invalid
expect "none answers: exit 1" 1 '^2 servers, 1 pair: 1 silent\.$'
check "... without a table" test "$(wc -l <"$out")" -eq 3
skew --json "$(at 4)" "$(at 1)"
expect "... in JSON" 1 '"silent":1,.*"offset_ns":null,"bound_ns":null,"verdict":"silent"'

# --- the configuration file ---

printf 'server = %s\nserver = %s\n[skew]\ntolerance = 1s\n' "$(at 1)" "$(at 3)" >"$T/conf"
chmod 644 "$T/conf"
run "$REQTIME" skew --config "$T/conf"
expect "servers and tolerance of the file" 1 'tolerance 1 s: 1 off; worst: '
adversary_stop

# --- 256 servers: 32640 pairs ---

server --listen 0.0.0.0:0 --local-stratum 1 || finish
port=$(server_port ntp)
servers=$(awk -v port="$port" 'BEGIN { for (i = 0; i < 256; i++) printf "127.1.%d.%d:%d\n", i / 250, i % 250 + 1, port }')
# shellcheck disable=SC2086 # words
run "$REQTIME" skew $servers
expect "256 servers" 0 '^256 servers, 32640 pairs; worst: '
check "... in a table that a person can read" test "$(wc -l <"$out")" -eq 43
expect "... whose rest is counted" 0 '^\.\.\. and 32600 more: --only all shows them\.$'
# shellcheck disable=SC2086 # words
run "$REQTIME" skew --format csv --tolerance 1s $servers
check "... as CSV all" test "$(wc -l <"$out")" -eq 32641
# shellcheck disable=SC2086 # words
run "$REQTIME" skew --tolerance 1s $servers
expect "... and all ok: one line" 0 'tolerance 1 s: 32640 ok; worst: '
check "... alone" test "$(wc -l <"$out")" -eq 1
finish
