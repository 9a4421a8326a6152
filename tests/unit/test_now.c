/* SPDX-License-Identifier: MIT
 *
 * The reader of the bound file (include/reqtime/now.h): answers at moments of a row's choice,
 * slews, steps, suspends, damaged pages.
 */
#include "reqtime/now.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/base/ntp_time.h"
#include "core/discipline/slew.h"

#define US NS_PER_US
#define MS NS_PER_MS
#define S NS_PER_S
#define REAL (INT64_C(1796073600) * S)
#define BOOT (1000 * S)
#define SUSPENDED (100 * S) /* before the page was written */
#define HOUR (3600 * S)

static struct reqtime_now_facts a_page(void)
{
	return (struct reqtime_now_facts){
		.is_known = 1,
		.real_ns = REAL,
		.mono_ns = BOOT - SUSPENDED,
		.boot_ns = BOOT,
		.end_boot_ns = BOOT + 168 * HOUR,
		.bound_ns = MS,
		.drift_ppb = 50000,
		.max_drift_ppb = 50000,
		.knot_count = 2,
	};
}

struct row {
	const char *name;
	int64_t age_ns;
	enum reqtime_now_status want;
	/* From the clock: the proved interval and the likely one, within 3 ns, and never
	 * narrower. */
	int64_t early_ns, late_ns, likely_early_ns, likely_late_ns;
	/* Unlike a_page(). */
	int64_t offset_ns, stepped_ns, suspended_ns, more_ppb;
	int64_t slew_now_ns, slew_rest_ns;
	uint32_t gap_ns;
	int64_t likely_offset_ns, likely_drift_ppb;
	struct reqtime_now_knot knots[2];
};

