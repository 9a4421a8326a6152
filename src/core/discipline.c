/* SPDX-License-Identifier: MIT
 *
 * A bank of Kalman filters over the recorded runs; include/core/discipline.h says how
 * it is used.  Inside: ns, ppb and s as doubles, so that ppb * s = ns.
 */
#include "core/discipline.h"

#include <math.h>
#include <string.h>

/* A crystal is good to 20..100 ppm; a virtual machine's calibration can be worse, which the
 * story of a frequency jump then finds. */
#define PRIOR_FREQ_PPB 100e3
/* A processor's clock may be calibrated afresh at each boot. */
#define REBOOT_FREQ_PPB 100.0
/* The real-time clock that carries a suspended system has a resolution of 1 s. */
#define SUSPEND_NS 1e9
#define SUSPEND_LEAST_NS (10 * NS_PER_MS)
/* Kernel stamps, the scheduler and the path's own asymmetry: no run is surer than this. */
#define NOISE_FLOOR_NS 5e3
/* Clocks read one after the other differ by this, and so does a step seen in them. */
#define STEP_SEEN_NS INT64_C(100000)
#define STEP_DOUBT_NS 50e3
#define SLEW_TOLERANCE_NS 2e6

/* Liars: how many there are is learnt within limits. */
#define PRIOR_LIE 0.05
#define LIE_LEAST 0.01
#define LIE_MOST 0.25
#define LIE_MEMORY 0.98
/* A jump of the phase: its prior, the same when something was seen that may have caused
 * it, its size. */
#define PRIOR_PHASE_JUMP 1e-3
#define PRIOR_WARNED 0.2
#define PHASE_JUMP_NS 1e9
/* A jump of the frequency, by how many runs of late were a surprise: liars are rare and do
 * not agree, so what goes on missing is the clock itself. */
enum { SURPRISES_MAX = 3 };
static const double PRIOR_FREQ_JUMP[SURPRISES_MAX + 1] = { 1e-3, 1e-2, 1e-1, 2e-1 };
static const double FREQ_JUMP_PPB[SURPRISES_MAX + 1] = { 10e3, 40e3, 160e3, 640e3 };

/* No model may die out: what the clock does tomorrow need not be what it did today. */
#define WEIGHT_SHARED 0.003

#define SPREAD_MEMORY 0.95 /* what a run leaves of the weight of those before */
/* Share of all seconds in which a story may leave the truth outside the bound.  Four
 * stories make it 2 in 10000; the rest up to 1 in 1000 is for noise with a longer tail
 * than normal. */
#define MISSES 5e-5
#define ELAPSED_MAX_S 1e9
#define KERNEL_MAX_PPB (INT64_C(1000) * 1000 * 1000) /* nonsense beyond */
#define SAMPLES_MAX 64                               /* more say no more of the noise */
#define LEARNT_PPB 1000.0

/* Frequency random walk, variance per second in ppb^2/s: from a machine room to a laptop
 * that is carried around.  Less could be learnt in a calm week, and then the bound would
 * not hold in the next. */
static const double WANDER_PPB2_S[DISCIPLINE_WANDERS] = {
	0.1, 1.0, 10.0, 100.0, 1e3,
};

/* Two ways to infer how noisy one run is, each times what the residuals say that it misses:
 * from how far its bound exceeds the smallest of late, or from the spread of delays. */
static const struct noise_kind {
	bool is_from_width;
	double factor;
} NOISE_KINDS[DISCIPLINE_NOISES] = {
	{ true, 1.0 }, { false, 1.0 }, { false, 4.0 }, { false, 16.0 }, { false, 64.0 },
};

/* What is known of the time between two observations. */
struct interval {
	double run_s;      /* awake */
	double all_s;      /* asleep too */
	double moved_ns;   /* what the kernel, the slews and the steps did to the clock */
	double doubt_ns2;  /* variance of the phase that this leaves */
	bool is_lost;      /* nothing is known of the phase */
	double stepped_ns; /* by somebody else; 0 = not */
	bool is_retuned;   /* the kernel's frequency, by somebody else */
};

struct guess {
	double prior;
	double add_phase_ns2;
	double add_freq_ppb2;
	double noise_ns2;
};

