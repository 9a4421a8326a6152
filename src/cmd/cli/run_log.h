/* SPDX-License-Identifier: MIT
 *
 * --log-to: what `query` and `set` leave in a log: a line for each run, and what they complain of.
 *
 *   open (before privileges go and the sandbox closes) -> run -> close
 *
 * A log that cannot be had, or takes no more, costs a warning.
 */
#ifndef CMD_CLI_RUN_LOG_H
#define CMD_CLI_RUN_LOG_H

#include "cmd/cli/measure_cli.h"
#include "core/report/log_line.h"

void run_log_open(const struct measure_cli_settings *settings);
void run_log_run(const struct log_entry *entry);
/* The run ended without a word of its own: `status` is its exit status. */
void run_log_end(const char *verb, int status);
/* That there was nothing to do is a run, too. */
void run_log_say(const char *text);
void run_log_close(void);

#endif
