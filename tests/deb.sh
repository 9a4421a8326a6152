#!/bin/sh
# SPDX-License-Identifier: MIT
#
# `make deb`: the packages are built, lintian reports nothing, and in a throw-away root they are
# installed, upgraded, removed and purged.  That root is this machine's own under an overlay, in
# its own mount namespace: nothing outside is written.
. "$(dirname "$0")/tools/lib.sh"
cd "$R" || exit 1
unset MAKEFLAGS MAKELEVEL MFLAGS

have dh || skip_all "needs debhelper"
missing=$(cd packaging && dpkg-checkbuilddeps 2>&1) ||
	skip_all "needs ${missing#*dependencies: }"
if [ -z "${LIB_OVERLAY:-}" ]; then
	if [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; then
		rm -rf "$T"
		LIB_OVERLAY=1 exec unshare -m --propagation private "$0" "$@"
	fi
fi

check "the changelog has the version of the Makefile" test \
	"$(dpkg-parsechangelog -l packaging/debian/changelog -S Version)" = \
	"$(sed -n 's/^VERSION *:= *//p' Makefile)"
check "make deb" deb_built
if [ -n "${NIGHTLY:-}" ]; then
	check "... which runs the unit tests" grep -Eq '^[0-9]{4,} passed, 0 failed' build/deb/build.log
else
	check "... which would run the unit tests" sh -c "cd build/deb/reqtime-* &&
		env -u DEB_BUILD_OPTIONS make -n -f debian/rules override_dh_auto_test | grep '^make  *unit$'"
fi
# servers_for VENDOR: the servers that its package asks
mkdir "$T/origins"
printf 'Vendor: Debian\n' >"$T/origins/debian"
printf 'Vendor: Ubuntu\nParent: Debian\n' >"$T/origins/ubuntu"
printf 'Vendor: Other\nParent: Ubuntu\n' >"$T/origins/other"
servers_for() {
	# shellcheck disable=SC2016 # for make
	(cd build/deb/reqtime-* && DPKG_ORIGINS_DIR="$T/origins" DEB_VENDOR=$1 \
		make -s -f debian/rules --eval='show:; @echo $(SERVERS)' show)
}
check "Debian's package asks Debian's zone" test "$(servers_for Debian)" = \
	"0.debian.pool.ntp.org 1.debian.pool.ntp.org 2.debian.pool.ntp.org 3.debian.pool.ntp.org"
for vendor in Ubuntu Other; do
	check "... that of $vendor, Ubuntu's" test "$(servers_for $vendor)" = \
		"ntp.ubuntu.com 0.ubuntu.pool.ntp.org 1.ubuntu.pool.ntp.org 2.ubuntu.pool.ntp.org"
done
if have lintian; then
	run lintian --allow-root --fail-on error,warning build/deb/reqtime_*.changes
	check "lintian reports nothing" test "$status" -eq 0 -a ! -s "$out"
else
	skip "lintian reports nothing" "needs lintian"
fi
check "no lintian tag is overridden" sh -c "! find packaging/debian -name '*lintian*' | grep ."
for program in reqtime reqtimed; do
	dpkg-deb -R build/deb/${program}_*.deb "$T/$program" 2>"$T/why" ||
		not_ok "$program.deb" "$(cat "$T/why")"
	check "$program.deb: nothing is setuid" sh -c \
		"! find '$T/$program' -perm /7000 -type f | grep ."
	for page in packaging/man/"$program".[1-8]; do
		check "$program.deb has ${page##*/}" test -s \
			"$T/$program/usr/share/man/man${page##*.}/${page##*/}.gz"
	done
done
run dpkg-deb -c build/deb/reqtime-nts_*.deb
expect "reqtime-nts.deb has the program" 0 ' \./usr/libexec/reqtime/reqtime-nts$'
check "... where reqtime looks for it" test "$(cat build/deb/reqtime-*/build/LIBEXECDIR)" = /usr/libexec/reqtime
for package in reqtime reqtimed; do
	check "$package.deb does without GnuTLS" sh -c "! grep '^Depends:.*gnutls' '$T/$package/DEBIAN/control'"
done
check "reqtime.deb names the servers of its vendor, and no other" test "$(sed -n 's/^server = //p' \
	"$T/reqtime/etc/reqtime/reqtime.conf" | xargs)" = "$(servers_for "$(dpkg-vendor --query Vendor)")"
run "$REQTIME" config -f "$T/reqtime/etc/reqtime/reqtime.conf"
expect "... in a file that is right" 0
for file in reqtime/etc/default/reqtime reqtime/etc/reqtime/reqtime.conf reqtimed/etc/default/reqtimed \
	reqtimed/etc/reqtime/reqtimed.conf; do
	check "/${file#*/} is a conffile of ${file%%/*}" grep -qx "/${file#*/}" "$T/${file%%/*}/DEBIAN/conffiles"
done
if have apparmor_parser; then
	for profile in packaging/apparmor/*; do
		check "apparmor_parser reads ${profile##*/}" apparmor_parser -Q -K "$profile"
	done
