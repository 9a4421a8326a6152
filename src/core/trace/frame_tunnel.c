/* SPDX-License-Identifier: MIT
 *
 * Tunnels: each step removes the header of one and sets what is inside.
 */
#include "core/trace/frame_private.h"

enum {
	LABELS_MAX = 16,

	PPP_ADDRESS = 0xff, /* then 3: RFC 1662; both or neither are present */
	PPP_IPV4 = 0x0021,
	PPP_IPV6 = 0x0057,
	PPP_MPLS = 0x0281,
	PPP_MPLS_MULTICAST = 0x0283,

	GRE_CHECKSUM = 0x8000,
	GRE_ROUTING = 0x4000,
	GRE_KEY = 0x2000,
	GRE_SEQUENCE = 0x1000,
	GRE_ACKNOWLEDGES = 0x0080, /* version 1 */

	UDP_VXLAN = 4789,
	UDP_VXLAN_LINUX = 8472, /* the old number, still the kernel's default */
	UDP_GENEVE = 6081,
	VXLAN_OCTETS = 8,
	GENEVE_OCTETS = 8,
};

enum frame_verdict frame_enter(struct frame_walk *walk, enum frame_tunnel tunnel,
                               enum frame_layer next)
{
	struct frame *ret = walk->ret;

	if (ret->tunnel_count == FRAME_TUNNELS_MAX) {
		return FRAME_TOO_DEEP;
	}
	ret->tunnels[ret->tunnel_count++] = tunnel;
	return frame_next(walk, next);
}

enum frame_verdict frame_pppoe(struct frame_walk *walk)
{
	struct frame_rest *in = &walk->in;
	enum frame_verdict verdict = frame_has(in, 6);
	size_t len;

	if (verdict != FRAME_OK) {
		return verdict;
	}
	len = frame_u16(in->at + 4);
	if (in->at[0] != 0x11 || in->at[1] != 0 || len > in->wire - 6) {
		return FRAME_MALFORMED;
	}
	frame_skip(in, 6);
	frame_limit(in, len);
	return frame_enter(walk, FRAME_TUNNEL_PPPOE, FRAME_LAYER_PPP);
}

/* The protocol; its first octet is omitted when 0: RFC 1661 section 6.5. */
enum frame_verdict frame_ppp(struct frame_walk *walk)
{
	struct frame_rest *in = &walk->in;
	enum frame_verdict verdict = frame_has(in, 2);
	unsigned protocol;

	if (verdict == FRAME_OK && in->at[0] == PPP_ADDRESS && in->at[1] == 3) {
		frame_skip(in, 2);
		verdict = frame_has(in, 2);
	}
	if (verdict != FRAME_OK) {
		return verdict;
	}
	protocol = in->at[0] & 1 ? in->at[0] : frame_u16(in->at);
	frame_skip(in, in->at[0] & 1 ? 1 : 2);
	switch (protocol) {
	case PPP_IPV4:
		return frame_next(walk, FRAME_LAYER_IPV4);
	case PPP_IPV6:
		return frame_next(walk, FRAME_LAYER_IPV6);
	case PPP_MPLS:
	case PPP_MPLS_MULTICAST:
		return frame_mpls(walk);
	default:
		return frame_stop(walk, FRAME_NOT_IP_IN_PPP, protocol);
	}
}

static bool has_known_type(const struct frame_rest *in, size_t at)
{
	switch (in->captured >= at + 2 ? frame_u16(in->at + at) : 0) {
	case FRAME_TYPE_IPV4:
	case FRAME_TYPE_ARP:
	case FRAME_TYPE_IPV6:
	case FRAME_TYPE_VLAN:
	case FRAME_TYPE_VLAN_SERVICE:
	case FRAME_TYPE_VLAN_OLD:
	case FRAME_TYPE_MPLS:
	case FRAME_TYPE_PPPOE:
		return true;
	default:
		return false;
	}
}

enum frame_verdict frame_ip(struct frame_walk *walk)
{
	enum frame_verdict verdict = frame_has(&walk->in, 1);

	if (verdict != FRAME_OK) {
		return verdict;
	}
	switch (walk->in.at[0] >> 4) {
	case 4:
		return frame_next(walk, FRAME_LAYER_IPV4);
	case 6:
		return frame_next(walk, FRAME_LAYER_IPV6);
	default:
		return frame_stop(walk, FRAME_NOT_IP, 0);
	}
}

/* Labels do not name their contents: the first four bits do (RFC 4928).  0 is the control
 * word of a pseudowire (RFC 4385) or the start of an Ethernet address; the types decide. */
static enum frame_verdict take_labelled(struct frame_walk *walk)
{
	enum { CONTROL_WORD = 4, TYPE_AT = 12 };
	struct frame_rest *in = &walk->in;
	const enum frame_verdict verdict = frame_ip(walk);

