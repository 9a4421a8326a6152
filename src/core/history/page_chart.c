/* SPDX-License-Identifier: MIT
 *
 * The pictures are stretched to the width of the page, lines and all; so strokes do not
 * scale, and whatever is text stands beside or above them as HTML, placed by percent.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/span.h"
#include "core/history/page_private.h"

enum {
	COLUMNS = CHART_COLUMNS_MAX,
	UNITS = 1000,        /* of the view box, each way */
	BEYOND_MAX = 100000, /* units: what lies off the picture need not be exact */
	DOTS_MAX = 150,      /* values; more than these would run together */
	STEP_LINES_MAX = 60,
	TIME_TICKS = 9,
	HITS_MAX = 240,    /* places that tell what they show */
	MARK_COLUMNS = 12, /* beyond marks are not closer */
};

struct panel {
	const struct chart *chart;
	enum chart_panel kind;
	struct chart_scale scale;
	struct chart_column columns[COLUMNS];
};

static const struct {
	const char *title, *class, *remark;
	bool is_low;
} looks[CHART_PANEL_COUNT] = {
	[CHART_OFFSET] = { "Offset", "offset",
	                   "server minus local clock: above zero the clock is behind",
	                   false },
	[CHART_CLOSE] = { "Offset, closer", "offset", "the same without its bound", true },
	[CHART_FREQUENCY] = { "Frequency", "freq",
	                      "of the kernel's clock in ppm: above zero it is made faster",
	                      true },
	[CHART_DELAY] = { "Delay", "delay", "the shortest round trip of each run", true },
};

static long unit_of(const struct panel *panel, double value)
{
	const double unit = (1 - chart_place(&panel->scale, value)) * UNITS;

	return lround(fmin(fmax(unit, -BEYOND_MAX), BEYOND_MAX));
}

static bool is_joined(const struct panel *panel, size_t before, size_t at)
{
	return before != SIZE_MAX &&
	       !chart_is_gap(panel->chart, &panel->columns[before], &panel->columns[at]);
}

/* ---- paths ---- */

/* First, smallest, largest, last: as far as they differ. */
static void put_vertices(struct text *out, const struct panel *panel, size_t at, char begin)
{
	const struct chart_column *c = &panel->columns[at];
	const double values[] = { c->first, c->min, c->max, c->last };
	long last = unit_of(panel, values[0]);

	text_format(out, "%c%zu %ld", begin, at, last);
	for (size_t i = 1; i < COUNT_OF(values); i++) {
		const long unit = unit_of(panel, values[i]);

		if (unit != last) {
			text_format(out, "V%ld", unit);
			last = unit;
		}
	}
	/* A path of one point is nothing; a round end makes it a dot. */
	if (begin == 'M') {
		text_put(out, "h0");
	}
}

static void put_line(struct text *out, const struct panel *panel)
{
	size_t before = SIZE_MAX;

	text_format(out, "<path class=\"line %s\" d=\"", looks[panel->kind].class);
	for (size_t i = 0; i < COLUMNS; i++) {
		if (panel->columns[i].value_count > 0) {
			put_vertices(out, panel, i,
			             is_joined(panel, before, i) ? 'L' : 'M');
			before = i;
		}
	}
	text_put(out, "\"/>\n");
}

static void put_dots(struct text *out, const struct panel *panel)
{
	if (panel->scale.value_count > DOTS_MAX) {
		return;
	}
	text_format(out, "<path class=\"dots %s\" d=\"", looks[panel->kind].class);
	for (size_t i = 0; i < COLUMNS; i++) {
		if (panel->columns[i].value_count > 0) {
			text_format(out, "M%zu %ldh0", i,
			            unit_of(panel, panel->columns[i].last));
		}
	}
	text_put(out, "\"/>\n");
}

/* The columns from `from` to `to`: along the upper edge, and back along the lower. */
static void put_band_part(struct text *out, const struct panel *panel, size_t from,
                          size_t to)
{
	const char *begin = "M";

	for (size_t i = from; i <= to; i++) {
		if (panel->columns[i].value_count > 0) {
			text_format(out, "%s%zu %ld", begin, i,
			            unit_of(panel, panel->columns[i].band_hi));
			begin = "L";
		}
	}
	for (size_t i = to + 1; i > from; i--) {
		if (panel->columns[i - 1].value_count > 0) {
			text_format(out, "L%zu %ld", i - 1,
			            unit_of(panel, panel->columns[i - 1].band_lo));
		}
	}
	text_put(out, "Z");
}

