/* SPDX-License-Identifier: MIT
 *
 * Rows from RFC 4291, RFC 5952 and the registries of special addresses; at random
 * against the C library, which the module itself does without.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/address.h"

/* clang-format off */
static const struct text_row {
	const char *text;
	const char *want; /* as it is written again; NULL: refused */
} text_rows[] = {
	{ "192.0.2.1",            "192.0.2.1" },
	{ "0.0.0.0",              "0.0.0.0" },
	{ "255.255.255.255",      "255.255.255.255" },
	{ "256.0.0.1",            NULL },
	{ "1.2.3",                NULL },
	{ "1.2.3.",               NULL },
	{ "1.2.3.4.",             NULL },
	{ "1.2.3.4.5",            NULL },
	{ ".1.2.3.4",             NULL },
	{ "1..2.3",               NULL },
	{ "01.2.3.4",             NULL },
	{ "1.2.3.00",             NULL },
	{ "1.2.3.0004",           NULL },
	{ "0x1.2.3.4",            NULL },
	{ "1.2.3.4 ",             NULL },
	{ " 1.2.3.4",             NULL },
	{ "-1.2.3.4",             NULL },
	{ "1.2.3.4%2",            NULL },
	{ "4294967296.2.3.4",     NULL },
	/* RFC 4291 section 2.2 */
	{ "ABCD:EF01:2345:6789:ABCD:EF01:2345:6789", "abcd:ef01:2345:6789:abcd:ef01:2345:6789" },
	{ "2001:DB8:0:0:8:800:200C:417A", "2001:db8::8:800:200c:417a" },
	{ "FF01:0:0:0:0:0:0:101", "ff01::101" },
	{ "0:0:0:0:0:0:0:1",      "::1" },
	{ "::",                   "::" },
	{ "::1",                  "::1" },
	{ "1::",                  "1::" },
	{ "::13.1.68.3",          "::d01:4403" },
	{ "::FFFF:129.144.52.38", "::ffff:129.144.52.38" },
	{ "64:ff9b::192.0.2.33",  "64:ff9b::c000:221" },
	{ "1:2:3:4:5:6:1.2.3.4",  "1:2:3:4:5:6:102:304" },
	/* RFC 5952 sections 4.1 to 4.3 */
	{ "2001:0db8::0001",      "2001:db8::1" },
	{ "2001:db8:0:0:0:0:2:1", "2001:db8::2:1" },
	{ "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1" },
	{ "2001:0:0:1:0:0:0:1",   "2001:0:0:1::1" },
	{ "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1" },
	{ "2001:db8::aaaa:0:0:1", "2001:db8::aaaa:0:0:1" },
	{ "1:0:0:0:0:0:0:0",      "1::" },
	{ "0:0:1:0:0:0:0:0",      "0:0:1::" },
	{ "1:2:3:4:5:6:7::",      "1:2:3:4:5:6:7:0" },
	{ "::2:3:4:5:6:7:8",      "0:2:3:4:5:6:7:8" },
	{ "fe80::1%2",            "fe80::1%2" },
	{ "fe80::1%4294967295",   "fe80::1%4294967295" },
	{ "ff02::101%3",          "ff02::101%3" },
	{ "",                     NULL },
	{ ":",                    NULL },
	{ ":::",                  NULL },
	{ ":1",                   NULL },
	{ "1:",                   NULL },
	{ "1::2::3",              NULL },
	{ "1:2:3:4:5:6:7",        NULL },
	{ "1:2:3:4:5:6:7:8:9",    NULL },
	{ "1:2:3:4:5:6:7:8::",    NULL },
	{ "::1:2:3:4:5:6:7:8",    NULL },
	{ "1:2:3:4::5:6:7:8",     NULL },
	{ "1:2:3:4:5:6:7:",       NULL },
	{ "::12345",              NULL },
	{ "::g",                  NULL },
	{ "::1.2.3",              NULL },
	{ "::1.2.3.4:5",          NULL },
	{ "::1.2.3.4:",           NULL },
	{ "1:2:3:4:5:6:7:1.2.3.4", NULL },
	{ "[::1]",                NULL },
	{ "fe80::1%",             NULL },
	{ "fe80::1%0",            NULL },
	{ "fe80::1%02",           NULL },
	{ "fe80::1%eth0",         "fe80::1%eth0" },
	{ "FE80::1%Br-lan.7_a",   "fe80::1%Br-lan.7_a" },
	{ "ff02::101%eth0",       "ff02::101%eth0" },
	{ "fe80::1%1a",           "fe80::1%1a" },
	{ "fe80::1%fifteen_octetsx", "fe80::1%fifteen_octetsx" },
	{ "fe80::1%sixteen_octets_x", NULL },
	{ "fe80::1%a b",          NULL },
	{ "fe80::1%a/b",          NULL },
	{ "fe80::1%a:b",          NULL },
	{ "fe80::1%a]",           NULL },
	{ "fe80::1%\x1b[1m",      NULL },
	{ "fe80::1%\xc3\xbc",     NULL },
	{ "2001:db8::1%eth0",     NULL },
	{ "::1%lo",               NULL },
	{ "fe80::1%4294967296",   NULL },
	{ "fe80::1%2%3",          NULL },
	{ "%2",                   NULL },
	{ "2001:db8::1%2",        NULL }, /* has no scope to name */
	{ "localhost",            NULL },
};

