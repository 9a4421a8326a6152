/* SPDX-License-Identifier: MIT
 *
 * The bound file as a run leaves it: when it ends, how it grows, and that the likely bound
 * between its knots covers the forecast; and ClockBound's segment, octet by octet.
 */
#include "core/discipline/now_page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/text_time.h"
#include "core/discipline/clockbound.h"

#define US NS_PER_US
#define MS NS_PER_MS
#define S NS_PER_S
#define DAY (86400 * S)
#define BOOT_ID "01234567-89ab-cdef-fedc-ba9876543210"
#define BOOT (5000 * S)

static struct instant at(const char *text)
{
	struct instant ret = { 0 };

	assert_true(text_time_rfc3339_parse(text, strlen(text), &ret));
	return ret;
}

static struct now_page_run a_run(const char *when)
{
	const struct instant wall = at(when);

	return (struct now_page_run){
		.measured = { .wall = wall, .mono_ns = BOOT, .boot_ns = BOOT },
		.offset_ns = 2 * MS,
		.bound_ns = MS,
		.knows_no_leap = true,
		.after = { .wall = wall, .mono_ns = BOOT, .boot_ns = BOOT },
		.has_kernel = true,
		.frequency_ppb = 12345,
		.max_drift_ppb = 50000,
		.boot_id = BOOT_ID,
		.stratum = 2,
		.flags = REQTIME_NOW_CONFIRMED,
	};
}

struct end_row {
	const char *name;
	const char *when;
	bool knows_no_leap;
	const char *end; /* true time; NULL: a week later */
};

static const struct end_row end_rows[] = {
	{ "a week", "2026-11-30T12:00:00Z", true, NULL },
	{ "a week, though a leap second is announced or not asked for",
	  "2026-11-30T12:00:00Z", false, NULL },
	{ "the end of March is no end", "2026-03-31T12:00:00Z", false, NULL },
	{ "December, more than a day before", "2026-12-28T12:00:00Z", true,
	  "2026-12-31T23:59:59Z" },
	{ "December, on the last day, none announced", "2026-12-31T00:00:01Z", true, NULL },
	{ "December, on the last day, one announced", "2026-12-31T12:00:00Z", false,
	  "2026-12-31T23:59:59Z" },
	{ "December, a second before the last day", "2026-12-30T23:59:58Z", true,
	  "2026-12-31T23:59:59Z" },
	{ "June", "2027-06-29T12:00:00Z", true, "2027-06-30T23:59:59Z" },
	{ "in the second of a possible leap", "2027-06-30T23:59:59.5Z", false,
	  "2027-06-30T23:59:59Z" },
	{ "after it", "2027-07-01T00:00:00Z", false, NULL },
};

static void the_end(void **state)
{
	const struct end_row *row = *state;
	struct now_page_run run = a_run(row->when);
	struct reqtime_now_page page;
	int64_t want_ns = BOOT + 7 * DAY;

	run.knows_no_leap = row->knows_no_leap;
	now_page_make(&run, NULL, &page);
	if (row->end) {
		/* By the true time, and early by what is not known of it. */
		want_ns = BOOT + instant_diff_ns(at(row->end), run.measured.wall) -
		          run.offset_ns - page.facts.bound_ns;
	}
	assert_int_equal(page.facts.is_known, 1);
	assert_int_equal(page.facts.end_boot_ns, want_ns);
}

struct page_row {
	const char *name;
	/* From the measurement to the end of the run. */
	int64_t elapsed_ns, suspended_ns, stepped_ns, gap_ns;
	int64_t slew_rest_ns;
	bool had_slew;
	int64_t want_offset_ns, want_bound_ns; /* beyond the run's 2 ms +/- 1 ms */
};

