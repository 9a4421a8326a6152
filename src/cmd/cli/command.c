/* SPDX-License-Identifier: MIT
 *
 * From a command line to the exit status of its command, with --help and --version.
 */
#include "cmd/cli/command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "cmd/cli/command_options.h"
#include "cmd/cli/help_private.h"
#include "cmd/cli/hint_private.h"
#include "cmd/cli/parse.h"
#include "io/sys/descriptors.h"

#ifndef REQTIME_BUILD_NOTE
#define REQTIME_BUILD_NOTE ""
#endif

/* The command that runs: a process runs one. */
static struct {
	struct program program;
	const struct command *command;
	const char *const *words; /* after the command */
} running = { .program = { .name = "reqtime" } };

const struct program *command_program(void)
{
	return &running.program;
}

int command_complain_unknown(const char *word)
{
	const struct program *program = &running.program;
	char hint[HINT_SIZE], quoted[COMMAND_QUOTE_SIZE];
	bool is_slip = false;
	const char *meant = hint_for_command(program, word, &is_slip, hint);

	command_quote(word, quoted);
	if (meant) {
		command_complain("there is no command \"%s\"; %s \"%s\"%s", quoted,
		                 is_slip ? "did you mean" : "use", meant,
		                 is_slip ? "?" : "");
	} else {
		command_complain("there is no command \"%s\"; try \"%s --help\"", quoted,
		                 program->name);
	}
	return REQTIME_EXIT_USAGE;
}

static int help_main(const struct program *program, const char *const *words)
{
	const struct command *command = NULL;

	if (!words[0]) {
		help_print_program(program);
		return 0;
	}
	command = command_find(program, words[0]);
	if (!command) {
		return command_complain_unknown(words[0]);
	}
	help_print_command(program, command);
	return 0;
}

/* Answers --version and --help; true when one of them was given. */
static bool is_answered(const struct parse *parse, bool is_named)
{
	const struct program *program = parse->program;

	if (parse->wants_version) {
		printf("%s %s%s\n", program->name, REQTIME_VERSION, REQTIME_BUILD_NOTE);
	} else if (parse->wants_help && program->command_count > 1 && !is_named) {
		help_print_program(program);
	} else if (parse->wants_help) {
		help_print_command(program, parse->command);
	}
	return parse->wants_version || parse->wants_help;
}

/* Else `reqtime --json set host` and `reqtime host set` would ask a host named "set". */
static int check_command_word(const struct parse *parse, const char *word)
{
	const struct program *program = parse->program;
	const char *query = program->commands[0]->name;
	const struct command *meant = command_find(program, word);

	if (meant) {
		command_complain(
			"put the command first: %s %s ...; for a host of that name: "
			"%s %s %s",
			program->name, meant->name, program->name, query, meant->name);
	}
	return meant ? REQTIME_EXIT_USAGE : 0;
}

/* The message names the way to ask a host of that name. */
static int check_first_word(const struct parse *parse, const char *word)
{
	const struct program *program = parse->program;
	char hint[HINT_SIZE], quoted[COMMAND_QUOTE_SIZE];
	bool is_slip = false;
	const char *meant = hint_for_command(program, word, &is_slip, hint);

	if (meant) {
		command_quote(word, quoted);
		command_complain("there is no command \"%s\"; %s \"%s\"%s For a host of "
		                 "that name: %s %s %s",
		                 quoted, is_slip ? "did you mean" : "use", meant,
		                 is_slip ? "?" : ".", program->name,
		                 program->commands[0]->name, quoted);
	}
	return meant ? REQTIME_EXIT_USAGE : 0;
}

static int check_words(const struct parse *parse, bool is_named)
{
	const struct program *program = parse->program;
	int status = 0;

	if (is_named || program->command_count <= 1) {
		return 0;
	}
	for (size_t i = 0; i < parse->operand_count && status == 0; i++) {
		status = check_command_word(parse, parse->operands[i]);
	}
	if (status == 0 && parse->operand_count > 0) {
		status = check_first_word(parse, parse->operands[0]);
	}
	return status;
}

