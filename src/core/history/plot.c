/* SPDX-License-Identifier: MIT
 *
 * The plot as text: its panels, their heights, and their labels.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/history/plot_private.h"

enum {
	ROWS_MIN = 3,
	AXIS_LINES = 2,
	PROMPT_LINES = 1,
	HEAD_SIZE = 512,
	DATE_LENGTH = 10,
	TIME_LABEL_COLUMNS = 12, /* the least distance of labels */
};

/* Rows beyond ROWS_MIN are shared out by these weights. */
static const struct {
	const char *title;
	size_t weight;
} panels[CHART_PANEL_COUNT] = {
	[CHART_OFFSET] = { "Offset", 3 },
	[CHART_CLOSE] = { "Offset, closer", 2 },
	[CHART_FREQUENCY] = { "Frequency of the kernel's clock, ppm", 1 },
	[CHART_DELAY] = { "Delay", 0 }, /* only on the page */
};

/* ---- writing ---- */

static void put_cell(struct text *out, const struct canvas *canvas, size_t row, size_t at,
                     bool is_zero)
{
	const struct cell *cell = &canvas->grid[row][at];
	const struct style *style = canvas->style;

	if (cell->is_step) {
		text_put(out, "S");
	} else if (cell->is_beyond) {
		text_put(out, row == 0 ? either(style, "\xe2\x96\xb2", "^")
		                       : either(style, "\xe2\x96\xbc", "v"));
	} else if (cell->dots && style->has_utf8) {
		/* U+2800 and the dots. */
		const char octets[] = { (char)0xe2, (char)(0xa0 | (cell->dots >> 6)),
			                (char)(0x80 | (cell->dots & 0x3f)) };

		text_octets(out, octets, sizeof(octets));
	} else if (cell->dots) {
		text_put(out, "*");
	} else if (is_zero) {
		text_put(out, either(style, "\xe2\x94\x80", "-"));
	} else if (cell->is_prediction) {
		text_put(out, either(style, "\xe2\x94\x84", "="));
	} else if (cell->is_band) {
		text_put(out, either(style, "\xe2\x96\x91", ":"));
	} else {
		text_put(out, " ");
	}
}

/* The length of a row without the blanks at its end. */
static size_t last_cell(const struct canvas *canvas, size_t row, bool is_zero)
{
	size_t last = canvas->cells;

	while (last > 0 && !is_zero && !canvas->grid[row][last - 1].dots &&
	       !canvas->grid[row][last - 1].is_band &&
	       !canvas->grid[row][last - 1].is_beyond &&
	       !canvas->grid[row][last - 1].is_prediction &&
	       !canvas->grid[row][last - 1].is_step) {
		last--;
	}
	return last;
}

static void put_rows(struct text *out, const struct canvas *canvas, enum chart_panel panel)
{
	const double last_dot = (double)(canvas->rows * DOTS_DOWN) - 1;
	struct chart_tick ticks[CHART_TICKS_MAX];
	const size_t count = canvas->scale.value_count > 0
	                             ? chart_value_ticks(&canvas->scale, panel, ticks)
	                             : 0;

	for (size_t row = 0; row < canvas->rows; row++) {
		const char *label = NULL;
		bool is_zero;

		for (size_t i = 0; i < count && !label; i++) {
			const double dot = round((1 - ticks[i].place) * last_dot);

			label = (size_t)(dot / DOTS_DOWN) == row ? ticks[i].label : NULL;
		}
		is_zero = label && strcmp(label, "0") == 0;
		plot_put_label(out, canvas->style, label ? label : "",
		               label ? either(canvas->style, "\xe2\x94\xa4", "+")
		                     : either(canvas->style, "\xe2\x94\x82", "|"));
		for (size_t i = 0; i < last_cell(canvas, row, is_zero); i++) {
			put_cell(out, canvas, row, i, is_zero);
		}
		text_put(out, "\n");
	}
}

