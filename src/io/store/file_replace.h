/* SPDX-License-Identifier: MIT
 *
 * A file that is replaced whole or left as it was:  begin -> write to fd -> end
 */
#ifndef IO_STORE_FILE_REPLACE_H
#define IO_STORE_FILE_REPLACE_H

#include <limits.h>
#include <stdbool.h>

#include "core/base/base.h"

struct file_replace {
	int fd;
	const char *path; /* the caller's, to outlive this */
	char temporary[PATH_MAX];
};

/* Makes a new file beside `path`, mode 0666 less the umask.  0, and file_replace_end() comes next; else
 * -errno: -EMEDIUMTYPE or -EISDIR when `path` is there and not a regular file, which stays as it is. */
MUST_USE int file_replace_begin(const char *path, struct file_replace *ret);

/* With `is_good` the new file takes the place of the old one at once, with `is_durable` after it is on the
 * disk; otherwise it is removed.  0 or -errno: then the old one stays. */
MUST_USE int file_replace_end(struct file_replace *file, bool is_good, bool is_durable);

/* All of it for `text`, mode 0644 whatever the umask is, without waiting for the disk. */
MUST_USE int file_replace(const char *path, const char *text, size_t len);

/* Words for an error of these; never NULL. */
const char *file_replace_error_text(int error);

#endif
