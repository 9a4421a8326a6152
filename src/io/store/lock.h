/* SPDX-License-Identifier: MIT
 *
 * One run at a time, and one process that waits to confirm what it has seen.
 *
 *   take -> release, or the process dies: the kernel then lets go
 *
 * There is one clock, but two runs may be told of two state directories: so where a
 * directory for such files can be used (root: /run), the lock there is taken as well.
 */
#ifndef IO_STORE_LOCK_H
#define IO_STORE_LOCK_H

#include <stdbool.h>

#include "core/base/base.h"

#define LOCK_RUN_DIR "/run"

enum lock_purpose {
	LOCK_RUN,     /* "lock", "reqtime.lock": a run of `set` */
	LOCK_CONFIRM, /* "confirm", "reqtime.confirm": between the looks of --confirm */
	LOCK_PURPOSE_COUNT
};

struct lock {
	int fds[2]; /* -1: not taken */
};

/* Takes the first file of `purpose` in `state_dir` (made when missing) and the second in `run_dir` (NULL:
 * nowhere), at least one of them; never waits.  0; -EWOULDBLOCK when another process holds
 * one; another -errno, that of the first, when neither can be used.  `*ret` is
 * untouched unless 0.  By root in a directory that is another user's, as that user (io/sys/priv.h). */
MUST_USE int lock_take(enum lock_purpose purpose, const char *state_dir,
                       const char *run_dir, struct lock *ret);

/* In a process that was forked off while the lock was held and that may outlive its parent:
 * the lock is held as long as any of them has it open.  Does not let go for the parent. */
void lock_forget(struct lock *lock);
void lock_release(struct lock *lock);

#endif
