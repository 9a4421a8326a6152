/* SPDX-License-Identifier: MIT
 *
 * Replaces a file as a whole, or leaves it unchanged.
 *
 *   begin -> write to fd -> end
 */
#ifndef IO_STORE_REPLACE_H
#define IO_STORE_REPLACE_H

#include <limits.h>
#include <stdbool.h>

#include "core/base/base.h"

struct replace {
	int fd;
	const char *path; /* the caller's, to outlive this */
	char temporary[PATH_MAX];
};

/* Creates a new file beside `path`.  0, and replace_end() comes next; else -errno:
 * -EMEDIUMTYPE when `path` is not a regular file, which stays unchanged. */
MUST_USE int replace_begin(const char *path, struct replace *ret);

/* With `is_good` the new file, complete and on the disk, atomically replaces the old one;
 * else it is removed.  0 or -errno: then the old one stays. */
MUST_USE int replace_end(struct replace *replace, bool is_good);

#endif
