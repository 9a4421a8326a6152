/* SPDX-License-Identifier: MIT
 *
 * Reads a history of an older schema that may not be changed.
 *
 * The file is copied to memory and the copy is migrated there, so that one set of
 * statements and steps serves all versions.  This takes as much memory as the file is large
 * (HISTORY_SIZE_MAX at most), and only until a run that may write has migrated the file
 * itself.
 */
#include "io/store/history_private.h"

static int copy(sqlite3 *from, sqlite3 *to)
{
	sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
	int code;

	if (!backup) {
		return history_sql_error(sqlite3_errcode(to));
	}
	code = sqlite3_backup_step(backup, -1);
	sqlite3_backup_finish(backup);
	return history_sql_error(code);
}

int history_read_older(struct history *history)
{
	static const char settings[] = "PRAGMA trusted_schema=OFF;"
				       "PRAGMA cell_size_check=ON;"
				       "PRAGMA temp_store=MEMORY;";
	sqlite3 *file = history->db;
	int r;

	history->db = NULL;
	r = history_sql_error(sqlite3_open_v2(
		":memory:", &history->db,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL));
	if (r == 0) {
		history_limit(history);
		r = history_sql_run(history, settings);
	}
	if (r == 0) {
		r = copy(file, history->db);
	}
	sqlite3_close_v2(file);
	return r == 0 ? history_schema_migrate(history) : r;
}
