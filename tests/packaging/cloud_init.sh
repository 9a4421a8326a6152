#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The user data for cloud-init: valid by its own schema, and its own module "ntp" makes a file of it that
# reqtime reads.
. "$(dirname "$0")/../tools/lib.sh"
cd "$R" || exit 1
snippet=packaging/cloud-init/user-data.yaml
export PYTHONPATH="$R/build/peers/usr/lib/python3/dist-packages" PYTHONDONTWRITEBYTECODE=1

[ -d "$PYTHONPATH/cloudinit" ] || skip_all "needs cloud-init below build/peers (packaging/deps test)"
python3 -c 'import cloudinit.config.cc_ntp, cloudinit.cmd.main' 2>"$T/why" ||
	skip_all "cloud-init does not run here: $(tail -n 1 "$T/why")"
schema() {
	run python3 -m cloudinit.cmd.main schema --config-file "$1"
}
schema $snippet
expect "cloud-init schema" 0 'Valid (cloud-config|schema)'
check "... without a warning" sh -c "! grep -iE 'deprecat|warn|error' '$out' '$err'"
sed 's/service_name/service-name/' $snippet >"$T/bad.yaml"
schema "$T/bad.yaml"
expect "... which would see a slip" 1 'service-name|service_name'

run python3 tests/packaging/cloud_init.py $snippet "$T/10-cloud-init.conf"
expect "its module ntp takes it" 0
cp "$out" "$T/said"
check "... and writes a file of conf.d" grep -qx 'confpath /etc/reqtime/conf.d/10-cloud-init.conf' "$T/said"
check "... installs our package" sh -c "
	[ \"\$(sed -n 's/^packages //p' '$T/said')\" = reqtime ] && grep -qx 'Package: reqtime' packaging/debian/control"
check "... and starts our unit" test -f "packaging/systemd/$(sed -n 's/^service //p' "$T/said")"
check "... which runcmd enables" grep -q "systemctl, enable, --now, $(sed -n 's/^service //p' "$T/said")" $snippet

# Read as what it will be: after a reqtime.conf with other servers.
etc=$(tr '\0' '\n' <"$REQTIME" | sed -n 's,.*(\(/.*\)/reqtime/reqtime\.conf).*,\1,p' | head -n 1)
etc=${etc:-/etc}
mkdir -p /run/o/upper /run/o/work 2>/dev/null
if [ "$(id -u)" != 0 ] || [ "$(stat -f -c %T /run)" != tmpfs ] || ! mount -t overlay -o \
	"lowerdir=$etc,upperdir=/run/o/upper,workdir=/run/o/work" overlay "$etc" 2>"$T/why"; then
	skip "reqtime reads it" "needs root, and an overlay over $etc"
	finish
fi
rm -rf "$etc/reqtime"
mkdir -p "$etc/reqtime/conf.d"
echo 'server = 0.debian.pool.ntp.org' >"$etc/reqtime/reqtime.conf"
cp "$T/10-cloud-init.conf" "$etc/reqtime/conf.d/"
run "$REQTIME" config set
check "reqtime asks the servers of the user data, and no other" test \
	"$(sed -n 's/^server = *\([^ ]*\) .*/\1/p' "$out" | xargs)" = "ntp1.example ntp2.example ntp3.example"
finish
