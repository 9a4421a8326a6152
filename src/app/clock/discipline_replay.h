/* SPDX-License-Identifier: MIT
 *
 * From the recorded runs of `set` to the advice of core/discipline/discipline.h for this
 * one.
 *
 *   replay, or a snapshot and the runs since -> advise
 *
 * The history process replays (app/history/history_client.h), the measuring process asks
 * for advice, and the process that may set the clock checks it (app/clock/correct.h).
 */
#ifndef APP_CLOCK_DISCIPLINE_REPLAY_H
#define APP_CLOCK_DISCIPLINE_REPLAY_H

#include "app/clock/correct.h"
#include "core/discipline/run_record.h"
#include "core/report/discipline_report.h"

/* The time until the next run, when neither an option nor past runs determine it. */
#define DISCIPLINE_REPLAY_INTERVAL_NS (3600 * NS_PER_S)

/* The latest runs from which the interval is estimated. */
enum { DISCIPLINE_REPLAY_RECENT = 65 };

/* The state that runs of `set` leave to the next one, dry runs left out.  It crosses
 * process borders: booleans are octets. */
struct replay_state {
	uint8_t has_last;
	uint8_t has_trusted;
	struct run_record last;    /* the newest */
	struct run_record trusted; /* the newest trusted one */
	int64_t interval_ns; /* between two runs, as discipline_replay_interval_ns() */
	struct discipline discipline;
};
void replay_state_init(struct replay_state *ret); /* nothing is known */
MUST_USE bool replay_state_is_valid(const struct replay_state *replay);

/* `runs` are oldest to newest. */
void discipline_replay(const struct run_record *runs, size_t count, struct discipline *ret);

/* Adds a run; `before` is the one replayed last, NULL for the first. */
void discipline_replay_run(struct discipline *d, const struct run_record *run,
                           const struct run_record *before);

/* The state of the discipline, stored beside the runs so that the next run need not replay
 * them. Binary data of this program on this kind of machine, invalid for any other. */
struct discipline_snapshot {
	uint32_t magic;
	uint32_t octets;                   /* of this struct */
	char version[RECORD_VERSION_SIZE]; /* another version may compute differently */
	struct run_record last;            /* the newest run included */
	struct discipline discipline;
};

void discipline_snapshot_make(const struct discipline *d, const struct run_record *last,
                              struct discipline_snapshot *ret);
/* Whether the `len` octets at `buf` are a snapshot of this very program; then `*ret`. */
MUST_USE bool discipline_snapshot_read(const void *buf, size_t len,
                                       struct discipline_snapshot *ret);

/* The state after the snapshot and the runs since: bit for bit the same as a replay of all
 * of them. False, and `*ret` unchanged, when the snapshot's run is not among `runs`. */
MUST_USE bool discipline_replay_resume(const struct discipline_snapshot *snapshot,
                                       const struct run_record *runs, size_t count,
                                       struct discipline *ret);

/* Median of the latest intervals; DISCIPLINE_REPLAY_INTERVAL_NS if there are too few. */
int64_t discipline_replay_interval_ns(const struct run_record *runs, size_t count);

/* For each of `runs` the bound predicted by the runs of `set` before it: |offset| would
 * then be below ret[i] ns (discipline_bound_ns() of the time since); INT64_MAX without a
 * prediction, as after a reboot. Recomputed from the records, so a deleted run contributes
 * nothing.  `ret` has room for `count`. */
void discipline_replay_bounds(const struct run_record *runs, size_t count, int64_t *ret);

/* Fills the advice in `ret` for this run, `now`, whose kernel fields (before) are known;
 * `last` is the newest of those replayed, or NULL.  `d` has then observed this run. */
void discipline_replay_advise(struct discipline *d, const struct run_record *now,
                              const struct run_record *last, struct correct_record *ret);

/* The report on `d` after this run, which did `did` to the clock, or would. */
struct discipline_report discipline_replay_report(const struct discipline *d,
                                                  const struct discipline_action *did,
                                                  int64_t ahead_ns);

#endif
