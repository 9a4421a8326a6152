/* SPDX-License-Identifier: MIT
 *
 * Between the two files of the correction: correct.c judges the record, moves the clock and looks
 * at it, kernel_update.c makes the order for the kernel.
 */
#ifndef APP_CLOCK_CORRECT_PRIVATE_H
#define APP_CLOCK_CORRECT_PRIVATE_H

#include "app/clock/correct.h"

/* What is no offset: twice it still fits. */
#define CORRECT_OFFSET_MAX_NS (INT64_MAX / 2)
/* What the kernel takes of an adjtime() at each full second of its clock. */
#define CORRECT_SLEW_PER_SECOND_NS (500 * NS_PER_US)
/* What a frequency may differ by between giving and reading: each rounds to 1 ppb. */
#define CORRECT_FREQUENCY_TOLERANCE_PPB 2

struct correction {
	const struct correct_record *record;
	const struct clock_ports *clock;
	const struct correct_wish *wish;
	struct anchor *anchor;
	struct correct_result *ret;
	struct reading now; /* when it was planned */
	struct kernel_clock_state state;
	struct kernel_clock_update update;
};

static inline bool correct_is_within(int64_t value, int64_t limit)
{
	return value >= -limit && value <= limit;
}

/* Whether the kernel still has what it was given. */
bool correct_is_frequency(const struct correction *correction, int64_t given_ppb);

/* A program that was stopped while it steered by `tick` has left a rate that no crystal needs; what
 * our last run in this boot left is known to be needed. */
bool correct_is_stray_tick(const struct correction *correction);

/* By the plan in `action->ret`. */
void kernel_update_make(struct correction *correction);

#endif
