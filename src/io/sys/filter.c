/* SPDX-License-Identifier: MIT
 *
 * Compiles rules to a BPF program and loads it.
 */
#include "io/sys/filter_private.h"

#include <endian.h>
#include <errno.h>
#include <seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "io/sys/bare_call.h"

/* The x32 calls of x86-64 have this bit: they are never allowed. */
#define X32_BIT 0x40000000U
/* libseccomp's pseudo numbers for the calls within socketcall(). */
enum { SOCKETCALL_BASE = -100, SOCKETCALL_END = -200 };
/* The reach of a BPF jump. */
enum { BLOCK_MAX = 250 };

static void put(struct filter *filter, struct sock_filter instruction)
{
	if (filter->len >= COUNT_OF(filter->code)) {
		filter->is_full = true;
		return;
	}
	filter->code[filter->len++] = instruction;
}

static void put_load(struct filter *filter, size_t offset)
{
	put(filter,
	    (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static void put_verdict(struct filter *filter, uint32_t verdict)
{
	put(filter, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, verdict));
}

static void put_jump(struct filter *filter, uint16_t kind, uint32_t value, size_t if_so,
                     size_t if_not)
{
	put(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | kind | BPF_K, value,
	                                         (uint8_t)if_so, (uint8_t)if_not));
}

/* The offset of the lower half of an argument. */
static size_t argument_at(unsigned argument)
{
	const size_t half = __BYTE_ORDER == __BIG_ENDIAN ? sizeof(uint32_t) : 0;

	return offsetof(struct seccomp_data, args) + argument * sizeof(uint64_t) + half;
}

/* Three instructions; `rest`: the number of the rule's instructions that follow. */
static void put_test(struct filter *filter, const struct filter_test *test, size_t rest)
{
	put_load(filter, argument_at(test->argument));
	put(filter, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, test->mask));
	switch (test->relation) {
	case FILTER_IS:
		put_jump(filter, BPF_JEQ, test->value, 0, rest);
		break;
	case FILTER_IS_NOT:
		put_jump(filter, BPF_JEQ, test->value, rest, 0);
		break;
	case FILTER_IS_ABOVE:
		put_jump(filter, BPF_JGT, test->value, 0, rest);
		break;
	}
}

static void put_rule(struct filter *filter, uint32_t verdict, uint32_t number,
                     const struct filter_test *tests, size_t count)
{
	/* The verdict, and the reload of the call number if tests have replaced it. */
	const size_t tail = count > 0 ? 2 : 1;

	put_jump(filter, BPF_JEQ, number, 0, 3 * count + tail);
	for (size_t i = 0; i < count; i++) {
		put_test(filter, &tests[i], 3 * (count - 1 - i) + 1);
	}
	put_verdict(filter, verdict);
	if (count > 0) {
		put_load(filter, offsetof(struct seccomp_data, nr));
	}
}

void filter_begin(struct filter *filter)
{
	filter->len = 0;
	filter->is_full = false;
	put_load(filter, offsetof(struct seccomp_data, arch));
	put_jump(filter, BPF_JEQ, seccomp_arch_native(), 1, 0);
	put_verdict(filter, SECCOMP_RET_KILL_PROCESS);
	put_load(filter, offsetof(struct seccomp_data, nr));
#if defined(__x86_64__) && !defined(__ILP32__)
	put_jump(filter, BPF_JGE, X32_BIT, 0, 1);
	put_verdict(filter, SECCOMP_RET_KILL_PROCESS);
#endif
}

#ifdef SYS_socketcall
/* A call that the library numbers as part of socketcall() also exists as a direct call on
 * newer kernels. */
