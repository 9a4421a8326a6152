/* SPDX-License-Identifier: MIT
 *
 * The two clocks of a server, and whether the kernel's stamps are of one of them.
 */
#include "io/listen_clock.h"

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
	/* Reading two clocks takes about 0.1 us; more means that we lost the processor
	 * between them. */
	READ_GAP_MAX_NS = 20 * 1000,
	READ_TRIES = 4,
};

static struct instant instant_from_timespec(struct timespec ts)
{
	return (struct instant){ (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec };
}

int64_t listen_mono_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return instant_from_timespec(ts).unix_ns;
}

struct listen_moment listen_now(void)
{
	struct listen_moment now;
	struct timespec wall;
	int64_t before_ns;

	for (int i = 0; i < READ_TRIES; i++) {
		before_ns = listen_mono_ns();
		clock_gettime(CLOCK_REALTIME, &wall);
		now.mono_ns = listen_mono_ns();
		if (now.mono_ns - before_ns <= READ_GAP_MAX_NS) {
			break;
		}
	}
	now.wall = instant_from_timespec(wall);
	return now;
}

bool listen_stamps_fit(void)
{
	struct timespec before, kernel, after;

	/* A real step between the readings looks the same, but not four times. */
	for (int i = 0; i < READ_TRIES; i++) {
		clock_gettime(CLOCK_REALTIME, &before);
		if (syscall(SYS_clock_gettime, CLOCK_REALTIME, &kernel) < 0) {
			return false;
		}
		clock_gettime(CLOCK_REALTIME, &after);
		if (instant_from_timespec(before).unix_ns <=
		            instant_from_timespec(kernel).unix_ns &&
		    instant_from_timespec(kernel).unix_ns <=
		            instant_from_timespec(after).unix_ns) {
			return true;
		}
	}
	return false;
}
