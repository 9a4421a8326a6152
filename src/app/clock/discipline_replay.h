/* SPDX-License-Identifier: MIT
 *
 * From the recorded runs of `set` to the advice of core/discipline/discipline.h for this one.
 *
 *   replay, or a snapshot and the runs since -> advise
 *
 * The process that keeps the history replays (app/history/history_client.h), the measuring one asks for
 * advice, and the one that may set the clock checks it (app/clock/correct.h).
 */
#ifndef APP_CLOCK_DISCIPLINE_REPLAY_H
#define APP_CLOCK_DISCIPLINE_REPLAY_H

#include "app/clock/correct.h"
#include "core/discipline/run_record.h"
#include "core/report/discipline_report.h"

/* When neither an option nor the past says when the next run will be. */
#define DISCIPLINE_REPLAY_INTERVAL_NS (3600 * NS_PER_S)

/* Of so many runs, the latest, the interval is told. */
enum { DISCIPLINE_REPLAY_RECENT = 65 };

/* What the runs of `set` leave to the next one, dry runs left out.  It crosses process borders:
 * yes and no are octets. */
struct replay_state {
	uint8_t has_last;
	uint8_t has_trusted;
	struct run_record last;    /* the newest */
	struct run_record trusted; /* the newest that was trusted */
	int64_t interval_ns; /* between two runs, as discipline_replay_interval_ns() */
	struct discipline discipline;
};
void replay_state_init(struct replay_state *ret); /* nothing is known */
MUST_USE bool replay_state_is_valid(const struct replay_state *replay);

/* `runs` are oldest to newest. */
void discipline_replay(const struct run_record *runs, size_t count, struct discipline *ret);

/* One more run; `before` is the one that was taken in last, NULL for the first. */
void discipline_replay_run(struct discipline *d, const struct run_record *run,
                           const struct run_record *before);

/* What was learnt, as it is kept beside the runs: so that the next run need not replay them.
 * Octets of this program on this kind of machine; to any other they are nonsense. */
struct discipline_snapshot {
	uint32_t magic;
	uint32_t octets; /* of this struct */
	char version
		[RECORD_VERSION_SIZE]; /* of the program: the next may learn otherwise */
	struct run_record last;        /* the newest that was taken in */
	struct discipline discipline;
};

void discipline_snapshot_make(const struct discipline *d, const struct run_record *last,
                              struct discipline_snapshot *ret);
/* Whether the `len` octets at `buf` are a snapshot of this very program; then `*ret`. */
MUST_USE bool discipline_snapshot_read(const void *buf, size_t len,
                                       struct discipline_snapshot *ret);

/* What the snapshot and the runs after its own teach: the same to the bit as a replay of them all.
 * False, and `*ret` left alone, when the snapshot's run is none of `runs`. */
MUST_USE bool discipline_replay_resume(const struct discipline_snapshot *snapshot,
                                       const struct run_record *runs, size_t count,
                                       struct discipline *ret);

/* How far the runs lie apart: the median of the latest, DISCIPLINE_REPLAY_INTERVAL_NS when there are too
 * few to tell. */
int64_t discipline_replay_interval_ns(const struct run_record *runs, size_t count);

/* What the runs of `set` before each of `runs` let predicted bound: that |offset| would then be below ret[i] ns
 * (discipline_bound_ns() of the time since); INT64_MAX where they let predicted bound nothing, as after a reboot.
 * Worked out anew from the records, so a run that is no longer there teaches nothing.  `ret` has room for
 * `count`. */
void discipline_replay_bounds(const struct run_record *runs, size_t count, int64_t *ret);

/* Fills what `ret` has for it of this run, `now`, its kernel fields (before) known; `last` is
 * the newest of those replayed, or NULL.  `d` has then observed this run. */
void discipline_replay_advise(struct discipline *d, const struct run_record *now,
                              const struct run_record *last, struct correct_record *ret);

/* What to show of `d` after this run, which did `did` to the clock, or would. */
struct discipline_report discipline_replay_report(const struct discipline *d,
                                                  const struct discipline_action *did,
                                                  int64_t ahead_ns);

#endif
