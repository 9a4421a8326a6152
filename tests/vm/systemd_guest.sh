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
	# Runs in a service's confinement and reports what it can do there.
	cat >usr/local/bin/probe <<-'END'
		#!/bin/sh
		exec >"$STATE_DIRECTORY/probe" 2>&1
		for place in /etc /usr /var /run /home /root /sys /proc/sys/kernel; do
			(: >"$place/written") 2>/dev/null && echo "can write below $place"
		done
		ls /home/* 2>/dev/null && echo "can read /home"
		[ -e /dev/kmsg ] && echo "can see devices"
		unshare -n true 2>/dev/null && echo "can have namespaces"
		chmod u+s "$STATE_DIRECTORY/probe" 2>/dev/null && echo "can leave a setuid file"
		chown 12345 "$STATE_DIRECTORY/probe" 2>/dev/null && echo "can chown"
		echo "probed by $(id -u)"
	END
	chmod 755 usr/local/bin/probe
	# systemd itself advances a clock that is behind its own release.
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
	# A service that needs the right time, and one that does not wait for it.
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
# within_s SECONDS COMMAND...: false unless the command succeeds by then
within_s() {
	ends=$(($(cut -d. -f1 /proc/uptime) + $1))
	shift
	while ! "$@"; do
		[ "$(cut -d. -f1 /proc/uptime)" -lt "$ends" ] || return 1
		sleep 0.1
	done
}
is() { # is UNIT NAME VALUE
	[ "$(property "$1" "$2")" = "$3" ]
}
is_not() {
	[ "$(property "$1" "$2")" != "$3" ]
}
reload() { # reload UNIT, whose drop-in is on stdin
	mkdir -p "$units/$1.d"
	cat >"$units/$1.d/test.conf"
	systemctl daemon-reload
}

# At boot.
within_s 60 is time-sync.target ActiveState active
result "boot: time-sync.target is reached" $? "$(systemctl list-jobs)"
within_s 20 test -s /run/patient
run systemctl status reqtime-boot.service
is reqtime-boot.service Result success && is reqtime-boot.service ActiveState active
result "boot: reqtime-boot.service did its work" $?
[ "$(cat /run/hasty)" = 2001 ]
result "boot: the machine booted in 2001" $? "$(cat /run/hasty)"
[ "$(cat /run/patient)" -ge 2026 ]
result "boot: a service that waits for time-sync.target starts in the right year" $? "$(cat /run/patient)"
[ "$(kernel unsync)" = 0 ]
result "boot: the kernel's clock is synchronised" $? "$($W/kernel_look)"
run timedatectl show -p NTPSynchronized --value
[ "$(cat $W/out)" = yes ]
result "boot: timedatectl says synchronised" $?
[ "$(stat -c %U /var/lib/private/reqtime/history.db)" != root ] &&
	[ -s /var/lib/private/reqtime/history.db ]
result "boot: StateDirectory holds history.db, not root's" $? "$(ls -la /var/lib/private/reqtime)"

# The timer, first unchanged, then sped up.
next_run() {
	date -u -d "$(property reqtime.timer NextElapseUSecRealtime)" +%s
}
first=$(next_run)
between 0 6700 $((first - $(date +%s)))
result "timer: the next run is within the hour and its delay" $? "$first"
systemctl restart reqtime.timer
[ "$(next_run)" = "$first" ]
result "timer: the host keeps its minute" $? "$first $(next_run)"
is reqtime-confirm.timer ActiveState active &&
	systemctl list-timers --no-legend reqtime-confirm.timer | grep -q reqtime.service
result "timer: six minutes later a run confirms what the boot unit did" $? \
	"$(systemctl list-timers --all; systemctl status reqtime-confirm.timer)"
# The screen, as root and as an ordinary user.  Not its first row: user-mode Linux lets other processes
# write to pages with MADV_DONTFORK, such as the bound file.
program=$(sed -n 's/^ExecStart=\([^ ]*\) .*/\1/p' /usr/lib/systemd/system/reqtime.service \
	/usr/local/lib/systemd/system/reqtime.service 2>/dev/null)
run "$program" status
grep -q '^Last run .*: stepped the clock by +' $W/out
result "status: the run of the boot unit" $? "$(cat $W/out)"
grep -Eq '^Next run +in [3-6] min, .* \(reqtime-confirm\.timer\)$' $W/out
result "status: the next run" $? "$(cat $W/out; systemctl list-timers --all)"
run setpriv --reuid 65534 --regid 65534 --clear-groups "$program" status
grep -q '^Last run .* is not readable for this user' $W/out && grep -q '^Next run .*(reqtime-confirm\.timer)$' $W/out
result "status: for an ordinary user" $? "$(cat $W/out)"
$W/kernel_look step -3000
reload reqtime.timer <<-'END'
	[Timer]
	OnCalendar=
	OnCalendar=*:*:0/2
	RandomizedDelaySec=0
