/* SPDX-License-Identifier: MIT
 *
 * --metrics: what `query`, `set` and `check` leave for Prometheus.
 *
 *   open (before privileges go and the sandbox closes) -> run -> end
 *
 * A file that cannot be written costs a warning.  Without a file all of it does nothing.
 */
#ifndef CMD_CLI_EXPORTING_H
#define CMD_CLI_EXPORTING_H

#include "cmd/cli/measuring.h"
#include "core/discipline/record.h"
#include "core/report/health.h"
#include "core/report/learnt.h"

/* Where neither command line nor file names one: $REQTIME_METRICS, as a unit sets it; or NULL. */
const char *exporting_default(void);

void exporting_open(const struct measuring_settings *settings, enum record_verb verb);
/* What was measured and done, in this process or one forked off.  `health` of `check`, `learnt`
 * of `set`, else NULL. */
void exporting_run(const struct run *run, const struct run_record *record,
                   const struct health *health, const struct learnt *learnt);
/* A run of which nothing is to be told: what the last one left stands. */
void exporting_skip(void);
/* `status` is the exit status; one by a signal is no run. */
void exporting_end(int status);

#endif
