/* SPDX-License-Identifier: MIT
 *
 * Parses the words of a command line, then completes them from the configuration file.
 */
#include "cmd/cli/parse.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cli/command_options.h"
#include "cmd/cli/config_apply_private.h"
#include "cmd/cli/dhcp_servers.h"
#include "cmd/cli/hint_private.h"

int parse_open(const struct program *program, const struct command *command,
               size_t word_count, struct parse *ret)
{
	struct parse parse = { .program = program, .command = command };

	assert(option_count(command) <= OPTION_ROWS_MAX);
	parse.settings = calloc(1, command->settings_size);
	parse.defaults = calloc(1, command->settings_size);
	parse.operands =
		calloc(word_count + OPTION_TEXTS_MAX + 1, sizeof(parse.operands[0]));
	if (!parse.settings || !parse.defaults || !parse.operands) {
		parse_close(&parse);
		return command_complain_memory();
	}
	if (command->defaults) {
		command->defaults(parse.settings);
		command->defaults(parse.defaults);
	}
	*ret = parse;
	return 0;
}

void parse_close(struct parse *parse)
{
	config_files_close(&parse->files);
	free(parse->operands);
	free(parse->defaults);
	free(parse->settings);
	*parse = (struct parse){ .command = NULL };
}

/* Two choices for one field contradict each other: we cannot guess which is meant. */
static int word_store(struct parse *parse, size_t i, const char *value, const char *hint)
{
	const struct option_place place = { "--", hint };
	const struct option_row *row = option_at(parse->command, i);
	size_t k;
	int status;

	for (k = 0; k < option_count(parse->command); k++) {
		/* The last of --json and --format counts. */
		if (parse->origins[k] == ORIGIN_COMMAND_LINE && row->kind == OPT_CHOICE &&
		    option_at(parse->command, k)->kind == OPT_CHOICE &&
		    option_excludes(row, option_at(parse->command, k))) {
			command_complain("--%s contradicts --%s: give one of them",
			                 row->name, option_at(parse->command, k)->name);
			return REQTIME_EXIT_USAGE;
		}
	}
	status = option_store(row, &place, value, option_field(parse, i));
	parse->origins[option_canonical(parse->command, i)] = ORIGIN_COMMAND_LINE;
	return status;
}

/* `len` octets of `word` are the option. */
static int complain_unknown(const struct parse *parse, const char *word, size_t len)
{
	char quoted[COMMAND_QUOTE_SIZE], hint[HINT_SIZE];

	command_complain("unknown option \"%s\"%s", command_quote(word, quoted),
	                 hint_for_option(parse->program, parse->command, word, len, hint));
	return REQTIME_EXIT_USAGE;
}

/* `word` is "--name" or "--name=value"; `next` the word after it or NULL.  Sets `*took`
 * when that was the value. */
static int parse_long(struct parse *parse, const char *word, const char *next, bool *took)
{
	const char *name = word + 2;
	const char *value = strchr(name, '=');
	size_t len = value ? (size_t)(value - name) : strlen(name);
	size_t i = option_find(parse->command, name, len, 0);
	bool is_flag;

	if (i == option_count(parse->command)) {
		return complain_unknown(parse, word, len + 2);
	}
	is_flag = !option_at(parse->command, i)->argument;
	if (is_flag && value) {
		command_complain("option --%.*s takes no value: give it without \"=\"",
		                 (int)len, name);
		return REQTIME_EXIT_USAGE;
	}
	if (!is_flag && !value && !next) {
		command_complain("option --%s needs a value: %s", name,
		                 option_at(parse->command, i)->argument);
		return REQTIME_EXIT_USAGE;
	}
	*took = !is_flag && !value;
	return word_store(parse, i,
	                  is_flag ? "yes"
	                  : value ? value + 1
	                          : next,
	                  value ? "" : hint_for_value(0, next));
}

/* `word` is "-x", "-xy" of flags, "-x5" or "-yx5". */
static int parse_letters(struct parse *parse, const char *word, const char *next,
                         bool *took)
{
	const size_t len = strcspn(word, "=");
	char letter[3] = "-";
	const char *at;
	size_t i;
	int status;

	/* "-timeout", "-dry-run": a long option with one dash. */
	if (len > 3 && option_find(parse->command, word + 1, len - 1, 0) <
	                       option_count(parse->command)) {
		return complain_unknown(parse, word, len);
	}
	for (at = word + 1; *at; at++) {
		letter[1] = *at;
		i = option_find(parse->command, NULL, 0, *at);
		if (i == option_count(parse->command)) {
			return complain_unknown(parse, letter, strlen(letter));
		}
		if (option_at(parse->command, i)->argument) {
			if (!at[1] && !next) {
				command_complain("option %s needs a value: %s", letter,
				                 option_at(parse->command, i)->argument);
				return REQTIME_EXIT_USAGE;
			}
			*took = !at[1];
			return word_store(parse, i, at[1] ? at + 1 : next,
			                  at[1] ? "" : hint_for_value(*at, next));
		}
		status = word_store(parse, i, "yes", "");
		if (status) {
			return status;
		}
	}
	return 0;
}

