/* SPDX-License-Identifier: MIT */
#include "cmd/command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/report.h"
#include "core/span.h"

enum { HELP_COLUMNS = 79, HELP_TEXT_AT = 28, OPTION_ROWS_MAX = 64 };

#ifndef REQTIME_BUILD_NOTE
#define REQTIME_BUILD_NOTE ""
#endif

static const char *program_name = "reqtime";

/* One command line on its way into settings. */
struct parse {
	const struct command *command;
	void *settings;
	const char **operands;
	size_t operand_count;
	bool is_seen[OPTION_ROWS_MAX];
	bool wants_help;
	bool wants_version;
};

static const struct option_row own_rows[] = {
	{ "help", 'h', OPT_FLAG, offsetof(struct parse, wants_help), 0, 0, NULL,
	  "show this and exit" },
	{ "version", 'V', OPT_FLAG, offsetof(struct parse, wants_version), 0, 0, NULL,
	  "show the version and exit" },
};

void command_complain(const char *format, ...)
{
	char line[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	fprintf(stderr, "%s: %s\n", program_name, line);
}

const char *command_quote(const char *word, char buf[COMMAND_QUOTE_ROOM])
{
	report_escape((const uint8_t *)word, strlen(word), buf, COMMAND_QUOTE_ROOM);
	return buf;
}

static size_t row_count(const struct command *command)
{
	return command->option_count + command->shared_option_count + COUNT_OF(own_rows);
}

static const struct option_row *row_at(const struct command *command, size_t i)
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

static bool row_is_own(const struct command *command, size_t i)
{
	return i >= command->option_count + command->shared_option_count;
}

/* The row of a long name of `len` octets, or of a letter; row_count() when none. */
static size_t row_find(const struct command *command, const char *name, size_t len,
                       char letter)
{
	const struct option_row *row;
	size_t i;

	for (i = 0; i < row_count(command); i++) {
		row = row_at(command, i);
		if (name ? strlen(row->name) == len && memcmp(row->name, name, len) == 0
		         : row->letter == letter) {
			break;
		}
	}
	return i;
}

static int store_count(const struct option_row *row, const char *where, const char *value,
                       unsigned *ret)
{
	char quoted[COMMAND_QUOTE_ROOM];
	unsigned long long number;
	char *end = NULL;

	errno = 0;
	number = value[0] >= '0' && value[0] <= '9' ? strtoull(value, &end, 10) : 0;
	if (!end || *end || errno || number < (unsigned long long)row->min ||
	    number > (unsigned long long)row->max) {
		command_complain("%s%s: \"%s\" is not a number from %lld to %lld", where,
		                 row->name, command_quote(value, quoted),
		                 (long long)row->min, (long long)row->max);
		return EXIT_USAGE;
	}
	*ret = (unsigned)number;
	return 0;
}

static int store_span(const struct option_row *row, const char *where, const char *value,
                      int64_t *ret)
{
	char quoted[COMMAND_QUOTE_ROOM], min[SPAN_TEXT_ROOM], max[SPAN_TEXT_ROOM];
	enum span_verdict verdict;
	int64_t span_ns = 0;

	verdict = span_parse(value, &span_ns);
	if (verdict != SPAN_OK) {
		command_complain("%s%s: \"%s\": %s", where, row->name,
		                 command_quote(value, quoted), span_verdict_text(verdict));
		return EXIT_USAGE;
	}
	if (span_ns < row->min || span_ns > row->max) {
		span_format(row->min, 0, min);
		span_format(row->max, 0, max);
		command_complain("%s%s: \"%s\" is not a span from %s to %s", where,
		                 row->name, command_quote(value, quoted), min, max);
		return EXIT_USAGE;
	}
	*ret = span_ns;
	return 0;
}

static int store_text(const struct option_row *row, const char *where, const char *value,
                      const char **ret)
{
	if (!*value) {
		command_complain("%s%s: the value is empty", where, row->name);
		return EXIT_USAGE;
	}
	*ret = value;
	return 0;
}

static int store_more_text(const struct option_row *row, const char *where,
                           const char *value, struct option_texts *ret)
{
	if (ret->count == OPTION_TEXTS_MAX) {
		command_complain("%s%s: more than %d of them", where, row->name,
		                 OPTION_TEXTS_MAX);
		return EXIT_USAGE;
	}
	return store_text(row, where, value, &ret->items[ret->count++]);
}

/* Two rows of one field that want different things: asked for both, the caller means
 * something that we cannot guess. */
static int store_choice(const struct parse *parse, const struct option_row *row, int *ret)
{
	const struct option_row *other;
	size_t i;

	for (i = 0; i < row_count(parse->command); i++) {
		other = row_at(parse->command, i);
		if (parse->is_seen[i] && other->kind == OPT_CHOICE &&
		    other->at == row->at && other->max != row->max) {
			command_complain("--%s contradicts --%s", row->name, other->name);
			return EXIT_USAGE;
		}
	}
	*ret = (int)row->max;
	return 0;
}

static int option_store(struct parse *parse, size_t i, const char *value)
{
	const struct option_row *row = row_at(parse->command, i);
	void *field =
		(char *)(row_is_own(parse->command, i) ? parse : parse->settings) + row->at;
	int status = 0;

	switch (row->kind) {
	case OPT_FLAG:
		*(bool *)field = true;
		break;
	case OPT_COUNT:
		status = store_count(row, "--", value, field);
		break;
	case OPT_SPAN_NS:
		status = store_span(row, "--", value, field);
		break;
	case OPT_TEXT:
		status = store_text(row, "--", value, field);
		break;
	case OPT_TEXTS:
		status = store_more_text(row, "--", value, field);
		break;
	case OPT_CHOICE:
		status = store_choice(parse, row, field);
		break;
	}
	parse->is_seen[i] = true;
	return status;
}

static int store_flag(const struct option_row *row, const char *where, const char *value,
                      bool *ret)
{
	char quoted[COMMAND_QUOTE_ROOM];

	if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0) {
		command_complain("%s%s: \"%s\" is neither yes nor no", where, row->name,
		                 command_quote(value, quoted));
		return EXIT_USAGE;
	}
	*ret = value[0] == 'y';
	return 0;
}

