/* SPDX-License-Identifier: MIT
 *
 * Preloaded into user-mode Linux.  On a processor with large registers (AMX) the host
 * kernel takes the floating point registers of a traced process completely or not at all,
 * and user-mode Linux 6.1 passes only those that it knows: EFAULT, and its first program
 * dies.  The missing ones are filled in here from the process.
 */
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/uio.h>

typedef long ptrace_call(enum __ptrace_request request, pid_t pid, void *addr, void *data);

/* Not on the stack: that of a kernel is small. */
static uint8_t whole[65536] __attribute__((aligned(64)));

static long set_whole(ptrace_call *next, pid_t pid, void *addr, const struct iovec *part)
{
	struct iovec all = { .iov_base = whole, .iov_len = sizeof(whole) };

	if (next(PTRACE_GETREGSET, pid, addr, &all) < 0) {
		return -1;
	}
	if (all.iov_len <= part->iov_len) {
		errno = EFAULT;
		return -1;
	}
	memcpy(whole, part->iov_base, part->iov_len);
	return next(PTRACE_SETREGSET, pid, addr, &all);
}

long ptrace(enum __ptrace_request request, ...)
{
	static ptrace_call *next;
	void *addr, *data;
	va_list args;
	pid_t pid;
	long r;

	va_start(args, request);
	pid = va_arg(args, pid_t);
	addr = va_arg(args, void *);
	data = va_arg(args, void *);
	va_end(args);
	if (!next) {
		void *symbol = dlsym(RTLD_NEXT, "ptrace");

		memcpy(&next, &symbol, sizeof(next));
	}
	r = next(request, pid, addr, data);
	if (r < 0 && errno == EFAULT && request == PTRACE_SETREGSET &&
	    (uintptr_t)addr == NT_X86_XSTATE) {
		r = set_whole(next, pid, addr, data);
	}
	return r;
}
