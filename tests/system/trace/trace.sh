#!/bin/sh
# SPDX-License-Identifier: MIT
#
# `reqtime trace`: recorded captures and one of its own compared with tshark, hostile files,
# and its messages without the right to capture.

# shellcheck disable=SC2016 # single quotes: for an inner shell

# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"
own_network
# shellcheck source=tests/tools/processes.sh
. "$(dirname "$0")/../../tools/processes.sh"
export HOME="$T" # tshark reads its preferences there, and fails where it may not

# octets NUMBER...: 32 bits each, little-endian
octets() {
	for number in "$@"; do
		printf '%b' "$(printf '\\0%03o\\0%03o\\0%03o\\0%03o' $((number & 255)) \
			$((number >> 8 & 255)) $((number >> 16 & 255)) $((number >> 24 & 255)))"
	done
}
# pcap_head LINK SNAPLEN: version 2.4, nanoseconds
pcap_head() {
	octets $((0xa1b23c4d)) $((4 << 16 | 2)) 0 0 "$2" "$1"
}

# From --json output: "FRAME ORIGIN TRANSMIT STRATUM" of each NTP packet.
our_ntp() {
	grep '"type":"frame"' "$1" | grep '"origin":' |
		sed 's/.*"frame":\([0-9]*\),.*"stratum":\([0-9]*\),.*"origin":"\([0-9a-f]*\)\.\([0-9a-f]*\)".*"transmit":"\([0-9a-f]*\)\.\([0-9a-f]*\)".*/\1 \3\4 \5\6 \2/'
}
# The same by tshark, whose PDML has the octets.
their_ntp() { # FILE FILTER PORT [PORT]
	tshark -r "$1" -Y "$2" -d "udp.port==$3,ntp" -d "udp.port==${4:-$3},ntp" -T pdml 2>/dev/null | awk '
		function value() { match($0, / value="[0-9a-f]*"/); return substr($0, RSTART + 8, RLENGTH - 9) }
		/<packet>/ { org = ""; xmt = ""; number = ""; stratum = "" }
		/name="num"/ { match($0, / show="[0-9]*"/); number = substr($0, RSTART + 7, RLENGTH - 8) }
		/name="ntp.org"/ { org = value() }
		/name="ntp.xmt"/ { xmt = value() }
		/name="ntp.stratum"/ { match($0, / show="[0-9]*"/); stratum = substr($0, RSTART + 7, RLENGTH - 8) }
		/<\/packet>/ && org != "" { print number, org, xmt, stratum }'
}
# "FRAME PROTOCOL SOURCE-PORT DESTINATION-PORT OCTETS" of every frame
our_frames() {
	grep '"type":"frame"' "$1" |
		sed 's/.*"frame":\([0-9]*\),.*"octets":\([0-9]*\),.*"transport":"\([a-z]*\)".*"source_port":\([0-9]*\),.*"destination_port":\([0-9]*\),.*/\1 \3 \4 \5 \2/'
}
their_frames() { # FILE FILTER
	tshark -r "$1" -Y "$2" -T fields -E separator=' ' -e frame.number -e udp.srcport -e udp.dstport \
		-e tcp.srcport -e tcp.dstport -e frame.len -e frame.protocols 2>/dev/null |
		sed 's/  */ /g' | awk '{ print $1, ($5 ~ /:tcp/ ? "tcp" : "udp"), $2, $3, $4 }'
}
same() { # NAME OURS THEIRS
	if [ -s "$2" ] && cmp -s "$2" "$3"; then
		ok "$1"
	else
		not_ok "$1" "$(diff "$2" "$3" | head -n 20)"
	fi
}
fits() {
	check "$1 fits 80 columns of ASCII" awk 'length > 80 || /[^ -~]/ { exit 1 }' "$out"
}

