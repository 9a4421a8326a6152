/* SPDX-License-Identifier: MIT
 *
 * `reqtime config`: the effective settings of a command and where each comes from, written
 * as a configuration file with the same settings.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cli/command.h"
#include "cmd/cli/command_options.h"
#include "cmd/cli/parse.h"
#include "cmd/verbs/config_default_private.h"
#include "cmd/verbs/config_json_private.h"
#include "core/base/span.h"
#include "core/report/threshold.h"

enum { COMMANDS_MAX = 16, SETTING_COLUMNS = 40, VALUE_SIZE = COMMAND_QUOTE_SIZE };

struct config_settings {
	const char *config;
	bool is_json;
};

#define AT(field) offsetof(struct config_settings, field)

static const struct option_row config_options[] = {
	{ "config", 'f', OPT_TEXT, AT(config), 0, 0, "FILE",
	  "configuration file to show (" COMMAND_CONFIG_DEFAULT ")" },
	{ "json", 0, OPT_FLAG, AT(is_json), 0, 0, NULL,
	  "print one line of JSON instead of a configuration file" },
};

/* A value that is set, as a file has it. */
static const char *value_text(const struct parse *parse, size_t i, char buf[VALUE_SIZE])
{
	const struct option_row *row = option_at(parse->command, i);
	const void *field = option_field(parse, i);
	const char *word;
	size_t len;

	switch (row->kind) {
	case OPT_FLAG:
		return *(const bool *)field ? "yes" : "no";
	case OPT_LEVEL:
		snprintf(buf, VALUE_SIZE, "%u", *(const unsigned *)field);
		return *(const unsigned *)field == 0   ? "no"
		       : *(const unsigned *)field == 1 ? "yes"
		                                       : buf;
	case OPT_CHOICE:
		return *(const int *)field == (int)row->max ? "yes" : "no";
	case OPT_COUNT:
		snprintf(buf, VALUE_SIZE, "%u", *(const unsigned *)field);
		return buf;
	case OPT_SPAN_NS:
		span_write(*(const int64_t *)field, buf);
		return buf;
	case OPT_RANGE:
		return command_quote(((const struct threshold *)field)->given, buf);
	case OPT_TEXT:
		return command_quote(*(const char *const *)field, buf);
	case OPT_WORD:
		word = option_word(row, field, &len);
		snprintf(buf, VALUE_SIZE, "%.*s", (int)len, word);
		return buf;
	case OPT_TEXTS:
		break; /* see print_texts() */
	}
	return "";
}

static const char *origin_text(enum option_origin origin, const struct config_item *item,
                               char buf[2 * COMMAND_QUOTE_SIZE])
{
	char path[COMMAND_QUOTE_SIZE];

	switch (origin) {
	case ORIGIN_FILE:
		snprintf(buf, 2 * COMMAND_QUOTE_SIZE, "%s:%u",
		         command_quote(item->path, path), item->line);
		return buf;
	case ORIGIN_COMMAND_LINE:
		return "command line";
	case ORIGIN_DEFAULT:
		break;
	}
	return "default";
}

static void print_line(const char *name, const char *value, const char *origin)
{
	int len = printf("%s = %s", name, value);

	printf("%*s ; %s\n", len < SETTING_COLUMNS ? SETTING_COLUMNS - len : 0, "", origin);
}

/* False for an empty list. */
static bool print_texts(const struct parse *parse, size_t i)
{
	const struct option_row *row = option_at(parse->command, i);
	const struct option_texts *texts = option_field(parse, i);
	const bool is_operand = parse_is_operand(parse, i);
	const char *const *items = is_operand ? parse->operands : texts->items;
	const size_t count = is_operand ? parse->operand_count : texts->count;
	char quoted[COMMAND_QUOTE_SIZE], origin[2 * COMMAND_QUOTE_SIZE];

	for (size_t k = 0; k < count; k++) {
		print_line(row->name, command_quote(items[k], quoted),
		           origin_text(parse->origins[i],
		                       config_item_of(&parse->files, items[k]), origin));
	}
	return count > 0;
}

/* The default of an option that is not set. */
static void print_default(const char *name)
{
	char buf[HISTORY_DIR_SIZE], quoted[COMMAND_QUOTE_SIZE];
	bool is_value;
	const char *words = config_default(name, &is_value, buf);
	int len;

	if (is_value) {
		print_line(name, command_quote(words, quoted), "default");
		return;
	}
	len = printf("# %s: %s", name, words);
	printf("%*s ; default\n", len < SETTING_COLUMNS ? SETTING_COLUMNS - len : 0, "");
}

static void print_setting(const struct parse *parse, size_t i)
{
	const struct option_row *row = option_at(parse->command, i);
	const size_t canonical = option_canonical(parse->command, i);
	char value[VALUE_SIZE], origin[2 * COMMAND_QUOTE_SIZE];

	if (canonical != i) {
		printf("# %s: see %s\n", row->name,
		       option_at(parse->command, canonical)->name);
	} else if (row->kind == OPT_TEXTS) {
		if (!print_texts(parse, i)) {
			print_default(row->name);
		}
	} else if (option_is_set(row, option_field(parse, i))) {
		print_line(row->name, value_text(parse, i, value),
		           origin_text(parse->origins[i], parse->items[i], origin));
	} else {
		print_default(row->name);
	}
}

