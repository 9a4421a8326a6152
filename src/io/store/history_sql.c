/* SPDX-License-Identifier: MIT
 *
 * SQLite connections of the history: errors, statements, limits.
 */
#include <errno.h>

#include "io/store/history_private.h"

enum {
	BUSY_MS = 500,
	/* Instructions of SQLite's virtual machine: 20000 runs take fewer than this. */
	BUDGET_STEPS = 1000000,
	BUDGET_TURNS = 20,   /* BUDGET_STEPS each */
	VALUE_MAX = 1 << 20, /* no text or blob of ours is longer */
};

int history_sql_error(int code)
{
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_FORMAT:
	/* Our statements are correct: a missing table or column was lost. */
	case SQLITE_ERROR:
	case SQLITE_SCHEMA:
	case SQLITE_INTERRUPT: /* the budget is used up: it would never end */
		return -EUCLEAN;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_PERM:
	case SQLITE_CANTOPEN:
		return -EACCES;
	case SQLITE_TOOBIG:
		return -EMSGSIZE;
	default:
		return -EIO;
	}
}

int history_sql_run(struct history *history, const char *sql)
{
	return history_sql_error(sqlite3_exec(history->db, sql, NULL, NULL, NULL));
}

int history_sql_prepare(struct history *history, const char *sql, sqlite3_stmt **ret)
{
	return history_sql_error(sqlite3_prepare_v2(history->db, sql, -1, ret, NULL));
}

int history_sql_ask(struct history *history, const char *sql, int64_t *ret)
{
	sqlite3_stmt *stmt = NULL;
	int code, r;

	r = history_sql_prepare(history, sql, &stmt);
	if (r < 0) {
		return r;
	}
	code = sqlite3_step(stmt);
	r = history_sql_error(code);
	if (r == 0 && (code != SQLITE_ROW || sqlite3_column_type(stmt, 0) == SQLITE_NULL)) {
		r = -ENOENT;
	}
	if (r == 0) {
		*ret = sqlite3_column_int64(stmt, 0);
	}
	sqlite3_finalize(stmt);
	return r;
}

int history_sql_run_with(struct history *history, const char *sql, int64_t first,
                         int64_t second)
{
	sqlite3_stmt *stmt = NULL;
	int r = history_sql_prepare(history, sql, &stmt);

	if (r < 0) {
		return r;
	}
	sqlite3_bind_int64(stmt, 1, first);
	if (sqlite3_bind_parameter_count(stmt) > 1) {
		sqlite3_bind_int64(stmt, 2, second);
	}
	r = history_sql_error(sqlite3_step(stmt));
	sqlite3_finalize(stmt);
	return r;
}

/* A file written by another program may define a table as a query that never ends. */
static int use_budget(void *ctx)
{
	struct history *history = ctx;

	return ++history->budget_used > BUDGET_TURNS;
}

void history_limit(struct history *history)
{
	sqlite3_extended_result_codes(history->db, 1);
	sqlite3_busy_timeout(history->db, BUSY_MS);
	if (history->settings.is_anyones) {
		sqlite3_progress_handler(history->db, BUDGET_STEPS, use_budget, history);
	}
	sqlite3_db_config(history->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_limit(history->db, SQLITE_LIMIT_LENGTH, VALUE_MAX);
	sqlite3_limit(history->db, SQLITE_LIMIT_ATTACHED, 0);
}