for file in "$R"/tests/data/*.pcap; do
	name=$(basename "$file" .pcap)
	run "$REQTIME" trace --read "$file" --port 11123
	expect "$name: read" 0 '^Frames: '
	check "$name: silently" test ! -s "$err"
	fits "$name"
	run "$REQTIME" trace -r "$file" -p 11123 --json --all
	if have tshark; then
		our_ntp "$out" >"$T/ours"
		their_ntp "$file" ntp 11123 >"$T/theirs"
		same "$name: number, origin, transmit and stratum as tshark has them" \
			"$T/ours" "$T/theirs"
		our_frames "$out" >"$T/ours"
		their_frames "$file" frame >"$T/theirs"
		same "$name: all frames, with tshark's numbers and ports" "$T/ours" "$T/theirs"
	else
		skip "$name: the same as tshark" "needs tshark"
	fi
	if have python3; then
		check "$name: each line is JSON" python3 -c 'import json, sys
for line in open(sys.argv[1]):
    assert json.loads(line)["type"] in ("frame", "exchange", "silence", "summary")' "$out"
	else
		skip "$name: each line is JSON" "needs python3"
	fi
done

data=$R/tests/data
run "$REQTIME" trace -r "$data/ntpsec-1.2.2-kiss.pcap"
expect 'a kiss is named' 0 'kiss RATE, leap 3, answers 3'
expect 'and it gives no offset' 0 'no offset; unusable: kiss code RATE: it wants'
run "$REQTIME" trace -r "$data/chronyd-4.3-versions.pcap" -p 11123
expect 'requests without an answer are named' 0 'NO ANSWER to 12: 127.0.0.1:[0-9]* asked 127.0.0.1:11123 \(ntp\)'
expect 'symmetric passive answers active' 0 'symmetric passive, stratum 1, answers 13'
run "$REQTIME" trace -r "$data/chronyd-4.3-versions.pcap"
expect 'on another port it is found by its cookies' 0 '^Packets assumed to be NTP: [1-9][0-9]*$'
run "$REQTIME" trace "$data/chronyd-4.3-versions.pcap" --json
check 'each line of it names what was assumed' test \
	"$(grep -c '"info":"NTPv.*, assumed to be NTP: the answer returns the request.s cookie.*"assumed":true' "$out")" \
	-eq "$(grep -c '"type":"frame"' "$out")"
check 'all exchanges are found' test "$(grep -c '"type":"exchange".*"assumed":true' "$out")" -eq 8
run "$REQTIME" trace -r "$data/chronyd-4.3-plain.pcap" -p 11123 --explain
expect '--explain draws' 0 '^   T1   o 2026-11-23T02:26:23\.135844973Z '
expect '--explain adds up' 0 'offset = .* = -0\.000113525 s$|offset = .* = -0\.00011352[0-9] s$'
fits '--explain'
expect '--explain concludes with the numbers' 0 \
	"^The client's clock is 113\.5 us ahead of the server's if the delay is the same$"
last=$(awk 'NF == 0 { text = ""; next } { text = text (text ? " " : "") $0 } END { print text }' "$out")
check '... in its last paragraph' test "${last%; otherwise up to * us more or less.}" != "$last"
run "$REQTIME" trace -r "$data/chronyd-4.3-nts.pcap"
expect 'NTS: TCP port 4460 is the key exchange, whose octets are encrypted' 0 \
	'TCP PSH ACK, stream of 1, 870 octets, TLS data, key exchange of NTS'
expect "... the request's fields are named, with the cookie that it spends" 0 \
	'NTPv4 client, request, unique identifier .32 octets., cookie .100.,'
expect "... the answer's, with the new cookie in it" 0 '.140; encrypted fields: 104., answers 20'
check '... and the key exchange is no request' test "$(grep -c '^Requests: 1, without an answer: 0' "$out")" -eq 1
run "$REQTIME" trace -r "$data/chronyd-4.3-nts.pcap" --json
expect 'NTS as JSON' 0 '"nts":{"unique_id_octets":32,"cookie_octets":100,"placeholders":0,"authenticator_octets":36,"encrypted_octets":0}'
run "$REQTIME" trace -r "$data/chronyd-4.3-nts.pcap" --explain
expect 'NTS explained: what is protected, and that the delay is not' 0 'Not protected is the delay'
run "$REQTIME" trace -r "$data/chronyd-4.3-nts.pcap" -p ntp:4460
expect 'a TCP port is no port of NTP' 0 'key exchange of NTS'
run "$REQTIME" trace -r "$data/chronyd-4.3-plain.pcap" -p 11123 --explain
expect '... and without NTS nothing is said of it' 0 "The client's clock"
check '... nothing' test "$(grep -c 'authenticator' "$out")" -eq 0
run "$REQTIME" trace -r "$data/chronyd-4.3-plain.pcap" -p 11123 --explain --exchange 2
expect '--exchange 2' 0 '^Exchange 2, '
run "$REQTIME" trace -r "$data/chronyd-4.3-plain.pcap" -p 11123 --explain --exchange 3
expect 'a missing exchange' 1 'no such exchange to explain: 2 seen'
run "$REQTIME" trace -r "$data/chronyd-4.3-plain.pcap" -p 11123 --count 2
expect '--count' 0 '^Frames: 2, '
run sh -c '"$1" trace -r - -p 11123 <"$2"' sh "$REQTIME" "$data/chronyd-4.3-plain.pcap"
expect 'from standard input' 0 'exchange 2 \(3, 4\)'
run sh -c '"$1" trace -r "$2" >/dev/full' sh "$REQTIME" "$data/chronyd-4.3-plain.pcap"
expect 'a full device is exit 6' 6 'cannot write to standard output'

# On a terminal of any width no line wraps.
if ! script -qec true /dev/null </dev/null >/dev/null 2>&1; then
	skip '--explain on a terminal' "script makes none here"
else
	for columns in 40 50 60 77 78 80 100 200; do
		script -qec "stty cols $columns; '$REQTIME' trace -e --color never '$data/chronyd-4.3-plain.pcap'" \
			/dev/null </dev/null 2>&1 | tr -d '\r' >"$T/screen"
		check "--explain on $columns columns: no line is longer" \
			env LC_ALL=C.UTF-8 awk -v most=$((columns < 80 ? columns : 80)) \
			'length > most { print; bad = 1 } /T4/ { drawn = 1 } END { exit bad || !drawn }' "$T/screen"
	done
fi

# --- a recorded exchange in other encapsulations
if have python3 && python3 "$R/tests/tools/captures.py" "$data/chronyd-4.3-plain.pcap" "$T/made"; then
	for name in pppoe pppoe-qinq mpls mpls-pseudowire gre gre-key-sequence gre-ethernet ipip 4in6 vxlan vxlan-ipv6 \
		geneve vxlan-gre-mpls ppp nflog; do
		run "$REQTIME" trace -p 11123 "$T/made/$name.pcap" --json
		check "$name: the exchange inside is found" grep -q \
			'"type":"exchange".*"offset_ns":-1135[0-9]*,.*"complaint":null' "$out"
	done
	run "$REQTIME" trace -p 11123 "$T/made/wires.pcap" --json
	if have tshark; then
		our_ntp "$out" >"$T/ours"
		their_ntp "$T/made/wires.pcap" ntp 11123 >"$T/theirs"
		same 'tunnels: number, origin, transmit and stratum as tshark has them' "$T/ours" "$T/theirs"
	else
		skip 'tunnels: the same as tshark' 'needs tshark'
	fi
	run "$REQTIME" trace "$T/made/vxlan-gre-mpls.pcap"
	expect 'tunnels are named' 0 'NTPv4 client, request, inside MPLS > GRE > VXLAN$'
	expect 'the line below shows the assumption' 0 "^ +assumed to be NTP: the answer returns the request's cookie$"

	run "$REQTIME" trace "$T/made/swapped.pcap" -p 11123
	expect 'an answer captured before its request is matched' 0 'captured AFTER its answer 1$'
	expect '... with its offset' 0 'exchange 1 \(2, 1\): offset -113\.5 us, delay 227\.0 us$'
	expect '... and no request without an answer' 0 '^Requests: 1, without an answer: 0$'
	run "$REQTIME" trace "$T/made/swapped.pcap"
	expect '... on an unknown port, too' 0 'exchange 1 \(2, 1\): offset -113\.5 us, delay 227\.0 us$'
	for row in 'back|the local clock was set' 'same|negative delay of -156\.1'; do
		run "$REQTIME" trace "$T/made/${row%%|*}.pcap"
		expect "${row%%|*}: a client would not use it, and it gives no offset" 0 \
			"exchange 1 \\(1, 2\\): no offset; unusable: ${row#*|}"
	done
	run "$REQTIME" trace "$T/made/back.pcap" --explain
	expect 'nothing to explain: the way out' 1 'no exchange with an offset to explain: 1 seen without; --exchange N draws one$'
	run "$REQTIME" trace "$T/made/back.pcap" --explain --exchange 1
	expect 'contradictory times are drawn' 0 '^No offset: these times contradict each other\.$'

	run "$REQTIME" trace "$T/made/cut.pcap" -p 11123
	expect 'a packet cut by the capture is not malformed' 0 \
		'NTPv4 client, cut short by the capture \(68 of 90 octets\)$'
	check 'nothing is called malformed' sh -c '! grep -q MALFORMED "$1"' sh "$out"
	expect 'the summary names the snap length that keeps packets whole' 0 '^Packets cut short by the capture: 2; a snap length of 2048'
	run "$REQTIME" trace "$T/made/cut-ip.pcap" -a
	expect 'cut before its ports' 0 'cut short by the capture \(30 of 90 octets\)$'
	run "$REQTIME" trace "$T/made/unread.pcap"
	expect 'frames that were not decoded are counted' 0 '^Not decoded: 6$'
	for words in '2  ARP \(EtherType 0x0806\)' '1  ESP, encrypted \(IP protocol 50\)' '1  IP fragment: .*' \
		'1  GRE with a source route' '1  WireGuard, encrypted \(UDP port 51820\)'; do
		expect "... by name: $words" 0 "^ +$words$"
	done
	run "$REQTIME" trace "$T/made/unread.pcap" --json
	expect '... and in JSON' 0 '"not_looked_into":\[\{"what":"ARP \(EtherType 0x0806\)","frames":2\},'

	run "$REQTIME" trace "$T/made/packed.pcap.gz"
	expect 'a compressed file: how to read it' 2 'packed.pcap.gz: compressed: "gzip -dc FILE . reqtime trace -r -" reads it$'
	run sh -c 'gzip -dc "$2" | "$1" trace -r -' sh "$REQTIME" "$T/made/packed.pcap.gz"
	expect '... and so it is read' 0 '^Frames: 4, '
else
	skip 'a recorded exchange in other encapsulations' 'needs python3'
fi

# A signal while nothing comes.
mkfifo "$T/pipe"
sleep 20 >"$T/pipe" &
lib_pids="$lib_pids $!"
"$REQTIME" trace -r "$T/pipe" >"$out" 2>"$err" &
tracer=$!
lib_pids="$lib_pids $tracer"
sleep 0.2
kill -TERM "$tracer"
status=0
wait "$tracer" || status=$?
expect 'SIGTERM before any packet' 143
check 'and no message' test ! -s "$err"

mkfifo "$T/unread"
run timeout 20 "$REQTIME" trace -r "$data/chronyd-4.3-plain.pcap" -w "$T/unread"
expect 'a FIFO without a reader is not waited for' 6 'no program has it open for reading'

# -w keeps all frames, with their nanoseconds.
cp "$data/chronyd-4.3-plain.pcap" "$T/in.pcap"
run "$REQTIME" trace -r "$T/in.pcap" -w "$T/kept.pcap"
expect '--write' 0
check 'the written file equals the one read' cmp "$T/in.pcap" "$T/kept.pcap"
run "$REQTIME" trace -r "$T/in.pcap" -w "$T/in.pcap"
expect 'a file cannot be read and written' 2 'is the input: it cannot be written as well'
check 'and is unchanged' cmp "$data/chronyd-4.3-plain.pcap" "$T/in.pcap"
run "$REQTIME" trace -r "$T/in.pcap" -w /dev/full
expect 'a full disk is reported' 6 'cannot write'

for words in '' '-i lo -r x' '-i lo x' '-r x y' 'x y' '-r x --exchange 1' '-r x --explain --json' '-r x -t 1s' \
	'-r x -p ftp:21' '-r x -p 0' '-r x -n 0' '-i lo -w -'; do
	# shellcheck disable=SC2086 # several words
	run "$REQTIME" trace $words
	expect "usage: trace $words" 2 '^reqtime: '
done
run "$REQTIME" trace -r "$T/absent"
expect 'no such file' 2 'cannot read .*/absent: No such file'
run "$REQTIME" trace "$T"
expect 'a folder' 2 'cannot read .*: Is a directory$'
run "$REQTIME" trace lo
expect 'an interface where a file belongs: the option is named' 2 \
	'cannot read lo: no such file; to listen on the interface: reqtime trace --interface lo$'
