/* SPDX-License-Identifier: MIT
 *
 * A reading of the local clocks.
 */
#ifndef CORE_SELECT_READING_H
#define CORE_SELECT_READING_H

#include "core/base/ntp_time.h"

/* The clocks, read as close to one moment as possible. */
struct reading {
	struct instant wall; /* CLOCK_REALTIME */
	int64_t mono_ns;     /* CLOCK_MONOTONIC: never stepped, stops in suspend */
	int64_t boot_ns;     /* CLOCK_BOOTTIME: also counts suspend */
	int64_t gap_ns;      /* duration of the reading, >= 0 */
};

#endif
