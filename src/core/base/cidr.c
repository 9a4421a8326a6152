/* SPDX-License-Identifier: MIT
 *
 * Parses and matches address prefixes, and keeps rules in order of the longest match.
 */
#include "core/base/cidr.h"

#include <string.h>

#include "core/base/octets.h"
#include "core/base/text.h"

enum { TEXT_MAX = 80, MAPPED_BITS = 8 * ADDRESS_MAPPED_AT };

static unsigned width(enum address_family family)
{
	return family == ADDRESS_IPV4 ? 32 : 128;
}

/* Whether the first `bits` of both are equal. */
static bool is_same_prefix(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned whole = bits / 8;
	unsigned rest = bits % 8;

	return memcmp(a, b, whole) == 0 &&
	       (rest == 0 || ((a[whole] ^ b[whole]) & (uint8_t)(0xff << (8 - rest))) == 0);
}

static bool has_host_bits(const struct cidr *cidr)
{
	unsigned first = cidr->bits / 8;
	uint8_t kept = (uint8_t)(0xff00 >> (cidr->bits % 8));

	for (unsigned i = first; i < width(cidr->family) / 8; i++) {
		if ((cidr->octets[i] & (i == first ? (uint8_t)~kept : 0xff)) != 0) {
			return true;
		}
	}
	return false;
}

/* A number of one to three digits, up to `most`. */
static bool bits_parse(const char *text, unsigned most, unsigned *ret)
{
	const size_t len = strlen(text);
	uint64_t value;

	if (len > 3 || !text_decimal(text, len, 0, most, &value)) {
		return false;
	}
	*ret = (unsigned)value;
	return true;
}

enum cidr_verdict cidr_parse(const char *text, struct cidr *ret,
                             char ret_zone[ADDRESS_ZONE_SIZE])
{
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	struct cidr cidr = { .family = ADDRESS_NONE };
	struct address address;
	char host[TEXT_MAX];
	unsigned bits;

	if (len >= sizeof(host)) {
		return CIDR_BAD_ADDRESS;
	}
	memcpy(host, text, len);
	host[len] = '\0';
	if (!address_parse(host, &address)) {
		return CIDR_BAD_ADDRESS;
	}
	bits = width(address.family);
	if (slash && !bits_parse(slash + 1, bits, &bits)) {
		return CIDR_BAD_LENGTH;
	}
	cidr.family = address.family;
	memcpy(cidr.octets, address.octets, sizeof(cidr.octets));
	if (address_is_mapped(&address) && bits >= MAPPED_BITS) {
		cidr.family = ADDRESS_IPV4;
		memset(cidr.octets, 0, sizeof(cidr.octets));
		memcpy(cidr.octets, address.octets + ADDRESS_MAPPED_AT, 4);
		bits -= MAPPED_BITS;
	}
	cidr.bits = (uint8_t)bits;
	cidr.scope = address.scope;
	if (has_host_bits(&cidr)) {
		return CIDR_HOST_BITS;
	}
	*ret = cidr;
	memcpy(ret_zone, address.zone, sizeof(address.zone));
	return CIDR_OK;
}

const char *cidr_verdict_text(enum cidr_verdict verdict)
{
	static const char *const texts[CIDR_VERDICT_COUNT] = {
		[CIDR_OK] = "fine",
		[CIDR_BAD_ADDRESS] = "not a numeric address",
		[CIDR_BAD_LENGTH] =
			"the prefix length is not a number in the range of the address",
		[CIDR_HOST_BITS] = ("host bits are set beyond the prefix length; write "
		                    "10.0.0.0/8, not 10.0.0.1/8"),
	};

	return (unsigned)verdict < CIDR_VERDICT_COUNT ? texts[verdict] : "unknown";
}

/* IPv4 mapped into IPv6 is matched as IPv4. */
static bool cidr_contains(const struct cidr *cidr, const struct address *address)
{
	if (address_is_mapped(address)) {
		return cidr->family == ADDRESS_IPV4 &&
		       is_same_prefix(cidr->octets, address->octets + ADDRESS_MAPPED_AT,
		                      cidr->bits);
	}
	return cidr->family == address->family &&
	       (cidr->scope == 0 || cidr->scope == address->scope) &&
	       is_same_prefix(cidr->octets, address->octets, cidr->bits);
}

static bool goes_before(const struct cidr_rule *a, const struct cidr_rule *b)
{
	if (a->prefix.bits != b->prefix.bits) {
		return a->prefix.bits > b->prefix.bits;
	}
	if ((a->prefix.scope != 0) != (b->prefix.scope != 0)) {
		return a->prefix.scope != 0;
	}
	return !a->is_allow && b->is_allow;
}

bool cidr_list_add(struct cidr_list *list, const struct cidr *prefix, bool is_allow)
{
	const struct cidr_rule rule = { .prefix = *prefix, .is_allow = is_allow };
	uint32_t at;

	if (list->count == CIDR_LIST_MAX) {
		return false;
	}
	for (at = list->count; at > 0 && goes_before(&rule, &list->rules[at - 1]); at--) {
		list->rules[at] = list->rules[at - 1];
	}
	list->rules[at] = rule;
	list->count++;
	list->has_allow = list->has_allow || is_allow;
	return true;
}

bool cidr_list_is_valid(const struct cidr_list *list)
{
	if (list->count > CIDR_LIST_MAX || !octets_are_bool(&list->has_allow)) {
		return false;
	}
	for (uint32_t i = 0; i < list->count; i++) {
		const struct cidr_rule *rule = &list->rules[i];

		if (!octets_are_bool(&rule->is_allow) ||
		    (rule->prefix.family != ADDRESS_IPV4 &&
		     rule->prefix.family != ADDRESS_IPV6) ||
		    rule->prefix.bits > width(rule->prefix.family)) {
			return false;
		}
	}
	return true;
}

bool cidr_list_allows(const struct cidr_list *list, const struct address *address)
{
	for (uint32_t i = 0; i < list->count; i++) {
		if (cidr_contains(&list->rules[i].prefix, address)) {
			return list->rules[i].is_allow;
		}
	}
	return !list->has_allow || address_reach(address) == ADDRESS_LOOPBACK;
}