static double square(double x)
{
	return x * x;
}

static double clamp(double x, double lo, double hi)
{
	return x < lo ? lo : x > hi ? hi : x;
}

static int64_t clamp_integer(int64_t x, int64_t lo, int64_t hi)
{
	return x < lo ? lo : x > hi ? hi : x;
}

static int64_t to_ns(double ns)
{
	return (int64_t)llround(clamp(ns, -9e18, 9e18));
}

static double seconds_from_ns(int64_t ns)
{
	return clamp((double)ns / (double)NS_PER_S, 0.0, ELAPSED_MAX_S);
}

/* a - b, saturating also where -b cannot be written. */
static int64_t ns_diff(int64_t a_ns, int64_t b_ns)
{
	return instant_diff_ns((struct instant){ a_ns }, (struct instant){ b_ns });
}

static int64_t kernel_ppb(int64_t ppb)
{
	return clamp_integer(ppb, -KERNEL_MAX_PPB, KERNEL_MAX_PPB);
}

const char *discipline_state_name(enum discipline_state state)
{
	switch (state) {
	case DISCIPLINE_IGNORANT:
		return "ignorant";
	case DISCIPLINE_LEARNING:
		return "learning";
	case DISCIPLINE_STEADY:
		return "steady";
	case DISCIPLINE_DOUBTING:
		return "doubting";
	}
	return "unknown";
}

void discipline_init(struct discipline *d)
{
	memset(d, 0, sizeof(*d));
	d->version = DISCIPLINE_VERSION;
	d->lie_share = PRIOR_LIE;
}

/* What adjtime() has left of `slew_ns` after `run_s`. */
static double slew_left(double slew_ns, double run_s)
{
	double done_ns = (double)DISCIPLINE_SLEW_PPB * run_s;

	if (fabs(slew_ns) <= done_ns) {
		return 0.0;
	}
	return slew_ns > 0.0 ? slew_ns - done_ns : slew_ns + done_ns;
}

/* The difference of wall clock and boot time changes by steps alone: not by frequency
 * or slews, which move both, and not by a suspend, which is added to both. */
static void interval_add_steps(const struct discipline *d,
                               const struct discipline_observation *found,
                               struct interval *iv)
{
	int64_t wall_ns = ns_diff(found->at.unix_ns, d->last_wall_ns);
	int64_t boot_ns = ns_diff(found->boottime_ns, d->last_boottime_ns);
	int64_t others_ns = ns_diff(ns_diff(wall_ns, boot_ns), d->step_ns);

	iv->moved_ns += (double)d->step_ns;
	if (others_ns > STEP_SEEN_NS || others_ns < -STEP_SEEN_NS) {
		iv->stepped_ns = (double)others_ns;
		iv->moved_ns += (double)others_ns;
		iv->doubt_ns2 += square(STEP_DOUBT_NS);
	}
}

static void interval_add_slew(const struct discipline *d,
                              const struct discipline_observation *found,
                              struct interval *iv)
{
	double ordered_ns = (double)d->slew_ns;
	double expected_ns = slew_left(ordered_ns, iv->run_s);
	double left_ns = found->has_kernel ? (double)found->slew_left_ns : expected_ns;
	double lasts_s = fabs(ordered_ns) / (double)DISCIPLINE_SLEW_PPB;

	iv->moved_ns += ordered_ns - left_ns;
	if (fabs(left_ns - expected_ns) > SLEW_TOLERANCE_NS + 0.01 * fabs(ordered_ns)) {
		iv->doubt_ns2 += square(left_ns - expected_ns);
	}
	/* A step makes the kernel forget the rest of a slew, and when it came is not known. */
	if (iv->stepped_ns != 0.0 && lasts_s > 0.0) {
		iv->doubt_ns2 += fmin(1.0, lasts_s / fmax(iv->run_s, 1.0)) *
		                 square(ordered_ns) / 3.0;
	}
}

static void interval_add_frequency(const struct discipline *d,
                                   const struct discipline_observation *found,
                                   struct interval *iv)
{
	double before_ppb = (double)d->frequency_ppb;
	double after_ppb =
		found->has_kernel ? (double)kernel_ppb(found->frequency_ppb) : before_ppb;
	double apart_ns = (after_ppb - before_ppb) * iv->run_s;

