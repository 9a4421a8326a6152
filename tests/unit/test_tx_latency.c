/* SPDX-License-Identifier: MIT
 *
 * The predicted transmit time is never later than the least that was seen lately.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <time.h>

#include "core/base/ntp_time.h"
#include "core/ntp/tx_latency.h"

/* An undelayed answer a second after the last, so the rise does not limit. */
static bool add_sample_with(struct tx_latency *d, unsigned place, int64_t added_ns,
                            int64_t took_ns)
{
	const struct tx_latency_sample seen = { .place = place,
		                                .added_ns = added_ns,
		                                .took_ns = took_ns,
		                                .returned_ns = took_ns + 1000,
		                                .mono_ns = d->risen_mono_ns + NS_PER_S };

	return tx_latency_update(d, &seen);
}

static bool add_sample(struct tx_latency *d, unsigned place, int64_t took_ns)
{
	return add_sample_with(d, place, tx_latency_lead_ns(d, place), took_ns);
}

/* Often enough to be gone by, and to have risen. */
static void add_samples(struct tx_latency *d, unsigned place, int64_t took_ns)
{
	for (int i = 0; i < TX_LATENCY_TRUSTED + 4000 / TX_LATENCY_RISE_MAX_NS; i++) {
		(void)add_sample(d, place, took_ns);
	}
}

/* The lead for this smallest recent latency. */
#define WARY(least_ns) ((least_ns) - (least_ns) / TX_LATENCY_MARGIN_PART)

static void nothing_known_nothing_added(void **state)
{
	struct tx_latency d = { 0 };

	(void)state;
	for (unsigned i = 0; i < TX_LATENCY_PLACES + 2; i++) {
		assert_int_equal(tx_latency_lead_ns(&d, i), 0);
	}
}

static void the_least_of_the_latest(void **state)
{
	struct tx_latency d = { 0 };

	(void)state;
	(void)add_sample(&d, 0, 4000);
	for (int i = 0; i < 2 * TX_LATENCY_KEPT - 2; i++) {
		/* A slow first answer and a few after it are not enough data. */
		if (i + 1 < TX_LATENCY_TRUSTED) {
			assert_int_equal(tx_latency_lead_ns(&d, 0), 0);
		}
		(void)add_sample(&d, 0, 8000);
	}
	assert_int_equal(tx_latency_lead_ns(&d, 0), WARY(4000));
	(void)add_sample(&d, 0, 8000); /* now the 4000 is forgotten */
	assert_int_equal(tx_latency_lead_ns(&d, 0), WARY(4000) + TX_LATENCY_RISE_MAX_NS);
	add_samples(&d, 0, 8000);
	assert_int_equal(tx_latency_lead_ns(&d, 0), WARY(8000));
}

static void a_later_place_takes_at_least_as_long(void **state)
{
	struct tx_latency d = { 0 };

	(void)state;
	add_samples(&d, 0, 800);
	assert_int_equal(tx_latency_lead_ns(&d, 7), WARY(800));
	add_samples(&d, 3, 4000);
	assert_int_equal(tx_latency_lead_ns(&d, 0), WARY(800));
	assert_int_equal(tx_latency_lead_ns(&d, 2), WARY(800));
	assert_int_equal(tx_latency_lead_ns(&d, 3), WARY(4000));
	assert_int_equal(tx_latency_lead_ns(&d, 7), WARY(4000));
	assert_int_equal(tx_latency_lead_ns(&d, 99), WARY(4000));
	/* The fourth left after 500: then the first cannot take 800. */
	(void)add_sample(&d, 3, 500);
	assert_true(tx_latency_lead_ns(&d, 0) <= 500);
}

static void a_violation_is_told_and_backed_off_from(void **state)
{
	struct tx_latency d = { 0 };

	(void)state;
	add_samples(&d, 0, 3200);
	assert_true(add_sample_with(&d, 0, 2800, 2800));
	assert_false(add_sample_with(&d, 0, 2800, 2400));
	assert_int_equal(tx_latency_lead_ns(&d, 0), WARY(2400) - 400);
	/* In time the margin is given back. */
	for (int i = 0; i < 800; i++) {
		(void)add_sample(&d, 0, 2400);
	}
	assert_int_equal(tx_latency_lead_ns(&d, 0), WARY(2400));
}

static void a_stall_or_a_step_teaches_nothing(void **state)
{
	struct tx_latency d = { 0 };

	(void)state;
	for (int i = 0; i < 2 * TX_LATENCY_TRUSTED; i++) {
		assert_true(add_sample_with(&d, 0, 0, TX_LATENCY_MAX_NS + 1));
		assert_false(add_sample_with(&d, 0, 0, -1));
	}
	assert_int_equal(tx_latency_lead_ns(&d, 0), 0);
}

