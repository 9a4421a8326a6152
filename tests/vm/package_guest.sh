#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A service of the guest that tests/vm/package.sh boots.
. "${0%/*}/guest_lib.sh"

if [ "${1:-}" = prepare ]; then
	cd "$2" || exit 1
	# Installed files of this machine stay out.
	rm -rf etc/reqtime etc/apparmor.d/reqtime etc/apparmor.d/usr.sbin.reqtimed \
		etc/apparmor.d/local/reqtime usr/sbin/policy-rc.d
	# No manual page is read here, nor an index made.
	rm -f var/lib/man-db/auto-update
	mkdir -p var/lib/prometheus/node-exporter # as prometheus-node-exporter has it
	exit
fi

export DEBIAN_FRONTEND=noninteractive
cp "$REQTIME_T/kernel_look" $W/
property() { # property UNIT NAME
	systemctl show "$1" -p "$2" --value
}
until_ok() { # until_ok SECONDS COMMAND...
	tries=$(($1 * 5))
	shift
	while [ "$tries" -gt 0 ] && ! "$@" >$W/until 2>&1; do
		sleep 0.2
		tries=$((tries - 1))
	done
	[ "$tries" -gt 0 ]
}
# The denials of AppArmor for a profile up to now.
denied() {
	journalctl -q -o cat _TRANSPORT=audit + _TRANSPORT=kernel |
		grep "apparmor=\"DENIED\".*profile=\"$1\""
}
# Microseconds the clock is behind the host's; nothing without an answer.
offset_us() {
	ns=$(reqtime --json --state-dir $W/none 10.79.0.1 |
		sed -n 's/.*"status": *"ok", *"offset_ns": *\(-\{0,1\}[0-9]*\),.*/\1/p')
	[ -z "$ns" ] || echo $((ns / 1000))
}
confined() { # confined PROFILE COMMAND...
	run aa-exec -p "$@"
}

# Another installation on this machine does not count.
named_ours() {
	find /etc /usr /var /opt /srv -xdev -iname '*reqtime*' ! -type c 2>/dev/null
}
named_ours >$W/before
run sh -c "dpkg --force-unsafe-io -i '$REQTIME_R'/build/deb/reqtime_*.deb \
	'$REQTIME_R'/build/deb/reqtimed_*.deb"
result "the packages are installed" "$status"
run systemctl status reqtimed.service
[ "$(property reqtimed.service ActiveState)" = active ]
result "the server runs" $?
server=$(property reqtimed.service MainPID)
[ "$(cat "/proc/$server/attr/current")" = 'reqtimed (enforce)' ]
result "... confined by AppArmor" $? "$(cat "/proc/$server/attr/current")"
run systemctl status reqtime.timer
[ "$(property reqtime.timer ActiveState)" = inactive ] &&
	[ "$(property reqtime.timer UnitFileState)" = disabled ]
result "the timer is not enabled by default" $?

# The administrator's part; the hour is shortened.
sed -i 's/^server *=.*//' /etc/reqtime/reqtime.conf
echo 'server = 10.79.0.1' >$W/conf
cat /etc/reqtime/reqtime.conf >>$W/conf
cat $W/conf >/etc/reqtime/reqtime.conf
node=/var/lib/prometheus/node-exporter
mkdir -p /etc/systemd/system/reqtime.timer.d
printf '[Timer]\nOnCalendar=\nOnCalendar=*:*:0/5\nRandomizedDelaySec=0\n' \
	>/etc/systemd/system/reqtime.timer.d/often.conf
systemctl daemon-reload
$W/kernel_look step -40000
began=$(cut -d. -f1 /proc/uptime)
run systemctl enable --now reqtime.timer
result "systemctl enable --now reqtime.timer" "$status"
is_synchronised() {
	[ "$(kernel unsync)" = 0 ]
}
until_ok 30 is_synchronised
took=$(($(cut -d. -f1 /proc/uptime) - began))
[ "$(kernel unsync)" = 0 ] && [ $took -lt 60 ]
result "the timer fires, and the clock is set within a minute" $? "$took s; $(journalctl -q -u reqtime.service)"
journalctl -q -o cat -u reqtime-boot.service _COMM=reqtime >$W/lines
[ "$(wc -l <$W/lines)" -eq 1 ] &&
	grep -q '^stepped the clock by +\(39\|40\)[^;]* (verified); reason: [^;]*; offset +\(39\|40\)[^;]* s +/- [^;]*, 1 of 1 server agrees: 10\.79\.0\.1$' $W/lines