	iv->moved_ns += before_ppb * iv->run_s;
	/* The kernel rounds to 2^-16 ppm, the caller to 1 ppb. */
	if (fabs(after_ppb - before_ppb) > 2.0) {
		/* At any moment of the interval, each as likely as the other. */
		iv->is_retuned = true;
		iv->moved_ns += apart_ns / 2.0;
		iv->doubt_ns2 += square(apart_ns) / 12.0;
	}
}

static struct interval interval_since_last(const struct discipline *d,
                                           const struct discipline_observation *found)
{
	int64_t all_ns = ns_diff(found->boottime_ns, d->last_boottime_ns);
	int64_t run_ns = ns_diff(found->monotonic_ns, d->last_monotonic_ns);
	struct interval iv = { 0 };

	iv.is_lost = d->is_phase_lost || found->is_new_boot || all_ns < 0 || run_ns < 0;
	if (iv.is_lost) {
		/* Only the servers can say how long it was. */
		if (found->is_trusted) {
			iv.all_s = seconds_from_ns(ns_diff(
				ns_add(found->at.unix_ns, found->offset_ns), d->server_ns));
		}
		return iv;
	}
	iv.run_s = seconds_from_ns(run_ns);
	iv.all_s = fmax(seconds_from_ns(all_ns), iv.run_s);
	if (ns_diff(all_ns, run_ns) > SUSPEND_LEAST_NS) {
		iv.doubt_ns2 += square(SUSPEND_NS);
	}
	interval_add_steps(d, found, &iv);
	interval_add_slew(d, found, &iv);
	interval_add_frequency(d, found, &iv);
	return iv;
}

static double wander_of(size_t model)
{
	return WANDER_PPB2_S[model / DISCIPLINE_NOISES];
}

static void belief_predict(struct discipline_belief *m, const struct interval *iv,
                           double wander)
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

static void predict(struct discipline *d, const struct interval *iv)
{
	for (size_t i = 0; i < DISCIPLINE_MODELS; i++) {
		for (size_t k = 0; k < DISCIPLINE_STORIES; k++) {
			belief_predict(&d->models[i].beliefs[k], iv, wander_of(i));
		}
	}
}

/* Mean of (delay - smallest delay) of `n` exchanges, when each way has an exponential
 * delay of scale 1 on top: 2 less the mean of the smallest of n sums of two. */
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
static void learn_spread(struct discipline *d, const struct discipline_observation *found)
{
	unsigned n = sample_count_of(found);
	double scale_ns = 0.0;
	double weight = 0.0;

	if (n > 1) {
		scale_ns = fmax((double)found->jitter_ns, 0.0) / spread_per_scale(n);
		weight = n - 1;
	} else if (d->is_last_single) {
		scale_ns = fabs((double)ns_diff(found->delay_ns, d->last_delay_ns)) / 1.5;
		weight = 0.5;
	}
	d->spread_sum_ns = d->spread_sum_ns * SPREAD_MEMORY + scale_ns * weight;
	d->spread_weight = d->spread_weight * SPREAD_MEMORY + weight;
	d->is_last_single = n == 1;
	d->last_delay_ns = found->delay_ns;
}

static void learn_width(struct discipline *d, double bound_ns)
{
	d->widths_ns[d->width_at] = bound_ns;
	d->width_at = (d->width_at + 1) % DISCIPLINE_WIDTHS;
	if (d->width_count < DISCIPLINE_WIDTHS) {
		d->width_count++;
	}
}

/* Given how far the joined interval exceeds the shortest that the path allows, the error of
 * its middle is uniform within that excess: what one way lacks the other has. */
static double noise_from_width(const struct discipline *d, double bound_ns)
{
	double least_ns = bound_ns;
	double mean_ns = 0.0;
	double excess_ns;

	for (size_t i = 0; i < d->width_count; i++) {
		least_ns = fmin(least_ns, d->widths_ns[i]);
		mean_ns += d->widths_ns[i] / d->width_count;
	}
	/* The shortest seen is not the shortest that there is. */
	excess_ns = bound_ns - least_ns + (mean_ns - least_ns) / sqrt(d->width_count);
	if (d->width_count < 4) {
		excess_ns = bound_ns;
	}
	return square(excess_ns) / 3.0;
}

