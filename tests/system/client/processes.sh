#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The processes of query, check and a dry run: the measuring process is behind its system call filter,
# whatever the verb, and none of them outlives the program.  Those of `set` are in
# tests/system/set/processes.sh.
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"
# shellcheck source=tests/tools/adversary.sh
. "$(dirname "$0")/../../tools/adversary.sh"
# shellcheck source=tests/tools/processes.sh
. "$(dirname "$0")/../../tools/processes.sh"
tool intruder.so

adversary 127.0.0.1 good 127.0.0.1 silent
good=$(at 1)
silent=$(at 2)
mkdir "$T/metrics" "$T/state"

# begin VERB...: in the background, until it waits for an answer; $asker, $measurer
begin() {
	background "$REQTIME" "$@" --state-dir "$T/state" --metrics "$T/metrics/m" -t 60s \
		"$silent" "localhost:${silent##*:}" >"$out" 2>"$err"
	asker=$background_pid
	wait_for 10 measures "$asker"
}
end() {
	kill -KILL "$asker" 2>/dev/null
	wait "$asker" 2>/dev/null
}

for verb in query "query --every 1h" check "set --dry-run"; do
	# shellcheck disable=SC2086 # words
	begin $verb
	if filters; then
		check "row 66 $verb: the measuring process is behind the system call filter" test \
			"$(status_of "$measurer" Seccomp) $(status_of "$measurer" NoNewPrivs)" = "2 1"
	else
		skip "row 66 $verb: the measuring process is behind the system call filter" "$(cat "$T/why")"
	fi
	# The resolver, history and metrics processes: each hangs while the program is killed.
	children=$(family "$measurer" | cut -s -d ' ' -f 2-)
	check "row 75 $verb: three processes besides it" test "$(echo "$children" | wc -w)" -eq 3
	# shellcheck disable=SC2086 # words
	kill -STOP $children
	end
	# shellcheck disable=SC2086
	check "row 75 $verb: they end with it, also those that hang" wait_for 10 gone "$measurer" $children
	# shellcheck disable=SC2086
	kill -KILL "$measurer" $children 2>/dev/null
done

# The first calls of an attacker's code.
if filters; then
	for what in open raw execve fork ptrace kill clock_settime; do
		for verb in query check "set --dry-run"; do
			# shellcheck disable=SC2086
			run env INTRUDER_MEASURES=$what LD_PRELOAD="$T/intruder.so" "$REQTIME" $verb "$good"
			expect "row 66 $verb: a forbidden call ($what) ends the measuring process" 159
		done
	done
	run env LD_PRELOAD="$T/intruder.so" "$REQTIME" "$good"
	expect "row 66 ... and without one it ends well" 0
else
	skip "row 66 a forbidden call ends the measuring process" "$(cat "$T/why")"
fi
finish