/* The axis with its ticks, and below it the labels that fit. */
static void put_time_axis(struct text *out, const struct canvas *canvas)
{
	struct chart_tick ticks[CHART_TICKS_MAX];
	const size_t count = chart_time_ticks(
		canvas->chart, canvas->cells / TIME_LABEL_COLUMNS + 1, ticks);
	bool is_tick[PLOT_CELLS_MAX] = { false };
	char line[PLOT_CELLS_MAX + 1];
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
	plot_put_label(out, canvas->style, "", either(canvas->style, "\xe2\x94\x94", "+"));
	for (size_t i = 0; i < canvas->cells; i++) {
		text_put(out, is_tick[i] ? either(canvas->style, "\xe2\x94\xac", "+")
		                         : either(canvas->style, "\xe2\x94\x80", "-"));
	}
	text_put(out, "\n");
	text_blanks(out, PLOT_AXIS_COLUMNS);
	text_octets(out, line, free_from > 0 ? free_from - 1 : 0);
	text_put(out, "\n");
}

static void put_title(struct text *out, const struct canvas *canvas, enum chart_panel panel)
{
	const struct style *style = canvas->style;
	char title[HEAD_SIZE];
	struct text text = text_to(title, sizeof(title));

	text_put(&text, panels[panel].title);
	if (canvas->scale.value_count == 0) {
		text_put(&text, ": no run has an answer");
	} else if (panel == CHART_OFFSET) {
		text_format(&text, "; bound (%s)", either(style, "\xe2\x96\x91", ":"));
		if (canvas->has_prediction && canvas->marks_prediction) {
			text_format(&text, ", predicted (%s)",
			            either(style, "\xe2\x94\x84", "="));
		}
	} else if (panel == CHART_CLOSE && canvas->has_prediction) {
		text_format(&text, "; predicted (%s)", either(style, "\xe2\x96\x91", ":"));
	}
	if (canvas->scale.beyond_count > 0) {
		text_format(&text, "; %zu beyond the scale (%s %s)",
		            canvas->scale.beyond_count, either(style, "\xe2\x96\xb2", "^"),
		            either(style, "\xe2\x96\xbc", "v"));
	}
	text_octets(out, title, style_octets(title, canvas->cells + PLOT_AXIS_COLUMNS));
	text_put(out, "\n");
}

/* ---- the whole ---- */

/* The panels that are drawn, and their heights. */
struct plan_of_panels {
	struct chart_scale scales[CHART_PANEL_COUNT];
	size_t rows[CHART_PANEL_COUNT]; /* 0: not drawn */
};

static size_t rows_left(const struct plan_of_panels *plan, size_t lines)
{
	size_t used = 0;

	for (size_t i = 0; i < CHART_PANEL_COUNT; i++) {
		used += plan->rows[i] > 0 ? plan->rows[i] + 1 : 0; /* its title */
	}
	return used < lines ? lines - used : 0;
}

/* Gives one row at a time to the panel that has the fewest for its weight. */
static void share_rows(struct plan_of_panels *plan, size_t lines)
{
	for (size_t left = rows_left(plan, lines); left > 0; left--) {
		size_t *poorest = NULL, weight = 0;

		for (size_t i = 0; i < CHART_PANEL_COUNT; i++) {
			if (plan->rows[i] > 0 && plan->rows[i] < PLOT_ROWS_MAX &&
			    (!poorest ||
			     plan->rows[i] * weight < *poorest * panels[i].weight)) {
				poorest = &plan->rows[i];
				weight = panels[i].weight;
			}
		}
		if (!poorest) {
			break;
		}
		++*poorest;
	}
}

/* For panels of `lines` lines in all; if there is no room, the last ones are left out
 * first. */
