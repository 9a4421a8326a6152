# shellcheck shell=sh
# SPDX-License-Identifier: MIT
#
# For the test scripts, sourced first:  . "$(dirname "$0")/../tools/lib.sh"
#
#   ok NAME | not_ok NAME [WHY] | skip NAME REASON     one test each
#   check NAME COMMAND...                              ok when the command succeeds
#   nothing NAME FINDINGS | something NAME FINDINGS    ok when there are none, or some after a deliberate break
#   skip_all REASON                                    skips the whole script
#   finish                                             the last line of every script
#
#   run COMMAND...       -> $status, and the files $out and $err
#   expect NAME STATUS [PATTERN]   checks the last run: its status, and an extended regular
#                                  expression that a line of $out or $err must match
#   timed COMMAND...     like run, and $took_ms, the wall time
#   timely LIMIT_MS      true when $took_ms is at most LIMIT_MS plus an allowance for a slow or busy
#                        machine or a sanitizer; speed itself is measured by tests/bench
#   soon LIMIT_MS COMMAND...   runs `timed COMMAND` or the like, up to three times until it is timely
#   server ARGUMENTS...  starts reqtimed with them, waits until it is ready
#                        -> $server_pid, file $server_log
#   server_port SCHEME   the port it chose for "ntp", "reqtime", "reqtime+tcp", "time", ...
#   server_stop          ends it
#   tool NAME [AS]       build/tools/NAME, which `make tools` builds from tests/tools and tests/bench, as
#                        $T/AS ($T/NAME); without it the whole script is skipped
#   deb_built            builds the packages of the current sources in build/deb; else $T/why
#   static_built         builds the static programs in build/static, as for the container image; else $T/why
#   make_for PREFIX TARGET DESTDIR   `make install` or `make uninstall` with that prefix
#   own_network          continues the script in its own network namespace, lo up
#
# $T is the script's own directory, removed at the end; $R the top folder; $BUILD
# the folder of the programs.  Background processes go through `background COMMAND...`
# ($background_pid) and are ended at the end: those, and no others.

set -u
# Absolute: scripts change folder, namespace and user.
R=$(cd "$(dirname "$0")" && pwd)
while [ "$R" != / ] && [ ! -x "$R/tests/run" ]; do
	R=$(dirname "$R")
done
BUILD=${BUILD:-build}
case $BUILD in
/*) ;;
*) BUILD=$R/$BUILD ;;
esac
# shellcheck disable=SC2034 # for the scripts
REQTIME=$BUILD/reqtime
REQTIMED=$BUILD/reqtimed
lib_program=$REQTIME
# Programs that packaging/deps unpacked without installing them (promtool), after installed ones.
PATH=$PATH:$R/build/peers/usr/bin
# Tests neither use this machine's state directories nor write to them.
export LC_ALL=C STATE_DIRECTORY=/nonexistent/reqtime

# Also when run by hand: this machine's clock cannot be set.
if [ -z "${LIB_GUARDED:-}" ]; then
	exec "$R/tests/guard" "$0" "$@"
fi

# First in LD_PRELOAD: a sanitized program needs its sanitizer loaded before other libraries.
# shellcheck disable=SC2034 # for the scripts
preload=$(ldd "$REQTIME" 2>/dev/null | sed -n 's/.*=> \(.*libasan[^ ]*\).*/\1:/p')

lib_count=0
lib_pids=
T=$(mktemp -d "${TMPDIR:-/tmp}/reqtime-test.XXXXXX") || exit 1
chmod 755 "$T" # other users run programs in it
out=$T/out
err=$T/err
status=0

lib_cleanup() {
	for lib_pid in $lib_pids; do
		kill "$lib_pid" 2>/dev/null
	done
	for lib_pid in $lib_pids; do
		wait "$lib_pid" 2>/dev/null
	done
	# Anything still mounted in there is not ours to remove.
	rm -rf --one-file-system "$T"
}
trap lib_cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

ok() {
	lib_count=$((lib_count + 1))
	echo "ok $lib_count - $1"
}

