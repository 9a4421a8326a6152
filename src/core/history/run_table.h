/* SPDX-License-Identifier: MIT
 *
 * Past runs as a table for people, one line per run.  All functions write into the caller's
 * buffer like snprintf(): see core/report/report.h.
 */
#ifndef CORE_HISTORY_RUN_TABLE_H
#define CORE_HISTORY_RUN_TABLE_H

#include "core/base/style.h"
#include "core/history/run_view.h"
#include "core/report/cells.h"

enum run_column {
	RUN_TABLE_TIME,
	RUN_TABLE_VERB,
	RUN_TABLE_STATUS,
	RUN_TABLE_OFFSET,
	RUN_TABLE_BOUND,
	RUN_TABLE_DELAY,
	RUN_TABLE_SOURCES,
	RUN_TABLE_FREQUENCY,
	RUN_TABLE_ACTION,
	RUN_TABLE_COLUMN_COUNT
};

/* The layout of a table, used for all its lines. */
struct run_table {
	size_t level; /* 0: everything is shown; higher levels leave out more */
	struct style style;
	struct cells cells;
};

/* For these runs in the columns of `style` (at least 60). */
void run_table_layout(const struct run_record *runs, size_t count,
                      const struct style *style, struct run_table *ret);

size_t run_table_heading(const struct run_table *layout, char *buf, size_t size);

/* A line, and a line before it if the machine was booted since `before` (may be NULL). */
size_t run_table_row(const struct run_table *layout, const struct run_record *run,
                     const struct run_record *before, char *buf, size_t size);

/* The sentence of run_summary_sentence(), and three lines of at most 80 columns unless a
 * figure is absurd; "" without runs. */
size_t run_table_summary(const struct run_summary *summary, const struct style *style,
                         char *buf, size_t size);

#endif
