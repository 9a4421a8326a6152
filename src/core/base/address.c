/* SPDX-License-Identifier: MIT
 *
 * Addresses as text (RFC 4291 section 2.2, RFC 5952) and the kinds of address space.
 */
#include "core/base/address.h"

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

enum {
	IPV4_OCTETS = 4,
	IPV6_OCTETS = 16,
	IPV6_GROUPS = 8,
};

bool address_is_mapped(const struct address *address)
{
	static const uint8_t prefix[ADDRESS_MAPPED_AT] = { [10] = 0xff, [11] = 0xff };

	return address->family == ADDRESS_IPV6 &&
	       memcmp(address->octets, prefix, sizeof(prefix)) == 0;
}

static enum address_reach reach_ipv4(const uint8_t *octets)
{
	if (octets[0] == 0) {
		return ADDRESS_UNSPECIFIED;
	}
	if (octets[0] == 127) {
		return ADDRESS_LOOPBACK;
	}
	if (octets[0] >= 224) {
		return ADDRESS_MULTICAST;
	}
	if (octets[0] == 169 && octets[1] == 254) {
		return ADDRESS_LINK_LOCAL;
	}
	if (octets[0] == 10 || (octets[0] == 172 && (octets[1] & 0xf0) == 16) ||
	    (octets[0] == 192 && octets[1] == 168) ||
	    (octets[0] == 100 && (octets[1] & 0xc0) == 64)) {
		return ADDRESS_PRIVATE;
	}
	return ADDRESS_PUBLIC;
}

static enum address_reach reach_ipv6(const uint8_t *octets)
{
	static const uint8_t unspecified[IPV6_OCTETS] = { 0 };
	static const uint8_t loopback[IPV6_OCTETS] = { [15] = 1 };

	if (memcmp(octets, unspecified, IPV6_OCTETS) == 0) {
		return ADDRESS_UNSPECIFIED;
	}
	if (memcmp(octets, loopback, IPV6_OCTETS) == 0) {
		return ADDRESS_LOOPBACK;
	}
	if (octets[0] == 0xff) {
		return ADDRESS_MULTICAST;
	}
	if (octets[0] == 0xfe && (octets[1] & 0xc0) == 0x80) {
		return ADDRESS_LINK_LOCAL;
	}
	if ((octets[0] & 0xfe) == 0xfc) {
		return ADDRESS_PRIVATE;
	}
	return ADDRESS_PUBLIC;
}

enum address_reach address_reach(const struct address *address)
{
	switch (address->family) {
	case ADDRESS_IPV4:
		return reach_ipv4(address->octets);
	case ADDRESS_IPV6:
		if (address_is_mapped(address)) {
			return reach_ipv4(address->octets + ADDRESS_MAPPED_AT);
		}
		return reach_ipv6(address->octets);
	case ADDRESS_NONE:
		break;
	}
	return ADDRESS_UNSPECIFIED;
}

static bool is_same_zone(const struct address *a, const struct address *b)
{
	if (a->scope != 0 && b->scope != 0) {
		return a->scope == b->scope;
	}
	return strcmp(a->zone, b->zone) == 0 &&
	       (a->zone[0] != '\0' || a->scope == b->scope);
}

bool address_is_same_host(const struct address *a, const struct address *b)
{
	return a->family == b->family &&
	       memcmp(a->octets, b->octets, sizeof(a->octets)) == 0 && is_same_zone(a, b);
}

bool address_equal(const struct address *a, const struct address *b)
{
	return a->port == b->port && address_is_same_host(a, b);
}

bool address_lacks_zone(const struct address *address)
{
	return address->family == ADDRESS_IPV6 && !address_is_mapped(address) &&
	       address->scope == 0 && address->zone[0] == '\0' &&
	       reach_ipv6(address->octets) == ADDRESS_LINK_LOCAL;
}

static size_t format_ipv4(const uint8_t *octets, char *buf, size_t size)
{
	return (size_t)snprintf(buf, size, "%u.%u.%u.%u", (unsigned)octets[0],
	                        (unsigned)octets[1], (unsigned)octets[2],
	                        (unsigned)octets[3]);
}