/* ARP answered late, a queue, a rate limit: the system call had returned long before. */
static void what_waited_teaches_nothing(void **state)
{
	struct tx_latency_sample seen = { .returned_ns = 6000 };
	struct tx_latency d = { 0 };

	(void)state;
	add_samples(&d, 0, 2000);
	for (int i = 0; i < 4 * TX_LATENCY_KEPT; i++) {
		seen.took_ns = 6001 + 100 * (i % 9000);
		seen.mono_ns = d.risen_mono_ns + NS_PER_S;
		assert_true(tx_latency_update(&d, &seen));
		assert_int_equal(tx_latency_lead_ns(&d, 0), WARY(2000));
	}
}

/* Whatever is seen: a microsecond a second, and no further than the limit; down at once. */
static void it_rises_slowly_and_falls_at_once(void **state)
{
	struct tx_latency_sample seen = { .took_ns = 900000, .returned_ns = 900000 };
	struct tx_latency d = { 0 };

	(void)state;
	for (seen.mono_ns = 0; seen.mono_ns < 30 * NS_PER_S;
	     seen.mono_ns += 250 * NS_PER_US) {
		int64_t before_ns = tx_latency_lead_ns(&d, 0);

		seen.added_ns = before_ns;
		(void)tx_latency_update(&d, &seen);
		assert_in_range(tx_latency_lead_ns(&d, 0), before_ns, before_ns + 1);
		assert_in_range(tx_latency_lead_ns(&d, 0), 0, seen.mono_ns / NS_PER_MS + 1);
		assert_in_range(tx_latency_lead_ns(&d, 0), 0, TX_LATENCY_LEAD_MAX_NS);
	}
	assert_int_equal(tx_latency_lead_ns(&d, 0), TX_LATENCY_LEAD_MAX_NS);
	/* After an hour without an answer it is no faster. */
	d.tx_lead_ns[0] = 0;
	seen.mono_ns += 3600 * NS_PER_S;
	(void)tx_latency_update(&d, &seen);
	assert_int_equal(tx_latency_lead_ns(&d, 0), TX_LATENCY_RISE_MAX_NS);
	/* Nor does a clock that stands still, or was read before the last time, let it rise. */
	(void)tx_latency_update(&d, &seen);
	seen.mono_ns -= NS_PER_S;
	(void)tx_latency_update(&d, &seen);
	assert_int_equal(tx_latency_lead_ns(&d, 0), TX_LATENCY_RISE_MAX_NS);
	(void)add_sample(&d, 0, 100);
	assert_in_range(tx_latency_lead_ns(&d, 0), 0, 100);
}

/* A path whose speed changes all the time: stamps after the transmit time stay rare. */
static void violations_are_rare(void **state)
{
	struct tx_latency d = { 0 };
	unsigned wrong = 0;
	uint32_t seed = 7;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		int64_t base_ns = 2000 + 500 * ((i / 1000) % 3);

		seed = seed * 1664525 + 1013904223;
		wrong += !add_sample(&d, 0, base_ns + (seed >> 24));
	}
	assert_in_range(wrong, 0, 100);
}

/* ... and where it gets faster by less than the caution, they do not happen at all. */
static void caution_is_enough_for_a_tenth(void **state)
{
	struct tx_latency d = { 0 };
	uint32_t seed = 11;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		int64_t base_ns = (i / 1000) % 2 == 0 ? 2220 : 2000;

		seed = seed * 1664525 + 1013904223;
		assert_true(add_sample(&d, 0, base_ns + (seed >> 24)));
	}
}

/* An answer in ten is twice as fast as the others: most servers have seen one before they
 * trust what they know. */
static void the_fast_ones_are_waited_for(void **state)
{
	enum { STARTS = 1000, ANSWERS = 200 };
	unsigned wrong = 0;
	uint32_t seed = 5;

	(void)state;
	for (int start = 0; start < STARTS; start++) {
		struct tx_latency d = { 0 };
		bool was_right = true;

		for (int i = 0; i < ANSWERS; i++) {
			int64_t took_ns;

			seed = seed * 1664525 + 1013904223;
			took_ns = (seed >> 16) % 10 == 0 ? 2200 : 4500 + (seed >> 20);
			was_right &= add_sample(&d, 1, took_ns);
		}
		wrong += !was_right;
	}
	assert_in_range(wrong, 0, STARTS / 15);
}

/* Slow answers of one interface, or of a thread that has slept, say nothing of the others. */
static void each_interface_has_its_own(void **state)
{
	static struct tx_latency_links all;
	const unsigned slow = 3, fast = 4, alike = slow + TX_LATENCY_LINKS;

	(void)state;
	add_samples(tx_latency_link(&all, slow, true), 0, 4000);
	add_samples(tx_latency_link(&all, fast, true), 0, 400);
	add_samples(tx_latency_link(&all, slow, false), 0, 1200);
	assert_int_equal(tx_latency_link_lead_ns(&all, slow, true, 0), WARY(4000));
	assert_int_equal(tx_latency_link_lead_ns(&all, slow, false, 0), WARY(1200));
	assert_int_equal(tx_latency_link_lead_ns(&all, fast, true, 0), WARY(400));
	assert_int_equal(tx_latency_link_lead_ns(&all, fast, false, 0), 0);
	assert_int_equal(tx_latency_link_lead_ns(&all, 5, true, 0), 0);
	/* An interface in the slot of another does not get its data. */
	assert_int_equal(tx_latency_link_lead_ns(&all, alike, true, 0), 0);
	assert_int_equal(tx_latency_lead_ns(tx_latency_link(&all, alike, true), 0), 0);
	assert_int_equal(tx_latency_link_lead_ns(&all, slow, true, 0), 0);
	assert_int_equal(tx_latency_link_lead_ns(&all, fast, true, 0), WARY(400));
}