else
	skip "apparmor_parser reads the profiles" "needs apparmor"
fi
if have systemd-analyze; then
	mkdir "$T/units"
	for unit in "$T"/reqtime*/lib/systemd/system/*; do
		top=${unit%/lib/systemd/*}
		sed "s|^\(Exec[A-Za-z]*=[-+]*\)/usr|\1$top/usr|" "$unit" >"$T/units/${unit##*/}"
	done
	for unit in "$T"/units/*; do
		systemd-analyze verify --man=no "$unit" >"$T/verify" 2>&1
		check "systemd accepts the packages' ${unit##*/}" \
			sh -c "! grep . '$T/verify'"
		case $unit in
		*.service)
			run systemd-analyze security --no-pager --offline=true --threshold=20 "$unit"
			expect "... its exposure is at most 2.0 ($(tail -n 1 "$out" | grep -o "[0-9]\.[0-9]"))" 0
			;;
		esac
	done
fi

# ---- the throw-away root ----
if [ -z "${LIB_OVERLAY:-}" ]; then
	skip "install, upgrade, remove, purge" "needs root and a mount namespace"
	finish
fi
mkdir "$T/o"
if ! { mount -t tmpfs tmpfs "$T/o" && mkdir "$T/o/upper" "$T/o/work" "$T/o/root" &&
	mount -t overlay -o "lowerdir=/,upperdir=$T/o/upper,workdir=$T/o/work" overlay \
		"$T/o/root"; } 2>"$T/why"; then
	skip "install, upgrade, remove, purge" "no overlay: $(head -n 1 "$T/why")"
	finish
fi
# Nothing of this machine is mounted in there, so nothing of it can be removed with it.
trap 'umount -R -l "$T/o"; lib_cleanup' EXIT
root=$T/o/root
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/dev"
mknod -m 666 "$root/dev/null" c 1 3
mknod -m 666 "$root/dev/urandom" c 1 9
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
# No manual page is read here, nor an index made: that takes longer than all the rest.
rm -f "$root/var/lib/man-db/auto-update"
mkdir "$root/run/debs"
in_root() {
	DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin run chroot "$root" "$@"
}
cp build/deb/reqtime_*.deb build/deb/reqtimed_*.deb "$root/run/debs/"
# The next version: another one in /etc, whose conffiles are no longer the same.
next() { # next PROGRAM FILE
	sed -i 's/^Version: .*/&+next/' "$T/$1/DEBIAN/control"
	echo '# New in this version.' >>"$T/$1/$2"
	dpkg-deb -b --root-owner-group "$T/$1" "$root/run/debs/next-$1.deb" >/dev/null
}
next reqtime etc/default/reqtime
next reqtimed etc/apparmor.d/usr.sbin.reqtimed

in_root sh -c 'dpkg --force-unsafe-io -i /run/debs/reqtime_*.deb /run/debs/reqtimed_*.deb'
expect "install" 0
in_root /usr/bin/reqtime --version
expect "the installed program runs" 0
in_root stat -c '%U %a' /var/lib/reqtime
expect "the state directory is the timer user's, and readable" 0 '^_reqtime 755$'
in_root getent passwd _reqtime
expect "that user cannot log in" 0 ':/usr/sbin/nologin$'
in_root sh -c 'getcap /usr/bin/reqtime; stat -c %a /usr/bin/reqtime'
expect "the program is not setuid" 0 '^755$'
check "... no capability either" sh -c "! grep cap_ '$out'"
in_root sh -c 'ls /etc/systemd/system/*/*'
expect "the server is enabled" 0 'multi-user.target.wants/reqtimed.service'
check "nothing that sets the clock is" sh -c "! grep -e 'reqtime[.-]' '$out'"
in_root bash -c 'cd /usr/share/bash-completion && ls completions/reqtime completions/reqtimed'
expect "completion is where bash looks" 0

# cron: nothing until it is enabled, then the same as the timer.
# shellcheck disable=SC2016 # of the other shell
printf '#!/bin/sh\necho "$@"\necho "metrics: $REQTIME_METRICS"\n' >"$root/run/setpriv"
chmod 755 "$root/run/setpriv"
in_root env PATH=/run:/usr/bin:/bin sh -c '/usr/lib/reqtime/cron-run --splay 50m'
check "cron sets nothing by default" test "$status" -eq 0 -a ! -s "$out" -a ! -s "$err"
sed -i 's/^CRON=.*/CRON=yes/; s/^SERVERS=.*/SERVERS="ntp1.example ntp2.example"/' \
	"$root/etc/default/reqtime"
in_root env PATH=/run:/usr/bin:/bin sh -c '/usr/lib/reqtime/cron-run --splay 50m'
expect "CRON=yes: as that user, with one capability, with the servers named" 0 \
	'^--reuid=_reqtime .*--bounding-set=-all,\+sys_time /usr/bin/reqtime set --quiet --overdue 1d --boot --confirm 6m --log-to syslog --splay 50m ntp1.example ntp2.example$'

