/* SPDX-License-Identifier: MIT
 *
 * Intersection of the correctness intervals of one server's samples.
 */
#include "core/select/filter.h"

enum filter_verdict filter_samples(const struct sample *samples, size_t count,
                                   int64_t at_mono_ns, int64_t drift_ppb,
                                   struct estimate *ret)
{
	int64_t lo_ns = INT64_MIN, hi_ns = INT64_MAX;
	int64_t delay_min_ns = INT64_MAX, spread_min_ns = INT64_MAX, excess_ns = 0;

	if (count == 0) {
		return FILTER_NO_SAMPLE;
	}
	for (size_t i = 0; i < count; i++) {
		const int64_t age_ns = ns_abs(at_mono_ns - samples[i].at_mono_ns);
		/* No overflow before the age exceeds 10^9 s; a run lasts seconds. */
		const int64_t more_ns =
			age_ns / NS_PER_MS * drift_ppb / (NS_PER_S / NS_PER_MS);
		const int64_t half_ns = ns_add(samples[i].bound_ns, more_ns);
		const int64_t spread_ns = ns_add(samples[i].spread_ns, more_ns);

		lo_ns = ns_max(lo_ns, ns_add(samples[i].offset_ns, -half_ns));
		hi_ns = ns_min(hi_ns, ns_add(samples[i].offset_ns, half_ns));
		spread_min_ns = ns_min(spread_min_ns, spread_ns);
		delay_min_ns = ns_min(delay_min_ns, samples[i].delay_ns);
	}
	if (lo_ns > hi_ns) {
		return FILTER_INCONSISTENT;
	}
	for (size_t i = 0; i < count; i++) {
		excess_ns = ns_add(excess_ns, samples[i].delay_ns - delay_min_ns);
	}
	ret->offset_ns = ns_middle(lo_ns, hi_ns);
	ret->bound_ns = ns_sub(hi_ns, ret->offset_ns);
	ret->spread_ns = spread_min_ns;
	ret->delay_ns = delay_min_ns;
	ret->jitter_ns = excess_ns / (int64_t)count;
	ret->at_mono_ns = at_mono_ns;
	ret->sample_count = count;
	return FILTER_OK;
}
