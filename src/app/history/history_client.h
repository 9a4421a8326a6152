/* SPDX-License-Identifier: MIT
 *
 * The history (io/store/history.h) behind a process border.
 *
 *   start -> load -> store* -> stop
 *
 * Neither the process that may set the clock nor one that listens to the network may
 * parse a file or open one; so a third, without any capability, does.  It is forked off
 * before sandboxes close and dies with the process that started it.  Nothing it does or
 * fails to do may cost the run: each call ends within its limit below, and what went wrong
 * is a sentence.  The calls after history_client_start() work inside the sandbox of a measuring
 * process (io/sys/sandbox.h).
 */
#ifndef APP_HISTORY_HISTORY_CLIENT_H
#define APP_HISTORY_HISTORY_CLIENT_H

#include "app/clock/discipline_replay.h"
#include "core/discipline/run_record.h"

enum {
	HISTORY_CLIENT_REPLAY_MAX =
		2000, /* runs, the latest, where nothing learnt was kept */
	HISTORY_CLIENT_KISSES_MAX = 1000, /* that are loaded */
	HISTORY_CLIENT_SILENT_MAX = 4,    /* that are told of */
	HISTORY_CLIENT_WARNING_SIZE = 240,
};

/* A stuck disk costs a run no more than these; monotonic time. */
struct history_client_limits {
	int64_t load_ns;
	int64_t store_ns;
	int64_t stop_ns;
};
#define HISTORY_CLIENT_LIMITS                                                              \
	{                                                                                  \
		.load_ns = NS_PER_S, .store_ns = 2 * NS_PER_S, .stop_ns = 500 * NS_PER_MS  \
	}

struct history_client_settings {
	bool may_write;    /* false: only looks, never makes or repairs anything */
	bool may_create;   /* the state directory */
	int64_t keep_ns;   /* HISTORY_KEEP_NS by default */
	bool wants_replay; /* false: only the kiss codes are loaded */
	struct history_client_limits limits; /* HISTORY_CLIENT_LIMITS */
};

enum history_use {
	HISTORY_USED, /* what is in the view is what is known; a first run finds it empty */
	HISTORY_ABSENT, /* there is none, and none can be made: normal for an ordinary user */
	HISTORY_UNUSABLE, /* there is one, and it cannot be used */
};

/* What past runs left. */
struct history_view {
	enum history_use use;
	char warning
		[HISTORY_CLIENT_WARNING_SIZE]; /* "": nothing to complain of; may be set with HISTORY_USED */
	char boot_id[RECORD_BOOT_ID_SIZE]; /* of this boot; "" when unknown */
	struct replay_state replay;
	struct kod_holdoff *kisses; /* that hold now */
	size_t kiss_count;
	struct silent_server
		silent[HISTORY_CLIENT_SILENT_MAX]; /* for long; the longest first */
	size_t silent_count;
};

struct history_client;

/* On 0 `*ret` belongs to the caller until history_client_stop() or history_client_forget().  Else
 * -errno.  The caller's other descriptors are closed in the new process. */
MUST_USE int history_client_start(const char *state_dir,
                                  const struct history_client_settings *settings,
                                  struct history_client **ret);

/* Once, before the first store.  Never fails: `*ret` says what is known, if it is nothing.
 * It belongs to the caller until history_view_free(). */
void history_client_load(struct history_client *client, struct history_view *ret);
void history_view_free(struct history_view *view);

/* One run with its sources, all or nothing; an empty boot id and version are filled in.
 * 0 when it is in the file; else -errno, and `warning` (HISTORY_CLIENT_WARNING_SIZE)
 * says why.  -ETIMEDOUT: it may be there or not. */
MUST_USE int history_client_store(struct history_client *client,
                                  const struct run_record *run,
                                  const struct source_record *sources, size_t count,
                                  char *warning);

/* NULL is fine.  A process that hangs in the kernel is left to its fate. */
void history_client_stop(struct history_client *client);

/* In a process that was forked off meanwhile: gives up its copy; the history process goes on. */
void history_client_forget(struct history_client *client);

#endif
