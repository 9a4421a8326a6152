#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Builds all that is tested after it: with gcc, with clang, with sanitizers; everything -Werror.
. "$(dirname "$0")/system/lib.sh"
cd "$R" || exit 1

MAKE=${MAKE:-make}
unset MAKEFLAGS MAKELEVEL MFLAGS # its own jobs, not those of the make that runs the tests
jobs=$(nproc 2>/dev/null || echo 1)

tests=tests
mkdir -p build/san
rm -f build/left-out build/san/left-out
if ! printf '%s\n' '#include <stdarg.h>' '#include <stddef.h>' '#include <setjmp.h>' \
	'#include <stdint.h>' '#include <cmocka.h>' |
	cc -E -x c - >/dev/null 2>&1; then
	skip "unit tests" "needs libcmocka-dev"
	tests=sims
	# tests/run reads this where a program is missing.
	echo "needs libcmocka-dev" | tee build/left-out >build/san/left-out
fi

check "gcc -Werror" "$MAKE" -k -s -j "$jobs" CC=gcc all "$tests"
if have clang; then
	check "clang -Werror" "$MAKE" -k -s -j "$jobs" CC=clang B=build/clang all "$tests"
else
	skip "clang -Werror" "needs clang"
fi
check "gcc with sanitizers" "$MAKE" -k -s -j "$jobs" CC=gcc SAN=1 all "$tests"
finish
