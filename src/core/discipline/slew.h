/* SPDX-License-Identifier: MIT
 *
 * How Linux carries out an adjtime().  At each full second of CLOCK_REALTIME it takes up to 500 us
 * of the rest that it reports, and moves the clock by that much over the second that begins.  So
 * the rest alone says to half a millisecond what is still to come; rest and time of day together
 * say it exactly.  A step makes the kernel forget both parts.
 */
#ifndef CORE_DISCIPLINE_SLEW_H
#define CORE_DISCIPLINE_SLEW_H

#include <stdint.h>

/* What is taken of the rest at each full second, ns. */
#define KERNEL_SLEW_STEP_NS INT64_C(500000)
/* No rest is larger: adjtime() takes 2^31 us. */
#define KERNEL_SLEW_MAX_NS INT64_C(4000000000000)

struct kernel_slew {
	int64_t wall_ns; /* CLOCK_REALTIME of the moment that this describes, unix ns */
	int64_t rest_ns; /* what adjtime() reports, signed; |rest_ns| <= KERNEL_SLEW_MAX_NS */
	int64_t taken_ns; /* what was taken at the last full second, and is given in this one */
};

/* A rest from outside, cut to what a kernel can have. */
int64_t kernel_slew_valid_rest(int64_t rest_ns);

/* The rest after so many full seconds. */
int64_t kernel_slew_rest_after(int64_t rest_ns, int64_t seconds);

/* Full seconds of the clock in the `after_ns` (>= 0) that follow. */
int64_t kernel_slew_seconds(const struct kernel_slew *slew, int64_t after_ns);

/* `after_ns` later, by the clock itself. */
struct kernel_slew kernel_slew_later(const struct kernel_slew *slew, int64_t after_ns);

/* By how much the clock will still be moved, ns. */
double kernel_slew_left_ns(const struct kernel_slew *slew);

/* Of that what the rest does not tell: of the second that has begun. */
double kernel_slew_in_flight_ns(const struct kernel_slew *slew);

#endif
