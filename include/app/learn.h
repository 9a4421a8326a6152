/* SPDX-License-Identifier: MIT
 *
 * From the recorded runs of `set` to the advice of core/discipline.h for this one.
 *
 *   replay -> advise
 *
 * In the measuring process: what it says is checked by the other one (app/correct.h).
 */
#ifndef APP_LEARN_H
#define APP_LEARN_H

#include "app/correct.h"
#include "core/record.h"

/* When neither an option nor the past says when the next run will be. */
#define LEARN_INTERVAL_NS (3600 * NS_PER_S)

/* `runs` are oldest to newest. */
void learn_replay(const struct run_record *runs, size_t count, struct discipline *ret);

/* How far the runs lie apart: the median of the latest, LEARN_INTERVAL_NS when there are too
 * few to tell. */
int64_t learn_interval_ns(const struct run_record *runs, size_t count);

/* Fills what `ret` has for it of this run, `now`, its kernel fields (before) known; `last` is
 * the newest of those replayed, or NULL.  `d` has then observed this run.  `ahead_ns`: to the next
 * run. */
void learn_advise(struct discipline *d, const struct run_record *now,
                  const struct run_record *last, const struct plan_limits *limits,
                  int64_t ahead_ns, struct correct_record *ret);

#endif
