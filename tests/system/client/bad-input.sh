#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A wrong command line gives one clear line on stderr that names the fault, nothing on
# stdout, exit 2, and no packet.

# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"

# refused NAME PATTERN WORD...: `reqtime WORD...`
refused() {
	refused_name=$1
	refused_pattern=$2
	shift 2
	run "$REQTIME" "$@"
	if [ -s "$out" ]; then
		not_ok "$refused_name" "stdout: $(head -n 5 "$out")"
	elif [ "$(wc -l <"$err")" -ne 1 ]; then
		not_ok "$refused_name" "not one line: $(head -n 5 "$err")"
	elif LC_ALL=C grep -q '[^ -~]' "$err"; then
		not_ok "$refused_name" "not plain text: $(od -c "$err" | head -n 5)"
	else
		expect "$refused_name" 2 "^reqtime: .*$refused_pattern"
	fi
}

long=$(printf '%064d' 0)

refused 'nothing at all' 'no SERVER given, and .*/etc/reqtime/reqtime.conf; try "reqtime query --help"'
refused 'query without a server' 'no SERVER given' query
refused 'set without a server' 'no SERVER given, and .*/etc/reqtime/reqtime.conf; try "reqtime set --help"' set --dry-run
refused 'help about an unknown command' 'no command "frob"' help frob

refused 'unknown option' 'unknown option "--frob"' --frob localhost
refused 'unknown option of query' 'unknown option "--frob=1"' query --frob=1 localhost
refused 'unknown letter' 'unknown option "-Z"' -Z localhost
refused 'an option of set given to query' 'unknown option "--step"' query --step localhost
refused 'escape sequence as an option' 'unknown option "--.x1b\[2J"' "--$(printf '\033')[2J" localhost
refused 'command after options' 'put the command first: reqtime set' --json set localhost

for option in -4 -6 --all --json -q -v; do
	refused "$option takes no value" "" "$option=1" localhost
done
for option in --samples --interval --timeout --pool --min-sources --target --root-distance; do
	refused "$option without a value" "option $option needs a value" localhost "$option"
	refused "$option with an empty value" "$option: \"\"" "$option=" localhost
	refused "$option with a word" "$option: \"many\"" "$option" many localhost
	refused "$option with a negative value" "$option: \"-1\"" "$option" -1 localhost
	refused "$option with a tail" "$option: \"1,5\"" "$option" 1,5 localhost
	refused "$option with an escape sequence" "$option: \"1.x1b\[2J\"" "$option=1$(printf '\033')[2J" localhost
	refused "$option 0" "$option: \"0\" is not" "$option=0" localhost
	refused "$option beyond all limits" "$option: \"99999999999999999999\"" "$option=99999999999999999999" localhost
done
for option in --step-above --refuse-above; do
	refused "set $option without a value" "option $option needs a value" set localhost "$option"
	refused "set $option with a word" "$option: \"far\"" set "$option" far localhost
	refused "set $option with a negative value" "$option: \"-1s\"" set "$option" -1s localhost
	refused "set $option with an unknown unit" "$option: \"1y\": unknown unit" set "$option" 1y localhost
done
refused '--liars -1' '--liars: "-1" is not a number from 0' --liars -1 localhost
refused '--liars many' '--liars: "many" is not a number from 0' --liars many localhost
refused '--samples 17' '--samples: "17" is not a number from 1 to 16' -n17 localhost
refused '--pool 33' '--pool: "33" is not a number from 1 to 32' --pool 33 localhost
refused '--timeout 2h' '--timeout: "2h" is not between 1ms and 1h' -t 2h localhost
refused '--timeout 1h30' '--timeout: "1h30": each of several numbers needs a unit' -t 1h30 localhost
refused '-4 and -6' '--ipv6 contradicts --ipv4' -4 -6 localhost
refused '--step and --slew' '--slew contradicts --step' set --step --slew localhost