static void plan_panels(const struct chart *chart, size_t lines, struct plan_of_panels *ret)
{
	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i <= CHART_FREQUENCY; i++) {
		chart_scale_make(chart, (enum chart_panel)i, 5, &ret->scales[i]);
	}
	ret->rows[CHART_OFFSET] = ROWS_MIN;
	if (chart_needs_close(&ret->scales[CHART_OFFSET], &ret->scales[CHART_CLOSE]) &&
	    rows_left(ret, lines) >= ROWS_MIN + 1) {
		ret->rows[CHART_CLOSE] = ROWS_MIN;
	}
	if (ret->scales[CHART_FREQUENCY].value_count > 0 &&
	    rows_left(ret, lines) >= ROWS_MIN + 1) {
		ret->rows[CHART_FREQUENCY] = ROWS_MIN;
	}
	share_rows(ret, lines);
	for (size_t i = 0; i <= CHART_FREQUENCY; i++) {
		if (ret->rows[i] > 0) {
			chart_scale_make(chart, (enum chart_panel)i,
			                 (unsigned)(ret->rows[i] + 1) / 2, &ret->scales[i]);
		}
	}
}

static void put_panel(struct text *out, struct canvas *canvas, enum chart_panel panel,
                      const struct plan_of_panels *plan)
{
	canvas->scale = plan->scales[panel];
	canvas->rows = plan->rows[panel];
	chart_columns(canvas->chart, panel, &canvas->scale, canvas->columns,
	              canvas->cells * DOTS_ACROSS);
	canvas->has_prediction = false;
	canvas->marks_prediction = panel == CHART_OFFSET && plan->rows[CHART_CLOSE] == 0;
	for (size_t i = 0; i < canvas->cells * DOTS_ACROSS; i++) {
		canvas->has_prediction |= canvas->columns[i].has_prediction;
	}
	plot_paint(canvas, panel);
	put_title(out, canvas, panel);
	put_rows(out, canvas, panel);
}

/* "200 runs, 2026-11-17 04:00 to 2026-11-25 12:00 UTC" and the sentence.  Returns the
 * lines. */
static size_t put_head(struct text *out, const struct run_summary *summary,
                       const struct style *style)
{
	char first[RUN_TIME_SIZE], last[RUN_TIME_SIZE], head[HEAD_SIZE];
	size_t lines = 1;

	run_format_time(summary->first_at, false, first);
	run_format_time(summary->last_at, false, last);
	if (style->columns < 60) { /* dates only */
		first[DATE_LENGTH] = last[DATE_LENGTH] = '\0';
	}
	text_format(out, "%zu run%s, %s", summary->run_count,
	            summary->run_count == 1 ? "" : "s", first);
	if (strcmp(first, last) != 0) {
		text_format(out, " to %s", last);
	}
	text_put(out, " UTC\n");
	run_summary_sentence(summary, style, head, sizeof(head));
	text_put(out, head);
	for (const char *at = head; *at; at++) {
		lines += *at == '\n';
	}
	return lines;
}

size_t plot_render(const struct chart *chart, const struct run_summary *summary,
                   const struct style *style, unsigned lines, char *buf, size_t size)
{
	struct text out = text_to(buf, size);
	struct style fitted = *style;
	struct canvas canvas = { .chart = chart, .style = &fitted };
	struct plan_of_panels plan;
	size_t used;

	fitted.columns =
		(unsigned)ns_clamp(style->columns, PLOT_COLUMNS_MIN, PLOT_COLUMNS_MAX);
	lines = (unsigned)ns_clamp(lines, PLOT_LINES_MIN, PLOT_LINES_MAX);
	canvas.cells = fitted.columns - PLOT_AXIS_COLUMNS;
	used = put_head(&out, summary, &fitted) + AXIS_LINES + PROMPT_LINES;
	chart_scale_make(chart, CHART_OFFSET, 5, &canvas.scale);
	chart_columns(chart, CHART_OFFSET, &canvas.scale, canvas.columns,
	              canvas.cells * DOTS_ACROSS);
	used += plot_lane_count(&canvas);
	plan_panels(chart, used < lines ? lines - used : 0, &plan);
	for (size_t i = 0; i <= CHART_FREQUENCY; i++) {
		if (plan.rows[i] > 0) {
			put_panel(&out, &canvas, (enum chart_panel)i, &plan);
		}
	}
	plot_put_lanes(&out, &canvas);
	put_time_axis(&out, &canvas);
	return out.len;
}
