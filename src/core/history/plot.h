/* SPDX-License-Identifier: MIT
 *
 * Past runs drawn in a terminal: a summary sentence, the offset with its bound, again
 * without it if the bound is far wider, and the frequency; above the time axis one line
 * each for steps, failures and reboots.
 */
#ifndef CORE_HISTORY_PLOT_H
#define CORE_HISTORY_PLOT_H

#include "core/base/style.h"
#include "core/history/chart.h"

enum {
	PLOT_COLUMNS_MIN = 40,
	PLOT_COLUMNS_MAX = 200,
	PLOT_LINES_MIN = 16,
	PLOT_LINES_MAX = 48
};

/* Into the caller's buffer like snprintf(): see core/report/report.h.  Fits the columns of
 * `style` and `lines`, within the limits above, with one line left for the prompt.  In
 * ASCII unless `style` has UTF-8. */
size_t plot_render(const struct chart *chart, const struct run_summary *summary,
                   const struct style *style, unsigned lines, char *buf, size_t size);

#endif
