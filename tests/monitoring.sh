#!/bin/sh
# SPDX-License-Identifier: MIT
#
# packaging/icinga2, zabbix and node-problem-detector: each is run, with the programs that will run it
# where they can be had, and gives what reqtime measures.
# shellcheck disable=SC2154 # what adversary.sh sets
. "$(dirname "$0")/tools/lib.sh"
own_network "$@"
# shellcheck source-path=SCRIPTDIR
. "$R/tests/tools/adversary.sh"
peers=$R/build/peers
libraries=$(echo "$peers"/usr/lib/*-linux-gnu)

adversary 127.0.0.1 good 127.0.0.2 good 127.0.0.3 shift=7000 127.0.0.4 shift=3000
# @bindir@ is a folder with a reqtime in it, as `make install` does it.
mkdir "$T/bin" "$T/fake" "$T/share"
cp -r "$R/packaging/node-problem-detector" "$R/packaging/icinga2" "$R/packaging/zabbix" "$T/share"
sed -i "s|@bindir@|$T/bin|; s|@sharedir@|$T/share|" "$T"/share/*/*
set_reqtime() { # the script on stdin
	cat >"$T/bin/reqtime"
	chmod 755 "$T/bin/reqtime"
}
real() { # SERVER...: reqtime with these servers in its configuration file
	for one in "$@"; do
		echo "server = $one"
	done >"$T/conf"
	set_reqtime <<-END
		#!/bin/sh
		verb=\$1
		shift
		exec $REQTIME \$verb --config $T/conf --state-dir /dev/null "\$@"
	END
}

# ---- Icinga 2 ----

conf=$T/share/icinga2/reqtime.conf
options=$("$REQTIME" check --help | grep -o '^ .\{1,6\}--[a-z0-9-]*' | sed 's/.*--//' | grep -vx 'help\|version')
check "the help has options" test "$(echo "$options" | wc -l)" -gt 25
for option in $options; do
	variable=reqtime_$(echo "$option" | tr - _)
	check "icinga2: --$option" sh -c "sed -n '/\"--$option\" = /,/}\$\|\"\$/p' '$conf' | grep -q '\\\$$variable\\\$'"
done
nothing "icinga2: no option that reqtime check has not" \
	"$(grep -o '"--[a-z0-9-]*"' "$conf" | tr -d '"' | sed 's/^--//' | sort -u | grep -vxF "$options")"
sed '/"--liars"/d' "$conf" >"$T/forgotten"
check "... one that is forgotten would be seen" sh -c "! grep -q 'reqtime_liars' '$T/forgotten'"

# icinga WORD...: the unpacked program, as this user, below $T; exec, so that its pid is the one to end
mkdir -p "$T/icinga/icinga2"
cat >"$T/icinga.sh" <<END
LD_LIBRARY_PATH=$libraries ICINGA2_USER=$(id -un) ICINGA2_GROUP=$(id -gn) \
	exec "$peers/usr/lib/${libraries##*/}/icinga2/sbin/icinga2" "\$@" --include "$peers/usr/share/icinga2/include" \
	-D DataDir="$T/icinga" -D CacheDir="$T/icinga" -D LogDir="$T/icinga" -D SpoolDir="$T/icinga" \
	-D InitRunDir="$T/icinga"
END
# All of the options set, and none.
{
	printf 'include <itl>\nlibrary "checker"\nobject CheckerComponent "checker" { }\ninclude "%s"\n' "$conf"
	printf 'object Host "h" { check_command = "dummy" }\n'
	printf 'object Service "none" {\n host_name = "h"\n check_command = "reqtime"\n check_interval = 1s\n}\n'
	printf 'object Service "all" {\n host_name = "h"\n check_command = "reqtime"\n check_interval = 1s\n'
	for option in $options; do
		case $option in
		server) value='[ "a", "b" ]' ;;
		verbose) value=3 ;;
		*)
			value='"of-'$option'"'
			if grep -A 1 -- "\"--$option\"" "$conf" | grep -q set_if; then
				value=true
			fi
			;;
		esac
		printf ' vars.reqtime_%s = %s\n' "$(echo "$option" | tr - _)" "$value"
	done
	printf '}\n'
} >"$T/icinga2.conf"
# A stand-in that keeps its arguments.
set_reqtime <<-END
	#!/bin/sh
	echo "\$@" >>$T/icinga/arguments
	echo 'REQTIME OK: fake|offset=0s'
