/* SPDX-License-Identifier: MIT
 *
 * Kiss codes: the servers in hold-off, in a table of the history.
 */
#include "io/store/history.h"

#include <errno.h>
#include <string.h>

#include "io/store/history_private.h"

/* address, port, code, count, since, until */
#define KISS_COLUMNS "address,port,code,count,since_wall_ns,until_wall_ns"

static bool read_kiss(sqlite3_stmt *stmt, struct kod_holdoff *ret)
{
	const char *text = (const char *)sqlite3_column_text(stmt, 0);
	const int64_t port = sqlite3_column_int64(stmt, 1);
	const int64_t code = sqlite3_column_int64(stmt, 2);
	const int64_t count = sqlite3_column_int64(stmt, 3);

	memset(ret, 0, sizeof(*ret));
	if (!text || !address_parse(text, &ret->address) || port < 0 || port > UINT16_MAX ||
	    code <= NTP_KISS_NONE || code > NTP_KISS_RATE || count < 0) {
		return false;
	}
	ret->address.port = (uint16_t)port;
	ret->code = (uint32_t)code;
	ret->rate_count = count < INT32_MAX ? (uint32_t)count : INT32_MAX;
	ret->since.unix_ns = sqlite3_column_int64(stmt, 4);
	ret->until.unix_ns = sqlite3_column_int64(stmt, 5);
	return true;
}

int history_load_kisses(struct history *history, struct instant now,
                        struct kod_holdoff *ret, size_t size, size_t *ret_count)
{
	sqlite3_stmt *stmt = NULL;
	struct kod_holdoff kiss;
	size_t count = 0;
	int code, r;

	r = history_sql_prepare(
		history, "SELECT " KISS_COLUMNS " FROM kiss ORDER BY id DESC", &stmt);
	if (r < 0) {
		return r;
	}
	while ((code = sqlite3_step(stmt)) == SQLITE_ROW && count < size) {
		if (read_kiss(stmt, &kiss) && kod_holdoff_holds(&kiss, now)) {
			ret[count++] = kiss;
		}
	}
	r = history_sql_error(code);
	sqlite3_finalize(stmt);
	if (r == 0) {
		*ret_count = count;
	}
	return r;
}

static int find_kiss(struct history *history, const char *address, uint32_t port,
                     struct kod_holdoff *ret)
{
	sqlite3_stmt *stmt = NULL;
	int code, r;

	r = history_sql_prepare(
		history, "SELECT " KISS_COLUMNS " FROM kiss WHERE address=? AND port=?",
		&stmt);
	if (r < 0) {
		return r;
	}
	sqlite3_bind_text(stmt, 1, address, -1, SQLITE_STATIC);
	sqlite3_bind_int64(stmt, 2, port);
	code = sqlite3_step(stmt);
	r = history_sql_error(code);
	if (r == 0 && (code != SQLITE_ROW || !read_kiss(stmt, ret))) {
		r = -ENOENT;
	}
	sqlite3_finalize(stmt);
	return r;
}

static int put_kiss(struct history *history, const char *address, uint32_t port,
                    const struct kod_holdoff *kiss)
{
	const char *sql = kiss ? "INSERT OR REPLACE INTO kiss(" KISS_COLUMNS
	                         ")VALUES(?,?,?,?,?,?)"
	                       : "DELETE FROM kiss WHERE address=? AND port=?";
	sqlite3_stmt *stmt = NULL;
	int r = history_sql_prepare(history, sql, &stmt);

	if (r < 0) {
		return r;
	}
	sqlite3_bind_text(stmt, 1, address, -1, SQLITE_STATIC);
	sqlite3_bind_int64(stmt, 2, port);
	if (kiss) {
		sqlite3_bind_int64(stmt, 3, kiss->code);
		sqlite3_bind_int64(stmt, 4, kiss->rate_count);
		sqlite3_bind_int64(stmt, 5, kiss->since.unix_ns);
		sqlite3_bind_int64(stmt, 6, kiss->until.unix_ns);
	}
	r = history_sql_error(sqlite3_step(stmt));
	sqlite3_finalize(stmt);
	return r;
}

int history_store_kiss(struct history *history, const struct source_record *source,
                       struct instant now)
{
	struct kod_holdoff known, next;
	char address[ADDRESS_TEXT_SIZE];
	bool has_next;
	int r;

	if (source->address.family == ADDRESS_NONE) {
		return 0;
	}
	address_format(&source->address, address);
	r = find_kiss(history, address, source->port, &known);
	if (r < 0 && r != -ENOENT) {
		return r;
	}
	has_next = kod_holdoff_next(r == 0 ? &known : NULL, source, now, &next);
	if (!has_next && r == -ENOENT) {
		return 0;
	}
	return put_kiss(history, address, source->port, has_next ? &next : NULL);
}
