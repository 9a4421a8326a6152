/* SPDX-License-Identifier: MIT
 *
 * One look at the local clocks.
 */
#ifndef CORE_SELECT_READING_H
#define CORE_SELECT_READING_H

#include "core/base/ntp_time.h"

/* The clocks read as nearly at one moment as can be. */
struct reading {
	struct instant wall; /* CLOCK_REALTIME */
	int64_t mono_ns;     /* CLOCK_MONOTONIC: goes on evenly, stands still in suspend */
	int64_t boot_ns;     /* CLOCK_BOOTTIME: also counts suspend */
	int64_t gap_ns;      /* how long the reading took, >= 0 */
};

#endif
