/* SPDX-License-Identifier: MIT
 *
 * A transport address as plain data, without the socket headers: what it is, how it
 * is written and what kind of place it points to.
 */
#ifndef CORE_BASE_ADDRESS_H
#define CORE_BASE_ADDRESS_H

#include <stdbool.h>

#include "core/base/base.h"

enum address_family {
	ADDRESS_NONE,
	ADDRESS_IPV4, /* octets[0..3] */
	ADDRESS_IPV6, /* octets[0..15] */
};

/* The name of an interface: IFNAMSIZ of Linux. */
enum { ADDRESS_ZONE_SIZE = 16 };

/* Which link a link-local IPv6 address is on (RFC 4007): sockets take the index of the interface,
 * people give its name, and io/net/zone.h makes one of the other. */
struct address {
	enum address_family family;
	uint8_t octets[16];           /* network order; the unused rest is zero */
	uint32_t scope;               /* interface index; 0: none, or not found out yet */
	uint16_t port;                /* host order */
	char zone[ADDRESS_ZONE_SIZE]; /* interface name; "": none, or given as the index */
};

enum address_reach {
	ADDRESS_PUBLIC,
	ADDRESS_PRIVATE,    /* RFC 1918, RFC 4193, RFC 6598 */
	ADDRESS_LINK_LOCAL, /* RFC 3927, RFC 4291 */
	ADDRESS_LOOPBACK,
	ADDRESS_UNSPECIFIED, /* 0.0.0.0/8, :: */
	ADDRESS_MULTICAST,   /* and 255.255.255.255 and the reserved 240.0.0.0/4 */
};

/* IPv4 mapped into IPv6 is judged as the IPv4 address inside. */
enum address_reach address_reach(const struct address *address);
/* The same place, whatever the port.  Interfaces are compared by index where both are known, else by
 * name. */
bool address_is_same_host(const struct address *a, const struct address *b);
bool address_equal(const struct address *a,
                   const struct address *b); /* ... and the same port */
/* A link-local IPv6 address that does not say on which link. */
bool address_lacks_zone(const struct address *address);
/* What can be the name of an interface; all digits are an index. */
bool address_zone_is_name(const char *zone);

/* "192.0.2.1", "2001:db8::1" (RFC 5952), "fe80::1%eth0" or, without a name, "fe80::1%2"; without the
 * port.  Room for ADDRESS_TEXT_SIZE; returns the length. */
enum { ADDRESS_TEXT_SIZE = 64 };
size_t address_format(const struct address *address, char *buf);

/* Numeric IPv4 (four decimal parts) or IPv6 (RFC 4291; link-local and multicast ones with an optional
 * %zone, an index to `scope` or a name to `zone`).  The port is left 0.  False and `*ret` untouched when it is neither. */
MUST_USE bool address_parse(const char *text, struct address *ret);

#endif
