/* SPDX-License-Identifier: MIT
 *
 * The table of past runs, its layout, and the summary below it.
 */
#include "core/history/run_table.h"

#include <stdio.h>
#include <string.h>

#include "core/base/span.h"
#include "core/base/text.h"
#include "core/report/report.h"

enum {
	CELL_SIZE = REPORT_FIGURE_SIZE + 1,
	COLOURED_SIZE = CELL_SIZE + 16,
	COLUMNS_MIN = 60,
};
_Static_assert(RUN_TABLE_COLUMN_COUNT <= (int)CELLS_MAX, "all columns fit");

static const struct {
	const char *full, *narrow;
	bool is_left; /* else figures, aligned to the right */
} headings[RUN_TABLE_COLUMN_COUNT] = {
	[RUN_TABLE_TIME] = { "Time (UTC)", "Time (UTC)", true },
	[RUN_TABLE_VERB] = { "Verb", "Verb", true },
	[RUN_TABLE_STATUS] = { "Status", "Status", true },
	[RUN_TABLE_OFFSET] = { "Offset", "Offset", false },
	[RUN_TABLE_DELAY] = { "Delay", "Delay", false },
	[RUN_TABLE_SOURCES] = { "Agree", "Agr", false },
	[RUN_TABLE_FREQUENCY] = { "Freq/ppm", "Fr/ppm", false },
	[RUN_TABLE_ACTION] = { "Action", "Action", true },
};

/* Layouts from wide to narrow: the first that fits is used. */
static const struct level {
	size_t gap;
	bool has_seconds, is_coarse, is_narrow, has_delay, has_frequency, has_verb;
} levels[] = {
	/* clang-format off */
	{ 2, true,  false, false, true,  true,  true },
	{ 2, false, false, false, true,  true,  true },
	{ 2, false, true,  false, true,  true,  true },
	{ 1, false, true,  true,  true,  true,  true },
	{ 1, false, true,  true,  false, true,  true },
	{ 1, false, true,  true,  false, false, true },
	{ 1, false, true,  true,  false, false, false },
	/* clang-format on */
};

/* Three digits, for narrow tables. */
static void format_coarse(int64_t ns, char *buf)
{
	int64_t step_ns = 1;

	while (ns / step_ns >= 1000) {
		step_ns *= 10;
	}
	/* ns_add() saturates, so the rounding cannot overflow. */
	span_format(ns_add(ns, step_ns / 2) / step_ns * step_ns, 0, buf);
}

static void format_cells(const struct run_record *run, const struct run_table *layout,
                         char cells[RUN_TABLE_COLUMN_COUNT][CELL_SIZE])
{
	const struct level *level = &levels[layout->level];
	const char *action = run_record_action_name(run);

	for (size_t i = 0; i < RUN_TABLE_COLUMN_COUNT; i++) {
		memcpy(cells[i], "-", sizeof("-"));
	}
	run_format_time(run_record_at(run), level->has_seconds, cells[RUN_TABLE_TIME]);
	snprintf(cells[RUN_TABLE_VERB], CELL_SIZE, "%s", run_record_verb_text(run));
	snprintf(cells[RUN_TABLE_STATUS], CELL_SIZE, "%s",
	         run_status_name((enum run_status)run->status));
	if (run->has_answer) {
		report_figures(run->offset_ns, run->bound_ns, level->is_coarse,
		               cells[RUN_TABLE_OFFSET], cells[RUN_TABLE_BOUND]);
		if (level->is_coarse) {
			format_coarse(run->delay_ns, cells[RUN_TABLE_DELAY]);
		} else {
			span_format(run->delay_ns, 0, cells[RUN_TABLE_DELAY]);
		}
	}
	style_units(&layout->style, cells[RUN_TABLE_OFFSET]);
	style_units(&layout->style, cells[RUN_TABLE_BOUND]);
	style_units(&layout->style, cells[RUN_TABLE_DELAY]);
	if (run->asked_count > 0) {
		snprintf(cells[RUN_TABLE_SOURCES], CELL_SIZE, "%u/%u",
		         (unsigned)run->agreeing_count, (unsigned)run->asked_count);
	}
	if (run->has_kernel) {
		run_format_ppm(run->frequency_after_ppb, cells[RUN_TABLE_FREQUENCY]);
	}
	if (action) {
		snprintf(cells[RUN_TABLE_ACTION], CELL_SIZE, "%s", action);
	}
}

/* The cells with their colours, where there are any. */
static void put_line(struct text *out, const struct run_table *layout,
                     const struct run_record *run,
                     char cells[RUN_TABLE_COLUMN_COUNT][CELL_SIZE])
{
	char status[COLOURED_SIZE], action[COLOURED_SIZE];
	struct text status_out = text_to(status, sizeof(status));
	struct text action_out = text_to(action, sizeof(action));
	const char *line[RUN_TABLE_COLUMN_COUNT];

	for (size_t i = 0; i < RUN_TABLE_COLUMN_COUNT; i++) {
		line[i] = cells[i];
	}
	style_word(&status_out, &layout->style,
	           run_record_is_failure(run) ? STYLE_BAD : STYLE_GOOD,
	           cells[RUN_TABLE_STATUS]);
	line[RUN_TABLE_STATUS] = status;
	if (run->applied_action == PLAN_STEP) {
		style_word(&action_out, &layout->style, STYLE_DOUBTFUL,
		           cells[RUN_TABLE_ACTION]);
		line[RUN_TABLE_ACTION] = action;
	}
	cells_put(out, &layout->cells, line);
}

