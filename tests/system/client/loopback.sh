#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Client against server on loopback: each protocol, both address families, as an
# ordinary user would.
. "$(dirname "$0")/../../tools/lib.sh"

# Client and server share one clock: each bound must contain 0, and each offset be near it.
LIMIT_NS=20000000

# asks SERVER-WORD NAME
asks() {
	run "$REQTIME" query --json "$1"
	offset_ns=$(json offset_ns)
	bound_ns=$(json bound_ns)
	if [ "$status" -eq 0 ] && [ "$(json status)" = ok ] && within $LIMIT_NS "$offset_ns" &&
		within "$bound_ns" "$offset_ns"; then
		ok "$2"
	else
		not_ok "$2" "$1: exit $status, offset $offset_ns, bound $bound_ns
$(cat "$out" "$err")"
	fi
}

# protocols HOST NAME: HOST in brackets when it is IPv6
protocols() {
	server --listen "$1:0" --text-listen "$1:0" --time-listen "$1:0" \
		--daytime-listen "$1:0" --local-stratum 1 || return
	for scheme in ntp reqtime reqtime+tcp; do
		asks "$scheme://$1:$(server_port $scheme)" "$scheme over $2"
	done
	# Whole seconds only: the bound covers that, and still contains the truth.
	for scheme in time time+tcp; do
		run "$REQTIME" query --json "$scheme://$1:$(server_port $scheme)"
		if [ "$status" -eq 0 ] && within "$(json bound_ns)" "$(json offset_ns)" &&
			within 1100000000 "$(json bound_ns)"; then
			ok "$scheme over $2"
		else
			not_ok "$scheme over $2" "exit $status: $(cat "$out" "$err")"
		fi
	done
	for scheme in daytime daytime+tcp; do
		run "$REQTIME" query "$scheme://$1:$(server_port $scheme)"
		expect "$scheme over $2 is shown, and is not an answer" 1 "$(date -u +%Y)"
	done
	run "$REQTIME" "$1:$(server_port ntp)"
	expect "$2: query is the default command" 0 'selected'
	run "$REQTIME" set --dry-run "$1:$(server_port ntp)"
	expect "$2: a dry run of set" 0
	server_stop
}

protocols 127.0.0.1 IPv4
if [ -e /proc/net/if_inet6 ] && grep -q '^0\{31\}1 ' /proc/net/if_inet6; then
	protocols '[::1]' IPv6
else
	skip "IPv6" "this host has no ::1"
fi

# The request by hand, without a client program.
if have bash; then
	server --listen 127.0.0.1:0 --text-listen 127.0.0.1:0 --local-stratum 1 || finish
	for protocol in tcp udp; do
		scheme=reqtime
		[ $protocol = tcp ] && scheme=reqtime+tcp
		# head, not read: read takes one octet of a datagram and the rest is lost.
		# shellcheck disable=SC2016 # for bash
		run timeout 5 bash -c 'exec 3<>"/dev/$1/127.0.0.1/$2" && echo reqtime >&3 &&
			head -n 1 <&3' - $protocol "$(server_port $scheme)"
		expect "the line reqtime over $protocol is answered by a time" 0 \
			"^$(date -u +%Y)-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{9}Z\$"
	done
	server_stop
fi

# A host whose kernel says "unsynchronised" does not pretend.
server --listen 127.0.0.1:0 || finish
run "$REQTIME" query --json "127.0.0.1:$(server_port ntp)"
case "$status $(json status)" in
"1 unsynchronised") ok "without --local-stratum an unsynchronised host is not a source" ;;
"0 ok") skip "without --local-stratum an unsynchronised host is not a source" \
	"this machine's clock is synchronised" ;;
*) not_ok "without --local-stratum an unsynchronised host is not a source" \
	"exit $status: $(cat "$out")" ;;
esac
server_stop

# No server, and a silent one: an honest status within the deadline.
server --listen 127.0.0.1:0 --text-listen 127.0.0.1:0 --local-stratum 1 || finish
port=$(server_port reqtime)
timed "$REQTIME" query --timeout 1s "ntp://127.0.0.1:$port"
expect "silence is no answer" 1
check "silence: not before the deadline ($took_ms ms)" test "$took_ms" -ge 900
check "silence ends at the deadline" timely 1500
server_stop
timed "$REQTIME" query "ntp://127.0.0.1:$port"
expect "a closed port is no answer" 1 'refused'
check "a closed port is known at once ($took_ms ms)" timely 2500

finish
