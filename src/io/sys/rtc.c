/* SPDX-License-Identifier: MIT */
#include "io/sys/rtc.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/rtc.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "core/base/text_time.h"
#include "io/sys/file_read.h"
#include "io/sys/kernel_clock.h"

/* Enough to wake up before the moment rather than behind it. */
#define LEAD_NS (10 * NS_PER_MS)
/* Later than this the chip would be wrong by as much: the next second is tried. */
#define LATE_NS (20 * NS_PER_MS)
enum { WRITE_TRIES = 3, TEXT_SIZE = 512 };

static const struct {
	const char *device;
	const char *name;
} clocks[] = {
	{ "/dev/rtc0", "/sys/class/rtc/rtc0/name" },
	{ "/dev/rtc", "/sys/class/rtc/rtc/name" },
};

/* The third line of adjtime(5). */
static bool keeps_local_time(void)
{
	char text[TEXT_SIZE];
	const char *line = text;

	file_read(AT_FDCWD, "/etc/adjtime", 0, text, sizeof(text));
	for (int i = 0; line && i < 2; i++) {
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return line && strncmp(line, "LOCAL", 5) == 0;
}

int rtc_open(void)
{
	int fd = -1;

	if (keeps_local_time()) {
		return -ENOTSUP;
	}
	for (size_t i = 0; fd < 0 && i < COUNT_OF(clocks); i++) {
		fd = open(clocks[i].device, O_WRONLY | O_CLOEXEC);
		if (fd < 0 && errno != ENOENT) {
			break;
		}
	}
	return fd < 0 ? -errno : fd;
}

struct rtc_moment rtc_moment_after(struct instant now, int64_t delay_ns, int64_t lead_ns)
{
	/* A write of second S at S + 1 - delay makes the chip tick at S + 1. */
	int64_t phase_ns = (NS_PER_S - delay_ns) % NS_PER_S;
	struct instant from = instant_add_ns(now, lead_ns - phase_ns);
	int64_t into_ns = from.unix_ns % NS_PER_S;
	struct instant value;

	into_ns += into_ns < 0 ? NS_PER_S : 0;
	value = instant_add_ns(from, into_ns == 0 ? 0 : NS_PER_S - into_ns);
	return (struct rtc_moment){
		.wait_ns = instant_diff_ns(instant_add_ns(value, phase_ns), now),
		.value = value,
	};
}

static int64_t chip_delay_ns(void)
{
	char name[TEXT_SIZE];

	for (size_t i = 0; i < COUNT_OF(clocks); i++) {
		if (file_read(AT_FDCWD, clocks[i].name, 0, name, sizeof(name)) > 0) {
			return strncmp(name, "rtc_cmos", 8) == 0 ? RTC_CMOS_DELAY_NS
			                                         : NS_PER_S;
		}
	}
	return RTC_CMOS_DELAY_NS;
}

static void sleep_until(int64_t mono_ns)
{
	const struct timespec to = { .tv_sec = mono_ns / NS_PER_S,
		                     .tv_nsec = (long)(mono_ns % NS_PER_S) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &to, NULL) == EINTR) {
	}
}

static int chip_set(int fd, struct instant value)
{
	struct civil civil = civil_from_instant(value);
	struct rtc_time to = {
		.tm_sec = civil.second,
		.tm_min = civil.minute,
		.tm_hour = civil.hour,
		.tm_mday = civil.day,
		.tm_mon = civil.month - 1,
		.tm_year = civil.year - 1900,
		.tm_wday = civil.weekday,
	};

	return ioctl(fd, RTC_SET_TIME, &to) < 0 ? -errno : 0;
}

int rtc_write(int fd, int64_t ahead_ns)
{
	int64_t delay_ns = chip_delay_ns();
	struct rtc_moment moment;
	struct reading now, then;
	int r = -ETIME;

	for (int i = 0; i < WRITE_TRIES; i++) {
		r = kernel_clock_now(&now);
		if (r < 0) {
			return r;
		}
		moment = rtc_moment_after(instant_add_ns(now.wall, ahead_ns), delay_ns,
		                          LEAD_NS);
		sleep_until(now.mono_ns + moment.wait_ns);
		r = kernel_clock_now(&then);
		if (r < 0) {
			return r;
		}
		if (then.mono_ns - now.mono_ns - moment.wait_ns <= LATE_NS ||
		    i == WRITE_TRIES - 1) {
			return chip_set(fd, moment.value);
		}
	}
	return r;
}
