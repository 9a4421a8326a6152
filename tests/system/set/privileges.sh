#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The privileges of each process.  With the real capability this is tested in the guest of
# tests/vm/, where the clock is expendable.
. "$(dirname "$0")/../../tools/lib.sh"

# capless PID: no capability in any set that has an effect
capless() {
	[ -r "/proc/$1/status" ] &&
		! grep -E '^Cap(Inh|Prm|Eff|Amb):' "/proc/$1/status" | grep -qv '[^0-9a-f]0*$'
}
field() {
	awk -v key="$2:" '$1 == key { print $2 }' "/proc/$1/status"
}

server --listen 127.0.0.1:0 --text-listen 127.0.0.1:0 --local-stratum 1 || finish
check "the running server holds no capability" capless "$server_pid"
threads=0
for task in /proc/"$server_pid"/task/*; do
	capless "${task#/proc/}" || threads=$((threads + 1))
done
check "nor does any of its threads" test "$threads" -eq 0
check "the running server can gain no capability" test "$(field "$server_pid" NoNewPrivs)" = 1
if [ "$(id -u)" = 0 ]; then
	check "started as root, it runs as nobody" test "$(field "$server_pid" Uid)" = "$(id -u nobody)"
	check "started as root, it has no groups of root" test \
		"$(awk '$1 == "Groups:" { print NF - 1 }' "/proc/$server_pid/status")" = 0
else
	skip "started as root, it runs as nobody" "needs root"
fi
if [ "$(field "$server_pid" Seccomp)" = 2 ]; then
	ok "the running server is behind a system call filter"
else
	skip "the running server is behind a system call filter" "$(head -n 5 "$server_log")"
fi
port=$(server_port ntp)
silent=$(server_port reqtime)

# While it waits for an answer that never comes.
for verb in "query" "set --dry-run"; do
	# shellcheck disable=SC2086 # two words
	background "$REQTIME" $verb --timeout 3s "ntp://127.0.0.1:$silent" >/dev/null 2>&1
	asker=$background_pid
	sleep 0.7
	family="$asker $(cat "/proc/$asker/task/$asker/children" 2>/dev/null)"
	rich=
	for pid in $family; do
		capless "$pid" || rich="$rich $pid"
	done
	if [ -d "/proc/$asker" ] && [ -z "$rich" ]; then
		ok "$verb: no process holds a capability while measuring"
	else
		not_ok "$verb: no process holds a capability while measuring" \
			"$(grep -H 'Name\|Cap' /proc/"$asker"/status 2>&1) rich:$rich"
	fi
	kill "$asker" 2>/dev/null
	wait "$asker" 2>/dev/null
	check "$verb: ended by SIGTERM" test $? -eq 143
done

if ! have strace || ! strace -o /dev/null true 2>/dev/null; then
	skip "strace: nothing is received with a capability" "strace does not work here"
elif [ "$(id -u)" != 0 ]; then
	skip "strace: nothing is received with a capability" "needs root, to have one"
elif [ "${BUILD##*/}" = san ]; then
	skip "strace: nothing is received with a capability" "the leak check does not like strace"
else
	for verb in query "set --dry-run"; do
		# shellcheck disable=SC2086
		run strace -f -yy -o "$T/trace" "$REQTIME" $verb "127.0.0.1:$port" \
			"reqtime://127.0.0.1:$silent"
		expect "strace: $verb works" 0
		wrong=$(awk -f "$R/tests/vm/capable_reads.awk" "$T/trace")
		if grep -q 'recvmsg(' "$T/trace" && [ -z "$wrong" ]; then
			ok "strace: $verb receives nothing with a capability"
		else
			not_ok "strace: $verb receives nothing with a capability" "$wrong"
		fi
		check "strace: $verb touches no clock" sh -c \
			"! grep -E '(clock_settime|settimeofday)\\(|ADJ_SETOFFSET|ADJ_OFFSET_SINGLESHOT' '$T/trace'"
	done
	# The test of the test: a program that reads a socket as root is seen.
	# shellcheck disable=SC2016 # for bash
	strace -f -o "$T/trace" -e trace=capset,recvmsg,recvfrom,clone,fork ip -o link \
		>/dev/null 2>&1
	check "strace: reading with capabilities would be seen" test \
		-n "$(awk -f "$R/tests/vm/capable_reads.awk" "$T/trace")"
fi

# Root of a container without the capability gets the way to grant it before a packet is sent; root of
# a user namespace, where nothing grants it, as well.
if [ "$(id -u)" = 0 ] && have strace && strace -o /dev/null true 2>/dev/null &&
	[ "${BUILD##*/}" != san ]; then
	run strace -f -e trace=sendto,sendmsg,sendmmsg,socket -o "$T/trace" "$REQTIME" set \
		"127.0.0.1:$port"
	expect "set without the capability: exit status 4" 4 'root and sudo do not have it'
	check "set without the capability: no packet is sent" sh -c \
		"! grep -E 'AF_INET.*SOCK_(DGRAM|STREAM)|sendto|sendmsg' '$T/trace'"
else
	run "$REQTIME" set "127.0.0.1:$port"
	expect "set without the capability: exit status 4" 4 'not permitted to set the clock: '
fi
check "... and the message names the way to grant it" grep -q -e 'SYS_TIME' "$err"
check "... and the command that needs no privilege" grep -q -e '--dry-run' "$err"
if unshare -Ur true 2>/dev/null; then
	run unshare -Ur "$REQTIME" set "127.0.0.1:$port"
	expect "root of a user namespace: exit status 4" 4 'in a user namespace'
else
	skip "root of a user namespace: exit status 4" "needs user namespaces"
fi

