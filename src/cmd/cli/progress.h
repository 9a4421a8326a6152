/* SPDX-License-Identifier: MIT
 *
 * The line on a terminal that says what a run is waiting for.
 *
 *   progress_open (before the sandbox) -> (progress_begin -> progress_look* -> progress_erase)*
 *
 * Stderr only, and only where somebody sees it: nothing in pipes, files and logs.  It is rewritten
 * in place and erased before anything else is printed.
 */
#ifndef CMD_CLI_PROGRESS_H
#define CMD_CLI_PROGRESS_H

#include "core/select/run.h"

/* A run that is over by then has shown nothing. */
#define PROGRESS_AFTER_NS (500 * NS_PER_MS)
#define PROGRESS_EVERY_NS (150 * NS_PER_MS)

struct progress {
	bool is_wanted;
	unsigned columns; /* of the terminal */
	bool is_shown;
	int64_t began_mono_ns;
	int64_t shown_mono_ns;
};

/* Asks the terminal and the environment; all later calls do nothing when they say no. */
void progress_open(struct progress *ret);
void progress_begin(struct progress *progress);
/* As struct ports wants it: `watch_ctx` is a struct progress. */
void progress_look(void *watch_ctx, const struct run *run, size_t answered,
                   size_t outstanding);
void progress_erase(struct progress *progress);

/* "waiting for 3 of 4 servers: a, b, c  1.2 s", cut to `columns`, 20 at least.  Returns the
 * length. */
enum { PROGRESS_LINE_SIZE = 256 };
size_t progress_line(const struct run *run, size_t outstanding, int64_t took_ns,
                     unsigned columns, char buf[PROGRESS_LINE_SIZE]);

#endif
