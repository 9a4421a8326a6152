/* SPDX-License-Identifier: MIT
 *
 * A helper process that opens files for a confined one; messages have at most
 * FILE_HELPER_SIZE octets.
 *
 *   file_helper_start -> (file_helper_send | file_helper_receive)* -> file_helper_close
 *
 * It is started before unrelated files are open, drops the rights that it does not need,
 * and ends when the process that started it ends, even if it hangs.
 */
#ifndef IO_SYS_FILE_HELPER_H
#define IO_SYS_FILE_HELPER_H

#include <sys/types.h>

#include "io/sys/lifeline.h"

enum { FILE_HELPER_SIZE = 8192 };

struct file_helper {
	int fd; /* -1: no helper */
	struct lifeline line;
};

/* In the file helper: `become` first, which changes the user; then `begin`, which drops all
 * other unneeded rights.  Both return 0, or an exit status after they have printed the
 * reason.  Then `work` for each message: it puts an answer of at most FILE_HELPER_SIZE
 * octets into `out` and returns its length, 0: no answer. */
struct file_helper_ops {
	int (*become)(void *ctx);
	int (*begin)(void *ctx);
	size_t (*work)(void *ctx, const uint8_t *in, size_t len, uint8_t *out);
	void *ctx;
};

/* Returns when the file helper has begun.  0; an exit status when `become` or `begin`
 * failed; -errno. */
MUST_USE int file_helper_start(const struct file_helper_ops *ops, struct file_helper *ret);
/* Never blocks: 0, or -errno when the message is lost. */
int file_helper_send(const struct file_helper *helper, const void *message, size_t len);
/* Never blocks.  The length of an answer, -EAGAIN: none yet, -EPIPE: the file helper has
 * ended, another -errno. */
MUST_USE ssize_t file_helper_receive(const struct file_helper *helper, void *buf,
                                     size_t size);
/* Waits until file_helper_receive() has something to return, at most this long. */
void file_helper_wait(const struct file_helper *helper, int64_t timeout_ns);
/* Lets it finish the messages sent before; kills it if it does not end in time. */
void file_helper_close(struct file_helper *helper);

#endif