END
systemctl restart reqtime.timer
within_s 20 is_not reqtime.service ExecMainExitTimestampMonotonic 0
systemctl stop reqtime.timer
is reqtime-confirm.timer ActiveState inactive
result "timer: the confirming timer stops with it" $? "$(systemctl status reqtime-confirm.timer)"
within_s 20 is reqtime.service ActiveState inactive
run journalctl -u reqtime.service -o cat
is reqtime.service ExecMainStatus 0 && grep -q '^stepped the clock by +\(2\.9\|3\)' $W/out
result "timer: reqtime.service is started and steps the clock by 3 s" $?
below_us 20000 "$(truth_us)"
result "timer: the clock is right" $? "$(truth_us) us"

# Enabled on a running machine: the first run is immediate, not after the hour and its delay.
reload reqtime.timer </dev/null
systemctl stop reqtime.timer reqtime-boot.service
systemctl disable -q reqtime.timer
$W/kernel_look step -7200000
# Stands for the distribution's own chrony.
cat >$units/chrony.service <<-'END'
	[Service]
	ExecStart=/bin/sleep 1000
	[Install]
	WantedBy=multi-user.target
END
systemctl daemon-reload
systemctl enable -q --now chrony.service
run systemctl enable --now reqtime.timer
is_right() {
	below_us 20000 "$(truth_us)"
}
[ $status -eq 0 ] && within_s 60 is_right
result "timer: enable --now sets the clock within a minute" $? "$(systemctl status reqtime-boot)"
is chrony.service ActiveState inactive
result "timer: enable --now stops the other time daemon" $? "$(systemctl status chrony)"
run journalctl -u reqtime-boot.service -o cat
[ "$(grep -c 'is stopped but still enabled' $W/out)" -eq 1 ] &&
	grep -q '^chrony.service is stopped but still enabled; to keep it off: systemctl disable chrony.service' $W/out
result "timer: enable --now reports it, and the command that keeps it so" $?
systemctl stop reqtime.timer
systemctl disable -q chrony.service
rm $units/chrony.service
systemctl daemon-reload

# The limits of the service: reported by a probe in the same confinement, and by the kernel
# while the service waits for a silent server.
reload reqtime.service <<-'END'
	[Service]
	ExecStartPre=/usr/local/bin/probe
END
echo "SERVERS=ntp://10.79.0.1:9191" >/etc/default/reqtime
systemctl start --no-block reqtime.service
measuring() {
	grep -l '^Name:.reqtime$' /proc/[0-9]*/status >$W/states 2>/dev/null
	[ "$(wc -l <$W/states)" -ge 2 ]
}
within_s 20 measuring
sleep 0.5
while read -r state; do
	awk '{ value[$1] = $2 }
	END {
		is_confined = value["Uid:"] > 1000 && value["CapBnd:"] == "0000000002000000" &&
			value["CapEff:"] ~ /^0*$/ && value["NoNewPrivs:"] == 1 && value["Seccomp:"] == 2
		print (is_confined ? "confined" : "free"), value["Uid:"], value["CapBnd:"], value["CapEff:"]
	}' "$state"
done <$W/states >$W/processes
[ "$(grep -c ^confined $W/processes)" -ge 2 ] && ! grep -q ^free $W/processes
result "service: a user of its own, one capability, effective nowhere" $? "$(cat $W/processes)"
within_s 20 is reqtime.service ActiveState failed && is reqtime.service ExecMainStatus 1
result "no answer: a failed unit, exit status 1" $? "$(systemctl status reqtime.service)"
probe=/var/lib/private/reqtime/probe
grep -q '^probed by' $probe && ! grep -q '^can' $probe
result "service: it can change only the clock and its state" $? "$(cat $probe)"
echo "SERVERS=10.79.0.1" >/etc/default/reqtime
reload reqtime.service </dev/null

# While another run holds the lock.
exec 9>>/var/lib/private/reqtime/lock
flock 9
run systemctl start reqtime.service
is reqtime.service Result exit-code && is reqtime.service ExecMainStatus 5
result "busy: a failed unit, exit status 5" $? "$(systemctl status reqtime.service)"
program=$(sed -n 's/^ExecStart=\([^ ]*\) .*/\1/p' /usr/lib/systemd/system/reqtime.service \
	/usr/local/lib/systemd/system/reqtime.service 2>/dev/null)
