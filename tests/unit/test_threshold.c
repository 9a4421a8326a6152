/* SPDX-License-Identifier: MIT
 *
 * Ranges of monitoring plugins: parsed, printed, and compared with an interval.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/report/threshold.h"

#define MS(ms) (INT64_C(ms) * 1000000)
#define S(seconds) (INT64_C(seconds) * 1000000000)
#define NONE INT64_MIN /* no end */
#define SPAN THRESHOLD_SPAN
#define COUNT THRESHOLD_COUNT
#define LENGTH THRESHOLD_LENGTH

/* clang-format off */
static const struct parse_row {
	const char *text;
	enum threshold_unit unit;
	enum threshold_verdict want;
	bool is_inside;
	int64_t low, high;
	const char *shown;
} parse_rows[] = {
	/* the five forms of the guidelines; a plain span is two-sided */
	{ "10",            SPAN, THRESHOLD_OK, false, S(-10), S(10),   "10" },
	{ "10:",           SPAN, THRESHOLD_OK, false, S(10),  NONE,    "10:" },
	{ "~:10",          SPAN, THRESHOLD_OK, false, NONE,   S(10),   "~:10" },
	{ "10:20",         SPAN, THRESHOLD_OK, false, S(10),  S(20),   "10:20" },
	{ "@10:20",        SPAN, THRESHOLD_OK, true,  S(10),  S(20),   "@10:20" },
	{ "@10",           SPAN, THRESHOLD_OK, true,  S(-10), S(10),   "@10" },
	{ "100ms",         SPAN, THRESHOLD_OK, false, MS(-100), MS(100), "0.1" },
	{ "@-50ms:50ms",   SPAN, THRESHOLD_OK, true,  MS(-50), MS(50), "@0.05" },
	{ "-1m:1.5s",      SPAN, THRESHOLD_OK, false, S(-60), MS(1500), "-60:1.5" },
	{ "~:-1ns",        SPAN, THRESHOLD_OK, false, NONE,   -1,      "~:-0.000000001" },
	{ "-2s:-1s",       SPAN, THRESHOLD_OK, false, S(-2),  S(-1),   "-2:-1" },
	{ "-0:0",          SPAN, THRESHOLD_OK, false, 0,      0,       "0" },
	{ "0",             SPAN, THRESHOLD_OK, false, 0,      0,       "0" },
	{ "0:0.5",         SPAN, THRESHOLD_OK, false, 0,      MS(500), "0:0.5" },
	{ "~:",            SPAN, THRESHOLD_OK, false, NONE,   NONE,    "~:" },
	{ "@~:",           SPAN, THRESHOLD_OK, true,  NONE,   NONE,    "@~:" },
	{ "36500d",        SPAN, THRESHOLD_OK, false, -THRESHOLD_MAX_NS, THRESHOLD_MAX_NS,
	  "3153600000" },
	{ "100ms",         LENGTH, THRESHOLD_OK, false, 0,    MS(100), "0.1" },
	{ "1ms:1s",        LENGTH, THRESHOLD_OK, false, MS(1), S(1),   "0.001:1" },
	{ "@~:1ms",        LENGTH, THRESHOLD_OK, true,  NONE,  MS(1),  "@~:0.001" },
	{ "-1ms:1s",       LENGTH, THRESHOLD_NEGATIVE, 0, 0, 0, NULL },
	{ "~:-1",          LENGTH, THRESHOLD_NEGATIVE, 0, 0, 0, NULL },
	{ "4",             COUNT, THRESHOLD_OK, false, 0,     4,       "4" },
	{ "1:4",           COUNT, THRESHOLD_OK, false, 1,     4,       "1:4" },
	{ "2:",            COUNT, THRESHOLD_OK, false, 2,     NONE,    "2:" },
	{ "0:",            COUNT, THRESHOLD_OK, false, 0,     NONE,    "0:" },
	{ "@15:16",        COUNT, THRESHOLD_OK, true,  15,    16,      "@15:16" },
	{ "@3",            COUNT, THRESHOLD_OK, true,  0,     3,       "@3" },
	{ "~:3",           COUNT, THRESHOLD_OK, false, NONE,  3,       "~:3" },
	{ "1000000000",    COUNT, THRESHOLD_OK, false, 0, 1000000000,  "1000000000" },

	{ "",              SPAN, THRESHOLD_EMPTY, 0, 0, 0, NULL },
	{ "@",             SPAN, THRESHOLD_EMPTY, 0, 0, 0, NULL },
	{ ":",             SPAN, THRESHOLD_NO_START, 0, 0, 0, NULL },
	{ ":10",           SPAN, THRESHOLD_NO_START, 0, 0, 0, NULL },
	{ "@:10",          SPAN, THRESHOLD_NO_START, 0, 0, 0, NULL },
	{ "-10",           SPAN, THRESHOLD_SIGN_ALONE, 0, 0, 0, NULL },
	{ "20:10",         SPAN, THRESHOLD_BACKWARDS, 0, 0, 0, NULL },
	{ "1s:999ms",      SPAN, THRESHOLD_BACKWARDS, 0, 0, 0, NULL },
	{ "10:~",          SPAN, THRESHOLD_TILDE_AT_END, 0, 0, 0, NULL },
	{ "~",             SPAN, THRESHOLD_NOT_A_SPAN, 0, 0, 0, NULL },
	{ "~~:1",          SPAN, THRESHOLD_NOT_A_SPAN, 0, 0, 0, NULL },
	{ "@@1",           SPAN, THRESHOLD_NOT_A_SPAN, 0, 0, 0, NULL },
	{ "1:2:3",         SPAN, THRESHOLD_UNKNOWN_UNIT, 0, 0, 0, NULL },
	{ "--1:1",         SPAN, THRESHOLD_NOT_A_SPAN, 0, 0, 0, NULL },
	{ "+1:2",          SPAN, THRESHOLD_NOT_A_SPAN, 0, 0, 0, NULL },
	{ "1 : 2",         SPAN, THRESHOLD_UNKNOWN_UNIT, 0, 0, 0, NULL },
	{ " 1",            SPAN, THRESHOLD_NOT_A_SPAN, 0, 0, 0, NULL },
	{ "1,5",           SPAN, THRESHOLD_UNKNOWN_UNIT, 0, 0, 0, NULL },
	{ "nan",           SPAN, THRESHOLD_NOT_A_SPAN, 0, 0, 0, NULL },
	{ "inf:",          SPAN, THRESHOLD_NOT_A_SPAN, 0, 0, 0, NULL },
	{ "10%",           SPAN, THRESHOLD_UNKNOWN_UNIT, 0, 0, 0, NULL },
	{ "1e3",           SPAN, THRESHOLD_UNKNOWN_UNIT, 0, 0, 0, NULL },
	{ "0.1ns",         SPAN, THRESHOLD_TOO_LARGE, 0, 0, 0, NULL },
	{ "3153600000.000000001", SPAN, THRESHOLD_TOO_LARGE, 0, 0, 0, NULL },
	{ "-9223372036854775807ns:", SPAN, THRESHOLD_TOO_LARGE, 0, 0, 0, NULL },
	{ "99999999999999999999", SPAN, THRESHOLD_TOO_LARGE, 0, 0, 0, NULL },
	{ "0000000000000000000000000000000000000000000000000000000000000001", SPAN,
	  THRESHOLD_NOT_A_SPAN, 0, 0, 0, NULL },
	{ "-1",            COUNT, THRESHOLD_SIGN_ALONE, 0, 0, 0, NULL },
	{ "-1:4",          COUNT, THRESHOLD_NOT_A_COUNT, 0, 0, 0, NULL },
	{ "1.5",           COUNT, THRESHOLD_NOT_A_COUNT, 0, 0, 0, NULL },
	{ "4s",            COUNT, THRESHOLD_NOT_A_COUNT, 0, 0, 0, NULL },
	{ "1000000001",    COUNT, THRESHOLD_TOO_LARGE, 0, 0, 0, NULL },
	{ "99999999999999999999999999", COUNT, THRESHOLD_TOO_LARGE, 0, 0, 0, NULL },
};

