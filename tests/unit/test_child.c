/* SPDX-License-Identifier: MIT
 *
 * io/sys/child: a helper that hangs (a name server, a disk) ends with the process that
 * started it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/sys/child.h"

/* Neither reads its messages nor notices that the other end is closed. */
static void hang(void *ctx, int fd)
{
	(void)ctx;
	(void)!write(fd, "x", 1);
	for (;;) {
		pause();
	}
}

/* Starts a helper, waits until it runs, and writes its process id. */
static _Noreturn void start_one(int tell_fd)
{
	const struct child_ops ops = { .run = hang };
	struct child child;
	char octet;

	if (child_start(&ops, &child) < 0 || read(child.fd, &octet, 1) != 1 ||
	    write(tell_fd, &child.pid, sizeof(child.pid)) != (ssize_t)sizeof(child.pid)) {
		_exit(1);
	}
	for (;;) {
		pause();
	}
}

/* True when SIGKILL ended it within half a minute; else it is killed here. */
static bool dies(pid_t pid)
{
	int status = 0;
	pid_t got = 0;

	for (int i = 0; i < 3000 && got == 0; i++) {
		got = waitpid(pid, &status, WNOHANG);
		usleep(got == 0 ? 10000 : 0);
	}
	if (got == 0) {
		kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
		return false;
	}
	return got == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static void hangs(bool is_stopped)
{
	pid_t parent, child = 0;
	int ends[2];

	/* Orphans become children of this process. */
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1L, 0L, 0L, 0L), 0);
	assert_int_equal(pipe(ends), 0);
	parent = fork();
	assert_true(parent >= 0);
	if (parent == 0) {
		start_one(ends[1]);
	}
	assert_int_equal(read(ends[0], &child, sizeof(child)), sizeof(child));
	if (is_stopped) {
		assert_int_equal(kill(child, SIGSTOP), 0);
	}
	assert_int_equal(kill(parent, SIGKILL), 0);
	assert_int_equal(waitpid(parent, NULL, 0), parent);
	assert_true(dies(child));
	close(ends[0]);
	close(ends[1]);
}

static void ends_with_its_parent(void **state)
{
	(void)state;
	hangs(false);
}

static void ends_with_its_parent_though_stopped(void **state)
{
	(void)state;
	hangs(true);
}

static void answer(void *ctx, int fd)
{
	char octet;

	(void)ctx;
	while (read(fd, &octet, 1) == 1 && write(fd, &octet, 1) == 1) {
	}
}

/* A terminal's signals are for the program that started the helpers: it ends them in
 * order. */
static void hears_no_signal(void **state)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGUSR1 };
	const struct child_ops ops = { .run = answer };
	struct child child;
	char octet = 'x';

	(void)state;
	assert_int_equal(child_start(&ops, &child), 0);
	/* It runs once it has answered. */
	assert_int_equal(write(child.fd, &octet, 1), 1);
	assert_int_equal(read(child.fd, &octet, 1), 1);
	for (size_t i = 0; i < COUNT_OF(signals); i++) {
		assert_int_equal(kill(child.pid, signals[i]), 0);
	}
	assert_int_equal(write(child.fd, &octet, 1), 1);
	assert_int_equal(read(child.fd, &octet, 1), 1);
	child_kill(&child);
	assert_int_equal(waitpid(child.pid, NULL, 0), child.pid);
	child_forget(&child);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(hears_no_signal),
		cmocka_unit_test(ends_with_its_parent),
		cmocka_unit_test(ends_with_its_parent_though_stopped),
	};

	return cmocka_run_group_tests_name("child", tests, NULL, NULL);
}
