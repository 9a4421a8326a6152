/* SPDX-License-Identifier: MIT
 *
 * Between the files of core/report.
 */
#ifndef CORE_REPORT_REPORT_PRIVATE_H
#define CORE_REPORT_REPORT_PRIVATE_H

#include "core/base/text.h"
#include "core/report/report.h"

int64_t report_saturated(uint64_t ns);

/* Of a page: sentences are no easier to read in longer lines. */
size_t report_width(const struct style *style);
/* Where sentences are wrapped; SIZE_MAX where they are not. */
size_t report_columns(const struct style *style);

/* Breaks between words, in the middle of a word only when it fills a line by itself. */
void report_wrapped(struct text *out, const char *text, size_t indent, size_t columns);

/* Parts per million; thousandths of it are all that a kernel takes. */
void report_put_ppm(struct text *out, int64_t ppb, bool has_sign);

#endif
