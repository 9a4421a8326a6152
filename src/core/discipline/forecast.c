/* SPDX-License-Identifier: MIT
 *
 * Bound of the offset after a run: the estimates propagated, and the measured bound with
 * drift.
 */
#include "core/discipline/discipline_private.h"

/* Probability that one hypothesis leaves the truth outside the bound.  Four hypotheses
 * make it 2 in 10000; the rest up to 1 in 1000 is for noise with a longer tail than
 * normal. */
#define MISS_PROBABILITY 5e-5

struct discipline_forecast discipline_forecast(const struct discipline *d)
{
	struct discipline_forecast f = { 0 };

	if (d->trusted_count == 0 || d->is_phase_lost) {
		return f;
	}
	f.is_known = true;
	f.slew = d->slew;
	f.slew_ns = d->slew_total_ns;
	f.slew_at_s = discipline_seconds(
		ns_sub(d->slew.wall_ns, ns_add(d->last_wall_ns, d->step_ns)));
	f.kernel_ppb = (double)d->frequency_ppb;
	for (size_t i = 0; i < DISCIPLINE_MODELS; i++) {
		f.wander_ppb2_s += d->models[i].weight * discipline_wander(i);
	}
	for (size_t i = 0; i < DISCIPLINE_HYPOTHESES; i++) {
		f.estimates[i] = discipline_filter_bank_hypothesis(d, i);
		f.estimates[i].phase_ns -= (double)d->step_ns;
	}
	f.all = discipline_mix(f.estimates, DISCIPLINE_HYPOTHESES);
	f.has_measured_bound = d->has_measured_bound;
	f.measured_phase_ns = (double)d->measured_offset_ns - (double)d->step_ns;
	f.measured_bound_ns = fmax((double)d->measured_bound_ns, 0.0);
	return f;
}

/* k for which probability * 2 Q(k) <= MISS_PROBABILITY, from 2 Q(k) <= exp(-k^2 / 2). */
double discipline_sigmas(double probability)
{
	return probability > MISS_PROBABILITY
	               ? sqrt(2.0 * log(probability / MISS_PROBABILITY))
	               : 0.0;
}

/* The bound of |offset - centre_ns| after `t` seconds under the hypothesis of `b`. */
static double estimate_bound_ns(const struct discipline_forecast *f,
                                const struct discipline_estimate *b, double t,
                                double centre_ns)
{
	double mean_ns = b->phase_ns + (b->freq_ppb - f->kernel_ppb) * t - centre_ns;
	double var_ns2 = b->var_phase_ns2 + 2.0 * t * b->cov_ns_ppb +
	                 t * t * b->var_freq_ppb2 + f->wander_ppb2_s * t * t * t / 3.0;

	return fabs(mean_ns) + discipline_sigmas(b->probability) * sqrt(fmax(var_ns2, 0.0));
}

/* The measured bound of the last run, plus drift since. */
static double measured_bound_ns(const struct discipline_forecast *f, double t,
                                double centre_ns)
{
	double mean_ns =
		f->measured_phase_ns + (f->all.freq_ppb - f->kernel_ppb) * t - centre_ns;
	double var_ns2 = t * t * f->all.var_freq_ppb2 + f->wander_ppb2_s * t * t * t / 3.0;

	return fabs(mean_ns) + f->measured_bound_ns +
	       discipline_sigmas(1.0) * sqrt(var_ns2);
}

double discipline_slewed_ns(const struct discipline_forecast *f, int64_t ahead_ns)
{
	const double t = discipline_seconds(ahead_ns) - f->slew_at_s;
	const struct kernel_slew then =
		kernel_slew_later(&f->slew, to_ns(fmax(t, 0.0) * (double)NS_PER_S));

	return f->slew_ns - kernel_slew_left_ns(&then);
}

double discipline_mean_ns(const struct discipline_forecast *f, int64_t ahead_ns)
{
	return f->all.phase_ns +
	       (f->all.freq_ppb - f->kernel_ppb) * discipline_seconds(ahead_ns) -
	       discipline_slewed_ns(f, ahead_ns);
}

int64_t discipline_bound_around_ns(const struct discipline_forecast *f, int64_t ahead_ns,
                                   double centre_ns)
{
	const double t = discipline_seconds(ahead_ns);
	double bound_ns = 0.0;

	if (!f->is_known) {
		return INT64_MAX;
	}
	centre_ns += discipline_slewed_ns(f, ahead_ns);
	for (size_t i = 0; i < DISCIPLINE_HYPOTHESES; i++) {
		if (f->estimates[i].probability > MISS_PROBABILITY) {
			bound_ns = fmax(bound_ns, estimate_bound_ns(f, &f->estimates[i], t,
			                                            centre_ns));
		}
	}
	if (f->has_measured_bound) {
		bound_ns = fmin(bound_ns, measured_bound_ns(f, t, centre_ns));
	}
	return to_ns(ceil(bound_ns));
}

int64_t discipline_bound_ns(const struct discipline_forecast *f, int64_t ahead_ns)
{
	return discipline_bound_around_ns(f, ahead_ns, 0.0);
}

int64_t discipline_bound_until_ns(const struct discipline_forecast *f, int64_t ahead_ns)
{
	/* Two seconds more: the current one, and that of the last part. */
	int64_t slewed_ns =
		to_ns((fabs(f->slew_ns) / (double)KERNEL_SLEW_STEP_NS + 2.0) * 1e9);
	int64_t most_ns = discipline_bound_ns(f, 0);

	if (slewed_ns < ahead_ns) {
		most_ns = ns_max(discipline_bound_ns(f, slewed_ns), most_ns);
	}
	for (int64_t i = 1; i <= 16; i++) {
		most_ns = ns_max(discipline_bound_ns(f, ahead_ns / 16 * i), most_ns);
	}
	return ns_max(discipline_bound_ns(f, ahead_ns), most_ns);
}
