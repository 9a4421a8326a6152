#!/bin/bash
# SPDX-License-Identifier: MIT
#
# /usr/lib/dracut/modules.d/70reqtime/module-setup.sh: authenticated time before the root file system is
# mounted, as /etc/reqtime/boot.conf has it.  dracut includes it when it is asked for:
#
#   echo 'add_dracutmodules+=" reqtime "' >/etc/dracut.conf.d/reqtime.conf
# shellcheck disable=SC2154 # what dracut sets

check() {
	require_binaries @bindir@/reqtime @libexecdir@/early-time || return 1
	# Only when asked for.
	return 255
}

depends() {
	echo network
}

install() {
	local file

	if [[ $(REQTIME_CMDLINE=/dev/null @libexecdir@/early-time mode) == off ]]; then
		dwarning "reqtime: /etc/reqtime/boot.conf is off: it does nothing until reqtime= on the kernel's command line"
	fi
	inst_multiple @bindir@/reqtime @libexecdir@/early-time
	inst_multiple -o @libexecdir@/reqtime-nts
	@libexecdir@/copied-files | while read -r file; do
		inst_simple "$file"
	done
	inst_libdir_file 'libgcc_s.so.1'
	mkdir -p "$initdir/var/lib"
	[[ -e $initdir/etc/nsswitch.conf ]] || echo 'hosts: files dns' >"$initdir/etc/nsswitch.conf"
	inst_hook cmdline 90 "$moddir/reqtime-network.sh"
	inst_hook pre-mount 10 "$moddir/reqtime-set.sh"
}
