/* SPDX-License-Identifier: MIT
 *
 * The cookie jar: each cookie is spent once, the oldest first, and never more than eight are
 * kept.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/nts/fields.h"
#include "core/nts/nts.h"

/* A cookie of 100 octets that is known by its first one. */
static struct nts_cookie numbered(uint8_t number)
{
	struct nts_cookie cookie = { .len = 100 };

	memset(cookie.octets, number, cookie.len);
	return cookie;
}

static void fill(struct nts_cookies *cookies, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct nts_cookie cookie = numbered((uint8_t)(i + 1));

		nts_cookies_add(cookies, &cookie);
	}
}

struct length_row {
	const char *name;
	size_t len;
	bool want;
};

/* clang-format off */
static const struct length_row length_rows[] = {
	{ "NK29 a cookie of 0 octets",                      0, false },
	{ "NK30 a cookie of 1 octet",                       1, false },
	{ "NK30 a cookie of 3 octets",                      3, false },
	{ "NK30 a cookie of 4 octets",                      4, false },
	{ "NK30 a cookie of 8 octets",                      8, false },
	{ "NK30 a cookie of 11 octets",                    11, false },
	{ "the smallest cookie",                           12, true },
	{ "NK30 a cookie of 13 octets",                    13, false },
	{ "NK30 a cookie of 14 octets",                    14, false },
	{ "NK30 a cookie of 15 octets",                    15, false },
	{ "the next cookie",                               16, true },
	{ "a usual cookie",                               100, true },
	{ "NK30 a cookie of 101 octets",                  101, false },
	{ "a cookie of ntpsec",                           104, true },
	{ "a cookie of 508 octets",                       508, true },
	{ "NK31 the largest cookie",                      512, true },
	{ "NK31 a cookie of 513 octets",                  513, false },
	{ "NK31 a cookie of 516 octets",                  516, false },
	{ "NK31 a cookie of 65532 octets",              65532, false },
	{ "NK31 a cookie of 65536 + 100 octets",  65536 + 100, false },
	{ "NK31 a cookie of SIZE_MAX - 3 octets",  SIZE_MAX - 3, false },
};
/* clang-format on */

static void checks_length(void **state)
{
	const struct length_row *row = *state;
	static const uint8_t octets[65536 + 100];
	struct nts_cookies cookies = { .count = 0 };

	assert_int_equal(nts_cookie_len_is_valid(row->len), row->want);
	/* Not read when it is dropped, so it need not be there. */
	nts_cookies_receive(&cookies, row->len <= sizeof(octets) ? octets : NULL, row->len);
	assert_int_equal(cookies.count, row->want);
	if (row->want) {
		assert_int_equal(cookies.items[0].len, row->len);
	}
	assert_true(nts_cookies_are_valid(&cookies));
}

static void checks_length_of_untrusted(void **state)
{
	const struct length_row *row = *state;
	struct nts_cookies cookies = { .count = 0 };

	if (row->len > UINT16_MAX) {
		return;
	}
	for (size_t at = 0; at < NTS_COOKIES_MAX; at++) {
		memset(&cookies, 0, sizeof(cookies));
		fill(&cookies, NTS_COOKIES_MAX);
		cookies.items[at].len = (uint16_t)row->len;
		assert_int_equal(nts_cookies_are_valid(&cookies), row->want);
		/* Behind the end nothing counts. */
		cookies.count = (uint32_t)at;
		assert_true(nts_cookies_are_valid(&cookies));
	}
}

static void empty_jar(void **state)
{
	struct nts_cookies cookies = { .count = 0 };
	struct nts_cookie cookie = numbered(7);
	const struct nts_cookie before = cookie;

	(void)state;
	assert_true(nts_cookies_are_valid(&cookies));
	assert_false(nts_cookies_spend(&cookies, &cookie));
	assert_memory_equal(&cookie, &before, sizeof(cookie));
	assert_int_equal(cookies.count, 0);
}

static void oldest_first(void **state)
{
	struct nts_cookies cookies = { .count = 0 };
	struct nts_cookie cookie;
	const struct nts_cookie late = numbered(100);

	(void)state;
	fill(&cookies, 3);
	for (uint8_t i = 1; i <= 3; i++) {
		assert_true(nts_cookies_spend(&cookies, &cookie));
		assert_int_equal(cookie.len, 100);
		assert_int_equal(cookie.octets[0], i);
		assert_int_equal(cookie.octets[99], i);
		if (i == 1) {
			nts_cookies_add(&cookies, &late);
		}
	}
	assert_true(nts_cookies_spend(&cookies, &cookie));
	assert_int_equal(cookie.octets[0], 100);
	assert_false(nts_cookies_spend(&cookies, &cookie));
}

