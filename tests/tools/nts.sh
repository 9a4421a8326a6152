# shellcheck shell=sh
# SPDX-License-Identifier: MIT
#
# After lib.sh, for nts_server.c and nts_certificates.c, and for the servers of others:
#
#   nts_program                  skips the script without reqtime-nts; fails when it does not run
#   nts_begin                    that, and nts_certificates_make, which must succeed
#   nts_certificates_make        certificates in $nts_certificates; ca.crt is the authority of all
#                                but `unknown`; see below for their names; `good` has
#                                localhost, time.example, 127.0.0.1, ::1, 192.0.2.1
#   nts_start ARGUMENTS...       starts nts_server with the certificate `good` (or with
#                                `$(nts_with NAME)` among the arguments), any ports, waits for it
#                                -> $nts_pid, $nts_ke, $nts_ntp (ports), file $nts_log
#   nts_stop                     ends the last; the others end with the script
#   nts_logged PATTERN           how many lines of the log match
#   nts_source [HOST]            nts://HOST:$nts_ke (127.0.0.1)
#   nts_cookies_unique           true when cookies were sent, and none twice, to whichever server
#   nts_good NAME [WHY]          one test: the last run (`query --json`) has a time, within its bound,
#                                by NTS alone; WHY: what else is wrong with it
#   nts_bad NAME REASON [WHY]    one test: it has none, for that reason
#
# In an own_network, because they have the ports 123 and 4460:
#   peer_chronyd_nts ADDRESS     chronyd as a server
#   peer_ntpsec_nts ADDRESS      ntpd of NTPsec as a server, which takes a few seconds
#   peer_nts_missing chronyd|ntpsec   why it cannot be run; nothing when it can
#   ask_chronyd_nts ADDRESS [NTP-PORT KE-PORT]   measures by it with chronyd; output on stdout
#
# $peer_prefix is a command before that of each server, to run it in another network.
#
# No server of others has the right to set the clock: tests/guard has taken it from the script.
# shellcheck disable=SC2154 # lib.sh sets them

tool nts_server
tool nts_certificates
nts_certificates=$T/certificates
nts_count=0
# shellcheck disable=SC2034 # for the scripts
nts_ca=$nts_certificates/ca.crt

nts_program() {
	[ -e "$BUILD/reqtime-nts" ] || skip_all "no $BUILD/reqtime-nts"
	if ! "$BUILD/reqtime-nts" --version >"$T/why" 2>&1; then
		not_ok "reqtime-nts runs" "$(cat "$T/why")"
		finish
	fi
}

nts_begin() {
	nts_program
	if ! nts_certificates_make >"$T/why" 2>&1; then
		not_ok "the certificates are made" "$(cat "$T/why")"
		finish
	fi
}

nts_certificates_make() {
	mkdir -p "$nts_certificates"
	nts_names='dns=localhost,time.example ip=127.0.0.1,::1,192.0.2.1'
	nts_chain='ca'
	set -- 'ca ca' "good by=ca $nts_names"
	set -- "$@" 'other ca' "unknown by=other $nts_names" "self $nts_names"
	set -- "$@" 'wrong by=ca dns=elsewhere.example ip=192.0.2.1' 'no-address by=ca dns=localhost'
	set -- "$@" "client by=ca use=client $nts_names"
	set -- "$@" "expired by=ca from=-864000 until=-3600 $nts_names" \
		"early by=ca from=+3600 until=+864000 $nts_names"
	# Not what an authority may do.
	set -- "$@" "by-server by=good $nts_names" 'no-more ca by=ca pathlen=0' 'more ca by=no-more' \
		"too-deep by=more $nts_names" "critical by=ca pad=16 critical $nts_names"
	set -- "$@" 'common-name by=ca subject=time.example'
	set -- "$@" "rsa by=ca type=rsa $nts_names" "rsa1024 by=ca type=rsa1024 $nts_names" \
		"ed25519 by=ca type=ed25519 $nts_names"
	# Eight between authority and server, of 5 KiB each.
	for nts_i in 1 2 3 4 5 6 7 8; do
		set -- "$@" "between$nts_i ca pad=4800 by=$nts_chain"
		nts_chain=between$nts_i
	done
	set -- "$@" "long by=$nts_chain $nts_names"
	set -- "$@" 'between-expired ca by=ca from=-864000 until=-3600' \
		"below-expired by=between-expired $nts_names"
	set -- "$@" 'ca-expired ca from=-864000 until=-3600' "of-expired by=ca-expired $nts_names"
	# The authority once more, signed by one that has expired: sent, and not needed.
	set -- "$@" 'old ca from=-864000 until=-3600' \
		'crossed ca key=ca subject=ca by=old from=-864000 until=-3600' \
		"with-crossed by=ca extra=crossed $nts_names"
	"$T/nts_certificates" "$nts_certificates" "$@"
}

nts_with() {
	echo "--certificate $nts_certificates/$1.pem --key $nts_certificates/$1.key"
}

