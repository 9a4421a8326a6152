#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Completion in bash, zsh and fish: each offers exactly the commands and options that --help
# names, and the keys work in a real shell.
. "$(dirname "$0")/tools/lib.sh"
cd "$T" || exit 1

completion=$R/packaging/completion
mkdir bin folder adir
echo 'server = ours.example' >reqtime.conf
: >'a file.pcap'
# The completed lines run these: they print their arguments, and the program answers for --help.
for program in reqtime reqtimed; do
	cat >"bin/$program" <<END
#!/bin/bash
case " \$* " in
*" --help "*) exec "$BUILD/$program" "\$@" ;;
" config query ") exec "$BUILD/$program" config -f "$T/reqtime.conf" query ;;
esac
printf '<%s>' GOT $program "\$@"
echo
END
	chmod 755 "bin/$program"
done
ln -s "$completion/reqtime.fish" folder/reqtime.fish
ln -s "$completion/reqtime.fish" folder/reqtimed.fish
PATH=$T/bin:$PATH
export HOME="$T" TERM=vt100 INPUTRC=/dev/null

verbs=$(reqtime --help | sed -n '/^Commands:$/,/^$/s/^  \([a-z]*\) .*/\1/p')
helped() {
	"$@" --help 2>/dev/null | grep -oE '^  (-.,|   ) --[a-z0-9-]+' | grep -o -e '--.*' | sort -u
}

# offered SHELL PROGRAM [VERB]: the long options it offers after "--"
# shellcheck disable=SC2016 # the shells asked expand it
offered() {
	asked=$1
	shift
	case $asked in
	bash)
		bash --norc -c '. "$0"
			COMP_WORDS=("$@" --) COMP_CWORD=$# COMP_LINE="$* --"
			COMP_POINT=${#COMP_LINE}
			_reqtime "$1" -- "${!#}" && printf "%s\n" "${COMPREPLY[@]}"' \
			"$completion/reqtime.bash" "$@"
		;;
	zsh)
		zsh -f -c '_call_program() { shift; "$@" }
			_arguments() { print -rl -- "$@" }
			fpath=($0 $fpath); autoload -Uz _reqtime
			words=("$@" --); CURRENT=$#words; _reqtime' "$completion" "$@" |
			sed -n 's/^\*\(--[a-z0-9-]*\)=\{0,1\}\[.*/\1/p'
		;;
	fish)
		fish --no-config -c "set -g fish_complete_path $T/folder; complete -C '$* --'" |
			cut -f 1
		;;
	esac
}
agrees() { # agrees NAME SHELL PROGRAM [VERB], with `wanted`
	name=$1
	shift
	offered "$@" | sort -u >offers
	check "$name" sh -c 'test -s wanted && diff -u wanted offers'
}

# Keys as a person presses them, and the arguments that the programs get.  \t is the key.
cat >keys <<'END'
reqtime quer\t127.0.0.1|<query><127.0.0.1>
reqtime se\t--dr\t-n 3 --step-a\t|<set><--dry-run><-n><3><--step-above
reqtime --state-d\tad\t|<--state-dir
reqtime query --state-dir=adi\t|<--state-dir=adir
reqtime trac\t--read=a\\ f\t|<trace><--read=a file.pcap>
reqtime trace -r a\\ f\t|<trace><-r><a file.pcap>
reqtime trace a\\ f\t|<trace><a file.pcap>
reqtime query reqtime+t\thost|<query><reqtime+tcp://host>
reqtime ntp://localh\t|<ntp://localhost>
reqtime help trac\t|<help><trace>
reqtime history --verb che\t|<history><--verb><check>
reqtime trace -p day\t123|<trace><-p><daytime:123>
reqtime query our\t|<query><ours.example>
reqtime config localhos\t|<config><localhos>
reqtime config se\t--dr\t|<config><set><--dry-run>
reqtime conf\t--js\t|<config><--json>
reqtimed --local-s\t|<reqtimed><--local-stratum
END
# shellcheck disable=SC2059 # the keys are the format
cut -d '|' -f 1 keys | while read -r line; do
	printf "$line\n"
