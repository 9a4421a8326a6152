/* SPDX-License-Identifier: MIT */
#include "app/learn.h"

#include <stdlib.h>

enum { DISTANCES_MAX = 64, DISTANCES_MIN = 3 };

/* A run that was refused had a majority that was not to be believed. */
static struct discipline_observation observation_of(const struct run_record *run,
                                                    const struct run_record *before)
{
	struct discipline_observation found = run_record_observation(run, before);

	found.is_trusted = run->has_answer && run->status == RUN_OK;
	return found;
}

void learn_replay(const struct run_record *runs, size_t count, struct discipline *ret)
{
	struct discipline_observation found;
	struct discipline_action did;

	discipline_init(ret);
	for (size_t i = 0; i < count; i++) {
		found = observation_of(&runs[i], i > 0 ? &runs[i - 1] : NULL);
		discipline_observe(ret, &found);
		if (runs[i].has_kernel || runs[i].applied_action != PLAN_NONE) {
			did = run_record_action(&runs[i]);
			discipline_apply(ret, &did);
		}
	}
}

static int compare(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

int64_t learn_interval_ns(const struct run_record *runs, size_t count)
{
	int64_t distances[DISTANCES_MAX];
	size_t n = 0;

	for (size_t i = count; i > 1 && n < DISTANCES_MAX; i--) {
		int64_t ns = instant_diff_ns(runs[i - 1].at, run_record_end(&runs[i - 2]));

		if (ns > 0) {
			distances[n++] = ns;
		}
	}
	if (n < DISTANCES_MIN) {
		return LEARN_INTERVAL_NS;
	}
	qsort(distances, n, sizeof(distances[0]), compare);
	return distances[n / 2];
}

/* What is likely to be done: the promise is asked for before. */
static struct discipline_action action_of(const struct discipline_advice *advice,
                                          const struct run_record *now,
                                          const struct plan_limits *limits)
{
	const int64_t size_ns = now->offset_ns < 0 ? -now->offset_ns : now->offset_ns;
	struct discipline_action did = { .frequency_ppb = advice->frequency_ppb };

	if (limits->wish != PLAN_WISH_SLEW && size_ns > now->bound_ns &&
	    (limits->wish == PLAN_WISH_STEP || size_ns >= limits->step_above_ns)) {
		did.step_ns = advice->phase_ns;
	} else {
		did.slew_ns = advice->phase_ns;
	}
	return did;
}

void learn_advise(struct discipline *d, const struct run_record *now,
                  const struct run_record *last, const struct plan_limits *limits,
                  int64_t ahead_ns, struct correct_record *ret)
{
	struct discipline_observation found = observation_of(now, last);
	struct discipline_forecast forecast;
	struct discipline_advice advice;
	struct discipline_action did;
	struct discipline then;
	/* What this run alone says is known without it. */
	const bool has_past = discipline_advise(d).state != DISCIPLINE_IGNORANT;

	ret->expected_bound_ns = -1;
	if (!discipline_expect(d, &found, &ret->expected_ns, &ret->expected_bound_ns)) {
		ret->expected_bound_ns = -1;
	}
	discipline_observe(d, &found);
	advice = discipline_advise(d);
	if (!has_past || !found.is_trusted || !found.has_kernel || !advice.has_phase ||
	    advice.state == DISCIPLINE_IGNORANT) {
		return;
	}
	then = *d;
	did = action_of(&advice, now, limits);
	discipline_apply(&then, &did);
	forecast = discipline_forecast(&then);
	ret->has_advice = 1;
	ret->phase_ns = advice.phase_ns;
	ret->phase_sd_ns = advice.phase_sd_ns;
	ret->frequency_ppb = advice.frequency_ppb;
	ret->promise_ns = discipline_bound_until_ns(&forecast, ahead_ns);
}
