/* SPDX-License-Identifier: MIT
 *
 * From the recorded runs of `set` to what the server may say of its clock (app/server/state.h).
 */
#ifndef APP_SERVER_SYNC_SOURCE_H
#define APP_SERVER_SYNC_SOURCE_H

#include "app/server/state.h"
#include "core/discipline/run_record.h"

/* The run of `runs`, oldest to newest, that the clock goes by: the newest that was trusted, unless a later
 * one had an answer and was refused.  NULL: there is none. */
const struct run_record *sync_source_run(const struct run_record *runs, size_t count);

/* `sources` are those of that run, `runs` what it was learnt from, the run the last of them that
 * counts.  The best of the selected sources gives stratum, reference id and root delay; root
 * distance is what the run proved, left of a slew counted in; it grows with as much doubt as there is
 * of the frequency.  False, and `*ret` says so, when no selected source knows its stratum (the text
 * protocols), or the kernel was not told. */
bool sync_source_from(const struct run_record *runs, size_t count,
                      const struct run_record *run, const struct source_record *sources,
                      size_t source_count, struct sync_source *ret);

#endif
