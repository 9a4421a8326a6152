/* SPDX-License-Identifier: MIT
 *
 * --log-to: the log of `query` and `set`, with a line per run and every complaint.
 *
 *   open (before privileges and file access are dropped) -> run -> close
 *
 * A log that cannot be opened or written causes a warning.
 */
#ifndef CMD_CLI_RUN_LOG_H
#define CMD_CLI_RUN_LOG_H

#include "cmd/cli/measure_cli.h"
#include "core/report/log_line.h"

void run_log_open(const struct measure_cli_settings *settings);
void run_log_run(const struct log_entry *entry);
/* Logs a run that ended by a signal: `status` is its exit status. */
void run_log_end(const char *verb, int status);
/* Logs the summary of a run that has no answer of all. */
void run_log_verdict(const char *verb, bool is_well, const char *summary);
/* Logs a text, such as that there was nothing to do. */
void run_log_say(const char *text);
void run_log_close(void);

#endif
