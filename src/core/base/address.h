/* SPDX-License-Identifier: MIT
 *
 * A transport address as plain data, without socket headers: its value, its text and its
 * scope.
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

/* The link of a link-local IPv6 address (RFC 4007): sockets take the index of the
 * interface, users give its name, and io/net/zone.h converts them. */
struct address {
	enum address_family family;
	uint8_t octets[16];           /* network order; the unused rest is zero */
	uint32_t scope;               /* interface index; 0: none, or not known yet */
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

/* IPv4 mapped into IPv6 is classified as the IPv4 address. */
enum address_reach address_reach(const struct address *address);
/* The same host, whatever the port.  Interfaces are compared by index if both are known,
 * else by name. */
bool address_is_same_host(const struct address *a, const struct address *b);
bool address_equal(const struct address *a,
                   const struct address *b); /* ... and the same port */
/* IPv4 mapped into IPv6: "::ffff:192.0.2.1", from octets[ADDRESS_MAPPED_AT] on. */
enum { ADDRESS_MAPPED_AT = 12 };
bool address_is_mapped(const struct address *address);
/* A link-local IPv6 address without a link. */
bool address_lacks_zone(const struct address *address);
/* A valid name of an interface; only digits are an index instead. */
bool address_zone_is_name(const char *zone);

/* Without the port: "192.0.2.1", "2001:db8::1" (RFC 5952), "fe80::1%eth0", or
 * "fe80::1%2" without a name.  Room for ADDRESS_TEXT_SIZE; returns the length. */
enum { ADDRESS_TEXT_SIZE = 64 };
size_t address_format(const struct address *address, char *buf);

/* Numeric IPv4 (four decimal parts) or IPv6 (RFC 4291; link-local and multicast with an
 * optional %zone, an index to `scope` or a name to `zone`).  The port is 0.  False, and
 * `*ret` unchanged, when it is neither. */
MUST_USE bool address_parse(const char *text, struct address *ret);

#endif