/* The smallest of n exponentials each way, half their difference. */
static double noise_from_spread(const struct discipline *d, unsigned n)
{
	double scale_ns;

	if (d->spread_weight <= 0.0) {
		return INFINITY;
	}
	scale_ns = d->spread_sum_ns / d->spread_weight / n;
	return square(scale_ns) / 2.0 * (1.0 + 2.0 / d->spread_weight);
}

static void noise_variances(const struct discipline *d,
                            const struct discipline_observation *found,
                            double ret_ns2[DISCIPLINE_NOISES])
{
	double bound_ns = fmax((double)found->bound_ns, 0.0);
	double from_width = noise_from_width(d, bound_ns);
	double from_spread = noise_from_spread(d, sample_count_of(found));

	for (size_t i = 0; i < DISCIPLINE_NOISES; i++) {
		double ns2 = NOISE_KINDS[i].is_from_width ? from_width : from_spread;

		/* Nothing within a bound is worse than evenly spread in it. */
		ns2 = fmin(ns2 * NOISE_KINDS[i].factor, square(bound_ns) / 3.0);
		ret_ns2[i] = ns2 + square(NOISE_FLOOR_NS);
	}
}

/* The four stories of a run; `surprise_ns` is by how much it misses what was expected. */
static void tell_stories(const struct discipline *d, const struct interval *iv,
                         double bound_ns, double surprise_ns,
                         struct guess ret[DISCIPLINE_STORIES])
{
	memset(ret, 0, DISCIPLINE_STORIES * sizeof(ret[0]));
	ret[DISCIPLINE_STORY_LIE].prior = clamp(d->lie_share, LIE_LEAST, LIE_MOST);
	ret[DISCIPLINE_STORY_LIE].noise_ns2 = square(bound_ns) / 3.0;

	/* It can be of any size: its spread follows what is seen.  A step by others may be
	 * none (a leap second, which the servers have too): then it is of that size. */
	if (iv->stepped_ns != 0.0) {
		ret[DISCIPLINE_STORY_PHASE_JUMP].prior = PRIOR_WARNED;
		ret[DISCIPLINE_STORY_PHASE_JUMP].add_phase_ns2 = square(iv->stepped_ns);
	} else {
		ret[DISCIPLINE_STORY_PHASE_JUMP].prior = PRIOR_PHASE_JUMP;
		ret[DISCIPLINE_STORY_PHASE_JUMP].add_phase_ns2 = square(PHASE_JUMP_NS);
	}
	ret[DISCIPLINE_STORY_PHASE_JUMP].add_phase_ns2 += square(surprise_ns);

	ret[DISCIPLINE_STORY_FREQ_JUMP].prior =
		iv->is_retuned ? PRIOR_WARNED : PRIOR_FREQ_JUMP[d->surprise_count];
	ret[DISCIPLINE_STORY_FREQ_JUMP].add_freq_ppb2 =
		square(FREQ_JUMP_PPB[d->surprise_count]);

	ret[DISCIPLINE_STORY_GOOD].prior = 1.0 - ret[DISCIPLINE_STORY_LIE].prior -
	                                   ret[DISCIPLINE_STORY_PHASE_JUMP].prior -
	                                   ret[DISCIPLINE_STORY_FREQ_JUMP].prior;
}

/* One story's posterior; returns the logarithm of prior times likelihood. */
static double story_update(const struct discipline_belief *m, const struct guess *g,
                           double run_s, double noise_ns2, double offset_ns,
                           struct discipline_belief *ret)
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
	if (m->share <= 0.0 || g->prior <= 0.0) {
		return -INFINITY;
	}
	return log(m->share * g->prior) - 0.5 * (log(s) + miss * miss / s);
}

/* Mean and covariance of a mixture; the parts' shares may have any sum, which is
 * that of the result. */
