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

struct child {
	int fd;    /* SOCK_SEQPACKET; -1 once hung up */
	int pidfd; /* -1 on a kernel before 5.3 */
	pid_t pid;
};

/* Forks.  In the new process `run` has one end of the socket and nothing else: the standard
 * descriptors are /dev/null, all signals are blocked (a terminal's are for the parent),
 * no_new_privs is set.  It ends when `run` returns.  0 or -errno. */
MUST_USE int child_start(void (*run)(void *ctx, int fd), void *ctx, struct child *ret);

/* CLOCK_MONOTONIC, by which deadlines go. */
int64_t child_now_ns(void);
/* Until one of the poll() `events` is there on `fd`: 0, -ETIMEDOUT or -errno. */
MUST_USE int child_wait(const struct child *child, short events, int64_t deadline_mono_ns);

/* The other end reads the end of it. */
void child_hang_up(struct child *child);
/* By the descriptor, not the number: that is what a sandbox allows.  0 or -errno. */
int child_kill(const struct child *child);
/* Whether it has ended by then; if so, it is reaped. */
bool child_ends_by(const struct child *child, int64_t deadline_mono_ns);
/* Closes what is open.  The process goes on, unless it was told otherwise, and is not reaped. */
void child_forget(struct child *child);

#endif
