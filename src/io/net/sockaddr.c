/* SPDX-License-Identifier: MIT
 *
 * Conversion between struct address and socket addresses.
 */
#include "io/net/sockaddr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

socklen_t sockaddr_from_address(const struct address *address, union sockaddr_any *ret)
{
	memset(ret, 0, sizeof(*ret));
	switch (address->family) {
	case ADDRESS_IPV4:
		ret->v4.sin_family = AF_INET;
		ret->v4.sin_port = htons(address->port);
		memcpy(&ret->v4.sin_addr, address->octets, sizeof(ret->v4.sin_addr));
		return sizeof(ret->v4);
	case ADDRESS_IPV6:
		ret->v6.sin6_family = AF_INET6;
		ret->v6.sin6_port = htons(address->port);
		ret->v6.sin6_scope_id = address->scope;
		memcpy(&ret->v6.sin6_addr, address->octets, sizeof(ret->v6.sin6_addr));
		return sizeof(ret->v6);
	case ADDRESS_NONE:
		break;
	}
	return 0;
}

struct address sockaddr_to_address(const union sockaddr_any *name)
{
	struct address address = { .family = ADDRESS_NONE };

	if (name->any.sa_family == AF_INET) {
		address.family = ADDRESS_IPV4;
		address.port = ntohs(name->v4.sin_port);
		memcpy(address.octets, &name->v4.sin_addr, sizeof(name->v4.sin_addr));
	} else if (name->any.sa_family == AF_INET6) {
		address.family = ADDRESS_IPV6;
		address.port = ntohs(name->v6.sin6_port);
		address.scope = name->v6.sin6_scope_id;
		memcpy(address.octets, &name->v6.sin6_addr, sizeof(name->v6.sin6_addr));
	}
	return address;
}

int sockaddr_bound(int fd, struct address *ret, int *ret_type)
{
	union sockaddr_any name = { 0 };
	socklen_t len = sizeof(name);
	socklen_t type_len = sizeof(*ret_type);

	if ((ret_type && getsockopt(fd, SOL_SOCKET, SO_TYPE, ret_type, &type_len) < 0) ||
	    getsockname(fd, &name.any, &len) < 0) {
		return -errno;
	}
	*ret = sockaddr_to_address(&name);
	return 0;
}
