/* SPDX-License-Identifier: MIT
 *
 * Locks: one run at a time, and one process that waits to confirm a time.
 *
 *   take -> release, or the process dies: the kernel then releases it
 *
 * The clock is one, but two runs may use two state directories: so where /run can be used
 * (as root), the lock there is taken as well.
 */
#ifndef IO_STORE_LOCK_H
#define IO_STORE_LOCK_H

#include <stdbool.h>

#include "core/base/base.h"

#define LOCK_RUN_DIR "/run"

enum lock_purpose {
	LOCK_RUN,     /* "lock", "reqtime.lock": a run of `set` */
	LOCK_CONFIRM, /* "confirm", "reqtime.confirm": between the measurements of
	               * --confirm */
	LOCK_PURPOSE_COUNT
};

struct lock {
	int fds[2]; /* -1: not taken */
};

/* Takes the first file of `purpose` in `state_dir` (created if missing) and the second in
 * `run_dir` (NULL: none), at least one of them; never waits.  0; -EWOULDBLOCK when another
 * process holds one; another -errno, that of the first, when neither can be used.  `*ret`
 * is untouched unless 0.  Root takes it as the owner in a directory of another user
 * (io/sys/priv.h). */
MUST_USE int lock_take(enum lock_purpose purpose, const char *state_dir,
                       const char *run_dir, struct lock *ret);

/* For a process that was forked while the lock was held and may outlive its parent: the
 * lock is held as long as any process has it open.  Does not release the parent's. */
void lock_forget(struct lock *lock);
void lock_release(struct lock *lock);

#endif
