/* SPDX-License-Identifier: MIT
 *
 * The hardware clock, played: a write is seen by the wrapped ioctl(), at a time of which
 * this test is the master.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/rtc.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "io/sys/rtc.h"

int __wrap_ioctl(int fd, unsigned long request, ...);
int __wrap_clock_nanosleep(clockid_t clock, int flags, const struct timespec *to,
                           struct timespec *left);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret);
int __wrap_open(const char *path, int flags, ...);
int __real_open(const char *path, int flags, ...);
int __wrap_openat(int folder, const char *path, int flags, ...);

#define WALL_NS INT64_C(1795348800250000000) /* 2026-11-22 12:00:00.25 */
#define MS NS_PER_MS

static struct {
	int64_t elapsed_ns;
	int64_t late_ns; /* of each waking up */
	unsigned lates;  /* how many of them */
	unsigned sleeps;
	const char *name; /* of the chip, as sysfs has it; NULL: no such file */
	const char *adjtime;
	int open_error;
	int write_error;
	unsigned writes;
	struct rtc_time written;
	int64_t written_at_ns; /* wall clock */
} world;

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list args;

	(void)fd;
	assert_true(request == RTC_SET_TIME);
	va_start(args, request);
	world.written = *va_arg(args, const struct rtc_time *);
	va_end(args);
	world.writes++;
	world.written_at_ns = WALL_NS + world.elapsed_ns;
	errno = world.write_error;
	return world.write_error ? -1 : 0;
}

int __wrap_clock_nanosleep(clockid_t clock, int flags, const struct timespec *to,
                           struct timespec *left)
{
	int64_t to_ns = to->tv_sec * NS_PER_S + to->tv_nsec;

	(void)left;
	assert_int_equal(clock, CLOCK_MONOTONIC);
	assert_int_equal(flags, TIMER_ABSTIME);
	assert_true(to_ns >= world.elapsed_ns);
	if (world.sleeps++ == 0) {
		return EINTR;
	}
	world.elapsed_ns = to_ns;
	if (world.lates > 0) {
		world.lates--;
		world.elapsed_ns += world.late_ns;
	}
	return 0;
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret)
{
	int64_t ns = world.elapsed_ns + (clock == CLOCK_REALTIME ? WALL_NS : 0);

	ret->tv_sec = ns / NS_PER_S;
	ret->tv_nsec = (long)(ns % NS_PER_S);
	return 0;
}

static int text_file(const char *text)
{
	int fds[2];

	if (!text) {
		errno = ENOENT;
		return -1;
	}
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], text, strlen(text)), strlen(text));
	close(fds[1]);
	return fds[0];
}

int __wrap_open(const char *path, int flags, ...)
{
	if (strcmp(path, "/etc/adjtime") == 0) {
		return text_file(world.adjtime);
	}
	if (strncmp(path, "/sys/class/rtc/", 15) == 0) {
		return text_file(world.name);
	}
	if (strncmp(path, "/dev/", 5) == 0) {
		assert_int_equal(flags & O_ACCMODE, O_WRONLY);
		errno = world.open_error;
		return world.open_error ? -1 : __real_open("/dev/null", O_WRONLY);
	}
	return __real_open(path, flags);
}

int __wrap_openat(int folder, const char *path, int flags, ...)
{
	assert_int_equal(folder, AT_FDCWD);
	return __wrap_open(path, flags);
}

struct row {
	const char *name;
	const char *chip;
	int64_t ahead_ns;
	int64_t late_ns;
	unsigned lates;
	int second;
	int64_t at_ns; /* since 12:00:00.25 by the local clock */
};