# Typing errors and the habits of other programs: the right command, and how to ask a host of that name.
refused 'slip in a command' 'no command "qurey"; did you mean "reqtime query".* reqtime query qurey$' qurey
refused 'slip in a command, with a server' 'no command "chekc"; did you mean "reqtime check"' chekc localhost
refused 'slip in a command, after an option' 'no command "histroy"; did you mean "reqtime history"' -4 histroy
refused 'command in capitals' 'did you mean "reqtime set"' SET localhost
refused 'command behind a server' 'put the command first: reqtime set' localhost set
refused 'help about a slip' 'no command "tarce"; did you mean "reqtime trace"' help tarce
refused 'configuration of a slip' 'no command "qeury"; did you mean "reqtime query"' config qeury
for word in tracking:status show-timesync:status sources:query; do
	refused "the word ${word%:*} of another program" \
		"no command \"${word%:*}\"; use \"reqtime ${word#*:}\"" "${word%:*}"
done
for word in sync makestep set-ntp step; do
	refused "the word $word of another program" \
		"no command \"$word\"; use \"reqtime set\". For a host of that name: reqtime query $word$" "$word"
done
refused 'version without dashes' 'use "reqtime --version"' version
refused 'slip in an option' 'unknown option "--timout"; did you mean --timeout' --timout 3 localhost
refused 'an option without its dash' 'unknown option "--dryrun"; did you mean --dry-run' set --dryrun localhost
refused 'a slip in an option of another command' 'did you mean --any-offset of "reqtime set"' --any_offset localhost
refused 'an option of another command' 'unknown option "--step"; it is an option of "reqtime set"' --step localhost
refused 'a long option with one dash' 'unknown option "-timeout"; did you mean --timeout' -timeout 3 localhost
refused 'a dash of a text processor' 'server ".*step": not ASCII' "$(printf '\342\200\223step')"
for habit in '-a:reqtime set --slew' '-b:for ntpdate -b: reqtime set --step' '-B:reqtime set --slew' \
	'-d:reqtime query -v' '-g:reqtime set --any-offset' '-G:reqtime set --any-offset' '-j:--json' \
	'-k:symmetric keys' '-l:--log-to' '-M:--step-above' '-o:SERVER:PORT' '-p:--samples N' \
	'-Q:for chronyd -Q: reqtime query' '-r:random port' '-s:for sntp -s: reqtime set --slew' \
	'-S:for sntp -S: reqtime set --step' '-u:for rdate -u: time://SERVER' '-w:--wait SPAN' \
	'-x:for ntpd -x: reqtime set --slew' '--port:SERVER:PORT' '--debug:--verbose' '--set:reqtime set'; do
	for command in query set; do
		refused "${habit%%:*} of another program, $command" \
			"unknown option \"${habit%%:*}\"; .*${habit#*:}" $command "${habit%%:*}"
	done
done
refused '-n without a number' '--samples: "localhost" is not a number from 1 to 16; -n takes .*--dry-run' set -n localhost
refused 'an option takes the server' '--color: "h" is not one of auto.always.never; an option takes' --color h


