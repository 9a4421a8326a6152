#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The process of reqtime-nts, which has the largest parsers of what strangers send, TLS and X.509: what
# it may do, that no process with a right has its libraries, and that a run outlives it.  `set` is on a
# simulated machine, as in processes.sh.
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"
own_network
# A server there is asked again only after 2 s.
ip addr add 192.0.2.1/32 dev lo
# shellcheck source=tests/tools/sim.sh
. "$(dirname "$0")/../../tools/sim.sh"
# shellcheck source=tests/tools/processes.sh
. "$(dirname "$0")/../../tools/processes.sh"
# shellcheck source=tests/tools/nts.sh
. "$(dirname "$0")/../../tools/nts.sh"
NOTHING=0000000000000000
SYS_TIME=0000000002000000
nts_begin

# query ARGUMENT...: in the background; $begun
query() {
	"$REQTIME" query --json --nts-ca "$nts_ca" "$@" >"$out" 2>"$err" &
	begun=$!
	lib_pids="$lib_pids $begun"
}
# set_clock ARGUMENT...: likewise, on the simulated machine
set_clock() {
	rm -rf "$T/state"
	"$T/world" behind 2
	# shellcheck disable=SC2016 # of the other shell
	unshare -Urm sh -c 'mount -t tmpfs none /run && exec "$@"' - env LD_PRELOAD="$preload$T/clock.so" \
		"$REQTIME" set --json --force --state-dir "$T/state" --nts-ca "$nts_ca" "$@" >"$out" 2>"$err" &
	begun=$!
	lib_pids="$lib_pids $begun"
}
ended() {
	status=0
	wait "$begun" || status=$?
}
# nts_of PID: true when one of its family is the program now: $speaker
# shellcheck disable=SC2317 # called by wait_for
nts_of() {
	for speaker in $(family "$1"); do
		if [ "$(cat "/proc/$speaker/comm" 2>/dev/null)" = reqtime-nts ]; then
			return 0
		fi
	done
	return 1
}
# The program, behind its filter where there is one.
# shellcheck disable=SC2317
nts_ready() {
	nts_of "$1" && { ! filters || [ "$(status_of "$speaker" Seccomp)" = 2 ]; }
}
# with_tls PID...: those that have a library for it
with_tls() {
	for with_pid; do
		if grep -Eq 'lib(gnutls|ssl|tasn1|p11-kit|hogweed)' "/proc/$with_pid/maps" 2>/dev/null; then
			echo "$with_pid"
		fi
	done
}
# strangers PID: its descriptors that are neither /dev/null nor a pipe nor a socket
strangers() {
	find "/proc/$1/fd" -type l ! -lname '/dev/null' ! -lname 'pipe:*' ! -lname 'socket:*' -printf '%f %l\n'
}
# environment PID: what it was begun with; files below /proc have no size that could be tested
environment() {
	tr '\0' '\n' <"/proc/$1/environ"
}
# datagrams PID: its sockets that send UDP
datagrams() {
	find "/proc/$1/fd" -lname 'socket:*' -printf '%l\n' | tr -dc '0-9\n' | sort >"$T/sockets"
	cat "/proc/$1/net/udp" "/proc/$1/net/udp6" | awk '{ print $10 }' | sort | comm -12 - "$T/sockets"
}

something "this script has a file" "$(strangers $$)"

# --- while keys are exchanged
nts_start --mode silent-hello
for verb in query set; do
	case $verb in
	query) query -t 60s "$(nts_source)" ;;
	set) set_clock -t 60s "$(nts_source)" ;;
	esac
	if ! wait_for 10 nts_ready "$begun"; then
		not_ok "$verb: reqtime-nts is started for an nts:// server"
		kill -KILL "$begun"
		ended
		continue
	fi
	ok "$verb: reqtime-nts is started for an nts:// server"
	check "$verb: ... it has no capability, and cannot gain one" test \
		"$(for set in Prm Eff Inh Amb; do status_of "$speaker" "Cap$set"; done | sort -u) $(status_of "$speaker" NoNewPrivs)" \
		= "$NOTHING 1"
	if filters; then
		check "$verb: ... it is behind its system call filter" test "$(status_of "$speaker" Seccomp)" = 2
	else
		skip "$verb: ... it is behind its system call filter" "$(cat "$T/why")"
	fi
	# A process that cannot be dumped shows them to root alone.
	if [ -r "/proc/$speaker/environ" ]; then
		check "$verb: ... it has no file" test -z "$(strangers "$speaker")"
		check "$verb: ... nor a socket that could send NTP" test -z "$(datagrams "$speaker")"
		check "$verb: ... nor a variable of the environment" test -z "$(environment "$speaker")"
		something "$verb: ... which the program that began it has" "$(environment "$begun")"
	else
		skip "$verb: ... it has no file" "needs root"
		skip "$verb: ... nor a socket that could send NTP" "needs root"
		skip "$verb: ... nor a variable of the environment" "needs root"
	fi
	# shellcheck disable=SC2046 # words
	check "$verb: ... no other process has a TLS library" test "$(with_tls $(family "$begun"))" = "$speaker"
	if [ "$verb" = set ]; then
		check "set: ... least of all the one that may set the clock" test \
			"$(status_of "$begun" CapPrm) $(with_tls "$begun")" = "$SYS_TIME "
	elif [ "$(id -u)" = 0 ]; then
		check "query: ... its user is 65534" test "$(status_of "$speaker" Uid) $(status_of "$speaker" Gid)" = \
			"65534 65534 65534 65534 65534 65534 65534 65534"
	else
		skip "query: ... its user is 65534" "needs root"
	fi
	children=$(family "$begun" | cut -s -d ' ' -f 2-)
	kill -STOP "$speaker"
	kill -KILL "$begun"
	# shellcheck disable=SC2086 # words
	check "$verb: it ends with the run, even if it hangs" wait_for 10 gone $children
	# shellcheck disable=SC2086
	kill -KILL $children 2>/dev/null
	ended
