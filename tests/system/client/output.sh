#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The destinations of output, and the behaviour when one cannot be written.

# shellcheck disable=SC2016 # single quotes: for an inner shell

# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"

# A port without a listener.
closed=127.0.0.1:9
server --listen 127.0.0.1:0 --local-stratum 1 || finish
port=$(server_port ntp)
good=127.0.0.1:$port

# status_of COMMAND...: in a shell, with the redirections in COMMAND
status_of() {
	status=0
	sh -c "$@" >"$out" 2>"$err" </dev/null || status=$?
}
export REQTIME good closed

run "$REQTIME" "$good"
expect 'the answer is on stdout' 0 'The local clock'
check 'and nothing on stderr' test ! -s "$err"
check 'no line is longer than 80 columns in a pipe' awk 'length > 80 { exit 1 }' "$out"
check 'no control octets' sh -c '! LC_ALL=C grep -q "[^ -~]" "$1"' sh "$out"

run "$REQTIME" --json "$good"
expect 'JSON: exit 0' 0 '"status":"ok"'
check 'JSON is one line' test "$(wc -l <"$out")" -eq 1
if have python3; then
	check 'JSON is JSON' python3 -m json.tool "$out"
else
	skip 'JSON is JSON' 'needs python3'
fi
check 'JSON: offset_ns is an integer' sh -c 'grep -Eq "\"offset_ns\":-?[0-9]+," "$1"' sh "$out"

# The other formats: their usual readers accept them.
run "$REQTIME" --format csv "$good" "$closed"
if have python3; then
	check 'a reader of RFC 4180 reads the CSV' python3 -c '
import csv, sys
raw = open(sys.argv[1], newline="").read()
assert raw.endswith("\r\n") and raw.count("\r\n") == raw.count("\n") == 4
rows = list(csv.DictReader(open(sys.argv[1], newline=""), strict=True))
assert [r["kind"] for r in rows] == ["source", "source", "answer"], rows
assert all(None not in r and None not in r.values() for r in rows)
assert rows[0]["status"] == "selected" and abs(int(rows[0]["offset_ns"])) < 10**9
assert rows[1]["status"] == "unreachable" and rows[1]["offset_ns"] == ""
assert rows[2]["status"] == "ok" and rows[2]["action"] == "none"
' "$out"
else
	skip 'a reader of RFC 4180 reads the CSV' 'needs python3'
fi
run "$REQTIME" --format ntpdate "$good"
expect 'ntpdate: a line for the source' 0 \
	'^server 127\.0\.0\.1, stratum 1, offset [-+]0\.[0-9]{6}, delay 0\.[0-9]{5}$'
expect 'ntpdate: the line of the log' 0 \
	'^[ 1-3][0-9] [A-Z][a-z]{2} [0-9:]{8} ntpdate\[[0-9]+\]: adjust time server 127\.0\.0\.1 offset [-+]0\.[0-9]{6} sec$'
check 'ntpdate: scripts can parse it' sh -c '
	test "$(tail -n 1 "$1" | awk "{ print \$(NF - 1) }" | tr -d "0-9+-")" = .' sh "$out"
run "$REQTIME" --format ntpdate "$closed"
expect 'ntpdate: without an answer' 1 'ntpdate\[[0-9]+\]: no server suitable for synchronization found$'
run "$REQTIME" set --dry-run --format csv "$good"
expect 'set: csv' 0 ',answer,,,,,ok,'
run "$REQTIME" --format json "$good"
expect '--format json is --json' 0 '^[{]"program":"reqtime"'
run "$REQTIME" --format csv --json "$good"
expect 'of --format and --json the last one counts' 0 '^[{]"program":"reqtime"'
run "$REQTIME" --format csv --json-lines "$good"
expect '--json-lines is a format of its own' 2 'contradicts --format'
run "$REQTIME" --format xml "$good"
expect 'an unknown format' 2 '"xml" is not one of table|json|csv|ntpdate'

