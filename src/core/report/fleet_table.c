/* SPDX-License-Identifier: MIT
 *
 * The table of a fleet: a line for each server or pair, so that the lines can be counted and
 * searched; only a long reason has a line of its own.
 */
#include <stdio.h>
#include <string.h>

#include "core/report/cells.h"
#include "core/report/fleet_report.h"
#include "core/report/report_private.h"

enum {
	LABEL_SIZE = REPORT_LABEL_SIZE + ADDRESS_TEXT_SIZE + 8,
	DETAIL_SIZE = REPORT_LABEL_SIZE + ADDRESS_TEXT_SIZE + SOURCE_REASON_SIZE + 16,
	VERDICT_SIZE = SOURCE_REASON_SIZE + 32,
};

enum column {
	COLUMN_FROM, /* of pairs only */
	COLUMN_SERVER,
	COLUMN_STRATUM,
	COLUMN_OFFSET,
	COLUMN_BOUND,
	COLUMN_VERDICT,
	COLUMN_COUNT
};

/* Layouts from wide to narrow: the first is used whose columns of names hold every name, or
 * at least `name_enough` columns. */
static const struct level {
	size_t gap;
	size_t name_enough;
	bool coarse;
} levels[] = {
	/* clang-format off */
	{ 2, SIZE_MAX, false },
	{ 2, 20,       false },
	{ 1, 10,       false },
	{ 1, 0,        true },
	/* clang-format on */
};

struct layout {
	const struct fleet *fleet;
	enum fleet_only only;
	const struct style *style;
	const struct level *level;
	bool has_addresses; /* behind the names */
	struct cells cells;
};

static void format_name(const struct layout *layout, const struct run_source *source,
                        char *buf)
{
	char address[ADDRESS_TEXT_SIZE];
	struct text out = text_to(buf, LABEL_SIZE);

	out.len = report_label(source, buf, LABEL_SIZE);
	if (layout->has_addresses && source->address.family != ADDRESS_NONE &&
	    report_other_address(source, address) > 0) {
		text_format(&out, " (%s)", address);
	}
}

/* All columns except those of the names. */
static void format_cells(const struct layout *layout, const struct fleet_row *row,
                         char cells[COLUMN_COUNT][REPORT_FIGURE_SIZE])
{
	const bool has_tolerance = layout->fleet->tolerance_ns > 0;

	for (size_t i = 0; i < COLUMN_COUNT; i++) {
		memcpy(cells[i], "-", sizeof("-"));
	}
	if (row->source->has_header) {
		snprintf(cells[COLUMN_STRATUM], REPORT_FIGURE_SIZE, "%u",
		         (unsigned)row->source->stratum);
	}
	if (row->is_known) {
		report_figures(row->offset_ns, row->bound_ns, layout->level->coarse,
		               cells[COLUMN_OFFSET], cells[COLUMN_BOUND]);
		style_units(layout->style, cells[COLUMN_OFFSET]);
		style_units(layout->style, cells[COLUMN_BOUND]);
	}
	if (has_tolerance || row->verdict != FLEET_OK) {
		snprintf(cells[COLUMN_VERDICT], REPORT_FIGURE_SIZE, "%s",
		         fleet_verdict_name(row->verdict));
	}
}

static void headings_of(const struct layout *layout, const char **ret)
{
	const bool has_pairs = layout->fleet->servers != NULL;

	ret[COLUMN_FROM] = "Server A";
	ret[COLUMN_SERVER] = has_pairs ? "Server B" : "Server";
	ret[COLUMN_STRATUM] = layout->level->gap > 1 ? "Stratum" : "St";
	ret[COLUMN_OFFSET] = has_pairs ? "B - A" : "Offset";
	ret[COLUMN_BOUND] = style_plus_minus(layout->style);
	ret[COLUMN_VERDICT] = "Verdict";
}

/* Whether the table shows row `i`; `*ret_shown` counts those that it does. */
static bool shows(const struct layout *layout, size_t i, size_t *ret_shown)
{
	if (!fleet_is_shown(layout->fleet, layout->only, &layout->fleet->rows[i])) {
		return false;
	}
	(*ret_shown)++;
	return layout->only != FLEET_ONLY_AUTO || *ret_shown <= FLEET_ROWS_MAX;
}