done

# --- it is killed in the middle, or hangs: a reason, and an end
lost='nts:// needs reqtime-nts'
for verb in query set; do
	case $verb in
	query) query -t 60s "$(nts_source)" ;;
	set) set_clock -t 60s "$(nts_source)" ;;
	esac
	if ! wait_for 10 nts_ready "$begun"; then
		not_ok "$verb: reqtime-nts is started, to be killed"
		kill -KILL "$begun"
		ended
		continue
	fi
	kill -KILL "$speaker"
	check "$verb: it is killed: the run ends at once" wait_for 10 gone "$begun"
	ended
	expect "$verb: ... exit 1, with the reason" 1 "\"reason\":\"[^\"]*$lost"
	case $verb in
	query) query -t 1s "$(nts_source)" ;;
	set) set_clock -t 1s "$(nts_source)" ;;
	esac
	if ! wait_for 10 nts_of "$begun"; then
		not_ok "$verb: reqtime-nts is started, to be stopped"
		kill -KILL "$begun"
		ended
		continue
	fi
	kill -STOP "$speaker"
	check "$verb: it hangs: the run ends when its time is up" wait_for 10 gone "$begun"
	ended
	expect "$verb: ... exit 1, with the reason" 1 '"reason":"[^"]*no answer'
	check "$verb: ... and the hanging process is ended" wait_for 10 gone "$speaker"
done
# shellcheck disable=SC2046 # two words
set -- $("$T/world" look)
check "set: ... the clock was left alone" test "$1" -eq 0
nts_stop

# --- its system calls: certificates first, then the sandbox, then strangers
if ! have strace || ! filters; then
	skip "it touches no file once it is confined" "needs strace, and no sanitizer"
else
	nts_start
	run strace -f -o "$T/trace" "$REQTIME" query --json --nts-ca "$nts_ca" -t 20s "$(nts_source)"
	expect "under strace: a time" 0 '"authentication":"nts"'
	awk '/execve\(.*reqtime-nts/ { pid = $1 } $1 == pid && pid' "$T/trace" >"$T/calls"
	first=$(grep -n 'recvmsg(' "$T/calls" | head -n 1 | cut -d : -f 1)
	filter=$(grep -n 'seccomp(SECCOMP_SET_MODE_FILTER\|prctl(PR_SET_SECCOMP' "$T/calls" | head -n 1 | cut -d : -f 1)
	landlock=$(grep -n 'landlock_restrict_self(' "$T/calls" | head -n 1 | cut -d : -f 1)
	check "it is behind the filter before it has a connection" test "${filter:-99999}" -lt "${first:-0}"
	if grep -q 'landlock_create_ruleset(.*= -1' "$T/calls"; then
		skip "... and behind Landlock before that" "this kernel has none"
	else
		check "... and behind Landlock before that" test "${landlock:-99999}" -lt "${filter:-0}"
	fi
	tail -n "+${filter:-1}" "$T/calls" |
		grep -vE ' (recvmsg|recvfrom|sendto|poll|ppoll|close|getrandom|futex|brk|mmap|munmap|mremap|madvise|mprotect|seccomp|clock_gettime|getsockopt|setsockopt|exit_group|rt_sigprocmask|getpid|<\.\.\.|\+\+\+)' \
		>"$T/more"
	nothing "... and after it there are sockets, memory and random numbers only" "$(cat "$T/more")"
	nts_stop
fi

# --- with keys of the run before, it has nothing to do
if [ "$(id -u)" = 0 ]; then
	mkdir "$T/kept"
	nts_start --ke 192.0.2.1 --ntp 192.0.2.1 --ntp-delay-ms 1000
	query -t 20s --state-dir "$T/kept" "$(nts_source 192.0.2.1)"
	ended
	expect "keys are kept" 0 '"authentication":"nts"'
	query -t 20s --state-dir "$T/kept" "$(nts_source 192.0.2.1)"
	wait_for 10 measures "$begun"
	# shellcheck disable=SC2046
	check "a run with kept keys loads no TLS library" test -z "$(with_tls $(family "$begun"))"
	something "the measuring process has a socket that sends NTP" "$(datagrams "$measurer")"
	ended
	expect "... and has a time" 0 '"key_exchange_ns":null'

	# The library of the packets is one of the program's, too, and no other run needs it.
	library=$(ldd "$BUILD/reqtime-nts" | sed -n 's/.*libnettle\.so.* => \([^ ]*\) .*/\1/p')
	without_library() {
		# shellcheck disable=SC2016 # of the other shell
		run unshare -m sh -c 'mount --bind /dev/null "$0" && exec "$@"' "$library" "$REQTIME" query \
			--json -t 5s --nts-ca "$nts_ca" "$@"
	}
	without_library "$(nts_source 192.0.2.1)"
	expect "without nettle: no time, with the reason" 1 "\"reason\":\"[^\"]*$lost"
	without_library --state-dir "$T/kept" "$(nts_source 192.0.2.1)"
	expect "... also with kept keys" 1 "\"reason\":\"[^\"]*$lost"
	without_library "ntp://192.0.2.1:$nts_ntp"
	expect "... and a run without NTS needs none" 0
fi
finish
