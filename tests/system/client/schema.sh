#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Every JSON that reqtime prints, against its schema in packaging/schema; and the schemas against what
# they have promised (tests/data/schema-keys.txt, which GOLDEN_WRITE=1 writes anew: a line that goes is a
# promise broken).
# shellcheck disable=SC2046 # words of at
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"
own_network "$@"
if ! python3 -c 'import jsonschema' 2>/dev/null; then
	skip_all "needs python3-jsonschema"
fi

# valid NAME SCHEMA FILE: each line of it, checked at the end by one Python for all
valid() {
	cp "$3" "$T/json.$((files = ${files:-0} + 1))"
	printf '%s\t%s\t%s\n' "$2" "$T/json.$files" "$1" >>"$T/list"
}
prints() { # SCHEMA WORD...: what `reqtime WORD...` prints is valid
	prints_schema=$1
	shift
	run "$REQTIME" "$@"
	valid "$(echo "$*" | sed "s|$R/||; s|$T/||" | tr -d '\200-\377')" "$prints_schema" "$out"
}

# The golden files: every way in which a run can end.
sed -n '/^{"program"/p' "$R"/tests/data/golden/*.txt >"$T/all"
grep -v '"verb":"skew"' "$T/all" >"$T/golden"
valid "golden files" run "$T/golden"
grep '"verb":"skew"' "$T/all" >"$T/golden"
valid "golden files of skew" skew "$T/golden"

# shellcheck source=tests/tools/adversary.sh
. "$R/tests/tools/adversary.sh"

promises=$R/tests/data/schema-keys.txt
run python3 "$R/tests/tools/schema.py" --keys
expect "the schemas have an id and the promise, and allow more keys" 0
if [ -n "${GOLDEN_WRITE:-}" ]; then
	cp "$out" "$promises"
fi
nothing "what the schemas have promised is still there" "$(grep -vxFf "$out" "$promises")"
nothing "what is new is noted as a promise (GOLDEN_WRITE=1 $0)" "$(grep -vxFf "$promises" "$out")"

server --listen 127.0.0.1:0 --text-listen 127.0.0.1:0 --daytime-listen 127.0.0.1:0 \
	--local-stratum 1 || finish
good=127.0.0.1:$(server_port ntp)
text=reqtime+tcp://127.0.0.1:$(server_port reqtime+tcp)
day=daytime://127.0.0.1:$(server_port daytime)
prints run query --json "$good"
prints run query --json "$text" "$day"
prints run query --json 127.0.0.1:1 nohost.invalid
prints run set --dry-run --json "$good"
prints run set --dry-run --json 127.0.0.1:1
prints run set --json --state-dir "$T/state" "$good" # not permitted
prints run check --json "$good"
prints run check --json -w 1ns -c 2ns "$good"
prints run check --json 127.0.0.1:1
# The samples of each source: only with --verbose.
check "no samples without --verbose" sh -c "! grep -q samples '$T'/json.*"
prints run query --json -v "$good" "$text" "$day" 127.0.0.1:1
check "... with it, of each source, also of a silent one" test "$(grep -o '"samples":\[' "$out" | wc -l)" = 4 -a \
	"$(grep -c '"samples":\[\]' "$out")" = 1
prints run check --json -v "$good"
prints run set --dry-run --json -v "$good"
check "... and of check and set" grep -q '"samples":\[{"t1_ns":' "$out"
run "$REQTIME" query --json-lines -v "$good"
head -n 1 "$out" >"$T/verbose"
valid "query --json-lines -v" source "$T/verbose"
check "... and of --json-lines" grep -q '"samples":\[{"t1_ns":' "$T/verbose"
adversary 127.0.0.2 'stratum=0 refid=52415445' 127.0.0.2 'good; leap=3' 127.0.0.2 't3=9000'
prints run query --json -v --all -i 100ms $(at 1 3)
check "discarded: each with its reason" sh -c "grep -q '\"discarded\":\".*RATE' '$out' &&
	grep -q '\"discarded\":null},{[^}]*\"discarded\":\".*synchronised' '$out' &&
	grep -q '\"offset_ns\":null,\"bound_ns\":null,\"delay_ns\":null,\"discarded\":\"[^\"]*9' '$out'"
run "$REQTIME" query --json-lines "$good" 127.0.0.1:1
grep -v '"program"' "$out" >"$T/sources"
grep '"program"' "$out" >"$T/run"
valid "query --json-lines, sources" source "$T/sources"
valid "query --json-lines, run" run "$T/run"
prints run query --json --tolerance 1ms "$good" "$text" 127.0.0.1:1
prints run query --json --tolerance 1ms --reference "$good" "$text" 127.0.0.1:1
prints run query --json --tolerance 1ms --reference 127.0.0.1:1 "$good"
run "$REQTIME" query --json-lines --tolerance 1ms "$good" 127.0.0.1:1
grep -v '"program"' "$out" >"$T/judged"
check "each of the judged has a verdict" sh -c "[ \$(grep -c '\"verdict\":\"' '$T/judged') = 2 ]"
valid "query --json-lines --tolerance, sources" source "$T/judged"
prints skew skew --json "$good" "$text" 127.0.0.1:1
prints skew skew --json --tolerance 1ms "$good" "$text"
prints config config --json
printf 'server = 192.0.2.1\n[set]\nstep = yes\n' >"$T/conf"
prints config config --json -f "$T/conf"
prints config config --json -f "$T/conf" query -4 "$(printf '\303\251\377')" --timeout 3
mkdir -m 700 "$T/past"
for asked in "$good" 127.0.0.1:1; do
	run "$REQTIME" --state-dir "$T/past" "$asked"
	run "$REQTIME" set --dry-run --state-dir "$T/past" "$asked"
done
prints history history --json --state-dir "$T/past"
check "... which has runs" test -s "$out"
prints history history --sources --json --state-dir "$T/past"
if [ -x "$BUILD/history_maker" ] && mkdir -m 700 "$T/made" &&
	"$BUILD/history_maker" "$T/made" 40 >"$T/maker.log" 2>&1; then
	prints history history --sources --json --state-dir "$T/made"
	prints run set --dry-run --json --state-dir "$T/made" "$good"
	check "... with the learned drift" grep -q '"learnt":{' "$out"
else
	skip "a history with a learned drift" "$(head -n 1 "$T/maker.log")"
fi
# Without a bound file, and with one.
prints now now --json --bound-file "$T/bound"
prints status status --json --state-dir "$T/none" --bound-file "$T/bound"
background "$REQTIME" query --every 1h --bound-file "$T/bound" "$good" >"$T/every" 2>&1
wait_for 10 test -s "$T/bound"
prints now now --json --within 1h --bound-file "$T/bound"
check "... which is known" grep -q '"status":"ok"' "$out"
kill "$background_pid"
if [ -d "$T/made" ]; then
	prints status status --json --state-dir "$T/made" --bound-file "$T/bound"
	check "... with a run and the learned drift" grep -q '"last_run":{.*"learnt":{' "$out"
fi
for capture in "$R"/tests/data/*.pcap; do
	prints trace trace --all --port 11123 --json -r "$capture"
done

# No verb prints JSON that is not checked here.
for verb in $("$REQTIME" --help | sed -n 's/^  \([a-z]*\)  .*/\1/p'); do
	if "$REQTIME" "$verb" --help 2>/dev/null | grep -q -e --json; then
		check "$verb --json is checked" grep -Eq "^[[:blank:]]*prints [a-z]+ $verb .*--json" "$0"
	fi
