/* SPDX-License-Identifier: MIT
 *
 * One captured frame taken apart, down to what UDP or TCP carries: Ethernet with
 * 802.1Q tags, Linux cooked captures, raw IP and loopback; IPv4 (RFC 791) and IPv6
 * with extension headers (RFC 8200); UDP (RFC 768) and TCP (RFC 9293).
 *
 * Checksums are not looked at: on the sending machine a capture sees packets
 * before the network card has filled them in.
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
	FRAME_LINK_COUNT
};

enum frame_verdict {
	FRAME_OK,
	FRAME_NOT_IP,
	FRAME_OTHER_PROTOCOL, /* IP, but neither UDP nor TCP */
	FRAME_FRAGMENT,       /* of an IP packet: not put together here */
	FRAME_CUT,            /* the capture kept too few octets to tell */
	FRAME_MALFORMED,      /* lengths that contradict each other */
	FRAME_VERDICT_COUNT
};

enum {
	FRAME_TCP_FIN = 0x01,
	FRAME_TCP_SYN = 0x02,
	FRAME_TCP_RST = 0x04,
	FRAME_TCP_PSH = 0x08,
	FRAME_TCP_ACK = 0x10,
};

struct frame {
	struct address source; /* family ADDRESS_NONE when the parse did not come so far */
	struct address destination;
	bool is_tcp;
	uint32_t tcp_sequence;
	uint8_t tcp_flags;
	const uint8_t *payload; /* points into the octets given */
	size_t payload_octets;  /* of them that were captured */
	size_t wire_octets;     /* of the payload as sent, >= payload_octets */
};

/* `octets` holds the `captured` first of the `wire` octets that the frame had.  `*ret` is
 * always written, as far as the parse came; the payload only for FRAME_OK. */
MUST_USE enum frame_verdict frame_parse(enum frame_link link, const uint8_t *octets,
                                        size_t captured, size_t wire, struct frame *ret);

/* A few words: "not IP".  Never NULL. */
const char *frame_verdict_text(enum frame_verdict verdict);

#endif
