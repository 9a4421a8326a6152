/* SPDX-License-Identifier: MIT
 *
 * What the files of core/page share.
 */
#ifndef CORE_HISTORY_PAGE_PRIVATE_H
#define CORE_HISTORY_PAGE_PRIVATE_H

#include "core/base/style.h"
#include "core/history/chart.h"

/* Text of any origin: octets that are not printable ASCII as \xNN, and what is markup as
 * entities. */
void page_put_foreign(struct text *out, const char *words);

/* "+1.234 ms" with the sign for micro. */
enum { PAGE_FIGURE_ROOM = 56 };
void page_format_span(int64_t ns, bool has_sign, char *buf);
/* "+123.4 us &#177; 2.1 ms", as report_figures() has them, with the signs of UTF-8. */
void page_put_figures(struct text *out, int64_t offset_ns, int64_t bound_ns);

/* All panels, with what is marked below them. */
void page_put_charts(struct text *out, const struct chart *chart);

extern const char page_style[];

#endif
