/* SPDX-License-Identifier: MIT
 *
 * Subcommands and options as tables: one row feeds the parser, --help and the
 * tests that hold manual pages and completions against it.
 */
#ifndef CMD_COMMAND_H
#define CMD_COMMAND_H

#include <stdbool.h>

#include "core/base.h"

enum option_kind {
	OPT_FLAG,    /* bool, set true */
	OPT_COUNT,   /* unsigned, min..max */
	OPT_SPAN_NS, /* int64_t, min..max */
	OPT_TEXT,    /* const char *, not empty */
	OPT_TEXTS,   /* struct option_texts, repeatable */
	OPT_CHOICE,  /* int, `max` is what is stored: several rows may share one field */
};

enum { OPTION_TEXTS_MAX = 64 };
struct option_texts {
	const char *items[OPTION_TEXTS_MAX];
	size_t count;
};

struct option_row {
	const char *name; /* long, without dashes */
	char letter;      /* 0: none */
	enum option_kind kind;
	size_t at; /* offset in the settings */
	int64_t min, max;
	const char *argument; /* "SPAN", "FILE"; NULL for flags */
	const char *help;
};

struct command {
	const char *name;
	const char *summary;
	const char *operands; /* "SERVER..."; NULL: takes none */
	const struct option_row *options;
	size_t option_count;
	/* More rows that several commands share, at offsets in a struct that their settings begin
	 * with.  NULL: none. */
	const struct option_row *shared_options;
	size_t shared_option_count;
	size_t settings_size;
	void (*defaults)(void *settings);
	/* `operands` live as long as argv.  Returns the exit status. */
	int (*run)(const void *settings, const char *const *operands, size_t operand_count);
};

enum { EXIT_USAGE = 2, EXIT_SYSTEM = 6 };

/* GNU habits: options and operands mixed, `--` ends options, `--name=value`, `-n4`, `-qv`,
 * no abbreviations.  A first word that is no command goes to `commands[0]`, the default; with one
 * command alone there are no command words.  --help and --version work everywhere.  One line on stderr and EXIT_USAGE for what is wrong.  Stdout is
 * flushed and checked: a full device is EXIT_SYSTEM.  First of all the standard descriptors are
 * made sure to be open, SIGPIPE is ignored and SIGCHLD put back to its default. */
int command_main(const char *program, const struct command *const *commands, size_t count,
                 int argc, char **argv);

/* One option from elsewhere than the command line, into `field` as its kind has it.  `value`
 * outlives the settings; flags take "yes" and "no".  `where` ("FILE:LINE: ") stands in messages
 * where the dashes stand else.  0, or EXIT_USAGE with a line on stderr. */
int command_store(const struct option_row *row, const char *where, const char *value,
                  void *field);
/* The same, and nothing is kept. */
int command_check(const struct option_row *row, const char *where, const char *value);

/* "PROGRAM: ..." and a line feed on stderr. */
void command_complain(const char *format, ...) PRINTF_LIKE(1, 2);

/* Flushes stdout.  0, or the errno of the first write that failed, in every later call too. */
int command_flush(void);

/* A word of argv made harmless for messages, cut to fit. */
enum { COMMAND_QUOTE_ROOM = 160 };
const char *command_quote(const char *word, char buf[COMMAND_QUOTE_ROOM]);

extern const struct command command_query;
extern const struct command command_set;
extern const struct command command_trace;
extern const struct command command_serve; /* all of reqtimed */

#endif
