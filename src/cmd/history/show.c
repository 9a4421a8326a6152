/* SPDX-License-Identifier: MIT
 *
 * Prints past runs as a table, JSON, CSV or a plot.
 */
#include "cmd/history/history_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cli/command.h"
#include "cmd/cli/terminal.h"
#include "cmd/history/json_private.h"
#include "core/history/chart.h"
#include "core/history/plot.h"
#include "core/history/run_csv.h"
#include "core/history/run_table.h"
#include "core/report/report.h"

enum {
	LINE_SIZE = 4096,
	SOURCES_INDENT = 4,
	TABLE_COLUMNS_MIN = 60 /* of report_table() */
};

static int print_sources(struct history_runs *runs, size_t at)
{
	struct style style = runs->style;
	const int indent =
		style.columns >= TABLE_COLUMNS_MIN + SOURCES_INDENT ? SOURCES_INDENT : 0;
	struct run run = { .sources = runs->sources };
	size_t size, len;
	char *text;
	int status;

	status = history_get_sources(runs, at, &run.source_count);
	if (status != 0 || run.source_count == 0) {
		return status;
	}
	style.columns -= (unsigned)indent;
	size = report_table(&run, &style, NULL, 0) + 1;
	text = malloc(size);
	if (!text) {
		return command_complain_memory();
	}
	report_table(&run, &style, text, size);
	for (const char *line = text; *line; line += len) {
		len = strcspn(line, "\n");
		len += line[len] == '\n';
		printf("%*s%.*s", indent, "", (int)len, line);
	}
	free(text);
	return 0;
}

int history_show_table(struct history_runs *runs)
{
	const struct run_record *run = runs->runs + runs->shown_from;
	struct run_table layout;
	char line[LINE_SIZE];
	int status = 0;

	run_table_layout(run, runs->count - runs->shown_from, &runs->style, &layout);
	run_table_heading(&layout, line, sizeof(line));
	fputs(line, stdout);
	for (size_t i = runs->shown_from; status == 0 && i < runs->count; i++, run++) {
		run_table_row(&layout, run, i > runs->shown_from ? run - 1 : NULL, line,
		              sizeof(line));
		fputs(line, stdout);
		if (runs->has_sources) {
			status = print_sources(runs, i);
		}
	}
	if (status == 0) {
		putchar('\n');
		if (runs->shown_from > 0) {
			printf("... and %zu before: --last %zu shows all\n",
			       runs->shown_from, runs->count);
		}
		run_table_summary(&runs->summary, &runs->style, line, sizeof(line));
		fputs(line, stdout);
	}
	return status;
}

int history_show_json(struct history_runs *runs)
{
	size_t count = 0;
	int status = 0;

	for (size_t i = 0; status == 0 && i < runs->count; i++) {
		if (runs->has_sources) {
			status = history_get_sources(runs, i, &count);
		}
		if (status == 0) {
			status = command_print(history_json_run(
				&runs->runs[i], runs->has_sources ? runs->sources : NULL,
				count));
		}
	}
	return status;
}

static int print_csv_sources(struct history_runs *runs, size_t at)
{
	char line[LINE_SIZE];
	size_t count = 0;
	int status = history_get_sources(runs, at, &count);

	for (size_t i = 0; status == 0 && i < count; i++) {
		run_csv_source(&runs->runs[at], &runs->sources[i], line, sizeof(line));
		fputs(line, stdout);
	}
	return status;
}

int history_show_csv(struct history_runs *runs)
{
	char line[LINE_SIZE];
	int status = 0;

	if (runs->has_sources) {
		run_csv_source_heading(line, sizeof(line));
	} else {
		run_csv_run_heading(line, sizeof(line));
	}
	fputs(line, stdout);
	for (size_t i = 0; status == 0 && i < runs->count; i++) {
		if (runs->has_sources) {
			status = print_csv_sources(runs, i);
			continue;
		}
		run_csv_run(&runs->runs[i], line, sizeof(line));
		fputs(line, stdout);
	}
	return status;
}

int history_show_plot(struct history_runs *runs)
{
	struct chart_point *points = NULL;
	struct chart chart;
	char *text = NULL;
	size_t size;
	int status;

	status = history_make_chart(runs, &points, &chart);
	if (status != 0) {
		goto out;
	}
	size = plot_render(&chart, &runs->summary, &runs->style, runs->lines, NULL, 0) + 1;
	text = malloc(size);
	if (!text) {
		status = command_complain_memory();
		goto out;
	}
	plot_render(&chart, &runs->summary, &runs->style, runs->lines, text, size);
	fputs(text, stdout);
out:
	free(text);
	free(points);
	return status;
}