result "... with one line in the journal: action, offset, bound, servers" $? "$(cat $W/lines)"
left=$(offset_us)
between -50000 50000 "$left"
result "... to the right time" $? "$left us"
has_runs() { # has_runs N: that many by the timer, with an answer
	[ "$(reqtime history --verb set --json | grep -c '"status": *"ok"')" -ge "$1" ]
}
until_ok 40 has_runs 3
result "the history fills, and anybody may read it" $? "$(reqtime history 2>&1)"
run setpriv --reuid=65534 --regid=65534 --clear-groups reqtime history
[ $status -eq 0 ] && grep -q step $W/out
result "... the step is in it" $?
run setpriv --reuid=65534 --regid=65534 --clear-groups reqtime now
[ $status -eq 0 ] && [ "$(stat -c '%U %a' /run/reqtime /run/reqtime/bound | tr '\n' ' ')" = "_reqtime 755 _reqtime 644 " ]
result "... and between which times the true time lies" $? "$(ls -ld /run/reqtime /run/reqtime/*)"
# Each run has one line; on a busy machine the history process may be late, which is another line.
invocations=$(journalctl -q -o export -u reqtime.service _COMM=reqtime |
	awk 'BEGIN { RS = ""; FS = "\n" }
		!/the history did not answer in time/ {
			for (i = 1; i <= NF; i++) { if (sub(/^_SYSTEMD_INVOCATION_ID=/, "", $i)) { lines[$i]++ } }
		}
		END { for (run in lines) { runs++; bad += lines[run] != 1 }
			print runs + 0 ":" bad + 0 }')
case $invocations in
0:* | *:[1-9]*) false ;;
esac
result "each run of the timer has one line in the journal" $? "$invocations $(journalctl -q -u reqtime.service | tail -n 20)"
# As prometheus-node-exporter reads them: as another user, from a folder of root's.
as_prometheus() {
	run setpriv --reuid=65534 --regid=65534 --clear-groups cat "$1"
}
as_prometheus $node/reqtime-set.prom
grep -q '^reqtime_success{.*} 1$' $W/out && grep -q '^reqtime_remaining_offset_seconds' $W/out
result "metrics of reqtime are collected" $? "$(ls -la $node /var/lib/reqtime; journalctl -q -u reqtime.service | tail -n 5)"
as_prometheus $node/reqtimed.prom
grep -q '^reqtimed_clock_stratum' $W/out
result "metrics of reqtimed are collected" $? "$(ls -la $node /run/reqtimed; systemctl status reqtimed)"
[ "$(stat -c '%U %a' $node)" = "root 755" ]
result "... in a folder that is still root's alone" $?
run reqtime check -w 100ms -c 1s
[ $status -eq 0 ] && grep -q 'REQTIME OK' $W/out
result "check: OK" $?
echo 'server = 10.79.0.1:9' >$W/wrong.conf
run reqtime check -w 100ms -c 1s --timeout 2s --config $W/wrong.conf
[ $status -eq 3 ] && grep -q 'REQTIME UNKNOWN' $W/out
result "check, no answer: UNKNOWN" $?
printf 'server = 10.79.0.1:%s\n' "$REQTIME_LIAR" >$W/wrong.conf
run reqtime check -w 100ms -c 1s --config $W/wrong.conf
[ $status -eq 2 ] && grep -q 'REQTIME CRITICAL' $W/out
result "check, a server that lies by an hour: CRITICAL" $?
printf 'server = 10.79.0.1:%s\nserver = 10.79.0.1\n' "$REQTIME_LIAR" >$W/wrong.conf
run reqtime check -w 100ms -c 1s --config $W/wrong.conf
[ $status -eq 3 ] && grep -q 'REQTIME UNKNOWN' $W/out
result "check, one false server of two: UNKNOWN" $?
run systemctl stop reqtime.timer
is_idle() {
	[ "$(property reqtime.service ActiveState)" != activating ]
}
until_ok 10 is_idle
run stat -c '%U %a' /var/lib/reqtime /var/lib/reqtime/history.db
[ "$(cat $W/out)" = "_reqtime 755
_reqtime 644" ]
result "the learned state belongs to the timer's user, readable by all" $?
# By hand, as root: the same history, the same lock.
runs=$(reqtime history --verb set --json | grep -c '"status": *"ok"')
run reqtime set 10.79.0.1
[ $status -eq 0 ] && ! grep -q warning $W/err
result "set by root, by hand: done, without a warning" $? "$(cat $W/err)"
[ "$(reqtime history --verb set --json | grep -c '"status": *"ok"')" = $((runs + 1)) ]
result "... recorded with the timer's runs" $? "$(reqtime history)"
run stat -c '%U %a' /var/lib/reqtime/history.db /var/lib/reqtime/lock
[ "$(cat $W/out)" = "_reqtime 644
_reqtime 600" ]
result "... in files that are still the timer's user's" $?
setpriv --reuid=_reqtime --regid=_reqtime --clear-groups flock /var/lib/reqtime/lock sleep 30 &
holder=$!
sleep 1
run reqtime set 10.79.0.1
[ $status -eq 5 ] && grep -q 'another run holds the lock' $W/err
result "... and waits its turn" $?
kill $holder
kill "$(pgrep -f '^sleep 30$')"
run systemctl start reqtime.service
[ "$(reqtime history --verb set --json | grep -c '"status": *"ok"')" = $((runs + 2)) ]
result "then the timer's service: one history" $? "$(journalctl -q -u reqtime.service | tail -n 5)"
until_ok 10 sh -c 'reqtime --state-dir /run/none 127.0.0.1 | grep -q selected'
result "the server has a time to serve" $? "$(cat $W/until; journalctl -q -u reqtimed)"
run denied 'reqtimed\{0,1\}'
[ ! -s $W/out ]
result "AppArmor denied nothing" $?

# Another time daemon is seen through the profile, too.
cp /bin/sleep $W/ntpd
$W/ntpd 100 &
daemon=$!
run systemctl start reqtime.service
journalctl -q -u reqtime.service | grep -q 'ntpd is running'
result "confined: another time daemon is seen" $? "$(journalctl -q -u reqtime.service | tail -n 5)"
kill $daemon

# The limits set by the profile.
echo 10.79.0.1 >/root/servers
run reqtime query --servers-file /root/servers
[ $status -eq 0 ]
result "by hand it reads what its user may read" $?
confined reqtime /usr/bin/reqtime query --servers-file /root/servers
[ $status -ne 0 ] && grep -q 'Permission denied' $W/err
result "confined it does not" $?
confined reqtime /usr/bin/reqtime set --state-dir /srv/state 10.79.0.1
[ ! -e /srv/state ]
result "confined it writes nowhere else" $? "$(ls -la /srv)"
confined reqtime /bin/cat /etc/shadow
[ $status -ne 0 ] && [ ! -s $W/out ]
result "confined it starts no other program" $?
echo 'deny capability sys_time,' >/etc/apparmor.d/local/reqtime
apparmor_parser -r /etc/apparmor.d/reqtime
run systemctl start reqtime.service
[ $status -ne 0 ] && [ "$(property reqtime.service ExecMainStatus)" = 4 ]
result "without that line of the profile the clock is not set" $? \
	"$(journalctl -q -u reqtime.service | tail -n 5)"
: >/etc/apparmor.d/local/reqtime
apparmor_parser -r /etc/apparmor.d/reqtime
echo 'rate = 5' >/root/reqtimed.conf
confined reqtimed /usr/sbin/reqtimed --check-config --config /root/reqtimed.conf
[ $status -ne 0 ] && grep -q 'Permission denied' $W/err
result "nor does the server read what is not its own" $?

# Wrong options are reported once, with the way out, and the server is not restarted.
wrong_options() { # wrong_options NAME OPTIONS PATTERN
	echo "OPTIONS=\"$2\"" >/run/reqtimed.options
	mkdir -p /run/systemd/system/reqtimed.service.d
	printf '[Service]\nEnvironmentFile=/run/reqtimed.options\nRestartSec=100ms\n' \
		>/run/systemd/system/reqtimed.service.d/wrong.conf
	systemctl daemon-reload
	since=$(date '+%F %T')
	systemctl restart reqtimed.service 2>/dev/null
	# A request starts it again through the socket: that attempt fails as well, and is the last.
	/usr/bin/reqtime query --state-dir /dev/null -t 200ms 127.0.0.1 >/dev/null 2>&1
	for _ in $(seq 15); do
		sleep 2
		[ "$(property reqtimed.service ActiveState)" != activating ] && break
	done
	[ "$(property reqtimed.service ExecMainStatus)" = 2 ] &&
		[ "$(property reqtimed.service NRestarts)" = 0 ] &&
		journalctl -q -o cat -u reqtimed.service | grep -q "$3"
	result "$1" $? "$(journalctl -q -u reqtimed.service --since "$since" | tail -n 20)"
}
wrong_options "--listen with the sockets of systemd: the unit is named, no restart" "--listen 10.79.0.2:124" \
	'Address family not supported.*; systemd passes the sockets of reqtimed.socket: change ListenDatagram= there'
wrong_options "--metrics where it may not write: the folder that it may is named, no restart" \
	"--metrics $node/reqtimed.prom" 'this service may write to "\{0,1\}/run/reqtimed"\{0,1\}: use --metrics /run/reqtimed/reqtimed.prom'
[ ! -e $node/reqtimed.prom ] && [ ! -h $node/reqtimed.prom ]
result "... a server that has ended leaves no dangling link" $? "$(ls -la $node)"
rm -r /run/systemd/system/reqtimed.service.d
systemctl daemon-reload
systemctl reset-failed reqtimed.socket reqtimed.service 2>/dev/null
systemctl restart reqtimed.socket reqtimed.service

# The other ways to set the clock.
$W/kernel_look step -3000
echo 'CRON=yes' >>/etc/default/reqtime
run /usr/lib/reqtime/cron-run --splay 1ms
left=$(offset_us)
[ $status -eq 0 ] && between -50000 50000 "$left" && grep -q stepped $W/out
result "cron: set, and reported" $? "$left us"
[ "$(stat -c %U /var/lib/reqtime/history.db)" = _reqtime ]
result "... recorded with the timer's runs" $?
# The shell in between drops the capabilities that setpriv still had.
as_nobody() { # as_nobody GROUP COMMAND...
	group=$1
	shift
	run setpriv --reuid=65534 --regid="$group" --inh-caps=-all --clear-groups \
		sh -c "exec \"\$@\"" sh "$@"
}
as_nobody 65534 /usr/bin/reqtime set --state-dir $W/none 10.79.0.1
[ $status -eq 4 ]
result "an ordinary user may not" $?
run sh -c 'dpkg-statoverride --update --add root adm 0750 /usr/bin/reqtime &&
	/var/lib/dpkg/info/reqtime.postinst configure 0.1.0'
$W/kernel_look step -3000
as_nobody adm /usr/bin/reqtime set --state-dir $W/none 10.79.0.1
[ $status -eq 0 ] && grep -q stepped $W/out
result "a group that was given the program may" $?
as_nobody 65534 /usr/bin/reqtime --version
[ $status -ne 0 ]
result "... and others may not even run it" $?

# In an initramfs: this one file.
if [ -x "$REQTIME_R/build/static/reqtime" ]; then
	mkdir $W/bare
	cp "$REQTIME_R/build/static/reqtime" $W/bare/
	$W/kernel_look step -3000
	run chroot $W/bare /reqtime set 10.79.0.1
	[ $status -eq 0 ] && grep -q stepped $W/out
	result "static, in an empty root: set" $?
else
	skip "static, in an empty root: set" "no build/static/reqtime (make static)"
fi

systemctl start reqtime.timer
run dpkg --force-unsafe-io -P reqtime reqtimed
result "purged while the timer runs" "$status"
[ "$(property reqtime.timer ActiveState)" = inactive ] &&
	[ "$(property reqtimed.service ActiveState)" = inactive ]
result "... which is stopped, as is the server" $? "$(systemctl list-units 'reqtime*')"
rm -r /etc/systemd/system/reqtime.timer.d # the administrator's own
named_ours >$W/after
left=$(grep -vxFf $W/before $W/after | head -n 20 | xargs)
[ -z "$left" ] && getent passwd _reqtime >/dev/null
result "... and nothing of it is left but the user" $? "$left"
guest_end
