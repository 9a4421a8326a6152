#!/bin/sh
# SPDX-License-Identifier: MIT
#
# NTP packets with NTS: replies that are forged, cut, replayed or unauthenticated are ignored, and the
# authentic one after them is used; no cookie is sent twice.  Rows NN of tests/faults.md.

# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"
# shellcheck source=tests/tools/nts.sh
. "$R/tests/tools/nts.sh"

nts_begin

# query ARGUMENT...: the client, with a server that has these arguments
query() {
	nts_start "$@"
	# shellcheck disable=SC2086 # several words
	run "$REQTIME" query --json --nts-ca "$nts_ca" ${options:--t 5s} "$(nts_source)"
	nts_stop
}
# query_until N ARGUMENT...: query, which must make N requests; a client that is kept waiting by other
# programs may end with fewer, and is started again
query_until() {
	wanted=$1
	shift
	for _ in 1 2 3 4 5 6; do
		query "$@"
		[ "$(nts_logged '^ntp ')" -lt "$wanted" ] || break
	done
}
# asked PATTERN: authenticated requests in the server's log
asked() {
	nts_logged "^ntp .* verdict=ok .*$1"
}
exchanges() {
	nts_logged '^ke-begin'
}

# ignored NAME REASON MODE [MS]: such replies alone give no time; with an authentic one after each of
# them it is as if they had not been there
ignored() {
	options="-t 1s" # all that ends it
	query --mode "$3"
	nts_bad "$1: no time" "$2"
	options=
	query --mode "$3" --reply "/ wait=${4:-20}"
	nts_good "$1: and the reply after it is used"
	check "$1: ... without another key exchange" test "$(exchanges)" -eq 1
}
# used NAME MODE
used() {
	query --mode "$2"
	nts_good "$1"
	check "$1: with one key exchange" test "$(exchanges)" -eq 1
}
forged='wrong authenticator'
foreign='without the identifier of our request'
malformed='malformed NTS extension fields'

query
nts_good "an honest server"
check "... is asked for one cookie by each request" test "$(asked 'placeholders=0 ')" -eq "$(asked '')"
check "... in packets of 228 octets" test "$(nts_logged '^ntp ')" -eq "$(nts_logged '^ntp .* len=228 ')"

ignored "NN1 a plain reply" 'answered, but without authentication: something on the way' plain
ignored "NN2 one bit of the identifier" "$foreign" uid-bits 60
ignored "NN2 another identifier" "$foreign" uid-other
ignored "NN2 a shorter identifier" "$foreign" uid-short
ignored "NN3 no identifier" "$foreign" no-uid
ignored "NN3 an identifier behind the authenticator" "$foreign" uid-after
ignored "NN4 two identifiers" "$foreign" uid-twice
ignored "NN5 no authenticator" 'answered, but without an authenticator' no-auth
used "NN5 two authenticators: the second is ignored" auth-twice
ignored "NN5 the authenticator first" "$foreign" auth-first
ignored "NN6 an empty nonce" "$malformed" nonce-empty
ignored "NN6 a nonce beyond the field" "$malformed" nonce-beyond
ignored "NN6 a nonce of 65535 octets" "$malformed" nonce-65535
used "NN6 a nonce of 12 octets" nonce-12
for how in sealed-empty sealed-short sealed-beyond sealed-65535 both-65535 field-short field-zero field-odd \
	field-beyond; do
	ignored "NN7 lengths: $how" "$malformed|$foreign|without an authenticator" $how
done
ignored "NN8 each single bit flipped" "$forged" bits 250
ignored "NN9 sealed with the client's key" "$forged" c2s
used "NN10 fields behind the authenticator" field-after
# A cookie that was kept would be sent by a second request, which such a target wants.
zeros=$(printf '%0200d' 0)
several="-t 5s --target 1ns --samples 3"
options=$several
query --exchange "next aead port cookies=1 end" --reply "uid auth field=0204:$zeros"
nts_good "NN10 a cookie behind the authenticator, and no other"
check "NN10 ... is not used" test "$(nts_logged 'cookie=00000000')" -eq 0
check "NN10 ... so there is one request" test "$(nts_logged '^ntp ')" -eq 1
options=
used "NN10 a field behind the authenticator whose length cannot be" garbage-after
used "NN10 octets behind the authenticator, so that the length is odd" octets-after
used "NN11 a cookie in clear" cookie-in-clear
options=$several
query_until 2 --reply "uid field=0204:$zeros auth"
nts_good "NN11 cookies in clear alone"
check "NN11 ... are not kept: one more is asked for" test "$(nts_logged '^ntp 2 .* placeholders=1 ')" -eq 1
options=
for how in zero odd long cut; do
	ignored "NN12 the length of an encrypted field: $how" "$malformed" inner-$how
