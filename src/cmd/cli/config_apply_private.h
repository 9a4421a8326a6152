/* SPDX-License-Identifier: MIT
 *
 * The settings of one command from what configuration files say.
 */
#ifndef CMD_CLI_CONFIG_APPLY_PRIVATE_H
#define CMD_CLI_CONFIG_APPLY_PRIVATE_H

#include "cmd/cli/parse.h"

/* Stores the entries for the command of `parse` in its settings, except where the command
 * line sets the option.  0, or REQTIME_EXIT_USAGE with a line on stderr. */
int config_apply(const struct config_files *files, struct parse *parse);
/* Whether the command line overrides the files for option `i`. */
bool config_is_overridden(const struct parse *parse, size_t i);

#endif