static const struct reach_row {
	const char *text;
	enum address_reach want;
} reach_rows[] = {
	{ "8.8.8.8",          ADDRESS_PUBLIC },
	{ "0.0.0.0",          ADDRESS_UNSPECIFIED },
	{ "0.1.2.3",          ADDRESS_UNSPECIFIED },
	{ "1.0.0.0",          ADDRESS_PUBLIC },
	{ "9.255.255.255",    ADDRESS_PUBLIC },
	{ "10.0.0.0",         ADDRESS_PRIVATE },
	{ "10.255.255.255",   ADDRESS_PRIVATE },
	{ "11.0.0.0",         ADDRESS_PUBLIC },
	{ "100.63.255.255",   ADDRESS_PUBLIC },
	{ "100.64.0.0",       ADDRESS_PRIVATE },
	{ "100.127.255.255",  ADDRESS_PRIVATE },
	{ "100.128.0.0",      ADDRESS_PUBLIC },
	{ "126.255.255.255",  ADDRESS_PUBLIC },
	{ "127.0.0.1",        ADDRESS_LOOPBACK },
	{ "127.255.255.255",  ADDRESS_LOOPBACK },
	{ "128.0.0.0",        ADDRESS_PUBLIC },
	{ "169.253.255.255",  ADDRESS_PUBLIC },
	{ "169.254.0.0",      ADDRESS_LINK_LOCAL },
	{ "169.254.255.255",  ADDRESS_LINK_LOCAL },
	{ "169.255.0.0",      ADDRESS_PUBLIC },
	{ "172.15.255.255",   ADDRESS_PUBLIC },
	{ "172.16.0.0",       ADDRESS_PRIVATE },
	{ "172.31.255.255",   ADDRESS_PRIVATE },
	{ "172.32.0.0",       ADDRESS_PUBLIC },
	{ "192.167.255.255",  ADDRESS_PUBLIC },
	{ "192.168.0.0",      ADDRESS_PRIVATE },
	{ "192.168.255.255",  ADDRESS_PRIVATE },
	{ "192.169.0.0",      ADDRESS_PUBLIC },
	{ "223.255.255.255",  ADDRESS_PUBLIC },
	{ "224.0.1.1",        ADDRESS_MULTICAST },
	{ "239.255.255.255",  ADDRESS_MULTICAST },
	{ "240.0.0.0",        ADDRESS_MULTICAST },
	{ "255.255.255.255",  ADDRESS_MULTICAST },
	{ "::",               ADDRESS_UNSPECIFIED },
	{ "::1",              ADDRESS_LOOPBACK },
	{ "::2",              ADDRESS_PUBLIC },
	{ "2001:db8::1",      ADDRESS_PUBLIC },
	{ "fbff::1",          ADDRESS_PUBLIC },
	{ "fc00::1",          ADDRESS_PRIVATE },
	{ "fdff::1",          ADDRESS_PRIVATE },
	{ "fe00::1",          ADDRESS_PUBLIC },
	{ "fe7f::1",          ADDRESS_PUBLIC },
	{ "fe80::1",          ADDRESS_LINK_LOCAL },
	{ "febf::1",          ADDRESS_LINK_LOCAL },
	{ "fec0::1",          ADDRESS_PUBLIC },
	{ "ff02::101",        ADDRESS_MULTICAST },
	{ "::ffff:127.0.0.1", ADDRESS_LOOPBACK },
	{ "::ffff:10.1.2.3",  ADDRESS_PRIVATE },
	{ "::ffff:8.8.8.8",   ADDRESS_PUBLIC },
	{ "::ffff:0.0.0.0",   ADDRESS_UNSPECIFIED },
	{ "::ffff:224.0.0.1", ADDRESS_MULTICAST },
};
/* clang-format on */