static void put_band(struct text *out, const struct panel *panel)
{
	size_t from = SIZE_MAX, before = SIZE_MAX;

	text_put(out, "<path class=\"band\" d=\"");
	for (size_t i = 0; i < COLUMNS; i++) {
		if (panel->columns[i].value_count == 0) {
			continue;
		}
		if (before != SIZE_MAX && !is_joined(panel, before, i)) {
			put_band_part(out, panel, from, before);
			from = i;
		}
		from = from == SIZE_MAX ? i : from;
		before = i;
	}
	if (before != SIZE_MAX) {
		put_band_part(out, panel, from, before);
	}
	text_put(out, "\"/>\n");
}

static void put_grid(struct text *out, const struct panel *panel,
                     const struct chart_tick *ticks, size_t count,
                     const struct chart_tick *times, size_t time_count)
{
	text_put(out, "<path class=\"grid\" d=\"");
	for (size_t i = 0; i < count; i++) {
		text_format(out, "M0 %ldH%d", lround((1 - ticks[i].place) * UNITS), UNITS);
	}
	for (size_t i = 0; i < time_count; i++) {
		text_format(out, "M%ld 0V%d", lround(times[i].place * UNITS), UNITS);
	}
	text_put(out, "\"/>\n");
	if (panel->kind != CHART_FREQUENCY) {
		text_format(out, "<path class=\"zero\" d=\"M0 %ldH%d\"/>\n",
		            unit_of(panel, 0), UNITS);
	}
}

/* More than a few would hide what they stand in. */
static bool has_step_lines(const struct panel *panel)
{
	size_t count = 0;

	for (size_t i = 0; i < COLUMNS; i++) {
		count += panel->columns[i].step_count > 0;
	}
	return count > 0 && count <= STEP_LINES_MAX;
}

/* Why the offset jumps there. */
static void put_step_lines(struct text *out, const struct panel *panel)
{
	if (!has_step_lines(panel)) {
		return;
	}
	text_put(out, "<path class=\"when\" d=\"");
	for (size_t i = 0; i < COLUMNS; i++) {
		if (panel->columns[i].step_count > 0) {
			text_format(out, "M%zu 0V%d", i, UNITS);
		}
	}
	text_put(out, "\"/>\n");
}

/* ---- what stands around them ---- */

/* What a place shows, for whoever points at it. */
static void put_hits(struct text *out, const struct panel *panel)
{
	struct chart_column parts[HITS_MAX];
	char at[PAST_TIME_ROOM], min[PAGE_FIGURE_ROOM], max[PAGE_FIGURE_ROOM];

	chart_columns(panel->chart, panel->kind, parts, HITS_MAX);
	for (size_t i = 0; i < HITS_MAX; i++) {
		const struct chart_column *part = &parts[i];

		if (part->value_count == 0) {
			continue;
		}
		past_format_time((struct instant){ part->first_at_ns }, false, at);
		text_format(out,
		            "<rect class=\"hit\" x=\"%.1f\" width=\"%.1f\" height=\"%d\">"
		            "<title>%s: ",
		            (double)i * UNITS / HITS_MAX, (double)UNITS / HITS_MAX, UNITS,
		            at);
		if (part->value_count == 1) {
			page_put_figures(out, (int64_t)part->first,
			                 (int64_t)(part->band_hi - part->first));
		} else {
			page_format_span((int64_t)part->min, true, min);
			page_format_span((int64_t)part->max, true, max);
			text_format(out, "%zu runs, %s to %s", part->value_count, min, max);
		}
		text_put(out, "</title></rect>\n");
	}
}

static void put_beyond(struct text *out, const struct panel *panel)
{
	size_t last_up = SIZE_MAX, last_down = SIZE_MAX;
	char figure[PAGE_FIGURE_ROOM];

	for (size_t i = 0; i < COLUMNS; i++) {
		const struct chart_column *c = &panel->columns[i];
		const bool is_up = c->max > panel->scale.hi;
		size_t *last = is_up ? &last_up : &last_down;

		if (c->value_count == 0 || (!is_up && c->min >= panel->scale.lo) ||
		    (*last != SIZE_MAX && i - *last < MARK_COLUMNS)) {
			continue;
		}
		*last = i;
		page_format_span((int64_t)(is_up ? c->max : c->min), true, figure);
		text_format(
			out,
			"<span class=\"%s\" style=\"left:%.1f%%\" title=\"%s\"></span>\n",
			is_up ? "up" : "down", (double)i * 100 / COLUMNS,
			panel->kind == CHART_FREQUENCY ? "" : figure);
	}
}

