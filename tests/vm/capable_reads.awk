# SPDX-License-Identifier: MIT
#
# Reads `strace -f -yy -o`: prints each call that reads octets from a socket in a process
# that has not dropped all its capabilities.  Not reads of UNIX sockets: their peers are
# our own processes, on this machine.  A process starts with the capabilities of its
# parent; capset() to nothing permitted clears them.
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
