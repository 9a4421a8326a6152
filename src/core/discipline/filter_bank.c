/* SPDX-License-Identifier: MIT */
#include "core/discipline/discipline_private.h"

#include <string.h>

/* A crystal is good to 20..100 ppm; a virtual machine's calibration can be worse, which the
 * hypothesis of a frequency jump then finds. */
#define PRIOR_FREQ_PPB 100e3
/* A processor's clock may be calibrated afresh at each boot. */
#define REBOOT_FREQ_PPB 100.0

#define OUTLIER_DECAY 0.98
/* A jump of the phase: its prior, the same when something was seen that may have caused
 * it, its size. */
#define PRIOR_PHASE_JUMP 1e-3
#define PRIOR_WARNED 0.2
#define PHASE_JUMP_NS 1e9
/* A jump of the frequency, by how many runs of late were a surprise: liars are rare and do
 * not agree, so what goes on missing is the clock itself. */
static const double PRIOR_FREQ_JUMP[DISCIPLINE_SURPRISES_MAX + 1] = { 1e-3, 1e-2, 1e-1,
	                                                              2e-1 };
static const double FREQ_JUMP_PPB[DISCIPLINE_SURPRISES_MAX + 1] = { 10e3, 40e3, 160e3,
	                                                            640e3 };

/* No model may die out: what the clock does tomorrow need not be what it did today. */
#define WEIGHT_SHARED 0.003

/* Frequency random walk, variance per second in ppb^2/s: from a machine room to a laptop
 * that is carried around.  Less could be learnt in a calm week, and then the bound would
 * not hold in the next. */
static const double WANDER_PPB2_S[DISCIPLINE_WANDERS] = {
	0.1, 1.0, 10.0, 100.0, 1e3,
};

struct prior {
	double probability;
	double add_phase_ns2;
	double add_freq_ppb2;
	double noise_ns2;
};

double discipline_wander(size_t model)
{
	return WANDER_PPB2_S[model / DISCIPLINE_NOISES];
}

static void estimate_predict(struct discipline_estimate *m,
                             const struct discipline_interval *iv, double wander)
{
	double t = iv->run_s;

	if (iv->is_lost) {
		m->var_freq_ppb2 += wander * iv->all_s + square(REBOOT_FREQ_PPB);
		return;
	}
	m->phase_ns += m->freq_ppb * t - iv->moved_ns;
	m->var_phase_ns2 += 2.0 * t * m->cov_ns_ppb + t * t * m->var_freq_ppb2 +
	                    wander * t * t * t / 3.0 + iv->doubt_ns2;
	m->cov_ns_ppb += t * m->var_freq_ppb2 + wander * t * t / 2.0;
	m->var_freq_ppb2 += wander * iv->all_s;
}

void discipline_filter_bank_predict(struct discipline *d,
                                    const struct discipline_interval *iv)
{
	for (size_t i = 0; i < DISCIPLINE_MODELS; i++) {
		for (size_t k = 0; k < DISCIPLINE_HYPOTHESES; k++) {
			estimate_predict(&d->models[i].estimates[k], iv,
			                 discipline_wander(i));
		}
	}
}

/* The four hypotheses of a run; `surprise_ns` is by how much it misses what was expected. */
static void hypothesis_priors(const struct discipline *d,
                              const struct discipline_interval *iv, double bound_ns,
                              double surprise_ns, struct prior ret[DISCIPLINE_HYPOTHESES])
{
	memset(ret, 0, DISCIPLINE_HYPOTHESES * sizeof(ret[0]));
	ret[DISCIPLINE_OUTLIER].probability =
		clamp(d->outlier_share, DISCIPLINE_OUTLIER_MIN, DISCIPLINE_OUTLIER_MAX);
	ret[DISCIPLINE_OUTLIER].noise_ns2 = square(bound_ns) / 3.0;

	/* It can be of any size: its spread follows what is seen.  A step by others may be
	 * none (a leap second, which the servers have too): then it is of that size. */
	if (iv->stepped_ns != 0.0) {
		ret[DISCIPLINE_PHASE_JUMP].probability = PRIOR_WARNED;
		ret[DISCIPLINE_PHASE_JUMP].add_phase_ns2 = square(iv->stepped_ns);
	} else {
		ret[DISCIPLINE_PHASE_JUMP].probability = PRIOR_PHASE_JUMP;
		ret[DISCIPLINE_PHASE_JUMP].add_phase_ns2 = square(PHASE_JUMP_NS);
	}
	ret[DISCIPLINE_PHASE_JUMP].add_phase_ns2 += square(surprise_ns);

	ret[DISCIPLINE_FREQ_JUMP].probability =
		iv->is_retuned ? PRIOR_WARNED : PRIOR_FREQ_JUMP[d->surprise_count];
	ret[DISCIPLINE_FREQ_JUMP].add_freq_ppb2 = square(FREQ_JUMP_PPB[d->surprise_count]);

	ret[DISCIPLINE_NOMINAL].probability = 1.0 - ret[DISCIPLINE_OUTLIER].probability -
	                                      ret[DISCIPLINE_PHASE_JUMP].probability -
	                                      ret[DISCIPLINE_FREQ_JUMP].probability;
}

