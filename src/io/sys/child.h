/* SPDX-License-Identifier: MIT
 *
 * A process beside this one, for what this one may not do or cannot end: parsing a file,
 * waiting for a name.  It holds no capability, none of our descriptors, and dies with us.
 *
 *   start -> messages over `fd` -> hang up, kill -> forget
 */
#ifndef IO_SYS_CHILD_H
#define IO_SYS_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/base.h"
#include "io/sys/lifeline.h"

struct child {
	int fd;    /* SOCK_SEQPACKET; -1 once hung up */
	int pidfd; /* -1 on a kernel before 5.3 */
	pid_t pid;
	struct lifeline line;
};

/* fork() with a socket and a lifeline between the two processes.  1 in the new one, whose end of the
 * lifeline is to be tied yet; 0 in the old one; -errno.  `ret->pidfd` is -1. */
MUST_USE int child_fork(struct child *ret);

struct child_ops {
	/* First, with the rights of who started it: what it will need and could not open later, and who it is
	 * to be.  `*uid` and `*gid` are those of this process, and count as root alone (io/sys/priv.h).
	 * NULL: nothing. */
	void (*prepare)(void *ctx, uid_t *uid, gid_t *gid);
	void (*run)(void *ctx, int fd);
	void *ctx;
};

/* Forks.  In the new process `run` has one end of the socket and nothing else: the standard
 * descriptors are /dev/null, all signals are blocked (a terminal's are for the parent),
 * no capability is left, no_new_privs is set.  It ends when `run` returns.  0 or -errno. */
MUST_USE int child_start(const struct child_ops *ops, struct child *ret);

/* Until one of the poll() `events` is there on `fd`: 0, -ETIMEDOUT or -errno. */
MUST_USE int child_wait(const struct child *child, short events, int64_t deadline_mono_ns);

/* The other end reads the end of it. */
void child_close(struct child *child);
/* By cutting its lifeline, which needs no right; and by the descriptor that stands for it, which the sandbox of who
 * measures allows. */
void child_kill(struct child *child);
/* Whether it has ended by then; if so, it is reaped. */
bool child_ends_by(const struct child *child, int64_t deadline_mono_ns);
/* Closes what is open.  The process goes on if somebody else has it open as well, and is not reaped. */
void child_forget(struct child *child);

#endif
