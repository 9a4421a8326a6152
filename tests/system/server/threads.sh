#!/bin/sh
# SPDX-License-Identifier: MIT
#
# reqtimed built with ThreadSanitizer: requests of all kinds while the lists are read repeatedly,
# without a data race.
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"
# shellcheck source=tests/tools/poke.sh
. "$(dirname "$0")/../../tools/poke.sh"

if grep -q __asan_init "$REQTIMED"; then
	skip_all "one sanitizer at a time"
fi
if ! echo 'int main(void) { return 0; }' | cc -fsanitize=thread -x c -o "$T/tsan" - 2>"$T/tsan.log" ||
	! "$T/tsan"; then
	skip_all "no ThreadSanitizer here: $(head -n 1 "$T/tsan.log")"
fi
tool load
tool clients
if ! make -C "$R" -s TSAN=1 build/tsan/reqtimed >"$T/make.log" 2>&1; then
	not_ok "make TSAN=1" "$(tail -n 20 "$T/make.log")"
	finish
fi
REQTIMED=$R/build/tsan/reqtimed
export TSAN_OPTIONS="halt_on_error=0 exitcode=66"

conf=$T/reqtimed.conf
mkdir "$T/var"
chmod 777 "$T/var"
printf 'deny = 192.0.2.2\n' >"$conf"
chmod 644 "$conf"
server --listen 127.0.0.1:0 --listen 127.0.0.2:0 --text-listen 127.0.0.1:0 --local-stratum 1 \
	--threads 2 --metrics "$T/var/metrics" -f "$conf" || finish
ntp=$(server_port ntp)
text=$(server_port reqtime)
tcp=$(server_port reqtime+tcp)
# Half of the clients ask for interleaved mode: the threads share its table.
background "$T/load" rate 127.0.0.1 "$ntp" 2000 4 >"$T/loaded"
loading=$background_pid
background "$T/clients" interleaved 127.0.0.1 "$ntp" 500 4 >"$T/interleaved"
interleaving=$background_pid
# The log shows ten lines a minute.
times=8
i=0
while [ $i -lt $times ]; do
	i=$((i + 1))
	printf 'deny = 192.0.2.%d\nrate = %d\n' $i $((100 + i)) >"$conf"
	kill -HUP "$server_pid"
	wait_for 10 grep -q "reread: 1 prefixes, $((100 + i)) requests" "$server_log"
	poke udp 127.0.0.1 "$text" 200 72657174696d650a
	run "$T/poke" tcp 127.0.0.1 "$tcp" reqtime
done
wait "$loading"
wait "$interleaving"
check "$(cut -d ' ' -f 2 "$T/loaded") requests are answered while lists are read again $times times" \
	test "$(cut -d ' ' -f 2 "$T/loaded")" -gt 1000
check "the last list is in force" grep -q "reread: 1 prefixes, $((100 + times)) " "$server_log"
kill "$server_pid"
wait "$server_pid"
status=$?
check "it ends as it should ($status)" test "$status" = 0
if grep -q ThreadSanitizer "$server_log"; then
	not_ok "no race" "$(grep -A 30 ThreadSanitizer "$server_log" | head -n 60)"
else
	ok "no race"
fi
finish
