#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Each target of tests/fuzz/ for $FUZZ_SECONDS (2; nightly 60), seeded from tests/fuzz/corpus/NAME/
# where there is one.  A find stays in build/fuzz/.
. "$(dirname "$0")/tools/lib.sh"
cd "$R" || exit 1

seconds=2
[ -z "${NIGHTLY:-}" ] || seconds=60
have clang || skip_all "needs clang"
ls tests/fuzz/fuzz_*.c >/dev/null 2>&1 || skip_all "no fuzz target in the tree"
mkdir -p build/fuzz
printf 'int LLVMFuzzerTestOneInput(const unsigned char *d, unsigned long n);\n%s\n' \
	'int LLVMFuzzerTestOneInput(const unsigned char *d, unsigned long n) { return d && n ? 0 : 0; }' \
	>"$T/empty.c"
if ! clang -fsanitize=fuzzer,address,undefined "$T/empty.c" -o "$T/empty" 2>"$T/why"; then
	skip_all "clang cannot link libFuzzer: $(head -n 1 "$T/why")"
fi

sanitize="-fsanitize=address,undefined -fno-sanitize-recover=all"
links="build/fuzz/src/io/net/capture.o build/fuzz/src/io/net/capture_library.o
	build/fuzz/src/io/store/config.o build/fuzz/src/io/store/keys_file.o
	build/fuzz/src/io/store/file_replace.o build/fuzz/src/io/store/state_dir.o
	build/fuzz/src/io/sys/priv.o build/fuzz/src/io/sys/systemd_timer_parse.o build/fuzz/libcore.a"
unset MAKEFLAGS MAKELEVEL MFLAGS
# shellcheck disable=SC2086 # several words
check "the sources are built for it" "${MAKE:-make}" -s -j "$(nproc)" B=build/fuzz CC=clang HARDEN= \
	CFLAGS="-g1 -O1 -fsanitize=fuzzer-no-link $sanitize" $links
for target in tests/fuzz/fuzz_*.c; do
	name=$(basename "$target" .c)
	program=build/fuzz/$name
	# shellcheck disable=SC2086 # several words
	if ! clang -g1 -O1 -fsanitize=fuzzer $sanitize -std=gnu11 -D_GNU_SOURCE -Isrc -Iinclude "$target" \
		$links -Wl,--as-needed -linih -lcap -lm -ldl -o "$program" \
		2>"$T/why"; then
		not_ok "$name" "$(head -n 20 "$T/why")"
		continue
	fi
	mkdir -p "$T/$name"
	seeds=tests/fuzz/corpus/$name
	[ -d "$seeds" ] || seeds=
	# shellcheck disable=SC2086 # $seeds may be nothing
	check "$name" "$program" -max_total_time="${FUZZ_SECONDS:-$seconds}" -max_len=1500 -timeout=5 \
		-print_final_stats=1 -artifact_prefix="build/fuzz/$name-" "$T/$name" $seeds
done
finish