/* One hypothesis's posterior; returns the logarithm of prior times likelihood. */
static double hypothesis_update(const struct discipline_estimate *m, const struct prior *g,
                                double run_s, double noise_ns2, double offset_ns,
                                struct discipline_estimate *ret)
{
	double r = noise_ns2 + g->noise_ns2;
	double pxx = m->var_phase_ns2 + g->add_phase_ns2 + square(run_s) * g->add_freq_ppb2;
	double pxw = m->cov_ns_ppb + run_s * g->add_freq_ppb2;
	double pww = m->var_freq_ppb2 + g->add_freq_ppb2;
	double s = pxx + r;
	double miss = offset_ns - m->phase_ns;

	ret->phase_ns = m->phase_ns + pxx / s * miss;
	ret->freq_ppb = m->freq_ppb + pxw / s * miss;
	ret->var_phase_ns2 = pxx * (r / s);
	ret->cov_ns_ppb = pxw * (r / s);
	/* pww - pxw^2 / s, written so that rounding cannot make it negative */
	ret->var_freq_ppb2 = (pww * r + fmax(pww * pxx - pxw * pxw, 0.0)) / s;
	if (m->share <= 0.0 || g->probability <= 0.0) {
		return -INFINITY;
	}
	return log(m->share * g->probability) - 0.5 * (log(s) + miss * miss / s);
}

/* Mean and covariance of a mixture; the parts' shares may have any sum, which is
 * that of the result. */
struct discipline_estimate discipline_mix(const struct discipline_estimate *parts,
                                          size_t count)
{
	struct discipline_estimate m = { 0 };

	for (size_t i = 0; i < count; i++) {
		m.share += parts[i].share;
	}
	for (size_t i = 0; i < count && m.share > 0.0; i++) {
		m.phase_ns += parts[i].share / m.share * parts[i].phase_ns;
		m.freq_ppb += parts[i].share / m.share * parts[i].freq_ppb;
	}
	for (size_t i = 0; i < count && m.share > 0.0; i++) {
		double share = parts[i].share / m.share;
		double dx = parts[i].phase_ns - m.phase_ns;
		double dw = parts[i].freq_ppb - m.freq_ppb;

		m.var_phase_ns2 += share * (parts[i].var_phase_ns2 + dx * dx);
		m.cov_ns_ppb += share * (parts[i].cov_ns_ppb + dx * dw);
		m.var_freq_ppb2 += share * (parts[i].var_freq_ppb2 + dw * dw);
	}
	return m;
}

/* Makes logarithms into shares of 1; returns the logarithm of their sum. */
static double normalise(double *logs, size_t count)
{
	double most = logs[0];
	double sum = 0.0;

	for (size_t i = 1; i < count; i++) {
		most = fmax(most, logs[i]);
	}
	for (size_t i = 0; i < count; i++) {
		logs[i] = exp(logs[i] - most);
		sum += logs[i];
	}
	for (size_t i = 0; i < count; i++) {
		logs[i] /= sum;
	}
	return most + log(sum);
}

/* What one run says to one model: every hypothesis told after every hypothesis of the run before,
 * then joined by the later one.  Returns the logarithm of how likely the run was. */
static double model_update(struct discipline_model *m, const struct discipline *d,
                           const struct discipline_interval *iv, double noise_ns2,
                           double bound_ns, double offset_ns)
{
	struct prior priors[DISCIPLINE_HYPOTHESES];
	struct discipline_estimate parts[DISCIPLINE_HYPOTHESES][DISCIPLINE_HYPOTHESES] = {
		0
	};
	double share[DISCIPLINE_HYPOTHESES * DISCIPLINE_HYPOTHESES];
	double evidence;
	size_t at = 0;

	for (size_t k = 0; k < DISCIPLINE_HYPOTHESES; k++) {
		hypothesis_priors(d, iv, bound_ns, offset_ns - m->estimates[k].phase_ns,
		                  priors);
		for (size_t i = 0; i < DISCIPLINE_HYPOTHESES; i++) {
			share[i * DISCIPLINE_HYPOTHESES + k] =
				hypothesis_update(&m->estimates[k], &priors[i], iv->run_s,
			                          noise_ns2, offset_ns, &parts[i][k]);
		}
	}
	evidence = normalise(share, COUNT_OF(share));
	for (size_t i = 0; i < DISCIPLINE_HYPOTHESES; i++) {
		for (size_t k = 0; k < DISCIPLINE_HYPOTHESES; k++) {
			parts[i][k].share = share[at++];
		}
		m->estimates[i] = discipline_mix(parts[i], DISCIPLINE_HYPOTHESES);
	}
	return evidence;
}