run "$REQTIME" trace /dev/fd/63
expect "a descriptor of the shell, as <(...) gives it: the way that works is named" 2 \
	'cannot read /dev/fd/63: only standard input is kept open: COMMAND . reqtime trace -r -$'
run "$REQTIME" trace "$data/chronyd-4.3-plain.pcap"
cp "$out" "$T/by-operand"
run "$REQTIME" trace -r "$data/chronyd-4.3-plain.pcap"
check 'trace FILE is trace -r FILE' cmp "$T/by-operand" "$out"
cp "$data/chronyd-4.3-plain.pcap" "$T/closed.pcap" && chmod 0 "$T/closed.pcap"
if [ "$(id -u)" = 0 ]; then
	run setpriv --reuid 65534 --regid 65534 --clear-groups "$REQTIME" trace "$T/closed.pcap"
	expect 'a file of others' 2 'cannot read .*closed.pcap: Permission denied$'
fi

# Hostile files: at most one line, and no crash.
hostile() { # NAME PATTERN [WORDS]: of $T/bad.pcap
	run "$REQTIME" trace -r "$T/bad.pcap" -a
	expect "hostile: $1" "$3" "$2"
	check "hostile: $1: at most one line on stderr" test "$(wc -l <"$err")" -le 1
}
: >"$T/bad.pcap"
hostile 'empty' '^reqtime: .*bad.pcap: the file is empty$' 2
head -c 4096 /dev/zero >"$T/bad.pcap"
hostile 'zeros' 'bad.pcap: unknown file format' 2
printf 'GIF89a, not a capture at all, however long it is' >"$T/bad.pcap"
hostile 'something else' 'bad.pcap: unknown file format' 2
head -c 30 "$T/in.pcap" >"$T/bad.pcap"
hostile 'broken off in a frame header' 'after frame 0: truncated' 6
head -c 100 "$T/in.pcap" >"$T/bad.pcap"
hostile 'broken off in a frame' 'after frame 0: truncated' 6
head -c 300 "$T/in.pcap" >"$T/bad.pcap"
hostile 'broken off later' 'after frame 2: truncated' 6
{ pcap_head 147 65535 && octets 1 0 4 4 0; } >"$T/bad.pcap"
hostile 'an unknown link type' 'bad.pcap: link type 147 .*not supported' 2
{ pcap_head 1 $((1 << 31)) && octets 1 0 4 4 0; } >"$T/bad.pcap"
hostile 'a snap length of 2^31' 'not decoded|Not decoded|not IP|malformed' 0
{ pcap_head 1 65535 && octets 1 0 $((0xffffffff)) 4 0; } >"$T/bad.pcap"
hostile 'a frame of 4 GiB' 'after frame 0: ' 6
{ pcap_head 1 65535 && octets 1 0 $((0x7fffffff)) $((0x7fffffff)) 0; } >"$T/bad.pcap"
hostile 'a frame of 2 GiB' 'after frame 0: ' 6
{ pcap_head 1 65535 && octets $((0xffffffff)) $((0xffffffff)) 4 1 0; } >"$T/bad.pcap"
hostile 'a time out of range, more captured than sent' 'malformed' 0
{ pcap_head 101 65535 && octets 1 0 0 0 && octets 2 0 0 9; } >"$T/bad.pcap"
hostile 'frames of nothing' '^Frames: 2, of time protocols: 0$' 0
{ pcap_head 101 65535 && octets 1 0 40 40 && printf 'E\0\377\377\0\0\0\0\100\021\0\0\177\0\0\1\177\0\0\1' &&
	head -c 20 /dev/zero; } >"$T/bad.pcap"
