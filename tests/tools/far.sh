# shellcheck shell=sh
# SPDX-License-Identifier: MIT
#
# After lib.sh, in an own_network: another network at the far end of a path (tests/bench/path.c).
#
#   far_open DELAY_US JITTER_US ADDRESS...   both the same each way; the addresses are there, beside
#                            10.78.0.2; false, with the reason in $T/why, where there is no TUN device
#   $far_prefix COMMAND...   runs it there
#   far_close
# shellcheck disable=SC2154 # lib.sh sets them

tool path

far_open() {
	background unshare -n sleep 600
	far_pid=$background_pid
	wait_for 5 sh -c \
		"[ \"\$(readlink /proc/$far_pid/ns/net)\" != \"\$(readlink /proc/self/ns/net)\" ]"
	background "$T/path" "$far_pid" "$1" "$2" 0 >"$T/path.out" 2>"$T/why"
	far_path=$background_pid
	wait_for 5 grep -q ready "$T/path.out" || return 1
	far_prefix="nsenter -t $far_pid -n"
	$far_prefix ip link set lo up
	shift 2
	for far_address; do
		$far_prefix ip addr add "$far_address/32" dev lo
		ip route add "$far_address" via 10.78.0.2 dev path0 src 10.78.0.1
	done
}

far_close() {
	kill "$far_path" "$far_pid"
	wait "$far_path" "$far_pid" 2>/dev/null
	ip link del path0 2>/dev/null
}
