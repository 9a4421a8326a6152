/* SPDX-License-Identifier: MIT
 *
 * CLOCK_MONOTONIC in nanoseconds.
 */
#include "io/sys/monotonic.h"

#include <time.h>

#include "core/base/ntp_time.h"

int64_t monotonic_now_ns(void)
{
	struct timespec now = { 0, 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}
