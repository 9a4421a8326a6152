/* SPDX-License-Identifier: MIT
 *
 * To bind a server's socket to an address that may come later.
 */
#ifndef IO_NET_FREEBIND_PRIVATE_H
#define IO_NET_FREEBIND_PRIVATE_H

#include <stdbool.h>

#include "core/base/address.h"

/* bind(), and where this host does not have the address, or does not use it yet (an IPv6 address
 * is tentative until the kernel has looked for a second owner), bind() by IP_FREEBIND or IPV6_FREEBIND: what
 * is sent to it arrives as soon as it is there.  `*ret_is_absent` says which it was.  0 or -errno. */
MUST_USE int freebind(int fd, const struct address *at, bool *ret_is_absent);

#endif