/* The groups replaced by "::": the longest run of zeros, the first of equal runs, never
 * a single group (RFC 5952 section 4.2). */
static size_t longest_zeros(const uint16_t *groups, size_t *ret_start)
{
	size_t best_len = 1;
	size_t start, len;

	for (start = 0; start < IPV6_GROUPS; start += len + 1) {
		len = 0;
		while (start + len < IPV6_GROUPS && groups[start + len] == 0) {
			len++;
		}
		if (len > best_len) {
			best_len = len;
			*ret_start = start;
		}
	}
	return best_len > 1 ? best_len : 0;
}

static size_t format_ipv6(const uint8_t *octets, char *buf, size_t size)
{
	uint16_t groups[IPV6_GROUPS];
	size_t zeros_start = 0;
	size_t zeros_len, i;
	size_t len = 0;

	for (i = 0; i < IPV6_GROUPS; i++) {
		groups[i] = (uint16_t)(octets[2 * i] << 8 | octets[2 * i + 1]);
	}
	zeros_len = longest_zeros(groups, &zeros_start);
	buf[0] = '\0';
	for (i = 0; i < IPV6_GROUPS; i++) {
		if (zeros_len > 0 && i == zeros_start) {
			len += (size_t)snprintf(buf + len, size - len, "::");
			i += zeros_len - 1;
			continue;
		}
		len += (size_t)snprintf(buf + len, size - len, "%s%x",
		                        len > 0 && buf[len - 1] != ':' ? ":" : "",
		                        (unsigned)groups[i]);
	}
	return len;
}

size_t address_format(const struct address *address, char *buf)
{
	size_t len = 0;

	buf[0] = '\0';
	if (address->family == ADDRESS_IPV4) {
		return format_ipv4(address->octets, buf, ADDRESS_TEXT_SIZE);
	}
	if (address->family != ADDRESS_IPV6) {
		return 0;
	}
	if (address_is_mapped(address)) {
		/* RFC 5952 section 5: this prefix contains an IPv4 address. */
		len = (size_t)snprintf(buf, ADDRESS_TEXT_SIZE, "::ffff:");
		len += format_ipv4(address->octets + ADDRESS_MAPPED_AT, buf + len,
		                   ADDRESS_TEXT_SIZE - len);
	} else {
		len = format_ipv6(address->octets, buf, ADDRESS_TEXT_SIZE);
	}
	if (address->zone[0] != '\0') {
		len += (size_t)snprintf(buf + len, ADDRESS_TEXT_SIZE - len, "%%%s",
		                        address->zone);
	} else if (address->scope != 0) {
		len += (size_t)snprintf(buf + len, ADDRESS_TEXT_SIZE - len, "%%%lu",
		                        (unsigned long)address->scope);
	}
	return len;
}

/* Four decimal parts without leading zeros, which some programs read as octal. */
static bool parse_ipv4(const char *text, const char *end, uint8_t *ret_octets)
{
	uint8_t octets[IPV4_OCTETS];
	uint64_t value;
	size_t i, digits;

	for (i = 0; i < IPV4_OCTETS; i++) {
		if (i > 0) {
			if (text == end || *text != '.') {
				return false;
			}
			text++;
		}
		digits = 0;
		while (text + digits < end && text_is_digit(text[digits])) {
			digits++;
		}
		if (!text_decimal(text, digits, 0, UINT8_MAX, &value) ||
		    (digits > 1 && *text == '0')) {
			return false;
		}
		text += digits;
		octets[i] = (uint8_t)value;
	}
	if (text != end) {
		return false;
	}
	memcpy(ret_octets, octets, sizeof(octets));
	return true;
}