static void headings_of(const struct run_table *layout, const char **ret)
{
	for (size_t i = 0; i < RUN_TABLE_COLUMN_COUNT; i++) {
		ret[i] = levels[layout->level].is_narrow ? headings[i].narrow
		                                         : headings[i].full;
	}
	ret[RUN_TABLE_BOUND] = style_plus_minus(&layout->style);
}

/* Sets the widths; returns the columns of a line. */
static size_t measure(const struct run_record *runs, size_t count, struct run_table *layout)
{
	const struct level *level = &levels[layout->level];
	char cells[RUN_TABLE_COLUMN_COUNT][CELL_SIZE];
	const char *line[RUN_TABLE_COLUMN_COUNT];

	layout->cells =
		(struct cells){ .count = RUN_TABLE_COLUMN_COUNT, .gap = level->gap };
	for (size_t i = 0; i < RUN_TABLE_COLUMN_COUNT; i++) {
		layout->cells.columns[i] =
			(struct cells_column){ .is_left = headings[i].is_left };
	}
	layout->cells.columns[RUN_TABLE_DELAY].is_hidden = !level->has_delay;
	layout->cells.columns[RUN_TABLE_FREQUENCY].is_hidden = !level->has_frequency;
	layout->cells.columns[RUN_TABLE_VERB].is_hidden = !level->has_verb;
	headings_of(layout, line);
	cells_widen(&layout->cells, line);
	for (size_t i = 0; i < count; i++) {
		format_cells(&runs[i], layout, cells);
		for (size_t c = 0; c < RUN_TABLE_COLUMN_COUNT; c++) {
			line[c] = cells[c];
		}
		cells_widen(&layout->cells, line);
	}
	return cells_width(&layout->cells);
}

void run_table_layout(const struct run_record *runs, size_t count,
                      const struct style *style, struct run_table *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->style = *style;
	if (ret->style.columns < COLUMNS_MIN) {
		ret->style.columns = COLUMNS_MIN;
	}
	while (measure(runs, count, ret) > ret->style.columns &&
	       ret->level + 1 < COUNT_OF(levels)) {
		ret->level++;
	}
}

size_t run_table_heading(const struct run_table *layout, char *buf, size_t size)
{
	struct text text = text_to(buf, size);
	const char *line[RUN_TABLE_COLUMN_COUNT];

	headings_of(layout, line);
	cells_put(&text, &layout->cells, line);
	return text.len;
}

size_t run_table_row(const struct run_table *layout, const struct run_record *run,
                     const struct run_record *before, char *buf, size_t size)
{
	struct text text = text_to(buf, size);
	char cells[RUN_TABLE_COLUMN_COUNT][CELL_SIZE];

	if (run_record_is_reboot(before, run)) {
		text_put(&text, "-- reboot --\n");
	}
	format_cells(run, layout, cells);
	put_line(&text, layout, run, cells);
	return text.len;
}

static void put_count(struct text *text, const char *before, size_t count, const char *noun)
{
	text_format(text, "%s%zu %s%s", before, count, noun, count == 1 ? "" : "s");
}

static void put_counts(struct text *text, const struct run_summary *summary)
{
	char first[RUN_TIME_SIZE], last[RUN_TIME_SIZE], ppm[RUN_PPM_SIZE];

	run_format_time(summary->first_at, false, first);
	run_format_time(summary->last_at, false, last);
	put_count(text, "", summary->run_count, "run");
	text_format(text, ", %s to %s UTC: %zu ok, %zu failed.\n", first, last,
	            summary->run_count - summary->failure_count, summary->failure_count);
	put_count(text, "The clock: ", summary->step_count, "step");
	put_count(text, ", ", summary->slew_count, "slew");
	put_count(text, ", ", summary->reboot_count, "reboot");
	if (summary->has_frequency) {
		run_format_ppm(summary->frequency_ppb, ppm);
		text_format(text, "; frequency now %s ppm", ppm);
	}
	text_put(text, ".\n");
}

static void put_offsets(struct text *text, const struct run_summary *summary,
                        const struct style *style)
{
	char median[CELL_SIZE], rms[CELL_SIZE], largest[CELL_SIZE];
	char at[RUN_TIME_SIZE];

	if (summary->trusted_count == 0) {
		text_put(text, "No run has an answer.\n");
		return;
	}
	format_coarse(summary->median_ns, median);
	format_coarse(summary->rms_ns, rms);
	span_format(summary->largest_ns, 1, largest);
	style_units(style, median);
	style_units(style, rms);
	style_units(style, largest);
	run_format_time(summary->largest_at, false, at);
	text_format(text, "Offset: median %s, rms %s, largest %s (%s).\n", median, rms,
	            largest, at);
}

size_t run_table_summary(const struct run_summary *summary, const struct style *style,
                         char *buf, size_t size)
{
	struct text text = text_to(buf, size);

	if (summary->run_count > 0) {
		text.len = run_summary_sentence(summary, style, buf, size);
		put_counts(&text, summary);
		put_offsets(&text, summary, style);
	}
	return text.len;
}
