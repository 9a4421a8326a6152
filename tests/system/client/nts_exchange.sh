#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The key exchange of NTS with servers that refuse, fail, lie and flood: each has its reason, none a
# time, and without keys no packet is sent.  Rows NK of tests/faults.md.

# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"
own_network
# A name must not lead to loopback, nor a server elsewhere to a server there.
ip addr add 192.0.2.1/32 dev lo
# shellcheck source=tests/tools/nts.sh
. "$R/tests/tools/nts.sh"

nts_begin

# query SOURCE OPTION...
query() {
	query_source=$1
	shift
	timed "$REQTIME" query --json --nts-ca "${ca:-$nts_ca}" "$@" "$query_source"
}

# good NAME: the last run has a time, and all its packets were authenticated
good() {
	good_why=
	[ "$(nts_logged '^ntp .* verdict=ok ')" -gt 0 ] || good_why=", no request"
	[ "$(nts_logged '^ntp ')" -eq "$(nts_logged '^ntp .* verdict=ok ')" ] ||
		good_why="$good_why, a request that is not authenticated"
	nts_good "$1" "$good_why"
}
# bad NAME REASON: ... has none, for that reason, and has sent no packet
bad() {
	bad_why=
	[ "$(nts_logged '^ntp ')" -eq 0 ] || bad_why=", a packet"
	nts_bad "$1" "$2" "$bad_why"
}

# answers NAME ARGUMENT...: a server with these arguments gives a time
answers() {
	answers_name=$1
	shift
	nts_start "$@"
	query "$(nts_source "${host:-127.0.0.1}")" -t 5s
	good "$answers_name"
	nts_stop
}
# fails NAME REASON ARGUMENT...: ... gives none
fails() {
	fails_name=$1
	fails_reason=$2
	shift 2
	nts_start "$@"
	query "$(nts_source "${host:-127.0.0.1}")" -t "${patience:-5s}"
	bad "$fails_name" "key exchange: ($fails_reason)"
	nts_stop
}
malformed='the response is malformed'
early='the response ends too early|the server closed the connection'
closed='the server closed the connection|connection reset'

answers "an honest server"
check "... was asked for keys once" test "$(nts_logged '^ke-begin')" -eq 1
check "... without a server name, which an address is not" test "$(nts_logged ' sni=- ')" -eq 1
host=localhost
answers "an honest server, by name"
check "... with that name in the handshake" test "$(nts_logged ' sni=localhost ')" -eq 1
host=127.0.0.1

nts_start
nts_stop
query "$(nts_source)" -t 5s
bad "NK1 nothing listens there" 'key exchange: connection refused'

# hangs NAME ARGUMENT...: the deadline is all that ends it
hangs() {
	hangs_name=$1
	shift
	patience=1s
	fails "$hangs_name" 'no answer' "$@"
	check "$hangs_name: ended by the deadline" timely 3000
	patience=
}
hangs "NK2 silence after the connection" --mode silent-accept
for stage in hello handshake request response; do
	hangs "NK3 silence after $stage" --mode silent-$stage
done
hangs "NK4 an octet each 50 ms" --mode slow
for stage in accept hello flight handshake request response; do
	fails "NK5 reset after $stage" "$closed" --mode reset-$stage
done
fails "NK6 TLS 1.2 only" 'no TLS 1.3' --mode tls12
fails "NK6 TLS 1.2 only, without the alert for it" '.*: no TLS 1.3, or not for this name' --mode tls12-40
fails "NK7 no ALPN" 'not an NTS server' --mode no-alpn
fails "NK7 another protocol" 'not an NTS server' --mode alpn-other

answers "another group for the keys, which costs a round trip" --mode hello-retry
answers "a server that asks for a certificate of the client" --mode ask-certificate