static int hex_value(char c)
{
	if (text_is_digit(c)) {
		return c - '0';
	}
	c = text_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Expands "::": the octets before it stay in front, those after it go to the end, and
 * those between are zero.  It must replace at least one group. */
static bool spread(uint8_t *octets, size_t used, size_t gap_at)
{
	size_t tail = used - gap_at;

	if (used > IPV6_OCTETS - 2) {
		return false;
	}
	memmove(octets + IPV6_OCTETS - tail, octets + gap_at, tail);
	memset(octets + gap_at, 0, IPV6_OCTETS - used);
	return true;
}

/* Reads a group of one to four hexadecimal digits; returns the number of digits, or 0. */
static size_t parse_group(const char *text, const char *end, uint8_t *ret_octets)
{
	unsigned value = 0;
	size_t digits = 0;

	while (text + digits < end && hex_value(text[digits]) >= 0) {
		if (digits == 4) {
			return 0;
		}
		value = value << 4 | (unsigned)hex_value(text[digits]);
		digits++;
	}
	if (digits > 0) {
		ret_octets[0] = (uint8_t)(value >> 8);
		ret_octets[1] = (uint8_t)value;
	}
	return digits;
}

static bool parse_ipv6(const char *text, const char *end, uint8_t *ret_octets)
{
	uint8_t octets[IPV6_OCTETS] = { 0 };
	size_t used = 0;
	size_t gap_at = 0;
	bool has_gap = false;
	bool wants_group = true; /* after a single colon */
	size_t digits;

	if (end - text >= 2 && text[0] == ':' && text[1] == ':') {
		has_gap = true;
		wants_group = false;
		text += 2;
	}
	while (text < end) {
		if (used <= IPV6_OCTETS - IPV4_OCTETS &&
		    parse_ipv4(text, end, octets + used)) {
			used += IPV4_OCTETS;
			wants_group = false;
			break; /* nothing can follow it */
		}
		digits = used < IPV6_OCTETS ? parse_group(text, end, octets + used) : 0;
		if (digits == 0) {
			return false;
		}
		used += 2;
		text += digits;
		wants_group = false;
		if (text == end) {
			break;
		}
		if (*text != ':') {
			return false;
		}
		text++;
		wants_group = true;
		if (text < end && *text == ':') {
			if (has_gap) {
				return false;
			}
			has_gap = true;
			gap_at = used;
			wants_group = false;
			text++;
		}
	}
	if (wants_group ||
	    (has_gap ? !spread(octets, used, gap_at) : used != IPV6_OCTETS)) {
		return false;
	}
	memcpy(ret_octets, octets, sizeof(octets));
	return true;
}

static bool is_zone_char(char c)
{
	const char lower = text_lower(c);

	return text_is_digit(c) || (lower >= 'a' && lower <= 'z') ||
	       (c != '\0' && strchr("-_.+@~=", c));
}

bool address_zone_is_name(const char *zone)
{
	size_t len = 0, digits = 0;

	for (; len < ADDRESS_ZONE_SIZE && zone[len] != '\0'; len++) {
		if (!is_zone_char(zone[len])) {
			return false;
		}
		digits += text_is_digit(zone[len]);
	}
	return len < ADDRESS_ZONE_SIZE && digits < len;
}

bool address_parse(const char *text, struct address *ret)
{
	struct address address = { 0 };
	const char *end = text + strlen(text);
	const char *percent = strchr(text, '%');
	enum address_reach reach;
	uint64_t scope = 0;

	if (parse_ipv4(text, end, address.octets)) {
		address.family = ADDRESS_IPV4;
		*ret = address;
		return true;
	}
	if (!parse_ipv6(text, percent ? percent : end, address.octets)) {
		return false;
	}
	address.family = ADDRESS_IPV6;
	if (percent) {
		/* For other addresses the kernel would ignore the zone, and one address
		 * would look like two. */
		reach = reach_ipv6(address.octets);
		if (reach != ADDRESS_LINK_LOCAL && reach != ADDRESS_MULTICAST) {
			return false;
		}
		if (address_zone_is_name(percent + 1)) {
			memcpy(address.zone, percent + 1, strlen(percent + 1));
		} else if (percent[1] == '0' ||
		           !text_decimal(percent + 1, strlen(percent + 1), 1, UINT32_MAX,
		                         &scope)) {
			return false; /* an index: not 0, no leading zeros, one spelling each */
		}
		address.scope = (uint32_t)scope;
	}
	*ret = address;
	return true;
}
