/* SPDX-License-Identifier: MIT
 *
 * Prefixes: parsing, matching, and the longest match in a list.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/base/cidr.h"

struct parse_row {
	const char *text;
	enum cidr_verdict want;
	enum address_family family;
	unsigned bits;
};

/* clang-format off */
static const struct parse_row parse_rows[] = {
	{ "192.0.2.0/24",        CIDR_OK, ADDRESS_IPV4, 24 },
	{ "192.0.2.7",           CIDR_OK, ADDRESS_IPV4, 32 },
	{ "0.0.0.0/0",           CIDR_OK, ADDRESS_IPV4, 0 },
	{ "255.255.255.255/32",  CIDR_OK, ADDRESS_IPV4, 32 },
	{ "192.0.2.128/25",      CIDR_OK, ADDRESS_IPV4, 25 },
	{ "::/0",                CIDR_OK, ADDRESS_IPV6, 0 },
	{ "2001:db8::/32",       CIDR_OK, ADDRESS_IPV6, 32 },
	{ "2001:db8::1",         CIDR_OK, ADDRESS_IPV6, 128 },
	{ "::ffff:192.0.2.0/120", CIDR_OK, ADDRESS_IPV4, 24 },
	{ "",                    CIDR_BAD_ADDRESS, 0, 0 },
	{ "/24",                 CIDR_BAD_ADDRESS, 0, 0 },
	{ "192.0.2/24",          CIDR_BAD_ADDRESS, 0, 0 },
	{ "localhost",           CIDR_BAD_ADDRESS, 0, 0 },
	{ "192.0.2.0 /24",       CIDR_BAD_ADDRESS, 0, 0 },
	{ "fe80::%2/64",         CIDR_OK, ADDRESS_IPV6, 64 },
	{ "fe80::1%eth0",        CIDR_OK, ADDRESS_IPV6, 128 },
	{ "fe80::%br-lan.7/10",  CIDR_OK, ADDRESS_IPV6, 10 },
	{ "fe80::/10%eth0",      CIDR_BAD_LENGTH, 0, 0 },
	{ "fe80::%/10",          CIDR_BAD_ADDRESS, 0, 0 },
	{ "2001:db8::%eth0/32",  CIDR_BAD_ADDRESS, 0, 0 },
	{ "192.0.2.1%eth0",      CIDR_BAD_ADDRESS, 0, 0 },
	{ "fe80::1%2/64",        CIDR_HOST_BITS, 0, 0 },
	{ "192.0.2.0/",          CIDR_BAD_LENGTH, 0, 0 },
	{ "192.0.2.0/33",        CIDR_BAD_LENGTH, 0, 0 },
	{ "192.0.2.0/-1",        CIDR_BAD_LENGTH, 0, 0 },
	{ "192.0.2.0/2x",        CIDR_BAD_LENGTH, 0, 0 },
	{ "192.0.2.0/0024",      CIDR_BAD_LENGTH, 0, 0 },
	{ "192.0.2.0/24/24",     CIDR_BAD_LENGTH, 0, 0 },
	{ "::/129",              CIDR_BAD_LENGTH, 0, 0 },
	{ "192.0.2.1/24",        CIDR_HOST_BITS, 0, 0 },
	{ "192.0.2.192/25",      CIDR_HOST_BITS, 0, 0 },
	{ "0.0.0.1/0",           CIDR_HOST_BITS, 0, 0 },
	{ "2001:db8::1/64",      CIDR_HOST_BITS, 0, 0 },
};

/* The rules in the order of the options, "+" allows, "-" denies. */
static const struct list_row {
	const char *name;
	const char *rules;
	const char *address;
	bool want;
} list_rows[] = {
	{ "no list: everybody",            "", "192.0.2.1", true },
	{ "denied",                        "-192.0.2.0/24", "192.0.2.1", false },
	{ "not denied",                    "-192.0.2.0/24", "192.0.3.1", true },
	{ "last of a prefix",              "-192.0.2.0/25", "192.0.2.127", false },
	{ "first behind it",               "-192.0.2.0/25", "192.0.2.128", true },
	{ "first before it",               "-192.0.2.128/25", "192.0.2.127", true },
	{ "allowed",                       "+192.0.2.0/24", "192.0.2.1", true },
	{ "not among the allowed",         "+192.0.2.0/24", "192.0.3.1", false },
	{ "of the other family",           "+192.0.2.0/24", "2001:db8::1", false },
	{ "this host, though not named",   "+192.0.2.0/24", "127.0.0.1", true },
	{ "this host, IPv6",               "+192.0.2.0/24", "::1", true },
	{ "this host, named",              "-127.0.0.1 +192.0.2.0/24", "127.0.0.1", false },
	{ "longer deny after",             "+10.0.0.0/8 -10.1.0.0/16", "10.1.2.3", false },
	{ "longer deny before",            "-10.1.0.0/16 +10.0.0.0/8", "10.1.2.3", false },
	{ "beside the longer deny",        "-10.1.0.0/16 +10.0.0.0/8", "10.2.2.3", true },
	{ "longest of three",              "+10.1.2.0/24 -10.1.0.0/16 +10.0.0.0/8", "10.1.2.3", true },
	{ "everybody but one",             "-192.0.2.1 +0.0.0.0/0 +::/0", "192.0.2.1", false },
	{ "everybody but one: others",     "-192.0.2.1 +0.0.0.0/0 +::/0", "2001:db8::1", true },
	{ "both of one prefix: no",        "-10.0.0.0/8 +10.0.0.0/8", "10.1.2.3", false },
	{ "both of one prefix, turned: no", "+10.0.0.0/8 -10.0.0.0/8", "10.1.2.3", false },
	{ "::/0 is no IPv4",               "-::/0", "192.0.2.1", true },
	{ "::/0 is all of IPv6",           "-::/0", "2001:db8::1", false },
	{ "mapped is IPv4",                "-192.0.2.0/24", "::ffff:192.0.2.1", false },
	{ "mapped is not IPv6",            "-::/0", "::ffff:192.0.2.1", true },
	{ "an interface, that one",        "-fe80::%2/10", "fe80::1%2", false },
	{ "an interface, another one",     "-fe80::%2/10", "fe80::1%3", true },
	{ "no interface: all of them",     "-fe80::/10", "fe80::1%3", false },
	{ "an interface before all of them", "+fe80::/10 -fe80::%2/10", "fe80::1%2", false },
	{ "an interface before all, turned", "-fe80::/10 +fe80::%2/10", "fe80::1%2", true },
	{ "an interface, allowed alone",   "-fe80::/10 +fe80::%2/10", "fe80::1%3", false },
	{ "odd length, inside",            "-2001:db8:8000::/33", "2001:db8:ffff::1", false },
	{ "odd length, outside",           "-2001:db8:8000::/33", "2001:db8:7fff::1", true },
};
/* clang-format on */

