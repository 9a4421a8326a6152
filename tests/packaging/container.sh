#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The container image: its root file system is built as the Containerfile does, and its programs run in
# it, read-only, as the user of the image; the commands of the Kubernetes manifests are run there.
. "$(dirname "$0")/../tools/lib.sh"
cd "$R" || exit 1
images=packaging/container

# ---- the Containerfile: its build stage, in a copy of this machine's root, for the other processor ----
stage=$R/build/container
# Before the network namespace, which has no route out: the stage installs packages.
build_stage() (
	mkdir "$T/o" && mount -t tmpfs -o size=3g tmpfs "$T/o" && mkdir "$T/o/upper" "$T/o/work" "$T/o/root" &&
		mount -t overlay -o "lowerdir=/,upperdir=$T/o/upper,workdir=$T/o/work" overlay "$T/o/root" || return 1
	root=$T/o/root
	mount -t proc proc "$root/proc"
	mount --bind /dev "$root/dev"
	printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
	chmod 755 "$root/usr/sbin/policy-rc.d"
	sed -n '/^FROM .* AS build/,/^FROM scratch/p' $images/Containerfile | grep '^COPY\|^RUN' |
		while read -r word rest; do
			case $word in
			COPY) mkdir -p "$root$(dirname "${rest##* }")" && cp -r "${rest%% *}" "$root${rest##* }" ;;
			RUN) chroot "$root" env TARGETARCH=arm64 sh -c "$rest" ;;
			esac || exit 1
		done && cp "$root/image/usr/bin/reqtime" "$stage/"
	umount -R -l "$T/o"
)
if [ -z "${LIB_NETWORK:-}" ] && [ -n "${NIGHTLY:-}" ] && [ "$(id -u)" = 0 ]; then
	mkdir -p "$stage"
	rm -f "$stage/reqtime"
	build_stage >"$stage/log" 2>&1
fi
own_network "$@"
if [ -z "${NIGHTLY:-}" ] || [ "$(id -u)" != 0 ]; then
	skip "the build stage of the Containerfile" "takes minutes, and needs root and apt: NIGHTLY=1"
elif [ -x "$stage/reqtime" ]; then
	check "the build stage, for arm64: a static program for it" sh -c "
		readelf -h '$stage/reqtime' | grep 'Machine: *AArch64' && ! readelf -l '$stage/reqtime' | grep INTERP"
elif grep -q 'Unable to locate\|no installation candidate\|unmet dependencies\|^mount' "$stage/log"; then
	skip "the build stage, for arm64" "$(grep -m 1 '^E:\|unmet\|^mount' "$stage/log")"
else
	not_ok "the build stage, for arm64" "$(tail -n 20 "$stage/log")"
