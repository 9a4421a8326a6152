#!/bin/sh
# SPDX-License-Identifier: MIT
#
# `make static`: each program is one file that works in an otherwise empty root.
. "$(dirname "$0")/tools/lib.sh"
own_network "$@"
tool adversary_dns dns
ip addr add 10.66.0.1/32 dev lo
cd "$R" || exit 1

check "make static" static_built
for program in reqtime reqtimed; do
	check "$program needs no library" sh -c \
		"readelf -dl build/static/$program >'$T/elf' && ! grep 'NEEDED\|INTERP' '$T/elf'"
	run build/static/$program --version
	expect "$program says that it is static" 0 '^reqtimed? [0-9.]+ \(static\)$'
done
check "the dynamic one does not" sh -c "'$REQTIME' --version | grep -v static"
size=$(stat -c %s build/static/reqtime)
echo "# build/static/reqtime: $size octets, reqtimed: $(stat -c %s build/static/reqtimed)"
check "reqtime is smaller than 4 MB" test "$size" -lt 4000000
run build/static/reqtime trace
expect "trace: absent, with the reason" 2 'static build.*libpcap'
run build/static/reqtime trace -r file.pcap --explain -i eth0 word
expect "trace with options: the same" 2 'static build.*libpcap.*build a reqtime that has it with .make.'
run build/static/reqtime help
expect "help: absent" 0 'trace +\(not in this static build\)'

# A root with a single file.
mkdir -p "$T/root"
cp build/static/reqtime "$T/root/"
empty_root() {
	run chroot "$T/root" /reqtime "$@"
}
if ! chroot "$T/root" /reqtime --version >/dev/null 2>"$T/why"; then
	skip "in an empty root" "$(cat "$T/why")"
	finish
fi
REQTIMED=$R/build/static/reqtimed
server --listen 127.0.0.1:0 --listen "10.66.0.1:1123" --local-stratum 1 || finish
port=$(server_port ntp)
empty_root "127.0.0.1:$port"
expect "in an empty root: query" 0 '127\.0\.0\.1.*selected'
empty_root set --dry-run "127.0.0.1:$port"
expect "in an empty root: set --dry-run" 0 'dry run|would'
empty_root set "127.0.0.1:$port"
expect "in an empty root: set without the right to" 4 'not permitted to set the clock'
empty_root --json "127.0.0.1:$port"
check "in an empty root: the offset is within its bound" \
	within "$(json bound_ns)" "$(json offset_ns)"

# Names: the static C library reads /etc/hosts and DNS itself.
mkdir -p "$T/root/etc"
echo "10.66.0.1 in-hosts.test" >"$T/root/etc/hosts"
echo "nameserver 127.0.0.1" >"$T/root/etc/resolv.conf"
background "$T/dns" 127.0.0.1 in-dns.test=10.66.0.1 >"$T/dns.out"
wait_for 10 grep -q '^ready' "$T/dns.out"
empty_root "in-dns.test:1123"
expect "a name in the DNS" 0 'in-dns\.test.*selected'
empty_root "in-hosts.test:1123"
expect "a name in /etc/hosts" 0 'in-hosts\.test.*selected'
empty_root "nowhere.test:1123"
expect "a name that does not exist" 1 'nowhere\.test'
finish
