#!/bin/sh
# SPDX-License-Identifier: MIT
#
# tests/tools/boot_kit.sh   -> build/boot/root
#
# Unpacks Debian's packages that make an initramfs, and a kernel with its modules, as layers over this
# machine's root: nothing is installed.  Existing files are kept.  Needs a network, and tells on stderr
# what could not be had.

set -u
cd "$(dirname "$0")/../.." || exit 1
kit=$PWD/build/boot

[ ! -d "$kit/root" ] || exit 0
if ! command -v apt-get >/dev/null 2>&1; then
	echo "no apt here" >&2
	exit 1
fi
kernel=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null | sed -n 's/^ *Depends: \(linux-image-[^ ]*\)$/\1/p' | head -n 1)
if [ -z "$kernel" ]; then
	echo "apt has no linux-image-cloud-amd64" >&2
	exit 1
fi
rm -rf "$kit/debs" "$kit/root.new"
mkdir -p "$kit/debs" "$kit/root.new"
cd "$kit/debs" || exit 1
for package in "$kernel" initramfs-tools-core klibc-utils libklibc kmod libkmod2 udev dracut-core dracut-network \
	iputils-arping isc-dhcp-client; do
	if ! apt-get download -q "$package" >../log 2>&1; then
		grep -m 1 '^E:' ../log >&2
		exit 1
	fi
done
for deb in *.deb; do
	dpkg -x "$deb" ../root.new || exit 1
done
cd .. || exit 1
# Where /lib is a link, a folder of that name would hide it.
for folder in bin sbin lib lib64; do
	if [ -h "/$folder" ] && [ -d "root.new/$folder" ]; then
		mkdir -p "root.new/usr/$folder"
		cp -a "root.new/$folder/." "root.new/usr/$folder/"
		rm -r "root.new/$folder"
	fi
done
rm -r debs
mv root.new root
