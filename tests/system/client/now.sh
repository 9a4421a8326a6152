#!/bin/sh
# SPDX-License-Identifier: MIT
#
# `reqtime now`, and the bound file that `query` leaves for it: without a packet, for any user, with
# the reason and the way out where the time is not known.

# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"

server --listen 127.0.0.1:0 --local-stratum 3 || finish
at=127.0.0.1:$(server_port ntp)
mkdir -m 755 "$T/b"
chmod 755 "$T"
bound=$T/b/bound
now() {
	run "$REQTIME" now --bound-file "$bound" "$@"
}
# told NAME STATUS REASON ADVICE: the last run told it on one line of stderr, and printed nothing
told() {
	if [ "$status" -eq "$2" ] && [ ! -s "$out" ] && [ "$(wc -l <"$err")" -eq 1 ] &&
		grep -Eq "^reqtime now: the time is not known: .*$3.*; .*$4" "$err"; then
		ok "$1"
	else
		not_ok "$1" "exit $status: $(cat "$out" "$err")"
	fi
}

now
told "no run yet" 1 "no run has left a bound file" "sudo reqtime set --bound-file with that file"
now --json
expect "no run yet, as JSON" 1 '"status":"unknown","reason":"no run .*"earliest_ns":null,.*"clock_ns":null'
run "$REQTIME" query "$at"
check "a single query leaves no file" test ! -e "$bound"
run "$REQTIME" query --bound-file "$bound" "$at"
expect "query --bound-file" 0
check "... makes the file, mode 644, one page" test "$(stat -c '%a %s' "$bound")" = "644 4096"
inode=$(stat -c %i "$bound")

now
expect "it is known then" 0 '^The clock is off by at most [0-9.]+ [mu]s, likely [0-9.]+ [mu]s; measured 0 s ago\.$'
check "... on 80 columns" test "$(wc -L <"$out")" -le 80
# shellcheck disable=SC2016 # awk
check "... earliest before latest, the likely time within" awk '
	$1 == "earliest" { a = $2; b = $3 } $1 == "latest" { c = $3; d = $2 }
	END { exit !(a != "" && a <= b && b <= c && c <= d) }' "$out"
now --json
expect "... as JSON" 0 '"status":"ok","reason":null,"within":true,.*"stratum":3,"authenticated":false,"confirmed":false\}'
# This machine serves its own clock, so the truth is the clock.
truth=$(json clock_ns)
check "... the clock lies in both intervals" test "$(json earliest_ns)" -le "$(json likely_earliest_ns)" -a \
	"$(json likely_earliest_ns)" -le "$truth" -a "$truth" -le "$(json likely_latest_ns)" -a \
	"$(json likely_latest_ns)" -le "$(json latest_ns)"
check "... and the age is that of the run" test "$(json age_ns)" -ge 0 -a "$(json age_ns)" -lt 60000000000
width() {
	echo $(($(json latest_ns) - $(json earliest_ns)))
}
now --json --max-drift 500
fast=$(width)
now --json --max-drift 1
check "--max-drift: it grows faster with more" test "$(width)" -lt "$fast"
now --within 10s
expect "--within 10s: it is right enough" 0
now --within 1ns
expect "--within 1ns: it is not" 1 'The clock is off'
now --within 1ns --json
expect "... as JSON" 1 '"status":"ok","reason":null,"within":false'
now --proved --within 1ns
expect "--proved --within 1ns" 1
timed "$REQTIME" now --bound-file "$bound" --within 1ns --wait 300ms
check "--wait ends when its time is up" test "$status" -eq 1 -a "$took_ms" -ge 300
check "... which is soon" timely 300

run "$REQTIME" query --bound-file "$bound" "$at"
check "the next run writes it in place" test "$(stat -c %i "$bound")" = "$inode"
run "$REQTIME" query -t 300ms --bound-file "$bound" 127.0.0.1:1
expect "a run without an answer" 1
now
expect "... leaves what was known" 0

# --wait: another run comes.
rm -f "$bound"
"$REQTIME" now --bound-file "$bound" --wait 30s >"$T/waited" 2>&1 &
waiter=$!
sleep 0.3
run "$REQTIME" query --bound-file "$bound" "$at"
status=0
wait $waiter || status=$?
check "--wait ends when a run has come" test "$status" -eq 0
"$REQTIME" query --every 1s --bound-file "$bound" "$at" >/dev/null 2>&1 &
every=$!
sleep 0.5
age=$T/age
"$REQTIME" now --bound-file "$bound" --json >"$age"
sleep 2
"$REQTIME" now --bound-file "$bound" --json >"$age.later"
kill $every
wait $every 2>/dev/null
check "query --every rewrites it each time" test \
	"$(jq .age_ns "$age.later" 2>/dev/null || sed 's/.*"age_ns":\([0-9]*\).*/\1/' "$age.later")" -lt 2000000000

