/* SPDX-License-Identifier: MIT
 *
 * The clock that requests and answers are stamped with.
 */
#ifndef IO_NET_CLOCK_MOMENT_H
#define IO_NET_CLOCK_MOMENT_H

#include <stdbool.h>

#include "core/base/ntp_time.h"

struct clock_moment {
	struct instant wall;
	int64_t mono_ns;
	int64_t gap_ns; /* how far apart the readings may be */
};

/* Both clocks, read close together: of a few tries the best.  Costs no system call. */
struct clock_moment clock_moment_now(void);

/* Whether kernel stamps and clock_moment_now() are of one clock.  Not so under a library that
 * shows the program another time (libfaketime and its like): the kernel's
 * stamps then must not be mixed with our own. */
bool clock_stamps_fit(void);

#endif
