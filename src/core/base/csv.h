/* SPDX-License-Identifier: MIT
 *
 * Comma-separated values by RFC 4180: fields are quoted where needed, lines end in CR LF.
 */
#ifndef CORE_BASE_CSV_H
#define CORE_BASE_CSV_H

#include "core/base/ntp_time.h"
#include "core/base/text.h"

/* Starts as { .out = text_to(...) }. */
struct csv {
	struct text out;
	bool is_inside; /* a line has begun */
};

/* The next field of the line. */
void csv_text(struct csv *csv, const char *words);
/* Untrusted text: escaped, and marked so that a spreadsheet does not evaluate it as a
 * formula. */
void csv_untrusted(struct csv *csv, const char *words);
/* The same for text that is already escaped. */
void csv_escaped(struct csv *csv, const char *words);
/* Empty when it is not known. */
void csv_number(struct csv *csv, bool is_known, int64_t number);
void csv_time(struct csv *csv, struct instant at);
void csv_empty(struct csv *csv, size_t count);
void csv_end(struct csv *csv);

/* A whole line. */
void csv_heading(struct csv *csv, const char *const *names, size_t count);

#endif