/* clang-format off */
#define KNOTS(a, b) .knots = { { 0, a }, { HOUR, b } }
#define OK REQTIME_NOW_OK
#define IS(a, b, c, d) .early_ns = (a), .late_ns = (b), .likely_early_ns = (c), .likely_late_ns = (d)
static const struct row rows[] = {
	{ "at once", 0, OK, IS(-MS, MS, -MS, MS) },
	{ "it grows by 50 ppm", HOUR, OK, IS(-181 * MS, 181 * MS, -181 * MS, 181 * MS) },
	{ "... by what the caller adds, too", HOUR, OK, IS(-217 * MS, 217 * MS, -217 * MS, 217 * MS), .more_ppb = 10000 },
	{ "... by less", HOUR, OK, IS(-37 * MS, 37 * MS, -37 * MS, 37 * MS), .more_ppb = -40000 },
	{ "the clock is slow", 0, OK, IS(4 * MS, 6 * MS, 4 * MS, 6 * MS), .offset_ns = 5 * MS },
	{ "the clock is fast", 0, OK, IS(-6 * MS, -4 * MS, -6 * MS, -4 * MS), .offset_ns = -5 * MS },
	{ "the likely time, at once", 0, OK, IS(-MS, MS, -100 * US, 100 * US), KNOTS(100 * US, MS) },
	{ "... between two knots", HOUR / 2, OK, IS(-91 * MS, 91 * MS, -550 * US, 550 * US), KNOTS(100 * US, MS) },
	{ "... at the last knot", HOUR, OK, IS(-181 * MS, 181 * MS, -MS, MS), KNOTS(100 * US, MS) },
	{ "... after the last knot", HOUR + 1000, OK, IS(-181 * MS, 181 * MS, -181 * MS, 181 * MS), KNOTS(100 * US, MS) },
	{ "... lies elsewhere", 0, OK, IS(-MS, MS, 100 * US, 300 * US), .likely_offset_ns = 200 * US, KNOTS(100 * US, MS) },
	{ "... and moves", HOUR, OK, IS(-181 * MS, 181 * MS, 200 * US + 7200 * US - MS, 200 * US + 7200 * US + MS),
	  .likely_offset_ns = 200 * US, .likely_drift_ppb = 2000, KNOTS(100 * US, MS) },
	{ "... is cut by the proved one", 0, OK, IS(-MS, MS, 800 * US, MS), .likely_offset_ns = 900 * US, KNOTS(100 * US, MS) },
	{ "... is ignored where both have nothing in common", 0, OK, IS(-MS, MS, -MS, MS), .likely_offset_ns = 20 * MS, KNOTS(100 * US, MS) },
	{ "... is wider than the proved one", 0, OK, IS(-MS, MS, -MS, MS), KNOTS(2 * MS, 3 * MS) },
	{ "a slew has begun", 500 * MS, OK, IS(9 * MS - 25 * US, 11 * MS + 25 * US, 9 * MS - 25 * US, 11 * MS + 25 * US),
	  .offset_ns = 10 * MS, .slew_rest_ns = 10 * MS },
	{ "... takes off 0.5 ms in a second", 11 * S, OK, IS(4 * MS - 550 * US, 6 * MS + 550 * US, 4 * MS - 550 * US, 6 * MS + 550 * US),
	  .offset_ns = 10 * MS, .slew_rest_ns = 10 * MS },
	{ "... and is done", HOUR, OK, IS(-181 * MS, 181 * MS, -181 * MS, 181 * MS), .offset_ns = 10 * MS, .slew_rest_ns = 10 * MS },
	{ "... the other way", HOUR, OK, IS(-181 * MS, 181 * MS, -181 * MS, 181 * MS), .offset_ns = -10 * MS, .slew_rest_ns = -10 * MS },
	{ "the part of this second", 500 * MS, OK, IS(-MS - 225 * US, MS - 175 * US, -MS - 225 * US, MS - 175 * US), .slew_now_ns = 400 * US },
	{ "both follow a slew", 11 * S, OK, IS(4 * MS - 550 * US, 6 * MS + 550 * US, 5 * MS - 103 * US, 5 * MS + 103 * US),
	  .offset_ns = 10 * MS, .slew_rest_ns = 10 * MS, .likely_offset_ns = 10 * MS, KNOTS(100 * US, 100 * US + 981 * US) },
	{ "a suspend", HOUR, OK, IS(-2181500 * US, 2181500 * US, -2181500 * US, 2181500 * US), .suspended_ns = 60 * S, KNOTS(100 * US, MS) },
	{ "... with a slew, which stood still", HOUR, OK, IS(-2191500 * US, 2191500 * US, -2191500 * US, 2191500 * US),
	  .offset_ns = 10 * MS, .slew_rest_ns = 10 * MS, .suspended_ns = 60 * S },
	{ "... of less than 0.1 s does not count", HOUR, OK, IS(-181 * MS, 181 * MS, -MS, MS), .suspended_ns = 99 * MS, KNOTS(100 * US, MS) },
	{ "a step of 1 us is not seen", HOUR, OK, IS(-181 * MS, 181 * MS, -181 * MS, 181 * MS), .stepped_ns = US },
	{ "a step of 2 us forward", HOUR, REQTIME_NOW_STEPPED, .stepped_ns = 2 * US },
	{ "a step of 2 us back", HOUR, REQTIME_NOW_STEPPED, .stepped_ns = -2 * US },
	{ "a step of 2 us, where clocks are slow to read", HOUR, OK, IS(-181 * MS, 181 * MS, -181 * MS, 181 * MS), .stepped_ns = 2 * US, .gap_ns = 1500 },
	{ "... back", HOUR, OK, IS(-181 * MS, 181 * MS, -181 * MS, 181 * MS), .stepped_ns = -2 * US, .gap_ns = 1500 },
	{ "a step of 3 us, where clocks are slow to read", HOUR, REQTIME_NOW_STEPPED, .stepped_ns = 3 * US, .gap_ns = 1500 },
	{ "a step by a year", HOUR, REQTIME_NOW_STEPPED, .stepped_ns = 8766 * HOUR },
	{ "a step in a suspend", HOUR, REQTIME_NOW_STEPPED, .stepped_ns = -S, .suspended_ns = 60 * S },
	{ "in the last nanosecond", 168 * HOUR - 1, OK, IS(-30241 * MS, 30241 * MS, -30241 * MS, 30241 * MS) },
	{ "at the end", 168 * HOUR, REQTIME_NOW_EXPIRED, .stepped_ns = 0 },
	{ "at the end, after a step", 168 * HOUR, REQTIME_NOW_EXPIRED, .stepped_ns = S },
};
/* clang-format on */

