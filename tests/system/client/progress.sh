#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The progress line: only on a terminal, and only in a long run.

# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"
# shellcheck source=tests/tools/adversary.sh
. "$(dirname "$0")/../../tools/adversary.sh"
if ! script -qec true /dev/null >"$T/script.log" 2>&1 </dev/null; then
	skip_all "needs script (util-linux, or bsdutils) with -e and -c: $(head -n 1 "$T/script.log")"
fi
escape=$(printf '\033')

# on_terminal COMMAND: runs it on a terminal; the terminal's output -> $T/screen, and
# $T/steps, one line for each time that the progress line was rewritten
on_terminal() {
	status=0
	script -qec "$1" /dev/null >"$T/screen" 2>&1 </dev/null || status=$?
	tr '\r' '\n' <"$T/screen" | sed "s/^$escape\[K/<erase>/" >"$T/steps"
}
# steps NAME STATUS PATTERN: the last on_terminal
steps() {
	cp "$T/steps" "$out"
	: >"$err"
	expect "$1" "$2" "$3"
}
none() {
	if [ "$status" -ne "$2" ]; then
		not_ok "$1" "exit status $status, not $2: $(cat "$T/steps")"
	elif grep -q 'waiting for\|<erase>' "$T/steps"; then
		not_ok "$1" "$(cat "$T/steps")"
	else
		ok "$1"
	fi
}
export TERM=xterm REQTIME

adversary 127.0.0.1 good 127.0.0.2 silent 127.0.0.3 silent
good=$(at 1)
dead=$(at 2)
other=$(at 3)

on_terminal "\"\$REQTIME\" --timeout 2500ms $good $dead $other"
steps "the servers it waits for" 1 "^<erase>waiting for 2 of 3 servers: $dead, $other  [012]\.[0-9] s\$"
check "not before half a second" sh -c "sed -n 's/.*  \(.*\) s\$/\1/p' '$T/steps' | head -n 1 | grep -q '^0\.[5-9]\|^[12]\.'"
check "rewritten repeatedly" test "$(grep -c 'waiting for' "$T/steps")" -ge 3
check "erased before the table" \
	sh -c "grep -A 1 'waiting for' '$T/steps' | tail -n 1 | grep -q '^<erase>Server'"
check "and not shown again" \
	sh -c "sed '1,/^<erase>Server/d' '$T/steps' | grep -c 'waiting for\|<erase>' | grep -qx 0"
on_terminal "\"\$REQTIME\" set --dry-run --timeout 1900ms $dead"
steps "set: the same" 1 "^<erase>waiting for 1 of 1 server: $dead  [01]\.[0-9] s\$"
on_terminal "stty cols 40; \"\$REQTIME\" --timeout 1900ms $good $dead $other"
steps "a narrow terminal" 1 '^<erase>waiting for 2 of 3 servers  [01]\.[0-9] s$'
on_terminal "\"\$REQTIME\" --timeout 2s --json-lines $dead >\"$T/file\""
steps "stdout in a file: still on the terminal" 1 'waiting for 1 of 1'
check "and not in the file" sh -c "! grep -q 'waiting\|$escape' '$T/file'"
# Not before there is something to erase, however long that takes on a busy machine.
on_terminal "\"\$REQTIME\" --timeout 60s $dead &
	until grep -q 'waiting for' '$T/screen'; do sleep 0.05; done; kill \$!; wait \$!"
steps "interrupted: ended by the signal" 143 'waiting for'
check "interrupted: erased, and nothing more" \
	sh -c "tail -n 1 '$T/steps' | grep -q '^<erase>\$'"

on_terminal "\"\$REQTIME\" $good"
none "a short run" 0
on_terminal "\"\$REQTIME\" --quiet --timeout 900ms $dead"
none "--quiet" 1
on_terminal "TERM=dumb \"\$REQTIME\" --timeout 900ms $dead"
none "a dumb terminal" 1
on_terminal "unset TERM; \"\$REQTIME\" --timeout 900ms $dead"
none "TERM unset" 1
on_terminal "\"\$REQTIME\" --timeout 900ms $dead 2>\"$T/log\""
none "stderr in a log" 1
check "and nothing in the log" test ! -s "$T/log"
on_terminal "\"\$REQTIME\" --timeout 900ms $dead 2>&1 | cat"
none "a pipe" 0
on_terminal "sh -mc '\"\$REQTIME\" --timeout 900ms $dead & wait'"
none "in the background" 0
run "$REQTIME" --timeout 900ms "$dead"
expect "no terminal at all" 1 'No trusted time'
check "and nothing on stderr" test ! -s "$err"
finish
