/* SPDX-License-Identifier: MIT
 *
 * Subcommands and options as tables: one row feeds the parser, --help, the configuration file
 * and the tests that hold manual pages and completions against it.
 */
#ifndef CMD_CLI_COMMAND_H
#define CMD_CLI_COMMAND_H

#include "cmd/cli/complain.h"
#include "cmd/cli/option.h"
#include "reqtime/exit.h"

enum { OPTION_ROWS_MAX = 64 }; /* of one command */

struct command {
	const char *name;
	const char *summary;
	const char *operands; /* "SERVER..."; NULL: takes none */
	/* For --help: command lines with what they are for, and exit statuses with their meaning, a line
	 * each; NULL: none. */
	const char *examples;
	/* In the order of --help, a heading of NULL at its end; what is in none of them comes last.  NULL: no
	 * groups. */
	const struct option_group *groups;
	const char *exit_statuses;
	/* OPT_TEXTS option that is another way to give an operand, and OPT_TEXT option that
	 * names a file of them; NULL: none.  With any operand on the command line the
	 * configuration file's are left out. */
	const char *operand_option;
	const char *operand_file_option;
	/* Whether an operand out of the configuration file is one; `where` stands before the line on
	 * stderr.  0 or REQTIME_EXIT_USAGE.  NULL: any text. */
	int (*check_operand)(const char *where, const char *word);
	const struct option_row *options;
	size_t option_count;
	/* More rows that several commands share, at offsets in a struct that their settings begin
	 * with.  NULL: none. */
	const struct option_row *shared_options;
	size_t shared_option_count;
	size_t settings_size;
	void (*defaults)(void *settings);
	/* A command with an option "config" (OPT_TEXT) reads that file, else this one where it is
	 * there; NULL: else none. */
	const char *config_default;
	/* Options that make no sense in a file, with NULL at the end; "config" is always one. */
	const char *const *command_line_only;
	/* From the first operand on all words are operands, whatever they begin with. */
	bool takes_words;
	/* The exit status of what goes wrong before `run`, and of a report that cannot be written;
	 * 0: REQTIME_EXIT_USAGE, REQTIME_EXIT_SYSTEM. */
	int usage_status;
	/* Whoever starts it reads stdout alone: complaints are kept, and this, called last of all,
	 * gets them with a line feed after each, and returns the exit status for `status`.  NULL:
	 * they go to stderr as they come. */
	int (*conclude)(int status, const char *complaints);
	/* How many descriptors behind the standard ones whoever starts it may have handed over.  NULL: none. */
	int (*lent_descriptors)(void);
	/* Returns the exit status. */
	int (*run)(const void *settings, const char *const *operands, size_t operand_count);
};

/* What `query` and `set` exit with. */
#define COMMAND_EXIT_STATUSES                                                              \
	"  0  done: there is a trusted answer, and with set the clock follows it\n"        \
	"  1  no trusted time: the reason of each server is shown\n"                       \
	"  2  wrong usage or configuration\n"                                              \
	"  3  refused or held back: the message says what ends it\n"                       \
	"  4  not permitted to set the clock: the message says what gives the right\n"     \
	"  5  busy: another run, or another program that keeps the clock\n"                \
	"  6  system error\n"

/* The first command is the default, for a first word that is none of their names.  With one
 * alone there are no command words. */
struct program {
	const char *name;
	const struct command *const *commands;
	size_t command_count;
};

/* Before all else: what whoever started the program has open beyond the standard descriptors, and what was not
 * lent to `command`, is none of its business, nor of who may take it over. */
void command_close_descriptors(const struct command *command);

/* GNU habits: options and operands mixed, `--` ends options, `--name=value`, `-n4`, `-qv`,
 * no abbreviations.  --help and --version work everywhere.  What is wrong, and being
 * set-user-ID, is one line on stderr and REQTIME_EXIT_USAGE.  Stdout is flushed and checked: a
 * full device is REQTIME_EXIT_SYSTEM.  First of all the standard descriptors are made sure to
 * be open, SIGPIPE is ignored and SIGCHLD put back to its default. */
int command_main(const char *program, const struct command *const *commands, size_t count,
                 int argc, char **argv);

/* The command line and the configuration file once more, as they are now (cmd/cli/parse.h).  0 and
 * `ret`, to be closed by the caller; else the exit status with a line on stderr. */
struct parse;
int command_parse_again(struct parse *ret);
/* The one that runs. */
const struct program *command_program(void);

/* Says that there is no command of that name, and which may be meant.  REQTIME_EXIT_USAGE. */
int command_complain_unknown(const char *word);

/* Prints a rendered line and a line feed, and frees it; NULL means that there was no memory for it.
 * 0, or the exit status with a line on stderr. */
int command_print(char *line);

/* Flushes stdout.  0, or the errno of the first write that failed, in every later call too. */
int command_flush(void);

/* Where the commands of reqtime look when no --config is given. */
#define COMMAND_CONFIG_DEFAULT REQTIME_SYSCONFDIR "/reqtime/reqtime.conf"

extern const struct command command_query;
extern const struct command command_set;
extern const struct command command_trace;
extern const struct command command_check;
extern const struct command command_config;
extern const struct command command_history;
extern const struct command command_serve; /* all of reqtimed */

#endif
