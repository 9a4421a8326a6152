#!/bin/sh
# SPDX-License-Identifier: MIT
#
# reqtime.conf: valid and invalid content, precedence, SIGHUP, `reqtime config`.
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"
own_network "$@"

conf=$T/reqtime.conf
config() { # ARG...: `reqtime config` of the file on stdin
	cat >"$conf"
	run "$REQTIME" config -f "$conf"
}
# shows NAME LINE: as printed, blanks squeezed, once
shows() {
	if [ "$(tr -s ' ' <"$out" | grep -Fxc -e "$2")" = 1 ]; then
		ok "$1"
	else
		not_ok "$1" "no single line \"$2\" in
$(cat "$out" "$err")"
	fi
}

# The origin of each setting.
config <<END
# a comment
server = 192.0.2.1 ; another
server = 192.0.2.2
samples = 2
ipv4 = yes
timeout = 3s
[query]
timeout = 1.5s
all = yes
[set]
server = 192.0.2.3
slew = yes
ipv6 = yes
END
expect "config reads a file" 0
shows "a key before the sections" "samples = 2 ; $conf:4"
shows "a setting that is not given" "pool = 4 ; default"
shows "an unset setting is a comment with the value in force" \
	"# liars: fewer than half of the sources ; default"
shows "... also of a limit" "# refuse-above: 1000s, unless later runs confirm the offset ; default"
shows "... and where no value is in force" "# metrics: none ; default"
check "each setting shows the value in force" sh -c "! grep -q 'not set' '$out'"
check "... and its origin" sh -c \
	"! grep -v '^$\|^\[\|^# .*: see \|^# $conf\$\|; default\$\|; $conf:[0-9]*\$' '$out'"
run env STATE_DIRECTORY=/srv/time "$REQTIME" config -f "$conf" set
shows "the state directory that systemd gives" "state-dir = /srv/time ; default"
run env -u STATE_DIRECTORY "$REQTIME" config -f "$conf"
shows "the state directory in force" "state-dir = /var/lib/reqtime ; default"
check "[query] overrides the common settings" sh -c "
	tr -s ' ' <'$out' | sed -n '/^\[query\]/,/^\[set\]/p' | grep -Fx 'timeout = 1500ms ; $conf:8'"
check "[set] does not see it" sh -c "
	tr -s ' ' <'$out' | sed -n '/^\[set\]/,\$p' | grep -Fx 'timeout = 3s ; $conf:6'"
check "servers of a section replace the others" sh -c "
	test \"\$(sed -n '/^\[set\]/,/^\[check\]/s/^server = //p' '$out' | tr -s ' ')\" = '192.0.2.3 ; $conf:11'"
check "a choice in a section as well" sh -c "
	tr -s ' ' <'$out' | sed -n '/^\[set\]/,\$p' | grep -Fx 'ipv4 = no ; default'"
cp "$out" "$T/first"
run "$REQTIME" config -f "$T/first"
sed 's/ *; .*//; s/^# [^:]*$/#/' "$T/first" >"$T/first.values"
sed 's/ *; .*//; s/^# [^:]*$/#/' "$out" >"$T/second.values"
check "its output is a file with the same settings" cmp "$T/first.values" "$T/second.values"

run "$REQTIME" config -f "$conf" set -6 --step --timeout 9 192.0.2.9
shows "the command line overrides the file" "timeout = 9s ; command line"
shows "... its servers, too" "server = 192.0.2.9 ; command line"
check "... and the file's are gone" sh -c "! grep -q 192.0.2.3 '$out'"
shows "... its choice of a step or a slew, too" "slew = no ; default"
shows "... and is shown" "step = yes ; command line"
run "$REQTIME" config --json -f "$conf" set --server 192.0.2.9
expect "--json" 0 '"server":\{"value":\["192.0.2.9"\],"origin":"command-line","line":null,"file":null\}'
expect "... a span, its nanoseconds and its line" 0 \
	'"timeout":\{"value":"3s","origin":"file","line":6,"value_ns":3000000000,"file":"[^"]*\.conf"\}'
expect "... an unset setting is null, with the value in force" 0 \
	'"interval":\{"value":null,"origin":"default","line":null,"in_force":"2s on public [^"]*","value_ns":null,"file":null\}'
