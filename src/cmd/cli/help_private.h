/* SPDX-License-Identifier: MIT
 *
 * --help, from the tables.
 */
#ifndef CMD_CLI_HELP_PRIVATE_H
#define CMD_CLI_HELP_PRIVATE_H

#include "cmd/cli/command.h"

void help_print_command(const struct program *program, const struct command *command);
void help_print_program(const struct program *program);

#endif
