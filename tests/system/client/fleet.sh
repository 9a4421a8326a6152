#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Many servers in one run: lists of them in files, a line of JSON for each, and the cost.

# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"
# shellcheck source=tests/tools/adversary.sh
. "$(dirname "$0")/../../tools/adversary.sh"
tool cost
case $BUILD in
*san*) sanitized=1 ;;
*) sanitized= ;;
esac
list=$T/list

# --- the file ---

# refused NAME PATTERN: $list is not taken: one line on stderr, nothing on stdout, exit 2
refused() {
	run "$REQTIME" --servers-file "$list"
	if [ -s "$out" ] || [ "$(wc -l <"$err")" -ne 1 ]; then
		not_ok "$1" "$(head -n 5 "$out" "$err")"
	else
		expect "$1" 2 "^reqtime: $2"
	fi
}
printf 'localhost\n\n# two\nh:0\n' >"$list"
refused "a line that is not a server" "$list:4: server \"h:0\": "
printf 'localhost\n\377\376\n' >"$list"
refused "a line that is not ASCII" "$list:2: server \".xff.xfe\": "
printf 'localhost\n127.0.0.1\0\n' >"$list"
refused "a NUL" "$list:2: not a text file"
{
	echo localhost
	head -c 5000 /dev/zero | tr '\0' a
} >"$list"
refused "an over-long line" "$list:2: the line is too long"
yes localhost | head -n 65537 >"$list"
refused "one server too many" "$list:65537: more than 65536 servers"
: >"$list"
refused "an empty file" "$list: no server in it"
run "$REQTIME" --servers-file "$T"
expect "a folder" 2 "^reqtime: $T: Is a directory"
run "$REQTIME" --servers-file "$T/none"
expect "no file" 2 "^reqtime: $T/none: No such file"
mkfifo "$T/fifo"
run timeout 20 "$REQTIME" --servers-file "$T/fifo"
expect "a FIFO does not hold it up" 2 'not a regular file; use - for standard input'
run "$REQTIME" --servers-file -
expect "standard input: empty" 2 "^reqtime: standard input: no server in it"
run "$REQTIME" --servers-file
expect "no FILE" 2 "option --servers-file needs a value: FILE"
run "$REQTIME" --json --json-lines localhost
expect "--json and --json-lines" 2 "--json-lines contradicts --json"
if [ "$(id -u)" != 0 ]; then
	chmod 000 "$list"
	refused "not ours to read" "$list: Permission denied"
	chmod 600 "$list"
elif have setpriv; then
	chmod 600 "$list"
	run setpriv --reuid 65534 --regid 65534 --clear-groups "$REQTIME" --servers-file "$list"
	expect "not ours to read" 2 "^reqtime: $list: Permission denied"
else
	skip "not ours to read" "needs setpriv"
fi

adversary 127.0.0.1 good 127.0.0.2 good 127.0.0.3 good 127.0.0.4 'shift=5000 wait=60'
{
	printf '# the fleet\r\n\r\n  %s\t# the first\r\n' "$(at 2)"
	printf '%s\n%s' "$(at 3)" "$(at 4)"
} >"$list"
run "$REQTIME" --json --servers-file "$list" "$(at 1)"
expect "comments, blank lines, carriage returns; operands come first" 0 \
	'"sources":\[.*"127.0.0.1".*"127.0.0.2".*"127.0.0.3".*"127.0.0.4"'
check "each of them is heard, although a majority was reached before" \
	test "$(grep -o '"received":[1-9]' "$out" | wc -l)" -eq 4
run "$REQTIME" --json "$(at 1)" "$(at 2)" "$(at 3)" "$(at 4)"
expect "without a list the slow one is not waited for" 0 'the others were enough'
cat "$list" >"$T/input"
status=0
"$REQTIME" --servers-file - <"$T/input" >"$out" 2>"$err" || status=$?
expect "from standard input" 0 '^127.0.0.4.* falseticker$'

# --- a line for each ---

run "$REQTIME" --json-lines --servers-file "$list" "$(at 1)"
expect "--json-lines: exit 0" 0
check "a line for each, and one for the run" test "$(wc -l <"$out")" -eq 5
if have python3; then
	cat >"$T/check.py" <<'END'
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
keys = ["name", "address", "port", "scheme", "status", "reason", "stratum", "refid",
        "offset_ns", "bound_ns", "delay_ns", "root_delay_ns", "root_dispersion_ns",
        "sent", "received", "authentication", "nts"]
