/* SPDX-License-Identifier: MIT
 *
 * Style of text output.  Logs, files and pipes get STYLE_UNWRAPPED; cmd/cli/terminal.h
 * finds the style of a terminal.
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

/* A word in the colour of its class, if there are colours. */
void style_word(struct text *out, const struct style *style, enum style_class style_class,
                const char *word);
/* Columns of a text: a colour sequence takes none, a UTF-8 character one (true of those
 * that this program writes; text from outside is escaped to ASCII). */
size_t style_columns(const char *text);
/* Octets of `text` that fill at most `columns`. */
size_t style_octets(const char *text, size_t columns);
/* Puts the micro sign into the text of span_format() or report_figures(), if the style
 * has it; at most one octet longer. */
void style_units(const struct style *style, char *buf);
const char *style_plus_minus(const struct style *style); /* "+/-" */

/* `text` from `column` on, each further line from `indent` on, in lines of at most `columns` > `indent`,
 * the last one too with a line feed.  Lines break at blanks, and where `may_break` is not NULL at those
 * that it accepts; a word that is longer than a line is cut. */
void style_wrap(struct text *out, const char *text, size_t column, size_t indent,
                size_t columns, bool (*may_break)(const char *text, size_t at));

#endif
