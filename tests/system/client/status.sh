#!/bin/sh
# SPDX-License-Identifier: MIT
#
# `reqtime status`, from a fresh machine to a held-back time, on a simulated machine (sim_clock.h) and
# on this one: what it shows, what it waits for, and what it does without.
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"
own_network "$@"
# shellcheck source=tests/tools/sim.sh
. "$(dirname "$0")/../../tools/sim.sh"

: >"$T/conf"
chmod 644 "$T/conf"
status() { # OPTION...: with the files of this test
	run "$REQTIME" status --config "$T/conf" --state-dir "$T/state" --bound-file "$T/bound" "$@"
}
fits() { # NAME: one screen
	check "$1: a screen of 80 columns" awk 'length > 80 { exit 1 } END { exit NR < 3 || NR > 24 }' "$out"
	check "$1: nothing on stderr" test ! -s "$err"
}
# The whole folder of the state, to compare.
state_of() {
	# shellcheck disable=SC2012 # names of our own
	(cd "$1" && ls -la --time-style=full-iso | tail -n +4 && cat ./*) | cksum
}

# --- a fresh machine
status
expect "fresh: not known" 1 '^Clock +not known: no run has left a bound file'
expect "... no run" 1 "^Last run +no run of set is recorded in $T/state"
expect "... no server is named" 1 "^Servers +none in $T/conf"
expect "... what to do first" 1 '^  1\. in /.*:$'
expect "... then" 1 '^  2\. set the clock: +sudo reqtime set$'
fits "fresh"
check "... and nothing is made" test ! -e "$T/state" -a ! -e "$T/bound"
printf 'server = 127.0.0.1\nserver = 192.0.2.1\n[status]\nwithin = 1s\n[set]\nstate-dir = %s\n' "$T/of-set" >"$T/conf"
run "$REQTIME" status --config "$T/conf" --bound-file "$T/bound"
expect "named servers are counted" 1 "^Servers +2 in $T/conf"
expect "... and need no first step" 1 '^  1\. set the clock:'
expect "the folders are those of [set]" 1 "recorded in $T/of-set$"
run "$REQTIME" status --config "$T/conf" --bound-file "$T/bound" --json
check "--within from its section" test "$(json within_ns)" = 1000000000
echo 'wait = 1s' >"$T/wrong"
sed -i '1i [status]' "$T/wrong"
run "$REQTIME" status --config "$T/wrong"
expect "a configuration file cannot make it wait" 2 'wait'
status --within 0
expect "a limit of nothing is refused" 2
status ntp1.example
expect "it takes no server" 2
: >"$T/conf"

# --- after runs, on the simulated machine
sim_serve port 2 0.1
truth=$sim_port
sim_serve liar 2 0.1 5
simulated() {
	unshare -Ur env LD_PRELOAD="$preload$T/clock.so" "$@"
}
run_set() { # PORT
	simulated "$REQTIME" set --force --quiet --config "$T/conf" --state-dir "$T/state" --bound-file "$T/bound" \
		"127.0.0.1:$1" >/dev/null 2>"$T/set.err"
}
sim_status() {
	run simulated "$REQTIME" status --config "$T/conf" --state-dir "$T/state" --bound-file "$T/bound" "$@"
}
run_set "$truth"
sim_status
expect "after a step: right" 0 '^Clock +right within [0-9.]+ [mu]s \(proved: [0-9.]+ [mu]s\); 100 ms is enough$'
expect "... which the last run did" 0 '^Last run +[0-9]+ s ago, 08:00:0[0-9] UTC: stepped the clock by \+3(\.[0-9]+)? s$'
expect "... its server" 0 '^Servers +127\.0\.0\.1, stratum 1; 1 of 1 agree$'
expect "... not yet confirmed" 0 '^Trust +not authenticated; not yet confirmed: a run after 08:05:0[0-9] UTC'
expect "... and told to the kernel" 0 '^Kernel +synchronised, maximum error [0-9.]+ [mu]s'
fits "after a step"
"$T/world" skip 400
run_set "$truth"
sim_status
expect "after a slew" 0 '^Last run .*: slewed the clock by \+[0-9.]+ ms$'
expect "... confirmed" 0 '^Trust +not authenticated; confirmed by a later run$'
expect "... the frequency" 0 '^Frequency +\+[45][0-9]\.[0-9]{3} \+/- [0-9.]+ ppm \(learning\)'
expect "... and what is still to be slewed" 0 '; slews by \+[0-9.]+ [mu]s'
before=$(state_of "$T/state")
cp "$T/bound" "$T/bound.before"
# The proved bound has grown to some 0.3 s, the likely one to about 0.1 s, or less.
"$T/world" skip 4000
sim_status --within 200ms
expect "an hour later the likely bound is right enough" 0 '^Last run +67 min ago, '
sim_status --proved --within 200ms
expect "... the proved one is not" 1 '^Clock +off by up to [0-9]+ ms \(likely: [0-9.]+ ms\), more than 200 ms$'
expect "... which says what to do" 1 '^            -> run: sudo reqtime set; the likely bound is right enough'
sim_status --proved --within 1s
expect "... but for a second" 0
sim_status --within 1ms
expect "a limit below both" 1 'more than 1 ms$'
sim_status --max-drift 500 --proved --within 1s
expect "another drift of the proved bound" 1
sim_status --quiet --within 200ms
check "--quiet says nothing" test "$status" -eq 0 -a ! -s "$out" -a ! -s "$err"
sim_status -q --within 1ms
check "... also when it is not right enough" test "$status" -eq 1 -a ! -s "$out" -a ! -s "$err"
check "nothing is written" test "$(state_of "$T/state")" = "$before"
check "... nor in the bound file" cmp "$T/bound" "$T/bound.before"
sim_status --json --within 200ms
check "--json: the last run" test "$(json status)" = ok -a "$(json action)" = slew -a "$(json within)" = true
check "--json: its age" test "$(sed 's/.*"last_run":{//; s/.*"age_ns":\([0-9]*\)[0-9]\{9\},.*/\1/' "$out")" -ge 4000

# --- held back, and ended
run_set "$sim_port"
sim_status
expect "held back" 1 '^Last run +[0-9]+ s ago, 09:1[0-9]:[0-9]+ UTC: held back a jump of \+(4\.9|5)[0-9.]* s$'
expect "... the clock is not known" 1 '^Clock +not known: the last run was refused or held back$'
expect "... since when, and what ends it" 1 '^Held back +a jump of .* since 09:13:[0-9]+ UTC; a run after 09:18:[0-9]+ UTC that'
expect "... now" 1 '^ +-> end it now, if the servers are right: sudo reqtime set'
fits "held back"
sim_status --json
check "--json: held back" test "$(grep -c '"held_back":{"first_seen":"2027-01-15T09:13:' "$out")" = 1
run_set 1
sim_status
expect "a run without an answer" 1 '^Last run .*: no server of 1 has answered; the last that$'
expect "... its reason" 1 '^Servers +0 of 1 agree; 127\.0\.0\.1: Connection refused$'
expect "... does not end it" 1 '^Held back '
run_set "$truth"
sim_status
expect "an answer without the jump does" 0 '^Last run .*: (slewed|stepped) the clock'
check "... and it is gone" test "$(grep -c '^Held back' "$out")" = 0
"$T/world" behind 5
sim_status
expect "a step by another program" 1 '^Clock +not known: another program has stepped the clock since'
"$T/world" skip $((8 * 86400))
run_set "$truth"
"$T/world" skip $((8 * 86400))
sim_status
expect "expired" 1 '^Clock +not known: the last run is more than a week old'
expect "... how old" 1 '^Last run +8 days ago, 2027-01-2[0-9] '
fits "expired"

# --- waiting, on this machine: query --every leaves the file
if server --listen 127.0.0.1:0 --local-stratum 1; then
	here() { # OPTION...
		timed "$REQTIME" status --config "$T/conf" --state-dir "$T/none" --bound-file "$T/here" "$@"
	}
	here --quiet --wait 300ms
	check "--wait ends without a run" test "$status" -eq 1 -a ! -s "$out" -a "$took_ms" -ge 300
	check "... in time" timely 800
	# shellcheck disable=SC2317 # called by background
	late() {
		sleep 0.4
		exec "$REQTIME" query --every 1h --bound-file "$T/here" --state-dir "$T/none" "127.0.0.1:$(server_port ntp)"
	}
	background late >"$T/late.out" 2>&1
	here --quiet --wait 60s --within 50ms
	check "--wait ends with the run" test "$status" -eq 0 -a ! -s "$out" -a "$took_ms" -ge 300 -a "$took_ms" -lt 50000
	here --wait 60s
	expect "... and then shows it at once" 0 '^Clock +right within .*; measured'
	check "... at once" timely 1500
	here --wait 100ms --within 1ns
	expect "a limit that is never met" 1 '^ +-> ask nearer servers, or accept more: --within'
	check "... is waited for" test "$took_ms" -ge 100
	kill "$background_pid"
	server_stop
fi

# --- no right, no file, no order
status --within 1ns --json
check "this machine's history is read by its own clock" test "$(json history)" = read
if [ "$(id -u)" = 0 ] && have setpriv; then
	chmod 755 "$T/state"
	chmod 644 "$T/state/history.db"
	other_user() {
		run setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
	}
	other_user "$REQTIME" status --config "$T/conf" --state-dir "$T/state" --bound-file "$T/bound"
	expect "another user" 1 '^Last run .*: slewed|stepped'
	chmod 700 "$T/state"
	other_user "$REQTIME" status --config "$T/conf" --state-dir "$T/state" --bound-file "$T/bound"
	expect "another user, without the history" 1 "^Last run +$T/state is not readable for this user"
	expect "... who can do so" 1 '^ +-> see all of it: sudo reqtime status$'
	expect "... sees the rest" 1 '^Kernel '
	chmod 755 "$T/state"
	# A folder of that user, who may have written anything.
	cp -r "$T/state" "$T/theirs"
	chown -R 65534:65534 "$T/theirs"
	chmod 777 "$T/theirs"
	run "$REQTIME" status --config "$T/conf" --state-dir "$T/theirs" --bound-file "$T/bound"
	expect "root reads the folder of another user" 1 '^Last run .*: (slewed|stepped)'
else
	skip "another user" "needs root and setpriv"
fi
cp -r "$T/state" "$T/damaged"
dd if=/dev/urandom of="$T/damaged/history.db" bs=512 seek=2 count=60 conv=notrunc 2>/dev/null
before=$(state_of "$T/damaged")
run "$REQTIME" status --config "$T/conf" --state-dir "$T/damaged" --bound-file "$T/bound"
expect "a damaged history" 1 '^Last run +unknown: .*damaged'
expect "... the rest is shown" 1 '^Kernel '
check "... and it is left alone" test "$(state_of "$T/damaged")" = "$before"
head -c 5000 /dev/urandom >"$T/damaged/history.db"
run "$REQTIME" status --config "$T/conf" --state-dir "$T/damaged" --bound-file "$T/bound"
expect "a history of random octets" 1 '^Last run +unknown: '
run "$REQTIME" status --config "$T/conf" --state-dir /dev/null --bound-file "$T/bound"
expect "a device as the folder" 1 '^Last run +no run of set is recorded in /dev/null'
head -c 4096 /dev/urandom >"$T/rubbish"
run "$REQTIME" status --config "$T/conf" --state-dir "$T/state" --bound-file "$T/rubbish"
expect "a bound file of random octets" 6 '^Clock +not known: the file is no bound file$'
expect "... the rest is shown" 6 '^Last run .*: (slewed|stepped)'
run "$REQTIME" status -q --config "$T/conf" --bound-file "$T/rubbish"
check "... a probe gets the same" test "$status" -eq 6

if have strace; then
	# The leak check is itself a tracer.
	ASAN_OPTIONS=detect_leaks=0 strace -f -qq -o "$T/trace" "$REQTIME" status --config "$T/conf" \
		--state-dir "$T/state" --bound-file "$T/bound" >"$T/traced" 2>&1
	check "under strace it shows the same" grep -q '^Last run .*: \(slewed\|stepped\)' "$T/traced"
	check "no packet is sent" sh -c "! grep -E 'socket\(AF_(INET|INET6|NETLINK|PACKET)' '$T/trace'"
	check "no file is opened to write" sh -c \
		"grep -E 'open(at)?\(.*O_(WRONLY|RDWR|CREAT)|rename|unlink|mkdir|ftruncate' '$T/trace' | { ! grep -v /dev/null; }"
	check "no clock is set" sh -c "! grep -E 'clock_settime|settimeofday|adjtimex?\(.*modes=([^0A]|ADJ_[^O]|ADJ_OFFSET[^_]|ADJ_OFFSET_SI)' '$T/trace'"
	check "... and the trace has what it does" grep -q 'history\.db' "$T/trace"
	# shellcheck disable=SC2016 # awk's
	check "no privilege is left when files are read" awk '
		NR == 1 { main = $1 }
		$1 == main && /capset\(/ && /effective=0, permitted=0/ { given = 1 }
		/execve|ld\.so|\.conf/ { next }
		$1 == main && /open(at)?\(.*\/(bound|anchor|stat|comm)"/ { files++; bad += !given }
		$1 == main && /history\.db/ && /open/ { bad++ }
		END { exit !(given && files > 0 && bad == 0) }' "$T/trace"
else
	skip "no packet is sent" "needs strace"
fi

# in_a_room NAME COMMANDS OPTION...: with other mounts than this machine's
in_a_room() {
	cat >"$T/$1.sh" <<END
set -e
mount -t tmpfs none /run
$2
shift
exec "\$@"
END
	room=$1
	shift 2
	# shellcheck disable=SC2086 # words
	timed $new_mounts sh "$T/$room.sh" x "$REQTIME" status --config "$T/conf" --state-dir "$T/state" \
		--bound-file "$T/bound" "$@"
}
# A systemctl of this text, where systemd runs.
systemctl() { # NAME TEXT
	printf '#!/bin/sh\n%s\n' "$2" >"$T/$1.systemctl"
	chmod 755 "$T/$1.systemctl"
	in_a_room "$1" "mkdir -p /run/systemd/system
for file in /usr/bin/systemctl /bin/systemctl; do mount --bind '$T/$1.systemctl' \$file; done"
}
# Root's own, so that the rights are really given up.
new_mounts="unshare -Urm"
[ "$(id -u)" != 0 ] || new_mounts="unshare -m"
if [ ! -x /usr/bin/systemctl ] || ! $new_mounts mount -t tmpfs none /run 2>"$T/why"; then
	skip "the next run" "needs systemctl and mount namespaces"
	finish
fi
in_a_room no-systemd :
expect "no systemd" 1 '^Next run +unknown: this machine does not run systemd'
mkdir "$T/said"
chmod 777 "$T/said"
export REMEMBERED=yes
# shellcheck disable=SC2016 # for that shell
systemctl answers 'cd '"$T"'/said
printf "%s\n" "$@" >words; env >environment; cat /proc/self/status >rights; ls /proc/self/fd >open
cat <<END
NextElapseUSecRealtime=Fri 2100-01-01 00:00:00 UTC
NextElapseUSecMonotonic=infinity
Id=reqtime.timer
LoadState=loaded
ActiveState=active
UnitFileState=enabled

Id=reqtime.service
LoadState=loaded
ActiveState=inactive
UnitFileState=static
END'
expect "the next run by systemd" 1 '^Next run +in [0-9]+ days, 2100-01-01 00:00:00 UTC \(reqtime\.timer\)$'
check "... asked as systemctl show" test "$(head -n 1 "$T/said/words")" = show
check "... without what the caller's environment has" sh -c \
	"grep -qx TZ=UTC '$T/said/environment' && ! grep -Ev '^(LC_ALL|TZ|PATH|PWD|OLDPWD|SHLVL|_)=' '$T/said/environment'"
check "... without a capability" grep -q '^CapEff:[[:blank:]]*0*$' "$T/said/rights"
[ "$(id -u)" != 0 ] || check "... as nobody" grep -Eq '^Uid:[[:blank:]]*65534' "$T/said/rights"
check "... with the standard descriptors alone" test "$(grep -c . "$T/said/open")" -le 4
systemctl off 'printf "Id=reqtime.timer\nLoadState=loaded\nActiveState=inactive\nUnitFileState=disabled\n"'
expect "a timer that is off" 1 '^Next run +none by reqtime\.timer: it is switched off'
systemctl absent 'printf "Id=reqtime.timer\nLoadState=not-found\nActiveState=inactive\n"'
expect "no such timer" 1 '^Next run +unknown: there is no reqtime\.timer'
systemctl rubbish 'head -c 3000 /dev/urandom'
expect "rubbish" 1 '^Next run +unknown: systemctl has given no answer that makes sense'
systemctl flood 'cat /dev/zero'
expect "an answer without an end" 1 '^Next run +unknown: systemctl has given no answer'
check "... is not read to its end" timely 1500
systemctl fails 'echo Id=reqtime.timer; exit 1'
expect "a failure" 1 '^Next run +unknown: systemctl has given no answer'
systemctl hangs "sleep 1000 & echo \$! >'$T/said/sleeper'; wait"
expect "it hangs" 1 '^Next run +unknown: systemctl has not answered within a second'
check "... for a second" timely 2000
check "... and is ended, with what it has started" sh -c \
	"sleep 0.1; [ -s '$T/said/sleeper' ] &&
		! grep -q '^State:[[:blank:]]*[RSD]' /proc/\$(cat '$T/said/sleeper')/status"
expect "... the rest is shown" 1 '^Kernel '
in_a_room missing "mkdir -p /run/systemd/system /run/empty
mount --bind '$T/conf' /usr/bin/systemctl
mount --bind '$T/conf' /bin/systemctl"
expect "no systemctl" 1 '^Next run +unknown: there is no systemctl'
in_a_room no-proc "mount -t tmpfs none /proc"
expect "without /proc" 1 '^Others +cannot tell whether another time daemon runs: /proc is not mounted'
finish
