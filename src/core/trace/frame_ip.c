/* SPDX-License-Identifier: MIT
 *
 * IP with its extension headers, UDP and TCP.
 */
#include <string.h>

#include "core/trace/frame_private.h"

enum {
	NEXT_ICMP = 1,
	NEXT_ICMPV6 = 58,
	ICMP_OCTETS = 8,
	ICMP_UNREACHABLE = 3,   /* RFC 792 */
	ICMP_TOO_BIG = 4,       /* a code of it; ICMPv6 has its own type */
	ICMPV6_UNREACHABLE = 1, /* RFC 4443 */

	NEXT_HOP_BY_HOP = 0,
	NEXT_ROUTING = 43,
	NEXT_FRAGMENT = 44,
	NEXT_AUTHENTICATION = 51,
	NEXT_OPTIONS = 60,
	NEXT_MOBILITY = 135,      /* RFC 6275 */
	NEXT_HOST_IDENTITY = 139, /* RFC 7401 */
	NEXT_SHIM6 = 140,         /* RFC 5533 */

	UDP_OCTETS = 8,
};

static struct address address_at(enum address_family family, const uint8_t *at)
{
	struct address address = { .family = family };

	memcpy(address.octets, at, family == ADDRESS_IPV4 ? 4 : 16);
	return address;
}

/* The ports stay those of the packet parsed before. */
static void set_ends(struct frame *ret, enum address_family family, const uint8_t *source,
                     const uint8_t *destination)
{
	ret->source = address_at(family, source);
	ret->destination = address_at(family, destination);
}

enum frame_verdict frame_ipv4(struct frame_walk *walk)
{
	struct frame_rest *in = &walk->in;
	enum frame_verdict verdict = frame_has(in, 20);
	size_t header_octets, len;

	if (verdict != FRAME_OK) {
		return verdict;
	}
	header_octets = (size_t)(in->at[0] & 0xf) * 4;
	len = frame_u16(in->at + 2);
	if (len == 0) {
		len = in->wire; /* the network card fills it in */
	}
	if (in->at[0] >> 4 != 4 || header_octets < 20 || len > in->wire) {
		return FRAME_MALFORMED;
	}
	frame_limit(in, len);
	set_ends(walk->ret, ADDRESS_IPV4, in->at + 12, in->at + 16);
	/* More fragments follow, or this is not the first. */
	if ((frame_u16(in->at + 6) & 0x3fff) != 0) {
		return FRAME_FRAGMENT;
	}
	walk->number = in->at[9];
	walk->is_ipv6 = false;
	walk->next = FRAME_LAYER_PROTOCOL;
	return frame_take(in, header_octets);
}

enum frame_verdict frame_ipv6(struct frame_walk *walk)
{
	struct frame_rest *in = &walk->in;
	enum frame_verdict verdict = frame_has(in, 40);
	size_t len;

	if (verdict != FRAME_OK) {
		return verdict;
	}
	len = frame_u16(in->at + 4);
	if (in->at[0] >> 4 != 6 || len > in->wire - 40) {
		return FRAME_MALFORMED;
	}
	walk->number = in->at[6];
	set_ends(walk->ret, ADDRESS_IPV6, in->at + 8, in->at + 24);
	frame_skip(in, 40);
	if (len > 0) { /* 0: a jumbogram, or the network card fills it in */
		frame_limit(in, len);
	}
	walk->is_ipv6 = true;
	return frame_next(walk, FRAME_LAYER_PROTOCOL);
}

static bool is_extension(const struct frame_walk *walk)
{
	switch (walk->number) {
	case NEXT_AUTHENTICATION: /* also of IPv4 */
		return true;
	case NEXT_HOP_BY_HOP:
	case NEXT_ROUTING:
	case NEXT_FRAGMENT:
	case NEXT_OPTIONS:
	case NEXT_MOBILITY:
	case NEXT_HOST_IDENTITY:
	case NEXT_SHIM6:
		return walk->is_ipv6;
	default:
		return false;
	}
}

static enum frame_verdict skip_extension(struct frame_walk *walk)
{
	struct frame_rest *in = &walk->in;
	enum frame_verdict verdict = frame_has(in, 8);
	size_t octets;

	if (verdict != FRAME_OK) {
		return verdict;
	}
	if (walk->number == NEXT_FRAGMENT) {
		if ((frame_u16(in->at + 2) & 0xfff9) != 0) {
			return FRAME_FRAGMENT;
		}
		octets = 8; /* an atomic fragment: RFC 6946 */
	} else if (walk->number == NEXT_AUTHENTICATION) {
		octets = ((size_t)in->at[1] + 2) * 4;
	} else {
		octets = ((size_t)in->at[1] + 1) * 8;
	}
	walk->number = in->at[0];
	return frame_take(in, octets);
}

