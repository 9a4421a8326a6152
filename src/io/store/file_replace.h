/* SPDX-License-Identifier: MIT
 *
 * Replaces a file as a whole, or leaves it unchanged: readers see the old or the new one,
 * never a part.
 *
 *   begin -> write to fd -> end
 */
#ifndef IO_STORE_FILE_REPLACE_H
#define IO_STORE_FILE_REPLACE_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "core/base/base.h"

struct file_replace {
	int fd;
	const char *path; /* the caller's, must outlive this */
	char temporary[PATH_MAX];
};

/* Creates a new file beside `path`, mode 0666 less the umask.  0, and file_replace_end()
 * comes next; else -errno: -EMEDIUMTYPE or -EISDIR when `path` exists and is not a regular
 * file; it is left unchanged. */
MUST_USE int file_replace_begin(const char *path, struct file_replace *ret);
/* The same with `mode` in place of 0666: who may not read a file must not have it open before
 * it is written. */
MUST_USE int file_replace_begin_as(const char *path, mode_t mode, struct file_replace *ret);

/* With `is_good` the new file atomically replaces the old one, with `is_durable` after it
 * is on the disk; otherwise it is removed.  0 or -errno: then the old one stays. */
MUST_USE int file_replace_end(struct file_replace *file, bool is_good, bool is_durable);

/* All steps for `text`, mode 0644 whatever the umask is, without waiting for the disk. */
MUST_USE int file_replace(const char *path, const char *text, size_t len);

/* The text of an error of these functions; never NULL. */
const char *file_replace_error_text(int error);

#endif
