/* SPDX-License-Identifier: MIT
 *
 * Frames built by hand from RFC 791, 8200, 768, 9293, IEEE 802.1Q and the link type
 * descriptions of tcpdump.org, with one or two octets changed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/trace/frame.h"

enum { FRAME_SIZE = 400, CHANGES = 3 }; /* octets; the most changes of a row */

/* clang-format off */
#define ETHERNET 0x02, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 2
#define PAYLOAD 'r', 'e', 'q', 't', 'i', 'm', 'e', '\n'
/* 40001 > 9191 */
#define UDP_PORTS 0x9c, 0x41, 0x23, 0xe7
#define UDP_8 UDP_PORTS, 0, 16, 0xaa, 0xbb, PAYLOAD
/* sequence 0x01020304, PSH ACK */
#define TCP_8 UDP_PORTS, 1, 2, 3, 4, 5, 6, 7, 8, 0x50, 0x18, 0xff, 0xff, 0, 0, 0, 0, PAYLOAD
/* 192.0.2.1 > 198.51.100.7 */
#define IPV4_ADDRESSES 192, 0, 2, 1, 198, 51, 100, 7
#define IPV4(octets, protocol) 0x45, 0, 0, octets, 0x12, 0x34, 0x40, 0, 64, protocol, 0, 0, IPV4_ADDRESSES
/* 2001:db8::1 > 2001:db8::2 */
#define IPV6_ADDRESSES 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, \
	0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2
#define IPV6(octets, next) 0x60, 0, 0, 0, 0, octets, next, 64, IPV6_ADDRESSES

