#!/bin/sh
# SPDX-License-Identifier: MIT
#
# `reqtime history --html`: how the file is written, and the page in a real browser: light, dark,
# narrow and printed.
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/../../tools/lib.sh"

[ -x "$BUILD/history_maker" ] || skip_all "no $BUILD/history_maker: run make tests"
"$BUILD/history_maker" "$T/state" 400 first-step steps failures reboots spike gaps || exit 1
"$BUILD/history_maker" "$T/hostile" 60 hostile failures || exit 1
look=$R/tests/tools/page_look.py

mkdir "$T/web" && page=$T/web/page.html

# --- the file
run "$REQTIME" history --state-dir "$T/state" --html "$page"
expect "--html FILE" 0
check "--html FILE: a page" grep -q '^<!DOCTYPE html>' "$page"
check "--html FILE: nothing on stdout" test ! -s "$out"
check "--html FILE: no other file is left" test "$(ls "$T/web")" = page.html
check "--html FILE: readable as any other file" test "$(stat -c %a "$page")" = \
	"$(printf '%o' $((0666 & ~$(umask))))"
run "$REQTIME" history --state-dir "$T/state" --html -
check "--html -: on stdout" sh -c "sed '/Made at/d' '$out' | cmp - - <'$page' 2>/dev/null ||
	test \"\$(sed '/Made at/d' '$out' | cksum)\" = \"\$(sed '/Made at/d' '$page' | cksum)\""
cp "$page" "$T/before"
run "$REQTIME" history --state-dir "$T/none" --html "$page"
expect "no history: exit 1" 1 'no history'
check "no history: the old page stays" cmp "$T/before" "$page"
check "no history: no other file is left" test "$(ls "$T/web")" = page.html
run "$REQTIME" history --state-dir "$T/state" --html "$T/web"
expect "--html of a folder: exit 6" 6 'Is a directory'
run "$REQTIME" history --state-dir "$T/state" --html "$T/no/page.html"
expect "--html in a missing folder: exit 6" 6 'No such file'
ln -s "$T/elsewhere" "$T/link"
run "$REQTIME" history --state-dir "$T/state" --html "$T/link"
expect "--html on a link: exit 6" 6 'not a regular file'
check "--html on a link: not followed" test ! -e "$T/elsewhere"
run "$REQTIME" history --state-dir "$T/state" --html /dev/null
expect "--html on a device: exit 6" 6 'not a regular file; use - for standard output'
check "--html on a device: it still exists" test -c /dev/null
run sh -c "'$REQTIME' history --state-dir '$T/state' --html - >/dev/full"
expect "--html - to a full device: exit 6" 6 'No space left'
run "$REQTIME" history --state-dir "$T/state" --html "$page" --json
expect "--html and --json: exit 2" 2 '^reqtime: --html contradicts --json: choose one of them$'
if [ "$(id -u)" = 0 ]; then
	mkdir -m 755 "$T/roots"
	run setpriv --reuid 65534 --regid 65534 --clear-groups "$REQTIME" history \
		--state-dir "$T/state" --html "$T/roots/page.html"
	expect "--html in a folder without write permission: exit 6" 6 'Permission denied'
fi

# --- 20000 runs
if [ "${BUILD##*/}" != san ]; then
	"$BUILD/history_maker" "$T/many" 20000 first-step failures reboots spike || exit 1
	run "$REQTIME" history --state-dir "$T/many" --html "$T/many.html"
	expect "20000 runs" 0
	check "20000 runs: below 300 KB ($(wc -c <"$T/many.html"))" test "$(wc -c <"$T/many.html")" -lt 300000
	check "20000 runs: the outlier is marked" grep -q 'class="up" [^>]*title="+40 ms"' \
		"$T/many.html"
fi

# --- text from the network
run "$REQTIME" history --state-dir "$T/hostile" --html "$T/hostile.html"
check "hostile names: no markup" sh -c "! grep -qiE '<(script|img|b)[ >]' '$T/hostile.html'"
check "hostile names: they are shown" grep -q '&lt;script&gt;alert(1)&lt;/script&gt;' "$T/hostile.html"
check "hostile names: only text" sh -c \
	"! sed 's/[µ±]//g' '$T/hostile.html' | tr -d '\n' | LC_ALL=C grep -q '[^ -~]'"

if ! have python3; then
	skip "the page in a browser" "needs python3"
	finish
fi
# --- contrast: 4.5 for text, on the page and on its cards
"$look" contrast "$page" >"$T/contrast"
check "contrast: three themes" test "$(cut -d ' ' -f 1 "$T/contrast" | uniq | wc -l)" -eq 3
awk '$5 < 4.5' "$T/contrast" >"$T/faint"
check "contrast of 4.5 to 1" cmp "$T/faint" /dev/null

