#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Histories that earlier versions wrote (tests/data/history), by every verb that reads one: `history` and
# a dry run read them unchanged, `query` and `set` continue them, and a newer one is not touched.  On a
# simulated machine (sim_clock.h).  HISTORY_WRITE=1 records the file of a schema that has none yet.
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"
# shellcheck source=tests/tools/sim.sh
. "$(dirname "$0")/../../tools/sim.sh"

sim_serve port 10 1
sim_reqtime() {
	unshare -Ur env LD_PRELOAD="$preload$T/clock.so" "$REQTIME" "$@" "127.0.0.1:$sim_port"
}
# learned: the frequency that the run in $out has from past runs, in ppb
learned() {
	sed -n 's/.*"learnt":{[^}]*"frequency_ppb":\(-\{0,1\}[0-9]*\).*/\1/p' "$out"
}
# schema FILE: PRAGMA user_version, the octets 60 to 63
schema() {
	od -An -tu1 -j 63 -N 1 "$1" | tr -d ' '
}

if [ -n "${HISTORY_WRITE:-}" ]; then
	S=$T/recorded
	mkdir -m 755 "$S"
	SIM_REPORT=$T/report SIM_WAITS=4 sim_reqtime set --force --state-dir "$S" --every 1h
	sim_reqtime set --force --state-dir "$S" --dry-run
	sim_reqtime query --state-dir "$S"
	sim_port=1 sim_reqtime query --state-dir "$S" -t 1
	file=$R/tests/data/history/schema-$(schema "$S/history.db").db
	[ ! -e "$file" ] && cp "$S/history.db" "$file"
	check "$file is recorded" cmp "$S/history.db" "$file"
	finish
fi

newest=0
for file in "$R"/tests/data/history/schema-*.db; do
	n=${file##*-}
	n=${n%.db}
	[ "$n" -gt "$newest" ] && newest=$n
	S=$T/$n
	mkdir -m 755 "$S" && cp "$file" "$S/history.db"
	check "schema $n: the file has it" test "$(schema "$S/history.db")" -eq "$n"
	run "$REQTIME" history --state-dir "$S" --json
	check "schema $n: history shows its runs" test "$status" -eq 0 -a \
		"$(grep -c '"program":"reqtime"' "$out")" -eq 8
	check "schema $n: ... with the plans and their reasons" test \
		"$(grep -c '"plan":{"action":"s[a-z]*","by_ns":-*[0-9]*,"reason":"[^"]' "$out")" -eq 6
	run "$REQTIME" history --state-dir "$S" --sources --csv
	check "schema $n: ... with the measurements of its servers" test "$(grep -c '127\.0\.0\.1' "$out")" -eq 8
	check "schema $n: ... and changes nothing" cmp "$file" "$S/history.db"

	chmod 444 "$S/history.db"
	chmod 555 "$S"
	run sim_reqtime set --dry-run --force --json --state-dir "$S"
	check "schema $n: a dry run that may not write knows the frequency ($(learned) ppb)" test \
		"$(learned)" -gt 45000 -a "$(learned)" -lt 55000
	check "schema $n: ... and changes nothing either" cmp "$file" "$S/history.db"
	chmod 755 "$S"
	chmod 644 "$S/history.db"

	run sim_reqtime query --json --state-dir "$S"
	expect "schema $n: query continues it" 0
	check "schema $n: ... and migrates it" test "$(schema "$S/history.db")" -ge "$n"
	run "$REQTIME" history --state-dir "$S" --json
	check "schema $n: ... and no run is lost" test "$(wc -l <"$out")" -ge 9
	rm -f "$S"/* && cp "$file" "$S/history.db"
	run sim_reqtime set --force --json --state-dir "$S"
	expect "schema $n: set continues it" 0
	check "schema $n: ... with the learned frequency ($(learned) ppb)" test \
		"$(learned)" -gt 45000 -a "$(learned)" -lt 55000
	run "$REQTIME" history --state-dir "$S" --json
	check "schema $n: ... and no run is lost" test "$(wc -l <"$out")" -eq 9
	migrated=$(schema "$S/history.db")
done
check "the newest schema has its file" test "$migrated" -eq "$newest"

# --- a history of a later version
S=$T/newer
mkdir -m 755 "$S" && cp "$R/tests/data/history/schema-$newest.db" "$S/history.db"
printf '\377' | dd of="$S/history.db" bs=1 seek=63 conv=notrunc 2>/dev/null
cp "$S/history.db" "$T/before.db"
said="history.db is not used: a newer reqtime wrote it \\(schema 255, this one knows $newest\\); upgrade reqtime, or move the file away\$"
run "$REQTIME" history --state-dir "$S"
expect "a newer schema: history names both schemas and the way out" 6 "$said"
run sim_reqtime query --state-dir "$S"
expect "a newer schema: query reports it and measures" 0 "$said"
run sim_reqtime set --force --json --state-dir "$S"
expect "a newer schema: set reports it and sets the clock" 0 "$said"
check "a newer schema: the file is unchanged" cmp "$T/before.db" "$S/history.db"
check "a newer schema: nothing is moved away" test ! -e "$S/history.db.corrupt"
finish
