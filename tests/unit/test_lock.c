/* SPDX-License-Identifier: MIT
 *
 * io/lock: one at a time.  Fault rows 67, 71 and 72.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "io/store/lock.h"
#include "scratch.h"

enum { CROWD = 50, TOOK_IT = 10, WAS_BUSY = 11, WENT_WRONG = 12 };
#define BUSY_WITHIN_NS (200 * NS_PER_MS)

static int set_up(void **state)
{
	(void)state;
	umask(022);
	return scratch_enter() && mkdir("run", 0755) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	return scratch_leave();
}

/* What another process is told.  A lock that is held by this one is seen by it only so. */
static int other_takes(const char *state_dir, const char *run_dir)
{
	struct lock lock;
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		_exit(-lock_take(LOCK_RUN, state_dir, run_dir, &lock));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return -WEXITSTATUS(status);
}

static void one_at_a_time(void **state)
{
	struct lock lock;

	(void)state;
	assert_int_equal(lock_take(LOCK_RUN, "a", NULL, &lock), 0);
	assert_int_equal(fcntl(lock.fds[0], F_GETFD), FD_CLOEXEC);
	assert_int_equal(lock.fds[1], -1);
	assert_int_equal(other_takes("a", NULL), -EWOULDBLOCK);
	lock_release(&lock);
	assert_int_equal(lock.fds[0], -1);
	assert_int_equal(other_takes("a", NULL), 0);
}

/* There is one clock, whatever the state directories are. */
static void two_state_directories(void **state)
{
	struct lock lock;

	(void)state;
	assert_int_equal(lock_take(LOCK_RUN, "a", "run", &lock), 0);
	assert_int_equal(other_takes("b", "run"), -EWOULDBLOCK);
	assert_int_equal(other_takes("b", NULL), 0);
	lock_release(&lock);
	assert_int_equal(other_takes("b", "run"), 0);
}

/* Row 67: the state directory cannot be had. */
static void no_state_directory(void **state)
{
	struct lock lock, before;

	(void)state;
	memset(&lock, 0x5a, sizeof(lock));
	before = lock;
	assert_int_equal(lock_take(LOCK_RUN, "no/parent", NULL, &lock), -ENOENT);
	assert_memory_equal(&lock, &before, sizeof(lock));
	assert_int_equal(lock_take(LOCK_RUN, "no/parent", "run", &lock), 0);
	assert_int_equal(other_takes("no/parent", "run"), -EWOULDBLOCK);
	lock_release(&lock);
}

