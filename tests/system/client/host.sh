#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A host that fails the client: system calls, memory, descriptors, signals, environment; and
# answers of the text protocols.  The rows are those of tests/faults.md.
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"
# shellcheck source=tests/tools/adversary.sh
. "$(dirname "$0")/../../tools/adversary.sh"
tool adversary_host.so host.so

now_wire=$(printf '%08x' $(($(date +%s) + 2208988800)))
line=323032362d31312d32325431323a34393a32332e3734363930323030305a # 2026-11-22T12:49:23.746902000Z
adversary 127.0.0.1 good 127.0.0.1 wait=300 127.0.0.1 wait=310 127.0.0.1 wait=320 \
	127.0.0.1 silent \
	127.0.0.1 "raw=$now_wire" 127.0.0.1 "raw=${now_wire%??}" 127.0.0.1 "raw=${now_wire}00" \
	127.0.0.1 'len=0' 127.0.0.1 "raw=$now_wire$now_wire" \
	127.0.0.1 'raw=1b5b324a1b5d303b780a0a' \
	127.0.0.1 "raw=${line}0a" 127.0.0.1 "raw=$line" 127.0.0.1 "raw=${line}0a00" \
	127.0.0.1 'raw=323032362d31332d32325431323a34393a32332e3734363930323030305a0a' \
	127.0.0.1 'raw=0a'
good=$(at 1)

# --- the text protocols
run "$REQTIME" --json "time://$(at 6)"
expect "C43 RFC 868: four octets are a time" 0 '"ok"'
check "C43 RFC 868: its bound knows that it is cut to seconds" test "$(json bound_ns)" -ge 400000000
for n in 7 8 9 10; do
	run "$REQTIME" --json -t 200ms "time://$(at $n)"
	expect "C43 RFC 868: an answer of $(echo '7 3 8 5 9 0 10 8' | tr ' ' '\n' |
		awk -v n=$n 'f { print; exit } $1 == n { f = 1 }') octets is not a time" 1 '"no-answer"'
done
run "$REQTIME" "daytime://$(at 11)"
expect "C43 RFC 867: never an answer" 1 'x1b'
check "C43 RFC 867: shown as plain text" sh -c "! LC_ALL=C grep -q '[^ -~]' '$out'"
run "$REQTIME" set --dry-run --json "daytime://$(at 11)"
expect "C43 RFC 867: never sets the clock" 1
run "$REQTIME" --json -n 1 "reqtime://$(at 12)"
expect "C43 the line of reqtime: a time" 0 '"ok"'
for n in 14 15 16; do
	run "$REQTIME" --json -t 200ms "reqtime://$(at $n)"
	expect "C43 the line of reqtime, malformed ($n): ignored" 1 '"no-answer"'
done

if server --listen 127.0.0.1:0 --text-listen 127.0.0.1:0 --time-listen 127.0.0.1:0 \
	--daytime-listen 127.0.0.1:0 --local-stratum 1 --deny 127.0.0.1; then
	for scheme in reqtime time daytime; do
		run "$REQTIME" "$scheme+tcp://127.0.0.1:$(server_port $scheme)"
		expect "$scheme+tcp denied: reported, and not taken for an answer" 1 \
			'it closed the connection without an answer: perhaps it'
	done
	server_stop
fi

# --- signals
# interrupted SIGNAL STATUS
interrupted() {
	background env --default-signal="$1" "$REQTIME" -t 5s "$(at 5)" >"$out" 2>"$err"
	asker=$background_pid
	sleep 0.3
	began=$(date +%s%N)
	kill "-$1" "$asker"
	status=0
	wait "$asker" || status=$?
	took_ms=$((($(date +%s%N) - began) / 1000000))
	expect "row 73 SIG$1 while it waits: exit $2" "$2"
	check "row 73 SIG$1 while it waits: at once ($took_ms ms)" timely 300
	check "row 73 SIG$1 while it waits: no answer is printed" test ! -s "$out"
}
interrupted INT 130
interrupted TERM 143
interrupted HUP 129

# stopped DEADLINE SECONDS
stopped() {
	background "$REQTIME" --json -t "$1" "$(at 2)" "$(at 3)" "$(at 4)" >"$out" 2>"$err"
	asker=$background_pid
	sleep 0.15
	kill -STOP "$asker"
	sleep "$2"
	kill -CONT "$asker"
	began=$(date +%s%N)
	status=0
	wait "$asker" || status=$?
	took_ms=$((($(date +%s%N) - began) / 1000000))
}
stopped 3s 1
true_time "row 76 stopped for 1 s, the deadline not over: an answer"
stopped 600ms 1
if [ "$status" -eq 0 ]; then
	true_time "row 76 stopped past the deadline: an answer, and a true one"
