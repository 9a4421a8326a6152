#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The words of the project: plain English, the names of the field, and a first line in every source that
# says what it is.  .github/CONTRIBUTING.md has the rules for people.
. "$(dirname "$0")/tools/lib.sh"
cd "$R" || exit 1

# Phrases that read as translated.
phrases='again and again|by itself|for ever|goes by|is none|it tells|makes no sense|nobody|of paper'
phrases="$phrases|one a line|says so|so far apart|to be had|whoever|whom"
# ... and where they are meant: the user nobody, and this list.
# shellcheck disable=SC2016 # backquotes, no command
meant='(user|users|as|become|uid|USER:?-?|=|,|su|chown|setpriv [^ ]*) *nobody|nobody[]):`"\\.=]|`nobody|65534'
meant="$meant|is None|^tests/words\\.sh:|^packaging/debian/copyright:"

# Openings of sentences that hide what they are about.
openings='Who|Whom|Whoever|Whose|What|One|Of'

# Names that metaphors gave, each replaced by a name of the field.
names='admit|belief|camp|clerk|deed|departure|desk|dice|duties|elector|electorate|electors|exporting|gate|guard'
names="$names|health|judge|keeper|kiss_record|learn|learnt|logging|measuring|memory|meter|mood|past|promise|proof"
names="$names|recorder|rival|rivals|seat|spokesman|story|tally|vote|votes"
# ... except where C, the kernel or a library has the name, or plain words.
other='memory_order_[a-z]*|assert_memory_[a-z]*|make_room'

texts='src include tests packaging .github README.md Makefile .ci'

# All below: FOLDER, and "FILE:LINE:TEXT" of what is wrong in it.
odd_phrases() {
	# shellcheck disable=SC2086 # a list of folders
	(cd "$1" && grep -rInwiE "$phrases" $texts 2>/dev/null) |
		grep -vE '^(packaging/CHANGES\.md|tests/(data|fuzz)/|build)' | grep -vE "$meant"
}
odd_openings() {
	(cd "$1" && grep -rnE --include='*.[ch]' "^[ 	]*/\\*[ *]*($openings) |^ \\* ($openings) " src include tests
		grep -rnE --include='*.sh' "^[ 	]*# ($openings) " tests packaging)
}
without_opening() {
	# shellcheck disable=SC2016 # of awk
	(cd "$1" && find src include tests -name '*.[ch]' -exec awk '
		FNR == 1 { if (file && !is_good) print file; file = FILENAME; is_good = 0 }
		FNR == 2 { second = $0 }
		FNR == 3 { is_good = second == " *" && $0 ~ /^ \* [^ ]/ }
		END { if (file && !is_good) print file }' {} +)
}
old_names() {
	(cd "$1" && grep -rnowiE --include='*.[ch]' "($names)_[a-z0-9_]+|struct ($names)|[a-z_]*_(is|are)_sane|[A-Z_]+_ROOM" src include tests) |
		grep -vE ":($other)\$"
}

nothing "no phrase that reads as translated" "$(odd_phrases .)"
nothing "no sentence opens with who, what, one or of" "$(odd_openings .)"
nothing "every source opens with a line that says what it is" "$(without_opening .)"
nothing "no name that is a metaphor" "$(old_names .)"

# The test of the test: each rule broken once.
mkdir -p "$T/src/core" "$T/include" "$T/tests" "$T/packaging"
stray=src/core/stray.c
good='/* SPDX-License-Identifier: MIT
 *
 * The offset of a clock.
 */
int offset;'
broken() { # broken NAME CHECK TEXT
	echo "$3" >"$T/$stray"
	something "$1" "$($2 "$T")"
}
echo "$good" >"$T/$stray"
nothing "a plain source is right" "$(odd_phrases "$T"; odd_openings "$T"; without_opening "$T"; old_names "$T")"
broken "an odd phrase is seen" odd_phrases '/* Nobody knows it. */'
broken "... in capitals and in the middle of a line" odd_phrases 'int x; /* it is not To Be Had */'
broken "an odd opening is seen" odd_openings '/* Who asks is answered. */'
broken "... in a block of lines" odd_openings ' * What is left is kept.'
broken "a source without an opening is seen" without_opening '/* SPDX-License-Identifier: MIT */'
broken "an old name is seen" old_names 'int recorder_start(void);'
broken "... also of a type" old_names 'struct clerk;'
echo '/* The user nobody. */' >"$T/$stray"
nothing "the user nobody is a name" "$(odd_phrases "$T")"
finish
