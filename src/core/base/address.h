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

struct address {
	enum address_family family;
	uint8_t octets[16]; /* network order; the unused rest is zero */
	uint32_t scope;     /* interface index of a link-local IPv6 address, else 0 */
	uint16_t port;      /* host order */
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
bool address_equal(const struct address *a,
                   const struct address *b); /* scope and port too */

/* "192.0.2.1", "2001:db8::1" (RFC 5952), "fe80::1%2"; without the port.  Room for
 * ADDRESS_TEXT_ROOM; returns the length. */
enum { ADDRESS_TEXT_ROOM = 64 };
size_t address_format(const struct address *address, char *buf);

/* Numeric IPv4 (four decimal parts) or IPv6 (RFC 4291, with an optional numeric %scope).  The port is
 * left 0.  False and `*ret` untouched when it is neither. */
MUST_USE bool address_parse(const char *text, struct address *ret);

#endif
