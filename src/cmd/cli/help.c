/* SPDX-License-Identifier: MIT
 *
 * Prints --help from the tables of options.
 */
#include "cmd/cli/help_private.h"

#include <stdio.h>
#include <string.h>

#include "cmd/cli/command_options.h"
#include "core/base/style.h"

enum { HELP_COLUMNS = 79, HELP_TEXT_AT = 28, EXAMPLES_MAX = 3, HELP_TEXT_SIZE = 1024 };

static void print_row(const struct option_row *row)
{
	char left[64], wrapped[HELP_TEXT_SIZE];
	struct text out = text_to(wrapped, sizeof(wrapped));
	int len;

	len = snprintf(left, sizeof(left), "  %c%c%c --%s%s%s", row->letter ? '-' : ' ',
	               row->letter ? row->letter : ' ', row->letter ? ',' : ' ', row->name,
	               row->argument ? " " : "", row->argument ? row->argument : "");
	if (len > HELP_TEXT_AT - 2) {
		printf("%s\n%*s", left, HELP_TEXT_AT, "");
	} else {
		printf("%-*s", HELP_TEXT_AT, left);
	}
	style_wrap(&out, row->help, HELP_TEXT_AT, HELP_TEXT_AT, HELP_COLUMNS, NULL);
	fputs(wrapped, stdout);
}

static bool is_in(const struct option_group *group, const char *name)
{
	const size_t len = strlen(name);
	const char *at = group->names;

	while ((at = strstr(at, name)) != NULL) {
		if (at[-1] == ' ' && at[len] == ' ') {
			return true;
		}
		at += len;
	}
	return false;
}

static bool is_in_any(const struct option_group *groups, const char *name)
{
	for (; groups && groups->heading; groups++) {
		if (is_in(groups, name)) {
			return true;
		}
	}
	return false;
}

/* `group`: NULL for the options in no group. */
static void print_group(const struct command *command, const struct option_group *group,
                        const char *heading)
{
	const struct option_row *row;

	for (size_t i = 0; i < option_count(command); i++) {
		row = option_at(command, i);
		if (group ? is_in(group, row->name)
		          : !is_in_any(command->groups, row->name)) {
			if (heading) {
				printf("\n%s:\n", heading);
				heading = NULL;
			}
			print_row(row);
		}
	}
}

static void print_block(const char *heading, const char *lines)
{
	if (lines) {
		printf("\n%s:\n%s", heading, lines);
	}
}

void help_print_command(const struct program *program, const struct command *command)
{
	const bool has_words = program->command_count > 1;
	const struct option_group *group = command->groups;

	printf("Usage: %s%s%s [OPTION]...%s%s\n%s\n", program->name, has_words ? " " : "",
	       has_words ? command->name : "", command->operands ? " " : "",
	       command->operands ? command->operands : "", command->summary);
	for (; group && group->heading; group++) {
		print_group(command, group, group->heading);
	}
	print_group(command, NULL, command->groups ? "Other" : "Options");
	print_block("Examples", command->examples);
	print_block("Exit status", command->exit_statuses);
}

/* The first example of each command, up to three. */
static void print_examples(const struct program *program)
{
	const char *examples;
	int count = 0;

	for (size_t i = 0; i < program->command_count && count < EXAMPLES_MAX; i++) {
		examples = program->commands[i]->examples;
		if (examples) {
			printf("%s%.*s\n", count == 0 ? "\nExamples:\n" : "",
			       (int)strcspn(examples, "\n"), examples);
			count++;
		}
	}
}

void help_print_program(const struct program *program)
{
	const struct command *const *commands = program->commands;
	size_t i;

	printf("Usage: %s [COMMAND] [OPTION]... %s\n\nCommands:\n", program->name,
	       commands[0]->operands ? commands[0]->operands : "");
	for (i = 0; i < program->command_count; i++) {
		printf("  %-8s %s%s\n", commands[i]->name, commands[i]->summary,
		       i == 0 ? " (the default)" : "");
	}
	printf("  %-8s %s\n", "help", "show this help, or the options of a command");
	print_examples(program);
	print_block("Exit status", commands[0]->exit_statuses);
	printf("\n\"%s COMMAND --help\" lists the options of a command.\n", program->name);
}
