/* SPDX-License-Identifier: MIT
 *
 * Inside the discipline: ns, ppb and s as doubles, so that ppb * s = ns.
 *
 * discipline.c    observe, advise, apply
 * interval.c      the time between two runs: F, u and the white phase part of Q
 * slew.c          adjtime() in the kernel
 * noise.c         R of a run
 * filter_bank.c   predict and update, hypotheses, model weights
 * forecast.c      bound of the offset after a run
 * drag.c          slow drag of the clock by a server
 */
#ifndef CORE_DISCIPLINE_DISCIPLINE_PRIVATE_H
#define CORE_DISCIPLINE_DISCIPLINE_PRIVATE_H

#include <math.h>

#include "core/discipline/discipline.h"

/* Limits of the estimated probability of an outlier. */
#define DISCIPLINE_OUTLIER_MIN 0.01
#define DISCIPLINE_OUTLIER_MAX 0.25

enum { DISCIPLINE_OFF_NOMINAL_MAX = 3 };

/* The time between two observations. */
struct discipline_interval {
	struct kernel_slew slew; /* at its end */
	double run_s;            /* t: without suspend */
	double all_s;            /* T: with suspend */
	double moved_ns;         /* u: by kernel frequency, slews and steps */
	double q_phase_ns2;      /* q: variance of u and of a suspend */
	bool is_lost;            /* the phase is unknown */
	double stepped_ns;       /* by another program; 0: no step */
	bool is_retuned;         /* another program changed the kernel's frequency */
};

static inline double square(double x)
{
	return x * x;
}

static inline double clamp(double x, double lo, double hi)
{
	return x < lo ? lo : x > hi ? hi : x;
}

static inline int64_t to_ns(double ns)
{
	return (int64_t)llround(clamp(ns, -9e18, 9e18));
}

/* Clamped to 0 and a few decades. */
double discipline_seconds(int64_t ns);
/* Clamped to a frequency that a kernel can have. */
int64_t discipline_kernel_ppb(int64_t ppb);

struct discipline_interval discipline_interval_since_last(
	const struct discipline *d, const struct discipline_observation *found);

void discipline_noise_update(struct discipline *d,
                             const struct discipline_observation *found);
void discipline_noise_variances(const struct discipline *d,
                                const struct discipline_observation *found,
                                double ret_ns2[DISCIPLINE_NOISES]);

/* After a trusted run with the interval `iv`; and after a correction by `moved_ns`. */
void discipline_drag_update(struct discipline *d, const struct discipline_interval *iv);
void discipline_drag_count(struct discipline *d, double moved_ns);

/* w of model number `model`, ppb^2/s. */
double discipline_wander(size_t model);
/* Merges a Gaussian mixture into one estimate with its mean and covariance.  The
 * probabilities of the parts may have any sum; it becomes that of the result. */
struct discipline_estimate discipline_mix(const struct discipline_estimate *parts,
                                          size_t count);
/* Estimate of the whole bank under one hypothesis, with its probability; and under all. */
struct discipline_estimate discipline_filter_bank_hypothesis(const struct discipline *d,
                                                             size_t hypothesis);
struct discipline_estimate discipline_filter_bank_estimate(const struct discipline *d);
void discipline_filter_bank_start(struct discipline *d);
void discipline_filter_bank_predict(struct discipline *d,
                                    const struct discipline_interval *iv);
/* Update of each model by a run. */
void discipline_filter_bank_update(struct discipline *d,
                                   const struct discipline_interval *iv,
                                   const struct discipline_observation *found);
/* Takes the phase from this run alone and keeps the frequency. */
void discipline_filter_bank_restart(struct discipline *d,
                                    const struct discipline_observation *found);

/* Half width, in standard deviations, of the bound for a hypothesis of this probability. */
double discipline_sigmas(double probability);

#endif