# Files that are none.
echo "127.0.0.1 localhost" >"$T/b/hosts"
run "$REQTIME" query --bound-file "$T/b/hosts" "$at"
expect "--bound-file names another file: a warning" 0
check "... which gives the reason" grep -q 'it is a file of another kind' "$err"
check "... and the file is left alone" grep -qx "127.0.0.1 localhost" "$T/b/hosts"
run "$REQTIME" now --bound-file "$T/b/hosts"
told "now, on another file" 6 "is no bound file" "name the right file"
run "$REQTIME" query --bound-file "$T/none/bound" "$at"
expect "--bound-file in no directory: a warning" 0
check "... which gives the reason" grep -q 'its directory does not exist' "$err"
mkdir "$T/b/open"
chmod 777 "$T/b/open"
run "$REQTIME" query --bound-file "$T/b/open/bound" "$at"
check "--bound-file in a directory for all: a warning, and no file" test -s "$err" -a ! -e "$T/b/open/bound"
if [ "$(id -u)" = 0 ]; then
	run setpriv --reuid 65534 --regid 65534 --clear-groups "$REQTIME" now --bound-file "$bound"
	expect "now, by another user" 0
	chmod 600 "$bound"
	run setpriv --reuid 65534 --regid 65534 --clear-groups "$REQTIME" now --bound-file "$bound"
	told "now, by a user who may not read it" 6 "Permission denied" "let this user read"
	chmod 644 "$bound"
else
	skip "now, by another user" "needs root"
	skip "now, by a user who may not read it" "needs root"
fi
cp "$bound" "$T/b/old"
printf '\377' | dd of="$T/b/old" bs=1 seek=32 conv=notrunc 2>/dev/null
run "$REQTIME" now --bound-file "$T/b/old"
told "a page of another boot" 1 "no run has had an answer since this machine started" "sudo reqtime set"
cp "$bound" "$T/b/old"
printf '\377' | dd of="$T/b/old" bs=1 seek=103 conv=notrunc 2>/dev/null
run "$REQTIME" now --bound-file "$T/b/old"
told "a damaged page" 1 "damaged" "name the right file, or remove it"
run "$REQTIME" now --within 0
expect "--within 0 is wrong usage" 2
run "$REQTIME" now 127.0.0.1
expect "now takes no server" 2

run "$REQTIME" query --clockbound "$T/b/shm0" "$at"
expect "--clockbound" 0
check "... writes a segment: magic, 80 octets, version 2" test \
	"$(od -An -tx4 -N12 "$T/b/shm0" | tr -s ' ') $(od -An -tu2 -j12 -N2 "$T/b/shm0" | tr -d ' ')" = \
	" 414d5a4e 43420200 00000050 2"
check "... synchronised" test "$(od -An -td4 -j68 -N4 "$T/b/shm0" | tr -d ' ')" = 1

# No packet: in a network namespace there is nothing to send to, and no call is made for one.
if have strace; then
	strace -f -o "$T/trace" "$REQTIME" now --bound-file "$bound" >/dev/null 2>&1
	nothing "now opens no socket" "$(grep -E 'socket\(|connect\(|send' "$T/trace")"
	something "... under strace" "$(grep -E 'bound.*O_RDONLY' "$T/trace")"
else
	skip "now opens no socket" "needs strace"
fi

# The header, as a program of somebody else uses it.
cat >"$T/reader.c" <<'END'
#include <reqtime/now.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	struct reqtime_now_reader reader;
	struct reqtime_now now;

	if (argc < 2 || reqtime_now_open(argv[1], &reader) != 0 ||
	    reqtime_now_read(&reader, &now) != REQTIME_NOW_OK) {
		return 1;
	}
	printf("%lld\n", (long long)(now.latest_ns - now.earliest_ns));
	return 0;
}
END
if ! have "${CC:-cc}"; then
	skip "reqtime/now.h, by a program" "needs a C compiler"
else
	for flags in "-std=c99 -D_GNU_SOURCE -pedantic" "-std=gnu17 -Wconversion -Wshadow"; do
		# shellcheck disable=SC2086 # several words
		run "${CC:-cc}" $flags -Wall -Wextra -Werror -O2 -I"$R/include" -o "$T/reader" "$T/reader.c"
		expect "reqtime/now.h builds with $flags" 0
	done
	run "$T/reader" "$bound"
	expect "... and the program reads it" 0 '^[0-9]+$'
	run "$T/reader" "$T/b/hosts"
	expect "... or refuses another file" 1
fi
if have g++; then
	cp "$T/reader.c" "$T/reader.cc"
	run g++ -std=c++11 -Wall -Wextra -Werror -I"$R/include" -o "$T/reader" "$T/reader.cc"
	expect "reqtime/now.h builds as C++11" 0
else
	skip "reqtime/now.h builds as C++11" "needs g++"
fi
finish