expect "... the state directory in force" 0 "\"state-dir\":\{\"value\":\"$STATE_DIRECTORY\",\"origin\":\"default\""
run "$REQTIME" config trace
expect "trace reads no configuration" 2 'the command "trace" reads no configuration file'
run "$REQTIME" config -f /dev/null
expect "/dev/null is an empty one" 0 '^samples = 4 .*; default$'

# An error is reported with its line, whichever command runs, and no server is asked.
refuses() { # NAME PATTERN, the file on stdin
	cat >"$conf"
	run "$REQTIME" -f "$conf" 127.0.0.1:1
	expect "$1" 2 "^reqtime: $conf:$2"
}
refuses "unknown key" '1: unknown key "frob"$' <<END
frob = 1
END
refuses "a key of another command in a section" '2: unknown key "step"; it belongs to \[set\]$' <<END
[query]
step = yes
END
refuses "a mistake in another command's section" '2: unknown key "stepp"; did you mean "step"\?$' <<END
[set]
stepp = yes
END
refuses "... and a value there" '2: step-above: "soon": ' <<END
[set]
step-above = soon
END
refuses "unknown section" '1: unknown section "sett"; known: \[query\], \[set\], \[check\], \[status\], \[skew\], \[history\]$' <<END
[sett]
step = yes
END
refuses "empty unknown section" '3: unknown section "bogus"; known: ' <<END
samples = 2
[set]
[bogus]
END
refuses "a slip in a key before the sections" '1: unknown key "timout"; did you mean "timeout"\?$' <<END
timout = 3
END
refuses "a key with an underscore" '2: unknown key "any_offset"; did you mean "any-offset"\?$' <<END
[set]
any_offset = yes
END
printf '\377\376s\000' >"$conf"
run "$REQTIME" -f "$conf" 127.0.0.1:1
expect "UTF-16" 2 "^reqtime: $conf: it is UTF-16: save it as UTF-8 .--config."
printf '\357\273\277[set]\r\nstep = yes\r\n' >"$conf"
run "$REQTIME" config -f "$conf" set
expect "a byte order mark and CRLF lines" 0 "^step = yes .*; $conf:2"
refuses "given twice" '3: already given in line 1: "samples"$' <<END
samples = 1
timeout = 1
samples = 2
END
refuses "contradiction, also for another command" '3: slew contradicts "step"$' <<END
[set]
step = yes
slew = yes
END
refuses "neither yes nor no" '1: all: "maybe" is neither yes nor no$' <<END
all = maybe
END
refuses "out of range" '1: samples: "17" is not a number from 1 to 16$' <<END
samples = 17
END
refuses "no server" '1: server "a b": one word is one server' <<END
server = a b
END
refuses "an unknown scheme, in another command's section" '2: server "ftp://a": ' <<END
[set]
  server = ftp://a
END
refuses "empty" '1: state-dir: "" is empty: DIR must be given$' <<END
state-dir =
END
refuses "a line without =" '1: neither "key = value" nor "\[section\]": "samples"$' <<END
samples
END
refuses "a configuration file named in one" '1: allowed on the command line only: "config"$' <<END
config = /etc/passwd
END
refuses "control characters, escaped" '1: a control character' <<END
samples = $(printf '\033[2J')
END
{
	printf 'server = '
	head -c 300 /dev/zero | tr '\0' a
} >"$T/long"
refuses "a long line" '1: the line is too long' <"$T/long"
yes 'server = 192.0.2.1' | head -n 65 >"$T/long"
refuses "65 servers" '65: more than 64 of "server"' <"$T/long"
yes '# 0123456789012345678901234567890123456789' | head -n 2000 >"$T/long"
cat "$T/long" >"$conf"
run "$REQTIME" -f "$conf" 127.0.0.1:1
expect "a long file" 2 'the file is too long'