done

# The test of the test.
spoil() { # NAME SED
	sed "$2" "$T/run" >"$T/spoilt"
	if cmp -s "$T/run" "$T/spoilt"; then
		not_ok "$1 would be seen" "nothing was changed"
	fi
	valid "SPOILT $1" run "$T/spoilt"
}
spoil "a key that is not described" 's/"leap":/"more":1,"leap":/'
spoil "a key that is missing" 's/"leap":0,//'
spoil "a number as text" 's/"leap":0/"leap":"0"/'
spoil "a status of another kind" 's/"status":"ok"/"status":"fine"/'
spoil "a key twice" 's/"leap":0/"leap":0,"leap":0/'
spoil "something undescribed in a source" 's/"sources":null/"sources":[{"name":"x"}]/'

if ! python3 "$R/tests/tools/schema.py" "$T/list" >"$T/checked" 2>"$T/checked.err"; then
	not_ok "schema.py runs" "$(tail -n 3 "$T/checked.err")"
fi
tab=$(printf '\t')
while IFS=$tab read -r verdict title why; do
	case $verdict:$title in
	ok:SPOILT*) not_ok "${title#SPOILT } would be seen" "it was not" ;;
	not_ok:SPOILT*) ok "${title#SPOILT } would be seen" ;;
	ok:*) ok "$title" ;;
	*) not_ok "$title" "$why" ;;
	esac
done <"$T/checked"
check "all were checked" test "$(wc -l <"$T/list")" = "$(wc -l <"$T/checked")"
server_stop
finish
