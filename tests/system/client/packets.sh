#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Datagrams that are not the answer to our request, or that are malformed: one without our cookie is
# ignored, one with it is reported with the reason, and the client keeps waiting either way.  Two runs
# show it: with nothing else there is no answer at the deadline, and when the real reply follows it is
# used.  The rows are those of tests/faults.md.
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"
# shellcheck source=tests/tools/adversary.sh
. "$(dirname "$0")/../../tools/adversary.sh"

# A false time that would show if it were used.
L="shift=77000"
EF16=0104001000000000000000000000000000
# name|script|words of the reason, for datagrams with our cookie
rows=$T/rows
cat >"$rows" <<END
row 1 empty datagram|len=0|
row 2 31 octets|$L len=31|
row 2 32 octets|$L len=32|32 octets: a packet of NTP has at least 48
row 2 47 octets|$L len=47|47 octets
row 3 49 octets|$L len=49|49 octets: not a multiple of four
row 3 50 octets|$L len=50|50 octets
row 3 51 octets|$L len=51|51 octets
C5 52 octets, four of them zero|$L len=52|crypto-NAK
row 4 1400 octets|$L len=1400|1400 octets: no answer has more than 1024
row 4 4000 octets|$L len=4000|more than 2048 octets: no answer has more than 1024
row 5 extension field of length 0|$L tail=$(printf '%056d' 0)|says it has 0 octets
row 5 extension field of length 3|$L tail=01040003$(printf '%048d' 0)|says it has 3 octets
row 5 extension field of length 0xffff|$L tail=0104ffff$(printf '%048d' 0)|says it has 65535 octets
row 5 20 extension fields, the last one past the end|$L tail=$(
	i=0
	while [ $i -lt 19 ]; do
		printf '%s' "${EF16%??}"
		i=$((i + 1))
	done
)01040040$(printf '%048d' 0)|says it has 64 octets, 28 are left
C38 extension field of 12 octets|$L tail=0104000c$(printf '%048d' 0)|says it has 12 octets
C38 extension field of no multiple of 4|$L tail=0104001a$(printf '%048d' 0)|says it has 26 octets
C38 last extension field of 16 octets without a MAC|$L tail=${EF16%??}|malformed extension field
C38 12 octets behind version 3 that are no MAC|$L version=3 tail=0104000c00000000|no authenticator of version 3
C13 crypto-NAK|$L tail=00000000|crypto-NAK
row 6 origin with its first bit wrong|$L flip=0|
row 6 origin with its last bit wrong|$L flip=63|
C9 origin with each one of its 64 bits wrong|$L flip=all|
row 7 origin zero|$L zero=origin|
C10 origin zero and stratum 0|stratum=0 refid=44454e59 zero=origin|
C40 origin is the server's own last transmit stamp|$L origin=server|
row 16 mode 0|$L mode=0|mode 0, reserved mode: an answer has mode 4, server
row 16 mode 1|$L mode=1|mode 1
row 16 mode 2|$L mode=2|mode 2
row 16 mode 3|$L mode=3|mode 3, client
row 16 mode 5|$L mode=5|mode 5, broadcast
row 16 mode 6|$L mode=6|mode 6
row 16 mode 7|$L mode=7|mode 7
C37 broadcast without an origin|$L mode=5 zero=origin|
row 17 version 0|$L version=0|version 0 of NTP: known are 1 to 4
row 17 version 5|$L version=5|version 5
row 17 version 6|$L version=6|version 6
row 17 version 7|$L version=7|version 7
row 17 version 5 without our cookie|$L version=5 origin=random|
row 17 version 3 without our cookie|$L version=3 origin=random|
row 18 from another port|$L from=port|
row 18 version 5 from another port|$L version=5 from=port|
row 19 from another address|$L from=127.0.0.9|
row 23 forged kiss DENY|stratum=0 leap=3 refid=44454e59 origin=random|
row 23 forged kiss RATE|stratum=0 leap=3 refid=52415445 origin=random|
C24 kiss DENY with the wrong mode|stratum=0 leap=3 refid=44454e59 mode=3|mode 3
C24 kiss DENY with the wrong version|stratum=0 leap=3 refid=44454e59 version=5|version 5
C24 kiss DENY from another port|stratum=0 leap=3 refid=44454e59 from=port|
C24 kiss DENY of 47 octets|stratum=0 leap=3 refid=44454e59 len=47|47 octets
row 28 receive stamp zero|$L zero=rec|receive timestamp is zero
row 28 transmit stamp zero|$L zero=xmt|transmit timestamp is zero
row 28 both stamps zero|$L zero=stamps|receive and transmit timestamp are zero
END

set --
while IFS='|' read -r name script words; do
	set -- "$@" 127.0.0.1 "$script" 127.0.0.1 "$script / wait=30"
done <"$rows"
adversary "$@"

