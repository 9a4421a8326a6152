/* SPDX-License-Identifier: MIT
 *
 * Spans of time: read, written, shown.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/span.h"

#define S(seconds) (INT64_C(seconds) * 1000000000)

/* clang-format off */
static const struct parse_row {
	const char *text;
	enum span_verdict want;
	int64_t want_ns;
} parse_rows[] = {
	{ "250ms",                   SPAN_OK, INT64_C(250000000) },
	{ "1.5s",                    SPAN_OK, INT64_C(1500000000) },
	{ "2m",                      SPAN_OK, S(120) },
	{ "2min",                    SPAN_OK, S(120) },
	{ "3h",                      SPAN_OK, S(10800) },
	{ "1d",                      SPAN_OK, S(86400) },
	{ "1w",                      SPAN_OK, S(604800) },
	{ "7us",                     SPAN_OK, 7000 },
	{ "7ns",                     SPAN_OK, 7 },
	{ "0.5",                     SPAN_OK, 500000000 },
	{ ".5",                      SPAN_OK, 500000000 },
	{ "1000",                    SPAN_OK, S(1000) },
	{ "0",                       SPAN_OK, 0 },
	{ "0.000ns",                 SPAN_OK, 0 },
	{ "007s",                    SPAN_OK, S(7) },
	/* exact where a double is not: 0.1 + 0.2, and 2^53 + 1 */
	{ "0.3",                     SPAN_OK, 300000000 },
	{ "9007199254740993ns",      SPAN_OK, INT64_C(9007199254740993) },
	{ "9007199.254740993s",      SPAN_OK, INT64_C(9007199254740993) },
	/* down to a nanosecond, however many the decimals */
	{ "1.9ns",                   SPAN_OK, 1 },
	{ "0.0000000019s",           SPAN_OK, 1 },
	{ "0.9999999999999999999999999999999999999s", SPAN_OK, 999999999 },
	{ "0.33333333333333333333h", SPAN_OK, INT64_C(1199999999999) },
	{ "0.1w",                    SPAN_OK, S(60480) },
	{ "0.00000000000000000000",  SPAN_OK, 0 },
	/* systemd.time(7): the words, and several of them */
	{ "5sec",                    SPAN_OK, S(5) },
	{ "1second",                 SPAN_OK, S(1) },
	{ "5seconds",                SPAN_OK, S(5) },
	{ "7nsec",                   SPAN_OK, 7 },
	{ "7usec",                   SPAN_OK, 7000 },
	{ "7\xc2\xb5s",              SPAN_OK, 7000 },
	{ "7\xce\xbcs",              SPAN_OK, 7000 },
	{ "7msec",                   SPAN_OK, 7000000 },
	{ "1minute",                 SPAN_OK, S(60) },
	{ "2minutes",                SPAN_OK, S(120) },
	{ "2hr",                     SPAN_OK, S(7200) },
	{ "1hour",                   SPAN_OK, S(3600) },
	{ "2hours",                  SPAN_OK, S(7200) },
	{ "1day",                    SPAN_OK, S(86400) },
	{ "2days",                   SPAN_OK, S(172800) },
	{ "1week",                   SPAN_OK, S(604800) },
	{ "2weeks",                  SPAN_OK, S(1209600) },
	{ "5 ms",                    SPAN_OK, 5000000 },
	{ "1h30m",                   SPAN_OK, S(5400) },
	{ "1h 30min",                SPAN_OK, S(5400) },
	{ "2 hours  5.5 seconds",    SPAN_OK, 2 * S(3600) + 5500000000 },
	{ "55s500ms",                SPAN_OK, INT64_C(55500000000) },
	{ "1d1d",                    SPAN_OK, S(172800) },
	{ "0s1ns",                   SPAN_OK, 1 },
	{ "9223372036s854775807ns",  SPAN_OK, INT64_MAX },
	{ "9223372036s854775808ns",  SPAN_TOO_LARGE, 0 },
	{ "1h0.1ns",                 SPAN_TOO_LARGE, 0 },
	/* the two ends */
	{ "9223372036854775807ns",   SPAN_OK, INT64_MAX },
	{ "9223372036.854775807s",   SPAN_OK, INT64_MAX },
	{ "9223372036.8547758079s",  SPAN_OK, INT64_MAX },
	{ "9223372036854775808ns",   SPAN_TOO_LARGE, 0 },
	{ "9223372036.854775808s",   SPAN_TOO_LARGE, 0 },
	{ "15251w",                  SPAN_TOO_LARGE, 0 },
	{ "99999999999999999999999", SPAN_TOO_LARGE, 0 },
	{ "18446744073709551616ns",  SPAN_TOO_LARGE, 0 },
	{ "0.1ns",                   SPAN_TOO_LARGE, 0 },
	{ "0.0000000001",            SPAN_TOO_LARGE, 0 },

	{ "",                        SPAN_EMPTY, 0 },
	{ "s",                       SPAN_NOT_A_NUMBER, 0 },
	{ ".",                       SPAN_NOT_A_NUMBER, 0 },
	{ ".s",                      SPAN_NOT_A_NUMBER, 0 },
	{ "5.",                      SPAN_NOT_A_NUMBER, 0 },
	{ "5.s",                     SPAN_NOT_A_NUMBER, 0 },
	{ "1.2.3",                   SPAN_NOT_A_NUMBER, 0 },
	{ "1..2",                    SPAN_NOT_A_NUMBER, 0 },
	{ "-1",                      SPAN_NOT_A_NUMBER, 0 },
	{ "+1",                      SPAN_NOT_A_NUMBER, 0 },
	{ " 1",                      SPAN_NOT_A_NUMBER, 0 },
	{ "nan",                     SPAN_NOT_A_NUMBER, 0 },
	{ "inf",                     SPAN_NOT_A_NUMBER, 0 },
	{ "\xd9\xa1s",               SPAN_NOT_A_NUMBER, 0 },
	{ "5ms ",                    SPAN_NOT_A_NUMBER, 0 },
	{ "5 ",                      SPAN_UNKNOWN_UNIT, 0 },
	{ "1e3",                     SPAN_UNKNOWN_UNIT, 0 },
	{ "0x10",                    SPAN_UNKNOWN_UNIT, 0 },
	{ "1,5s",                    SPAN_UNKNOWN_UNIT, 0 },
	{ "5S",                      SPAN_UNKNOWN_UNIT, 0 },
	{ "5y",                      SPAN_UNKNOWN_UNIT, 0 },
	{ "5month",                  SPAN_UNKNOWN_UNIT, 0 },
	{ "5M",                      SPAN_UNKNOWN_UNIT, 0 },
	{ "1h30x",                   SPAN_UNKNOWN_UNIT, 0 },
	{ "1:30",                    SPAN_UNKNOWN_UNIT, 0 },
	{ "1h-30m",                  SPAN_UNKNOWN_UNIT, 0 },
	{ "\xc2\xb5s",               SPAN_NOT_A_NUMBER, 0 },
	{ "5\xb5s",                  SPAN_UNKNOWN_UNIT, 0 },
	/* minutes or seconds? */
	{ "1h30",                    SPAN_NO_UNIT, 0 },
	{ "1 30",                    SPAN_NO_UNIT, 0 },
	{ "1 30m",                   SPAN_NO_UNIT, 0 },
	{ "1h 30",                   SPAN_NO_UNIT, 0 },
	{ "1h m",                    SPAN_NOT_A_NUMBER, 0 },
	{ "1h.m",                    SPAN_NOT_A_NUMBER, 0 },
	{ "99999999999999999999x",   SPAN_UNKNOWN_UNIT, 0 },
};

