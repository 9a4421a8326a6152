/* SPDX-License-Identifier: MIT
 *
 * Past runs as one self-contained HTML page: no script, no external font or image.
 */
#ifndef CORE_HISTORY_PAGE_H
#define CORE_HISTORY_PAGE_H

#include "core/history/chart.h"

enum { PAGE_TABLE_RUNS = 50, PAGE_TABLE_SOURCES = 100 };

struct page_input {
	const char *host; /* whose clock it is; untrusted */
	struct instant made_at;
	const struct run_record *runs; /* oldest to newest, at least one */
	size_t count;
	const struct run_summary *summary; /* of these runs */
	const struct chart *chart;         /* of these runs */
	/* The sources of the run at `source_run`. */
	const struct run_source *sources;
	size_t source_count;
	size_t source_run;
};

/* Into the caller's buffer like snprintf(): see core/report/report.h. */
size_t page_render(const struct page_input *input, char *buf, size_t size);

#endif
