#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What is wrong on the command line gives one clear line on stderr that names it, nothing on
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
refused '--samples 17' '--samples: "17" is not a number from 1 to 16' -n17 localhost
refused '--pool 33' '--pool: "33" is not a number from 1 to 32' --pool 33 localhost
refused '--timeout 2h' '--timeout: "2h" is not a span from 1 ms to' -t 2h localhost
refused '-4 and -6' '--ipv6 contradicts --ipv4' -4 -6 localhost
refused '--step and --slew' '--slew contradicts --step' set --step --slew localhost

refused 'empty server' 'server "": ' ''
refused 'blank server' 'server " ": ' ' '
refused 'unknown scheme' 'server "http://h": unknown scheme' http://h
refused 'scheme nts' 'server "nts://h": ' nts://h
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
