#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Side by side: the output of check_ntp_time of the Monitoring Plugins and that of `reqtime check`,
# for the same servers and limits (-w 0.2 -c 0.5).  The table is for people; ours is asserted.
# shellcheck disable=SC2154 # what lib.sh sets
. "$(dirname "$0")/../tools/lib.sh"
own_network "$@"
# shellcheck source-path=SCRIPTDIR
. "$R/tests/tools/adversary.sh"

theirs=$R/build/peers/usr/lib/nagios/plugins/check_ntp_time
[ -x "$theirs" ] || skip_all "no check_ntp_time below build/peers (packaging/deps test)"
states="OK WARNING CRITICAL UNKNOWN"
state() {
	echo "$states" | cut -d ' ' -f $(($1 + 1))
}
# words FILE: its first line without performance data
words() {
	head -n 1 "$1" | sed 's/|.*//; s/^NTP [A-Z]*: //; s/^REQTIME [A-Z]*: //' | cut -c 1-150
}
patience=1
# compare CASE STATUS WORDS HOST: ours exits with STATUS, with WORDS in its line
compare() {
	run "$theirs" -H "$4" -w 0.2 -c 0.5 -t 3
	their_state=$(state "$status" 2>/dev/null)
	their_words=$(words "$out")
	run "$REQTIME" check -H "$4" -w 0.2 -c 0.5 -t "$patience"
	printf '# %s\n#   check_ntp_time  %-8s %s\n#   reqtime check   %-8s %s\n' "$1" \
		"${their_state:-exit $status}" "$their_words" "$(state "$status")" "$(words "$out")"
	if [ "$status" -eq "$2" ] && head -n 1 "$out" | grep -Eq "$3" && ! grep -iq 'nan' "$out"; then
		ok "$1: $(state "$2")"
	else
		not_ok "$1: $(state "$2")" "exit $status: $(cat "$out" "$err")"
	fi
}

# Documentation addresses: reqtime rejects a name that leads to loopback.
for n in 1 2 3 4 5 6 7 8 9 10; do
	ip addr add 192.0.2.$n/32 dev lo
done
adversary 192.0.2.1:123 good 192.0.2.2:123 silent 192.0.2.3:123 leap=3 192.0.2.4:123 stratum=16 \
	192.0.2.5:123 'stratum=0 refid=44454e59' 192.0.2.6:123 'shift=5000 stratum=1' \
	192.0.2.7:123 good 192.0.2.8:123 wait=1500 192.0.2.9:123 'shift=5000 origin=random'
compare "a healthy server" 0 'offset ' 192.0.2.1
compare "a dead server, its port is closed" 3 'no trusted time: .*Connection refused' 192.0.2.10
compare "a silent server" 3 'no trusted time' 192.0.2.2
compare "a server that is not synchronised" 3 'no trusted time: .*not synchronised' 192.0.2.3
compare "one of stratum 16" 3 'no trusted time' 192.0.2.4
compare "a server that sends DENY" 3 'no trusted time: .*DENY' 192.0.2.5
compare "a server that lies by 5 s, alone" 2 'offset \+' 192.0.2.6
patience=3
compare "the right time, with a delay of 1.5 s" 1 inconclusive 192.0.2.8
patience=1
compare "replies to requests never sent, 5 s off" 3 'no trusted time' 192.0.2.9
if [ "$(id -u)" = 0 ] && [ -z "${LIB_MOUNTS:-}" ]; then
	printf '192.0.2.6 three\n192.0.2.1 three\n192.0.2.7 three\n' >"$T/hosts"
	in_mounts="unshare -m sh -c 'mount --bind \"\$1\" /etc/hosts && shift && exec \"\$@\"' - $T/hosts"
	for program in theirs REQTIME; do
		eval "wrapped=\$$program"
		printf '#!/bin/sh\nexec %s "%s" "$@"\n' "$in_mounts" "$wrapped" >"$T/$program"
		chmod 755 "$T/$program"
	done
	theirs=$T/theirs REQTIME=$T/REQTIME
	compare "one of three lies, with the best stratum" 0 'falseticker: three \(192\.0\.2\.6\)' three
else
	skip "one of three lies, with the best stratum: OK" "needs root"
fi
finish
