/* SPDX-License-Identifier: MIT
 *
 * From the recorded runs of `set` to what the server may say of its clock (app/server/state.h).
 */
#ifndef APP_SERVER_TRUSTED_H
#define APP_SERVER_TRUSTED_H

#include "app/server/state.h"
#include "core/discipline/record.h"

/* The run of `runs`, oldest to newest, that the clock goes by: the newest that was trusted, unless a later
 * one had an answer and was refused.  NULL: there is none. */
const struct run_record *serve_trusted_run(const struct run_record *runs, size_t count);

/* `sources` are those of that run, `runs` what it was learnt from, the run the last of them that
 * counts.  The best of the selected sources gives stratum, reference id and root delay; root
 * distance is what the run proved, left of a slew counted in; it grows with as much doubt as there is
 * of the frequency.  False, and `*ret` says so, when no selected source knows its stratum (the text
 * protocols), or the kernel was not told. */
bool serve_trusted_from(const struct run_record *runs, size_t count,
                        const struct run_record *run, const struct source_record *sources,
                        size_t source_count, struct serve_trusted *ret);

#endif
