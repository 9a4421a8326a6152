#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Other machines: i386 is built and run on this processor.  NIGHTLY=1: all of i386's unit tests;
# armhf, arm64 and s390x (big-endian), built with gcc's cross compilers and run under qemu-user
# where that is enough; musl.
#
# Compilers and libraries are unpacked below build/machines (tests/tools/machine.sh).
. "$(dirname "$0")/tools/lib.sh"
cd "$R" || exit 1
M=$R/build/machines
unset MAKEFLAGS MAKELEVEL MFLAGS

# Before the network namespace, which has no route out.
if [ -z "${LIB_NETWORK:-}" ]; then
	mkdir -p "$M"
	tests/tools/machine.sh libraries i386 2>"$M/i386.why"
	if [ -n "${NIGHTLY:-}" ]; then
		for arch in armhf arm64 s390x; do
			tests/tools/machine.sh libraries $arch 2>"$M/$arch.why"
		done
		tests/tools/machine.sh compilers gcc-arm-linux-gnueabihf gcc-aarch64-linux-gnu \
			gcc-s390x-linux-gnu qemu-user-static musl-tools 2>"$M/compilers.why"
	fi
fi
own_network "$@"

# make_for ARCHITECTURE WORD...: make, in its own folder, linked with the libraries unpacked there
make_for() {
	arch=$1
	shift
	root=$M/$arch/root
	paths=
	for path in "$root/lib/$triple" "$root/usr/lib/$triple"; do
		paths="$paths -Wl,-rpath=$path -Wl,-rpath-link=$path"
	done
	# Libraries that a library needs are found in the same place: --disable-new-dtags.
	"${MAKE:-make}" -k -s -j "$(nproc)" B="build/machines/$arch/build" WERROR=-Werror \
		PKG_CONFIG=false LDFLAGS="-Wl,--disable-new-dtags $paths ${loader:-}" "$@"
}

# The unit tests that need neither a kernel nor a library.
core_tests() {
	grep -L '#include "\(io\|app\|cmd\)/' tests/unit/test_*.c | sed 's,.*/\(.*\)\.c,\1,'
}

# passes PROGRAM...: the only argument that is a path below build/ is a test
passes() {
	CMOCKA_MESSAGE_OUTPUT=STDOUT SIM_DAYS=4 SIM_LIVES=100 "$@"
}

# ---- i386 ----

# As Debian builds: no SSE2, so the x87 computes doubles.
i386_gcc() {
	version=$(gcc -dumpversion)
	echo "gcc -m32 -march=i686 -mfpmath=387 --sysroot=$M/i386/root" \
		"-B$M/i386/root/usr/lib/gcc/i686-linux-gnu/${version%%.*}/" \
		"-B$M/i386/root/usr/lib/i386-linux-gnu/"
}

# glibc calls whose times or files have 32 bits; the others have a name with 64 in it.
narrow='clock_gettime|clock_settime|clock_getres|clock_nanosleep|clock_adjtime|adjtimex|adjtime'
narrow="$narrow|gettimeofday|settimeofday|time|nanosleep|ppoll|pselect|select|recvmmsg|stat|fstat"
narrow="$narrow|lstat|fstatat|open|openat|fcntl|lseek|pread|pwrite|ftruncate|mmap|fopen|setsockopt"
narrow="$narrow|recvmsg|ioctl|pthread_cond_timedwait|sem_timedwait|utimensat|futimens|mkostemp"

# exchange NAME PATTERN COMMAND...: answered, and the bound contains the truth (the same clock)
exchange() {
	name=$1
	shift
	run "$@" --json "127.0.0.1:$port"
	expect "$name" 0 '"status": *"ok"'
	check "$name: the truth lies within the bound" within "$(json bound_ns)" "$(json offset_ns)"
	check "$name: and stderr is silent" test ! -s "$err"
}

i386() {
	triple=i386-linux-gnu
	loader=-Wl,--dynamic-linker=$M/i386/root/lib/ld-linux.so.2
	units="test_sandbox test_kernel_clock test_udp_listen test_udp test_rtc test_history_client"
	if [ ! -d "$M/i386/root" ]; then
		skip "i386" "$(tail -n 1 "$M/i386.why")"
		return
	fi
	echo 'int main(void) { return 0; }' >"$T/empty.c"
	# shellcheck disable=SC2046,SC2086 # options
	if ! $(i386_gcc) $loader -o "$T/empty" "$T/empty.c" 2>"$T/why" || ! "$T/empty" 2>"$T/why"; then
		skip "i386" "needs a processor, a kernel and a gcc for it: $(head -n 1 "$T/why")"
		return
	fi
	flags=-O1
	if [ -n "${NIGHTLY:-}" ]; then
		flags=-O2
		units=$(find tests/unit tests/sim -name 'test_*.c' -o -name 'sim_*.c' |
			sed 's,.*/\(.*\)\.c,\1,')
	fi
	built=$M/i386/build
	# shellcheck disable=SC2046 # a list of files
	check "i386: gcc -Werror" make_for i386 CC="$(i386_gcc)" CFLAGS=$flags all \
		$(echo "$units" | sed "s,[^ ][^ ]*,build/machines/i386/build/&,g")
	for program in reqtime reqtimed; do
		check "i386: $program is a 32-bit program" \
			sh -c "readelf -h '$built/$program' | grep 'Class: *ELF32'"
		check "i386: $program has only wide times and files" \
			sh -c "readelf -W --dyn-syms '$built/$program' | grep clock_gettime64 &&
				! readelf -W --dyn-syms '$built/$program' |
				grep -E ' ($narrow)@'"
	done
	for test in $units; do
		check "i386: $test" passes "$built/$test"
	done
	run make_for i386 CC="$(i386_gcc)" CFLAGS=-O1 TIME64= B="$T/narrow" "$T/narrow/src/io/sys/kernel_clock.o"
	expect "i386: without wide times it does not compile, and the error names the fix" 2 \
		'time_t has 32 bits.*-D_TIME_BITS=64'
	i386_programs
}

