/* SPDX-License-Identifier: MIT
 *
 * An option: a row of a command's table, and the field of the settings that it sets.
 */
#ifndef CMD_CLI_OPTION_H
#define CMD_CLI_OPTION_H

#include <stdbool.h>

#include "core/base/base.h"

enum option_kind {
	OPT_FLAG,    /* bool, set true */
	OPT_LEVEL,   /* unsigned, incremented each time, or set by a digit */
	OPT_COUNT,   /* unsigned, min..max */
	OPT_SPAN_NS, /* int64_t, min..max */
	OPT_RANGE,   /* struct threshold; `max` is its enum threshold_unit */
	OPT_TEXT,    /* const char *, not empty */
	OPT_TEXTS,   /* struct option_texts, repeatable */
	OPT_WORD,    /* int, the index of the word in `argument`, "one|two|three" */
	OPT_CHOICE,  /* int, set to `max`: several rows may share one field */
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

/* A group of --help: the long names of its options, with a blank on both sides of each.  A
 * command may lack some. */
struct option_group {
	const char *heading;
	const char *names;
};

/* The text around a message about a value. */
struct option_place {
	const char *before; /* the option's name: "--", "FILE:LINE: " */
	const char *hint;   /* after the reason: "", "; for ...: --dry-run" */
};

/* Parses `value` into `field` by the row's kind; `value` must outlive the settings.  Flags
 * and choices take "yes" and "no".  0, or REQTIME_EXIT_USAGE with a line on stderr. */
int option_store(const struct option_row *row, const struct option_place *place,
                 const char *value, void *field);
/* The same without storing it. */
int option_check(const struct option_row *row, const struct option_place *place,
                 const char *value);

/* Whether the option has a value: an unset field is empty or outside min..max. */
bool option_is_set(const struct option_row *row, const void *field);
/* The word that an OPT_WORD holds, not terminated. */
const char *option_word(const struct option_row *row, const void *field, size_t *ret_len);

/* Whether two rows set the same field to different values. */
bool option_excludes(const struct option_row *a, const struct option_row *b);

#endif
