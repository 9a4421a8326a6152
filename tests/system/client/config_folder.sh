#!/bin/sh
# SPDX-License-Identifier: MIT
#
# /etc/reqtime/conf.d: read after reqtime.conf in the order of names; lists add up, single values
# replace; `reqtime config` names the file of each.  Servers of DHCP from /run/reqtime.d.
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"
own_network "$@"

# The real folders, in this script's own mount namespace (tests/guard), which has its own /run too.
[ "$(id -u)" = 0 ] || skip_all "needs root: an overlay over /etc"
etc=$(tr '\0' '\n' <"$REQTIME" | sed -n 's,.*(\(/.*\)/reqtime/reqtime\.conf).*,\1,p' | head -n 1)
etc=${etc:-/etc}
mkdir -p /run/o/upper /run/o/work
if [ "$(stat -f -c %T /run)" != tmpfs ] ||
	! mount -t overlay -o "lowerdir=$etc,upperdir=/run/o/upper,workdir=/run/o/work" overlay "$etc" 2>"$T/why"; then
	skip_all "no overlay over $etc: $(cat "$T/why")"
fi
main=$etc/reqtime/reqtime.conf
further=$etc/reqtime/conf.d
dhcp=/run/reqtime.d
rm -rf "$etc/reqtime"
mkdir -p "$further" "$dhcp"

# shows NAME LINE: as printed, blanks squeezed, once
shows() {
	if [ "$(tr -s ' ' <"$out" | grep -Fxc -e "$2")" = 1 ]; then
		ok "$1"
	else
		not_ok "$1" "no single line \"$2\" in
$(cat "$out" "$err")"
	fi
}
# servers NAME WANTED [SECTION]: those of the last `reqtime config`, with files instead of paths
servers() {
	check "$1" test "$(sed -n "s|^server = *||p" "$out" | tr -s ' ' | sed "s|$etc/reqtime/||; s|/run/reqtime.d/||" |
		tr '\n' ',')" = "$2"
}

# ---- conf.d ----
run "$REQTIME" config
expect "neither a file nor one in the folder" 0 "^# $main: no such file"
cat >"$main" <<END_OF_FILE
server = 192.0.2.1
samples = 2
timeout = 3s
[set]
step = yes
nts-ca = /etc/a.pem
END_OF_FILE
cat >"$further/20-site.conf" <<END_OF_FILE
# second
server = 192.0.2.20
samples = 3
END_OF_FILE
cat >"$further/10-rack.conf" <<END_OF_FILE
server = 192.0.2.10
samples = 1
[set]
slew = yes
nts-ca = /etc/b.pem
END_OF_FILE
for other in .hidden.conf README 30-old.conf.dpkg-old 40~; do
	echo "frob = yes" >"$further/$other"
done
run "$REQTIME" config set
expect "config reads all of them" 0 "^# $further/20-site.conf\$"
check "... in the order of names, and no other file" test "$(grep '^# /' "$out" | tr '\n' ' ')" = \
	"# $main # $further/10-rack.conf # $further/20-site.conf "
servers "servers add up, each with its file" \
	"192.0.2.1 ; reqtime.conf:1,192.0.2.10 ; conf.d/10-rack.conf:1,192.0.2.20 ; conf.d/20-site.conf:2,"
shows "a single value: that of the last file" "samples = 3 ; $further/20-site.conf:3"
shows "a value of the main file alone" "timeout = 3s ; $main:3"
shows "a choice replaces the other of an earlier file" "slew = yes ; $further/10-rack.conf:4"
shows "... whose own line is gone" "step = no ; default"
shows "a list of a section" "nts-ca = /etc/a.pem ; $main:6"
shows "... goes on in a later file" "nts-ca = /etc/b.pem ; $further/10-rack.conf:5"
run "$REQTIME" config --json set
expect "--json: the files" 0 "\"files\":\[\"$main\",\"$further/10-rack.conf\",\"$further/20-site.conf\"\]"
expect "... that of a value" 0 "\"samples\":\{\"value\":3,\"origin\":\"file\",\"line\":3,\"file\":\"$further/20-site.conf\"\}"
expect "... those of a list" 0 "\"places\":\[\{\"file\":\"$main\",\"line\":1\},\{\"file\":\"$further/10-rack.conf\",\"line\":1\},"
run "$REQTIME" config --json
cp "$out" "$T/config.json"
if python3 -c 'import jsonschema' 2>/dev/null; then
	printf 'config\t%s\tall commands\n' "$T/config.json" >"$T/list"
	run python3 "$R/tests/tools/schema.py" "$T/list"
	expect "... by its schema" 0 '^ok'
