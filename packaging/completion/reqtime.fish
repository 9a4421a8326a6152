# SPDX-License-Identifier: MIT
#
# fish completion of reqtime and, installed under its name, reqtimed.  Options, commands and the kind
# of value of each option are read from --help, once per shell, so they match the
# installed program.

# True if the verb of the command line is $argv[1]; the default is query, and config takes the
# options of the verb after it.
function __reqtime_verb_is
    set -l words (commandline -opc)
    if test "$words[2]" = config; and contains -- "$words[3]" $__reqtime_verbs
        set -e words[2]
    end
    if set -q words[2]; and contains -- $words[2] $__reqtime_verbs
        test $words[2] = $argv[1]
    else
        test $argv[1] = $__reqtime_verbs[1]
    end
end

function __reqtime_no_word_yet
    test (count (commandline -opc)) -eq 1
end

function __reqtime_servers
    set -l scheme (string match -r '^[a-z+]+://' -- (commandline -ct))
    if test -n "$scheme"
        printf "$scheme%s\n" (__fish_print_hostnames)
    else
        # Also the servers of the configuration file.
        reqtime config query 2>/dev/null | string replace -f -r '^server = (\S+) .*' '$1'
        printf '%s\n' ntp:// nts:// reqtime:// reqtime+tcp:// time:// time+tcp:// daytime:// daytime+tcp://
        __fish_print_hostnames
    end
end

# The options of complete for a value that --help calls $argv[1], one per line.
function __reqtime_value
    # "table|json|FILE": lower-case words are literal choices.
    set -l choices (string split '|' -- $argv[1] | string match -r '^[a-z0-9-]+$')
    string match -q '*|*' -- $argv[1]; or set choices
    switch $argv[1]
        case '*FILE*'
            printf '%s\n' -r -F
            set -q choices[1]; and printf '%s\n' -a "$choices"
        case '*DIR*'
            printf '%s\n' -x -a '(__fish_complete_directories)'
        case '*PROTO:*'
            printf '%s\n' -x -a 'ntp: reqtime: time: daytime: nts-ke:'
        case IFACE
            printf '%s\n' -x -a 'any (__fish_print_interfaces)'
        case NAME
            printf '%s\n' -x -a '(__fish_complete_users)'
        case '*'
            printf '%s\n' -x
            set -q choices[1]; and printf '%s\n' -a "$choices"
    end
end

# Completes an option of program $argv[1] for verb $argv[2], which may be empty.
function __reqtime_option --argument-names program verb letter name value text
    set -l how -c $program -l $name
    test -n "$verb"; and set -a how -n "__reqtime_verb_is $verb"
    test -n "$letter"; and set -a how -s $letter
    test -n "$value"; and set -a how (__reqtime_value $value)
    complete $how -d "$text"
end

# Completes all options in `$argv --help`; $argv is a program, with or without a verb.
function __reqtime_learn --argument-names program verb
    set -l name
    set -l usage
    for line in ($argv --help 2>/dev/null) ''
        set -q usage[1]; or set usage $line
        set -l more (string match -r '^ {28}(\S.*)' -- $line)
        if set -q more[2]; and test -n "$name"
            set text (string trim "$text $more[2]")
            continue
        end
        test -n "$name"; and __reqtime_option $program "$verb" "$letter" $name "$value" "$text"
        set name
        # An unmatched group would produce no element, so every group can match an empty string.
        set -l found (string match -r '^  (-.,|   ) --([a-z0-9-]+)( \S+|)(  +.*|)$' -- $line)
        if set -q found[1]
            set letter (string trim -c '-, ' -- $found[2])
            set name $found[3]
            set value (string trim -- $found[4])
            set text (string trim -- $found[5])
        end
    end
    # After config a command comes first.
    test "$verb" = config; and return
    set -l when
    test -n "$verb"; and set when -n "__reqtime_verb_is $verb"
    switch (string replace -r '.*\]\.\.\. ' '' -- $usage)
        case '*SERVER*'
            complete -c $program $when -a '(__reqtime_servers)'
        case '*FILE*'
            complete -c $program $when -F
    end
end

set -l program (string replace -r '.*/|\.fish$' '' -- (status filename) | string replace -r '\.fish$' '')
complete -c $program -f
set -l commands ($program --help 2>/dev/null | string match -r '^  [a-z]+ .*')
if test $program = reqtime
    set -g __reqtime_verbs
    for line in $commands
        set -l word (string match -r '^  ([a-z]+) +(.*)' -- $line)
        set -a __reqtime_verbs $word[2]
        complete -c $program -n __reqtime_no_word_yet -a $word[2] -d "$word[3]"
        if contains $word[2] config help
            complete -c $program -n "__reqtime_verb_is $word[2]" -a '$__reqtime_verbs'
        end
        test $word[2] = help; or __reqtime_learn $program $word[2]
    end
else
    __reqtime_learn $program
end