static enum frame_verdict take_udp(struct frame_walk *walk)
{
	struct frame_rest *in = &walk->in;
	size_t len;
	enum frame_verdict verdict = frame_has(in, UDP_OCTETS);

	if (verdict != FRAME_OK) {
		return verdict;
	}
	len = frame_u16(in->at + 4);
	if (len < UDP_OCTETS || len > in->wire) {
		return FRAME_MALFORMED;
	}
	frame_limit(in, len);
	walk->ret->source.port = (uint16_t)frame_u16(in->at);
	walk->ret->destination.port = (uint16_t)frame_u16(in->at + 2);
	frame_skip(in, UDP_OCTETS);
	walk->next = FRAME_LAYER_END;
	return frame_udp_tunnel(walk);
}

static enum frame_verdict take_tcp(struct frame_walk *walk)
{
	struct frame_rest *in = &walk->in;
	struct frame *ret = walk->ret;
	size_t header_octets;
	enum frame_verdict verdict = frame_has(in, 20);

	if (verdict != FRAME_OK) {
		return verdict;
	}
	header_octets = (size_t)(in->at[12] >> 4) * 4;
	if (header_octets < 20) {
		return FRAME_MALFORMED;
	}
	verdict = frame_has(in, header_octets);
	if (verdict != FRAME_OK) {
		return verdict;
	}
	ret->is_tcp = true;
	ret->source.port = (uint16_t)frame_u16(in->at);
	ret->destination.port = (uint16_t)frame_u16(in->at + 2);
	ret->tcp_sequence = frame_u32(in->at + 4);
	ret->tcp_flags = in->at[13];
	frame_skip(in, header_octets);
	return frame_next(walk, FRAME_LAYER_END);
}

/* The start of the undeliverable packet, up to its ports. */
static void read_quote(const struct frame_walk *walk)
{
	const bool is_ipv6 = walk->number == NEXT_ICMPV6;
	const size_t least = ICMP_OCTETS + (is_ipv6 ? 40 : 20) + 4;
	const uint8_t *icmp = walk->in.at, *ip = icmp + ICMP_OCTETS;
	struct frame *ret = walk->ret;
	size_t ports_at;
	uint8_t protocol;

	if (walk->in.captured < least || ip[0] >> 4 != (is_ipv6 ? 6 : 4) ||
	    icmp[0] != (is_ipv6 ? ICMPV6_UNREACHABLE : ICMP_UNREACHABLE) ||
	    (!is_ipv6 && icmp[1] == ICMP_TOO_BIG)) {
		return;
	}
	protocol = is_ipv6 ? ip[6] : ip[9];
	ports_at = ICMP_OCTETS + (is_ipv6 ? 40 : (size_t)(ip[0] & 0xf) * 4);
	if ((protocol != FRAME_PROTOCOL_UDP && protocol != FRAME_PROTOCOL_TCP) ||
	    ports_at < least - 4 || walk->in.captured < ports_at + 4) {
		return;
	}
	ret->has_quote = true;
	ret->is_tcp = protocol == FRAME_PROTOCOL_TCP;
	ret->quoted_source =
		address_at(is_ipv6 ? ADDRESS_IPV6 : ADDRESS_IPV4, ip + (is_ipv6 ? 8 : 12));
	ret->quoted_destination =
		address_at(is_ipv6 ? ADDRESS_IPV6 : ADDRESS_IPV4, ip + (is_ipv6 ? 24 : 16));
	ret->quoted_source.port = (uint16_t)frame_u16(icmp + ports_at);
	ret->quoted_destination.port = (uint16_t)frame_u16(icmp + ports_at + 2);
}

enum frame_verdict frame_protocol(struct frame_walk *walk)
{
	if (is_extension(walk)) {
		return skip_extension(walk);
	}
	switch (walk->number) {
	case FRAME_PROTOCOL_UDP:
		return take_udp(walk);
	case FRAME_PROTOCOL_TCP:
		return take_tcp(walk);
	case FRAME_PROTOCOL_IPV4:
		return frame_enter(walk, FRAME_TUNNEL_IP, FRAME_LAYER_IPV4);
	case FRAME_PROTOCOL_IPV6:
		return frame_enter(walk, FRAME_TUNNEL_IP, FRAME_LAYER_IPV6);
	case FRAME_PROTOCOL_ETHERNET:
		return frame_enter(walk, FRAME_TUNNEL_IP, FRAME_LAYER_ETHERNET);
	case FRAME_PROTOCOL_GRE:
		return frame_gre(walk);
	case FRAME_PROTOCOL_ETHERIP:
		return frame_etherip(walk);
	case FRAME_PROTOCOL_MPLS:
		return frame_mpls(walk);
	case NEXT_ICMP:
	case NEXT_ICMPV6:
		read_quote(walk);
		return frame_stop(walk, FRAME_OTHER_PROTOCOL, walk->number);
	default:
		return frame_stop(walk, FRAME_OTHER_PROTOCOL, walk->number);
	}
}
