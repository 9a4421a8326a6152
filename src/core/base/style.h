/* SPDX-License-Identifier: MIT
 *
 * How text may look where it goes.  What is no terminal gets STYLE_UNWRAPPED, always the same;
 * cmd/cli/terminal.h knows about the others.
 */
#ifndef CORE_BASE_STYLE_H
#define CORE_BASE_STYLE_H

#include <stdbool.h>

#include "core/base/text.h"

struct style {
	unsigned columns;
	bool is_unwrapped; /* a sentence is one line, however long: a log or a pipe */
	bool has_utf8;     /* else ASCII */
	bool has_color;
};

#define STYLE_PLAIN ((struct style){ .columns = 80 })
#define STYLE_UNWRAPPED ((struct style){ .columns = 80, .is_unwrapped = true })

enum style_class { STYLE_GOOD, STYLE_DOUBTFUL, STYLE_BAD };

/* A word in the colour of its meaning, where there are colours. */
void style_word(struct text *out, const struct style *style, enum style_class style_class,
                const char *word);
/* Columns that a text takes: colours take none, and a character of UTF-8 takes one (true of
 * those that this program writes; foreign text is escaped, hence ASCII). */
size_t style_columns(const char *text);
/* The octets of `text` that fill at most so many. */
size_t style_octets(const char *text, size_t columns);
/* What span_format() and report_figures() wrote, with the sign for micro where there is one; at
 * most one octet longer. */
void style_units(const struct style *style, char *buf);
const char *style_plus_minus(const struct style *style); /* "+/-" */

#endif
