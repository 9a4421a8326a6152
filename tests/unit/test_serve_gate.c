/* SPDX-License-Identifier: MIT
 *
 * app/serve_gate: rules that are replaced while threads use them; what is drawn at the start.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>

#include "app/server/gate.h"

static const struct admit_rules first = { .limits = { 1, 1 } };

static struct admit_rules numbered(uint32_t n)
{
	return (struct admit_rules){ .limits = { n, n } };
}

static struct serve_gate *gate_new(void)
{
	struct serve_gate *gate;

	assert_int_equal(serve_gate_new(&first, &gate), 0);
	return gate;
}

static void replaced_rules_are_in_force(void **state)
{
	struct serve_gate *gate = gate_new();
	struct serve_gate_seat *seat = serve_gate_join(gate);

	(void)state;
	assert_int_equal(serve_gate_hold(gate, seat)->limits.per_s, 1);
	serve_gate_release(seat);
	for (uint32_t n = 2; n < 20; n++) {
		struct admit_rules rules = numbered(n);

		assert_true(serve_gate_replace(gate, &rules));
		assert_int_equal(serve_gate_hold(gate, seat)->limits.per_s, n);
		serve_gate_release(seat);
	}
	serve_gate_free(gate);
}

static void held_rules_stay_as_they_are(void **state)
{
	struct serve_gate *gate = gate_new();
	struct serve_gate_seat *slow = serve_gate_join(gate),
			       *quick = serve_gate_join(gate);
	const struct admit_rules *old = serve_gate_hold(gate, slow);

	(void)state;
	for (uint32_t n = 2; n < 50; n++) {
		struct admit_rules rules = numbered(n);

		assert_true(serve_gate_replace(gate, &rules));
		assert_int_equal(serve_gate_hold(gate, quick)->limits.burst, n);
		serve_gate_release(quick);
		assert_int_equal(old->limits.per_s, 1);
	}
	serve_gate_release(slow);
	serve_gate_free(gate);
}

static void no_place_is_free(void **state)
{
	struct serve_gate_seat *seats[SERVE_GATE_GENERATIONS];
	struct serve_gate *gate = gate_new();
	struct admit_rules rules;

	(void)state;
	for (uint32_t n = 0; n < SERVE_GATE_GENERATIONS; n++) {
		rules = numbered(n + 2);
		seats[n] = serve_gate_join(gate);
		(void)serve_gate_hold(gate, seats[n]);
		assert_int_equal(serve_gate_replace(gate, &rules),
		                 n + 1 < SERVE_GATE_GENERATIONS);
	}
	/* Not even the last refusal has touched what is in force. */
	assert_int_equal(serve_gate_hold(gate, seats[0])->limits.per_s,
	                 SERVE_GATE_GENERATIONS);
	serve_gate_release(seats[1]);
	assert_true(serve_gate_replace(gate, &rules));
	serve_gate_free(gate);
}

struct reader {
	struct serve_gate *gate;
	struct serve_gate_seat *seat;
	atomic_bool *is_over;
	uint64_t torn_count, held_count;
};

static void *read_on(void *arg)
{
	struct reader *r = arg;

	while (!atomic_load(r->is_over)) {
		const volatile struct admit_limits *limits =
			&serve_gate_hold(r->gate, r->seat)->limits;
		uint32_t n = limits->per_s;

		for (int i = 0; i < 100; i++) {
			r->torn_count += limits->per_s != n || limits->burst != n;
		}
		r->held_count++;
		serve_gate_release(r->seat);
	}
	return NULL;
}

static void no_thread_sees_rules_change(void **state)
{
	enum { READERS = 3, REPLACEMENTS = 20000 };
	struct serve_gate *gate = gate_new();
	struct reader readers[READERS];
	pthread_t threads[READERS];
	atomic_bool is_over = false;

	(void)state;
	for (int i = 0; i < READERS; i++) {
		readers[i] = (struct reader){ gate, serve_gate_join(gate), &is_over, 0, 0 };
		assert_int_equal(pthread_create(&threads[i], NULL, read_on, &readers[i]),
		                 0);
	}
	for (uint32_t n = 1; n <= REPLACEMENTS; n++) {
		struct admit_rules rules = numbered(n);

		(void)!serve_gate_replace(gate, &rules);
	}
	atomic_store(&is_over, true);
	for (int i = 0; i < READERS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(readers[i].torn_count, 0);
	}
	serve_gate_free(gate);
}

/* Who knew the key could choose addresses that push another one out (A13). */
static void each_server_has_a_key_of_its_own(void **state)
{
	struct serve_gate *gates[] = { gate_new(), gate_new() };
	const struct siphash_key a = gates[0]->table.key, b = gates[1]->table.key;

	(void)state;
	assert_true(a.k0 != 0 && a.k1 != 0 && a.k0 != a.k1);
	assert_true(a.k0 != b.k0 && a.k1 != b.k1); /* alike once in 10^19 */
	serve_gate_free(gates[0]);
	serve_gate_free(gates[1]);
}

/* Who knew the state could tell which of his requests will be answered beyond the rate. */
static void each_thread_has_dice_of_its_own(void **state)
{
	struct admit_dice dice[3] = { { 0 }, { 0 }, { 0 } };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(dice); i++) {
		assert_int_equal(serve_gate_dice(&dice[i]), 0);
		assert_true(dice[i].state >> 32 != 0); /* drawn in full */
		for (size_t k = 0; k < i; k++) {
			assert_true(dice[i].state != dice[k].state);
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
		cmocka_unit_test(each_thread_has_dice_of_its_own),
	};

	return cmocka_run_group_tests_name("serve_gate", tests, NULL, NULL);
}