static int command_run(struct parse *parse, bool is_named, const char *const *words)
{
	const int usage_status = parse->command->usage_status;
	int status = parse_words(parse, words);

	if (status == 0 && is_answered(parse, is_named)) {
		return 0;
	}
	if (status == 0) {
		status = check_words(parse, is_named);
	}
	if (status == 0) {
		status = parse_complete(parse);
	}
	if (status == 0) {
		status = parse_check_operands(parse);
	}
	if (status) {
		return usage_status ? usage_status : status;
	}
	running.command = parse->command;
	running.words = words;
	return parse->command->run(parse->settings, parse->operands, parse->operand_count);
}

static size_t count_words(const char *const *words)
{
	size_t count = 0;

	while (words[count]) {
		count++;
	}
	return count;
}

int command_parse_again(struct parse *ret)
{
	struct parse parse;
	int status = parse_open(&running.program, running.command,
	                        count_words(running.words), &parse);

	if (status) {
		return status;
	}
	status = parse_words(&parse, running.words);
	if (status == 0) {
		status = parse_complete(&parse);
	}
	if (status == 0) {
		status = parse_check_operands(&parse);
	}
	if (status) {
		parse_close(&parse);
		return status;
	}
	*ret = parse;
	return 0;
}

/* Otherwise a socket becomes descriptor 1 and gets our report.  A root file system without
 * /dev/null is fine as long as no descriptor is closed. */
static int standard_descriptors_open(void)
{
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		/* open() returns the lowest free number. */
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0) {
			return -errno;
		}
	}
	return 0;
}

int command_print(char *line)
{
	if (!line) {
		return command_complain_memory();
	}
	puts(line);
	free(line);
	return 0;
}

int command_flush(void)
{
	static int first_error;

	errno = 0;
	if ((fflush(stdout) != 0 || ferror(stdout)) && !first_error) {
		/* EIO: stdio failed to write a full buffer earlier and kept no errno. */
		first_error = errno ? errno : EIO;
	}
	return first_error;
}

static int output_finish(int status, int failed_status)
{
	int error = command_flush();

	if (error) {
		complain_as(running.program.name, false);
		command_complain("cannot write to standard output: %s", strerror(error));
		return failed_status;
	}
	return status;
}

/* Options name files that are read, quoted and written: with the rights of another user, a
 * caller could reach files that are closed to him.  A capability grants a single right. */
static int check_set_user_id(void)
{
	if (getauxval(AT_UID) != getauxval(AT_EUID) ||
	    getauxval(AT_GID) != getauxval(AT_EGID)) {
		command_complain("refusing to run as a set-user-ID or set-group-ID "
		                 "program: grant a capability instead, see reqtime(1), "
		                 "Permission");
		return REQTIME_EXIT_USAGE;
	}
	return 0;
}

void command_close_descriptors(const struct command *command)
{
	descriptors_close_from(
		STDERR_FILENO + 1 +
		(command->lent_descriptors ? command->lent_descriptors() : 0));
}

int command_main(const char *program, const struct command *const *commands, size_t count,
                 int argc, char **argv)
{
	const char *const *words = (const char *const *)(argc > 0 ? argv + 1 : argv);
	const struct command *command;
	struct parse parse;
	bool is_named;
	int status, failed_status;

	running.program = (struct program){ program, commands, count };
	command = words[0] ? command_find(&running.program, words[0]) : NULL;
	is_named = command != NULL;
	command = is_named ? command : commands[0];
	failed_status = command->usage_status ? command->usage_status : REQTIME_EXIT_SYSTEM;
	if (standard_descriptors_open() < 0) {
		return failed_status;
	}
	/* A closed pipe must not end the program between measuring and reporting, and if
	 * the parent ignored SIGCHLD we would get no exit status of our children. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);

	complain_as(program, command->conclude != NULL);
	status = check_set_user_id();
	if (status == 0 && count > 1 && words[0] && strcmp(words[0], "help") == 0) {
		return output_finish(help_main(&running.program, words + 1),
		                     REQTIME_EXIT_SYSTEM);
	}
	if (status == 0) {
		status = parse_open(&running.program, command, count_words(words), &parse);
		if (status == 0) {
			status = command_run(&parse, is_named, words + is_named);
			parse_close(&parse);
		}
	}
	if (command->conclude) {
		status = command->conclude(status, complain_kept());
	}
	return output_finish(status, failed_status);
}
