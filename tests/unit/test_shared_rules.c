/* SPDX-License-Identifier: MIT
 *
 * app/server/shared_rules: rules that are replaced while threads use them, and the random
 * keys.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>

#include "app/server/shared_rules.h"

static const struct access_rules first = { .limits = { 1, 1 } };

static struct access_rules numbered(uint32_t n)
{
	return (struct access_rules){ .limits = { n, n } };
}

static struct shared_rules *rules_new(void)
{
	struct shared_rules *shared_rules;

	assert_int_equal(shared_rules_new(&first, &shared_rules), 0);
	return shared_rules;
}

static void replaced_rules_are_in_force(void **state)
{
	struct shared_rules *shared_rules = rules_new();
	struct rules_reader *seat = shared_rules_join(shared_rules);

	(void)state;
	assert_int_equal(shared_rules_hold(shared_rules, seat)->limits.per_s, 1);
	shared_rules_release(seat);
	for (uint32_t n = 2; n < 20; n++) {
		struct access_rules rules = numbered(n);

		assert_true(shared_rules_replace(shared_rules, &rules));
		assert_int_equal(shared_rules_hold(shared_rules, seat)->limits.per_s, n);
		shared_rules_release(seat);
	}
	shared_rules_free(shared_rules);
}

static void held_rules_stay_as_they_are(void **state)
{
	struct shared_rules *shared_rules = rules_new();
	struct rules_reader *slow = shared_rules_join(shared_rules),
			    *quick = shared_rules_join(shared_rules);
	const struct access_rules *old = shared_rules_hold(shared_rules, slow);

	(void)state;
	for (uint32_t n = 2; n < 50; n++) {
		struct access_rules rules = numbered(n);

		assert_true(shared_rules_replace(shared_rules, &rules));
		assert_int_equal(shared_rules_hold(shared_rules, quick)->limits.burst, n);
		shared_rules_release(quick);
		assert_int_equal(old->limits.per_s, 1);
	}
	shared_rules_release(slow);
	shared_rules_free(shared_rules);
}

static void no_place_is_free(void **state)
{
	struct rules_reader *seats[SHARED_RULES_VERSIONS];
	struct shared_rules *shared_rules = rules_new();
	struct access_rules rules;

	(void)state;
	for (uint32_t n = 0; n < SHARED_RULES_VERSIONS; n++) {
		rules = numbered(n + 2);
		seats[n] = shared_rules_join(shared_rules);
		(void)shared_rules_hold(shared_rules, seats[n]);
		assert_int_equal(shared_rules_replace(shared_rules, &rules),
		                 n + 1 < SHARED_RULES_VERSIONS);
	}
	/* Even the last refusal has not touched the rules in force. */
	assert_int_equal(shared_rules_hold(shared_rules, seats[0])->limits.per_s,
	                 SHARED_RULES_VERSIONS);
	shared_rules_release(seats[1]);
	assert_true(shared_rules_replace(shared_rules, &rules));
	shared_rules_free(shared_rules);
}

struct reader {
	struct shared_rules *shared_rules;
	struct rules_reader *seat;
	atomic_bool *is_over;
	uint64_t torn_count, held_count;
};

static void *read_on(void *arg)
{
	struct reader *r = arg;

	while (!atomic_load(r->is_over)) {
		const volatile struct rate_limit *limits =
			&shared_rules_hold(r->shared_rules, r->seat)->limits;
		uint32_t n = limits->per_s;

		for (int i = 0; i < 100; i++) {
			r->torn_count += limits->per_s != n || limits->burst != n;
		}
		r->held_count++;
		shared_rules_release(r->seat);
	}
	return NULL;
}

static void no_thread_sees_rules_change(void **state)
{
	enum { READERS = 3, REPLACEMENTS = 20000 };
	struct shared_rules *shared_rules = rules_new();
	struct reader readers[READERS];
	pthread_t threads[READERS];
	atomic_bool is_over = false;

	(void)state;
	for (int i = 0; i < READERS; i++) {
		readers[i] = (struct reader){ shared_rules, shared_rules_join(shared_rules),
			                      &is_over, 0, 0 };
		assert_int_equal(pthread_create(&threads[i], NULL, read_on, &readers[i]),
		                 0);
	}
	for (uint32_t n = 1; n <= REPLACEMENTS; n++) {
		struct access_rules rules = numbered(n);

		(void)!shared_rules_replace(shared_rules, &rules);
	}
	atomic_store(&is_over, true);
	for (int i = 0; i < READERS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(readers[i].torn_count, 0);
	}
	shared_rules_free(shared_rules);
}

/* An attacker who knew the key could choose addresses that displace another one (A13). */
static void each_server_has_a_key_of_its_own(void **state)
{
	struct shared_rules *gates[] = { rules_new(), rules_new() };
	const struct siphash_key a = gates[0]->table.key, b = gates[1]->table.key;

	(void)state;
	assert_true(a.k0 != 0 && a.k1 != 0 && a.k0 != a.k1);
	assert_true(a.k0 != b.k0 && a.k1 != b.k1); /* equal once in 10^19 */
	shared_rules_free(gates[0]);
	shared_rules_free(gates[1]);
}

/* An attacker who knew the state could predict which requests are answered beyond the
 * rate. */
static void each_thread_draws_its_own_leaks(void **state)
{
	struct rate_leak leak[3] = { { 0 }, { 0 }, { 0 } };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(leak); i++) {
		assert_int_equal(shared_rules_leak(&leak[i]), 0);
		assert_true(leak[i].state >> 32 != 0); /* fully random */
		for (size_t k = 0; k < i; k++) {
			assert_true(leak[i].state != leak[k].state);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replaced_rules_are_in_force),
		cmocka_unit_test(held_rules_stay_as_they_are),
		cmocka_unit_test(no_place_is_free),
		cmocka_unit_test(no_thread_sees_rules_change),
		cmocka_unit_test(each_server_has_a_key_of_its_own),
		cmocka_unit_test(each_thread_draws_its_own_leaks),
	};

	return cmocka_run_group_tests_name("shared_rules", tests, NULL, NULL);
}
