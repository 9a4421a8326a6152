/* SPDX-License-Identifier: MIT
 *
 * Loaded into reqtimed by the tests (LD_PRELOAD): plays an attacker who has taken over the
 * process after it has confined itself, and counts its allocations.
 *
 *   INTRUDER_COUNTS=FILE   8 octets there, shared: the calls of malloc and its like
 *   INTRUDER_TRIES=WHAT    at the sixth reading of the kernel's clock, which is after the
 *                          confinement: open, socket, execve, clock_settime, fork, ptrace
 *   INTRUDER_CLERK=WHAT    the same in its clerk, when that renames its first file; "open" may go through
 *                          the filter there, and is for Landlock to refuse: "intruder: open: ERRNO"
 *                          on stderr.  "intruder: Landlock VERSION" comes first
 */
#include <errno.h>
#include <fcntl.h>
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

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("INTRUDER_COUNTS");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *page;

	if (getenv("INTRUDER_CLERK")) {
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
	} else if (strcmp(what, "execve") == 0) {
		syscall(SYS_execve, name, argv, argv + 1);
	} else if (strcmp(what, "clock_settime") == 0) {
		/* With nothing to set it to: even if it went through, nothing would move. */
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
	const char *what = getenv("INTRUDER_CLERK");

	if (count++ == 0 && what) {
		try_it(what);
	}
	return (int)syscall(SYS_renameat, (long)AT_FDCWD, from, (long)AT_FDCWD, to);
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
