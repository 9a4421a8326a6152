/* SPDX-License-Identifier: MIT
 *
 * The clock discipline: takes runs in, advises phase and frequency.  Equations:
 * filter_bank.c.
 */
#include "core/discipline/discipline_private.h"

#include <string.h>

#include "core/base/octets.h"

#define PRIOR_OUTLIER 0.05 /* before any run */
#define LOCKED_SD_PPB 1000.0

/* When the kernel is given a new frequency: never before two runs some minutes apart.
 * After two runs closer together than a timer's, only if its standard deviation is
 * small, small compared with the change, or no larger than that of the frequency we set
 * before. */
#define BASELINE_MIN_S 120.0
#define SPAN_MIN_S 900.0
#define KNOWN_SD_PPB 500.0
#define SIGNIFICANT_SIGMAS 5.0
#define SECONDS_MAX 1e10
/* Longest time between the measurement and the read of the slew that it led to. */
#define APPLY_MAX_NS (60 * NS_PER_S)

const char *discipline_state_name(enum discipline_state state)
{
	static const char *const names[] = {
		[DISCIPLINE_UNSET] = "ignorant",
		[DISCIPLINE_ACQUIRING] = "learning",
		[DISCIPLINE_LOCKED] = "steady",
		[DISCIPLINE_SUSPECT] = "doubting",
	};

	return (unsigned)state < COUNT_OF(names) ? names[state] : "unknown";
}

void discipline_init(struct discipline *d)
{
	memset(d, 0, sizeof(*d));
	d->version = DISCIPLINE_VERSION;
	d->outlier_probability = PRIOR_OUTLIER;
}

static void save_observation(struct discipline *d,
                             const struct discipline_observation *found,
                             const struct discipline_interval *iv)
{
	if (found->has_kernel) {
		d->frequency_ppb = discipline_kernel_ppb(found->frequency_ppb);
	} else if (iv->is_lost) {
		d->frequency_ppb = 0;
	}
	if (iv->is_lost || iv->is_retuned) {
		d->applied_sd_ppb = 0.0;
	}
	d->slew = iv->slew;
	d->slew_total_ns = kernel_slew_left_ns(&d->slew);
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
	d->has_measured_bound = found->is_trusted;
	d->measured_offset_ns = found->offset_ns;
	d->measured_bound_ns = found->bound_ns;
}

/* From trusted run to trusted run: only such a span shows the frequency. */
static void measure_baseline(struct discipline *d, const struct discipline_interval *iv,
                             bool is_trusted)
{
	d->untrusted_s = iv->is_lost ? 0.0 : d->untrusted_s + iv->run_s;
	if (!is_trusted) {
		return;
	}
	d->span_s = d->untrusted_s;
	d->baseline_s = fmin(d->baseline_s + d->span_s, SECONDS_MAX);
	d->untrusted_s = 0.0;
}

void discipline_observe(struct discipline *d, const struct discipline_observation *found)
{
	struct discipline_interval iv = { .is_lost = true,
		                          .slew.wall_ns = found->at.unix_ns };
	bool is_first = d->trusted_count == 0;

	if (d->has_last) {
		iv = discipline_interval_since_last(d, found);
	} else if (found->has_kernel) {
		iv.slew.rest_ns = kernel_slew_valid_rest(found->slew_left_ns);
	}
	save_observation(d, found, &iv);
	if (is_first && !found->is_trusted) {
		return;
	}
	if (is_first) {
		discipline_filter_bank_start(d);
		iv = (struct discipline_interval){ .is_lost = true };
	}
	measure_baseline(d, &iv, found->is_trusted);
	if (!is_first && (!iv.is_lost || found->is_trusted)) {
		discipline_filter_bank_predict(d, &iv);
	}
	if (!found->is_trusted) {
		return;
	}
	d->trusted_count += d->trusted_count < UINT32_MAX;
	discipline_noise_update(d, found);
	if (iv.is_lost) {
		discipline_filter_bank_restart(d, found);
	} else {
		discipline_filter_bank_update(d, &iv, found);
	}
	discipline_drag_update(d, &iv);
}

static bool is_usual(int64_t ppb)
{
	return ns_abs(ppb) <= DISCIPLINE_FREQUENCY_USUAL_PPB;
}

int64_t discipline_frequency_allowed(int64_t before_ppb, int64_t wanted_ppb)
{
	int64_t step_ppb = is_usual(wanted_ppb) ? DISCIPLINE_FREQUENCY_STEP_MAX_PPB
	                                        : DISCIPLINE_FREQUENCY_FAR_STEP_MAX_PPB;

	if (is_usual(wanted_ppb) && !is_usual(before_ppb)) {
		return wanted_ppb;
	}
	return ns_clamp(ns_clamp(wanted_ppb, ns_add(before_ppb, -step_ppb),
	                         ns_add(before_ppb, step_ppb)),
	                -DISCIPLINE_FREQUENCY_MAX_PPB, DISCIPLINE_FREQUENCY_MAX_PPB);
}

