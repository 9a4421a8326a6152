/* SPDX-License-Identifier: MIT
 *
 * Wanted values come from RFC 5905 figure 4, from `date -u -d ... +%s`, and from
 * arithmetic in 128 bits; none from the code under test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/ntp_time.h"

#define S(seconds) (INT64_C(seconds) * 1000000000)

/* 2036-02-07 06:28:16, where the seconds on the wire start again at 0. */
#define ERA_1 INT64_C(2085978496)
/* 2106-02-07 06:28:15, the last second of a window that begins with 1970. */
#define WINDOW_LAST INT64_C(4294967295)
/* 2026-11-01, the day of a release; 2162-12-08 06:28:15, the last second of its window. */
#define RELEASE INT64_C(1793491200)
#define RELEASE_LAST INT64_C(6088458495)

/* clang-format off */
struct from_row {
	const char *name;
	struct ntp_ts ts;
	int64_t want_unix_ns;
};

static const struct from_row from_rows[] = {
	{ "from: 1970, first UNIX day of RFC 5905 figure 4", { 2208988800u, 0 }, 0 },
	{ "from: 1972, first UTC day of figure 4",  { 2272060800u, 0 }, S(63072000) },
	{ "from: 1999-12-31 of figure 4",           { 3155587200u, 0 }, S(946598400) },
	{ "from: 2036-02-08 of figure 4, era 1",    { 63104, 0 },       S(2086041600) },
	{ "from: 2001-01-01",                       { 3187296000u, 0 }, S(978307200) },
	{ "from: 2036-02-07 06:28:15",              { 0xffffffff, 0 },  S(2085978495) },
	{ "from: 2036-02-07 06:28:16",              { 0, 0 },           S(2085978496) },
	{ "from: 2036-02-07 06:28:17",              { 1, 0 },           S(2085978497) },
	{ "from: 2038-01-19 03:14:07",              { 61505151, 0 },    S(2147483647) },
	{ "from: 2038-01-19 03:14:08",              { 61505152, 0 },    S(2147483648) },
	{ "from: top bit just clear, 2104",         { 0x7fffffff, 0 },  S(4233462143) },
	{ "from: top bit just set, not 1968",       { 0x83aa7e80, 0 },  0 },
	{ "from: last second of the window",        { 0x83aa7e7f, 0 },  S(4294967295) },
	{ "from: half a second",                    { 2208988800u, 0x80000000 }, 500000000 },
	{ "from: one unit rounds to 0 ns",          { 2208988800u, 1 },          0 },
	{ "from: two units round to 0 ns",          { 2208988800u, 2 },          0 },
	{ "from: three units round to 1 ns",        { 2208988800u, 3 },          1 },
	{ "from: last unit rounds to the next second", { 2208988800u, 0xffffffff }, 1000000000 },
	{ "from: last unit of era 0",               { 0xffffffff, 0xffffffff }, S(2085978496) },
	{ "from: the greatest of all",              { 0x83aa7e7f, 0xffffffff }, S(4294967296) },
	/* chronyd 4.3; tshark shows 2026-11-23 02:26:21.607085650, cut, not rounded. */
	{ "from: recorded of chronyd",   { 0xeeae22cd, 0x9b69f718 }, S(1795400781) + 607085651 },
	/* The same under libfaketime: 2036-02-07 06:28:15.733446064, 06:28:16.134050029. */
	{ "from: recorded before 2036",  { 0xffffffff, 0xbbc31f0d }, S(2085978495) + 733446065 },
	{ "from: recorded after 2036",   { 0x00000000, 0x22511a4d }, S(2085978496) + 134050030 },
};

struct to_row {
	const char *name;
	int64_t unix_ns;
	struct ntp_ts want;
};

