/* SPDX-License-Identifier: MIT
 *
 * A bank of Kalman filters over the recorded runs; core/discipline/discipline.h says how
 * it is used.
 */
#include "core/discipline/discipline_private.h"

#include <string.h>

#define PRIOR_LIE 0.05 /* the share of liars, before any run */
#define LEARNT_PPB 1000.0

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

static void remember(struct discipline *d, const struct discipline_observation *found,
                     const struct discipline_interval *iv)
{
	if (found->has_kernel) {
		d->frequency_ppb = discipline_kernel_ppb(found->frequency_ppb);
		d->slew_ns = found->slew_left_ns;
	} else if (iv->is_lost) {
		d->frequency_ppb = 0;
		d->slew_ns = 0;
	} else {
		d->slew_ns = to_ns(discipline_slew_left((double)d->slew_ns, iv->run_s));
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
	struct discipline_interval iv = { .is_lost = true };
	bool is_first = d->trusted_count == 0;

	if (d->has_last) {
		iv = discipline_interval_since_last(d, found);
	}
	remember(d, found, &iv);
	if (is_first && !found->is_trusted) {
		return;
	}
	if (is_first) {
		discipline_bank_start(d);
		iv = (struct discipline_interval){ .is_lost = true };
	} else if (!iv.is_lost || found->is_trusted) {
		discipline_bank_predict(d, &iv);
	}
	if (!found->is_trusted) {
		return;
	}
	d->trusted_count += d->trusted_count < UINT32_MAX;
	discipline_learn_noise(d, found);
	if (iv.is_lost) {
		discipline_bank_restart(d, found);
	} else {
		discipline_bank_update(d, &iv, found);
	}
}

struct discipline_advice discipline_advise(const struct discipline *d)
{
	struct discipline_advice advice = { .frequency_ppb = d->frequency_ppb };
	struct discipline_belief bank;

	if (d->trusted_count == 0) {
		return advice;
	}
	bank = discipline_bank(d);
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
	d->frequency_ppb = discipline_kernel_ppb(did->frequency_ppb);
}

bool discipline_expect(const struct discipline *d,
                       const struct discipline_observation *found, int64_t *ret_offset_ns,
                       int64_t *ret_bound_ns)
{
	struct discipline copy = *d;
	struct discipline_belief bank;
	struct discipline_interval iv;

	if (d->trusted_count == 0) {
		return false;
	}
	iv = discipline_interval_since_last(d, found);
	if (iv.is_lost) {
		return false;
	}
	discipline_bank_predict(&copy, &iv);
	bank = discipline_bank(&copy);
	*ret_offset_ns = to_ns(bank.phase_ns);
	*ret_bound_ns = to_ns(ceil(discipline_sigmas(1.0) * sqrt(bank.var_phase_ns2)));
	return true;
}

static bool belief_is_sane(const struct discipline_belief *m)
{
	return fabs(m->phase_ns) < 1e25 && fabs(m->freq_ppb) < 1e15 &&
	       m->var_phase_ns2 >= 0.0 && m->var_phase_ns2 < 1e50 &&
	       fabs(m->cov_ns_ppb) < 1e40 && m->var_freq_ppb2 >= 0.0 &&
	       m->var_freq_ppb2 < 1e30 && m->share >= 0.0 && m->share <= 1.0 + 1e-6;
}

/* Octets that are neither yes nor no must not be read as a bool. */
static bool flag_is_sane(const bool *flag)
{
	uint8_t octet;

	memcpy(&octet, flag, 1);
	return octet <= 1;
}

bool discipline_is_sane(const struct discipline *d)
{
	double weight = 0.0;

	if (!flag_is_sane(&d->has_last) || !flag_is_sane(&d->is_phase_lost) ||
	    !flag_is_sane(&d->has_proof) || !flag_is_sane(&d->is_last_single)) {
		return false;
	}
	if (d->version != DISCIPLINE_VERSION ||
	    d->surprise_count > DISCIPLINE_SURPRISES_MAX ||
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
