#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The layers and their rooms, as src/README.md has them: core <- io <- app <- cmd <- main.  An
# #include points to the left only; between rooms of a layer it points to those that the table of
# src/README.md names.  core's objects ask the C library for nothing but memory, strings, snprintf and
# mathematics.
. "$(dirname "$0")/tools/lib.sh"
cd "$R" || exit 1

# rooms_of FOLDER: "layer/room: rooms that it may include", in the order of the table
rooms_of() {
	# shellcheck disable=SC2016 # backquotes, no command
	sed -n 's,^| `\([a-z]*/[a-z]*\)` | \([a-z ]*\)| .*,\1: \2,p' "$1/src/README.md"
}
# The rooms of the table are the folders, and each names rooms above it alone: no circle.
wrong_rooms() {
	(cd "$1/src" && find . -mindepth 2 -maxdepth 2 -type d | sed 's,^\./,,' | sort) >"$T/folders"
	rooms_of "$1" | sed 's/:.*//' | sort | diff - "$T/folders"
	rooms_of "$1" | awk '{
		room = $1; sub(/:$/, "", room); split(room, part, "/")
		for (i = 2; i <= NF; i++) if (!((part[1] "/" $i) in above)) print room " names " $i
		above[room] = 1
	}'
}

# Files that src/README.md names, and that do not exist.
wrong_files() {
	# shellcheck disable=SC2016 # backquotes, no command
	grep -o '`[a-z]*/[a-z]*/[a-z_]*\.[ch]`' "$1/src/README.md" | tr -d '`' | sort -u |
		while read -r file; do
			[ -f "$1/src/$file" ] || echo "$file"
		done
}
# Functions that it names, "`FILE` (`FUNCTION`)", and that are not defined there.
wrong_functions() {
	# shellcheck disable=SC2016 # backquotes, no command
	grep -o '`[a-z]*/[a-z]*/[a-z_]*\.c` (`[a-z_]*`)' "$1/src/README.md" | tr -d '`()' |
		while read -r file function; do
			grep -q "^[a-z].*[ *]$function(" "$1/src/$file" || echo "$file $function"
		done
}

# includes_of FOLDER: "FILE HEADER" for each header of ours that a source or test names
includes_of() {
	(cd "$1" && grep -rE --include='*.[ch]' '^[ 	]*#[ 	]*include +"' src include tests) |
		sed 's/^\([^:]*\):.*"\([^"]*\)".*/\1 \2/'
}

# Includes below FOLDER that point the wrong way: between layers, between rooms, into another room's
# private header, or to a header whose path is not whole.
wrong_includes() {
	rooms_of "$1" >"$T/rooms"
	includes_of "$1" | awk -v table="$T/rooms" '
	BEGIN {
		split("core io app cmd", names, " ")
		for (i = 1; i <= 4; i++) rank[names[i]] = i
		rank["main"] = 5
		while ((getline line <table) > 0) {
			split(line, half, ": *")
			split(half[1], part, "/")
			n = split(half[2], may, " ")
			for (i = 1; i <= n; i++) allowed[half[1], part[1] "/" may[i]] = 1
		}
	}
	$1 !~ /^src\// { next }
	$2 ~ /^reqtime\// { next }
	{
		n = split($1, part, "/")
		from = n == 4 ? part[2] : "main"
		room = n == 4 ? part[2] "/" part[3] : "main"
		if (split($2, to, "/") != 3 || !(to[1] in rank)) { print; next }
		to_room = to[1] "/" to[2]
		if (rank[to[1]] > rank[from]) print
		else if (room != to_room && from == to[1] && !((room, to_room) in allowed)) print
		else if (room != to_room && $2 ~ /_private\.h$/) print $0 " is private"
		else if ($1 ~ /\.h$/ && $1 !~ /_private\.h$/ && $2 ~ /_private\.h$/)
			print $0 " is private"
	}'
	(cd "$1" && grep -rnE '^[ 	]*#[ 	]*include' src/core) | awk '
	match($0, /<[^>]*>/) {
		to = substr($0, RSTART + 1, RLENGTH - 2)
		if (to !~ /^(assert|inttypes|limits|math|stdarg|stdbool|stddef|stdint|stdio|string|stdalign)\.h$/)
			print
	}'
}

