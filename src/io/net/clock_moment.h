/* SPDX-License-Identifier: MIT
 *
 * The clock that stamps requests and answers.
 */
#ifndef IO_NET_CLOCK_MOMENT_H
#define IO_NET_CLOCK_MOMENT_H

#include <stdbool.h>

#include "core/base/ntp_time.h"

struct clock_moment {
	struct instant wall;
	int64_t mono_ns;
	int64_t gap_ns; /* the most that the readings may be apart */
};

/* Both clocks, read close together: the best of a few tries.  Costs no system call. */
struct clock_moment clock_moment_now(void);

/* Whether kernel stamps and clock_moment_now() read the same clock.  They do not under a
 * library that shows the program another time (such as libfaketime); then the two kinds of
 * stamps must not be mixed. */
bool clock_stamps_fit(void);

#endif
