#!/bin/sh
# SPDX-License-Identifier: MIT
#
# `reqtime history` on fabricated histories: its output, its errors, that it changes nothing, and that
# it needs no privilege.
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"
# shellcheck source=tests/tools/processes.sh
. "$(dirname "$0")/../../tools/processes.sh"

[ -x "$BUILD/history_maker" ] || skip_all "no $BUILD/history_maker: run make tests"

history_of() { # history_of NAME [RUNS [WORD...]]
	history_name=$1
	shift
	"$BUILD/history_maker" "$T/$history_name" "$@" 2>"$T/maker.log" ||
		not_ok "a history is made" "$(cat "$T/maker.log")"
}
# sum NAME: checksums of all files of a history, with their names, sizes and times
sum() {
	ls -ln --time-style=full-iso "$T/$1"
	cksum "$T/$1"/*
}
longest() {
	awk '{ if (length($0) > most) most = length($0) } END { print most + 0 }' "$1"
}

history_of plain 60 first-step failures queries
sum plain >"$T/before"

# --- the table
run "$REQTIME" history --state-dir "$T/plain"
expect "a table" 0 '^Time \(UTC\) .*Offset.*Action$'
check "a table: the latest 40 runs" test "$(grep -c '^2026-' "$out")" -eq 40
check "a table: it counts the others" grep -q '^\.\.\. and 20 before: --last 60 shows all$' "$out"
check "a table fits 80 columns ($(longest "$out"))" test "$(longest "$out")" -le 80
check "a table: the newest run is the last" sh -c \
	"grep '^2026-' '$out' | tail -n 1 | grep -q '^2026-11-25 12:00 query'"
check "the summary counts all" grep -q '^60 runs, .*: 53 ok, 7 failed\.$' "$out"
check "the summary shows the accuracy of the clock" grep -Eq \
	'^Right within [23]\.[0-9]+ ms in 52 of 60 runs; 1 off by up to 3\.22 s; 7 had no answer;$' "$out"
check "the summary names the largest" grep -q 'largest +3.21 s (2026-11-23 01:00)' "$out"
run "$REQTIME" history --state-dir "$T/plain" --last 60
check "--last 60: all of them" test "$(grep -c '^2026-' "$out")" -eq 60
check "--last 60: the first run stepped the clock" grep -Eq '\+3\.21 s .* step$' "$out"
check "a failed run has no figures" grep -Eq ' no-answer +- +- +- 0/4 .* none$' "$out"
run "$REQTIME" history --state-dir "$T/plain" -n 1
check "-n 1: one run" test "$(grep -c '^2026-' "$out")" -eq 1
run "$REQTIME" history --state-dir "$T/plain" --since 2026-11-25
check "--since a date: from midnight" test "$(grep -c '^2026-11-25' "$out")" -eq 12
run "$REQTIME" history --state-dir "$T/plain" --since 2026-11-25T09:30:00+01:00 --json
check "--since an RFC 3339 time" test "$(wc -l <"$out")" -eq 4
run "$REQTIME" history --state-dir "$T/plain" --since 5200w --json
check "--since a span: back from now" test "$(wc -l <"$out")" -eq 60
run "$REQTIME" history --state-dir "$T/plain" --verb query --json
check "--verb query" test "$(grep -c '"verb":"query"' "$out")" -eq "$(wc -l <"$out")"
run "$REQTIME" history --state-dir "$T/plain" --verb dry --json
check "--verb dry" test "$(grep -c '"dry_run":true' "$out")" -eq "$(wc -l <"$out")"
run "$REQTIME" history --state-dir "$T/plain" --verb set --json
check "--verb set: without dry runs" test "$(grep -c '"dry_run":false' "$out")" -eq "$(wc -l <"$out")"
run "$REQTIME" history --state-dir "$T/plain" --sources -n 1
expect "--sources: the measurement of each server" 0 '^ +ntp1\.example\.net .* agreeing$'
run "$REQTIME" history --state-dir "$T/plain" --since 2027-01-01
expect "no run matches: the selection and the latest run are shown" 1 \
	'^reqtime: no run matches --since 2027-01-01; the latest run is of 2026-11-25 12:00 UTC$'
run "$REQTIME" history --state-dir "$T/plain" --since 2026-11-25T11:59:00Z --verb set
expect "no run matches two conditions" 1 'no run matches --since 2026-11-25T11:59:00Z --verb set; the latest'

history_of boots 320 reboots
run "$REQTIME" history --state-dir "$T/boots" -n 320
check "reboots are shown" test "$(grep -c '^-- reboot --$' "$out")" -eq 2
check "reboots are counted" grep -q ' 2 reboots;' "$out"

# --- for programs
run "$REQTIME" history --state-dir "$T/plain" --json
check "--json: a line for each run" test "$(wc -l <"$out")" -eq 60
check "--json: integers, the unit in the key" grep -Eq '"offset_ns":-?[0-9]+,"bound_ns":[0-9]+,' "$out"
check "--json: null for unknown values" grep -q '"status":"no-answer".*"offset_ns":null' "$out"
run "$REQTIME" history --state-dir "$T/plain" --csv
check "--csv: a heading and a line for each run" test "$(wc -l <"$out")" -eq 61
check "--csv: CR LF" test "$(grep -c "$(printf '\r')\$" "$out")" -eq 61
if have python3; then
	cat >"$T/compare.py" <<-'END'
		import csv, json, sys
		rows = list(csv.DictReader(open(sys.argv[1], newline="")))
		lines = [json.loads(line) for line in open(sys.argv[2])]
		assert len(rows) == len(lines) == 60
		for row, line in zip(rows, lines):
		    assert row["time"] == line["time"] and row["status"] == line["status"]
		    for key in ("offset_ns", "bound_ns", "delay_ns", "frequency_after_ppb"):
		        known = "" if line[key] is None else str(line[key])
		        assert row[key] == known, (key, row[key], line[key])
		    assert line["offset_ns"] is None or isinstance(line["offset_ns"], int)
		    assert (line["applied"] is None) == (line["dry_run"] or line["verb"] == "query")
	END
	cp "$out" "$T/csv"
	run "$REQTIME" history --state-dir "$T/plain" --json
	check "--csv and --json have the same values" python3 "$T/compare.py" "$T/csv" "$out"
else
	skip "--csv and --json have the same values" "needs python3"
fi

# --- pictures in the terminal
history_of picture 400 first-step failures reboots spike gaps
run "$REQTIME" history --state-dir "$T/picture" --plot
expect "--plot: offset and bound" 0 '^Offset; bound \(:\); 1 beyond the scale'
check "--plot: the accuracy of the clock at the top" sh -c "sed -n '2p' '$out' |
	grep -Eq '^Right within 3\.[0-9]+ ms in 348 of 400 runs; 2 off by up to 3\.22 s;$'"
check "--plot: an enlarged view, since the bound is far wider" grep -q '^Offset, closer; predicted (:)' "$out"
check "--plot: the frequency" grep -q "^Frequency of the kernel's clock, ppm" "$out"
check "--plot: steps, failures and reboots are marked" test \
	"$(grep -Ec '^ *(steps .*S|13% failed .*[1-9]|reboots .*R)' "$out")" -eq 3
check "--plot: ASCII in the C locale" sh -c "! LC_ALL=C grep -q '[^ -~]' '$out'"
check "--plot fits 80 columns ($(longest "$out"))" test "$(longest "$out")" -le 80
check "--plot fits 24 lines and the prompt ($(wc -l <"$out"))" test "$(wc -l <"$out")" -le 23
if script -qec true /dev/null </dev/null >/dev/null 2>&1; then
	for size in "80 24" "40 20" "132 43" "200 60"; do
		columns=${size% *}
		lines=${size#* }
		run script -qec "stty cols $columns rows $lines; '$REQTIME' history --state-dir '$T/picture' \
			--plot" /dev/null
		tr -d '\r' <"$out" >"$T/plot"
		check "--plot fits a terminal of $columns columns and $lines lines" test "$status" -eq 0 -a \
			"$(longest "$T/plot")" -le "$columns" -a "$(wc -l <"$T/plot")" -lt "$lines"
	done
	check "--plot: a high terminal gets a high plot ($(wc -l <"$T/plot"))" test "$(wc -l <"$T/plot")" -gt 30
else
	skip "--plot fits a terminal" "needs script, of util-linux"
fi
for n in 2 3 4; do
	history_of first$n $n first-step
	run "$REQTIME" history --state-dir "$T/first$n" --plot
	check "--plot: the first step does not flatten the $((n - 1)) after it" grep -Eq '^ +\+[0-9]+ ms \+S' "$out"
done
history_of silent 40 silent
run "$REQTIME" history --state-dir "$T/silent" --plot
expect "--plot: no answer at all" 0 '^Offset: no run has an answer$'
check "--plot: ... and the first line shows it" grep -q '^No answer in 40 runs\.$' "$out"
check "--plot: all failed" grep -Eq '^all failed \|F.*F$' "$out"
LC_ALL=C.UTF-8 run "$REQTIME" history --state-dir "$T/picture" --plot
check "--plot: Braille where the locale is UTF-8" grep -q "$(printf '\342\240')" "$out"
LC_ALL=C.UTF-8 run "$REQTIME" history --state-dir "$T/picture" --plot --ascii
check "--plot --ascii" sh -c "! LC_ALL=C grep -q '[^ -~]' '$out'"

# --- nothing is changed, and no privilege is needed
sum plain >"$T/after"
check "the history is unchanged" cmp "$T/before" "$T/after"
if [ "$(id -u)" = 0 ]; then
	as_user="setpriv --reuid 65534 --regid 65534 --clear-groups"
	run $as_user "$REQTIME" history --state-dir "$T/plain"
	expect "an ordinary user may read it" 0 '60 runs'
	chown -R 12345:12345 "$T/plain"
	run "$REQTIME" history --state-dir "$T/plain"
	expect "root may read another user's history" 0 '60 runs'
	run $as_user "$REQTIME" history --state-dir "$T/plain"
	expect "any user may read another user's history" 0 '60 runs'
	chmod 700 "$T/plain"
	run $as_user "$REQTIME" history --state-dir "$T/plain"
	expect "not permitted to read: exit 4" 4 'Permission denied'
	chmod 755 "$T/plain"
else
	skip "other users' histories" "needs root"
fi
"$BUILD/history_maker" "$T/wal" 30 wal 2>/dev/null
check "a writer was killed" test -s "$T/wal/history.db-wal"
sum wal >"$T/before"
run "$REQTIME" history --state-dir "$T/wal"
expect "the data of a killed writer are shown" 0 '30 runs'
sum wal >"$T/after"
check "the files of a killed writer stay unchanged" cmp "$T/before" "$T/after"
rm "$T/wal/history.db-shm"
sum wal >"$T/before"
run "$REQTIME" history --state-dir "$T/wal"
expect "a -wal file alone, as a copy may have it" 0 '30 runs'
sum wal >"$T/after"
check "a -wal file alone stays unchanged" cmp "$T/before" "$T/after"
"$BUILD/history_maker" "$T/wal2" 30 wal 2>/dev/null
if have strace && [ "${BUILD##*/}" != san ]; then
	# A failed attempt is allowed: SQLite asks for write access first.
	strace -f -o "$T/trace" "$REQTIME" history --state-dir "$T/wal2" >/dev/null 2>&1
	check "no file is opened to be written" sh -c \
		"! grep -E 'open(at)?\(.*O_(WRONLY|RDWR).* = [0-9]' '$T/trace' | grep -v /dev/null"
	check "the capabilities are dropped before the history is opened" awk '
		/capset/ { dropped = NR } /history\.db/ && !opened { opened = NR }
		END { exit !(dropped && opened && dropped < opened) }' "$T/trace"
	check "the sandbox closes before the history is opened" awk '
		/seccomp\(SECCOMP_SET_MODE_FILTER/ { closed = NR }
		/history\.db/ && !opened { opened = NR }
		END { exit !(closed && opened && closed < opened) }' "$T/trace"
else
	skip "no file is opened to be written" "needs strace and no sanitizer"
fi

# Code that exploits the parser: no other file, no socket, no program.
if ! filters; then
	skip "an exploited history process" "$(cat "$T/why")"
elif [ ! -e "$R/build/tools/intruder.so" ]; then
	skip "an exploited history process" "no build/tools/intruder.so: run make tools"
else
	intrude() {
		run env INTRUDER_READER="$1" LD_PRELOAD="$R/build/tools/intruder.so" "$REQTIME" history \
			--state-dir "$T/wal2"
	}
	intrude open
	if grep -q '^intruder: Landlock [1-9]' "$err"; then
		check "it opens no file beside the history: EACCES of Landlock" \
			grep -q '^intruder: open: 13$' "$err"
	else
		skip "it opens no file beside the history" "this kernel has no Landlock"
	fi
	expect "... and goes on" 0 '30 runs'
	for what in socket execve fork ptrace kill clock_settime; do
		intrude $what
		expect "$what when the history is read: killed by SIGSYS" 159
	done
fi

# --- no history, or a damaged one
run "$REQTIME" history --state-dir "$T/none"
expect "no directory: exit 1" 1 'no history in .*no run has been recorded'
mkdir "$T/empty"
run "$REQTIME" history --state-dir "$T/empty"
expect "an empty directory: exit 1" 1 'no history in'
check "an empty directory stays empty" test -z "$(ls -A "$T/empty")"
mkdir "$T/damaged"
head -c 20000 /dev/urandom >"$T/damaged/history.db"
sum damaged >"$T/before"
run "$REQTIME" history --state-dir "$T/damaged"
expect "a damaged history: exit 6" 6 'damaged'
sum damaged >"$T/after"
check "a damaged history stays unchanged" cmp "$T/before" "$T/after"
history_of half 200
dd if=/dev/urandom of="$T/half/history.db" bs=4096 seek=3 count=8 conv=notrunc 2>/dev/null
run "$REQTIME" history --state-dir "$T/half" --json
check "a history damaged inside: no crash (exit $status)" test "$status" -eq 6 -o "$status" -eq 0
mkdir "$T/link"
ln -s "$T/plain/history.db" "$T/link/history.db"
run "$REQTIME" history --state-dir "$T/link"
expect "a symbolic link is not followed: exit 6" 6 'symbolic link'
run "$REQTIME" history --state-dir "$T/plain/history.db"
expect "a file for a directory: exit 6" 6 'Not a directory'

if have python3; then
	history_of endless 10
	python3 - "$T/endless/history.db" <<-'END'
		import sqlite3, sys
		db = sqlite3.connect(sys.argv[1])
		columns = [row[1] for row in db.execute("PRAGMA table_info(run)")]
		db.execute("ALTER TABLE run RENAME TO old")
		db.execute("CREATE VIEW run AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT"
		           " x + 1 FROM c) SELECT " + ",".join("x AS " + c for c in columns) +
		           " FROM c")
		db.commit()
	END
	run timeout 60 "$REQTIME" history --state-dir "$T/endless"
	expect "a table without an end: exit 6" 6 'damaged'
else
	skip "a table without an end" "needs python3"
fi

# --- histories of real runs
if server --listen 127.0.0.1:0 --local-stratum 1; then
	port=$(server_port ntp)
	mkdir -m 700 "$T/real"
	run "$REQTIME" --state-dir "$T/real" -t 2s "127.0.0.1:$port"
	run "$REQTIME" --state-dir "$T/real" -t 1s --json 127.0.0.1:1
	run "$REQTIME" history --state-dir "$T/real" --sources
	expect "real runs: one with an answer" 0 ' query +ok .* 1/1 '
	check "real runs: one without" grep -Eq ' query +no-answer +- ' "$out"
	check "real runs: the server's measurement" grep -Eq "^ +127\.0\.0\.1:$port .* selected" "$out"
	server_stop
fi

# --- data from the network
history_of hostile 40 hostile failures
for format in --sources "--sources --json" "--sources --csv"; do
	# shellcheck disable=SC2086 # options
	run "$REQTIME" history --state-dir "$T/hostile" $format
	check "hostile names, history $format: only text" sh -c \
		"test $status -eq 0 && ! LC_ALL=C tr -d '\r\n' <'$out' | LC_ALL=C grep -q '[^ -~]'"
done
history_of extreme 30 extreme
run "$REQTIME" history --state-dir "$T/extreme"
expect "values at the limits of 64 bits" 0 '^30 runs'

# --- usage
run "$REQTIME" history --state-dir "$T/plain" --csv --json
expect "--csv and --json: exit 2" 2 'contradicts'
run "$REQTIME" history --since yesterday
expect "--since yesterday: exit 2" 2 'neither a span'
run "$REQTIME" history --since 99999999d
expect "--since beyond the limits: the limits" 2 '^reqtime: --since: "99999999d" is not between 1 ns and 292 years$'
run "$REQTIME" history --since 2026-02-30
expect "--since an invalid date: exit 2" 2 'neither a span'
run "$REQTIME" history --verb set-up
expect "--verb of another word: exit 2" 2 '"set-up" is not one of set, query, check and dry'
run "$REQTIME" history --last 0
expect "--last 0: exit 2" 2 'not a number from 1'
run "$REQTIME" history time.example.org
expect "an operand: exit 2" 2 'unexpected argument'
run sh -c "'$REQTIME' history --state-dir '$T/boots' --json | head -n 1"
check "a reader that closes early: no message" test ! -s "$err" -a "$(wc -l <"$out")" -eq 1
run sh -c "'$REQTIME' history --state-dir '$T/plain' >/dev/full"
expect "a full device: exit 6" 6 'standard output'

# --- runs of check
history_of checks 3
run "$REQTIME" check --state-dir "$T/checks" 127.0.0.1:1
run "$REQTIME" history --state-dir "$T/checks" --verb check --json
check "--verb check" test "$(grep -c '"verb":"check"' "$out")" -eq 1 -a "$(wc -l <"$out")" -eq 1
finish