static void is_about(int64_t found_ns, int64_t wanted_ns, int outward)
{
	/* Away from the truth by rounding, never nearer. */
	assert_true((found_ns - wanted_ns) * outward >= -1000);
	assert_true((found_ns - wanted_ns) * outward <= 26 * US);
}

static void answer(void **state)
{
	const struct row *row = *state;
	struct reqtime_now_facts facts = a_page();
	struct reqtime_now_clocks clocks = {
		.real_ns = REAL + row->age_ns + row->stepped_ns,
		.boot_ns = BOOT + row->age_ns,
		.mono_ns = BOOT - SUSPENDED + row->age_ns - row->suspended_ns,
	};
	struct reqtime_now now = { 0 };

	facts.offset_ns = row->offset_ns;
	facts.gap_ns = row->gap_ns;
	facts.slew_now_ns = row->slew_now_ns;
	facts.slew_rest_ns = row->slew_rest_ns;
	facts.likely_offset_ns = row->likely_offset_ns;
	facts.likely_drift_ppb = row->likely_drift_ppb;
	assert_true(reqtime_now_is_valid(&facts));
	assert_int_equal(reqtime_now_at(&facts, row->knots, &clocks, row->more_ppb, &now),
	                 row->want);
	if (row->want != OK) {
		return;
	}
	is_about(now.earliest_ns - now.real_ns, row->early_ns, -1);
	is_about(now.latest_ns - now.real_ns, row->late_ns, 1);
	is_about(now.likely_earliest_ns - now.real_ns, row->likely_early_ns, -1);
	is_about(now.likely_latest_ns - now.real_ns, row->likely_late_ns, 1);
	assert_int_equal(now.age_ns, row->age_ns);
	assert_int_equal(now.suspended_ns,
	                 row->suspended_ns >= 100 * MS ? row->suspended_ns : 0);
}

static uint64_t seed = 20261130;

static int64_t dice(int64_t most)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (int64_t)((seed >> 11) % (uint64_t)(most + 1));
}

/* As the kernel's own account, to the nanosecond of a division. */
static void slews_as_the_kernel(void **state)
{
	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct reqtime_now_facts facts = a_page();
		struct kernel_slew slew, then;
		double moved_ns;
		int64_t after_ns = dice(dice(1) ? 3 * S : HOUR);

		facts.real_ns = REAL + dice(S - 1);
		facts.slew_now_ns = dice(MS) - 500 * US;
		facts.slew_rest_ns = dice(dice(1) ? 2 * MS : 2 * S) * (dice(1) ? 1 : -1);
		slew = (struct kernel_slew){ facts.real_ns, facts.slew_rest_ns,
			                     facts.slew_now_ns };
		then = kernel_slew_later(&slew, after_ns);
		moved_ns = kernel_slew_left_ns(&slew) - kernel_slew_left_ns(&then);
		if (llabs(reqtime_now_slewed(&facts, facts.real_ns + after_ns) -
		          (int64_t)moved_ns) > 2) {
			fail_msg("after %lld ns: %f, not %lld (%lld + %lld from %lld on)",
			         (long long)after_ns, moved_ns,
			         (long long)reqtime_now_slewed(&facts,
			                                       facts.real_ns + after_ns),
			         (long long)facts.slew_now_ns,
			         (long long)facts.slew_rest_ns,
			         (long long)(facts.real_ns % S));
		}
	}
}

/* Each field of a page at and beyond its limits, and at random: no answer is turned around,
 * and no sum overflows (which the sanitizers see). */
static int64_t wild(void)
{
	static const int64_t edges[] = {
		0,         1,         -1,        INT64_MAX,    INT64_MIN, 1LL << 50,
		1LL << 60, 1LL << 61, 1LL << 62, -(1LL << 60), 4000000,   4000001,
		500000,    -500001,   1LL << 42, REAL,         BOOT,      BOOT + HOUR
	};

	switch (dice(3)) {
	case 0:
		return (int64_t)(seed ^ seed << 29);
	case 1:
		return dice(HOUR);
	default:
		return edges[dice((int64_t)COUNT_OF(edges) - 1)];
	}
}

