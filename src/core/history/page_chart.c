/* SPDX-License-Identifier: MIT
 *
 * The charts of the page, as SVG stretched to its width: strokes do not scale, and text
 * stands beside or above the picture as HTML, placed by percent.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/span.h"
#include "core/history/page_private.h"

enum {
	COLUMNS = PAGE_COLUMNS,
	UNITS = PAGE_UNITS,
	DOTS_MAX = 150, /* more values would run together */
	TIME_TICKS = 9,
	HITS_MAX = 240, /* places with a tooltip */
};

static const struct {
	const char *title, *class, *remark;
	bool is_low;
} looks[CHART_PANEL_COUNT] = {
	[CHART_OFFSET] = { "Offset", "offset",
	                   "server minus local clock: above zero the clock is behind",
	                   false },
	[CHART_CLOSE] = { "Offset, closer", "offset", "the same, without its bound", true },
	[CHART_FREQUENCY] = { "Frequency", "freq",
	                      "of the kernel's clock in ppm: above zero it is sped up",
	                      true },
	[CHART_DELAY] = { "Delay", "delay", "the shortest round trip of each run", true },
};

/* ---- paths ---- */

/* The first, smallest, largest and last value, without repetitions. */
static void put_vertices(struct text *out, const struct page_panel *panel, size_t at,
                         char begin)
{
	const struct chart_column *c = &panel->columns[at];
	const double values[] = { c->first, c->min, c->max, c->last };
	long last = page_unit_of(panel, values[0]);

	text_format(out, "%c%zu %ld", begin, at, last);
	for (size_t i = 1; i < COUNT_OF(values); i++) {
		const long unit = page_unit_of(panel, values[i]);

		if (unit != last) {
			text_format(out, "V%ld", unit);
			last = unit;
		}
	}
	/* A path of one point is invisible; a round end makes it a dot. */
	if (begin == 'M') {
		text_put(out, "h0");
	}
}

static void put_line(struct text *out, const struct page_panel *panel)
{
	text_format(out, "<path class=\"line %s\" d=\"", looks[panel->kind].class);
	for (size_t i = 0; i < COLUMNS; i++) {
		if (panel->columns[i].value_count > 0) {
			put_vertices(out, panel, i, panel->columns[i].is_begun ? 'M' : 'L');
		}
	}
	text_put(out, "\"/>\n");
}

/* No line leads to or from it. */
static bool is_alone(const struct page_panel *panel, size_t at)
{
	size_t next = at + 1;

	while (next < COLUMNS && panel->columns[next].value_count == 0) {
		next++;
	}
	return panel->columns[at].is_begun &&
	       (next == COLUMNS || panel->columns[next].is_begun);
}

static void put_dots(struct text *out, const struct page_panel *panel)
{
	const bool are_few = panel->scale.value_count <= DOTS_MAX;

	text_format(out, "<path class=\"dots %s\" d=\"", looks[panel->kind].class);
	for (size_t i = 0; i < COLUMNS; i++) {
		if (panel->columns[i].value_count > 0 && (are_few || is_alone(panel, i))) {
			text_format(out, "M%zu %ldh0", i,
			            page_unit_of(panel, panel->columns[i].last));
		}
	}
	text_put(out, "\"/>\n");
}

static void put_grid(struct text *out, const struct page_panel *panel,
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
	if (panel->kind != CHART_FREQUENCY && panel->scale.value_count > 0) {
		text_format(out, "<path class=\"zero\" d=\"M0 %ldH%d\"/>\n",
		            page_unit_of(panel, 0), UNITS);
	}
}