static struct discipline_belief mix(const struct discipline_belief *parts, size_t count)
{
	struct discipline_belief m = { 0 };

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

/* What one run says to one model: every story told after every story of the run before,
 * then joined by the later one.  Returns the logarithm of how likely the run was. */
static double model_update(struct discipline_model *m, const struct discipline *d,
                           const struct interval *iv, double noise_ns2, double bound_ns,
                           double offset_ns)
{
	struct guess guesses[DISCIPLINE_STORIES];
	struct discipline_belief parts[DISCIPLINE_STORIES][DISCIPLINE_STORIES] = { 0 };
	double share[DISCIPLINE_STORIES * DISCIPLINE_STORIES];
	double evidence;
	size_t at = 0;

	for (size_t k = 0; k < DISCIPLINE_STORIES; k++) {
		tell_stories(d, iv, bound_ns, offset_ns - m->beliefs[k].phase_ns, guesses);
		for (size_t i = 0; i < DISCIPLINE_STORIES; i++) {
			share[i * DISCIPLINE_STORIES + k] =
				story_update(&m->beliefs[k], &guesses[i], iv->run_s,
			                     noise_ns2, offset_ns, &parts[i][k]);
		}
	}
	evidence = normalise(share, COUNT_OF(share));
	for (size_t i = 0; i < DISCIPLINE_STORIES; i++) {
		for (size_t k = 0; k < DISCIPLINE_STORIES; k++) {
			parts[i][k].share = share[at++];
		}
		m->beliefs[i] = mix(parts[i], DISCIPLINE_STORIES);
	}
	return evidence;
}

static void reweigh(struct discipline *d, double evidence[DISCIPLINE_MODELS])
{
	for (size_t i = 0; i < DISCIPLINE_MODELS; i++) {
		double prior = (1.0 - WEIGHT_SHARED) * d->models[i].weight +
		               WEIGHT_SHARED / DISCIPLINE_MODELS;

		evidence[i] = log(prior) + evidence[i];
	}
	normalise(evidence, DISCIPLINE_MODELS);
	for (size_t i = 0; i < DISCIPLINE_MODELS; i++) {
		d->models[i].weight = evidence[i];
	}
}

static void update(struct discipline *d, const struct interval *iv,
                   const struct discipline_observation *found)
{
	double noise_ns2[DISCIPLINE_NOISES];
	double evidence[DISCIPLINE_MODELS];
	double bound_ns = fmax((double)found->bound_ns, 0.0);
	double good = 0.0;
	double lie = 0.0;

	noise_variances(d, found, noise_ns2);
	for (size_t i = 0; i < DISCIPLINE_MODELS; i++) {
		struct discipline_model *m = &d->models[i];

		evidence[i] = model_update(m, d, iv, noise_ns2[i % DISCIPLINE_NOISES],
		                           bound_ns, (double)found->offset_ns);
		good += m->weight * m->beliefs[DISCIPLINE_STORY_GOOD].share;
		lie += m->weight * m->beliefs[DISCIPLINE_STORY_LIE].share;
	}
	reweigh(d, evidence);
	d->lie_share = LIE_MEMORY * d->lie_share + (1.0 - LIE_MEMORY) * lie;
	if (good < 0.5) {
		d->surprise_count += d->surprise_count < SURPRISES_MAX;
	} else {
		d->surprise_count -= d->surprise_count > 0;
	}
}

/* The phase is known from this run alone; the frequency stays what it was. */
static void restart_phase(struct discipline *d, const struct discipline_observation *found)
{
	double noise_ns2[DISCIPLINE_NOISES];
	double bound_ns = fmax((double)found->bound_ns, 0.0);

	noise_variances(d, found, noise_ns2);
	for (size_t i = 0; i < DISCIPLINE_MODELS; i++) {
		struct discipline_belief *beliefs = d->models[i].beliefs;
		struct discipline_belief good = mix(beliefs, DISCIPLINE_STORIES);
		struct discipline_belief lie;

		good.phase_ns = (double)found->offset_ns;
		good.var_phase_ns2 = noise_ns2[i % DISCIPLINE_NOISES];
		good.cov_ns_ppb = 0.0;
		lie = good;
		lie.var_phase_ns2 += square(bound_ns) / 3.0;
		lie.share = clamp(d->lie_share, LIE_LEAST, LIE_MOST);
		good.share = 1.0 - lie.share;
		memset(beliefs, 0, sizeof(d->models[i].beliefs));
		beliefs[DISCIPLINE_STORY_GOOD] = good;
		beliefs[DISCIPLINE_STORY_LIE] = lie;
	}
}

static void start(struct discipline *d)
{
	for (size_t i = 0; i < DISCIPLINE_MODELS; i++) {
		d->models[i] =
			(struct discipline_model){ .weight = 1.0 / DISCIPLINE_MODELS };
		d->models[i].beliefs[DISCIPLINE_STORY_GOOD] = (struct discipline_belief){
			.freq_ppb = (double)d->frequency_ppb,
			.var_freq_ppb2 = square(PRIOR_FREQ_PPB),
			.share = 1.0,
		};
	}
}

static void remember(struct discipline *d, const struct discipline_observation *found,
                     const struct interval *iv)
{
	if (found->has_kernel) {
		d->frequency_ppb = kernel_ppb(found->frequency_ppb);
		d->slew_ns = found->slew_left_ns;
	} else if (iv->is_lost) {
		d->frequency_ppb = 0;
		d->slew_ns = 0;
	} else {
		d->slew_ns = to_ns(slew_left((double)d->slew_ns, iv->run_s));
	}
	d->step_ns = 0;
	d->last_wall_ns = found->at.unix_ns;
	d->last_monotonic_ns = found->monotonic_ns;
	d->last_boottime_ns = found->boottime_ns;
	d->has_last = true;
	d->is_phase_lost = (iv->is_lost || d->trusted_count == 0) && !found->is_trusted;
	if (found->is_trusted) {
		d->server_ns = ns_add(found->at.unix_ns, found->offset_ns);
	} else {
		d->server_ns = ns_add(d->server_ns, to_ns(iv->all_s * (double)NS_PER_S));
	}
	d->has_proof = found->is_trusted;
	d->proof_offset_ns = found->offset_ns;
	d->proof_bound_ns = found->bound_ns;
}

void discipline_observe(struct discipline *d, const struct discipline_observation *found)
{
	struct interval iv = { .is_lost = true };
	bool is_first = d->trusted_count == 0;

	if (d->has_last) {
		iv = interval_since_last(d, found);
	}
	remember(d, found, &iv);
	if (is_first && !found->is_trusted) {
		return;
	}
	if (is_first) {
		start(d);
		iv = (struct interval){ .is_lost = true };
	} else if (!iv.is_lost || found->is_trusted) {
		predict(d, &iv);
	}
	if (!found->is_trusted) {
		return;
	}
	d->trusted_count += d->trusted_count < UINT32_MAX;
	learn_spread(d, found);
	learn_width(d, fmax((double)found->bound_ns, 0.0));
	if (iv.is_lost) {
		restart_phase(d, found);
	} else {
		update(d, &iv, found);
	}
}

/* What the whole bank believes after one story, its share in `share`. */
static struct discipline_belief bank_of_story(const struct discipline *d, size_t story)
{
	struct discipline_belief all[DISCIPLINE_MODELS];

