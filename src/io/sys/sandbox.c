/* SPDX-License-Identifier: MIT
 *
 * The system calls that each role may make.
 */
#include "io/sys/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/sys/filter_private.h"
#include "io/sys/lifeline.h"
#include "io/sys/sandbox_private.h"

#if SANDBOX_IS_POSSIBLE

/* Each call is listed under all its names on all machines: 32-bit ones have a second name
 * for wide times (_time64), files (64) or user ids (32). */
static const char *const all_may[] = {
	/* memory; mmap, mprotect below */
	"brk",
	"madvise",
	"mremap",
	"munmap",
	/* the C library's threads and locks */
	"futex",
	"futex_time64",
	"futex_wait",
	"futex_wake",
	"futex_waitv",
	"futex_requeue",
	"get_robust_list",
	"set_robust_list",
	"membarrier",
	"rseq",
	"sched_getaffinity",
	"sched_yield",
	/* signals */
	"restart_syscall",
	"rt_sigaction",
	"rt_sigprocmask",
	"rt_sigreturn",
	"rt_sigtimedwait",
	"rt_sigtimedwait_time64",
	"sigaltstack",
	"sigreturn",
	/* abort(): only to this process, see below */
	"getpid",
	"gettid",
	"exit",
	"exit_group",
	/* Reading clocks.  The modes of adjtimex are behind a pointer, out of a filter's
	 * reach; without the capability the kernel refuses any change. */
	"adjtimex",
	"clock_adjtime",
	"clock_adjtime64",
	"clock_getres",
	"clock_getres_time64",
	"clock_gettime",
	"clock_gettime64",
	"clock_nanosleep",
	"clock_nanosleep_time64",
	"gettimeofday",
	"nanosleep",
	"time",
	"getrandom",
	/* open descriptors; close, fcntl, ioctl below */
	"_llseek",
	"dup",
	"fstat",
	"fstat64",
	"fstatat64",
	"lseek",
	"newfstatat",
	"poll",
	"ppoll",
	"ppoll_time64",
	"read",
	"readv",
	"write",
	"writev",
	/* the socket to the parent; sendto below */
	"recv",
	"recvfrom",
	"send",
	/* own ids, for messages and libcap */
	"capget",
	"geteuid",
	"geteuid32",
	"getegid",
	"getegid32",
	"getgid",
	"getgid32",
	"getppid",
	"getuid",
	"getuid32",
};

/* `socket`, `setsockopt` and `sendmsg` are below.  Signals go only through pidfds, and this
 * process has only those of its helpers. */
static const char *const measure_may[] = {
	"bind",    "connect", "getsockname", "pidfd_send_signal",
	"recvmsg", "wait4",   "waitid",      "waitpid",
};

static const char *const serve_may[] = {
	"accept",  "accept4",  "recvmmsg", "recvmmsg_time64",
	"recvmsg", "sendmmsg", "shutdown",
};

/* Landlock limits the files: no filter can read a path.  The second half is what SQLite
 * needs before and while it reads. */
static const char *const file_helper_may[] = {
	"fchmod",    "fsync",      "openat",   "open",   "rename",    "renameat",
	"renameat2", "unlink",     "unlinkat", "access", "faccessat", "faccessat2",
	"fstatfs",   "fstatfs64",  "getcwd",   "lstat",  "lstat64",   "pread64",
	"readlink",  "readlinkat", "stat",     "stat64", "statx",
};

/* ... and while it writes. */
static const char *const history_may[] = {
	"fchown", "fchown32", "fdatasync", "ftruncate", "ftruncate64", "pwrite64",
};

/* `recvmsg` is for kernels without a packet ring. */
static const char *const trace_may[] = { "pread64", "recvmsg" };

static const char *const nts_may[] = { "recvmsg" };

static const char *const reader_may[] = {
	"access",  "faccessat", "faccessat2", "getcwd", "lstat",  "lstat64",
	"pread64", "readlink",  "readlinkat", "stat",   "stat64", "statx",
};

/* Changes to files fail with an error: a reader of a database handles it and goes on. */
static const char *const reader_is_refused[] = {
	"fchmod",   "fchown", "fdatasync", "fsync",     "ftruncate", "ftruncate64", "mkdir",
	"pwrite64", "rename", "renameat",  "renameat2", "unlink",    "unlinkat",
};

static void allow(struct filter *filter, const char *call, unsigned argument, uint32_t mask,
                  uint32_t value)
{
	const struct filter_test test = { argument, FILTER_IS, mask, value };

	filter_rule(filter, SECCOMP_RET_ALLOW, call, &test, 1);
}

/* No operation that makes the kernel send a signal on our behalf: F_SETOWN, F_SETSIG,
 * F_NOTIFY, O_ASYNC. */