/* clang-format off */
static const struct page_row page_rows[] = {
	{ "nothing was done", .want_bound_ns = 1001 },
	{ "ten milliseconds later", .elapsed_ns = 10 * MS, .want_bound_ns = 1001 + 5 * US },
	{ "the clock was stepped", .stepped_ns = 2 * MS, .want_offset_ns = -2 * MS, .want_bound_ns = 1001 },
	{ "... by a year", .stepped_ns = 365 * DAY, .want_offset_ns = -365 * DAY, .want_bound_ns = 1001 },
	{ "the clocks were read 3 us apart", .gap_ns = 3 * US, .want_bound_ns = 4001 },
	{ "a suspend between", .elapsed_ns = S, .suspended_ns = 900 * MS, .want_bound_ns = 1001 + 500 * US + 2 * S },
	{ "a slew is at work, which no past run explains", .slew_rest_ns = 5 * MS, .want_bound_ns = 1001 + 500 * US },
	{ "a slew may be at work", .had_slew = true, .want_bound_ns = 1001 + 500 * US },
};
/* clang-format on */

static void offset_and_bound(void **state)
{
	const struct page_row *row = *state;
	struct now_page_run run = a_run("2026-11-30T12:00:00.25Z");
	struct reqtime_now_page page;

	run.after.wall.unix_ns += row->elapsed_ns + row->stepped_ns;
	run.after.boot_ns += row->elapsed_ns;
	run.after.mono_ns += row->elapsed_ns - row->suspended_ns;
	run.after.gap_ns = row->gap_ns;
	run.slew_rest_ns = row->slew_rest_ns;
	run.had_slew = row->had_slew;
	now_page_make(&run, NULL, &page);
	assert_int_equal(page.facts.is_known, 1);
	assert_int_equal(page.facts.real_ns, run.after.wall.unix_ns);
	assert_int_equal(page.facts.offset_ns, 2 * MS + row->want_offset_ns);
	assert_int_equal(page.facts.bound_ns, MS + row->want_bound_ns);
	assert_int_equal(page.facts.gap_ns, row->gap_ns);
	assert_int_equal(page.facts.slew_rest_ns, row->slew_rest_ns);
	assert_int_equal(page.facts.drift_ppb, 50000);
	assert_int_equal(page.facts.knot_count, 0);
	assert_int_equal(page.facts.stratum, 2);
	assert_int_equal(page.facts.flags, REQTIME_NOW_CONFIRMED);
	assert_int_equal(page.facts.frequency_ppb, 12345);
}

static void no_page(void **state)
{
	struct now_page_run run = a_run("2026-11-30T12:00:00Z");
	struct reqtime_now_page page;

	(void)state;
	run.boot_id = "";
	now_page_make(&run, NULL, &page);
	assert_int_equal(page.facts.is_known, 0);
	assert_int_equal(page.facts.reason, REQTIME_NOW_OTHER_BOOT);
	run = a_run("2026-11-30T12:00:00Z");
	run.offset_ns = INT64_MAX / 2; /* 146 years */
	now_page_make(&run, NULL, &page);
	assert_int_equal(page.facts.is_known, 0);
	now_page_make_unknown(REQTIME_NOW_HELD_BACK, &page);
	assert_int_equal(page.facts.is_known, 0);
	assert_int_equal(page.facts.reason, REQTIME_NOW_HELD_BACK);
	assert_true(page.magic == REQTIME_NOW_MAGIC);
}

/* A clock that was followed for `count` hours, whose frequency changes by `wander_ppb` in
 * each; the last run leaves a slew. */
static struct discipline_forecast followed(int count, int64_t wander_ppb, int64_t noise_ns,
                                           struct now_page_run *run)
{
	struct discipline d;
	const int64_t start_ns = run->measured.wall.unix_ns;

	discipline_init(&d);
	for (int i = 0; i < count; i++) {
		const int64_t age_ns = (int64_t)(i - count + 1) * 3600 * S;
		const struct discipline_observation found = {
			.at = { start_ns + age_ns },
			.monotonic_ns = BOOT * 1000 + age_ns,
			.boottime_ns = BOOT * 1000 + age_ns,
			.is_new_boot = i == 0,
			.has_kernel = true,
			.is_trusted = true,
			.offset_ns = (i % 2 ? noise_ns : -noise_ns) + 3600 * wander_ppb,
			.bound_ns = 3 * noise_ns + MS,
			.delay_ns = MS,
			.jitter_ns = noise_ns,
			.sample_count = 4,
		};
		const struct discipline_advice advice =
			(discipline_observe(&d, &found), discipline_advise(&d));
		const struct discipline_action did = {
			.slew_ns = advice.phase_ns,
			.frequency_ppb = advice.frequency_ppb,
		};

		discipline_apply(&d, &did);
		run->slew_rest_ns = did.slew_ns;
		run->frequency_ppb = did.frequency_ppb;
	}
	run->measured.boot_ns = run->measured.mono_ns = BOOT * 1000;
	run->after.boot_ns = run->after.mono_ns = BOOT * 1000;
	return discipline_forecast(&d);
}

