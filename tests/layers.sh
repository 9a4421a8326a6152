#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The layers: core <- io <- app <- cmd <- main.  An #include points left only, and core's
# objects ask the C library for nothing but memory, strings, snprintf and mathematics.
. "$(dirname "$0")/system/lib.sh"
cd "$R" || exit 1

# includes_of FOLDER: what points right below FOLDER/src and FOLDER/include
wrong_includes() {
	(cd "$1" && grep -nE '^[ 	]*#[ 	]*include' -r src include) | awk '
	BEGIN {
		split("core io app cmd main", names, " ")
		for (i = 1; i <= 5; i++) rank[names[i]] = i
	}
	{
		file = $0; sub(/:.*/, "", file)
		split(file, part, "/")
		from = part[2] in rank ? part[2] : "main"
		if (match($0, /"[^"]*"/)) {
			to = substr($0, RSTART + 1, RLENGTH - 2)
			if (to !~ /\//) next # private header beside its .c
			sub(/\/.*/, "", to)
			if (!(to in rank) || rank[to] > rank[from]) print
		} else if (from == "core" && match($0, /<[^>]*>/)) {
			to = substr($0, RSTART + 1, RLENGTH - 2)
			if (to !~ /^(assert|inttypes|limits|math|stdarg|stdbool|stddef|stdint|stdio|string|stdalign)\.h$/)
				print
		}
	}'
}

# The helpers of the compiler (stack protector, sanitizers, assert) are no dependency.
allowed='^(mem(cmp|cpy|move|set|chr|rchr)|str(len|nlen|cmp|ncmp|chr|rchr|spn|cspn|str|casecmp|ncasecmp)'
allowed="$allowed|v?snprintf|sqrt|f?abs|ll?abs|floor|ceil|ll?round|round|l?log|log2|log10|exp2?|pow|ldexp|frexp|fm(in|ax)|isfinite|ll?rint"
allowed="$allowed|__assert_fail|__stack_chk_fail|__(mem(cpy|move|set)|v?snprintf)_chk|_GLOBAL_OFFSET_TABLE_)\$"

# What the archive or object $1 asks of others and does not define itself.
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

none() {
	if [ -z "$2" ]; then
		ok "$1"
	else
		not_ok "$1" "$2"
	fi
}
some() {
	if [ -n "$2" ]; then
		ok "$1"
	else
		not_ok "$1" "the deliberate break was not seen"
	fi
}

none "includes point left only" "$(wrong_includes .)"
if [ -f build/libcore.a ]; then
	none "core asks for nothing it may not have" "$(strange_symbols build/libcore.a)"
	none "core keeps no state" "$(mutable_symbols build/libcore.a)"
else
	not_ok "core asks for nothing it may not have" "no build/libcore.a"
fi

# What may set the clock has nothing in its memory that setting the clock has no need of; what
# libpcap brings along is loaded by `trace` alone.
libraries() {
	readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\.so.*/\1/p' |
		grep -vxE 'lib(c|m|dl|pthread|cap|seccomp|inih|jansson|sqlite3)|ld-linux.*'
}
if have readelf && [ -f build/reqtime ]; then
	none "reqtime is linked to nothing that it does not need" "$(libraries build/reqtime)"
	none "reqtimed neither" "$(libraries build/reqtimed)"
else
	skip "reqtime is linked to nothing that it does not need" "needs readelf and build/reqtime"
fi

# The test of the test: each rule broken once.
mkdir -p "$T/src/core" "$T/src/io" "$T/include"
echo '#include "io/udp.h"' >"$T/src/core/stray.c"
some "a stray io include in core is seen" "$(wrong_includes "$T")"
echo '#include <time.h>' >"$T/src/core/stray.c"
some "a clock header in core is seen" "$(wrong_includes "$T")"
: >"$T/src/core/stray.c"
echo '#include "app/measure.h"' >"$T/src/io/stray.c"
some "an app include in io is seen" "$(wrong_includes "$T")"
printf '#include "core/base.h"\n' >"$T/src/io/stray.c"
none "an include to the left is not" "$(wrong_includes "$T")"
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
	some "a stray clock_gettime is seen" "$(strange_symbols "$T/stray.a")"
	some "static state is seen" "$(mutable_symbols "$T/stray.a")"
else
	skip "stray symbols are seen" "needs a compiler"
fi
echo "int main(void) { return 0; }" >"$T/main.c"
if cc -Wl,--no-as-needed "$T/main.c" -o "$T/stray" -lresolv 2>/dev/null; then
	some "a stray library is seen" "$(libraries "$T/stray")"
else
	skip "a stray library is seen" "needs a compiler"
fi
finish