static void put_value_labels(struct text *out, const struct chart_tick *ticks, size_t count)
{
	static const struct style utf8 = { .has_utf8 = true };
	char label[CHART_LABEL_ROOM + 2];

	text_put(out, "<div class=\"y\" aria-hidden=\"true\">");
	for (size_t i = 0; i < count; i++) {
		snprintf(label, sizeof(label), "%s", ticks[i].label);
		style_units(&utf8, label);
		text_format(out, "<span style=\"top:%.1f%%\">%s</span>",
		            (1 - ticks[i].place) * 100, label);
	}
	text_put(out, "</div>\n");
}

/* Those at the ends stay inside; every second one is left out where it is narrow. */
static void put_time_labels(struct text *out, const struct chart_tick *ticks, size_t count)
{
	text_put(out, "<div class=\"x\" aria-hidden=\"true\">");
	for (size_t i = 0; i < count; i++) {
		const double place = ticks[i].place;

		text_format(out, "<span class=\"%s%s\" style=\"left:%.1f%%\">%s</span>",
		            place < .04   ? "first"
		            : place > .96 ? "last"
		                          : "",
		            i % 2 ? " odd" : "", place * 100, ticks[i].label);
	}
	text_put(out, "</div>\n");
}

static size_t count_of(const struct chart_column *column, int lane)
{
	return lane == 0   ? column->step_count
	       : lane == 1 ? column->failure_count
	                   : column->reboot_count;
}

/* A line of marks for each kind of event there is. */
static void put_lanes(struct text *out, const struct panel *panel)
{
	static const struct {
		const char *name, *class;
	} lanes[] = { { "steps", "step" }, { "failed", "bad" }, { "reboots", "boot" } };

	for (int lane = 0; lane < (int)COUNT_OF(lanes); lane++) {
		size_t total = 0;

		for (size_t i = 0; i < COLUMNS; i++) {
			total += count_of(&panel->columns[i], lane);
		}
		if (total == 0) {
			continue;
		}
		text_format(
			out,
			"<div class=\"name\">%s</div><div class=\"lane\">"
			"<svg viewBox=\"0 0 %d 10\" preserveAspectRatio=\"none\" "
			"role=\"img\" aria-label=\"%zu %s\"><path class=\"rug %s\" d=\"",
			lanes[lane].name, UNITS, total, lanes[lane].name,
			lanes[lane].class);
		for (size_t i = 0; i < COLUMNS; i++) {
			if (count_of(&panel->columns[i], lane) > 0) {
				text_format(out, "M%zu 2V9", i);
			}
		}
		text_put(out, "\"/></svg></div>\n");
	}
}

static void put_legend(struct text *out, const struct panel *panel)
{
	text_put(out, "<ul class=\"legend\">\n");
	if (panel->kind == CHART_OFFSET) {
		text_put(
			out,
			"<li><svg viewBox=\"0 0 24 12\" aria-hidden=\"true\"><path "
			"class=\"line offset\" d=\"M1 8L9 4L15 7L23 "
			"3\"/></svg>offset</li>\n"
			"<li><svg viewBox=\"0 0 24 12\" aria-hidden=\"true\"><path "
			"class=\"band\" d=\"M1 1H23V11H1Z\"/></svg>its bound: the truth is "
			"inside</li>\n");
	}
	if (panel->kind == CHART_OFFSET && has_step_lines(panel)) {
		text_put(out, "<li><svg viewBox=\"0 0 24 12\" aria-hidden=\"true\"><path "
		              "class=\"when\" d=\"M12 0V12\"/></svg>the clock was "
		              "stepped</li>\n");
	}
	if (panel->scale.beyond_count > 0) {
		text_format(
			out,
			"<li><svg viewBox=\"0 0 24 12\" aria-hidden=\"true\"><path "
			"style=\"fill:var(--step)\" d=\"M12 1L18 11H6Z\"/></svg>%zu beyond "
			"the scale</li>\n",
			panel->scale.beyond_count);
	}
	text_put(out, "</ul>\n");
}