/* At any age the likely time of the page covers the forecast, and is centred like it. */
static void the_likely_time_covers_the_forecast(void **state)
{
	(void)state;
	for (int count = 1; count <= 30; count += count < 4 ? 1 : 13) {
		for (int64_t wander_ppb = 0; wander_ppb <= 500; wander_ppb += 250) {
			struct now_page_run run = a_run("2026-11-30T12:00:00.25Z");
			const struct discipline_forecast forecast =
				followed(count, wander_ppb, 200 * US, &run);
			struct reqtime_now_page page;

			now_page_make(&run, &forecast, &page);
			assert_int_equal(page.facts.is_known, 1);
			assert_int_equal(page.facts.knot_count, REQTIME_NOW_KNOTS);
			assert_true(page.facts.drift_ppb > 50000);
			for (int64_t age_ns = 0; age_ns < 7 * DAY;
			     age_ns += age_ns / 9 + 777 * MS) {
				struct reqtime_now_facts facts;
				struct reqtime_now_knot knots[2];
				const struct reqtime_now_clocks clocks = {
					page.facts.real_ns + age_ns,
					page.facts.boot_ns + age_ns,
					page.facts.mono_ns + age_ns,
					0,
				};
				struct reqtime_now now = { 0 };
				/* Without the cut by the proved one. */
				const double mean_ns =
					discipline_mean_ns(&forecast, age_ns);
				const int64_t bound_ns = discipline_bound_around_ns(
					&forecast, age_ns, mean_ns);

				page.facts.bound_ns = INT64_C(1) << 58;
				reqtime_now_copy(&page, clocks.boot_ns, &facts, knots);
				assert_int_equal(
					reqtime_now_at(&facts, knots, &clocks, 0, &now),
					REQTIME_NOW_OK);
				if ((double)(now.likely_latest_ns - now.real_ns) <
				    mean_ns + (double)bound_ns) {
					fail_msg("after %d runs, wander %lld, age %lld ns: "
					         "%lld, "
					         "not %f + %lld",
					         count, (long long)wander_ppb,
					         (long long)age_ns,
					         (long long)(now.likely_latest_ns -
					                     now.real_ns),
					         mean_ns, (long long)bound_ns);
				}
				assert_true((double)(now.likely_latest_ns - now.real_ns) >=
				            mean_ns + (double)bound_ns);
				assert_true(
					(double)(now.likely_earliest_ns - now.real_ns) <=
					mean_ns - (double)bound_ns);
				/* ... and not by much. */
				assert_true(now.likely_latest_ns - now.likely_earliest_ns <=
				            3 * bound_ns + 50 * US);
			}
		}
	}
}

/* From the description of the protocol, for a machine that is little endian. */
static void clockbound_octets(void **state)
{
	static const uint8_t want[CLOCKBOUND_OCTETS] = {
		0x4e, 0x5a, 0x4d, 0x41, 0x00, 0x02, 0x42, 0x43, /* magic */
		80,   0,    0,    0,                            /* octets */
		2,    0,                                        /* version */
		0,    0,                                        /* generation */
		0x87, 0x13, 0,    0,    0,    0,    0,    0,    /* as of 4999 s, ... */
		0x80, 0x33, 0x02, 0x3b, 0,    0,    0,    0,    /* ... 990000000 ns */
		0x08, 0x4e, 0x09, 0,    0,    0,    0,    0,    /* void after 609800 s */
		0,    0,    0,    0,    0,    0,    0,    0,    /* 0 ns */
		0xa9, 0xca, 0x35, 0,    0,    0,    0,    0,    /* bound 3525289 ns */
		0,    0,    0,    0,    0,    0,    0,    0,    /* disruption marker */
		0x50, 0xc3, 0,    0,                            /* drift 50000 ppb */
		1,    0,    0,    0,                            /* synchronised */
		0,    0,    0,    0,    0,    0,    0,    0,    /* no disruption support */
	};
	const struct reqtime_now_facts facts = {
		.is_known = 1,
		.mono_ns = 5000 * S,
		.boot_ns = 8000 * S,
		.end_boot_ns = 612800 * S,
		.offset_ns = 2 * MS,
		.bound_ns = 1525289,
		.drift_ppb = 50000,
		.slew_now_ns = 500 * US,
		.slew_rest_ns = 1500 * US,
	};
	struct clockbound_segment segment;

	(void)state;
	if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__) {
		skip();
	}
	clockbound_make(&facts, &segment);
	assert_memory_equal(&segment, want, sizeof(want));
	assert_true(clockbound_is_usable(&segment));
}

