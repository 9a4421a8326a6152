/* SPDX-License-Identifier: MIT
 *
 * The areas behind the offset: its bound, and the bound predicted by the runs before.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>

#include "core/history/page_private.h"

enum {
	BEYOND_MAX = 100000, /* units: far outside the picture */
	ALONE_UNITS = 3,     /* the area of a single run reaches this far to each side */
};

long page_unit_of(const struct page_panel *panel, double value)
{
	const double unit = (1 - chart_place(&panel->scale, value)) * PAGE_UNITS;

	return lround(fmin(fmax(unit, -BEYOND_MAX), BEYOND_MAX));
}

static bool has_bound(const struct chart_column *column)
{
	return column->value_count > 0;
}

static double bound_edge(const struct chart_column *column, int sign)
{
	return sign > 0 ? column->band_hi : column->band_lo;
}

static bool has_predicted(const struct chart_column *column)
{
	return column->value_count > 0 && column->has_prediction;
}

static double prediction_edge(const struct chart_column *column, int sign)
{
	return sign * column->prediction;
}

struct shade {
	const char *class;
	bool (*has)(const struct chart_column *column);
	double (*edge)(const struct chart_column *column, int sign);
};
static const struct shade bound = { "band", has_bound, bound_edge };
static const struct shade prediction = { "promise", has_predicted, prediction_edge };

/* A part of an area, from column to column: filled, or only its upper and lower edges. */
struct part {
	const struct page_panel *panel;
	const struct shade *shade;
	size_t from, to;
	bool is_whole;
};

/* Along the upper edge, or back along the lower one. */
static void put_edge(struct text *out, const struct part *part, int sign)
{
	const char *begin = part->is_whole && sign < 0 ? "L" : "M";
	const size_t last = part->to - part->from;
	long unit;

	for (size_t n = 0; n <= last; n++) {
		const size_t i = sign > 0 ? part->from + n : part->to - n;
		const struct chart_column *column = &part->panel->columns[i];

		if (!part->shade->has(column)) {
			continue;
		}
		unit = page_unit_of(part->panel, part->shade->edge(column, sign));
		if (last == 0) {
			text_format(out, "%s%ld %ldh%d", begin,
			            (long)i - sign * ALONE_UNITS, unit,
			            2 * sign * ALONE_UNITS);
		} else {
			text_format(out, "%s%zu %ld", begin, i, unit);
		}
		begin = "L";
	}
}

static void put_part(struct text *out, const struct part *part)
{
	put_edge(out, part, 1);
	put_edge(out, part, -1);
	text_put(out, part->is_whole ? "Z" : "");
}

/* A part ends before a run without such an area, or where the line is broken. */
static void put_shade(struct text *out, const struct page_panel *panel,
                      const struct shade *shade, bool is_whole)
{
	struct part part = { panel, shade, SIZE_MAX, SIZE_MAX, is_whole };

	text_format(out, "<path class=\"%s%s\" d=\"", shade->class,
	            is_whole ? "" : " edge");
	for (size_t i = 0; i < PAGE_COLUMNS; i++) {
		const struct chart_column *column = &panel->columns[i];

		if (column->value_count == 0) {
			continue;
		}
		if (part.from != SIZE_MAX && (!shade->has(column) || column->is_begun)) {
			put_part(out, &part);
			part.from = SIZE_MAX;
		}
		if (shade->has(column)) {
			part.from = part.from == SIZE_MAX ? i : part.from;
			part.to = i;
		}
	}
	if (part.from != SIZE_MAX) {
		put_part(out, &part);
	}
	text_put(out, "\"/>\n");
}

bool page_has_prediction(const struct page_panel *panel)
{
	for (size_t i = 0; i < PAGE_COLUMNS; i++) {
		if (panel->columns[i].has_prediction) {
			return true;
		}
	}
	return false;
}

void page_put_shades(struct text *out, const struct page_panel *panel)
{
	if (page_has_prediction(panel)) {
		put_shade(out, panel, &prediction, true);
		put_shade(out, panel, &prediction, false);
	}
	if (panel->kind == CHART_OFFSET) {
		put_shade(out, panel, &bound, true);
		put_shade(out, panel, &bound, false);
	}
}
