/* SPDX-License-Identifier: MIT
 *
 * A crystal, a kernel's clock, and dice.
 */
#include "fake_clock.h"

#include <math.h>

#include "core/base/ntp_time.h"

#define EPOCH_NS (INT64_C(1800000000) * NS_PER_S)
#define SLEW_NS INT64_C(500000) /* in a second */

int64_t fake_clock_local_ns(const struct fake_clock *c)
{
	return EPOCH_NS + c->true_ns - llround(c->offset_ns);
}

double fake_clock_in_flight_ns(const struct fake_clock *c)
{
	return c->taken_ns * (1.0 - (double)(fake_clock_local_ns(c) % NS_PER_S) * 1e-9);
}

void fake_clock_forget_slew(struct fake_clock *c)
{
	c->rest_ns = 0;
	c->taken_ns = 0.0;
}

void fake_clock_step(struct fake_clock *c, double by_ns)
{
	c->offset_ns -= by_ns;
	fake_clock_forget_slew(c);
}

void fake_clock_slew(struct fake_clock *c, double by_ns)
{
	c->rest_ns = llround(by_ns / 1e3) * 1000;
}

static void full_second(struct fake_clock *c)
{
	int64_t taken_ns = c->rest_ns;

	if (taken_ns > SLEW_NS) {
		taken_ns = SLEW_NS;
	} else if (taken_ns < -SLEW_NS) {
		taken_ns = -SLEW_NS;
	}
	c->rest_ns -= taken_ns;
	c->taken_ns = (double)taken_ns;
}

/* Up to the clock's next full second, or `most_ns` where that is sooner.  Returns how long. */
static int64_t go_part(struct fake_clock *c, int64_t most_ns)
{
	double moved_ppb = c->kernel_ppb + c->taken_ns;
	double ppb = moved_ppb - c->crystal_ppb - c->wave_ppb;
	int64_t left_ns = NS_PER_S - fake_clock_local_ns(c) % NS_PER_S;
	/* Rounded up: never short of the full second. */
	int64_t whole_ns = (int64_t)((double)left_ns / (1.0 + ppb * 1e-9)) + 1;
	int64_t ns = most_ns < whole_ns ? most_ns : whole_ns;
	double s = (double)ns * 1e-9;

	c->moved_ns += moved_ppb * s;
	c->offset_ns -= ppb * s;
	c->monotonic_ns += (double)ns + ppb * s;
	c->true_ns += ns;
	if (ns == whole_ns) {
		full_second(c);
	}
	return ns;
}

void fake_clock_go(struct fake_clock *c, int64_t ns)
{
	while (ns > 0) {
		ns -= go_part(c, ns);
	}
}

uint64_t rng_next(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

double rng_unit(uint64_t *state)
{
	return ((double)(rng_next(state) >> 11) + 0.5) * 0x1p-53;
}

double rng_exponential(uint64_t *state, double mean)
{
	return -mean * log(rng_unit(state));
}

/* Four 16-bit uniforms: near enough to normal for a sum over thousands of seconds. */
double rng_normal(uint64_t *state)
{
	uint64_t bits = rng_next(state);
	double sum = (double)(bits & 0xffff) + (double)(bits >> 16 & 0xffff) +
	             (double)(bits >> 32 & 0xffff) + (double)(bits >> 48);

	return (sum / 65535.0 - 2.0) * 1.7320508075688772;
}
