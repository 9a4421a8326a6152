/* SPDX-License-Identifier: MIT
 *
 * A captured frame parsed down to the payload of UDP or TCP: Ethernet with 802.1Q tags and
 * SNAP, Linux cooked captures, PPP, Cisco HDLC, raw IP and loopback; IPv4 (RFC 791) and
 * IPv6 with extension headers (RFC 8200); UDP (RFC 768) and TCP (RFC 9293).
 *
 * Tunnels are followed to the innermost packet, within limits: PPPoE (RFC 2516), MPLS (RFC
 * 3032), GRE (RFC 2784, 2890, 2637), IP in IP (RFC 2003, 4213, 2473), EtherIP (RFC 3378),
 * VXLAN (RFC 7348, UDP ports 4789 and 8472) and Geneve (RFC 8926, UDP port 6081).  Other
 * contents are named.
 *
 * Checksums are not verified: on the sending machine a capture sees packets before the
 * network card has filled them in.
 */
#ifndef CORE_TRACE_FRAME_H
#define CORE_TRACE_FRAME_H

#include "core/base/address.h"

enum frame_link {
	FRAME_LINK_ETHERNET,
	FRAME_LINK_COOKED,   /* Linux "any" device, 16 octets */
	FRAME_LINK_COOKED_2, /* ... 20 octets */
	FRAME_LINK_RAW_IP,
	FRAME_LINK_LOOPBACK, /* BSD: an address family of 4 octets, in either order */
	FRAME_LINK_PPP,      /* RFC 1662, or Cisco HDLC: the first octet differs */
	FRAME_LINK_PPPOE,    /* from the PPPoE header on */
	FRAME_LINK_NFLOG,    /* Linux netfilter log: attributes, one with an IP packet */
	FRAME_LINK_COUNT
};

enum frame_verdict {
	FRAME_OK,
	FRAME_NOT_IP,         /* `code`: the EtherType, below 0x600 a length; 0: none */
	FRAME_NOT_IP_IN_PPP,  /* `code`: the protocol of PPP */
	FRAME_OTHER_PROTOCOL, /* IP, but neither UDP nor TCP; `code`: the protocol */
	FRAME_OTHER_GRE,      /* an unknown version (`code`), or a source route (0) */
	FRAME_OTHER_MPLS,     /* `code`: the first four bits after the labels */
	FRAME_FRAGMENT,       /* of an IP packet: not reassembled */
	FRAME_TOO_DEEP,       /* more headers or tunnels than the limit */
	FRAME_CUT,            /* the capture kept too few octets to decode it */
	FRAME_MALFORMED,      /* lengths that contradict each other */
	FRAME_VERDICT_COUNT
};

enum frame_tunnel {
	FRAME_TUNNEL_PPPOE,
	FRAME_TUNNEL_MPLS,
	FRAME_TUNNEL_GRE,
	FRAME_TUNNEL_IP, /* IPv4 or IPv6 in either of them */
	FRAME_TUNNEL_ETHERIP,
	FRAME_TUNNEL_VXLAN,
	FRAME_TUNNEL_GENEVE,
	FRAME_TUNNEL_COUNT
};

enum {
	FRAME_TUNNELS_MAX = 8,
	FRAME_TYPE_MIN = 0x0600, /* the least EtherType; less is a length: IEEE 802.3 */
};

enum {
	FRAME_TCP_FIN = 0x01,
	FRAME_TCP_SYN = 0x02,
	FRAME_TCP_RST = 0x04,
	FRAME_TCP_PSH = 0x08,
	FRAME_TCP_ACK = 0x10,
};

struct frame {
	/* Innermost; family ADDRESS_NONE when parsing stopped before it. */
	struct address source, destination;
	enum frame_tunnel tunnels[FRAME_TUNNELS_MAX]; /* outermost first */
	size_t tunnel_count;
	uint16_t code;  /* see enum frame_verdict */
	bool has_quote; /* ICMP reports UDP or TCP as undeliverable, between ... */
	struct address quoted_source, quoted_destination;
	bool is_tcp;
	uint32_t tcp_sequence;
	uint8_t tcp_flags;
	const uint8_t *payload; /* points into the octets given */
	size_t payload_octets;  /* captured */
	size_t wire_octets;     /* of the payload as sent, >= payload_octets */
};

/* `octets` holds the first `captured` of the frame's `wire` octets.  `*ret` is always
 * written, as far as parsing came; the payload only for FRAME_OK. */
MUST_USE enum frame_verdict frame_parse(enum frame_link link, const uint8_t *octets,
                                        size_t captured, size_t wire, struct frame *ret);

/* "not IP"; never NULL. */
const char *frame_verdict_text(enum frame_verdict verdict);

/* The name of contents that are not decoded: "ARP (EtherType 0x0806)".  Room for
 * FRAME_NAME_SIZE. */
enum { FRAME_NAME_SIZE = 80 };
void frame_unread_format(enum frame_verdict verdict, uint16_t code, char *buf);

/* The name of a protocol over UDP to or from that port that is not decoded: "IPsec"; NULL:
 * unknown. */
const char *frame_unread_udp(uint16_t port);

const char *frame_tunnel_name(enum frame_tunnel tunnel); /* "VXLAN"; never NULL */

#endif
