#!/bin/bash
# SPDX-License-Identifier: MIT
#
# First process of the guest that tests/vm/nts.sh boots.  Rows NB of the design: what is believed of
# certificates while the clock is wrong.
. "${0%/*}/guest_lib.sh"

cp "$REQTIME_BUILD/reqtime" "$REQTIME_BUILD/reqtime-nts" "$REQTIME_T/kernel_look" \
	"$REQTIME_T/nts_server" "$REQTIME_T"/certificates/* /run/w/
chmod 755 /run/w/reqtime* /run/w/nts_server /run/w/kernel_look
chmod 644 /run/w/ca.crt
export STATE_DIRECTORY=/run/w/state
# shellcheck disable=SC2054 # commas of setpriv
capable=(setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all,+sys_time
	--ambient-caps=-all,+sys_time --bounding-set=-all,+sys_time)

# serve N CERTIFICATE OPTION...: at 127.0.0.N, from now on with the time of now, whatever the clock is
# set to.  The clock of a guest begins with the true time.
serve() {
	/run/w/nts_server --certificate "/run/w/$2.pem" --key "/run/w/$2.key" --steady \
		--ke "127.0.0.$1:4460" --ntp "127.0.0.$1:112$1" --log "/run/w/log.$1" "${@:3}" \
		>"/run/w/ready.$1" 2>&1 &
}
true_s=$(date +%s)
# The third is heard before the others are enough.
serve 1 good --ke-delay-ms 200
serve 2 good --ke-delay-ms 200
serve 3 expired
serve 5 good --mode silent-hello
serve 4 "then" --offset "-$((true_s - 1720000000))" # 2024-07-03
for n in 1 2 3 4 5; do
	for _ in $(seq 100); do
		grep -q ready /run/w/ready.$n && break
		sleep 0.05
	done
done

# Forgets the earlier runs, also what they have confirmed.
forget() {
	rm -rf /run/w/state /run/reqtime.anchor
	mkdir /run/w/state
	chown 65534:65534 /run/w/state
}
# wrong DATE: the clock has it, and nothing has shown that it is right
wrong() {
	forget
	date -u -s "$1" >/dev/null
}
year() {
	date -u +%Y
}
# set OPTION... SERVER...: by a user who has that one right
set_clock() {
	run "${capable[@]}" /run/w/reqtime set --json --timeout 10 --nts-ca /run/w/ca.crt "$@"
}
is_right() {
	left=$(truth_us)
	below_us 20000 "$left"
}
# of_server N: of the last run, as JSON
of_server() {
	grep -o "{\"name\":\"127.0.0.$1\".*" /run/w/out | sed 's/},{"name".*//'
}

