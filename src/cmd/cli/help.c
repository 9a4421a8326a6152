/* SPDX-License-Identifier: MIT */
#include "cmd/cli/help_private.h"

#include <stdio.h>
#include <string.h>

#include "cmd/cli/parse.h"

enum { HELP_COLUMNS = 79, HELP_TEXT_AT = 28 };

/* `text` from column HELP_TEXT_AT on, broken at blanks. */
static void print_wrapped(const char *text, int column)
{
	int len;

	while (*text) {
		len = (int)strcspn(text, " ");
		if (column + 1 + len > HELP_COLUMNS && column > HELP_TEXT_AT) {
			printf("\n%*s", HELP_TEXT_AT, "");
			column = HELP_TEXT_AT;
		} else if (column > HELP_TEXT_AT) {
			putchar(' ');
			column++;
		}
		printf("%.*s", len, text);
		column += len;
		text += len;
		text += strspn(text, " ");
	}
	putchar('\n');
}

static void print_row(const struct option_row *row)
{
	char left[64];
	int len;

	len = snprintf(left, sizeof(left), "  %c%c%c --%s%s%s", row->letter ? '-' : ' ',
	               row->letter ? row->letter : ' ', row->letter ? ',' : ' ', row->name,
	               row->argument ? " " : "", row->argument ? row->argument : "");
	if (len > HELP_TEXT_AT - 2) {
		printf("%s\n%*s", left, HELP_TEXT_AT, "");
	} else {
		printf("%-*s", HELP_TEXT_AT, left);
	}
	print_wrapped(row->help, HELP_TEXT_AT);
}

void help_print_command(const struct program *program, const struct command *command)
{
	const bool has_words = program->command_count > 1;
	size_t i;

	printf("Usage: %s%s%s [OPTION]...%s%s\n%s\n\nOptions:\n", program->name,
	       has_words ? " " : "", has_words ? command->name : "",
	       command->operands ? " " : "", command->operands ? command->operands : "",
	       command->summary);
	for (i = 0; i < option_count(command); i++) {
		print_row(option_at(command, i));
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
	printf("  %-8s %s\n", "help", "show this, or the options of a command");
	printf("\n\"%s COMMAND --help\" lists the options of a command.\n", program->name);
}