fi
check "the Containerfile copies what is there" sh -c "
	sed -n 's/^COPY \([^-][^ ]*\) .*/\1/p' $images/Containerfile | while read -r file; do [ -e \"\$file\" ] || exit 1; done"
check "its image is the folder of rootfs alone" test "$(sed -n '/^FROM scratch/,$p' $images/Containerfile | tr '\n' ' ')" = \
	'FROM scratch COPY --from=build /image/ / USER 65532:65532 ENTRYPOINT ["/usr/bin/reqtime"] CMD ["--help"] '
for arch in amd64 arm64; do
	$images/build-packages list $arch | tr ' ' '\n' | sed 's/:.*//'
done | sort -u >"$T/packages"
check "packages for both processors" sh -c "grep -qx gcc '$T/packages' && grep -qx 'gcc-.*-linux-gnu' '$T/packages'"
if have apt-cache && xargs -a "$T/packages" apt-cache show >"$T/shown" 2>/dev/null || [ -s "$T/shown" ]; then
	sed -n 's/^Package: //p' "$T/shown" | sort -u >"$T/known"
	nothing "... which all exist" "$(comm -23 "$T/packages" "$T/known")"
else
	skip "... which all exist" "needs apt-cache with a list of packages"
fi
run $images/build-packages list mips
expect "another processor is refused" 2 'ARCH must be amd64 or arm64, not "mips"'

# ---- the root file system ----
if ! static_built; then
	not_ok "make static" "$(cat "$T/why")"
	finish
fi
run $images/rootfs build/static "$T/image"
expect "rootfs" 0
check "nothing else was said" test ! -s "$err"
check "it has these files, and no more" test "$(cd "$T/image" && find . -type f | sort | xargs)" = \
	"./etc/group ./etc/hosts ./etc/passwd ./etc/reqtime/reqtime.conf ./etc/reqtime/reqtimed.conf ./etc/resolv.conf ./usr/bin/reqtime ./usr/sbin/reqtimed"
check "... none setuid, none that others may write" sh -c "! find '$T/image' -type f -perm /7022 | grep ."
run $images/rootfs build/static "$T/image"
expect "a folder that is not empty is refused" 2 "^rootfs: $T/image is not empty"
run $images/rootfs "$T" "$T/none"
expect "... and one without programs" 2 '^usage: rootfs STATIC FOLDER'
if [ "$(id -u)" != 0 ]; then
	skip "in a chroot" "needs root"
	finish
fi
if have getcap; then
	check "reqtime may be given one capability" test "$(getcap "$T/image/usr/bin/reqtime")" = \
		"$T/image/usr/bin/reqtime cap_sys_time=p"
	check "... and reqtimed another" test "$(getcap "$T/image/usr/sbin/reqtimed")" = \
		"$T/image/usr/sbin/reqtimed cap_net_bind_service=p"
else
	skip "file capabilities" "needs getcap (libcap2-bin)"
fi
trap 'umount -R -l "$T/image" 2>/dev/null; lib_cleanup' EXIT
if ! { mount --bind "$T/image" "$T/image" && mount -o remount,bind,ro "$T/image" &&
	mount -t tmpfs -o mode=777 tmpfs "$T/image/state" && mount -t proc proc "$T/image/proc"; } 2>"$T/why"; then
	skip "in a read-only chroot" "$(cat "$T/why")"
	finish
fi

server --listen 127.0.0.1:123 --local-stratum 3 || finish
# in_image UID WORD...: no capability in any set of it
in_image() {
	image_uid=$1
	shift
	run setpriv --bounding-set=-sys_time,-net_bind_service chroot --userspec="$image_uid:$image_uid" "$T/image" "$@"
}
in_image 65532 /usr/bin/reqtime --version
expect "it starts without its capability" 0 '^reqtime .*static'
in_image 65532 /usr/bin/reqtime 127.0.0.1
expect "query" 0 '127\.0\.0\.1.*selected'
in_image 65532 /usr/bin/reqtime set --boot --state-dir /state/reqtime 127.0.0.1
expect "set without SYS_TIME" 4 'not permitted to set the clock: .*--cap-add SYS_TIME|container: +--cap-add SYS_TIME'
in_image 65532 /usr/bin/reqtime config
expect "its configuration is the example" 0 '^# /etc/reqtime/reqtime.conf$'
in_image 65532 /usr/sbin/reqtimed --check-config --config /etc/reqtime/reqtimed.conf
expect "reqtimed" 0 'are valid'

# ---- the manifests ----
if ! python3 -c 'import yaml' 2>/dev/null; then
	skip "the manifests" "needs python3-yaml"
	finish
fi
python3 tests/packaging/manifests.py $images/kubernetes/*.yaml >"$T/manifests" 2>"$T/why" ||
	not_ok "the manifests are read" "$(tail -n 3 "$T/why")"
nothing "the manifests are right" "$(grep '^wrong' "$T/manifests")"
tab=$(printf '\t')
grep '^config' "$T/manifests" >"$T/configs"
while IFS=$tab read -r _ key text; do
	printf '%b' "$text" | sed 's/ntp[1-3]\.example/127.0.0.1/' >"$T/$key"
	check "the ConfigMap has a file that reqtime reads" "$REQTIME" config -f "$T/$key"
done <"$T/configs"
# Mounted as a volume is: open to every user, read-only, links to a hidden folder.
mkdir -m 1777 "$T/volume"
mkdir "$T/volume/..2026"
ln -s ..2026 "$T/volume/..data"
cp "$T/reqtime.conf" "$T/volume/..2026/"
ln -s ..data/reqtime.conf "$T/volume/reqtime.conf"
mount --bind "$T/volume" "$T/image/etc/reqtime"
mount -o remount,bind,ro "$T/image/etc/reqtime"
# The first run of the DaemonSet leaves this.
mkdir -m 755 "$T/image/state/reqtime"
chown 65532 "$T/image/state/reqtime"
in_image 65532 /usr/bin/reqtime query --bound-file /state/reqtime/bound 127.0.0.1
expect "a bound file, in the state directory" 0
runs=0
grep '^run' "$T/manifests" >"$T/runs"
while IFS=$tab read -r _ name uid what words; do
	words=$(echo "$words" | sed 's/ntp[1-3]\.example/127.0.0.1/g; s/--every=[0-9a-z]*//; s/--splay=1m/--splay=1ms/')
	case $words in
	set\ *) words="$words --dry-run" ;;
	esac
	# shellcheck disable=SC2086 # words
	in_image "$uid" /usr/bin/reqtime $words
	expect "$name $what: reqtime $words" 0
	runs=$((runs + 1))
done <"$T/runs"
check "three commands were run" test $runs = 3
# A test of the test: each rule broken once.
broken() { # NAME SED
	sed "$2" $images/kubernetes/daemonset.yaml >"$T/broken.yaml"
	something "$1 is seen" "$(python3 tests/packaging/manifests.py "$T/broken.yaml" | grep '^wrong')"
}
broken "an unknown field" 's/readOnlyRootFilesystem/readonlyRootFilesystem/'
broken "a number as text" 's/runAsUser: 65532/runAsUser: "65532"/'
broken "root" 's/runAsNonRoot: true/runAsNonRoot: false/'
broken "a capability too many" 's/\[SYS_TIME\]/[SYS_TIME, NET_RAW]/'
broken "no_new_privs, which takes the file capability away" 's/allowPrivilegeEscalation: true/allowPrivilegeEscalation: false/'
broken "a selector that matches nothing" '/matchLabels/,/template/s/name: reqtime/name: other/'
broken "a volume that is not there" '0,/- name: state/s//- name: stat/'
finish
