/* SPDX-License-Identifier: MIT
 *
 * --log-to: what `query` and `set` leave in a log: a line for each run, and what they complain of.
 *
 *   open (before privileges go and the sandbox closes) -> run -> close
 *
 * A log that cannot be had, or takes no more, costs a warning.
 */
#ifndef CMD_CLI_LOGGING_H
#define CMD_CLI_LOGGING_H

#include "cmd/cli/measuring.h"
#include "core/report/log_line.h"

void logging_open(const struct measuring_settings *settings);
void logging_run(const struct log_entry *entry);
/* The run ended without a word of its own: `status` is its exit status. */
void logging_end(const char *verb, int status);
/* That there was nothing to do is a run, too. */
void logging_say(const char *text);
void logging_close(void);

#endif
