/* SPDX-License-Identifier: MIT
 *
 * A lifeline: the kernel kills a process when another process closes its end of a pipe or
 * ends.
 *
 *   make -> fork -> tie in the new process | cut in the old one
 *
 * A signal, PR_SET_PDEATHSIG included, needs a right that an unprivileged process does not
 * have over a process of another user.  Here the process consents beforehand: the kernel
 * sends SIGKILL in its own name once the last descriptor of the other end is closed.
 */
#ifndef IO_SYS_LIFELINE_H
#define IO_SYS_LIFELINE_H

#include "core/base/base.h"

struct lifeline {
	int held; /* the parent's end; -1: cut */
	int tied; /* the child's end */
};

MUST_USE int lifeline_make(struct lifeline *ret); /* 0 or -errno */
/* Ties this process to the lifeline; to be called after the last change of its user.  0;
 * -ESRCH when it was cut already; another -errno. */
MUST_USE int lifeline_tie(struct lifeline *line);
/* For a program that a tied process has executed: `fd` is the lifeline that it inherited.
 * 0; -ESRCH when it was cut already; -EBADF when it is another
 * descriptor. */
MUST_USE int lifeline_adopt(int fd);
/* The descriptor of this process' lifeline, -1: none; a sandbox must not let it be
 * closed. */
int lifeline_fd(void);

void lifeline_cut(struct lifeline *line);
/* To be called in the parent once the child has been started. */
void lifeline_hold(struct lifeline *line);

#endif
