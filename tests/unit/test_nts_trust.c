/* SPDX-License-Identifier: MIT
 *
 * The dates of a certificate against the time that its server proves: only an interval that
 * lies inside the window as a whole is valid.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/nts/trust.h"

#define FROM_S INT64_C(1788220800)  /* 2026-09-01 */
#define UNTIL_S INT64_C(1795996799) /* 2026-11-29 23:59:59 */
#define FROM (FROM_S * NS_PER_S)
#define UNTIL (UNTIL_S * NS_PER_S)
#define YEAR_9999_S INT64_C(253402300799) /* "no date" of RFC 5280 section 4.1.2.5 */
#define DAY (86400 * NS_PER_S)

struct row {
	const char *name;
	struct nts_window window;
	int64_t lo_ns, hi_ns;
	enum nts_trust want;
};

/* clang-format off */
static const struct row rows[] = {
	{ "NB1 inside",                    { FROM_S, UNTIL_S }, FROM + DAY, FROM + DAY + 7,     NTS_TRUST_VALID },
	{ "a moment",                      { FROM_S, UNTIL_S }, FROM + DAY, FROM + DAY,         NTS_TRUST_VALID },
	{ "both ends belong to it",        { FROM_S, UNTIL_S }, FROM, UNTIL,                    NTS_TRUST_VALID },
	{ "the first moment",              { FROM_S, UNTIL_S }, FROM, FROM,                     NTS_TRUST_VALID },
	{ "the last moment",               { FROM_S, UNTIL_S }, UNTIL, UNTIL,                   NTS_TRUST_VALID },
	{ "NB3 told after expiry",         { FROM_S, UNTIL_S }, UNTIL + DAY, UNTIL + DAY + 7,   NTS_TRUST_EXPIRED },
	{ "NB3 1 ns after expiry",         { FROM_S, UNTIL_S }, UNTIL + 1, UNTIL + 1,           NTS_TRUST_EXPIRED },
	{ "NB3 1 s after expiry",          { FROM_S, UNTIL_S }, UNTIL + NS_PER_S, UNTIL + DAY,  NTS_TRUST_EXPIRED },
	{ "NB4 told before start",         { FROM_S, UNTIL_S }, FROM - DAY, FROM - DAY + 7,     NTS_TRUST_EARLY },
	{ "NB4 1 ns before start",         { FROM_S, UNTIL_S }, FROM - 1, FROM - 1,             NTS_TRUST_EARLY },
	{ "NB4 up to 1 ns before start",   { FROM_S, UNTIL_S }, 0, FROM - 1,                    NTS_TRUST_EARLY },
	{ "NB9 straddles the end",         { FROM_S, UNTIL_S }, UNTIL - 7, UNTIL + 7,           NTS_TRUST_STRADDLES },
	{ "NB9 ... by 1 ns",               { FROM_S, UNTIL_S }, UNTIL, UNTIL + 1,               NTS_TRUST_STRADDLES },
	{ "NB9 straddles the start",       { FROM_S, UNTIL_S }, FROM - 7, FROM + 7,             NTS_TRUST_STRADDLES },
	{ "NB9 ... by 1 ns",               { FROM_S, UNTIL_S }, FROM - 1, FROM,                 NTS_TRUST_STRADDLES },
	{ "NB9 straddles both",            { FROM_S, UNTIL_S }, FROM - DAY, UNTIL + DAY,        NTS_TRUST_STRADDLES },
	{ "the widest interval",           { FROM_S, UNTIL_S }, INT64_MIN, INT64_MAX,           NTS_TRUST_STRADDLES },
	{ "NB1 the clock at 2001",         { FROM_S, UNTIL_S }, 978307200 * NS_PER_S, 978307201 * NS_PER_S, NTS_TRUST_EARLY },
	{ "NB2 the clock at 2036",         { FROM_S, UNTIL_S }, 2082758400 * NS_PER_S, 2082758401 * NS_PER_S, NTS_TRUST_EXPIRED },

	{ "a window of one second",        { FROM_S, FROM_S }, FROM, FROM,                      NTS_TRUST_VALID },
	{ "... 1 ns later",                { FROM_S, FROM_S }, FROM, FROM + 1,                  NTS_TRUST_STRADDLES },
	{ "... 1 ns after it",             { FROM_S, FROM_S }, FROM + 1, FROM + 2,              NTS_TRUST_EXPIRED },
	{ "a window until 9999",           { FROM_S, YEAR_9999_S }, FROM, FROM + 9000 * DAY,    NTS_TRUST_VALID },
	{ "... up to the last instant but one", { FROM_S, YEAR_9999_S }, FROM, INT64_MAX - 1,   NTS_TRUST_VALID },
	{ "... the last instant may be any time", { FROM_S, YEAR_9999_S }, FROM, INT64_MAX,     NTS_TRUST_STRADDLES },
	{ "... also alone",                { FROM_S, YEAR_9999_S }, INT64_MAX, INT64_MAX,       NTS_TRUST_STRADDLES },
	{ "a window from year 0",          { INT64_C(-62167219200), UNTIL_S }, INT64_MIN + 1, UNTIL, NTS_TRUST_VALID },
	{ "... the first instant may be any time", { INT64_C(-62167219200), UNTIL_S }, INT64_MIN, UNTIL, NTS_TRUST_STRADDLES },
	{ "a window before the first instant", { INT64_C(-62167219200), INT64_C(-62167219100) }, INT64_MIN + 1, 0, NTS_TRUST_EXPIRED },
	{ "a window after the last instant", { YEAR_9999_S, YEAR_9999_S }, 0, INT64_MAX - 1,    NTS_TRUST_EARLY },
	{ "the widest window",             { INT64_MIN, INT64_MAX }, FROM, UNTIL,               NTS_TRUST_VALID },
	{ "before 1970, inside",           { -10, -5 }, -10 * NS_PER_S, -5 * NS_PER_S,          NTS_TRUST_VALID },
	{ "before 1970, 1 ns early",       { -10, -5 }, -10 * NS_PER_S - 1, -10 * NS_PER_S - 1, NTS_TRUST_EARLY },
	{ "before 1970, 1 ns late",        { -10, -5 }, -5 * NS_PER_S + 1, -5 * NS_PER_S + 1,   NTS_TRUST_EXPIRED },
	{ "around 1970",                   { -1, 1 }, -NS_PER_S, NS_PER_S,                      NTS_TRUST_VALID },
	{ "around 1970, 1 ns beyond",      { -1, 1 }, -NS_PER_S - 1, NS_PER_S,                  NTS_TRUST_STRADDLES },
};
/* clang-format on */

