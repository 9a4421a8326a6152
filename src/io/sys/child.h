/* SPDX-License-Identifier: MIT
 *
 * A helper process, for work that this one may not do or cannot interrupt: parsing a file,
 * resolving a name.  It holds no capability and none of our descriptors, and dies with us.
 *
 *   start -> messages over `fd` -> close, kill -> forget
 */
#ifndef IO_SYS_CHILD_H
#define IO_SYS_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/base.h"
#include "io/sys/lifeline.h"

struct child {
	int fd;    /* SOCK_SEQPACKET; -1 once closed */
	int pidfd; /* -1 on a kernel before 5.3 */
	pid_t pid;
	struct lifeline line;
};

/* fork() with a socket and a lifeline between the two processes.  1 in the child, which
 * must still tie its end of the lifeline; 0 in the parent; -errno.  `ret->pidfd` is -1. */
MUST_USE int child_fork(struct child *ret);

struct child_ops {
	/* Runs first, with the parent's rights: opens what could not be opened later, and
	 * chooses the user.  `*uid` and `*gid` start as those of this process, and count
	 * only for root (io/sys/priv.h).  NULL: nothing. */
	void (*prepare)(void *ctx, uid_t *uid, gid_t *gid);
	void (*run)(void *ctx, int fd);
	void *ctx;
};

/* Forks.  In the new process `run` has one end of the socket and nothing else: the standard
 * descriptors are /dev/null, all signals are blocked (a terminal's are for the parent), no
 * capability is left, no_new_privs is set.  It ends when `run` returns.  0 or -errno. */
MUST_USE int child_start(const struct child_ops *ops, struct child *ret);

/* Waits for one of the poll() `events` on `fd`: 0, -ETIMEDOUT or -errno. */
MUST_USE int child_wait(const struct child *child, short events, int64_t deadline_mono_ns);

/* The other end reads end of file. */
void child_close(struct child *child);
/* Cuts its lifeline, which needs no right, and signals its pidfd, which the measuring
 * process' sandbox allows. */
void child_kill(struct child *child);
/* Whether it has ended by `deadline_mono_ns`; if so, it is reaped. */
bool child_ends_by(const struct child *child, int64_t deadline_mono_ns);
/* Closes what is open.  The process goes on, unreaped, if another process has its end open
 * as well. */
void child_forget(struct child *child);

#endif
