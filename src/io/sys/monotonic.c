/* SPDX-License-Identifier: MIT
 *
 * CLOCK_MONOTONIC and CLOCK_BOOTTIME in nanoseconds.
 */
#include "io/sys/monotonic.h"

#include <time.h>

#include "core/base/ntp_time.h"

static int64_t now_ns(clockid_t clock)
{
	struct timespec now = { 0, 0 };

	(void)clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

int64_t monotonic_now_ns(void)
{
	return now_ns(CLOCK_MONOTONIC);
}

int64_t boottime_now_ns(void)
{
	return now_ns(CLOCK_BOOTTIME);
}