int command_store(const struct option_row *row, const char *where, const char *value,
                  void *field)
{
	bool is_chosen = false;
	int status;

	switch (row->kind) {
	case OPT_FLAG:
		return store_flag(row, where, value, field);
	case OPT_COUNT:
		return store_count(row, where, value, field);
	case OPT_SPAN_NS:
		return store_span(row, where, value, field);
	case OPT_TEXT:
		return store_text(row, where, value, field);
	case OPT_TEXTS:
		return store_more_text(row, where, value, field);
	case OPT_CHOICE:
		break;
	}
	status = store_flag(row, where, value, &is_chosen);
	if (status == 0 && is_chosen) {
		*(int *)field = (int)row->max;
	}
	return status;
}

int command_check(const struct option_row *row, const char *where, const char *value)
{
	union {
		bool flag;
		unsigned count;
		int64_t span_ns;
		const char *text;
		struct option_texts texts;
		int choice;
	} field = { .texts = { .count = 0 } };

	return command_store(row, where, value, &field);
}

/* "reqtime query" when there are several commands, else "reqtimed". */
static const char *try_help(const struct command *command, bool has_words, char buf[64])
{
	snprintf(buf, 64, "%s%s%s --help", program_name, has_words ? " " : "",
	         has_words ? command->name : "");
	return buf;
}

/* `word` is "--name" or "--name=value"; `next` the word after it or NULL.  Sets `*took` when
 * that was the value. */
static int parse_long(struct parse *parse, bool has_words, const char *word,
                      const char *next, bool *took)
{
	const char *name = word + 2;
	const char *value = strchr(name, '=');
	size_t len = value ? (size_t)(value - name) : strlen(name);
	size_t i = row_find(parse->command, name, len, 0);
	char quoted[COMMAND_QUOTE_ROOM], help[64];
	bool is_flag;

	if (i == row_count(parse->command)) {
		command_complain("unknown option \"%s\"; try \"%s\"",
		                 command_quote(word, quoted),
		                 try_help(parse->command, has_words, help));
		return EXIT_USAGE;
	}
	is_flag = !row_at(parse->command, i)->argument;
	if (is_flag && value) {
		command_complain("option --%.*s takes no value", (int)len, name);
		return EXIT_USAGE;
	}
	if (!is_flag && !value && !next) {
		command_complain("option --%s needs a value: %s", name,
		                 row_at(parse->command, i)->argument);
		return EXIT_USAGE;
	}
	*took = !is_flag && !value;
	return option_store(parse, i, value ? value + 1 : next);
}

