/* SPDX-License-Identifier: MIT
 *
 * The lines of the plot for events: steps, failed runs, reboots.
 */
#include <stdio.h>
#include <string.h>

#include "core/history/plot_private.h"

static const struct lane {
	const char *name;
	enum chart_event event;
	char letter;
	bool is_share;
} lanes[CHART_EVENT_COUNT] = {
	{ "steps", CHART_STEPS, 'S', false },
	{ "failed", CHART_FAILURES, 'F', true },
	{ "reboots", CHART_REBOOTS, 'R', false },
};

/* Events and runs in the columns from `from` up to `to`. */
static size_t lane_sum(const struct canvas *canvas, const struct lane *lane, size_t from,
                       size_t to, size_t *ret_runs)
{
	size_t sum = 0;

	*ret_runs = 0;
	for (size_t i = from; i < to; i++) {
		sum += chart_event_count(&canvas->columns[i], lane->event);
		*ret_runs += canvas->columns[i].run_count;
	}
	return sum;
}

static size_t lane_total(const struct canvas *canvas, const struct lane *lane)
{
	size_t run_count;

	return lane_sum(canvas, lane, 0, canvas->cells * DOTS_ACROSS, &run_count);
}

/* The share of the runs that failed, in tenths (ASCII) or eighths; the letter for steps,
 * reboots, and in ASCII for all runs. */
static void put_event(struct text *out, const struct canvas *canvas,
                      const struct lane *lane, size_t sum, size_t runs)
{
	const size_t parts = canvas->style->has_utf8 ? 8 : 10;
	size_t part;
	char octets[4] = { 0 };

	if (sum == 0) {
		text_put(out, " ");
		return;
	}
	if (!lane->is_share || (sum >= runs && !canvas->style->has_utf8)) {
		text_octets(out, &lane->letter, 1);
		return;
	}
	part = (sum * parts + runs - 1) / runs;
	if (canvas->style->has_utf8) { /* U+2581 to U+2588: an eighth to a whole block */
		memcpy(octets, "\xe2\x96\x80", 3);
		octets[2] = (char)(octets[2] + (char)part);
	} else {
		octets[0] = (char)('0' + (part < parts ? part : parts - 1));
	}
	text_put(out, octets);
}

void plot_put_label(struct text *out, const struct style *style, const char *label,
                    const char *axis)
{
	char shown[CHART_LABEL_SIZE + 2];
	size_t columns;

	snprintf(shown, sizeof(shown), "%s", label);
	style_units(style, shown);
	columns = style_columns(shown);
	text_blanks(out, columns < PLOT_LABEL_COLUMNS ? PLOT_LABEL_COLUMNS - columns : 0);
	text_format(out, "%s %s", shown, axis);
}

/* "13% failed": of all runs. */
static void put_lane_label(struct text *out, const struct canvas *canvas,
                           const struct lane *lane, size_t total)
{
	char label[CHART_LABEL_SIZE];
	const size_t runs = canvas->chart->count;
	const size_t rounded = (total * 100 + runs / 2) / runs;
	const size_t percent = rounded < 100 || total == runs ? rounded : 99;

	if (!lane->is_share) {
		snprintf(label, sizeof(label), "%s", lane->name);
	} else if (percent < 1) {
		snprintf(label, sizeof(label), "<1%% %s", lane->name);
	} else if (percent < 100) {
		snprintf(label, sizeof(label), "%u%% %s", (unsigned)percent, lane->name);
	} else {
		snprintf(label, sizeof(label), "all %s", lane->name);
	}
	plot_put_label(out, canvas->style, label,
	               either(canvas->style, "\xe2\x94\x82", "|"));
}

static void put_lane(struct text *out, const struct canvas *canvas, const struct lane *lane)
{
	const size_t total = lane_total(canvas, lane);
	size_t left = total, sum, runs;

	if (total == 0) {
		return;
	}
	put_lane_label(out, canvas, lane, total);
	/* No blanks at the end of a line. */
	for (size_t i = 0; i < canvas->cells && left > 0; i++) {
		sum = lane_sum(canvas, lane, i * DOTS_ACROSS, (i + 1) * DOTS_ACROSS, &runs);
		put_event(out, canvas, lane, sum, runs);
		left -= sum;
	}
	text_put(out, "\n");
}

size_t plot_lane_count(const struct canvas *canvas)
{
	size_t count = 0;

	for (size_t i = 0; i < COUNT_OF(lanes); i++) {
		count += lane_total(canvas, &lanes[i]) > 0;
	}
	return count;
}

void plot_put_lanes(struct text *out, const struct canvas *canvas)
{
	for (size_t i = 0; i < COUNT_OF(lanes); i++) {
		put_lane(out, canvas, &lanes[i]);
	}
}