hostile 'a lying IP length' 'malformed' 0

# Without libpcap, which only trace needs.
pcap=$(PATH=$PATH:/sbin:/usr/sbin ldconfig -p | sed -n 's/.*libpcap\.so\.0\.8 .* => //p' | head -n 1)
# shellcheck disable=SC2317 # called by run
without_libpcap() {
	unshare -Urm sh -c 'mount --bind /dev/null "$0" && exec "$@"' "$pcap" "$REQTIME" "$@"
}
if [ -n "$pcap" ] && without_libpcap --version >/dev/null 2>"$T/why"; then
	run without_libpcap trace -r "$data/chronyd-4.3-plain.pcap"
	expect 'without libpcap there is no trace: exit 6' 6 'libpcap is not installed.*apt install'
	check 'in one line' test "$(wc -l <"$err")" -eq 1
	run without_libpcap trace -i lo
	expect 'nor a live one' 6 '^reqtime: libpcap is not installed'
else
	skip 'without libpcap' "it cannot be hidden here: $(head -n 1 "$T/why" 2>/dev/null)"
fi

# Exploits of the capture's parser: no other file, no socket, no program.
if ! filters; then
	skip 'an exploited trace' "$(cat "$T/why")"
elif [ ! -e "$R/build/tools/intruder.so" ]; then
	skip 'an exploited trace' 'no build/tools/intruder.so: run make tools'
