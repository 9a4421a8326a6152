/* SPDX-License-Identifier: MIT
 *
 * The options of a program's commands from a configuration file: the keys are the long
 * names of the options.  Entries before the first section apply to every command that knows
 * the key; those in the section of a command apply to that command and take precedence.  A
 * program with a single command has one section, with the program's name.
 *
 *   config_file_read -> config_file_apply* -> config_file_close (after the last use)
 */
#ifndef CMD_CLI_CONFIG_FILE_H
#define CMD_CLI_CONFIG_FILE_H

#include "cmd/cli/command.h"

struct parse;

struct config_item {
	char *section; /* "": before the first section */
	char *key;
	char *value;
	unsigned line;
};

/* Starts as zeros. */
struct config_file {
	const char *path; /* NULL: no file was read */
	struct config_item *items;
	size_t count;
};

/* Checks the whole file, whichever command runs: unknown sections and keys, keys given
 * twice, values.  `is_named`: the file must exist.  0, or REQTIME_EXIT_USAGE with one line
 * "FILE:LINE: reason" on stderr; `ret` must be closed in any case. */
int config_file_read(const struct program *program, const char *path, bool is_named,
                     struct config_file *ret);
/* Stores the entries for the command of `parse` in its settings, except where the command
 * line sets the option.  0, or REQTIME_EXIT_USAGE with a line on stderr. */
int config_file_apply(const struct config_file *file, struct parse *parse);
/* The line of a value of the file, by its address; 0 for any other text. */
unsigned config_file_line_of(const struct config_file *file, const char *value);
void config_file_close(struct config_file *file);

#endif