assert all(list(line) == keys for line in lines[:-1])
assert [line["address"][-1] for line in lines[:-1]] == list("1234")
# On a busy machine an honest one may be too unsure to count in the mean.
status = [line["status"] for line in lines[:-1]]
assert set(status[:3]) <= {"selected", "agreeing"} and "selected" in status, lines
assert status[3] == "falseticker", lines
assert lines[-1]["program"] == "reqtime" and lines[-1]["status"] == "ok"
assert lines[-1]["sources"] is None and lines[-1]["plan"]["action"] == "none"
assert list(lines[-1]) == ["program", "version", "verb", "time", "status", "offset_ns",
                           "bound_ns", "delay_ns", "leap", "authenticated", "sources", "plan",
                           "held_back"]
END
	check "the keys of the contract, the verdict of the selection, the order of the list" \
		python3 "$T/check.py" "$out"
else
	skip "the keys of the contract" "needs python3"
fi
run "$REQTIME" --json-lines "$(at 4)" "$(at 1)"
expect "without an answer: the lines all the same, exit 1" 1 \
	'"status":"no-majority".*"sources":null,"plan":null'
check "without an answer: three lines" test "$(wc -l <"$out")" -eq 3
run "$REQTIME" --json-lines --quiet --servers-file "$list" "$(at 1)"
expect "--quiet: nothing when all is well" 0
check "... on standard output" test ! -s "$out"
status=0
"$REQTIME" --json-lines --servers-file "$list" >/dev/full 2>"$err" || status=$?
expect "a full device is exit 6" 6 'cannot write to standard output'

# --- descriptors ---

# shellcheck disable=SC2046 # pairs of words
adversary $(i=0; while [ $((i += 1)) -le 100 ]; do
	if [ $i -le 50 ]; then echo "127.0.1.$i silent"; else echo "127.0.1.$i good"; fi
done)
at 1 100 >"$list"
status=0
# shellcheck disable=SC3045 # dash, bash, ksh and busybox have it
(ulimit -n 40 && "$REQTIME" --json-lines --timeout 3s --servers-file "$list") \
	>"$out" 2>"$err" </dev/null || status=$?
check "few descriptors, and the silent ones come first: every good one is heard" \
	test "$(grep -c '"received":[1-9]' "$out")" -eq 50
check "the silent ones were all asked" test "$(grep -c '"not asked' "$out")" -eq 0
adversary_stop

# --- cost ---

# fleet N LIMIT_KIB
fleet() {
	awk -v n="$1" -v port="$port" 'BEGIN { for (i = 0; i < n; i++)
		printf "127.%d.%d.%d:%d\n", 1 + i / 62500, i / 250 % 250, i % 250 + 1, port }' >"$list"
	run "$T/cost" "$T/cost.out" "$REQTIME" --json-lines --servers-file "$list"
	read -r took_ms held_kib <"$T/cost.out"
	if [ "$status" -eq 0 ] && [ "$(grep -c '"received":[1-9]' "$out")" -eq "$1" ]; then
		ok "$1 servers: all are heard"
	else
		not_ok "$1 servers: all are heard" "exit $status, $(wc -l <"$out") lines
$(grep -v '"received":[1-9]' "$out" | tail -n 5; cat "$err")"
	fi
	check "$1 servers: few had to be asked twice" \
		test "$(grep -c '"sent":1,' "$out")" -ge $(($1 * 9 / 10))
	if [ -n "$sanitized" ]; then
		skip "$1 servers: in little memory" "a sanitized build needs more"
		return
	fi
	check "$1 servers: $held_kib KiB of $2 (in $took_ms ms)" test "$held_kib" -le "$2"
}
if server --listen 0.0.0.0:0 --local-stratum 1; then
	port=$(server_port ntp)
	fleet 1000 65536
	fleet 10000 65536
	run "$T/cost" "$T/cost.out" "$REQTIME" --servers-file "$list"
	expect "10000 servers: a table" 0 '^127.1.39.250:.* selected$'
	run "$T/cost" "$T/cost.out" "$REQTIME" --json --servers-file "$list"
	read -r took_ms held_kib <"$T/cost.out"
	if [ -n "$sanitized" ]; then
		skip "10000 servers as one object: in little memory" "a sanitized build needs more"
	else
		check "10000 servers as one object: $held_kib KiB of 65536" \
			test "$held_kib" -le 65536
	fi
fi
finish
