/* SPDX-License-Identifier: MIT
 *
 * Address prefixes ("192.0.2.0/24", "fe80::%eth0/10"), and lists of them in which the longest match decides.
 */
#ifndef CORE_BASE_CIDR_H
#define CORE_BASE_CIDR_H

#include "core/base/address.h"

struct cidr {
	enum address_family family;
	uint8_t octets[16]; /* zero behind the prefix */
	uint8_t bits;       /* 0..32 or 0..128 */
	uint32_t scope; /* index of the interface behind which alone it matches; 0: any */
};

enum cidr_verdict {
	CIDR_OK,
	CIDR_BAD_ADDRESS,
	CIDR_BAD_LENGTH, /* no number, or more bits than the address has */
	CIDR_HOST_BITS,  /* 192.0.2.1/24: is the host meant or its network? */
	CIDR_VERDICT_COUNT
};

/* ADDR or ADDR/BITS in numbers; without BITS the address alone.  An IPv4 address mapped into
 * IPv6 is taken as the IPv4 address.  A link-local ADDR may end in %ZONE (RFC 4007 section 11.7): an
 * index goes to `scope`, a name to `ret_zone`, and its index is for the caller to find.  What is
 * returned is written for CIDR_OK only. */
MUST_USE enum cidr_verdict cidr_parse(const char *text, struct cidr *ret,
                                      char ret_zone[ADDRESS_ZONE_SIZE]);
const char *cidr_verdict_text(enum cidr_verdict verdict);

enum { CIDR_LIST_MAX = 128 };

struct cidr_rule {
	struct cidr prefix;
	bool is_allow;
};

/* Starts as zeros.  Longest prefix first; of two that are equal, one with an interface, then a deny
 * first. */
struct cidr_list {
	struct cidr_rule rules[CIDR_LIST_MAX];
	uint32_t count;
	bool has_allow;
};

/* False when the list is full. */
MUST_USE bool cidr_list_add(struct cidr_list *list, const struct cidr *prefix,
                            bool is_allow);

/* One that has come from another process. */
MUST_USE bool cidr_list_is_valid(const struct cidr_list *list);

/* What the longest match says.  Without a match: yes to this host itself, and to all
 * others while the list allows nobody in particular. */
bool cidr_list_allows(const struct cidr_list *list, const struct address *address);

#endif
