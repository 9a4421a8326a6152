/* SPDX-License-Identifier: MIT
 *
 * The table of sources.  Its offset +/- bound holds as printed: the bound is rounded up and
 * includes the rounding error of the offset.
 */
#include <stdio.h>
#include <string.h>

#include "core/base/span.h"
#include "core/report/cells.h"
#include "core/report/report_private.h"

enum {
	LABEL_SIZE = 4 * SERVER_HOST_SIZE + ADDRESS_TEXT_SIZE + 32, /* all octets escaped */
	DETAIL_SIZE = ADDRESS_TEXT_SIZE + RUN_REASON_SIZE + 80,
	COLOURED_SIZE = REPORT_FIGURE_SIZE + 16,
};

enum column {
	COLUMN_SERVER,
	COLUMN_STRATUM,
	COLUMN_OFFSET,
	COLUMN_BOUND,
	COLUMN_DELAY,
	COLUMN_SAMPLES,
	COLUMN_AUTHENTICATION, /* only if a server is nts:// */
	COLUMN_VERDICT,
	COLUMN_COUNT
};

static const struct {
	const char *full, *narrow;
} headings[COLUMN_COUNT] = {
	[COLUMN_SERVER] = { "Server", "Server" },
	[COLUMN_STRATUM] = { "Stratum", "St" },
	[COLUMN_OFFSET] = { "Offset", "Offset" },
	[COLUMN_DELAY] = { "Delay", "Delay" },
	[COLUMN_SAMPLES] = { "Samples", "Smp" },
	[COLUMN_AUTHENTICATION] = { "Auth", "Auth" },
	[COLUMN_VERDICT] = { "Verdict", "Verdict" },
};

/* Layouts from wide to narrow: the first is used whose server column holds every name, or
 * at least `server_enough` columns. */
static const struct level {
	size_t gap;
	size_t server_enough;
	bool narrow_headings, has_delay, has_samples, coarse;
} levels[] = {
	/* clang-format off */
	{ 2, SIZE_MAX, false, true,  true,  false },
	{ 2, 20,       true,  true,  true,  false },
	{ 1, 12,       true,  true,  true,  false },
	{ 1, 12,       true,  false, true,  false },
	{ 1, 8,        true,  false, false, false },
	{ 1, 0,        true,  false, false, true },
	/* clang-format on */
};

struct layout {
	const struct style *style;
	const struct level *level;
	bool has_addresses; /* after the name instead of on a line below */
	struct cells cells;
};

static void format_server(const struct run_source *source, bool has_addresses, char *buf)
{
	char address[ADDRESS_TEXT_SIZE];
	struct text out = text_to(buf, LABEL_SIZE);

	out.len = report_label(source, buf, LABEL_SIZE);
	if (has_addresses && report_other_address(source, address) > 0) {
		text_format(&out, " (%s)", address);
	}
}

/* All columns except the server. */
static void format_cells(const struct run_source *source, const struct layout *layout,
                         char cells[COLUMN_COUNT][REPORT_FIGURE_SIZE])
{
	for (size_t i = 0; i < COLUMN_COUNT; i++) {
		memcpy(cells[i], "-", sizeof("-"));
	}
	if (source->has_header) {
		snprintf(cells[COLUMN_STRATUM], REPORT_FIGURE_SIZE, "%u",
		         (unsigned)source->stratum);
	}
	if (source->has_estimate) {
		report_figures(source->offset_ns, source->bound_ns, layout->level->coarse,
		               cells[COLUMN_OFFSET], cells[COLUMN_BOUND]);
		span_format(source->delay_ns, 0, cells[COLUMN_DELAY]);
		style_units(layout->style, cells[COLUMN_OFFSET]);
		style_units(layout->style, cells[COLUMN_BOUND]);
		style_units(layout->style, cells[COLUMN_DELAY]);
	}
	snprintf(cells[COLUMN_SAMPLES], REPORT_FIGURE_SIZE, "%u/%u", source->received,
	         source->sent);
	if (source->nts.is_authenticated) {
		snprintf(cells[COLUMN_AUTHENTICATION], REPORT_FIGURE_SIZE, "%s",
		         source->nts.is_told ? "NTS*" : "NTS");
	}
	snprintf(cells[COLUMN_VERDICT], REPORT_FIGURE_SIZE, "%s",
	         source_status_name(source->status));
}

static void headings_of(const struct layout *layout, const char **ret)
{
	for (size_t i = 0; i < COLUMN_COUNT; i++) {
		ret[i] = layout->level->narrow_headings ? headings[i].narrow
		                                        : headings[i].full;
	}
	ret[COLUMN_BOUND] = style_plus_minus(layout->style);
}

static bool has_nts(const struct run *run)
{
	for (size_t i = 0; i < run->source_count; i++) {
		if (run->sources[i].scheme == SCHEME_NTS) {
			return true;
		}
	}
	return false;
}