# shellcheck disable=SC2046 # several words
{
	fails "NK8 an authority that is not trusted" 'certificate from an authority that is not trusted' $(nts_with unknown)
	fails "NK8 signed with its own key" 'certificate from an authority that is not trusted' $(nts_with self)
	fails "NK9 another name" 'the certificate is for another name' $(nts_with wrong)
	fails "NK10 an address that the certificate does not have" 'the certificate is for another name' $(nts_with no-address)
	host=localhost
	answers "NK10 ... but the name" $(nts_with no-address)
	host=127.0.0.1
	fails "NK11 for clients only" 'bad certificate' $(nts_with client)
	fails "NK8 signed by a server's certificate" 'bad certificate: .*no authority' $(nts_with by-server)
	fails "NK8 signed by an authority that may not sign at this depth" 'bad certificate: .*depth' $(nts_with too-deep)
	fails "NK8 a key of 1024 bits" 'bad certificate: .*weak' $(nts_with rsa1024)
	fails "NK11 a critical extension without a known meaning" 'bad certificate: .*critical extension' $(nts_with critical)
	answers "an RSA certificate" $(nts_with rsa)
	answers "an Ed25519 certificate" $(nts_with ed25519)
	answers "NK14 a chain of nine certificates, 40 KiB" $(nts_with long)
	answers "NK14 an expired certificate that is sent and not needed" $(nts_with with-crossed)
}
# certificate NAME REASON CERTIFICATE: its dates are known to be wrong
certificate() {
	# shellcheck disable=SC2046 # several words
	nts_start $(nts_with "$3")
	query "$(nts_source)" -t 5s --certificate-time strict
	bad "$1" "$2"
	nts_stop
}
certificate "NK12 expired" 'its certificate expired on' expired
certificate "NK12 an authority between has expired" 'its certificate expired on' below-expired
certificate "NK13 not valid yet" 'its certificate is not valid before' early
ca=$nts_certificates/ca-expired.crt
certificate "NK12 the trusted authority has expired" 'its certificate expired on' of-expired
ca=

fails "NK15 no End of message" "$early" --mode no-end
answers "NK16 two Ends of message: the rest is ignored" --mode two-ends
fails "NK17 End of message that is not critical" "$malformed" --mode end-plain
fails "NK17 End of message with a body" "$malformed" --mode end-body
fails "NK17 End of message first" "$malformed" --mode end-first
fails "NK17 End of message before port and cookies" 'the server sent no cookie that fits a packet' --mode end-early
fails "NK18 a record cut in its body" "$early" --mode truncated
fails "NK18 a record cut in its head" "$early" --mode truncated-head
fails "NK19 an empty response" "$early" --mode empty
for how in missing twice unknown plain odd; do
	fails "NK20 Next protocol $how" "$malformed" --mode next-$how
done
fails "NK20 Next protocol empty" 'the server has no NTPv4' --mode next-empty
for how in missing two twice odd; do
	fails "NK21 AEAD $how" "$malformed" --mode aead-$how
done
for how in empty other; do
	fails "NK21 AEAD $how" 'the server has no AEAD_AES_SIV_CMAC_256' --mode aead-$how
done
for code in 0 1 2 3; do
	fails "NK22 Error $code" "the server reports error $code" --mode error-$code
done
fails "NK22 Error in a response that is good otherwise" 'the server reports error 1' --mode error-good
fails "NK22 Error of one octet" "$malformed" --mode error-short
fails "NK23 Warning" 'the server sends unknown warning 0' --mode warning
fails "NK24 unknown critical record" 'the response has unknown critical record 16384' --mode unknown-critical
answers "NK25 unknown record that is not critical" --mode unknown-plain
fails "NK26 no cookie" 'the server sent no cookie that fits a packet' --mode no-cookie
answers "NK27 one cookie" --mode one-cookie
check "... and the first request asks for seven more" test "$(nts_logged '^ntp 1 .* placeholders=7 ')" -eq 1
answers "NK28 nine cookies" --mode nine-cookies
answers "NK28 a hundred cookies" --mode many-cookies
fails "NK29 a cookie of no octet" 'the server sent no cookie that fits a packet' --mode cookie-empty
answers "NK29 ... among others" --mode cookie-empty-too
fails "NK30 cookies of odd lengths" 'the server sent no cookie that fits a packet' --mode cookie-odd
answers "NK30 ... among others" --mode cookie-odd-too
fails "NK31 cookies that no packet can hold" 'the server sent no cookie that fits a packet' --mode cookie-long
answers "NK31 ... among others" --mode cookie-long-too
printable() {
	[ -s "$out" ] && ! LC_ALL=C grep -q '[^ -~]' "$out"
}
for how in empty space nul escape latin url; do
	fails "NK32 Server record: $how" 'the server names an NTP server that is no host' --mode server-$how
	check "NK32 ... in printable text" printable
done
for how in multicast any; do
	fails "NK32 Server record: $how" 'it names .*, which cannot be its NTP server' --mode server-$how