/* `word` is "-x", "-xy" of flags, "-x5" or "-yx5". */
static int parse_letters(struct parse *parse, bool has_words, const char *word,
                         const char *next, bool *took)
{
	char quoted[COMMAND_QUOTE_ROOM], help[64], letter[2] = "";
	const char *at;
	size_t i;
	int status;

	for (at = word + 1; *at; at++) {
		letter[0] = *at;
		i = row_find(parse->command, NULL, 0, *at);
		if (i == row_count(parse->command)) {
			command_complain("unknown option \"-%s\"; try \"%s\"",
			                 command_quote(letter, quoted),
			                 try_help(parse->command, has_words, help));
			return EXIT_USAGE;
		}
		if (row_at(parse->command, i)->argument) {
			if (!at[1] && !next) {
				command_complain("option -%s needs a value: %s", letter,
				                 row_at(parse->command, i)->argument);
				return EXIT_USAGE;
			}
			*took = !at[1];
			return option_store(parse, i, at[1] ? at + 1 : next);
		}
		status = option_store(parse, i, "");
		if (status) {
			return status;
		}
	}
	return 0;
}

static int parse_words(struct parse *parse, bool has_words, char **words)
{
	bool is_after_end = false;
	bool took;
	int status;

	for (; *words && !parse->wants_help && !parse->wants_version; words++) {
		took = false;
		status = 0;
		if (is_after_end || words[0][0] != '-' || !words[0][1]) {
			parse->operands[parse->operand_count++] = *words;
		} else if (strcmp(*words, "--") == 0) {
			is_after_end = true;
		} else if (words[0][1] == '-') {
			status = parse_long(parse, has_words, words[0], words[1], &took);
		} else {
			status = parse_letters(parse, has_words, words[0], words[1], &took);
		}
		if (status) {
			return status;
		}
		words += took;
	}
	return 0;
}

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

static void print_command_help(const struct command *command, bool has_words)
{
	size_t i;

	printf("Usage: %s%s%s [OPTION]...%s%s\n%s\n\nOptions:\n", program_name,
	       has_words ? " " : "", has_words ? command->name : "",
	       command->operands ? " " : "", command->operands ? command->operands : "",
	       command->summary);
	for (i = 0; i < row_count(command); i++) {
		print_row(row_at(command, i));
	}
}

static void print_program_help(const struct command *const *commands, size_t count)
{
	size_t i;

	printf("Usage: %s [COMMAND] [OPTION]... %s\n\nCommands:\n", program_name,
	       commands[0]->operands ? commands[0]->operands : "");
	for (i = 0; i < count; i++) {
		printf("  %-8s %s%s\n", commands[i]->name, commands[i]->summary,
		       i == 0 ? " (the default)" : "");
	}
	printf("  %-8s %s\n", "help", "show this, or the options of a command");
	printf("\n\"%s COMMAND --help\" lists the options of a command.\n", program_name);
}

static const struct command *command_find(const struct command *const *commands,
                                          size_t count, const char *word)
{
	size_t i;

	for (i = 0; count > 1 && i < count; i++) {
		if (strcmp(commands[i]->name, word) == 0) {
			return commands[i];
		}
	}
	return NULL;
}

static int help_main(const struct command *const *commands, size_t count, char **words)
{
	const struct command *command = NULL;
	char quoted[COMMAND_QUOTE_ROOM];

	if (!words[0]) {
		print_program_help(commands, count);
		return 0;
	}
	command = command_find(commands, count, words[0]);
	if (!command) {
		command_complain("there is no command \"%s\"; try \"%s --help\"",
		                 command_quote(words[0], quoted), program_name);
		return EXIT_USAGE;
	}
	print_command_help(command, true);
	return 0;
}

