/* SPDX-License-Identifier: MIT
 *
 * io/sys/notify: values of the environment, and their effect.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "io/sys/notify.h"

static void environment(const char *path, const char *usec, const char *pid)
{
	const char *const names[] = { "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID" };
	const char *const values[] = { path, usec, pid };

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (values[i]) {
			setenv(names[i], values[i], 1);
		} else {
			unsetenv(names[i]);
		}
	}
}

/* Opens a manager at an abstract name of this process; `name` gets it with its '@'. */
static int manager(char *name, size_t size)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	snprintf(name, size, "@reqtime-test-notify-%d", (int)getpid());
	memcpy(at.sun_path + 1, name + 1, strlen(name) - 1);
	assert_true(fd >= 0);
	assert_int_equal(
		bind(fd, (const struct sockaddr *)&at,
	             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))),
		0);
	return fd;
}

static void nobody_wants_to_know(void **state)
{
	struct notify notify;

	(void)state;
	environment(NULL, "1000000", NULL);
	assert_int_equal(notify_open(&notify), 0);
	assert_int_equal(notify.fd, -1);
	assert_int_equal(notify_send(&notify, "READY=1"), 0);
	notify_close(&notify);
	environment("", NULL, NULL);
	assert_int_equal(notify_open(&notify), 0);
	assert_int_equal(notify.fd, -1);
}

struct row {
	const char *name;
	const char *path;
	int want;
};

static const struct row rows[] = {
	{ "relative path", "run/notify", -EAFNOSUPPORT },
	{ "vsock", "vsock:2:1234", -EAFNOSUPPORT },
	{ "at sign alone", "@", -EAFNOSUPPORT },
	{ "no such path", "/nonexistent/notify", -ENOENT },
	{ "no such abstract name", "@reqtime-test-no-such-name", -ECONNREFUSED },
	{ "too long",
	  "/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	  "x"
	  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
	  -ENAMETOOLONG },
};

static void path_row(void **state)
{
	const struct row *row = *state;
	struct notify notify;

	environment(row->path, NULL, NULL);
	assert_int_equal(notify_open(&notify), row->want);
	assert_int_equal(notify.fd, -1);
	assert_int_equal(notify_send(&notify, "READY=1"), 0);
}

static void messages_arrive(void **state)
{
	struct notify notify;
	char name[64], buf[64];
	int fd = manager(name, sizeof(name));

	(void)state;
	environment(name, NULL, NULL);
	assert_int_equal(notify_open(&notify), 0);
	assert_int_equal(notify.watchdog_ns, 0);
	assert_int_equal(notify_send(&notify, "READY=1\nSTATUS=x"), 0);
	assert_int_equal(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), 16);
	assert_memory_equal(buf, "READY=1\nSTATUS=x", 16);
	/* A manager that has ended is an error, and nothing worse. */
	close(fd);
	assert_true(notify_send(&notify, "WATCHDOG=1") < 0);
	notify_close(&notify);
	assert_int_equal(notify.fd, -1);
}

struct watchdog_row {
	const char *name;
	const char *usec;
	const char *pid; /* "self": this process */
	int64_t want_ns;
};

static const struct watchdog_row watchdog_rows[] = {
	{ "watchdog: none", NULL, NULL, 0 },
	{ "watchdog: 2 s", "2000000", NULL, 2 * NS_PER_S },
	{ "watchdog: for us", "2000000", "self", 2 * NS_PER_S },
	{ "watchdog: for another", "2000000", "1", 0 },
	{ "watchdog: for no process", "2000000", "x", 0 },
	{ "watchdog: zero", "0", NULL, 0 },
	{ "watchdog: no number", "2s", NULL, 0 },
	{ "watchdog: negative", "-2000000", NULL, 0 },
	{ "watchdog: too large", "18446744073709551615", NULL, 0 },
	{ "watchdog: larger", "99999999999999999999", NULL, 0 },
};

static void watchdog_row(void **state)
{
	const struct watchdog_row *row = *state;
	struct notify notify;
	char name[64], self[16];
	int fd = manager(name, sizeof(name));

	snprintf(self, sizeof(self), "%d", (int)getpid());
	environment(name, row->usec,
	            row->pid && strcmp(row->pid, "self") == 0 ? self : row->pid);
	assert_int_equal(notify_open(&notify), 0);
	assert_int_equal(notify.watchdog_ns, row->want_ns);
	notify_close(&notify);
	close(fd);
}

int main(void)
{
	struct CMUnitTest tests[COUNT_OF(rows) + COUNT_OF(watchdog_rows) + 2];
	struct CMUnitTest *t = tests;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		*t++ = (struct CMUnitTest){ .name = rows[i].name,
			                    .test_func = path_row,
			                    .initial_state = (void *)(uintptr_t)&rows[i] };
	}
	for (size_t i = 0; i < COUNT_OF(watchdog_rows); i++) {
		*t++ = (struct CMUnitTest){ .name = watchdog_rows[i].name,
			                    .test_func = watchdog_row,
			                    .initial_state =
			                            (void *)(uintptr_t)&watchdog_rows[i] };
	}
	*t++ = (struct CMUnitTest)cmocka_unit_test(nobody_wants_to_know);
	*t++ = (struct CMUnitTest)cmocka_unit_test(messages_arrive);
	return cmocka_run_group_tests_name("notify", tests, NULL, NULL);
}
