/* SPDX-License-Identifier: MIT */
#include "io/sys/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANDBOX_IS_POSSIBLE 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANDBOX_IS_POSSIBLE 0
#endif
#endif
#ifndef SANDBOX_IS_POSSIBLE
#define SANDBOX_IS_POSSIBLE 1
#endif

#if SANDBOX_IS_POSSIBLE

/* By name, so that a system call that is younger than the library or unknown to the machine
 * is left out instead of breaking the build. */
static const char *const both_may[] = {
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
	"sigaltstack",
	/* abort(): only to itself, see below */
	"getpid",
	"gettid",
	"exit",
	"exit_group",
	/* clocks: to read.  The modes of adjtimex lie behind a pointer that no filter can
	 * follow; what moves the clock is refused for want of the capability. */
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
	/* descriptors that are open */
	"_llseek",
	"close",
	"dup",
	"fcntl",
	"fcntl64",
	"fstat",
	"fstat64",
	"lseek",
	"newfstatat",
	"poll",
	"ppoll",
	"ppoll_time64",
	"read",
	"readv",
	"write",
	"writev",
	/* sockets that are open */
	"getpeername",
	"getsockname",
	"getsockopt",
	"recv",
	"recvfrom",
	"recvmmsg",
	"recvmmsg_time64",
	"recvmsg",
	"send",
	"sendmmsg",
	"sendmsg",
	"sendto",
	"setsockopt",
	"shutdown",
	/* who am I, in messages and by libcap */
	"capget",
	"geteuid",
	"getegid",
	"getgid",
	"getppid",
	"getuid",
};

/* `socket` is below.  The resolver is ended through the descriptor that stands for
 * it, so no signal can be sent to any other process. */
static const char *const measure_may[] = {
	"bind", "connect", "pidfd_send_signal", "wait4", "waitid", "waitpid",
};

static const char *const serve_may[] = {
	"accept",
	"accept4",
};

/* Which files these may touch is for Landlock to say: no filter can read a path.  The second half is
 * what SQLite asks before and while it reads. */
static const char *const clerk_may[] = {
	"fchmod",    "fsync",      "openat",   "open",   "rename",    "renameat",
	"renameat2", "unlink",     "unlinkat", "access", "faccessat", "faccessat2",
	"fstatfs",   "fstatfs64",  "getcwd",   "lstat",  "lstat64",   "pread64",
	"readlink",  "readlinkat", "stat",     "stat64", "statx",
};

static const char *const reader_may[] = {
	"access",  "faccessat", "faccessat2", "getcwd", "lstat",  "lstat64",
	"pread64", "readlink",  "readlinkat", "stat",   "stat64", "statx",
};

/* What changes a file is an error like any other: who reads a database has to be told, and goes
 * on without. */
static const char *const reader_is_refused[] = {
	"fchmod",   "fchown", "fdatasync", "fsync",     "ftruncate", "ftruncate64", "mkdir",
	"pwrite64", "rename", "renameat",  "renameat2", "unlink",    "unlinkat",
};