nts_start() {
	nts_count=$((nts_count + 1))
	nts_log=$T/nts.$nts_count.log
	: >"$nts_log"
	# shellcheck disable=SC2046,SC2086 # several words, or none
	${peer_prefix:-} "$T/nts_server" $(nts_with good) --log "$nts_log" "$@" >"$T/nts.$nts_count.ready" 2>"$T/nts.err" &
	nts_pid=$!
	lib_pids="$lib_pids $nts_pid"
	if ! wait_for 10 grep -q '^ready' "$T/nts.$nts_count.ready"; then
		not_ok "nts_server gets ready" "$(cat "$T/nts.err")"
		finish
	fi
	read -r nts_ready nts_ke nts_ntp <"$T/nts.$nts_count.ready"
	: "$nts_ready" "$nts_ntp"
}

nts_stop() {
	kill "$nts_pid" 2>/dev/null
	wait "$nts_pid" 2>/dev/null
}

nts_logged() {
	grep -cE -e "$1" "$nts_log"
}

# shellcheck disable=SC2120 # an address is the rule
nts_source() {
	echo "nts://${1:-127.0.0.1}:$nts_ke"
}

nts_cookies_unique() {
	sed -n 's/^ntp .* cookie=\([0-9a-f]\{1,\}\) .*/\1/p' "$T"/nts.*.log >"$T/cookies"
	[ -s "$T/cookies" ] && [ -z "$(sort "$T/cookies" | uniq -d)" ]
}

nts_good() {
	nts_why=${2:-}
	[ "$status" -eq 0 ] || nts_why="$nts_why, exit $status"
	within "$(json bound_ns)" "$(json offset_ns)" || nts_why="$nts_why, offset $(json offset_ns)"
	[ "$(json authentication)" = nts ] || nts_why="$nts_why, not authenticated"
	nts_verdict "$1"
}
nts_bad() {
	nts_why=${3:-}
	[ "$status" -eq 1 ] || nts_why="$nts_why, exit $status"
	json reason | grep -Eq -e "$2" || nts_why="$nts_why, reason \"$(json reason)\", not $2"
	nts_verdict "$1"
}
nts_verdict() {
	# NTP without NTS would be the fallback that must not exist.
	[ "$(nts_logged '^ntp .* verdict=plain ')" -eq 0 ] || nts_why="$nts_why, a plain request"
	nts_cookies_unique || nts_why="$nts_why, a cookie twice, or none at all"
	if [ -z "$nts_why" ]; then
		ok "$1"
	else
		not_ok "$1" "${nts_why#, }
$(head -c 1500 "$out"; cat "$err"; cut -c 1-160 "$nts_log")"
	fi
}

NTS_CHRONYD=$R/build/peers/usr/sbin/chronyd
NTS_NTPD=$R/build/peers/usr/sbin/ntpd

peer_nts_missing() {
	case $1 in
	chronyd) [ -x "$NTS_CHRONYD" ] || echo "no chronyd below build/peers (packaging/deps test)" ;;
	ntpsec) ldd "$NTS_NTPD" 2>/dev/null | grep -q 'libssl.*/' ||
		echo "no ntpd of NTPsec below build/peers (packaging/deps test)" ;;
	esac
}

peer_chronyd_nts() {
	mkdir -p "$T/chronyd-keys"
	cat >"$T/chronyd-nts.conf" <<-END
		local stratum 1
		port 123
		allow all
		cmdport 0
		bindaddress $1
		bindcmdaddress /
		pidfile $T/chronyd-nts.pid
		ntsport 4460
		ntsserverkey $nts_certificates/good.key
		ntsservercert $nts_certificates/good.pem
		ntsprocesses 1
		ntsdumpdir $T/chronyd-keys
	END
	# shellcheck disable=SC2086 # a command with arguments, or nothing
	background ${peer_prefix:-} "$NTS_CHRONYD" -x -d -U -u "$(id -un)" -f "$T/chronyd-nts.conf" \
		>"$T/chronyd-nts.log" 2>&1
	peer_pid=$background_pid
	wait_for 5 test -s "$T/chronyd-nts.pid" && wait_for 5 peer_has_port
}

# 4460, 0x116c, in state LISTEN.
peer_has_port() {
	${peer_prefix:-} grep -q ':116C .* 0A ' /proc/net/tcp /proc/net/tcp6
}

peer_ntpsec_nts() {
	# Orphan mode serves the machine's clock at once; a local clock would do so after minutes.
	cat >"$T/ntpsec.conf" <<-END
		tos orphan 1 orphanwait 1
		restrict default
		interface listen $1
		driftfile $T/ntpsec.drift
		nts enable
		nts key $nts_certificates/good.key
		nts cert $nts_certificates/good.pem
		nts cookie $T/ntpsec.cookie
	END
	# shellcheck disable=SC2086 # a command with arguments, or nothing
	background ${peer_prefix:-} "$NTS_NTPD" -n -g -c "$T/ntpsec.conf" -p "$T/ntpsec.pid" \
		>"$T/ntpsec.log" 2>&1
	peer_pid=$background_pid
	wait_for 5 peer_has_port && sleep 2.5 && kill -0 "$peer_pid"
}

ask_chronyd_nts() {
	timeout 20 "$NTS_CHRONYD" -Q -x -U -u "$(id -un)" -t 12 -f /dev/null \
		"pidfile $T/ask-nts.pid" "cmdport 0" "ntstrustedcerts $nts_ca" \
		"server $1 port ${2:-123} nts ntsport ${3:-4460} iburst maxsamples 1" 2>&1
}
