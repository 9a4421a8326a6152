/* SPDX-License-Identifier: MIT
 *
 * The canvas of the plot, before it is text.
 */
#ifndef CORE_HISTORY_PLOT_PRIVATE_H
#define CORE_HISTORY_PLOT_PRIVATE_H

#include "core/base/style.h"
#include "core/base/text.h"
#include "core/history/chart.h"
#include "core/history/plot.h"

enum {
	PLOT_LABEL_COLUMNS = CHART_LABEL_COLUMNS,
	PLOT_AXIS_COLUMNS = PLOT_LABEL_COLUMNS + 2, /* a blank and the axis */
	PLOT_ROWS_MAX = 12,
	PLOT_CELLS_MAX = PLOT_COLUMNS_MAX - PLOT_AXIS_COLUMNS,
	/* Braille dots in a terminal cell. */
	DOTS_ACROSS = 2,
	DOTS_DOWN = 4,
};

struct cell {
	uint8_t dots; /* of Braille, in Unicode order */
	bool is_band, is_beyond;
	bool is_step;       /* a step beyond the scale */
	bool is_prediction; /* an edge of the predicted bound */
};

struct canvas {
	const struct chart *chart;
	const struct style *style;
	size_t cells; /* across */
	size_t rows;
	bool has_prediction;   /* a column of the panel has one */
	bool marks_prediction; /* by its edges, because the bound is shaded */
	struct chart_scale scale;
	struct chart_column columns[PLOT_CELLS_MAX * DOTS_ACROSS];
	struct cell grid[PLOT_ROWS_MAX][PLOT_CELLS_MAX];
};

/* plot_paint.c: draws a panel of the columns on the grid. */
void plot_paint(struct canvas *canvas, enum chart_panel panel);

/* plot_lanes.c: a line for each kind of event that occurred: steps, failed runs, reboots. */
size_t plot_lane_count(const struct canvas *canvas);
void plot_put_lanes(struct text *out, const struct canvas *canvas);

/* plot_lanes.c: the left margin of a line: `label`, and the axis. */
void plot_put_label(struct text *out, const struct style *style, const char *label,
                    const char *axis);

static inline const char *either(const struct style *style, const char *utf8,
                                 const char *ascii)
{
	return style->has_utf8 ? utf8 : ascii;
}

#endif