sleep 2
reload reqtime.service <<-END
	[Service]
	ExecStart=
	ExecStart=$program set --quiet --overdue 2s 10.79.0.1
END
run systemctl start reqtime.service
is reqtime.service Result exit-code && is reqtime.service ExecMainStatus 3 &&
	journalctl -q -u reqtime.service -o cat | grep -q 'has not been set for .*; --overdue is 2 s'
result "busy, and the clock not set for longer than --overdue: a failed unit" $? \
	"$(systemctl status reqtime.service; journalctl -q -u reqtime.service -n 5)"
exec 9>&-
reload reqtime.service </dev/null
run systemctl start reqtime.service
[ $status -eq 0 ] && is reqtime.service ExecMainStatus 0
result "... and active again after a run that sets it" $? "$(systemctl status reqtime.service)"

# Another program has moved the clock: the servers agree with their last answers.
$W/kernel_look step -7200000
run systemctl start reqtime.service
[ $status -eq 0 ] && below_us 20000 "$(truth_us)"
result "two hours off by others: right with the next run" $? "$(truth_us) us"

# Refused: there is no history, and the operator has set the limit.
rm -f /var/lib/private/reqtime/anchor
$W/kernel_look step -7200000
reload reqtime.service <<-END
	[Service]
	ExecStart=
	ExecStart=$program set --quiet --refuse-above 1000s --confirm 6m 10.79.0.1
END
systemctl start reqtime.service 2>/dev/null
run systemctl is-failed reqtime.service
[ $status -eq 0 ] && is reqtime.service ExecMainStatus 3
result "refused: a failed unit, exit status 3" $? "$(systemctl status reqtime.service)"
reload reqtime.service </dev/null
run systemctl restart reqtime-boot.service
below_us 20000 "$(truth_us)"
result "refused: at boot two hours are no obstacle" $? "$(truth_us) us"

# exposure UNIT TENTHS: systemd's score of what is not forbidden, 0 to 10
exposure() {
	systemd-analyze security --no-pager --threshold="$2" "$1" >$W/exposure
	result "exposure of $1 is at most $2 tenths" $? "$(cat $W/exposure)"
	say "$(tail -n 1 $W/exposure)"
}
exposure reqtime.service 20
exposure reqtime-boot.service 20
exposure reqtimed.service 20

# The server: ready, alive, and confined.
is reqtimed.service ActiveState active && is reqtimed.service Type notify
result "reqtimed: it has reported ready" $? "$(systemctl status reqtimed)"
awk '{ value[$1] = $2 } END { exit !(value["Uid:"] > 1000 && value["CapPrm:"] ~ /^0*$/ &&
	value["NoNewPrivs:"] == 1 && value["Seccomp:"] == 2) }' \
	"/proc/$(property reqtimed.service MainPID)/status"
result "reqtimed: a user of its own, no capability" $?
# After a step it is silent for 10 s.
served() {
	run reqtime query 127.0.0.1
	[ $status -eq 0 ]
}
within_s 20 served
result "reqtimed: the clock set by reqtime is served" $? "$(property reqtimed.service StatusText)"
reload reqtimed.service <<-'END'
	[Service]
	WatchdogSec=2
	RestartSec=100ms
END
systemctl restart reqtimed.service
sleep 5
is reqtimed.service ActiveState active && is reqtimed.service NRestarts 0
result "reqtimed: it feeds the watchdog" $? "$(systemctl status reqtimed)"
kill -STOP "$(property reqtimed.service MainPID)"
within_s 20 is reqtimed.service NRestarts 1 && within_s 20 is reqtimed.service ActiveState active
result "reqtimed: a hanging server is ended and restarted" $? "$(systemctl status reqtimed)"

# Another client, and our server on the host.
systemctl start reqtime.timer
rm $units/systemd-timesyncd.service
printf '[Time]\nNTP=10.79.0.1\n' >/etc/systemd/timesyncd.conf
$W/kernel_look step -5000
systemctl daemon-reload
systemctl start systemd-timesyncd.service
contacted() {
	journalctl -u systemd-timesyncd.service -o cat | grep -q 'Initial clock synchronization'
}
within_s 20 contacted && below_us 50000 "$(truth_us)"
result "systemd-timesyncd takes the time from reqtimed" $? \
	"$(truth_us) us $(journalctl -u systemd-timesyncd.service -o cat)"
is reqtime.timer ActiveState inactive
result "systemd-timesyncd and reqtime.timer exclude each other" $?

guest_end
