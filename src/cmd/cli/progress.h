/* SPDX-License-Identifier: MIT
 *
 * The progress line on a terminal: the servers that a run is waiting for.
 *
 *   progress_open (before the sandbox)
 *     -> (progress_begin -> progress_look* -> progress_erase)*
 *
 * On stderr, and only on a terminal, never in pipes, files and logs.  It is rewritten in
 * place and erased before anything else is printed.
 */
#ifndef CMD_CLI_PROGRESS_H
#define CMD_CLI_PROGRESS_H

#include "core/select/run.h"

/* A shorter run shows nothing. */
#define PROGRESS_AFTER_NS (500 * NS_PER_MS)
#define PROGRESS_EVERY_NS (150 * NS_PER_MS)

struct progress {
	bool is_wanted;
	unsigned columns; /* of the terminal */
	bool is_shown;
	int64_t began_mono_ns;
	int64_t shown_mono_ns;
};

/* Checks the terminal; without a usable one all later calls do nothing. */
void progress_open(struct progress *ret);
void progress_begin(struct progress *progress);
/* For struct ports: `watch_ctx` is a struct progress. */
void progress_look(void *watch_ctx, const struct run *run, size_t answered,
                   size_t outstanding);
void progress_erase(struct progress *progress);

/* "waiting for 3 of 4 servers: a, b, c 1.2 s", cut to `columns` >= 20.  The length. */
enum { PROGRESS_LINE_SIZE = 256 };
size_t progress_line(const struct run *run, size_t outstanding, int64_t took_ns,
                     unsigned columns, char buf[PROGRESS_LINE_SIZE]);

#endif