static void hide_columns(struct layout *layout)
{
	struct cells_column *columns = layout->cells.columns;
	const struct fleet *fleet = layout->fleet;
	const bool has_pairs = fleet->servers != NULL;

	columns[COLUMN_FROM].is_left = true;
	columns[COLUMN_FROM].is_hidden = !has_pairs;
	columns[COLUMN_SERVER].is_left = true;
	columns[COLUMN_STRATUM].is_hidden = has_pairs;
	columns[COLUMN_VERDICT].is_left = true;
	columns[COLUMN_VERDICT].is_hidden =
		fleet->tolerance_ns == 0 && layout->only == FLEET_ONLY_AUTO;
}

/* Sets every width to that of the contents; returns the columns of the whole line. */
static size_t measure(struct layout *layout)
{
	char cells[COLUMN_COUNT][REPORT_FIGURE_SIZE];
	char from[LABEL_SIZE] = "", server[LABEL_SIZE];
	const char *line[COLUMN_COUNT];
	size_t shown = 0;

	layout->cells = (struct cells){ .count = COLUMN_COUNT, .gap = layout->level->gap };
	hide_columns(layout);
	headings_of(layout, line);
	cells_widen(&layout->cells, line);
	for (size_t i = 0; i < layout->fleet->count; i++) {
		const struct fleet_row *row = &layout->fleet->rows[i];

		if (!shows(layout, i, &shown)) {
			continue;
		}
		format_name(layout, row->source, server);
		if (row->from) {
			format_name(layout, row->from, from);
		}
		format_cells(layout, row, cells);
		for (size_t c = 0; c < COLUMN_COUNT; c++) {
			line[c] = cells[c];
		}
		line[COLUMN_FROM] = from;
		line[COLUMN_SERVER] = server;
		cells_widen(&layout->cells, line);
	}
	return cells_width(&layout->cells);
}

/* Gives the names what the other columns leave.  False if that is not enough. */
static bool share_rest(struct layout *layout, size_t total, size_t columns)
{
	struct cells_column *from = &layout->cells.columns[COLUMN_FROM];
	struct cells_column *server = &layout->cells.columns[COLUMN_SERVER];
	const size_t names = server->width + (from->is_hidden ? 0 : from->width);
	const size_t rest = total - names;
	size_t left, half;

	if (rest >= columns) {
		return false;
	}
	left = columns - rest;
	if (from->is_hidden) {
		server->width = left;
		return left >= layout->level->name_enough;
	}
	half = left / 2;
	if (from->width <= half) {
		server->width = left - from->width;
	} else if (server->width <= left - half) {
		from->width = left - server->width;
	} else {
		from->width = half;
		server->width = left - half;
	}
	return half >= layout->level->name_enough;
}

static void choose_layout(struct layout *layout, size_t columns)
{
	size_t total;

	layout->level = &levels[0];
	layout->has_addresses = !layout->fleet->servers;
	if (measure(layout) <= columns) {
		return;
	}
	layout->has_addresses = false;
	for (size_t i = 0; i < COUNT_OF(levels); i++) {
		layout->level = &levels[i];
		total = measure(layout);
		if (total <= columns || share_rest(layout, total, columns)) {
			return;
		}
	}
}

static enum style_class class_of(enum fleet_verdict verdict)
{
	return verdict == FLEET_OFF  ? STYLE_BAD
	       : verdict == FLEET_OK ? STYLE_GOOD
	                             : STYLE_DOUBTFUL;
}

/* The address, if the server has several and the line does not show it, and the reason: what
 * is to be told besides the cells. */
static void format_detail(const struct layout *layout, const struct fleet_row *row,
                          char *buf)
{
	struct text out = text_to(buf, DETAIL_SIZE);
	char address[ADDRESS_TEXT_SIZE];

	buf[0] = '\0';
	if (row->from) {
		return; /* the reason is above the table */
	}
	if (row->address_count > 1 && !layout->has_addresses &&
	    row->source->address.family != ADDRESS_NONE &&
	    report_other_address(row->source, address) > 0) {
		text_put(&out, address);
	}
	if (row->verdict == FLEET_SILENT && row->source->reason[0] != '\0') {
		text_format(&out, "%s%s", out.len > 0 ? ": " : "", row->source->reason);
	}
}

/* A silent server has no figures: its verdict and its reason stand in their place, so that
 * most reasons need no line of their own. */
static struct cells cells_of(const struct layout *layout, const struct fleet_row *row)
{
	struct cells cells = layout->cells;

	if (row->verdict == FLEET_SILENT && !row->from) {
		cells.columns[COLUMN_OFFSET].is_hidden = true;
		cells.columns[COLUMN_BOUND].is_hidden = true;
	}
	return cells;
}

