/* SPDX-License-Identifier: MIT
 *
 * Address prefixes ("192.0.2.0/24", "fe80::%eth0/10"), and lists of them in which the
 * longest match decides.
 */
#ifndef CORE_BASE_CIDR_H
#define CORE_BASE_CIDR_H

#include "core/base/address.h"

struct cidr {
	enum address_family family;
	uint8_t octets[16]; /* zero after the prefix */
	uint8_t bits;       /* 0..32 or 0..128 */
	uint32_t scope;     /* it matches only on this interface index; 0: any */
};

enum cidr_verdict {
	CIDR_OK,
	CIDR_BAD_ADDRESS,
	CIDR_BAD_LENGTH, /* not a number, or more bits than the address has */
	CIDR_HOST_BITS,  /* 192.0.2.1/24: ambiguous, the host or its network */
	CIDR_VERDICT_COUNT
};

/* Numeric ADDR or ADDR/BITS; without BITS the single address.  An IPv4 address mapped
 * into IPv6 becomes the IPv4 address.  A link-local ADDR may end in %ZONE (RFC 4007
 * section 11.7): an index goes to `scope`, a name to `ret_zone`, and the caller looks up
 * its index.  The results are written only for CIDR_OK. */
MUST_USE enum cidr_verdict cidr_parse(const char *text, struct cidr *ret,
                                      char ret_zone[ADDRESS_ZONE_SIZE]);
const char *cidr_verdict_text(enum cidr_verdict verdict);

enum { CIDR_LIST_MAX = 128 };

struct cidr_rule {
	struct cidr prefix;
	bool is_allow;
};

/* Starts as zeros.  Order: longest prefix first; of equal prefixes those with an
 * interface, then deny. */
struct cidr_list {
	struct cidr_rule rules[CIDR_LIST_MAX];
	uint32_t count;
	bool has_allow;
};

/* False when the list is full. */
MUST_USE bool cidr_list_add(struct cidr_list *list, const struct cidr *prefix,
                            bool is_allow);

/* For a list from another process. */
MUST_USE bool cidr_list_is_valid(const struct cidr_list *list);

/* The rule of the longest match.  Without a match this host is allowed, and others only
 * if the list has no allow rule. */
bool cidr_list_allows(const struct cidr_list *list, const struct address *address);

#endif
