#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Every command line in reqtime-cookbook(7), in the examples of the other pages, in the README's
# table of uses, in crontab and units is one that the programs take; those that can run on
# loopback are run there.
. "$(dirname "$0")/tools/lib.sh"
own_network "$@"
cd "$R" || exit 1

page=packaging/man/reqtime-cookbook.7
# The commands of a page, one per line: `.Dl`, and literal displays, long lines joined; not the programs,
# which are for programs.sh.
commands_of() {
	awk '/^\.\\" program: / { getline; next } /^\.Bd -literal/ { literal = 1; next } /^\.Ed/ { literal = 0; next }
		/^\.Dl / { sub(/^\.Dl /, ""); print; next } literal' "$1" |
		sed -e ':again' -e '/\\e$/{N;s/\\e\n[[:blank:]]*//;bagain' -e '}' \
			-e 's/\\(mi/-/g; s/\\&//g; s/\\e/\\/g'
}
# words_of PROGRAM LINE: its arguments in LINE; "|", ">" and "&" end them.
words_of() {
	echo "$2" | awk -v program="$1" '{
		for (i = 1; i <= NF && $i !~ "^([^ ]*/bin/|/)?" program "$"; i++) { }
		for (i++; i <= NF && $i !~ /^[|>&]/; i++) { printf "%s ", $i }
	}' | tr -d "'"
}

# shellcheck source=tests/tools/nts.sh
. "$R/tests/tools/nts.sh"
nts_certificates_make
nts_start --ke 127.0.0.1:4460 --ntp 127.0.0.1:0

mkdir "$T/files" "$T/state"
cp "$nts_ca" "$T/files/ca.pem"
chmod 777 "$T/files" # whatever --user is
export STATE_DIRECTORY="$T/state"
printf 'server = 127.0.0.1\nnts-ca = %s\n' "$nts_ca" >"$T/conf"
echo 127.0.0.1 >"$T/fleet.txt"
# Adapts a command to this machine: a server here, different addresses of it where servers are
# compared, files below $T.
here() {
	sed -e '/^skew\|--reference/s/ntp\([23]\)\.example/127.0.0.\1/g' -e 's/ntp[0-9]\{0,1\}\.example\|192\.0\.2\.1\|0\.pool\.ntp\.org/127.0.0.1/g' \
		-e 's/ ntp[0-9] / 127.0.0.1 /g; s/ ntp[0-9] / 127.0.0.1 /g' \
		-e "s| /[a-z/-]*/\([^/ ]*\)| $T/files/\1|g" \
		-e "s| clock\.html| $T/files/clock.html|; s| fleet\.txt| $T/fleet.txt|; s| fleet | $T/fleet.txt |" \
		-e "s| [a-z]*\.pcap| $R/tests/data/chronyd-4.3-plain.pcap|" -e 's/ --every 1h//' \
		-e 's/ --splay 50m/ --splay 1ms/; s/ -\(-wait\) [0-9]*[ms]/ --wait 1s/'
}

# The servers are those of the pages.
set -f # "*" is an address
# shellcheck disable=SC2046 # words
server $(words_of reqtimed "$(commands_of packaging/man/reqtimed.8 | grep -m 1 '^# reqtimed ')") ||
	finish
# shellcheck disable=SC2046
server $(words_of reqtimed "$(commands_of $page | grep -m 1 '^\$ reqtimed ')") || finish
run "$REQTIME" --bound-file "$T/bound" 127.0.0.1
expect "a first run, for the history and the bound file" 0
checked=0

# parse_reqtime LINE ARGUMENTS: taken by the parser of that command.
parse_reqtime() {
	verb=${2%% *}
	case $verb in
	query | set | check | skew | history)
		rest=${2#"$verb"}
		;;
	config)
		# shellcheck disable=SC2086 # words
		run "$REQTIME" $2 --config "$T/conf"
		expect "$1" 0
		return
		;;
	status | now) return ;; # run_reqtime runs them
	trace | help)
		# shellcheck disable=SC2086 # words
		run "$REQTIME" $2 --help
		expect "$1" 0 'Usage'
		return
		;;
	*)
		verb=query
		rest=" $2"
		;;
	esac
	# shellcheck disable=SC2086 # words
	run "$REQTIME" config --config "$T/conf" $verb $rest
	expect "$1" 0
}

# run_reqtime LINE ARGUMENTS: runs it, without touching the clock.
run_reqtime() {
	arguments=$(echo "$2" | here)
	wanted=0
	case $arguments in
	status* | now*)
		# shellcheck disable=SC2086 # words
		run "$REQTIME" $arguments --bound-file "$T/bound"
		expect "run: reqtime $arguments" 0
		return
		;;
	esac
	case $arguments in
	set*--rtc* | config* | trace*-i* | trace*\ -\ * | trace*--exchange*) return ;;
	set*) arguments="$arguments --dry-run" ;;
	esac
	case $arguments in
	*--min-sources*) wanted=1 ;; # of one server
	*\ -C\ 5\ *) wanted=2 ;;      # whose stratum is 10
	history* | trace*) ;;
	*) arguments="$arguments --timeout 10s" ;;
	esac
	case $arguments in
	trace*) ;;
	*) arguments="$arguments --config $T/conf" ;;
	esac
	# shellcheck disable=SC2086 # words
	run "$REQTIME" $arguments
	expect "run: reqtime $arguments" $wanted
}

# shellcheck disable=SC2016 # backticks of Markdown, an end of line
while IFS= read -r line; do
	arguments=$(words_of reqtimed "$line")
	case $line in
	*systemctl\ * | *journalctl\ *)
		# Our unit, or one that the timer stops.
		for unit in $(echo "$line" | grep -o '[a-z-]*\.\(service\|socket\|timer\|path\|target\)'); do
			[ "$unit" != example.service ] || continue
			check "$line: $unit" sh -c "[ -f 'packaging/systemd/$unit' ] ||
				grep -q '^Conflicts=.*$unit' packaging/systemd/reqtime.timer"
		done
		;;
	\#\ reqtimed\ * | \$\ reqtimed\ *)
		# shellcheck disable=SC2046 # words
		run "$REQTIMED" --check-config $(echo "$arguments" | here)
		expect "$line" 0
		;;
	*podman\ build* | *kubectl\ apply*)
		# shellcheck disable=SC2001 # a path of an installed file
		for file in $(echo "$line" | sed 's|/usr/share/reqtime/container/kubernetes|packaging/container/kubernetes|' |
			grep -o 'packaging/[a-zA-Z/.]*'); do
			check "$line: $file" test -s "$file"
		done
		;;
	*make\ static*)
		check "$line" grep -q '^static:' Makefile
		;;
	*reqtime\ *)
		arguments=$(words_of reqtime "$line")
		case $line in
		*dpkg-reconfigure* | *add_dracutmodules* | *setcap* | */dev/tcp/*) continue ;; # another program's operand
		esac
		parse_reqtime "$line" "$arguments"
		run_reqtime "$line" "$arguments"
		;;
	*) continue ;;
	esac
	checked=$((checked + 1))
done <<END
$(set +f; for page in packaging/man/*.[1-9]; do commands_of "$page"; done)
$(sed -n '/^## Uses/,/^## How/s/^|[^|]*| `\([^`]*\)` |.*/$ \1/p' README.md)
$(sed '/^#/d; s|/usr/lib/reqtime/cron-run$|reqtime set|; s|exec /usr/lib/reqtime/cron-run|reqtime set|' \
	packaging/cron/reqtime packaging/debian/reqtime.cron.d)
END
check "$checked lines were checked" test $checked -ge 40
finish
