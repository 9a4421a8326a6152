#!/bin/sh
# SPDX-License-Identifier: MIT
#
# First process of the guest that tests/vm/nts_confirmed.sh boots.
. "${0%/*}/guest_lib.sh"

chmod 755 /run # as everywhere else
# serve N CERTIFICATE: at 127.0.0.N, with the time that the clock has now, and no longer follows
serve() {
	nts_server --certificate "/etc/$2.pem" --key "/etc/$2.key" --steady --ke "127.0.0.$1:4460" \
		--ntp "127.0.0.$1:112$1" --log "$W/log.$1" >"$W/ready.$1" 2>&1 &
}
serve 1 good
serve 2 good
serve 3 expired
true_s=$(date +%s)
up_s=$(cut -d . -f 1 /proc/uptime)
for n in 1 2 3; do
	until grep -q ready $W/ready.$n; do
		sleep 0.1
	done
done
set_clock() {
	run reqtime set --json --state-dir $W/state --timeout 10 --nts-ca /etc/ca.crt --boot "$@"
}
# The seconds that the clock is behind the truth; both are read with 1 s of uncertainty.
behind_s() {
	echo $((true_s - up_s + $(cut -d . -f 1 /proc/uptime) - $(date +%s)))
}

date -u -s '2001-01-01 00:00:00' >/dev/null
set_clock nts://127.0.0.1 nts://127.0.0.2
[ $status -eq 0 ] && grep -q '"checked":"told"' $W/out && between -2 2 "$(behind_s)"
result "NB1 the clock says 2001: set" $? "$(behind_s) s"
# A first time, not confirmed yet: the dates of a certificate are still those of its server.
date -u -s '2001-01-01 00:00:00' >/dev/null
set_clock nts://127.0.0.3
grep -q '"reason":"clock refused: its time is .*; its certificate expires ' $W/out
result "NB3 not confirmed: the server's own time shows that its certificate has expired" $?
set_clock nts://127.0.0.1 nts://127.0.0.2
sleep 305
set_clock nts://127.0.0.1 nts://127.0.0.2
[ $status -eq 0 ] && between -2 2 "$(behind_s)"
result "a run five minutes later confirms the time" $? "$(behind_s) s"

refused='"reason":"key exchange: its certificate expired on .*, and the time is confirmed"'
asked=$(grep -c '^ntp' $W/log.3)
set_clock nts://127.0.0.3
[ $status -eq 1 ] && grep -q "$refused" $W/out
result "NB7 a certificate that has expired is refused, with the reason" $?
[ "$(grep -c '^ntp' $W/log.3)" -eq "$asked" ]
result "NB7 ... without a packet" $? "$(cat $W/log.3)"
sleep 60 # the server is not asked again before
# The clock is set by others: what was confirmed goes on by the time since boot.
date -u -s '2001-01-01 00:00:00' >/dev/null
set_clock nts://127.0.0.3
[ $status -eq 1 ] && grep -q "$refused" $W/out && [ "$(date -u +%Y)" = 2001 ]
result "NB7 ... also when the clock has been set back since" $?
set_clock nts://127.0.0.1 nts://127.0.0.2
[ $status -eq 0 ] && between -2 2 "$(behind_s)"
result "NB7 ... and the others set it right" $? "$(behind_s) s"

guest_end
