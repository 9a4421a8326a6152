# SPDX-License-Identifier: MIT
#
# Reads `strace -f -yy -o`: prints each call that takes octets from a socket in a process
# that has not given up all its capabilities.  Not those of a UNIX socket: behind it are
# processes of our own, on this machine.  A process starts with those of its
# parent; capset() to nothing permitted clears it.
function holds(pid) { return (pid in held) ? held[pid] : 1 }
{ pid = $1 }
/ capset\(/ && / = 0$/ {
	held[pid] = $0 !~ /permitted=0[,}]/
}
# clone, clone3, fork, vfork: "= CHILD" at the end, also when resumed.
/ (clone3?|v?fork)\(.* = [0-9]+$/ || /<\.\.\. (clone3?|v?fork) resumed>.* = [0-9]+$/ {
	if (!($NF in held)) {
		held[$NF] = holds(pid)
	}
}
/ (recvmsg|recvmmsg|recvfrom|recv)\(/ {
	if (holds(pid) && $0 !~ /\([0-9]+<UNIX/) {
		print
	}
}
