/* SPDX-License-Identifier: MIT
 *
 * Inside the discipline: ns, ppb and s as doubles, so that ppb * s = ns.
 *
 * discipline.c takes runs in and gives advice, interval.c says what is known of
 * the time between two runs, slew.c what the kernel makes of an adjtime(), noise.c how noisy a
 * run is, filter_bank.c what it teaches each model, forecast.c what may be promised, drag.c whether
 * somebody leads the clock away.
 */
#ifndef CORE_DISCIPLINE_DISCIPLINE_PRIVATE_H
#define CORE_DISCIPLINE_DISCIPLINE_PRIVATE_H

#include <math.h>

#include "core/discipline/discipline.h"

/* Liars: how many there are is learnt within limits. */
#define DISCIPLINE_OUTLIER_MIN 0.01
#define DISCIPLINE_OUTLIER_MAX 0.25

enum { DISCIPLINE_SURPRISES_MAX = 3 };

/* What is known of the time between two observations. */
struct discipline_interval {
	struct kernel_slew slew; /* at its end */
	double run_s;            /* awake */
	double all_s;            /* asleep too */
	double moved_ns;   /* what the kernel, the slews and the steps did to the clock */
	double doubt_ns2;  /* variance of the phase that this leaves */
	bool is_lost;      /* nothing is known of the phase */
	double stepped_ns; /* by somebody else; 0 = not */
	bool is_retuned;   /* the kernel's frequency, by somebody else */
};

static inline double square(double x)
{
	return x * x;
}

static inline double clamp(double x, double lo, double hi)
{
	return x < lo ? lo : x > hi ? hi : x;
}

static inline int64_t clamp_integer(int64_t x, int64_t lo, int64_t hi)
{
	return x < lo ? lo : x > hi ? hi : x;
}

static inline int64_t to_ns(double ns)
{
	return (int64_t)llround(clamp(ns, -9e18, 9e18));
}

/* a - b, saturating also where -b cannot be written. */
static inline int64_t ns_diff(int64_t a_ns, int64_t b_ns)
{
	return instant_diff_ns((struct instant){ a_ns }, (struct instant){ b_ns });
}

/* 0 and above, and no more than a few decades. */
double discipline_seconds(int64_t ns);
/* What a kernel may have for a frequency; nonsense is cut. */
int64_t discipline_kernel_ppb(int64_t ppb);

struct discipline_interval discipline_interval_since_last(
	const struct discipline *d, const struct discipline_observation *found);

void discipline_noise_update(struct discipline *d,
                             const struct discipline_observation *found);
void discipline_noise_variances(const struct discipline *d,
                                const struct discipline_observation *found,
                                double ret_ns2[DISCIPLINE_NOISES]);

/* After a trusted run whose interval is `iv`; and of what was done then. */
void discipline_drag_update(struct discipline *d, const struct discipline_interval *iv);
void discipline_drag_count(struct discipline *d, double moved_ns);

/* How much the frequency wanders by model number `model`, ppb^2/s. */
double discipline_wander(size_t model);
/* Mean and covariance of a mixture; the parts' shares may have any sum, which is
 * that of the result. */
struct discipline_estimate discipline_mix(const struct discipline_estimate *parts,
                                          size_t count);
/* What the whole filter bank believes after one hypothesis, its share in `share`; ... and after all. */
struct discipline_estimate discipline_filter_bank_of(const struct discipline *d,
                                                     size_t hypothesis);
struct discipline_estimate discipline_filter_bank(const struct discipline *d);
void discipline_filter_bank_start(struct discipline *d);
void discipline_filter_bank_predict(struct discipline *d,
                                    const struct discipline_interval *iv);
/* What a run says to each model. */
void discipline_filter_bank_update(struct discipline *d,
                                   const struct discipline_interval *iv,
                                   const struct discipline_observation *found);
/* The phase is known from this run alone; the frequency stays what it was. */
void discipline_filter_bank_restart(struct discipline *d,
                                    const struct discipline_observation *found);

/* How many sigmas keep the misses of a hypothesis with this share rare enough. */
double discipline_sigmas(double share);

#endif