/* The frequency for the kernel; its own where that of `estimate` is not known well
 * enough. */
static int64_t frequency_advised(const struct discipline *d,
                                 const struct discipline_estimate *estimate)
{
	double sd_ppb = sqrt(estimate->var_freq_ppb2);
	double change_ppb = estimate->freq_ppb - (double)d->frequency_ppb;
	bool is_known = d->span_s >= SPAN_MIN_S || sd_ppb <= KNOWN_SD_PPB ||
	                sd_ppb <= d->applied_sd_ppb ||
	                fabs(change_ppb) >= SIGNIFICANT_SIGMAS * sd_ppb;

	if (d->baseline_s < BASELINE_MIN_S || !is_known) {
		return d->frequency_ppb;
	}
	return discipline_frequency_allowed(d->frequency_ppb, to_ns(estimate->freq_ppb));
}

struct discipline_advice discipline_advise(const struct discipline *d)
{
	struct discipline_advice advice = { .frequency_ppb = d->frequency_ppb };
	struct discipline_estimate estimate;
	double sd_ppb, beyond_ppb;

	if (d->trusted_count == 0) {
		return advice;
	}
	estimate = discipline_filter_bank_estimate(d);
	sd_ppb = sqrt(estimate.var_freq_ppb2);
	advice.state = d->off_nominal_count >= 2 ? DISCIPLINE_SUSPECT
	               : sd_ppb > LOCKED_SD_PPB  ? DISCIPLINE_ACQUIRING
	                                         : DISCIPLINE_LOCKED;
	advice.estimate_ppb = to_ns(estimate.freq_ppb);
	advice.frequency_sd_ppb = to_ns(sd_ppb);
	advice.frequency_ppb = frequency_advised(d, &estimate);
	beyond_ppb = fabs(estimate.freq_ppb) - (double)DISCIPLINE_FREQUENCY_MAX_PPB;
	if (beyond_ppb > SIGNIFICANT_SIGMAS * sd_ppb) {
		advice.beyond_ppb = to_ns(copysign(beyond_ppb, estimate.freq_ppb));
	}
	if (d->is_phase_lost) {
		return advice;
	}
	advice.has_phase = true;
	advice.phase_sd_ns = to_ns(sqrt(estimate.var_phase_ns2));
	advice.phase_ns = to_ns(estimate.phase_ns);
	advice.in_flight_ns = to_ns(kernel_slew_in_flight_ns(&d->slew));
	if (d->has_measured_bound) {
		/* The truth lies within the measured interval, whatever the filter says. */
		advice.phase_ns =
			ns_clamp(advice.phase_ns,
		                 ns_sub(d->measured_offset_ns, d->measured_bound_ns),
		                 ns_add(d->measured_offset_ns, d->measured_bound_ns));
	}
	return advice;
}

/* In the `after_ns` since `before`, adjtime() was given `given_ns`, which replaced its
 * rest, and then reported `after->rest_ns`.  Returns how much of the old rest was
 * dropped, and fills in what is in flight in `after`.  The number of full seconds shows
 * which came first. */
static int64_t rest_dropped(const struct kernel_slew *before, int64_t given_ns,
                            int64_t after_ns, struct kernel_slew *after)
{
	int64_t seconds = kernel_slew_seconds(before, after_ns);

	for (int64_t since = 0; since <= seconds && since < 64; since++) {
		int64_t rest_ns = kernel_slew_rest_after(given_ns, since);

		if (rest_ns == after->rest_ns) {
			after->taken_ns =
				since > 0 ? kernel_slew_rest_after(given_ns, since - 1) -
						    rest_ns
					  : kernel_slew_later(before, after_ns).taken_ns;
			return kernel_slew_rest_after(before->rest_ns, seconds - since);
		}
	}
	after->taken_ns = 0;
	return before->rest_ns;
}

void discipline_apply(struct discipline *d, const struct discipline_action *did)
{
	struct kernel_slew before = { .wall_ns = ns_add(d->last_wall_ns, did->step_ns) };
	struct kernel_slew after = { .rest_ns = kernel_slew_valid_rest(did->slew_ns) };
	int64_t given_ns = kernel_slew_valid_rest(
		did->slew_given_ns != 0 ? did->slew_given_ns : did->slew_ns);
	int64_t after_ns = 0;
	int64_t dropped_ns;

	if (did->step_ns == 0) {
		before = d->slew; /* a step cancels the slew */
	}
	if (did->after.unix_ns != 0) {
		after_ns = ns_clamp(ns_sub(did->after.unix_ns, before.wall_ns), 0,
		                    APPLY_MAX_NS);
	}
	after.wall_ns = ns_add(before.wall_ns, after_ns);
	if (after.rest_ns == kernel_slew_later(&before, after_ns).rest_ns) {
		d->slew_total_ns = kernel_slew_left_ns(&before);
		after = kernel_slew_later(&before, after_ns);
	} else {
		dropped_ns = rest_dropped(&before, given_ns, after_ns, &after);
		d->slew_total_ns =
			kernel_slew_left_ns(&before) + (double)ns_sub(given_ns, dropped_ns);
	}
	discipline_drag_count(d, (double)did->step_ns + d->slew_total_ns -
	                                 kernel_slew_left_ns(&before));
	d->slew = after;
	d->step_ns = did->step_ns;
	if (did->frequency_ppb != d->frequency_ppb && d->trusted_count > 0) {
		d->applied_sd_ppb = sqrt(discipline_filter_bank_estimate(d).var_freq_ppb2);
	}
	d->frequency_ppb = discipline_kernel_ppb(did->frequency_ppb);
}