static int direct_number(const char *call)
{
	static const struct {
		const char *name;
		int number;
	} calls[] = {
#ifdef SYS_socket
		{ "socket", SYS_socket },
		{ "bind", SYS_bind },
		{ "connect", SYS_connect },
		{ "listen", SYS_listen },
		{ "accept4", SYS_accept4 },
		{ "getsockname", SYS_getsockname },
		{ "getpeername", SYS_getpeername },
		{ "getsockopt", SYS_getsockopt },
		{ "setsockopt", SYS_setsockopt },
		{ "sendto", SYS_sendto },
		{ "sendmsg", SYS_sendmsg },
		{ "sendmmsg", SYS_sendmmsg },
		{ "recvfrom", SYS_recvfrom },
		{ "recvmsg", SYS_recvmsg },
		{ "recvmmsg", SYS_recvmmsg },
		{ "shutdown", SYS_shutdown },
#endif
		{ "", 0 },
	};

	for (size_t i = 0; i < COUNT_OF(calls); i++) {
		if (strcmp(call, calls[i].name) == 0) {
			return calls[i].number;
		}
	}
	return -1;
}

/* The arguments of socketcall() are in memory, out of a filter's reach: only the kind of
 * call is visible. */
static void put_part(struct filter *filter, uint32_t verdict, int part)
{
	const struct filter_test which = { 0, FILTER_IS, UINT32_MAX, (uint32_t)part };

	put_rule(filter, verdict, SYS_socketcall, &which, 1);
}
#endif

void filter_rule(struct filter *filter, uint32_t verdict, const char *call,
                 const struct filter_test *tests, size_t count)
{
	int number = seccomp_syscall_resolve_name(call);

#ifdef SYS_socketcall
	if (number < SOCKETCALL_BASE && number > SOCKETCALL_END) {
		/* A rule on some arguments applies to the direct call (io/sys/bare_call.h);
		 * before Linux 4.3 there is no such call, and a refusal of some arguments
		 * must not become a refusal of all. */
		if (count == 0 ||
		    (verdict == SECCOMP_RET_ALLOW && !bare_socket_is_direct())) {
			put_part(filter, verdict, SOCKETCALL_BASE - number);
		}
		number = direct_number(call);
	}
#endif
	if (number >= 0) {
		put_rule(filter, verdict, (uint32_t)number, tests, count);
	}
}

/* A single instruction per call, and one verdict for all: the kernel runs a new filter
 * against every call number, so its length costs time. */
static void put_block(struct filter *filter, uint32_t verdict, const uint32_t *numbers,
                      size_t count)
{
	for (size_t i = 0; i < count; i++) {
		put_jump(filter, BPF_JEQ, numbers[i], count - i, 0);
	}
	if (count > 0) {
		put(filter, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 1));
		put_verdict(filter, verdict);
	}
}

void filter_rules(struct filter *filter, uint32_t verdict, const char *const *calls,
                  size_t count)
{
	uint32_t numbers[BLOCK_MAX];
	size_t known = 0;

	for (size_t i = 0; i < count; i++) {
		const int number = seccomp_syscall_resolve_name(calls[i]);

		if (number < 0) { /* unknown, or more than one */
			filter_rule(filter, verdict, calls[i], NULL, 0);
			continue;
		}
		if (known == COUNT_OF(numbers)) {
			put_block(filter, verdict, numbers, known);
			known = 0;
		}
		numbers[known++] = (uint32_t)number;
	}
	put_block(filter, verdict, numbers, known);
}

int filter_load(struct filter *filter, uint32_t otherwise)
{
	struct sock_fprog program = { .filter = filter->code };
	long r;

	/* Tested first: without seccomp in the kernel the load fails in several ways. */
	if (prctl(PR_GET_SECCOMP, 0L, 0L, 0L, 0L) < 0) {
		return -ENOSYS;
	}
	put_verdict(filter, otherwise);
	if (filter->is_full) {
		return -ENOBUFS;
	}
	program.len = (unsigned short)filter->len;
	r = syscall(SYS_seccomp, (long)SECCOMP_SET_MODE_FILTER,
	            (long)SECCOMP_FILTER_FLAG_TSYNC, &program);
	if (r > 0) {
		return -ESRCH; /* a thread that could not be synchronised */
	}
	if (r < 0) {
		/* Errors of a kernel that has only strict mode or no TSYNC, and (EPERM) of
		 * a container's or unit's filter that forbids the call; without
		 * no_new_privs the kernel would return EACCES. */
		return errno == EINVAL || errno == EOPNOTSUPP || errno == EPERM ? -ENOSYS
		                                                                : -errno;
	}
	return 0;
}