/* The three results, at the borders of each. */
static const struct check_row {
	const char *threshold;
	int64_t value, bound;
	enum threshold_side want;
} check_rows[] = {
	{ "10",      0,       0,      THRESHOLD_WITHIN },
	{ "10",      S(10),   0,      THRESHOLD_WITHIN },       /* ends included */
	{ "10",      S(10)+1, 0,      THRESHOLD_BEYOND },
	{ "10",      S(-10),  0,      THRESHOLD_WITHIN },
	{ "10",      S(-10)-1, 0,     THRESHOLD_BEYOND },
	{ "10",      S(9),    S(1),   THRESHOLD_WITHIN },
	{ "10",      S(9),    S(1)+1, THRESHOLD_INCONCLUSIVE },
	{ "10",      S(11),   S(1),   THRESHOLD_INCONCLUSIVE }, /* touches the end */
	{ "10",      S(11)+1, S(1),   THRESHOLD_BEYOND },
	{ "10",      S(-11),  S(1),   THRESHOLD_INCONCLUSIVE },
	{ "10",      S(-11)-1, S(1),  THRESHOLD_BEYOND },
	{ "10",      0,       S(11),  THRESHOLD_INCONCLUSIVE }, /* holds the whole range */
	{ "10",      S(9),    S(30),  THRESHOLD_INCONCLUSIVE },
	{ "10",      S(9),    -5,     THRESHOLD_WITHIN },
	{ "10:",     S(10),   0,      THRESHOLD_WITHIN },
	{ "10:",     S(10)-1, 0,      THRESHOLD_BEYOND },
	{ "10:",     S(9),    S(2),   THRESHOLD_INCONCLUSIVE },
	{ "~:10",    S(-999), 0,      THRESHOLD_WITHIN },
	{ "~:10",    S(10)+1, 0,      THRESHOLD_BEYOND },
	{ "~:10",    S(10),   1,      THRESHOLD_INCONCLUSIVE },
	{ "10:20",   S(15),   S(5),   THRESHOLD_WITHIN },
	{ "10:20",   S(15),   S(5)+1, THRESHOLD_INCONCLUSIVE },
	{ "10:20",   0,       S(9),   THRESHOLD_BEYOND },
	{ "@10:20",  S(15),   S(5),   THRESHOLD_BEYOND },
	{ "@10:20",  S(15),   S(5)+1, THRESHOLD_INCONCLUSIVE },
	{ "@10:20",  S(10),   0,      THRESHOLD_BEYOND },       /* ends included */
	{ "@10:20",  S(10)-1, 0,      THRESHOLD_WITHIN },
	{ "@10:20",  S(25),   S(5)-1, THRESHOLD_WITHIN },
	{ "@10:20",  S(25),   S(5),   THRESHOLD_INCONCLUSIVE },
	{ "~:",      INT64_MIN, INT64_MAX, THRESHOLD_WITHIN },
	{ "@~:",     INT64_MAX, INT64_MAX, THRESHOLD_BEYOND },
	/* the limits of 64 bits */
	{ "10",      INT64_MAX, 0,         THRESHOLD_BEYOND },
	{ "10",      INT64_MIN, 0,         THRESHOLD_BEYOND },
	{ "10",      INT64_MAX, INT64_MAX, THRESHOLD_INCONCLUSIVE },
	{ "10",      INT64_MIN, INT64_MAX, THRESHOLD_INCONCLUSIVE }, /* up to -1 ns */
	{ "10",      0,         INT64_MAX, THRESHOLD_INCONCLUSIVE },
	{ "10",      0,         INT64_MIN, THRESHOLD_WITHIN },
	{ "36500d",  INT64_MAX, 0,         THRESHOLD_BEYOND },
	{ "36500d",  INT64_MIN, 0,         THRESHOLD_BEYOND },
	{ "36500d:", INT64_MAX, INT64_MAX, THRESHOLD_INCONCLUSIVE },
	{ "~:36500d", INT64_MIN, 1,        THRESHOLD_WITHIN },
};
/* clang-format on */

