/* SPDX-License-Identifier: MIT
 *
 * A process beside this one that does what this one may not do any more: it opens files.  They talk
 * in messages of at most CLERK_ROOM octets.
 *
 *   clerk_start -> (clerk_send | clerk_receive)* -> clerk_close
 *
 * It is started before files are open that it does not need, drops the rights that it does not
 * need, and ends when the process that started it ends, even if it hangs.
 */
#ifndef IO_SYS_CLERK_H
#define IO_SYS_CLERK_H

#include <sys/types.h>

#include "io/sys/lifeline.h"

enum { CLERK_ROOM = 8192 };

struct clerk {
	int fd; /* -1: there is none */
	struct lifeline line;
};

/* In the clerk: `become` first, which changes the user; then `begin`, which drops all other rights
 * that are not needed.  Both return 0, or the exit status after they have said why.  Then `work`
 * for each message, which puts an answer of at most CLERK_ROOM octets into `out` and returns its
 * length, 0: no answer. */
struct clerk_duties {
	int (*become)(void *ctx);
	int (*begin)(void *ctx);
	size_t (*work)(void *ctx, const uint8_t *in, size_t len, uint8_t *out);
	void *ctx;
};

/* Returns when the clerk has begun.  0; an exit status when one of the two failed; -errno. */
MUST_USE int clerk_start(const struct clerk_duties *duties, struct clerk *ret);
/* Never blocks: 0, or -errno when the message is lost. */
int clerk_send(const struct clerk *clerk, const void *message, size_t len);
/* Never blocks.  The length of an answer, -EAGAIN when there is none, -EPIPE when the clerk is
 * gone, another -errno. */
MUST_USE ssize_t clerk_receive(const struct clerk *clerk, void *buf, size_t room);
/* Until clerk_receive() has something to say, for so long at most. */
void clerk_wait(const struct clerk *clerk, int64_t timeout_ns);
/* It does what it was told before, and ends; one that has not by then is ended. */
void clerk_close(struct clerk *clerk);

#endif
