/* SPDX-License-Identifier: MIT
 *
 * For the test scripts, preloaded: a wall clock that is FAR_CLOCK_S seconds ahead of this
 * machine's, behind it when negative.  It can be read, not set; other clocks are unchanged.
 */
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static time_t ahead_s;

__attribute__((constructor)) static void begin(void)
{
	const char *ahead = getenv("FAR_CLOCK_S");

	if (!ahead) {
		abort();
	}
	ahead_s = (time_t)atoll(ahead);
}

int clock_gettime(clockid_t clock, struct timespec *ret)
{
	/* The raw system call: a sanitizer reads the clock before begin(). */
	int r = (int)syscall(SYS_clock_gettime, (long)clock, ret);

	if (r == 0 && clock == CLOCK_REALTIME) {
		ret->tv_sec += ahead_s;
	}
	return r;
}