# Headers that no other room, no test and no header that is public includes are private, and
# say so in their names.
public_without_need() {
	includes_of "$1" | awk '
	$2 !~ /_private\.h$/ && $2 ~ /^[a-z]+\/[a-z]+\// {
		seen[$2] = 1
		room = $2; sub(/\/[^\/]*$/, "", room)
		if (index($1, "src/" room "/") != 1 || ($1 ~ /\.h$/ && $1 !~ /_private\.h$/)) used[$2] = 1
	}
	END { for (h in seen) if (!(h in used)) print h }'
}
# Headers for other programs include no header of ours.
wrong_public() {
	(cd "$1" && grep -rnE '#[ 	]*include +"' include | grep -v 'include +"reqtime/')
}

# The helpers of the compiler (stack protector, sanitizers, assert) are no dependency.
allowed='^(mem(cmp|cpy|move|set|chr|rchr)|str(len|nlen|cmp|ncmp|chr|rchr|spn|cspn|str|casecmp|ncasecmp)'
allowed="$allowed|v?snprintf|sqrt|f?abs|ll?abs|floor|ceil|ll?round|round|l?log|log2|log10|exp2?|pow|ldexp|frexp|fm(in|ax)|isfinite|ll?rint"
allowed="$allowed|__assert_fail|__stack_chk_fail|__(mem(cpy|move|set)|v?snprintf)_chk|_GLOBAL_OFFSET_TABLE_)\$"

# Symbols that the archive or object $1 needs from others and does not define.
strange_symbols() {
	nm "$1" 2>/dev/null | awk 'NF >= 2 && $(NF - 1) == "U" { asked[$NF] = 1; next }
		NF == 3 { defined[$3] = 1 }
		END { for (s in asked) if (!(s in defined)) print s }' | grep -Ev "$allowed"
}

# Static state that can change: what lies in .data or .bss.  (.data.rel.ro is
# constant, but holds addresses.)
mutable_symbols() {
	nm -f sysv "$1" 2>/dev/null | awk -F '|' '
		$4 ~ /OBJECT/ && $7 ~ /^(\.data|\.bss|\*COM\*|\.tdata|\.tbss)(\.|$)/ &&
		$7 !~ /^\.data\.rel\.ro/ { print $1 }'
}

# Circles among the objects FILE...: two that need something of each other, directly or through others.
circles() {
	nm -A -g "$@" 2>/dev/null | awk '
	{
		file = $1; sub(/:.*/, "", file)
		if ($(NF - 1) == "U") asks[file, $NF] = 1
		else if ($(NF - 1) ~ /^[A-Z]$/) has[$NF] = file
	}
	END {
		for (pair in asks) {
			split(pair, part, SUBSEP)
			if ((part[2] in has) && has[part[2]] != part[1]) print part[1], has[part[2]]
		}
	}' | sort | { tsort >/dev/null; } 2>&1
}

# Libraries that a program which sets the clock needs not have in its memory; `trace` alone loads libpcap.
libraries() {
	readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\.so.*/\1/p' |
		grep -vxE "lib(c|m|dl|pthread|cap|seccomp|inih|sqlite3${2:-})|ld-linux.*"
}

nothing "src/README.md has each room, below those that it includes" "$(wrong_rooms .)"
nothing "each file and function that it names exists" "$(wrong_files .; wrong_functions .)"
nothing "includes point the way that the map shows" "$(wrong_includes .)"
nothing "what only siblings need is called private" "$(public_without_need .)"
nothing "include/reqtime leans on nothing" "$(wrong_public .)"
if [ -f "$BUILD/libcore.a" ]; then
	nothing "core asks for nothing it may not have" "$(strange_symbols "$BUILD/libcore.a")"
	nothing "core keeps no state" "$(mutable_symbols "$BUILD/libcore.a")"
else
	not_ok "core asks for nothing it may not have" "no $BUILD/libcore.a"
fi
if have nm && [ -d "$BUILD/src" ]; then
	# Only objects of existing sources: the folder may hold old ones as well.
	# shellcheck disable=SC2046 # a list of files
	nothing "no circle between files" \
		"$(circles $(find src -name '*.c' | sed "s,^,$BUILD/,; s,c\$,o,"))"
else
	skip "no circle between files" "needs nm and $BUILD/src"
fi
if have readelf && [ -f "$REQTIME" ]; then
	nothing "reqtime is linked to nothing that it does not need" "$(libraries "$REQTIME" '|jansson')"
	nothing "reqtimed neither" "$(libraries "$REQTIMED")"
	nothing "reqtime-nts: GnuTLS besides" "$(libraries "$BUILD/reqtime-nts" '|gnutls')"
else
	skip "reqtime is linked to nothing that it does not need" "needs readelf and build/reqtime"
fi

