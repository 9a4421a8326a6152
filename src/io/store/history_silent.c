/* SPDX-License-Identifier: MIT
 *
 * Servers silent for long, so that the user can remove them.  A server that is only slower
 * than the majority counts as silent here, too: a run waits for it before it is reported.
 */
#include <stdio.h>
#include <string.h>

#include "io/store/history_private.h"

/* A list made by hand is short; a longer one is a fleet, which gets no warnings. */
enum { SOURCES_MAX = 64 };
/* A server not asked for this long is no longer on the list. */
#define ASKED_NS (7 * 86400 * NS_PER_S)

static int run_for(struct history *history, const char *sql,
                   const struct source_record *source, struct instant now)
{
	sqlite3_stmt *stmt = NULL;
	int r = history_sql_prepare(history, sql, &stmt);

	if (r < 0) {
		return r;
	}
	sqlite3_bind_text(stmt, 1, source->name, -1, SQLITE_STATIC);
	sqlite3_bind_int64(stmt, 2, source->port);
	sqlite3_bind_int64(stmt, 3, now.unix_ns);
	r = history_sql_error(sqlite3_step(stmt));
	sqlite3_finalize(stmt);
	return r;
}

int history_store_silent(struct history *history, const struct source_record *sources,
                         size_t count, struct instant now)
{
	static const char silent[] =
		"INSERT INTO "
		"silent(name,port,since_wall_ns,asked_wall_ns)VALUES(?1,?2,?3,?3)"
		" ON CONFLICT DO UPDATE SET asked_wall_ns=?3";
	static const char heard[] = "DELETE FROM silent WHERE name=?1 AND port=?2 AND ?3";
	int r = 0;

	if (count > SOURCES_MAX) {
		return 0;
	}
	for (size_t i = 0; r == 0 && i < count; i++) {
		/* Not asked is not silent. */
		if (sources[i].received_count == 0 &&
		    (sources[i].sent_count > 0 ||
		     sources[i].address.family == ADDRESS_NONE)) {
			r = run_for(history, silent, &sources[i], now);
		}
	}
	/* An answer from one address of a name is enough. */
	for (size_t i = 0; r == 0 && i < count; i++) {
		if (sources[i].received_count > 0) {
			r = run_for(history, heard, &sources[i], now);
		}
	}
	return r < 0 ? r
	             : history_sql_run_with(
			       history,
			       "DELETE FROM silent WHERE asked_wall_ns NOT BETWEEN ? AND ?",
			       ns_add(now.unix_ns, -ASKED_NS), now.unix_ns);
}

int history_load_silent(struct history *history, struct instant now,
                        struct silent_server *ret, size_t size, size_t *ret_count)
{
	struct silent_server silent;
	sqlite3_stmt *stmt = NULL;
	size_t count = 0;
	int code, r;

	r = history_sql_prepare(history,
	                        "SELECT name,port,since_wall_ns FROM silent"
	                        " WHERE since_wall_ns<=? ORDER BY since_wall_ns",
	                        &stmt);
	if (r < 0) {
		return r;
	}
	sqlite3_bind_int64(stmt, 1, ns_add(now.unix_ns, -HISTORY_SILENT_NS));
	while ((code = sqlite3_step(stmt)) == SQLITE_ROW && count < size) {
		const char *name = (const char *)sqlite3_column_text(stmt, 0);

		memset(&silent, 0, sizeof(silent));
		snprintf(silent.name, sizeof(silent.name), "%s", name ? name : "");
		silent.port = (uint32_t)(sqlite3_column_int64(stmt, 1) & UINT16_MAX);
		silent.since.unix_ns = sqlite3_column_int64(stmt, 2);
		if (silent_server_is_valid(&silent)) {
			ret[count++] = silent;
		}
	}
	r = history_sql_error(code);
	sqlite3_finalize(stmt);
	if (r == 0) {
		*ret_count = count;
	}
	return r;
}
