/* SPDX-License-Identifier: MIT
 *
 * --metrics: what `query`, `set` and `check` leave for Prometheus.
 *
 *   open (before privileges go and the sandbox closes) -> run -> end
 *
 * A file that cannot be written costs a warning.  Without a file all of it does nothing.
 */
#ifndef CMD_CLI_METRICS_FILE_H
#define CMD_CLI_METRICS_FILE_H

#include "cmd/cli/measure_cli.h"
#include "core/discipline/run_record.h"
#include "core/report/check_result.h"
#include "core/report/discipline_report.h"

/* Where neither command line nor file names one: $REQTIME_METRICS, as a unit sets it; or NULL. */
const char *metrics_file_default(void);

void metrics_file_open(const struct measure_cli_settings *settings, enum run_verb verb);
/* What was measured and done, in this process or one forked off.  `check_result` of `check`, `discipline_report`
 * of `set`, else NULL. */
void metrics_file_run(const struct run *run, const struct run_record *record,
                      const struct check_result *check_result,
                      const struct discipline_report *discipline_report);
/* A run of which nothing is to be told: what the last one left stands. */
void metrics_file_skip(void);
/* `status` is the exit status; one by a signal is no run. */
void metrics_file_end(int status);

#endif
