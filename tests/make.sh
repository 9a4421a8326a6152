#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The Makefile: the flags of a build, when it rebuilds, the hardening of the programs, and its
# messages where something is missing.  $NIGHTLY: with further flags, too.
. "$(dirname "$0")/tools/lib.sh"
cd "$R" || exit 1
unset MAKEFLAGS MAKELEVEL MFLAGS

build() {
	"${MAKE:-make}" -s -j "$(nproc 2>/dev/null || echo 1)" "$@"
}

# ---- hardening, by default ----
if have readelf; then
	for program in reqtime reqtimed reqtime-nts; do
		readelf -Wdl "build/$program" >"$T/elf"
		check "$program: full RELRO, bound at the start, no executable stack" sh -c \
			"grep -q GNU_RELRO '$T/elf' && grep -q BIND_NOW '$T/elf' &&
			grep 'GNU_STACK' '$T/elf' | grep -qv RWE"
		check "$program: position-independent" grep -q 'FLAGS_1.*PIE' "$T/elf"
		nm -D "build/$program" >"$T/symbols"
		check "$program: FORTIFY, stack protector" sh -c \
			"grep -q '__snprintf_chk\\|__memcpy_chk' '$T/symbols' &&
			grep -q __stack_chk_fail '$T/symbols'"
	done
	# In our objects, for those of the C library may have none.
	if gcc -fcf-protection -S -x c /dev/null -o /dev/null 2>/dev/null; then
		check "control-flow enforcement" sh -c \
			"readelf -n build/src/core/ntp/packet.o | grep -q 'IBT, SHSTK'"
	else
		skip "control-flow enforcement" "this compiler has none"
	fi
	if gcc -fstack-clash-protection -S -x c /dev/null -o /dev/null 2>/dev/null; then
		"${MAKE:-make}" -n B="$T/flags" "$T/flags/src/reqtime.o" >"$T/line" 2>&1
		check "stack clash protection" grep -q -e '-fstack-clash-protection' "$T/line"
	else
		skip "stack clash protection" "this compiler has none"
	fi
	# The test of the test.
	check "it also builds without hardening" build B="$T/soft" HARDEN= "$T/soft/src/core/ntp/packet.o"
	check "... and the absence would be seen" sh -c \
		"! readelf -n '$T/soft/src/core/ntp/packet.o' | grep -q 'IBT, SHSTK'"
else
	skip "the programs are hardened" "needs readelf"
fi

# ---- what changes the flags builds again ----
object=$T/b/src/core/base/span.o
flagged() { # flagged ARGUMENT...: builds one object; $again: whether it was built
	before=$(stat -c %Y.%y "$object" 2>/dev/null)
	build B="$T/b" "$@" "$object" >"$T/why" 2>&1 || cat "$T/why"
	again=no
	[ "$before" = "$(stat -c %Y.%y "$object" 2>/dev/null)" ] || again=yes
}
flagged
check "a first build" test -s "$object"
flagged
check "the same flags: nothing to do" test $again = no
for change in CFLAGS=-O1 CPPFLAGS=-DX=1 SYSCONFDIR=/usr/local/etc WERROR=-Werror LDFLAGS=-g; do
	flagged "$change"
	check "$change: built again" test $again = yes
	flagged "$change"
	check "$change a second time: nothing to do" test $again = no
done
flagged
check "back to the defaults: built again" test $again = yes

# ---- warnings ----
mkdir -p "$T/tree/src/core/base"
cp -r Makefile packaging include "$T/tree/"
for layer in core io app cmd; do
	mkdir -p "$T/tree/src/$layer/x"
done
printf 'int unused(void);\nint unused(void)\n{\n\tint x;\n\n\treturn 0;\n}\n' \
	>"$T/tree/src/core/base/warned.c"
check "a warning is not an error by default" env -u WERROR "${MAKE:-make}" -s -C "$T/tree" build/src/core/base/warned.o
"${MAKE:-make}" -s -C "$T/tree" WERROR= build/libcore.a 2>/dev/null
mv "$T/tree/src/core/base/warned.c" "$T/tree/src/core/base/named.c"
"${MAKE:-make}" -s -C "$T/tree" WERROR= build/libcore.a 2>/dev/null
check "an archive drops the object of a deleted file" test "$(ar t "$T/tree/build/libcore.a")" = named.o
mv "$T/tree/src/core/base/named.c" "$T/tree/src/core/base/warned.c"
rm -f "$T/tree/build/src/core/base/warned.o"
check "... with WERROR=-Werror it is" sh -c \
	"! '${MAKE:-make}' -s -C '$T/tree' WERROR=-Werror build/src/core/base/warned.o 2>/dev/null"

