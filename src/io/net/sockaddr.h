/* SPDX-License-Identifier: MIT
 *
 * Conversion between struct address and socket addresses.
 */
#ifndef IO_NET_SOCKADDR_H
#define IO_NET_SOCKADDR_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "core/base/address.h"

union sockaddr_any {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* Returns the length of the name; 0 for ADDRESS_NONE. */
socklen_t sockaddr_from_address(const struct address *address, union sockaddr_any *ret);
/* ADDRESS_NONE for another family. */
struct address sockaddr_to_address(const union sockaddr_any *name);
/* The address that a socket is bound to, and its type (SOCK_...) unless `ret_type` is NULL.
 * 0 or -errno. */
MUST_USE int sockaddr_bound(int fd, struct address *ret, int *ret_type);

#endif
