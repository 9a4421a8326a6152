/* SPDX-License-Identifier: MIT
 *
 * --help, from the tables.
 */
#ifndef CMD_HELP_H
#define CMD_HELP_H

#include "cmd/command.h"

void help_print_command(const struct program *program, const struct command *command);
void help_print_program(const struct program *program);

#endif