	for (size_t i = 0; i < DISCIPLINE_MODELS; i++) {
		all[i] = d->models[i].beliefs[story];
		all[i].share *= d->models[i].weight;
	}
	return mix(all, DISCIPLINE_MODELS);
}

static struct discipline_belief bank_of(const struct discipline *d)
{
	struct discipline_belief all[DISCIPLINE_STORIES];

	for (size_t i = 0; i < DISCIPLINE_STORIES; i++) {
		all[i] = bank_of_story(d, i);
	}
	return mix(all, DISCIPLINE_STORIES);
}

struct discipline_advice discipline_advise(const struct discipline *d)
{
	struct discipline_advice advice = { .frequency_ppb = d->frequency_ppb };
	struct discipline_belief bank;

	if (d->trusted_count == 0) {
		return advice;
	}
	bank = bank_of(d);
	advice.frequency_sd_ppb = to_ns(sqrt(bank.var_freq_ppb2));
	advice.frequency_ppb =
		clamp_integer(to_ns(bank.freq_ppb),
	                      ns_add(d->frequency_ppb, -DISCIPLINE_FREQUENCY_STEP_MAX_PPB),
	                      ns_add(d->frequency_ppb, DISCIPLINE_FREQUENCY_STEP_MAX_PPB));
	advice.frequency_ppb =
		clamp_integer(advice.frequency_ppb, -DISCIPLINE_FREQUENCY_MAX_PPB,
	                      DISCIPLINE_FREQUENCY_MAX_PPB);
	if (d->surprise_count >= 2) {
		advice.state = DISCIPLINE_DOUBTING;
	} else if (sqrt(bank.var_freq_ppb2) > LEARNT_PPB) {
		advice.state = DISCIPLINE_LEARNING;
	} else {
		advice.state = DISCIPLINE_STEADY;
	}
	if (d->is_phase_lost) {
		return advice;
	}
	advice.has_phase = true;
	advice.phase_sd_ns = to_ns(sqrt(bank.var_phase_ns2));
	advice.phase_ns = to_ns(bank.phase_ns);
	if (d->has_proof) {
		/* Whatever the past says: the truth lies within what was measured. */
		advice.phase_ns = clamp_integer(
			advice.phase_ns, ns_diff(d->proof_offset_ns, d->proof_bound_ns),
			ns_add(d->proof_offset_ns, d->proof_bound_ns));
	}
	return advice;
}

void discipline_apply(struct discipline *d, const struct discipline_action *did)
{
	d->step_ns = did->step_ns;
	d->slew_ns = did->slew_ns;
	d->frequency_ppb = kernel_ppb(did->frequency_ppb);
}

struct discipline_forecast discipline_forecast(const struct discipline *d)
{
	struct discipline_forecast f = { 0 };