else
	intrude() {
		run env INTRUDER_TRACE="$1" LD_PRELOAD="$R/build/tools/intruder.so" "$REQTIME" trace "$T/in.pcap"
	}
	intrude open
	check 'trace opens no other file than the capture' grep -q '^intruder: open: 13$' "$err"
	expect '... and goes on' 0 '^Frames: 4, '
	run env INTRUDER_UNFILTERED=1 INTRUDER_TRACE=open LD_PRELOAD="$R/build/tools/intruder.so" \
		"$REQTIME" trace "$T/in.pcap"
	if grep -q '^intruder: Landlock [1-9]' "$err"; then
		check '... by Landlock as well' grep -q '^intruder: open: 13$' "$err"
	else
		skip '... by Landlock as well' 'this kernel has no Landlock'
	fi
	for what in socket execve fork ptrace kill clock_settime; do
		intrude $what
		expect "$what when the capture is read: killed by SIGSYS" 159
	done
fi

# Without the right to capture.
if [ "$(id -u)" = 0 ] && setpriv --bounding-set=-net_raw true 2>/dev/null; then
	run setpriv --bounding-set=-net_raw --inh-caps=-all "$REQTIME" trace -i lo
	expect 'no right to capture: exit 4' 4 'CAP_NET_RAW is missing; as root, "setcap cap_net_raw=p /.*reqtime" grants it'
	check 'in one line' test "$(wc -l <"$err")" -eq 1
