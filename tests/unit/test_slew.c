/* SPDX-License-Identifier: MIT
 *
 * A slew as Linux does it, against the second by second account of kernel/time/ntp.c.
 */
#include "core/discipline/slew.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/base/ntp_time.h"

#define US NS_PER_US
#define MS NS_PER_MS
#define S NS_PER_S

struct row {
	const char *name;
	struct kernel_slew slew;
	int64_t after_ns;
	int64_t want_seconds, want_rest_ns, want_taken_ns;
	double want_left_ns;
};

/* clang-format off */
static const struct row rows[] = {
	{ "nothing to do", { 10 * S, 0, 0 }, 100 * S, 100, 0, 0, 0.0 },
	{ "nothing happens within a second", { 10 * S + 100 * MS, 5 * MS, 0 }, 899 * MS, 0, 5 * MS, 0, 5e6 },
	{ "500 us are taken at the full second", { 10 * S + 100 * MS, 5 * MS, 0 }, 900 * MS, 1, 4500 * US, 500 * US, 5e6 },
	{ "... and half of them given half a second on", { 10 * S + 100 * MS, 5 * MS, 0 }, 1400 * MS, 1, 4500 * US, 500 * US, 4.75e6 },
	{ "the other way", { 10 * S + 100 * MS, -5 * MS, 0 }, 1400 * MS, 1, -4500 * US, -500 * US, -4.75e6 },
	{ "the last part is what is left", { 10 * S, 1200 * US, 0 }, 3 * S, 3, 0, 200 * US, 200e3 },
	{ "... and given in its second", { 10 * S, 1200 * US, 0 }, 3750 * MS, 3, 0, 200 * US, 50e3 },
	{ "then it is done", { 10 * S, 1200 * US, 0 }, 4 * S, 4, 0, 0, 0.0 },
	{ "what is in flight goes on", { 10 * S + 500 * MS, 0, 500 * US }, 250 * MS, 0, 0, 500 * US, 125e3 },
	{ "... to the end of its second", { 10 * S + 500 * MS, 0, 500 * US }, 500 * MS, 1, 0, 0, 0.0 },
	{ "before 1970", { -10 * S - 100 * MS, 5 * MS, 0 }, 100 * MS, 1, 4500 * US, 500 * US, 5e6 },
	{ "longer than it lasts, by far", { 0, KERNEL_SLEW_MAX_NS, 0 }, INT64_MAX, INT64_MAX / S, 0, 0, 0.0 },
};
/* clang-format on */

static void later(void **state)
{
	const struct row *row = *state;
	struct kernel_slew then = kernel_slew_later(&row->slew, row->after_ns);

	assert_int_equal(kernel_slew_seconds(&row->slew, row->after_ns), row->want_seconds);
	assert_int_equal(then.rest_ns, row->want_rest_ns);
	assert_int_equal(then.taken_ns, row->want_taken_ns);
	assert_true(fabs(kernel_slew_left_ns(&then) - row->want_left_ns) < 1.0);
	assert_true(fabs(kernel_slew_in_flight_ns(&then) + (double)then.rest_ns -
	                 row->want_left_ns) < 1.0);
}

/* Two leaps make one. */
static void leaps_add_up(void **state)
{
	(void)state;
	for (int64_t first_ns = 0; first_ns < 4 * S; first_ns += 123456789) {
		for (int64_t second_ns = 0; second_ns < 4 * S; second_ns += 234567891) {
			const struct kernel_slew slew = { 7 * S + 654321, -2345 * US,
				                          -500 * US };
			struct kernel_slew once =
				kernel_slew_later(&slew, first_ns + second_ns);
			struct kernel_slew twice = kernel_slew_later(&slew, first_ns);

			twice = kernel_slew_later(&twice, second_ns);
			assert_int_equal(once.wall_ns, twice.wall_ns);
			assert_int_equal(once.rest_ns, twice.rest_ns);
			assert_int_equal(once.taken_ns, twice.taken_ns);
		}
	}
}

static void a_rest_from_outside_is_cut(void **state)
{
	(void)state;
	assert_int_equal(kernel_slew_valid_rest(INT64_MAX), KERNEL_SLEW_MAX_NS);
	assert_int_equal(kernel_slew_valid_rest(INT64_MIN), -KERNEL_SLEW_MAX_NS);
	assert_int_equal(kernel_slew_valid_rest(-42), -42);
	assert_int_equal(kernel_slew_rest_after(-42, -1), -42);
	assert_int_equal(kernel_slew_rest_after(KERNEL_SLEW_MAX_NS, INT64_MAX), 0);
}

int main(void)
{
	static struct CMUnitTest tests[COUNT_OF(rows) + 2] = {
		cmocka_unit_test(leaps_add_up),
		cmocka_unit_test(a_rest_from_outside_is_cut),
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		tests[2 + i] = (struct CMUnitTest){
			.name = rows[i].name,
			.test_func = later,
			.initial_state = (void *)(uintptr_t)&rows[i],
		};
	}
	return cmocka_run_group_tests_name("slew", tests, NULL, NULL);
}
