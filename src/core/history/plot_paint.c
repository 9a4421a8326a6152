/* SPDX-License-Identifier: MIT
 *
 * A panel of the plot, drawn as dots and cells.
 *
 * A terminal cell holds 2 x 4 Braille dots.  The line is drawn in dots and the bound shades
 * whole cells, so that the two differ; in ASCII a cell is one dot.
 */
#include <math.h>
#include <string.h>

#include "core/history/plot_private.h"

/* The row of dots from the top, not limited to the panel. */
static double dot_row(const struct canvas *canvas, double value)
{
	const double rows = (double)(canvas->rows * DOTS_DOWN);

	return (1 - chart_place(&canvas->scale, value)) * (rows - 1);
}

/* All dots between two values; values beyond the scale leave a mark at the edge. */
static void paint_span(struct canvas *canvas, size_t column, double low, double high)
{
	static const uint8_t bits[DOTS_DOWN][DOTS_ACROSS] = {
		{ 0x01, 0x08 }, { 0x02, 0x10 }, { 0x04, 0x20 }, { 0x40, 0x80 }
	};
	const size_t cell = column / DOTS_ACROSS;
	const double from = fmax(round(dot_row(canvas, high)), 0);
	const double last = (double)(canvas->rows * DOTS_DOWN - 1);
	const double to = fmin(round(dot_row(canvas, low)), last);

	if (high > canvas->scale.hi) {
		canvas->grid[0][cell].is_beyond = true;
	}
	if (low < canvas->scale.lo) {
		canvas->grid[canvas->rows - 1][cell].is_beyond = true;
	}
	for (double at = from; at <= to; at++) {
		const size_t row = (size_t)at;

		canvas->grid[row / DOTS_DOWN][cell].dots |=
			bits[row % DOTS_DOWN][column % DOTS_ACROSS];
	}
}

static void paint_band(struct canvas *canvas, size_t column, double low, double high)
{
	const double from = dot_row(canvas, high), to = dot_row(canvas, low);

	for (size_t row = 0; row < canvas->rows; row++) {
		const double middle = (double)row * DOTS_DOWN + (DOTS_DOWN - 1) / 2.0;

		if (middle >= from && middle <= to) {
			canvas->grid[row][column / DOTS_ACROSS].is_band = true;
		}
	}
}

static double between(double a, double b, double share)
{
	return a + (b - a) * share;
}

static double within_scale(const struct canvas *canvas, double value)
{
	return fmin(fmax(value, canvas->scale.lo), canvas->scale.hi);
}

/* The shaded band is the bound of the offset, or in a panel without it the predicted
 * bound. */
static double band_lo(const struct chart_column *column)
{
	return column->band_lo < column->min ? column->band_lo
	       : column->has_prediction      ? -column->prediction
	                                     : column->min;
}

static double band_hi(const struct chart_column *column)
{
	return column->band_hi > column->max ? column->band_hi
	       : column->has_prediction      ? column->prediction
	                                     : column->max;
}

/* Marks the edges, where the bound of the offset is shaded. */
static void paint_prediction(struct canvas *canvas, size_t column, double prediction)
{
	for (int sign = -1; sign <= 1; sign += 2) {
		const double row = round(dot_row(canvas, sign * prediction));

		if (row >= 0 && row < (double)(canvas->rows * DOTS_DOWN)) {
			canvas->grid[(size_t)row / DOTS_DOWN][column / DOTS_ACROSS]
				.is_prediction = true;
		}
	}
}

/* The line from the column `before` to `at`, and the band between the two. */
static void paint_bridge(struct canvas *canvas, size_t before, size_t at)
{
	const struct chart_column *a = &canvas->columns[before], *b = &canvas->columns[at];
	double value = within_scale(canvas, a->last);

	for (size_t i = before + 1; i <= at; i++) {
		const double share = (double)(i - before) / (double)(at - before);
		const double next = within_scale(canvas, between(a->last, b->first, share));

		if (i < at) {
			paint_band(canvas, i, between(band_lo(a), band_lo(b), share),
			           between(band_hi(a), band_hi(b), share));
		}
		if (i < at && canvas->marks_prediction && a->has_prediction &&
		    b->has_prediction) {
			paint_prediction(canvas, i,
			                 between(a->prediction, b->prediction, share));
		}
		/* Between two values at the same edge the line is out of sight. */
		if (value != next || (next > canvas->scale.lo && next < canvas->scale.hi)) {
			paint_span(canvas, i, fmin(value, next), fmax(value, next));
		}
		value = next;
	}
}

/* A step beyond the scale is marked at the edge. */
static void paint_step(struct canvas *canvas, size_t column)
{
	const double by_ns = (double)canvas->columns[column].step_ns;
	struct cell *cell;

	if (by_ns >= canvas->scale.lo && by_ns <= canvas->scale.hi) {
		return; /* drawn as a value */
	}
	cell = &canvas->grid[by_ns > 0 ? 0 : canvas->rows - 1][column / DOTS_ACROSS];
	cell->is_step = true;
}

void plot_paint(struct canvas *canvas, enum chart_panel panel)
{
	size_t before = SIZE_MAX;

	memset(canvas->grid, 0, sizeof(canvas->grid));
	for (size_t i = 0; i < canvas->cells * DOTS_ACROSS; i++) {
		const struct chart_column *column = &canvas->columns[i];

		if (column->step_count > 0 && panel != CHART_FREQUENCY) {
			paint_step(canvas, i);
		}
		if (column->value_count == 0) {
			continue;
		}
		if (before != SIZE_MAX && !column->is_begun) {
			paint_bridge(canvas, before, i);
		}
		paint_band(canvas, i, band_lo(column), band_hi(column));
		if (canvas->marks_prediction && column->has_prediction) {
			paint_prediction(canvas, i, column->prediction);
		}
		paint_span(canvas, i, column->min, column->max);
		before = i;
	}
}