else
	skip 'no right to capture: exit 4' 'needs root to take it away'
fi

# Its own capture.
run "$REQTIME" trace -i nosuchthing0 -n 1
if [ "$status" -eq 4 ]; then
	skip 'a live capture' 'no right to capture here'
	finish
fi
expect 'no such interface' 2 'nosuchthing0: no such interface'
run "$REQTIME" trace -i lo -t 300ms
expect '--timeout ends it' 0 '^Frames: 0, '
expect 'it prints what it listens to, and how it ends' 0 \
	'^reqtime: listening on lo: ntp 123, reqtime 9191, time 37, daytime 13, nts-ke 4460 \(--port .*\); ends after 300 ms or with Ctrl-C$'
run "$REQTIME" trace -i lo -t 100ms --quiet
check '--quiet does not' test ! -s "$err"
if [ "$(id -u)" = 0 ] && have setcap && cp "$REQTIME" "$T/capable" &&
	setcap cap_net_raw=p "$T/capable" 2>/dev/null; then
	run setpriv --reuid 65534 --regid 65534 --clear-groups "$T/capable" trace -i lo -t 300ms
	expect 'cap_net_raw=p on the program is enough' 0 '^Frames: 0, '
	run setpriv --reuid 65534 --regid 65534 --clear-groups "$REQTIME" trace -r "$T/in.pcap"
	expect 'a file needs no right' 0 '^Frames: 4, '
