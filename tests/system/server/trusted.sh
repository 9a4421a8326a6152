#!/bin/sh
# SPDX-License-Identifier: MIT
#
# reqtimed serves the clock by the last trusted run of `reqtime set`, and by the kernel's state where
# that run does not count (any more).  Both programs work on a fake kernel clock
# (adversary_clock.c), which starts at the real time, unsynchronised.
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"
# shellcheck source=tests/tools/adversary.sh
. "$(dirname "$0")/../../tools/adversary.sh"
# shellcheck source=tests/tools/poke.sh
. "$(dirname "$0")/../../tools/poke.sh"

tool adversary_clock.so clock.so
unshare -Ur true 2>"$T/why" || skip_all "cannot make a user namespace: $(cat "$T/why")"
D=$T/state
# The machine-wide lock allows one run at a time: another test may hold it.
# shellcheck disable=SC2317 # called by run
fake_set() {
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		paper_once "$@"
		paper_status=$?
		[ "$paper_status" -eq 5 ] || return "$paper_status"
		sleep 1
	done
	return 5
}
# shellcheck disable=SC2317
paper_once() {
	unshare -Ur env CLOCK_FILE="$T/clock" LD_PRELOAD="$preload$T/clock.so" "$REQTIME" set \
		--state-dir "$D" --force -t 5s "$@"
}
# With a watchdog the server checks ten times a second, not once.
serve() {
	NOTIFY_SOCKET=$T/notify WATCHDOG_USEC=200000 \
		server_prefix="env CLOCK_FILE=$T/clock LD_PRELOAD=$preload$T/clock.so" \
		server --listen 127.0.0.1:0 "$@" || finish
	port=$(server_port ntp)
}
# The first octets of an answer: leap, version and mode; stratum; then the reference id.
answer() {
	"$T/poke" udp 127.0.0.1 "$port" 300 "$(request 35)" | awk '{ print $3 }' >"$T/answer"
	echo "$(cut -c 1-4 "$T/answer") $(cut -c 25-32 "$T/answer")"
}
# shellcheck disable=SC2317 # called by wait_for
answers() {
	[ "$(answer)" = "$1" ]
}
becomes() { # NAME FIRST-OCTETS
	if wait_for 10 answers "$2"; then
		ok "$1"
	else
		not_ok "$1" "not $2 but $(answer)
$(cat "$server_log")"
	fi
}
# poke_clock WORD VALUE: word 2 is the frequency in 2^-16 ppm, 4 the maximum error in us, 6 the
# status
poke_clock() {
	"$T/poke" word "$T/clock" "$1" "$2"
}
lines() { # PATTERN: how many lines of the server's log match
	grep -Ec -e "$1" "$server_log"
}
kernel='240a 7f7f0001'

background "$T/poke" notify "$T/notify" 300 >"$T/told"
wait_for 5 test -S "$T/notify"
chmod 666 "$T/notify"
adversary 127.0.0.1 good 127.0.0.1 'stratum=4' 127.0.0.1 'shift=86400000'
# A source that is asked over IPv6.
six=
if "$T/poke" udp ::1 9 1 - >/dev/null 2>&1; then
	server --listen '[::1]:0' --local-stratum 2 || finish
	six="[::1]:$(server_port ntp)"
fi
touch "$T/clock"
chmod 666 "$T/clock"

serve --state-dir "$D"
check "no state directory: it is reported" grep -q 'cannot read the last run of reqtime: ' "$server_log"
becomes "no state directory: the kernel's state" "$kernel"
server_stop

mkdir "$D"
serve --state-dir "$D"
becomes "no run: the kernel's state" "$kernel"
run fake_set "$(at 1)"
expect "a run of set" 0 selected
becomes "a new run is noticed: its source's stratum and one, its source's address" "2403 7f000001"
check "... and reported once" test "$(lines 'reference: run of reqtime at .*, stratum 3, within ')" = 1
delay=$((0x$(cut -c 9-16 "$T/answer")))
dispersion=$((0x$(cut -c 17-24 "$T/answer")))
run "$REQTIME" --json "127.0.0.1:$port"
check "... reqtime accepts it" grep -q '"stratum":3,"refid":"127.0.0.1"' "$out"
check "... its root delay is that of the path, its root distance that of the run" \
	test "$delay" -gt 0 -a "$dispersion" -gt 0 -a $((delay / 2 + dispersion)) -lt 65536
sleep 2
answer >/dev/null
later=$((0x$(cut -c 17-24 "$T/answer")))
# 15 ppm are 2 of 65536 parts of a second in 2 s; the frequency is not known by then, 300 ppm.
check "... its dispersion grows with age ($dispersion, then $later of 65536)" \
	test $((later - dispersion)) -ge 2
reference=$(cut -c 33-40 "$T/answer")
received=$(cut -c 65-72 "$T/answer")
check "... its reference time is that of the run" \
	test $((0x$received - 0x$reference)) -ge 2 -a $((0x$received - 0x$reference)) -le 60

run fake_set "$(at 2)"
expect "a second run, by another server" 0 selected
becomes "a second run is noticed" "2405 7f000001"
run "$REQTIME" query --state-dir "$D" --json "$(at 3)"
expect "a query of a falseticker" 0 '"ok"'
run fake_set --dry-run --any-offset "$(at 3)"
expect "a dry run with a falseticker" 0
sleep 1
becomes "neither counts" "2405 7f000001"
if [ -n "$six" ]; then
	run fake_set "$six"
	expect "a run by IPv6" 0 selected
	becomes "the reference id of an IPv6 source is of its MD5 (RFC 5905 section 7.3)" \
		"2403 cf404dc8"
