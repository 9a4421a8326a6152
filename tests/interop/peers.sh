# shellcheck shell=sh
# SPDX-License-Identifier: MIT
#
# The programs of others, and ours: runs each in its own way and converts each answer to
# nanoseconds.  Needs port 123, so an own_network.
#
#   ask CLIENT ADDRESS >FILE      runs it once: reqtime, chronyd, ntpdig, rdate
#   offset_ns CLIENT FILE         server - local, as that client saw it
#   peer_chronyd ADDRESS          chronyd -x as a server there
#   missing CLIENT                why it cannot be run; nothing when it can

CHRONYD=$R/build/peers/usr/sbin/chronyd

missing() {
	case $1 in
	chronyd) [ -x "$CHRONYD" ] || echo "no chronyd below build/peers (packaging/deps test)" ;;
	reqtime) [ -x "$REQTIME" ] || echo "no $REQTIME" ;;
	*) have "$1" || echo "no $1 (packaging/deps test)" ;;
	esac
}

ask() {
	case $1 in
	reqtime) "$REQTIME" query --json "ntp://$2" ;;
	chronyd) "$CHRONYD" -Q -U -u "$(id -un)" -t 5 -f /dev/null "pidfile $T/ask.pid" \
		"cmdport 0" "server $2 iburst maxsamples 1" ;;
	ntpdig) ntpdig -j "$2" ;;
	rdate) rdate -n -p -v "$2" ;;
	esac 2>&1
}

offset_ns() {
	case $1 in
	reqtime) json offset_ns "$2" ;;
	chronyd) sed -n 's/.*System clock wrong by \(-\{0,1\}[0-9.]*\) seconds.*/\1/p' "$2" ;;
	ntpdig) sed -n 's/.*"offset": *\(-\{0,1\}[0-9.e-]*\).*/\1/p' "$2" ;;
	rdate) sed -n 's/.*adjust local clock by \(-\{0,1\}[0-9.]*\) seconds.*/\1/p' "$2" ;;
	esac | awk -v client="$1" '{ printf "%.0f\n", client == "reqtime" ? $1 : $1 * 1e9 }'
}

peer_chronyd() {
	cat >"$T/chronyd.conf" <<-END
		local stratum 1
		port 123
		allow all
		cmdport 0
		bindaddress $1
		bindcmdaddress /
		pidfile $T/chronyd.pid
	END
	background "$CHRONYD" -x -d -U -u "$(id -un)" -f "$T/chronyd.conf" >"$T/chronyd.log" 2>&1
	# Its port is open a moment after its first lines.
	wait_for 5 test -s "$T/chronyd.pid" && sleep 0.3
}
