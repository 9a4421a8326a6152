/* SPDX-License-Identifier: MIT
 *
 * Frames laid out by hand from RFC 791, 8200, 768, 9293, IEEE 802.1Q and the link type
 * descriptions of tcpdump.org; then one or two octets are changed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/trace/frame.h"

enum { FRAME_ROOM = 400, CHANGES = 3 };

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

static const uint8_t ETH_ONLY[] = { ETHERNET, 0x08, 0x00 };

#define OF(frame) (frame), sizeof(frame)

struct row {
	const char *name;
	enum frame_link link;
	const uint8_t *octets;
	size_t len;
	size_t keep; /* so many were captured; 0: all */
	struct { size_t at; uint8_t with; } changes[CHANGES]; /* {0, 0} ends */
	enum frame_verdict want;
	size_t want_captured, want_wire; /* of the payload */
};

static const struct row rows[] = {
	{ "Ethernet, IPv4, UDP", FRAME_LINK_ETHERNET, OF(ETH_UDP4), 0, { { 0, 0 } }, FRAME_OK, 8, 8 },
	{ "Ethernet, IPv4, TCP", FRAME_LINK_ETHERNET, OF(ETH_TCP4), 0, { { 0, 0 } }, FRAME_OK, 8, 8 },
	{ "Ethernet, IPv6, UDP", FRAME_LINK_ETHERNET, OF(ETH_UDP6), 0, { { 0, 0 } }, FRAME_OK, 8, 8 },
	{ "Ethernet, IPv6, TCP", FRAME_LINK_ETHERNET, OF(ETH_TCP6), 0, { { 0, 0 } }, FRAME_OK, 8, 8 },
	{ "802.1Q", FRAME_LINK_ETHERNET, OF(ETH_VLAN), 0, { { 0, 0 } }, FRAME_OK, 8, 8 },
	{ "802.1ad", FRAME_LINK_ETHERNET, OF(ETH_QINQ), 0, { { 0, 0 } }, FRAME_OK, 8, 8 },
	{ "five tags", FRAME_LINK_ETHERNET, OF(ETH_TAGS), 0, { { 0, 0 } }, FRAME_NOT_IP, 0, 0 },
	{ "padding is no payload", FRAME_LINK_ETHERNET, OF(ETH_PADDED), 0, { { 0, 0 } }, FRAME_OK, 8, 8 },
	{ "IPv4 options", FRAME_LINK_ETHERNET, OF(ETH_OPTIONS), 0, { { 0, 0 } }, FRAME_OK, 8, 8 },
	{ "Linux cooked", FRAME_LINK_COOKED, OF(COOKED), 0, { { 0, 0 } }, FRAME_OK, 8, 8 },
	{ "Linux cooked, version 2", FRAME_LINK_COOKED_2, OF(COOKED_2), 0, { { 0, 0 } }, FRAME_OK, 8, 8 },
	{ "raw IPv4", FRAME_LINK_RAW_IP, OF(RAW4), 0, { { 0, 0 } }, FRAME_OK, 8, 8 },
	{ "raw IPv6", FRAME_LINK_RAW_IP, OF(RAW6), 0, { { 0, 0 } }, FRAME_OK, 8, 8 },
	{ "raw, neither", FRAME_LINK_RAW_IP, OF(RAW4), 0, { { 0, 0x55 } }, FRAME_NOT_IP, 0, 0 },
	{ "loopback, little-endian", FRAME_LINK_LOOPBACK, OF(NULL_LE), 0, { { 0, 0 } }, FRAME_OK, 8, 8 },
	{ "loopback, big-endian", FRAME_LINK_LOOPBACK, OF(NULL_BE), 0, { { 0, 0 } }, FRAME_OK, 8, 8 },
	{ "loopback, IPv6 of macOS", FRAME_LINK_LOOPBACK, OF(NULL_MAC), 0, { { 0, 0 } }, FRAME_OK, 8, 8 },
	{ "loopback, IPv6 of FreeBSD", FRAME_LINK_LOOPBACK, OF(NULL_MAC), 0, { { 0, 28 } }, FRAME_OK, 8, 8 },
	{ "loopback, another family", FRAME_LINK_LOOPBACK, OF(NULL_LE), 0, { { 0, 7 } }, FRAME_NOT_IP, 0, 0 },
	{ "ARP", FRAME_LINK_ETHERNET, OF(ETH_UDP4), 0, { { 13, 6 } }, FRAME_NOT_IP, 0, 0 },
	{ "IEEE 802.3 length", FRAME_LINK_ETHERNET, OF(ETH_UDP4), 0, { { 12, 0 }, { 13, 36 } }, FRAME_NOT_IP, 0, 0 },
	{ "ICMP", FRAME_LINK_ETHERNET, OF(ETH_UDP4), 0, { { 23, 1 } }, FRAME_OTHER_PROTOCOL, 0, 0 },
	{ "ICMPv6", FRAME_LINK_ETHERNET, OF(ETH_UDP6), 0, { { 20, 58 } }, FRAME_OTHER_PROTOCOL, 0, 0 },
	{ "IPv6 without a next header", FRAME_LINK_ETHERNET, OF(ETH_UDP6), 0, { { 20, 59 } }, FRAME_OTHER_PROTOCOL, 0, 0 },
	{ "unknown link", FRAME_LINK_COUNT, OF(ETH_UDP4), 0, { { 0, 0 } }, FRAME_NOT_IP, 0, 0 },
	/* fragments */
	{ "first fragment", FRAME_LINK_ETHERNET, OF(ETH_UDP4), 0, { { 20, 0x20 } }, FRAME_FRAGMENT, 0, 0 },
	{ "last fragment", FRAME_LINK_ETHERNET, OF(ETH_UDP4), 0, { { 21, 1 } }, FRAME_FRAGMENT, 0, 0 },
	{ "IPv6 first fragment", FRAME_LINK_RAW_IP, OF(FRAG6), 0, { { 43, 1 } }, FRAME_FRAGMENT, 0, 0 },
	{ "IPv6 later fragment", FRAME_LINK_RAW_IP, OF(FRAG6), 0, { { 43, 8 } }, FRAME_FRAGMENT, 0, 0 },
	{ "IPv6 the only fragment", FRAME_LINK_RAW_IP, OF(FRAG6), 0, { { 0, 0 } }, FRAME_OK, 8, 8 },
	/* extension headers */
	{ "IPv6 hop-by-hop, routing, options", FRAME_LINK_RAW_IP, OF(EXT6), 0, { { 0, 0 } }, FRAME_OK, 8, 8 },
	{ "IPv6 authentication header", FRAME_LINK_RAW_IP, OF(AH6), 0, { { 0, 0 } }, FRAME_OK, 8, 8 },
	{ "IPv6 extension past the end", FRAME_LINK_RAW_IP, OF(EXT6), 0, { { 41, 200 } }, FRAME_MALFORMED, 0, 0 },
	{ "IPv6 extension cut", FRAME_LINK_RAW_IP, OF(EXT6), 50, { { 0, 0 } }, FRAME_CUT, 0, 0 },
	/* lying lengths */
	{ "IPv4 of version 5", FRAME_LINK_ETHERNET, OF(ETH_UDP4), 0, { { 14, 0x55 } }, FRAME_MALFORMED, 0, 0 },
	{ "IPv6 of version 4", FRAME_LINK_ETHERNET, OF(ETH_UDP6), 0, { { 14, 0x40 } }, FRAME_MALFORMED, 0, 0 },
	{ "IPv4 header of 16", FRAME_LINK_ETHERNET, OF(ETH_UDP4), 0, { { 14, 0x44 } }, FRAME_MALFORMED, 0, 0 },
	{ "IPv4 header beyond the packet", FRAME_LINK_ETHERNET, OF(ETH_UDP4), 0, { { 14, 0x4f } }, FRAME_MALFORMED, 0, 0 },
	{ "IPv4 beyond the frame", FRAME_LINK_ETHERNET, OF(ETH_UDP4), 0, { { 17, 37 } }, FRAME_MALFORMED, 0, 0 },
	{ "IPv4 of 65535", FRAME_LINK_ETHERNET, OF(ETH_UDP4), 0, { { 16, 255 }, { 17, 255 } }, FRAME_MALFORMED, 0, 0 },
	{ "IPv4 of 0: offloaded", FRAME_LINK_ETHERNET, OF(ETH_UDP4), 0, { { 17, 0 } }, FRAME_OK, 8, 8 },
	{ "IPv4 ends in its header", FRAME_LINK_ETHERNET, OF(ETH_UDP4), 0, { { 17, 19 } }, FRAME_MALFORMED, 0, 0 },
	{ "IPv4 ends in the UDP header", FRAME_LINK_ETHERNET, OF(ETH_UDP4), 0, { { 17, 27 } }, FRAME_MALFORMED, 0, 0 },
	{ "IPv6 beyond the frame", FRAME_LINK_ETHERNET, OF(ETH_UDP6), 0, { { 19, 17 } }, FRAME_MALFORMED, 0, 0 },
	{ "IPv6 of 0: jumbogram", FRAME_LINK_ETHERNET, OF(ETH_UDP6), 0, { { 19, 0 } }, FRAME_OK, 8, 8 },
	{ "UDP of 7", FRAME_LINK_ETHERNET, OF(ETH_UDP4), 0, { { 39, 7 } }, FRAME_MALFORMED, 0, 0 },
	{ "UDP of 8: nothing in it", FRAME_LINK_ETHERNET, OF(ETH_UDP4), 0, { { 39, 8 } }, FRAME_OK, 0, 0 },
	{ "UDP shorter than IP", FRAME_LINK_ETHERNET, OF(ETH_UDP4), 0, { { 39, 12 } }, FRAME_OK, 4, 4 },
	{ "UDP longer than IP", FRAME_LINK_ETHERNET, OF(ETH_UDP4), 0, { { 39, 17 } }, FRAME_MALFORMED, 0, 0 },
	{ "TCP header of 16", FRAME_LINK_ETHERNET, OF(ETH_TCP4), 0, { { 46, 0x40 } }, FRAME_MALFORMED, 0, 0 },
	{ "TCP header of 24", FRAME_LINK_ETHERNET, OF(ETH_TCP4), 0, { { 46, 0x60 } }, FRAME_OK, 4, 4 },
	{ "TCP header beyond the packet", FRAME_LINK_ETHERNET, OF(ETH_TCP4), 0, { { 46, 0xf0 } }, FRAME_MALFORMED, 0, 0 },
	/* cut by the capture */
	{ "nothing behind Ethernet", FRAME_LINK_ETHERNET, OF(ETH_ONLY), 0, { { 0, 0 } }, FRAME_MALFORMED, 0, 0 },
	{ "the last octet is cut", FRAME_LINK_ETHERNET, OF(ETH_ONLY), 13, { { 0, 0 } }, FRAME_CUT, 0, 0 },
	{ "cut in the Ethernet header", FRAME_LINK_ETHERNET, OF(ETH_UDP4), 13, { { 0, 0 } }, FRAME_CUT, 0, 0 },
	{ "cut in the IPv4 header", FRAME_LINK_ETHERNET, OF(ETH_UDP4), 33, { { 0, 0 } }, FRAME_CUT, 0, 0 },
	{ "cut in the UDP header", FRAME_LINK_ETHERNET, OF(ETH_UDP4), 41, { { 0, 0 } }, FRAME_CUT, 0, 0 },
	{ "cut after the UDP header", FRAME_LINK_ETHERNET, OF(ETH_UDP4), 42, { { 0, 0 } }, FRAME_OK, 0, 8 },
	{ "cut in the payload", FRAME_LINK_ETHERNET, OF(ETH_UDP4), 45, { { 0, 0 } }, FRAME_OK, 3, 8 },
	{ "cut in the TCP header", FRAME_LINK_ETHERNET, OF(ETH_TCP4), 53, { { 0, 0 } }, FRAME_CUT, 0, 0 },
	{ "cut in a tag", FRAME_LINK_ETHERNET, OF(ETH_VLAN), 17, { { 0, 0 } }, FRAME_CUT, 0, 0 },
	{ "cut in the cooked header", FRAME_LINK_COOKED, OF(COOKED), 15, { { 0, 0 } }, FRAME_CUT, 0, 0 },
	{ "cut in the IPv6 header", FRAME_LINK_RAW_IP, OF(RAW6), 39, { { 0, 0 } }, FRAME_CUT, 0, 0 },
	{ "cut in the family", FRAME_LINK_LOOPBACK, OF(NULL_LE), 3, { { 0, 0 } }, FRAME_CUT, 0, 0 },
};
/* clang-format on */

