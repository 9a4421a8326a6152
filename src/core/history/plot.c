/* SPDX-License-Identifier: MIT
 *
 * A cell of a terminal holds 2 x 4 dots of Braille.  The line takes dots, the bound shades
 * whole cells, so the two cannot be taken for each other; in ASCII a cell is one dot.
 */
#include "core/history/plot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
	COLUMNS_MIN = 60,
	COLUMNS_MAX = 200,
	LABEL_COLUMNS = 10,
	AXIS_COLUMNS = LABEL_COLUMNS + 2, /* a blank and the axis */
	ROWS_MAX = 12,
	ROWS_LARGE = 11,
	ROWS_SMALL = 7,
	DOTS_ACROSS = 2,
	DOTS_DOWN = 4,
	CELLS_MAX = COLUMNS_MAX - AXIS_COLUMNS,
	TIME_LABEL_COLUMNS = 12, /* at least so far apart */
};

struct cell {
	uint8_t dots; /* of Braille, in the order of Unicode */
	bool is_band;
	bool is_beyond;
};

struct canvas {
	const struct chart *chart;
	const struct style *style;
	size_t cells; /* across */
	size_t rows;
	struct chart_scale scale;
	struct chart_column columns[CELLS_MAX * DOTS_ACROSS];
	struct cell grid[ROWS_MAX][CELLS_MAX];
};

static const struct {
	const char *title;
	size_t rows;
} panels[CHART_PANEL_COUNT] = {
	[CHART_OFFSET] = { "Offset", ROWS_LARGE },
	[CHART_CLOSE] = { "Offset, closer", ROWS_SMALL },
	[CHART_FREQUENCY] = { "Frequency of the kernel's clock, ppm", ROWS_SMALL },
	[CHART_DELAY] = { "Delay", ROWS_SMALL },
};

static const char *either(const struct style *style, const char *utf8, const char *ascii)
{
	return style->has_utf8 ? utf8 : ascii;
}

/* ---- painting ---- */

/* The row of dots from the top, unbounded. */
static double dot_row(const struct canvas *canvas, double value)
{
	const double rows = (double)(canvas->rows * DOTS_DOWN);

	return (1 - chart_place(&canvas->scale, value)) * (rows - 1);
}

static void paint_dot(struct canvas *canvas, size_t column, size_t row)
{
	static const uint8_t bits[DOTS_DOWN][DOTS_ACROSS] = {
		{ 0x01, 0x08 }, { 0x02, 0x10 }, { 0x04, 0x20 }, { 0x40, 0x80 }
	};

	canvas->grid[row / DOTS_DOWN][column / DOTS_ACROSS].dots |=
		bits[row % DOTS_DOWN][column % DOTS_ACROSS];
}

