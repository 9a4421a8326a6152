/* SPDX-License-Identifier: MIT
 *
 * Applies to one command what configuration files say.
 */
#include "cmd/cli/config_apply_private.h"

#include <string.h>

#include "cmd/cli/command_options.h"

bool config_is_overridden(const struct parse *parse, size_t i)
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

/* An empty value of a list empties it. */
static int store_item(const struct config_item *item, const struct option_row *row,
                      void *field)
{
	char where[CONFIG_WHERE_SIZE];
	const struct option_place place = { where, "" };

	if (row->kind == OPT_TEXTS && !*item->value) {
		((struct option_texts *)field)->count = 0;
		return 0;
	}
	config_where(item->path, item->line, where);
	return option_store(row, &place, item->value, field);
}

/* Applies one entry; `is_first`: the first of its option in this section. */
static int apply_item(const struct config_item *item, struct parse *parse, size_t i,
                      bool is_first)
{
	const struct option_row *row = option_at(parse->command, i);
	void *field = option_field(parse, i);
	size_t canonical;

	if (row->kind == OPT_TEXTS && is_first) {
		((struct option_texts *)field)->count = 0;
	}
	/* "no" undoes the choice of an earlier section or file. */
	if (row->kind == OPT_CHOICE && config_is_no(item->value) &&
	    *(const int *)field == (int)row->max) {
		memcpy(field, (const char *)parse->defaults + row->at, sizeof(int));
	}
	for (size_t k = 0; k < option_count(parse->command); k++) {
		if (option_excludes(option_at(parse->command, k), row) &&
		    !config_is_no(item->value)) {
			parse->origins[k] = ORIGIN_DEFAULT;
			parse->items[k] = NULL;
		}
	}
	canonical = option_canonical(parse->command, i);
	/* A list is said to come from its first line. */
	if (row->kind != OPT_TEXTS || ((const struct option_texts *)field)->count == 0) {
		parse->items[canonical] = item;
	}
	parse->origins[canonical] = ORIGIN_FILE;
	return store_item(item, row, field);
}

/* Applies all of one section, which overrides an earlier one. */
static int apply_section(const struct config_files *files, const char *section,
                         struct parse *parse)
{
	bool is_seen[OPTION_ROWS_MAX] = { false }; /* in this section */
	const struct config_item *item;
	int status = 0;
	size_t i;

	for (item = files->items; item < files->items + files->count && status == 0;
	     item++) {
		i = option_find(parse->command, item->key, strlen(item->key), 0);
		if (strcmp(item->section, section) == 0 &&
		    i < option_count(parse->command) &&
		    option_is_configurable(parse->command, option_at(parse->command, i)) &&
		    !config_is_overridden(parse, i)) {
			status = apply_item(item, parse, i, !is_seen[i]);
			is_seen[i] = true;
		}
	}
	return status;
}

int config_apply(const struct config_files *files, struct parse *parse)
{
	int status = apply_section(files, "", parse);

	return status ? status
	              : apply_section(files,
	                              config_section_of(parse->program, parse->command),
	                              parse);
}