/* Each command has read the files for itself. */
static bool is_same_place(const struct config_item *a, const struct config_item *b)
{
	return (!a && !b) ||
	       (a && b && a->line == b->line && strcmp(a->path, b->path) == 0);
}

/* Whether the first command takes the option from a file, and all that do so got it from
 * the same place. */
static bool is_common(const struct parse *parses, size_t count, const char *name)
{
	size_t i, first = 0, knowing = 0;

	for (size_t k = 0; k < count; k++) {
		i = option_find(parses[k].command, name, strlen(name), 0);
		if (i == option_count(parses[k].command) ||
		    !option_is_configurable(parses[k].command,
		                            option_at(parses[k].command, i))) {
			if (k == 0) {
				return false;
			}
			continue;
		}
		knowing++;
		first = k == 0 ? i : first;
		if (parses[k].origins[i] != parses[0].origins[first] ||
		    !is_same_place(parses[k].items[i], parses[0].items[first])) {
			return false;
		}
	}
	return knowing > 1;
}

static void print_settings(const struct parse *parse, const struct parse *parses,
                           size_t count, bool wants_common)
{
	const struct option_row *row;
	bool has_heading = wants_common && count > 1;

	for (size_t i = 0; i < option_count(parse->command); i++) {
		row = option_at(parse->command, i);
		if (!option_is_configurable(parse->command, row) ||
		    (count > 1 && is_common(parses, count, row->name) != wants_common)) {
			continue;
		}
		if (!has_heading) {
			printf("\n[%s]\n", parse->command->name);
			has_heading = true;
		}
		print_setting(parse, i);
	}
}

static void print_files(const struct config_files *files)
{
	const struct config_folder *const folders[] = { &files->folder, &files->dhcp };
	char quoted[COMMAND_QUOTE_SIZE];

	if (files->path) {
		printf("# %s\n", command_quote(files->path, quoted));
	} else {
		printf("# %s: no such file\n", COMMAND_CONFIG_DEFAULT);
	}
	for (size_t k = 0; k < COUNT_OF(folders); k++) {
		for (size_t i = 0; i < folders[k]->count; i++) {
			printf("# %s\n", command_quote(folders[k]->paths[i], quoted));
		}
	}
}

static int print_all(const struct config_settings *settings, const struct parse *parses,
                     size_t count)
{
	if (settings->is_json) {
		return command_print(config_json_render(parses, count));
	}
	print_files(&parses[0].files);
	if (count > 1) {
		print_settings(&parses[0], parses, count, true);
	}
	for (size_t i = 0; i < count; i++) {
		print_settings(&parses[i], parses, count, false);
	}
	return 0;
}

/* `words`: the command line of that command; `is_first`: it prints the warnings. */
static int parse_one(const struct config_settings *settings, const struct command *command,
                     const char *const *words, size_t word_count, bool is_first,
                     struct parse *ret)
{
	const char **all = calloc(word_count + 3, sizeof(all[0]));
	size_t count = 0;
	int status;

	if (!all) {
		return command_complain_memory();
	}
	if (settings->config) {
		all[count++] = "--config";
		all[count++] = settings->config;
	}
	memcpy(all + count, words, word_count * sizeof(all[0]));
	status = parse_open(command_program(), command, count + word_count, ret);
	if (status == 0) {
		ret->has_warned = !is_first;
		status = parse_words(ret, all);
	}
	if (status == 0) {
		status = parse_complete(ret);
	}
	free(all);
	return status;
}

static int config_run(const void *ctx, const char *const *words, size_t word_count)
{
	const struct config_settings *settings = ctx;
	const struct program *program = command_program();
	const struct command *named = NULL, *command;
	struct parse parses[COMMANDS_MAX];
	size_t count = 0;
	int status = 0;

	if (word_count > 0) {
		named = command_find(program, words[0]);
		if (!named) {
			return command_complain_unknown(words[0]);
		}
		if (!command_reads_config(named)) {
			command_complain("the command \"%s\" reads no configuration file",
			                 named->name);
			return REQTIME_EXIT_USAGE;
		}
		words++;
		word_count--;
	}
	memset(parses, 0, sizeof(parses));
	for (size_t i = 0; i < program->command_count && status == 0; i++) {
		command = program->commands[i];
		if ((named ? command == named : command_reads_config(command)) &&
		    count < COMMANDS_MAX) {
			status = parse_one(settings, command, words, word_count, count == 0,
			                   &parses[count]);
			count++;
		}
	}
	if (status == 0) {
		status = print_all(settings, parses, count);
	}
	while (count > 0) {
		parse_close(&parses[--count]);
	}
	return status;
}

const struct command command_config = {
	.name = "config",
	.summary = "show the effective settings and where each comes from",
	.examples =
		"    reqtime config                           the settings of all "
		"commands\n"
		"    reqtime config set                       those of one command\n"
		"    reqtime config set --step ntp1           those of a command line\n",
	.operands = "[COMMAND [OPTION]... [SERVER]...]",
	.takes_words = true,
	.options = config_options,
	.option_count = COUNT_OF(config_options),
	.settings_size = sizeof(struct config_settings),
	.run = config_run,
};