static const struct to_row to_rows[] = {
	{ "to: 1970",                       0,                { 2208988800u, 0 } },
	{ "to: 1 ns is 4.29 units",         1,                { 2208988800u, 4 } },
	{ "to: half a second",              500000000,        { 2208988800u, 0x80000000 } },
	{ "to: 999999999 ns rounds down",   999999999,        { 2208988800u, 4294967291u } },
	{ "to: a ns before 1970 rounds down", -1,             { 2208988799u, 4294967291u } },
	{ "to: a second before 1970",       -S(1),            { 2208988799u, 0 } },
	{ "to: 1969 with a fraction",       -S(1) - 500000000, { 2208988798u, 0x80000000 } },
	{ "to: 2001",                       S(978307200),     { 3187296000u, 0 } },
	{ "to: 2036-02-07 06:28:15",        S(2085978495),    { 0xffffffff, 0 } },
	{ "to: the last ns of era 0",       S(2085978496) - 1, { 0xffffffff, 4294967291u } },
	{ "to: never zero, start of era 1", S(2085978496),    { 0, 1 } },
	{ "to: a ns into era 1",            S(2085978496) + 1, { 0, 4 } },
	{ "to: a second into era 1",        S(2085978497),    { 1, 0 } },
	{ "to: 2038-01-19 03:14:07",        S(2147483647),    { 61505151, 0 } },
	{ "to: 2038-01-19 03:14:08",        S(2147483648),    { 61505152, 0 } },
	{ "to: last second of the window",  S(4294967295),    { 0x83aa7e7f, 0 } },
	{ "to: never zero, 1900",           -S(2208988800),   { 0, 1 } },
	{ "to: never zero, start of era 2", S(6380945792),    { 0, 1 } },
	/* 1677-09-21 00:12:43.145224192 and 2262-04-11 23:47:16.854775807. */
	{ "to: earliest instant",           INT64_MIN, { 1575551355u, 623733155u } },
	{ "to: latest instant",             INT64_MAX, { 2842426244u, 3671234136u } },
};

struct sum_row {
	const char *name;
	int64_t a, b, want_sum, want_diff;
};

static const struct sum_row sum_rows[] = {
	{ "sum: small",           5, 3, 8, 2 },
	{ "sum: signs",           -5, 3, -2, -8 },
	{ "sum: max + 1",         INT64_MAX, 1, INT64_MAX, INT64_MAX - 1 },
	{ "sum: max, -1",         INT64_MAX, -1, INT64_MAX - 1, INT64_MAX },
	{ "sum: min, 1",          INT64_MIN, 1, INT64_MIN + 1, INT64_MIN },
	{ "sum: min + -1",        INT64_MIN, -1, INT64_MIN, INT64_MIN + 1 },
	{ "sum: min, max",        INT64_MIN, INT64_MAX, -1, INT64_MIN },
	{ "sum: max, min",        INT64_MAX, INT64_MIN, -1, INT64_MAX },
	{ "sum: min, min",        INT64_MIN, INT64_MIN, INT64_MIN, 0 },
	{ "sum: max, max",        INT64_MAX, INT64_MAX, INT64_MAX, 0 },
	{ "sum: 0, min",          0, INT64_MIN, INT64_MIN, INT64_MAX },
	{ "sum: -1, min",         -1, INT64_MIN, INT64_MIN, INT64_MAX },
};

struct short_row {
	const char *name;
	uint32_t short_s;
	int64_t want_ns;
};

static const struct short_row short_rows[] = {
	{ "short: zero",              0, 0 },
	{ "short: one unit, 15258.79 ns, up", 1, 15259 },
	{ "short: two units, 30517.58 ns, up", 2, 30518 },
	{ "short: half a second",     0x8000, 500000000 },
	{ "short: one second",        0x10000, S(1) },
	{ "short: 16 s",              0x100000, S(16) },
	{ "short: top bit is no sign", 0x80000000, S(32768) },
	{ "short: largest",           0xffffffff, S(65536) - 15258 },
};

struct to_short_row {
	const char *name;
	int64_t ns;
	uint32_t want;
};

static const struct to_short_row to_short_rows[] = {
	{ "to short: zero",             0, 0 },
	{ "to short: negative",         -1, 0 },
	{ "to short: minus one second", -S(1), 0 },
	{ "to short: most negative",    INT64_MIN, 0 },
	{ "to short: 1 ns rounds up",   1, 1 },
	{ "to short: 15258 ns",         15258, 1 },
	{ "to short: 15259 ns",         15259, 2 },
	{ "to short: one second",       S(1), 0x10000 },
	{ "to short: a ns above one second", S(1) + 1, 0x10001 },
	{ "to short: 32768 s",          S(32768), 0x80000000 },
	{ "to short: last but one",     S(65536) - 15259, 0xffffffff },
	{ "to short: would round up to 2^32", S(65536) - 1, 0xffffffff },
	{ "to short: 65536 s",          S(65536), 0xffffffff },
	{ "to short: longest",          INT64_MAX, 0xffffffff },
};