is_right
result "the guest begins with the true time" $? "$left us"
all=(nts://127.0.0.1 nts://127.0.0.2 nts://127.0.0.3)
for year in 2001:NB1 2036:NB2; do
	id=${year#*:}
	year=${year%:*}
	wrong "$year-01-01 00:00:00"
	set_clock --boot "${all[@]}"
	[ $status -eq 0 ] && is_right
	result "$id the clock says $year, two honest servers and one whose certificate has expired: set" \
		$? "$left us"
	of_server 3 | grep -q '"reason":"clock refused: its time is .*; its certificate expires '
	result "$id ... the one is refused, with the reason" $? "$(of_server 3)"
	of_server 1 | grep -q '"status":"selected".*"checked":"told"' && grep -q '"authenticated":true' /run/w/out
	result "$id ... the others were checked at the time that they tell" $? "$(of_server 1)"
	set_clock --boot "${all[@]}"
	[ $status -eq 0 ] && of_server 1 | grep -q '"checked":"now"'
	result "$id ... and by the clock in the run after it" $? "$(of_server 1)"
done

# Where another daemon keeps the time, it is the certificate that is at fault.
cp /bin/sleep /run/w/chronyd
/run/w/chronyd 1000 &
daemon=$!
[ "$(kernel unsync)" = 0 ] && between 1 999999 "$(kernel maxerror)"
result "NB7 a daemon runs, and the kernel's clock is synchronised" $? "$(/run/w/kernel_look)"
asked=$(grep -c '^ntp' /run/w/log.3)
forget
set_clock --force --boot nts://127.0.0.3
[ $status -eq 1 ] && of_server 3 | grep -q '"reason":"key exchange: its certificate expired on .* by the confirmed time;'
result "NB7 ... an expired certificate is refused, with the reason" $? "$(of_server 3)"
[ "$(grep -c '^ntp' /run/w/log.3)" -eq "$asked" ]
result "NB7 ... without a packet" $? "$(tail -n 3 /run/w/log.3)"
is_right
result "NB7 ... and the clock stays" $? "$left us"
kill $daemon
wait $daemon 2>/dev/null

# A server alone, whose certificate is not valid by the clock.
wrong '2001-01-01 00:00:00'
run "${capable[@]}" /run/w/reqtime set --timeout 10 --nts-ca /run/w/ca.crt nts://127.0.0.1
[ $status -eq 1 ] && [ "$(year)" = 2001 ] && grep -q 'a second server must agree' /run/w/out /run/w/err
result "NB1 one server alone: not believed, and the message says how" $?
set_clock --boot nts://127.0.0.1
[ $status -eq 0 ] && is_right
result "NB1 ... with --boot it is" $? "$left us"
wrong '2001-01-01 00:00:00'
set_clock --any-offset nts://127.0.0.1
[ $status -eq 0 ] && is_right
result "NB1 ... and with --any-offset" $? "$left us"

# The key of a certificate of long ago, which an attacker may have.
wrong '2001-01-01 00:00:00'
set_clock --boot nts://127.0.0.4
[ $status -eq 3 ] && [ "$(year)" = 2001 ] && grep -q 'before the release' /run/w/out /run/w/err
result "NB5 valid in 2024, and says 2024, before the release: exit 3" $?
of_server 4 | grep -q '"checked":"told"'
result "NB5 ... though the certificate is valid at that time" $? "$(of_server 4)"
set_clock --any-offset nts://127.0.0.4
[ $status -eq 3 ] && [ "$(year)" = 2001 ]
result "NB5 ... also by hand" $?
plain=(ntp://127.0.0.1:1121 ntp://127.0.0.2:1122 ntp://127.0.0.3:1123)
set_clock --boot "${plain[@]}" nts://127.0.0.4
[ $status -eq 3 ] && [ "$(year)" = 2001 ]
result "NB12 three plain servers say 2026 and the NTS one 2024: they have no vote" $?
# With --authenticated mix it is one vote of four.
set_clock --boot --authenticated mix "${plain[@]}" nts://127.0.0.4
[ $status -eq 0 ] && is_right
result "NB12 ... unless they are given one" $? "$left us"

# The rights and libraries of each process while keys are exchanged.
"${capable[@]}" /run/w/reqtime set --timeout 4 --nts-ca /run/w/ca.crt nts://127.0.0.5 >/run/w/out 2>/run/w/err &
setting=$!
for _ in $(seq 100); do
	grep -q '^ke-begin' /run/w/log.5 && break
	sleep 0.05
done
sleep 1 # until it is confined
holders=
speakers=
rich=
for process in /proc/[0-9]*; do
	pid=${process#/proc/}
	read -r comm 2>/dev/null <"$process/comm"
	case $comm in
	reqtime | reqtime-nts) ;;
	*) continue ;;
	esac
	permitted=$(sed -n 's/^CapPrm:[^0-9a-f]*//p' "$process/status")
	[ "$permitted" = 0000000000000000 ] || holders="$holders $pid"
	if grep -q 'libgnutls' "$process/maps"; then
		speakers="$speakers $pid"
		[ "$permitted" = 0000000000000000 ] || rich="$rich $pid"
	fi
done
[ "$holders" = " $setting" ]
result "while keys are exchanged one process may set the clock" $? "holders:$holders, set: $setting"
[ "$(echo "$speakers" | wc -w)" -eq 1 ] && [ -z "$rich" ]
result "... and one other has a TLS library" $? "TLS:$speakers, with a right: $rich"
[ "$(awk '$1 == "Uid:" { print $2, $3, $4, $5 }' "/proc/${speakers# }/status")" = "65534 65534 65534 65534" ] &&
	[ "$(awk '$1 == "Seccomp:" || $1 == "NoNewPrivs:" { printf "%s", $2 }' "/proc/${speakers# }/status")" = 12 ]
result "... as user 65534, behind its filter" $? "$(cat "/proc/${speakers# }/status")"
wait $setting
status=$?
[ $status -eq 1 ] && is_right
result "... and without an answer the clock stays" $? "$left us"

guest_end