static void parse_row(void **state)
{
	const struct parse_row *row = *state;
	struct threshold threshold, before;
	char shown[THRESHOLD_TEXT_SIZE];

	memset(&threshold, 0x5a, sizeof(threshold));
	memcpy(&before, &threshold, sizeof(before));
	assert_int_equal(threshold_parse(row->text, row->unit, &threshold), row->want);
	if (row->want != THRESHOLD_OK) {
		assert_memory_equal(&threshold, &before, sizeof(before));
		return;
	}
	assert_int_equal(threshold.is_inside, row->is_inside);
	assert_int_equal(threshold.has_low, row->low != NONE);
	assert_int_equal(threshold.has_high, row->high != NONE);
	assert_true(row->low == NONE || threshold.low == row->low);
	assert_true(row->high == NONE || threshold.high == row->high);
	assert_ptr_equal(threshold.given, row->text);
	assert_int_equal(threshold_format(&threshold, row->unit, shown),
	                 strlen(row->shown));
	assert_string_equal(shown, row->shown);
}

static void check_row(void **state)
{
	const struct check_row *row = *state;
	struct threshold threshold;

	assert_int_equal(threshold_parse(row->threshold, SPAN, &threshold), THRESHOLD_OK);
	assert_int_equal(threshold_side_of(&threshold, row->value, row->bound), row->want);
}

