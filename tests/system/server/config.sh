#!/bin/sh
# SPDX-License-Identifier: MIT
#
# reqtimed: its configuration file, read at the start and again; access control and rate limit;
# metrics; sockets bound by a service manager.  In its own network namespace.
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"
own_network "$@"
# shellcheck source=tests/tools/poke.sh
. "$(dirname "$0")/../../tools/poke.sh"
tool load

# answers FROM: the number of answers to 40 requests from this address
answers() {
	set -- "$1"
	while [ $# -le 40 ]; do
		set -- "$@" "$(request 35)"
	done
	answers_from=$1
	shift
	# shellcheck disable=SC2154
	"$T/poke" udp -b "$answers_from" 192.0.2.1 "$port" 300 "$@" >"$T/answers"
	grep -cv silence "$T/answers"
}
# The number of kisses-o'-death in the last answers (leap 3, stratum 0, RATE).
kisses() {
	awk '$2 != "silence" && substr($3, 25, 8) == "52415445"' "$T/answers" | wc -l
}
between() { # NAME LOW NUMBER HIGH
	if [ "$2" -le "$3" ] && [ "$3" -le "$4" ]; then
		ok "$1 ($3)"
	else
		not_ok "$1" "wanted $2 to $4, got $3"
	fi
}

for host in 1 2 3 4 5 6; do
	ip addr add 192.0.2.$host/32 dev lo
done

# The rate: of 40 requests at once 10, and at random a quarter of the others.
server --listen '192.0.2.1:0' --local-stratum 1 --rate 1:10 || finish
port=$(server_port ntp)
between "--rate 1:10 answers the burst and about a quarter of the rest" 11 "$(answers 192.0.2.2)" 28
between "... with one kiss-o'-death among them" 1 "$(kisses)" 1
awk '$2 != "silence" && substr($3, 25, 8) == "52415445" { print $3 }' "$T/answers" >"$T/kiss"
kiss=$(head -n 1 "$T/kiss")
if [ ${#kiss} = 96 ] && [ "$(field "$kiss" 0 2)" = e400 ] &&
	[ "$(field "$kiss" 24 8)" = 1122334455667788 ]; then
	ok "... that is no longer than the request and copies its stamp"
else
	not_ok "... that is no longer than the request and copies its stamp" "$kiss"
fi
between "another address has its own rate" 11 "$(answers 192.0.2.3)" 28
poke udp 127.0.0.1 "$port" 100 "$(request 35)"
server_stop
server_before=$server_log
# Requests beyond the rate are answered at random: two servers agree on 63 requests once in
# 10^12.
pattern=
for _ in 1 2; do
	server --listen '192.0.2.1:0' --local-stratum 1 --rate 1:1 --threads 1 || finish
	port=$(server_port ntp)
	set --
	while [ $# -lt 64 ]; do
		set -- "$@" "$(request 35)"
	done
	"$T/poke" udp -b 192.0.2.4 192.0.2.1 "$port" 300 "$@" >"$T/pattern"
	server_stop
	# The output has answers before silence: sort by the number of the request.
	pattern=$pattern\ $(sort -n "$T/pattern" |
		awk '{ printf "%s", $2 == "silence" || substr($3, 25, 8) == "52415445" ? "-" : "+" }')
done
# shellcheck disable=SC2016,SC2086 # of the other shell; two words
check "... by chance: another quarter each time" sh -c '[ ${#1} -eq 64 ] && [ "$1" != "$2" ]' - $pattern
server_log=$server_before
check "drops are counted" grep -q 'too many [0-9]' "$server_log"
check "kisses are counted" grep -q 'told to slow down 2' "$server_log"
server --listen '192.0.2.1:0' --local-stratum 1 --rate 0 || finish
port=$(server_port ntp)
between "--rate 0 answers all" 40 "$(answers 192.0.2.2)" 40
server_stop
server --listen '127.0.0.1:0' --local-stratum 1 --rate 1:1 || finish
set --
while [ $# -lt 40 ]; do
	set -- "$@" "$(request 35)"
done
poke udp 127.0.0.1 "$(server_port ntp)" 300 "$@"
between "loopback is exempt" 40 "$(grep -cv silence "$out")" 40
server_stop

# The lists.
server --listen '192.0.2.1:0' --text-listen '192.0.2.1:0' --local-stratum 1 \
	--allow 192.0.2.0/29 --deny 192.0.2.2/31 --allow 192.0.2.3 || finish
port=$(server_port ntp)
between "allowed" 40 "$(answers 192.0.2.4)" 40
between "denied by a longer prefix" 0 "$(answers 192.0.2.2)" 0
between "allowed by a still longer one" 40 "$(answers 192.0.2.3)" 40
text=$(server_port reqtime+tcp)
run "$T/poke" tcp -b 192.0.2.4 192.0.2.1 "$text" reqtime
check "TCP: allowed" grep -q '^[0-9a-f]' "$out"
run "$T/poke" tcp -b 192.0.2.2 192.0.2.1 "$text" reqtime
check "TCP: denied" sh -c "! grep -q '^[0-9a-f]' '$out'"
server_stop

# The file.
mkdir "$T/etc" "$T/var"
chmod 777 "$T/var"
chmod 755 "$T/etc"
conf=$T/etc/reqtimed.conf
cat >"$conf" <<END
# a comment
[reqtimed]
listen = 192.0.2.1:0 ; another
local-stratum = 3
deny = 192.0.2.2
metrics = $T/var/reqtimed.prom
END
chmod 644 "$conf"
server -f "$conf" --local-stratum 5 || finish
port=$(server_port ntp)
poke udp -b 192.0.2.3 192.0.2.1 "$port" 200 "$(request 35)"
check "the command line overrides the file" test "$(field "$(reply 1)" 1 1)" = 05
between "the file's list is in force" 0 "$(answers 192.0.2.2)" 0
wait_for 3 test -s "$T/var/reqtimed.prom"
check "metrics are there" grep -q '^reqtimed_clock_stratum 5$' "$T/var/reqtimed.prom"
check "and can be read by others" test "$(stat -c %a "$T/var/reqtimed.prom")" = 644
promtool=$R/build/peers/usr/bin/promtool
if [ -x "$promtool" ]; then
	check "promtool accepts the metrics" sh -c "
		'$promtool' check metrics <'$T/var/reqtimed.prom' >'$T/lint' 2>&1 && [ ! -s '$T/lint' ]"
else
	skip "promtool accepts the metrics" "no promtool below build/peers (packaging/deps test)"
fi
# Each sample has a type, and none appears twice.
# shellcheck disable=SC2016 # for awk
check "metrics: each name has a type, no sample appears twice" awk '
	/^# TYPE / { type[$3] = 1; next }
	/^#/ { next }
	{ if (NF < 2 || seen[$0 ~ /{/ ? substr($0, 1, index($0, "}")) : $1]++) bad = 1
	  name = $1; sub(/{.*/, "", name); sub(/_(bucket|sum|count)$/, "", name)
	  base = $1; sub(/{.*/, "", base)
	  if (!(name in type) && !(base in type)) bad = 1 }
	END { exit bad }' "$T/var/reqtimed.prom"

# Read again, under load: nothing is lost.
sed -i 's/192.0.2.2/192.0.2.3/' "$conf"
server --listen 127.0.0.1:0 --local-stratum 1 -f "$conf" || finish
# A request that waits longer than half a second is dropped: on a busy machine, again.
# shellcheck disable=SC2317 # called by wait_for
reads_again_under_load() {
	background "$T/load" rate 127.0.0.1 "$(server_port ntp)" 5000 2 >"$T/loaded"
	loading=$background_pid
	for _ in 1 2 3 4 5 6 7 8; do
		sleep 0.2
		kill -HUP "$server_pid"
	done
	wait "$loading"
	awk '{ exit $1 == 0 || $1 != $2 }' "$T/loaded"
}
check "SIGHUP under load loses no packet" wait_for 1 reads_again_under_load
check "it was read again" grep -q 'reread: 1 prefixes' "$server_log"
server_stop

server -f "$conf" || finish
port=$(server_port ntp)
sed -i 's/192.0.2.3/192.0.2.4/' "$conf"
kill -HUP "$server_pid"
wait_for 5 grep -q 'reread' "$server_log"
between "SIGHUP: a new list" 0 "$(answers 192.0.2.4)" 0
between "... and not the old one" 40 "$(answers 192.0.2.3)" 40
echo 'nonsense' >>"$conf"
kill -HUP "$server_pid"
wait_for 5 grep -q 'stay as they were' "$server_log"
check "SIGHUP with a broken file: FILE:LINE" grep -q "reqtimed.conf:7: " "$server_log"
between "... and the old list stays in force" 0 "$(answers 192.0.2.4)" 0
rm "$conf"
kill -HUP "$server_pid"
sleep 1.2
between "SIGHUP without the file: the old list stays in force" 0 "$(answers 192.0.2.4)" 0
server_stop

# An error in a file is reported with its line; nothing is started.
refuses() { # NAME PATTERN, the file on stdin
	cat >"$conf"
	run timeout 5 "$REQTIMED" --check-config -f "$conf"
	expect "$1" 2 "$2"
}
refuses "unknown key" 'reqtimed.conf:2: unknown key "lissten"; did you mean "listen"' <<END
[reqtimed]
lissten = 127.0.0.1
END
refuses "unknown section" 'reqtimed.conf:1: unknown section "reqtime"; known: .reqtimed.' <<END
[reqtime]
listen = 127.0.0.1
END
refuses "given twice" 'reqtimed.conf:2: already given in line 1: "threads"' <<END
threads = 1
threads = 2
END
refuses "a value out of range" 'reqtimed.conf:1: threads: "65" is not a number' <<END
threads = 65
END
refuses "an empty value" 'reqtimed.conf:1: user: "" is empty: NAME must be given' <<END
user =
END
refuses "a line that is neither a section nor an entry" 'reqtimed.conf:2: neither' <<END
threads = 1
what is this
END
refuses "a prefix with host bits" 'deny 192.0.2.1/24: host bits are set beyond' <<END
deny = 192.0.2.1/24
END
refuses "an invalid rate" 'rate 5x: must be N or N:BURST' <<END
rate = 5x
END
refuses "config in the file" 'reqtimed.conf:1: allowed on the command line only' <<END
config = /etc/passwd
END
# Not through a pipe: counts in a subshell are lost.
printf 'threads = 1\nuser = a\033[2Jb\n' >"$T/given"
refuses "control characters" 'reqtimed.conf:2: a control character' <"$T/given"
head -c 70000 /dev/zero | tr '\0' '#' >"$T/given"
refuses "too long" 'the file is too long|the line is too long' <"$T/given"
printf 'threads = 2\n' >"$conf"
run timeout 5 "$REQTIMED" --check-config -f "$conf"
expect "a valid file" 0 'options and configuration are valid'
run timeout 5 "$REQTIMED" --check-config --metrics "$T/var/no/such"
expect "... but for the folder of the metrics" 2 'No such file'
if [ "$(id -u)" = 0 ]; then
	run timeout 5 "$REQTIMED" --check-config --metrics /etc/reqtimed.prom
	expect "... but for a folder that is not the user's" 2 'directory "?/etc"?: Permission denied; name a file in a directory'
	run env RUNTIME_DIRECTORY=/run/reqtimed timeout 5 "$REQTIMED" --check-config --metrics /etc/reqtimed.prom
	expect "... as a service: the folder that it may write to is named" 2 \
		'directory "?/etc"?: Permission denied; this service may write to .*--metrics /run/reqtimed/reqtimed.prom$'
	run timeout 5 "$REQTIMED" --check-config --user no-such-user-here
	expect "... but for a user who does not exist" 2 'there is no such user'
else
	skip "... but for a folder or a user" "needs root, to change users"
fi
# The shipped example: each of its lines, and all of them.
grep -c '^;' "$R/packaging/reqtimed.conf" >"$T/examples"
grep '^;' "$R/packaging/reqtimed.conf" | while IFS= read -r line; do
	echo "${line#;}" | sed "s|= /.*/|= $T/var/|" >"$conf"
	timeout 5 "$REQTIMED" --check-config -f "$conf" >/dev/null 2>&1 || echo "$line"
done >"$T/bad"
check "reqtimed.conf as shipped: each of its $(cat "$T/examples") examples is right" test \
	"$(cat "$T/examples")" -ge 14 -a ! -s "$T/bad"
check "... and has a line for each option" sh -c "
	'$REQTIMED' --help | grep -o -e ' --[a-z-]*' | sort -u | grep -v -e --config -e --check-config -e --help -e --version |
		sed 's/ --//' | while read -r key; do grep -q \"^;\$key = \" '$R/packaging/reqtimed.conf' || echo \$key; done | { ! grep .; }"
sed "s/^;//; s|= /.*/|= $T/var/|" "$R/packaging/reqtimed.conf" >"$conf"
run timeout 5 "$REQTIMED" --check-config -f "$conf"
expect "reqtimed.conf as shipped: all of them at once" 0 'options and configuration are valid'
cp "$R/packaging/reqtimed.conf" "$conf"
run timeout 5 "$REQTIMED" --check-config -f "$conf"
expect "reqtimed.conf as shipped" 0 'options and configuration are valid'
chmod 666 "$conf"
run timeout 5 "$REQTIMED" --check-config -f "$conf"
expect "a file that everybody may write" 2 'reqtimed.conf: everybody may write'
run timeout 5 "$REQTIMED" --check-config -f "$T/none"
expect "it does not exist" 2 'No such file'
run timeout 5 "$REQTIMED" --check-config -f "$T/etc"
expect "a folder" 2 'not a regular file'
mkfifo "$T/fifo"
run timeout 5 "$REQTIMED" --check-config -f "$T/fifo"
expect "a pipe" 2 'not a regular file'

REQTIME_METRICS=$T/var/unit.prom
export REQTIME_METRICS
server --listen 127.0.0.1:0 --local-stratum 3
check "REQTIME_METRICS, where nothing else names a file" wait_for 5 grep -q '^reqtimed_clock_stratum 3$' "$T/var/unit.prom"
server_stop
rm "$T/var/unit.prom"
server --listen 127.0.0.1:0 --local-stratum 3 --metrics "$T/var/option.prom"
check "... --metrics overrides it" wait_for 5 test -s "$T/var/option.prom" -a ! -e "$T/var/unit.prom"
server_stop
unset REQTIME_METRICS
run timeout 5 "$REQTIMED" --listen 127.0.0.1:0 --metrics "$T/var/no/such"
expect "a missing folder for metrics" 2 'No such file'

# The file helper ends with the server, even when that is killed.
cat >"$conf" <<END
listen = 127.0.0.1:0
END
chmod 644 "$conf"
server --local-stratum 1 -f "$conf" || finish
helper=$(cat "/proc/$server_pid/task/$server_pid/children" 2>/dev/null)
check "there is a file helper" test -n "$helper"
# shellcheck disable=SC2317 # called by wait_for
gone() {
	! grep -q '^State:.*[RSD] ' "/proc/$1/status" 2>/dev/null
}
kill -9 "$server_pid"
check "when the server is killed, its file helper ends" wait_for 3 gone "${helper% }"

# Sockets of a service manager.
activate() { # KIND NAMES ARGUMENT...: poke binds, then runs reqtimed
	activate_log=$T/activated.log
	: >"$activate_log" # else the "ready" of the one before is taken for this one's
	"$T/poke" activate "$@" 2>"$activate_log" </dev/null &
	server_pid=$!
	server_log=$activate_log
	lib_pids="$lib_pids $server_pid"
	wait_for 5 grep -q '^reqtimed: ready' "$activate_log"
}
if activate udp,tcp ntp:text "$REQTIMED" --local-stratum 4; then
	poke udp 127.0.0.1 "$(server_port ntp)" 200 "$(request 35)"
	check "socket activation: UDP" test "$(field "$(reply 1)" 1 1)" = 04
	run "$T/poke" tcp 127.0.0.1 "$(server_port reqtime+tcp)" reqtime
	check "socket activation: TCP" grep -q '^[0-9a-f]' "$out"
	check "socket activation: no other address" \
		test "$(grep -c '^reqtimed: \(ntp\|text\) ' "$server_log")" = 2
	server_stop
else
	not_ok "socket activation" "$(cat "$activate_log")"
fi
for list in "udp ntp listen" "udp,tcp ntp:text text-listen"; do
	# shellcheck disable=SC2086 # three words
	set -- $list
	run timeout 5 "$T/poke" activate "$1" "$2" "$REQTIMED" "--$3" none --local-stratum 4
	expect "--$3 none with a socket of the service manager: wrong usage, the unit is named" 2 \
		"^reqtimed: --$3 none: the service manager passes a socket for it: .*reqtimed.socket"
done
if activate udp,udp,udp ntp:ntp:ntp "$REQTIMED" --local-stratum 4 --threads 2; then
	check "three sockets, two threads: each is answered" sh -c "
		for port in \$(sed -n 's/^reqtimed: ntp .*:\([0-9]*\)\$/\1/p' '$server_log'); do
			'$T/poke' udp 127.0.0.1 \$port 200 $(request 35) | grep -q 127.0.0.1 || exit 1
		done"
	kill "$server_pid"
	check "... and it ends" wait_for 2 gone "$server_pid"
else
	not_ok "three sockets, two threads" "$(cat "$activate_log")"
fi
if activate udp ntp "$REQTIMED" --local-stratum 4 --threads 4; then
	poke udp 127.0.0.1 "$(server_port ntp)" 200 "$(request 35)"
	check "one socket, four threads: it is answered" test -n "$(reply 1)"
	kill "$server_pid"
	check "... and it ends" wait_for 2 gone "$server_pid"
else
	not_ok "one socket, four threads" "$(cat "$activate_log")"
fi
# The manager keeps its sockets: the next server can use them as well.
cat >"$T/twice" <<END
#!/bin/sh
sh -c 'LISTEN_PID=\$\$ exec "$REQTIMED" --local-stratum 3' 2>"$T/first.log" &
first=\$!
read -r go
kill \$first
wait \$first
LISTEN_PID=\$\$ exec "$REQTIMED" --local-stratum 4
END
chmod 755 "$T/twice"
mkfifo "$T/go"
"$T/poke" activate udp,udp,tcp ntp:text:text "$T/twice" 2>"$T/second.log" <"$T/go" &
server_pid=$!
server_log=$T/first.log
lib_pids="$lib_pids $server_pid"
exec 9>"$T/go"
wait_for 5 grep -q '^reqtimed: ready' "$T/first.log"
poke udp 127.0.0.1 "$(server_port ntp)" 200 "$(request 35)"
check "activated once: it is answered" test "$(field "$(reply 1)" 1 1)" = 03
echo go >&9
server_log=$T/second.log
wait_for 5 grep -q '^reqtimed: ready' "$T/second.log"
poke udp 127.0.0.1 "$(server_port ntp)" 200 "$(request 35)"
check "activated twice: it is answered" test "$(field "$(reply 1)" 1 1)" = 04
poke udp 127.0.0.1 "$(server_port reqtime)" 200 72657174696d65
check "activated twice: so is the text service" test -n "$(reply 1)"
if kill "$server_pid" && wait_for 5 gone "$server_pid"; then
	check "activated twice: nothing else came from its sockets" \
		grep -q 'ended: answered 2, dropped 0;' "$T/second.log"
else
	not_ok "activated twice: nothing else came from its sockets" "$(cat "$T/second.log")"
fi
exec 9>&-
run timeout 5 "$T/poke" activate tcp ntp "$REQTIMED"
expect "NTP over TCP is refused" 2 'NTP is UDP'
server --listen 127.0.0.1:0 --local-stratum 1 || finish
run timeout 5 "$T/poke" activate udp ntp "$REQTIMED" --listen "127.0.0.1:$(server_port ntp)"
expect "sockets of the service manager, and an address in use: the socket unit is named" 2 \
	'in use.*; systemd passes the sockets of reqtimed.socket: change ListenDatagram= there \(systemctl edit reqtimed.socket\)$'
run timeout 5 "$REQTIMED" --local-stratum 1 --listen "127.0.0.1:$(server_port ntp)"
expect "... without them, another status" 6 'in use'
run timeout 5 "$T/poke" activate udp backup "$REQTIMED"
expect "a socket of an unknown service is refused" 2 'has no known service'
run timeout 5 "$T/poke" activate udp "$(printf 'a\033[2Jb\nreqtimed: ready')" "$REQTIMED"
expect "a socket's name with control characters is shown escaped" 2 'a\\x1b\[2Jb\\x0areqtimed'
check "... in one line" test "$(wc -l <"$err")" = 1
finish
