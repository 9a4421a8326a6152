/* SPDX-License-Identifier: MIT
 *
 * Model of adjtime() in Linux.  At each full second of CLOCK_REALTIME the kernel takes up
 * to 500 us off the rest that it reports, and slews the clock by that much during the next
 * second.  So the rest alone gives the slew still to come to half a millisecond; rest and
 * time of day together give it exactly.  A step cancels both parts.
 */
#ifndef CORE_DISCIPLINE_SLEW_H
#define CORE_DISCIPLINE_SLEW_H

#include <stdint.h>

/* Taken off the rest at each full second, ns. */
#define KERNEL_SLEW_STEP_NS INT64_C(500000)
/* Largest rest; adjtime() takes 2^31 us. */
#define KERNEL_SLEW_MAX_NS INT64_C(4000000000000)

struct kernel_slew {
	int64_t wall_ns;  /* CLOCK_REALTIME of this state, unix ns */
	int64_t rest_ns;  /* reported by adjtime(); |rest_ns| <= KERNEL_SLEW_MAX_NS */
	int64_t taken_ns; /* taken at the last full second, slewed during this one */
};

/* A rest from outside, clamped to the range of the kernel. */
int64_t kernel_slew_valid_rest(int64_t rest_ns);

/* The rest after this many full seconds. */
int64_t kernel_slew_rest_after(int64_t rest_ns, int64_t seconds);

/* Full seconds of the clock in the next `after_ns` (>= 0). */
int64_t kernel_slew_seconds(const struct kernel_slew *slew, int64_t after_ns);

/* The state `after_ns` later by CLOCK_REALTIME. */
struct kernel_slew kernel_slew_later(const struct kernel_slew *slew, int64_t after_ns);

/* Slew still to come, ns. */
double kernel_slew_left_ns(const struct kernel_slew *slew);

/* The part of it outside the rest: that of the current second. */
double kernel_slew_in_flight_ns(const struct kernel_slew *slew);

#endif
