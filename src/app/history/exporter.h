/* SPDX-License-Identifier: MIT
 *
 * The exporter: writes the metrics of a run to a file in a separate process.
 *
 *   start -> note* -> end
 *
 * The measuring process may open no file, and the one that may set the clock should not.
 * The exporter is started before the sandbox and before privileges are dropped, reaches
 * only the folder of the file, and writes once, at the end; a killed run leaves the
 * previous run's file. The calls after exporter_start() work inside the sandbox of a
 * measuring process.
 */
#ifndef APP_HISTORY_EXPORTER_H
#define APP_HISTORY_EXPORTER_H

#include "core/report/metrics.h"
#include "io/sys/child.h"

/* A stuck disk delays a run by at most this. */
#define EXPORTER_END_NS (2 * NS_PER_S)

struct exporter {
	struct child child;
};

/* `path` must stay valid until the end.  0 or -errno. */
MUST_USE int exporter_start(const char *path, struct exporter *ret);

/* The metrics so far; the last call counts.  From this process or a child. */
void exporter_note(const struct exporter *exporter, const struct metrics *metrics);
/* No metrics for this run: the file stays as it is. */
void exporter_skip(const struct exporter *exporter);

/* Adds verb, exit status, end and duration of `metrics` to the last note, has the file
 * written and ends the process.  0 when it was written or skipped; else -errno. */
MUST_USE int exporter_end(struct exporter *exporter, const struct metrics *metrics);

#endif