done
query --mode inner-zero
check "NN12 ... no cookie of such a reply is kept" \
	test "$(nts_logged '^ntp 2 .* placeholders=1 ')" -eq "$(nts_logged '^ntp 2 ')"
used "NN12 an unknown encrypted field" inner-unknown
used "NN13 no cookie inside" no-inner
check "NN13 ... one more is asked for with each request" test "$(nts_logged '^ntp 2 .* placeholders=1 ')" -eq 1
used "NN14 nine cookies" nine-inner
used "NN15 cookies of another length" other-length
used "NN15 an empty cookie among others" odd-length
query --mode ntsn-then-good
nts_good "NN16 NTSN, and an authentic reply after it"
check "NN16 ... which wins: no other key exchange" test "$(exchanges)" -eq 1
query --mode ntsn-once
nts_good "NN17 NTSN alone"
check "NN17 ... leads to another key exchange" test "$(exchanges)" -eq 2
for how in uid origin; do
	query --mode ntsn-other-$how
	nts_good "NN18 NTSN with another $how"
	check "NN18 ... is ignored" test "$(exchanges)" -eq 1
done
query --mode ntsn
nts_bad "NN19 NTSN only" 'its cookie keys|NTSN'
check "NN19 ... ends after a second key exchange" test "$(exchanges)" -eq 2 -a "$(asked '')" -le 4
for code in DENY RATE; do
	query --reply "stratum=0 leap=3 refid=$code"
	nts_bad "NN20 authentic $code" "kiss code $code"
	check "NN20 ... is obeyed at once" test "$(asked '')" -eq 1
	query --reply "stratum=0 leap=3 refid=$code uid"
	nts_bad "NN21 $code without authentication" "$code.*without authentication"
	check "NN21 ... is obeyed in this run" test "$(asked '')" -eq 1
done
query --mode replay
nts_good "NN22 each later reply is the first one again"
check "NN22 ... which counts once" test "$(json received)" = 1
query --mode unsynchronised
nts_bad "NN23 authentic, but not synchronised" 'not synchronised'
used "NN24 a reply that is longer than its request" longer
options="-t 8s --samples 16"
query --mode silent
nts_bad "NN25 all replies are lost" 'no answer to [0-9]* octets'
check "NN25 ... each request asks for one more" sh -c "sed -n 's/^ntp \\([0-9]*\\) .*placeholders=\\([0-9]*\\) .*/\\1 \\2/p' '$nts_log' |
	awk '\$1 != \$2 + 1 { bad = 1 } END { exit bad || NR < 3 }'"
options="-t 3s --samples 8"
query --exchange "next aead port cookies=2 end" --reply silent
nts_bad "NN25 all replies are lost, and there are two cookies" 'no answer to [0-9]* octets'
check "NN25 ... which are spent once" test "$(asked '')" -le 2
query --exchange "next aead port cookies=2 end" --reply "uid auth"
nts_good "NN25 two cookies, and no reply brings another"
check "NN25 ... which makes two requests at most" test "$(asked '')" -le 2
# Requests one after another are lost in part: what is asked for comes back.
options="-t 20s --samples 8"
query_until 4 --reply "silent; silent; good"
nts_good "NN25 two replies are lost"
check "NN25 ... the third brings three cookies" test "$(nts_logged '^ntp 3 .* placeholders=2 ')" -eq 1
check "NN25 ... and the fourth asks for one cookie, as ever" test "$(nts_logged '^ntp 4 .* placeholders=0 ')" -eq 1
options=
finish
