/* SPDX-License-Identifier: MIT
 *
 * Schedules runs: after a splay, again until the network is up, again to confirm an offset,
 * at an interval.
 *
 * With any of these each run is a forked process, and this one only waits in poll().
 * SIGTERM and SIGINT end both; SIGHUP rereads the servers and starts a run at once.
 */
#ifndef CMD_CLI_REPEAT_H
#define CMD_CLI_REPEAT_H

#include <stdbool.h>

#include "core/base/base.h"

struct repeat_settings {
	int64_t splay_ns;   /* 0: none */
	int64_t wait_ns;    /* 0: one try */
	int64_t every_ns;   /* 0: one run */
	int64_t confirm_ns; /* 0: no repetition to confirm */
	bool rereads;       /* before each further run, as on SIGHUP */
};

struct repeat_job {
	void *ctx;
	/* The exit status.  `is_try`: retried without an answer, and then silent. */
	int (*once)(void *ctx, bool is_try);
	/* Whether another run has to confirm the last; once per run; may be NULL. */
	bool (*is_to_confirm)(void *ctx);
	void (*reread)(void *ctx); /* on SIGHUP; may be NULL */
};

/* The delay of this host within `span_ns`: 0 .. span_ns - 1, always the same. */
int64_t repeat_splay_ns(const char *host, size_t len, int64_t span_ns);

/* Whether any of these is set. */
bool repeat_has_to_wait(const struct repeat_settings *settings);
/* Returns the exit status of the last run, or 128 plus the signal. */
int repeat_run(const struct repeat_settings *settings, const struct repeat_job *job);

#endif
