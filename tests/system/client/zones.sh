#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Link-local IPv6 addresses: the interface by name or by index, wherever an address is accepted, in
# the client and in the server.  Two network namespaces connected by a veth pair: fe80::1 here, at
# the interface "near", fe80::2 there, at the interface "far".
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"
own_network "$@"
# shellcheck source=tests/tools/adversary.sh
. "$(dirname "$0")/../../tools/adversary.sh" # true_time

background unshare -n sleep 200
peer=$background_pid
wait_for 5 sh -c "[ \"\$(readlink /proc/$peer/ns/net)\" != \"\$(readlink /proc/self/ns/net)\" ]"
there="nsenter -t $peer -n"
if ! ip link add near type veth peer name far netns "$peer" 2>"$T/why"; then
	skip_all "no veth: $(cat "$T/why")"
fi
ip link set near addrgenmode none up
$there ip link set far addrgenmode none up
$there ip link set lo up
if ! ip addr add fe80::1/64 dev near nodad 2>"$T/why" || ! $there ip addr add fe80::2/64 dev far nodad; then
	skip_all "no IPv6: $(cat "$T/why")"
fi
near=$(ip -o link show near | cut -d : -f 1)

# --- the server
server_prefix=$there
server --listen '[fe80::2%far]:123' --listen '[fe80::2%far]:1123' --text-listen 'fe80::2%far' \
	--time-listen '[fe80::2%far]:37' --daytime-listen '[fe80::2%far]:0' --local-stratum 3
for line in 'ntp \[fe80::2%far\]:123' 'ntp \[fe80::2%far\]:1123' 'text udp \[fe80::2%far\]:9191' \
	'text tcp \[fe80::2%far\]:9191' 'time udp \[fe80::2%far\]:37' 'daytime udp \[fe80::2%far\]:[0-9]*'; do
	check "reqtimed prints its listening address: $line" grep -q "^reqtimed: $line\$" "$server_log"
done
server_prefix=

# --- the client: SERVER|name|address
rows=$T/rows
cat >"$rows" <<END2
fe80::2%near|fe80::2%near|fe80::2%near
[fe80::2%near]|fe80::2%near|fe80::2%near
[fe80::2%near]:1123|fe80::2%near|fe80::2%near
ntp://[fe80::2%near]|fe80::2%near|fe80::2%near
ntp://fe80::2%near|fe80::2%near|fe80::2%near
FE80:0:0::2%near|FE80:0:0::2%near|fe80::2%near
reqtime://[fe80::2%near]|fe80::2%near|fe80::2%near
reqtime+tcp://[fe80::2%near]:9191|fe80::2%near|fe80::2%near
time://[fe80::2%near]|fe80::2%near|fe80::2%near
fe80::2%$near|fe80::2%$near|fe80::2%$near
[fe80::2%$near]:1123|fe80::2%$near|fe80::2%$near
END2
while IFS='|' read -r spec name address <&3; do
	run "$REQTIME" --json "$spec"
	true_time "$spec"
	check "$spec: name and address" test "$(json name) $(json address)" = "$name $address"
done 3<"$rows"
run "$REQTIME" --json -6 'fe80::2%near'
true_time "-6"
run "$REQTIME" 'fe80::2%near' 127.0.0.1:9
expect "the table has it once" 0 '^fe80::2%near  +3 '
run "$REQTIME" --format csv 'fe80::2%near'
expect "CSV has name and address" 0 ',source,fe80::2%near,fe80::2%near,123,'
run "$REQTIME" --format ntpdate 'fe80::2%near'
expect "ntpdate's lines have the address" 0 '^server fe80::2%near, stratum 3'
run "$REQTIME" -v 'fe80::2%near'
expect "the details have the address" 0 'fe80::2%near'
run "$REQTIME" --json 'fe80::2%near' "fe80::2%$near"
true_time "by name and by index: one server"
check "by name and by index: counted once" grep -q 'the same address as fe80::2%' "$out"
run "$REQTIME" check -H 'fe80::2%near'
expect "check" 0 '^REQTIME OK'
printf '%s\n' 'fe80::2%near' '[fe80::2%near]:1123 # a comment' >"$T/list"
run "$REQTIME" --json --servers-file "$T/list"
true_time "--servers-file"
check "--servers-file: both are heard" test "$(grep -o '"received":[1-9]' "$out" | wc -l)" -eq 2
printf 'server = [fe80::2%%near]:1123\n' >"$T/conf"
run "$REQTIME" --json -f "$T/conf"
true_time "the configuration file"
mkdir "$T/state"
run "$REQTIME" set --dry-run --json --state-dir "$T/state" 'fe80::2%near'
true_time "set --dry-run"
run "$REQTIME" history --state-dir "$T/state" --json --sources
expect "history has name and address" 0 '"name":"fe80::2%near","address":"fe80::2%near"'