/* Sets every width to that of the contents; returns the columns of the whole line. */
static size_t measure(const struct run *run, struct layout *layout)
{
	char cells[COLUMN_COUNT][REPORT_FIGURE_SIZE];
	char server[LABEL_SIZE];
	const char *line[COLUMN_COUNT];

	layout->cells = (struct cells){ .count = COLUMN_COUNT, .gap = layout->level->gap };
	layout->cells.columns[COLUMN_SERVER].is_left = true;
	layout->cells.columns[COLUMN_AUTHENTICATION].is_left = true;
	layout->cells.columns[COLUMN_AUTHENTICATION].is_hidden = !has_nts(run);
	layout->cells.columns[COLUMN_VERDICT].is_left = true;
	layout->cells.columns[COLUMN_DELAY].is_hidden = !layout->level->has_delay;
	layout->cells.columns[COLUMN_SAMPLES].is_hidden = !layout->level->has_samples;
	headings_of(layout, line);
	cells_widen(&layout->cells, line);
	for (size_t i = 0; i < run->source_count; i++) {
		format_server(&run->sources[i], layout->has_addresses, server);
		format_cells(&run->sources[i], layout, cells);
		line[COLUMN_SERVER] = server;
		for (size_t c = COLUMN_SERVER + 1; c < COLUMN_COUNT; c++) {
			line[c] = cells[c];
		}
		cells_widen(&layout->cells, line);
	}
	return cells_width(&layout->cells);
}

static struct layout choose_layout(const struct run *run, const struct style *style,
                                   size_t columns)
{
	struct layout layout = { .style = style,
		                 .level = &levels[0],
		                 .has_addresses = true };
	size_t total, rest;

	if (measure(run, &layout) <= columns) {
		return layout;
	}
	layout.has_addresses = false;
	for (size_t i = 0; i < COUNT_OF(levels); i++) {
		layout.level = &levels[i];
		total = measure(run, &layout);
		if (total <= columns) {
			return layout;
		}
		rest = total - layout.cells.columns[COLUMN_SERVER].width;
		if (rest < columns && columns - rest >= layout.level->server_enough) {
			layout.cells.columns[COLUMN_SERVER].width = columns - rest;
			return layout;
		}
	}
	layout.cells.columns[COLUMN_SERVER].width = 1;
	return layout;
}

static enum style_class class_of(const struct run_source *source)
{
	switch (source->status) {
	case SOURCE_SELECTED:
		return STYLE_GOOD;
	case SOURCE_AGREEING: /* with a reason: no other source confirms it */
		return source->reason[0] == '\0' ? STYLE_GOOD : STYLE_DOUBTFUL;
	case SOURCE_REJECTED:
	case SOURCE_UNREACHABLE:
		return STYLE_DOUBTFUL;
	case SOURCE_FALSETICKER:
	case SOURCE_STATUS_COUNT:
		break;
	}
	return STYLE_BAD;
}

static void put_source(struct text *out, const struct layout *layout,
                       const struct run_source *source)
{
	char cells[COLUMN_COUNT][REPORT_FIGURE_SIZE];
	char server[LABEL_SIZE], verdict[COLOURED_SIZE];
	struct text verdict_out = text_to(verdict, sizeof(verdict));
	const char *line[COLUMN_COUNT];

	format_server(source, layout->has_addresses, server);
	report_cut_middle(server, layout->cells.columns[COLUMN_SERVER].width);
	format_cells(source, layout, cells);
	style_word(&verdict_out, layout->style, class_of(source), cells[COLUMN_VERDICT]);
	for (size_t i = 0; i < COLUMN_COUNT; i++) {
		line[i] = i == COLUMN_SERVER    ? server
		          : i == COLUMN_VERDICT ? verdict
		                                : cells[i];
	}
	cells_put(out, &layout->cells, line);
}

/* Address, reason and the line of a daytime server, if any. */
static void put_details(struct text *out, const struct layout *layout,
                        const struct run_source *source, size_t columns)
{
	char address[ADDRESS_TEXT_SIZE] = "";
	char line[DETAIL_SIZE];
	struct text detail = text_to(line, sizeof(line));

	if (!layout->has_addresses) {
		report_other_address(source, address);
	}
	text_put(&detail, address);
	if (source->reason[0] != '\0') {
		text_put(&detail, detail.len > 0 ? ": " : "");
		text_put(&detail, source->reason);
	}
	if (source->nts.is_told && source->reason[0] == '\0') {
		text_put(&detail, detail.len > 0 ? ": " : "");
		text_put(&detail,
		         "its certificate is valid by the server's time, not by this "
		         "clock (NTS*)");
	}
	if (source->text[0] != '\0') {
		text_put(&detail, detail.len > 0 ? ": " : "");
		text_put(&detail, "it says \"");
		text_put(&detail, source->text);
		text_put(&detail, "\"");
	}
	report_wrapped(out, line, 4, columns);
}

size_t report_table(const struct run *run, const struct style *style, char *buf,
                    size_t size)
{
	const size_t columns = style->columns < 60 ? 60 : style->columns;
	struct text out = text_to(buf, size);
	const char *line[COLUMN_COUNT];
	struct layout layout;

	if (run->source_count == 0) {
		return 0;
	}
	layout = choose_layout(run, style, columns);
	headings_of(&layout, line);
	cells_put(&out, &layout.cells, line);
	for (size_t i = 0; i < run->source_count; i++) {
		put_source(&out, &layout, &run->sources[i]);
		put_details(&out, &layout, &run->sources[i], columns);
	}
	return out.len;
}