# Colours and signs: only on a terminal.
run "$REQTIME" --color always "$good"
check '--color always' grep -q "$(printf '\033\[32mselected\033\[0m')" "$out"
if script -qec true /dev/null </dev/null >/dev/null 2>&1; then
	on_terminal() { # ENVIRONMENT... : the report as a terminal gets it
		run env "$@" script -qec "stty cols 100; '$REQTIME' '$good'" /dev/null
	}
	on_terminal TERM=xterm LC_ALL=C.UTF-8
	check 'a terminal gets colours' grep -q "$(printf '\033\[32mselected')" "$out"
	check '... and UTF-8 where the locale is' grep -q "$(printf '\302\261')" "$out"
	on_terminal TERM=xterm LC_ALL=C
	check '... and ASCII elsewhere' sh -c 'tr -d "\033\r" <"$1" | LC_ALL=C awk "/[^ -~]/ { exit 1 }"' sh "$out"
	on_terminal TERM=xterm NO_COLOR=1
	check 'NO_COLOR: no colours' sh -c '! grep -q "$(printf "\033")" "$1"' sh "$out"
	on_terminal TERM=dumb
	check 'TERM=dumb: no colours' sh -c '! grep -q "$(printf "\033")" "$1"' sh "$out"
else
	skip 'the output on a terminal' 'needs script (util-linux, or bsdutils) with -e and -c'
fi
run env LC_ALL=C.UTF-8 TERM=xterm "$REQTIME" "$good"
check 'a pipe gets plain ASCII, whatever the locale' \
	sh -c '! LC_ALL=C grep -q "[^ -~]" "$1"' sh "$out"

run "$REQTIME" --quiet "$good"
expect '--quiet: exit 0' 0
check '--quiet: nothing on stdout' test ! -s "$out"
check '--quiet: nothing on stderr' test ! -s "$err"

run "$REQTIME" --quiet "$closed"
expect '--quiet, no answer: exit 1' 1 'No trusted time'
check '--quiet, no answer: nothing on stdout' test ! -s "$out"
check '--quiet, no answer: a message on stderr' test -s "$err"

run "$REQTIME" --quiet --json "$closed"
expect '--quiet --json, no answer: exit 1' 1 '"status":"no-answer"'

run "$REQTIME" --verbose "$good"
expect '--verbose shows the stamps' 0 'stamps: sent (kernel|user), received (kernel|user)'

run "$REQTIME" --json "$closed"
expect 'JSON without an answer: exit 1' 1 '"offset_ns":null,"bound_ns":null,"delay_ns":null,"leap":null,'
check 'JSON: one line without an answer too' test "$(wc -l <"$out")" -eq 1

for verb in query 'set --dry-run'; do
	for format in '' --json; do
		status_of "\"\$REQTIME\" $verb $format \"\$good\" >/dev/full"
		expect "$verb $format: a full device is exit 6" 6 '^reqtime: cannot write to standard output: No space left'
		status_of "\"\$REQTIME\" $verb $format \"\$good\" | true"
		expect "$verb $format: a reader that goes away does no harm" 0
		status_of "\"\$REQTIME\" $verb $format \"\$good\" >&-"
		expect "$verb $format: stdout closed" 0
		status_of "\"\$REQTIME\" $verb $format \"\$good\" <&- >&- 2>&-"
		expect "$verb $format: all three closed" 0
	done
done
status_of '"$REQTIME" --help >/dev/full'
expect '--help on a full device is exit 6' 6 'cannot write to standard output'
status_of '{ "$REQTIME" "$good"; echo $? >&2; } | true'
check 'a closed pipe is exit 6 or was in time' grep -Eq '^(0|6)$' "$err"
status_of '"$REQTIME" -q "$good" >/dev/full'
expect 'nothing to write: a full device does not matter' 0

# Inherited from the parent.
if have python3; then
	run python3 -c 'import os, signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
os.execv(sys.argv[1], sys.argv[1:])' "$REQTIME" "localhost:$port"
	expect 'SIGCHLD ignored by the parent' 0 'The local clock'
else
	skip 'SIGCHLD ignored by the parent' 'needs python3'
fi

for words in --help 'query --help' 'set --help' 'help set'; do
	# shellcheck disable=SC2086 # several words
	run "$REQTIME" $words
	expect "$words: exit 0" 0 '^Usage: reqtime'
	check "$words fits 80 columns" awk 'length > 80 { exit 1 }' "$out"
done
run "$REQTIME" --version
expect '--version' 0 '^reqtime [0-9]+\.[0-9]+\.[0-9]+$'

run "$REQTIME" set "$good"
expect 'set without the right: exit 4' 4 'not permitted to set the clock: .*sudo reqtime set'
check 'and the way out, in at most five lines' test "$(wc -l <"$err")" -le 5
check 'and no server was asked' test ! -s "$out"
run "$REQTIME" set --json "$good"
expect 'set --json without the right: exit 4' 4 '"status":"not-permitted".*"sources":\[\].*"applied":null'
run "$REQTIME" set --dry-run "$good"
expect 'set --dry-run needs no right' 0 '.set. would leave it alone'
finish