done >pressed
cat >drive.zsh <<'END'
zmodload zsh/zpty
zpty shell 'zsh -f -i'
press() { zpty -w -n shell "$1"; zpty -r shell text "*$2*"; print -r -- $text }
press "PS1=; fpath=($1 \$fpath); autoload -Uz compinit; compinit -u -D; echo READ''Y"$'\n' READY
while IFS= read -r line; do
	press "$line"$'\n' 'GOT*'$'\n'
done
END
press() { # press SHELL: what the programs got
	if [ "$1" = zsh ]; then
		timeout 30 zsh -f drive.zsh "$completion" <pressed
	else
		echo ". '$completion/reqtime.bash'" | cat - pressed |
			timeout 30 bash --norc -i 2>/dev/null
	fi | tr -d '\r' | grep -a -o '<GOT>.*\|GOT><.*'
}
check_keys() { # check_keys SHELL
	press "$1" >got
	wrong=
	number=0
	while IFS='|' read -r line wanted; do
		number=$((number + 1))
		sed -n "${number}p" got | grep -q -F -e "$wanted" ||
			wrong="$wrong
$line: wanted $wanted: $(sed -n "${number}p" got)"
	done <keys
	if [ -z "$wrong" ]; then
		ok "$1: $number lines with keys pressed"
	else
		not_ok "$1: $number lines with keys pressed" "$wrong"
	fi
}

for shell in bash zsh fish; do
	if ! have $shell; then
		skip "completion in $shell" "needs $shell"
		continue
	fi
	file=$completion/reqtime.$shell
	[ $shell = zsh ] && file=$completion/_reqtime
	check "$shell can read it" $shell -n "$file"
	helped reqtime query >wanted
	agrees "$shell, reqtime: the options of query without the word" $shell reqtime
	for verb in $verbs; do
		[ "$verb" != help ] || continue
		helped reqtime "$verb" >wanted
		agrees "$shell, reqtime $verb: the options of --help" $shell reqtime "$verb"
	done
	helped reqtimed >wanted
	agrees "$shell, reqtimed: the options of --help" $shell reqtimed
	check "$shell knows the schemes" test \
		"$(grep -o '[a-z][a-z+]*://' "$file" | tr -d ':/' | sort -u)" = \
		"$(sed -n 's/^\t\[SCHEME_.*{ "\([a-z+]*\)".*/\1/p' "$R/src/core/ntp/server_spec.c" | sort)"
done
if have bash; then
	check_keys bash
	# shellcheck disable=SC2016 # bash expands it
	bash --norc -c '. "$0"
		COMP_WORDS=(reqtime "") COMP_CWORD=1 COMP_LINE="reqtime " COMP_POINT=8
		_reqtime reqtime && printf "%s\n" "${COMPREPLY[@]}"' "$completion/reqtime.bash" >offers
	for verb in $verbs; do
		check "bash offers $verb" grep -q -x "$verb" offers
	done
fi
have zsh && check_keys zsh
if have fish; then
	for row in 'se|set' 'trace -r a|a file.pcap' 'query --state-dir=adi|--state-dir=adir/' \
		'set reqtime+t|reqtime+tcp://' 'help trac|trace' \
		'config se|set' 'config set --dry|--dry-run' 'history --verb ch|check' \
		'trace -p day|daytime:' 'query our|ours.example'; do
		check "fish: reqtime ${row%|*}" sh -c "fish --no-config -c \
			'set -g fish_complete_path $T/folder; complete -C \"reqtime ${row%|*}\"' |
			cut -f 1 | grep -q -x -F -e '${row#*|}'"
	done
fi

# The test of the test: a program that has an extra option.
helped reqtimed >before
cat >bin/reqtimed <<END
#!/bin/sh
"$BUILD/reqtimed" --help
echo '      --more-of-it FILE     more'
END
helped reqtimed >wanted
check "an extra option is seen" sh -c "! cmp -s before wanted"
for shell in bash zsh fish; do
	if have $shell; then
		agrees "an extra option is offered by $shell" $shell reqtimed
		check "a missing option would be seen" sh -c "! cmp -s before offers"
	fi
done
finish
