/* SPDX-License-Identifier: MIT
 *
 * Past runs drawn in a terminal: the offset with its bound, closer where the bound is far
 * wider, and the frequency; below the first panel a line each for steps, failures and
 * reboots.
 */
#ifndef CORE_HISTORY_PLOT_H
#define CORE_HISTORY_PLOT_H

#include "core/base/style.h"
#include "core/history/chart.h"

/* Into the caller's buffer like snprintf(): see core/report/report.h.  Fits the columns of
 * `style` (60 to 200), in ASCII unless it has UTF-8. */
size_t plot_render(const struct chart *chart, const struct style *style, char *buf,
                   size_t room);

#endif