# The message has the input, the rule and the way out.
printf 'samples 3\n' >"$T/line"
printf '[set\n' >"$T/open"
printf 'json = yes\nformat = csv\n' >"$T/both"
: >"$T/empty"
refused 'a configuration file that does not exist' "$T/none: No such file or directory .--config." -f "$T/none" h
refused 'a folder as configuration file' "$T: not a regular file .--config." -f "$T" h
refused 'a line that is not an entry' "line:1: neither .*: \"samples 3\"" -f "$T/line" h
refused 'a section without an end' "open:1: neither .*: \"\[set\"" -f "$T/open" h
refused 'two formats in a file' 'both:2: format contradicts "json"' -f "$T/both" h
refused 'a list that does not exist' "$T/none: No such file or directory .--servers-file." --servers-file "$T/none"
refused 'an empty list' "empty: no server in it; write one per line" --servers-file "$T/empty"
refused 'a device as list' '/dev/null: not a regular file; use - for standard input .--servers-file.' --servers-file /dev/null
refused '--every without a span' '--every: "h": not a number: .*; an option takes the next word' --every h
refused '--every 1ms' '--every: "1ms" is not between 1s and 36500d' --every 1ms h
refused '--keep 1s' '--keep: "1s" is not between 1h and 36500d' --keep 1s h
refused '--confirm 10ms' '--confirm: "10ms" is not between 1s and 365d' set --confirm 10ms h
refused '--step-above -1' '--step-above: "-1": not a number: .* without a sign' set --step-above -1 h
refused '--refuse-above of nothing' '--refuse-above: "": empty: a span is' set --refuse-above '' h
refused '--splay 2years' '--splay: "2years": unknown unit: known are ns, us, ms, s, min' set --splay 2years h
refused '--boot=yes' 'option --boot takes no value: give it without "="' set --boot=yes h
refused '--no-dry-run' 'unknown option "--no-dry-run"; leave --dry-run out instead' set --no-dry-run h
refused '--step and --slew: which to give' '--slew contradicts --step: give one of them' set --step --slew h
refused '--state-dir of nothing' '--state-dir: "" is empty: DIR must be given' --state-dir '' h
refused '--log-to of nothing' '--log-to: "" is empty: FILE must be given' --log-to= h
refused '--format JSON' '--format: "JSON" is not one of table.json.csv.ntpdate' --format JSON h
refused '--json and --json-lines' '--json-lines contradicts --json' --json --json-lines h
refused '--since yesterday' '--since: "yesterday" is neither a span .7d., a date' history --since yesterday
refused '--last 0' '--last: "0" is not a number from 1 to' history --last 0
refused '--verb trace' '--verb: "trace" is not one of set, query, check and dry' history --verb trace
refused 'config of nothing known' 'there is no command "frob"; try' config frob
refused 'config of trace' 'the command "trace" reads no configuration file' config trace

refused 'empty server' 'server "": ' ''
refused 'blank server' 'server " ": ' ' '
refused 'unknown scheme' 'server "http://h": unknown scheme' http://h
refused 'a slip in a scheme' 'unknown scheme: .*; did you mean ntp://' ntps://h
refused 'a scheme without slashes' 'server "ntp:h": the port is not .*; did you mean ntp://' ntp:h
refused 'an address out of range' 'server "300.1.2.3": not an IPv4 address: four numbers from 0 to 255' 300.1.2.3
refused 'half an address' 'server "192.0.2": not an IPv4 address' 192.0.2
refused 'a port alone' 'server "11123": a host name does not end in a number; a port follows a colon' 11123
refused 'an address with a prefix length' 'server "192.0.2.0/24": a server has no path' 192.0.2.0/24
refused 'a list with commas' 'server "a,b": one word is one server' a,b
refused 'a malformed IPv6 address' 'server "fe80:::1": not an IPv6 address' fe80:::1
refused 'an interface behind a name' 'server "h%eth0": "%" belongs' h%eth0
refused 'nts without a host' 'server "nts://": no host' nts://
refused 'scheme without a host' 'server "ntp://": ' ntp://
refused 'port 0' 'server "h:0": ' h:0
refused 'port 65536' 'server "h:65536": ' h:65536
refused 'port of letters' 'server "h:ntp": ' h:ntp
refused 'port missing' 'server "h:": ' h:
refused 'negative port' 'server "h:-1": ' h:-1
refused 'port with a plus' 'server "h:.1": ' h:+1
refused 'port with a blank' 'server "h: 123": ' 'h: 123'
refused 'open bracket' 'server "\[::1": ' '[::1'
refused 'text after the bracket' 'server "\[::1\]x": ' '[::1]x'
refused 'empty brackets' 'server "\[\]": ' '[]'
refused 'a name in brackets' 'server "\[name\]": ' '[name]'
refused 'host that looks like an option' 'server "-x": ' -- -x
refused 'host with a slash' 'server "a/b": ' a/b
refused 'host with an escape sequence' 'server "a.x1b\[2Jb": ' "a$(printf '\033')[2Jb"
refused 'host with a line feed' 'server "a.x0ab": ' 'a
b'
refused 'host that is not ASCII' 'server "z.xc3.xbcrich.example": ' 'zürich.example'
refused 'a label of 64 octets' "server \"$long.example\": " "$long.example"
refused 'one bad server among good ones' 'server "h:0": ' localhost h:0 localhost
refused 'a bad server for set' 'server "h:0": ' set h:0
finish
