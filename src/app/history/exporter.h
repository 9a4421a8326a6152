/* SPDX-License-Identifier: MIT
 *
 * The metrics of a run into a file, by a process of its own: the one that measures may open no
 * file, and the one that may set the clock should not.
 *
 *   start -> note* -> end
 *
 * It is started before the sandbox closes and privileges go, reaches nothing but the folder of the
 * file, and writes once, at the end; a run that is killed leaves the file of the run before.
 * The calls after exporter_start() work inside the sandbox of a measuring process.
 */
#ifndef APP_HISTORY_EXPORTER_H
#define APP_HISTORY_EXPORTER_H

#include "core/report/metrics.h"
#include "io/sys/child.h"

/* A stuck disk costs a run no more than this. */
#define EXPORTER_END_NS (2 * NS_PER_S)

struct exporter {
	struct child child;
};

/* `path` is used meanwhile.  0 or -errno. */
MUST_USE int exporter_start(const char *path, struct exporter *ret);

/* What is known so far; the last one counts.  From this process or one forked off. */
void exporter_note(const struct exporter *exporter, const struct metrics *metrics);
/* There is nothing to be told of this run: the file stays as it is. */
void exporter_skip(const struct exporter *exporter);

/* Completes what was noted with verb, exit status, end and duration of `metrics`, has it written
 * and ends the process.  0 when it is, or was to be left; else -errno. */
MUST_USE int exporter_end(struct exporter *exporter, const struct metrics *metrics);

#endif
