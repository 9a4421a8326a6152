/* SPDX-License-Identifier: MIT
 *
 * Binding a server's socket to an address that the host may get later.
 */
#include "io/net/freebind_private.h"

#include <errno.h>

#include "io/net/sockaddr.h"

static int allow_absent(int fd, enum address_family family)
{
	const int on = 1;
	const int r =
		family == ADDRESS_IPV4
			? setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof(on))
			: setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &on, sizeof(on));

	return r < 0 ? -errno : 0;
}

int freebind(int fd, const struct address *at, bool *ret_is_absent)
{
	union sockaddr_any name;
	socklen_t len = sockaddr_from_address(at, &name);

	*ret_is_absent = false;
	if (bind(fd, &name.any, len) == 0) {
		return 0;
	}
	/* The wildcard address is absent where there is no IPv6 at all. */
	if (errno != EADDRNOTAVAIL || address_reach(at) == ADDRESS_UNSPECIFIED) {
		return -errno;
	}
	if (allow_absent(fd, at->family) < 0) {
		return -EADDRNOTAVAIL;
	}
	*ret_is_absent = true;
	return bind(fd, &name.any, len) < 0 ? -errno : 0;
}
