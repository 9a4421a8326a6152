/* SPDX-License-Identifier: MIT
 *
 * A crystal and the kernel's clock that it drives, in virtual time; and the dice of simulations.
 * A slew is counted as Linux counts it: at each full second of the clock up to 500 us are taken of
 * the rest, and given over the second that begins.
 */
#ifndef SIM_FAKE_CLOCK_H
#define SIM_FAKE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct fake_clock {
	int64_t true_ns;  /* since the start */
	double offset_ns; /* server - local */
	double crystal_ppb;
	double wave_ppb; /* of the crystal too, on top */
	double kernel_ppb;
	int64_t rest_ns; /* of the slew, as adjtime() reports it */
	double taken_ns; /* of it, in this second of the clock */
	double moved_ns; /* by frequency and slews, since the start */
	double monotonic_ns;
	double asleep_ns;
	bool is_new_boot;
};

int64_t fake_clock_local_ns(const struct fake_clock *c); /* unix */
void fake_clock_go(struct fake_clock *c, int64_t ns);
/* Slew still to come in the current second. */
double fake_clock_in_flight_ns(const struct fake_clock *c);
void fake_clock_slew(struct fake_clock *c, double by_ns);
void fake_clock_step(struct fake_clock *c, double by_ns);
void fake_clock_forget_slew(struct fake_clock *c);

uint64_t rng_next(uint64_t *state);
double rng_unit(uint64_t *state); /* in (0, 1) */
double rng_exponential(uint64_t *state, double mean);
double rng_normal(uint64_t *state);

#endif
