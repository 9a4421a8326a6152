/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "app/history/recorder_private.h"
#include "io/store/history.h"

/* In the history, beside the runs. */
#define MEMO_KEY "learnt"

/* True when a memo was there that these runs continue. */
static int load_memo(struct history *history, const struct run_record *runs, size_t count,
                     struct discipline *ret, bool *ret_is_known)
{
	struct learn_memo octets, memo;
	size_t len = 0;
	int r;

	*ret_is_known = false;
	r = history_load_state(history, MEMO_KEY, &octets, sizeof(octets), &len);
	if (r == 0) {
		*ret_is_known = learn_memo_read(&octets, len, &memo) &&
		                learn_resume(&memo, runs, count, ret);
	}
	return r == -ENOENT || r == -EMSGSIZE ? 0 : r;
}

static int replay(struct history *history, struct discipline *ret)
{
	struct run_record *runs = calloc(RECORDER_REPLAY_MAX, sizeof(*runs));
	size_t count = 0;
	int r;

	if (!runs) {
		return -ENOMEM;
	}
	r = history_load_set_runs(history, runs, RECORDER_REPLAY_MAX, &count);
	if (r == 0) {
		learn_replay(runs, count, ret);
	}
	free(runs);
	return r;
}

static int load_trusted(struct history *history, struct learn_past *past)
{
	int r = history_load_trusted(history, &past->trusted);

	past->has_trusted = r == 0;
	return r == -ENOENT ? 0 : r;
}

int recorder_past_load(struct history *history, struct learn_past *ret)
{
	struct run_record *runs = calloc(LEARN_RECENT, sizeof(*runs));
	struct learn_past past;
	bool is_known = false;
	size_t count = 0;
	int r;

	if (!runs) {
		return -ENOMEM;
	}
	learn_past_init(&past);
	r = history_load_set_runs(history, runs, LEARN_RECENT, &count);
	if (r == 0 && count > 0) {
		past.has_last = 1;
		past.last = runs[count - 1];
		past.interval_ns = learn_interval_ns(runs, count);
		r = load_trusted(history, &past);
	}
	if (r == 0 && count > 0) {
		r = load_memo(history, runs, count, &past.discipline, &is_known);
	}
	if (r == 0 && count > 0 && !is_known) {
		r = replay(history, &past.discipline);
	}
	free(runs);
	if (r == 0) {
		*ret = past;
	}
	return r;
}

int recorder_past_store(struct history *history, const struct run_record *run,
                        const struct source_record *sources, size_t count,
                        struct learn_past *past)
{
	struct learn_past next = *past;
	struct learn_memo memo;
	const struct history_value value = { .key = MEMO_KEY,
		                             .octets = &memo,
		                             .len = sizeof(memo) };
	const bool teaches = run->verb == RECORD_SET && !run->is_dry;
	int r;

	if (teaches) {
		learn_take(&next.discipline, run, past->has_last ? &past->last : NULL);
		next.has_last = 1;
		next.last = *run;
		if (run->status == RUN_OK) {
			next.has_trusted = 1;
			next.trusted = *run;
		}
		learn_memo_make(&next.discipline, run, &memo);
	}
	r = history_store(history, run, sources, count, teaches ? &value : NULL);
	if (r == 0) {
		*past = next;
	}
	return r;
}