else
	expect "row 76 stopped past the deadline: no answer" 1 '"no-'
fi
check "row 76 stopped past the deadline: it ends at once ($took_ms ms)" timely 200

# --- the environment
for setting in TZ=:/etc/passwd TZ=XYZ-25 "TZ=$(printf '%04000d' 0)" LANG=tr_TR.UTF-8 \
	LC_ALL=../../../etc RES_OPTIONS='ndots:15 timeout:600 attempts:99' \
	RESOLV_HOST_CONF=/etc/shadow HOSTALIASES=/etc/passwd LOCALDOMAIN=evil.example \
	MALLOC_PERTURB_=85; do
	run env "$setting" "$REQTIME" --json "$good"
	true_time "row 78 $(printf '%.40s' "$setting")"
	check "row 78 $(printf '%.40s' "$setting"): the time is UTC all the same" sh -c \
		"grep -q '\"time\":\"$(date -u +%Y-%m-%dT%H)' '$out'"
done

# --- descriptors
for limit in 3 4 5 6 7 8; do
	# shellcheck disable=SC2016 # for the inner shell
	run sh -c 'ulimit -n "$0" && exec "$@"' $limit "$REQTIME" -t 300ms "$good" "$(at 5)"
	case $status in
	0) ok "row 56 $limit descriptors: enough" ;;
	*) expect "row 56 $limit descriptors: no answer, and why" "$status" \
		'Too many open files|cannot (prepare|enter|open)|shared librar' ;;
	esac
	check "row 56 $limit descriptors: ends without help ($status)" test "$status" -lt 128
done

# --- calls that fail
if [ "${BUILD##*/}" = san ]; then
	skip "rows 54 to 57 calls that fail" "the sanitizer has calls of its own"
	finish
fi
errno() { # its number
	printf '#include <errno.h>\n%s\n' "$1" | cc -E -P -x c - | tail -n 1
}
# failing CALL ERROR AT EVERY [SERVER]...
failing() {
	failing_how="FAIL_CALL=$1 FAIL_ERROR=$(errno "$2") FAIL_AT=$3 FAIL_EVERY=$4"
	shift 4
	# shellcheck disable=SC2086 # several words
	timed env $failing_how LD_PRELOAD="$T/host.so" "$REQTIME" --json -t 4s "$good" "$@"
}

for every in 0 1; do
	bad=
	nth=0
	noticed=0
	while [ $nth -lt 60 ]; do
		nth=$((nth + 1))
		failing malloc ENOMEM $nth $every localhost:9
		case $status in
		0) [ "$(json status)" = ok ] || bad="$bad $nth:silent" ;;
		1 | 6 | 127)
			noticed=$((noticed + 1))
			[ -s "$out" ] || [ -s "$err" ] || bad="$bad $nth:mute"
			;;
		*) bad="$bad $nth:$status" ;;
		esac
	done
	check "row 57 no memory at the nth request, then again each $every: ends without help, and says why" \
		test -z "$bad"
	[ -z "$bad" ] || echo "# $bad"
	check "row 57 no memory at the nth request, each $every: it is noticed ($noticed)" test \
		$noticed -gt 0
done
for call in poll recvmsg send getrandom; do
	failing $call EIO 1 1
	check "row 54 an error that ends the run, from $call: noticed ($status)" test \
		"$status" -eq 1 -o "$status" -eq 6
	for when in '1 0' '2 0' '1 2' '2 3'; do
		# shellcheck disable=SC2086 # two words
		failing $call EINTR $when
		true_time "row 54 EINTR from $call ($when): goes on"
	done
done
for when in '1 0' '2 0' '3 0' '4 0' '2 3'; do
	# shellcheck disable=SC2086 # two words
	failing recvmsg EAGAIN $when
	true_time "row 54 EAGAIN from recvmsg after poll ($when): goes on"
	check "row 54 EAGAIN from recvmsg after poll ($when): no harm ($took_ms ms)" timely 1000
done
for error in ENOBUFS ENOMEM; do
	failing send $error 1 0
	true_time "row 55 $error at the first send: tried again"
	failing send $error 1 1
	expect "row 55 $error at each send: no answer, and why" 1 'cannot be asked'
	failing send $error 2 0 "$(at 2)"
	true_time "row 55 $error at the send to one of two: the other is asked"
done
for call in socket bind connect; do
	failing $call ENOBUFS 1 1
	check "row 55 ENOBUFS from each $call: ends without help ($status)" test "$status" -lt 128
	check "row 55 ENOBUFS from each $call: says why" grep -q 'No buffer space' "$out" "$err"
done
failing socket EMFILE 1 1
expect "row 56 EMFILE from each socket: no answer, and why" 1 'Too many open files'
finish
