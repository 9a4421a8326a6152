# shellcheck shell=sh
# SPDX-License-Identifier: MIT
#
# After lib.sh: the privileges of the processes of a run, and their end.
#
#   status_of PID KEY    that line of /proc/PID/status, blanks squeezed; "" when it is gone
#   family PID           it and all its descendants, one line
#   gone PID...          true when none of them runs any more
#   measures PID         true once it, or one of its family, has asked over UDP by number: $measurer
#   filters              true when system call filters work here; else $T/why
# shellcheck disable=SC2154 # lib.sh sets them

status_of() {
	sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status" 2>/dev/null | tr -s '[:blank:]' ' '
}

family() {
	family_next=$1
	family_all=
	while [ -n "$family_next" ]; do
		family_all="$family_all $family_next"
		family_found=
		for family_pid in $family_next; do
			family_found="$family_found $(cat "/proc/$family_pid"/task/*/children 2>/dev/null)"
		done
		# shellcheck disable=SC2116,SC2086 # blanks go
		family_next=$(echo $family_found)
	done
	echo "${family_all# }"
}

# A zombie is gone as well: without an init it is never reaped.
gone() {
	for gone_pid; do
		case $(status_of "$gone_pid" State) in
		'' | Z* | X*) ;;
		*) return 1 ;;
		esac
	done
}

measures() {
	for measurer in $(family "$1"); do
		# An unconnected socket has port 0 on the other side.
		sockets=$(find "/proc/$measurer/fd" -lname 'socket:*' -printf '%l\n' 2>/dev/null |
			tr -dc '0-9\n')
		if [ -n "$sockets" ] && awk '$3 !~ /:0000$/ { print $10 }' \
			"/proc/$measurer/net/udp" 2>/dev/null | grep -qxF "$sockets"; then
			return 0
		fi
	done
	return 1
}

filters() {
	if grep -q __asan_init "$REQTIME"; then
		echo "not with sanitizers" >"$T/why"
		return 1
	fi
	if ! grep -q '^Seccomp:' /proc/self/status; then
		echo "this kernel has no seccomp" >"$T/why"
		return 1
	fi
}