n=1
while IFS='|' read -r name script words <&3; do
	timed "$REQTIME" --json -t 150ms "$(at $n)"
	if [ -z "$words" ]; then
		wanted='"status":"unreachable","reason":"no answer"'
		received=0
		what='ignored until the deadline'
	else
		wanted="\"status\":\"rejected\",\"reason\":\"[^\"]*$words"
		received=1
		what='waits until the deadline, and says why it was refused'
	fi
	if [ "$status" -eq 1 ] && [ "$(json status)" = no-answer ] &&
		source_of 1 | grep -q "$wanted" && [ "$(json stratum)" = null ] &&
		[ "$(json received)" = $received ] && [ "$took_ms" -ge 140 ]; then
		ok "$name: $what"
	else
		not_ok "$name: $what" "exit $status after $took_ms ms: $(cat "$out" "$err")"
	fi
	if [ -n "$words" ]; then
		run "$REQTIME" -t 50ms "$(at $n)"
		expect "$name: the table has the reason" 1 "$words"
	fi
	run "$REQTIME" --json -n 1 -t 1s "$(at $((n + 1)))"
	true_time "$name: the real reply after it is used"
	check "$name: ... and counts once" test "$(json received)" = 1
	n=$((n + 2))
done 3<"$rows"

# A server answers in a version that it knows, also when it refuses.
set --
for n in 1 2 3 4; do
	set -- "$@" 127.0.0.1 "version=$n"
done
adversary "$@" 127.0.0.1 'version=1 mode=0' \
	127.0.0.1 'version=3 stratum=0 leap=3 refid=44454e59 / wait=30' \
	127.0.0.1 'version=5; version=3' 127.0.0.1 'version=5 again=1000 / wait=100' \
	127.0.0.1 'version=5' 127.0.0.1 "$L len=65507" 127.0.0.1 "$L len=65507 / wait=30"
for n in 1 2 3 4; do
	run "$REQTIME" --json -n 1 "$(at $n)"
	true_time "row 17 answered in version $n: it is used"
done
run "$REQTIME" --json -n 1 "$(at 5)"
true_time "row 17 answered in version 1, which has no mode field: it is used"
run "$REQTIME" --json -t 2s "$(at 6)"
expect "C24 kiss DENY in version 3: obeyed at once" 1 '"status":"rejected","reason":"kiss code DENY'
run "$REQTIME" --json -t 2s -n 2 "$(at 7)"
true_time "row 17 refused, then asked again: the answer to the next request is used"
check "row 17 refused, then asked again: it leaves no trace" test \
	"$(json sent) $(json received) $(source_of 1 | grep -c '"reason":null')" = '2 2 1'
run "$REQTIME" --json -n 1 "$(at 8)"
true_time "row 17 1000 refused replies, then the real one: it is used"
check "row 17 1000 refused replies to one request count once" test "$(json received)" = 1
run "$REQTIME" --json -n 1 "$(at 4)" "$(at 9)"
true_time "row 17 refused: another server is enough"

# Whether it fits into the socket buffer is up to the kernel.
run "$REQTIME" --json -t 150ms "$(at 10)"
expect "row 4 65507 octets: no answer" 1 '"reason":"(no answer|more than 2048 octets: .*)"'
run "$REQTIME" --json -n 1 -t 1s "$(at 11)"
true_time "row 4 65507 octets: the real reply after it is used"

# Each length below the header's, one server each.
set --
for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 \
	33 34 35 36 37 38 39 40 41 42 43 44 45 46 47; do
	set -- "$@" 127.0.0.1 "len=$n"
done
adversary "$@"
# shellcheck disable=SC2046 # a list of servers
run "$REQTIME" --json -t 250ms $(at 1 47)
expect "row 2 1 to 47 octets, each length: no answer" 1 '"status":"no-answer"'
check "row 2 1 to 31 octets have no cookie, each length: none is taken for a reply" test \
	"$(grep -o '"status":"unreachable","reason":"no answer"' "$out" | wc -l)" -eq 31
check "row 2 32 to 47 octets, each length: refused" test \
	"$(grep -o '"status":"rejected","reason":"[34][0-9] octets' "$out" | wc -l)" -eq 16

# Replies of an earlier run, for another client, or sent twice.
adversary 127.0.0.1 'good; shift=77000 origin=last; silent' \
	127.0.0.1 'rootdisp=0 wait=5; shift=77000 origin=before; silent' \
	127.0.0.1 'shift=77000 origin=4 wait=30; silent' 127.0.0.1 'good' \
	127.0.0.1 'again=2' \
	127.0.0.1 'good / shift=77000' \
	127.0.0.1 'shift=77000 origin=random / good' \
	127.0.0.1 'freeze' \
	127.0.0.1 'shift=77000 again=100000 origin=random / good; good' \
	127.0.0.1 'wait=300; good' \
	127.0.0.1 'good / stratum=0 leap=3 refid=44454e59' \
	127.0.0.1 'poll=127 rootdisp=0 wait=5' 127.0.0.1 'leap=0 refage=0' 127.0.0.1 "tail=0104001c$(printf '%048d' 0)" \
	127.0.0.1 'silent / wait=100'
