/* SPDX-License-Identifier: MIT
 *
 * Control messages of a datagram, as CMSG_NXTHDR() walks through them: musl's compares signed numbers with
 * unsigned ones, and no program that includes it compiles without warnings.
 */
#ifndef IO_NET_CONTROL_H
#define IO_NET_CONTROL_H

#include <stddef.h>
#include <sys/socket.h>

/* The first, or the one after `message`; NULL when there are no more, or when its length does not fit. */
struct cmsghdr *control_first(const struct msghdr *msg);
struct cmsghdr *control_next(const struct msghdr *msg, struct cmsghdr *message);

/* Appends a message to those of `msg`, whose buffer must have room for it. */
void control_add(struct msghdr *msg, int level, int type, const void *data, size_t len);

#endif