/* In a block of its own size, so that the sanitizer sees a read beyond it. */
static uint8_t *lay_out(const struct row *row, size_t *ret_captured)
{
	uint8_t whole[FRAME_ROOM];
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

static void parse_row(void **state)
{
	const struct row *row = *state;
	size_t captured;
	uint8_t *octets = lay_out(row, &captured);
	struct frame frame;

	assert_int_equal(frame_parse(row->link, octets, captured, row->len, &frame),
	                 row->want);
	if (row->want == FRAME_OK) {
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
	char text[ADDRESS_TEXT_ROOM];
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

/* The capture says that the frame had fewer octets than it holds: believe the octets. */
static void wire_below_captured(void **state)
{
	struct frame frame;

	(void)state;
	assert_int_equal(frame_parse(FRAME_LINK_RAW_IP, RAW4, sizeof(RAW4), 0, &frame),
	                 FRAME_OK);
	assert_int_equal(frame.payload_octets, 8);
}

/* Every frame here, cut at every length: never beyond it, never accepted as whole. */
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
			assert_true(verdict != FRAME_MALFORMED);
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
	assert_int_equal(parse_chain(20), FRAME_MALFORMED);
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
	static struct CMUnitTest tests[COUNT_OF(rows) + 5] = {
		cmocka_unit_test(addresses_are_read),
		cmocka_unit_test(wire_below_captured),
		cmocka_unit_test(every_cut),
		cmocka_unit_test(chain_of_extensions_ends),
		cmocka_unit_test(every_verdict_has_words),
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		tests[i + 5] = (struct CMUnitTest){
			.name = rows[i].name,
			.test_func = parse_row,
			.initial_state = (void *)(uintptr_t)&rows[i],
		};
	}
	return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
