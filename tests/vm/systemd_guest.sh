#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A service of the guest that tests/vm/systemd.sh boots.
. "${0%/*}/guest_lib.sh"

units=/etc/systemd/system
if [ "${1:-}" = prepare ]; then
	cd "$2" || exit 1
	cp -a "$REQTIME_T/dest/." .
	echo "SERVERS=10.79.0.1" >etc/default/reqtime
	# systemd itself raises a clock that is behind its own release.
	cat >".$units/in2001.service" <<-'END'
		[Unit]
		DefaultDependencies=no
		Before=reqtime-boot.service sysinit.target
		[Service]
		Type=oneshot
		ExecStart=/bin/date -u -s "2001-01-01 00:00:00"
		[Install]
		WantedBy=sysinit.target
	END
	# Somebody who needs the right time, and somebody who does not wait for it.
	for who in patient hasty; do
		cat >".$units/$who.service" <<-END
			[Unit]
			DefaultDependencies=no
			After=in2001.service sysinit.target
			[Service]
			Type=oneshot
			ExecStart=/bin/sh -c 'date -u +%%Y >/run/$who'
			[Install]
			WantedBy=multi-user.target
		END
	done
	sed -i 's/^After=.*/& time-sync.target/' ".$units/patient.service"
	sed -i 's/^After=.*/&\nBefore=reqtime-boot.service/' ".$units/hasty.service"
	systemctl --root=. -q enable in2001 patient hasty reqtime-boot reqtime.timer reqtimed
	exit
fi

cp "$REQTIME_T/kernel_look" $W/
property() { # property UNIT NAME
	systemctl show "$1" -p "$2" --value
}
# until_is SECONDS UNIT NAME VALUE
until_is() {
	tries=$(($1 * 10))
	while [ "$tries" -gt 0 ] && [ "$(property "$2" "$3")" != "$4" ]; do
		sleep 0.1
		tries=$((tries - 1))
	done
	[ "$tries" -gt 0 ]
}

# At boot.
until_is 60 time-sync.target ActiveState active
result "boot: time-sync.target is reached" $? "$(systemctl list-jobs)"
until_is 20 patient.service ActiveState inactive
run systemctl status reqtime-boot.service
[ "$(property reqtime-boot.service Result)" = success ] &&
	[ "$(property reqtime-boot.service ActiveState)" = active ]
result "boot: reqtime-boot.service did its work" $?
[ "$(cat /run/hasty)" = 2001 ]
result "boot: the machine woke up in 2001" $? "$(cat /run/hasty)"
[ "$(cat /run/patient)" -ge 2026 ]
result "boot: who waits for time-sync.target starts in the right year" $? "$(cat /run/patient)"
[ "$(kernel unsync)" = 0 ]
result "boot: the kernel's clock is synchronised" $? "$($W/kernel_look)"
run timedatectl show -p NTPSynchronized --value
[ "$(cat $W/out)" = yes ]
result "boot: timedatectl says synchronised" $?
[ "$(stat -c %U /var/lib/private/reqtime/history.db)" != root ] &&
	[ -s /var/lib/private/reqtime/history.db ]
result "boot: StateDirectory holds history.db, not root's" $? "$(ls -la /var/lib/private/reqtime)"

guest_end