/* All dots between two values; what lies beyond leaves its mark at the edge. */
static void paint_span(struct canvas *canvas, size_t column, double low, double high)
{
	const double last = (double)(canvas->rows * DOTS_DOWN - 1);
	const size_t cell = column / DOTS_ACROSS;
	double from = round(dot_row(canvas, high));
	double to = round(dot_row(canvas, low));

	if (high > canvas->scale.hi) {
		canvas->grid[0][cell].is_beyond = true;
	}
	if (low < canvas->scale.lo) {
		canvas->grid[canvas->rows - 1][cell].is_beyond = true;
	}
	from = fmax(from, 0);
	to = fmin(to, last);
	for (double row = from; row <= to; row++) {
		paint_dot(canvas, column, (size_t)row);
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

/* The line from the column `before` to `at`, and the band between the two. */
static void paint_bridge(struct canvas *canvas, size_t before, size_t at)
{
	const struct chart_column *a = &canvas->columns[before], *b = &canvas->columns[at];
	double value = within_scale(canvas, a->last);

	for (size_t i = before + 1; i <= at; i++) {
		const double share = (double)(i - before) / (double)(at - before);
		const double next = within_scale(canvas, between(a->last, b->first, share));

		if (i < at) {
			paint_band(canvas, i, between(a->band_lo, b->band_lo, share),
			           between(a->band_hi, b->band_hi, share));
		}
		/* Two at the same edge: the line is out of sight between them. */
		if (value != next || (next > canvas->scale.lo && next < canvas->scale.hi)) {
			paint_span(canvas, i, fmin(value, next), fmax(value, next));
		}
		value = next;
	}
}

static void paint(struct canvas *canvas)
{
	size_t before = SIZE_MAX;

	memset(canvas->grid, 0, sizeof(canvas->grid));
	for (size_t i = 0; i < canvas->cells * DOTS_ACROSS; i++) {
		const struct chart_column *column = &canvas->columns[i];

		if (column->value_count == 0) {
			continue;
		}
		if (before != SIZE_MAX &&
		    !chart_is_gap(canvas->chart, &canvas->columns[before], column)) {
			paint_bridge(canvas, before, i);
		}
		paint_band(canvas, i, column->band_lo, column->band_hi);
		paint_span(canvas, i, column->min, column->max);
		before = i;
	}
}

/* ---- writing ---- */

static void put_braille(struct text *out, uint8_t dots)
{
	/* U+2800 and the dots. */
	const uint8_t octets[3] = { 0xe2, (uint8_t)(0xa0 | (dots >> 6)),
		                    (uint8_t)(0x80 | (dots & 0x3f)) };

	text_octets(out, (const char *)octets, sizeof(octets));
}

static void put_cell(struct text *out, const struct canvas *canvas, size_t row, size_t at,
                     bool is_zero)
{
	const struct cell *cell = &canvas->grid[row][at];
	const struct style *style = canvas->style;

	if (cell->is_beyond) {
		text_put(out, row == 0 ? either(style, "\xe2\x96\xb2", "^")
		                       : either(style, "\xe2\x96\xbc", "v"));
	} else if (cell->dots && style->has_utf8) {
		put_braille(out, cell->dots);
	} else if (cell->dots) {
		text_put(out, "*");
	} else if (is_zero) {
		text_put(out, either(style, "\xe2\x94\x80", "-"));
	} else if (cell->is_band) {
		text_put(out, either(style, "\xe2\x96\x91", ":"));
	} else {
		text_put(out, " ");
	}
}

static void put_label(struct text *out, const struct style *style, const char *label,
                      const char *axis)
{
	char shown[CHART_LABEL_ROOM + 2];
	size_t columns;

	snprintf(shown, sizeof(shown), "%s", label);
	style_units(style, shown);
	columns = style_columns(shown);
	text_blanks(out, columns < LABEL_COLUMNS ? LABEL_COLUMNS - columns : 0);
	text_put(out, shown);
	text_put(out, " ");
	text_put(out, axis);
}

static size_t text_row(const struct canvas *canvas, double place)
{
	const double rows = (double)(canvas->rows * DOTS_DOWN);

	return (size_t)(round((1 - place) * (rows - 1)) / DOTS_DOWN);
}

/* Where the blanks at the end of a line begin. */
static size_t last_cell(const struct canvas *canvas, size_t row, bool is_zero)
{
	size_t last = canvas->cells;

	while (last > 0 && !is_zero && !canvas->grid[row][last - 1].dots &&
	       !canvas->grid[row][last - 1].is_band &&
	       !canvas->grid[row][last - 1].is_beyond) {
		last--;
	}
	return last;
}

static void put_rows(struct text *out, const struct canvas *canvas, enum chart_panel panel)
{
	struct chart_tick ticks[CHART_TICKS_MAX];
	const size_t count = chart_value_ticks(&canvas->scale, panel, ticks);

	for (size_t row = 0; row < canvas->rows; row++) {
		const char *label = NULL;
		bool is_zero;

		for (size_t i = 0; i < count && !label; i++) {
			label = text_row(canvas, ticks[i].place) == row ? ticks[i].label
			                                                : NULL;
		}
		is_zero = label && strcmp(label, "0") == 0;
		put_label(out, canvas->style, label ? label : "",
		          label ? either(canvas->style, "\xe2\x94\xa4", "+")
		                : either(canvas->style, "\xe2\x94\x82", "|"));
		for (size_t i = 0; i < last_cell(canvas, row, is_zero); i++) {
			put_cell(out, canvas, row, i, is_zero);
		}
		text_put(out, "\n");
	}
}

/* Which cells have a tick, and where the labels go that fit. */
static void put_time_axis(struct text *out, const struct canvas *canvas)
{
	struct chart_tick ticks[CHART_TICKS_MAX];
	const size_t count = chart_time_ticks(
		canvas->chart, canvas->cells / TIME_LABEL_COLUMNS + 1, ticks);
	bool is_tick[CELLS_MAX] = { false };
	char line[CELLS_MAX + 1];
	size_t free_from = 0;

	memset(line, ' ', sizeof(line));
	for (size_t i = 0; i < count; i++) {
		const size_t len = strlen(ticks[i].label);
		size_t at = (size_t)(ticks[i].place * (double)canvas->cells);

		at = at < canvas->cells ? at : canvas->cells - 1;
		is_tick[at] = true;
		at = at > len / 2 ? at - len / 2 : 0;
		at = at + len > canvas->cells ? canvas->cells - len : at;
		if (at >= free_from) {
			memcpy(line + at, ticks[i].label, len);
			free_from = at + len + 1;
		}
	}
	put_label(out, canvas->style, "", either(canvas->style, "\xe2\x94\x94", "+"));
	for (size_t i = 0; i < canvas->cells; i++) {
		text_put(out, is_tick[i] ? either(canvas->style, "\xe2\x94\xac", "+")
		                         : either(canvas->style, "\xe2\x94\x80", "-"));
	}
	text_put(out, "\n");
	text_blanks(out, AXIS_COLUMNS);
	text_octets(out, line, free_from > 0 ? free_from - 1 : 0);
	text_put(out, "\n");
}

static void put_title(struct text *out, const struct canvas *canvas, enum chart_panel panel)
{
	const struct style *style = canvas->style;

	text_put(out, panels[panel].title);
	if (panel == CHART_OFFSET) {
		text_format(out, ", within its bound (%s)",
		            either(style, "\xe2\x96\x91", ":"));
	}
	if (canvas->scale.beyond_count > 0) {
		text_format(out, "; %zu beyond the scale (%s %s)",
		            canvas->scale.beyond_count, either(style, "\xe2\x96\xb2", "^"),
		            either(style, "\xe2\x96\xbc", "v"));
	}
	text_put(out, "\n");
}

static size_t count_of(const struct chart_column *column, char letter)
{
	return letter == 'S'   ? column->step_count
	       : letter == 'F' ? column->failure_count
	                       : column->reboot_count;
}

static void put_events(struct text *out, const struct canvas *canvas, const char *label,
                       char letter)
{
	char line[CELLS_MAX + 1];
	bool is_any = false;
	size_t len = 0;

	memset(line, ' ', sizeof(line));
	for (size_t i = 0; i < canvas->cells * DOTS_ACROSS; i++) {
		if (count_of(&canvas->columns[i], letter) > 0) {
			line[i / DOTS_ACROSS] = letter;
			len = i / DOTS_ACROSS + 1;
			is_any = true;
		}
	}
	if (is_any) {
		put_label(out, canvas->style, label,
		          either(canvas->style, "\xe2\x94\x82", "|"));
		text_octets(out, line, len);
		text_put(out, "\n");
	}
}

static void put_panel(struct text *out, struct canvas *canvas, enum chart_panel panel)
{
	chart_columns(canvas->chart, panel, canvas->columns, canvas->cells * DOTS_ACROSS);
	canvas->rows = panels[panel].rows;
	paint(canvas);
	put_title(out, canvas, panel);
	put_rows(out, canvas, panel);
	if (panel == CHART_OFFSET) {
		put_events(out, canvas, "steps", 'S');
		put_events(out, canvas, "failed", 'F');
		put_events(out, canvas, "reboots", 'R');
	}
	put_time_axis(out, canvas);
}

size_t plot_render(const struct chart *chart, const struct style *style, char *buf,
                   size_t room)
{
	struct text out = text_to(buf, room);
	struct canvas canvas = { .chart = chart, .style = style };
	const size_t columns = style->columns < COLUMNS_MIN   ? COLUMNS_MIN
	                       : style->columns > COLUMNS_MAX ? COLUMNS_MAX
	                                                      : style->columns;
	struct chart_scale offset;

	canvas.cells = columns - AXIS_COLUMNS;
	for (size_t panel = 0; panel <= CHART_FREQUENCY; panel++) {
		chart_scale_make(chart, (enum chart_panel)panel,
		                 panels[panel].rows == ROWS_LARGE ? 5 : 3, &canvas.scale);
		if (panel == CHART_OFFSET) {
			offset = canvas.scale;
		}
		if (panel == CHART_CLOSE && !chart_needs_close(&offset, &canvas.scale)) {
			continue;
		}
		if (canvas.scale.value_count > 0 || panel == CHART_OFFSET) {
			put_panel(&out, &canvas, (enum chart_panel)panel);
		}
	}
	return out.len;
}