static void allow_fcntl(struct filter *filter, bool has_files)
{
	static const int commands[] = { F_GETFD, F_SETFD, F_GETFL };
	/* Both widths of a 32-bit machine. */
	static const int locks[] = { F_GETLK, F_SETLK, F_SETLKW, 5, 6, 7,
#ifndef __LP64__
		                     12,      13,      14
#endif
	};

	for (size_t i = 0; i < COUNT_OF(commands); i++) {
		allow(filter, "fcntl", 1, UINT32_MAX, (uint32_t)commands[i]);
		allow(filter, "fcntl64", 1, UINT32_MAX, (uint32_t)commands[i]);
	}
	for (size_t i = 0; has_files && i < COUNT_OF(locks); i++) {
		allow(filter, "fcntl", 1, UINT32_MAX, (uint32_t)locks[i]);
		allow(filter, "fcntl64", 1, UINT32_MAX, (uint32_t)locks[i]);
	}
}

/* Terminal queries on stdout; signals only to this process; the lifeline cannot be
 * closed. */
static void allow_others(struct filter *filter)
{
	const struct filter_test other_fd = { 0, FILTER_IS_NOT, UINT32_MAX,
		                              (uint32_t)lifeline_fd() };
	/* Sends only to the socket's own peer. */
	const struct filter_test no_address = { 5, FILTER_IS, UINT32_MAX, 0 };

	filter_rule(filter, SECCOMP_RET_ALLOW, "close", &other_fd, lifeline_fd() >= 0);
	filter_rule(filter, SECCOMP_RET_ALLOW, "sendto", &no_address, 1);
	/* fstat() with wide times on a 32-bit machine. */
	allow(filter, "statx", 2, AT_EMPTY_PATH, AT_EMPTY_PATH);
	allow(filter, "ioctl", 1, UINT32_MAX, TCGETS);
	allow(filter, "ioctl", 1, UINT32_MAX, TIOCGWINSZ);
	allow(filter, "tgkill", 0, UINT32_MAX, (uint32_t)getpid());
	allow(filter, "prctl", 0, UINT32_MAX, PR_GET_NO_NEW_PRIVS);
}

/* UDP and TCP by number: no raw, packet, netlink or unix socket, no ICMP, SCTP, MPTCP or
 * UDP-Lite. */
static void allow_sockets(struct filter *filter)
{
	static const int families[] = { AF_INET, AF_INET6 };
	static const int types[] = { SOCK_DGRAM, SOCK_STREAM };
	const uint32_t type_mask = ~(uint32_t)(SOCK_CLOEXEC | SOCK_NONBLOCK);

	for (size_t i = 0; i < COUNT_OF(families) * COUNT_OF(types); i++) {
		const struct filter_test tests[] = {
			{ 0, FILTER_IS, UINT32_MAX, (uint32_t)families[i % 2] },
			{ 1, FILTER_IS, type_mask, (uint32_t)types[i / 2] },
			{ 2, FILTER_IS, UINT32_MAX, 0 },
		};

		filter_rule(filter, SECCOMP_RET_ALLOW, "socket", tests, COUNT_OF(tests));
	}
}

static void allow_option(struct filter *filter, const char *call, int level, int name)
{
	const struct filter_test tests[] = {
		{ 1, FILTER_IS, UINT32_MAX, (uint32_t)level },
		{ 2, FILTER_IS, UINT32_MAX, (uint32_t)name },
	};

	filter_rule(filter, SECCOMP_RET_ALLOW, call, tests, COUNT_OF(tests));
}

/* Those of io/net/udp.c and tcp.c. */
static void allow_measuring(struct filter *filter)
{
	filter_rules(filter, SECCOMP_RET_ALLOW, measure_may, COUNT_OF(measure_may));
	allow_sockets(filter);
	allow_option(filter, "setsockopt", SOL_SOCKET, SO_TIMESTAMPING);
	allow_option(filter, "setsockopt", SOL_SOCKET, SO_RCVBUF);
	allow_option(filter, "setsockopt", IPPROTO_IP, IP_RECVERR);
	allow_option(filter, "setsockopt", IPPROTO_IPV6, IPV6_RECVERR);
	allow_option(filter, "setsockopt", IPPROTO_TCP, TCP_NODELAY);
	allow_option(filter, "getsockopt", SOL_SOCKET, SO_ERROR);
}

static void allow_reading(struct filter *filter)
{
	static const struct {
		const char *name;
		unsigned argument;
	} calls[] = { { "open", 1 }, { "openat", 2 } };

	filter_rules(filter, SECCOMP_RET_ALLOW, reader_may, COUNT_OF(reader_may));
	filter_rules(filter, FILTER_ERROR(EACCES), reader_is_refused,
	             COUNT_OF(reader_is_refused));
	for (size_t i = 0; i < COUNT_OF(calls); i++) {
		const struct filter_test writes = { calls[i].argument, FILTER_IS_NOT,
			                            O_ACCMODE, O_RDONLY };

		allow(filter, calls[i].name, calls[i].argument,
		      O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY);
		filter_rule(filter, FILTER_ERROR(EACCES), calls[i].name, &writes, 1);
	}
}

