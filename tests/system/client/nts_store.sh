#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Keys of NTS between runs: taken by one run, put back at its end, and no cookie is sent twice, whatever
# ends a run.  Rows NS of tests/faults.md.

# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"
own_network
# Names must not lead to loopback.
ip addr add 192.0.2.1/32 dev lo
ip addr add 192.0.2.2/32 dev lo
# shellcheck source=tests/tools/nts.sh
. "$R/tests/tools/nts.sh"
tool kill_keys

nts_begin
S=$T/state
keys=$S/nts.keys

# Empties the state directory.
fresh() {
	rm -rf "$S"
	mkdir "$S"
	chmod 755 "$S"
}
# query ARGUMENT...: measures by the server that runs, or by $source
query() {
	# shellcheck disable=SC2086 # $later is a command with arguments
	run $later "$program" query --json --nts-ca "$ca" --state-dir "$S" -t "${patience:-5s}" "$@" \
		"${source:-$(nts_source)}"
}
program=$REQTIME
ca=$nts_ca
later=
source=

exchanges() {
	nts_logged '^ke-begin'
}
# Sets exchanges_why when the server has not been asked for keys that often.
exchanged() {
	exchanges_why=
	[ "$(exchanges)" -eq "$1" ] || exchanges_why=", $(exchanges) key exchanges, not $1"
}
# good NAME EXCHANGES: the last run has a time; the server has been asked for keys that often
good() {
	exchanged "$2"
	nts_good "$1" "$exchanges_why"
}
# bad NAME EXCHANGES REASON: ... has none, for that reason
bad() {
	exchanged "$2"
	nts_bad "$1" "$3" "$exchanges_why"
}
says() {
	grep -Fq -e "$1" "$err"
}
silent() {
	[ ! -s "$err" ]
}
mode_of() {
	stat -c %a "$keys"
}

# ---- from run to run ----

fresh
nts_start
query
good "the first run exchanges keys" 1
check "... and keeps them, not readable by others" test "$(mode_of)" = 600
query
good "the second does not" 1
check "... which its report says" test "$(json key_exchange_ns)" = null
check "... and has as many cookies as ever" test "$(json cookies_left)" = 8
for _ in 1 2 3 4 5 6 7 8 9 10; do
	query
done
good "... nor does the twelfth" 1
check "... and no run asks twice for what it has" test "$(nts_logged '^ntp .* placeholders=0 ')" -eq "$(nts_logged '^ntp ')"
run "$REQTIME" check --nts-ca "$ca" --state-dir "$S" "$(nts_source)"
expect "check has an answer" 0
run "$REQTIME" set --dry-run --json --nts-ca "$ca" --state-dir "$S" "$(nts_source)"
expect "set --dry-run has one" 0
query
good "query, check and set --dry-run share the keys" 1

# The program that speaks TLS notes each of its starts.
mkdir "$T/bin"
cp "$REQTIME" "$T/bin/reqtime"
cp "$BUILD/reqtime-nts" "$T/bin/speaks"
printf '#!/bin/sh\necho started >>%s\nexec %s "$@"\n' "$T/started" "$T/bin/speaks" >"$T/bin/reqtime-nts"
chmod 755 "$T/bin/reqtime-nts"
: >"$T/started"
chmod 666 "$T/started"
program=$T/bin/reqtime
query
good "a run with keys" 1
check "... does not even start reqtime-nts" test ! -s "$T/started"
rm -f "$keys"
query
good "a run without" 2
check "... starts it once" test "$(wc -l <"$T/started")" -eq 1
program=$REQTIME

# ---- whose keys are used ----

cp "$nts_ca" "$T/other.crt"
ca=$T/other.crt
query
good "the same authority in another file: other keys" 3
query
good "... which are kept beside the first" 3
ca=$nts_ca
query
good "... and the first are still there" 3
ca=$nts_certificates/other.crt
query
bad "another authority: the keys got by the first do not help" 4 'authority that is not trusted'
ca=$nts_ca
query
good "... and are not lost" 4
touch -d '2020-01-01' "$T/other.crt"
ca=$T/other.crt
query
good "an authority's file has changed: other keys" 5
system=/etc/ssl/certs/ca-certificates.crt
if [ "$(id -u)" = 0 ] && [ -f "$system" ] && unshare -m true 2>/dev/null; then
	cp "$nts_ca" "$T/system.crt"
	printf '#!/bin/sh\nmount --bind %s %s && exec "$@"\n' "$T/system.crt" "$system" >"$T/with-system"
	chmod 755 "$T/with-system"
	later="unshare -m $T/with-system"
	ca=system
	query
	good "the system's authorities: other keys" 6
	query
	good "... which are used while these are the same" 6
	touch "$T/system.crt"
	query
	good "the system's authorities have changed: other keys" 7
	later=
