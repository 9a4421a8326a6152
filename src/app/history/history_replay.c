/* SPDX-License-Identifier: MIT
 *
 * Loads and stores the state of the discipline with the runs.
 */
#include <errno.h>
#include <stdlib.h>

#include "app/history/history_private.h"
#include "io/store/history.h"

/* In the history, beside the runs. */
#define SNAPSHOT_KEY "learnt"

/* True when there is a snapshot that these runs continue. */
static int load_snapshot(struct history *history, const struct run_record *runs,
                         size_t count, struct discipline *ret, bool *ret_is_known)
{
	struct discipline_snapshot octets, snapshot;
	size_t len = 0;
	int r;

	*ret_is_known = false;
	r = history_load_state(history, SNAPSHOT_KEY, &octets, sizeof(octets), &len);
	if (r == 0) {
		*ret_is_known = discipline_snapshot_read(&octets, len, &snapshot) &&
		                discipline_replay_resume(&snapshot, runs, count, ret);
	}
	return r == -ENOENT || r == -EMSGSIZE ? 0 : r;
}

static int replay_all(struct history *history, struct discipline *ret)
{
	struct run_record *runs = calloc(HISTORY_CLIENT_REPLAY_MAX, sizeof(*runs));
	size_t count = 0;
	int r;

	if (!runs) {
		return -ENOMEM;
	}
	r = history_load_set_runs(history, runs, HISTORY_CLIENT_REPLAY_MAX, &count);
	if (r == 0) {
		discipline_replay(runs, count, ret);
	}
	free(runs);
	return r;
}

int history_replay_load(struct history *history, struct replay_state *ret)
{
	struct run_record *runs = calloc(DISCIPLINE_REPLAY_RECENT, sizeof(*runs));
	struct replay_state replay;
	bool is_known = false;
	size_t count = 0;
	int r;

	if (!runs) {
		return -ENOMEM;
	}
	replay_state_init(&replay);
	r = history_load_set_runs(history, runs, DISCIPLINE_REPLAY_RECENT, &count);
	if (r == 0 && count > 0) {
		replay.has_last = 1;
		replay.last = runs[count - 1];
		replay.interval_ns = discipline_replay_interval_ns(runs, count);
		r = history_load_trusted(history, &replay.trusted);
		replay.has_trusted = r == 0;
		r = r == -ENOENT ? 0 : r;
	}
	if (r == 0 && count > 0) {
		r = load_snapshot(history, runs, count, &replay.discipline, &is_known);
	}
	if (r == 0 && count > 0 && !is_known) {
		r = replay_all(history, &replay.discipline);
	}
	free(runs);
	if (r == 0) {
		*ret = replay;
	}
	return r;
}

int history_replay_store(struct history *history, const struct run_record *run,
                         const struct source_record *sources, size_t count,
                         struct replay_state *replay)
{
	struct replay_state next = *replay;
	struct discipline_snapshot snapshot;
	const struct history_value value = { .key = SNAPSHOT_KEY,
		                             .octets = &snapshot,
		                             .len = sizeof(snapshot) };
	const bool teaches = run->verb == RUN_VERB_SET && !run->is_dry;
	int r;

	if (teaches) {
		discipline_replay_run(&next.discipline, run,
		                      replay->has_last ? &replay->last : NULL);
		next.has_last = 1;
		next.last = *run;
		if (run->status == RUN_OK) {
			next.has_trusted = 1;
			next.trusted = *run;
		}
		discipline_snapshot_make(&next.discipline, run, &snapshot);
	}
	r = history_store(history, run, sources, count, teaches ? &value : NULL);
	if (r == 0) {
		*replay = next;
	}
	return r;
}
