/* SPDX-License-Identifier: MIT
 *
 * From the recorded runs of `set` to the server's sync source (app/server/state.h).
 */
#ifndef APP_SERVER_SYNC_SOURCE_H
#define APP_SERVER_SYNC_SOURCE_H

#include "app/server/state.h"
#include "core/discipline/run_record.h"

/* The run of `runs`, oldest to newest, that holds for the clock: the newest trusted one,
 * unless a later one had an answer and was refused.  NULL: no such run. */
const struct run_record *sync_source_run(const struct run_record *runs, size_t count);

/* `sources` belong to that run; `runs` are the past runs, it is the last of them that
 * counts.  The best of the selected sources gives stratum, reference id and root delay; the
 * root distance is the run's bound, including a pending slew; it grows with the uncertainty
 * of the frequency.  False, with the reason in `*ret`, when no selected source knows its
 * stratum (the text protocols), or the kernel was not updated. */
bool sync_source_from(const struct run_record *runs, size_t count,
                      const struct run_record *run, const struct source_record *sources,
                      size_t source_count, struct sync_source *ret);

#endif