static void text_row(void **state)
{
	const struct text_row *row = *state;
	char buf[ADDRESS_TEXT_SIZE];
	struct address address, before;

	memset(&address, 0xa5, sizeof(address));
	before = address;
	if (!row->want) {
		assert_false(address_parse(row->text, &address));
		assert_memory_equal(&address, &before, sizeof(before));
		return;
	}
	assert_true(address_parse(row->text, &address));
	assert_int_equal(address.port, 0);
	assert_int_equal(address_format(&address, buf), strlen(row->want));
	assert_string_equal(buf, row->want);
}

static void reach_row(void **state)
{
	const struct reach_row *row = *state;
	struct address address;

	assert_true(address_parse(row->text, &address));
	assert_int_equal(address_reach(&address), row->want);
}

static uint64_t next_random(uint64_t *random)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return *random;
}

/* Many zero groups, so that "::" is met with in all places. */
static void format_like_libc(void **state)
{
	uint64_t random = UINT64_C(88172645463325252);
	char buf[ADDRESS_TEXT_SIZE], want[INET6_ADDRSTRLEN];
	static const uint8_t zeros[12] = { 0 };
	struct address address, again;
	uint64_t bits;
	size_t i, at;

	(void)state;
	for (i = 0; i < 100000; i++) {
		address = (struct address){ .family = ADDRESS_IPV6 };
		bits = next_random(&random);
		for (at = 0; at < 16; at++) {
			if (bits >> (at / 2) & 1 || bits >> (8 + at / 2) & 1) {
				continue;
			}
			address.octets[at] = (uint8_t)next_random(&random);
			if (bits >> (16 + at) & 1) {
				address.octets[at] = 0;
			}
		}
		if (i % 16 == 0) {
			memset(address.octets, 0, 10);
			memset(address.octets + 10, 0xff, 2);
		}
		/* The library still writes the deprecated "::192.0.2.1"; RFC 5952
		 * does not. */
		if (memcmp(address.octets, zeros, sizeof(zeros)) == 0) {
			continue;
		}
		assert_non_null(inet_ntop(AF_INET6, address.octets, want, sizeof(want)));
		assert_int_equal(address_format(&address, buf), strlen(want));
		assert_string_equal(buf, want);
		assert_true(address_parse(buf, &again));
		assert_true(address_equal(&again, &address));

		address = (struct address){ .family = ADDRESS_IPV4 };
		memcpy(address.octets, &bits, 4);
		assert_non_null(inet_ntop(AF_INET, address.octets, want, sizeof(want)));
		address_format(&address, buf);
		assert_string_equal(buf, want);
		assert_true(address_parse(buf, &again));
		assert_true(address_equal(&again, &address));
	}
}

/* Words made of the letters of addresses: right and wrong ones, most of them near. */
static void parse_like_libc(void **state)
{
	static const char *const pieces[] = {
		":", "::", "0",  "1",  "ab", "F00", "12345", "1.2.3.4",
		".", "00", "7.", ":0", "9:", "25",  "256",   "::1",
		"g", "-",  "1:", "2:", "a:", "b:",  "0:",    "c:"
	};
	uint64_t random = UINT64_C(362436069362436069);
	size_t accepted = 0;
	struct address address;
	uint8_t want[16];
	char text[128];
	size_t count, i, j, len, piece;
	bool is_ipv4, is_ipv6;

	(void)state;
	for (i = 0; i < 300000; i++) {
		len = 0;
		count = 1 + (size_t)(next_random(&random) % 10);
		for (j = 0; j < count; j++) {
			piece = (size_t)(next_random(&random) % COUNT_OF(pieces));
			memcpy(text + len, pieces[piece], strlen(pieces[piece]));
			len += strlen(pieces[piece]);
		}
		text[len] = '\0';
		is_ipv4 = inet_pton(AF_INET, text, want) == 1;
		is_ipv6 = !is_ipv4 && inet_pton(AF_INET6, text, want) == 1;
		memset(&address, 0xa5, sizeof(address));
		if (address_parse(text, &address) != (is_ipv4 || is_ipv6)) {
			fail_msg("\"%s\": the C library says %d", text, is_ipv4 || is_ipv6);
		}
		if (is_ipv4 || is_ipv6) {
			accepted++;
			assert_int_equal(address.family,
			                 is_ipv4 ? ADDRESS_IPV4 : ADDRESS_IPV6);
			assert_memory_equal(address.octets, want, is_ipv4 ? 4 : 16);
		}
	}
	assert_true(accepted > 1000); /* else it compared refusals only */
}