else
	skip 'cap_net_raw=p on the program is enough' 'needs root and setcap'
fi
server --listen 127.0.0.1:0 --listen '[::1]:0' --text-listen 127.0.0.1:0 --time-listen 127.0.0.1:0 \
	--daytime-listen 127.0.0.1:0 --local-stratum 1 || finish
ntp=$(server_port ntp)
ntp6=$(sed -n 's/^reqtimed: ntp \[::1\]:\([0-9]*\)$/\1/p' "$server_log")
text=$(server_port reqtime)
text_tcp=$(server_port reqtime+tcp)
time=$(server_port time)
time_tcp=$(server_port time+tcp)
daytime=$(server_port daytime)
daytime_tcp=$(server_port daytime+tcp)
ports="-p $ntp -p $ntp6 -p reqtime:$text -p reqtime:$text_tcp -p time:$time -p time:$time_tcp
	-p daytime:$daytime -p daytime:$daytime_tcp"

other=
if have tcpdump; then
	background tcpdump -Z root -B 4096 -s 2048 --immediate-mode -i lo -U -w "$T/other.pcap" --time-stamp-precision=nano
	other=$background_pid
fi
# shellcheck disable=SC2086
"$REQTIME" trace -i lo -w "$T/own.pcap" $ports >"$T/live" 2>"$T/live.err" </dev/null &
tracer=$!
lib_pids="$lib_pids $tracer"
# shellcheck disable=SC2317 # called by wait_for
captures() {
	"$REQTIME" -n 1 -t 300ms "127.0.0.1:$ntp"
	[ -s "$T/live" ] && { [ -z "$other" ] || [ "$(wc -c <"$T/other.pcap")" -gt 24 ]; }
}
if ! wait_for 5 captures; then
	not_ok 'a live capture' "$(cat "$T/live.err")"
	finish
fi
dropped=$(sed -n 's/^CapEff:[[:space:]]*//p' "/proc/$tracer/status")
check 'every capability is given up' test "$dropped" = 0000000000000000
if filters; then
	check 'a live capture is in the sandbox' test "$(status_of "$tracer" Seccomp)" = 2
else
	skip 'a live capture is in the sandbox' "$(cat "$T/why")"
fi
run "$REQTIME" -n 2 --all "127.0.0.1:$ntp" "[::1]:$ntp6" "reqtime://127.0.0.1:$text" \
	"reqtime+tcp://127.0.0.1:$text_tcp" "time://127.0.0.1:$time" "time+tcp://127.0.0.1:$time_tcp" \
	"daytime://127.0.0.1:$daytime" "daytime+tcp://127.0.0.1:$daytime_tcp"
