#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Manual pages list exactly the options of --help, and the exit statuses.
. "$(dirname "$0")/tools/lib.sh"
cd "$R" || exit 1

# Long options a program's --help names / that a page lists with `.It Fl`.
helped() {
	"$@" --help 2>/dev/null | grep -oE '(^|[ ,])--[a-z0-9][a-z0-9-]*' | tr -d ' ,' | sort -u
}
listed() {
	grep -E '^\.It Fl ' "$1" | grep -oE ' -[a-z0-9][a-z0-9-]*' | sed 's/^ -/--/' | sort -u
}

compare() { # compare NAME HELPED-FILE PAGE
	if [ ! -s "$2" ]; then
		not_ok "$1" "--help names no option"
	elif [ ! -f "$3" ]; then
		not_ok "$1" "no $3"
	else
		listed "$3" >"$T/listed"
		check "$1" diff -u "$2" "$T/listed"
	fi
}

{
	helped "$REQTIME"
	helped "$REQTIME" query
	helped "$REQTIME" set
} | sort -u >"$T/reqtime"
helped "$REQTIMED" >"$T/reqtimed"
helped "$REQTIME" trace >"$T/trace"
helped "$REQTIME" history >"$T/history"
helped "$REQTIME" check >"$T/check-options"
helped "$REQTIME" now >"$T/now"
helped "$REQTIME" skew >"$T/skew"
helped "$REQTIME" status >"$T/status-options"
client=$(echo packaging/man/reqtime.[18])
compare "${client##*/} lists the options of reqtime --help" "$T/reqtime" "$client"
compare "reqtimed.8 lists the options of reqtimed --help" "$T/reqtimed" \
	packaging/man/reqtimed.8
compare "reqtime-trace.1 lists the options of reqtime trace --help" "$T/trace" \
	packaging/man/reqtime-trace.1
compare "reqtime-history.1 lists the options of reqtime history --help" "$T/history" \
	packaging/man/reqtime-history.1
compare "reqtime-now.1 lists the options of reqtime now --help" "$T/now" \
	packaging/man/reqtime-now.1
compare "reqtime-status.1 lists the options of reqtime status --help" "$T/status-options" \
	packaging/man/reqtime-status.1
compare "reqtime-check.1 lists the options of reqtime check --help" "$T/check-options" \
	packaging/man/reqtime-check.1
compare "reqtime-skew.1 lists the options of reqtime skew --help" "$T/skew" \
	packaging/man/reqtime-skew.1
for exit_status in 0 1 2 6; do
	check "reqtime-skew.1 documents exit status $exit_status" \
		grep -qx ".It $exit_status" packaging/man/reqtime-skew.1
done
for exit_status in 0 1 2 3; do
	check "reqtime-check.1 documents exit status $exit_status" \
		grep -qx ".It $exit_status" packaging/man/reqtime-check.1
done
# reqtime.conf(5) has exactly the keys of the configuration file; the example names
# existing keys.
"$REQTIME" config -f /dev/null | sed -n 's/^#\{0,1\} *\([a-z0-9-]*\)\( =.*\|: .*\)$/\1/p' |
	sort -u >"$T/keys"
sed -n 's/^\.It Cm //p' packaging/man/reqtime.conf.5 | sed 's/ Ar .*//; s/ , /\n/g' |
	sort -u >"$T/listed"
check "reqtime config names keys" grep -qx 'step-above' "$T/keys"
check "reqtime.conf.5 lists the keys of reqtime config" diff -u "$T/keys" "$T/listed"
check "the example is right" "$REQTIME" config -f packaging/reqtime.conf
sed 's/^;//' packaging/reqtime.conf >"$T/reqtime.conf"
check "... and so are its commented lines" "$REQTIME" config -f "$T/reqtime.conf"
for exit_status in 0 1 2 3 4 5 6; do
	check "${client##*/} documents exit status $exit_status" \
		grep -Eq "^\.It (Li |Sy )?$exit_status\$" "$client"
done

# The installed header has the same numbers as the page.
sed -n 's/^	REQTIME_EXIT_[A-Z_]* = \([0-9]*\),$/\1/p' include/reqtime/exit.h >"$T/header"
sed -n '/^\.Sh EXIT STATUS/,/^\.Sh EXAMPLES/s/^\.It \([0-9]\)$/\1/p' "$client" >"$T/page"
check "reqtime/exit.h and ${client##*/} have the same exit statuses" sh -c \
	"[ -s '$T/page' ] && cmp '$T/header' '$T/page'"

# Pages refer to each other by the right sections.
for page in packaging/man/*.[1-9]; do
	wrong=$(sed -n 's/^\.Xr \(reqtimed\{0,1\}\) \([0-9]\).*/\1.\2/p' "$page" | sort -u |
		while read -r named; do
			[ -f "packaging/man/$named" ] || echo "$named"
		done)
	check "${page##*/} refers to pages that are there" test -z "$wrong"
done

# A quotation within a quotation: macros of mdoc reach to the end of their line.
nested='(Qq|Dq|Ql|Sq|Pq) .* (Qq|Dq|Ql|Sq) '
check "no page quotes within quotes" sh -c "! grep -nE '$nested' packaging/man/*.[1-9]"
check "... which would be seen" sh -c "echo '.Pq Qq udp , Qq tcp ,' | grep -qE '$nested'"

# The test of the test.
sed '/^\.It Fl -user/d' packaging/man/reqtimed.8 >"$T/reqtimed.8"
listed "$T/reqtimed.8" >"$T/listed"
check "an option left out would be seen" sh -c "! cmp -s '$T/reqtimed' '$T/listed'"
finish
