/* SPDX-License-Identifier: MIT */
#include "core/trace/frame.h"

#include <string.h>

enum {
	/* More of either is no traffic, and a chain of them must end. */
	TAGS_MAX = 4,
	EXTENSIONS_MAX = 16,

	TYPE_IPV4 = 0x0800,
	TYPE_IPV6 = 0x86dd,
	TYPE_VLAN = 0x8100,
	TYPE_VLAN_SERVICE = 0x88a8,
	TYPE_VLAN_OLD = 0x9100,

	NEXT_HOP_BY_HOP = 0,
	NEXT_TCP = 6,
	NEXT_UDP = 17,
	NEXT_ROUTING = 43,
	NEXT_FRAGMENT = 44,
	NEXT_AUTHENTICATION = 51,
	NEXT_OPTIONS = 60,

	UDP_OCTETS = 8,
};

/* What is left of a frame: how much of it was captured, how much there was. */
struct rest {
	const uint8_t *at;
	size_t captured;
	size_t wire;
};

/* FRAME_OK when the next `need` octets are there. */
static enum frame_verdict rest_has(const struct rest *in, size_t need)
{
	if (in->captured >= need) {
		return FRAME_OK;
	}
	return in->wire >= need ? FRAME_CUT : FRAME_MALFORMED;
}

static void rest_skip(struct rest *in, size_t octets)
{
	in->at += octets;
	in->captured -= octets;
	in->wire -= octets;
}

/* Leaves away what is behind the inner packet: padding, checksums. */
static void rest_limit(struct rest *in, size_t octets)
{
	in->wire = octets;
	in->captured = in->captured < octets ? in->captured : octets;
}