/* Who can open the file can hold the lock and keep the clock from being set for ever. */
static void nobody_else_can_open_it(void **state)
{
	struct lock lock;
	struct stat st;
	int fd;

	(void)state;
	assert_int_equal(mkdir("a", 0755), 0);
	fd = open("a/lock", O_WRONLY | O_CREAT, 0644);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(lock_take(LOCK_RUN, "a", NULL, &lock), 0);
	assert_int_equal(stat("a/lock", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	lock_release(&lock);
}

static void a_planted_link(void **state)
{
	struct lock lock;
	struct stat st;

	(void)state;
	assert_int_equal(mkdir("a", 0755), 0);
	assert_int_equal(symlink("../b", "a/lock"), 0);
	assert_int_equal(lock_take(LOCK_RUN, "a", NULL, &lock), -ELOOP);
	assert_int_equal(lstat("b", &st), -1);
}

/* Row 72. */
static void freed_by_death(void **state)
{
	struct lock lock;
	int ends[2], status = 0;
	char octet;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		if (lock_take(LOCK_RUN, "a", "run", &lock) == 0) {
			(void)!write(ends[1], "x", 1);
		}
		pause();
		_exit(0);
	}
	assert_int_equal(read(ends[0], &octet, 1), 1);
	assert_int_equal(lock_take(LOCK_RUN, "a", "run", &lock), -EWOULDBLOCK);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(lock_take(LOCK_RUN, "a", "run", &lock), 0);
	lock_release(&lock);
	close(ends[0]);
	close(ends[1]);
}

/* A process that was forked off meanwhile lets go of its copy, not of the lock. */
static void forgotten_by_a_child(void **state)
{
	struct lock lock;
	int status = 0;
	pid_t pid;

	(void)state;
	assert_int_equal(lock_take(LOCK_RUN, "a", NULL, &lock), 0);
	pid = fork();
	if (pid == 0) {
		lock_forget(&lock);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(other_takes("a", NULL), -EWOULDBLOCK);
	lock_release(&lock);
}

static int64_t monotonic_now_ns(void)
{
	struct timespec ts;

	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &ts), 0);
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

/* Holds the lock until the gate closes a second time. */
static _Noreturn void one_of_the_crowd(int begin_fd, int end_fd)
{
	struct lock lock;
	int64_t begin_ns;
	char octet;
	int r;

	(void)!read(begin_fd, &octet, 1); /* end of file: all at once */
	begin_ns = monotonic_now_ns();
	r = lock_take(LOCK_RUN, "a", "run", &lock);
	if (r == -EWOULDBLOCK) {
		_exit(monotonic_now_ns() - begin_ns < BUSY_WITHIN_NS ? WAS_BUSY
		                                                     : WENT_WRONG);
	}
	if (r < 0) {
		_exit(WENT_WRONG);
	}
	(void)!read(end_fd, &octet, 1);
	_exit(TOOK_IT);
}

/* Row 71. */
static void fifty_at_once(void **state)
{
	int begin[2], end[2], counts[3] = { 0 }, status;
	pid_t pids[CROWD];

	(void)state;
	assert_int_equal(pipe(begin), 0);
	assert_int_equal(pipe(end), 0);
	for (size_t i = 0; i < CROWD; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			close(begin[1]);
			close(end[1]);
			one_of_the_crowd(begin[0], end[0]);
		}
		assert_true(pids[i] > 0);
	}
	close(begin[1]);
	/* All but one end by themselves. */
	for (size_t i = 0; i < CROWD - 1; i++) {
		assert_true(wait(&status) > 0);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) >= TOOK_IT);
		counts[WEXITSTATUS(status) - TOOK_IT]++;
	}
	assert_int_equal(counts[WAS_BUSY - TOOK_IT], CROWD - 1);
	close(end[1]);
	assert_true(wait(&status) > 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), TOOK_IT);
	close(begin[0]);
	close(end[0]);
}

#define TEST(text, function)                                                               \
	{                                                                                  \
		.name = (text), .test_func = (function), .setup_func = set_up,             \
		.teardown_func = tear_down                                                 \
	}

enum { OWNER = 12345 };

static int owner_takes(void)
{
	struct lock lock;
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		_exit(setresgid(OWNER, OWNER, OWNER) < 0 ||
		                      setresuid(OWNER, OWNER, OWNER) < 0
		              ? WENT_WRONG
		              : -lock_take(LOCK_RUN, "a", NULL, &lock));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return -WEXITSTATUS(status);
}

/* By root and by the owner of the directory it is one lock. */
static void shared_with_its_owner(void **state)
{
	int ends[2], r = 0;
	struct lock lock;
	struct stat st;
	pid_t pid;

	(void)state;
	if (geteuid() != 0) {
		skip();
	}
	assert_int_equal(chmod(".", 0755), 0);
	assert_int_equal(mkdir("a", 0755), 0);
	assert_int_equal(chown("a", OWNER, OWNER), 0);
	assert_int_equal(pipe(ends), 0);
	/* In a process of its own: it keeps no capability effective. */
	pid = fork();
	if (pid == 0) {
		r = lock_take(LOCK_RUN, "a", NULL, &lock);
		r = r == 0 && geteuid() != 0 ? WENT_WRONG : r;
		(void)!write(ends[1], &r, sizeof(r));
		pause();
	}
	assert_int_equal(read(ends[0], &r, sizeof(r)), sizeof(r));
	assert_int_equal(r, 0);
	assert_int_equal(stat("a/lock", &st), 0);
	assert_int_equal(st.st_uid, OWNER);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(owner_takes(), -EWOULDBLOCK);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(owner_takes(), 0);
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("one at a time", one_at_a_time),
		TEST("two state directories, one clock", two_state_directories),
		TEST("67 no state directory", no_state_directory),
		TEST("nobody else can open it", nobody_else_can_open_it),
		TEST("68 a planted link", a_planted_link),
		TEST("72 freed by death", freed_by_death),
		TEST("forgotten by a child", forgotten_by_a_child),
		TEST("71 fifty at once", fifty_at_once),
		TEST("root and the owner share it", shared_with_its_owner),
	};

	return cmocka_run_group_tests_name("lock", tests, NULL, NULL);
}
