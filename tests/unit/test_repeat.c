/* SPDX-License-Identifier: MIT
 *
 * The splay: always the same on a host, below the span, and spread over it; and a run that
 * ignores signals.  Runs of the program are in tests/system/set/repeat.sh.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* It has begun when it has written, and ended when the pipe is closed. */
static int hangs(void *ctx, bool is_try)
{
	const int *begun = ctx;
	sigset_t all;

	(void)is_try;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	if (write(begun[1], "x", 1) == 1) {
		for (;;) {
			pause();
		}
	}
	return 0;
}

/* A run that a defect or an attacker keeps alive: the processes that wait for it still
 * end. */
static void a_run_that_hangs_is_ended(void **state)
{
	const struct repeat_settings settings = { .every_ns = HOUR_NS };
	int begun[2], status;
	const struct repeat_job job = { .ctx = begun, .once = hangs };
	pid_t pid;
	char c;

	(void)state;
	assert_int_equal(pipe(begun), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(begun[0]);
		_exit(repeat_run(&settings, &job));
	}
	close(begun[1]);
	assert_int_equal(read(begun[0], &c, 1), 1);
	assert_int_equal(kill(pid, SIGTERM), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 128 + SIGTERM);
	assert_int_equal(read(begun[0], &c, 1), 0);
	close(begun[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_are_spread),
		cmocka_unit_test(the_least_span_is_no_wait),
		cmocka_unit_test(a_run_that_hangs_is_ended),
	};

	return cmocka_run_group_tests_name("repeat", tests, NULL, NULL);
}
