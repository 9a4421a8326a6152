/* SPDX-License-Identifier: MIT
 *
 * Marks on and below the pictures: steps of the clock, values beyond the scale, and how
 * many runs stepped, failed, or were the first after a reboot.
 */
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "core/history/page_private.h"

enum {
	STEP_LINES_MAX = 24, /* more would hide the line */
	STEP_LABELS_MAX = 8,
	STEP_LABEL_UNITS = 110, /* the least distance, so that labels do not run together */
	BEYOND_UNITS = 12,      /* the same for marks of values beyond the scale */
	LANE_PARTS = 125,
	LANE_PART_UNITS = PAGE_UNITS / LANE_PARTS,
	LANE_MARKS_MAX = 60, /* of steps and reboots; more are drawn as shares */
	LANE_UNITS = 100,
	LANE_LEAST = 9, /* so that one run among many is visible */
};

/* ---- on the picture ---- */

bool page_is_of_offset(const struct page_panel *panel)
{
	return panel->kind == CHART_OFFSET || panel->kind == CHART_CLOSE;
}

bool page_has_step_lines(const struct page_panel *panel)
{
	size_t count = 0;

	for (size_t i = 0; i < PAGE_COLUMNS; i++) {
		count += panel->columns[i].step_count > 0;
	}
	return page_is_of_offset(panel) && count > 0 && count <= STEP_LINES_MAX;
}

/* The largest step at least STEP_LABEL_UNITS from all `labels`; PAGE_COLUMNS: none. */
static size_t next_step(const struct page_panel *panel, const size_t *labels, size_t count)
{
	size_t largest = PAGE_COLUMNS;

	for (size_t i = 0; i < PAGE_COLUMNS; i++) {
		bool is_free = panel->columns[i].step_count > 0;

		for (size_t j = 0; j < count && is_free; j++) {
			is_free = (labels[j] > i ? labels[j] - i : i - labels[j]) >=
			          STEP_LABEL_UNITS;
		}
		if (is_free && (largest == PAGE_COLUMNS ||
		                fabs((double)panel->columns[i].step_ns) >
		                        fabs((double)panel->columns[largest].step_ns))) {
			largest = i;
		}
	}
	return largest;
}

/* The size of the steps beside their lines: the largest first, as far as there is room. */
static void put_step_labels(struct text *out, const struct page_panel *panel)
{
	size_t labels[STEP_LABELS_MAX], count = 0, at;
	char figure[PAGE_FIGURE_SIZE];

	while (count < STEP_LABELS_MAX &&
	       (at = next_step(panel, labels, count)) < PAGE_COLUMNS) {
		labels[count++] = at;
		page_format_span(panel->columns[at].step_ns, true, figure);
		text_format(out, "<span class=\"by%s%s\" style=\"left:%.1f%%\">%s</span>\n",
		            at > PAGE_UNITS * 3 / 4 ? " left" : "", count > 1 ? " odd" : "",
		            (double)at * 100 / PAGE_UNITS, figure);
	}
}

static void put_beyond(struct text *out, const struct page_panel *panel)
{
	size_t last_up = SIZE_MAX, last_down = SIZE_MAX;
	char figure[PAGE_FIGURE_SIZE];

	for (size_t i = 0; i < PAGE_COLUMNS; i++) {
		const struct chart_column *c = &panel->columns[i];
		const bool is_up = c->max > panel->scale.hi;
		size_t *last = is_up ? &last_up : &last_down;

		if (c->value_count == 0 || (!is_up && c->min >= panel->scale.lo) ||
		    (*last != SIZE_MAX && i - *last < BEYOND_UNITS)) {
			continue;
		}
		*last = i;
		page_format_span((int64_t)(is_up ? c->max : c->min), true, figure);
		text_format(
			out,
			"<span class=\"%s\" style=\"left:%.1f%%\" title=\"%s\"></span>\n",
			is_up ? "up" : "down", (double)i * 100 / PAGE_COLUMNS,
			panel->kind == CHART_FREQUENCY ? "" : figure);
	}
}

