# shellcheck shell=sh
# SPDX-License-Identifier: MIT
#
# After lib.sh, for poke.c, with help for NTP packets in hex:
#
#   poke ...                runs poke.c's program; result in $out
#   request OCTET [TAIL]    hex of a 48-octet request with this first octet (decimal) and
#                           the cookie 1122334455667788; TAIL is appended
#   octets N                N octets of zero in hex
#   field HEX FROM COUNT    octets FROM.. of a packet in hex
# shellcheck disable=SC2154 # lib.sh sets them

tool poke

poke() {
	run "$T/poke" "$@"
}
octets() {
	printf '%0*d' $(($1 * 2)) 0 | cut -c "1-$(($1 * 2))"
}
request() {
	printf '%02x%s1122334455667788%s' "$1" "$(octets 39)" "${2:-}"
}
field() {
	printf '%s' "$1" | cut -c "$(($2 * 2 + 1))-$((($2 + $3) * 2))"
}
# The octets of reply N of the last poke udp; empty without one.
reply() {
	awk -v n="$1" '$1 == n && $2 != "silence" { print $3 }' "$out"
}
# silent NAME: the last poke udp got no reply
silent() {
	if [ "$status" -eq 0 ] && grep -q silence "$out" && ! grep -qv 'silence$' "$out"; then
		ok "$1"
	else
		not_ok "$1" "exit $status: $(head -n 5 "$out" | cut -c 1-150) $(cat "$err")"
	fi
}
