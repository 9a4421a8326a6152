#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Attempts of foreign code in one of the processes of reqtime, started by root: burglar.c makes them, from
# within getaddrinfo(), in the history process and in the measuring process.  Each attempt is its own run.
# `query` has the same processes as `set`, whose clock must be a fake one: `set` is tried once more, in a
# user namespace, for the attempts that a single lock prevents.
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"
tool burglar.so
tool sim_clock.so clock.so

[ "$(id -u)" = 0 ] || skip_all "needs root"
[ "${BUILD##*/}" != san ] || skip_all "a sanitized program has no sandbox"
grep -q '^Seccomp:' /proc/self/status || skip_all "no system call filters in this kernel"

OWNER=12345
UNPRIVILEGED=65534
STATE=$T/state
server --listen 127.0.0.1:0 --text-listen 127.0.0.1:0 --local-stratum 1 || finish
port=$(server_port ntp)
BURGLAR_PORT=$(server_port reqtime+tcp)
mkdir "$T/everybodys" "$T/state" "$T/roots"
chmod 1777 "$T/everybodys"
chown $OWNER:$OWNER "$T/state"
echo secret >"$T/secret"
chmod 600 "$T/secret"
BURGLAR_SECRET=$T/secret
BURGLAR_FOLDER=$T/everybodys
BURGLAR_PAGE=$T/page
export BURGLAR_PAGE BURGLAR_SECRET BURGLAR_FOLDER BURGLAR_PORT
for user in $UNPRIVILEGED $OWNER 0; do
	echo own >"$T/own.$user"
	chown "$user:$user" "$T/own.$user"
	chmod 600 "$T/own.$user"
	background setpriv --reuid "$user" --regid "$user" --clear-groups sleep 1000
	echo "$background_pid" >"$T/victim.$user"
done

# number N: the Nth number of the page
number() {
	od -An -td4 -j $((4 * $1)) -N 4 "$T/page" | tr -d ' '
}
# A run with the burglar, and further libraries to load.  No attempt may hang it.
# shellcheck disable=SC2317 # burgle() calls it
ask_query() {
	LD_PRELOAD=$T/burglar.so timeout 20 "$REQTIME" query -4 -t 3s --state-dir "$STATE" \
		"localhost:$port" >"$out" 2>"$err" </dev/null
}
# As root of a user namespace that maps all users: the clock is a fake one there.
ask_set() {
	rm -f "$T/go"
	mkfifo "$T/go"
	# shellcheck disable=SC2016 # for the inner shell
	unshare -U sh -c 'read -r _ <"$1" && shift && exec "$@"' - "$T/go" \
		env CLOCK_FILE="$T/clock" LD_PRELOAD="$T/clock.so:$T/burglar.so" timeout 20 \
		"$REQTIME" set --force -4 -t 3s --state-dir "$STATE" "localhost:$port" \
		>"$out" 2>"$err" </dev/null &
	asked=$!
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		[ "$(readlink /proc/$asked/ns/user)" != "$(readlink /proc/self/ns/user)" ] && break
		sleep 0.05
	done
	has_users=no
	if echo "0 0 4294967295" >/proc/$asked/uid_map && echo "0 0 4294967295" >/proc/$asked/gid_map; then
		has_users=yes
	fi 2>"$T/why"
	echo go >"$T/go"
	wait $asked
	[ "$has_users" = yes ]
}

# burgle VERB PLACE WHAT [VICTIM]   -> $outcome
burgle() {
	case $2 in
	history) user=$OWNER ;;
	*) user=$UNPRIVILEGED ;;
	esac
	export BURGLAR_PLACE="$2" BURGLAR_TRY="$3" BURGLAR_OWN="$T/own.$user"
	BURGLAR_VICTIM=$(cat "$T/victim.${4:-$user}")
	export BURGLAR_VICTIM
	head -c 8 /dev/zero >"$T/page"
	"ask_$1"
	case $(number 0) in
	0) outcome="never tried" ;;
	1) outcome="ended" ;;
	2) outcome="went through" ;;
	3) outcome="refused" ;;
	esac
}
# refused VERB PLACE WHAT [VICTIM]
refused() {
	burgle "$@"
	case $outcome in
	ended | refused) ok "$1, $2: $3${4:+ (process of user $4)}: $outcome" ;;
	*) not_ok "$1, $2: $3${4:+ (process of user $4)}: $outcome" "$(cat "$out" "$err")" ;;
	esac
}

burgle query measuring be-root
landlock=$(number 1)
# with_landlock VERSION PLACE WHAT: an attempt that Landlock alone prevents
with_landlock() {
	if [ "$landlock" -ge "$1" ]; then
		refused query "$2" "$3"
	else
		skip "query, $2: $3" "Landlock $1 is needed, and $landlock is here"
	fi
}

for place in resolver history measuring; do
	for what in be-root have-groups read-secret write-secret rename-secret chmod-own \
		run-program start-process become-root open-by-handle unshare raw-socket \
		packet-socket set-clock io_uring ptrace write-memory prlimit setpriority; do
		refused query $place $what
	done
	for what in kill tgkill sigqueue pidfd F_SETOWN FIOSETOWN; do
		refused query $place $what
		refused query $place $what 0
	done
done
for what in make-file write-own remove-own; do
	refused query resolver $what
	with_landlock 1 history $what
	refused query measuring $what
done
with_landlock 1 history read-passwd
refused query measuring read-passwd
with_landlock 4 resolver bind-tcp
with_landlock 4 measuring bind-tcp
with_landlock 4 measuring connect-tcp

# In root's directory the history process runs as root: without a capability, and behind these two locks.
OWNER=0
STATE=$T/roots
with_landlock 1 history read-secret
with_landlock 1 history write-own
for what in write-secret chmod-own run-program kill F_SETOWN FIOSETOWN; do
	refused query history $what
done
OWNER=12345
STATE=$T/state

# The test of the test: permitted actions succeed.
burgle query resolver read-passwd
check "the resolver can do its work" test "$outcome" = "went through"
burgle query resolver connect-tcp
check "... also over TCP" test "$outcome" = "went through"

# `set`, with a parent that keeps one capability.
burgle set measuring be-root
if ! ask_set; then
	skip "set" "no user namespace with all users: $(cat "$T/why")"
else
	for place in resolver history measuring; do
		for what in be-root read-secret chmod-own run-program start-process kill F_SETOWN; do
			refused set $place $what
		done
	done
	unset BURGLAR_PLACE
	ask_set
	check "set itself works this way" grep -q 'The local clock' "$out"
	check "... and its history belongs to the owner" test \
		"$(stat -c %u "$T/state/history.db" "$T/state/lock" | sort -u)" = $OWNER
fi

# Whatever the outcomes were reported as.
# shellcheck disable=SC2046 # several numbers
check "no process was ended" kill -0 $(cat "$T"/victim.*)
for victim in "$T"/victim.*; do
	sed 's/.*) //' "/proc/$(cat "$victim")/stat"
done | awk '$1 != "S" || $17 != 0' >"$T/changed"
check "no process was stopped or slowed" test ! -s "$T/changed"
check "no file was made" test -z "$(ls "$T/everybodys")"
check "the secret is unchanged" test \
	"$(cat "$T/secret") $(stat -c '%a %u' "$T/secret")" = "secret 600 0"
check "the files of these users, too" test \
	"$(stat -c '%a %u' "$T/own.$UNPRIVILEGED" "$T/own.$OWNER" | tr '\n' ' ')" = "600 $UNPRIVILEGED 600 $OWNER "
finish
