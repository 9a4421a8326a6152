/* SPDX-License-Identifier: MIT
 *
 * Subcommands and options as tables: one row serves the parser, --help, the configuration
 * file and the tests that compare manual pages and completions with it.
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
	/* For --help: command lines with their purpose, one per line; NULL: no examples. */
	const char *examples;
	/* In the order of --help, ended by a heading of NULL; options in no group come
	 * last.  NULL: no groups. */
	const struct option_group *groups;
	const char *exit_statuses;
	/* OPT_TEXTS option whose values are operands, and OPT_TEXT option that names a file
	 * of operands; NULL: no such option.  Operands on the command line replace those of
	 * the configuration file. */
	const char *operand_option;
	const char *operand_file_option;
	/* Whether an operand may be found later, while the command waits; NULL: no. */
	bool (*may_lack_operand)(const void *settings);
	/* Checks an operand of the configuration file; `where` begins the line on stderr. 0
	 * or REQTIME_EXIT_USAGE.  NULL: any text is valid. */
	int (*check_operand)(const char *where, const char *word);
	const struct option_row *options;
	size_t option_count;
	/* Rows that several commands share, at offsets in a struct that their settings
	 * begin with.  NULL: no such rows. */
	const struct option_row *shared_options;
	size_t shared_option_count;
	size_t settings_size;
	void (*defaults)(void *settings);
	/* A command with an option "config" (OPT_TEXT) reads that file, else this one and
	 * those of this folder, if they exist; NULL: no default, no folder. */
	const char *config_default;
	const char *config_folder;
	/* Options that a file cannot set, ended by NULL; "config" never can. */
	const char *const *command_line_only;
	/* From the first operand on, all words are operands, even after a dash. */
	bool takes_words;
	/* The exit status for errors before `run` and for a report that cannot be written;
	 * 0: REQTIME_EXIT_USAGE and REQTIME_EXIT_SYSTEM. */
	int usage_status;
	/* For a command whose caller reads only stdout: complaints are kept, and this
	 * function, called last, gets them with a line feed after each and returns the exit
	 * status for `status`.  NULL: complaints go to stderr at once. */
	int (*conclude)(int status, const char *complaints);
	/* Descriptors beyond the standard ones that the caller may pass; NULL: 0. */
	int (*lent_descriptors)(void);
	/* Returns the exit status. */
	int (*run)(const void *settings, const char *const *operands, size_t operand_count);
};

/* The exit statuses of `query` and `set`. */
#define COMMAND_EXIT_STATUSES                                                              \
	"  0  done: there is a trusted answer, and with set the clock follows it\n"        \
	"  1  no trusted time: the reason of each server is shown\n"                       \
	"  2  wrong usage or configuration\n"                                              \
	"  3  refused or held back: the message says what ends it\n"                       \
	"  4  not permitted to set the clock: the message says how to permit it\n"         \
	"  5  busy: another run, or another time daemon\n"                                 \
	"  6  system error\n"

/* The first command is the default where the first word names no command.  A program with a
 * single command has no command words. */
struct program {
	const char *name;
	const struct command *const *commands;
	size_t command_count;
};

/* To be called first: closes descriptors that the caller left open beyond the standard
 * ones, except those passed to `command`, so that no later process can use them. */
void command_close_descriptors(const struct command *command);

/* GNU conventions: options and operands mixed, `--` ends options, `--name=value`, `-n4`,
 * `-qv`, no abbreviations. --help and --version work everywhere.  A usage error, or being
 * set-user-ID, is one line on stderr and REQTIME_EXIT_USAGE.  Stdout is flushed and
 * checked: a full device is REQTIME_EXIT_SYSTEM.  First, the standard descriptors are
 * opened if closed, SIGPIPE is ignored and SIGCHLD is reset to its default. */
int command_main(const char *program, const struct command *const *commands, size_t count,
                 int argc, char **argv);

/* Parses the command line and the present configuration file again (cmd/cli/parse.h).  0
 * and `ret`, to be closed by the caller; else the exit status with a line on stderr. */
struct parse;
int command_parse_again(struct parse *ret);
/* The program that runs. */
const struct program *command_program(void);

/* Reports an unknown command, with the one that may be meant.  REQTIME_EXIT_USAGE. */
int command_complain_unknown(const char *word);

/* Prints a rendered line and a line feed, and frees it; NULL means out of memory.  0, or
 * the exit status with a line on stderr. */
int command_print(char *line);

/* Flushes stdout.  0, or the errno of the first failed write, in every later call too. */
int command_flush(void);

/* The file, and the folder of files, that the commands of reqtime read without --config. */
#define COMMAND_CONFIG_DEFAULT REQTIME_SYSCONFDIR "/reqtime/reqtime.conf"
#define COMMAND_CONFIG_FOLDER REQTIME_SYSCONFDIR "/reqtime/conf.d"

extern const struct command command_query;
extern const struct command command_set;
extern const struct command command_trace;
extern const struct command command_check;
extern const struct command command_skew;
extern const struct command command_config;
extern const struct command command_history;
extern const struct command command_now;
extern const struct command command_status;
extern const struct command command_serve; /* all of reqtimed */

#endif
