/* SPDX-License-Identifier: MIT
 *
 * Reads a configuration file, checks all of it, and applies what concerns one command.
 */
#include "cmd/cli/config_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cli/command_options.h"
#include "cmd/cli/hint_private.h"
#include "cmd/cli/parse.h"
#include "core/base/text.h"
#include "io/store/config.h"

enum { ITEMS_MAX = 1024, WHERE_SIZE = COMMAND_QUOTE_SIZE + 16 };

struct reading {
	const struct program *program;
	struct config_file *file;
};

static int complain(const struct config_file *file, unsigned line, const char *reason,
                    const char *word)
{
	char path[COMMAND_QUOTE_SIZE], quoted[COMMAND_QUOTE_SIZE];

	command_quote(file->path, path);
	if (word) {
		command_complain("%s:%u: %s \"%s\"", path, line, reason,
		                 command_quote(word, quoted));
	} else {
		command_complain("%s:%u: %s", path, line, reason);
	}
	return REQTIME_EXIT_USAGE;
}

static const char *where_text(const struct config_file *file, unsigned line,
                              char buf[WHERE_SIZE])
{
	char path[COMMAND_QUOTE_SIZE];

	snprintf(buf, WHERE_SIZE, "%s:%u: ", command_quote(file->path, path), line);
	return buf;
}

static const struct option_row *row_of(const struct command *command, const char *key)
{
	size_t i = option_find(command, key, strlen(key), 0);

	return i < option_count(command) ? option_at(command, i) : NULL;
}

static const char *section_of(const struct program *program, const struct command *command)
{
	return program->command_count > 1 ? command->name : program->name;
}

/* The command that checks an entry: that of its section; else any that takes its key from a
 * file, or at least knows it. */
static const struct command *command_for(const struct program *program,
                                         const struct config_entry *entry)
{
	const struct command *command, *knowing = NULL;
	const struct option_row *row;
	size_t i;

	for (i = 0; i < program->command_count; i++) {
		command = program->commands[i];
		if (!command_reads_config(command) ||
		    (*entry->section &&
		     strcmp(section_of(program, command), entry->section) != 0)) {
			continue;
		}
		row = row_of(command, entry->key);
		if (row && option_is_configurable(command, row)) {
			return command;
		}
		knowing = row ? command : knowing;
	}
	return knowing;
}

static int keep(struct config_file *file, const struct config_entry *entry)
{
	struct config_item *item = &file->items[file->count];

	item->section = strdup(entry->section);
	item->key = strdup(entry->key);
	item->value = strdup(entry->value);
	item->line = entry->line;
	file->count++; /* closed with the others even if incomplete */
	if (!item->section || !item->key || !item->value) {
		return command_complain_memory();
	}
	return 0;
}

static bool is_no(const char *value)
{
	return strcmp(value, "no") == 0;
}

/* Refuses an entry that repeats or contradicts an earlier one of its section. */
static int check_beside(const struct config_file *file, const struct command *command,
                        const struct option_row *row, const struct config_entry *entry)
{
	const struct config_item *item;
	char reason[64];
	size_t times = 0;

	for (item = file->items; item < file->items + file->count; item++) {
		if (strcmp(item->section, entry->section) != 0) {
			continue;
		}
		if (strcmp(item->key, entry->key) != 0) {
			if (!is_no(item->value) && !is_no(entry->value) &&
			    option_excludes(row_of(command, item->key), row)) {
				snprintf(reason, sizeof(reason), "%s contradicts",
				         entry->key);
				return complain(file, entry->line, reason, item->key);
			}
		} else if (row->kind != OPT_TEXTS) {
			snprintf(reason, sizeof(reason),
			         "already given in line %u:", item->line);
			return complain(file, entry->line, reason, entry->key);
		} else if (++times == OPTION_TEXTS_MAX) {
			snprintf(reason, sizeof(reason), "more than %d of",
			         OPTION_TEXTS_MAX);
			return complain(file, entry->line, reason, entry->key);
		}
	}
	if (file->count == ITEMS_MAX) {
		snprintf(reason, sizeof(reason), "more than %d entries", ITEMS_MAX);
		return complain(file, entry->line, reason, NULL);
	}
	return 0;
}