struct log2_row {
	const char *name;
	int log2_s;
	int64_t want_ns;
};

static const struct log2_row log2_rows[] = {
	{ "log2: 2^0",            0, S(1) },
	{ "log2: 2^4",            4, S(16) },
	{ "log2: 2^16",           16, S(65536) },
	{ "log2: 17 is clamped",  17, S(65536) },
	{ "log2: 127 is clamped", 127, S(65536) },
	{ "log2: INT_MAX",        2147483647, S(65536) },
	{ "log2: 2^-1",           -1, 500000000 },
	{ "log2: 2^-9 is exact",  -9, 1953125 },
	{ "log2: 2^-10, 976562.5 ns, up", -10, 976563 },
	{ "log2: 2^-20, 953.67 ns, up", -20, 954 },
	{ "log2: 2^-26, 14.9 ns, up", -26, 15 },
	{ "log2: 2^-30, 0.93 ns, up", -30, 1 },
	{ "log2: 2^-32 is at least 1 ns", -32, 1 },
	{ "log2: 2^-40 is at least 1 ns", -40, 1 },
	{ "log2: -128 is clamped", -128, 1 },
	{ "log2: INT_MIN",        -2147483647 - 1, 1 },
};

struct to_log2_row {
	const char *name;
	int64_t ns;
	int want;
};

static const struct to_log2_row to_log2_rows[] = {
	{ "to log2: zero",             0, -32 },
	{ "to log2: negative",         -1, -32 },
	{ "to log2: most negative",    INT64_MIN, -32 },
	{ "to log2: 1 ns <= 2^-29",    1, -29 },
	{ "to log2: 2 ns <= 2^-28",    2, -28 },
	{ "to log2: 14 ns <= 2^-26",   14, -26 },
	{ "to log2: 15 ns > 2^-26",    15, -25 },
	{ "to log2: 953 ns <= 2^-20",  953, -20 },
	{ "to log2: 954 ns > 2^-20",   954, -19 },
	{ "to log2: 2^-9 exactly",     1953125, -9 },
	{ "to log2: a ns more",        1953126, -8 },
	{ "to log2: half a second",    500000000, -1 },
	{ "to log2: a ns more than half", 500000001, 0 },
	{ "to log2: one second",       S(1), 0 },
	{ "to log2: a ns more than one", S(1) + 1, 1 },
	{ "to log2: 65535 s",          S(65535), 16 },
	{ "to log2: 65536 s",          S(65536), 16 },
	{ "to log2: 65537 s is clamped", S(65537), 16 },
	{ "to log2: longest",          INT64_MAX, 16 },
};
/* clang-format on */

static void check_from(void **state)
{
	const struct from_row *row = *state;

	assert_true(instant_from_ntp_since(row->ts, 0).unix_ns == row->want_unix_ns);
}

/* The era, from a first second on: each stamp means one second of the 2^32 from there. */
struct era_row {
	const char *name;
	int64_t first_s;
	uint32_t seconds;
	int64_t want_s;
};

