/* SPDX-License-Identifier: MIT
 *
 * The parser of a frame: header by header, from the link layer on.
 */
#include "core/trace/frame.h"

#include <string.h>

#include "core/trace/frame_private.h"

/* Real traffic has fewer; the limit ends endless chains. */
enum { HEADERS_MAX = 20 };

/* Skips a header of `octets`, whose octets at `type_at` hold the type of the next one. */
static enum frame_verdict take_typed(struct frame_walk *walk, size_t octets, size_t type_at)
{
	enum frame_verdict verdict = frame_has(&walk->in, octets);

	if (verdict != FRAME_OK) {
		return verdict;
	}
	walk->next = FRAME_LAYER_TYPE;
	walk->number = (uint16_t)frame_u16(walk->in.at + type_at);
	frame_skip(&walk->in, octets);
	return FRAME_OK;
}

/* IEEE 802.3 has a length where Ethernet has the type; SNAP puts the type after it. */
static enum frame_verdict take_llc(struct frame_walk *walk)
{
	static const uint8_t snap[] = { 0xaa, 0xaa, 0x03, 0, 0, 0 };

	if (walk->in.captured < sizeof(snap) + 2 ||
	    memcmp(walk->in.at, snap, sizeof(snap)) != 0) {
		return frame_stop(walk, FRAME_NOT_IP, walk->number);
	}
	return take_typed(walk, sizeof(snap) + 2, sizeof(snap));
}

static enum frame_verdict take_type(struct frame_walk *walk)
{
	if (walk->number < FRAME_TYPE_MIN) {
		return take_llc(walk);
	}
	switch (walk->number) {
	case FRAME_TYPE_VLAN:
	case FRAME_TYPE_VLAN_SERVICE:
	case FRAME_TYPE_VLAN_OLD:
		return take_typed(walk, 4, 2);
	case FRAME_TYPE_IPV4:
		return frame_next(walk, FRAME_LAYER_IPV4);
	case FRAME_TYPE_IPV6:
		return frame_next(walk, FRAME_LAYER_IPV6);
	case FRAME_TYPE_ETHERNET:
		return frame_next(walk, FRAME_LAYER_ETHERNET);
	case FRAME_TYPE_MPLS:
	case FRAME_TYPE_MPLS_UPSTREAM:
		return frame_mpls(walk);
	case FRAME_TYPE_PPPOE:
		return frame_pppoe(walk);
	default:
		return frame_stop(walk, FRAME_NOT_IP, walk->number);
	}
}

static enum frame_verdict take_layer(struct frame_walk *walk)
{
	switch (walk->next) {
	case FRAME_LAYER_ETHERNET:
		return take_typed(walk, 14, 12);
	case FRAME_LAYER_TYPE:
		return take_type(walk);
	case FRAME_LAYER_IP:
		return frame_ip(walk);
	case FRAME_LAYER_IPV4:
		return frame_ipv4(walk);
	case FRAME_LAYER_IPV6:
		return frame_ipv6(walk);
	case FRAME_LAYER_PROTOCOL:
		return frame_protocol(walk);
	case FRAME_LAYER_PPP:
		return frame_ppp(walk);
	case FRAME_LAYER_END:
	default:
		return FRAME_OK;
	}
}

/* AF_INET is 2 everywhere; AF_INET6 depends on the system that captured. */
static enum frame_verdict take_loopback(struct frame_walk *walk)
{
	enum frame_verdict verdict = frame_has(&walk->in, 4);
	uint32_t family;

	if (verdict != FRAME_OK) {
		return verdict;
	}
	family = frame_u32(walk->in.at);
	if (family > 0xffff) {
		family = (uint32_t)walk->in.at[1] << 8 | walk->in.at[0];
	}
	frame_skip(&walk->in, 4);
	switch (family) {
	case 2:
		return frame_next(walk, FRAME_LAYER_IPV4);
	case 10:
	case 24:
	case 28:
	case 30:
		return frame_next(walk, FRAME_LAYER_IPV6);
	default:
		return frame_stop(walk, FRAME_NOT_IP, 0);
	}
}

