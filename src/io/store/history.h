/* SPDX-License-Identifier: MIT
 *
 * The history: recorded runs in history.db in the state directory, SQLite.
 *
 *   open -> (load... | store)* -> close
 *
 * Losing it costs only the learnt frequency, so no error here is fatal, and each comes with
 * a sentence for people.  It parses a file: to be called by a process without privileges
 * (app/history/history_client.h).
 */
#ifndef IO_STORE_HISTORY_H
#define IO_STORE_HISTORY_H

#include "core/discipline/run_record.h"

#define HISTORY_FILE "history.db"
#define HISTORY_CORRUPT_FILE "history.db.corrupt" /* the latest damaged one */

/* In the file's header: "RqTm". */
#define HISTORY_APPLICATION_ID INT64_C(0x5271546d)

enum {
	HISTORY_SCHEMA = 5, /* PRAGMA user_version */
	HISTORY_RUNS_MAX = 20000,
	HISTORY_SOURCES_MAX = 100000,
	HISTORY_SOURCES_PER_RUN_MAX = 1024, /* per run; further sources are not recorded */
	HISTORY_KISSES_MAX = 1000,
	HISTORY_STATE_MAX = 65536, /* octets of one value */
	HISTORY_WARNING_SIZE = 240,
};
#define HISTORY_KEEP_NS (90 * 86400 * NS_PER_S)
#define HISTORY_SIZE_MAX (INT64_C(128) << 20) /* a larger file is refused */

struct history_settings {
	bool may_write;  /* false: nothing is written, not even repairs */
	bool may_create; /* the directory */
	bool is_anyones; /* any owner is accepted: only for reading, by a process without
	                  * privileges */
	int64_t keep_ns; /* older runs are deleted when one is stored */
};

struct history;

/* A file of an older schema is migrated where it may be written, else read unchanged.  On 0
 * `*ret` belongs to the caller until history_close().  Else -errno, `*ret` untouched:
 * -ENOENT when there is no file and none may be created, -EEXIST when it belongs to another
 * program, -EPROTONOSUPPORT when a newer version wrote it (both are left unchanged), or as
 * state_dir_open_file().  `warning` (HISTORY_WARNING_SIZE) gets a sentence then, and also
 * on 0 when a damaged file was moved to HISTORY_CORRUPT_FILE and a new one begun; else
 * "". */
MUST_USE int history_open(const char *state_dir, const struct history_settings *settings,
                          struct history **ret, char *warning);

/* The same in the working directory, also open as `dir_fd`, for a process that is confined
 * to it and cannot reach it by a path.  Takes over `dir_fd`; if it is a -errno of
 * state_dir_open_of(), that is returned, with the sentence.  `state_dir` is for
 * messages. */
MUST_USE int history_open_here(int dir_fd, const char *state_dir,
                               const struct history_settings *settings,
                               struct history **ret, char *warning);
/* Before such a process confines itself. */
void history_prepare(void);

/* All below: 0 or -errno; -EUCLEAN when the file is found to be damaged. */

/* The latest runs of `set`, dry runs left out, at most `size`, oldest to newest, without damaged records.
 * The others have no say in the clock: `query` may ask any server. */
MUST_USE int history_load_set_runs(struct history *history, struct run_record *ret,
                                   size_t size, size_t *ret_count);

/* Selects runs: those whose own time is `since` or later (INT64_MIN: all), of this verb,
 * and of these the latest. */
struct history_choice {
	struct instant since;
	bool has_verb; /* the next two are valid */
	enum run_verb verb;
	bool is_dry;
};

/* The latest runs of a choice, at most `size`, oldest to newest, with the numbers for
 * history_load_run_sources().  `*ret_invalid_count`: damaged records, left out. */
MUST_USE int history_load_chosen(struct history *history,
                                 const struct history_choice *choice,
                                 struct run_record *ret, int64_t *ret_numbers, size_t size,
                                 size_t *ret_count, size_t *ret_invalid_count);
MUST_USE int history_load_run_sources(struct history *history, int64_t number,
                                      struct source_record *ret, size_t size,
                                      size_t *ret_count);

/* The kiss codes in force at `now`, at most `size`. */
MUST_USE int history_load_kisses(struct history *history, struct instant now,
                                 struct kod_holdoff *ret, size_t size, size_t *ret_count);

/* The servers silent to `set` for HISTORY_SILENT_NS and still asked, the longest silent
 * first, at most `size`. */
#define HISTORY_SILENT_NS (30 * 86400 * NS_PER_S)
MUST_USE int history_load_silent(struct history *history, struct instant now,
                                 struct silent_server *ret, size_t size, size_t *ret_count);

/* The sources of a loaded run; empty if it has been deleted since. */
MUST_USE int history_load_sources_of(struct history *history, const struct run_record *run,
                                     struct source_record *ret, size_t size,
                                     size_t *ret_count);

/* The last trusted run of `set` that was no dry run.  -ENOENT: none, or its record is
 * damaged. */
MUST_USE int history_load_trusted(struct history *history, struct run_record *ret);

/* A value that a module keeps from run to run; `key` is its name. */
struct history_value {
	const char *key;
	const void *octets;
	size_t len; /* at most HISTORY_STATE_MAX, else -EMSGSIZE */
};

/* In one transaction stores the run, its sources, their kiss codes and `value` (unless
 * NULL), and deletes what is too old.  On an error nothing has changed. */
MUST_USE int history_store(struct history *history, const struct run_record *run,
                           const struct source_record *sources, size_t count,
                           const struct history_value *value);

/* -ENOENT: no such value, -EMSGSIZE: longer than `size`. */
MUST_USE int history_load_state(struct history *history, const char *key, void *buf,
                                size_t size, size_t *ret_len);

/* Moves a damaged file aside and begins a new one, as history_open() does; for -EUCLEAN of
 * the other functions.  After an error only history_close() may be called. */
MUST_USE int history_reset(struct history *history);

void history_close(struct history *history); /* NULL is fine */

#endif