# ---- what is missing ----
# Headers that only CPPFLAGS finds, and one that does not exist.
mkdir "$T/empty" "$T/headers"
mkdir "$T/headers/sys" "$T/headers/nettle" "$T/headers/gnutls"
for header in seccomp.h jansson.h sqlite3.h ini.h pcap.h nettle/siv-cmac.h gnutls/gnutls.h; do
	: >"$T/headers/$header"
done
: >"$T/headers/sys/capability.h"
freestanding="-nostdinc -isystem $(gcc -print-file-name=include 2>/dev/null)"
: >"$T/headers/stdio.h"
check "headers below CPPFLAGS are found" env CPPFLAGS="$freestanding -I$T/headers" packaging/deps headers build
rm "$T/headers/ini.h"
check "one that is missing is not" sh -c "! CPPFLAGS='$freestanding -I$T/headers' packaging/deps headers build 2>'$T/said'"
check "... one line names its package" sh -c \
	"[ \$(wc -l <'$T/said') = 1 ] && grep -q 'ini\\.h.*inih' '$T/said'"
check "make reports it before it compiles" sh -c "! '${MAKE:-make}' -s B='$T/n' PKG_CONFIG=false \
	CPPFLAGS='$freestanding -I$T/headers' all >'$T/said' 2>&1 && grep -q 'reqtime needs ini.h' '$T/said' &&
	! grep -q 'error:' '$T/said'"
# Package managers: programs that only record that they were called.
mkdir "$T/bin"
for tool in sh dirname awk gcc cc; do
	ln -s "$(command -v $tool)" "$T/bin/$tool"
done
named() { # named MANAGER WORDS COMMAND
	rm -f "$T/bin/apt-get" "$T/bin/dnf" "$T/bin/apk" "$T/bin/pacman"
	[ "$1" = none ] || {
		printf '#!/bin/sh\necho called >>%s/called\n' "$T" >"$T/bin/$1"
		chmod 755 "$T/bin/$1"
	}
	check "$1: \"$2\"" sh -c "! PATH='$T/bin' CPPFLAGS='$freestanding -I$T/headers' \
		packaging/deps $3 >'$T/said' 2>&1 && grep -qF '$2' '$T/said'"
}
named dnf "dnf install inih-devel" build
named apk "apk add inih-dev" build
named pacman "pacman -S libinih" build
named none "apt: libinih-dev; dnf: inih-devel; apk: inih-dev; pacman: libinih" build
named apt-get "apt install libinih-dev" headers
rm -f "$T/called"
: >"$T/headers/ini.h"
named dnf "reqtime needs cmocka.h: dnf install libcmocka-devel" "headers test"
printf '#!/bin/sh\necho called >>%s/called\nexit 1\n' "$T" >"$T/bin/apt-get"
check "when nothing is missing, no package manager is called" sh -c "PATH='$T/bin' \
	CPPFLAGS='$freestanding -I$T/headers' packaging/deps build && [ ! -e '$T/called' ]"

# ---- the same octets wherever it is built; other flags ----
mkdir -p "$T/another/place"
cp -r Makefile src include packaging "$T/another/place/"
# A program is the sum of its objects: nightly builds them all.
if [ -n "${NIGHTLY:-}" ]; then
	check "a build in another folder" build -C "$T/another/place" CC=gcc WERROR=-Werror
	compared="reqtime reqtimed"
else
	compared=$(cd "$BUILD" && find src/core/base src/core/ntp src/cmd/cli -name '*.o')
	# shellcheck disable=SC2046,SC2086 # lists of files
	check "objects in another folder" build -C "$T/another/place" CC=gcc WERROR=-Werror \
		$(printf 'build/%s ' $compared)
fi
same=yes
for file in $compared; do
	cmp "$BUILD/$file" "$T/another/place/build/$file" >>"$T/differ" 2>&1 || same=no
	! grep -q -e "$T" -e "$R" "$T/another/place/build/$file" || echo "$file" >>"$T/names"
done
check "... they are the same ($(echo "$compared" | wc -w) files) $(head -n 1 "$T/differ")" test $same = yes
check "... and name no folder" test ! -e "$T/names"
if [ -n "${NIGHTLY:-}" ]; then
	for flags in -O0 -O1 -O3 -Os "-O2 -flto=auto" "-O3 -flto=auto -march=native"; do
		check "CFLAGS='$flags'" build B="$T/flags" CFLAGS="$flags" WERROR=-Werror
		check "... it runs" "$T/flags/reqtime" --version
	done
	check "CC=clang" build B="$T/clang" CC=clang WERROR=-Werror
	check "... it runs" "$T/clang/reqtime" --version
	check "TSAN=1" build TSAN=1 all
fi
finish
