/* SPDX-License-Identifier: MIT
 *
 * Loaded into reqtime and reqtimed by the tests (LD_PRELOAD): plays an attacker in a
 * process that has already confined itself, and counts its allocations.
 *
 *   INTRUDER_COUNTS=FILE   8 octets, shared: the number of calls of malloc and its like
 *   INTRUDER_TRIES=WHAT    in reqtimed at the sixth reading of the kernel's clock, which is after the
 *                          confinement: open, socket, raw, execve, clock_settime, fork, ptrace, kill
 *   INTRUDER_THREAD=WHAT   the same in each of its threads, at the first batch
 *   INTRUDER_UNFILTERED=1  no system call filter: Landlock is the only protection
 *   INTRUDER_HELPER=WHAT   the same in its file helper, when that renames its first file; the
 *                          filter allows "open" there, and Landlock must refuse it:
 *                          "intruder: open: ERRNO" on stderr.  "intruder: Landlock VERSION"
 *                          comes first
 *   INTRUDER_TRACE=WHAT    the same in `reqtime trace`, when libpcap reads the first octet of a file
 *   INTRUDER_READER=WHAT   the same in `reqtime history`, when that opens the state directory
 *   INTRUDER_MEASURES=WHAT in the measuring process, once it has an answer
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);

static _Atomic uint64_t private_count;
static _Atomic uint64_t *calls = &private_count;
static int readings;

/* Looked up before the filter is active. */
static ssize_t (*real_recvmsg)(int fd, struct msghdr *message, int flags);
static int (*real_recvmmsg)(int fd, struct mmsghdr *messages, unsigned count, int flags,
                            struct timespec *timeout);

static size_t (*real_fread)(void *buf, size_t size, size_t count, FILE *from);

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("INTRUDER_COUNTS");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *page;

	*(void **)&real_recvmsg = dlsym(RTLD_NEXT, "recvmsg");
	*(void **)&real_recvmmsg = dlsym(RTLD_NEXT, "recvmmsg");
	*(void **)&real_fread = dlsym(RTLD_NEXT, "fread");
	if (getenv("INTRUDER_HELPER") || getenv("INTRUDER_READER") ||
	    getenv("INTRUDER_TRACE") || getenv("INTRUDER_UNFILTERED")) {
		dprintf(2, "intruder: Landlock %ld\n", syscall(444L, NULL, 0L, 1L));
	}

	if (fd < 0) {
		return;
	}
	page = mmap(NULL, sizeof(*calls), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (page != MAP_FAILED) {
		calls = page;
	}
}

void *malloc(size_t size)
{
	atomic_fetch_add(calls, 1);
	return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	atomic_fetch_add(calls, 1);
	return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	atomic_fetch_add(calls, 1);
	return __libc_realloc(old, size);
}

static void try_it(const char *what)
{
	static char name[] = "/bin/true";
	static char *const argv[] = { name, NULL };

	if (strcmp(what, "open") == 0) {
		long fd = syscall(SYS_openat, (long)AT_FDCWD, "/etc/passwd", (long)O_RDONLY,
		                  0L);

		dprintf(2, "intruder: open: %d\n", fd < 0 ? errno : 0);
	} else if (strcmp(what, "socket") == 0) {
		syscall(SYS_socket, (long)AF_INET, (long)SOCK_DGRAM, 0L);
	} else if (strcmp(what, "raw") == 0) {
		syscall(SYS_socket, (long)AF_INET, (long)SOCK_RAW, 1L);
	} else if (strcmp(what, "kill") == 0) {
		/* Signal 0: even if the filter allowed it, nothing would be sent. */
		syscall(SYS_kill, (long)getppid(), 0L);
	} else if (strcmp(what, "execve") == 0) {
		syscall(SYS_execve, name, argv, argv + 1);
	} else if (strcmp(what, "clock_settime") == 0) {
		/* Without a value: even if the filter allowed it, nothing would be set. */
		syscall(SYS_clock_settime, (long)CLOCK_REALTIME, NULL);
	} else if (strcmp(what, "fork") == 0) {
		syscall(SYS_clone, 17L, 0L, 0L, 0L, 0L);
	} else if (strcmp(what, "ptrace") == 0) {
		syscall(SYS_ptrace, (long)PTRACE_TRACEME, 0L, 0L, 0L);
	}
}

static void look(void)
{
	const char *what = getenv("INTRUDER_TRIES");

	if (++readings == 6 && what) {
		try_it(what);
	}
}

int rename(const char *from, const char *to)
{
	static int count;
	const char *what = getenv("INTRUDER_HELPER");

	if (count++ == 0 && what) {
		try_it(what);
	}
	return (int)syscall(SYS_renameat, (long)AT_FDCWD, from, (long)AT_FDCWD, to);
}

size_t fread(void *buf, size_t size, size_t count, FILE *from)
{
	static int reads;
	const char *what = getenv("INTRUDER_TRACE");

	if (what && reads++ == 0) {
		try_it(what);
	}
	return real_fread(buf, size, count, from);
}

/* A folder opened for reading; O_PATH only names one for Landlock. */
int open(const char *path, int flags, ...)
{
	const char *what = getenv("INTRUDER_READER");
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;
	va_end(args);
	if (what && (flags & O_DIRECTORY) && !(flags & O_PATH)) {
		try_it(what);
	}
	return (int)syscall(SYS_openat, (long)AT_FDCWD, path, (long)flags, (long)mode);
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	static int count;
	const char *what = getenv("INTRUDER_MEASURES");
	const ssize_t len = real_recvmsg(fd, message, flags);

	if (len > 0 && count++ == 0 && what) {
		try_it(what);
	}
	return len;
}

int recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
             struct timespec *timeout)
{
	static __thread int batches;
	const char *what = getenv("INTRUDER_THREAD");
	const int n = real_recvmmsg(fd, messages, count, flags, timeout);

	if (n > 0 && batches++ == 0 && what) {
		try_it(what);
	}
	return n;
}

/* System call filters are installed through it. */
long syscall(long number, ...)
{
	static long (*real_syscall)(long number, ...);
	long a[6];
	va_list args;

	va_start(args, number);
	for (int i = 0; i < 6; i++) {
		a[i] = va_arg(args, long);
	}
	va_end(args);
	if (number == SYS_seccomp && getenv("INTRUDER_UNFILTERED")) {
		errno = EINVAL;
		return -1;
	}
	if (!real_syscall) {
		*(void **)&real_syscall = dlsym(RTLD_NEXT, "syscall");
	}
	return real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

int clock_adjtime(clockid_t clock, struct timex *tx)
{
	look();
	return (int)syscall(SYS_clock_adjtime, (long)clock, tx);
}

int adjtimex(struct timex *tx)
{
	look();
	return (int)syscall(SYS_adjtimex, tx);
}
