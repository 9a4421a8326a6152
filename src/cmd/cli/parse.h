/* SPDX-License-Identifier: MIT
 *
 * The settings of a command: from its command line, then configuration files
 * (cmd/cli/config_file.h), then its defaults.
 *
 *   parse_open -> parse_words -> parse_complete -> parse_close (after the last use)
 */
#ifndef CMD_CLI_PARSE_H
#define CMD_CLI_PARSE_H

#include "cmd/cli/command.h"
#include "cmd/cli/config_file.h"

/* Where the value of an option comes from. */
enum option_origin { ORIGIN_DEFAULT, ORIGIN_FILE, ORIGIN_COMMAND_LINE };

struct parse {
	const struct program *program;
	const struct command *command;
	void *settings;
	void *defaults;        /* the settings before parsing */
	const char **operands; /* of the command line; all of them after parse_complete() */
	size_t operand_count;
	enum option_origin origins[OPTION_ROWS_MAX];      /* by index, as in option_at() */
	const struct config_item *items[OPTION_ROWS_MAX]; /* for ORIGIN_FILE */
	struct config_files files;
	bool has_warned; /* warnings about files were printed by an earlier parse */
	bool wants_help;
	bool wants_version;
};

/* New settings with their defaults and room for `word_count` operands.  This and the
 * others: 0, or the exit status with a line on stderr. */
int parse_open(const struct program *program, const struct command *command,
               size_t word_count, struct parse *ret);
int parse_words(struct parse *parse, const char *const *words);
/* Options that the command line did not set are read from the file of --config, else from
 * the command's default file and folder if they exist; then the operands given as options
 * are added, and the servers of DHCP if wanted (cmd/cli/dhcp_servers.h). */
int parse_complete(struct parse *parse);
/* Whether the command has the operands that it needs. */
int parse_check_operands(const struct parse *parse);
/* Whether option `i` is the one whose values are operands. */
bool parse_is_operand(const struct parse *parse, size_t i);
void parse_close(struct parse *parse);

#endif