static const struct row rows[] = {
	/* It ticks half a second after the write: 12:00:00 is written at 00.5. */
	{ "cmos: at the half second", "rtc_cmos rtc_cmos\n", 0, 0, 0, 0, 250 * MS },
	{ "cmos: a clock that is slow by 0.1 s", "rtc_cmos 00:02\n", 100 * MS, 0, 0, 0,
	  150 * MS },
	{ "cmos: a clock that is fast by 0.1 s", "rtc_cmos\n", -100 * MS, 0, 0, 0,
	  350 * MS },
	{ "cmos: slow by 0.3 s: the next second's", "rtc_cmos\n", 300 * MS, 0, 0, 1,
	  950 * MS },
	{ "cmos: too near to wait for", "rtc_cmos\n", 245 * MS, 0, 0, 1, 1005 * MS },
	{ "cmos: slow by days", "rtc_cmos\n", 86400 * NS_PER_S, 0, 0, 0, 250 * MS },
	{ "others: at the full second", "rtc-ds1307 0-0068\n", 0, 0, 0, 1, 750 * MS },
	{ "no name: as a cmos", NULL, 0, 0, 0, 0, 250 * MS },
	{ "woken up a little late", "rtc_cmos\n", 0, 20 * MS, 1, 0, 270 * MS },
	{ "woken up too late: the next second", "rtc_cmos\n", 0, 21 * MS, 1, 1, 1250 * MS },
	{ "woken up too late every time: the last", "rtc_cmos\n", 0, 21 * MS, 9, 2,
	  2271 * MS },
};

static void rtc_row(void **state)
{
	const struct row *row = *state;
	int fd;

	memset(&world, 0, sizeof(world));
	world.name = row->chip;
	world.late_ns = row->late_ns;
	world.lates = row->lates;
	fd = rtc_open();
	assert_true(fd >= 0);
	assert_int_equal(rtc_write(fd, row->ahead_ns), 0);
	close(fd);
	assert_int_equal(world.writes, 1);
	assert_int_equal(world.written_at_ns - WALL_NS, row->at_ns);
	assert_int_equal(world.written.tm_year, 126);
	assert_int_equal(world.written.tm_mon, 10);
	assert_int_equal(world.written.tm_mday, row->ahead_ns > NS_PER_S ? 23 : 22);
	assert_int_equal(world.written.tm_hour, 12);
	assert_int_equal(world.written.tm_min, 0);
	assert_int_equal(world.written.tm_sec, row->second);
}

static void cannot_open(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	world.open_error = EACCES;
	assert_int_equal(rtc_open(), -EACCES);
	world.open_error = ENOENT;
	assert_int_equal(rtc_open(), -ENOENT);
}

static void local_time(void **state)
{
	int fd;

	(void)state;
	memset(&world, 0, sizeof(world));
	world.adjtime = "0.0 0 0.0\n0\nLOCAL\n";
	assert_int_equal(rtc_open(), -ENOTSUP);
	world.adjtime = "0.0 0 0.0\n0\nUTC\n";
	fd = rtc_open();
	assert_true(fd >= 0);
	close(fd);
	world.adjtime = "LOCAL";
	fd = rtc_open();
	assert_true(fd >= 0);
	close(fd);
}

static void cannot_write(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	world.write_error = EPERM;
	assert_int_equal(rtc_write(0, 0), -EPERM);
	assert_int_equal(world.writes, 1);
}

/* A chip that ticks 0.3 s after the write is written 0.7 s into the second. */
static void any_delay(void **state)
{
	struct rtc_moment moment =
		rtc_moment_after((struct instant){ WALL_NS }, 300 * MS, 10 * MS);

	(void)state;
	assert_int_equal(moment.wait_ns, 450 * MS);
	assert_int_equal(moment.value.unix_ns, WALL_NS - 250 * MS);
}

int main(void)
{
	struct CMUnitTest tests[COUNT_OF(rows) + 4];
	size_t i;

	memset(tests, 0, sizeof(tests));
	for (i = 0; i < COUNT_OF(rows); i++) {
		tests[i] = (struct CMUnitTest){ .name = rows[i].name,
			                        .test_func = rtc_row,
			                        .initial_state = (void *)&rows[i] };
	}
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(any_delay);
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(cannot_open);
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(local_time);
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(cannot_write);
	return cmocka_run_group_tests_name("rtc", tests, NULL, NULL);
}
