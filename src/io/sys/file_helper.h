/* SPDX-License-Identifier: MIT
 *
 * A process beside this one that does what this one may not do any more: it opens files.  They talk
 * in messages of at most FILE_HELPER_SIZE octets.
 *
 *   file_helper_start -> (file_helper_send | file_helper_receive)* -> file_helper_close
 *
 * It is started before files are open that it does not need, drops the rights that it does not
 * need, and ends when the process that started it ends, even if it hangs.
 */
#ifndef IO_SYS_FILE_HELPER_H
#define IO_SYS_FILE_HELPER_H

#include <sys/types.h>

#include "io/sys/lifeline.h"

enum { FILE_HELPER_SIZE = 8192 };

struct file_helper {
	int fd; /* -1: there is none */
	struct lifeline line;
};

/* In the file helper: `become` first, which changes the user; then `begin`, which drops all other rights
 * that are not needed.  Both return 0, or the exit status after they have said why.  Then `work`
 * for each message, which puts an answer of at most FILE_HELPER_SIZE octets into `out` and returns its
 * length, 0: no answer. */
struct file_helper_ops {
	int (*become)(void *ctx);
	int (*begin)(void *ctx);
	size_t (*work)(void *ctx, const uint8_t *in, size_t len, uint8_t *out);
	void *ctx;
};

/* Returns when the file helper has begun.  0; an exit status when one of the two failed; -errno. */
MUST_USE int file_helper_start(const struct file_helper_ops *ops, struct file_helper *ret);
/* Never blocks: 0, or -errno when the message is lost. */
int file_helper_send(const struct file_helper *helper, const void *message, size_t len);
/* Never blocks.  The length of an answer, -EAGAIN when there is none, -EPIPE when the file helper is
 * gone, another -errno. */
MUST_USE ssize_t file_helper_receive(const struct file_helper *helper, void *buf,
                                     size_t size);
/* Until file_helper_receive() has something to say, for so long at most. */
void file_helper_wait(const struct file_helper *helper, int64_t timeout_ns);
/* It does what it was told before, and ends; one that has not by then is ended. */
void file_helper_close(struct file_helper *helper);

#endif
