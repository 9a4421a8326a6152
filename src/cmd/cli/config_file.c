/* SPDX-License-Identifier: MIT
 *
 * Reads configuration files and checks all of them.
 */
#include "cmd/cli/config_file.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cli/command_options.h"
#include "cmd/cli/dhcp_servers.h"
#include "cmd/cli/hint_private.h"
#include "core/base/text.h"
#include "io/store/config.h"

enum { ENTRIES_MAX = CONFIG_ITEMS_MAX - DHCP_SERVERS_MAX };

struct reading {
	const struct program *program;
	struct config_files *files;
	const char *path;
	size_t first;    /* the first item of this file */
	bool is_further; /* a file of the folder, read after the main file */
};

static int complain(const struct reading *reading, unsigned line, const char *reason,
                    const char *word)
{
	char path[COMMAND_QUOTE_SIZE], quoted[COMMAND_QUOTE_SIZE];

	command_quote(reading->path, path);
	if (word) {
		command_complain("%s:%u: %s \"%s\"", path, line, reason,
		                 command_quote(word, quoted));
	} else {
		command_complain("%s:%u: %s", path, line, reason);
	}
	return REQTIME_EXIT_USAGE;
}

static const struct option_row *row_of(const struct command *command, const char *key)
{
	size_t i = option_find(command, key, strlen(key), 0);

	return i < option_count(command) ? option_at(command, i) : NULL;
}

