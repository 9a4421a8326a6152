#!/bin/sh
# SPDX-License-Identifier: MIT
#
# NTS between the programs of others and the tests' own server: what the tests measure with is itself
# measured first, by a client of others.

# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../tools/lib.sh"
own_network
# shellcheck source=tests/tools/nts.sh
. "$R/tests/tools/nts.sh"
# shellcheck source=tests/tools/far.sh
. "$R/tests/tools/far.sh"

check "the certificates are made" nts_certificates_make

# measured NAME FILE: chronyd's output there has an offset, below 5 ms
measured() {
	measured_ns=$(sed -n 's/.*System clock wrong by \(-\{0,1\}[0-9.]*\) seconds.*/\1/p' "$2" |
		awk '{ printf "%.0f\n", ($1 - OFFSET) * 1e9 }' OFFSET="${3:-0}")
	if within 5000000 "$measured_ns"; then
		ok "$1"
	else
		not_ok "$1" "$(cat "$2")"
	fi
}

# by_reqtime NAME [ADDRESS]: our client measures by the peer
by_reqtime() {
	if ! "$BUILD/reqtime-nts" --version >/dev/null 2>&1; then
		skip "$1" "no $BUILD/reqtime-nts"
		return
	fi
	run "$REQTIME" query --json --nts-ca "$nts_ca" -t 5s "nts://${2:-127.0.0.1}"
	if [ "$status" -eq 0 ] && [ "$(json authentication)" = nts ] &&
		within "$(json bound_ns)" "$(json offset_ns)"; then
		ok "$1"
	else
		not_ok "$1" "exit $status: $(cat "$out" "$err")"
	fi
}

why=$(peer_nts_missing chronyd)
if [ -n "$why" ]; then
	skip_all "$why"
fi

nts_start
ask_chronyd_nts 127.0.0.1 "$nts_ntp" "$nts_ke" >"$T/answer"
measured "chronyd measures by the tests' NTS server" "$T/answer"
check "... with a key exchange that it ended well" test "$(nts_logged '^ke-end 1 .* done$')" -eq 1
check "... and authenticated requests alone" \
	test "$(nts_logged '^ntp .* verdict=ok ')" -eq "$(nts_logged '^ntp ')" -a "$(nts_logged '^ntp ')" -gt 0
check "... with another cookie each time" nts_cookies_unique
nts_stop

nts_start --offset 3.25
ask_chronyd_nts 127.0.0.1 "$nts_ntp" "$nts_ke" >"$T/answer"
measured "... whose clock may be wrong by 3.25 s" "$T/answer" 3.25
nts_stop

nts_start --delay-ms 200
ask_chronyd_nts 127.0.0.1 "$nts_ntp" "$nts_ke" >"$T/answer"
measured "... at a distance of 200 ms" "$T/answer"
nts_stop

nts_start --ke '[::1]' --ntp '[::1]'
ask_chronyd_nts ::1 "$nts_ntp" "$nts_ke" >"$T/answer"
measured "... by IPv6" "$T/answer"
nts_stop

nts_start --ntp 127.0.0.2 --server-record 127.0.0.2
ask_chronyd_nts 127.0.0.1 123 "$nts_ke" >"$T/answer"
measured "... at another address than the key exchange" "$T/answer"
nts_stop

# refused NAME ARGUMENT...: chronyd finds no time
refused() {
	refused_name=$1
	shift
	nts_start "$@"
	if ask_chronyd_nts 127.0.0.1 "$nts_ntp" "$nts_ke" >"$T/answer"; then
		not_ok "$refused_name" "$(cat "$T/answer")"
	else
		check "$refused_name" grep -q 'No suitable source' "$T/answer"
	fi
	nts_stop
}
# The modes are not honest: one of each kind.
# shellcheck disable=SC2046 # several words
refused "chronyd refuses a certificate that has expired" $(nts_with expired)
refused "chronyd refuses a flipped bit" --reply flip=100

peer_chronyd_nts 127.0.0.1
ask_chronyd_nts 127.0.0.1 >"$T/answer"
measured "chronyd measures by chronyd" "$T/answer"
by_reqtime "reqtime measures by chronyd"
kill "$peer_pid"
wait "$peer_pid"

why=$(peer_nts_missing ntpsec)
if [ -n "$why" ]; then
	skip "chronyd measures by NTPsec" "$why"
else
	peer_ntpsec_nts 127.0.0.1
	ask_chronyd_nts 127.0.0.1 >"$T/answer"
	measured "chronyd measures by NTPsec" "$T/answer"
	by_reqtime "reqtime measures by NTPsec"
	check "NTPsec has no right to set the clock" sh -c \
		"! setpriv --dump </dev/null | grep -q 'Capability bounding set:.*[, ]sys_time' &&
		grep -q 'ntp_adjtime: Operation not permitted' '$T/ntpsec.log'"
	kill "$peer_pid"
	wait "$peer_pid"
fi

# With a path of 10 ms each way the packets of TCP come apart as they do elsewhere.
far_peer() { # chronyd|ntpsec NAME
	why=$(peer_nts_missing "$1")
	if [ -n "$why" ]; then
		skip "$2, 20 ms away" "$why"
		return
	fi
	rm -f "$T/chronyd-nts.pid"
	"peer_$1_nts" 192.0.2.1
	by_reqtime "$2, 20 ms away" 192.0.2.1
	kill "$peer_pid"
	wait "$peer_pid"
}
if far_open 10000 0 192.0.2.1; then
	peer_prefix=$far_prefix
	far_peer chronyd "reqtime measures by chronyd"
	far_peer ntpsec "reqtime measures by NTPsec"
	peer_prefix=
	far_close
else
	skip "reqtime measures by peers that are 20 ms away" "$(cat "$T/why")"
fi
finish
