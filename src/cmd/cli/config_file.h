/* SPDX-License-Identifier: MIT
 *
 * The options of a program's commands from a configuration file: the keys are the long names
 * of the options.  What stands before the first section is for every command that knows the
 * key; what stands in the section of a command is for that one, and goes before the other.  A
 * program with one command has one section, by the program's name.
 *
 *   config_file_read -> config_file_apply* -> config_file_close, when the settings are not used
 *   any more
 */
#ifndef CMD_CLI_CONFIG_FILE_H
#define CMD_CLI_CONFIG_FILE_H

#include "cmd/cli/command.h"

struct parse;

struct config_item {
	char *section; /* "": before the first */
	char *key;
	char *value;
	unsigned line;
};

/* Starts as zeros. */
struct config_file {
	const char *path; /* NULL: none was read */
	struct config_item *items;
	size_t count;
};

/* All of the file is checked, whichever command runs: unknown sections and keys, keys given twice,
 * values.  `is_named`: it must be there.  0, or REQTIME_EXIT_USAGE with one line "FILE:LINE: reason" on
 * stderr; `ret` is to be closed in any case. */
int config_file_read(const struct program *program, const char *path, bool is_named,
                     struct config_file *ret);
/* What holds for the command of `parse` into its settings, except for what the command line has
 * said.  0, or REQTIME_EXIT_USAGE with a line on stderr. */
int config_file_apply(const struct config_file *file, struct parse *parse);
/* The line of a text that came from the file, by its address; 0 when it did not. */
unsigned config_file_line_of(const struct config_file *file, const char *value);
void config_file_close(struct config_file *file);

#endif