/* "[query], [set] and [check]" */
static int complain_section(const struct config_file *file, const struct program *program,
                            const struct config_entry *entry)
{
	char path[COMMAND_QUOTE_SIZE], quoted[COMMAND_QUOTE_SIZE], known[160];
	struct text out = text_to(known, sizeof(known));
	const char *before = "";

	for (size_t i = 0; i < program->command_count; i++) {
		if (command_reads_config(program->commands[i])) {
			text_format(&out, "%s[%s]", before,
			            section_of(program, program->commands[i]));
			before = ", ";
		}
	}
	command_complain("%s:%u: unknown section \"%s\"; known: %s",
	                 command_quote(file->path, path), entry->line,
	                 command_quote(entry->section, quoted), known);
	return REQTIME_EXIT_USAGE;
}

/* Suggests a similar key of that section, or the section that has the key. */
static int complain_key(const struct config_file *file, const struct program *program,
                        const struct config_entry *entry)
{
	char path[COMMAND_QUOTE_SIZE], quoted[COMMAND_QUOTE_SIZE], hint[HINT_SIZE];

	command_complain("%s:%u: unknown key \"%s\"%s", command_quote(file->path, path),
	                 entry->line, command_quote(entry->key, quoted),
	                 hint_for_key(program, entry->section, entry->key, hint));
	return REQTIME_EXIT_USAGE;
}

static bool is_section(const struct program *program, const char *name)
{
	for (size_t i = 0; i < program->command_count; i++) {
		if (command_reads_config(program->commands[i]) &&
		    strcmp(section_of(program, program->commands[i]), name) == 0) {
			return true;
		}
	}
	return false;
}

static int take(void *ctx, const struct config_entry *entry)
{
	const struct reading *reading = ctx;
	struct config_file *file = reading->file;
	const struct command *command;
	const struct option_row *row;
	char where[WHERE_SIZE];
	const struct option_place place = { where, "" };
	int status;

	if (!entry->key) {
		return is_section(reading->program, entry->section)
		               ? 0
		               : complain_section(file, reading->program, entry);
	}
	command = command_for(reading->program, entry);
	if (!command) {
		return complain_key(file, reading->program, entry);
	}
	row = row_of(command, entry->key);
	if (!option_is_configurable(command, row)) {
		return complain(file, entry->line,
		                "allowed on the command line only:", entry->key);
	}
	where_text(file, entry->line, where);
	status = option_check(row, &place, entry->value);
	if (status == 0 && command->check_operand &&
	    strcmp(entry->key, command->operand_option) == 0) {
		status = command->check_operand(where, entry->value);
	}
	if (status == 0) {
		status = check_beside(file, command, row, entry);
	}
	return status ? status : keep(file, entry);
}

int config_file_read(const struct program *program, const char *path, bool is_named,
                     struct config_file *ret)
{
	struct reading reading = { .program = program, .file = ret };
	struct config_error error = { .line = 0 };
	char quoted[COMMAND_QUOTE_SIZE];
	int r;

	*ret = (struct config_file){ .path = path };
	ret->items = calloc(ITEMS_MAX, sizeof(ret->items[0]));
	if (!ret->items) {
		return command_complain_memory();
	}
	r = config_read(path, take, &reading, &error);
	if (r == -ENOENT && !is_named) {
		ret->path = NULL;
		return 0;
	}
	if (r >= 0) {
		return r;
	}
	if (error.line > 0) {
		return complain(ret, error.line, error.reason, NULL);
	}
	command_complain("%s: %s (%s)", command_quote(path, quoted), error.reason,
	                 is_named ? "--config" : "configuration file");
	return REQTIME_EXIT_USAGE;
}

