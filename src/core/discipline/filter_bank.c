/* SPDX-License-Identifier: MIT
 *
 * A bank of Kalman filters, one for each pair of wander and noise, weighted by likelihood.
 *
 * STATE of one estimate: x = (phase [ns], frequency [ppb])^T, the phase being the offset
 * server - local, and P = (P11 P12; P12 P22) in ns^2, ns ppb and ppb^2.
 *
 * PREDICT over an interval of t seconds awake and T seconds in all (T > t after a suspend):
 *
 *      x <- F x - u          F = (1 t; 0 1)     u = (moved_ns, 0)^T
 *      P <- F P F^T + Q      Q = w (t^3/3 t^2/2; t^2/2 T) + (q 0; 0 0)
 *
 * w [ppb^2/s] is the wander of the model, random-walk FM; it goes on in a suspend.  q
 * [ns^2] is white phase noise: what is not known of steps, slews and suspends (interval.c).
 *
 * RESTART at the first run and after a reboot: P22 grows by w T + REBOOT_FREQ_PPB^2 (at
 * first it is PRIOR_FREQ_PPB^2), the phase is z, P12 = 0, P11 = R (nominal) or R + B^2/3
 * (outlier).
 *
 * UPDATE with the offset z [ns] of a run, H = (1 0), under hypothesis i:
 *
 *      P~ = P + Q_i            y = z - H x             S = H P~ H^T + R + R_i
 *      K = P~ H^T / S          x <- x + K y            P <- P~ - K S K^T
 *      likelihood l = S^(-1/2) exp(-y^2 / 2S)          (2 pi cancels)
 *
 * R [ns^2] is the noise of the model (noise.c), B the bound of the run:
 *
 *      i                 prior probability                    Q_i                     R_i
 *      nominal           1 - the others                       0                       0
 *      outlier           estimated, 0.01 to 0.25              0                       B^2/3
 *      phase jump        0.001; 0.2 after a step by others    (s^2 + y^2) (1 0; 0 0)  0
 *      frequency jump    0.001 to 0.2; 0.2 when retuned       f^2 (t^2 t; t 1)        0
 *
 * s is 1 s, or the size of the step that was seen.  f (10 to 640 ppm) and the prior of a
 * frequency jump grow with the number of recent runs that were not nominal.
 *
 * HYPOTHESES are merged one run late: a generalized pseudo-Bayesian filter of second order
 * (GPB2).  Each of the four estimates k of the last run is updated under each hypothesis i
 * of this one; the sixteen have p_ik ~ p_k prior_i l_ik, and moment matching over k leaves
 * one estimate for each i.  The sum of p_k prior_i l_ik is the evidence e of the model.
 *
 * MODELS: multiple-model adaptive estimation (MMAE) with a fixed bank; the states of
 * different models are never mixed.  Of M models, with a = SWITCH_PROBABILITY,
 *
 *      weight_m ~ ((1 - a) weight_m + a / M) e_m
 */
#include "core/discipline/discipline_private.h"

#include <string.h>

/* A crystal is good to 20..100 ppm.  A virtual machine may be calibrated worse; the
 * hypothesis of a frequency jump then finds it. */
#define PRIOR_FREQ_PPB 100e3
/* The TSC may be calibrated anew at each boot. */
#define REBOOT_FREQ_PPB 100.0

#define OUTLIER_DECAY 0.98
/* A phase jump: its prior, the prior when its cause was seen (for a frequency jump too),
 * its size. */
#define PRIOR_PHASE_JUMP 1e-3
#define PRIOR_JUMP_SEEN 0.2
#define PHASE_JUMP_NS 1e9
/* A frequency jump, by the number of recent runs that were not nominal: outliers are
 * rare and do not agree, so large innovations that go on come from the clock. */
static const double PRIOR_FREQ_JUMP[DISCIPLINE_OFF_NOMINAL_MAX + 1] = { 1e-3, 1e-2, 1e-1,
	                                                                2e-1 };
