/* SPDX-License-Identifier: MIT
 *
 * Binding a server's socket to an address that the host may get later.
 */
#include "io/net/freebind_private.h"

#include "io/net/sockaddr.h"

int freebind(int fd, const struct address *at, bool *ret_is_absent)
{
	union sockaddr_any name;
	socklen_t len = sockaddr_from_address(at, &name);
	int r;

	*ret_is_absent = false;
	if (bind(fd, &name.any, len) == 0) {
		return 0;
	}
	/* The wildcard address is absent where there is no IPv6 at all. */
	if (errno != EADDRNOTAVAIL || address_reach(at) == ADDRESS_UNSPECIFIED) {
		return -errno;
	}
	r = at->family == ADDRESS_IPV4 ? set_on(fd, IPPROTO_IP, IP_FREEBIND)
	                               : set_on(fd, IPPROTO_IPV6, IPV6_FREEBIND);
	if (r < 0) {
		return -EADDRNOTAVAIL;
	}
	*ret_is_absent = true;
	return bind(fd, &name.any, len) < 0 ? -errno : 0;
}
