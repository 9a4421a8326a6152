/* SPDX-License-Identifier: MIT
 *
 * A system call filter: rules in order, the first match decides.
 *
 *   begin -> rule* -> load
 *
 * libseccomp only supplies the numbers of the calls: having it build the program took twice
 * as long, and a run has three of them.
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

/* On the lower 32 bits of an argument, which is all of an int: (argument & mask) against
 * value. */
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
/* `verdict` (SECCOMP_RET_..., FILTER_ERROR) on `call` if all tests hold.  By name, so that
 * a call that the library or the machine does not know is left out. */
void filter_rule(struct filter *filter, uint32_t verdict, const char *call,
                 const struct filter_test *tests, size_t count);
/* The same without tests for each of `calls`. */
void filter_rules(struct filter *filter, uint32_t verdict, const char *const *calls,
                  size_t count);
/* `otherwise` for all other calls; applies to all threads.  0 or -errno; -ENOSYS where the
 * kernel has no such filters.  Fails unless no_new_privs was set before. */
MUST_USE int filter_load(struct filter *filter, uint32_t otherwise);

#endif