/* --- a server in a simulated network --- */

struct world {
	uint64_t random;
	struct tx_latency d;
	int64_t mono_ns;
	bool is_slow;        /* the way out: a rate limit with a queue, or none */
	int64_t straight_ns; /* the least that an answer takes */
};

static uint64_t next(struct world *w)
{
	w->random ^= w->random >> 12;
	w->random ^= w->random << 25;
	w->random ^= w->random >> 27;
	return w->random * UINT64_C(0x2545f4914f6cdd1d);
}

static int64_t between(struct world *w, int64_t least, int64_t most)
{
	return least + (int64_t)(next(w) % (uint64_t)(most - least + 1));
}

/* An answer to a stranger: late ARP, by as little or as much as he likes, a queue that he has
 * filled, or, at times, one that goes straight through. */
static void answer_stranger(struct world *w)
{
	const int64_t straight_ns = w->straight_ns + between(w, 0, 4000);
	struct tx_latency_sample seen = { .added_ns = tx_latency_lead_ns(&w->d, 0),
		                          .took_ns = straight_ns,
		                          .returned_ns =
		                                  straight_ns + between(w, 300, 2000),
		                          .mono_ns = w->mono_ns };

	if (between(w, 0, 49) > 0) {
		seen.took_ns = seen.returned_ns + between(w, 1, between(w, 1, 900000));
	}
	(void)tx_latency_update(&w->d, &seen);
}

/* An answer to a client: how much later than its transmit time T3 is.  0: it is right or early. */
static int64_t answer_client(struct world *w)
{
	const int64_t straight_ns = w->straight_ns + between(w, 0, 4000);
	struct tx_latency_sample seen = { .added_ns = tx_latency_lead_ns(&w->d, 0),
		                          .took_ns = straight_ns,
		                          .returned_ns =
		                                  straight_ns + between(w, 300, 2000),
		                          .mono_ns = w->mono_ns };

	if (w->is_slow) {
		seen.took_ns = seen.returned_ns + between(w, 0, 800000);
	} else if (between(w, 0, 999) == 0) {
		/* The processor was taken away on the way. */
		seen.took_ns += between(w, 0, 3000000);
		seen.returned_ns = seen.took_ns + between(w, 300, 2000);
	}
	(void)tx_latency_update(&w->d, &seen);
	return seen.added_ns > seen.took_ns ? seen.added_ns - seen.took_ns : 0;
}

/* 10^5 exchanges among strangers who do what they can, while the way out changes between slow and
 * fast: no stamp is late by more than what is told, next to none is late at all, and a fast path
 * that was there all the time is never missed. */
static void strangers_teach_nothing(void **state)
{
	const char *given = getenv("SEED");
	uint64_t seed = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);
	struct world w = { .random = seed * 2 + 1, .straight_ns = 2000 };
	unsigned late = 0;

	(void)state;
	print_message("# SEED=%llu\n", (unsigned long long)seed);
	for (int i = 0; i < 100000; i++) {
		w.mono_ns += between(&w, 0, 2 * NS_PER_MS);
		w.is_slow = i / 7000 % 2 == 1;
		for (int64_t k = between(&w, 0, 8); k > 0; k--) {
			answer_stranger(&w);
		}
		assert_in_range(tx_latency_lead_ns(&w.d, 0), 0, TX_LATENCY_LEAD_MAX_NS);
		late += answer_client(&w) > 0;
	}
	/* The caution covers all that a straight path differs by here. */
	assert_int_equal(late, 0);
	assert_in_range(tx_latency_lead_ns(&w.d, 0), WARY(2000), WARY(2400));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_known_nothing_added),
		cmocka_unit_test(the_least_of_the_latest),
		cmocka_unit_test(a_later_place_takes_at_least_as_long),
		cmocka_unit_test(a_violation_is_told_and_backed_off_from),
		cmocka_unit_test(a_stall_or_a_step_teaches_nothing),
		cmocka_unit_test(what_waited_teaches_nothing),
		cmocka_unit_test(it_rises_slowly_and_falls_at_once),
		cmocka_unit_test(violations_are_rare),
		cmocka_unit_test(caution_is_enough_for_a_tenth),
		cmocka_unit_test(the_fast_ones_are_waited_for),
		cmocka_unit_test(each_interface_has_its_own),
		cmocka_unit_test(strangers_teach_nothing),
	};

	return cmocka_run_group_tests_name("departure", tests, NULL, NULL);
}
