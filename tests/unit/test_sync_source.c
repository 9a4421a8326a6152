/* SPDX-License-Identifier: MIT
 *
 * The server's sync source after a run of `set`, from what that run recorded.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "app/server/sync_source.h"

#define START_NS (INT64_C(1795000000) * NS_PER_S)
#define MONO_NS (5000 * NS_PER_S)

/* Trusted: 3 ms behind, within 2 ms, and all of it slewed. */
static struct run_record run_of(int64_t after_s)
{
	struct run_record run;

	memset(&run, 0, sizeof(run));
	run.at.unix_ns = START_NS + after_s * NS_PER_S;
	run.mono_ns = MONO_NS + after_s * NS_PER_S;
	run.boot_ns = run.mono_ns;
	run.verb = RUN_VERB_SET;
	run.status = RUN_OK;
	run.has_answer = 1;
	run.sample_count = 4;
	run.offset_ns = 3 * NS_PER_MS;
	run.bound_ns = 2 * NS_PER_MS;
	run.delay_ns = NS_PER_MS;
	run.applied_action = PLAN_SLEW;
	run.applied_by_ns = 3 * NS_PER_MS;
	run.has_kernel = 1;
	run.slew_after_ns = 3 * NS_PER_MS;
	run.max_error_ns = 5 * NS_PER_MS;
	run.frequency_after_ppb = 1500;
	return run;
}

static struct source_record source_of(const char *address, uint8_t stratum,
                                      int64_t bound_ns)
{
	struct source_record source;

	memset(&source, 0, sizeof(source));
	assert_true(address_parse(address, &source.address));
	source.address.port = 123;
	source.port = 123;
	source.status = SOURCE_SELECTED;
	source.has_header = 1;
	source.stratum = stratum;
	source.root_delay_ns = NS_PER_MS;
	source.root_dispersion_ns = NS_PER_MS / 2;
	source.has_estimate = 1;
	source.bound_ns = bound_ns;
	source.delay_ns = NS_PER_MS;
	return source;
}

static void the_best_source_is_named(void **state)
{
	const struct run_record run = run_of(0);
	struct source_record sources[] = {
		source_of("192.0.2.1", 2, 3 * NS_PER_MS),
		source_of("192.0.2.2", 3, 2 * NS_PER_MS),
		source_of("192.0.2.3", 1, NS_PER_MS),
		source_of("192.0.2.4", 1, NS_PER_MS),
		source_of("192.0.2.5", 16, NS_PER_MS),
	};
	struct sync_source sync_source;

	(void)state;
	sources[2].status = SOURCE_FALSETICKER;
	sources[3].has_header = 0;
	assert_true(
		sync_source_from(&run, 1, &run, sources, COUNT_OF(sources), &sync_source));
	assert_int_equal(sync_source.is_known, 1);
	assert_int_equal(sync_source.stratum, 3);
	assert_memory_equal(sync_source.refid, ((uint8_t[]){ 192, 0, 2, 2 }), 4);
	assert_int_equal(sync_source.at.unix_ns, START_NS);
	assert_int_equal(sync_source.mono_ns, MONO_NS);
	assert_int_equal(sync_source.stated_ns, 5 * NS_PER_MS);
	assert_int_equal(sync_source.frequency_ppb, 1500);
	/* Root distance: the bound, 2 ms; 1 ms of it is half of the delay of 2 ms. */
	assert_int_equal(sync_source.root_delay_ns, 2 * NS_PER_MS);
	assert_int_equal(sync_source.dispersion_ns, NS_PER_MS);
	assert_int_equal(sync_source.slew_ns, 3 * NS_PER_MS);
}

static void no_source_knows_its_stratum(void **state)
{
	struct run_record run = run_of(0);
	struct source_record source = source_of("192.0.2.1", 2, NS_PER_MS);
	struct sync_source sync_source;

	(void)state;
	source.has_header = 0;
	assert_false(sync_source_from(&run, 1, &run, &source, 1, &sync_source));
	assert_int_equal(sync_source.is_known, 0);
	assert_false(sync_source_from(&run, 1, &run, NULL, 0, &sync_source));
	source.has_header = 1;
	run.has_kernel = 0;
	assert_false(sync_source_from(&run, 1, &run, &source, 1, &sync_source));
}

static void a_source_of_ipv6(void **state)
{
	const struct run_record run = run_of(0);
	const struct source_record source = source_of("2001:db8::1", 1, NS_PER_MS);
	struct sync_source sync_source;

	(void)state;
	assert_true(sync_source_from(&run, 1, &run, &source, 1, &sync_source));
	assert_memory_equal(sync_source.refid, ((uint8_t[]){ 0x39, 0xab, 0x9b, 0x37 }), 4);
}

struct distance_row {
	const char *name;
	int64_t offset_ns, bound_ns, step_ns, slew_ns, delay_ns;
	/* wanted */
	int64_t root_delay_ns, dispersion_ns;
};

