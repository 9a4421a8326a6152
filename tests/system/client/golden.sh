#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Output that depends only on a program's input, against tests/data/golden.
# GOLDEN_WRITE=1 writes those files anew; read the difference.
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"
cd "$R" || exit 1

golden() { # NAME COMMAND...: stdout and stderr, and the exit status
	golden_name=$1
	shift
	run "$@"
	{
		cat "$out"
		sed 's/^/stderr: /' "$err"
		echo "exit $status"
	} >"$T/seen"
	if [ -n "${GOLDEN_WRITE:-}" ]; then
		cp "$T/seen" "tests/data/golden/$golden_name.txt"
	fi
	check "$golden_name" diff -u "tests/data/golden/$golden_name.txt" "$T/seen"
	check "$golden_name fits 80 columns" awk '!/^([{]|stderr: )/ && length > 80 { exit 1 }' "$T/seen"
}

data=tests/data
golden trace-kiss "$REQTIME" trace -r $data/ntpsec-1.2.2-kiss.pcap
golden trace-versions "$REQTIME" trace -p 11123 -r $data/chronyd-4.3-versions.pcap
golden trace-explain "$REQTIME" trace -p 11123 --explain -r $data/chronyd-4.3-plain.pcap
golden trace-json "$REQTIME" trace -p 11123 --json --all -r $data/chronyd-4.3-keyed.pcap
golden trace-no-capture "$REQTIME" trace -r tests/data/golden/slew.txt
# The default path of the configuration file depends on the build.
for verb in '' query set check status skew; do
	# shellcheck disable=SC2086 # no word for the program's own
	run "$REQTIME" $verb --help
	sed 's|(/[^ ]*/reqtime\.conf)|(/etc/reqtime/reqtime.conf)|' "$out" >"$T/help"
	golden "help${verb:+-$verb}" cat "$T/help"
done
printf 'server = ntp1.example\nserver = ntp2.example\n[set]\n  step-above = 1.5s\n' >"$T/conf"
chmod 644 "$T/conf"
# Only the settings that were given: new options do not change the file.
run "$REQTIME" config -f "$T/conf" set --slew -4
grep -v '; default$\|^# \|^$' "$out" | sed "s|$T/||" >"$T/said"
golden config-said cat "$T/said"
finish
