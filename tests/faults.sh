#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Checks tests/faults.md: each row is there and has a test that carries its id, or gives a reason
# why not; no test carries an id that is not in the table.
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/tools/lib.sh"
cd "$R" || exit 1
table=tests/faults.md

# file_of SHORT: its file, from the table at the head
file_of() {
	sed -n "s/^| $1 | \`\\([^\`]*\\)\`.*/\\1/p" $table
}
# lines: "ID|TESTS"
sed -n 's/^| \(C\{0,1\}[0-9][0-9]*\) | .* | \([^|]*\) |$/\1|\2/p' $table >"$T/lines"

{
	i=1
	while [ $i -le 45 ]; do
		echo "C$i"
		i=$((i + 1))
	done
	i=1
	while [ $i -le 145 ]; do
		echo $i
		i=$((i + 1))
	done
} >"$T/wanted"
cut -d '|' -f 1 "$T/lines" >"$T/found"
check "tests/faults.md has each row once, in order" diff "$T/wanted" "$T/found"

# has_test FILE ID: a test there has the id at the start of its name, or after a comma
has_test() {
	case $2 in
	C*) has_name="$2" ;;
	*) has_name="row $2" ;;
	esac
	grep -Eq "(^|[\"': ,])$has_name( |:|\$)" "$1"
}
lacking=
while IFS='|' read -r id tests; do
	kept=${tests%%- *}
	[ -n "$kept$tests" ] || lacking="$lacking $id(empty)"
	# shellcheck disable=SC2016 # backquotes, no command
	for word in $(printf '%s' "$kept" | sed 's/`[^`]*`[^;]*//g; s/;.*//; s/([^)]*)//g; s/,/ /g'); do
		case $word in
		packets | answers | time | network | host | state | set | measure)
			row=$id
			file=$(file_of "$word")
			;;
		row | rows | to) continue ;;
		[0-9]* | C[0-9]*) row=$word ;;
		*) continue ;;
		esac
		case " $kept " in
		*" $word row"*) continue ;; # the rows named after it carry the id
		esac
		has_test "$file" "$row" || lacking="$lacking $id($file $row)"
	done
	# shellcheck disable=SC2016 # backquotes, no command
	for file in $(printf '%s' "$tests" | grep -o '`[^`]*`' | tr -d '`'); do
		[ -e "$file" ] || lacking="$lacking $id($file)"
	done
done <"$T/lines"
check "each row of the table has the tests that it names" test -z "$lacking"
[ -z "$lacking" ] || echo "# $lacking"

# ids_in FILE...: the ids that tests carry there
ids_in() {
	grep -Eoh "(^|[\"'])(C[0-9]+|row [0-9]+) " "$@" | sed "s/^[\"']//; s/^row //; s/ \$//" | sort -u
}
for folder in tests/system/client tests/system/set; do
	check "tests in $folder carry ids" test "$(ids_in "$folder"/*.sh | wc -l)" -gt 10
done
ids_in tests/system/*/*.sh tests/unit/test_measure.c >"$T/named"
sort -u "$T/wanted" >"$T/sorted"
check "no test has an id that is not in the table" sh -c \
	"[ -s '$T/named' ] && [ -z \"\$(comm -23 '$T/named' '$T/sorted')\" ]"

# The server's rows, and those from 84 on, name their tests word for word: SHORT "NAME" or
# `FILE` "NAME".
sed -n 's/^| \([SA][0-9][0-9]*\) | .* | \([^|]*\) |$/\1|\2/p' $table >"$T/served"
{
	i=1
	while [ $i -le 35 ]; do
		echo "S$i"
		i=$((i + 1))
	done
	i=1
	while [ $i -le 39 ]; do
		echo "A$i"
		i=$((i + 1))
	done
} >"$T/wanted"
cut -d '|' -f 1 "$T/served" >"$T/found"
check "tests/faults.md has each row of the server once, in order" diff "$T/wanted" "$T/found"
awk -F '|' '$1 + 0 >= 84' "$T/lines" | cat "$T/served" - >"$T/named"
lacking=
named=0
while IFS='|' read -r id tests; do
	# shellcheck disable=SC2016 # backquotes, no command
	printf '%s\n' "$tests" | grep -Eo '(`[^`]*`|[a-z]+) "[^"]*"' >"$T/pairs"
	case $tests in
	"- "*) ;;
	*) [ -s "$T/pairs" ] || lacking="$lacking $id(names no test)" ;;
	esac
	while read -r where name; do
		case $where in
		\`*) file=$(printf '%s' "$where" | tr -d '\`') ;;
		*) file=$(file_of "$where") ;;
		esac
		name=${name#\"}
		named=$((named + 1))
		grep -Fqs -e "${name%\"}" "$file" || lacking="$lacking $id($where $name)"
	done <"$T/pairs"
done <"$T/named"
check "each row of the server, and from 84 on, has the tests that it names ($named)" \
	test -z "$lacking" -a "$named" -gt 120
[ -z "$lacking" ] || echo "# $lacking"

# The rows of NTS name the files whose tests carry their ids.
sed -n 's/^| \(N[KNSB][0-9][0-9]*\) | .* | \([^|]*\) |$/\1|\2/p' $table >"$T/nts"
for kind in 'NK 45' 'NN 25' 'NS 7' 'NB 12'; do
	i=1
	while [ $i -le "${kind#* }" ]; do
		echo "${kind% *}$i"
		i=$((i + 1))
	done
done >"$T/wanted"
cut -d '|' -f 1 "$T/nts" >"$T/found"
check "tests/faults.md has each row of NTS once, in order" diff "$T/wanted" "$T/found"
lacking=
while IFS='|' read -r id tests; do
	[ -n "$tests" ] || lacking="$lacking $id(names no test)"
	for word in $(printf '%s' "$tests" | tr , ' '); do
		file=$(file_of "$word")
		grep -Eqs "(^|[^A-Za-z0-9])$id([^0-9]|\$)" "$file" || lacking="$lacking $id($word)"
	done
done <"$T/nts"
nothing "each row of NTS has the tests that it names" "$lacking"
grep -Eoh "(^|[\"'])N[KNSB][0-9]+ " tests/system/client/nts_*.sh tests/unit/*.c tests/vm/nts*.sh 2>/dev/null |
	sed "s/^[\"']//; s/ \$//" | sort -u >"$T/named"
sort -u "$T/wanted" >"$T/sorted"
check "no test has an id of NTS that is not in the table" sh -c \
	"[ -s '$T/named' ] && [ -z \"\$(comm -23 '$T/named' '$T/sorted')\" ]"

# A row with neither a test nor a reason.
check "no row is empty" sh -c "! grep -Eq '^[^|]*\\| *\$' '$T/lines'"
finish