else
	skip "the reference id of an IPv6 source" "this host has no IPv6"
fi
run fake_set "$(at 1)"
becomes "a run again" "2403 7f000001"

# The kernel reports unsynchronised, then synchronised: it is asked every second.
poke_clock 6 64
becomes "STA_UNSYNC: leap 3" "e400 494e4954"
sleep 1
check "STA_UNSYNC: reported once" test "$(lines 'the kernel says that this clock is not synchronised')" = 1
poke_clock 6 0
becomes "STA_UNSYNC is over" "2403 7f000001"
check "STA_UNSYNC is over: reported" grep -q 'this clock is synchronised now; reference: run of reqtime' "$server_log"

# The log has at most ten lines a minute: each part has its own server.
server_stop
serve --state-dir "$D"
# Another program drives the kernel clock and sets its maximum error.
poke_clock 2 6553600
becomes "another program drives the clock: the kernel's state" "$kernel"
poke_clock 4 2000000
becomes "... which is more than 1.5 s: leap 3" "e400 494e4954"
check "... reported with the reason" grep -q 'may be more than 1500 ms off' "$server_log"
run fake_set "$(at 1)"
becomes "the next run counts again" "2403 7f000001"

# A clock that is lost and regained repeatedly does not fill the log.
server_stop
serve --state-dir "$D"
for _ in 1 2 3 4 5 6 7; do
	poke_clock 6 64
	sleep 0.35
	poke_clock 6 0
	sleep 0.35
done
shown=$(lines 'synchronised|served')
check "fourteen changes in five seconds: ten lines at most ($shown)" test "$shown" -ge 3 -a "$shown" -le 10
server_stop
serve --state-dir "$D"

# A majority has an offset of a day, which is refused.
run fake_set "$(at 3)"
expect "a run that is refused" 3
becomes "a run that was refused: the last trusted one does not count" "$kernel"
run fake_set "$(at 1)"
becomes "... the next one does" "2403 7f000001"

# The existing file cannot be used.
server_stop
serve --state-dir "$D"
mv "$D/history.db" "$T/kept.db"
becomes "the store is gone: the kernel's state" "$kernel"
head -c 20000 /dev/urandom >"$D/history.db"
becomes "a corrupt store: the kernel's state" "$kernel"
check "a corrupt store: it is reported" wait_for 5 grep -q 'last run of reqtime: .*damaged' "$server_log"
sleep 1
check "a corrupt store: reported once" test "$(lines 'last run of reqtime: .*damaged')" = 1
check "a corrupt store is left unchanged" test -s "$D/history.db" -a ! -e "$D/history.db.corrupt"
cp "$T/kept.db" "$D/history.db"
becomes "a repaired store" "2403 7f000001"
check "... is reported" grep -q 'can be read again' "$server_log"
rm "$D/history.db"
mkfifo "$D/history.db"
becomes "a pipe: the kernel's state" "$kernel"
rm "$D/history.db"
cp "$T/kept.db" "$D/history.db"
becomes "the pipe is gone" "2403 7f000001"
mv "$D" "$D.old"
mkdir "$D"
cp "$T/kept.db" "$D/history.db"
# Landlock allows the file helper only the directory that existed at its start.
sleep 1
case $(answer) in
"$kernel" | "2403 7f000001") ok "another directory of that name: the kernel's state, or the run's" ;;
*) not_ok "another directory of that name: the kernel's state, or the run's" "$(answer)" ;;
esac
rm -r "$D"
mv "$D.old" "$D"
becomes "the old one again" "2403 7f000001"
server_stop
chmod 777 "$D"
serve --state-dir "$D"
becomes "a directory that all may write to: the kernel's state" "$kernel"
check "... reported" grep -q 'last run of reqtime: .*may write to it' "$server_log"
server_stop
chmod 755 "$D"

# The run is known before the first answer is sent.
serve --state-dir "$D"
check "after a restart the first answer is by that run" test "$(answer)" = "2403 7f000001"
server_stop
if have python3; then
	edit() {
		python3 - "$D/history.db" "$1" <<-'END'
			import sqlite3, sys
			db = sqlite3.connect(sys.argv[1])
			db.execute(sys.argv[2])
			db.commit()
		END
	}
	edit 'UPDATE run SET mono_ns=mono_ns+3600000000000'
	serve --state-dir "$D"
	becomes "a run of another boot: the kernel's state" "$kernel"
	edit 'UPDATE run SET mono_ns=mono_ns-3600000000000'
	becomes "a run of this boot" "2403 7f000001"
	edit 'UPDATE run SET wall_ns=wall_ns-5000000'
	becomes "the clock was stepped by 5 ms since: the kernel's state" "$kernel"
	edit 'UPDATE run SET wall_ns=wall_ns+5000000'
	edit 'UPDATE source SET stratum=NULL'
	becomes "a source that knows no stratum (a text protocol): the kernel's state" "$kernel"
	server_stop
else
	skip "a run of another boot" "needs python3"
fi
# Files below /proc have no size that could be tested.
helpers() {
	cat "/proc/$server_pid/task/$server_pid/children"
}
serve --state-dir "$D"
something "a file helper reads the runs" "$(helpers)"
server_stop
serve --local-stratum 1 --state-dir "$D"
check "--local-stratum: the run is ignored" test "$(answer)" = "2401 4c4f434c"
nothing "--local-stratum: there is no file helper" "$(helpers)"
server_stop
finish