/* Lines at the steps, where the offset jumps. */
static void put_step_lines(struct text *out, const struct page_panel *panel)
{
	if (!page_has_step_lines(panel)) {
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

/* ---- labels, legend and tooltips ---- */

static void put_hit_words(struct text *out, const struct chart_column *part)
{
	char min[PAGE_FIGURE_SIZE], max[PAGE_FIGURE_SIZE];

	if (part->value_count == 1) {
		page_put_figures(out, (int64_t)part->first,
		                 (int64_t)(part->band_hi - part->first));
	} else if (part->value_count > 1) {
		page_format_span((int64_t)part->min, true, min);
		page_format_span((int64_t)part->max, true, max);
		text_format(out, "%zu runs, %s to %s", part->value_count, min, max);
	}
	if (part->step_count > 0) {
		page_format_span(part->step_ns, true, max);
		text_format(out, "%sstepped by %s%s", part->value_count > 0 ? "; " : "",
		            part->step_count > 1 ? "up to " : "", max);
	}
}

/* Tooltips: the values at a place. */
static void put_hits(struct text *out, const struct page_panel *panel)
{
	struct chart_column parts[HITS_MAX];
	char at[RUN_TIME_SIZE];

	chart_columns(panel->chart, panel->kind, &panel->scale, parts, HITS_MAX);
	for (size_t i = 0; i < HITS_MAX; i++) {
		const struct chart_column *part = &parts[i];

		if (part->value_count == 0 && part->step_count == 0) {
			continue;
		}
		run_format_time((struct instant){ part->value_count > 0
		                                          ? part->first_at_ns
		                                          : part->event_at_ns },
		                false, at);
		text_format(out,
		            "<rect class=\"hit\" x=\"%.1f\" width=\"%.1f\" height=\"%d\">"
		            "<title>%s: ",
		            (double)i * UNITS / HITS_MAX, (double)UNITS / HITS_MAX, UNITS,
		            at);
		put_hit_words(out, part);
		text_put(out, "</title></rect>\n");
	}
}

static void put_value_labels(struct text *out, const struct chart_tick *ticks, size_t count)
{
	static const struct style utf8 = { .has_utf8 = true };
	char label[CHART_LABEL_SIZE + 2];

	text_put(out, "<div class=\"y\" aria-hidden=\"true\">");
	for (size_t i = 0; i < count; i++) {
		snprintf(label, sizeof(label), "%s", ticks[i].label);
		style_units(&utf8, label);
		text_format(out, "<span style=\"top:%.1f%%\">%s</span>",
		            (1 - ticks[i].place) * 100, label);
	}
	text_put(out, "</div>\n");
}

/* Labels at the ends stay inside; a narrow screen hides every second one, preferably one
 * without a date. */
static void put_time_labels(struct text *out, const struct chart_tick *ticks, size_t count)
{
	size_t dated = 0;

	while (dated < count && strchr(ticks[dated].label, ':')) {
		dated++;
	}
	dated = dated < count ? dated : 0;
	text_put(out, "<div class=\"x\" aria-hidden=\"true\">");
	for (size_t i = 0; i < count; i++) {
		const double place = ticks[i].place;

		text_format(out, "<span class=\"%s%s\" style=\"left:%.1f%%\">%s</span>",
		            place < .04   ? "first"
		            : place > .96 ? "last"
		                          : "",
		            i % 2 != dated % 2 ? " odd" : "", place * 100, ticks[i].label);
	}
	text_put(out, "</div>\n");
}

static void put_legend_item(struct text *out, const char *path, const char *words)
{
	text_format(out,
	            "<li><svg viewBox=\"0 0 24 12\" aria-hidden=\"true\"><path "
	            "%s/></svg>%s</li>\n",
	            path, words);
}

static void put_legend(struct text *out, const struct page_panel *panel)
{
	char words[48];

	text_put(out, "<ul class=\"legend\">\n");
	if (panel->kind == CHART_OFFSET) {
		put_legend_item(out, "class=\"line offset\" d=\"M1 8L9 4L15 7L23 3\"",
		                "offset");
		put_legend_item(out, "class=\"band edge key\" d=\"M1 1H23V11H1Z\"",
		                "its bound: the true offset is inside");
	}
	if (page_has_prediction(panel)) {
		put_legend_item(
			out, "class=\"promise edge key\" d=\"M1 1H23V11H1Z\"",
			"predicted from earlier runs: the true offset stays inside");
	}
	if (panel->kind == CHART_OFFSET && page_has_step_lines(panel)) {
		put_legend_item(out, "class=\"when\" d=\"M12 0V12\"",
		                "the clock was stepped");
	}
	if (panel->scale.beyond_count > 0) {
		snprintf(words, sizeof(words), "%zu beyond the scale",
		         panel->scale.beyond_count);
		put_legend_item(out, "style=\"fill:var(--step)\" d=\"M12 1L18 11H6Z\"",
		                words);
	}
	text_put(out, "</ul>\n");
}

/* A description for screen readers. */
static void put_description(struct text *out, const struct page_panel *panel)
{
	char first[RUN_TIME_SIZE], last[RUN_TIME_SIZE];
	const struct chart *chart = panel->chart;
	double min = INFINITY, max = -INFINITY;
	size_t step_count = 0;
	int64_t step_ns = 0;
	char low[PAGE_FIGURE_SIZE], high[PAGE_FIGURE_SIZE];

	for (size_t i = 0; i < COLUMNS; i++) {
		if (panel->columns[i].value_count > 0) {
			min = fmin(min, panel->columns[i].min);
			max = fmax(max, panel->columns[i].max);
		}
		step_count += panel->columns[i].step_count;
		if (fabs((double)panel->columns[i].step_ns) > fabs((double)step_ns)) {
			step_ns = panel->columns[i].step_ns;
		}
	}
	run_format_time((struct instant){ chart->from_ns }, false, first);
	run_format_time((struct instant){ chart->to_ns }, false, last);
	text_format(out,
	            "<title id=\"t%d\">%s</title>\n<desc id=\"d%d\">%zu values from %s to "
	            "%s UTC",
	            (int)panel->kind, looks[panel->kind].title, (int)panel->kind,
	            panel->scale.value_count, first, last);
	if (min <= max && panel->kind == CHART_FREQUENCY) {
		run_format_ppm((int64_t)min, low);
		run_format_ppm((int64_t)max, high);
		text_format(out, ", between %s and %s ppm", low, high);
	} else if (min <= max) {
		page_format_span((int64_t)min, true, low);
		page_format_span((int64_t)max, true, high);
		text_format(out, ", between %s and %s", low, high);
	}
	if (page_is_of_offset(panel) && step_ns != 0) {
		page_format_span(step_ns, true, high);
		text_format(out, "; the clock was stepped by %s%s",
		            step_count > 1 ? "up to " : "", high);
	}
	text_put(out, ".</desc>\n");
}

static void put_picture(struct text *out, const struct page_panel *panel,
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
	page_put_shades(out, panel);
	put_step_lines(out, panel);
	put_line(out, panel);
	put_dots(out, panel);
	if (panel->kind == CHART_OFFSET) {
		put_hits(out, panel);
	}
	text_put(out, "</svg>\n");
	if (panel->scale.value_count == 0) {
		text_put(out, "<span class=\"none\">no run has an answer</span>\n");
	}
	page_put_marks(out, panel);
	text_put(out, "</div>\n");
}

static void put_panel(struct text *out, struct page_panel *panel)
{
	struct chart_tick values[CHART_TICKS_MAX], times[CHART_TICKS_MAX];
	const bool has_values = panel->scale.value_count > 0;
	/* A scale without values has no labels. */
	const size_t value_count =
		has_values ? chart_value_ticks(&panel->scale, panel->kind, values) : 0;
	const size_t time_count = chart_time_ticks(panel->chart, TIME_TICKS, times);

	chart_columns(panel->chart, panel->kind, &panel->scale, panel->columns, COLUMNS);
	text_format(out, "<section>\n<h2>%s <small>%s</small></h2>\n",
	            looks[panel->kind].title, looks[panel->kind].remark);
	if (has_values && (panel->kind == CHART_OFFSET || panel->scale.beyond_count > 0 ||
	                   page_has_prediction(panel))) {
		put_legend(out, panel);
	}
	text_format(out, "<div class=\"plot%s\">\n",
	            looks[panel->kind].is_low || !has_values ? " low" : "");
	put_value_labels(out, values, value_count);
	put_picture(out, panel, values, value_count, times, time_count);
	if (panel->kind == CHART_OFFSET) {
		page_put_lanes(out, panel);
	}
	put_time_labels(out, times, time_count);
	text_put(out, "</div>\n</section>\n");
}

void page_put_charts(struct text *out, const struct chart *chart)
{
	struct page_panel panel = { .chart = chart };
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