static void equality(void **state)
{
	const struct address a = { ADDRESS_IPV6, { 0xfe, 0x80, [15] = 1 }, 2, 123, "" };
	struct address b = a;

	(void)state;
	assert_true(address_equal(&a, &b));
	b.scope = 3;
	assert_false(address_equal(&a, &b));
	b = a;
	b.port = 124;
	assert_false(address_equal(&a, &b));
	b = a;
	b.octets[15] = 2;
	assert_false(address_equal(&a, &b));
	b = a;
	b.family = ADDRESS_IPV4;
	assert_false(address_equal(&a, &b));
}

/* The index is looked up; the name is stored. */
static const struct zone_row {
	const char *name;
	uint32_t scope_a;
	const char *zone_a;
	uint32_t scope_b;
	const char *zone_b;
	bool want;
} zone_rows[] = {
	{ "no interface in either", 0, "", 0, "", true },
	{ "an index in one", 2, "", 0, "", false },
	{ "a name in one", 0, "eth0", 0, "", false },
	{ "two names", 0, "eth0", 0, "eth1", false },
	{ "one name", 0, "eth0", 0, "eth0", true },
	{ "one name, its index found in one", 2, "eth0", 0, "eth0", true },
	{ "two names, the index found in one", 2, "eth0", 0, "eth1", false },
	{ "an index, and the name of it found", 2, "", 2, "eth0", true },
	{ "another index", 3, "", 2, "eth0", false },
	{ "one name, found again with another index", 3, "eth0", 2, "eth0", false },
	{ "an index, and a name not found", 2, "", 0, "eth0", false },
};

static void zone_row(void **state)
{
	const struct zone_row *row = *state;
	struct address a = {
		ADDRESS_IPV6, { 0xfe, 0x80, [15] = 1 }, row->scope_a, 123, ""
	};
	struct address b = {
		ADDRESS_IPV6, { 0xfe, 0x80, [15] = 1 }, row->scope_b, 124, ""
	};

	snprintf(a.zone, sizeof(a.zone), "%s", row->zone_a);
	snprintf(b.zone, sizeof(b.zone), "%s", row->zone_b);
	assert_int_equal(address_is_same_host(&a, &b), row->want);
	assert_int_equal(address_is_same_host(&b, &a), row->want);
	assert_false(address_equal(&a, &b));
	b.port = a.port;
	assert_int_equal(address_equal(&a, &b), row->want);
}

static void lacks_a_zone(void **state)
{
	static const struct {
		const char *text;
		bool want;
	} rows[] = {
		{ "fe80::1", true },      { "febf::1", true },
		{ "fe80::1%2", false },   { "fe80::1%eth0", false },
		{ "fec0::1", false },     { "2001:db8::1", false },
		{ "169.254.1.1", false }, { "::ffff:169.254.1.1", false },
		{ "::1", false },
	};
	struct address address;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_true(address_parse(rows[i].text, &address));
		assert_int_equal(address_lacks_zone(&address), rows[i].want);
	}
}

static void none(void **state)
{
	const struct address address = { .family = ADDRESS_NONE };
	char buf[ADDRESS_TEXT_SIZE] = "x";

	(void)state;
	assert_int_equal(address_format(&address, buf), 0);
	assert_string_equal(buf, "");
	assert_int_equal(address_reach(&address), ADDRESS_UNSPECIFIED);
}

int main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(format_like_libc),
		cmocka_unit_test(parse_like_libc),
		cmocka_unit_test(equality),
		cmocka_unit_test(lacks_a_zone),
		cmocka_unit_test(none),
	};
	static struct CMUnitTest tests[COUNT_OF(text_rows) + COUNT_OF(reach_rows) +
	                               COUNT_OF(zone_rows) + COUNT_OF(others)];
	size_t count = 0;
	size_t i;

	for (i = 0; i < COUNT_OF(text_rows); i++) {
		tests[count++] =
			(struct CMUnitTest){ .name = text_rows[i].text,
			                     .test_func = text_row,
			                     .initial_state = (void *)&text_rows[i] };
	}
	for (i = 0; i < COUNT_OF(reach_rows); i++) {
		tests[count++] =
			(struct CMUnitTest){ .name = reach_rows[i].text,
			                     .test_func = reach_row,
			                     .initial_state = (void *)&reach_rows[i] };
	}
	for (i = 0; i < COUNT_OF(zone_rows); i++) {
		tests[count++] =
			(struct CMUnitTest){ .name = zone_rows[i].name,
			                     .test_func = zone_row,
			                     .initial_state = (void *)&zone_rows[i] };
	}
	for (i = 0; i < COUNT_OF(others); i++) {
		tests[count++] = others[i];
	}
	return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