static void damaged_pages(void **state)
{
	int64_t known = 0;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		struct reqtime_now_page page = { .facts = a_page() };
		struct reqtime_now_facts facts;
		struct reqtime_now_knot knots[2];
		struct reqtime_now now = { 0 };
		struct reqtime_now_clocks clocks = { REAL + HOUR, BOOT + HOUR,
			                             BOOT - SUSPENDED + HOUR, 0 };

		for (size_t k = 0; k < REQTIME_NOW_KNOTS; k++) {
			page.knots[k].age_ns = (int64_t)k * 30 * 60 * S;
			page.knots[k].bound_ns = MS;
		}
		for (int64_t k = dice(3); k >= 0; k--) {
			const size_t fields = (sizeof(page.facts) + sizeof(page.knots)) / 8;
			const int64_t value = wild();

			memcpy((uint8_t *)&page.facts +
			               8 * (size_t)dice((int64_t)fields - 1),
			       &value, sizeof(value));
		}
		reqtime_now_copy(&page, clocks.boot_ns, &facts, knots);
		if (!facts.is_known || !reqtime_now_is_valid(&facts) ||
		    clocks.boot_ns < facts.boot_ns ||
		    reqtime_now_at(&facts, knots, &clocks, 0, &now) != OK) {
			continue;
		}
		known++;
		assert_true(now.earliest_ns <= now.likely_earliest_ns);
		assert_true(now.likely_earliest_ns <= now.likely_latest_ns);
		assert_true(now.likely_latest_ns <= now.latest_ns);
	}
	assert_true(known > 1000);
}

static void boot_ids(void **state)
{
	uint64_t id[2];

	(void)state;
	assert_int_equal(reqtime_now_boot_id("01234567-89ab-cdef-fedc-ba9876543210\n", id),
	                 0);
	assert_true(id[0] == UINT64_C(0x0123456789abcdef));
	assert_true(id[1] == UINT64_C(0xfedcba9876543210));
	assert_int_equal(reqtime_now_boot_id("", id), -EINVAL);
	assert_int_equal(reqtime_now_boot_id("01234567-89ab-cdef-fedc-ba987654321", id),
	                 -EINVAL);
	assert_int_equal(reqtime_now_boot_id("01234567-89ab-cdef-fedc-ba987654321g", id),
	                 -EINVAL);
}

/* reqtime-now(1) gives these to readers in other languages. */
static void layout(void **state)
{
	(void)state;
	assert_int_equal(offsetof(struct reqtime_now_page, sequence), 16);
	assert_int_equal(offsetof(struct reqtime_now_page, facts.is_known), 24);
	assert_int_equal(offsetof(struct reqtime_now_page, facts.boot_id), 32);
	assert_int_equal(offsetof(struct reqtime_now_page, facts.real_ns), 48);
	assert_int_equal(offsetof(struct reqtime_now_page, facts.end_boot_ns), 72);
	assert_int_equal(offsetof(struct reqtime_now_page, facts.slew_rest_ns), 120);
	assert_int_equal(offsetof(struct reqtime_now_page, facts.likely_drift_ppb), 144);
	assert_int_equal(offsetof(struct reqtime_now_page, facts.flags), 160);
	assert_int_equal(offsetof(struct reqtime_now_page, knots), 168);
	assert_true(sizeof(struct reqtime_now_page) <= REQTIME_NOW_OCTETS);
}

int main(void)
{
	static struct CMUnitTest tests[COUNT_OF(rows) + 4] = {
		cmocka_unit_test(slews_as_the_kernel),
		cmocka_unit_test(damaged_pages),
		cmocka_unit_test(boot_ids),
		cmocka_unit_test(layout),
	};

	printf("# seed %llu\n", (unsigned long long)seed);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		tests[4 + i] = (struct CMUnitTest){
			.name = rows[i].name,
			.test_func = answer,
			.initial_state = (void *)(uintptr_t)&rows[i],
		};
	}
	return cmocka_run_group_tests_name("now", tests, NULL, NULL);
}
