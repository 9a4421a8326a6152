/* SPDX-License-Identifier: MIT
 *
 * When a run is due: after a splay, again while the network is not there yet, once more to confirm what
 * it saw, at an interval.
 *
 * With any of these each run is a process of its own, forked anew, and this one only waits,
 * in poll().  SIGTERM and SIGINT end both, SIGHUP has the servers read again and a run at once.
 */
#ifndef CMD_CLI_REPEAT_H
#define CMD_CLI_REPEAT_H

#include <stdbool.h>

#include "core/base/base.h"

struct repeat_settings {
	int64_t splay_ns;   /* 0: none */
	int64_t wait_ns;    /* 0: one try */
	int64_t every_ns;   /* 0: one run */
	int64_t confirm_ns; /* 0: a run that is to be confirmed is not repeated for it */
};

struct repeat_job {
	void *ctx;
	/* Returns the exit status.  `is_try`: it is repeated when there is no answer, so that
	 * is not worth a word. */
	int (*once)(void *ctx, bool is_try);
	/* Whether what the last run saw is to be seen again; may be NULL.  Asked once a run. */
	bool (*is_to_confirm)(void *ctx);
	void (*reread)(void *ctx); /* on SIGHUP; may be NULL */
};

/* Which part of `span_ns` this host waits: 0 .. span_ns - 1, always the same. */
int64_t repeat_splay_ns(const char *host, size_t len, int64_t span_ns);

/* Whether any of it is asked for. */
bool repeat_has_to_wait(const struct repeat_settings *settings);
/* Returns the exit status of the last run, or 128 and the signal. */
int repeat_run(const struct repeat_settings *settings, const struct repeat_job *job);

#endif
