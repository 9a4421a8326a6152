/* SPDX-License-Identifier: MIT
 *
 * Shared by the files of `history`: the selected runs, and the ways to show them.
 */
#ifndef CMD_HISTORY_HISTORY_PRIVATE_H
#define CMD_HISTORY_HISTORY_PRIVATE_H

#include "core/base/style.h"
#include "core/history/run_view.h"
#include "io/store/history.h"

struct history_runs {
	struct history *history; /* for the sources */
	struct run_record *runs; /* oldest to newest */
	int64_t *numbers;        /* of each, for the sources */
	size_t count;
	size_t invalid_count;       /* damaged rows */
	struct run_summary summary; /* of all runs */
	struct style style;
	unsigned lines;             /* of the terminal, for a plot */
	size_t shown_from;          /* the first run of the table */
	bool has_sources;           /* --sources */
	struct run_source *sources; /* room for HISTORY_SOURCES_PER_RUN_MAX */
	struct source_record *source_records;
};

/* Fills runs->sources.  0, or the exit status with a line on stderr. */
int history_get_sources(struct history_runs *runs, size_t at, size_t *ret_count);

/* Print on stdout; 0 or the exit status. */
int history_show_table(struct history_runs *runs);
int history_show_json(struct history_runs *runs);
int history_show_csv(struct history_runs *runs);
int history_show_plot(struct history_runs *runs);
/* Writes an HTML page to `fd`. */
int history_show_page(struct history_runs *runs, const char *host, struct instant made_at,
                      int fd);

/* The caller frees `*ret_points` in any case. */
struct chart;
struct chart_point;
int history_make_chart(const struct history_runs *runs, struct chart_point **ret_points,
                       struct chart *ret);

#endif
