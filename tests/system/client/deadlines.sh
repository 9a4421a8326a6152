#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Each run ends within its deadline + 0.1 s, whatever the servers do, with the right status;
# a result that is certain early is reported at once.  A run that was late is tried again: the
# machine may have been busy.
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"
own_network "$@"
# shellcheck source=tests/tools/adversary.sh
. "$(dirname "$0")/../../tools/adversary.sh"
tool adversary_dns dns

ip addr add 10.66.0.0/24 dev lo
ip route add local 10.66.0.0/24 dev lo 2>/dev/null
adversary 10.66.0.1 good 10.66.0.2 good 10.66.0.3 silent 10.66.0.4 silent \
	10.66.0.5 'stratum=0 leap=3 refid=44454e59' 10.66.0.6 'stratum=0 leap=3 refid=52415445' \
	10.66.0.7 'shift=100000' 10.66.0.8 'shift=100000' 10.66.0.9 'leap=3' \
	10.66.0.10 'good' 10.66.0.11 silent 10.66.0.12 'mode=3 again=2000' \
	10.66.0.13 shift=-5000 10.66.0.14 shift=7000
g1=$(at 1) g2=$(at 2) s1=$(at 3) s2=$(at 4) deny=$(at 5) rate=$(at 6) f1=$(at 7) f2=$(at 8)
unsync=$(at 9) g3=$(at 10) s3=$(at 11) noisy=$(at 12)
closed=10.66.0.20:9

# ends NAME LIMIT_MS STATUS JSON_STATUS LEAST_MS ARGUMENT...
ends() {
	ends_name=$1 ends_limit=$(($2 + 100)) ends_status=$3 ends_json=$4 ends_least=$5
	shift 5
	soon "$ends_limit" timed "$REQTIME" --json "$@"
	if [ "$status" -eq "$ends_status" ] && [ "$(json status)" = "$ends_json" ] &&
		timely "$ends_limit" && [ "$took_ms" -ge "$ends_least" ]; then
		ok "$ends_name: exit $ends_status, $ends_json"
	else
		not_ok "$ends_name: exit $ends_status, $ends_json" \
			"exit $status after $took_ms ms, wanted $ends_least..$ends_limit
$(head -c 2000 "$out"; cat "$err")"
	fi
}

ends "deadline: silence" 1000 1 no-answer 990 -t 1s "$s1"
ends "deadline: silence of four" 1000 1 no-answer 990 -t 1s "$s1" "$s2" "$s3" 10.66.0.21:9
ends "deadline: silence, 50 ms" 50 1 no-answer 49 -t 50ms "$s1"
ends "deadline: nothing but rubbish" 1000 1 no-answer 990 -t 1s "$noisy"
ends "at once: kiss DENY" 50 1 no-answer 0 -t 3s "$deny"
ends "at once: kiss RATE" 50 1 no-answer 0 -t 3s "$rate"
ends "at once: kiss codes of all" 50 1 no-answer 0 -t 3s "$deny" "$rate"
ends "deadline: a kiss code and silence" 700 1 no-answer 690 -t 700ms "$deny" "$s1"
ends "at once: a kiss code and a good server" 50 0 ok 0 -t 3s "$deny" "$g1"
ends "at once: not synchronised" 50 1 unsynchronised 0 -t 3s "$unsync"
ends "at once: a dispute of two" 50 1 no-majority 0 -t 3s "$g1" "$f1"
ends "at once: a dispute of two and two" 50 1 no-majority 0 -t 3s "$g1" "$g2" "$f1" "$f2"
ends "deadline: a dispute that a silent one could end" 700 1 no-majority 690 -t 700ms "$g1" "$f1" "$s1"
ends "at once: a dispute of four that a silent fifth cannot end" 50 1 no-majority 0 -t 3s \
	"$g1" "$f1" "$(at 13)" "$(at 14)" "$s1"
ends "at once: a dispute that the third ends" 50 0 ok 0 -t 3s "$g1" "$f1" "$g2"
ends "soon: closed ports" 400 1 no-answer 0 -t 3s "$closed" 10.66.0.21:9
ends "soon: a closed port and a good server" 400 0 ok 0 -t 3s "$closed" "$g1"
ends "at once: three good servers" 50 0 ok 0 -t 3s "$g1" "$g2" "$g3"
ends "at once: three good servers, one silent" 50 0 ok 0 -t 3s "$g1" "$g2" "$g3" "$s1"
ends "deadline: half of two black-holed" 700 0 ok 690 -t 700ms "$g1" "$s1"
ends "deadline: half of four black-holed" 700 0 ok 690 -t 700ms "$g1" "$g2" "$s1" "$s2"
ends "deadline: more than half black-holed" 700 1 no-majority 690 -t 700ms "$g1" "$s1" "$s2"

soon 800 timed "$REQTIME" set --dry-run --json -t 700ms "$s1"
expect "deadline: set, silence" 1 '"no-answer"'
check "deadline: set, silence: not before ($took_ms ms)" test "$took_ms" -ge 690
check "deadline: set, silence: in time" timely 800
soon 800 timed "$REQTIME" set --dry-run --json -t 700ms "$g1" "$s1"
expect "deadline: set, half black-holed" 0 '"ok"'
check "deadline: set, half black-holed: not before ($took_ms ms)" test "$took_ms" -ge 690
check "deadline: set, half black-holed: in time" timely 800

# Dead names: a name server that never answers.
echo 'nameserver 127.0.0.1' >"$T/resolv.conf"
echo 'hosts: dns' >"$T/nsswitch.conf"
chmod 644 "$T"/*.conf
cat >"$T/named" <<'END'
#!/bin/sh
exec unshare -m sh -c 'for file in resolv.conf nsswitch.conf; do
		mount --bind "$0/$file" "/etc/$file" || exit 77
	done
	exec "$@"' "${0%/*}" "$UNNAMED" "$@"
END
chmod 755 "$T/named"
export UNNAMED="$REQTIME"
if ! "$T/named" --version >/dev/null 2>"$err"; then
	skip "dead names" "cannot make a mount namespace: $(head -n 1 "$err")"
	finish
fi
background "$T/dns" 127.0.0.1 silent.test=silent good.test=10.66.0.1 >"$T/dns.out"
wait_for 5 grep -q '^ready' "$T/dns.out"
REQTIME=$T/named
ends "deadline: a name that is not answered" 1000 1 no-answer 990 -t 1s silent.test
ends "soon: a name that does not exist" 300 1 no-answer 0 -t 3s none.test
ends "deadline: half of the names dead" 700 0 ok 690 -t 700ms silent.test "$g1"
ends "at once: one name of three dead" 100 0 ok 0 -t 3s silent.test "$g1" "$g2"
ends "soon: a name that does not exist and a good server" 300 0 ok 0 -t 3s none.test "$g1"
finish
