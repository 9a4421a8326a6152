/* SPDX-License-Identifier: MIT
 *
 * What a command is told: by the words of a command line, then by a configuration file
 * (cmd/cli/config_file.h), and by its defaults below both.
 *
 *   parse_open -> parse_words -> parse_complete -> parse_close, when the settings are not used
 *   any more
 */
#ifndef CMD_CLI_PARSE_H
#define CMD_CLI_PARSE_H

#include "cmd/cli/command.h"
#include "cmd/cli/config_file.h"

/* Who said what an option is. */
enum option_origin { ORIGIN_DEFAULT, ORIGIN_FILE, ORIGIN_COMMAND_LINE };

struct parse {
	const struct program *program;
	const struct command *command;
	void *settings;
	void *defaults; /* the settings as they were */
	const char *
		*operands; /* of the command line; after parse_complete() all there are */
	size_t operand_count;
	enum option_origin origins[OPTION_ROWS_MAX]; /* by place, as in option_at() */
	unsigned lines[OPTION_ROWS_MAX]; /* of the file, where that is the origin */
	struct config_file file;
	bool wants_help;
	bool wants_version;
};

/* Defaults into new settings, with room for `word_count` operands.  This and the others: 0, or the
 * exit status with a line on stderr. */
int parse_open(const struct program *program, const struct command *command,
               size_t word_count, struct parse *ret);
int parse_words(struct parse *parse, const char *const *words);
/* The file that --config names, else the command's own where it is there, for what the
 * command line left open; then operands that were given as options join the others. */
int parse_complete(struct parse *parse);
/* Whether there are as many as the command needs. */
int parse_check_operands(const struct parse *parse);
/* Whether option `i` is the one whose values are operands. */
bool parse_is_operand(const struct parse *parse, size_t i);
void parse_close(struct parse *parse);

#endif
