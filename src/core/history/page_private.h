/* SPDX-License-Identifier: MIT
 *
 * What the files of core/page share.
 */
#ifndef CORE_HISTORY_PAGE_PRIVATE_H
#define CORE_HISTORY_PAGE_PRIVATE_H

#include "core/base/style.h"
#include "core/history/chart.h"

/* --- page_text.c --- */

/* Text of any origin: octets that are not printable ASCII as \xNN, and what is markup as
 * entities. */
void page_put_untrusted(struct text *out, const char *words);

/* "+1.234 ms" with the sign for micro. */
enum { PAGE_FIGURE_SIZE = 56 };
void page_format_span(int64_t ns, bool has_sign, char *buf);
/* "+123.4 us &#177; 2.1 ms", as report_figures() has them, with the signs of UTF-8. */
void page_put_figures(struct text *out, int64_t offset_ns, int64_t bound_ns);

/* One picture: its view box has PAGE_UNITS each way, a column of runs each across. */
enum { PAGE_COLUMNS = CHART_COLUMNS_MAX, PAGE_UNITS = 1000 };
struct page_panel {
	const struct chart *chart;
	enum chart_panel kind;
	struct chart_scale scale;
	struct chart_column columns[PAGE_COLUMNS];
};

/* All panels, with what is marked below them. */
void page_put_charts(struct text *out, const struct chart *chart);

/* From the top, in units; far off the picture it is not exact. */
long page_unit_of(const struct page_panel *panel, double value);
/* page_shades.c: behind the line. */
bool page_has_prediction(const struct page_panel *panel);
void page_put_shades(struct text *out, const struct page_panel *panel);

/* page_marks.c.  A step of the clock shows in it. */
bool page_is_of_offset(const struct page_panel *panel);
/* True when there are steps, and few enough for a line each. */
bool page_has_step_lines(const struct page_panel *panel);
/* Over a picture: by how much the clock was stepped, and what lies beyond the scale. */
void page_put_marks(struct text *out, const struct page_panel *panel);
/* Below it: a line of marks for each kind of event there is. */
void page_put_lanes(struct text *out, const struct page_panel *panel);

extern const char page_style[];

#endif
