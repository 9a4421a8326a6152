# shellcheck shell=sh
# SPDX-License-Identifier: MIT
#
# For scripts that run inside a guest (see lib.sh), sourced first.  Every line for the host
# starts with "GUEST ".  Not for use anywhere else: these scripts set the clock of the machine.
#
#   run COMMAND...               -> $status, the files $W/out and $W/err
#   result NAME STATUS [WHY]     one test: ok when STATUS is 0; else shows the last run
#   skip NAME REASON
#   say TEXT                     a figure, shown as a comment
#   between LOW HIGH VALUE       integers; false where there is no value
#   kernel NAME                  a value of the clock, read by kernel_look, another program
#   truth_us                     microseconds the clock is behind that of 10.79.0.1, port 123,
#                                measured by chrony alone
#   below_us LIMIT VALUE         |VALUE| <= LIMIT
#   guest_end                    the last line of the script
#
# $W is a writable folder.  Plain sh: one of the guests has busybox only.

if [ $$ -eq 1 ]; then
	mount -t proc proc /proc
fi
if ! grep -q 'reqtime_guest=' /proc/cmdline; then
	echo "$0: only in a guest of the tests" >&2
	exit 1
fi
export LC_ALL=C HOME=/run/w PAGER=cat SYSTEMD_PAGER=cat SYSTEMD_COLORS=0
W=/run/w
# A service does not inherit the variables of the kernel's command line.
# shellcheck disable=SC2013 # words
for word in $(cat /proc/cmdline); do
	case $word in
	REQTIME_*=*) export "${word?}" ;;
	esac
done
if grep -q 'reqtime_guest=uml' /proc/cmdline; then
	export PATH=/usr/sbin:/usr/bin:/sbin:/bin
fi
if [ $$ -eq 1 ]; then
	mount -t tmpfs tmpfs /run
	ip link set lo up
	if [ -e /sys/class/net/vec0 ] || ip link show vec0 >/dev/null 2>&1; then
		ip addr add 10.79.0.2/24 dev vec0
		ip link set vec0 up
	fi
	echo "GUEST up"
fi
mkdir -p $W
count=0
status=0

run() {
	status=0
	"$@" >$W/out 2>$W/err </dev/null || status=$?
}

result() {
	count=$((count + 1))
	if [ "$2" -eq 0 ]; then
		echo "GUEST ok $count - $1"
	else
		echo "GUEST not ok $count - $1"
		printf '%s\n' "${3:-}" "status $status" "$(cat $W/out $W/err 2>/dev/null)" |
			head -n 60 | sed 's/^/GUEST # /'
	fi
}

skip() {
	count=$((count + 1))
	echo "GUEST ok $count - $1 # SKIP $2"
}

say() {
	echo "GUEST # $*"
}

between() {
	[ -n "$3" ] && [ "$3" -ge "$1" ] && [ "$3" -le "$2" ]
}

kernel() {
	$W/kernel_look | sed -n "s/^$1=//p"
}

chronyd=${REQTIME_R:-}/build/peers/usr/sbin/chronyd
truth_us() {
	"$chronyd" -4 -Q -u root -t 10 -f /dev/null "pidfile /run/c.pid" "cmdport 0" \
		"server 10.79.0.1 iburst maxsamples 1" 2>&1 |
		sed -n 's/.*System clock wrong by \([-0-9.]*\) seconds.*/\1/p' |
		awk '{ printf "%.0f\n", $1 * 1e6 }'
}

below_us() {
	[ -n "$2" ] && [ "${2#-}" -le "$1" ]
}

guest_end() {
	echo "GUEST 1..$count"
	echo "GUEST end"
	busybox poweroff -f
	sleep 60
}
