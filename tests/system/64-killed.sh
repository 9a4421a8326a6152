#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Row 75: `set` killed at each of its system calls, one by one, whichever of its processes makes it:
# the history stays sound, the clock is set at most once, the next run is right.  On a
# simulated machine (sim_clock.h); in a guest with a real kernel tests/vm/set.sh kills a sample.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/sim.sh
. "$(dirname "$0")/sim.sh"
if ! cc -O2 -Wall -Wextra -Werror -D_GNU_SOURCE -o "$T/kill_each" \
	"$R/tests/system/kill_each.c" -lsqlite3 -lm 2>"$T/cc.log"; then
	skip_all "cannot build: $(head -n 1 "$T/cc.log")"
fi
sim_serve port
# In memory where that is to be had: a disk is slow, and does not die here.
S=$(mktemp -d /dev/shm/reqtime-test.XXXXXX 2>/dev/null) || S=$T/state
mkdir -p "$S" && chmod 755 "$S"
# Of its own processes alone: how many others there are is how many calls a look at them takes.
# shellcheck disable=SC2317 # called by run
kill_each() {
	unshare -Urpf --mount-proc "$T/kill_each" "$T/clock" "$T/clock.so" "$1" "$REQTIME" set \
		--force --any-offset --quiet --state-dir "$S" "127.0.0.1:$sim_port"
}
run kill_each "$S/history.db"
check "row 75 killed at each system call: $(tail -n 1 "$out")" test "$status" -eq 0
# shellcheck disable=SC2016 # of awk
check "row 75 killed before the deed as well as after" awk '
	/killed at each/ && $1 > 300 && $6 > 50 && $6 < $1 - 50 { good = 1 } END { exit !good }' "$out"
rm -rf "$S"
echo 'no history' >"$T/damaged"
chmod 644 "$T/damaged"
mkdir -p "$S" && chmod 755 "$S"
run kill_each "$T/damaged"
check "the test would see a damaged history" grep -q 'the history is damaged' "$out"
rm -rf "$S"
finish
