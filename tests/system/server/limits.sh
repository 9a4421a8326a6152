#!/bin/sh
# SPDX-License-Identifier: MIT
#
# reqtimed under abuse: a million random and mutated requests, the limits of its confinement, its
# allocations, descriptors and memory.
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"
# shellcheck source=tests/tools/poke.sh
. "$(dirname "$0")/../../tools/poke.sh"
tool load
tool intruder.so

is_sanitized() {
	grep -q __asan_init "$REQTIMED"
}
fds() {
	find "/proc/$server_pid/fd" -mindepth 1 2>/dev/null | wc -l
}
memory_kib() {
	sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$server_pid/status"
}

mkdir "$T/metrics"
chmod 777 "$T/metrics"
metrics=$T/metrics/m
server --listen 127.0.0.1:0 --local-stratum 1 --threads 2 --metrics "$metrics" || finish
port=$(server_port ntp)
wait_for 5 test -s "$metrics"
ln "$metrics" "$T/metrics/first"
# A first pass, so that all pages are touched.
"$T/load" rate 127.0.0.1 "$port" 5000 1 >/dev/null
fds_before=$(fds)
kib_before=$(memory_kib)
count=1000000
is_sanitized && count=100000
for seed in 1 "$(date +%s)"; do
	run timeout 100 "$T/load" abuse 127.0.0.1 "$port" $((count / 2)) "$seed"
	expect "$((count / 2)) random and mutated requests (seed $seed): no wrong reply" 0
	read -r sent legal answered wrong plain <"$out"
	# A request that waits for more than half a second is not answered: a busy machine loses some.
	check "... most of the legal ones were answered ($sent sent, $legal may be, $plain surely legal: $answered, $wrong wrong)" \
		test "$((answered * 10))" -ge "$((plain * 9))"
done
"$T/load" rate 127.0.0.1 "$port" 20000 3 >"$T/rate"
# The first write is at the start, the next every 15 s: by now more than one.
# shellcheck disable=SC2317 # called by wait_for
written() {
	[ "$(sed -n 's/^reqtimed_requests_total //p' "$metrics")" -gt 1000 ]
}
check "metrics are written again" wait_for 20 written
check "... as a new file: a reader of the first one reads that to its end" sh -c "
	[ ! '$metrics' -ef '$T/metrics/first' ] &&
	grep -q '^reqtimed_requests_total 0\$' '$T/metrics/first' &&
	grep -q '^reqtimed_start_time_seconds ' '$T/metrics/first'"
rm "$T/metrics/first"
check "... and no other file is left" test "$(ls "$T/metrics")" = m
check "descriptors stay the same ($fds_before)" test "$(fds)" = "$fds_before"
kib=$(memory_kib)
if is_sanitized; then
	skip "memory" "not with sanitizers"
else
	check "memory stays the same ($kib_before KiB before, $kib KiB after)" \
		test "$kib" -le $((kib_before + 64))
	check "memory is at most 8 MiB" test "$kib" -le 8192
fi
check "a million requests, wrong ones among them, leave no line in the log" \
	test "$(wc -l <"$server_log")" -le 4
poke udp 127.0.0.1 "$port" 200 "$(request 35)"
check "and it still answers" test -n "$(reply 1)"
server_stop

# An attacker inside.
if is_sanitized; then
	skip "an exploited process" "not with sanitizers"
	finish
fi
chmod 755 "$T/intruder.so"
# $1: its attempt.  The exit status of the server, which is ended after 4 s if it lives.
intrude() {
	status=0
	INTRUDER_TRIES=$1 LD_PRELOAD=$T/intruder.so timeout 4 "$REQTIMED" --listen 127.0.0.1:0 \
		--local-stratum 1 2>"$T/intruded.log" </dev/null || status=$?
}
intrude nothing
if grep -q 'no system call filter' "$T/intruded.log"; then
	skip "an exploited process" "$(grep filter "$T/intruded.log")"
