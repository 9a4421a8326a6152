/* SPDX-License-Identifier: MIT
 *
 * The two clocks of a server, and whether the kernel's stamps are of one of them.
 */
#include "io/net/clock_moment.h"

#include <time.h>

#include "io/sys/bare_call.h"
#include "io/sys/monotonic.h"

enum {
	/* Reading two clocks takes about 0.1 us; more means that we lost the processor
	 * between them. */
	READ_GAP_MAX_NS = 20 * 1000,
	READ_TRIES = 4,
};

static struct instant instant_from_timespec(struct timespec ts)
{
	return instant_from_unix(ts.tv_sec, ts.tv_nsec);
}

struct clock_moment clock_moment_now(void)
{
	struct clock_moment best = { .gap_ns = INT64_MAX };
	struct timespec wall;
	int64_t before_ns, after_ns;

	for (int i = 0; i < READ_TRIES && best.gap_ns > READ_GAP_MAX_NS; i++) {
		before_ns = monotonic_now_ns();
		clock_gettime(CLOCK_REALTIME, &wall);
		after_ns = monotonic_now_ns();
		if (after_ns - before_ns < best.gap_ns) {
			best = (struct clock_moment){ .wall = instant_from_timespec(wall),
				                      .mono_ns = after_ns,
				                      .gap_ns = after_ns - before_ns };
		}
	}
	return best;
}

bool clock_stamps_fit(void)
{
	struct timespec before, kernel, after;

	/* A real step between the readings looks the same, but not four times. */
	for (int i = 0; i < READ_TRIES; i++) {
		clock_gettime(CLOCK_REALTIME, &before);
		if (bare_clock_gettime(CLOCK_REALTIME, &kernel) < 0) {
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