i386_programs() {
	REQTIMED=$built/reqtimed
	server --listen 127.0.0.1:0 --local-stratum 1 || return
	port=$(server_port ntp)
	exchange "i386: query" "$built/reqtime" query
	exchange "i386 asked by this machine: query" "$REQTIME" query
	mkdir -p "$T/state"
	exchange "i386: set --dry-run" "$built/reqtime" set --dry-run --state-dir "$T/state"
	run "$built/reqtime" check "127.0.0.1:$port"
	expect "i386: check" 0 'REQTIME OK'
	run "$REQTIME" history --state-dir "$T/state" --json
	cp "$out" "$T/here"
	run "$built/reqtime" history --state-dir "$T/state" --json
	expect "i386: history" 0 '"verb": *"set"'
	check "i386: history: the same as here" cmp "$out" "$T/here"
	server_stop
	REQTIMED=$BUILD/reqtimed
	server --listen 127.0.0.1:0 --local-stratum 1 || return
	port=$(server_port ntp)
	exchange "i386 asks this machine: query" "$built/reqtime" query
	server_stop
	for capture in tests/data/*.pcap; do
		"$built/reqtime" trace --read "$capture" >"$T/there" 2>&1
		"$REQTIME" trace --read "$capture" >"$T/here" 2>&1
		check "i386: trace of ${capture##*/}: the same as here" cmp "$T/there" "$T/here"
	done
}

# ---- nightly: what another processor would run ----

# other ARCHITECTURE TRIPLE QEMU
# shellcheck disable=SC2086 # $qemu is a command with arguments
other() {
	triple=$2
	compilers=$M/compilers/root
	loader=
	if [ ! -d "$M/$1/root" ] || [ ! -d "$compilers" ]; then
		skip "$1" "$(cat "$M/$1.why" "$M/compilers.why" | tail -n 1)"
		return
	fi
	# The assembler and the linker have their own libraries.
	LD_LIBRARY_PATH=$compilers/usr/lib/$(gcc -print-multiarch)
	export LD_LIBRARY_PATH
	check "$1: gcc -Werror" make_for "$1" CC="$compilers/usr/bin/$2-gcc --sysroot=$M/$1/root" \
		all tests
	check "$1: make static" make_for "$1" CC="$compilers/usr/bin/$2-gcc --sysroot=$M/$1/root" \
		STATIC=1 LDFLAGS= B="build/machines/$1/static" all
	unset LD_LIBRARY_PATH
	qemu="$compilers/usr/bin/qemu-$3-static -L $M/$1/root"
	for kind in build static; do
		run $qemu "$M/$1/$kind/reqtime" --version
		expect "$1: $kind: reqtime --version" 0 '^reqtime [0-9]'
	done
	server --listen 127.0.0.1:0 --local-stratum 1 || return
	port=$(server_port ntp)
	exchange "$1: query" $qemu "$M/$1/build/reqtime" query
	server_stop
	for test in $(core_tests) sim_slews sim_selection; do
		check "$1: $test" passes $qemu "$M/$1/build/$test"
	done
	skip "$1: system call filter" "qemu-user has none"
}
# ---- musl ----

# Headers of libraries do not depend on the C library, its own headers do: only the former are
# taken from this machine.
musl_headers() {
	mkdir -p "$1/sys"
	here=/usr/include/$(gcc -print-multiarch)
	for name in linux asm asm-generic pcap pcap.h seccomp.h seccomp-syscalls.h jansson.h \
		jansson_config.h sqlite3.h ini.h sys/capability.h cmocka.h; do
		for from in /usr/include "$here"; do
			[ ! -e "$from/$name" ] || ln -sfn "$from/$name" "$1/$name"
		done
	done
}

musl() {
	root=$M/compilers/root
	triple=$(uname -m)-linux-musl
	if [ ! -e "$root/usr/lib/$triple/musl-gcc.specs" ]; then
		skip "musl" "$(tail -n 1 "$M/compilers.why")"
		return
	fi
	musl_headers "$T/headers"
	sed -e "s,/usr/lib/$triple,$root/usr/lib/$triple,g" \
		-e "s,/usr/include/$triple,$root/usr/include/$triple,g" \
		-e "s,-dynamic-linker [^ ]*,-dynamic-linker $root/lib/$triple/libc.so," \
		"$root/usr/lib/$triple/musl-gcc.specs" >"$T/specs"
	# shellcheck disable=SC2046 # a list of files
	check "musl: gcc -Werror: each file" make_for musl CC="gcc -specs $T/specs -idirafter $T/headers" \
		LIBRARY_LD= sims $(find src tests/unit tests/sim -name '*.c' |
			sed 's,\(.*\)\.c$,build/machines/musl/build/\1.o,')
	for test in sim_discipline sim_slews sim_selection sim_measure sim_lives; do
		check "musl: $test" passes "$M/musl/build/$test"
	done
	skip "musl: unit tests and programs" "needs libraries that are built for musl"
}

i386
if [ -n "${NIGHTLY:-}" ]; then
	other armhf arm-linux-gnueabihf arm
	other arm64 aarch64-linux-gnu aarch64
	other s390x s390x-linux-gnu s390x
	musl
else
	echo "# armhf, arm64, s390x and musl: with NIGHTLY=1"
fi
finish
