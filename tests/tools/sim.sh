# shellcheck shell=sh
# SPDX-License-Identifier: MIT
#
# After lib.sh: a simulated machine (sim_clock.h).  Builds $T/clock.so, which a program gets by
# LD_PRELOAD, and $T/world (sim_server.c), its server; both share $CLOCK_FILE.
#
#   sim_serve NAME [PATH_MS JITTER_MS]   a server that runs to the end of the test;
#                                        $sim_server, $sim_port; the port in $T/NAME, too
# shellcheck disable=SC2154 # lib.sh sets them

tool sim_clock.so clock.so
tool sim_server world
if ! unshare -Urpf --mount-proc true 2>"$T/why"; then
	skip_all "cannot make a user namespace: $(cat "$T/why")"
fi
CLOCK_FILE=$T/clock
export CLOCK_FILE

sim_serve() {
	sim_name=$1
	shift
	"$T/world" "$@" >"$T/$sim_name" &
	sim_server=$!
	lib_pids="$lib_pids $sim_server"
	wait_for 10 test -s "$T/$sim_name"
	# shellcheck disable=SC2034 # for the script
	sim_port=$(cat "$T/$sim_name")
}
