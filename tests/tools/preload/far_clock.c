/* SPDX-License-Identifier: MIT
 *
 * For the test scripts, preloaded: a wall clock that is FAR_CLOCK_S seconds ahead of this
 * machine's, behind it when negative.  It can be read, not set; nothing else is another.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

static int (*real_gettime)(clockid_t clock, struct timespec *ret);
static time_t ahead_s;

__attribute__((constructor)) static void begin(void)
{
	const char *ahead = getenv("FAR_CLOCK_S");

	*(void **)&real_gettime = dlsym(RTLD_NEXT, "clock_gettime");
	if (!ahead || !real_gettime) {
		abort();
	}
	ahead_s = (time_t)atoll(ahead);
}

int clock_gettime(clockid_t clock, struct timespec *ret)
{
	int r = real_gettime(clock, ret);

	if (r == 0 && clock == CLOCK_REALTIME) {
		ret->tv_sec += ahead_s;
	}
	return r;
}