else
	skip "... by its schema" "needs python3-jsonschema"
fi
run "$REQTIME" config
shows "all commands: a common value" "samples = 3 ; $further/20-site.conf:3"
printf 'server =\nserver = 192.0.2.30\n' >"$further/30-only.conf"
run "$REQTIME" config query
servers "an empty value empties the list" "192.0.2.30 ; conf.d/30-only.conf:2,"
rm "$further/30-only.conf"
run "$REQTIME" config -f "$main" query
servers "a file that is named is all that is read" "192.0.2.1 ; reqtime.conf:1,"
run "$REQTIME" config query 192.0.2.99
servers "servers of the command line stand alone" "192.0.2.99 ; command line,"
mv "$main" "$T/main"
run "$REQTIME" config query
servers "without a main file" "192.0.2.10 ; conf.d/10-rack.conf:1,192.0.2.20 ; conf.d/20-site.conf:2,"
mv "$T/main" "$main"

# refuses NAME PATTERN: the file on stdin as 50-bad.conf
refuses() {
	cat >"$further/50-bad.conf"
	run "$REQTIME" 127.0.0.1:1
	expect "$1" 2 "^reqtime: $2"
	rm -rf "$further/50-bad.conf"
}
refuses "an unknown key: file and line" "$further/50-bad.conf:2: unknown key \"sever\"; did you mean" <<END_OF_FILE
# comment
sever = a
END_OF_FILE
refuses "twice in one file" "$further/50-bad.conf:2: already given in line 1: \"samples\"" <<END_OF_FILE
samples = 1
samples = 1
END_OF_FILE
refuses "a contradiction in one file" "$further/50-bad.conf:3: slew contradicts \"step\"" <<END_OF_FILE
[set]
step = yes
slew = yes
END_OF_FILE
refuses "an empty single value" "$further/50-bad.conf:1: state-dir: \"\" is empty" <<END_OF_FILE
state-dir =
END_OF_FILE
yes 'server = 192.0.2.1' | head -n 63 >"$T/many"
refuses "more than 64 servers in all" "$further/50-bad.conf:62: more than 64 of \"server\"" <"$T/many"
echo 'server =' >"$T/one"
run "$REQTIME" config -f "$T/one" query
expect "the empty value is for files of the folder" 2 "$T/one:1: server: \"\" is empty"
ln -s /dev/null "$further/50-bad.conf"
run "$REQTIME" config query
expect "a link to /dev/null is an empty file" 0 "^# $further/50-bad.conf"
rm "$further/50-bad.conf"
mkdir "$further/50-bad.conf"
refuses_whole() { # NAME REASON
	run "$REQTIME" 127.0.0.1:1
	expect "$1" 2 "^reqtime: $2 .configuration folder.\$"
}
refuses_whole "a folder in it" "$further/50-bad.conf: not a regular file"
rmdir "$further/50-bad.conf"
ln -s nowhere "$further/50-bad.conf"
refuses_whole "a link to nothing" "$further/50-bad.conf: No such file or directory"
rm "$further/50-bad.conf"
echo 'samples = 1' >"$further/50-bad.conf"
chmod o+w "$further/50-bad.conf"
refuses_whole "a file that everybody may write" "$further/50-bad.conf: everybody may write to it: chmod o-w"
chmod o-w "$further/50-bad.conf"
chown 65534 "$further/50-bad.conf"
refuses_whole "a file of somebody else" "$further/50-bad.conf: it belongs to another user: chown root"
rm "$further/50-bad.conf"
chmod 1777 "$further"
refuses_whole "a folder that everybody may write" "$further: everybody may write to it: chmod o-w"
chmod 755 "$further"
mount -t tmpfs -o mode=1777 tmpfs "$further"
refuses_whole "... also if it is mounted" "$further: everybody may write to it: chmod o-w"
echo 'server = 192.0.2.50' >"$further/50.conf"
mount -o remount,ro "$further"
run "$REQTIME" config query
servers "... but not if it is mounted read-only, as a volume" "192.0.2.1 ; reqtime.conf:1,192.0.2.50 ; conf.d/50.conf:1,"
umount "$further"
run setpriv --reuid 65534 --clear-groups "$REQTIME" config query
servers "another user reads the same" \
	"192.0.2.1 ; reqtime.conf:1,192.0.2.10 ; conf.d/10-rack.conf:1,192.0.2.20 ; conf.d/20-site.conf:2,"