run "$REQTIME" --json -n 1 "$(at 1)"
run "$REQTIME" --json -n 1 -t 200ms "$(at 1)"
expect "row 8 the reply of the last run: no answer" 1 '"received":0'
run "$REQTIME" --json -n 2 -t 700ms --target 1ms "$(at 2)"
true_time "row 9 the reply to request 1 sent to request 2: the first stands"
check "row 9 the reply to request 1 sent to request 2: does not count" test \
	"$(json sent) $(json received)" = "2 1"
run "$REQTIME" --json --all -n 1 -t 300ms "$(at 3)" "$(at 4)"
check "row 20 another server's nonce: does not count" sh -c \
	"printf '%s\n' '$(source_of 1)' | grep -q '\"status\":\"unreachable\".*\"received\":0'"
true_time "row 20 another server's nonce: the other server's answer stands"
run "$REQTIME" --json -n 1 "$(at 5)"
true_time "row 10 a reply sent twice is used"
check "row 10 a reply sent twice counts once" test "$(json received)" = 1
run "$REQTIME" --json -n 1 "$(at 6)"
true_time "row 11 good, then bad: the first is used"
check "row 11 good, then bad: one answer" test "$(json received)" = 1
run "$REQTIME" --json -n 1 "$(at 7)"
true_time "row 12 bad, then good: the good one is used"
run "$REQTIME" --json -n 4 -t 1500ms "$(at 8)"
true_time "C8 the same transmit stamp again: the first answer stands"
check "C8 the same transmit stamp again: counts once" test "$(json received)" = 1
# shellcheck disable=SC2016 # for the inner shell
soon 4100 timed sh -c '"$@"; echo "status $?"; times' - "$REQTIME" --json -t 4s "$(at 9)"
status=$(sed -n 's/^status //p' "$out")
cpu_ms=$(awk 'END { split($1, u, /[ms]/); split($2, s, /[ms]/)
	print int((u[1] * 60 + u[2] + s[1] * 60 + s[2]) * 1000) }' "$out")
true_time "row 13 100000 bogus replies, then good"
check "row 13 100000 bogus replies: little CPU time ($cpu_ms of $took_ms ms)" test \
	$((cpu_ms * 10)) -lt $((took_ms * 9))
check "row 13 100000 bogus replies: within the deadline ($took_ms ms)" timely 4100
check "row 13 100000 bogus replies: no line for each" test \
	"$(wc -l <"$out")" -le 6 -a ! -s "$err"
run "$REQTIME" --json -n 2 "$(at 10)"
true_time "row 15 reordered replies are matched to their requests"
run "$REQTIME" --json -n 1 "$(at 11)"
true_time "C10 a kiss code after the answer is ignored"
run "$REQTIME" --json -n 4 --target 1ms "$(at 12)"
true_time "C44 a poll of 127 in the reply does not matter"
check "C44 a poll of 127 in the reply: the burst goes on" test "$(json received)" = 4
run "$REQTIME" --json -n 1 "$(at 13)"
true_time "C18 leap 0 in a good reply is accepted"
run "$REQTIME" --json -n 1 "$(at 14)"
true_time "C38 a well-formed unknown extension field is ignored"

# The requests.
adversary 127.0.0.1 good
began_s=$(date +%s)
while [ "$(asked 1)" -lt 40 ]; do
	if ! "$REQTIME" -q -n 1 "$(at 1)"; then
		not_ok "C1 a run gets its answer"
		break
	fi
done
awk '$1 == "asked" { print $5 }' "$adversary_log" >"$T/requests"
check "C1 each request is 48 octets: version 4, mode 3, precision 0x20 and else zero" sh -c \
	"[ \$(wc -l <'$T/requests') -ge 40 ] &&
	! grep -Evq '^23000020(00){36}[0-9a-f]{16}\$' '$T/requests'"
cut -c 81-96 "$T/requests" >"$T/nonces"
check "C2 no two requests have the same nonce" sh -c "[ -z \"\$(sort '$T/nonces' | uniq -d)\" ]"
near=0
while read -r nonce; do
	seconds=$((0x$(printf %s "$nonce" | cut -c 1-8) - 2208988800))
	within 86400 $((seconds - began_s)) && near=$((near + 1))
done <"$T/nonces"
# By chance once in 25000.
check "C2 the nonce is not the clock" test "$near" -le 2
awk '$1 == "asked" { print $4 }' "$adversary_log" >"$T/ports"
check "C3 each request from another port, never a low one" sh -c \
	"[ \$(sort -u '$T/ports' | wc -l) -ge 38 ] && ! grep -Eq '^[0-9]{1,3}\$' '$T/ports'"
# The kernel's own choice is always above 32768; of 40 random ports fewer than 5 are not, once in 10^6.
check "C3 drawn from all unprivileged ports" sh -c \
	"[ \$(awk '\$1 < 32768' '$T/ports' | wc -l) -ge 5 ] && [ \$(awk '\$1 >= 32768' '$T/ports' | wc -l) -ge 5 ]"
finish
