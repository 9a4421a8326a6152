/* SPDX-License-Identifier: MIT
 *
 * Shared by the parts of the frame parser: the walk from header to header.
 */
#ifndef CORE_TRACE_FRAME_PRIVATE_H
#define CORE_TRACE_FRAME_PRIVATE_H

#include "core/trace/frame.h"

enum {
	FRAME_TYPE_IPV4 = 0x0800,
	FRAME_TYPE_ARP = 0x0806,
	FRAME_TYPE_ETHERNET = 0x6558, /* transparent Ethernet bridging: GRE, Geneve */
	FRAME_TYPE_VLAN = 0x8100,
	FRAME_TYPE_IPV6 = 0x86dd,
	FRAME_TYPE_PPP = 0x880b, /* GRE version 1 */
	FRAME_TYPE_MPLS = 0x8847,
	FRAME_TYPE_MPLS_UPSTREAM = 0x8848,
	FRAME_TYPE_PPPOE = 0x8864,
	FRAME_TYPE_VLAN_SERVICE = 0x88a8,
	FRAME_TYPE_VLAN_OLD = 0x9100,

	FRAME_PROTOCOL_IPV4 = 4,
	FRAME_PROTOCOL_TCP = 6,
	FRAME_PROTOCOL_UDP = 17,
	FRAME_PROTOCOL_IPV6 = 41,
	FRAME_PROTOCOL_GRE = 47,
	FRAME_PROTOCOL_ETHERIP = 97,
	FRAME_PROTOCOL_MPLS = 137,
	FRAME_PROTOCOL_ETHERNET = 143, /* RFC 8986 */
};

/* The header that begins at the next octet. */
enum frame_layer {
	FRAME_LAYER_ETHERNET,
	FRAME_LAYER_TYPE, /* by `number`, an EtherType */
	FRAME_LAYER_IP,   /* IPv4 or IPv6, by the first four bits */
	FRAME_LAYER_IPV4,
	FRAME_LAYER_IPV6,
	FRAME_LAYER_PROTOCOL, /* by `number`, an IP protocol */
	FRAME_LAYER_PPP,
	FRAME_LAYER_END, /* the payload */
};

/* The rest of a frame: octets captured, and octets on the wire. */
struct frame_rest {
	const uint8_t *at;
	size_t captured;
	size_t wire;
};

struct frame_walk {
	struct frame_rest in;
	enum frame_layer next;
	uint16_t number;
	bool is_ipv6; /* FRAME_LAYER_PROTOCOL: with extension headers */
	struct frame *ret;
};

static inline unsigned frame_u16(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

static inline uint32_t frame_u32(const uint8_t *at)
{
	return (uint32_t)frame_u16(at) << 16 | frame_u16(at + 2);
}

/* FRAME_OK when the next `need` octets were captured. */
static inline enum frame_verdict frame_has(const struct frame_rest *in, size_t need)
{
	if (in->captured >= need) {
		return FRAME_OK;
	}
	return in->wire >= need ? FRAME_CUT : FRAME_MALFORMED;
}

/* Not more than were captured. */
static inline void frame_skip(struct frame_rest *in, size_t octets)
{
	in->at += octets;
	in->captured -= octets;
	in->wire -= octets;
}

/* Skips `octets` that were captured; else the verdict is not FRAME_OK. */
static inline enum frame_verdict frame_take(struct frame_rest *in, size_t octets)
{
	const enum frame_verdict verdict = frame_has(in, octets);

	if (verdict == FRAME_OK) {
		frame_skip(in, octets);
	}
	return verdict;
}

/* Drops the octets after the inner packet: padding, checksums. */
static inline void frame_limit(struct frame_rest *in, size_t octets)
{
	in->wire = octets;
	in->captured = in->captured < octets ? in->captured : octets;
}

static inline enum frame_verdict frame_stop(struct frame_walk *walk,
                                            enum frame_verdict verdict, unsigned code)
{
	walk->ret->code = (uint16_t)code;
	return verdict;
}

static inline enum frame_verdict frame_next(struct frame_walk *walk, enum frame_layer next)
{
	walk->next = next;
	return FRAME_OK;
}

/* Sets IPv4 or IPv6 as the next header, by the first four bits. */
enum frame_verdict frame_ip(struct frame_walk *walk);
/* Each step takes one header and sets the next. */
enum frame_verdict frame_ipv4(struct frame_walk *walk);
enum frame_verdict frame_ipv6(struct frame_walk *walk);
enum frame_verdict frame_protocol(struct frame_walk *walk);

/* frame_tunnel.c: FRAME_TOO_DEEP after FRAME_TUNNELS_MAX tunnels. */
enum frame_verdict frame_enter(struct frame_walk *walk, enum frame_tunnel tunnel,
                               enum frame_layer next);
enum frame_verdict frame_pppoe(struct frame_walk *walk);
enum frame_verdict frame_ppp(struct frame_walk *walk);
enum frame_verdict frame_mpls(struct frame_walk *walk);
enum frame_verdict frame_gre(struct frame_walk *walk);
enum frame_verdict frame_etherip(struct frame_walk *walk);
/* After a UDP header: enters a tunnel over UDP, or leaves the walk at its end. */
enum frame_verdict frame_udp_tunnel(struct frame_walk *walk);

#endif