int parse_words(struct parse *parse, const char *const *words)
{
	bool is_after_end = false;
	bool took;
	int status;

	for (; *words && !parse->wants_help && !parse->wants_version; words++) {
		took = false;
		status = 0;
		if (is_after_end || words[0][0] != '-' || !words[0][1]) {
			parse->operands[parse->operand_count++] = *words;
			is_after_end |= parse->command->takes_words;
		} else if (strcmp(*words, "--") == 0) {
			is_after_end = true;
		} else if (words[0][1] == '-') {
			status = parse_long(parse, words[0], words[1], &took);
		} else {
			status = parse_letters(parse, words[0], words[1], &took);
		}
		if (status) {
			return status;
		}
		words += took;
	}
	return 0;
}

/* The field of an OPT_TEXT or OPT_TEXTS option; NULL if the command has no such option. */
static void *named_field(const struct parse *parse, const char *name)
{
	size_t i = name ? option_find(parse->command, name, strlen(name), 0)
	                : option_count(parse->command);

	return i < option_count(parse->command) ? option_field(parse, i) : NULL;
}

/* Applies the configuration files, if any. */
static int add_config(struct parse *parse)
{
	const char *const *named = named_field(parse, "config");
	const char *path;
	int status;

	if (!named || !command_reads_config(parse->command)) {
		return 0;
	}
	path = *named ? *named : parse->command->config_default;
	if (!path) {
		return 0;
	}
	status = config_files_read(parse->program, path, *named != NULL, &parse->files);
	/* A file that is named is all that is read. */
	if (status == 0 && !*named && parse->command->config_folder) {
		status = config_files_read_folder(
			parse->program, parse->command->config_folder, &parse->files);
	}
	return status ? status : config_apply(&parse->files, parse);
}

bool parse_is_operand(const struct parse *parse, size_t i)
{
	const char *name = parse->command->operand_option;

	return name && strcmp(option_at(parse->command, i)->name, name) == 0;
}

/* Adds the operands given as options. */
static void add_operands(struct parse *parse)
{
	const char *name = parse->command->operand_option;
	const struct option_texts *more = named_field(parse, name);

	if (!more) {
		return;
	}
	if (parse->operand_count > 0) {
		parse->origins[option_find(parse->command, name, strlen(name), 0)] =
			ORIGIN_COMMAND_LINE;
	}
	for (size_t i = 0; i < more->count; i++) {
		parse->operands[parse->operand_count++] = more->items[i];
	}
}

static int complain_no_operand(const struct parse *parse, const char *what)
{
	const char *path = parse->files.path;
	const char *where = path ? ", and none in " : ", and there is no ";
	const char *also = dhcp_servers_are_wanted(parse)
	                           ? ", nor by DHCP in " DHCP_SERVERS_FOLDER
	                           : "";
	char quoted[COMMAND_QUOTE_SIZE], help[HELP_WORDS_SIZE];

	path = path ? path : parse->command->config_default;
	command_help_words(parse->program, parse->command, help);
	if (path) {
		command_complain("no %.*s given%s%s%s; try \"%s\", or put a line such as "
		                 "\"%s = ntp1.example\" into that file",
		                 (int)strcspn(what, ".]"), what, where,
		                 command_quote(path, quoted), also, help,
		                 parse->command->operand_option);
	} else {
		command_complain("no %.*s given; try \"%s\"", (int)strcspn(what, ".]"),
		                 what, help);
	}
	return REQTIME_EXIT_USAGE;
}

int parse_check_operands(const struct parse *parse)
{
	const struct command *command = parse->command;
	const char *const *file = named_field(parse, command->operand_file_option);
	char quoted[COMMAND_QUOTE_SIZE], help[HELP_WORDS_SIZE];

	if (parse->operand_count > 0 && !command->operands) {
		command_complain("unexpected argument \"%s\"; try \"%s\"",
		                 command_quote(parse->operands[0], quoted),
		                 command_help_words(parse->program, command, help));
		return REQTIME_EXIT_USAGE;
	}
	if (parse->operand_count > 0 || !command->operands || (file && *file)) {
		return 0;
	}
	if (command->may_lack_operand && command->may_lack_operand(parse->settings)) {
		return 0;
	}
	/* In brackets: optional on the command line, but still required somewhere. */
	if (command->operands[0] == '[') {
		return command->operand_option
		               ? complain_no_operand(parse, command->operands + 1)
		               : 0;
	}
	return complain_no_operand(parse, command->operands);
}

int parse_complete(struct parse *parse)
{
	int status = add_config(parse);

	if (status == 0) {
		status = dhcp_servers_add(parse);
	}
	if (status == 0) {
		add_operands(parse);
	}
	return status;
}
