/* SPDX-License-Identifier: MIT
 *
 * Wanted values come from RFC 3339 section 5.8, RFC 868, RFC 867, `date -u` and from
 * counting days one by one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/text_time.h"

#define S(seconds) (INT64_C(seconds) * 1000000000)
#define UNTOUCHED INT64_C(-4242424242)

/* clang-format off */
static const struct format_row {
	int64_t unix_ns;
	const char *want;
} format_rows[] = {
	{ 0,                                     "1970-01-01T00:00:00.000000000Z" },
	{ -1,                                    "1969-12-31T23:59:59.999999999Z" },
	{ S(-1),                                 "1969-12-31T23:59:59.000000000Z" },
	{ S(951782400),                          "2000-02-29T00:00:00.000000000Z" },
	{ S(951868799) + 999999999,              "2000-02-29T23:59:59.999999999Z" },
	{ S(1798761599),                         "2026-12-31T23:59:59.000000000Z" },
	{ S(1795350896) + 123456789,             "2026-11-22T12:34:56.123456789Z" },
	{ S(2147483648),                         "2038-01-19T03:14:08.000000000Z" },
	{ S(2085978496),                         "2036-02-07T06:28:16.000000000Z" },
	{ S(4107542399),                         "2100-02-28T23:59:59.000000000Z" },
	{ S(4107542400),                         "2100-03-01T00:00:00.000000000Z" },
	{ S(-2203891200),                        "1900-03-01T00:00:00.000000000Z" },
	{ S(-5361206400),                        "1800-02-10T00:00:00.000000000Z" },
	{ INT64_MAX,                             "2262-04-11T23:47:16.854775807Z" },
	{ INT64_MIN,                             "1677-09-21T00:12:43.145224192Z" },
};

static const struct parse_row {
	const char *text;
	int64_t want_ns; /* UNTOUCHED: refused */
} parse_rows[] = {
	{ "1970-01-01T00:00:00Z",                0 },
	{ "1970-01-01t00:00:00z",                0 },
	{ "1970-01-01 00:00:00Z",                0 },
	{ "1970-01-01T00:00:00.5Z",              500000000 },
	{ "1970-01-01T00:00:00.000000001Z",      1 },
	{ "1969-12-31T23:59:59.999999999Z",      -1 },
	{ "1969-12-31T23:59:59.5Z",              -500000000 },
	/* the examples of RFC 3339 section 5.8 */
	{ "1985-04-12T23:20:50.52Z",             S(482196050) + 520000000 },
	{ "1996-12-19T16:39:57-08:00",           S(851042397) },
	{ "1937-01-01T12:00:27.87+00:20",        S(-1041337172) - 130000000 },
	{ "1990-12-31T23:59:60Z",                UNTOUCHED }, /* a leap second */
	{ "1990-12-31T15:59:60-08:00",           UNTOUCHED },
	{ "1970-01-01T00:00:00-00:00",           0 },
	{ "1970-01-01T00:00:00+23:59",           S(-86340) },
	{ "1970-01-01T00:00:00-23:59",           S(86340) },
	{ "2000-02-29T00:00:00Z",                S(951782400) },
	{ "2262-04-11T23:47:16.854775807Z",      INT64_MAX },
	{ "1677-09-21T00:12:43.145224192Z",      INT64_MIN },
	{ "1677-09-21T00:12:43.145224191Z",      UNTOUCHED },
	{ "1677-09-21T00:12:43Z",                UNTOUCHED },
	{ "2262-04-11T23:47:16.854775808Z",      UNTOUCHED },
	{ "2262-04-11T23:47:17Z",                UNTOUCHED },
	{ "2262-04-11T23:47:16.854775807-00:01", UNTOUCHED },
	{ "2262-04-12T00:47:16+01:00",           S(9223372036) },
	{ "1676-12-31T23:59:59Z",                UNTOUCHED },
	{ "9999-12-31T23:59:59Z",                UNTOUCHED },
	{ "0000-01-01T00:00:00Z",                UNTOUCHED },
	/* no such date or time */
	{ "2001-02-29T00:00:00Z",                UNTOUCHED },
	{ "2100-02-29T00:00:00Z",                UNTOUCHED },
	{ "2026-00-01T00:00:00Z",                UNTOUCHED },
	{ "2026-13-01T00:00:00Z",                UNTOUCHED },
	{ "2026-01-00T00:00:00Z",                UNTOUCHED },
	{ "2026-01-32T00:00:00Z",                UNTOUCHED },
	{ "2026-04-31T00:00:00Z",                UNTOUCHED },
	{ "2026-01-01T24:00:00Z",                UNTOUCHED },
	{ "2026-01-01T00:60:00Z",                UNTOUCHED },
	{ "2026-01-01T00:00:61Z",                UNTOUCHED },
	{ "2026-01-01T00:00:00+24:00",           UNTOUCHED },
	{ "2026-01-01T00:00:00+00:60",           UNTOUCHED },
	/* no such form */
	{ "",                                    UNTOUCHED },
	{ "2026-01-01T00:00:00",                 UNTOUCHED },
	{ "2026-01-01T00:00:00.Z",               UNTOUCHED },
	{ "2026-01-01T00:00:00.",                UNTOUCHED },
	{ "2026-01-01T00:00:00,5Z",              UNTOUCHED },
	{ "2026-01-01T00:00:00.1234567890Z",     UNTOUCHED },
	{ "2026-01-01T00:00:00ZZ",               UNTOUCHED },
	{ "2026-01-01T00:00:00Z ",               UNTOUCHED },
	{ " 2026-01-01T00:00:00Z",               UNTOUCHED },
	{ "2026-01-01T00:00:00Z\n",              UNTOUCHED },
	{ "2026-01-01T00:00Z",                   UNTOUCHED },
	{ "2026-01-01",                          UNTOUCHED },
	{ "2026-1-01T00:00:00Z",                 UNTOUCHED },
	{ "20260101T000000Z",                    UNTOUCHED },
	{ "2026-01-01_00:00:00Z",                UNTOUCHED },
	{ "+026-01-01T00:00:00Z",                UNTOUCHED },
	{ "-2026-01-01T00:00:00Z",               UNTOUCHED },
	{ "2026-01-01T00:00:00+0100",            UNTOUCHED },
	{ "2026-01-01T00:00:00+01",              UNTOUCHED },
	{ "2026-01-01T-1:00:00Z",                UNTOUCHED },
	{ "2026/01/01T00:00:00Z",                UNTOUCHED },
};