# The test of the test: each rule broken once, in a copy of the map.
mkdir -p "$T/src" "$T/include/reqtime" "$T/tests"
cp src/README.md "$T/src/"
for folder in src/*/*/; do
	mkdir -p "$T/$folder"
done
broken() { # broken NAME FILE LINE [CHECK]
	mkdir -p "$T/$(dirname "$2")"
	echo "$3" >"$T/$2"
	something "$1" "$(${4:-wrong_includes} "$T")"
	rm "$T/$2"
}
nothing "a tree that is as the map says is right" "$(wrong_rooms "$T"; wrong_includes "$T")"
broken "a stray io include in core is seen" src/core/ntp/stray.c '#include "io/net/udp.h"'
broken "a clock header in core is seen" src/core/ntp/stray.c '#include <time.h>'
broken "an app include in io is seen" src/io/net/stray.c '#include "app/client/measure.h"'
broken "an include against the order of the rooms is seen" src/core/base/stray.c \
	'#include "core/report/report.h"'
broken "a room that the table does not name is seen" src/core/trace/stray.c \
	'#include "core/history/run_view.h"'
broken "another room's private header is seen" src/io/store/stray.c \
	'#include "io/net/ports_private.h"'
broken "... also from another layer" src/app/client/stray.c '#include "io/net/ports_private.h"'
broken "a public header that includes a private one is seen" src/io/net/stray.h \
	'#include "io/net/ports_private.h"'
broken "a path that is not whole is seen" src/io/net/stray.c '#include "udp.h"'
broken "a header that only siblings need is seen" src/io/net/stray.c '#include "io/net/stray.h"' \
	public_without_need
broken "a public header that leans on ours is seen" include/reqtime/stray.h \
	'#include "core/base/base.h"' wrong_public
broken "a folder that is no room is seen" src/core/stray/stray.c '' wrong_rooms
rmdir "$T/src/core/stray"
# shellcheck disable=SC2016 # backquotes, no command
sed 's/^| `core\/base` | /&ntp /' src/README.md >"$T/src/README.md"
something "a circle of rooms is seen" "$(wrong_rooms "$T")"
cp src/README.md "$T/src/"
printf '#include "core/base/base.h"\n' >"$T/src/io/net/stray.c"
mkdir -p "$T/doc/src/core/base"
# shellcheck disable=SC2016 # backquotes, no command
echo 'See `core/base/stray.c` (`stray_run`).' >"$T/doc/src/README.md"
something "a file of the map that does not exist is seen" "$(wrong_files "$T/doc")"
echo 'int stray_stop(void)' >"$T/doc/src/core/base/stray.c"
something "a function of the map that its file does not define is seen" "$(wrong_functions "$T/doc")"
echo 'int stray_run(void)' >"$T/doc/src/core/base/stray.c"
nothing "a file and a function that exist are not" "$(wrong_files "$T/doc"; wrong_functions "$T/doc")"
nothing "an include to the left is not" "$(wrong_includes "$T")"
cat >"$T/stray.c" <<'END'
#include <time.h>
int core_counter;
int stray(struct timespec *ts);
int stray(struct timespec *ts)
{
	core_counter++;
	return clock_gettime(CLOCK_REALTIME, ts);
}
END
if cc -c "$T/stray.c" -o "$T/stray.o" 2>/dev/null && ar rcs "$T/stray.a" "$T/stray.o"; then
	something "a stray clock_gettime is seen" "$(strange_symbols "$T/stray.a")"
	something "static state is seen" "$(mutable_symbols "$T/stray.a")"
else
	skip "stray symbols are seen" "needs a compiler"
fi
mkdir "$T/objects"
for pair in "a b" "b c" "c a"; do
	echo "void ${pair#? }(void); void ${pair% ?}(void); void ${pair% ?}(void) { ${pair#? }(); }" |
		cc -c -x c - -o "$T/objects/${pair% ?}.o" 2>/dev/null
done
if [ -f "$T/objects/c.o" ]; then
	something "a circle of three files is seen" "$(circles "$T/objects/"*.o)"
	rm "$T/objects/c.o"
	nothing "a line of files is not" "$(circles "$T/objects/"*.o)"
else
	skip "a circle of files is seen" "needs a compiler"
fi
echo "int main(void) { return 0; }" >"$T/main.c"
if cc -Wl,--no-as-needed "$T/main.c" -o "$T/stray" -lresolv 2>/dev/null; then
	something "a stray library is seen" "$(libraries "$T/stray")"
else
	skip "a stray library is seen" "needs a compiler"
fi
finish
