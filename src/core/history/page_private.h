/* SPDX-License-Identifier: MIT
 *
 * Shared by the files of the page.
 */
#ifndef CORE_HISTORY_PAGE_PRIVATE_H
#define CORE_HISTORY_PAGE_PRIVATE_H

#include "core/base/style.h"
#include "core/history/chart.h"

/* --- page_text.c --- */

/* Untrusted text: octets other than printable ASCII as \xNN, and markup as entities. */
void page_put_untrusted(struct text *out, const char *words);

/* "+1.234 ms", with the micro sign. */
enum { PAGE_FIGURE_SIZE = 56 };
void page_format_span(int64_t ns, bool has_sign, char *buf);
/* "+123.4 us &#177; 2.1 ms", as from report_figures(), in UTF-8. */
void page_put_figures(struct text *out, int64_t offset_ns, int64_t bound_ns);

/* A picture: its view box has PAGE_UNITS each way, one column of runs per unit across. */
enum { PAGE_COLUMNS = CHART_COLUMNS_MAX, PAGE_UNITS = 1000 };
struct page_panel {
	const struct chart *chart;
	enum chart_panel kind;
	struct chart_scale scale;
	struct chart_column columns[PAGE_COLUMNS];
};

/* All panels, with the marks below them. */
void page_put_charts(struct text *out, const struct chart *chart);

/* From the top, in units; clipped far outside the picture. */
long page_unit_of(const struct page_panel *panel, double value);
/* page_shades.c: the areas behind the line. */
bool page_has_prediction(const struct page_panel *panel);
void page_put_shades(struct text *out, const struct page_panel *panel);

/* page_marks.c: whether steps of the clock show in the panel. */
bool page_is_of_offset(const struct page_panel *panel);
/* True when there are steps, but few enough for a line each. */
bool page_has_step_lines(const struct page_panel *panel);
/* Over a picture: the sizes of steps, and marks of values beyond the scale. */
void page_put_marks(struct text *out, const struct page_panel *panel);
/* Below it: a line of marks for each kind of event that occurred. */
void page_put_lanes(struct text *out, const struct page_panel *panel);

extern const char page_style[];

#endif