# ---- servers of DHCP ----
rm -f "$main" "$further"/*
printf '# eth0\nserver = 198.51.100.1\nserver = ntp.lan\n' >"$dhcp/dhcp-eth0.conf"
printf 'server = fe80::1%%eth1\nserver = 198.51.100.1\n' >"$dhcp/dhcp-eth1.conf"
all="198.51.100.1 ; dhcp-eth0.conf:2,ntp.lan ; dhcp-eth0.conf:3,fe80::1%eth1 ; dhcp-eth1.conf:1,"
run "$REQTIME" config query
servers "servers of DHCP are not asked unless wanted" ""
check "... nor are their files read" sh -c "! grep -q '$dhcp' '$out'"
run "$REQTIME"
expect "... so none is named" 2 '^reqtime: no SERVER given, and there is no '
echo 'dhcp-servers = fallback' >"$main"
run "$REQTIME" config query
servers "fallback, and no server named: they are, each once" "$all"
run "$REQTIME" config query --dhcp-servers never
servers "the command line says never" ""
run "$REQTIME" config -f /dev/null query --dhcp-servers always
servers "... or always, whatever file is named" "$all"
run "$REQTIME" config query 192.0.2.99
servers "servers of the command line stand alone here, too" "192.0.2.99 ; command line,"
echo 'server = 192.0.2.1' >"$further/10-here.conf"
run "$REQTIME" config query
servers "fallback, and a server named: they are not" "192.0.2.1 ; conf.d/10-here.conf:1,"
rm "$further/10-here.conf"
echo 127.0.0.1:1 >"$T/fleet"
run "$REQTIME" config query --servers-file "$T/fleet"
servers "fallback, and a file of servers named: they are not" ""
printf 'dhcp-servers = always\nserver = 192.0.2.1\nserver = ntp.lan\n[set]\nserver = 192.0.2.2\n' >"$main"
run "$REQTIME" config query
servers "always: beside the others, each once" \
	"192.0.2.1 ; reqtime.conf:2,ntp.lan ; reqtime.conf:3,198.51.100.1 ; dhcp-eth0.conf:2,fe80::1%eth1 ; dhcp-eth1.conf:1,"
run "$REQTIME" config set
servers "... also beside those of a section" "192.0.2.2 ; reqtime.conf:5,$all"
run "$REQTIME" config --json set
expect "... and in JSON" 0 "\{\"file\":\"$dhcp/dhcp-eth1.conf\",\"line\":1\}\]"

# skips NAME REASON: the file on stdin as dhcp-bad.conf is skipped as a whole, with one warning
echo 'dhcp-servers = always' >"$main"
skips() {
	cat >"$dhcp/dhcp-bad.conf"
	run "$REQTIME" config
	expect "$1" 0
	check "... one warning: $2" test "$(cat "$err")" = \
		"reqtime: $dhcp/dhcp-bad.conf$2: this file of DHCP is skipped"
	run "$REQTIME" config query
	servers "... the others are read" "$all"
	rm -f "$dhcp/dhcp-bad.conf"
}
skips "a key that is not a server" ':2: a key that is not "server"' <<END_OF_FILE
server = 203.0.113.1
log-to = /etc/passwd
END_OF_FILE
skips "a section" ':1: a section' <<END_OF_FILE
[set]
server = 203.0.113.1
END_OF_FILE
for word in 'nts://ntp.lan' 'ntp.lan:124' '[::1]' '203.0.113.1 203.0.113.2' "a'b" '-x' '../a' ''; do
	echo "server = $word" >"$T/one"
	skips "not a host: $word" ':1: neither an address nor a host name' <"$T/one"
done
printf 'server = 203.0.113.1\nnonsense\n' >"$T/one"
skips "no line of a file" ":2: neither \"key = value\" nor \"[section]\": \"nonsense\"" <"$T/one"
printf 'server = 203.0.113.1\n' >"$dhcp/dhcp-open.conf"
chmod o+w "$dhcp/dhcp-open.conf"
run "$REQTIME" config query
expect "a file that everybody may write: skipped" 0 "^reqtime: $dhcp/dhcp-open.conf: everybody may write"
servers "... the others are read" "$all"
rm "$dhcp/dhcp-open.conf"
chmod o+w "$dhcp"
run "$REQTIME" config query
expect "a folder that everybody may write: none is asked" 0 "^reqtime: $dhcp: everybody may write .* are not asked\$"
servers "... as it says" ""
chmod o-w "$dhcp"
seq -f 'server = 203.0.113.%g' 20 >"$dhcp/a.conf"
run "$REQTIME" config query
expect "more than sixteen: the others are left out" 0 "^reqtime: $dhcp: 8 lines are left out: at most 16"
check "... sixteen are asked" test "$(grep -c '^server = 203.0.113' "$out")" = 16
rm "$dhcp"/*
seq -f 'server = 192.0.2.%g' 63 >>"$main"
printf 'server = 203.0.113.1\nserver = 203.0.113.2\n' >"$dhcp/a.conf"
run "$REQTIME" config query
expect "no more than 64 in all" 0 "^reqtime: $dhcp: 1 lines are left out: .* 64 in all"
check "... and those of the file first" test "$(grep -c '^server = ' "$out")" = 64
rm "$dhcp/a.conf"

# A run: they are asked, and SIGHUP reads all again.
server --listen 127.0.0.1:123 --local-stratum 1 || finish
printf 'dhcp-servers = fallback\n' >"$main"
echo 'server = 127.0.0.1' >"$dhcp/dhcp-lo.conf"
run "$REQTIME"
expect "query asks a server of DHCP" 0 '^127\.0\.0\.1 .*selected'
run "$REQTIME" check
expect "... check does" 0 'OK'
run "$REQTIME" set --dry-run
expect "... set does" 0 '^127\.0\.0\.1 .*selected'
printf 'sever = x\n' >"$dhcp/dhcp-bad.conf"
run "$REQTIME" set --dry-run
expect "a broken file does not keep the clock from being set" 0 '^127\.0\.0\.1 .*selected'
check "... and is one warning" test "$(grep -c skipped "$err")" = 1
rm "$dhcp/dhcp-bad.conf"
for verb in query set; do
	dry=
	[ $verb = query ] || dry=--dry-run
	rm -f "$further"/*
	background "$REQTIME" $verb $dry --every 1h --json >"$T/hup" 2>"$T/hup.err"
	check "$verb --every: the first run" wait_for 10 grep -q '"port":123,' "$T/hup"
	echo 'server = 127.0.0.2:1' >"$further/10.conf"
	kill -HUP "$background_pid"
	check "... SIGHUP reads the folder again" wait_for 10 grep -q '"port":1,' "$T/hup"
	: >"$T/hup"
	echo 'sever = x' >"$further/20.conf"
	kill -HUP "$background_pid"
	check "... a broken file is reported" wait_for 10 grep -q "$further/20.conf:1: unknown key" "$T/hup.err"
	check "... and the previous ones stay in force" wait_for 10 grep -q '"port":1,' "$T/hup"
	kill "$background_pid"
	wait "$background_pid" 2>/dev/null
done

# Without a signal: each run of --every and each try of --wait reads what DHCP has named by then.
rm -f "$further"/* "$dhcp"/*
echo 'server = 127.0.0.2' >"$dhcp/dhcp-lo.conf"
background "$REQTIME" --every 1s --json -t 200ms >"$T/every" 2>"$T/every.err"
check "--every: the first run" wait_for 10 grep -q '"port":123,' "$T/every"
echo 'server = 127.0.0.1' >"$dhcp/dhcp-lo.conf"
check "... the next one asks the server of a new lease" wait_for 10 grep -q '"address":"127.0.0.1","port":123,' "$T/every"
kill "$background_pid"
wait "$background_pid" 2>/dev/null
rm "$dhcp/dhcp-lo.conf"
run "$REQTIME" set --dry-run
expect "no lease: no SERVER" 2 "^reqtime: no SERVER given, and none in $main, nor by DHCP in $dhcp; try"
run "$REQTIME" set --dry-run --wait 300ms
expect "... nor with --wait, in the end" 1 "^reqtime: no SERVER given, and DHCP named none in $dhcp: name one in $main"
check "... said once" test "$(wc -l <"$err")" = 1
run "$REQTIME" set --dry-run --wait 300ms --dhcp-servers never
expect "... and without DHCP there is nothing to wait for" 2 '^reqtime: no SERVER given'
background sh -c "sleep 0.5; echo 'server = 127.0.0.1' >'$dhcp/dhcp-lo.conf'"
run "$REQTIME" set --dry-run --wait 30s
expect "a lease that comes while set waits" 0 '^127\.0\.0\.1 .*selected'
server_stop
finish