static int add_names(scmp_filter_ctx filter, uint32_t verdict, const char *const *names,
                     size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const int number = seccomp_syscall_resolve_name(names[i]);
		int r;

		if (number == __NR_SCMP_ERROR) {
			continue;
		}
		r = seccomp_rule_add(filter, verdict, number, 0);
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

static int allow_names(scmp_filter_ctx filter, const char *const *names, size_t count)
{
	return add_names(filter, SCMP_ACT_ALLOW, names, count);
}

/* `verdict` on `name` where (argument & mask) == value. */
static int add_masked(scmp_filter_ctx filter, uint32_t verdict, const char *name,
                      unsigned argument, scmp_datum_t mask, scmp_datum_t value)
{
	const struct scmp_arg_cmp test = {
		.arg = argument, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value
	};
	const int number = seccomp_syscall_resolve_name(name);

	if (number == __NR_SCMP_ERROR) {
		return 0;
	}
	return seccomp_rule_add_array(filter, verdict, number, 1, &test);
}

static int allow_masked(scmp_filter_ctx filter, const char *name, unsigned argument,
                        scmp_datum_t mask, scmp_datum_t value)
{
	return add_masked(filter, SCMP_ACT_ALLOW, name, argument, mask, value);
}

/* Memory, but never memory to run. */
static int allow_memory(scmp_filter_ctx filter)
{
	static const char *const calls[] = { "mmap", "mmap2", "mprotect" };
	int r = 0;

	for (size_t i = 0; r == 0 && i < COUNT_OF(calls); i++) {
		r = allow_masked(filter, calls[i], 2, PROT_EXEC, 0);
	}
	return r;
}

/* Whether stdout is a terminal, and how wide it is; a signal to nobody but itself. */
static int allow_odds(scmp_filter_ctx filter)
{
	const scmp_datum_t all = UINT32_MAX;
	int r;

	r = allow_masked(filter, "ioctl", 1, all, TCGETS);
	if (r == 0) {
		r = allow_masked(filter, "ioctl", 1, all, TIOCGWINSZ);
	}
	if (r == 0) {
		r = allow_masked(filter, "tgkill", 0, all, (scmp_datum_t)getpid());
	}
	if (r == 0) {
		r = allow_masked(filter, "prctl", 0, all, PR_GET_NO_NEW_PRIVS);
	}
	return r;
}

/* UDP and TCP, no raw, packet, netlink or unix sockets. */
static int allow_sockets(scmp_filter_ctx filter)
{
	static const int families[] = { AF_INET, AF_INET6 };
	static const int types[] = { SOCK_DGRAM, SOCK_STREAM };
	const scmp_datum_t type_mask =
		UINT32_MAX & ~(scmp_datum_t)(SOCK_CLOEXEC | SOCK_NONBLOCK);

	for (size_t i = 0; i < COUNT_OF(families) * COUNT_OF(types); i++) {
		const struct scmp_arg_cmp tests[] = {
			{ .arg = 0,
			  .op = SCMP_CMP_MASKED_EQ,
			  .datum_a = UINT32_MAX,
			  .datum_b = (scmp_datum_t)families[i % 2] },
			{ .arg = 1,
			  .op = SCMP_CMP_MASKED_EQ,
			  .datum_a = type_mask,
			  .datum_b = (scmp_datum_t)types[i / 2] },
		};
		int r;

		r = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket),
		                           COUNT_OF(tests), tests);
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

static int allow_reading(scmp_filter_ctx filter)
{
	static const struct {
		const char *name;
		unsigned argument;
	} calls[] = { { "open", 1 }, { "openat", 2 } };
	static const struct {
		scmp_datum_t mask, value;
		uint32_t verdict;
	} rules[] = {
		/* Of one call the rules must not overlap. */
		{ O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY, SCMP_ACT_ALLOW },
		{ O_ACCMODE, O_WRONLY, SCMP_ACT_ERRNO(EACCES) },
		{ O_ACCMODE, O_RDWR, SCMP_ACT_ERRNO(EACCES) },
	};
	int r = allow_names(filter, reader_may, COUNT_OF(reader_may));

	if (r == 0) {
		r = add_names(filter, SCMP_ACT_ERRNO(EACCES), reader_is_refused,
		              COUNT_OF(reader_is_refused));
	}
	for (size_t i = 0; r == 0 && i < COUNT_OF(calls) * COUNT_OF(rules); i++) {
		const size_t call = i % COUNT_OF(calls), rule = i / COUNT_OF(calls);

		r = add_masked(filter, rules[rule].verdict, calls[call].name,
		               calls[call].argument, rules[rule].mask, rules[rule].value);
	}
	return r;
}

static int fill(scmp_filter_ctx filter, enum sandbox_role role)
{
	int r;

	r = allow_names(filter, both_may, COUNT_OF(both_may));
	if (r == 0) {
		r = allow_memory(filter);
	}
	if (r == 0) {
		r = allow_odds(filter);
	}
	if (r == 0 && role == SANDBOX_MEASURE) {
		r = allow_names(filter, measure_may, COUNT_OF(measure_may));
	}
	if (r == 0 && role == SANDBOX_MEASURE) {
		r = allow_sockets(filter);
	}
	if (r == 0 && role == SANDBOX_SERVE) {
		r = allow_names(filter, serve_may, COUNT_OF(serve_may));
	}
	if (r == 0 && role == SANDBOX_CLERK) {
		r = allow_names(filter, clerk_may, COUNT_OF(clerk_may));
	}
	if (r == 0 && role == SANDBOX_READER) {
		r = allow_reading(filter);
	}
	return r;
}

int sandbox_enter(enum sandbox_role role)
{
	scmp_filter_ctx filter;
	int r;

	/* Asked first: without seccomp in the kernel the load fails in several ways. */
	if (prctl(PR_GET_SECCOMP, 0L, 0L, 0L, 0L) < 0) {
		return -ENOSYS;
	}
	filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	if (!filter) {
		return -ENOSYS;
	}
	/* The kernel's own errno; every thread there is; no_new_privs is ours to set
	 * beforehand, and a load without it must fail. */
	r = seccomp_attr_set(filter, SCMP_FLTATR_API_SYSRAWRC, 1);
	if (r == 0) {
		r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	}
	if (r == 0) {
		r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0);
	}
	if (r == 0) {
		r = fill(filter, role);
	}
	if (r == 0) {
		r = seccomp_load(filter);
		/* So speaks a kernel that has strict mode alone, or no TSYNC. */
		if (r == -EINVAL || r == -EOPNOTSUPP) {
			r = -ENOSYS;
		}
	}
	seccomp_release(filter);
	return r;
}

#else

/* AddressSanitizer opens files, and its leak check starts a process and traces this one:
 * with a filter it could not report what it finds. */
int sandbox_enter(enum sandbox_role role)
{
	(void)role;
	return -ENOSYS;
}

#endif
