/* SPDX-License-Identifier: MIT
 *
 * Binding a server's socket to an address that the host may get later.
 */
#ifndef IO_NET_FREEBIND_PRIVATE_H
#define IO_NET_FREEBIND_PRIVATE_H

#include <errno.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "core/base/address.h"

/* bind(); where this host does not have the address, or does not use it yet (an IPv6
 * address is tentative until duplicate address detection ends), bind() with IP_FREEBIND or
 * IPV6_FREEBIND: datagrams to the address arrive as soon as the host has it.
 * `*ret_is_absent`: the second was needed.  0 or -errno. */
MUST_USE int freebind(int fd, const struct address *at, bool *ret_is_absent);

static inline int set_on(int fd, int level, int option)
{
	const int on = 1;

	return setsockopt(fd, level, option, &on, sizeof(on)) < 0 ? -errno : 0;
}

#endif
