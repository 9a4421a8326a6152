/* SPDX-License-Identifier: MIT
 *
 * Sorting indices by key.
 */
#include "core/base/keyed_sort.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* All orders of few keys with many ties, all sizes to 64: sorted, and nothing lost. */
static void sorts(void **state)
{
	uint32_t seed = 1;

	(void)state;
	for (size_t size = 0; size <= 64; size++) {
		for (int round = 0; round < 50; round++) {
			struct keyed items[64];
			size_t sum = 0;

			for (size_t i = 0; i < size; i++) {
				seed = seed * 1664525 + 1013904223;
				items[i] = (struct keyed){ (int64_t)(seed >> 28) - 8,
					                   (int64_t)(seed >> 26 & 3), i };
				sum += i;
			}
			keyed_sort(items, size);
			for (size_t i = 0; i < size; i++) {
				const struct keyed *a = &items[i > 0 ? i - 1 : 0];
				const struct keyed *b = &items[i];

				sum -= b->at;
				if (i == 0) {
					continue;
				}
				assert_true(a->key < b->key ||
				            (a->key == b->key &&
				             (a->tie < b->tie ||
				              (a->tie == b->tie && a->at < b->at))));
			}
			assert_int_equal(sum, 0);
		}
	}
}

static void extremes(void **state)
{
	struct keyed items[] = { { INT64_MAX, 0, 0 }, { INT64_MIN, 0, 1 }, { 0, 0, 2 } };

	(void)state;
	keyed_sort(items, 3);
	assert_int_equal(items[0].at, 1);
	assert_int_equal(items[1].at, 2);
	assert_int_equal(items[2].at, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(sorts),
		                            cmocka_unit_test(extremes) };

	return cmocka_run_group_tests_name("keyed_sort", tests, NULL, NULL);
}
