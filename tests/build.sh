#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Builds everything that later tests run: with gcc, with clang, with sanitizers; every warning is
# an error.
. "$(dirname "$0")/tools/lib.sh"
cd "$R" || exit 1

unset MAKEFLAGS MAKELEVEL MFLAGS # its own jobs, not those of the make that runs the tests
build() {
	"${MAKE:-make}" -k -s -j "$(nproc 2>/dev/null || echo 1)" WERROR=-Werror "$@"
}

tests=tests
read="src tests/unit tests/sim" # by clang
mkdir -p build/san
rm -f build/left-out build/san/left-out
if ! printf '%s\n' '#include <stdarg.h>' '#include <stddef.h>' '#include <setjmp.h>' \
	'#include <stdint.h>' '#include <cmocka.h>' |
	cc -E -x c - >/dev/null 2>&1; then
	skip "unit tests" "needs libcmocka-dev"
	tests=sims
	read="src tests/sim"
	# tests/run reads this where a program is missing.
	echo "needs libcmocka-dev" | tee build/left-out >build/san/left-out
fi

check "gcc -Werror" build CC=gcc all "$tests" tools
check "gcc with sanitizers" build CC=gcc SAN=1 all "$tests"
if have clang; then
	# Syntax only: nightly, tests/make.sh builds with it.
	# shellcheck disable=SC2046,SC2086 # lists of files
	check "clang -Werror" build CC=clang B=build/read CFLAGS=-fsyntax-only \
		$(find $read -name '*.c' | sed 's,\(.*\)\.c$,build/read/\1.o,')
else
	skip "clang -Werror" "needs clang"
fi
finish
