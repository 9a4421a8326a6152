/* SPDX-License-Identifier: MIT
 *
 * The predicted departure is never later than the least that was seen lately.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/ntp/departure.h"

static void learn(struct departure *d, unsigned place, int64_t took_ns)
{
	(void)departure_learn(d, place, departure_ahead_ns(d, place), took_ns);
}

/* Often enough to be gone by. */
static void learn_well(struct departure *d, unsigned place, int64_t took_ns)
{
	for (int i = 0; i < DEPARTURE_TRUSTED; i++) {
		learn(d, place, took_ns);
	}
}

/* What is added when the least lately was this. */
#define WARY(least_ns) ((least_ns) - (least_ns) / DEPARTURE_CAUTION)

static void nothing_known_nothing_added(void **state)
{
	struct departure d = { .margin_ns = 0 };

	(void)state;
	for (unsigned i = 0; i < DEPARTURE_PLACES + 2; i++) {
		assert_int_equal(departure_ahead_ns(&d, i), 0);
	}
}

static void the_least_of_the_latest(void **state)
{
	struct departure d = { .margin_ns = 0 };

	(void)state;
	learn(&d, 0, 4000);
	for (int i = 0; i < 2 * DEPARTURE_KEPT - 2; i++) {
		/* One slow first answer, and a few after it, prove nothing. */
		assert_int_equal(departure_ahead_ns(&d, 0),
		                 i + 1 < DEPARTURE_TRUSTED ? 0 : WARY(4000));
		learn(&d, 0, 8000);
	}
	assert_int_equal(departure_ahead_ns(&d, 0), WARY(4000));
	learn(&d, 0, 8000); /* now the 4000 is forgotten */
	assert_int_equal(departure_ahead_ns(&d, 0), WARY(8000));
}

static void a_later_place_takes_at_least_as_long(void **state)
{
	struct departure d = { .margin_ns = 0 };

	(void)state;
	learn_well(&d, 0, 800);
	assert_int_equal(departure_ahead_ns(&d, 7), WARY(800));
	learn_well(&d, 3, 4000);
	assert_int_equal(departure_ahead_ns(&d, 0), WARY(800));
	assert_int_equal(departure_ahead_ns(&d, 2), WARY(800));
	assert_int_equal(departure_ahead_ns(&d, 3), WARY(4000));
	assert_int_equal(departure_ahead_ns(&d, 7), WARY(4000));
	assert_int_equal(departure_ahead_ns(&d, 99), WARY(4000));
	/* The fourth left after 500: then the first cannot take 800. */
	learn(&d, 3, 500);
	assert_true(departure_ahead_ns(&d, 0) <= 500);
}

static void a_violation_is_told_and_backed_off_from(void **state)
{
	struct departure d = { .margin_ns = 0 };

	(void)state;
	learn_well(&d, 0, 3200);
	assert_true(departure_learn(&d, 0, 2800, 2800));
	assert_false(departure_learn(&d, 0, 2800, 2400));
	assert_int_equal(departure_ahead_ns(&d, 0), WARY(2400) - 400);
	/* In time the margin is given back. */
	for (int i = 0; i < 800; i++) {
		learn(&d, 0, 2400);
	}
	assert_int_equal(departure_ahead_ns(&d, 0), WARY(2400));
}

static void a_stall_or_a_step_teaches_nothing(void **state)
{
	struct departure d = { .margin_ns = 0 };

	(void)state;
	assert_true(departure_learn(&d, 0, 0, DEPARTURE_MOST_NS + 1));
	assert_false(departure_learn(&d, 0, 0, -1));
	assert_int_equal(departure_ahead_ns(&d, 0), 0);
}

/* A path whose speed changes all the time: stamps after the departure stay rare. */
static void violations_are_rare(void **state)
{
	struct departure d = { .margin_ns = 0 };
	unsigned wrong = 0;
	uint32_t seed = 7;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		int64_t base_ns = 2000 + 500 * ((i / 1000) % 3);

		seed = seed * 1664525 + 1013904223;
		wrong += !departure_learn(&d, 0, departure_ahead_ns(&d, 0),
		                          base_ns + (seed >> 24));
	}
	assert_in_range(wrong, 0, 100);
}

/* ... and where it gets faster by less than the caution, they do not happen at all. */
static void caution_is_enough_for_a_fifth(void **state)
{
	struct departure d = { .margin_ns = 0 };
	uint32_t seed = 11;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		int64_t base_ns = (i / 1000) % 2 == 0 ? 2500 : 2000;

		seed = seed * 1664525 + 1013904223;
		assert_true(departure_learn(&d, 0, departure_ahead_ns(&d, 0),
		                            base_ns + (seed >> 24)));
	}
}

/* One answer in ten is twice as fast as the others: most servers have seen one before they
 * trust what they know. */
static void the_fast_ones_are_waited_for(void **state)
{
	enum { STARTS = 1000, ANSWERS = 200 };
	unsigned wrong = 0;
	uint32_t seed = 5;

	(void)state;
	for (int start = 0; start < STARTS; start++) {
		struct departure d = { .margin_ns = 0 };
		bool was_right = true;

		for (int i = 0; i < ANSWERS; i++) {
			int64_t took_ns;

			seed = seed * 1664525 + 1013904223;
			took_ns = (seed >> 16) % 10 == 0 ? 2200 : 4500 + (seed >> 20);
			was_right &=
				departure_learn(&d, 1, departure_ahead_ns(&d, 1), took_ns);
		}
		wrong += !was_right;
	}
	assert_in_range(wrong, 0, STARTS / 15);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_known_nothing_added),
		cmocka_unit_test(the_least_of_the_latest),
		cmocka_unit_test(a_later_place_takes_at_least_as_long),
		cmocka_unit_test(a_violation_is_told_and_backed_off_from),
		cmocka_unit_test(a_stall_or_a_step_teaches_nothing),
		cmocka_unit_test(violations_are_rare),
		cmocka_unit_test(caution_is_enough_for_a_fifth),
		cmocka_unit_test(the_fast_ones_are_waited_for),
	};

	return cmocka_run_group_tests_name("departure", tests, NULL, NULL);
}
