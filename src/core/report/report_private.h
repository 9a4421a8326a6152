/* SPDX-License-Identifier: MIT
 *
 * Shared by the files of core/report.
 */
#ifndef CORE_REPORT_REPORT_PRIVATE_H
#define CORE_REPORT_REPORT_PRIVATE_H

#include "core/base/text.h"
#include "core/report/report.h"

int64_t report_saturated(uint64_t ns);

/* The width of a text, at most 80: longer lines are hard to read. */
size_t report_width(const struct style *style);
/* The column at which sentences wrap; SIZE_MAX: they do not. */
size_t report_columns(const struct style *style);

/* Breaks lines between words, or inside a word longer than a line. */
void report_wrapped(struct text *out, const char *text, size_t indent, size_t columns);

/* The address, or "" without one or if the name already is it.  `buf` has
 * ADDRESS_TEXT_SIZE; returns the length. */
size_t report_other_address(const struct run_source *source, char *buf);
/* A long name loses its middle: its ends distinguish it, and the last one holds the
 * port. */
void report_cut_middle(char *text, size_t width);

/* Parts per million to three decimals. */
void report_put_ppm(struct text *out, int64_t ppb, bool has_sign);

#endif