/* clang-format off */
static const struct era_row era_rows[] = {
	{ "era: the first second of the release day", RELEASE, 4002480000u, RELEASE },
	{ "era: the second before it is the last of all", RELEASE, 4002479999u, RELEASE_LAST },
	{ "era: the day after",               RELEASE, 4002566400u, RELEASE + 86400 },
	{ "era: the last second of era 0",    RELEASE, 0xffffffff, ERA_1 - 1 },
	{ "era: the first second of era 1",   RELEASE, 0, ERA_1 },
	{ "era: 2104, bit 31 just clear",     RELEASE, 0x7fffffff, INT64_C(4233462143) },
	{ "era: bit 31 just set",             RELEASE, 0x80000000, INT64_C(4233462144) },
	{ "era: not 1970, but 2106",          RELEASE, 2208988800u, INT64_C(4294967296) },
	{ "era: not 2001, but 2137",          RELEASE, 3187296000u, INT64_C(5273274496) },
	{ "era: not 1900, but 2036",          RELEASE, 86400, ERA_1 + 86400 },
	/* A release of 2037: its window begins in era 1 and ends in era 2. */
	{ "era: released in 2037, that day",  INT64_C(2114380800), 28402304u, INT64_C(2114380800) },
	{ "era: released in 2037, before it", INT64_C(2114380800), 28402303u, INT64_C(6409348095) },
	{ "era: released in 2037, 2172",      INT64_C(2114380800), 0, ERA_1 + INT64_C(4294967296) },
	/* Windows that begin before 1970 and 1900, as a recording of 1970 has them. */
	{ "era: from 1901 on, 1970",          -INT64_C(2147483648), 2208988800u, 0 },
	{ "era: from 1901 on, 2026",          -INT64_C(2147483648), 4002480000u, RELEASE },
	{ "era: from 1901 on, its first",     -INT64_C(2147483648), 61505152u, -INT64_C(2147483648) },
	{ "era: from 1850 on, 1899",          -INT64_C(3786825600), 0xffffffff, -INT64_C(2208988801) },
	{ "era: from 1850 on, 1900",          -INT64_C(3786825600), 0, -INT64_C(2208988800) },
};
/* clang-format on */

static void check_era(void **state)
{
	const struct era_row *row = *state;
	const struct ntp_ts ts = { row->seconds, 0x80000000 };

	assert_true(instant_from_ntp_since(ts, row->first_s).unix_ns ==
	            row->want_s * NS_PER_S + NS_PER_S / 2);
}

/* That of this program begins 50 years before its own release, whatever a clock says. */
static void era_is_that_of_the_release(void **state)
{
	const int64_t begin_s = REQTIME_BUILD_FLOOR_S - INT64_C(50) * 31557600;
	const uint32_t first = (uint32_t)(begin_s + NTP_UNIX_EPOCH_S);

	(void)state;
	assert_true(instant_from_ntp((struct ntp_ts){ first, 0 }).unix_ns ==
	            begin_s * NS_PER_S);
	assert_true(instant_from_ntp((struct ntp_ts){ first - 1, 0 }).unix_ns ==
	            (begin_s + UINT32_MAX) * NS_PER_S);
}

static void differences_know_no_era(void **state)
{
	const struct {
		struct ntp_ts a, b;
		int64_t want_ns;
	} cases[] = {
		{ { 5, 0 }, { 5, 0 }, 0 },
		{ { 6, 0x80000000 }, { 5, 0 }, S(1) + 500000000 },
		{ { 5, 0 }, { 6, 0x80000000 }, -S(1) - 500000000 },
		{ { 5, 0x80000000 }, { 6, 0 }, -500000000 },
		{ { 0, 0 }, { 0xffffffff, 0 }, S(1) },
		{ { 0xffffffff, 0x80000000 }, { 0, 0 }, -500000000 },
		{ { 1, 1 }, { 1, 0 }, 0 },
		{ { 1, 3 }, { 1, 0 }, 1 },
		{ { 1, 0 }, { 1, 3 }, -1 },
		{ { 0x7fffffff, 0 }, { 0, 0 }, S(2147483647) },
		{ { 0x80000000, 0 }, { 0, 0 }, -S(2147483648) },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_true(ntp_ts_diff_ns(cases[i].a, cases[i].b) == cases[i].want_ns);
	}
}

/* Times of the kernel, within the range of an instant. */
static void unix_seconds_saturate(void **state)
{
	(void)state;
	assert_true(instant_from_unix(5, 7).unix_ns == S(5) + 7);
	assert_true(instant_from_unix(-1, 999999999).unix_ns == -1);
	assert_true(instant_from_unix(INT64_C(9223372036), 854775806).unix_ns ==
	            INT64_MAX - 1);
	assert_false(instant_is_end(instant_from_unix(INT64_C(9223372036), 854775806)));
	assert_true(instant_is_end(instant_from_unix(INT64_C(9223372036), 854775808)));
	assert_true(instant_is_end(instant_from_unix(INT64_C(9223372037), 0)));
	assert_true(instant_is_end(instant_from_unix(INT64_C(13569465600), 0))); /* 2400 */
	assert_true(instant_is_end(instant_from_unix(INT64_MIN, 0)));
	assert_true(instant_from_unix(-INT64_C(9223372037), 145224193).unix_ns ==
	            INT64_MIN + 1);
	assert_true(instant_is_end(instant_from_unix(-INT64_C(9223372037), 5)));
}

