#!/bin/sh
# SPDX-License-Identifier: MIT
#
# --metrics: the file that a run leaves for Prometheus is complete and readable, however the run
# ends; and an unwritable file does not fail the run.
# shellcheck disable=SC2046,SC2154,SC2317 # words of at; what lib.sh sets; what wait_for calls
. "$(dirname "$0")/../../tools/lib.sh"
own_network "$@"
# shellcheck source-path=SCRIPTDIR
. "$R/tests/tools/adversary.sh"

promtool=$R/build/peers/usr/bin/promtool
mkdir "$T/metrics"
file=$T/metrics/reqtime.prom
# sample NAME[LABELS]: its value, of this verb
sample() {
	sed -n "s/^reqtime_$1{verb=\"$verb\"${2:-}} //p" "$file"
}
# whole NAME: one file and no other, readable by all, in a form that promtool takes
whole() {
	check "$1: the file is complete, and the only one" sh -c "
		test \"\$(ls -A '$T/metrics')\" = reqtime.prom && test \$(stat -c %a '$file') = 644 &&
		test \$(tail -c 1 '$file' | od -An -tx1) = 0a && ! grep -iq 'nan\|inf ' '$file'"
	if [ -x "$promtool" ]; then
		"$promtool" check metrics <"$file" >"$T/promtool" 2>&1
		promtool_status=$?
		if [ $promtool_status -eq 0 ] && [ ! -s "$T/promtool" ]; then
			ok "$1: promtool accepts it"
		else
			not_ok "$1: promtool accepts it" "$(cat "$T/promtool" "$file")"
		fi
	else
		skip "$1: promtool accepts it" "no promtool below build/peers (packaging/deps test)"
	fi
}

adversary 127.0.0.1 good 127.0.0.2 good 127.0.0.3 shift=7000 127.0.0.4 silent
umask 077
for verb in query check set; do
	dry=
	case $verb in
	set) dry=--dry-run ;;
	check) dry='-w 1 -c 2' ;; # a busy machine has a wide bound
	esac
	# shellcheck disable=SC2086 # options or none
	run "$REQTIME" $verb $dry --all --metrics "$file" $(at 1 3)
	expect "$verb writes its metrics" 0
	whole "$verb"
	check "$verb: success, and its time" test "$(sample success):$(sample failed_runs):$(
		sample exit_status)" = 1:0:0
	check "$verb: the time of it is that of the run" test -n "$(sample run_timestamp_seconds)" -a \
		"$(sample run_timestamp_seconds)" = "$(sample last_success_timestamp_seconds)"
	check "$verb: offset and bound" sh -c "
		echo '$(sample offset_seconds) $(sample bound_seconds)' |
			awk 'NF == 2 && \$2 > 0 && \$1 <= \$2 && -\$1 <= \$2 { good = 1 } END { exit !good }'"
	check "$verb: a server that lies is counted" test "$(sample sources ',status="falseticker"')" = 1
	check "$verb: each server has its status" test "$(sample server_status ",server=\"$(at 3)\",status=\"falseticker\"")" = 1
	check "$verb: ... and its offset, also the one that lies" sh -c "
		echo '$(sample server_offset_seconds ",server=\"$(at 3)\"")' |
			awk '\$1 > 6.9 && \$1 < 7.1 { good = 1 } END { exit !good }'"
	check "$verb: ... and all have a bound, a delay and a stratum" test "$(grep -c \
		'^reqtime_server_\(bound_seconds\|delay_seconds\|stratum\){' "$file")" = 9
	check "$verb: no server is left out" test "$(sample servers_left_out)" = 0
	check "$verb: the stratum" grep -qx '[0-9]*' <<-END
		$(sample stratum)
	END
done
check "set: the action" test "$(sample action ',action="none"')" = 1
check "... which query has not" sh -c "! grep -q 'action.*query' '$file'"

# More servers than have metrics of their own.
verb=query
for i in $(seq 70); do
	echo "127.0.1.$i:9"
done >"$T/servers"
run "$REQTIME" --metrics "$file" --servers-file "$T/servers" "$(at 1)"
whole "70 servers"
check "70 servers: 64 have metrics of their own" test "$(grep -c \
	'^reqtime_server_status{.*status="unreachable"' "$file"):$(sample servers_left_out)" = 64:7

# A failed run keeps the previous values.
verb=query
run "$REQTIME" --metrics "$file" "$(at 1)"
success=$(sample last_success_timestamp_seconds)
for failed in 1 2; do
	run "$REQTIME" --metrics "$file" -t 100ms "$(at 4)"
	expect "failure $failed" 1
	check "failure $failed is counted" test "$(sample success):$(sample failed_runs)" = "0:$failed"
	check "failure $failed keeps the last success" test -n "$success" -a "$(sample last_success_timestamp_seconds)" = "$success"
done
whole "after failures"
check "no offset is written" sh -c "! grep -q 'offset\|bound\|stratum' '$file'"
run "$REQTIME" --metrics "$file" "$(at 1)"
check "a success resets the count" test "$(sample failed_runs)" = 0
echo 'reqtime_failed_runs{verb="query"} NaN' >"$file"
run "$REQTIME" --metrics "$file" -t 100ms "$(at 4)"
check "a file of another format is ignored" test "$(sample failed_runs)" = 1