not_ok() {
	lib_count=$((lib_count + 1))
	echo "not ok $lib_count - $1"
	if [ $# -gt 1 ]; then
		echo "$2" | sed 's/^/# /'
	fi
}

skip() {
	lib_count=$((lib_count + 1))
	echo "ok $lib_count - $1 # SKIP $2"
}

skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

finish() {
	echo "1..$lib_count"
	exit 0
}

nothing() {
	if [ -z "$2" ]; then
		ok "$1"
	else
		not_ok "$1" "$2"
	fi
}
something() {
	if [ -n "$2" ]; then
		ok "$1"
	else
		not_ok "$1" "the deliberate break was not seen"
	fi
}

check() {
	lib_name=$1
	shift
	if "$@" >"$T/check" 2>&1; then
		ok "$lib_name"
	else
		not_ok "$lib_name" "$* -> $?
$(head -n 40 "$T/check")"
	fi
}

run() {
	status=0
	"$@" >"$out" 2>"$err" </dev/null || status=$?
}

timed() {
	lib_began=$(date +%s%N)
	run "$@"
	took_ms=$((($(date +%s%N) - lib_began) / 1000000))
}

# The cost, here and now, of starting the program twenty times, one after another: a busy or slow
# machine delays this in the same way.
lib_busy_ms() {
	lib_began=$(date +%s%N)
	for _ in 1 2 3 4 5; do
		"$lib_program" --version >/dev/null 2>&1
	done
	echo $((($(date +%s%N) - lib_began) / 250000))
}

# A sanitized program takes 0.1 s to start a process, so the plain one is measured.
lib_slow_ms=0
if grep -qs __asan_init "$lib_program"; then
	lib_slow_ms=400
fi
timely() {
	[ "$took_ms" -le $(($1 + lib_slow_ms)) ] || [ "$took_ms" -le $(($1 + $(lib_busy_ms))) ]
}

soon() {
	lib_limit=$1
	shift
	for lib_try in 1 2 3; do
		"$@"
		if timely "$lib_limit"; then
			return
		fi
		sleep "0.$lib_try"
	done
}

expect() {
	lib_why=
	if [ "$status" -ne "$2" ]; then
		lib_why="exit status $status, not $2"
	elif [ $# -gt 2 ] && ! cat "$out" "$err" | grep -Eq -e "$3"; then
		lib_why="no line matches $3"
	fi
	if [ -z "$lib_why" ]; then
		ok "$1"
	else
		not_ok "$1" "$lib_why
stdout: $(head -n 20 "$out")
stderr: $(head -n 20 "$err")"
	fi
}

tool() {
	[ -e "$R/build/tools/$1" ] || skip_all "no build/tools/$1: run make tools"
	cp "$R/build/tools/$1" "$T/${2:-$1}"
}

# For another prefix reqtime is linked anew: in a copy, because other scripts run these programs.
make_for() {
	if [ ! -d "$T/build" ]; then
		mkdir "$T/build"
		(cd "$R/build" && cp -a src flags LIBEXECDIR needs.ok lib*.a reqtime reqtimed reqtime-nts "$T/build")
	fi
	(
		unset MAKEFLAGS MAKELEVEL MFLAGS
		"${MAKE:-make}" -s -C "$R" "$2" B="$T/build" PREFIX="$1" DESTDIR="$3"
	)
}

# Two tests need them, and may run at once.  The unit tests, which also run on their own, are for the
# long form.
deb_built() (
	unset MAKEFLAGS MAKELEVEL MFLAGS
	cd "$R" && mkdir -p build && exec 9>build/deb.lock && flock 9 || return 1
	set -- build/deb/reqtimed_*.deb
	if [ ! -e "$1" ] ||
		find Makefile src include packaging ${NIGHTLY:+tests} -newer "$1" ! -type d | grep -q .; then
		DEB_BUILD_OPTIONS="parallel=$(nproc)${NIGHTLY-" nocheck"}" "${MAKE:-make}" -s deb >"$T/why" 2>&1
	fi
)

# Two tests need them, too.
static_built() (
	unset MAKEFLAGS MAKELEVEL MFLAGS
	cd "$R" && mkdir -p build && exec 9>build/static.lock && flock 9 || return 1
	# shellcheck disable=SC2046 # words
	set -- $(packaging/container/build-packages make "$(dpkg --print-architecture)" 2>/dev/null)
	"${MAKE:-make}" -s -j "$(nproc)" "${@:-CC=gcc}" static >"$T/why" 2>&1
)

background() {
	"$@" &
	background_pid=$!
	lib_pids="$lib_pids $background_pid"
}

# wait_for SECONDS COMMAND...: until the command succeeds; waits three times as long, for a busy
# machine
wait_for() {
	lib_tries=$(($1 * 60))
	shift
	while [ "$lib_tries" -gt 0 ]; do
		if "$@" >/dev/null 2>&1; then
			return 0
		fi
		lib_tries=$((lib_tries - 1))
		sleep 0.05
	done
	return 1
}

# Every thread of it and of its file helper, always: a test without the filter would not show how the
# shipped program behaves.  Sanitizers cannot work behind it; a kernel without seccomp is logged.
lib_confined() {
	if grep -q 'no system call filter' "$server_log" || grep -q __asan_init "$REQTIMED"; then
		return 0
	fi
	for lib_pid in "$server_pid" $(cat "/proc/$server_pid/task/$server_pid/children" 2>/dev/null); do
		if grep -h '^Seccomp:' "/proc/$lib_pid"/task/*/status | grep -qv '2$'; then
			return 1
		fi
	done
}

server() {
	lib_servers=$((${lib_servers:-0} + 1))
	server_log=$T/reqtimed.$lib_servers.log
	# shellcheck disable=SC2086 # $server_prefix is a command with arguments
	${server_prefix:-} "$REQTIMED" "$@" 2>"$server_log" </dev/null &
	server_pid=$!
	lib_pids="$lib_pids $server_pid"
	if ! wait_for 10 grep -q '^reqtimed: ready' "$server_log"; then
		not_ok "reqtimed $* gets ready" "$(head -n 20 "$server_log")"
		return 1
	fi
	if ! lib_confined; then
		not_ok "reqtimed $* is behind its system call filter, each thread of it" \
			"$(grep -H '^Seccomp:' "/proc/$server_pid"/task/*/status)"
	fi
}

server_port() {
	case $1 in
	reqtime) lib_service="text udp" ;;
	reqtime+tcp) lib_service="text tcp" ;;
	*+tcp) lib_service="${1%+tcp} tcp" ;;
	time | daytime) lib_service="$1 udp" ;;
	*) lib_service=$1 ;;
	esac
	sed -n "s/^reqtimed: $lib_service .*:\([0-9]*\)\$/\1/p" "$server_log" | head -n 1
}