static void check_to(void **state)
{
	const struct to_row *row = *state;
	struct ntp_ts got = ntp_from_instant((struct instant){ row->unix_ns });

	assert_int_equal(got.seconds, row->want.seconds);
	assert_int_equal(got.fraction, row->want.fraction);
}

static void check_sum(void **state)
{
	const struct sum_row *row = *state;
	struct instant a = { row->a };
	struct instant b = { row->b };

	assert_true(ns_add(row->a, row->b) == row->want_sum);
	assert_true(ns_add(row->b, row->a) == row->want_sum);
	assert_true(instant_add_ns(a, row->b).unix_ns == row->want_sum);
	assert_true(instant_diff_ns(a, b) == row->want_diff);
}

static void check_short(void **state)
{
	const struct short_row *row = *state;

	assert_true(ntp_short_to_ns(row->short_s) == row->want_ns);
}

static void check_to_short(void **state)
{
	const struct to_short_row *row = *state;

	assert_true(ntp_short_from_ns(row->ns) == row->want);
}

static void check_log2(void **state)
{
	const struct log2_row *row = *state;

	assert_true(ntp_log2_to_ns(row->log2_s) == row->want_ns);
}

static void check_to_log2(void **state)
{
	const struct to_log2_row *row = *state;

	assert_int_equal(ntp_log2_from_ns(row->ns), row->want);
}

static void zero_and_equal(void **state)
{
	struct ntp_ts zero = { 0, 0 };
	struct ntp_ts second = { 1, 0 };
	struct ntp_ts unit = { 0, 1 };

	(void)state;
	assert_true(ntp_ts_is_zero(zero));
	assert_false(ntp_ts_is_zero(second));
	assert_false(ntp_ts_is_zero(unit));
	assert_true(ntp_ts_equal(unit, unit));
	assert_true(ntp_ts_equal(zero, zero));
	assert_false(ntp_ts_equal(zero, unit));
	assert_false(ntp_ts_equal(zero, second));
	assert_false(ntp_ts_equal(second, unit));
}

/* xorshift64: the same numbers each run, spread over all bits. */
static uint64_t next_random(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

/* Distance in wire units, era and all. */
static int64_t units_between(struct ntp_ts a, struct ntp_ts b)
{
	uint64_t ua = (uint64_t)a.seconds << 32 | a.fraction;
	uint64_t ub = (uint64_t)b.seconds << 32 | b.fraction;

	return (int64_t)(ua - ub);
}

static void check_one_instant(int64_t unix_ns)
{
	struct instant at = { unix_ns };
	struct ntp_ts ts = ntp_from_instant(at);
	struct instant back = instant_from_ntp_since(ts, 0);
	/* All instants here are after 1970, where C rounds down as well. */
	uint64_t seconds = (uint64_t)(unix_ns / NS_PER_S + NTP_UNIX_EPOCH_S);
	uint64_t down = seconds << 32 | ((uint64_t)(unix_ns % NS_PER_S) << 32) / NS_PER_S;

	/* A wire unit is finer than a nanosecond, so nothing is lost. */
	assert_true(back.unix_ns == unix_ns);
	assert_false(ntp_ts_is_zero(ts));
	if (down != 0) {
		assert_true(((uint64_t)ts.seconds << 32 | ts.fraction) == down);
	}
}

static void instants_survive_the_wire(void **state)
{
	const int64_t last_ns = WINDOW_LAST * NS_PER_S + 999999999;
	uint64_t x = 0x9e3779b97f4a7c15;

	(void)state;
	for (int64_t unix_s = 0; unix_s < WINDOW_LAST; unix_s += 86400 * 7 + 11) {
		check_one_instant(unix_s * NS_PER_S);
		check_one_instant(unix_s * NS_PER_S + 999999999);
	}
	for (int64_t ns = -3000; ns <= 3000; ns++) {
		check_one_instant(ERA_1 * NS_PER_S + ns);
	}
	for (int i = 0; i < 200000; i++) {
		check_one_instant((int64_t)(next_random(&x) % (uint64_t)last_ns));
	}
	check_one_instant(0);
	check_one_instant(last_ns);
}

/* The nanosecond is the coarser of the two: 4.3 wire units.  Rounded to the
 * nearest and then down, a stamp comes back within one of them, never later
 * than half of one. */
static void stamps_survive_the_program(void **state)
{
	uint64_t x = 0x2545f4914f6cdd1d;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		uint64_t bits = next_random(&x);
		struct ntp_ts ts = { (uint32_t)(bits >> 32), (uint32_t)bits };
		struct ntp_ts back = ntp_from_instant(instant_from_ntp(ts));
		int64_t units = units_between(back, ts);

		assert_in_range(units + 4, 4 - 3, 4 + 2);
	}
}