END
wanted() { # what the service `all` runs
	printf check
	for option in $options; do
		case $option in
		server) printf ' --server a --server b' ;;
		verbose) printf ' --verbose --verbose --verbose' ;;
		*)
			printf ' --%s' "$option"
			grep -q "reqtime_$(echo "$option" | tr - _) = true" "$T/icinga2.conf" || printf ' of-%s' "$option"
			;;
		esac
	done
}
# The order of arguments is Icinga's own.
sorted() {
	sed 's/ --/\n--/g' | sort
}
have_both() {
	[ "$(sort -u "$T/icinga/arguments" 2>/dev/null | wc -l)" -ge 2 ]
}
if [ -x "$peers/usr/lib/${libraries##*/}/icinga2/sbin/icinga2" ]; then
	run sh "$T/icinga.sh" daemon -C -c "$T/icinga2.conf"
	expect "icinga2 daemon -C takes it" 0 'Finished validating'
	sed 's/"--liars" =/"--liars"/' "$conf" >"$T/broken"
	sed "s|$conf|$T/broken|" "$T/icinga2.conf" >"$T/broken.conf"
	run sh "$T/icinga.sh" daemon -C -c "$T/broken.conf"
	check "... and not a broken one" test "$status" -ne 0
	background sh "$T/icinga.sh" daemon -c "$T/icinga2.conf" >"$T/icinga.log" 2>&1
	if wait_for 30 have_both; then
		ok "icinga2 runs both services"
	else
		not_ok "icinga2 runs both services" "$(tail -n 20 "$T/icinga.log" "$T/icinga/arguments")"
	fi
	kill "$background_pid"
	wait "$background_pid"
	check "... without variables: no option" grep -qx check "$T/icinga/arguments"
	check "... with all of them: each option, and its value" test \
		"$(grep -v -x check "$T/icinga/arguments" | head -n 1 | sorted)" = "$(wanted | sorted)"
else
	skip "icinga2 daemon -C takes it" "no icinga2 below build/peers (packaging/deps test)"
fi

# ---- node-problem-detector ----

npd=$T/share/node-problem-detector/reqtime-npd
while read -r problem exit_status verdict; do
	set_reqtime <<-END
		#!/bin/sh
		echo "REQTIME STATE: \$*, a line|offset=0.1s"
		echo "and another"
		exit $exit_status
	END
	run "$npd" "$problem" --critical 1s
	expect "npd: $problem, reqtime check exits with $exit_status" "$verdict"
	check "... its output is the line without performance data" test "$(cat "$out")" = \
		"REQTIME STATE: check --critical 1s, a line"
done <<END
off 0 0
off 1 0
off 2 1
off 3 2
off 127 2
silent 0 0
silent 1 0
silent 2 0
silent 3 1
silent 127 2
neither 0 2
END
rm "$T/bin/reqtime"
run "$npd" off
expect "npd: no reqtime: unknown" 2
run "$npd"
expect "npd: no arguments: unknown" 2

# rules FILE: CONDITION, a tab, and the command of each rule; checked as node-problem-detector does
cat >"$T/rules.py" <<'END'
import json, os, re, sys
c = json.load(open(sys.argv[1]))
def s(t):
    return float(re.fullmatch("([0-9]+)s", t).group(1))
assert c["plugin"] == "custom" and c["source"]
assert re.fullmatch("[0-9]+[sm]", c["pluginConfig"]["invoke_interval"])
for r in c["rules"]:
    assert r["type"] == "permanent" and r["reason"]
    assert r["condition"] in [d["type"] for d in c["conditions"]], r
    assert r["reason"] not in [d["reason"] for d in c["conditions"]], r
    assert s(r["timeout"]) <= s(c["pluginConfig"]["timeout"]), r
    assert os.access(r["path"], os.X_OK), r
    print(r["condition"], " ".join([r["path"]] + r["args"]))
END
if have python3; then
	run python3 "$T/rules.py" "$T/share/node-problem-detector/reqtime-monitor.json"
	expect "npd: the configuration" 0 '^TimeServerProblem '
	cp "$out" "$T/rules"
	check "npd: a rule for each condition" test "$(wc -l <"$T/rules")" -eq 2
	while read -r servers clock server; do
		case $servers in
		right) real "$(at 1)" ;;
		off) real "$(at 4)" ;;
		silent) real 127.0.0.9:9 ;;
		esac
		while read -r condition command; do
			# shellcheck disable=SC2086 # words
			run $command
			case $condition in
			ClockProblem) expect "npd: $servers: $condition" "$clock" ;;
			*) expect "npd: $servers: $condition" "$server" '^REQTIME [A-Z]*: ' ;;
			esac
		done <"$T/rules"
	done <<-END
		right 0 0
		off 1 0
		silent 2 1
	END
