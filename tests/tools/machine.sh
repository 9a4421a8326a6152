#!/bin/sh
# SPDX-License-Identifier: MIT
#
# tests/tools/machine.sh libraries ARCHITECTURE   -> build/machines/ARCHITECTURE/root
# tests/tools/machine.sh compilers PACKAGE...     -> build/machines/compilers
#
# Unpacks Debian's packages for another machine: the libraries that programs are linked with there, or
# cross compilers and the emulators for their programs.  apt keeps its data in its own folder:
# nothing is installed, and dpkg gets no foreign architecture.  Existing files are kept.

set -u
cd "$(dirname "$0")/../.." || exit 1
machines=$PWD/build/machines

say() {
	echo "tests/tools/machine.sh: $*" >&2
}

if ! command -v apt-get >/dev/null 2>&1; then
	say "no apt here"
	exit 1
fi

# own_apt FOLDER WORD...
own_apt() {
	folder=$1
	shift
	apt-get -q -y -o Dir::Cache="$folder" -o Dir::Cache::archives="$folder/archives" \
		-o Acquire::Retries=1 -o Acquire::http::Timeout=20 -o Debug::NoLocking=1 -o APT::Sandbox::User= -o Acquire::Languages=none \
		--no-install-recommends "$@"
}

# unpack FOLDER ROOT: unpacks the downloaded packages; ROOT exists only when it is complete
unpack() {
	rm -rf -- "$2" "$2.new"
	for deb in "$1"/archives/*.deb; do
		dpkg -x "$deb" "$2.new" || return 1
	done
	mv "$2.new" "$2"
	rm -rf -- "$1/archives"
}

why() {
	grep -m 1 '^E:' "$1" || tail -n 1 "$1"
}

libraries() {
	folder=$machines/$1
	version=$(gcc -dumpversion 2>/dev/null)
	[ ! -d "$folder/root" ] || return 0
	mkdir -p "$folder/archives/partial" "$folder/lists/partial"
	: >"$folder/status"
	set -- -o Dir::State="$folder" -o Dir::State::lists="$folder/lists" \
		-o Dir::State::status="$folder/status" \
		-o APT::Architecture="$1" -o APT::Architectures="$1"
	# A source that fails may not be needed.
	own_apt "$folder" "$@" update >"$folder/log" 2>&1
	if ! own_apt "$folder" "$@" --download-only install libc6-dev \
		"libgcc-${version%%.*}-dev" libcap-dev libseccomp-dev libjansson-dev \
		libsqlite3-dev libinih-dev libpcap-dev nettle-dev libgnutls28-dev libcmocka-dev >>"$folder/log" 2>&1; then
		say "cannot get libraries: $(why "$folder/log")"
		return 1
	fi
	unpack "$folder" "$folder/root"
}

compilers() {
	folder=$machines/compilers
	[ ! -d "$folder/root" ] || return 0
	mkdir -p "$folder/archives/partial"
	if ! own_apt "$folder" --download-only install "$@" >"$folder/log" 2>&1; then
		say "cannot get $*: $(why "$folder/log")"
		return 1
	fi
	unpack "$folder" "$folder/root"
}

case ${1:-} in
libraries) libraries "$2" ;;
compilers)
	shift
	compilers "$@"
	;;
*)
	say "usage: libraries ARCHITECTURE, or compilers PACKAGE..."
	exit 2
	;;
esac
