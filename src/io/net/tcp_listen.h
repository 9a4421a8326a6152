/* SPDX-License-Identifier: MIT
 *
 * TCP server sockets and their connections.  Nothing here blocks.
 *
 *   tcp_listen_open -> (tcp_listen_next -> read, write, end -> tcp_listen_disconnect)* ->
 *   tcp_listen_close
 */
#ifndef IO_NET_TCP_LISTEN_H
#define IO_NET_TCP_LISTEN_H

#include <sys/types.h>

#include "core/base/address.h"

/* Binds and listens; port 0 lets the kernel choose.  On 0 `*ret_fd` is the caller's until
 * tcp_listen_close(), and `*ret_bound` is its address.  Else -errno. */
MUST_USE int tcp_listen_open(const struct address *at, int *ret_fd,
                             struct address *ret_bound);
/* Adopts a TCP socket that already listens (socket activation).  0, or -errno: -EPROTOTYPE,
 * -EAFNOSUPPORT for another kind. */
MUST_USE int tcp_listen_adopt(int fd, struct address *ret_bound);
void tcp_listen_close(int fd);

/* The next connection: its descriptor, which is the caller's until tcp_listen_disconnect().
 * -EAGAIN: no connection waits; after -EMFILE, -ENFILE, -ENOBUFS and -ENOMEM pause, because
 * poll() keeps reporting one. */
MUST_USE int tcp_listen_next(int fd, struct address *ret_from);

/* Octets read or written, 0 at the peer's end of file, -EAGAIN, or another -errno when the
 * connection is broken. */
MUST_USE ssize_t tcp_listen_read(int connection, void *buf, size_t size);
MUST_USE ssize_t tcp_listen_write(int connection, const void *buf, size_t len);
/* Shuts down writing: the peer sees the end.  Closing with unread octets would reset the
 * connection and could destroy the answer on its way. */
void tcp_listen_end(int connection);
void tcp_listen_disconnect(int connection);

/* An event that one thread raises and others poll() for. */
MUST_USE int tcp_listen_wake_open(void); /* descriptor or -errno */
void tcp_listen_wake(int fd);

#endif