bool discipline_expect(const struct discipline *d,
                       const struct discipline_observation *found, int64_t *ret_offset_ns,
                       int64_t *ret_bound_ns)
{
	struct discipline copy = *d;
	struct discipline_estimate estimate;
	struct discipline_interval iv;

	if (d->trusted_count == 0) {
		return false;
	}
	iv = discipline_interval_since_last(d, found);
	if (iv.is_lost) {
		return false;
	}
	discipline_filter_bank_predict(&copy, &iv);
	estimate = discipline_filter_bank_estimate(&copy);
	*ret_offset_ns = to_ns(estimate.phase_ns);
	*ret_bound_ns = to_ns(ceil(discipline_sigmas(1.0) * sqrt(estimate.var_phase_ns2)));
	return true;
}

static bool estimate_is_valid(const struct discipline_estimate *m)
{
	return fabs(m->phase_ns) < 1e25 && fabs(m->freq_ppb) < 1e15 &&
	       m->var_phase_ns2 >= 0.0 && m->var_phase_ns2 < 1e50 &&
	       fabs(m->cov_ns_ppb) < 1e40 && m->var_freq_ppb2 >= 0.0 &&
	       m->var_freq_ppb2 < 1e30 && m->probability >= 0.0 &&
	       m->probability <= 1.0 + 1e-6;
}

static bool slew_is_valid(const struct discipline *d)
{
	const struct kernel_slew *slew = &d->slew;

	return slew->rest_ns == kernel_slew_valid_rest(slew->rest_ns) &&
	       slew->taken_ns >= -KERNEL_SLEW_STEP_NS &&
	       slew->taken_ns <= KERNEL_SLEW_STEP_NS &&
	       fabs(d->slew_total_ns) <= 4.0 * (double)KERNEL_SLEW_MAX_NS &&
	       fabs(d->long_term_ppb) < 1e15 && d->long_term_s >= 0.0 &&
	       d->long_term_s <= SECONDS_MAX && fabs(d->corrected_ns) <= 1e18 &&
	       d->applied_sd_ppb >= 0.0 && d->applied_sd_ppb < 1e15 &&
	       d->baseline_s >= 0.0 && d->baseline_s <= SECONDS_MAX && d->span_s >= 0.0 &&
	       d->span_s <= SECONDS_MAX && d->untrusted_s >= 0.0 &&
	       d->untrusted_s <= SECONDS_MAX;
}

bool discipline_is_valid(const struct discipline *d)
{
	double weight = 0.0;

	if (!octets_are_bool(&d->has_last) || !octets_are_bool(&d->is_phase_lost) ||
	    !octets_are_bool(&d->has_measured_bound) ||
	    !octets_are_bool(&d->is_last_single) || !slew_is_valid(d) ||
	    d->version != DISCIPLINE_VERSION ||
	    d->off_nominal_count > DISCIPLINE_OFF_NOMINAL_MAX ||
	    d->recent_bound_count > DISCIPLINE_RECENT_BOUNDS ||
	    d->recent_bound_at >= DISCIPLINE_RECENT_BOUNDS ||
	    !(d->outlier_probability >= 0.0 && d->outlier_probability <= 1.0) ||
	    !(d->spread_sum_ns >= 0.0 && d->spread_sum_ns < 1e25) ||
	    !(d->spread_weight >= 0.0 && d->spread_weight < 1e6)) {
		return false;
	}
	for (size_t i = 0; i < DISCIPLINE_RECENT_BOUNDS; i++) {
		if (!(d->recent_bounds_ns[i] >= 0.0 && d->recent_bounds_ns[i] < 1e25)) {
			return false;
		}
	}
	for (size_t i = 0; i < DISCIPLINE_MODELS; i++) {
		const struct discipline_model *m = &d->models[i];
		double probability = 0.0;

		for (size_t k = 0; k < DISCIPLINE_HYPOTHESES; k++) {
			if (!estimate_is_valid(&m->estimates[k])) {
				return false;
			}
			probability += m->estimates[k].probability;
		}
		if ((d->trusted_count > 0 && !(fabs(probability - 1.0) < 1e-6)) ||
		    !(m->weight >= 0.0 && m->weight <= 1.0)) {
			return false;
		}
		weight += m->weight;
	}
	return d->trusted_count == 0 || fabs(weight - 1.0) < 1e-6;
}
