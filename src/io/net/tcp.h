/* SPDX-License-Identifier: MIT
 *
 * A TCP exchange with one server; never blocks.
 *
 *   open -> tcp_advance()* -> close
 *
 * Connects, sends, and reads until the peer closes or a line is complete.
 */
#ifndef IO_NET_TCP_H
#define IO_NET_TCP_H

#include <sys/types.h>

#include "core/base/address.h"
#include "core/select/reading.h"

/* A non-blocking socket that is connecting to `server`, or -errno. */
MUST_USE int tcp_connect(const struct address *server);

struct tcp_channel;

enum { TCP_ANSWER_SIZE = 512 };

/* Starts to connect.  `request` (at most 64 octets, may be empty) is sent as soon as the
 * connection is established. */
MUST_USE int tcp_open(const struct address *server, const void *request, size_t len,
                      struct tcp_channel **ret);
int tcp_fd(const struct tcp_channel *ch);
short tcp_poll_events(
	const struct tcp_channel *ch); /* POLLOUT while connecting, then POLLIN */
/* Makes progress without blocking.  -EAGAIN: poll again.  >= 0: the length of the complete
 * answer, which ends at '\n', when the peer closes, or at TCP_ANSWER_SIZE.  Else -errno.
 * `*ret_sent` is the reading taken just before the request was sent (for no request: before
 * connecting). */
MUST_USE ssize_t tcp_advance(struct tcp_channel *ch, const uint8_t **ret_octets,
                             struct reading *ret_sent);
void tcp_close(struct tcp_channel *ch); /* NULL is fine */

#endif