# Inherited descriptors are closed before anything else happens.
exec 7<"$0"
background "$REQTIME" query -t 3s "127.0.0.1:$silent" >/dev/null 2>&1
exec 7<&-
asker=$background_pid
sleep 0.5
check "an inherited descriptor is closed" sh -c \
	"[ -d /proc/$asker/fd ] && ! ls -l /proc/$asker/fd | grep -q '${0##*/}'"
kill "$asker"
wait "$asker" 2>/dev/null

if [ "$(id -u)" = 0 ] && [ "${BUILD##*/}" != san ]; then
	# As root, in each of its processes: its user and its confinement.
	mkdir "$T/roots" "$T/others"
	chown 12345:12345 "$T/others"
	for state in roots others; do
		background setpriv --groups 0,1,2 "$REQTIME" query -t 4s --state-dir "$T/$state" \
			"localhost:$silent" >/dev/null 2>&1
		asker=$background_pid
		sleep 0.7
		family="$asker $(cat "/proc/$asker/task/$asker/children" 2>/dev/null)"
		users=
		for pid in $family; do
			users="$users $(field "$pid" Uid)/$(field "$pid" Gid)/$(field "$pid" Seccomp)"
			check "$state: process $(field "$pid" Uid) has no groups" test \
				"$(awk '$1 == "Groups:" { print NF - 1 }' "/proc/$pid/status")" = 0
		done
		kill "$asker"
		wait "$asker" 2>/dev/null
		filter=2
		grep -q '^Seccomp:' /proc/self/status || filter=
		owner=$(stat -c %u "$T/$state")
		check "$state: the user nobody runs the measuring process and the resolver, the directory's owner the history process" test \
			"$(echo "$users" | tr ' ' '\n' | sort | tr '\n' ' ')" = \
			"$(printf '\n%s\n%s\n%s\n' 65534/65534/$filter 65534/65534/$filter \
				"$owner/$owner/$filter" | sort | tr '\n' ' ')"
		check "$state: recorded" test "$(stat -c %u "$T/$state/history.db")" = "$owner"
	done
	# A directory that root has not assigned to that user is not trusted: anyone might have made it.
	mkdir -m 1777 "$T/everybodys"
	mkdir "$T/everybodys/state"
	chown 12345:12345 "$T/everybodys/state"
	run "$REQTIME" query --state-dir "$T/everybodys/state" "127.0.0.1:$port"
	expect "a directory that anybody may have made is not used" 0 'another user owns it'
	check "... nor written to" test -z "$(ls "$T/everybodys/state")"
	# A container without capabilities.
	bare="setpriv --bounding-set=-all --inh-caps=-all"
	# shellcheck disable=SC2086 # words
	run $bare "$REQTIME" query --state-dir "$T/roots" "127.0.0.1:$port"
	expect "no right to become another user: it goes on" 0 selected
	check "... silently" test ! -s "$err"
	# shellcheck disable=SC2086
	run $bare "$REQTIME" query -v --state-dir "$T/roots" "127.0.0.1:$port"
	expect "... unless asked" 0 'cannot become another user'
else
	skip "the users of the processes, started by root" "needs root, and no sanitizer"
fi

kill "$server_pid"
began=$(date +%s%N)
wait "$server_pid"
took_ms=$((($(date +%s%N) - began) / 1000000))
check "SIGTERM ends the server within a second ($took_ms ms)" timely 1000
# Not set-user-ID: options name files that are read, quoted and written.
borrowed() { # MODE FILE WORD...: as nobody, from a copy of FILE with that mode
	cp "$2" "$T/borrowed" && chmod "$1" "$T/borrowed"
	shift 2
	run setpriv --reuid 65534 --regid 65534 --clear-groups "$T/borrowed" "$@"
	rm -f "$T/borrowed"
}
if [ "$(id -u)" = 0 ] && borrowed 4755 "$(command -v id)" -u && [ "$(cat "$out")" = 0 ]; then
	modes="4755 2755"
	if [ "${BUILD##*/}" = san ]; then
		skip "mode 2755" "the leak check cannot look into such a process"
		modes=4755
	fi
	for program in "$REQTIME" "$REQTIMED"; do
		for mode in $modes; do
			borrowed "$mode" "$program" --version
			expect "${program##*/} with mode $mode does nothing" 2 \
				"^${program##*/}: refusing to run as a set-user-ID or set-group-ID program"
		done
		borrowed 755 "$program" --version
		expect "... with mode 755 it does" 0 "^${program##*/} [0-9]"
	done
	borrowed 4755 "$REQTIME" check 127.0.0.1
	expect "check reports it in its line" 3 '^REQTIME UNKNOWN: refusing to run as a set-user-ID'
else
	skip "set-user-ID programs" "needs root and a file system with set-user-ID"
fi

# A program with a file capability does not trust the caller's environment.
as_user() {
	run setpriv --reuid 65534 --regid 65534 --clear-groups env STATE_DIRECTORY="$T/planted" "$@"
}
cp "$REQTIME" "$T/capable"
if [ "$(id -u)" = 0 ] && [ "${BUILD##*/}" != san ] && have setcap &&
	setcap cap_net_raw=p "$T/capable" 2>"$T/why"; then
	mkdir "$T/planted"
	chown 65534:65534 "$T/planted"
	as_user "$REQTIME" query -t 100ms "127.0.0.1:$silent"
	as_user "$REQTIME" history --json
	expect "row 78 STATE_DIRECTORY is used by an ordinary program" 0 '"verb":"query"'
	as_user "$T/capable" history --json
	check "row 78 STATE_DIRECTORY is ignored by a program with a file capability" sh -c \
		"! grep -q '\"verb\":\"query\"' '$out'"
else
	skip "STATE_DIRECTORY and a file capability" "needs root, setcap and no sanitizer"
fi
finish