static const struct request_row {
	const char *octets;
	size_t len;
	int want;
} request_rows[] = {
	{ "reqtime",      7, 1 },
	{ "reqtime\n",    8, 1 },
	{ "reqtime\r\n",  9, 1 },
	{ "reqtime\r",    8, 0 },
	{ "reqtime\n\n",  9, 0 },
	{ "reqtime\n\r",  9, 0 },
	{ "reqtime\0",    8, 0 },
	{ "reqtime ",     8, 0 },
	{ " reqtime",     8, 0 },
	{ "REQTIME",      7, 0 },
	{ "reqtim",       6, 0 },
	{ "reqtimes",     8, 0 },
	{ "\n",           1, 0 },
	{ "\r\n",         2, 0 },
	{ "",             0, 0 },
};

static const struct answer_row {
	const char *octets;
	size_t len;
	int64_t want_ns;
} answer_rows[] = {
	{ "1970-01-01T00:00:01Z",       20, S(1) },
	{ "1970-01-01T00:00:01Z\n",     21, S(1) },
	{ "1970-01-01T00:00:01Z\r\n",   22, S(1) },
	{ "1970-01-01T00:00:01Z\r",     21, UNTOUCHED },
	{ "1970-01-01T00:00:01Z\n\n",   22, UNTOUCHED },
	{ "1970-01-01T00:00:01Z\0",     21, UNTOUCHED },
	{ "1970-01-01\0" "00:00:01Z",   20, UNTOUCHED },
	{ "1970-01-01T00:00:01Z\nmore", 25, UNTOUCHED },
	{ "\n",                         1,  UNTOUCHED },
	{ "",                           0,  UNTOUCHED },
};

/* The first four are the examples of RFC 868; figure 4 of RFC 5905 has the next. */
static const struct row_868 {
	const char *name;
	int64_t unix_ns;
	uint8_t octets[TEXT_TIME_868_OCTETS];
} rows_868[] = {
	{ "868: 1 Jan 1970 = 2208988800", 0,             { 0x83, 0xaa, 0x7e, 0x80 } },
	{ "868: 1 Jan 1976 = 2398291200", S(189302400),  { 0x8e, 0xf3, 0x05, 0x00 } },
	{ "868: 1 Jan 1980 = 2524521600", S(315532800),  { 0x96, 0x79, 0x24, 0x80 } },
	{ "868: 1 May 1983 = 2629584000", S(420595200),  { 0x9c, 0xbc, 0x44, 0x80 } },
	{ "868: 8 Feb 2036 = 63104",      S(2086041600), { 0x00, 0x00, 0xf6, 0x80 } },
	{ "868: the wrap is not unknown", S(2085978496), { 0x00, 0x00, 0x00, 0x00 } },
	{ "868: last of era 0",           S(2085978495), { 0xff, 0xff, 0xff, 0xff } },
};