/* The source's own root delay is 1 ms. */
/* clang-format off */
static const struct distance_row distance_rows[] = {
	{ "stepped by all of it", 500 * NS_PER_MS, 4 * NS_PER_MS, 500 * NS_PER_MS, 0, 5 * NS_PER_MS,
	  6 * NS_PER_MS, NS_PER_MS },
	{ "slewed by less, as the past advised", 5 * NS_PER_MS, 6 * NS_PER_MS, 0, 2 * NS_PER_MS, NS_PER_MS,
	  2 * NS_PER_MS, 8 * NS_PER_MS },
	{ "nothing done: within the bound", -NS_PER_MS, 2 * NS_PER_MS, 0, 0, NS_PER_MS,
	  2 * NS_PER_MS, 2 * NS_PER_MS },
	{ "two ways that prove more than the delay", 0, NS_PER_MS, 0, 0, 9 * NS_PER_MS,
	  2 * NS_PER_MS, 0 },
	{ "a delay below zero", 0, NS_PER_MS, 0, 0, -9 * NS_PER_MS,
	  0, NS_PER_MS },
	{ "an old slew turned round", 0, NS_PER_MS, 0, -3 * NS_PER_MS, NS_PER_MS,
	  2 * NS_PER_MS, 3 * NS_PER_MS },
};
/* clang-format on */

static void distance_row(void **state)
{
	const struct distance_row *row = *state;
	struct source_record source = source_of("192.0.2.1", 1, row->bound_ns);
	struct run_record run = run_of(0);
	struct sync_source sync_source;

	run.offset_ns = row->offset_ns;
	run.bound_ns = row->bound_ns;
	run.applied_action = row->step_ns != 0 ? PLAN_STEP : PLAN_SLEW;
	run.applied_by_ns = row->step_ns;
	run.slew_after_ns = row->slew_ns;
	source.delay_ns = row->delay_ns;
	assert_true(sync_source_from(&run, 1, &run, &source, 1, &sync_source));
	assert_int_equal(sync_source.root_delay_ns, row->root_delay_ns);
	assert_int_equal(sync_source.dispersion_ns, row->dispersion_ns);
	assert_int_equal(sync_source.at.unix_ns, START_NS + row->step_ns);
	assert_int_equal(sync_source.slew_ns,
	                 row->slew_ns < 0 ? -row->slew_ns : row->slew_ns);
}

static void the_newest_that_was_trusted(void **state)
{
	struct run_record runs[] = { run_of(0), run_of(3600), run_of(7200), run_of(7300) };

	(void)state;
	assert_null(sync_source_run(runs, 0));
	assert_ptr_equal(sync_source_run(runs, 4), &runs[3]);
	/* No server answered: that reveals nothing about the clock. */
	runs[3].has_answer = 0;
	runs[3].status = RUN_NO_ANSWER;
	assert_ptr_equal(sync_source_run(runs, 4), &runs[2]);
	/* A majority that was not followed: the clock may be anywhere. */
	runs[2].status = RUN_REFUSED;
	assert_null(sync_source_run(runs, 4));
	assert_ptr_equal(sync_source_run(runs, 2), &runs[1]);
}

/* A single run reveals little of the frequency; a hundred that agree reveal much. */
static void the_doubt_of_the_frequency_is_drift(void **state)
{
	const struct source_record source = source_of("192.0.2.1", 1, NS_PER_MS);
	struct run_record runs[100];
	struct sync_source sync_source;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(runs); i++) {
		runs[i] = run_of((int64_t)i * 3600);
		runs[i].offset_ns = 0;
		runs[i].bound_ns = 200 * NS_PER_US;
		runs[i].applied_action = PLAN_NONE;
		runs[i].applied_by_ns = 0;
		runs[i].slew_after_ns = 0;
		runs[i].frequency_before_ppb = 1500;
	}
	assert_true(sync_source_from(runs, 1, &runs[0], &source, 1, &sync_source));
	assert_in_range(sync_source.drift_ppb, 100000, 500000);
	assert_true(sync_source_from(runs, 100, &runs[99], &source, 1, &sync_source));
	assert_in_range(sync_source.drift_ppb, 0, 15000);
	/* The kernel was left with another frequency than the estimated one. */
	runs[99].frequency_after_ppb = 61500;
	assert_true(sync_source_from(runs, 100, &runs[99], &source, 1, &sync_source));
	assert_in_range(sync_source.drift_ppb, 60000 - 15000, 60000 + 15000);
	/* Seen, and held back: after 100 s the kernel gets no frequency yet. */
	runs[1].at.unix_ns = runs[0].at.unix_ns + 100 * NS_PER_S;
	runs[1].mono_ns = runs[0].mono_ns + 100 * NS_PER_S;
	runs[1].boot_ns = runs[1].mono_ns;
	runs[1].offset_ns = 5 * NS_PER_MS;
	assert_true(sync_source_from(runs, 2, &runs[1], &source, 1, &sync_source));
	assert_in_range(sync_source.drift_ppb, 40000, 80000);
}

int main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(the_best_source_is_named),
		cmocka_unit_test(no_source_knows_its_stratum),
		cmocka_unit_test(a_source_of_ipv6),
		cmocka_unit_test(the_newest_that_was_trusted),
		cmocka_unit_test(the_doubt_of_the_frequency_is_drift),
	};
	struct CMUnitTest tests[COUNT_OF(others) + COUNT_OF(distance_rows)];

	memset(tests, 0, sizeof(tests));
	memcpy(tests, others, sizeof(others));
	for (size_t i = 0; i < COUNT_OF(distance_rows); i++) {
		struct CMUnitTest *test = &tests[COUNT_OF(others) + i];

		test->name = distance_rows[i].name;
		test->test_func = distance_row;
		test->initial_state = (void *)(uintptr_t)&distance_rows[i];
	}
	return cmocka_run_group_tests_name("serve_trusted", tests, NULL, NULL);
}