/* libpcap's calls on its socket: lost packets and, after an error, the error and whether
 * the interface is up. It also looks in /sys, but works without.  At the end it releases
 * its packet ring. */
static void allow_tracing(struct filter *filter)
{
	static const char *const refused[] = { "open", "openat" };

	allow_option(filter, "getsockopt", SOL_PACKET, PACKET_STATISTICS);
	allow_option(filter, "setsockopt", SOL_PACKET, PACKET_RX_RING);
	allow_option(filter, "getsockopt", SOL_SOCKET, SO_ERROR);
	allow(filter, "ioctl", 1, UINT32_MAX, SIOCGIFFLAGS);
	filter_rules(filter, SECCOMP_RET_ALLOW, trace_may, COUNT_OF(trace_may));
	filter_rules(filter, FILTER_ERROR(EACCES), refused, COUNT_OF(refused));
}

/* sendmsg() on this one socket: elsewhere MSG_FASTOPEN would connect past Landlock. */
static void allow_passing(struct filter *filter, int fd)
{
	const struct filter_test tests[] = {
		{ 0, FILTER_IS, UINT32_MAX, (uint32_t)fd },
		{ 2, FILTER_IS, MSG_FASTOPEN, 0 },
	};

	filter_rule(filter, SECCOMP_RET_ALLOW, "sendmsg", tests, COUNT_OF(tests));
}

/* GnuTLS looks for files (optional libraries, a configuration) and for TLS in the kernel,
 * and goes on without. */
static void allow_tls(struct filter *filter)
{
	static const char *const refused[] = {
		"access", "faccessat", "faccessat2", "lstat", "lstat64", "open",
		"openat", "readlink",  "readlinkat", "stat",  "stat64",
	};

	filter_rules(filter, SECCOMP_RET_ALLOW, nts_may, COUNT_OF(nts_may));
	filter_rules(filter, FILTER_ERROR(EACCES), refused, COUNT_OF(refused));
	allow_option(filter, "setsockopt", IPPROTO_TCP, TCP_NODELAY);
	filter_rule(filter, FILTER_ERROR(EPERM), "setsockopt", NULL, 0);
}

static void fill(struct filter *filter, enum sandbox_role role)
{
	filter_rules(filter, SECCOMP_RET_ALLOW, all_may, COUNT_OF(all_may));
	/* Never executable memory. */
	allow(filter, "mmap", 2, PROT_EXEC, 0);
	allow(filter, "mmap2", 2, PROT_EXEC, 0);
	allow(filter, "mprotect", 2, PROT_EXEC, 0);
	allow_others(filter);
	allow_fcntl(filter, role != SANDBOX_MEASURE && role != SANDBOX_SERVE &&
	                            role != SANDBOX_TRACE && role != SANDBOX_NTS);
	switch (role) {
	case SANDBOX_MEASURE:
		allow_measuring(filter);
		break;
	case SANDBOX_SERVE:
		filter_rules(filter, SECCOMP_RET_ALLOW, serve_may, COUNT_OF(serve_may));
		/* io/net/udp_tx_stamps.c restarts the numbering. */
		allow_option(filter, "setsockopt", SOL_SOCKET, SO_TIMESTAMPING);
		break;
	case SANDBOX_HISTORY:
		filter_rules(filter, SECCOMP_RET_ALLOW, history_may, COUNT_OF(history_may));
		filter_rules(filter, SECCOMP_RET_ALLOW, file_helper_may,
		             COUNT_OF(file_helper_may));
		break;
	case SANDBOX_FILE_HELPER:
		filter_rules(filter, SECCOMP_RET_ALLOW, file_helper_may,
		             COUNT_OF(file_helper_may));
		break;
	case SANDBOX_READER:
		allow_reading(filter);
		break;
	case SANDBOX_TRACE:
		allow_tracing(filter);
		break;
	case SANDBOX_NTS:
		allow_tls(filter);
		break;
	case SANDBOX_RESOLVE:
		break;
	}
}

int sandbox_enter(enum sandbox_role role)
{
	struct filter filter;

	filter_begin(&filter);
	if (role == SANDBOX_RESOLVE) {
		sandbox_deny(&filter);
		return filter_load(&filter, SECCOMP_RET_ALLOW);
	}
	fill(&filter, role);
	return filter_load(&filter, SECCOMP_RET_KILL_PROCESS);
}

int sandbox_enter_measure(int passing_fd)
{
	struct filter filter;

	filter_begin(&filter);
	fill(&filter, SANDBOX_MEASURE);
	if (passing_fd >= 0) {
		allow_passing(&filter, passing_fd);
	}
	return filter_load(&filter, SECCOMP_RET_KILL_PROCESS);
}

#else

/* AddressSanitizer opens files, and its leak check starts a process that traces this one:
 * under a filter it could not report its findings. */
int sandbox_enter(enum sandbox_role role)
{
	(void)role;
	return -ENOSYS;
}

int sandbox_enter_measure(int passing_fd)
{
	(void)passing_fd;
	return -ENOSYS;
}

#endif