	if (d->trusted_count == 0 || d->is_phase_lost) {
		return f;
	}
	f.is_known = true;
	f.slew_ns = (double)d->slew_ns;
	f.kernel_ppb = (double)d->frequency_ppb;
	for (size_t i = 0; i < DISCIPLINE_MODELS; i++) {
		f.wander_ppb2_s += d->models[i].weight * wander_of(i);
	}
	for (size_t i = 0; i < DISCIPLINE_STORIES; i++) {
		f.beliefs[i] = bank_of_story(d, i);
		f.beliefs[i].phase_ns -= (double)d->step_ns;
	}
	f.all = mix(f.beliefs, DISCIPLINE_STORIES);
	f.has_proof = d->has_proof;
	f.proof_phase_ns = (double)d->proof_offset_ns - (double)d->step_ns;
	f.proof_bound_ns = fmax((double)d->proof_bound_ns, 0.0);
	return f;
}

/* How many sigmas keep the misses of a story with this share below MISSES: from
 * 2 Q(k) <= exp(-k^2 / 2). */
static double sigmas_of(double share)
{
	return share > MISSES ? sqrt(2.0 * log(share / MISSES)) : 0.0;
}

/* The bound after `t` seconds if `b` is what to believe. */
static double belief_bound_ns(const struct discipline_forecast *f,
                              const struct discipline_belief *b, double t, double slewed_ns)
{
	double mean_ns = b->phase_ns + (b->freq_ppb - f->kernel_ppb) * t - slewed_ns;
	double var_ns2 = b->var_phase_ns2 + 2.0 * t * b->cov_ns_ppb +
	                 t * t * b->var_freq_ppb2 + f->wander_ppb2_s * t * t * t / 3.0;

	return fabs(mean_ns) + sigmas_of(b->share) * sqrt(fmax(var_ns2, 0.0));
}

/* The last run proved where the clock was; since then it can have drifted. */
static double proof_bound_ns(const struct discipline_forecast *f, double t,
                             double slewed_ns)
{
	double mean_ns =
		f->proof_phase_ns + (f->all.freq_ppb - f->kernel_ppb) * t - slewed_ns;
	double var_ns2 = t * t * f->all.var_freq_ppb2 + f->wander_ppb2_s * t * t * t / 3.0;

	return fabs(mean_ns) + f->proof_bound_ns + sigmas_of(1.0) * sqrt(var_ns2);
}

int64_t discipline_bound_ns(const struct discipline_forecast *f, int64_t ahead_ns)
{
	double t = seconds_from_ns(ahead_ns);
	double slewed_ns = f->slew_ns - slew_left(f->slew_ns, t);
	double bound_ns = 0.0;

	if (!f->is_known) {
		return INT64_MAX;
	}
	for (size_t i = 0; i < DISCIPLINE_STORIES; i++) {
		if (f->beliefs[i].share > MISSES) {
			bound_ns = fmax(bound_ns,
			                belief_bound_ns(f, &f->beliefs[i], t, slewed_ns));
		}
	}
	if (f->has_proof) {
		bound_ns = fmin(bound_ns, proof_bound_ns(f, t, slewed_ns));
	}
	return to_ns(ceil(bound_ns));
}

int64_t discipline_bound_until_ns(const struct discipline_forecast *f, int64_t ahead_ns)
{
	int64_t slewed_ns = to_ns(fabs(f->slew_ns) / (double)DISCIPLINE_SLEW_PPB * 1e9);
	int64_t most_ns = discipline_bound_ns(f, 0);

	if (slewed_ns < ahead_ns) {
		most_ns = clamp_integer(discipline_bound_ns(f, slewed_ns), most_ns,
		                        INT64_MAX);
	}
	for (int64_t i = 1; i <= 16; i++) {
		int64_t at_ns = ahead_ns / 16 * i;

		most_ns = clamp_integer(discipline_bound_ns(f, at_ns), most_ns, INT64_MAX);
	}
	return clamp_integer(discipline_bound_ns(f, ahead_ns), most_ns, INT64_MAX);
}

bool discipline_expect(const struct discipline *d,
                       const struct discipline_observation *found, int64_t *ret_offset_ns,
                       int64_t *ret_bound_ns)
{
	struct discipline copy = *d;
	struct discipline_belief bank;
	struct interval iv;

	if (d->trusted_count == 0) {
		return false;
	}
	iv = interval_since_last(d, found);
	if (iv.is_lost) {
		return false;
	}
	predict(&copy, &iv);
	bank = bank_of(&copy);
	*ret_offset_ns = to_ns(bank.phase_ns);
	*ret_bound_ns = to_ns(ceil(sigmas_of(1.0) * sqrt(bank.var_phase_ns2)));
	return true;
}

static bool belief_is_sane(const struct discipline_belief *m)
{
	return fabs(m->phase_ns) < 1e25 && fabs(m->freq_ppb) < 1e15 &&
	       m->var_phase_ns2 >= 0.0 && m->var_phase_ns2 < 1e50 &&
	       fabs(m->cov_ns_ppb) < 1e40 && m->var_freq_ppb2 >= 0.0 &&
	       m->var_freq_ppb2 < 1e30 && m->share >= 0.0 && m->share <= 1.0 + 1e-6;
}

bool discipline_is_sane(const struct discipline *d)
{
	double weight = 0.0;

	if (d->version != DISCIPLINE_VERSION || d->surprise_count > SURPRISES_MAX ||
	    d->width_count > DISCIPLINE_WIDTHS || d->width_at >= DISCIPLINE_WIDTHS ||
	    !(d->lie_share >= 0.0 && d->lie_share <= 1.0) ||
	    !(d->spread_sum_ns >= 0.0 && d->spread_sum_ns < 1e25) ||
	    !(d->spread_weight >= 0.0 && d->spread_weight < 1e6)) {
		return false;
	}
	for (size_t i = 0; i < DISCIPLINE_WIDTHS; i++) {
		if (!(d->widths_ns[i] >= 0.0 && d->widths_ns[i] < 1e25)) {
			return false;
		}
	}
	for (size_t i = 0; i < DISCIPLINE_MODELS; i++) {
		const struct discipline_model *m = &d->models[i];
		double share = 0.0;

		for (size_t k = 0; k < DISCIPLINE_STORIES; k++) {
			if (!belief_is_sane(&m->beliefs[k])) {
				return false;
			}
			share += m->beliefs[k].share;
		}
		if (d->trusted_count > 0 && !(fabs(share - 1.0) < 1e-6)) {
			return false;
		}
		if (!(m->weight >= 0.0 && m->weight <= 1.0)) {
			return false;
		}
		weight += m->weight;
	}
	return d->trusted_count == 0 || fabs(weight - 1.0) < 1e-6;
}