static void without_one_all_is_within(void **state)
{
	const struct threshold none = { .is_set = false };

	(void)state;
	assert_int_equal(threshold_side_of(&none, INT64_MIN, INT64_MAX), THRESHOLD_WITHIN);
}

static void seconds_are_exact(void **state)
{
	char buf[THRESHOLD_TEXT_SIZE];

	(void)state;
	threshold_format_seconds(0, buf);
	assert_string_equal(buf, "0");
	threshold_format_seconds(-1, buf);
	assert_string_equal(buf, "-0.000000001");
	threshold_format_seconds(1234567890, buf);
	assert_string_equal(buf, "1.23456789");
	threshold_format_seconds(INT64_MAX, buf);
	assert_string_equal(buf, "9223372036.854775807");
	threshold_format_seconds(INT64_MIN, buf);
	assert_string_equal(buf, "-9223372036.854775808");
}

static void every_verdict_has_words(void **state)
{
	(void)state;
	for (int i = THRESHOLD_OK; i <= THRESHOLD_TILDE_AT_END; i++) {
		assert_true(strlen(threshold_verdict_text((enum threshold_verdict)i)) > 5);
	}
}

int main(void)
{
	struct CMUnitTest tests[COUNT_OF(parse_rows) + COUNT_OF(check_rows) + 3];
	static char names[COUNT_OF(parse_rows) + COUNT_OF(check_rows)][96];
	size_t count = 0;

	for (size_t i = 0; i < COUNT_OF(parse_rows); i++, count++) {
		snprintf(names[count], sizeof(names[count]), "parse \"%s\"",
		         parse_rows[i].text);
		tests[count] =
			(struct CMUnitTest){ .name = names[count],
			                     .test_func = parse_row,
			                     .initial_state = (void *)&parse_rows[i] };
	}
	for (size_t i = 0; i < COUNT_OF(check_rows); i++, count++) {
		snprintf(names[count], sizeof(names[count]), "judge %lld +/- %lld by %s",
		         (long long)check_rows[i].value, (long long)check_rows[i].bound,
		         check_rows[i].threshold);
		tests[count] =
			(struct CMUnitTest){ .name = names[count],
			                     .test_func = check_row,
			                     .initial_state = (void *)&check_rows[i] };
	}
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(without_one_all_is_within);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(seconds_are_exact);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(every_verdict_has_words);
	return cmocka_run_group_tests_name("threshold", tests, NULL, NULL);
}