static const struct format_row {
	int64_t ns;
	int with_sign;
	const char *want;
} format_rows[] = {
	{ 0,                          0, "0 s" },
	{ 0,                          1, "0 s" },
	{ 1,                          1, "+1 ns" },
	{ -12,                        1, "-12 ns" },
	{ -12,                        0, "-12 ns" },
	{ 12,                         0, "12 ns" },
	{ 999,                        0, "999 ns" },
	{ 1000,                       0, "1 us" },
	{ 1001,                       0, "1.001 us" },
	{ 1010,                       0, "1.01 us" },
	{ 12345,                      0, "12.35 us" },
	{ 12344,                      0, "12.34 us" },
	{ 123450,                     0, "123.5 us" },
	{ 123449,                     0, "123.4 us" },
	{ 1234000,                    1, "+1.234 ms" },
	{ 1234400,                    1, "+1.234 ms" },
	{ 1234500,                    1, "+1.235 ms" },
	{ -1234500,                   1, "-1.235 ms" },
	{ 250000000,                  0, "250 ms" },
	{ 500000000,                  0, "500 ms" },
	{ S(1),                       0, "1 s" },
	{ 3500000000,                 1, "+3.5 s" },
	{ 3500400000,                 1, "+3.500 s" },
	{ S(90),                      0, "90 s" },
	{ S(1000),                    0, "1000 s" },
	{ 1000499999999,              0, "1000 s" },
	{ S(3599),                    0, "3599 s" },
	/* the carry goes into the next unit */
	{ 999949,                     0, "999.9 us" },
	{ 999950,                     0, "1.000 ms" },
	{ 999999,                     0, "1.000 ms" },
	{ 999949999,                  0, "999.9 ms" },
	{ 999999600,                  0, "1.000 s" },
	{ -999999600,                 1, "-1.000 s" },
	{ 9999500,                    0, "10.00 ms" },
	{ 99995000,                   0, "100.0 ms" },
	{ 999949999999,               0, "999.9 s" },
	{ 999950000000,               0, "1000 s" },
	{ 3599499999999,              0, "3599 s" },
	{ 3599500000000,              0, "1 h 00:00" },
	{ 86399499999999,             0, "23 h 59:59" },
	{ 86399500000000,             0, "1 d 00:00:00" },
	/* hours and days */
	{ S(3600),                    0, "1 h 00:00" },
	{ S(3723),                    1, "+1 h 02:03" },
	{ S(183845),                  1, "+2 d 03:04:05" },
	{ -S(183845),                 1, "-2 d 03:04:05" },
	{ INT64_MAX,                  1, "+106751 d 23:47:17" },
	{ INT64_MIN,                  1, "-106751 d 23:47:17" },
};
/* clang-format on */

