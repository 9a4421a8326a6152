#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A service of the guest that tests/vm/authenticated.sh boots.
. "${0%/*}/guest_lib.sh"

if [ "${1:-}" = prepare ]; then
	cd "$2" || exit 1
	rm -rf etc/reqtime
	cp -a "$REQTIME_T/dest/." .
	cp "$REQTIME_T/certificates/ca.crt" etc/reqtime/lab.crt
	printf 'nts-ca = /etc/reqtime/lab.crt\n' >etc/reqtime/conf.d/10-lab.conf
	mkdir -p etc/systemd/system/reqtime-authenticated.service.d
	# A failure is to be seen sooner; the rest of the line is the unit's own.
	sed -n 's/^ExecStart=\(.*\)--wait 3m/[Service]\nExecStart=\nExecStart=\1--wait 2s/p' \
		usr/lib/systemd/system/reqtime-authenticated.service >etc/systemd/system/reqtime-authenticated.service.d/wait.conf
	cat >etc/systemd/system/strict.service <<-'EOF'
		[Unit]
		Requires=reqtime-authenticated.target
		After=reqtime-authenticated.target
		[Service]
		Type=oneshot
		ExecStart=/bin/sh -c 'date -u +%%Y >/run/strict'
	EOF
	exit
fi

# starts NAME SERVERS
starts() {
	systemctl stop reqtime-authenticated.target reqtime-authenticated.service strict.service
	systemctl reset-failed
	busybox date -s '2001-01-01 00:00:00' >/dev/null
	rm -f /run/strict
	echo "SERVERS=$1" >/etc/default/reqtime
	run systemctl start strict.service
}
failed() { # NAME REASON
	[ $status -ne 0 ] && [ ! -e /run/strict ] && [ "$(date +%Y)" = 2001 ]
	result "$1: the service does not start, the clock is as it was" $? "$(date)"
	[ "$(systemctl is-failed reqtime-authenticated.service)" = failed ]
	result "... the unit failed" $?
	run journalctl -q -b -u reqtime-authenticated.service -n 20 -o cat
	grep -q -e "$2" $W/out
	result "... with its reason" $?
}
starts nts://10.79.0.1:4461
failed "no authenticated server" 'nts://10.79.0.1:4461 (key exchange: connection refused)'
starts 10.79.0.1
failed "a server without authentication" 'no server nts:// is named: no authenticated time'
starts "nts://10.79.0.1:4461 10.79.0.1"
failed "... beside an authenticated one that is silent" 'no trusted time'
starts nts://10.79.0.1
[ $status -eq 0 ] && [ "$(cat /run/strict)" = "$(date +%Y)" ] && [ "$(date +%Y)" -gt 2020 ]
result "an authenticated server: the service starts with the right time" $? "$(date; journalctl -q -b -u reqtime-authenticated -n 20 -o cat)"
[ "$(systemctl is-active reqtime-authenticated.target)" = active ]
result "... the target is active" $?
guest_end
