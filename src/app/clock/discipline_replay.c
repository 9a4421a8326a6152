/* SPDX-License-Identifier: MIT
 *
 * Replays recorded runs through the discipline and advises the next correction.
 */
#include "app/clock/discipline_replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DISTANCES_MAX = DISCIPLINE_REPLAY_RECENT - 1, DISTANCES_MIN = 3 };
#define SNAPSHOT_MAGIC UINT32_C(0x6c724d65)
_Static_assert(sizeof(REQTIME_VERSION) <= RECORD_VERSION_SIZE, "it would be cut");

/* A refused run had a majority that was not trusted. */
static struct discipline_observation observation_of(const struct run_record *run,
                                                    const struct run_record *before)
{
	struct discipline_observation found = run_record_observation(run, before);

	found.is_trusted = run->has_answer && run->status == RUN_OK;
	return found;
}

void discipline_replay_run(struct discipline *d, const struct run_record *run,
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

void discipline_replay(const struct run_record *runs, size_t count, struct discipline *ret)
{
	discipline_init(ret);
	for (size_t i = 0; i < count; i++) {
		discipline_replay_run(ret, &runs[i], i > 0 ? &runs[i - 1] : NULL);
	}
}

void replay_state_init(struct replay_state *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->interval_ns = DISCIPLINE_REPLAY_INTERVAL_NS;
	discipline_init(&ret->discipline);
}

bool replay_state_is_valid(const struct replay_state *replay)
{
	return replay->has_last <= 1 && replay->has_trusted <= 1 &&
	       replay->interval_ns > 0 &&
	       (!replay->has_last || run_record_is_valid(&replay->last)) &&
	       (!replay->has_trusted || run_record_is_valid(&replay->trusted)) &&
	       discipline_is_valid(&replay->discipline);
}

void discipline_snapshot_make(const struct discipline *d, const struct run_record *last,
                              struct discipline_snapshot *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->magic = SNAPSHOT_MAGIC;
	ret->octets = sizeof(*ret);
	snprintf(ret->version, sizeof(ret->version), "%s", REQTIME_VERSION);
	ret->last = *last;
	ret->discipline = *d;
}

bool discipline_snapshot_read(const void *buf, size_t len, struct discipline_snapshot *ret)
{
	struct discipline_snapshot snapshot;

	if (len != sizeof(snapshot)) {
		return false;
	}
	memcpy(&snapshot, buf, sizeof(snapshot));
	if (snapshot.magic != SNAPSHOT_MAGIC || snapshot.octets != sizeof(snapshot) ||
	    memcmp(snapshot.version, REQTIME_VERSION, sizeof(REQTIME_VERSION)) != 0 ||
	    !run_record_is_valid(&snapshot.last) ||
	    !discipline_is_valid(&snapshot.discipline)) {
		return false;
	}
	*ret = snapshot;
	return true;
}

bool discipline_replay_resume(const struct discipline_snapshot *snapshot,
                              const struct run_record *runs, size_t count,
                              struct discipline *ret)
{
	size_t at = count;

	/* Octet by octet: after a changed record the past is a different one. */
	while (at > 0 &&
	       memcmp(&runs[at - 1], &snapshot->last, sizeof(snapshot->last)) != 0) {
		at--;
	}
	if (at == 0) {
		return false;
	}
	*ret = snapshot->discipline;
	for (; at < count; at++) {
		discipline_replay_run(ret, &runs[at], &runs[at - 1]);
	}
	return true;
}

static int compare(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

int64_t discipline_replay_interval_ns(const struct run_record *runs, size_t count)
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
		return DISCIPLINE_REPLAY_INTERVAL_NS;
	}
	qsort(distances, n, sizeof(distances[0]), compare);
	return distances[n / 2];
}

void discipline_replay_advise(struct discipline *d, const struct run_record *now,
                              const struct run_record *last, struct correct_record *ret)
{
	struct discipline_observation found = observation_of(now, last);
	struct discipline_advice advice;
	/* The estimate from this run alone is known without past runs. */
	const bool has_replay = discipline_advise(d).state != DISCIPLINE_UNSET;

	ret->expected_bound_ns = -1;
	if (!discipline_expect(d, &found, &ret->expected_ns, &ret->expected_bound_ns)) {
		ret->expected_bound_ns = -1;
	}
	discipline_observe(d, &found);
	advice = discipline_advise(d);
	if (!has_replay || !found.is_trusted || !found.has_kernel || !advice.has_phase ||
	    advice.state == DISCIPLINE_UNSET) {
		return;
	}
	ret->has_advice = 1;
	ret->phase_ns = advice.phase_ns;
	ret->phase_sd_ns = advice.phase_sd_ns;
	ret->in_flight_ns = advice.in_flight_ns;
	ret->frequency_ppb = advice.frequency_ppb;
	ret->beyond_ppb = advice.beyond_ppb;
}

void discipline_replay_bounds(const struct run_record *runs, size_t count, int64_t *ret)
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
		if (runs[i].verb == RUN_VERB_SET && !runs[i].is_dry) {
			discipline_replay_run(&d, &runs[i], last);
			forecast = discipline_forecast(&d);
			is_known = forecast.is_known &&
			           discipline_advise(&d).state != DISCIPLINE_UNSET;
			last = &runs[i];
		}
	}
}

struct discipline_report discipline_replay_report(const struct discipline *d,
                                                  const struct discipline_action *did,
                                                  int64_t ahead_ns)
{
	const struct discipline_advice advice = discipline_advise(d);
	struct discipline_forecast forecast;
	struct discipline then = *d;
	struct discipline_report ret = {
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
	ret.has_bound = advice.state != DISCIPLINE_UNSET && forecast.is_known;
	if (ret.has_bound) {
		ret.bound_ns = discipline_bound_until_ns(&forecast, ahead_ns);
	}
	return ret;
}
