/* SPDX-License-Identifier: MIT
 *
 * The bound file of `query` and `set`.
 *
 *   open (before privileges go) -> run or unknown, in the measuring process -> close
 *
 * A run never fails for it: where it cannot be written there is a warning, if the user named
 * it.
 */
#ifndef CMD_CLI_BOUND_CLI_H
#define CMD_CLI_BOUND_CLI_H

#include "app/clock/correct.h"
#include "cmd/cli/measure_cli.h"
#include "core/discipline/run_record.h"

/* `by_default`: REQTIME_NOW_FILE, if it can be written, without --bound-file and with the
 * default state directory. */
void bound_cli_open(const struct measure_cli_settings *settings, bool by_default);
/* Whether there is a file to write. */
bool bound_cli_is_open(void);
/* For the one child process that measures: it inherits the pages, and no later one does. */
void bound_cli_share(bool is_shared);

/* `record`: of the run, with the kernel's state after its action.  `discipline`: after the
 * observation of this run; NULL with --no-discipline.  `result`: what was done, or would
 * be. */
void bound_cli_run(const struct measure_cli_settings *settings, const struct run *run,
                   const struct run_record *record, const struct discipline *discipline,
                   const struct correct_result *result);
void bound_cli_close(void);

#endif