done
long=$(printf '%0256d' 0)
fails "NK32 Server record of 256 octets" 'the server names an NTP server that is no host' --server-record "$long"
answers "NK32 Server record: loopback, of a server on loopback" --mode server-loopback
nts_start --ke 192.0.2.1 --mode server-loopback
query "$(nts_source 192.0.2.1)" -t 5s
bad "NK32 Server record: loopback, of a server elsewhere" 'key exchange: it names 127.0.0.1, which cannot be its NTP server'
nts_stop
fails "NK33 Server record twice" "$malformed" --mode server-twice
fails "NK34 port 0" 'the server names NTP port 0' --mode port-zero
fails "NK34 a port of one octet" "$malformed" --mode port-odd
fails "NK34 Port record twice" "$malformed" --mode port-twice
answers "NK35 a response of 65536 octets" --mode octets-65536
fails "NK35 a response of 70000 octets" 'the server does not stop sending' --mode octets-70000
answers "NK36 each octet in a segment of its own" --mode split
answers "NK36 each octet in a TLS record of its own" --mode records-of-1
answers "NK37 the response before the request" --mode early
answers "NK38 no close_notify, the connection stays" --mode no-bye
answers "NK38 no close_notify, the connection ends" --mode rude
fails "NK39 a flood of key updates" 'the server does not stop sending|TLS failed' --mode updates
nts_start --mode tickets
query "$(nts_source)" -t 5s
if [ "$status" -eq 0 ]; then
	good "NK39 a flood of session tickets"
else
	bad "NK39 a flood of session tickets" 'key exchange: the server does not stop sending'
fi
nts_stop
for stage in accept hello handshake request response; do
	fails "NK40 closed after $stage" "$early|$closed" --mode close-$stage
	check "... and not asked again in the same run" test "$(nts_logged '^ke-begin')" -eq 1
done

nts_start
cp "$REQTIME" "$T/reqtime"
run "$T/reqtime" query --json --nts-ca "$nts_ca" -t 5s "$(nts_source)"
if [ "$status" -eq 0 ]; then
	skip "NK41 reqtime-nts is not installed" "it is, in the libexec directory"
else
	bad "NK41 reqtime-nts is not installed" 'nts:// needs reqtime-nts'
fi
ca=$T/nothing.crt
query "$(nts_source)" -t 5s
bad "NK42 the trusted certificates do not exist" "cannot read the trusted certificates: .*nothing.crt: No such file"
: >"$T/nothing.crt"
query "$(nts_source)" -t 5s
bad "NK42 ... are an empty file" "cannot read the trusted certificates: .*nothing.crt"
# The system's and a directory may have one that is damaged; a file that is named may not.
{
	cat "$nts_ca"
	printf -- '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
	cat "$nts_ca"
} >"$T/nothing.crt"
query "$(nts_source)" -t 5s
bad "NK42 ... are a file with a damaged one" "nothing.crt: a certificate in it cannot be read"
check "NK42 ... and the server is sent no request" test "$(nts_logged '^ke ')" -eq 0
mkdir "$T/folder"
mv "$T/nothing.crt" "$T/folder/"
ca=$T/folder
query "$(nts_source)" -t 5s
good "NK42 ... are a directory, and one in it is damaged"
ca=
nts_stop
if [ "$(id -u)" = 0 ]; then
	# Files are searched for a name as it is written.
	printf '192.0.2.1 time.example. time.example\n' >"$T/hosts"
	printf '#!/bin/sh\nmount --bind %s /etc/hosts && exec "%s" "$@"\n' "$T/hosts" "$REQTIME" >"$T/with-hosts"
	chmod 755 "$T/with-hosts"
	nts_start --ke 192.0.2.1 --ntp 192.0.2.1
	run unshare -m "$T/with-hosts" query --json --nts-ca "$nts_ca" -t 5s "$(nts_source time.example.)"
	good "NK43 a name with a final dot"
	check "NK43 ... which is not in the handshake" test "$(nts_logged ' sni=time.example ')" -eq 1
	nts_stop
	nts_start --ke 127.0.0.1 --ntp 192.0.2.1 --server-record time.example.
	run unshare -m "$T/with-hosts" query --json --nts-ca "$nts_ca" -t 5s "$(nts_source)"
	good "NK32 Server record: a name"
	nts_stop
	# shellcheck disable=SC2046 # several words
	nts_start --ke 192.0.2.1 --ntp 192.0.2.1 $(nts_with common-name)
	run unshare -m "$T/with-hosts" query --json --nts-ca "$nts_ca" -t 5s "$(nts_source time.example.)"
	bad "NK9 the name is its common name alone" 'the certificate is for another name'
	nts_stop
else
	skip "NK43 a name with a final dot" "needs root"
	skip "NK32 Server record: a name" "needs root"
fi
nts_start --ke '[::1]' --ntp '[::1]'
query "$(nts_source '[::1]')" -t 5s
good "NK44 an IPv6 address in brackets"
check "NK44 ... is no name" test "$(nts_logged ' sni=- ')" -eq 1
nts_stop

nts_start --ntp 127.0.0.2 --server-record 127.0.0.2 --mode ntsn-once
query "$(nts_source localhost)" -t 5s
good "NK45 a second key exchange in one run"
check "NK45 ... is with the server that was named, by its name" test "$(nts_logged ' sni=localhost ')" -eq 2
nts_stop
finish
