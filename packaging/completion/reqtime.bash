# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# bash completion of reqtime and reqtimed.  Options, commands and the kind of value of each option
# are read from --help when the key is pressed (this takes 3 ms), so they always match the
# installed program.

# Options of `PROGRAM [VERB]` as "--name ARGUMENT", with a second line for an option with a letter.
_reqtime_options() {
	"$@" --help 2>/dev/null | sed -nE \
		-e 's/^  (-(.),|   ) --([a-z0-9-]+)(  .*)?$/--\3\n-\2/p' \
		-e 's/^  (-(.),|   ) --([a-z0-9-]+) ([^ ]+)(  .*)?$/--\3 \4\n-\2 \4/p' |
		grep -v '^-\( .*\)\?$'
}

_reqtime_verbs() {
	"$1" --help 2>/dev/null | sed -n '/^Commands:$/,/^$/s/^  \([a-z]\+\) .*/\1/p'
}

# The words up to the cursor as the program will see them: bash also splits at ":" and "=".
# -> words
_reqtime_words() {
	local rest=${COMP_LINE:0:COMP_POINT} here word i

	words=()
	for ((i = 0; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		here=${rest#"${rest%%[![:blank:]]*}"}
		if [[ ${#word} -gt ${#here} ]]; then
			word=$here
		fi
		if [[ $i -gt 0 && -n $rest && $rest == "$here" ]]; then
			words[${#words[@]} - 1]+=$word
		else
			words+=("$word")
		fi
		rest=${here#"$word"}
	done
}

_reqtime_server() {
	local scheme

	if [[ $1 == *://* ]]; then
		scheme=${1%%://*}://
		mapfile -t COMPREPLY < <(compgen -A hostname -P "$scheme" -- "${1#*://}")
		return
	fi
	mapfile -t COMPREPLY < <(
		compgen -W 'ntp:// nts:// reqtime:// reqtime+tcp:// time:// time+tcp:// daytime:// daytime+tcp://' -- "$1"
		compgen -A hostname -- "$1"
		# Servers of the configuration file.
		compgen -W "$("$program" config query 2>/dev/null | sed -n 's/^server = \([^ ]*\) .*/\1/p')" -- "$1"
	)
	if [[ ${COMPREPLY[*]} == *://* ]]; then
		compopt -o nospace 2>/dev/null
	fi
}

# _reqtime_value ARGUMENT WORD: completes an argument that --help calls ARGUMENT.
_reqtime_value() {
	local choices=

	# "table|json|FILE": lower-case words are literal choices.
	if [[ $1 == *'|'* ]]; then
		choices=$(tr '|' '\n' <<<"$1" | grep -x '[a-z0-9-]*')
	fi
	case $1 in
	*FILE*)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$2"; compgen -f -- "$2")
		;;
	*DIR*)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -d -- "$2")
		;;
	*SERVER*) _reqtime_server "$2" ;;
	*PROTO:*)
		mapfile -t COMPREPLY < <(compgen -W 'ntp: reqtime: time: daytime: nts-ke:' -- "$2")
		compopt -o nospace 2>/dev/null
		;;
	IFACE) mapfile -t COMPREPLY < <(compgen -W "any $(command ls /sys/class/net)" -- "$2") ;;
	NAME) mapfile -t COMPREPLY < <(compgen -u -- "$2") ;;
	*) mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$2") ;;
	esac
}

# The argument of the option $1, from the lines in $2.  -> argument
_reqtime_takes() {
	argument=
	if [[ $1 == -* && $'\n'$2$'\n' == *$'\n'"$1 "* ]]; then
		argument=${2##*"$1 "}
		argument=${argument%%$'\n'*}
	fi
}

_reqtime_operand() {
	local program=$1 verb=$2 word=$3 usage

	[[ $verb != config ]] || return # a command comes first
	usage=$("$program" ${verb:+"$verb"} --help 2>/dev/null | head -n 1)
	if [[ $usage == *SERVER* || $usage == *FILE* ]]; then
		_reqtime_value "${usage##*]... }" "$word"
	fi
}

# The command, one of those in $1: the first word, or the default; after "config" the next word,
# since config takes the options of that command.  -> verb, place (of the word after it)
_reqtime_verb() {
	verb=${1%%$'\n'*}
	place=1
	if [[ ${#words[@]} -gt 2 && $'\n'$1$'\n' == *$'\n'"${words[1]}"$'\n'* ]]; then
		verb=${words[1]}
		place=2
	fi
	if [[ $verb == config && ${#words[@]} -gt 3 &&
		$'\n'$1$'\n' == *$'\n'"${words[2]}"$'\n'* ]]; then
		verb=${words[2]}
		place=3
	fi
}

_reqtime() {
	local program=$1 words word verb place verbs options argument cut

	COMPREPLY=()
	_reqtime_words
	word=${words[${#words[@]} - 1]}
	verbs=$(_reqtime_verbs "$program")
	_reqtime_verb "$verbs"
	if [[ $verb == help ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$word")
		return
	fi
	options=$(_reqtime_options "$program" ${verb:+"$verb"})
	_reqtime_takes "${words[${#words[@]} - 2]}" "$options"
	if [[ $word == --*=* ]]; then
		_reqtime_takes "${word%%=*}" "$options"
		_reqtime_value "$argument" "${word#*=}"
		word=${word#*=}
	elif [[ -n $argument ]]; then
		_reqtime_value "$argument" "$word"
	elif [[ $word == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(cut -d " " -f 1 <<<"$options")" -- "$word")
	else
		_reqtime_operand "$program" "$verb" "$word"
		if [[ ${#words[@]} -eq 2 || ($verb == config && ${#words[@]} -eq $((place + 1))) ]]; then
			mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "$verbs" -- "$word")
		fi
	fi
	# bash replaces only the part after the last ":".
	if [[ $word == *:* && $COMP_WORDBREAKS == *:* ]]; then
		cut=${word%"${word##*:}"}
		COMPREPLY=("${COMPREPLY[@]#"$cut"}")
	fi
}

complete -F _reqtime reqtime reqtimed
