# shellcheck shell=sh
# SPDX-License-Identifier: MIT
#
# After lib.sh, in an own_network, for adversary_dns.c:
#
#   $T/resolving COMMAND...      runs it with $T/resolv.conf, $T/hosts and $T/nsswitch.conf in /etc,
#                                initially almost empty; without a mount namespace the script is skipped
#   name_server N WHAT...        starts the name server 127.0.0.N with WHAT (see the head of its source), in
#                                place of the previous one; without WHAT none runs; $dns_options: -u or -s
#   resolvers LINE...            writes resolv.conf; a single digit is that name server
#   asked_of N NAME TYPE         the number of questions for it that name server got
# shellcheck disable=SC2154 # lib.sh sets them

tool adversary_dns dns

echo 'hosts: files dns' >"$T/nsswitch.conf"
echo '127.0.0.1 localhost' >"$T/hosts"
: >"$T/resolv.conf"
cat >"$T/resolving" <<'END2'
#!/bin/sh
exec unshare -m sh -c 'for file in hosts resolv.conf nsswitch.conf; do
		mount --bind "$0/$file" "/etc/$file" || exit 77
	done
	exec "$@"' "${0%/*}" "$@"
END2
chmod 644 "$T"/*.conf "$T/hosts"
chmod 755 "$T/resolving"
if ! "$T/resolving" true 2>"$T/why"; then
	skip_all "cannot make a mount namespace: $(head -n 1 "$T/why")"
fi

name_server() {
	dns_n=$1
	shift
	eval "dns_pid=\${dns_pid_$dns_n:-}"
	if [ -n "$dns_pid" ]; then
		kill "$dns_pid" && wait "$dns_pid" 2>/dev/null
	fi
	eval "dns_pid_$dns_n="
	: >"$T/dns.$dns_n"
	if [ $# -gt 0 ]; then
		# shellcheck disable=SC2086 # options
		"$T/dns" ${dns_options:-} "127.0.0.$dns_n" "$@" >"$T/dns.$dns_n" 2>&1 &
		eval "dns_pid_$dns_n=$!"
		lib_pids="$lib_pids $!"
		wait_for 5 grep -q '^ready' "$T/dns.$dns_n"
	fi
}

resolvers() {
	for dns_line in "$@"; do
		case $dns_line in
		[1-9]) echo "nameserver 127.0.0.$dns_line" ;;
		*) echo "$dns_line" ;;
		esac
	done >"$T/resolv.conf"
}

asked_of() {
	awk -v name="$2" -v type="$3" '$1 == "asked" && $2 == name && $3 == type { n++ }
		END { print n + 0 }' "$T/dns.$1"
}