# A run that ends before it measures writes its file as well.
verb="set"
run setpriv --bounding-set=-sys_time --inh-caps=-all "$REQTIME" set --metrics "$file" "$(at 1)"
expect "not permitted" 4
check "not permitted: the exit status is written" test "$(sample exit_status):$(sample success)" = 4:0
whole "not permitted"
verb=check
run "$REQTIME" check --metrics "$file" -w 1h: "$(at 1)"
expect "a check that warns" 1
check "a check that warns is a success in state 1" test "$(sample check_state):$(sample success)" = 1:1
printf 'server = %s\nmetrics = %s\n' "$(at 1)" "$T/metrics/reqtime.prom" >"$T/reqtime.conf"
rm "$file"
run "$REQTIME" check -f "$T/reqtime.conf"
check "metrics in the configuration file" test -s "$file"
rm "$file"
run env REQTIME_METRICS="$file" "$REQTIME" "$(at 1)"
expect "REQTIME_METRICS, where nothing else names a file" 0
check "... it is written" grep -q '^reqtime_success{verb="query"} 1$' "$file"
rm "$file"
run env REQTIME_METRICS="$T/metrics/other.prom" "$REQTIME" check -f "$T/reqtime.conf"
check "... the configuration file overrides it" test -s "$file" -a ! -e "$T/metrics/other.prom"
cp "$REQTIME" "$T/capable"
if [ "$(id -u)" = 0 ] && [ "${BUILD##*/}" != san ] && have setcap &&
	setcap cap_net_raw=p "$T/capable" 2>"$T/why"; then
	chmod 755 "$T" "$T/capable"
	run setpriv --reuid 65534 --regid 65534 --clear-groups env REQTIME_METRICS="$T/metrics/other.prom" \
		"$T/capable" --state-dir /dev/null "$(at 1)"
	expect "REQTIME_METRICS, and a file capability: ignored, with a warning" 0 \
		'warning: REQTIME_METRICS is ignored: this program has file capabilities .*; use --metrics FILE'
else
	skip "REQTIME_METRICS and a file capability" "needs root, setcap and no sanitizer"
fi
run env REQTIME_METRICS= "$REQTIME" "$(at 1)"
check "... empty: no file, and no message" test "$status" -eq 0 -a ! -s "$err"
before=$(cat "$file")
sh -c 'exec "$1" --metrics "$2" -t 60 "$3" >/dev/null' - "$REQTIME" "$file" "$(at 4)" &
count=$(asked 4)
wait_for 10 sh -c "test \$(grep -c '^asked 4 ' '$adversary_log') -gt $count"
kill $!
wait $!
check "a signal leaves the file alone" test "$before" = "$(cat "$file")"
background "$REQTIME" --every 1s --metrics "$file" -t 200ms 127.0.0.9:9 >"$out" 2>"$err"
verb=query
every() {
	[ "$(sample failed_runs)" -ge 2 ]
}
check "--every writes it each time" wait_for 20 every
kill "$background_pid"
wait "$background_pid"

# It never fails the run.
umask 022
# No device of this machine: root would replace it if the rule were broken.
mkfifo "$T/fifo"
for bad in /nonexistent/m.prom "$T/metrics" "$T/fifo" /proc/version; do
	run "$REQTIME" --metrics "$bad" "$(at 1)"
	expect "--metrics $bad" 0 '^reqtime: warning: --metrics .*: '
done
check "a FIFO is what it was" test -p "$T/fifo"
ln -s "$T/elsewhere" "$T/metrics/link.prom"
run "$REQTIME" --metrics "$T/metrics/link.prom" "$(at 1)"
expect "a link is not followed" 0 'warning: --metrics .*: not a regular file'
check "... and no file is made there" test ! -e "$T/elsewhere"
rm "$T/metrics/link.prom"
run "$REQTIME" check --metrics /nonexistent/m.prom "$(at 1)"
expect "check reports it below its line" 0 '^warning: --metrics /nonexistent/m\.prom: No such file or directory; name a file in a directory that this user may write to$'
check "... which is the first" sh -c "head -n 1 '$out' | grep -q '^REQTIME OK: '"
if [ "$(id -u)" = 0 ]; then
	chmod 700 "$T/metrics"
	run setpriv --reuid=65534 --clear-groups --bounding-set=-all "$REQTIME" --metrics "$file" "$(at 1)"
	expect "without the right to write" 0 'warning: --metrics .*: Permission denied'
	run mount -t tmpfs -o size=4k none "$T/metrics"
	if [ "$status" -eq 0 ]; then
		head -c 4096 /dev/zero >"$T/metrics/full"
		run "$REQTIME" --metrics "$file" "$(at 1)"
		expect "on a full device" 0 'warning: --metrics .*: No space left on device'
		check "... nothing is left behind" test "$(ls -A "$T/metrics")" = full
		umount "$T/metrics"
	else
		skip "on a full device" "cannot mount"
	fi
else
	skip "without the right to write" "needs root"
	skip "on a full device" "needs root"
fi
finish