# --- an error is reported before anything is sent
run "$REQTIME" --json 'fe80::2%eth9'
expect "no such interface" 1 '"status":"unreachable","reason":"no interface eth9"'
check "no such interface: nothing is sent" test "$(json sent)" = 0
run "$REQTIME" --json 'fe80::2%eth9' 'fe80::2%near'
true_time "no such interface: another server goes on"
run "$REQTIME" --json 'fe80::2'
expect "no interface" 1 '"reason":"fe80::2 is link-local: add the interface, fe80::2%eth0"'
check "no interface: nothing is sent" test "$(json sent)" = 0
run "$REQTIME" --json '[fe80::2]:1123' 'fe80::2%near'
true_time "no interface: another server goes on"
run "$REQTIME" --json -4 'fe80::2%near'
expect "-4" 1 '"reason":"an IPv6 address, and --ipv4 was given"'
for spec in 'fe80::2%' 'fe80::2%0' 'fe80::2%a/b' 'fe80::2%sixteen_octets_x' '2001:db8::1%near' \
	'10.0.0.1%near' 'host%near' '[fe80::2%near' '[fe80::2%near]x'; do
	run "$REQTIME" "$spec"
	expect "not a server: $spec" 2 'server "'
done

# --- --listen
# refused NAME STATUS PATTERN OPTION...
refused() {
	refused_name=$1 refused_status=$2 refused_pattern=$3
	shift 3
	run timeout 10 "$REQTIMED" --local-stratum 3 "$@"
	expect "$refused_name" "$refused_status" "$refused_pattern"
}
for option in listen text-listen time-listen daytime-listen; do
	refused "--$option without an interface" 2 \
		"--$option fe80::1: fe80::1 is link-local: add the interface, fe80::1%eth0" "--$option" fe80::1
	refused "--$option at no such interface" 6 \
		'cannot listen on .*\[fe80::1%eth9\]:[0-9]*: no interface eth9' "--$option" 'fe80::1%eth9'
done
server --listen "[fe80::1%$near]:123" --local-stratum 3
check "--listen with an index" grep -q '^reqtimed: ntp \[fe80::1%near\]:123$' "$server_log"
server_stop
server --listen 'fe80::1%near' --local-stratum 3
check "--listen without brackets" grep -q '^reqtimed: ntp \[fe80::1%near\]:123$' "$server_log"
server_stop
if have python3; then
	# As the service manager passes one: bound, number 3, no name.
	cat >"$T/activate.py" <<'END2'
import os, socket, sys
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
s.bind(('fe80::1', 1124, 0, socket.if_nametoindex('near')))
if s.fileno() != 3:
    os.dup2(s.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1', LISTEN_FDNAMES='ntp')
os.execv(sys.argv[1], sys.argv[1:])
END2
	server_prefix="python3 $T/activate.py" server --local-stratum 3
	check "a socket of the service manager is shown with its interface" \
		grep -q '^reqtimed: ntp \[fe80::1%near\]:1124$' "$server_log"
	server_stop
else
	skip "a socket of the service manager" "needs python3"
fi

# --- --allow and --deny
ip link add other type veth peer name unused
ip link set other up
# allows NAME yes|no OPTION...
allows() {
	allows_name=$1 allows_want=$2
	shift 2
	server --listen '[fe80::1%near]:123' --local-stratum 3 "$@"
	run $there "$REQTIME" -q -n 1 -t 400ms 'fe80::1%far'
	if [ "$allows_want" = yes ]; then
		check "$allows_name" test "$status" -eq 0
	else
		check "$allows_name" test "$status" -eq 1
	fi
	server_stop
}
allows "--allow on this interface" yes --allow 'fe80::%near/10'
allows "--allow on this interface by its index" yes --allow "fe80::%$near/10"
allows "--allow on another interface" no --allow 'fe80::%other/10'
allows "--deny on this interface" no --deny 'fe80::2%near'
allows "--deny on another interface" yes --deny 'fe80::2%other'
allows "--deny on this one, --allow of all links" no --allow fe80::/10 --deny 'fe80::%near/10'
refused "--allow with an unknown interface" 2 '--allow fe80::%eth9/10: no interface eth9$' --allow 'fe80::%eth9/10'
refused "--allow with the interface behind the length" 2 '--allow fe80::/10%near: ' --allow 'fe80::/10%near'
mkdir "$T/folder"
chmod 755 "$T/folder"
config=$T/folder/reqtimed.conf
printf 'listen = [fe80::1%%near]:123\nlocal-stratum = 3\ndeny = fe80::%%near/10\n' >"$config"
chmod 644 "$config"
server --config "$config"
# shellcheck disable=SC2317 # called by check
asks() {
	$there "$REQTIME" -q -n 1 -t 400ms 'fe80::1%far'
}
check "the server's file denies" sh -c "! $there '$REQTIME' -q -n 1 -t 400ms 'fe80::1%far'"
sed -i 's/%near.10/%other\/10/' "$config"
kill -HUP "$server_pid"
check "... and read again denies another interface" wait_for 5 asks
sed -i 's/%other/%eth9/' "$config"
kill -HUP "$server_pid"
check "... a missing interface is reported" wait_for 5 grep -q \
	'deny fe80::%eth9/10: no interface eth9 when reqtimed started: restart it' "$server_log"
check "... and the lists stay" asks
server_stop

# --- an interface that appears later
ip link set near down
ip link set near name later
(
	sleep 0.7
	ip link set later name near up
	ip addr add fe80::1/64 dev near nodad
) 2>/dev/null &
run "$REQTIME" set --dry-run --json --wait 20s -t 2s 'fe80::2%near'
wait $!
true_time "set --wait: the interface appears later"
finish
