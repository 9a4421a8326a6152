/* SPDX-License-Identifier: MIT
 *
 * A system call filter: rules in order, the first that fits decides.
 *
 *   begin -> rule* -> load
 *
 * libseccomp knows the numbers of the calls.  Having it make the program as well took twice as long, and
 * there are three of them in a run.
 */
#ifndef IO_SYS_FILTER_PRIVATE_H
#define IO_SYS_FILTER_PRIVATE_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>

#include "core/base/base.h"

enum { FILTER_SIZE = 2048, FILTER_TESTS_MAX = 4 };

#define FILTER_ERROR(number) (SECCOMP_RET_ERRNO | (uint32_t)(number))

enum filter_relation { FILTER_IS, FILTER_IS_NOT, FILTER_IS_ABOVE };

/* Of the lower 32 bits of an argument, which is all of an int: (argument & mask) against value. */
struct filter_test {
	unsigned argument;
	enum filter_relation relation;
	uint32_t mask;
	uint32_t value;
};

struct filter {
	struct sock_filter code[FILTER_SIZE];
	size_t len;
	bool is_full;
};

void filter_begin(struct filter *filter);
/* `verdict` (SECCOMP_RET_..., FILTER_ERROR) on `call` where all of the tests hold.  By name, so that
 * one that is younger than the library or unknown to the machine is left out. */
void filter_rule(struct filter *filter, uint32_t verdict, const char *call,
                 const struct filter_test *tests, size_t count);
/* The same without tests for each of `calls`. */
void filter_rules(struct filter *filter, uint32_t verdict, const char *const *calls,
                  size_t count);
/* `otherwise` on all else; for every thread there is.  0 or -errno; -ENOSYS where the kernel has no such
 * filters.  no_new_privs must be set before, and without it this fails. */
MUST_USE int filter_load(struct filter *filter, uint32_t otherwise);

#endif
