/* SPDX-License-Identifier: MIT
 *
 * The anchor's files (core/select/anchor.h): "anchor" in the state directory, and
 * "reqtime.anchor" in /run when the first cannot be written.
 *
 *   open -> read -> write* -> close     while holding the lock (io/store/lock.h)
 *   look                                any process, at any time
 */
#ifndef IO_STORE_ANCHOR_FILE_H
#define IO_STORE_ANCHOR_FILE_H

#include "core/select/anchor.h"

struct anchor_file {
	int fds[2]; /* in the state directory, in `run_dir`; -1: cannot be used */
};

/* Creates missing files, readable for everybody.  Root does so as the owner in a directory
 * of another user.  Failures show when the file is read and written.  `run_dir` may be
 * NULL: no second file. */
void anchor_file_open(const char *state_dir, const char *run_dir, struct anchor_file *ret);

/* The newer of the two for this boot (anchor_is_newer()); an empty one when neither can be
 * used. */
void anchor_file_read(const struct anchor_file *file, const char *boot_id,
                      struct instant release, struct anchor *ret);

/* True when at least one file holds it now. */
MUST_USE bool anchor_file_write(const struct anchor_file *file,
                                const struct anchor *anchor);

void anchor_file_close(struct anchor_file *file);

/* Like open, read and close, but creates nothing. */
void anchor_file_look(const char *state_dir, const char *run_dir, const char *boot_id,
                      struct instant release, struct anchor *ret);

#endif
