/* SPDX-License-Identifier: MIT */
#include "cmd/config_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/config.h"

enum { ROWS_MAX = 64, WHERE_ROOM = COMMAND_QUOTE_ROOM + 16 };

struct applying {
	struct config_file *file;
	const char *path; /* harmless */
	const char *section;
	const struct command *command;
	const char *const *command_line_only;
	char *settings;
	bool is_given[ROWS_MAX]; /* by the command line */
	unsigned line_of[ROWS_MAX];
};

static int complain(const struct applying *a, unsigned line, const char *reason,
                    const char *word)
{
	char quoted[COMMAND_QUOTE_ROOM];

	if (word) {
		command_complain("%s:%u: %s \"%s\"", a->path, line, reason,
		                 command_quote(word, quoted));
	} else {
		command_complain("%s:%u: %s", a->path, line, reason);
	}
	return EXIT_USAGE;
}

static size_t field_size(const struct option_row *row)
{
	switch (row->kind) {
	case OPT_FLAG:
		return sizeof(bool);
	case OPT_COUNT:
		return sizeof(unsigned);
	case OPT_SPAN_NS:
		return sizeof(int64_t);
	case OPT_TEXT:
		return sizeof(const char *);
	case OPT_TEXTS:
		return sizeof(struct option_texts);
	case OPT_CHOICE:
		break;
	}
	return sizeof(int);
}

static bool is_zero(const char *octets, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (octets[i] != 0) {
			return false;
		}
	}
	return true;
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

/* The value outlives the text of the file. */
static const char *keep(struct config_file *file, const char *value)
{
	char *copy = file->text_count < CONFIG_FILE_TEXTS_MAX ? strdup(value) : NULL;

	if (copy) {
		file->texts[file->text_count++] = copy;
	}
	return copy;
}

static int take(void *ctx, const struct config_entry *entry)
{
	struct applying *a = ctx;
	const struct option_row *row = NULL;
	const char *value;
	char where[WHERE_ROOM];
	size_t i;

	if (*entry->section && strcmp(entry->section, a->section) != 0) {
		return complain(a, entry->line, "unknown section", entry->section);
	}
	for (i = 0; i < a->command->option_count && i < ROWS_MAX; i++) {
		if (strcmp(a->command->options[i].name, entry->key) == 0) {
			row = &a->command->options[i];
			break;
		}
	}
	if (!row) {
		return complain(a, entry->line, "unknown key", entry->key);
	}
	if (is_listed(a->command_line_only, entry->key)) {
		return complain(a, entry->line, "for the command line only:", entry->key);
	}
	if (a->line_of[i] != 0 && row->kind != OPT_TEXTS) {
		return complain(a, entry->line, "given already:", entry->key);
	}
	a->line_of[i] = entry->line;
	value = keep(a->file, entry->value);
	if (!value) {
		return complain(a, entry->line, "too many values, or no memory", NULL);
	}
	snprintf(where, sizeof(where), "%s:%u: ", a->path, entry->line);
	/* What the command line said holds, but a mistake here is a mistake. */
	if (a->is_given[i]) {
		return command_check(row, where, value);
	}
	return command_store(row, where, value, a->settings + row->at);
}

int config_file_apply(struct config_file *file, const char *path, const char *section,
                      const struct command *command, const char *const *command_line_only,
                      void *settings)
{
	struct applying a = { .file = file,
		              .section = section,
		              .command = command,
		              .command_line_only = command_line_only,
		              .settings = settings };
	struct config_error error = { .line = 0 };
	char quoted[COMMAND_QUOTE_ROOM];
	int r;

	a.path = command_quote(path, quoted);
	for (size_t i = 0; i < command->option_count && i < ROWS_MAX; i++) {
		const struct option_row *row = &command->options[i];

		a.is_given[i] = !is_zero(a.settings + row->at, field_size(row));
	}
	r = config_read(path, take, &a, &error);
	if (r >= 0) {
		return r;
	}
	if (error.line > 0) {
		return complain(&a, error.line, error.reason, NULL);
	}
	command_complain("%s: %s", a.path, error.reason);
	return EXIT_USAGE;
}

void config_file_close(struct config_file *file)
{
	while (file->text_count > 0) {
		free(file->texts[--file->text_count]);
	}
}