else
	skip "the system's authorities have changed: other keys" "needs root and $system"
fi
ca=$nts_ca
nts_stop

# A time namespace has another CLOCK_BOOTTIME, in the same boot.
has_time=
if unshare -UrT --boottime 5 true 2>/dev/null; then
	has_time=1
fi
# after SECONDS: runs from here on are that much later
after() {
	later="unshare -UrT --boottime $1"
	[ "$1" != 0 ] || later=
}
if [ -n "$has_time" ]; then
	fresh
	nts_start
	query
	after 72000
	query
	good "keys of twenty hours ago are used" 1
	after 90000
	query
	good "keys of more than a day ago are not" 2
	after 0
	query
	good "NS6 nor are keys from the future" 3
	query
	good "NS6 ... which are gone then" 3
	nts_stop
else
	skip "keys of twenty hours ago are used" "needs a time namespace"
	skip "keys of more than a day ago are not" "needs a time namespace"
	skip "NS6 nor are keys from the future" "needs a time namespace"
fi

if [ "$(id -u)" = 0 ]; then
	printf '192.0.2.1 time.example\n' >"$T/hosts"
	mount --bind "$T/hosts" /etc/hosts
	fresh
	nts_start --ke 192.0.2.1 --ke 192.0.2.2:0 --ntp 192.0.2.1
	source=$(nts_source time.example)
	query
	query
	good "NS7 a host by its name" 1
	nts_stop
	nts_start --ke "192.0.2.2:$nts_ke" --ntp "192.0.2.2:$nts_ntp"
	printf '192.0.2.2 time.example\n' >"$T/hosts"
	query
	good "NS7 the host has another address now: other keys" 1
	check "NS7 ... and no packet with the former" test "$(nts_logged '^ntp ')" -eq "$(nts_logged '^ntp .* verdict=ok ')"
	umount /etc/hosts
	source=
	nts_stop
else
	skip "NS7 the host has another address now: other keys" "needs root"
fi

# ---- the server has changed ----

# again ARGUMENT...: the server once more, at its ports
again() {
	nts_stop
	nts_start --ke "127.0.0.1:$nts_ke" --ntp "127.0.0.1:$nts_ntp" "$@"
}
fresh
nts_start
query
again
query
good "it has lost its cookie keys, and reports it (NTSN): other keys in the same run" 1
query
good "... and these in the next one" 1
again --cookie-key a
query
again --cookie-key a --reply "silent; silent; good"
query
good "it has lost them, and is silent: other keys in the same run" 1

# The dates that the first keys came with are over, and the server has a newer certificate.
mkdir "$T/short"
for how in told strict; do
	fresh
	"$T/nts_certificates" "$T/short" 'ca ca' "short by=ca until=+4 $nts_names" "good by=ca $nts_names"
	ca=$T/short/ca.crt
	again --cookie-key b --certificate "$T/short/short.pem" --key "$T/short/short.key"
	query --certificate-time $how
	good "a certificate for a few seconds, --certificate-time $how" 1
	again --cookie-key b --certificate "$T/short/good.pem" --key "$T/short/good.key"
	sleep 4.2
	query --certificate-time $how
	good "... it has a new one when the first has expired: other keys" 1
done
ca=$nts_ca
nts_stop

# ---- failed key exchanges ----

# A network that is not up yet must not delay the next run.
fresh
count=$(exchanges)
for _ in 1 2; do
	query
	bad "nothing listens there: the next run asks at once" "$count" 'key exchange: connection refused'
done
again --mode error-2
query
bad "a key exchange that fails" 1 'the server reports error 2'
query
bad "a second later it is not asked" 1 \
	'failed 1 time, not tried before [0-9:]* UTC; to try it now: reqtime query --state-dir /dev/null'
