/* SPDX-License-Identifier: MIT
 *
 * The history (io/store/history.h) in a separate process.
 *
 *   start -> load -> store* -> stop
 *
 * Neither the process that may set the clock nor one that listens to the network may parse
 * or open a file; a third one, without any capability, does.  It is forked before the
 * sandboxes and dies with the process that started it.  No failure of it may cost the run:
 * each call ends within its limit below, and an error is a sentence for people.  The calls
 * after history_client_start() work inside the sandbox of a measuring process
 * (io/sys/sandbox.h).
 */
#ifndef APP_HISTORY_HISTORY_CLIENT_H
#define APP_HISTORY_HISTORY_CLIENT_H

#include "app/clock/discipline_replay.h"
#include "core/discipline/run_record.h"
#include "core/nts/stored.h"

enum {
	HISTORY_CLIENT_REPLAY_MAX =
		2000, /* the latest runs, loaded where there is no snapshot */
	HISTORY_CLIENT_KISSES_MAX = 1000, /* loaded at most */
	HISTORY_CLIENT_SILENT_MAX = 4,    /* reported at most */
	HISTORY_CLIENT_WARNING_SIZE = 240,
};

/* A stuck disk delays a run by at most these; monotonic time. */
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
	bool may_write;    /* false: read only, creates and repairs nothing */
	bool may_create;   /* the state directory */
	int64_t keep_ns;   /* HISTORY_KEEP_NS by default */
	bool wants_replay; /* false: only the kiss codes are loaded */
	/* To show it: a history of any owner is read, nothing can be written, and the view
	 * has the sources of the newest run. */
	bool is_to_show;
	struct history_client_limits limits; /* HISTORY_CLIENT_LIMITS */
};

enum history_use {
	HISTORY_USED,     /* the view is complete; empty on a first run */
	HISTORY_ABSENT,   /* absent, cannot be created: normal for ordinary users */
	HISTORY_UNUSABLE, /* it exists, but cannot be used */
};

/* The view of past runs. */
struct history_view {
	enum history_use use;
	char warning[HISTORY_CLIENT_WARNING_SIZE]; /* "": none; also with HISTORY_USED */
	char boot_id[RECORD_BOOT_ID_SIZE];         /* of this boot; "" when unknown */
	struct replay_state replay;
	struct kod_holdoff *kisses; /* in force now */
	size_t kiss_count;
	struct silent_server
		silent[HISTORY_CLIENT_SILENT_MAX]; /* for long; the longest first */
	size_t silent_count;
	struct source_record *sources; /* of `replay.last`, with `is_to_show` */
	size_t source_count;
};

struct history_client;

/* On 0 `*ret` belongs to the caller until history_client_stop().  Else -errno.  The new process closes the caller's other descriptors. */
MUST_USE int history_client_start(const char *state_dir,
                                  const struct history_client_settings *settings,
                                  struct history_client **ret);

/* Once, before the first store.  Never fails: `*ret` holds what is known, possibly nothing.
 * It belongs to the caller until history_view_free(). */
void history_client_load(struct history_client *client, struct history_view *ret);
void history_view_free(struct history_view *view);

/* Stores a run with its sources, all or nothing; an empty boot id and version are filled
 * in. 0 when it is in the file; else -errno, and `warning` (HISTORY_CLIENT_WARNING_SIZE)
 * has the reason.  -ETIMEDOUT: it may be stored or not. */
MUST_USE int history_client_store(struct history_client *client,
                                  const struct run_record *run,
                                  const struct source_record *sources, size_t count,
                                  char *warning);

/* Takes the NTS keys that earlier runs of this boot have left: until they are put back, no
 * other run gets them.  Only for a measuring process; `ret->items` has space for
 * NTS_STORED_MAX.  Never fails: `ret` may be empty; `warning` as above. */
void history_client_take_keys(struct history_client *client, struct nts_store *ret,
                              char *warning);
/* Keeps them for the next run.  `warning` as above. */
void history_client_put_keys(struct history_client *client, const struct nts_store *keys,
                             char *warning);

/* NULL is fine.  Does not wait for a process that hangs in the kernel. */
void history_client_stop(struct history_client *client);

#endif