/* Cisco HDLC has 0x0f (unicast) or 0x8f where PPP has 0xff or, its header compressed, a
 * protocol. */
static enum frame_verdict take_serial(struct frame_walk *walk)
{
	enum frame_verdict verdict = frame_has(&walk->in, 1);

	if (verdict != FRAME_OK) {
		return verdict;
	}
	if (walk->in.at[0] == 0x0f || walk->in.at[0] == 0x8f) {
		return take_typed(walk, 4, 2);
	}
	return frame_next(walk, FRAME_LAYER_PPP);
}

/* Attributes, padded to four octets: a length that includes these four octets, and a type,
 * both in the byte order of the capturing machine. */
static enum frame_verdict take_nflog(struct frame_walk *walk)
{
	enum { HEADER = 4, PAYLOAD = 9, TYPE_MASK = 0x7fff };
	enum frame_verdict verdict = frame_take(&walk->in, HEADER);

	if (verdict != FRAME_OK) {
		return verdict;
	}
	while ((verdict = frame_has(&walk->in, 4)) == FRAME_OK) {
		const uint8_t *at = walk->in.at;
		bool is_little = (at[3] & (TYPE_MASK >> 8)) == 0;
		size_t len = is_little ? (size_t)at[1] << 8 | at[0] : frame_u16(at);
		unsigned type = is_little ? at[2] : at[3];

		if (len < 4 || len > walk->in.wire) {
			return FRAME_MALFORMED;
		}
		if (type == PAYLOAD) {
			frame_limit(&walk->in, len);
			frame_skip(&walk->in, 4);
			return frame_next(walk, FRAME_LAYER_IP);
		}
		verdict = frame_take(&walk->in, (len + 3) & ~(size_t)3);
		if (verdict != FRAME_OK) {
			return verdict;
		}
	}
	return walk->in.wire == 0 ? frame_stop(walk, FRAME_NOT_IP, 0) : verdict;
}

static enum frame_verdict take_link(enum frame_link link, struct frame_walk *walk)
{
	switch (link) {
	case FRAME_LINK_ETHERNET:
		return take_typed(walk, 14, 12);
	case FRAME_LINK_COOKED:
		return take_typed(walk, 16, 14);
	case FRAME_LINK_COOKED_2:
		return take_typed(walk, 20, 0);
	case FRAME_LINK_RAW_IP:
		return frame_ip(walk);
	case FRAME_LINK_LOOPBACK:
		return take_loopback(walk);
	case FRAME_LINK_PPP:
		return take_serial(walk);
	case FRAME_LINK_PPPOE:
		return frame_pppoe(walk);
	case FRAME_LINK_NFLOG:
		return take_nflog(walk);
	default:
		return frame_stop(walk, FRAME_NOT_IP, 0);
	}
}

enum frame_verdict frame_parse(enum frame_link link, const uint8_t *octets, size_t captured,
                               size_t wire, struct frame *ret)
{
	struct frame_walk walk = {
		.in = { .at = octets,
		        .captured = captured,
		        .wire = wire > captured ? wire : captured },
		.ret = ret,
	};
	enum frame_verdict verdict;
	unsigned headers = 0;

	memset(ret, 0, sizeof(*ret));
	verdict = take_link(link, &walk);
	while (verdict == FRAME_OK && walk.next != FRAME_LAYER_END) {
		if (++headers > HEADERS_MAX) {
			return FRAME_TOO_DEEP;
		}
		verdict = take_layer(&walk);
	}
	if (verdict == FRAME_OK) {
		ret->payload = walk.in.at;
		ret->payload_octets = walk.in.captured;
		ret->wire_octets = walk.in.wire;
	}
	return verdict;
}
