/* SPDX-License-Identifier: MIT
 *
 * Look-ups in the tables of a program: commands by name, options by name, letter or place.
 */
#ifndef CMD_CLI_COMMAND_OPTIONS_H
#define CMD_CLI_COMMAND_OPTIONS_H

#include "cmd/cli/command.h"

struct parse;

/* The command of that name, or NULL; NULL too for a program with a single command. */
const struct command *command_find(const struct program *program, const char *word);
/* "program query --help", "program --help". */
enum { HELP_WORDS_SIZE = 64 };
const char *command_help_words(const struct program *program, const struct command *command,
                               char buf[HELP_WORDS_SIZE]);

/* The rows of a command: its own, the shared ones, --help and --version. */
size_t option_count(const struct command *command);
const struct option_row *option_at(const struct command *command, size_t i);
/* By its long name of `len` octets, or by its letter when `name` is NULL; option_count()
 * when no option matches. */
size_t option_find(const struct command *command, const char *name, size_t len,
                   char letter);
/* For an OPT_CHOICE that is short for a word of an OPT_WORD: the OPT_WORD, which has the
 * origin of both.  Else `i`. */
size_t option_canonical(const struct command *command, size_t i);
/* The field that holds the value of option `i`. */
void *option_field(const struct parse *parse, size_t i);

/* Whether the command reads a configuration file. */
bool command_reads_config(const struct command *command);
/* Whether the configuration file may set an option. */
bool option_is_configurable(const struct command *command, const struct option_row *row);

#endif
