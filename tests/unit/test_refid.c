/* SPDX-License-Identifier: MIT
 *
 * The test suite of RFC 1321 as far as it fits into one block, and reference ids: those of
 * IPv6 addresses worked out by another MD5.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "core/ntp/refid.h"

struct md5_row {
	const char *name;
	const char *text;
	const char *want;
};

/* clang-format off */
static const struct md5_row md5_rows[] = {
	{ "nothing", "", "d41d8cd98f00b204e9800998ecf8427e" },
	{ "a", "a", "0cc175b9c0f1b6a831c399e269772661" },
	{ "abc", "abc", "900150983cd24fb0d6963f7d28e17f72" },
	{ "message digest", "message digest", "f96b697d7cb7938d525a2f31aaf161d0" },
	{ "the alphabet", "abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b" },
	{ "as long as one block holds", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	  "ef1772b6dff9a122358552954ad0df65" },
};

static const struct md5_row refid_rows[] = {
	{ "IPv4: as it is", "192.0.2.7", "c0000207" },
	{ "IPv6: loopback", "::1", "cf404dc8" },
	{ "IPv6", "2001:db8::1", "39ab9b37" },
	{ "IPv6: link-local, the interface does not count", "fe80::1%2", "89e5301f" },
	{ "IPv6: all ones", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "7bacd28a" },
};
/* clang-format on */

static void compare(const uint8_t *octets, size_t len, const char *want)
{
	char hex[2 * REFID_MD5_OCTETS + 1];

	for (size_t i = 0; i < len; i++) {
		snprintf(hex + 2 * i, 3, "%02x", octets[i]);
	}
	assert_string_equal(hex, want);
}

static void md5_row(void **state)
{
	const struct md5_row *row = *state;
	uint8_t sum[REFID_MD5_OCTETS];

	refid_md5(row->text, strlen(row->text), sum);
	compare(sum, sizeof(sum), row->want);
}

static void refid_row(void **state)
{
	const struct md5_row *row = *state;
	struct address address;
	uint8_t refid[4];

	assert_true(address_parse(row->text, &address));
	address.port = 123;
	refid_from_address(&address, refid);
	compare(refid, sizeof(refid), row->want);
}

int main(void)
{
	struct CMUnitTest tests[COUNT_OF(md5_rows) + COUNT_OF(refid_rows)];

	memset(tests, 0, sizeof(tests));
	for (size_t i = 0; i < COUNT_OF(md5_rows); i++) {
		tests[i].name = md5_rows[i].name;
		tests[i].test_func = md5_row;
		tests[i].initial_state = (void *)(uintptr_t)&md5_rows[i];
	}
	for (size_t i = 0; i < COUNT_OF(refid_rows); i++) {
		tests[COUNT_OF(md5_rows) + i].name = refid_rows[i].name;
		tests[COUNT_OF(md5_rows) + i].test_func = refid_row;
		tests[COUNT_OF(md5_rows) + i].initial_state =
			(void *)(uintptr_t)&refid_rows[i];
	}
	return cmocka_run_group_tests_name("refid", tests, NULL, NULL);
}
