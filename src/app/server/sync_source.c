/* SPDX-License-Identifier: MIT */
#include "app/server/sync_source.h"

#include <string.h>

#include "app/clock/discipline_replay.h"
#include "core/ntp/refid.h"

/* So many standard deviations, that of a thousand clocks hardly one does not hold. */
#define DOUBT_DEVIATIONS 3

const struct run_record *sync_source_run(const struct run_record *runs, size_t count)
{
	for (size_t i = count; i > 0; i--) {
		const struct run_record *run = &runs[i - 1];

		if (run->has_answer && run->status == RUN_OK) {
			return run;
		}
		/* A majority says that the clock is far off. */
		if (run->has_answer && run->status == RUN_REFUSED) {
			return NULL;
		}
	}
	return NULL;
}

static const struct source_record *best_of(const struct source_record *sources,
                                           size_t count)
{
	const struct source_record *best = NULL;

	for (size_t i = 0; i < count; i++) {
		const struct source_record *s = &sources[i];

		if (s->status == SOURCE_SELECTED && s->has_header && s->has_estimate &&
		    s->stratum >= 1 && s->stratum < NTP_STRATUM_MAX &&
		    s->address.family != ADDRESS_NONE &&
		    (!best || s->bound_ns < best->bound_ns)) {
			best = s;
		}
	}
	return best;
}

/* How fast the clock may run away: what is known to be wrong with its frequency and was not
 * put right, and the doubt of the rest. */
static int64_t drift_of(const struct run_record *runs, size_t count,
                        const struct run_record *run)
{
	struct discipline_advice advice;
	struct discipline discipline;
	int64_t drift_ppb;

	discipline_replay(runs, count, &discipline);
	advice = discipline_advise(&discipline);
	if (advice.state == DISCIPLINE_UNSET) {
		return DISCIPLINE_FREQUENCY_USUAL_PPB;
	}
	drift_ppb = ns_add(ns_abs(ns_add(advice.estimate_ppb, -run->frequency_after_ppb)),
	                   DOUBT_DEVIATIONS * advice.frequency_sd_ppb);
	return drift_ppb < DISCIPLINE_FREQUENCY_USUAL_PPB ? drift_ppb
	                                                  : DISCIPLINE_FREQUENCY_USUAL_PPB;
}

/* The run proved how far away the truth is at most, the way to the root counted in; of that
 * the root delay may have no more than its half, which is what clients add again. */
static void share_distance(const struct run_record *run, const struct source_record *best,
                           struct sync_source *ret)
{
	const int64_t moved_ns = ns_add(run_record_action(run).step_ns, run->slew_after_ns);
	const int64_t distance_ns =
		ns_add(ns_abs(ns_add(run->offset_ns, -moved_ns)), run->bound_ns);

	ret->root_delay_ns = ns_add(best->root_delay_ns, best->delay_ns);
	if (ret->root_delay_ns < 0) {
		ret->root_delay_ns = 0;
	}
	if (ret->root_delay_ns / 2 > distance_ns) {
		ret->root_delay_ns = 2 * distance_ns;
	}
	ret->dispersion_ns = distance_ns - ret->root_delay_ns / 2;
	ret->slew_ns = ns_abs(run->slew_after_ns);
}

bool sync_source_from(const struct run_record *runs, size_t count,
                      const struct run_record *run, const struct source_record *sources,
                      size_t source_count, struct sync_source *ret)
{
	const struct source_record *best = best_of(sources, source_count);

	memset(ret, 0, sizeof(*ret));
	if (!best || !run->has_kernel) {
		return false;
	}
	ret->stratum = best->stratum;
	refid_from_address(&best->address, ret->refid);
	ret->leap = run->leap;
	ret->at = run_record_end(run);
	ret->mono_ns = run->mono_ns;
	share_distance(run, best, ret);
	ret->drift_ppb = drift_of(runs, count, run);
	ret->stated_ns = run->max_error_ns;
	ret->frequency_ppb = run->frequency_after_ppb;
	ret->is_known = sync_source_is_valid(ret);
	return ret->is_known;
}
