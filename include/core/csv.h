/* SPDX-License-Identifier: MIT
 *
 * Comma separated values by RFC 4180: fields are quoted where they have to be, lines end in CR
 * LF.
 */
#ifndef CORE_CSV_H
#define CORE_CSV_H

#include <stdbool.h>

#include "core/text.h"

struct csv {
	struct text *out;
	bool is_inside; /* a line has begun */
};

/* The next field of the line. */
void csv_text(struct csv *csv, const char *value);
void csv_integer(struct csv *csv, int64_t value);
void csv_empty(struct csv *csv, size_t count);
void csv_end(struct csv *csv);

#endif
