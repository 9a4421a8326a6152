/* SPDX-License-Identifier: MIT
 *
 * Where the anchor (core/select/anchor.h) is kept: "anchor" in the state directory, and
 * "reqtime.anchor" in /run when that one cannot be written.
 *
 *   open -> read -> write* -> close     whoever holds the lock (io/store/lock.h)
 *   look                                anybody, at any time
 */
#ifndef IO_STORE_ANCHOR_FILE_H
#define IO_STORE_ANCHOR_FILE_H

#include "core/select/anchor.h"

struct anchor_file {
	int fds[2]; /* in the state directory, in `run_dir`; -1: cannot be used */
};

/* Makes what is missing, readable for everybody.  By root in a directory that is another user's, as
 * that user.  Failures show when it is read and written.  `run_dir` may be NULL: nowhere. */
void anchor_file_open(const char *state_dir, const char *run_dir, struct anchor_file *ret);

/* The newer of the two for this boot (anchor_is_newer()); an empty one when neither can be used. */
void anchor_file_read(const struct anchor_file *file, const char *boot_id,
                      struct instant release, struct anchor *ret);

/* True when one of them holds it now. */
MUST_USE bool anchor_file_write(const struct anchor_file *file,
                                const struct anchor *anchor);

void anchor_file_close(struct anchor_file *file);

/* The same as open, read and close, and nothing is made. */
void anchor_file_look(const char *state_dir, const char *run_dir, const char *boot_id,
                      struct instant release, struct anchor *ret);

#endif
