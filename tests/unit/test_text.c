/* SPDX-License-Identifier: MIT
 *
 * Decimal numbers: digits alone, within limits, of any length that 64 bits hold.
 */
#include "core/base/text.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct row {
	const char *name;
	const char *text;
	uint64_t min;
	uint64_t max;
	bool is_number;
	uint64_t want;
};

/* clang-format off */
static const struct row rows[] = {
	{ "zero",                "0",                    0, 9,          true,  0 },
	{ "leading zeros",       "0000000000000000000000007", 0, 9,     true,  7 },
	{ "the smallest",        "5",                    5, 9,          true,  5 },
	{ "below it",            "4",                    5, 9,          false, 0 },
	{ "the largest",         "9",                    5, 9,          true,  9 },
	{ "above it",            "10",                   5, 9,          false, 0 },
	{ "all of 64 bits",      "18446744073709551615", 0, UINT64_MAX, true,  UINT64_MAX },
	{ "one more",            "18446744073709551616", 0, UINT64_MAX, false, 0 },
	{ "ten times more",      "184467440737095516150", 0, UINT64_MAX, false, 0 },
	{ "nothing",             "",                     0, 9,          false, 0 },
	{ "a sign",              "+1",                   0, 9,          false, 0 },
	{ "a minus",             "-0",                   0, 9,          false, 0 },
	{ "a blank before",      " 1",                   0, 9,          false, 0 },
	{ "a blank behind",      "1 ",                   0, 9,          false, 0 },
	{ "a letter",            "1a",                   0, 99,         false, 0 },
	{ "the octet below 0",   "1/",                   0, 99,         false, 0 },
	{ "the octet above 9",   "1:",                   0, 99,         false, 0 },
	{ "hexadecimal",         "0x1",                  0, 99,         false, 0 },
	{ "a point",             "1.0",                  0, 99,         false, 0 },
};
/* clang-format on */

static void decimal_row(void **state)
{
	const struct row *row = *state;
	uint64_t value = 77;

	assert_int_equal(
		text_decimal(row->text, strlen(row->text), row->min, row->max, &value),
		row->is_number);
	assert_true(value == (row->is_number ? row->want : 77));
}

static void the_length_counts(void **state)
{
	uint64_t value = 0;

	(void)state;
	assert_true(text_decimal("123x", 3, 0, 999, &value));
	assert_true(value == 123);
}

int main(void)
{
	struct CMUnitTest tests[COUNT_OF(rows) + 1];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		tests[i] = (struct CMUnitTest){ .name = rows[i].name,
			                        .test_func = decimal_row,
			                        .initial_state = (void *)&rows[i] };
	}
	tests[COUNT_OF(rows)] = (struct CMUnitTest)cmocka_unit_test(the_length_counts);
	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
