/* SPDX-License-Identifier: MIT
 *
 * --metrics: a file that `query`, `set` and `check` write for Prometheus.
 *
 *   open (before privileges and file access are dropped) -> run -> end
 *
 * A file that cannot be written causes a warning.  Without a file these functions do
 * nothing.
 */
#ifndef CMD_CLI_METRICS_FILE_H
#define CMD_CLI_METRICS_FILE_H

#include "cmd/cli/measure_cli.h"
#include "core/discipline/run_record.h"
#include "core/report/check_result.h"
#include "core/report/discipline_report.h"

/* The file without option or setting: $REQTIME_METRICS, as a unit sets it; or NULL. */
const char *metrics_file_default(void);

/* For -errno of a file that cannot be written: "; ..." with a way out, or "". */
const char *metrics_file_advice(int error);

void metrics_file_open(const struct measure_cli_settings *settings, enum run_verb verb);
/* Notes the result of a run, in this process or a child.  `check_result` of `check`,
 * `discipline_report` of `set`, else NULL. */
void metrics_file_run(const struct run *run, const struct run_record *record,
                      const struct check_result *check_result,
                      const struct discipline_report *discipline_report);
/* Keeps the metrics of the last run. */
void metrics_file_skip(void);
/* `status` is the exit status; a run ended by a signal does not count. */
void metrics_file_end(int status);

#endif
