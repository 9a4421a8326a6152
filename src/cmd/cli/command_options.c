/* SPDX-License-Identifier: MIT
 *
 * Look-ups in the tables of commands and options.
 */
#include "cmd/cli/command_options.h"

#include <stdio.h>
#include <string.h>

#include "cmd/cli/parse.h"

static const struct option_row own_rows[] = {
	{ "help", 'h', OPT_FLAG, offsetof(struct parse, wants_help), 0, 0, NULL,
	  "show this help and exit" },
	{ "version", 'V', OPT_FLAG, offsetof(struct parse, wants_version), 0, 0, NULL,
	  "show the version and exit" },
};

size_t option_count(const struct command *command)
{
	return command->option_count + command->shared_option_count + COUNT_OF(own_rows);
}

const struct option_row *option_at(const struct command *command, size_t i)
{
	if (i < command->option_count) {
		return &command->options[i];
	}
	i -= command->option_count;
	if (i < command->shared_option_count) {
		return &command->shared_options[i];
	}
	return &own_rows[i - command->shared_option_count];
}

size_t option_find(const struct command *command, const char *name, size_t len, char letter)
{
	const struct option_row *row;
	size_t i;

	for (i = 0; i < option_count(command); i++) {
		row = option_at(command, i);
		if (name ? strlen(row->name) == len && memcmp(row->name, name, len) == 0
		         : row->letter == letter) {
			break;
		}
	}
	return i;
}

size_t option_canonical(const struct command *command, size_t i)
{
	const struct option_row *row = option_at(command, i);

	for (size_t k = 0; k < option_count(command); k++) {
		if (row->kind == OPT_CHOICE && option_at(command, k)->kind == OPT_WORD &&
		    option_excludes(row, option_at(command, k))) {
			return k;
		}
	}
	return i;
}

void *option_field(const struct parse *parse, size_t i)
{
	const size_t in_settings =
		parse->command->option_count + parse->command->shared_option_count;
	const struct option_row *row = option_at(parse->command, i);

	return (char *)(i < in_settings ? parse->settings : parse) + row->at;
}

const struct command *command_find(const struct program *program, const char *word)
{
	size_t i;

	for (i = 0; program->command_count > 1 && i < program->command_count; i++) {
		if (strcmp(program->commands[i]->name, word) == 0) {
			return program->commands[i];
		}
	}
	return NULL;
}

const char *command_help_words(const struct program *program, const struct command *command,
                               char buf[HELP_WORDS_SIZE])
{
	const bool has_words = program->command_count > 1;

	snprintf(buf, HELP_WORDS_SIZE, "%s%s%s --help", program->name, has_words ? " " : "",
	         has_words ? command->name : "");
	return buf;
}

static bool is_listed(const char *const *words, const char *word)
{
	for (; words && *words; words++) {
		if (strcmp(*words, word) == 0) {
			return true;
		}
	}
	return false;
}

bool command_reads_config(const struct command *command)
{
	return option_find(command, "config", strlen("config"), 0) <
	               option_count(command) &&
	       !command->takes_words;
}

bool option_is_configurable(const struct command *command, const struct option_row *row)
{
	static const char *const never[] = { "config", "help", "version", NULL };

	return !is_listed(never, row->name) &&
	       !is_listed(command->command_line_only, row->name);
}