static const struct row_867 {
	int64_t unix_ns;
	const char *want;
} rows_867[] = {
	{ S(1795350896),             "Sunday, November 22, 2026 12:34:56-UTC\r\n" },
	{ S(383247463),              "Monday, February 22, 1982 17:37:43-UTC\r\n" },
	{ S(1788307199) + 999999999, "Tuesday, September 1, 2026 23:59:59-UTC\r\n" },
	{ S(1789603200),             "Thursday, September 17, 2026 00:00:00-UTC\r\n" },
	{ 0,                         "Thursday, January 1, 1970 00:00:00-UTC\r\n" },
	{ -1,                        "Wednesday, December 31, 1969 23:59:59-UTC\r\n" },
	{ INT64_MIN,                 "Tuesday, September 21, 1677 00:12:43-UTC\r\n" },
};
/* clang-format on */

/* A copy in a block of its own: the sanitizer sees an octet read past its end. */
static uint8_t *exact_copy(const void *octets, size_t len)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);

	assert_non_null(copy);
	memcpy(copy, octets, len);
	return copy;
}

static void format_row(void **state)
{
	const struct format_row *row = *state;
	struct instant at = { row->unix_ns };
	struct instant again = { 0 };
	char buf[TEXT_TIME_RFC3339_SIZE + 1];
	uint8_t answer[TEXT_TIME_RFC3339_SIZE];

	buf[TEXT_TIME_RFC3339_SIZE] = 0x5a;
	assert_int_equal(text_time_rfc3339(at, buf), 30);
	assert_string_equal(buf, row->want);
	assert_int_equal(buf[TEXT_TIME_RFC3339_SIZE], 0x5a);
	assert_true(text_time_rfc3339_parse(buf, 30, &again));
	assert_true(again.unix_ns == row->unix_ns);

	assert_int_equal(text_time_answer(at, answer), 31);
	assert_memory_equal(answer, row->want, 30);
	assert_int_equal(answer[30], '\n');
}

static void parse_row(void **state)
{
	const struct parse_row *row = *state;
	struct instant at = { UNTOUCHED };
	size_t len = strlen(row->text);
	uint8_t *copy = exact_copy(row->text, len);

	assert_int_equal(text_time_rfc3339_parse((const char *)copy, len, &at),
	                 row->want_ns != UNTOUCHED);
	assert_true(at.unix_ns == row->want_ns);
	free(copy);
}

static void request_row(void **state)
{
	const struct request_row *row = *state;
	uint8_t *copy = exact_copy(row->octets, row->len);

	assert_int_equal(text_time_is_request(copy, row->len), row->want);
	free(copy);
}

static void answer_row(void **state)
{
	const struct answer_row *row = *state;
	struct instant at = { UNTOUCHED };
	uint8_t *copy = exact_copy(row->octets, row->len);

	assert_int_equal(text_time_answer_parse(copy, row->len, &at),
	                 row->want_ns != UNTOUCHED);
	assert_true(at.unix_ns == row->want_ns);
	free(copy);
}

static void row_868(void **state)
{
	const struct row_868 *row = *state;
	struct instant at = { row->unix_ns };
	struct instant again = { UNTOUCHED };
	uint8_t buf[8] = { 0 };
	int64_t want_ns;

	assert_int_equal(text_time_868(at, buf), 4);
	assert_memory_equal(buf, row->octets, 4);
	assert_false(text_time_868_parse(buf, 3, &again));
	assert_false(text_time_868_parse(buf, 5, &again));
	assert_false(text_time_868_parse(buf, 0, &again));
	assert_true(again.unix_ns == UNTOUCHED);
	assert_true(text_time_868_parse(buf, 4, &again));
	/* Read within the window of core/base/ntp_time.h. */
	want_ns = row->unix_ns;
	if (want_ns < NTP_WINDOW_BEGIN_S * NS_PER_S) {
		want_ns += (INT64_C(1) << 32) * NS_PER_S;
	}
	assert_true(again.unix_ns == want_ns);
}