static const double FREQ_JUMP_PPB[DISCIPLINE_OFF_NOMINAL_MAX + 1] = { 10e3, 40e3, 160e3,
	                                                              640e3 };

/* Keeps the weight of each model above zero: the clock can change its behaviour. */
#define SWITCH_PROBABILITY 0.003

/* w: from a machine room to a laptop that is carried around.  A smaller one would win in
 * a calm week, and the bound would not hold in the next. */
static const double WANDER_PPB2_S[DISCIPLINE_WANDERS] = {
	0.1, 1.0, 10.0, 100.0, 1e3,
};

struct prior {
	double probability;
	double q_phase_ns2;
	double q_freq_ppb2;
	double r_ns2;
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
	                    wander * t * t * t / 3.0 + iv->q_phase_ns2;
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

/* Priors of the four hypotheses for an estimate with the innovation `innovation_ns`. */
static void hypothesis_priors(const struct discipline *d,
                              const struct discipline_interval *iv, double bound_ns,
                              double innovation_ns, struct prior ret[DISCIPLINE_HYPOTHESES])
{
	memset(ret, 0, DISCIPLINE_HYPOTHESES * sizeof(ret[0]));
	ret[DISCIPLINE_OUTLIER].probability = clamp(
		d->outlier_probability, DISCIPLINE_OUTLIER_MIN, DISCIPLINE_OUTLIER_MAX);
	ret[DISCIPLINE_OUTLIER].r_ns2 = square(bound_ns) / 3.0;

	/* A jump can have any size, so its variance follows the innovation.  A step by
	 * others need not move the offset (at a leap second the servers step too): then
	 * the prediction is off by its size. */
	if (iv->stepped_ns != 0.0) {
		ret[DISCIPLINE_PHASE_JUMP].probability = PRIOR_JUMP_SEEN;
		ret[DISCIPLINE_PHASE_JUMP].q_phase_ns2 = square(iv->stepped_ns);
	} else {
		ret[DISCIPLINE_PHASE_JUMP].probability = PRIOR_PHASE_JUMP;
		ret[DISCIPLINE_PHASE_JUMP].q_phase_ns2 = square(PHASE_JUMP_NS);
	}
	ret[DISCIPLINE_PHASE_JUMP].q_phase_ns2 += square(innovation_ns);

	ret[DISCIPLINE_FREQ_JUMP].probability =
		iv->is_retuned ? PRIOR_JUMP_SEEN : PRIOR_FREQ_JUMP[d->off_nominal_count];
	ret[DISCIPLINE_FREQ_JUMP].q_freq_ppb2 = square(FREQ_JUMP_PPB[d->off_nominal_count]);

	ret[DISCIPLINE_NOMINAL].probability = 1.0 - ret[DISCIPLINE_OUTLIER].probability -
	                                      ret[DISCIPLINE_PHASE_JUMP].probability -
	                                      ret[DISCIPLINE_FREQ_JUMP].probability;
}

/* Kalman update under one hypothesis; returns the log of p_k prior_i l_ik. */
static double hypothesis_update(const struct discipline_estimate *m,
                                const struct prior *prior, double run_s, double r_ns2,
                                double offset_ns, struct discipline_estimate *ret)
{
	double r = r_ns2 + prior->r_ns2;
	double p_phase =
		m->var_phase_ns2 + prior->q_phase_ns2 + square(run_s) * prior->q_freq_ppb2;
	double p_cov = m->cov_ns_ppb + run_s * prior->q_freq_ppb2;
	double p_freq = m->var_freq_ppb2 + prior->q_freq_ppb2;
	double innovation_var = p_phase + r;
	double innovation = offset_ns - m->phase_ns;

	ret->phase_ns = m->phase_ns + p_phase / innovation_var * innovation;
	ret->freq_ppb = m->freq_ppb + p_cov / innovation_var * innovation;
	ret->var_phase_ns2 = p_phase * (r / innovation_var);
	ret->cov_ns_ppb = p_cov * (r / innovation_var);
	/* p_freq - p_cov^2 / innovation_var, written so that rounding cannot make it
	 * negative */
	ret->var_freq_ppb2 =
		(p_freq * r + fmax(p_freq * p_phase - p_cov * p_cov, 0.0)) / innovation_var;
	if (m->probability <= 0.0 || prior->probability <= 0.0) {
		return -INFINITY;
	}
	return log(m->probability * prior->probability) -
	       0.5 * (log(innovation_var) + innovation * innovation / innovation_var);
}

struct discipline_estimate discipline_mix(const struct discipline_estimate *parts,
                                          size_t count)
{
	struct discipline_estimate m = { 0 };

	for (size_t i = 0; i < count; i++) {
		m.probability += parts[i].probability;
	}
	for (size_t i = 0; i < count && m.probability > 0.0; i++) {
		m.phase_ns += parts[i].probability / m.probability * parts[i].phase_ns;
		m.freq_ppb += parts[i].probability / m.probability * parts[i].freq_ppb;
	}
	for (size_t i = 0; i < count && m.probability > 0.0; i++) {
		double probability = parts[i].probability / m.probability;
		double d_phase = parts[i].phase_ns - m.phase_ns;
		double d_freq = parts[i].freq_ppb - m.freq_ppb;

		m.var_phase_ns2 +=
			probability * (parts[i].var_phase_ns2 + d_phase * d_phase);
		m.cov_ns_ppb += probability * (parts[i].cov_ns_ppb + d_phase * d_freq);
		m.var_freq_ppb2 += probability * (parts[i].var_freq_ppb2 + d_freq * d_freq);
	}
	return m;
}

/* Turns log weights into probabilities of sum 1; returns the log of the sum. */
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

/* GPB2 step of one model; returns its log evidence. */
static double model_update(struct discipline_model *m, const struct discipline *d,
                           const struct discipline_interval *iv, double r_ns2,
                           double bound_ns, double offset_ns)
{
	struct prior priors[DISCIPLINE_HYPOTHESES];
	struct discipline_estimate parts[DISCIPLINE_HYPOTHESES][DISCIPLINE_HYPOTHESES] = {
		0
	};
	double posterior[DISCIPLINE_HYPOTHESES * DISCIPLINE_HYPOTHESES];
	double log_evidence;
	size_t at = 0;

	for (size_t k = 0; k < DISCIPLINE_HYPOTHESES; k++) {
		hypothesis_priors(d, iv, bound_ns, offset_ns - m->estimates[k].phase_ns,
		                  priors);
		for (size_t i = 0; i < DISCIPLINE_HYPOTHESES; i++) {
			posterior[i * DISCIPLINE_HYPOTHESES + k] =
				hypothesis_update(&m->estimates[k], &priors[i], iv->run_s,
			                          r_ns2, offset_ns, &parts[i][k]);
		}
	}
	log_evidence = normalise(posterior, COUNT_OF(posterior));
	for (size_t i = 0; i < DISCIPLINE_HYPOTHESES; i++) {
		for (size_t k = 0; k < DISCIPLINE_HYPOTHESES; k++) {
			parts[i][k].probability = posterior[at++];
		}
		m->estimates[i] = discipline_mix(parts[i], DISCIPLINE_HYPOTHESES);
	}
	return log_evidence;
}

static void update_weights(struct discipline *d, double log_evidence[DISCIPLINE_MODELS])
{
	for (size_t i = 0; i < DISCIPLINE_MODELS; i++) {
		double probability = (1.0 - SWITCH_PROBABILITY) * d->models[i].weight +
		                     SWITCH_PROBABILITY / DISCIPLINE_MODELS;

		log_evidence[i] = log(probability) + log_evidence[i];
	}
	normalise(log_evidence, DISCIPLINE_MODELS);
	for (size_t i = 0; i < DISCIPLINE_MODELS; i++) {
		d->models[i].weight = log_evidence[i];
	}
}

void discipline_filter_bank_update(struct discipline *d,
                                   const struct discipline_interval *iv,
                                   const struct discipline_observation *found)
{
	double r_ns2[DISCIPLINE_NOISES];
	double log_evidence[DISCIPLINE_MODELS];
	double bound_ns = fmax((double)found->bound_ns, 0.0);
	double nominal = 0.0;
	double outlier = 0.0;

	discipline_noise_variances(d, found, r_ns2);
	for (size_t i = 0; i < DISCIPLINE_MODELS; i++) {
		struct discipline_model *m = &d->models[i];

		log_evidence[i] = model_update(m, d, iv, r_ns2[i % DISCIPLINE_NOISES],
		                               bound_ns, (double)found->offset_ns);
		nominal += m->weight * m->estimates[DISCIPLINE_NOMINAL].probability;
		outlier += m->weight * m->estimates[DISCIPLINE_OUTLIER].probability;
	}
	update_weights(d, log_evidence);
	d->outlier_probability =
		OUTLIER_DECAY * d->outlier_probability + (1.0 - OUTLIER_DECAY) * outlier;
	if (nominal < 0.5) {
		d->off_nominal_count += d->off_nominal_count < DISCIPLINE_OFF_NOMINAL_MAX;
	} else {
		d->off_nominal_count -= d->off_nominal_count > 0;
	}
}

void discipline_filter_bank_restart(struct discipline *d,
                                    const struct discipline_observation *found)
{
	double r_ns2[DISCIPLINE_NOISES];
	double bound_ns = fmax((double)found->bound_ns, 0.0);

	discipline_noise_variances(d, found, r_ns2);
	for (size_t i = 0; i < DISCIPLINE_MODELS; i++) {
		struct discipline_estimate *estimates = d->models[i].estimates;
		struct discipline_estimate nominal =
			discipline_mix(estimates, DISCIPLINE_HYPOTHESES);
		struct discipline_estimate outlier;

		nominal.phase_ns = (double)found->offset_ns;
		nominal.var_phase_ns2 = r_ns2[i % DISCIPLINE_NOISES];
		nominal.cov_ns_ppb = 0.0;
		outlier = nominal;
		outlier.var_phase_ns2 += square(bound_ns) / 3.0;
		outlier.probability = clamp(d->outlier_probability, DISCIPLINE_OUTLIER_MIN,
		                            DISCIPLINE_OUTLIER_MAX);
		nominal.probability = 1.0 - outlier.probability;
		memset(estimates, 0, sizeof(d->models[i].estimates));
		estimates[DISCIPLINE_NOMINAL] = nominal;
		estimates[DISCIPLINE_OUTLIER] = outlier;
	}
}

void discipline_filter_bank_start(struct discipline *d)
{
	/* A kernel frequency that no crystal needs is no prior. */
	const bool is_usual = ns_abs(d->frequency_ppb) <= DISCIPLINE_FREQUENCY_USUAL_PPB;

	for (size_t i = 0; i < DISCIPLINE_MODELS; i++) {
		d->models[i] =
			(struct discipline_model){ .weight = 1.0 / DISCIPLINE_MODELS };
		d->models[i].estimates[DISCIPLINE_NOMINAL] = (struct discipline_estimate){
			.freq_ppb = is_usual ? (double)d->frequency_ppb : 0.0,
			.var_freq_ppb2 = square(PRIOR_FREQ_PPB),
			.probability = 1.0,
		};
	}
}

struct discipline_estimate discipline_filter_bank_hypothesis(const struct discipline *d,
                                                             size_t hypothesis)
{
	struct discipline_estimate all[DISCIPLINE_MODELS];

	for (size_t i = 0; i < DISCIPLINE_MODELS; i++) {
		all[i] = d->models[i].estimates[hypothesis];
		all[i].probability *= d->models[i].weight;
	}
	return discipline_mix(all, DISCIPLINE_MODELS);
}

struct discipline_estimate discipline_filter_bank_estimate(const struct discipline *d)
{
	struct discipline_estimate all[DISCIPLINE_HYPOTHESES];

	for (size_t i = 0; i < DISCIPLINE_HYPOTHESES; i++) {
		all[i] = discipline_filter_bank_hypothesis(d, i);
	}
	return discipline_mix(all, DISCIPLINE_HYPOTHESES);
}