again
query
bad "... nor when it is well again" 0 'failed 1 time, not tried before'
check "... which is no second failure" test "$(mode_of)" = 600
run "$REQTIME" query --json --nts-ca "$ca" --state-dir /dev/null -t 5s "$(nts_source)"
good "the way out in the message" 1
if [ -n "$has_time" ]; then
	after 11
	query
	good "ten seconds later it is asked again" 2
	again --mode error-2
	rm -f "$keys"
	query
	bad "that was a success: the next failure" 1 'error 2'
	after 16
	query
	bad "... is the first one" 1 'failed 1 time,'
	count=1
	for at in 22 38 62 97; do
		count=$((count + 1))
		after $at
		query
		bad "the waits become longer: after $at s it is tried" $count 'error 2'
	done
	after 146
	query
	bad "... and 49 s later it is not" $count 'failed 5 times, '
	after 0
else
	sleep 10.5
	query
	good "ten seconds later it is asked again" 2
fi
nts_stop

# Keys, but no answer, is a failure as well, and keys at hand are used all the same.
fresh
nts_start --cookie-key c --mode silent
patience=1s
query --samples 2
bad "keys, but no answer" 1 'no answer'
query --samples 2
bad "... the next run exchanges none" 1 'no answer'
patience=
again --cookie-key c --reply "silent; good"
query
good "... and with those that it has it finds the time, though a packet is lost" 0
fresh
again --mode server-multicast
query
bad "a server that cannot be" 1 'which cannot be its NTP server'
query
bad "... whose keys are not used elsewhere" 1 'failed 1 time,'
check "... no packet is sent" test "$(nts_logged '^ntp ')" -eq 0
nts_stop

# ---- no store ----

fresh
nts_start
S=$T/nowhere
for _ in 1 2 3; do
	run "$REQTIME" query --json --nts-ca "$ca" "$(nts_source)"
done
good "a user without a state directory: keys are exchanged by each run" 3
check "... without a word" silent
S=$T/state

# ---- damaged, not ours ----

query
size=$(stat -c %s "$keys")
asked=4
# spoilt NAME: the file is not used, which is said, and the next run has its own again
spoilt() {
	asked=$((asked + 1))
	query
	good "$1" $asked
	check "$1: it is said" says "nts.keys is not used: $2"
	query
	good "$1: and the next run has keys" $asked
}
for at in 0 4 8 $((size / 8)) $((size / 4)) $((size / 2)) $((size - 400)) $((size - 1)); do
	octet=$(od -An -tu1 -j "$at" -N 1 "$keys" | tr -d ' ')
	# shellcheck disable=SC2059 # an octet
	printf "\\$(printf %03o $((octet ^ 1)))" | dd of="$keys" bs=1 seek="$at" conv=notrunc 2>/dev/null
	spoilt "NS2 octet $at is wrong" 'it is damaged'
done
truncate -s $((size / 2)) "$keys"
spoilt "NS2 it is cut" 'it is damaged'
: >"$keys"
spoilt "NS2 it is empty" 'it is damaged'
head -c 100000 /dev/urandom | dd of="$keys" conv=notrunc 2>/dev/null
spoilt "NS2 it is something else" 'it is damaged'
truncate -s 1T "$keys"
spoilt "NS2 it is huge" 'it is too large'
chmod 644 "$keys"
spoilt "NS3 others may read it" 'others may read it'
ln "$keys" "$T/second"
spoilt "NS3 it has a second name" 'another user owns it or may write to it'
rm -f "$T/second"
if [ "$(id -u)" = 0 ]; then
	chown 12345 "$keys"
	spoilt "NS3 another user owns it" 'another user owns it'
else
	skip "NS3 another user owns it" "needs root"