static unsigned u16_at(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

static uint32_t u32_at(const uint8_t *at)
{
	return (uint32_t)u16_at(at) << 16 | u16_at(at + 2);
}

static struct address address_at(enum address_family family, const uint8_t *at)
{
	struct address address = { .family = family };

	memcpy(address.octets, at, family == ADDRESS_IPV4 ? 4 : 16);
	return address;
}

static enum frame_verdict parse_udp(struct rest *in, struct frame *ret)
{
	size_t len;
	enum frame_verdict verdict = rest_has(in, UDP_OCTETS);

	if (verdict != FRAME_OK) {
		return verdict;
	}
	len = u16_at(in->at + 4);
	if (len < UDP_OCTETS || len > in->wire) {
		return FRAME_MALFORMED;
	}
	rest_limit(in, len);
	ret->source.port = (uint16_t)u16_at(in->at);
	ret->destination.port = (uint16_t)u16_at(in->at + 2);
	rest_skip(in, UDP_OCTETS);
	return FRAME_OK;
}

static enum frame_verdict parse_tcp(struct rest *in, struct frame *ret)
{
	size_t header_octets;
	enum frame_verdict verdict = rest_has(in, 20);

	if (verdict != FRAME_OK) {
		return verdict;
	}
	header_octets = (size_t)(in->at[12] >> 4) * 4;
	if (header_octets < 20) {
		return FRAME_MALFORMED;
	}
	verdict = rest_has(in, header_octets);
	if (verdict != FRAME_OK) {
		return verdict;
	}
	ret->is_tcp = true;
	ret->source.port = (uint16_t)u16_at(in->at);
	ret->destination.port = (uint16_t)u16_at(in->at + 2);
	ret->tcp_sequence = u32_at(in->at + 4);
	ret->tcp_flags = in->at[13];
	rest_skip(in, header_octets);
	return FRAME_OK;
}

static enum frame_verdict parse_transport(unsigned protocol, struct rest *in,
                                          struct frame *ret)
{
	enum frame_verdict verdict;

	if (protocol == NEXT_UDP) {
		verdict = parse_udp(in, ret);
	} else if (protocol == NEXT_TCP) {
		verdict = parse_tcp(in, ret);
	} else {
		return FRAME_OTHER_PROTOCOL;
	}
	if (verdict == FRAME_OK) {
		ret->payload = in->at;
		ret->payload_octets = in->captured;
		ret->wire_octets = in->wire;
	}
	return verdict;
}

static enum frame_verdict parse_ipv4(struct rest *in, struct frame *ret)
{
	enum frame_verdict verdict = rest_has(in, 20);
	unsigned protocol;
	size_t header_octets;
	size_t len;

	if (verdict != FRAME_OK) {
		return verdict;
	}
	header_octets = (size_t)(in->at[0] & 0xf) * 4;
	len = u16_at(in->at + 2);
	if (len == 0) {
		len = in->wire; /* left to the network card to fill in */
	}
	if (in->at[0] >> 4 != 4 || header_octets < 20 || len > in->wire) {
		return FRAME_MALFORMED;
	}
	rest_limit(in, len);
	ret->source = address_at(ADDRESS_IPV4, in->at + 12);
	ret->destination = address_at(ADDRESS_IPV4, in->at + 16);
	if ((u16_at(in->at + 6) & 0x3fff) != 0) { /* more to come, or not the first */
		return FRAME_FRAGMENT;
	}
	protocol = in->at[9];
	verdict = rest_has(in, header_octets);
	if (verdict != FRAME_OK) {
		return verdict;
	}
	rest_skip(in, header_octets);
	return parse_transport(protocol, in, ret);
}

/* Past one extension header, if `*next` is one; FRAME_OTHER_PROTOCOL when it is none. */
static enum frame_verdict skip_extension(unsigned *next, struct rest *in)
{
	enum frame_verdict verdict;
	size_t octets;

	if (*next != NEXT_HOP_BY_HOP && *next != NEXT_ROUTING && *next != NEXT_FRAGMENT &&
	    *next != NEXT_AUTHENTICATION && *next != NEXT_OPTIONS) {
		return FRAME_OTHER_PROTOCOL;
	}
	verdict = rest_has(in, 8);
	if (verdict != FRAME_OK) {
		return verdict;
	}
	if (*next == NEXT_FRAGMENT) {
		if ((u16_at(in->at + 2) & 0xfff9) != 0) {
			return FRAME_FRAGMENT;
		}
		octets = 8; /* the only fragment there is: RFC 6946 */
	} else if (*next == NEXT_AUTHENTICATION) {
		octets = ((size_t)in->at[1] + 2) * 4;
	} else {
		octets = ((size_t)in->at[1] + 1) * 8;
	}
	verdict = rest_has(in, octets);
	if (verdict != FRAME_OK) {
		return verdict;
	}
	*next = in->at[0];
	rest_skip(in, octets);
	return FRAME_OK;
}

static enum frame_verdict parse_ipv6(struct rest *in, struct frame *ret)
{
	enum frame_verdict verdict = rest_has(in, 40);
	unsigned next;
	size_t len;
	int i;

	if (verdict != FRAME_OK) {
		return verdict;
	}
	len = u16_at(in->at + 4);
	next = in->at[6];
	if (in->at[0] >> 4 != 6 || len > in->wire - 40) {
		return FRAME_MALFORMED;
	}
	ret->source = address_at(ADDRESS_IPV6, in->at + 8);
	ret->destination = address_at(ADDRESS_IPV6, in->at + 24);
	rest_skip(in, 40);
	if (len > 0) { /* 0: a jumbogram, or left to the network card */
		rest_limit(in, len);
	}
	for (i = 0; i < EXTENSIONS_MAX; i++) {
		verdict = skip_extension(&next, in);
		if (verdict == FRAME_OTHER_PROTOCOL) {
			return parse_transport(next, in, ret);
		}
		if (verdict != FRAME_OK) {
			return verdict;
		}
	}
	return FRAME_MALFORMED;
}

static enum frame_verdict parse_type(unsigned type, struct rest *in, struct frame *ret)
{
	enum frame_verdict verdict;
	int i;

	for (i = 0; i < TAGS_MAX && (type == TYPE_VLAN || type == TYPE_VLAN_SERVICE ||
	                             type == TYPE_VLAN_OLD);
	     i++) {
		verdict = rest_has(in, 4);
		if (verdict != FRAME_OK) {
			return verdict;
		}
		type = u16_at(in->at + 2);
		rest_skip(in, 4);
	}
	switch (type) {
	case TYPE_IPV4:
		return parse_ipv4(in, ret);
	case TYPE_IPV6:
		return parse_ipv6(in, ret);
	default:
		return FRAME_NOT_IP;
	}
}

/* Behind a header of `octets` that holds the type of what follows at `type_at`. */
static enum frame_verdict parse_typed(struct rest *in, size_t octets, size_t type_at,
                                      struct frame *ret)
{
	enum frame_verdict verdict = rest_has(in, octets);
	unsigned type;

	if (verdict != FRAME_OK) {
		return verdict;
	}
	type = u16_at(in->at + type_at);
	rest_skip(in, octets);
	return parse_type(type, in, ret);
}

static enum frame_verdict parse_raw(struct rest *in, struct frame *ret)
{
	enum frame_verdict verdict = rest_has(in, 1);

	if (verdict != FRAME_OK) {
		return verdict;
	}
	switch (in->at[0] >> 4) {
	case 4:
		return parse_ipv4(in, ret);
	case 6:
		return parse_ipv6(in, ret);
	default:
		return FRAME_NOT_IP;
	}
}

/* AF_INET is 2 everywhere; AF_INET6 depends on the system that captured. */
static enum frame_verdict parse_loopback(struct rest *in, struct frame *ret)
{
	enum frame_verdict verdict = rest_has(in, 4);
	uint32_t family;

	if (verdict != FRAME_OK) {
		return verdict;
	}
	family = u32_at(in->at);
	if (family > 0xffff) {
		family = (uint32_t)in->at[1] << 8 | in->at[0];
	}
	rest_skip(in, 4);
	switch (family) {
	case 2:
		return parse_ipv4(in, ret);
	case 10:
	case 24:
	case 28:
	case 30:
		return parse_ipv6(in, ret);
	default:
		return FRAME_NOT_IP;
	}
}

enum frame_verdict frame_parse(enum frame_link link, const uint8_t *octets, size_t captured,
                               size_t wire, struct frame *ret)
{
	struct rest in = {
		.at = octets,
		.captured = captured,
		.wire = wire > captured ? wire : captured,
	};

	memset(ret, 0, sizeof(*ret));
	switch (link) {
	case FRAME_LINK_ETHERNET:
		return parse_typed(&in, 14, 12, ret);
	case FRAME_LINK_COOKED:
		return parse_typed(&in, 16, 14, ret);
	case FRAME_LINK_COOKED_2:
		return parse_typed(&in, 20, 0, ret);
	case FRAME_LINK_RAW_IP:
		return parse_raw(&in, ret);
	case FRAME_LINK_LOOPBACK:
		return parse_loopback(&in, ret);
	default:
		return FRAME_NOT_IP;
	}
}

const char *frame_verdict_text(enum frame_verdict verdict)
{
	static const char *const texts[] = {
		[FRAME_OK] = "UDP or TCP",
		[FRAME_NOT_IP] = "not IP",
		[FRAME_OTHER_PROTOCOL] = "neither UDP nor TCP",
		[FRAME_FRAGMENT] = "a fragment, not put together here",
		[FRAME_CUT] = "cut by the capture before it could be told",
		[FRAME_MALFORMED] = "malformed: its lengths contradict each other",
	};

	return (size_t)verdict < COUNT_OF(texts) ? texts[verdict] : "unknown";
}