/* Whether the command line overrides the file for option `i`. */
static bool is_given(const struct parse *parse, size_t i)
{
	const struct command *command = parse->command;
	const char *const operand_options[] = { command->operand_option,
		                                command->operand_file_option };
	const struct option_row *row = option_at(command, i);
	bool is_operand = false, has_operands = parse->operand_count > 0;
	size_t k;

	for (k = 0; k < option_count(command); k++) {
		if (parse->origins[k] == ORIGIN_COMMAND_LINE &&
		    (k == i || option_excludes(option_at(command, k), row))) {
			return true;
		}
	}
	for (k = 0; k < COUNT_OF(operand_options); k++) {
		if (operand_options[k]) {
			size_t at = option_find(command, operand_options[k],
			                        strlen(operand_options[k]), 0);

			is_operand |= at == i;
			has_operands |= parse->origins[at] == ORIGIN_COMMAND_LINE;
		}
	}
	return is_operand && has_operands;
}

/* Applies one entry; `is_first`: the first of its option in this section. */
static int apply_item(const struct config_file *file, const struct config_item *item,
                      struct parse *parse, size_t i, bool is_first)
{
	const struct option_row *row = option_at(parse->command, i);
	void *field = option_field(parse, i);
	char where[WHERE_SIZE];
	const struct option_place place = { where, "" };
	size_t canonical;

	if (row->kind == OPT_TEXTS && is_first) {
		((struct option_texts *)field)->count = 0;
	}
	/* "no" undoes the choice of an earlier section. */
	if (row->kind == OPT_CHOICE && is_no(item->value) &&
	    *(const int *)field == (int)row->max) {
		memcpy(field, (const char *)parse->defaults + row->at, sizeof(int));
	}
	for (size_t k = 0; k < option_count(parse->command); k++) {
		if (option_excludes(option_at(parse->command, k), row) &&
		    !is_no(item->value)) {
			parse->origins[k] = ORIGIN_DEFAULT;
			parse->lines[k] = 0;
		}
	}
	canonical = option_canonical(parse->command, i);
	if (is_first || canonical != i) {
		parse->lines[canonical] = item->line;
	}
	parse->origins[canonical] = ORIGIN_FILE;
	where_text(file, item->line, where);
	return option_store(row, &place, item->value, field);
}

/* Applies all of one section, which overrides an earlier one. */
static int apply_section(const struct config_file *file, const char *section,
                         struct parse *parse)
{
	bool is_seen[OPTION_ROWS_MAX] = { false }; /* in this section */
	const struct config_item *item;
	int status = 0;
	size_t i;

	for (item = file->items; item < file->items + file->count && status == 0; item++) {
		i = option_find(parse->command, item->key, strlen(item->key), 0);
		if (strcmp(item->section, section) == 0 &&
		    i < option_count(parse->command) &&
		    option_is_configurable(parse->command, option_at(parse->command, i)) &&
		    !is_given(parse, i)) {
			status = apply_item(file, item, parse, i, !is_seen[i]);
			is_seen[i] = true;
		}
	}
	return status;
}

int config_file_apply(const struct config_file *file, struct parse *parse)
{
	int status = apply_section(file, "", parse);

	return status ? status
	              : apply_section(file, section_of(parse->program, parse->command),
	                              parse);
}

unsigned config_file_line_of(const struct config_file *file, const char *value)
{
	for (size_t i = 0; i < file->count; i++) {
		if (file->items[i].value == value) {
			return file->items[i].line;
		}
	}
	return 0;
}

void config_file_close(struct config_file *file)
{
	for (size_t i = 0; i < file->count; i++) {
		free(file->items[i].section);
		free(file->items[i].key);
		free(file->items[i].value);
	}
	free(file->items);
	*file = (struct config_file){ .path = NULL };
}
