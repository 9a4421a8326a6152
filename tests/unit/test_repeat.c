/* SPDX-License-Identifier: MIT
 *
 * The splay: always the same on a host, below the span, and spread over it.  Runs in real
 * processes are in tests/system/set/repeat.sh.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/cli/repeat.h"

#define HOUR_NS (3600 * NS_PER_S)

enum { HOSTS = 1200, PARTS = 12 };

static void hosts_are_spread(void **state)
{
	unsigned parts[PARTS] = { 0 };
	char host[40];

	(void)state;
	for (int i = 0; i < HOSTS; i++) {
		int len = snprintf(host, sizeof(host), "%032d\n", i);
		int64_t ns = repeat_splay_ns(host, (size_t)len, HOUR_NS);

		assert_in_range(ns, 0, HOUR_NS - 1);
		assert_true(ns == repeat_splay_ns(host, (size_t)len, HOUR_NS));
		parts[ns / (HOUR_NS / PARTS)]++;
	}
	/* 100 expected in each, standard deviation 9.6. */
	for (int i = 0; i < PARTS; i++) {
		assert_in_range(parts[i], 50, 150);
	}
}

static void the_least_span_is_no_wait(void **state)
{
	(void)state;
	assert_int_equal(repeat_splay_ns("a", 1, 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_are_spread),
		cmocka_unit_test(the_least_span_is_no_wait),
	};

	return cmocka_run_group_tests_name("repeat", tests, NULL, NULL);
}