fi
cp "$keys" "$T/copy"
query
cat "$T/copy" >"$keys.new"
chmod 600 "$keys.new"
mv "$keys.new" "$keys"
asked=$((asked + 1))
query
good "a copy from a backup: its cookies have been sent" $asked
# foreign NAME REASON: it stays as it is, and each run exchanges keys
foreign() {
	for _ in 1 2; do
		asked=$((asked + 1))
		timed timeout 20 "$REQTIME" query --json --nts-ca "$ca" --state-dir "$S" "$(nts_source)"
		good "$1" $asked
	done
	check "$1: it is said" says "nts.keys is not used: $2"
	check "$1: it delays nothing" timely 1000
}
mv "$keys" "$T/victim"
before=$(cksum <"$T/victim")
ln -s "$T/victim" "$keys"
foreign "NS3 a symbolic link" 'it is a symbolic link'
check "NS3 ... whose target is unchanged" test "$before" = "$(cksum <"$T/victim")"
rm -f "$keys"
mkfifo "$keys"
foreign "NS3 a FIFO" 'it is not a regular file'
rm -f "$keys"
query
asked=$((asked + 1))

if [ "$(id -u)" = 0 ] && mount --bind "$S" "$S" 2>/dev/null; then
	before=$(cksum <"$keys")
	mount -o remount,ro,bind "$S"
	for _ in 1 2; do
		asked=$((asked + 1))
		query
		good "NS5 a read-only disk: the file cannot be taken, so keys are exchanged" $asked
	done
	check "NS5 ... and it is unchanged" test "$before" = "$(cksum <"$keys")"
	asked=$((asked + 1))
	run "$REQTIME" set --dry-run --json --nts-ca "$ca" --state-dir "$S" "$(nts_source)"
	good "NS5 the same of set --dry-run" $asked
	umount "$S"
	query
	good "NS5 writable again: its cookies are still good" $asked
	mkdir "$T/small"
	mount -t tmpfs -o size=4k,mode=755 tmpfs "$T/small"
	S=$T/small
	asked=$((asked + 1))
	query
	good "NS5 a full disk" $asked
	check "NS5 ... nothing is left of the file" sh -c "! ls '$S'/nts.keys* 2>/dev/null | grep -q ."
	check "NS5 ... and it is reported by one line" test "$(cat "$err")" = \
		"reqtime: warning: $S/history.db is not used: No space left on device"
	S=$T/state
	umount "$T/small"
else
	chmod 555 "$S"
	asked=$((asked + 1))
	query
	good "NS5 a folder that may not be changed: keys are exchanged" $asked
	chmod 755 "$S"
fi
nts_stop

# ---- several at once ----

fresh
nts_start --ke-delay-ms 3
failed=0
for _ in $(seq 25); do
	pids=
	for _ in 1 2 3 4; do
		"$REQTIME" query --quiet --nts-ca "$ca" --state-dir "$S" -t 5s "$(nts_source)" >"$T/many" 2>&1 &
		pids="$pids $!"
	done
	for pid in $pids; do
		wait "$pid" || failed=$((failed + 1))
	done
done
check "NS4 four runs at once, 25 times: each has an answer" test "$failed" -eq 0
check "NS4 ... no cookie was sent twice ($(exchanges) key exchanges)" nts_cookies_unique
check "NS4 ... keys were used from run to run" test "$(exchanges)" -lt 100
check "NS4 ... nothing is left beside the file" sh -c "! ls '$S'/nts.keys.* 2>/dev/null"
nts_stop

# ---- killed ----

# Only its own processes are visible: the number of system calls depends on how many others it sees.
for how in kept fresh; do
	# In memory where possible: a disk is slow, and this test needs no durable storage.
	S=$(mktemp -d /dev/shm/reqtime-test.XXXXXX 2>/dev/null) || S=$T/killed
	mkdir -p "$S" && chmod 755 "$S"
	nts_start
	every=4
	[ $how = kept ] || every=9
	[ -z "$preload" ] || every=31
	[ -z "${NIGHTLY:-}" ] || every=1
	KILL_EVERY=$every run unshare -Urpf --mount-proc "$T/kill_keys" $how "$S" "$REQTIME" query \
		--quiet --nts-ca "$nts_ca" --state-dir "$S" -t 5s "$(nts_source)"
	check "NS1 killed at each system call, keys $how: $(tail -n 1 "$out")" test "$status" -eq 0
	[ "$status" -eq 0 ] || sed 's/^/# /' "$out" "$err"
	check "NS1 ... no cookie was sent twice" nts_cookies_unique
	check "NS1 ... $(exchanges) key exchanges, $(nts_logged '^ntp ') packets" test "$(nts_logged '^ntp ')" -gt 100
	nts_stop
	rm -rf "$S"
done
finish
