/* SPDX-License-Identifier: MIT
 *
 * SipHash-2-4 against the vectors of its authors: key 00 01 .. 0f, message 00 01 ...
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/siphash.h"

struct row {
	const char *name;
	size_t len;
	uint64_t want;
};

/* clang-format off */
static const struct row rows[] = {
	{ "nothing",                  0, UINT64_C(0x726fdb47dd0e0e31) },
	{ "one octet",                1, UINT64_C(0x74f839c593dc67fd) },
	{ "a word",                   8, UINT64_C(0x93f5f5799a932462) },
	{ "the example of the paper", 15, UINT64_C(0xa129ca6149be45e5) },
};
/* clang-format on */

static void hash_row(void **state)
{
	const struct siphash_key key = { UINT64_C(0x0706050403020100),
		                         UINT64_C(0x0f0e0d0c0b0a0908) };
	const struct row *row = *state;
	uint8_t octets[16];

	for (uint8_t i = 0; i < sizeof(octets); i++) {
		octets[i] = i;
	}
	assert_true(siphash(key, octets, row->len) == row->want);
	assert_true(siphash((struct siphash_key){ key.k0, key.k1 ^ 1 }, octets, row->len) !=
	            row->want);
}

int main(void)
{
	struct CMUnitTest tests[COUNT_OF(rows)];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		tests[i] =
			(struct CMUnitTest){ .name = rows[i].name,
			                     .test_func = hash_row,
			                     .initial_state = (void *)(uintptr_t)&rows[i] };
	}
	return cmocka_run_group_tests_name("siphash", tests, NULL, NULL);
}
