/* SPDX-License-Identifier: MIT
 *
 * io/sys/log: the lines in a file, and that no write waits or ends the process.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/text_time.h"
#include "io/sys/log.h"
#include "scratch.h"

static int set_up(void **state)
{
	(void)state;
	return scratch_enter() ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	return scratch_leave();
}

static void read_log(char *buf, size_t size)
{
	int fd = open("log", O_RDONLY | O_CLOEXEC);
	ssize_t len;

	assert_true(fd >= 0);
	len = read(fd, buf, size - 1);
	assert_true(len >= 0);
	buf[len] = '\0';
	close(fd);
}

/* "TIME PROGRAM[PID]: TEXT" and its end; returns what comes after. */
static const char *check_line(const char *line, const char *text)
{
	struct instant at;
	char rest[1200];
	int len;

	assert_true(text_time_rfc3339_parse(line, 30, &at));
	len = snprintf(rest, sizeof(rest), " reqtime[%ld]: %s\n", (long)getpid(), text);
	assert_int_equal(strncmp(line + 30, rest, (size_t)len), 0);
	return line + 30 + len;
}

static void lines_in_a_file(void **state)
{
	struct log log = { .fd = -1 };
	char buf[4000];
	struct stat st;

	(void)state;
	for (int i = 0; i < 2; i++) { /* appended */
		assert_int_equal(log_open("log", &log), 0);
		assert_int_equal(log_write(&log, LOG_LEVEL_INFO, "reqtime", "first"), 0);
		log_close(&log);
	}
	log_close(&log);
	read_log(buf, sizeof(buf));
	assert_string_equal(check_line(check_line(buf, "first"), "first"), "");
	assert_int_equal(stat("log", &st), 0);
	assert_int_equal(st.st_mode & 07, 0);
}

/* Whatever a server or an option contributes: one line, without control sequences for a
 * terminal. */
static void a_text_is_escaped(void **state)
{
	struct log log = { .fd = -1 };
	char buf[4000];

	(void)state;
	assert_int_equal(log_open("log", &log), 0);
	assert_int_equal(
		log_write(&log, LOG_LEVEL_INFO, "reqtime", "a\nroot: \033[2J\xff\\"), 0);
	log_close(&log);
	read_log(buf, sizeof(buf));
	assert_string_equal(check_line(buf, "a\\x0aroot: \\x1b[2J\\xff\\\\"), "");
}

static void a_long_text_is_cut(void **state)
{
	struct log log = { .fd = -1 };
	char text[5000], buf[4000];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(log_open("log", &log), 0);
	assert_int_equal(log_write(&log, LOG_LEVEL_INFO, "reqtime", text), 0);
	log_close(&log);
	text[LOG_LINE_MAX - 1] = '\0';
	read_log(buf, sizeof(buf));
	assert_string_equal(check_line(buf, text), "");
}

static void a_full_device(void **state)
{
	struct log log = { .fd = -1 };

	(void)state;
	if (access("/dev/full", W_OK) < 0) {
		skip();
	}
	assert_int_equal(log_open("/dev/full", &log), 0);
	assert_int_equal(log_write(&log, LOG_LEVEL_INFO, "reqtime", "text"), -ENOSPC);
	log_close(&log);
}

static void places_that_take_none(void **state)
{
	struct log log = { .fd = -1 };

	(void)state;
	assert_int_equal(log_open("no/such/log", &log), -ENOENT);
	assert_int_equal(log_open(".", &log), -EISDIR);
	assert_int_equal(log.fd, -1);
	/* A pipe without a reader would block open(). */
	assert_int_equal(mkfifo("log", 0600), 0);
	assert_int_equal(log_open("log", &log), -ENXIO);
}

/* ... or its reader has closed it, and it is full. */
static void a_full_pipe(void **state)
{
	struct log log = { .fd = -1 };
	int reader, r = 0;

	(void)state;
	assert_int_equal(mkfifo("log", 0600), 0);
	reader = open("log", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(reader >= 0);
	assert_int_equal(log_open("log", &log), 0);
	for (int i = 0; r == 0 && i < 100000; i++) {
		r = log_write(&log, LOG_LEVEL_INFO, "reqtime", "text");
	}
	assert_int_equal(r, -EAGAIN);
	log_close(&log);
	close(reader);
}

static void a_limit_on_file_sizes(void **state)
{
	const struct rlimit none = { 0, RLIM_INFINITY };
	struct log log = { .fd = -1 };
	int status;
	pid_t pid;

	(void)state;
	pid = fork();
	if (pid == 0) {
		int r;

		if (setrlimit(RLIMIT_FSIZE, &none) < 0 || log_open("log", &log) < 0) {
			_exit(9);
		}
		r = log_write(&log, LOG_LEVEL_INFO, "reqtime", "text");
		_exit(r == -EFBIG ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lines_in_a_file),       TEST(a_text_is_escaped),
		TEST(a_long_text_is_cut),    TEST(a_full_device),
		TEST(places_that_take_none), TEST(a_full_pipe),
		TEST(a_limit_on_file_sizes),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