/* Also of two spans whose sum no 64 bits hold: a capture may be a century off. */
static void middle_is_exact(void **state)
{
	static const struct {
		int64_t a, b, want;
	} rows[] = {
		{ 0, 0, 0 },
		{ 1, 2, 1 },
		{ 3, -2, 0 },
		{ -1, 0, -1 },
		{ -3, -4, -4 },
		{ INT64_MAX, INT64_MAX, INT64_MAX },
		{ INT64_MIN, INT64_MIN, INT64_MIN },
		{ INT64_MIN, INT64_MAX, -1 },
		{ INT64_MAX, INT64_MAX - 2, INT64_MAX - 1 },
		{ INT64_MIN, INT64_MIN + 3, INT64_MIN + 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_true(ns_middle(rows[i].a, rows[i].b) == rows[i].want);
		assert_true(ns_middle(rows[i].b, rows[i].a) == rows[i].want);
	}
}

static void short_format_never_shrinks(void **state)
{
	uint64_t x = 0x9e3779b97f4a7c15;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		int64_t ns = (int64_t)(next_random(&x) % (uint64_t)(S(65536) - 15258));
		int64_t back_ns = ntp_short_to_ns(ntp_short_from_ns(ns));

		assert_true(back_ns >= ns);
		assert_true(back_ns - ns <= 15259);
	}
}

#define ROWS(rows, check)                                                                  \
	for (size_t i = 0; i < COUNT_OF(rows); i++) {                                      \
		tests[count++] =                                                           \
			(struct CMUnitTest){ .name = (rows)[i].name,                       \
			                     .test_func = check,                           \
			                     .initial_state = (void *)&(rows)[i] };        \
	}

int main(void)
{
	static struct CMUnitTest tests[COUNT_OF(from_rows) + COUNT_OF(to_rows) +
	                               COUNT_OF(sum_rows) + COUNT_OF(short_rows) +
	                               COUNT_OF(to_short_rows) + COUNT_OF(log2_rows) +
	                               COUNT_OF(to_log2_rows) + COUNT_OF(era_rows) + 8];
	const struct CMUnitTest others[] = {
		cmocka_unit_test(zero_and_equal),
		cmocka_unit_test(instants_survive_the_wire),
		cmocka_unit_test(stamps_survive_the_program),
		cmocka_unit_test(middle_is_exact),
		cmocka_unit_test(short_format_never_shrinks),
		cmocka_unit_test(era_is_that_of_the_release),
		cmocka_unit_test(differences_know_no_era),
		cmocka_unit_test(unix_seconds_saturate),
	};
	size_t count = 0;

	ROWS(from_rows, check_from);
	ROWS(era_rows, check_era);
	ROWS(to_rows, check_to);
	ROWS(sum_rows, check_sum);
	ROWS(short_rows, check_short);
	ROWS(to_short_rows, check_to_short);
	ROWS(log2_rows, check_log2);
	ROWS(to_log2_rows, check_to_log2);
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		tests[count++] = others[i];
	}
	assert_int_equal(count, COUNT_OF(tests));
	return cmocka_run_group_tests_name("ntp_time", tests, NULL, NULL);
}