static const uint8_t ETH_UDP4[] = { ETHERNET, 0x08, 0x00, IPV4(36, 17), UDP_8 };
static const uint8_t ETH_TCP4[] = { ETHERNET, 0x08, 0x00, IPV4(48, 6), TCP_8 };
static const uint8_t ETH_UDP6[] = { ETHERNET, 0x86, 0xdd, IPV6(16, 17), UDP_8 };
static const uint8_t ETH_TCP6[] = { ETHERNET, 0x86, 0xdd, IPV6(28, 6), TCP_8 };
static const uint8_t ETH_VLAN[] = { ETHERNET, 0x81, 0x00, 0x20, 0x05, 0x08, 0x00, IPV4(36, 17), UDP_8 };
static const uint8_t ETH_QINQ[] = { ETHERNET, 0x88, 0xa8, 0, 7, 0x81, 0x00, 0, 5, 0x86, 0xdd, IPV6(16, 17), UDP_8 };
static const uint8_t ETH_TAGS[] = { ETHERNET, 0x81, 0, 0, 1, 0x81, 0, 0, 1, 0x81, 0, 0, 1, 0x81, 0, 0, 1, 0x81, 0, 0, 1, 0x08, 0x00, IPV4(36, 17), UDP_8 };
static const uint8_t ETH_PADDED[] = { ETHERNET, 0x08, 0x00, IPV4(36, 17), UDP_8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
static const uint8_t ETH_OPTIONS[] = { ETHERNET, 0x08, 0x00, 0x46, 0, 0, 40, 0x12, 0x34, 0, 0, 64, 17, 0, 0, IPV4_ADDRESSES, 1, 1, 1, 0, UDP_8 };
static const uint8_t COOKED[] = { 0, 0, 3, 4, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0x08, 0x00, IPV4(36, 17), UDP_8 };
static const uint8_t COOKED_2[] = { 0x86, 0xdd, 0, 0, 0, 0, 0, 1, 3, 4, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, IPV6(16, 17), UDP_8 };
static const uint8_t RAW4[] = { IPV4(36, 17), UDP_8 };
static const uint8_t RAW6[] = { IPV6(16, 17), UDP_8 };
static const uint8_t NULL_LE[] = { 2, 0, 0, 0, IPV4(36, 17), UDP_8 };
static const uint8_t NULL_BE[] = { 0, 0, 0, 2, IPV4(36, 17), UDP_8 };
static const uint8_t NULL_MAC[] = { 30, 0, 0, 0, IPV6(16, 17), UDP_8 };
/* hop-by-hop of 8, routing of 8, destination options of 16 */
static const uint8_t EXT6[] = { IPV6(48, 0), 43, 0, 5, 2, 0, 0, 1, 0, 60, 0, 0, 0, 0, 0, 0, 0,
	17, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, UDP_8 };
static const uint8_t AH6[] = { IPV6(40, 51), 17, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, UDP_8 };
static const uint8_t FRAG6[] = { IPV6(24, 44), 17, 0, 0, 0, 0, 0, 0, 9, UDP_8 };

/* Tunnels.  The outer IPv4 addresses are 203.0.113.1 > 203.0.113.2, the outer IPv6 ones
 * those above.  A named length counts from the octet after it. */
#define OUTER4(octets, protocol) 0x45, 0, 0, octets, 0, 0, 0, 0, 64, protocol, 0, 0, 203, 0, 113, 1, 203, 0, 113, 2
#define ETH4 ETHERNET, 0x08, 0x00
#define IN4 IPV4(36, 17), UDP_8 /* 36 octets */
#define IN6 IPV6(16, 17), UDP_8 /* 56 octets */
#define LABEL(last) 0x00, 0x06, 0x40 | (last), 64
static const uint8_t PPPOE4[] = { ETHERNET, 0x88, 0x64, 0x11, 0, 0, 5, 0, 38, 0x00, 0x21, IN4, 0, 0 };
static const uint8_t PPPOE6[] = { ETHERNET, 0x88, 0x64, 0x11, 0, 0, 5, 0, 58, 0x00, 0x57, IN6 };
static const uint8_t PPPOE_SHORT[] = { ETHERNET, 0x88, 0x64, 0x11, 0, 0, 5, 0, 37, 0x21, IN4 };
static const uint8_t QINQ_PPPOE[] = { ETHERNET, 0x88, 0xa8, 0, 7, 0x81, 0, 0, 5, 0x88, 0x64, 0x11, 0, 0, 5, 0, 38, 0x00, 0x21, IN4 };
static const uint8_t PPPOE_MPLS[] = { ETHERNET, 0x88, 0x64, 0x11, 0, 0, 5, 0, 42, 0x02, 0x81, LABEL(1), IN4 };
static const uint8_t MPLS4[] = { ETHERNET, 0x88, 0x47, LABEL(0), LABEL(0), LABEL(1), IN4 };
static const uint8_t MPLS6[] = { ETHERNET, 0x88, 0x48, LABEL(1), IN6 };
static const uint8_t MPLS_CONTROL_WORD[] = { ETHERNET, 0x88, 0x47, LABEL(1), 0, 0, 0, 9, ETH4, IN4 };
static const uint8_t MPLS_ETHERNET[] = { ETHERNET, 0x88, 0x47, LABEL(1), ETH4, IN4 };
static const uint8_t MPLS_ENDLESS[] = { ETHERNET, 0x88, 0x47, LABEL(0), LABEL(0), LABEL(0), LABEL(0), LABEL(0), LABEL(0),
	LABEL(0), LABEL(0), LABEL(0), LABEL(0), LABEL(0), LABEL(0), LABEL(0), LABEL(0), LABEL(0), LABEL(0), LABEL(1), IN4 };
static const uint8_t GRE4[] = { ETH4, OUTER4(60, 47), 0, 0, 0x08, 0, IN4 };
static const uint8_t GRE6_ALL[] = { ETHERNET, 0x86, 0xdd, IPV6(72, 47), 0xb0, 0, 0x86, 0xdd, 0xaa, 0xaa, 0, 0, 0, 0, 0, 7, 0, 0, 0, 1, IN6 };
static const uint8_t GRE_ETHERNET[] = { ETH4, OUTER4(78, 47), 0x20, 0, 0x65, 0x58, 0, 0, 0, 7, ETH4, IN4 };
static const uint8_t GRE_MPLS[] = { ETH4, OUTER4(64, 47), 0, 0, 0x88, 0x47, LABEL(1), IN4 };
static const uint8_t GRE_PPTP[] = { ETH4, OUTER4(76, 47), 0x30, 0x81, 0x88, 0x0b, 0, 40, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0xff, 0x03, 0, 0x21, IN4 };
static const uint8_t IPIP[] = { ETH4, OUTER4(56, 4), IN4 };
static const uint8_t SIX_IN_FOUR[] = { ETH4, OUTER4(76, 41), IN6 };
static const uint8_t FOUR_IN_SIX[] = { IPV6(36, 4), IN4 };
static const uint8_t SIX_IN_SIX[] = { IPV6(64, 60), 41, 0, 1, 4, 0, 0, 0, 0, IN6 };
static const uint8_t ETHERIP[] = { ETH4, OUTER4(72, 97), 0x30, 0, ETH4, IN4 };
static const uint8_t SRV6_ETHERNET[] = { IPV6(50, 143), ETH4, IN4 };
static const uint8_t MPLS_IN_IP[] = { ETH4, OUTER4(60, 137), LABEL(1), IN4 };
static const uint8_t VXLAN[] = { ETH4, OUTER4(86, 17), 0xc3, 0x50, 0x12, 0xb5, 0, 66, 0, 0, 8, 0, 0, 0, 0, 0, 72, 0, ETH4, IN4 };
static const uint8_t VXLAN_6[] = { ETHERNET, 0x86, 0xdd, IPV6(90, 17), 0xc3, 0x50, 0x21, 0x18, 0, 90, 0, 0, 0x88, 0, 0, 9, 0, 0, 72, 0,
	ETHERNET, 0x81, 0, 0, 3, 0x86, 0xdd, IN6 };
static const uint8_t GENEVE[] = { ETH4, OUTER4(94, 17), 0xc3, 0x50, 0x17, 0xc1, 0, 74, 0, 0, 2, 0, 0x65, 0x58, 0, 0, 72, 0,
	1, 2, 3, 1, 0, 0, 0, 0, ETH4, IN4 };
static const uint8_t GENEVE_IP[] = { ETH4, OUTER4(72, 17), 0xc3, 0x50, 0x17, 0xc1, 0, 52, 0, 0, 0, 0, 0x08, 0x00, 0, 0, 72, 0, IN4 };
static const uint8_t NESTED[] = { ETHERNET, 0x88, 0x47, LABEL(1), OUTER4(110, 47), 0, 0, 0x08, 0, OUTER4(86, 17), 0xc3, 0x50, 0x12, 0xb5, 0, 66, 0, 0,
	8, 0, 0, 0, 0, 0, 72, 0, ETH4, IN4 };
static const uint8_t AH4[] = { OUTER4(80, 51), 4, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, IN4 };
/* An NTP answer of version 3 to a client with the port of a tunnel. */
static const uint8_t NTP_TO_VXLAN[] = { OUTER4(36, 17), 0, 123, 0x12, 0xb5, 0, 16, 0, 0, 0x1c, 2, 3, 0xec, 0, 0, 1, 0 };
static const uint8_t SNAP[] = { ETHERNET, 0, 44, 0xaa, 0xaa, 3, 0, 0, 0, 0x08, 0x00, IN4 };
static const uint8_t PPP4[] = { 0xff, 3, 0, 0x21, IN4 };
static const uint8_t PPP_SHORT[] = { 0x21, IN4 };
static const uint8_t HDLC[] = { 0x0f, 0, 0x08, 0, IN4 };
static const uint8_t SESSION[] = { 0x11, 0, 0, 5, 0, 38, 0, 0x21, IN4 };
static const uint8_t NFLOG_LE[] = { 2, 0, 0, 7, 8, 0, 1, 0, 0, 0, 0, 0, 5, 0, 10, 0, 'x', 0, 0, 0, 40, 0, 9, 0, IN4 };
static const uint8_t NFLOG_BE[] = { 2, 0, 0, 7, 0, 8, 0, 1, 0, 0, 0, 0, 0, 40, 0, 9, IN4 };

static const uint8_t ETH_ONLY[] = { ETHERNET, 0x08, 0x00 };

#define OF(frame) (frame), sizeof(frame)

struct row {
	const char *name;
	enum frame_link link;
	const uint8_t *octets;
	size_t len;
	size_t keep; /* octets captured; 0: all */
	struct { size_t at; uint8_t with; } changes[CHANGES]; /* {0, 0} ends */
	enum frame_verdict want;
	size_t want_captured, want_wire; /* of the payload */
	const char *want_tunnels; /* "GRE > VXLAN"; NULL: none */
};

static const struct row rows[] = {
	{ "Ethernet, IPv4, UDP", FRAME_LINK_ETHERNET, OF(ETH_UDP4), 0, { { 0, 0 } }, FRAME_OK, 8, 8, NULL },
	{ "Ethernet, IPv4, TCP", FRAME_LINK_ETHERNET, OF(ETH_TCP4), 0, { { 0, 0 } }, FRAME_OK, 8, 8, NULL },
	{ "Ethernet, IPv6, UDP", FRAME_LINK_ETHERNET, OF(ETH_UDP6), 0, { { 0, 0 } }, FRAME_OK, 8, 8, NULL },
	{ "Ethernet, IPv6, TCP", FRAME_LINK_ETHERNET, OF(ETH_TCP6), 0, { { 0, 0 } }, FRAME_OK, 8, 8, NULL },
	{ "802.1Q", FRAME_LINK_ETHERNET, OF(ETH_VLAN), 0, { { 0, 0 } }, FRAME_OK, 8, 8, NULL },
	{ "802.1ad", FRAME_LINK_ETHERNET, OF(ETH_QINQ), 0, { { 0, 0 } }, FRAME_OK, 8, 8, NULL },
	{ "five tags", FRAME_LINK_ETHERNET, OF(ETH_TAGS), 0, { { 0, 0 } }, FRAME_OK, 8, 8, NULL },
	{ "padding is no payload", FRAME_LINK_ETHERNET, OF(ETH_PADDED), 0, { { 0, 0 } }, FRAME_OK, 8, 8, NULL },
	{ "IPv4 options", FRAME_LINK_ETHERNET, OF(ETH_OPTIONS), 0, { { 0, 0 } }, FRAME_OK, 8, 8, NULL },
	{ "Linux cooked", FRAME_LINK_COOKED, OF(COOKED), 0, { { 0, 0 } }, FRAME_OK, 8, 8, NULL },
	{ "Linux cooked, version 2", FRAME_LINK_COOKED_2, OF(COOKED_2), 0, { { 0, 0 } }, FRAME_OK, 8, 8, NULL },
	{ "raw IPv4", FRAME_LINK_RAW_IP, OF(RAW4), 0, { { 0, 0 } }, FRAME_OK, 8, 8, NULL },
	{ "raw IPv6", FRAME_LINK_RAW_IP, OF(RAW6), 0, { { 0, 0 } }, FRAME_OK, 8, 8, NULL },
	{ "raw, neither", FRAME_LINK_RAW_IP, OF(RAW4), 0, { { 0, 0x55 } }, FRAME_NOT_IP, 0, 0, NULL },
	{ "loopback, little-endian", FRAME_LINK_LOOPBACK, OF(NULL_LE), 0, { { 0, 0 } }, FRAME_OK, 8, 8, NULL },
	{ "loopback, big-endian", FRAME_LINK_LOOPBACK, OF(NULL_BE), 0, { { 0, 0 } }, FRAME_OK, 8, 8, NULL },
	{ "loopback, IPv6 of macOS", FRAME_LINK_LOOPBACK, OF(NULL_MAC), 0, { { 0, 0 } }, FRAME_OK, 8, 8, NULL },
	{ "loopback, IPv6 of FreeBSD", FRAME_LINK_LOOPBACK, OF(NULL_MAC), 0, { { 0, 28 } }, FRAME_OK, 8, 8, NULL },
	{ "loopback, another family", FRAME_LINK_LOOPBACK, OF(NULL_LE), 0, { { 0, 7 } }, FRAME_NOT_IP, 0, 0, NULL },
	{ "ARP", FRAME_LINK_ETHERNET, OF(ETH_UDP4), 0, { { 13, 6 } }, FRAME_NOT_IP, 0, 0, NULL },
	{ "IEEE 802.3 length", FRAME_LINK_ETHERNET, OF(ETH_UDP4), 0, { { 12, 0 }, { 13, 36 } }, FRAME_NOT_IP, 0, 0, NULL },
	{ "ICMP", FRAME_LINK_ETHERNET, OF(ETH_UDP4), 0, { { 23, 1 } }, FRAME_OTHER_PROTOCOL, 0, 0, NULL },
	{ "ICMPv6", FRAME_LINK_ETHERNET, OF(ETH_UDP6), 0, { { 20, 58 } }, FRAME_OTHER_PROTOCOL, 0, 0, NULL },
	{ "IPv6 without a next header", FRAME_LINK_ETHERNET, OF(ETH_UDP6), 0, { { 20, 59 } }, FRAME_OTHER_PROTOCOL, 0, 0, NULL },
	{ "unknown link", FRAME_LINK_COUNT, OF(ETH_UDP4), 0, { { 0, 0 } }, FRAME_NOT_IP, 0, 0, NULL },
	/* fragments */
	{ "first fragment", FRAME_LINK_ETHERNET, OF(ETH_UDP4), 0, { { 20, 0x20 } }, FRAME_FRAGMENT, 0, 0, NULL },
	{ "last fragment", FRAME_LINK_ETHERNET, OF(ETH_UDP4), 0, { { 21, 1 } }, FRAME_FRAGMENT, 0, 0, NULL },
	{ "IPv6 first fragment", FRAME_LINK_RAW_IP, OF(FRAG6), 0, { { 43, 1 } }, FRAME_FRAGMENT, 0, 0, NULL },
	{ "IPv6 later fragment", FRAME_LINK_RAW_IP, OF(FRAG6), 0, { { 43, 8 } }, FRAME_FRAGMENT, 0, 0, NULL },
	{ "IPv6 the only fragment", FRAME_LINK_RAW_IP, OF(FRAG6), 0, { { 0, 0 } }, FRAME_OK, 8, 8, NULL },
	/* extension headers */
	{ "IPv6 hop-by-hop, routing, options", FRAME_LINK_RAW_IP, OF(EXT6), 0, { { 0, 0 } }, FRAME_OK, 8, 8, NULL },
	{ "IPv6 authentication header", FRAME_LINK_RAW_IP, OF(AH6), 0, { { 0, 0 } }, FRAME_OK, 8, 8, NULL },
	{ "IPv6 extension past the end", FRAME_LINK_RAW_IP, OF(EXT6), 0, { { 41, 200 } }, FRAME_MALFORMED, 0, 0, NULL },
	{ "IPv6 extension cut", FRAME_LINK_RAW_IP, OF(EXT6), 50, { { 0, 0 } }, FRAME_CUT, 0, 0, NULL },
	/* wrong lengths */
	{ "IPv4 of version 5", FRAME_LINK_ETHERNET, OF(ETH_UDP4), 0, { { 14, 0x55 } }, FRAME_MALFORMED, 0, 0, NULL },
	{ "IPv6 of version 4", FRAME_LINK_ETHERNET, OF(ETH_UDP6), 0, { { 14, 0x40 } }, FRAME_MALFORMED, 0, 0, NULL },
	{ "IPv4 header of 16", FRAME_LINK_ETHERNET, OF(ETH_UDP4), 0, { { 14, 0x44 } }, FRAME_MALFORMED, 0, 0, NULL },
	{ "IPv4 header beyond the packet", FRAME_LINK_ETHERNET, OF(ETH_UDP4), 0, { { 14, 0x4f } }, FRAME_MALFORMED, 0, 0, NULL },
	{ "IPv4 beyond the frame", FRAME_LINK_ETHERNET, OF(ETH_UDP4), 0, { { 17, 37 } }, FRAME_MALFORMED, 0, 0, NULL },
	{ "IPv4 of 65535", FRAME_LINK_ETHERNET, OF(ETH_UDP4), 0, { { 16, 255 }, { 17, 255 } }, FRAME_MALFORMED, 0, 0, NULL },
	{ "IPv4 of 0: offloaded", FRAME_LINK_ETHERNET, OF(ETH_UDP4), 0, { { 17, 0 } }, FRAME_OK, 8, 8, NULL },
	{ "IPv4 ends in its header", FRAME_LINK_ETHERNET, OF(ETH_UDP4), 0, { { 17, 19 } }, FRAME_MALFORMED, 0, 0, NULL },
	{ "IPv4 ends in the UDP header", FRAME_LINK_ETHERNET, OF(ETH_UDP4), 0, { { 17, 27 } }, FRAME_MALFORMED, 0, 0, NULL },
	{ "IPv6 beyond the frame", FRAME_LINK_ETHERNET, OF(ETH_UDP6), 0, { { 19, 17 } }, FRAME_MALFORMED, 0, 0, NULL },
	{ "IPv6 of 0: jumbogram", FRAME_LINK_ETHERNET, OF(ETH_UDP6), 0, { { 19, 0 } }, FRAME_OK, 8, 8, NULL },
	{ "UDP of 7", FRAME_LINK_ETHERNET, OF(ETH_UDP4), 0, { { 39, 7 } }, FRAME_MALFORMED, 0, 0, NULL },
	{ "UDP of 8: nothing in it", FRAME_LINK_ETHERNET, OF(ETH_UDP4), 0, { { 39, 8 } }, FRAME_OK, 0, 0, NULL },
	{ "UDP shorter than IP", FRAME_LINK_ETHERNET, OF(ETH_UDP4), 0, { { 39, 12 } }, FRAME_OK, 4, 4, NULL },
	{ "UDP longer than IP", FRAME_LINK_ETHERNET, OF(ETH_UDP4), 0, { { 39, 17 } }, FRAME_MALFORMED, 0, 0, NULL },
	{ "TCP header of 16", FRAME_LINK_ETHERNET, OF(ETH_TCP4), 0, { { 46, 0x40 } }, FRAME_MALFORMED, 0, 0, NULL },
	{ "TCP header of 24", FRAME_LINK_ETHERNET, OF(ETH_TCP4), 0, { { 46, 0x60 } }, FRAME_OK, 4, 4, NULL },
	{ "TCP header beyond the packet", FRAME_LINK_ETHERNET, OF(ETH_TCP4), 0, { { 46, 0xf0 } }, FRAME_MALFORMED, 0, 0, NULL },
	/* cut by the capture */
	{ "nothing behind Ethernet", FRAME_LINK_ETHERNET, OF(ETH_ONLY), 0, { { 0, 0 } }, FRAME_MALFORMED, 0, 0, NULL },
	{ "the last octet is cut", FRAME_LINK_ETHERNET, OF(ETH_ONLY), 13, { { 0, 0 } }, FRAME_CUT, 0, 0, NULL },
	{ "cut in the Ethernet header", FRAME_LINK_ETHERNET, OF(ETH_UDP4), 13, { { 0, 0 } }, FRAME_CUT, 0, 0, NULL },
	{ "cut in the IPv4 header", FRAME_LINK_ETHERNET, OF(ETH_UDP4), 33, { { 0, 0 } }, FRAME_CUT, 0, 0, NULL },
	{ "cut in the UDP header", FRAME_LINK_ETHERNET, OF(ETH_UDP4), 41, { { 0, 0 } }, FRAME_CUT, 0, 0, NULL },
	{ "cut after the UDP header", FRAME_LINK_ETHERNET, OF(ETH_UDP4), 42, { { 0, 0 } }, FRAME_OK, 0, 8, NULL },
	{ "cut in the payload", FRAME_LINK_ETHERNET, OF(ETH_UDP4), 45, { { 0, 0 } }, FRAME_OK, 3, 8, NULL },
	{ "cut in the TCP header", FRAME_LINK_ETHERNET, OF(ETH_TCP4), 53, { { 0, 0 } }, FRAME_CUT, 0, 0, NULL },
	{ "cut in a tag", FRAME_LINK_ETHERNET, OF(ETH_VLAN), 17, { { 0, 0 } }, FRAME_CUT, 0, 0, NULL },
	{ "cut in the cooked header", FRAME_LINK_COOKED, OF(COOKED), 15, { { 0, 0 } }, FRAME_CUT, 0, 0, NULL },
	{ "cut in the IPv6 header", FRAME_LINK_RAW_IP, OF(RAW6), 39, { { 0, 0 } }, FRAME_CUT, 0, 0, NULL },
	{ "cut in the family", FRAME_LINK_LOOPBACK, OF(NULL_LE), 3, { { 0, 0 } }, FRAME_CUT, 0, 0, NULL },
	/* tunnels: PPPoE and PPP */
	{ "PPPoE", FRAME_LINK_ETHERNET, OF(PPPOE4), 0, { { 0, 0 } }, FRAME_OK, 8, 8, "PPPoE" },
	{ "PPPoE, IPv6", FRAME_LINK_ETHERNET, OF(PPPOE6), 0, { { 0, 0 } }, FRAME_OK, 8, 8, "PPPoE" },
	{ "PPPoE, protocol compressed", FRAME_LINK_ETHERNET, OF(PPPOE_SHORT), 0, { { 0, 0 } }, FRAME_OK, 8, 8, "PPPoE" },
	{ "PPPoE behind two tags", FRAME_LINK_ETHERNET, OF(QINQ_PPPOE), 0, { { 0, 0 } }, FRAME_OK, 8, 8, "PPPoE" },
	{ "PPPoE, MPLS", FRAME_LINK_ETHERNET, OF(PPPOE_MPLS), 0, { { 0, 0 } }, FRAME_OK, 8, 8, "PPPoE > MPLS" },
	{ "PPPoE discovery", FRAME_LINK_ETHERNET, OF(PPPOE4), 0, { { 13, 0x63 } }, FRAME_NOT_IP, 0, 0, NULL },
	{ "PPPoE of version 2", FRAME_LINK_ETHERNET, OF(PPPOE4), 0, { { 14, 0x21 } }, FRAME_MALFORMED, 0, 0, NULL },
	{ "PPPoE beyond the frame", FRAME_LINK_ETHERNET, OF(PPPOE4), 0, { { 19, 41 } }, FRAME_MALFORMED, 0, 0, NULL },
	{ "PPPoE shorter than IP", FRAME_LINK_ETHERNET, OF(PPPOE4), 0, { { 19, 37 } }, FRAME_MALFORMED, 0, 0, "PPPoE" },
	{ "PPPoE, LCP", FRAME_LINK_ETHERNET, OF(PPPOE4), 0, { { 20, 0xc0 } }, FRAME_NOT_IP_IN_PPP, 0, 0, "PPPoE" },
	{ "PPP", FRAME_LINK_PPP, OF(PPP4), 0, { { 0, 0 } }, FRAME_OK, 8, 8, NULL },
	{ "PPP, all compressed", FRAME_LINK_PPP, OF(PPP_SHORT), 0, { { 0, 0 } }, FRAME_OK, 8, 8, NULL },
	{ "Cisco HDLC", FRAME_LINK_PPP, OF(HDLC), 0, { { 0, 0 } }, FRAME_OK, 8, 8, NULL },
	{ "PPPoE session as a link", FRAME_LINK_PPPOE, OF(SESSION), 0, { { 0, 0 } }, FRAME_OK, 8, 8, "PPPoE" },
	{ "NFLOG", FRAME_LINK_NFLOG, OF(NFLOG_LE), 0, { { 0, 0 } }, FRAME_OK, 8, 8, NULL },
	{ "NFLOG of a big-endian machine", FRAME_LINK_NFLOG, OF(NFLOG_BE), 0, { { 0, 0 } }, FRAME_OK, 8, 8, NULL },
	{ "NFLOG, attribute beyond the frame", FRAME_LINK_NFLOG, OF(NFLOG_LE), 0, { { 5, 1 } }, FRAME_MALFORMED, 0, 0, NULL },
	{ "NFLOG, attribute of 3", FRAME_LINK_NFLOG, OF(NFLOG_LE), 0, { { 4, 3 } }, FRAME_MALFORMED, 0, 0, NULL },
	{ "NFLOG without a packet", FRAME_LINK_NFLOG, OF(NFLOG_LE), 0, { { 22, 8 } }, FRAME_NOT_IP, 0, 0, NULL },
	{ "SNAP", FRAME_LINK_ETHERNET, OF(SNAP), 0, { { 0, 0 } }, FRAME_OK, 8, 8, NULL },
	/* MPLS */
	{ "MPLS, three labels", FRAME_LINK_ETHERNET, OF(MPLS4), 0, { { 0, 0 } }, FRAME_OK, 8, 8, "MPLS" },
	{ "MPLS, IPv6", FRAME_LINK_ETHERNET, OF(MPLS6), 0, { { 0, 0 } }, FRAME_OK, 8, 8, "MPLS" },
	{ "MPLS, pseudowire", FRAME_LINK_ETHERNET, OF(MPLS_CONTROL_WORD), 0, { { 0, 0 } }, FRAME_OK, 8, 8, "MPLS" },
	{ "MPLS, pseudowire without control word", FRAME_LINK_ETHERNET, OF(MPLS_ETHERNET), 0, { { 0, 0 } }, FRAME_OK, 8, 8, "MPLS" },
	{ "MPLS, something else", FRAME_LINK_ETHERNET, OF(MPLS6), 0, { { 18, 0x10 } }, FRAME_OTHER_MPLS, 0, 0, "MPLS" },
	{ "MPLS, labels without end", FRAME_LINK_ETHERNET, OF(MPLS_ENDLESS), 0, { { 0, 0 } }, FRAME_TOO_DEEP, 0, 0, "MPLS" },
	{ "MPLS, no last label", FRAME_LINK_ETHERNET, OF(ETH_ONLY), 0, { { 12, 0x88 }, { 13, 0x47 } }, FRAME_MALFORMED, 0, 0, "MPLS" },
	{ "MPLS in IP", FRAME_LINK_ETHERNET, OF(MPLS_IN_IP), 0, { { 0, 0 } }, FRAME_OK, 8, 8, "MPLS" },
	/* GRE */
	{ "GRE", FRAME_LINK_ETHERNET, OF(GRE4), 0, { { 0, 0 } }, FRAME_OK, 8, 8, "GRE" },
	{ "GRE with checksum, key and sequence, IPv6", FRAME_LINK_ETHERNET, OF(GRE6_ALL), 0, { { 0, 0 } }, FRAME_OK, 8, 8, "GRE" },
	{ "GRE, Ethernet", FRAME_LINK_ETHERNET, OF(GRE_ETHERNET), 0, { { 0, 0 } }, FRAME_OK, 8, 8, "GRE" },
	{ "GRE, MPLS", FRAME_LINK_ETHERNET, OF(GRE_MPLS), 0, { { 0, 0 } }, FRAME_OK, 8, 8, "GRE > MPLS" },
	{ "GRE of PPTP", FRAME_LINK_ETHERNET, OF(GRE_PPTP), 0, { { 0, 0 } }, FRAME_OK, 8, 8, "GRE" },
	{ "GRE of PPTP, an acknowledgement alone", FRAME_LINK_ETHERNET, OF(GRE_PPTP), 0, { { 34, 0x20 } }, FRAME_OTHER_GRE, 0, 0, NULL },
	{ "GRE with a source route", FRAME_LINK_ETHERNET, OF(GRE4), 0, { { 34, 0x40 } }, FRAME_OTHER_GRE, 0, 0, NULL },
	{ "GRE of version 2", FRAME_LINK_ETHERNET, OF(GRE4), 0, { { 35, 2 } }, FRAME_OTHER_GRE, 0, 0, NULL },
	{ "GRE, ERSPAN", FRAME_LINK_ETHERNET, OF(GRE4), 0, { { 36, 0x88 }, { 37, 0xbe } }, FRAME_NOT_IP, 0, 0, "GRE" },
	{ "GRE with a key beyond the packet", FRAME_LINK_ETHERNET, OF(GRE4), 0, { { 17, 26 }, { 34, 0x20 } }, FRAME_MALFORMED, 0, 0, NULL },
	/* IP in IP */
	{ "IPv4 in IPv4", FRAME_LINK_ETHERNET, OF(IPIP), 0, { { 0, 0 } }, FRAME_OK, 8, 8, "IP-in-IP" },
	{ "IPv6 in IPv4", FRAME_LINK_ETHERNET, OF(SIX_IN_FOUR), 0, { { 0, 0 } }, FRAME_OK, 8, 8, "IP-in-IP" },
	{ "IPv4 in IPv6", FRAME_LINK_RAW_IP, OF(FOUR_IN_SIX), 0, { { 0, 0 } }, FRAME_OK, 8, 8, "IP-in-IP" },
	{ "IPv6 in IPv6, behind options", FRAME_LINK_RAW_IP, OF(SIX_IN_SIX), 0, { { 0, 0 } }, FRAME_OK, 8, 8, "IP-in-IP" },
	{ "IPv4 in IPv4 with an authentication header", FRAME_LINK_RAW_IP, OF(AH4), 0, { { 0, 0 } }, FRAME_OK, 8, 8, "IP-in-IP" },
	{ "EtherIP", FRAME_LINK_ETHERNET, OF(ETHERIP), 0, { { 0, 0 } }, FRAME_OK, 8, 8, "EtherIP" },
	{ "EtherIP of another version", FRAME_LINK_ETHERNET, OF(ETHERIP), 0, { { 34, 0x20 } }, FRAME_MALFORMED, 0, 0, NULL },
	{ "Ethernet in IPv6", FRAME_LINK_RAW_IP, OF(SRV6_ETHERNET), 0, { { 0, 0 } }, FRAME_OK, 8, 8, "IP-in-IP" },
	{ "ESP", FRAME_LINK_ETHERNET, OF(IPIP), 0, { { 23, 50 } }, FRAME_OTHER_PROTOCOL, 0, 0, NULL },
	{ "a fragment of a tunnel", FRAME_LINK_ETHERNET, OF(IPIP), 0, { { 20, 0x20 } }, FRAME_FRAGMENT, 0, 0, NULL },
	{ "a fragment inside", FRAME_LINK_ETHERNET, OF(IPIP), 0, { { 40, 0x20 } }, FRAME_FRAGMENT, 0, 0, "IP-in-IP" },
	{ "the inner packet ends behind the outer", FRAME_LINK_ETHERNET, OF(IPIP), 0, { { 17, 55 } }, FRAME_MALFORMED, 0, 0, "IP-in-IP" },
	/* over UDP */
	{ "VXLAN", FRAME_LINK_ETHERNET, OF(VXLAN), 0, { { 0, 0 } }, FRAME_OK, 8, 8, "VXLAN" },
	{ "VXLAN on Linux' port, with a policy and a tag", FRAME_LINK_ETHERNET, OF(VXLAN_6), 0, { { 0, 0 } }, FRAME_OK, 8, 8, "VXLAN" },
	{ "VXLAN, ARP", FRAME_LINK_ETHERNET, OF(VXLAN), 0, { { 63, 6 } }, FRAME_NOT_IP, 0, 0, "VXLAN" },
	{ "Geneve with options", FRAME_LINK_ETHERNET, OF(GENEVE), 0, { { 0, 0 } }, FRAME_OK, 8, 8, "Geneve" },
	{ "Geneve, IP", FRAME_LINK_ETHERNET, OF(GENEVE_IP), 0, { { 0, 0 } }, FRAME_OK, 8, 8, "Geneve" },
	{ "Geneve, options beyond the packet", FRAME_LINK_ETHERNET, OF(GENEVE_IP), 0, { { 42, 0x3f } }, FRAME_MALFORMED, 0, 0, NULL },
	{ "MPLS, GRE, VXLAN", FRAME_LINK_ETHERNET, OF(NESTED), 0, { { 0, 0 } }, FRAME_OK, 8, 8, "MPLS > GRE > VXLAN" },
	/* cut */
	{ "PPPoE cut", FRAME_LINK_ETHERNET, OF(PPPOE4), 19, { { 0, 0 } }, FRAME_CUT, 0, 0, NULL },
	{ "PPP cut", FRAME_LINK_ETHERNET, OF(PPPOE4), 21, { { 0, 0 } }, FRAME_CUT, 0, 0, "PPPoE" },
	{ "labels cut", FRAME_LINK_ETHERNET, OF(MPLS4), 20, { { 0, 0 } }, FRAME_CUT, 0, 0, "MPLS" },
	{ "GRE cut", FRAME_LINK_ETHERNET, OF(GRE_ETHERNET), 40, { { 0, 0 } }, FRAME_CUT, 0, 0, NULL },
	{ "Geneve options cut", FRAME_LINK_ETHERNET, OF(GENEVE), 53, { { 0, 0 } }, FRAME_CUT, 0, 0, NULL },
	{ "an inner header cut", FRAME_LINK_ETHERNET, OF(VXLAN), 80, { { 0, 0 } }, FRAME_CUT, 0, 0, "VXLAN" },
};
/* clang-format on */

/* In a block of exactly its size, so that the sanitizer sees a read beyond it. */
static uint8_t *lay_out(const struct row *row, size_t *ret_captured)
{
	uint8_t whole[FRAME_SIZE];
	uint8_t *octets;
	size_t captured = row->keep ? row->keep : row->len;

	assert_true(row->len <= sizeof(whole));
	memcpy(whole, row->octets, row->len);
	for (size_t i = 0; i < CHANGES; i++) {
		if (row->changes[i].at != 0 || row->changes[i].with != 0) {
			whole[row->changes[i].at] = row->changes[i].with;
		}
	}
	octets = malloc(captured);
	assert_non_null(octets);
	memcpy(octets, whole, captured);
	*ret_captured = captured;
	return octets;
}

/* The addresses are those of the packet that carries the payload. */
static void assert_innermost(const struct frame *frame)
{
	char text[ADDRESS_TEXT_SIZE];

	address_format(&frame->source, text);
	assert_string_equal(text, frame->source.family == ADDRESS_IPV4 ? "192.0.2.1"
	                                                               : "2001:db8::1");
}

/* A port alone is no tunnel: the header is needed as well. */
static void a_client_may_have_the_port_of_a_tunnel(void **state)
{
	static const uint16_t ports[] = { 4789, 8472, 6081, 4790 };
	uint8_t octets[sizeof(NTP_TO_VXLAN)];
	struct frame frame;

	(void)state;
	memcpy(octets, NTP_TO_VXLAN, sizeof(octets));
	for (size_t i = 0; i < COUNT_OF(ports); i++) {
		octets[22] = (uint8_t)(ports[i] >> 8);
		octets[23] = (uint8_t)ports[i];
		for (unsigned first = 0; first < 512; first++) {
			if ((first & 7) == 0) {
				continue; /* not an NTP answer */
			}
			octets[28] = (uint8_t)first;
			/* ... and with only zeros after it. */
			memset(octets + 29, 0, first < 256 ? 0 : 7);
			assert_int_equal(frame_parse(FRAME_LINK_RAW_IP, octets,
			                             sizeof(octets), sizeof(octets),
			                             &frame),
			                 FRAME_OK);
			assert_int_equal(frame.tunnel_count, 0);
			assert_int_equal(frame.payload_octets, 8);
		}
	}
}

/* `count` IPv4 headers, each inside the one before. */
static enum frame_verdict parse_nest(size_t count)
{
	const uint8_t outer[] = { OUTER4(0, 4) };
	const uint8_t inner[] = { IN4 };
	uint8_t octets[20 * 20 + sizeof(inner)];
	size_t len = 20 * count + sizeof(inner);
	struct frame frame;

	assert_true(len <= sizeof(octets));
	for (size_t i = 0; i < count; i++) {
		memcpy(octets + 20 * i, outer, sizeof(outer));
		octets[20 * i + 2] = (uint8_t)((len - 20 * i) >> 8);
		octets[20 * i + 3] = (uint8_t)(len - 20 * i);
	}
	memcpy(octets + 20 * count, inner, sizeof(inner));
	return frame_parse(FRAME_LINK_RAW_IP, octets, len, len, &frame);
}

static void nesting_ends(void **state)
{
	(void)state;
	assert_int_equal(parse_nest(1), FRAME_OK);
	assert_int_equal(parse_nest(FRAME_TUNNELS_MAX), FRAME_OK);
	assert_int_equal(parse_nest(FRAME_TUNNELS_MAX + 1), FRAME_TOO_DEEP);
	assert_int_equal(parse_nest(20), FRAME_TOO_DEEP);
}

static const struct {
	enum frame_verdict verdict;
	uint16_t code;
	const char *want;
} unread[] = {
	{ FRAME_NOT_IP, 0x0806, "ARP (EtherType 0x0806)" },
	{ FRAME_NOT_IP, 0x88e5, "MACsec, encrypted (EtherType 0x88e5)" },
	{ FRAME_NOT_IP, 0x1234, "EtherType 0x1234" },
	{ FRAME_NOT_IP, 38, "IEEE 802.3 without SNAP" },
	{ FRAME_NOT_IP, 0, "not IP" },
	{ FRAME_NOT_IP_IN_PPP, 0xc021, "LCP (PPP protocol 0xc021)" },
	{ FRAME_NOT_IP_IN_PPP, 0x4321, "PPP protocol 0x4321" },
	{ FRAME_OTHER_PROTOCOL, 50, "ESP, encrypted (IP protocol 50)" },
	{ FRAME_OTHER_PROTOCOL, 253, "IP protocol 253" },
	{ FRAME_OTHER_GRE, 0, "GRE with a source route" },
	{ FRAME_OTHER_GRE, 1, "GRE of PPTP without a packet" },
	{ FRAME_OTHER_GRE, 5, "GRE version 5" },
	{ FRAME_OTHER_MPLS, 1, "MPLS with neither IP nor Ethernet inside" },
	{ FRAME_FRAGMENT, 0, "IP fragment: fragments are not reassembled" },
	{ FRAME_TOO_DEEP, 0, "nested too deep" },
	{ FRAME_CUT, 0, "cut short by the capture" },
	{ FRAME_MALFORMED, 0, "malformed: its lengths contradict each other" },
};

static void what_is_unread_has_a_name(void **state)
{
	char name[FRAME_NAME_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(unread); i++) {
		frame_unread_format(unread[i].verdict, unread[i].code, name);
		assert_string_equal(name, unread[i].want);
	}
	for (int verdict = 0; verdict <= FRAME_VERDICT_COUNT; verdict++) {
		for (unsigned code = 0; code <= UINT16_MAX; code++) {
			frame_unread_format((enum frame_verdict)verdict, (uint16_t)code,
			                    name);
			assert_true(name[0] != '\0' && strlen(name) < FRAME_NAME_SIZE - 1);
		}
	}
	assert_string_equal(frame_unread_udp(51820), "WireGuard, encrypted");
	assert_null(frame_unread_udp(123));
	assert_string_equal(frame_tunnel_name(FRAME_TUNNEL_COUNT), "unknown");
}

static void parse_row(void **state)
{
	const struct row *row = *state;
	size_t captured;
	uint8_t *octets = lay_out(row, &captured);
	struct frame frame;

	char tunnels[100] = "";

	assert_int_equal(frame_parse(row->link, octets, captured, row->len, &frame),
	                 row->want);
	for (size_t i = 0; i < frame.tunnel_count; i++) {
		snprintf(tunnels + strlen(tunnels), sizeof(tunnels) - strlen(tunnels),
		         "%s%s", i > 0 ? " > " : "", frame_tunnel_name(frame.tunnels[i]));
	}
	assert_string_equal(tunnels, row->want_tunnels ? row->want_tunnels : "");
	if (row->want == FRAME_OK) {
		assert_innermost(&frame);
		assert_int_equal(frame.payload_octets, row->want_captured);
		assert_int_equal(frame.wire_octets, row->want_wire);
		assert_int_equal(frame.source.port, 40001);
		assert_int_equal(frame.destination.port, 9191);
		assert_true(frame.payload >= octets &&
		            frame.payload + frame.payload_octets <= octets + captured);
		if (frame.payload_octets == 8) {
			assert_memory_equal(frame.payload, "reqtime\n", 8);
		}
	} else {
		assert_null(frame.payload);
		assert_int_equal(frame.payload_octets, 0);
	}
	free(octets);
}

static void addresses_are_read(void **state)
{
	char text[ADDRESS_TEXT_SIZE];
	struct frame frame;

	(void)state;
	assert_int_equal(frame_parse(FRAME_LINK_ETHERNET, ETH_UDP4, sizeof(ETH_UDP4),
	                             sizeof(ETH_UDP4), &frame),
	                 FRAME_OK);
	assert_false(frame.is_tcp);
	address_format(&frame.source, text);
	assert_string_equal(text, "192.0.2.1");
	address_format(&frame.destination, text);
	assert_string_equal(text, "198.51.100.7");
	assert_int_equal(frame_parse(FRAME_LINK_ETHERNET, ETH_TCP6, sizeof(ETH_TCP6),
	                             sizeof(ETH_TCP6), &frame),
	                 FRAME_OK);
	address_format(&frame.source, text);
	assert_string_equal(text, "2001:db8::1");
	address_format(&frame.destination, text);
	assert_string_equal(text, "2001:db8::2");
	assert_true(frame.is_tcp);
	assert_true(frame.tcp_sequence == 0x01020304);
	assert_int_equal(frame.tcp_flags, FRAME_TCP_PSH | FRAME_TCP_ACK);
}

/* The capture holds more octets than the frame length it claims: use the octets. */
static void wire_below_captured(void **state)
{
	struct frame frame;

	(void)state;
	assert_int_equal(frame_parse(FRAME_LINK_RAW_IP, RAW4, sizeof(RAW4), 0, &frame),
	                 FRAME_OK);
	assert_int_equal(frame.payload_octets, 8);
}

/* Every frame here, cut at every length: no read beyond it, and never accepted as
 * complete. */
static void every_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		for (size_t len = 0; len < rows[i].len; len++) {
			uint8_t *octets = malloc(len + 1);
			struct frame frame;
			enum frame_verdict verdict;

			assert_non_null(octets);
			memcpy(octets, rows[i].octets, len);
			verdict =
				frame_parse(rows[i].link, octets, len, rows[i].len, &frame);
			/* A fault of the whole frame may show only at its end. */
			assert_true(verdict != FRAME_MALFORMED ||
			            rows[i].want == FRAME_MALFORMED);
			if (verdict == FRAME_OK) {
				assert_true(frame.payload_octets <= frame.wire_octets);
				assert_true(frame.payload + frame.payload_octets <=
				            octets + len);
			}
			free(octets);
		}
	}
}