struct segment_row {
	const char *name;
	int64_t offset_ns, slew_now_ns, slew_rest_ns;
	int64_t want_bound_ns; /* of a bound of 1 ms */
};

static const struct segment_row segment_rows[] = {
	{ "clockbound: the clock is right", 0, 0, 0, MS },
	{ "clockbound: it stays as far off", -3 * MS, 0, 0, 4 * MS },
	{ "clockbound: it will be slewed right", 3 * MS, 0, 3 * MS, 4 * MS },
	{ "clockbound: it will be slewed too far", 3 * MS, 0, 10 * MS, 8 * MS },
	{ "clockbound: it will be slewed away", -3 * MS, 500 * US, 3 * MS, MS + 6500 * US },
};

static void segment_bound(void **state)
{
	const struct segment_row *row = *state;
	const struct reqtime_now_facts facts = { .is_known = 1,
		                                 .offset_ns = row->offset_ns,
		                                 .bound_ns = MS,
		                                 .slew_now_ns = row->slew_now_ns,
		                                 .slew_rest_ns = row->slew_rest_ns };
	struct clockbound_segment segment;

	clockbound_make(&facts, &segment);
	assert_int_equal(segment.bound_ns, row->want_bound_ns);
	assert_int_equal(segment.status, CLOCKBOUND_SYNCHRONISED);
}

static void segment_unknown(void **state)
{
	const struct reqtime_now_facts facts = { .bound_ns = MS, .mono_ns = S };
	struct clockbound_segment segment;

	(void)state;
	clockbound_make(&facts, &segment);
	assert_int_equal(segment.status, CLOCKBOUND_UNKNOWN);
	assert_int_equal(segment.void_after_s, 0);
	assert_true(clockbound_is_usable(&segment));
	segment.version = 3;
	assert_false(clockbound_is_usable(&segment));
}

int main(void)
{
	enum { SINGLE = 4 };
	static struct CMUnitTest tests[SINGLE + COUNT_OF(end_rows) + COUNT_OF(page_rows) +
	                               COUNT_OF(segment_rows)] = {
		cmocka_unit_test(no_page),
		cmocka_unit_test(the_likely_time_covers_the_forecast),
		cmocka_unit_test(clockbound_octets),
		cmocka_unit_test(segment_unknown),
	};
	struct CMUnitTest *test = &tests[SINGLE];

	for (size_t i = 0; i < COUNT_OF(end_rows); i++) {
		*test++ = (struct CMUnitTest){ end_rows[i].name, the_end, NULL, NULL,
			                       (void *)(uintptr_t)&end_rows[i] };
	}
	for (size_t i = 0; i < COUNT_OF(page_rows); i++) {
		*test++ = (struct CMUnitTest){ page_rows[i].name, offset_and_bound, NULL,
			                       NULL, (void *)(uintptr_t)&page_rows[i] };
	}
	for (size_t i = 0; i < COUNT_OF(segment_rows); i++) {
		*test++ = (struct CMUnitTest){ segment_rows[i].name, segment_bound, NULL,
			                       NULL, (void *)(uintptr_t)&segment_rows[i] };
	}
	return cmocka_run_group_tests_name("now_page", tests, NULL, NULL);
}
