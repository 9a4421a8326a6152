/* SPDX-License-Identifier: MIT
 *
 * CLOCK_MONOTONIC, the clock of deadlines and intervals, and CLOCK_BOOTTIME.
 */
#ifndef IO_SYS_MONOTONIC_H
#define IO_SYS_MONOTONIC_H

#include "core/base/base.h"

/* Nanoseconds, never negative.  No step moves this clock, and it stands still in suspend;
 * every Linux has it, so no error is possible. */
int64_t monotonic_now_ns(void);
/* CLOCK_BOOTTIME, which also counts a suspend. */
int64_t boottime_now_ns(void);

#endif