else
	skip "npd: the configuration" "needs python3"
fi
skip "npd: the program itself takes the configuration" "node-problem-detector is no package of Debian"

# ---- Zabbix ----

zabbix=$T/share/zabbix
agent=$peers/usr/sbin/zabbix_agentd
if python3 -c 'import yaml' 2>/dev/null; then
	nothing "zabbix: the template is well formed" "$(python3 "$R/tests/tools/zabbix.py" "$zabbix/reqtime.yaml" form 2>&1)"
	sed '0,/key: reqtime.delay/s//key: reqtime.bound/; s/REQTIME.NODATA}$/OTHER}/' "$zabbix/reqtime.yaml" |
		sed 's/reqtime.state)=2/reqtime.other)=2/' >"$T/broken.yaml"
	check "... what is broken would be seen" test "$(python3 "$R/tests/tools/zabbix.py" "$T/broken.yaml" form | wc -l)" -ge 2
	has_yaml=1
else
	skip "zabbix: the template is well formed" "needs python3-yaml"
	has_yaml=
fi
# master: what the agent gives for the template's key: the agent itself, or else its command
# shellcheck disable=SC2016 # parameters of Zabbix
command=$(sed -n 's/^UserParameter=reqtime.check\[\*\],//p' "$zabbix/reqtime.conf" | sed 's/\$1/50ms/; s/\$2/1s/')
check "zabbix: a command" test -n "$command"
master() {
	if [ -x "$agent" ]; then
		printf 'Server=127.0.0.1\nInclude=%s\n' "$zabbix/reqtime.conf" >"$T/agent.conf"
		LD_LIBRARY_PATH=$libraries "$agent" -c "$T/agent.conf" -t 'reqtime.check[50ms,1s]' |
			sed 's/^[^|]*\[t|//; $s/\]$//'
	else
		sh -c "$command"
	fi
}
[ -x "$agent" ] || skip "zabbix: the agent runs it" "no zabbix_agentd below build/peers (packaging/deps test)"
# values: -> $T/values, of all items
values() {
	master >"$T/master" 2>/dev/null
	python3 "$R/tests/tools/zabbix.py" "$zabbix/reqtime.yaml" values <"$T/master" >"$T/values" 2>&1
}
value() {
	sed -n "s/^reqtime\.$1	//p" "$T/values"
}
if [ -n "$has_yaml" ]; then
	real "$(at 1)" "$(at 2)" "$(at 3)"
	echo "all = yes" >>"$T/conf"
	values
	check "zabbix: every item has a value" test "$(wc -l <"$T/values")" -eq 12 -a \
		"$(grep -c 'discarded\|unsupported' "$T/values")" -eq 0
	check "zabbix: OK" test "$(value state):$(value status):$(value leap):$(value authenticated)" = 0:ok:0:0
	check "zabbix: offset within its bound, in seconds" sh -c "echo '$(value offset) $(value bound)' |
		awk 'NF == 2 && \$2 > 0 && \$2 < 0.1 && \$1 <= \$2 && -\$1 <= \$2 { good = 1 } END { exit !good }'"
	check "zabbix: servers, and who is wrong" test \
		"$(value agreeing):$(value falsetickers):$(value falsetickers.names)" = '2:1:["127.0.0.3"]'
	check "zabbix: the version" test "$(value version)" = "$("$REQTIME" --version | awk '{ print $2; exit }')"
	real "$(at 4)"
	values
	check "zabbix: a clock that is off: CRITICAL" test "$(value state):$(value status)" = 2:ok
	check "zabbix: ... by 3 s" sh -c "echo '$(value offset)' | grep -q '^2\.99\|^3\.0'"
	real 127.0.0.9:9
	values
	check "zabbix: no answer: UNKNOWN, offset and bound discarded" test \
		"$(value state):$(value status):$(value offset):$(value bound):$(value leap)" = 3:no-answer:discarded:discarded:discarded
	check "zabbix: ... no server agrees, none is wrong" test \
		"$(value agreeing):$(value falsetickers):$(value falsetickers.names)" = '0:0:[]'
	: >"$T/conf"
	values
	check "zabbix: no JSON, as without servers: UNKNOWN" test "$(value state):$(value status)" = 3:discarded
	nothing "zabbix: nothing is ever unsupported" "$(grep unsupported "$T/values")"
else
	skip "zabbix: values" "needs python3-yaml"
fi
finish