static void ninth_is_dropped(void **state)
{
	struct nts_cookies cookies = { .count = 0 };
	struct nts_cookie cookie;

	(void)state;
	fill(&cookies, 20);
	assert_int_equal(cookies.count, NTS_COOKIES_MAX);
	for (uint8_t i = 1; i <= NTS_COOKIES_MAX; i++) {
		assert_true(nts_cookies_spend(&cookies, &cookie));
		assert_int_equal(cookie.octets[0], i);
	}
	assert_false(nts_cookies_spend(&cookies, &cookie));
}

/* A copy in an unused place could be written to the store, and sent again. */
static void spent_leaves_no_copy(void **state)
{
	static const struct nts_cookies empty;
	struct nts_cookies cookies = { .count = 0 };
	struct nts_cookie cookie;

	(void)state;
	fill(&cookies, NTS_COOKIES_MAX);
	while (nts_cookies_spend(&cookies, &cookie)) {
		for (size_t i = 0; i < NTS_COOKIES_MAX; i++) {
			assert_true(cookies.items[i].octets[0] != cookie.octets[0]);
		}
	}
	assert_memory_equal(&cookies, &empty, sizeof(cookies));
}

static void counts_of_untrusted(void **state)
{
	struct nts_cookies cookies = { .count = 0 };

	(void)state;
	fill(&cookies, NTS_COOKIES_MAX);
	assert_true(nts_cookies_are_valid(&cookies));
	cookies.count = NTS_COOKIES_MAX + 1;
	assert_false(nts_cookies_are_valid(&cookies));
	cookies.count = UINT32_MAX;
	assert_false(nts_cookies_are_valid(&cookies));
}

static void lost_answers(void **state)
{
	struct nts_cookies cookies = { .count = 0 };
	struct nts_cookie cookie;

	(void)state;
	fill(&cookies, NTS_COOKIES_MAX);
	for (size_t lost = 0; nts_cookies_spend(&cookies, &cookie); lost++) {
		assert_int_equal(nts_placeholders(cookies.count, cookie.len), lost);
		assert_true(lost <= 7);
	}
}

static void answered_each_time(void **state)
{
	struct nts_cookies cookies = { .count = 0 };
	struct nts_cookie cookie;
	const struct nts_cookie fresh = numbered(200);

	(void)state;
	fill(&cookies, NTS_COOKIES_MAX);
	for (int i = 0; i < 100; i++) {
		assert_true(nts_cookies_spend(&cookies, &cookie));
		assert_int_equal(nts_placeholders(cookies.count, cookie.len), 0);
		nts_cookies_add(&cookies, &fresh);
		assert_int_equal(cookies.count, NTS_COOKIES_MAX);
	}
}

int main(void)
{
	static struct CMUnitTest tests[2 * COUNT_OF(length_rows) + 7];
	const struct CMUnitTest others[] = {
		cmocka_unit_test(empty_jar),
		cmocka_unit_test(oldest_first),
		{ "NK28 the ninth cookie is dropped", ninth_is_dropped, NULL, NULL, NULL },
		cmocka_unit_test(spent_leaves_no_copy),
		cmocka_unit_test(counts_of_untrusted),
		{ "NN25 all replies lost", lost_answers, NULL, NULL, NULL },
		cmocka_unit_test(answered_each_time),
	};
	size_t count = 0;

	for (size_t i = 0; i < COUNT_OF(length_rows); i++) {
		tests[count++] =
			(struct CMUnitTest){ .name = length_rows[i].name,
			                     .test_func = checks_length,
			                     .initial_state = (void *)&length_rows[i] };
		tests[count++] =
			(struct CMUnitTest){ .name = length_rows[i].name,
			                     .test_func = checks_length_of_untrusted,
			                     .initial_state = (void *)&length_rows[i] };
	}
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		tests[count++] = others[i];
	}
	assert_int_equal(count, COUNT_OF(tests));
	return cmocka_run_group_tests_name("nts_cookies", tests, NULL, NULL);
}
