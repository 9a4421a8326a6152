/* SPDX-License-Identifier: MIT
 *
 * Control messages of a datagram, as CMSG_NXTHDR() walks through them: musl's compares signed numbers with
 * unsigned ones, and no program that includes it compiles without warnings.
 */
#ifndef IO_NET_CONTROL_H
#define IO_NET_CONTROL_H

#include <sys/socket.h>

/* The first, or the one after `message`; NULL when there are no more, or when its length does not fit. */
struct cmsghdr *control_first(const struct msghdr *msg);
struct cmsghdr *control_next(const struct msghdr *msg, struct cmsghdr *message);

#endif