else
	check "without an attack it serves until it is ended" test "$status" = 124
	for what in open socket execve clock_settime fork ptrace; do
		intrude $what
		if [ "$status" = 159 ] && grep -q '^reqtimed: ready' "$T/intruded.log"; then
			ok "$what after the confinement: killed by SIGSYS"
		else
			not_ok "$what after the confinement: killed by SIGSYS" "status $status
$(cat "$T/intruded.log")"
		fi
	done
fi

# Without a system call filter Landlock is the only protection, for each of the threads.
rm -f "$T/intruded.log" # else the last one's "ready" could end the wait before this one starts
INTRUDER_UNFILTERED=1 INTRUDER_TRIES=open INTRUDER_THREAD=open LD_PRELOAD=$T/intruder.so \
	"$REQTIMED" --listen 127.0.0.1:0 --local-stratum 1 --threads 1 2>"$T/intruded.log" </dev/null &
server_pid=$!
lib_pids="$lib_pids $server_pid"
server_log=$T/intruded.log
# shellcheck disable=SC2317 # called by wait_for
both_tried() {
	"$T/poke" udp 127.0.0.1 "$(server_port ntp)" 100 "$(request 35)" >/dev/null
	[ "$(grep -c '^intruder: open' "$T/intruded.log")" -ge 2 ]
}
wait_for 10 grep -q '^reqtimed: ready' "$T/intruded.log"
check "without a filter: it reports that, and serves" sh -c "
	grep -q 'no system call filter here .*: serving without' '$T/intruded.log' &&
	grep -q '^reqtimed: ready' '$T/intruded.log'"
wait_for 10 both_tried
if grep -q '^intruder: Landlock [1-9]' "$T/intruded.log"; then
	check "... no thread opens a file: EACCES of Landlock" test \
		"$(grep '^intruder: open' "$T/intruded.log" | sort | uniq -c | tr -s ' ')" = \
		" 2 intruder: open: 13"
else
	skip "... no thread opens a file" "this kernel has no Landlock"
fi
server_stop

# An attacker in the process that parses files: no other file, no socket, no program.
# $1: its attempt; until $2 is in the log, or 5 s
intrude_helper() {
	rm -f "$T/intruded.log" # else the previous one's output would count
	INTRUDER_HELPER=$1 LD_PRELOAD=$T/intruder.so "$REQTIMED" --listen 127.0.0.1:0 \
		--local-stratum 1 --metrics "$T/metrics/m" 2>"$T/intruded.log" </dev/null &
	server_pid=$!
	lib_pids="$lib_pids $server_pid"
	wait_for 5 grep -q "$2" "$T/intruded.log"
	kill "$server_pid" 2>/dev/null
	wait "$server_pid" 2>/dev/null
}
intrude_helper open 'intruder: open'
if grep -q 'no system call filter' "$T/intruded.log"; then
	skip "an exploited file helper" "$(grep filter "$T/intruded.log")"
else
	if grep -q '^intruder: Landlock [1-9]' "$T/intruded.log"; then
		check "the file helper opens no other file: EACCES of Landlock" \
			grep -q '^intruder: open: 13$' "$T/intruded.log"
	else
		skip "the file helper opens no other file" "this kernel has no Landlock"
	fi
	for what in socket execve clock_settime fork ptrace; do
		intrude_helper $what 'has ended'
		check "$what in the file helper: killed; the server goes on and reports it" \
			grep -q 'the file helper process has ended' "$T/intruded.log"
	done
fi

# Allocations while it serves.
head -c 8 /dev/zero >"$T/counts"
chmod 666 "$T/counts"
calls() {
	od -An -tu8 "$T/counts" | tr -d ' '
}
server_prefix="env LD_PRELOAD=$T/intruder.so INTRUDER_COUNTS=$T/counts" \
	server --listen 127.0.0.1:0 --local-stratum 1 || finish
sleep 1.2
before=$(calls)
"$T/load" rate 127.0.0.1 "$(server_port ntp)" 20000 3 >"$T/rate"
after=$(calls)
check "the counter works ($before at the start)" test "$before" -gt 0
check "no allocation for $(cut -d ' ' -f 2 "$T/rate") answers" test "$before" = "$after"
server_stop
finish