static void parse_row(void **state)
{
	const struct parse_row *row = *state;
	int64_t ns = INT64_C(-77);

	assert_int_equal(span_parse(row->text, &ns), row->want);
	assert_true(ns == (row->want == SPAN_OK ? row->want_ns : INT64_C(-77)));
}

static void format_row(void **state)
{
	const struct format_row *row = *state;
	char buf[SPAN_TEXT_SIZE + 1];

	memset(buf, 0x5a, sizeof(buf));
	assert_int_equal(span_format(row->ns, row->with_sign, buf), strlen(row->want));
	assert_string_equal(buf, row->want);
	assert_int_equal(buf[SPAN_TEXT_SIZE], 0x5a);
}

/* Output is within half a unit of its fourth digit. */
static void shown_is_near(void **state)
{
	uint64_t random = UINT64_C(88172645463325252);
	char text[SPAN_TEXT_SIZE], *blank;
	int64_t ns, again_ns, error_ns;
	int i;

	(void)state;
	for (i = 0; i < 200000; i++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		ns = (int64_t)(random >> (22 + random % 41));
		if (ns == 0 || ns >= S(3599)) {
			continue;
		}
		span_format(ns, 0, text);
		blank = strchr(text, ' ');
		assert_non_null(blank);
		memmove(blank, blank + 1, strlen(blank));
		assert_int_equal(span_parse(text, &again_ns), SPAN_OK);
		error_ns = llabs(again_ns - ns);
		assert_true(error_ns * 2000 <= ns);
		assert_true(ns > 9999 || again_ns == ns);
	}
}

static void verdicts_have_texts_of_their_own(void **state)
{
	int a, b;

	(void)state;
	for (a = SPAN_OK; a <= SPAN_TOO_LARGE; a++) {
		assert_true(strlen(span_verdict_text((enum span_verdict)a)) > 0);
		for (b = SPAN_OK; b < a; b++) {
			assert_string_not_equal(span_verdict_text((enum span_verdict)a),
			                        span_verdict_text((enum span_verdict)b));
		}
	}
}

/* Output parses to the same span, in the largest unit that divides it. */
static void written_is_read(void **state)
{
	static const struct {
		int64_t ns;
		const char *text;
	} rows[] = {
		{ 0, "0s" },
		{ 1, "1ns" },
		{ 1500 * NS_PER_MS, "1500ms" },
		{ 250 * NS_PER_US, "250us" },
		{ 1000 * NS_PER_S, "1000s" },
		{ 90 * 86400 * NS_PER_S, "90d" },
		{ 3600 * NS_PER_S, "1h" },
		{ INT64_MAX, "9223372036854775807ns" },
	};
	char buf[SPAN_TEXT_SIZE];
	int64_t back_ns;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_int_equal(span_write(rows[i].ns, buf), strlen(rows[i].text));
		assert_string_equal(buf, rows[i].text);
		back_ns = -1;
		assert_int_equal(span_parse(buf, &back_ns), SPAN_OK);
		assert_int_equal(back_ns, rows[i].ns);
	}
}

int main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(shown_is_near),
		cmocka_unit_test(written_is_read),
		cmocka_unit_test(verdicts_have_texts_of_their_own),
	};
	static struct CMUnitTest
		tests[COUNT_OF(parse_rows) + COUNT_OF(format_rows) + COUNT_OF(others)];
	size_t count = 0;
	size_t i;

	for (i = 0; i < COUNT_OF(parse_rows); i++) {
		tests[count++] =
			(struct CMUnitTest){ .name = parse_rows[i].text,
			                     .test_func = parse_row,
			                     .initial_state = (void *)&parse_rows[i] };
	}
	for (i = 0; i < COUNT_OF(format_rows); i++) {
		tests[count++] =
			(struct CMUnitTest){ .name = format_rows[i].want,
			                     .test_func = format_row,
			                     .initial_state = (void *)&format_rows[i] };
	}
	for (i = 0; i < COUNT_OF(others); i++) {
		tests[count++] = others[i];
	}
	return cmocka_run_group_tests_name("span", tests, NULL, NULL);
}