check "... and with the metrics of the units" grep -qx 'metrics: /var/lib/reqtime/reqtime-set.prom' "$out"

# node_exporter reads the files in its folder.
node=/var/lib/prometheus/node-exporter
link() { # link COMMAND...: after it
	in_root sh -c "$*; cd $node 2>/dev/null && ls -l | sed -n 's/.* \([^ ]* -> .*\)/\1/p'; cat -- *.prom 2>/dev/null"
}
set_metrics="/usr/lib/reqtime/link-metrics reqtime-set.prom"
link "$set_metrics" /var/lib/reqtime/reqtime-set.prom
check "no node_exporter: nothing is linked" test "$status" -ne 0 -a ! -s "$out" -a ! -e "$root$node"
mkdir -p "$root$node"
link "$set_metrics" /var/lib/reqtime/reqtime-set.prom
check "no metrics yet: no link that leads nowhere" test ! -s "$out" -a -z "$(ls -A "$root$node")"
echo figures >"$root/var/lib/reqtime/reqtime-set.prom"
link "$set_metrics" /var/lib/reqtime/reqtime-set.prom
expect "metrics: linked" 0 '^reqtime-set.prom -> /var/lib/reqtime/reqtime-set.prom$'
echo others >"$root/var/lib/reqtime/other.prom"
link "$set_metrics" /var/lib/reqtime/other.prom
expect "another file is named: linked to that" 0 '^reqtime-set.prom -> /var/lib/reqtime/other.prom$'
link "$set_metrics" "''"
check "no file is named: the link is gone" test ! -s "$out" -a -z "$(ls -A "$root$node")"
link "$set_metrics" /var/lib/reqtime/other.prom
rm "$root/var/lib/reqtime/other.prom"
link "$set_metrics" /var/lib/reqtime/other.prom
check "the file is gone: the link, too" test ! -s "$out" -a -z "$(ls -A "$root$node")"
echo direct >"$root$node/direct.prom"
link "$set_metrics" "$node/direct.prom"
check "a file in that folder gets no link" test "$(ls -A "$root$node")" = direct.prom
rm "$root$node/direct.prom"
echo mine >"$root$node/reqtime-set.prom"
link "$set_metrics /var/lib/reqtime/reqtime-set.prom; $set_metrics"
expect "a file of that name stays" 0 '^mine$'
rm "$root$node/reqtime-set.prom"
in_root /usr/lib/reqtime/link-metrics reqtime-set.prom /var/lib/reqtime/reqtime-set.prom

# Files that the administrator and the program have written.
echo 'learned drift' >"$root/var/lib/reqtime/history.db"
echo '# mine' >>"$root/etc/apparmor.d/local/reqtime"
in_root sh -c 'dpkg-statoverride --update --add root adm 0750 /usr/bin/reqtime &&
	dpkg-reconfigure reqtime'
expect "a group is given the program" 0
in_root getcap /usr/bin/reqtime
expect "... and with it the capability" 0 'cap_sys_time=p$'

in_root sh -c 'dpkg --force-unsafe-io --force-confold -i /run/debs/next-reqtime.deb /run/debs/next-reqtimed.deb'
expect "upgrade" 0
check "the changed conffile is kept" grep -q '^CRON=yes' "$root/etc/default/reqtime"
check "... and the new one is stored next to it" grep -q 'New in this' "$root/etc/default/reqtime.dpkg-dist"
check "an unchanged conffile is replaced" grep -q 'New in this' \
	"$root/etc/apparmor.d/usr.sbin.reqtimed"
check "the state is kept" grep -q learned "$root/var/lib/reqtime/history.db"
in_root sh -c 'stat -c "%G %a" /usr/bin/reqtime; getcap /usr/bin/reqtime'
expect "the group keeps the program" 0 '^adm 750$'
expect "... and the capability" 0 'cap_sys_time=p$'

in_root dpkg --force-unsafe-io -r reqtime reqtimed
expect "remove" 0
check "the programs are gone" sh -c "! ls '$root/usr/bin/reqtime' '$root/usr/sbin/reqtimed' \
	'$root/usr/lib/reqtime' 2>/dev/null | grep ."
check "... and node_exporter's folder has no link to their files" test -z "$(ls -A "$root$node")"
check "conffiles and state are not" test -s "$root/etc/default/reqtime" -a \
	-s "$root/etc/cron.d/reqtime" -a -s "$root/var/lib/reqtime/history.db"
in_root sh -c ". /etc/default/reqtime; sed -n 's/^0 \* \* \* \*  *root *//p' /etc/cron.d/reqtime | sh"
check "the cron job left behind is silent and succeeds" test "$status" -eq 0 -a ! -s "$err"

in_root dpkg --force-unsafe-io -P reqtime reqtimed
expect "purge" 0
in_root dpkg-statoverride --remove /usr/bin/reqtime
left=$(cd "$T/o/upper" && find . -iname '*reqtime*' ! -type c |
	grep -v -e '^\./tmp/' -e "^.$R/")
check "nothing is left" test -z "$left"
finish
