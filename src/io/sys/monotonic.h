/* SPDX-License-Identifier: MIT
 *
 * CLOCK_MONOTONIC, which deadlines and intervals are counted by.
 */
#ifndef IO_SYS_MONOTONIC_H
#define IO_SYS_MONOTONIC_H

#include "core/base/base.h"

/* No step moves it, it stands still in suspend, and every Linux has it: 0 or more ns. */
int64_t monotonic_now_ns(void);

#endif
