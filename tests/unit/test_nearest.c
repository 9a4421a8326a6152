/* SPDX-License-Identifier: MIT
 *
 * Slips of the finger against words of their own.
 */
#include "core/base/nearest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* clang-format off */
static const struct row {
	const char *word;
	const char *meant;
	size_t distance;
	size_t slips; /* SIZE_MAX: another word */
} rows[] = {
	{ "query",     "query",   0, 0 },
	{ "QUERY",     "query",   0, 0 },
	{ "qurey",     "query",   1, 1 }, /* swapped */
	{ "uqery",     "query",   1, 1 },
	{ "qery",      "query",   1, 1 }, /* left out */
	{ "uery",      "query",   1, 1 },
	{ "quuery",    "query",   1, 1 }, /* doubled */
	{ "quert",     "query",   1, 1 }, /* replaced */
	{ "wuery",     "query",   1, 1 },
	{ "qeuyr",     "query",   2, SIZE_MAX },
	{ "que",       "query",   2, 1 }, /* its beginning */
	{ "qu",        "query",   3, SIZE_MAX },
	{ "queryx",    "query",   1, 1 },
	{ "queryxx",   "query",   2, SIZE_MAX },
	{ "chekc",     "check",   1, 1 },
	{ "clock",     "check",   2, SIZE_MAX },
	{ "hsitroy",   "history", 2, 2 },
	{ "histroi",   "history", 2, 2 },
	{ "victory",   "history", 2, SIZE_MAX }, /* begins otherwise */
	{ "st",        "set",     1, SIZE_MAX }, /* too short to be like anything */
	{ "est",       "set",     1, 1 },
	{ "sett",      "set",     1, 1 },
	{ "seet",      "set",     1, 1 },
	{ "net",       "set",     1, SIZE_MAX },
	{ "ste",       "set",     1, 1 },
	{ "sat",       "set",     1, 1 },
	{ "",          "set",     3, SIZE_MAX },
	{ "",          "",        0, 0 },
	{ "dryrun",    "dry-run", 1, 1 },
	{ "any_offset", "any-offset", 1, 1 },
	/* as the original: no letter is moved twice */
	{ "ca",        "abc",     3, SIZE_MAX },
	{ "abcdefghijklmnopqrstuvwxyzabcdef",  "abcdefghijklmnopqrstuvwxyzabcdef",  0, 0 },
	{ "abcdefghijklmnopqrstuvwxyzabcdefg", "abcdefghijklmnopqrstuvwxyzabcdefg", SIZE_MAX, SIZE_MAX },
};
/* clang-format on */

static void tells_slips(void **state)
{
	const struct row *row = *state;
	const size_t len = strlen(row->word), meant_len = strlen(row->meant);

	assert_int_equal(nearest_distance(row->word, len, row->meant, meant_len),
	                 row->distance);
	assert_int_equal(nearest_distance(row->meant, meant_len, row->word, len),
	                 row->distance);
	assert_int_equal(nearest_slips(row->word, len, row->meant), row->slips);
}

/* Only the octets that are given are looked at. */
static void looks_no_further(void **state)
{
	(void)state;
	assert_int_equal(nearest_slips("timout=3", 6, "timeout"), 1);
	assert_int_equal(nearest_slips("timeout", 7, "timeout"), 0);
}

int main(void)
{
	struct CMUnitTest tests[COUNT_OF(rows) + 1];
	size_t i;

	for (i = 0; i < COUNT_OF(rows); i++) {
		tests[i] = (struct CMUnitTest){ .name = rows[i].word,
			                        .test_func = tells_slips,
			                        .initial_state = (void *)&rows[i] };
	}
	tests[i] = (struct CMUnitTest)cmocka_unit_test(looks_no_further);
	return cmocka_run_group_tests_name("nearest", tests, NULL, NULL);
}
