/* SPDX-License-Identifier: MIT
 *
 * Lines of a text table: cells in columns of equal width.
 */
#ifndef CORE_REPORT_CELLS_H
#define CORE_REPORT_CELLS_H

#include <stdbool.h>

#include "core/base/text.h"

enum { CELLS_MAX = 10 };

/* Shared by all lines.  A cell may have colours (core/base/style.h): they take no column. */
struct cells {
	size_t count; /* columns, at most CELLS_MAX */
	size_t gap;   /* blanks between two of them */
	struct cells_column {
		bool is_hidden;
		bool is_left; /* else flush right */
		size_t width;
	} columns[CELLS_MAX];
};

/* Makes each column at least as wide as its cell of `line`. */
void cells_widen(struct cells *cells, const char *const *line);
size_t cells_width(const struct cells *cells); /* columns of a whole line */
/* A line with its line feed, without blanks at its end. */
void cells_put(struct text *out, const struct cells *cells, const char *const *line);

#endif