echo 'samples = 1' >"$conf"
chmod o+w "$conf"
run "$REQTIME" -f "$conf" 127.0.0.1:1
expect "a file that everybody may write" 2 "^reqtime: $conf: everybody may write to it"
chmod o-w "$conf"
run "$REQTIME" -f "$T" 127.0.0.1:1
expect "a folder" 2 'not a regular file'
run "$REQTIME" -f "$T/none" 127.0.0.1:1
expect "a named file must exist" 2 'No such file'
if [ "$(id -u)" = 0 ]; then
	chgrp 65533 "$conf"
	chmod g+w "$conf"
	run "$REQTIME" -f "$conf" 127.0.0.1:1
	expect "another group may write to it: refused" 2 'another group may write to it: chmod g-w'
	chgrp "$(id -g)" "$conf"
	run "$REQTIME" -f "$conf" -t 100ms 127.0.0.1:1
	expect "our own group may" 1
	chmod g-w "$conf"
else
	skip "another group may write to it: refused" "needs root"
fi
mkfifo "$T/fifo"
run timeout 5 "$REQTIME" -f "$T/fifo" 127.0.0.1:1
expect "a FIFO does not hold it up" 2 'not a regular file'
if [ "$(id -u)" = 0 ]; then
	chown 65534 "$conf"
	run "$REQTIME" -f "$conf" 127.0.0.1:1
	expect "a file of somebody else" 2 'it belongs to another user'
	chown 0 "$conf"
	chmod 600 "$conf"
	run setpriv --reuid 65534 --clear-groups "$REQTIME" -f "$conf" 127.0.0.1:1
	expect "a file that may not be read" 2 'Permission denied'
else
	skip "files of others" "needs root"
fi

# A key that is for the command line only in one command does not affect it when the file sets it
# for another.
printf 'json = yes\n' >"$conf"
run "$REQTIME" config -f "$conf"
shows "json = yes is for query" "format = json ; $conf:1"
if [ -x "$BUILD/history_maker" ] && mkdir -m 700 "$T/past" &&
	"$BUILD/history_maker" "$T/past" 3 >"$T/maker.log" 2>&1; then
	run "$REQTIME" history -f "$conf" --state-dir "$T/past"
	expect "... and not for history" 0 '^Time '
else
	skip "... and not for history" "needs $BUILD/history_maker"
fi
refuses "since is for the command line only" '1: allowed on the command line only: "since"$' <<END
since = 7d
END

# Servers, and SIGHUP.
server --listen 127.0.0.1:0 --local-stratum 1 || finish
port=$(server_port ntp)
echo "server = 127.0.0.1:$port" >"$conf"
run "$REQTIME" -f "$conf"
expect "query asks the servers of the file" 0 "^127.0.0.1:$port .*selected"
run "$REQTIME" set --dry-run -f "$conf"
expect "set does" 0 "^127.0.0.1:$port .*selected"
run "$REQTIME" -f "$conf" 127.0.0.1:1
expect "with one on the command line it does not" 1 '^127.0.0.1:1 .*unreachable'
check "... at all" sh -c "! grep -q ':$port ' '$out'"
echo "127.0.0.1:1" >"$T/fleet"
run "$REQTIME" -f "$conf" --servers-file "$T/fleet"
check "nor with --servers-file" sh -c "! grep -q ':$port ' '$out'"
echo "servers-file = $T/fleet" >"$conf"
run "$REQTIME" -f "$conf"
expect "servers-file in the file" 1 '^127.0.0.1:1 .*unreachable'

hup() { # NAME VERB...: a server list that is mended while the program waits
	hup_name=$1
	shift
	echo "server = 127.0.0.1:1" >"$conf"
	background "$REQTIME" "$@" --every 1h --json -f "$conf" >"$T/hup" 2>"$T/hup.err"
	check "$hup_name: the first run" wait_for 10 grep -q '"port":1,' "$T/hup"
	echo "server = 127.0.0.1:$port" >"$conf"
	kill -HUP "$background_pid"
	check "$hup_name: SIGHUP reads the file again" wait_for 10 grep -q "\"port\":$port," "$T/hup"
	: >"$T/hup"
	echo "sever = 127.0.0.1:1" >"$conf"
	kill -HUP "$background_pid"
	check "$hup_name: ... a broken one is reported" wait_for 10 grep -q "$conf:1: unknown key" "$T/hup.err"
	check "$hup_name: ... and the previous one stays in force" wait_for 10 grep -q "\"port\":$port," "$T/hup"
	kill "$background_pid"
	wait "$background_pid" 2>/dev/null
}
hup query query
hup set set --dry-run
server_stop
finish
