#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Static checks of the sources.
. "$(dirname "$0")/tools/lib.sh"
cd "$R" || exit 1

files=$(find src include tests -name '*.[ch]')
if have clang-format; then
	# shellcheck disable=SC2086 # a list of files
	check "clang-format" clang-format --dry-run -Werror $files
else
	skip "clang-format" "needs clang-format"
fi
# cppcheck takes loops over an unknown count for loops that may not run.
cat >"$T/suppressions" <<'END'
uninitvar:src/app/server/state.c
ctuuninitvar:src/app/server/state.c
invalidFunctionArg:src/core/discipline/filter_bank.c
END
if have cppcheck; then
	mkdir -p build/cppcheck
	check "cppcheck" cppcheck -q -j 2 --cppcheck-build-dir=build/cppcheck --std=c11 \
		--enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
		--suppress=missingIncludeSystem --suppressions-list="$T/suppressions" \
		-D_GNU_SOURCE -DREQTIME_VERSION='"x"' -DREQTIME_BUILD_FLOOR_S=0 -DREQTIME_SYSCONFDIR='"/etc"' -Isrc -Iinclude src
else
	skip "cppcheck" "needs cppcheck"
fi
if have shellcheck; then
	scripts=$(grep -rl --exclude-dir=data '^#!/bin/sh\|^# shellcheck shell=sh' \
		packaging tests .ci)
	# A few at a time: each takes a second.
	echo "$scripts" >"$T/scripts"
	check "shellcheck" xargs -a "$T/scripts" -n 4 -P "$(nproc)" shellcheck -x -P SCRIPTDIR \
		-e SC2030,SC2031,SC2317
else
	skip "shellcheck" "needs shellcheck"
fi
if have mandoc; then
	check "mandoc" mandoc -T lint -W warning packaging/man/*.[1-9]
else
	skip "mandoc" "needs mandoc"
fi

# Functions that hide an error, an overflow or a time zone (style rules).
banned='strcpy|strcat|sprintf|vsprintf|strncpy|atoi|atol|gettimeofday|localtime|gmtime|ctime'
banned="$banned|alloca|system"
if grep -nEr "(^|[^a-zA-Z0-9_])($banned)\(" src include >"$T/banned"; then
	not_ok "no banned function" "$(cat "$T/banned")"
else
	ok "no banned function"
fi

without=
for file in $files $(find tests packaging -name '*.sh') tests/run tests/all tests/guard packaging/deps packaging/install; do
	head -n 4 "$file" | grep -q 'SPDX-License-Identifier: MIT' || without="$without $file"
done
if [ -z "$without" ]; then
	ok "each file names its licence"
else
	not_ok "each file names its licence" "$without"
fi

finish