static void row_867(void **state)
{
	const struct row_867 *row = *state;
	char buf[TEXT_TIME_867_SIZE];

	assert_int_equal(text_time_867((struct instant){ row->unix_ns }, buf),
	                 strlen(row->want));
	assert_string_equal(buf, row->want);
}

/* Every prefix of a good text is refused, at whatever octet the network cut it. */
static void truncated(void **state)
{
	static const char good[] = "2026-11-22T12:34:56.123456789+01:00";
	struct instant at = { UNTOUCHED };
	uint8_t *copy;
	size_t len;

	(void)state;
	for (len = 0; len < sizeof(good) - 1; len++) {
		copy = exact_copy(good, len);
		assert_false(text_time_rfc3339_parse((const char *)copy, len, &at));
		free(copy);
	}
	assert_true(at.unix_ns == UNTOUCHED);
	assert_true(text_time_rfc3339_parse(good, sizeof(good) - 1, &at));
}

/* All 213503 whole days of the range, against a calendar that counts on its fingers. */
static void every_day(void **state)
{
	static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	struct civil want = { .year = 1677, .month = 9, .day = 22, .weekday = 3 };
	struct civil got;
	int64_t day;
	int len;

	(void)state;
	for (day = -106751; day <= 106750; day++) {
		got = civil_from_instant((struct instant){ day * S(86400) });
		assert_int_equal(got.year, want.year);
		assert_int_equal(got.month, want.month);
		assert_int_equal(got.day, want.day);
		assert_int_equal(got.weekday, want.weekday);
		assert_int_equal(got.hour + got.minute + got.second + got.ns, 0);
		got = civil_from_instant((struct instant){ day * S(86400) + S(86400) - 1 });
		assert_int_equal(got.day, want.day);
		assert_int_equal(got.hour * 10000 + got.minute * 100 + got.second, 235959);
		assert_int_equal(got.ns, 999999999);

		len = lengths[want.month - 1];
		if (want.month == 2 && want.year % 4 == 0 &&
		    (want.year % 100 != 0 || want.year % 400 == 0)) {
			len = 29;
		}
		want.weekday = (want.weekday + 1) % 7;
		want.day++;
		if (want.day > len) {
			want.day = 1;
			want.month++;
		}
		if (want.month > 12) {
			want.month = 1;
			want.year++;
		}
	}
	/* So the last day is where `date` has it, too. */
	assert_int_equal(want.year, 2262);
	assert_int_equal(want.month, 4);
	assert_int_equal(want.day, 11);
}

static void round_trip(void **state)
{
	uint64_t random = UINT64_C(88172645463325252);
	char buf[TEXT_TIME_RFC3339_SIZE];
	struct instant at, again;
	int i;

	(void)state;
	for (i = 0; i < 100000; i++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		at.unix_ns = (int64_t)random;
		again.unix_ns = 0;
		assert_true(
			text_time_rfc3339_parse(buf, text_time_rfc3339(at, buf), &again));
		assert_true(again.unix_ns == at.unix_ns);
	}
}

#define ADD_ROWS(rows, text, function)                                                     \
	for (i = 0; i < COUNT_OF(rows); i++) {                                             \
		tests[count++] =                                                           \
			(struct CMUnitTest){ .name = (rows)[i].text,                       \
			                     .test_func = (function),                      \
			                     .initial_state = (void *)&(rows)[i] };        \
	}

int main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(truncated),
		cmocka_unit_test(every_day),
		cmocka_unit_test(round_trip),
	};
	static struct CMUnitTest tests[COUNT_OF(format_rows) + COUNT_OF(parse_rows) +
	                               COUNT_OF(request_rows) + COUNT_OF(answer_rows) +
	                               COUNT_OF(rows_868) + COUNT_OF(rows_867) +
	                               COUNT_OF(others)];
	size_t count = 0;
	size_t i;

	ADD_ROWS(format_rows, want, format_row);
	ADD_ROWS(parse_rows, text, parse_row);
	ADD_ROWS(request_rows, octets, request_row);
	ADD_ROWS(answer_rows, octets, answer_row);
	ADD_ROWS(rows_868, name, row_868);
	ADD_ROWS(rows_867, want, row_867);
	for (i = 0; i < COUNT_OF(others); i++) {
		tests[count++] = others[i];
	}
	return cmocka_run_group_tests_name("text_time", tests, NULL, NULL);
}