static int operands_check(const struct parse *parse, bool has_words)
{
	const char *wanted = parse->command->operands;
	char quoted[COMMAND_QUOTE_ROOM], help[64];

	if (!wanted && parse->operand_count > 0) {
		command_complain("\"%s\" is not an option; try \"%s\"",
		                 command_quote(parse->operands[0], quoted),
		                 try_help(parse->command, has_words, help));
		return EXIT_USAGE;
	}
	if (wanted && wanted[0] != '[' && parse->operand_count == 0) {
		command_complain("no %.*s given; try \"%s\"", (int)strcspn(wanted, "."),
		                 wanted, try_help(parse->command, has_words, help));
		return EXIT_USAGE;
	}
	return 0;
}

static int command_run(struct parse *parse, const struct command *const *commands,
                       size_t count, bool is_named, char **words)
{
	const struct command *meant;
	int status;

	status = parse_words(parse, count > 1, words);
	if (status) {
		return status;
	}
	if (parse->wants_version) {
		printf("%s %s%s\n", program_name, REQTIME_VERSION, REQTIME_BUILD_NOTE);
		return 0;
	}
	if (parse->wants_help) {
		if (count > 1 && !is_named) {
			print_program_help(commands, count);
		} else {
			print_command_help(parse->command, count > 1);
		}
		return 0;
	}
	/* `reqtime --json set host` would ask a host called "set". */
	meant = !is_named && parse->operand_count > 0
	                ? command_find(commands, count, parse->operands[0])
	                : NULL;
	if (meant) {
		command_complain(
			"put the command first: %s %s ...; for a host of that name: "
			"%s %s %s",
			program_name, meant->name, program_name, commands[0]->name,
			meant->name);
		return EXIT_USAGE;
	}
	status = operands_check(parse, count > 1);
	if (status) {
		return status;
	}
	return parse->command->run(parse->settings, parse->operands, parse->operand_count);
}

/* Otherwise a socket becomes descriptor 1 and gets our report.  A root so bare that it has no
 * /dev/null is fine as long as nothing is missing. */
static int standard_descriptors_open(void)
{
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		/* The lowest free number is what open() gives. */
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0) {
			return -errno;
		}
	}
	return 0;
}

int command_flush(void)
{
	static int first_error;

	errno = 0;
	if ((fflush(stdout) != 0 || ferror(stdout)) && !first_error) {
		/* EIO: stdio wrote a full buffer earlier and kept no reason. */
		first_error = errno ? errno : EIO;
	}
	return first_error;
}

static int output_finish(int status)
{
	int error = command_flush();

	if (error) {
		command_complain("cannot write to standard output: %s", strerror(error));
		return EXIT_SYSTEM;
	}
	return status;
}

int command_main(const char *program, const struct command *const *commands, size_t count,
                 int argc, char **argv)
{
	struct parse parse = { .command = NULL };
	char **words = argc > 0 ? argv + 1 : argv;
	bool is_named;
	int status;

	program_name = program;
	if (standard_descriptors_open() < 0) {
		return EXIT_SYSTEM;
	}
	/* A reader that goes away must not end the program between measuring and
	 * reporting; and a parent that ignores SIGCHLD would leave us no exit status. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);

	if (count > 1 && words[0] && strcmp(words[0], "help") == 0) {
		return output_finish(help_main(commands, count, words + 1));
	}
	parse.command = words[0] ? command_find(commands, count, words[0]) : NULL;
	is_named = parse.command != NULL;
	if (!is_named) {
		parse.command = commands[0];
	}
	parse.settings = calloc(1, parse.command->settings_size);
	parse.operands = calloc((size_t)argc + 1, sizeof(parse.operands[0]));
	if (!parse.settings || !parse.operands) {
		command_complain("out of memory");
		status = EXIT_SYSTEM;
		goto out;
	}
	if (parse.command->defaults) {
		parse.command->defaults(parse.settings);
	}
	status = command_run(&parse, commands, count, is_named, words + is_named);
out:
	free(parse.operands);
	free(parse.settings);
	return output_finish(status);
}
