/* SPDX-License-Identifier: MIT
 *
 * Shared by the files of the history: history.c opens, repairs and closes; history_schema.c
 * has the tables and their versions; history_older.c reads an older file without changing
 * it; history_here.c lets SQLite work below a directory that cannot be reached by a path;
 * history_sql.c has connections, errors and statements; history_columns.c writes and reads
 * records; history_runs.c, history_chosen.c, history_holdoffs.c, history_silent.c and
 * history_state.c have a table or two each.
 */
#ifndef IO_STORE_HISTORY_PRIVATE_H
#define IO_STORE_HISTORY_PRIVATE_H

#include <limits.h>
#include <sqlite3.h>
#include <sys/types.h>

#include "io/store/history.h"

enum { HISTORY_PATH_SIZE = PATH_MAX + 32 };

struct history {
	sqlite3 *db;
	struct history_settings settings;
	int dir_fd;
	dev_t device; /* of the open file */
	ino_t inode;
	bool is_read_only;
	int64_t version; /* of the schema in the file, once known; -1: an empty file */
	unsigned budget_used;
	char path[HISTORY_PATH_SIZE]; /* for people */
	const char *file;             /* for SQLite: the same, or only the name */
	const char *vfs;              /* NULL: SQLite's own */
};

/* history_here.c: VFSs that open a file of the working directory, with or without locks. */
#define HISTORY_VFS_HERE "reqtime-here"
#define HISTORY_VFS_HERE_NONE "reqtime-here-none"

/* Settings of every connection, before its first statement about our tables. */
void history_limit(struct history *history);

/* All of these: 0 or -errno. */
MUST_USE int history_sql_error(int code);
int history_sql_run(struct history *history, const char *sql);
MUST_USE int history_sql_prepare(struct history *history, const char *sql,
                                 sqlite3_stmt **ret);
/* The first column of the first row; -ENOENT when there is no row or it is NULL. */
MUST_USE int history_sql_ask(struct history *history, const char *sql, int64_t *ret);
/* Runs `sql` with up to two integers bound. */
MUST_USE int history_sql_run_with(struct history *history, const char *sql, int64_t first,
                                  int64_t second);

/* A table whose rows are records of one kind. */
struct history_table;
extern const struct history_table history_run_table, history_source_table;

/* `extra`: one more column, bound by the caller after those of the record, or NULL. */
MUST_USE int history_table_prepare_insert(struct history *history,
                                          const struct history_table *table,
                                          const char *extra, sqlite3_stmt **ret);
/* The index of the first parameter after those of the record. */
int history_table_extra_index(const struct history_table *table);
MUST_USE int history_table_insert(sqlite3_stmt *stmt, const struct history_table *table,
                                  const void *record);
MUST_USE int history_table_prepare_select(struct history *history,
                                          const struct history_table *table,
                                          const char *rest, sqlite3_stmt **ret);
/* False for a value that this program never writes.  `record` is zero before. */
MUST_USE bool history_table_read(sqlite3_stmt *stmt, const struct history_table *table,
                                 void *record);

/* Sets history->version, also with -EPROTONOSUPPORT: newer than ours.  Runs in its own
 * transaction, or it could see another run's tables half created. */
MUST_USE int history_schema_version(struct history *history);
/* Migrates from any version to ours in one transaction. */
MUST_USE int history_schema_migrate(struct history *history);

/* history_older.c: reads a file of an older schema that may not be changed, as a copy in
 * memory that is migrated to ours.  Closes the file.  After an error only history_close()
 * may be called. */
MUST_USE int history_read_older(struct history *history);

MUST_USE int history_store_value(struct history *history,
                                 const struct history_value *value);

/* Updates the known kiss code of a source after a run that ended at `now`. */
MUST_USE int history_store_kiss(struct history *history, const struct source_record *source,
                                struct instant now);

/* Records which sources of a run of `set` were silent, and since when; `now` is a confirmed
 * time. */
MUST_USE int history_store_silent(struct history *history,
                                  const struct source_record *sources, size_t count,
                                  struct instant now);

#endif
