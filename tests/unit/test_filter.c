/* SPDX-License-Identifier: MIT
 *
 * The clock filter: several exchanges with one server in, its interval out.
 */
#include "core/select/filter.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <string.h>

#define S(n) ((n)*NS_PER_S)

struct row {
	const char *name;
	size_t count;
	struct sample samples[4]; /* offset, bound, delay, at, root distance */
	int64_t at, drift_ppb;
	enum filter_verdict want;
	int64_t offset, bound, delay, jitter;
};

/* clang-format off */
static const struct row rows[] = {
	{ "none", 0, { { 0 } }, 0, 0, FILTER_NO_SAMPLE, 0, 0, 0, 0 },
	{ "one is itself", 1, { { 50, 10, 20, 0, 0, 0 } }, 0, 0, FILTER_OK, 50, 10, 20, 0 },
	{ "one grows with age: 500 ppm over 2 s", 1, { { 50, 10, 20, 0, 0, 0 } }, S(2), 500000,
	  FILTER_OK, 50, 10 + 1000000, 20, 0 },
	{ "a sample from later ages backwards alike", 1, { { 50, 10, 20, S(2), 0, 0 } }, 0, 500000,
	  FILTER_OK, 50, 10 + 1000000, 20, 0 },
	{ "quickest way out of one, quickest way back of the other", 2,
	  { { 100, 50, 100, 0, 0, 0 }, { 40, 50, 120, 0, 0, 0 } }, 0, 0, FILTER_OK, 70, 20, 100, 10 },
	{ "a wide one adds nothing", 2, { { 100, 10, 20, 0, 0, 0 }, { 0, 900, 1800, 0, 0, 0 } }, 0, 0,
	  FILTER_OK, 100, 10, 20, 890 },
	{ "touching intervals have one point in common", 2,
	  { { 0, 10, 20, 0, 0, 0 }, { 20, 10, 20, 0, 0, 0 } }, 0, 0, FILTER_OK, 10, 0, 20, 0 },
	{ "apart: one of them is wrong", 2,
	  { { 0, 10, 20, 0, 0, 0 }, { 21, 10, 20, 0, 0, 0 } }, 0, 0, FILTER_INCONSISTENT, 0, 0, 0, 0 },
	{ "apart, but drift explains it", 2,
	  { { 0, 10, 20, 0, 0, 0 }, { 1000000, 10, 20, S(2), 0, 0 } }, S(2), 500000,
	  FILTER_OK, 1000000, 10, 20, 0 },
};
/* clang-format on */

static void filter_row(void **state)
{
	const struct row *row = *state;
	struct estimate got, before;

	memset(&got, 0xa5, sizeof(got));
	before = got;
	assert_int_equal(
		filter_samples(row->samples, row->count, row->at, row->drift_ppb, &got),
		row->want);
	if (row->want != FILTER_OK) {
		assert_memory_equal(&got, &before, sizeof(got));
		return;
	}
	assert_int_equal(got.offset_ns, row->offset);
	assert_int_equal(got.bound_ns, row->bound);
	assert_int_equal(got.delay_ns, row->delay);
	assert_int_equal(got.jitter_ns, row->jitter);
	assert_int_equal(got.sample_count, row->count);
}

/* The sharpest of them by what was measured here, grown with age like the bound. */
static void spread_is_the_smallest(void **state)
{
	static const struct sample samples[] = {
		{ .offset_ns = 0, .bound_ns = 10, .delay_ns = 20, .spread_ns = 40 },
		{ .offset_ns = 1, .bound_ns = 10, .delay_ns = 20, .spread_ns = 30 },
		{ .offset_ns = 2, .bound_ns = 10, .delay_ns = 20, .spread_ns = 50 },
	};
	struct estimate got;

	(void)state;
	assert_int_equal(filter_samples(samples, COUNT_OF(samples), S(2), 500000, &got),
	                 FILTER_OK);
	assert_int_equal(got.spread_ns, 1000030);
}

int main(void)
{
	static struct CMUnitTest tests[COUNT_OF(rows) + 1];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		tests[i] = (struct CMUnitTest){ .name = rows[i].name,
			                        .test_func = filter_row,
			                        .initial_state = (void *)&rows[i] };
	}
	tests[COUNT_OF(rows)] = (struct CMUnitTest)cmocka_unit_test(spread_is_the_smallest);
	return cmocka_run_group_tests_name("filter", tests, NULL, NULL);
}