# --- in a browser, in an empty network namespace: the browser itself sends requests
if [ "${BUILD##*/}" = san ]; then
	skip "the page in a browser" "it is the same without sanitizers"
	finish
fi
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
if [ -z "$browser" ]; then
	skip "the page in a browser" "needs chromium"
	finish
fi
if ! unshare -rn true 2>"$T/why"; then
	skip "the page in a browser" "cannot make a network namespace: $(head -n 1 "$T/why")"
	finish
fi
# browse ARGUMENT...: its output in $T/dom, its log in $T/said
browse() {
	rm -rf "$T/profile"
	mkdir "$T/profile"
	HOME=$T/profile timeout 60 unshare -rn "$browser" --headless --no-sandbox --disable-gpu \
		--disable-quic --no-first-run --disable-background-networking \
		--disable-component-update --disable-sync --disable-dev-shm-usage \
		--hide-scrollbars --user-data-dir="$T/profile" --enable-logging=stderr \
		"$@" >"$T/dom" 2>"$T/said"
}
# seen PICTURE COLOUR NAME [COLOUR NAME]... [COLOUR]: each colour with a name is present; the counts
# of all are in $T/pixels
seen() {
	picture=$1
	shift
	"$look" "$T/$picture.png" "$@" >"$T/pixels"
	while [ $# -gt 1 ]; do
		n=$(sed -n "s/^$1 //p" "$T/pixels")
		check "$picture: $2 is seen (${n:-0} pixels)" test "${n:-0}" -ge 80
		shift 2
	done
}
browse --dump-dom --log-net-log="$T/net.json" "file://$page"
if ! grep -q '</html>' "$T/dom"; then
	skip "the page in a browser" "the browser does not run: $(tail -n 1 "$T/said")"
	finish
fi
check "the browser finds four pictures and the lines of marks" test \
	"$(grep -o 'role="img"' "$T/dom" | wc -l)" -eq 7
check "the browser reports no error" sh -c "! grep -q CONSOLE '$T/said'"
grep -oE '"url":"(https?|wss?)://[^"]*' "$T/net.json" | grep -vE '//[a-z0-9.]*\.(google|googleapis)\.com/' >"$T/asked"
check "the page makes no request" test -z "$(sort -u "$T/asked")"
browse --dump-dom "file://$T/hostile.html"
check "hostile names: the browser reports no error" sh -c "! grep -q CONSOLE '$T/said'"
check "hostile names: the browser makes no element of them" sh -c "! grep -qiE '<(script|img|b)[ >]' '$T/dom'"
# The test of the test.
sed 's|<main>|<main><script>x</script><img src="http://127.0.0.1:9/x.png">|' "$page" >"$T/bad.html"
browse --dump-dom "file://$T/bad.html"
check "a request of a page would be seen" grep -q CONSOLE "$T/said"

browse --window-size=1280,1280 --screenshot="$T/light.png" "file://$page"
browse --window-size=1280,1280 --blink-settings=preferredColorScheme=0 \
	--screenshot="$T/dark.png" "file://$page"
cat >"$T/web/narrow.html" <<-END
	<!DOCTYPE html><style>body{margin:0}iframe{border:0;width:400px;height:2000px}</style>
	<iframe src="page.html"></iframe>
END
browse --window-size=500,2000 --screenshot="$T/narrow.png" "file://$T/web/narrow.html"
pixels() { # pixels COLOUR: their number, after `seen`
	sed -n "s/^$1 //p" "$T/pixels"
}
for picture in narrow light; do
	seen $picture '#0a53be' 'the offset' '#d7e4f5' 'the bound' '#b35900' 'steps' \
		'#c62828' 'failures' '#7a3ec8' 'the frequency' '#11713a' 'the delay' '#ffffff'
done
check "light: a white background" test "$(pixels '#ffffff')" -ge 900000
seen dark '#6cb0ff' 'the offset' '#ffa657' 'steps' '#ff7b72' 'failures' '#c79bff' 'the frequency' \
	'#5fd08a' 'the delay' '#0f1419' 'a dark ground' '#ffffff'
check "dark: no white background" test "$(pixels '#ffffff')" -le 30000
browse --no-pdf-header-footer --print-to-pdf="$T/page.pdf" "file://$page"
check "on paper: a few pages" test "$(grep -ac '/Type */Page$\|/Type */Page[^s]' "$T/page.pdf")" -ge 1
finish
