/* SPDX-License-Identifier: MIT
 *
 * What past runs measured and did: history.db in the state directory, SQLite.
 *
 *   open -> (load... | store)* -> close
 *
 * Losing it costs what was learnt, nothing else; so nothing here is fatal, and whatever is
 * wrong with the file is an error with a sentence for people.  Parses a file: to be called
 * by a process without privileges (app/history/history_client.h).
 */
#ifndef IO_STORE_HISTORY_H
#define IO_STORE_HISTORY_H

#include "core/discipline/run_record.h"

#define HISTORY_FILE "history.db"
#define HISTORY_CORRUPT_FILE "history.db.corrupt" /* the last one that was damaged */

/* In the file's header: "RqTm". */
#define HISTORY_APPLICATION_ID INT64_C(0x5271546d)

enum {
	HISTORY_SCHEMA = 4, /* PRAGMA user_version */
	HISTORY_RUNS_MAX = 20000,
	HISTORY_SOURCES_MAX = 100000,
	HISTORY_SOURCES_PER_RUN_MAX = 1024, /* of a run with more, the first */
	HISTORY_KISSES_MAX = 1000,
	HISTORY_STATE_MAX = 65536, /* octets of one value */
	HISTORY_WARNING_SIZE = 240,
};
#define HISTORY_KEEP_NS (90 * 86400 * NS_PER_S)
#define HISTORY_SIZE_MAX (INT64_C(128) << 20) /* what is larger is none of ours */

struct history_settings {
	bool may_write;  /* false: nothing is written, not even to repair */
	bool may_create; /* the directory */
	bool is_anyones; /* whoever owns it: only to look, and by a process that has no right */
	int64_t keep_ns; /* runs older than this are forgotten when one is stored */
};

struct history;

/* A file of an older schema is migrated where it may be written, and read as it stands where it may
 * not.  On 0 `*ret` belongs to the caller until history_close().  Else -errno, `*ret` untouched:
 * -ENOENT when there is none and none may be made, -EEXIST when the file is of another
 * program, -EPROTONOSUPPORT when a newer version of this one wrote it (both are left
 * alone), or as state_dir_open_file() says.  `warning` (HISTORY_WARNING_SIZE) gets a
 * sentence then, and also on 0 when a damaged file was moved to HISTORY_CORRUPT_FILE and
 * a new one begun; else "". */
MUST_USE int history_open(const char *state_dir, const struct history_settings *settings,
                          struct history **ret, char *warning);

/* The same in the working directory, which `dir_fd` stands for and which no path need lead to: for a
 * process that is confined to it.  `dir_fd` is taken over; -errno as state_dir_open_of() returns it is
 * returned, with the sentence.  `state_dir` is for messages. */
MUST_USE int history_open_here(int dir_fd, const char *state_dir,
                               const struct history_settings *settings,
                               struct history **ret, char *warning);
/* Before such a process closes itself in. */
void history_prepare(void);

/* All below: 0 or -errno; -EUCLEAN when the file turns out to be damaged. */

/* The latest runs of `set`, dry runs left out, at most `size`, oldest to newest, without damaged records.
 * The others have no say in the clock: `query` may ask any server. */
MUST_USE int history_load_set_runs(struct history *history, struct run_record *ret,
                                   size_t size, size_t *ret_count);

/* Which runs: those whose own time is `since` or later (INT64_MIN: all), of this verb, and
 * of these the latest. */
struct history_choice {
	struct instant since;
	bool has_verb; /* the next two count */
	enum run_verb verb;
	bool is_dry;
};

/* The latest runs of a choice, at most `size`, oldest to newest, with the numbers that
 * history_load_run_sources() takes.  `*ret_invalid_count`: rows that make no sense and were
 * left out. */
MUST_USE int history_load_chosen(struct history *history,
                                 const struct history_choice *choice,
                                 struct run_record *ret, int64_t *ret_numbers, size_t size,
                                 size_t *ret_count, size_t *ret_invalid_count);
MUST_USE int history_load_run_sources(struct history *history, int64_t number,
                                      struct source_record *ret, size_t size,
                                      size_t *ret_count);

/* The kiss codes that hold at `now`, at most `size`. */
MUST_USE int history_load_kisses(struct history *history, struct instant now,
                                 struct kod_holdoff *ret, size_t size, size_t *ret_count);

/* The servers that `set` has not heard for HISTORY_SILENT_NS, and still asks, the longest silent first, at
 * most `size`. */
#define HISTORY_SILENT_NS (30 * 86400 * NS_PER_S)
MUST_USE int history_load_silent(struct history *history, struct instant now,
                                 struct silent_server *ret, size_t size, size_t *ret_count);

/* Those of one that was loaded; none when it has been forgotten since. */
MUST_USE int history_load_sources_of(struct history *history, const struct run_record *run,
                                     struct source_record *ret, size_t size,
                                     size_t *ret_count);

/* The last trusted run of `set`, a dry one left out.  -ENOENT: none, or it makes no sense. */
MUST_USE int history_load_trusted(struct history *history, struct run_record *ret);

/* A value that a module keeps from run to run; `key` is its name. */
struct history_value {
	const char *key;
	const void *octets;
	size_t len; /* at most HISTORY_STATE_MAX, else -EMSGSIZE */
};

/* One transaction: the run, its sources, what they say of kiss codes, `value` unless it is
 * NULL; what is too old goes.  On an error everything is as before. */
MUST_USE int history_store(struct history *history, const struct run_record *run,
                           const struct source_record *sources, size_t count,
                           const struct history_value *value);

/* -ENOENT when there is none, -EMSGSIZE when it is longer than `size`. */
MUST_USE int history_load_state(struct history *history, const char *key, void *buf,
                                size_t size, size_t *ret_len);

/* Puts a damaged file aside and begins anew, as history_open() does; for -EUCLEAN of the
 * others.  On an error nothing is left to be done with it but history_close(). */
MUST_USE int history_reset(struct history *history);

void history_close(struct history *history); /* NULL is fine */

#endif
