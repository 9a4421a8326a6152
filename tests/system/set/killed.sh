#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Row 75: `set` killed at its system calls (at every third, nightly at each), in whichever of its
# processes: the history stays sound, the clock is set at most once, the next run is right.  On a
# simulated machine (sim_clock.h); in a guest with a real kernel tests/vm/set.sh kills a sample.
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"
# shellcheck source=tests/tools/sim.sh
. "$(dirname "$0")/../../tools/sim.sh"
tool kill_each
sim_serve port
# In memory where possible: a disk is slow, and this test needs no durable storage.
S=$(mktemp -d /dev/shm/reqtime-test.XXXXXX 2>/dev/null) || S=$T/state
mkdir -p "$S" && chmod 755 "$S"
# Only its own processes are visible: the number of system calls depends on how many others it sees.
# shellcheck disable=SC2317 # called by run
kill_each() {
	unshare -Urpf --mount-proc "$T/kill_each" "$T/clock" "$preload$T/clock.so" "$1" "$REQTIME" set \
		--force --any-offset --quiet --state-dir "$S" "127.0.0.1:$sim_port"
}
# A sanitized program makes more calls, and is slow to start.
every=3
[ -z "${NIGHTLY:-}" ] || every=1
[ -z "$preload" ] || every=8
export KILL_EVERY=$every
run kill_each "$S/history.db"
check "row 75 killed at each system call: $(tail -n 1 "$out")" test "$status" -eq 0
[ "$status" -eq 0 ] || sed 's/^/# /' "$out"
# shellcheck disable=SC2016 # of awk
check "row 75 killed before the action as well as after" awk '
	/had set the clock/ && $1 > 300 / '$every' && $7 > 50 / '$every' && $7 < $1 - 50 / '$every' {
		good = 1
	} END { exit !good }' "$out"
rm -rf "$S"
echo 'no history' >"$T/damaged"
chmod 644 "$T/damaged"
mkdir -p "$S" && chmod 755 "$S"
run kill_each "$T/damaged"
check "the test would see a damaged history" grep -q 'the history is damaged' "$out"
rm -rf "$S"
finish