static void trusts(void **state)
{
	const struct row *row = *state;

	assert_int_equal(nts_trust_at(&row->window, (struct instant){ row->lo_ns },
	                              (struct instant){ row->hi_ns }),
	                 row->want);
	assert_true(nts_window_is_valid(&row->window));
}

/* Around each end, in steps of half a second: valid if and only if both ends of the interval
 * are. */
static void whole_interval_counts(void **state)
{
	const struct nts_window window = { -2, 3 };

	(void)state;
	for (int lo = -12; lo <= 12; lo++) {
		for (int hi = lo; hi <= 12; hi++) {
			const enum nts_trust trust =
				nts_trust_at(&window, (struct instant){ lo * NS_PER_S / 2 },
			                     (struct instant){ hi * NS_PER_S / 2 });

			assert_int_equal(trust == NTS_TRUST_VALID, lo >= -4 && hi <= 6);
			assert_int_equal(trust == NTS_TRUST_EXPIRED, lo > 6);
			assert_int_equal(trust == NTS_TRUST_EARLY, hi < -4);
		}
	}
}

static void windows(void **state)
{
	(void)state;
	assert_true(nts_window_is_valid(&(struct nts_window){ 0, 0 }));
	assert_true(nts_window_is_valid(&(struct nts_window){ INT64_MIN, INT64_MAX }));
	assert_false(nts_window_is_valid(&(struct nts_window){ 1, 0 }));
	assert_false(nts_window_is_valid(&(struct nts_window){ INT64_MAX, INT64_MIN }));
}

/* Nothing lies in a window that ends before it starts, and an interval whose ends are
 * swapped is not believed more than one of them. */
static void nothing_by_mistake(void **state)
{
	const struct nts_window backwards = { 10, 5 }, window = { 5, 10 };

	(void)state;
	for (int64_t s = 0; s < 15; s++) {
		const struct instant at = { s * NS_PER_S };

		assert_int_not_equal(nts_trust_at(&backwards, at, at), NTS_TRUST_VALID);
		assert_int_equal(nts_trust_at(&window, (struct instant){ 7 * NS_PER_S },
		                              at) == NTS_TRUST_VALID,
		                 s >= 5 && s <= 10);
	}
}

int main(void)
{
	static struct CMUnitTest tests[COUNT_OF(rows) + 3];
	const struct CMUnitTest others[] = {
		cmocka_unit_test(whole_interval_counts),
		cmocka_unit_test(windows),
		cmocka_unit_test(nothing_by_mistake),
	};
	size_t count = 0;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		tests[count++] = (struct CMUnitTest){ .name = rows[i].name,
			                              .test_func = trusts,
			                              .initial_state = (void *)&rows[i] };
	}
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		tests[count++] = others[i];
	}
	assert_int_equal(count, COUNT_OF(tests));
	return cmocka_run_group_tests_name("nts_trust", tests, NULL, NULL);
}