run "$REQTIME" -n 1 -t 300ms 127.0.0.1 # no listener
sleep 0.3
kill -INT "$tracer"
status=0
wait "$tracer" || status=$?
cp "$T/live" "$out"
cp "$T/live.err" "$err"
expect 'SIGINT ends it with a summary' 0 '^Offsets are server - capture'
fits 'the live capture'
for protocol in 'NTPv4 server, stratum 1, answers' 'reqtime answer "2' 'ACK, stream of [0-9]*, 31 octets, reqtime' \
	' time answer 2.*, answers' 'TCP .*4 octets, time answer' 'daytime answer "[A-Z][a-z]*day' 'octets, daytime' \
	'\[::1\]:[0-9]* > \[::1\]' 'NO ANSWER to [0-9]*: 127.0.0.1:[0-9]* asked 127.0.0.1:123 \(ntp\)'; do
	# A long line is continued on the next.
	check "live: $protocol" sh -c 'tr "\n" " " <"$1" | sed "s/  */ /g" | grep -Eq -e "$2"' sh "$out" "$protocol"
done
# All ports, live: NTP is found where no option has named it.
"$REQTIME" trace -i lo --all >"$T/all" 2>"$T/all.err" </dev/null &
tracer=$!
lib_pids="$lib_pids $tracer"
# shellcheck disable=SC2317 # called by wait_for
finds() {
	"$REQTIME" -n 1 -t 300ms "127.0.0.1:$ntp"
	grep -q "^ *assumed to be NTP: the answer returns the request's cookie$" "$T/all"
}
check 'live: --all finds NTP on any port' wait_for 5 finds
check '... and reports that it takes all' grep -q 'listening on lo: all frames; ends with Ctrl-C$' "$T/all.err"
kill -INT "$tracer"
wait "$tracer" 2>/dev/null

# Client and server share one clock: the true offset is 0.  A server adds the usual transmit latency to T3,
# so the delay may come out below 0 by that much: then there is no offset.
# shellcheck disable=SC2086
run "$REQTIME" trace -r "$T/own.pcap" --json $ports
wrong=$(grep '"type":"exchange","exchange":[0-9]*,"protocol":"\(ntp\|reqtime\)"' "$out" |
	sed 's/.*"offset_ns":\([-0-9]*\),"delay_ns":\([-0-9]*\),.*/\1 \2/' |
	awk '!/^{/ { n++; if (2 * ($1 < 0 ? -$1 : $1) > $2 + 200000) print } END { if (n < 4) print "only " n }')
check 'each offset lies within half its delay' test -z "$wrong"
# shellcheck disable=SC2086
run "$REQTIME" trace -r "$T/own.pcap" $ports
check 'the file gives the same output as the capture' cmp "$T/live" "$out"
if [ -n "$other" ]; then
	kill -INT "$other"
	wait "$other" 2>/dev/null
fi
if ! have tshark; then
	skip 'live: the same as tshark' 'needs tshark'
	finish
fi
for file in own other; do
	if [ ! -s "$T/$file.pcap" ]; then
		skip "$file: the same as tshark" 'needs tcpdump'
		continue
	fi
	# shellcheck disable=SC2086
	run "$REQTIME" trace -r "$T/$file.pcap" --json $ports
	# A packet quoted by ICMP is not one of these ports.
	filter="!icmp && !icmpv6"
	our_frames "$out" >"$T/ours"
	their_frames "$T/$file.pcap" "$filter" >"$T/theirs"
	same "$file: numbers, ports and octets as tshark has them" "$T/ours" "$T/theirs"
	our_ntp "$out" >"$T/ours"
	their_ntp "$T/$file.pcap" "ntp && $filter" "$ntp" "$ntp6" >"$T/theirs"
	same "$file: number, origin, transmit and stratum as tshark has them" "$T/ours" "$T/theirs"
	# Which segment carries the octets of an answer.
	grep '"type":"frame"' "$out" | grep '"protocol":"reqtime"' | grep '"transport":"tcp"' |
		grep '"role":"answer"' | sed 's/.*"frame":\([0-9]*\),.*/\1/' >"$T/ours"
	tshark -r "$T/$file.pcap" -Y "tcp.srcport == $text_tcp && tcp.len == 31" -T fields -e frame.number \
		2>/dev/null >"$T/theirs"
	same "$file: the frames that carry the answers over TCP" "$T/ours" "$T/theirs"
done
finish
