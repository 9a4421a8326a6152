/* SPDX-License-Identifier: MIT
 *
 * Values that modules keep from run to run, by key.
 */
#include "io/store/history.h"

#include <errno.h>
#include <string.h>

#include "io/store/history_private.h"

int history_load_state(struct history *history, const char *key, void *buf, size_t size,
                       size_t *ret_len)
{
	sqlite3_stmt *stmt = NULL;
	size_t len;
	int code, r;

	r = history_sql_prepare(history, "SELECT value FROM state WHERE key=?", &stmt);
	if (r < 0) {
		return r;
	}
	sqlite3_bind_text(stmt, 1, key, -1, SQLITE_STATIC);
	code = sqlite3_step(stmt);
	r = code == SQLITE_DONE ? -ENOENT : history_sql_error(code);
	if (r == 0) {
		const void *value = sqlite3_column_blob(stmt, 0);

		len = (size_t)sqlite3_column_bytes(stmt, 0);
		if (len > size) {
			r = -EMSGSIZE;
		} else {
			if (len > 0) {
				memcpy(buf, value, len);
			}
			*ret_len = len;
		}
	}
	sqlite3_finalize(stmt);
	return r;
}

int history_store_value(struct history *history, const struct history_value *value)
{
	sqlite3_stmt *stmt = NULL;
	int r;

	if (value->len > HISTORY_STATE_MAX) {
		return -EMSGSIZE;
	}
	r = history_sql_prepare(
		history, "INSERT OR REPLACE INTO state(key,value)VALUES(?,?)", &stmt);
	if (r < 0) {
		return r;
	}
	sqlite3_bind_text(stmt, 1, value->key, -1, SQLITE_STATIC);
	if (value->len == 0) {
		sqlite3_bind_zeroblob(stmt, 2, 0);
	} else {
		sqlite3_bind_blob(stmt, 2, value->octets, (int)value->len, SQLITE_STATIC);
	}
	r = history_sql_error(sqlite3_step(stmt));
	sqlite3_finalize(stmt);
	return r;
}