static void parse_row(void **state)
{
	const struct parse_row *row = *state;
	const char *percent = strchr(row->text, '%');
	char zone[ADDRESS_ZONE_SIZE];
	struct cidr cidr, before;

	memset(&cidr, 0xa5, sizeof(cidr));
	before = cidr;
	assert_int_equal(cidr_parse(row->text, &cidr, zone), row->want);
	if (row->want == CIDR_OK) {
		assert_int_equal(cidr.family, row->family);
		assert_int_equal(cidr.bits, row->bits);
		/* The index is in the prefix, or the name beside it. */
		assert_int_equal(percent != NULL, cidr.scope != 0 || zone[0] != '\0');
		assert_int_equal(cidr.scope, percent && percent[1] == '2' ? 2 : 0);
		assert_true(percent == NULL || cidr.scope != 0 ||
		            strncmp(percent + 1, zone, strlen(zone)) == 0);
	} else {
		assert_memory_equal(&cidr, &before, sizeof(cidr));
	}
}

static void list_row(void **state)
{
	const struct list_row *row = *state;
	struct cidr_list list = { .count = 0 };
	struct address address;
	char zone[ADDRESS_ZONE_SIZE];
	struct cidr prefix;
	char word[64];
	size_t len;

	for (const char *at = row->rules; *at; at += len + (at[len] == ' ')) {
		len = strcspn(at, " ");
		memcpy(word, at + 1, len - 1);
		word[len - 1] = '\0';
		assert_int_equal(cidr_parse(word, &prefix, zone), CIDR_OK);
		assert_true(cidr_list_add(&list, &prefix, at[0] == '+'));
	}
	assert_true(address_parse(row->address, &address));
	assert_int_equal(cidr_list_allows(&list, &address), row->want);
}

static void a_full_list_says_so(void **state)
{
	struct cidr_list list = { .count = 0 };
	char zone[ADDRESS_ZONE_SIZE];
	struct cidr prefix;

	(void)state;
	assert_int_equal(cidr_parse("192.0.2.1", &prefix, zone), CIDR_OK);
	for (int i = 0; i < CIDR_LIST_MAX; i++) {
		assert_true(cidr_list_add(&list, &prefix, true));
	}
	assert_false(cidr_list_add(&list, &prefix, true));
	assert_int_equal(list.count, CIDR_LIST_MAX);
}

static void a_list_from_elsewhere(void **state)
{
	struct cidr_list good = { .count = 0 }, bad;
	char zone[ADDRESS_ZONE_SIZE];
	struct cidr prefix;

	(void)state;
	assert_int_equal(cidr_parse("2001:db8::/32", &prefix, zone), CIDR_OK);
	assert_true(cidr_list_is_valid(&good));
	assert_true(cidr_list_add(&good, &prefix, true));
	assert_true(cidr_list_is_valid(&good));
	bad = good;
	bad.count = CIDR_LIST_MAX + 1;
	assert_false(cidr_list_is_valid(&bad));
	bad = good;
	bad.count = 2; /* the second has no family */
	assert_false(cidr_list_is_valid(&bad));
	bad = good;
	bad.rules[0].prefix.bits = 129;
	assert_false(cidr_list_is_valid(&bad));
	bad.rules[0].prefix.family = ADDRESS_IPV4;
	bad.rules[0].prefix.bits = 33;
	assert_false(cidr_list_is_valid(&bad));
	bad = good;
	memset(&bad.rules[0].is_allow, 2, 1);
	assert_false(cidr_list_is_valid(&bad));
}

int main(void)
{
	struct CMUnitTest tests[COUNT_OF(parse_rows) + COUNT_OF(list_rows) + 2];
	struct CMUnitTest *t = tests;

	for (size_t i = 0; i < COUNT_OF(parse_rows); i++) {
		*t++ = (struct CMUnitTest){
			.name = parse_rows[i].text[0] ? parse_rows[i].text : "empty",
			.test_func = parse_row,
			.initial_state = (void *)(uintptr_t)&parse_rows[i]
		};
	}
	for (size_t i = 0; i < COUNT_OF(list_rows); i++) {
		*t++ = (struct CMUnitTest){ .name = list_rows[i].name,
			                    .test_func = list_row,
			                    .initial_state =
			                            (void *)(uintptr_t)&list_rows[i] };
	}
	*t++ = (struct CMUnitTest)cmocka_unit_test(a_full_list_says_so);
	*t++ = (struct CMUnitTest)cmocka_unit_test(a_list_from_elsewhere);
	return cmocka_run_group_tests_name("cidr", tests, NULL, NULL);
}