void page_put_marks(struct text *out, const struct page_panel *panel)
{
	if (panel->kind == CHART_OFFSET && page_has_step_lines(panel)) {
		put_step_labels(out, panel);
	}
	put_beyond(out, panel);
}

/* ---- below it ---- */

static const struct lane {
	const char *name, *one, *class;
	enum chart_event event;
	bool is_share;
} lanes[CHART_EVENT_COUNT] = {
	{ "steps", "step", "step", CHART_STEPS, false },
	{ "failed", "failed", "bad", CHART_FAILURES, true },
	{ "reboots", "reboot", "boot", CHART_REBOOTS, false },
};

/* A mark for each event. */
static void put_lane_marks(struct text *out, const struct page_panel *panel,
                           const struct lane *lane)
{
	text_format(out, "<path class=\"rug %s\" d=\"", lane->class);
	for (size_t i = 0; i < PAGE_COLUMNS; i++) {
		if (chart_event_count(&panel->columns[i], lane->event) > 0) {
			text_format(out, "M%zu 10V%d", i, LANE_UNITS);
		}
	}
	text_put(out, "\"/>");
}

/* As high as the share of the runs at that time, so that rare events do not look
 * permanent. */
static void put_lane_shares(struct text *out, const struct page_panel *panel,
                            const struct lane *lane)
{
	text_format(out, "<path class=\"share %s\" d=\"", lane->class);
	for (size_t part = 0; part < LANE_PARTS; part++) {
		const struct chart_column *columns =
			&panel->columns[part * LANE_PART_UNITS];
		size_t count = 0, runs = 0, high;

		for (size_t i = 0; i < LANE_PART_UNITS; i++) {
			count += chart_event_count(&columns[i], lane->event);
			runs += columns[i].run_count;
		}
		if (count > 0) {
			high = (count * LANE_UNITS + runs / 2) / runs;
			high = high < LANE_LEAST ? LANE_LEAST : high;
			text_format(out, "M%zu %dV%zuh%dV%d", part * LANE_PART_UNITS,
			            LANE_UNITS, LANE_UNITS - high, LANE_PART_UNITS,
			            LANE_UNITS);
		}
	}
	text_put(out, "\"/>");
}

/* "1 step", "13% failed". */
static void put_lane_name(struct text *out, const struct lane *lane, size_t total,
                          size_t runs)
{
	char share[24] = "all";
	size_t percent;

	if (!lane->is_share) {
		text_format(out, "<div class=\"name\">%zu %s</div>", total,
		            total == 1 ? lane->one : lane->name);
		return;
	}
	if (total * 200 < runs) {
		snprintf(share, sizeof(share), "&lt;1%%");
	} else if (total < runs) {
		percent = (total * 100 + runs / 2) / runs;
		snprintf(share, sizeof(share), "%zu%%", percent < 100 ? percent : 99);
	}
	text_format(out, "<div class=\"name\">%s %s</div>", share, lane->name);
}

static void put_lane(struct text *out, const struct page_panel *panel,
                     const struct lane *lane, size_t total)
{
	const size_t runs = panel->chart->count;
	const bool is_share = lane->is_share || total > LANE_MARKS_MAX;

	put_lane_name(out, lane, total, runs);
	text_format(out,
	            "<div class=\"lane%s\"><svg viewBox=\"0 0 %d %d\" "
	            "preserveAspectRatio=\"none\" role=\"img\" aria-label=\"%zu %s of %zu "
	            "runs\">",
	            is_share ? " high" : "", PAGE_UNITS, LANE_UNITS, total,
	            total == 1 ? lane->one : lane->name, runs);
	if (is_share) {
		put_lane_shares(out, panel, lane);
	} else {
		put_lane_marks(out, panel, lane);
	}
	text_put(out, "</svg></div>\n");
}

void page_put_lanes(struct text *out, const struct page_panel *panel)
{
	for (size_t lane = 0; lane < COUNT_OF(lanes); lane++) {
		size_t total = 0;

		for (size_t i = 0; i < PAGE_COLUMNS; i++) {
			total += chart_event_count(&panel->columns[i], lanes[lane].event);
		}
		if (total > 0) {
			put_lane(out, panel, &lanes[lane], total);
		}
	}
}
