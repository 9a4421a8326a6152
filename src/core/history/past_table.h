/* SPDX-License-Identifier: MIT
 *
 * Past runs as a table for people, a line each.  All of these write into the caller's
 * buffer like snprintf(): see core/report/report.h.
 */
#ifndef CORE_HISTORY_PAST_TABLE_H
#define CORE_HISTORY_PAST_TABLE_H

#include "core/base/style.h"
#include "core/history/past.h"

enum past_column {
	PAST_TIME,
	PAST_VERB,
	PAST_STATUS,
	PAST_OFFSET,
	PAST_BOUND,
	PAST_DELAY,
	PAST_SOURCES,
	PAST_FREQUENCY,
	PAST_ACTION,
	PAST_COLUMN_COUNT
};

/* One for all lines of a table. */
struct past_layout {
	size_t level; /* how much is left out to fit */
	struct style style;
	size_t widths[PAST_COLUMN_COUNT];
};

/* For these runs in the columns of `style` (at least 60). */
void past_layout_make(const struct run_record *runs, size_t count,
                      const struct style *style, struct past_layout *ret);

size_t past_table_heading(const struct past_layout *layout, char *buf, size_t room);

/* A line, and one before it when the machine was started since `before` (may be NULL). */
size_t past_table_run(const struct past_layout *layout, const struct run_record *run,
                      const struct run_record *before, char *buf, size_t room);

/* The sentence of past_sentence(), and three lines of at most 80 columns where no figure is absurd; "" for
 * no runs. */
size_t past_table_summary(const struct past_summary *summary, const struct style *style,
                          char *buf, size_t room);

#endif
