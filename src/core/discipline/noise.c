/* SPDX-License-Identifier: MIT
 *
 * R of the Kalman filters: the measurement noise of a run, from its bound and its jitter.
 */
#include "core/discipline/discipline_private.h"

/* Floor of the noise, as a standard deviation: kernel stamps, scheduler, asymmetric
 * path. */
#define NOISE_FLOOR_NS 5e3
#define SPREAD_DECAY 0.95 /* of the older runs' weight, per run */
#define SAMPLES_MAX 64    /* more do not improve the estimate */

/* R of each noise model: from the excess of the run's bound over the smallest recent
 * one, or from the spread of delays; times a factor, of which the filter bank finds the
 * best. */
static const struct noise_kind {
	bool is_from_bound;
	double factor;
} NOISE_KINDS[DISCIPLINE_NOISES] = {
	{ true, 1.0 }, { false, 1.0 }, { false, 4.0 }, { false, 16.0 }, { false, 64.0 },
};

/* Mean of (delay - smallest delay) of `n` exchanges whose ways each have an exponential
 * delay of scale 1: 2 less the mean of the smallest of n sums of two. */
static double spread_per_scale(unsigned n)
{
	double term = 1.0 / n;
	double smallest = term;

	for (unsigned k = 1; k <= n; k++) {
		term *= (double)(n - k + 1) / n;
		smallest += term;
	}
	return 2.0 - smallest;
}

static unsigned sample_count_of(const struct discipline_observation *found)
{
	return (unsigned)clamp(found->sample_count, 1, SAMPLES_MAX);
}

/* The scale of the one-way noise, from within the run or, with a single exchange, from
 * one run to the next: the mean difference of two sums of two exponentials is 1.5. */
static void update_spread(struct discipline *d, const struct discipline_observation *found)
{
	unsigned n = sample_count_of(found);
	double scale_ns = 0.0;
	double weight = 0.0;

	if (n > 1) {
		scale_ns = fmax((double)found->jitter_ns, 0.0) / spread_per_scale(n);
		weight = n - 1;
	} else if (d->is_last_single) {
		scale_ns = fabs((double)ns_sub(found->delay_ns, d->last_delay_ns)) / 1.5;
		weight = 0.5;
	}
	d->spread_sum_ns = d->spread_sum_ns * SPREAD_DECAY + scale_ns * weight;
	d->spread_weight = d->spread_weight * SPREAD_DECAY + weight;
	d->is_last_single = n == 1;
	d->last_delay_ns = found->delay_ns;
}

/* The error of the interval's middle is uniform within the excess of the interval over the
 * shortest that the path allows, as queueing delay is on one way or on the other. */
static double noise_from_bound(const struct discipline *d, double bound_ns)
{
	double least_ns = bound_ns;
	double mean_ns = 0.0;
	double excess_ns;

	for (size_t i = 0; i < d->recent_bound_count; i++) {
		least_ns = fmin(least_ns, d->recent_bounds_ns[i]);
		mean_ns += d->recent_bounds_ns[i] / d->recent_bound_count;
	}
	/* The smallest bound seen is above the smallest possible. */
	excess_ns =
		bound_ns - least_ns + (mean_ns - least_ns) / sqrt(d->recent_bound_count);
	if (d->recent_bound_count < 4) {
		excess_ns = bound_ns;
	}
	return square(excess_ns) / 3.0;
}

/* Half the difference of two ways, each with the smallest of n exponential delays. */
static double noise_from_spread(const struct discipline *d, unsigned n)
{
	double scale_ns;

	if (d->spread_weight <= 0.0) {
		return INFINITY;
	}
	scale_ns = d->spread_sum_ns / d->spread_weight / n;
	return square(scale_ns) / 2.0 * (1.0 + 2.0 / d->spread_weight);
}

void discipline_noise_variances(const struct discipline *d,
                                const struct discipline_observation *found,
                                double ret_ns2[DISCIPLINE_NOISES])
{
	double bound_ns = fmax((double)found->bound_ns, 0.0);
	double from_bound = noise_from_bound(d, bound_ns);
	double from_spread = noise_from_spread(d, sample_count_of(found));

	for (size_t i = 0; i < DISCIPLINE_NOISES; i++) {
		double ns2 = NOISE_KINDS[i].is_from_bound ? from_bound : from_spread;

		/* At most the variance of a uniform distribution within the bound. */
		ns2 = fmin(ns2 * NOISE_KINDS[i].factor, square(bound_ns) / 3.0);
		ret_ns2[i] = ns2 + square(NOISE_FLOOR_NS);
	}
}

void discipline_noise_update(struct discipline *d,
                             const struct discipline_observation *found)
{
	update_spread(d, found);
	d->recent_bounds_ns[d->recent_bound_at] = fmax((double)found->bound_ns, 0.0);
	d->recent_bound_at = (d->recent_bound_at + 1) % DISCIPLINE_RECENT_BOUNDS;
	d->recent_bound_count += d->recent_bound_count < DISCIPLINE_RECENT_BOUNDS;
}