static void put_row(struct text *out, const struct layout *layout,
                    const struct fleet_row *row, size_t columns)
{
	const struct cells shape = cells_of(layout, row);
	char cells[COLUMN_COUNT][REPORT_FIGURE_SIZE];
	char from[LABEL_SIZE] = "", server[LABEL_SIZE], detail[DETAIL_SIZE];
	char verdict[VERDICT_SIZE + DETAIL_SIZE];
	struct text verdict_out = text_to(verdict, sizeof(verdict));
	const char *line[COLUMN_COUNT];
	size_t used;

	format_cells(layout, row, cells);
	format_name(layout, row->source, server);
	report_cut_middle(server, shape.columns[COLUMN_SERVER].width);
	if (row->from) {
		format_name(layout, row->from, from);
		report_cut_middle(from, shape.columns[COLUMN_FROM].width);
	}
	format_detail(layout, row, detail);
	style_word(&verdict_out, layout->style, class_of(row->verdict),
	           cells[COLUMN_VERDICT]);
	used = cells_width(&shape) - shape.columns[COLUMN_VERDICT].width +
	       strlen(cells[COLUMN_VERDICT]);
	if (detail[0] != '\0' && used + 2 + strlen(detail) <= columns) {
		text_format(&verdict_out, ": %s", detail);
		detail[0] = '\0';
	}
	for (size_t c = 0; c < COLUMN_COUNT; c++) {
		line[c] = cells[c];
	}
	line[COLUMN_FROM] = from;
	line[COLUMN_SERVER] = server;
	line[COLUMN_VERDICT] = verdict;
	cells_put(out, &shape, line);
	report_wrapped(out, detail, 4, columns);
}

static void put_rows(struct text *out, struct layout *layout, size_t columns)
{
	const char *headings[COLUMN_COUNT];
	size_t shown = 0;

	for (size_t i = 0; i < layout->fleet->count; i++) {
		if (!shows(layout, i, &shown)) {
			continue;
		}
		if (shown == 1) {
			choose_layout(layout, columns);
			headings_of(layout, headings);
			cells_put(out, &layout->cells, headings);
		}
		put_row(out, layout, &layout->fleet->rows[i], columns);
	}
	if (layout->only == FLEET_ONLY_AUTO && shown > FLEET_ROWS_MAX) {
		text_format(out, "... and %zu more: --only all shows them.\n",
		            shown - FLEET_ROWS_MAX);
	}
}

static void put_sentence(struct text *out, const char *words, const struct style *style)
{
	report_wrapped(out, words, 0, report_columns(style));
}

/* The reference, or of pairs the servers that belong to no known pair. */
static void put_others(struct text *out, const struct fleet *fleet,
                       const struct style *style)
{
	char label[REPORT_LABEL_SIZE], line[DETAIL_SIZE + 2 * REPORT_FIGURE_SIZE],
		offset[REPORT_FIGURE_SIZE], bound[REPORT_FIGURE_SIZE];

	if (fleet->reference && fleet->is_judged) {
		report_label(fleet->reference, label, sizeof(label));
		report_figures(fleet->reference->offset_ns, fleet->reference->bound_ns,
		               false, offset, bound);
		style_units(style, offset);
		style_units(style, bound);
		snprintf(line, sizeof(line),
		         "The reference against this machine's clock: %s %s %s.", offset,
		         style_plus_minus(style), bound);
		put_sentence(out, line, style);
	}
	for (size_t i = 0; fleet->servers && i < fleet->server_count; i++) {
		const struct run_source *server = fleet->servers[i];

		if (!server->has_estimate) {
			report_label(server, label, sizeof(label));
			snprintf(line, sizeof(line), "%s is silent%s%s", label,
			         server->reason[0] != '\0' ? ": " : "", server->reason);
			put_sentence(out, line, style);
		}
	}
}

size_t fleet_table(const struct fleet *fleet, enum fleet_only only,
                   const struct style *style, char *buf, size_t size)
{
	const size_t columns = style->columns < 60 ? 60 : style->columns;
	struct layout layout = { .fleet = fleet, .only = only, .style = style };
	struct text out = text_to(buf, size);
	char summary[FLEET_SUMMARY_SIZE];

	fleet_summary(fleet, style, summary, sizeof(summary));
	put_sentence(&out, summary, style);
	if (fleet->is_judged) {
		put_others(&out, fleet, style);
		put_rows(&out, &layout, columns);
	}
	return out.len;
}
