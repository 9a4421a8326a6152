/* SPDX-License-Identifier: MIT */
#include "app/clock/learn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DISTANCES_MAX = LEARN_RECENT - 1, DISTANCES_MIN = 3 };
#define MEMO_MAGIC UINT32_C(0x6c724d65)
_Static_assert(sizeof(REQTIME_VERSION) <= RECORD_VERSION_ROOM, "it would be cut");

/* A run that was refused had a majority that was not to be believed. */
static struct discipline_observation observation_of(const struct run_record *run,
                                                    const struct run_record *before)
{
	struct discipline_observation found = run_record_observation(run, before);

	found.is_trusted = run->has_answer && run->status == RUN_OK;
	return found;
}

void learn_take(struct discipline *d, const struct run_record *run,
                const struct run_record *before)
{
	const struct discipline_observation found = observation_of(run, before);
	struct discipline_action did;

	discipline_observe(d, &found);
	if (run->has_kernel || run->applied_action != PLAN_NONE) {
		did = run_record_action(run);
		discipline_apply(d, &did);
	}
}

void learn_replay(const struct run_record *runs, size_t count, struct discipline *ret)
{
	discipline_init(ret);
	for (size_t i = 0; i < count; i++) {
		learn_take(ret, &runs[i], i > 0 ? &runs[i - 1] : NULL);
	}
}

void learn_past_init(struct learn_past *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->interval_ns = LEARN_INTERVAL_NS;
	discipline_init(&ret->discipline);
}

bool learn_past_is_sane(const struct learn_past *past)
{
	return past->has_last <= 1 && past->has_trusted <= 1 && past->interval_ns > 0 &&
	       (!past->has_last || run_record_is_sane(&past->last)) &&
	       (!past->has_trusted || run_record_is_sane(&past->trusted)) &&
	       discipline_is_sane(&past->discipline);
}

void learn_memo_make(const struct discipline *d, const struct run_record *last,
                     struct learn_memo *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->magic = MEMO_MAGIC;
	ret->octets = sizeof(*ret);
	snprintf(ret->version, sizeof(ret->version), "%s", REQTIME_VERSION);
	ret->last = *last;
	ret->discipline = *d;
}

bool learn_memo_read(const void *buf, size_t len, struct learn_memo *ret)
{
	struct learn_memo memo;

	if (len != sizeof(memo)) {
		return false;
	}
	memcpy(&memo, buf, sizeof(memo));
	if (memo.magic != MEMO_MAGIC || memo.octets != sizeof(memo) ||
	    memcmp(memo.version, REQTIME_VERSION, sizeof(REQTIME_VERSION)) != 0 ||
	    !run_record_is_sane(&memo.last) || !discipline_is_sane(&memo.discipline)) {
		return false;
	}
	*ret = memo;
	return true;
}

bool learn_resume(const struct learn_memo *memo, const struct run_record *runs,
                  size_t count, struct discipline *ret)
{
	size_t at = count;

	/* Octet for octet: whoever has had a hand in it, its past is another. */
	while (at > 0 && memcmp(&runs[at - 1], &memo->last, sizeof(memo->last)) != 0) {
		at--;
	}
	if (at == 0) {
		return false;
	}
	*ret = memo->discipline;
	for (; at < count; at++) {
		learn_take(ret, &runs[at], &runs[at - 1]);
	}
	return true;
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
		did.slew_ns = ns_add(advice->phase_ns, -advice->in_flight_ns);
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
	ret->in_flight_ns = advice.in_flight_ns;
	ret->frequency_ppb = advice.frequency_ppb;
	ret->beyond_ppb = advice.beyond_ppb;
	ret->promise_ns = discipline_bound_until_ns(&forecast, ahead_ns);
}

/* What is known of the clock after a run of `set`. */
static bool forecast_after(const struct discipline *d, struct discipline_forecast *ret)
{
	*ret = discipline_forecast(d);
	return ret->is_known && discipline_advise(d).state != DISCIPLINE_IGNORANT;
}

void learn_promises(const struct run_record *runs, size_t count, int64_t *ret)
{
	const struct run_record *last = NULL;
	struct discipline_forecast forecast;
	struct discipline d;
	bool is_known = false;

	discipline_init(&d);
	for (size_t i = 0; i < count; i++) {
		ret[i] = INT64_MAX;
		if (is_known && strcmp(runs[i].boot_id, last->boot_id) == 0 &&
		    runs[i].boot_ns >= last->boot_ns) {
			ret[i] = discipline_bound_ns(&forecast,
			                             runs[i].boot_ns - last->boot_ns);
		}
		if (runs[i].verb == RECORD_SET && !runs[i].is_dry) {
			learn_take(&d, &runs[i], last);
			is_known = forecast_after(&d, &forecast);
			last = &runs[i];
		}
	}
}

struct learnt learn_view(const struct discipline *d, const struct discipline_action *did,
                         int64_t ahead_ns)
{
	const struct discipline_advice advice = discipline_advise(d);
	struct discipline_forecast forecast;
	struct discipline then = *d;
	struct learnt ret = {
		.state = advice.state,
		.frequency_ppb = advice.estimate_ppb,
		.frequency_sd_ppb = advice.frequency_sd_ppb,
		.has_phase = advice.has_phase,
		.phase_ns = advice.phase_ns,
		.phase_sd_ns = advice.phase_sd_ns,
		.ahead_ns = ahead_ns,
		.drag = discipline_drag(d),
	};

	discipline_apply(&then, did);
	forecast = discipline_forecast(&then);
	ret.has_bound = advice.state != DISCIPLINE_IGNORANT && forecast.is_known;
	if (ret.has_bound) {
		ret.bound_ns = discipline_bound_until_ns(&forecast, ahead_ns);
	}
	return ret;
}