server_stop() {
	kill "$server_pid" 2>/dev/null
	wait "$server_pid" 2>/dev/null
}

# json KEY [FILE]: the first value of that key in `--json` output, quotes removed
json() {
	grep -o "\"$1\": *\(\"[^\"]*\"\|[^,}]*\)" "${2:-$out}" | head -n 1 |
		sed 's/^"[^"]*": *//; s/^"//; s/"$//'
}

# within LIMIT NUMBER: |NUMBER| <= LIMIT, both integers
within() {
	case ${2#-} in
	'' | *[!0-9]*) return 1 ;;
	esac
	[ "${2#-}" -le "$1" ]
}

have() {
	command -v "$1" >/dev/null 2>&1
}

# shellcheck disable=SC2120 # arguments are rare
own_network() {
	if [ -z "${LIB_NETWORK:-}" ]; then
		if ! have ip || ! have unshare; then
			skip_all "needs ip (iproute2) and unshare (util-linux)"
		fi
		lib_unshare="unshare -n"
		# An ordinary user may do it in a user namespace: keeping the user id, because root of
		# that namespace could not become another user, but with root's rights over the network.
		if [ "$(id -u)" != 0 ]; then
			lib_unshare="unshare --map-current-user --keep-caps -n"
		fi
		if ! $lib_unshare ip link set lo up >"$T/unshare" 2>&1; then
			skip_all "cannot make a network namespace: $(head -n 1 "$T/unshare")"
		fi
		rm -rf "$T"
		LIB_NETWORK=1 exec $lib_unshare "$0" "$@"
	fi
	ip link set lo up
}
