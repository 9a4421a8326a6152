/* SPDX-License-Identifier: MIT
 *
 * Detects a slow drag: frequency or corrections that no crystal causes.
 */
#include "core/discipline/discipline_private.h"

#define DAY_S 86400.0
#define LONG_TERM_S (30.0 * DAY_S)
/* An estimate with a larger standard deviation cannot show a change of 15 ppm. */
#define ESTIMATE_SD_PPB 3e3
/* A larger correction is a jump, which has its own confirmation and message. */
#define JUMP_NS 128e6

static bool is_estimate_precise(const struct discipline_estimate *estimate)
{
	return estimate->var_freq_ppb2 <= square(ESTIMATE_SD_PPB);
}

void discipline_drag_update(struct discipline *d, const struct discipline_interval *iv)
{
	const struct discipline_estimate estimate = discipline_filter_bank_estimate(d);

	if (!iv->is_lost) {
		d->corrected_ns *= exp(-iv->all_s / DAY_S);
	}
	if (iv->is_lost || !is_estimate_precise(&estimate) || d->span_s <= 0.0) {
		return;
	}
	d->long_term_s = fmin(d->long_term_s + d->span_s, LONG_TERM_S);
	d->long_term_ppb += fmin(d->span_s / d->long_term_s, 1.0) *
	                    (estimate.freq_ppb - d->long_term_ppb);
}

void discipline_drag_count(struct discipline *d, double moved_ns)
{
	if (fabs(moved_ns) <= JUMP_NS) {
		d->corrected_ns = clamp(d->corrected_ns + moved_ns, -1e18, 1e18);
	}
}

struct discipline_drag discipline_drag(const struct discipline *d)
{
	struct discipline_drag drag = { .corrected_ns = to_ns(d->corrected_ns) };
	struct discipline_estimate estimate;

	if (d->trusted_count == 0) {
		return drag;
	}
	estimate = discipline_filter_bank_estimate(d);
	drag.is_much_corrected = fabs(d->corrected_ns) > (double)DISCIPLINE_DRAG_DAY_NS;
	drag.has_long_term = d->long_term_s >= DAY_S;
	if (drag.has_long_term) {
		drag.long_term_ppb = to_ns(d->long_term_ppb);
		drag.off_ppb = to_ns(estimate.freq_ppb - d->long_term_ppb);
		drag.is_frequency_off = is_estimate_precise(&estimate) &&
		                        fabs(estimate.freq_ppb - d->long_term_ppb) >
		                                (double)DISCIPLINE_DRAG_FREQUENCY_PPB;
	}
	return drag;
}