const char *config_section_of(const struct program *program, const struct command *command)
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
		     strcmp(config_section_of(program, command), entry->section) != 0)) {
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

int config_files_keep(struct config_files *files, const char *path,
                      const struct config_entry *entry)
{
	struct config_item *item = &files->items[files->count];

	assert(files->count < CONFIG_ITEMS_MAX);
	item->path = path;
	item->section = strdup(entry->section);
	item->key = strdup(entry->key);
	item->value = strdup(entry->value);
	item->line = entry->line;
	files->count++; /* closed with the others even if incomplete */
	if (!item->section || !item->key || !item->value) {
		return command_complain_memory();
	}
	return 0;
}

bool config_is_no(const char *value)
{
	return strcmp(value, "no") == 0;
}

const char *config_where(const char *path, unsigned line, char buf[CONFIG_WHERE_SIZE])
{
	char quoted[COMMAND_QUOTE_SIZE];

	snprintf(buf, CONFIG_WHERE_SIZE, "%s:%u: ", command_quote(path, quoted), line);
	return buf;
}

/* A list that a file of the folder empties starts anew. */
static bool is_reset(const struct option_row *row, const char *value)
{
	return row->kind == OPT_TEXTS && !*value;
}

/* Refuses an entry that repeats or contradicts an earlier one of its section in its file; a
 * list goes on through all files. */
static int check_beside(const struct reading *reading, const struct command *command,
                        const struct option_row *row, const struct config_entry *entry)
{
	const struct config_files *files = reading->files;
	const struct config_item *item, *end = files->items + files->count;
	char reason[64];
	size_t times = 0;

	for (item = files->items; item < end; item++) {
		const bool is_here = item >= files->items + reading->first;

		if (strcmp(item->section, entry->section) != 0) {
			continue;
		}
		if (strcmp(item->key, entry->key) != 0) {
			if (is_here && !config_is_no(item->value) &&
			    !config_is_no(entry->value) &&
			    option_excludes(row_of(command, item->key), row)) {
				snprintf(reason, sizeof(reason), "%s contradicts",
				         entry->key);
				return complain(reading, entry->line, reason, item->key);
			}
		} else if (row->kind == OPT_TEXTS) {
			times = is_reset(row, item->value) ? 0 : times + 1;
		} else if (is_here) {
			snprintf(reason, sizeof(reason),
			         "already given in line %u:", item->line);
			return complain(reading, entry->line, reason, entry->key);
		}
	}
	if (times == OPTION_TEXTS_MAX && !is_reset(row, entry->value)) {
		snprintf(reason, sizeof(reason), "more than %d of", OPTION_TEXTS_MAX);
		return complain(reading, entry->line, reason, entry->key);
	}
	if (files->count == ENTRIES_MAX) {
		snprintf(reason, sizeof(reason), "more than %d entries", ENTRIES_MAX);
		return complain(reading, entry->line, reason, NULL);
	}
	return 0;
}

/* "[query], [set] and [check]" */
static int complain_section(const struct reading *reading, const struct config_entry *entry)
{
	const struct program *program = reading->program;
	char path[COMMAND_QUOTE_SIZE], quoted[COMMAND_QUOTE_SIZE], known[160];
	struct text out = text_to(known, sizeof(known));
	const char *before = "";

	for (size_t i = 0; i < program->command_count; i++) {
		if (command_reads_config(program->commands[i])) {
			text_format(&out, "%s[%s]", before,
			            config_section_of(program, program->commands[i]));
			before = ", ";
		}
	}
	command_complain("%s:%u: unknown section \"%s\"; known: %s",
	                 command_quote(reading->path, path), entry->line,
	                 command_quote(entry->section, quoted), known);
	return REQTIME_EXIT_USAGE;
}

/* Suggests a similar key of that section, or the section that has the key. */
static int complain_key(const struct reading *reading, const struct config_entry *entry)
{
	char path[COMMAND_QUOTE_SIZE], quoted[COMMAND_QUOTE_SIZE], hint[HINT_SIZE];

	command_complain("%s:%u: unknown key \"%s\"%s", command_quote(reading->path, path),
	                 entry->line, command_quote(entry->key, quoted),
	                 hint_for_key(reading->program, entry->section, entry->key, hint));
	return REQTIME_EXIT_USAGE;
}

static bool is_section(const struct program *program, const char *name)
{
	for (size_t i = 0; i < program->command_count; i++) {
		if (command_reads_config(program->commands[i]) &&
		    strcmp(config_section_of(program, program->commands[i]), name) == 0) {
			return true;
		}
	}
	return false;
}

static int check_value(const struct reading *reading, const struct command *command,
                       const struct option_row *row, const struct config_entry *entry)
{
	char where[CONFIG_WHERE_SIZE];
	const struct option_place place = { where, "" };
	int status;

	if (reading->is_further && is_reset(row, entry->value)) {
		return 0;
	}
	config_where(reading->path, entry->line, where);
	status = option_check(row, &place, entry->value);
	if (status == 0 && command->check_operand &&
	    strcmp(entry->key, command->operand_option) == 0) {
		status = command->check_operand(where, entry->value);
	}
	return status;
}

static int take(void *ctx, const struct config_entry *entry)
{
	const struct reading *reading = ctx;
	const struct command *command;
	const struct option_row *row;
	int status;

	if (!entry->key) {
		return is_section(reading->program, entry->section)
		               ? 0
		               : complain_section(reading, entry);
	}
	command = command_for(reading->program, entry);
	if (!command) {
		return complain_key(reading, entry);
	}
	row = row_of(command, entry->key);
	if (!option_is_configurable(command, row)) {
		return complain(reading, entry->line,
		                "allowed on the command line only:", entry->key);
	}
	status = check_value(reading, command, row, entry);
	if (status == 0) {
		status = check_beside(reading, command, row, entry);
	}
	return status ? status : config_files_keep(reading->files, reading->path, entry);
}

/* `kind`: what the message calls the file if its whole is wrong. */
static int complain_error(const struct reading *reading, const struct config_error *error,
                          const char *kind)
{
	char quoted[COMMAND_QUOTE_SIZE];

	if (error->line > 0) {
		return complain(reading, error->line, error->reason, NULL);
	}
	command_complain("%s: %s (%s)", command_quote(reading->path, quoted), error->reason,
	                 kind);
	return REQTIME_EXIT_USAGE;
}

int config_files_read(const struct program *program, const char *path, bool is_named,
                      struct config_files *ret)
{
	struct reading reading = { .program = program, .files = ret, .path = path };
	struct config_error error = { .line = 0 };
	int r;

	*ret = (struct config_files){ .path = path };
	ret->items = calloc(CONFIG_ITEMS_MAX, sizeof(ret->items[0]));
	if (!ret->items) {
		return command_complain_memory();
	}
	r = config_read(path, take, &reading, &error);
	if (r == -ENOENT && !is_named) {
		ret->path = NULL;
		return 0;
	}
	return r >= 0 ? r
	              : complain_error(&reading, &error,
	                               is_named ? "--config" : "configuration file");
}

int config_files_read_folder(const struct program *program, const char *path,
                             struct config_files *files)
{
	static const char kind[] = "configuration folder";
	struct reading reading = {
		.program = program, .files = files, .path = path, .is_further = true
	};
	struct config_error error = { .line = 0 };
	int r = config_folder_open(path, &files->folder, &error);

	if (r < 0) {
		return complain_error(&reading, &error, kind);
	}
	for (size_t i = 0; i < files->folder.count && r == 0; i++) {
		reading.path = files->folder.paths[i];
		reading.first = files->count;
		r = config_read(reading.path, take, &reading, &error);
		if (r < 0) {
			r = complain_error(&reading, &error, kind);
		}
	}
	return r;
}

const struct config_item *config_item_of(const struct config_files *files,
                                         const char *value)
{
	for (size_t i = 0; i < files->count; i++) {
		if (files->items[i].value == value) {
			return &files->items[i];
		}
	}
	return NULL;
}

void config_files_drop(struct config_files *files, size_t count)
{
	while (files->count > count) {
		struct config_item *item = &files->items[--files->count];

		free(item->section);
		free(item->key);
		free(item->value);
	}
}

void config_files_close(struct config_files *files)
{
	config_files_drop(files, 0);
	free(files->items);
	config_folder_close(&files->folder);
	config_folder_close(&files->dhcp);
	*files = (struct config_files){ .path = NULL };
}
