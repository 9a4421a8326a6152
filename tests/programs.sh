#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The programs of reqtime-cookbook(7) that call reqtime, each in all cases: a clock that is right, off
# or in doubt, no answer, no server, a system error, a reqtime that hangs or is not there.
# shellcheck disable=SC2046 # words of at
. "$(dirname "$0")/tools/lib.sh"
own_network "$@"
# shellcheck source-path=SCRIPTDIR
. "$R/tests/tools/adversary.sh"

# program_of NAME: the literal display after the comment `program: NAME`
program_of() {
	awk -v name="$1" '$0 == ".\\\" program: " name { getline; literal = 1; next }
		/^\.Ed/ { literal = 0 } literal' "$R/packaging/man/reqtime-cookbook.7" |
		sed 's/\\&//g; s/\\e/\\/g'
}
adversary 127.0.0.1 good 127.0.0.2 shift=3000 127.0.0.3 'shift=90 hold=20 wait=20 rootdisp=9000' \
	127.0.0.4 silent 127.0.0.5 'shift=130 hold=20 wait=20 rootdisp=9000'
mkdir "$T/bin" "$T/go"
fake() { # the script on stdin takes the place of reqtime
	{
		echo "#!/bin/sh"
		cat
	} >"$T/bin/reqtime"
	chmod 755 "$T/bin/reqtime"
}
real() { # SERVER: in the configuration file
	printf '%s\n' "$1" >"$T/conf"
	# A shorter deadline, so that no answer costs half a second.
	fake <<-END
		exec $REQTIME "\$@" --timeout 500ms --config $T/conf --state-dir /dev/null
	END
}

# cases LANGUAGE COMMAND...: all of them
cases() {
	language=$1
	shift
	while IFS='|' read -r case server wanted pattern; do
		real "$server"
		run env PATH="$T/bin:$PATH" "$@"
		expect "$language: $case" "$wanted" "$pattern"
	done <<-END
		right|server = $(at 1)|0|^right: -?[0-9]
		off|server = $(at 2)|1|^off: [+]?[23]
		in doubt, within the limit|server = $(at 3)|2|^unsure: 
		in doubt, beyond it|server = $(at 5)|2|^unsure: 
		no answer|server = $(at 4)|2|^unknown: no trusted time: no-answer
		no server||2|^unknown: 
		a wrong configuration file|sever = 1|2|^unknown: 
	END
	fake <<-END
		echo 'reqtime: something is broken' >&2
		exit 6
	END
	run env PATH="$T/bin:$PATH" "$@"
	expect "$language: a system error" 2 '^unknown: '
	check "... its message is shown" grep -q 'something is broken' "$out" "$err"
	echo 'exec sleep 30' | fake
	timed env PATH="$T/bin:$PATH" "$@"
	expect "$language: reqtime hangs" 2 '^unknown: '
	check "... for a second, its limit here" test "$took_ms" -lt 20000
	rm "$T/bin/reqtime"
	run env PATH="$T/bin:$tools" "$@"
	expect "$language: no reqtime" 2 '^unknown: '
}
# Folders of the tools alone: a reqtime may be installed.
tools=$T/tools
mkdir "$tools"
for tool in sh timeout jq env; do
	! have $tool || ln -s "$(command -v $tool)" "$tools/$tool"
done

# Their own limit of 20 s is too long for a test.
for language in python go sh; do
	program_of $language | sed 's/timeout=20,/timeout=1,/; s/timeout 20 /timeout 1 /; s/20\*time/1*time/' >"$T/go/main.$language"
	check "$language: a program of the page" test "$(wc -l <"$T/go/main.$language")" -gt 10
	check "$language: it has a limit" grep -q 'timeout=1,\|timeout 1 \| 1\*time' "$T/go/main.$language"
done

# reads_now LANGUAGE COMMAND...: a reader of the bound file gives what `now` gives
reads_now() {
	language=$1
	shift
	run "$REQTIME" query --state-dir /dev/null --bound-file "$T/bound" "$(at 1)"
	expect "$language: a run" 0
	run "$REQTIME" now --json --bound-file "$T/bound"
	first=$(json earliest_ns)
	first_width=$(($(json latest_ns) - first))
	run "$@" "$T/bound"
	expect "$language: a bound file" 0 '^[0-9]+ [0-9]+$'
	read -r early late <"$out"
	run "$REQTIME" now --json --bound-file "$T/bound"
	last_width=$(($(json latest_ns) - $(json earliest_ns)))
	check "$language: ... a moment after one answer of now, before another" test \
		"$early" -gt $((first - last_width)) -a "$early" -lt "$(json latest_ns)"
	# Where clocks are slow to read, the reader knows a little less.
	check "$language: ... as wide as they are" test $((late - early)) -ge "$first_width" -a \
		$((late - early)) -le $((last_width + 2000000))
	for octet in 16 24 32; do # being written, not known, of another boot
		cp "$T/bound" "$T/other"
		# shellcheck disable=SC2059 # an octet
		printf "\\$(printf %o $((255 - $(od -An -tu1 -j "$octet" -N1 "$T/other"))))" |
			dd of="$T/other" bs=1 seek="$octet" conv=notrunc 2>/dev/null
		run "$@" "$T/other"
		expect "$language: a bound file with another octet $octet" 1 '^unknown$'
	done
}
if have python3; then
	python=$(python3 -c 'import sys; print(sys.executable)')
	cases python "$python" "$T/go/main.python"
	program_of python-now >"$T/now.py"
	reads_now python "$python" "$T/now.py"
else
	skip "python" "needs python3"
fi
if have jq; then
	check "sh: shellcheck" sh -c "! command -v shellcheck || shellcheck -s sh '$T/go/main.sh'"
	cases sh sh "$T/go/main.sh"
else
	skip "sh" "needs jq"
fi
for folder in "$R"/build/peers/usr/lib/go-*/bin; do
	PATH=$PATH:$folder
done
if have go; then
	# Without a network, and without a trace in the home directory.
	export HOME="$T" GOCACHE="$T/cache" GO111MODULE=off GOFLAGS='' GOTELEMETRY=off CGO_ENABLED=0
	program_of go >"$T/formatted"
	check "go: gofmt has nothing to change" sh -c "gofmt -l '$T/go' | grep . && exit 1; gofmt <'$T/formatted' | cmp - '$T/formatted'"
	check "go: vet" go vet "$T/go/main.go"
	check "go: build" go build -o "$T/main" "$T/go/main.go"
	cases go "$T/main"
	mkdir "$T/go/now"
	program_of go-now >"$T/go/now/main.go"
	check "go: gofmt has nothing to change in the reader" sh -c "gofmt -l '$T/go/now' | grep . && exit 1; :"
	check "go: vet of the reader" go vet "$T/go/now/main.go"
	check "go: build of the reader" go build -o "$T/now" "$T/go/now/main.go"
	reads_now go "$T/now"
else
	skip "go" "needs a Go compiler (make nightly has one)"
fi
finish