/* A chain of `count` empty destination options before UDP. */
static enum frame_verdict parse_chain(size_t count)
{
	const uint8_t head[] = { IPV6(0, 60) };
	const uint8_t udp[] = { UDP_8 };
	uint8_t octets[40 + 20 * 8 + 16] = { 0 };
	size_t len = 40 + 8 * count + 16;
	struct frame frame;

	assert_true(len <= sizeof(octets));
	memcpy(octets, head, sizeof(head));
	for (size_t i = 0; i < count; i++) {
		octets[40 + 8 * i] = i + 1 < count ? 60 : 17;
	}
	memcpy(octets + 40 + 8 * count, udp, sizeof(udp));
	return frame_parse(FRAME_LINK_RAW_IP, octets, len, len, &frame);
}

static void chain_of_extensions_ends(void **state)
{
	(void)state;
	assert_int_equal(parse_chain(1), FRAME_OK);
	assert_int_equal(parse_chain(8), FRAME_OK);
	assert_int_equal(parse_chain(20), FRAME_TOO_DEEP);
}

static void every_verdict_has_words(void **state)
{
	(void)state;
	for (int i = 0; i < FRAME_VERDICT_COUNT; i++) {
		assert_true(strlen(frame_verdict_text((enum frame_verdict)i)) > 0);
		for (int j = 0; j < i; j++) {
			assert_string_not_equal(frame_verdict_text((enum frame_verdict)i),
			                        frame_verdict_text((enum frame_verdict)j));
		}
	}
	assert_string_equal(frame_verdict_text(FRAME_VERDICT_COUNT), "unknown");
}

int main(void)
{
	static struct CMUnitTest tests[COUNT_OF(rows) + 8] = {
		cmocka_unit_test(addresses_are_read),
		cmocka_unit_test(wire_below_captured),
		cmocka_unit_test(every_cut),
		cmocka_unit_test(chain_of_extensions_ends),
		cmocka_unit_test(every_verdict_has_words),
		cmocka_unit_test(a_client_may_have_the_port_of_a_tunnel),
		cmocka_unit_test(nesting_ends),
		cmocka_unit_test(what_is_unread_has_a_name),
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		tests[i + 8] = (struct CMUnitTest){
			.name = rows[i].name,
			.test_func = parse_row,
			.initial_state = (void *)(uintptr_t)&rows[i],
		};
	}
	return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