	if (verdict != FRAME_NOT_IP) {
		return verdict;
	}
	if (in->at[0] >> 4 == 0 && has_known_type(in, CONTROL_WORD + TYPE_AT)) {
		frame_skip(in, CONTROL_WORD);
	} else if (!has_known_type(in, TYPE_AT)) {
		return frame_stop(walk, FRAME_OTHER_MPLS, in->at[0] >> 4);
	}
	return frame_next(walk, FRAME_LAYER_ETHERNET);
}

enum frame_verdict frame_mpls(struct frame_walk *walk)
{
	struct frame_rest *in = &walk->in;
	enum frame_verdict verdict = frame_enter(walk, FRAME_TUNNEL_MPLS, walk->next);
	bool is_last = false;

	for (int i = 0; i < LABELS_MAX && !is_last && verdict == FRAME_OK; i++) {
		is_last = in->captured >= 4 && (in->at[2] & 1) != 0;
		verdict = frame_take(in, 4);
	}
	if (verdict != FRAME_OK) {
		return verdict;
	}
	return is_last ? take_labelled(walk) : FRAME_TOO_DEEP;
}

/* Version 1, of PPTP: no checksum, always a key, optionally an acknowledgement; without a
 * sequence number it carries no packet. */
enum frame_verdict frame_gre(struct frame_walk *walk)
{
	struct frame_rest *in = &walk->in;
	enum frame_verdict verdict = frame_has(in, 4);
	unsigned flags;
	bool is_pptp;
	size_t octets = 4;

	if (verdict != FRAME_OK) {
		return verdict;
	}
	flags = frame_u16(in->at);
	walk->number = (uint16_t)frame_u16(in->at + 2);
	is_pptp = (flags & 7) == 1 && walk->number == FRAME_TYPE_PPP;
	if (((flags & 7) != 0 && !is_pptp) || (flags & GRE_ROUTING) != 0) {
		return frame_stop(walk, FRAME_OTHER_GRE, flags & 7);
	}
	if (is_pptp && (flags & GRE_SEQUENCE) == 0) {
		return frame_stop(walk, FRAME_OTHER_GRE, 1);
	}
	octets += (flags & GRE_CHECKSUM) != 0 ? 4 : 0;
	octets += (flags & GRE_KEY) != 0 ? 4 : 0;
	octets += (flags & GRE_SEQUENCE) != 0 ? 4 : 0;
	octets += is_pptp && (flags & GRE_ACKNOWLEDGES) != 0 ? 4 : 0;
	verdict = frame_take(in, octets);
	if (verdict != FRAME_OK) {
		return verdict;
	}
	return frame_enter(walk, FRAME_TUNNEL_GRE,
	                   is_pptp ? FRAME_LAYER_PPP : FRAME_LAYER_TYPE);
}

enum frame_verdict frame_etherip(struct frame_walk *walk)
{
	enum frame_verdict verdict = frame_has(&walk->in, 2);

	if (verdict != FRAME_OK) {
		return verdict;
	}
	if (walk->in.at[0] != 0x30) {
		return FRAME_MALFORMED;
	}
	frame_skip(&walk->in, 2);
	return frame_enter(walk, FRAME_TUNNEL_ETHERIP, FRAME_LAYER_ETHERNET);
}

/* The header with its reserved octets: the port alone proves nothing, because a client of
 * another service may use it.  0x80 and the octet after: group policy. */
static bool is_vxlan(const struct frame_rest *in)
{
	return in->captured >= VXLAN_OCTETS && (in->at[0] & 0x7f) == 0x08 &&
	       (in->at[0] == 0x88 || (in->at[1] == 0 && frame_u16(in->at + 2) == 0)) &&
	       in->at[7] == 0;
}

static bool is_geneve(const struct frame_rest *in)
{
	unsigned type;

	if (in->captured < GENEVE_OCTETS || in->at[0] >> 6 != 0 ||
	    (in->at[1] & 0x3f) != 0 || in->at[7] != 0) {
		return false;
	}
	type = frame_u16(in->at + 2);
	return type == FRAME_TYPE_ETHERNET || type == FRAME_TYPE_IPV4 ||
	       type == FRAME_TYPE_IPV6;
}

enum frame_verdict frame_udp_tunnel(struct frame_walk *walk)
{
	struct frame_rest *in = &walk->in;
	const uint16_t port = walk->ret->destination.port;
	enum frame_verdict verdict;
	size_t octets;

	if ((port == UDP_VXLAN || port == UDP_VXLAN_LINUX) && is_vxlan(in)) {
		frame_skip(in, VXLAN_OCTETS);
		return frame_enter(walk, FRAME_TUNNEL_VXLAN, FRAME_LAYER_ETHERNET);
	}
	if (port != UDP_GENEVE || !is_geneve(in)) {
		return FRAME_OK;
	}
	octets = GENEVE_OCTETS + (size_t)(in->at[0] & 0x3f) * 4;
	walk->number = (uint16_t)frame_u16(in->at + 2);
	verdict = frame_take(in, octets);
	if (verdict != FRAME_OK) {
		return verdict;
	}
	return frame_enter(walk, FRAME_TUNNEL_GENEVE, FRAME_LAYER_TYPE);
}
