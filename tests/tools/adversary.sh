# shellcheck shell=sh
# SPDX-License-Identifier: MIT
#
# After lib.sh, for adversary.c:
#
#   adversary ADDR SCRIPT...     starts it (see the head of its source) and waits until it is
#                                ready; the one before is ended
#   at N                         "ADDR:PORT" of its server N; at 2 5: of the servers 2 to 5
#   asked N                      how many requests server N got
#   source N                     the Nth source in the last --json output in $out
#   true_time NAME [STATUS]      the last --json run found an answer, and its bound contains 0:
#                                client and server read the same clock
# shellcheck disable=SC2154 # lib.sh sets them

tool adversary
adversary_pid=
adversary_log=$T/adversary.out

adversary_stop() {
	if [ -n "$adversary_pid" ]; then
		kill "$adversary_pid" 2>/dev/null
		wait "$adversary_pid" 2>/dev/null
		adversary_pid=
	fi
}
adversary() {
	adversary_stop
	: >"$adversary_log"
	"$T/adversary" "$@" >"$adversary_log" 2>"$T/adversary.err" &
	adversary_pid=$!
	lib_pids="$lib_pids $adversary_pid"
	if ! wait_for 10 grep -q '^ready' "$adversary_log"; then
		not_ok "the adversary gets ready" "$(cat "$T/adversary.err")"
		finish
	fi
}
at() {
	awk -v first="$1" -v last="${2:-$1}" \
		'$1 == "server" && $2 >= first && $2 <= last { print $3 }' "$adversary_log"
}
asked() {
	awk -v n="$1" '$1 == "asked" && $2 == n { count++ } END { print count + 0 }' \
		"$adversary_log"
}
source_of() {
	grep -o '{"name":[^}]*}' "$out" | sed -n "$1p"
}
true_time() {
	true_offset=$(json offset_ns)
	if [ "$status" -eq "${2:-0}" ] && [ "$(json status)" = ok ] &&
		within "$(json bound_ns)" "$true_offset"; then
		ok "$1"
	else
		not_ok "$1" "exit $status: $(head -c 3000 "$out"; cat "$err")"
	fi
}