static void reweigh(struct discipline *d, double evidence[DISCIPLINE_MODELS])
{
	for (size_t i = 0; i < DISCIPLINE_MODELS; i++) {
		double probability = (1.0 - WEIGHT_SHARED) * d->models[i].weight +
		                     WEIGHT_SHARED / DISCIPLINE_MODELS;

		evidence[i] = log(probability) + evidence[i];
	}
	normalise(evidence, DISCIPLINE_MODELS);
	for (size_t i = 0; i < DISCIPLINE_MODELS; i++) {
		d->models[i].weight = evidence[i];
	}
}

void discipline_filter_bank_update(struct discipline *d,
                                   const struct discipline_interval *iv,
                                   const struct discipline_observation *found)
{
	double noise_ns2[DISCIPLINE_NOISES];
	double evidence[DISCIPLINE_MODELS];
	double bound_ns = fmax((double)found->bound_ns, 0.0);
	double good = 0.0;
	double outlier = 0.0;

	discipline_noise_variances(d, found, noise_ns2);
	for (size_t i = 0; i < DISCIPLINE_MODELS; i++) {
		struct discipline_model *m = &d->models[i];

		evidence[i] = model_update(m, d, iv, noise_ns2[i % DISCIPLINE_NOISES],
		                           bound_ns, (double)found->offset_ns);
		good += m->weight * m->estimates[DISCIPLINE_NOMINAL].share;
		outlier += m->weight * m->estimates[DISCIPLINE_OUTLIER].share;
	}
	reweigh(d, evidence);
	d->outlier_share =
		OUTLIER_DECAY * d->outlier_share + (1.0 - OUTLIER_DECAY) * outlier;
	if (good < 0.5) {
		d->surprise_count += d->surprise_count < DISCIPLINE_SURPRISES_MAX;
	} else {
		d->surprise_count -= d->surprise_count > 0;
	}
}

/* The phase is known from this run alone; the frequency stays what it was. */
void discipline_filter_bank_restart(struct discipline *d,
                                    const struct discipline_observation *found)
{
	double noise_ns2[DISCIPLINE_NOISES];
	double bound_ns = fmax((double)found->bound_ns, 0.0);

	discipline_noise_variances(d, found, noise_ns2);
	for (size_t i = 0; i < DISCIPLINE_MODELS; i++) {
		struct discipline_estimate *estimates = d->models[i].estimates;
		struct discipline_estimate good =
			discipline_mix(estimates, DISCIPLINE_HYPOTHESES);
		struct discipline_estimate outlier;

		good.phase_ns = (double)found->offset_ns;
		good.var_phase_ns2 = noise_ns2[i % DISCIPLINE_NOISES];
		good.cov_ns_ppb = 0.0;
		outlier = good;
		outlier.var_phase_ns2 += square(bound_ns) / 3.0;
		outlier.share = clamp(d->outlier_share, DISCIPLINE_OUTLIER_MIN,
		                      DISCIPLINE_OUTLIER_MAX);
		good.share = 1.0 - outlier.share;
		memset(estimates, 0, sizeof(d->models[i].estimates));
		estimates[DISCIPLINE_NOMINAL] = good;
		estimates[DISCIPLINE_OUTLIER] = outlier;
	}
}

void discipline_filter_bank_start(struct discipline *d)
{
	/* What no crystal is wrong by says nothing of this one. */
	const int64_t usual_ppb = DISCIPLINE_FREQUENCY_USUAL_PPB;
	const bool is_usual =
		d->frequency_ppb >= -usual_ppb && d->frequency_ppb <= usual_ppb;

	for (size_t i = 0; i < DISCIPLINE_MODELS; i++) {
		d->models[i] =
			(struct discipline_model){ .weight = 1.0 / DISCIPLINE_MODELS };
		d->models[i].estimates[DISCIPLINE_NOMINAL] = (struct discipline_estimate){
			.freq_ppb = is_usual ? (double)d->frequency_ppb : 0.0,
			.var_freq_ppb2 = square(PRIOR_FREQ_PPB),
			.share = 1.0,
		};
	}
}

/* What the whole filter bank believes after one hypothesis, its share in `share`. */
struct discipline_estimate discipline_filter_bank_of(const struct discipline *d,
                                                     size_t hypothesis)
{
	struct discipline_estimate all[DISCIPLINE_MODELS];

	for (size_t i = 0; i < DISCIPLINE_MODELS; i++) {
		all[i] = d->models[i].estimates[hypothesis];
		all[i].share *= d->models[i].weight;
	}
	return discipline_mix(all, DISCIPLINE_MODELS);
}

struct discipline_estimate discipline_filter_bank(const struct discipline *d)
{
	struct discipline_estimate all[DISCIPLINE_HYPOTHESES];

	for (size_t i = 0; i < DISCIPLINE_HYPOTHESES; i++) {
		all[i] = discipline_filter_bank_of(d, i);
	}
	return discipline_mix(all, DISCIPLINE_HYPOTHESES);
}
