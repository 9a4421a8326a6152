/* SPDX-License-Identifier: MIT
 *
 * Control messages of a datagram.
 *
 * These replace CMSG_NXTHDR(): musl's compares signed with unsigned numbers, which compiles
 * with warnings everywhere.
 */
#ifndef IO_NET_CONTROL_H
#define IO_NET_CONTROL_H

#include <stddef.h>
#include <sys/socket.h>

/* The first, or the one after `message`; NULL when there are no more, or when its length
 * does not fit. */
struct cmsghdr *control_first(const struct msghdr *msg);
struct cmsghdr *control_next(const struct msghdr *msg, struct cmsghdr *message);

/* Appends a message to those of `msg`, whose buffer must have room for it. */
void control_add(struct msghdr *msg, int level, int type, const void *data, size_t len);

#endif
