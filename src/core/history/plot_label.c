/* SPDX-License-Identifier: MIT
 *
 * The left margin of a line of the plot: a label and the axis.
 */
#include <stdio.h>

#include "core/history/plot_private.h"

void plot_put_label(struct text *out, const struct style *style, const char *label,
                    const char *axis)
{
	char shown[CHART_LABEL_SIZE + 2];
	size_t columns;

	snprintf(shown, sizeof(shown), "%s", label);
	style_units(style, shown);
	columns = style_columns(shown);
	text_blanks(out, columns < PLOT_LABEL_COLUMNS ? PLOT_LABEL_COLUMNS - columns : 0);
	text_put(out, shown);
	text_put(out, " ");
	text_put(out, axis);
}
