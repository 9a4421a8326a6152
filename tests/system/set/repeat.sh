#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The times of runs: --every, --splay, --wait, and the signals in between.
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"
own_network "$@"
# shellcheck source=tests/tools/adversary.sh
. "$(dirname "$0")/../../tools/adversary.sh"
adversary 127.0.0.1 good 127.0.0.1 good 127.0.0.1 leap=3 127.0.0.1 shift=7000

# shellcheck disable=SC2317 # called by wait_for
lines() {
	[ "$(grep -c '"program"' "$T/log")" -ge "$1" ]
}
# ended SIGNAL STATUS NAME
ended() {
	kill "-$1" "$every"
	status=0
	wait "$every" || status=$?
	check "$3" test "$status" -eq "$2"
}

background "$REQTIME" --every 1s --json -n 1 "$(at 1)" >"$T/log" 2>"$T/log.err"
every=$background_pid
check "query --every: runs repeatedly" wait_for 8 lines 3
check "query --every: one run a second" test "$(asked 1)" -le 5
timed ended TERM 143 "query --every: SIGTERM ends it"
cat "$out"
check "query --every: SIGTERM ends it at once ($took_ms ms)" timely 500
check "query --every: no error" test ! -s "$T/log.err"

background "$REQTIME" set --dry-run --every 1s --json -n 1 "$(at 1)" >"$T/log" 2>"$T/log.err"
every=$background_pid
check "set --dry-run --every: runs repeatedly" wait_for 8 lines 2
ended TERM 143 "set --dry-run --every: SIGTERM ends it"

# Consecutive tables: the time of each, and where it begins.
# shellcheck disable=SC2317 # called by wait_for
rules() {
	[ "$(grep -Ec '^-- 20[0-9-]{8} [0-9:]{8} UTC -+$' "$T/log")" -ge "$1" ]
}
for verb in query "set --dry-run"; do
	# shellcheck disable=SC2086 # words
	background "$REQTIME" $verb --every 1s -n 1 "$(at 1)" >"$T/log" 2>"$T/log.err"
	every=$background_pid
	check "$verb --every: tables under a rule with their time" wait_for 8 rules 2
	ended TERM 143 "$verb --every with tables: SIGTERM ends it"
	check "$verb --every: each table has its rule above it" awk '
		/^-- / { is_ruled = 1; next }
		/^Server / { tables++; if (!is_ruled) bad = 1 }
		{ is_ruled = 0 } END { exit bad || tables < 2 }' "$T/log"
done
background "$REQTIME" --every 1s --format csv -n 1 "$(at 1)" >"$T/log" 2>"$T/log.err"
every=$background_pid
check "--every --format csv: no rule" sh -c "sleep 1.5; ! grep -q '^--' '$T/log' && grep -q source '$T/log'"
ended TERM 143 "--every --format csv: SIGTERM ends it"
run "$REQTIME" -n 1 "$(at 1)"
check "a single run: no rule" sh -c "! grep -q '^-- ' '$out'"

at 1 >"$T/list"
background "$REQTIME" --every 1h --json -n 1 --servers-file "$T/list" >"$T/log" 2>"$T/log.err"
every=$background_pid
wait_for 5 lines 1
at 1 2 >"$T/list"
kill -HUP "$every"
check "SIGHUP: the file is read again, and a run made at once" wait_for 5 lines 2
check "SIGHUP: the new server is asked" test "$(asked 2)" -ge 1
echo 'not a server' >"$T/list"
kill -HUP "$every"
check "SIGHUP: a file that is wrong leaves the list unchanged" wait_for 5 lines 3
check "SIGHUP: a file that is wrong is reported" test -s "$T/log.err"
calm=$(awk '{ print $14 + $15 }' "/proc/$every/stat")
sleep 1
check "it waits, and costs nothing" test "$(awk '{ print $14 + $15 }' "/proc/$every/stat")" -eq "$calm"
ended INT 130 "SIGINT ends it"

# Every way in which an attempt ends without an answer.
for what in "$(at 1) 192.0.2.1 192.0.2.2" "$(at 3)" "$(at 1) $(at 4)"; do
	# shellcheck disable=SC2086 # servers
	run "$REQTIME" set --dry-run --wait 1500ms --json -n 1 -t 200ms $what
	expect "--wait: $(json status)" 1
	check "--wait: $(json status): only the last attempt is reported" \
		test "$(grep -c '"program"' "$out")" -eq 1
done

background "$REQTIME" set --dry-run --splay 50w -n 1 "$(at 1)" >"$T/log" 2>&1
every=$background_pid
sleep 0.5
check "--splay: silent meanwhile" test ! -s "$T/log"
ended TERM 143 "--splay: SIGTERM ends the wait"
run "$REQTIME" set --dry-run --splay 10ms --json -n 1 "$(at 1)"
expect "--splay: then a run" 0 '"ok"'

if [ "$(id -u)" = 0 ]; then
	background "$REQTIME" set --dry-run --wait 20s --json -n 1 -t 1s 10.77.0.1 >"$T/log" 2>&1
	every=$background_pid
	sleep 2.5
	check "--wait: silent without a network" test ! -s "$T/log"
	ip addr add 10.77.0.1/24 dev lo
	adversary 10.77.0.1:123 good
	ip addr add 10.77.0.2/24 dev lo
	began=$(date +%s%N)
	status=0
	wait "$every" || status=$?
	took_ms=$((($(date +%s%N) - began) / 1000000))
	cp "$T/log" "$out"
	: >"$err"
	expect "--wait: an answer once the network is there" 0 '"ok"'
	check "--wait: a netlink event starts the next attempt ($took_ms ms)" timely 1500
else
	skip "--wait: an answer once the network is there" "needs root for port 123"
fi
timed "$REQTIME" set --dry-run --wait 2s -n 1 -t 300ms "192.0.2.1"
expect "--wait: at the end, the reason why there is no answer" 1 'No trusted time'
check "--wait: no longer than the limit ($took_ms ms)" timely 3000
finish
