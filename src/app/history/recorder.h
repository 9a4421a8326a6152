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
 * is a sentence.  The calls after recorder_start() work inside the sandbox of a measuring
 * process (io/sys/sandbox.h).
 */
#ifndef APP_HISTORY_RECORDER_H
#define APP_HISTORY_RECORDER_H

#include "app/clock/learn.h"
#include "core/discipline/record.h"

enum {
	RECORDER_REPLAY_MAX = 2000, /* runs, the latest, where nothing learnt was kept */
	RECORDER_KISSES_MAX = 1000, /* that are loaded */
	RECORDER_SILENT_MAX = 4,    /* that are told of */
	RECORDER_WARNING_ROOM = 240,
};

/* A stuck disk costs a run no more than these; monotonic time. */
struct recorder_limits {
	int64_t load_ns;
	int64_t store_ns;
	int64_t stop_ns;
};
#define RECORDER_LIMITS                                                                    \
	{                                                                                  \
		.load_ns = NS_PER_S, .store_ns = 2 * NS_PER_S, .stop_ns = 500 * NS_PER_MS  \
	}

struct recorder_settings {
	bool may_write;  /* false: only looks, never makes or repairs anything */
	bool may_create; /* the state directory */
	int64_t keep_ns; /* HISTORY_KEEP_NS by default */
	bool wants_past; /* false: only the kiss codes are loaded */
	struct recorder_limits limits; /* RECORDER_LIMITS */
};

enum history_standing {
	HISTORY_USED, /* what is in the view is what is known; a first run finds it empty */
	HISTORY_ABSENT, /* there is none, and none can be made: normal for an ordinary user */
	HISTORY_UNUSABLE, /* there is one, and it cannot be used */
};

/* What past runs left. */
struct history_view {
	enum history_standing standing;
	char warning
		[RECORDER_WARNING_ROOM]; /* "": nothing to complain of; may be set with HISTORY_USED */
	char boot_id[RECORD_BOOT_ID_ROOM]; /* of this boot; "" when unknown */
	struct learn_past past;
	struct kiss_record *kisses; /* that hold now */
	size_t kiss_count;
	struct silent_server silent[RECORDER_SILENT_MAX]; /* for long; the longest first */
	size_t silent_count;
};

struct recorder;

/* On 0 `*ret` belongs to the caller until recorder_stop() or recorder_forget().  Else
 * -errno.  The caller's other descriptors are closed in the new process. */
MUST_USE int recorder_start(const char *state_dir, const struct recorder_settings *settings,
                            struct recorder **ret);

/* Once, before the first store.  Never fails: `*ret` says what is known, if it is nothing.
 * It belongs to the caller until recorder_view_free(). */
void recorder_load(struct recorder *recorder, struct history_view *ret);
void recorder_view_free(struct history_view *view);

/* One run with its sources, all or nothing; an empty boot id and version are filled in.
 * 0 when it is in the file; else -errno, and `warning` (RECORDER_WARNING_ROOM)
 * says why.  -ETIMEDOUT: it may be there or not. */
MUST_USE int recorder_store(struct recorder *recorder, const struct run_record *run,
                            const struct source_record *sources, size_t count,
                            char *warning);

/* NULL is fine.  A process that hangs in the kernel is left to its fate. */
void recorder_stop(struct recorder *recorder);

/* In a process that was forked off meanwhile: gives up its copy; the recorder goes on. */
void recorder_forget(struct recorder *recorder);

#endif
