/* SPDX-License-Identifier: MIT
 *
 * A process that ends when another lets go of it, or ends itself, whoever the two have become:
 * a signal, PR_SET_PDEATHSIG included, asks for a right that who has given all of them up does not hold
 * over another user's process.  Here the process gives its consent beforehand: the kernel sends SIGKILL
 * in its own name when nobody holds the other end of a pipe any more.
 *
 *   make -> fork -> tie in the new process | cut in the old one
 */
#ifndef IO_SYS_LIFELINE_H
#define IO_SYS_LIFELINE_H

#include "core/base/base.h"

struct lifeline {
	int held; /* by who lets live; -1: cut */
	int tied; /* for who lives */
};

MUST_USE int lifeline_make(struct lifeline *ret); /* 0 or -errno */
/* This process lives by it from now on; after the last change of its user.  0; -ESRCH when it has been let go
 * already; another -errno. */
MUST_USE int lifeline_tie(struct lifeline *line);
/* The end by which this process lives, -1 when by none: a sandbox must not let it be closed. */
int lifeline_fd(void);

void lifeline_cut(struct lifeline *line);
/* In who holds it, once the other has been started. */
void lifeline_hold(struct lifeline *line);

#endif