/* What is to be seen, for those who do not see it. */
static void put_description(struct text *out, const struct panel *panel)
{
	char first[PAST_TIME_ROOM], last[PAST_TIME_ROOM];
	const struct chart *chart = panel->chart;
	double min = INFINITY, max = -INFINITY;
	char low[PAGE_FIGURE_ROOM], high[PAGE_FIGURE_ROOM];

	for (size_t i = 0; i < COLUMNS; i++) {
		if (panel->columns[i].value_count > 0) {
			min = fmin(min, panel->columns[i].min);
			max = fmax(max, panel->columns[i].max);
		}
	}
	past_format_time((struct instant){ chart->from_ns }, false, first);
	past_format_time((struct instant){ chart->to_ns }, false, last);
	text_format(out,
	            "<title id=\"t%d\">%s</title>\n<desc id=\"d%d\">%zu values from %s to "
	            "%s UTC",
	            (int)panel->kind, looks[panel->kind].title, (int)panel->kind,
	            panel->scale.value_count, first, last);
	if (min <= max && panel->kind == CHART_FREQUENCY) {
		past_format_ppm((int64_t)min, low);
		past_format_ppm((int64_t)max, high);
		text_format(out, ", between %s and %s ppm", low, high);
	} else if (min <= max) {
		page_format_span((int64_t)min, true, low);
		page_format_span((int64_t)max, true, high);
		text_format(out, ", between %s and %s", low, high);
	}
	text_put(out, ".</desc>\n");
}

static void put_picture(struct text *out, const struct panel *panel,
                        const struct chart_tick *values, size_t value_count,
                        const struct chart_tick *times, size_t time_count)
{
	text_format(
		out,
		"<div class=\"area\"><svg viewBox=\"0 0 %d %d\" "
		"preserveAspectRatio=\"none\" role=\"img\" aria-labelledby=\"t%d d%d\">\n",
		UNITS, UNITS, (int)panel->kind, (int)panel->kind);
	put_description(out, panel);
	put_grid(out, panel, values, value_count, times, time_count);
	put_step_lines(out, panel);
	if (panel->kind == CHART_OFFSET) {
		put_band(out, panel);
	}
	put_line(out, panel);
	put_dots(out, panel);
	if (panel->kind == CHART_OFFSET) {
		put_hits(out, panel);
	}
	text_put(out, "</svg>\n");
	put_beyond(out, panel);
	text_put(out, "</div>\n");
}

static void put_panel(struct text *out, struct panel *panel)
{
	struct chart_tick values[CHART_TICKS_MAX], times[CHART_TICKS_MAX];
	const size_t value_count = chart_value_ticks(&panel->scale, panel->kind, values);
	const size_t time_count = chart_time_ticks(panel->chart, TIME_TICKS, times);

	chart_columns(panel->chart, panel->kind, panel->columns, COLUMNS);
	text_format(out, "<section>\n<h2>%s <small>%s</small></h2>\n",
	            looks[panel->kind].title, looks[panel->kind].remark);
	if (panel->kind == CHART_OFFSET || panel->scale.beyond_count > 0) {
		put_legend(out, panel);
	}
	text_format(out, "<div class=\"plot%s\">\n",
	            looks[panel->kind].is_low ? " low" : "");
	put_value_labels(out, values, value_count);
	put_picture(out, panel, values, value_count, times, time_count);
	if (panel->kind == CHART_OFFSET) {
		put_lanes(out, panel);
	}
	put_time_labels(out, times, time_count);
	text_put(out, "</div>\n</section>\n");
}

void page_put_charts(struct text *out, const struct chart *chart)
{
	struct panel panel = { .chart = chart };
	struct chart_scale offset = { .lo = 0 };

	for (int kind = 0; kind < CHART_PANEL_COUNT; kind++) {
		panel.kind = (enum chart_panel)kind;
		chart_scale_make(chart, panel.kind, looks[kind].is_low ? 3 : 5,
		                 &panel.scale);
		if (kind == CHART_OFFSET) {
			offset = panel.scale;
		}
		if (panel.scale.value_count == 0 && kind != CHART_OFFSET) {
			continue;
		}
		if (kind != CHART_CLOSE || chart_needs_close(&offset, &panel.scale)) {
			put_panel(out, &panel);
		}
	}
}
