/* SPDX-License-Identifier: MIT
 *
 * Runs and their sources: loading, storing, deleting old ones.
 */
#include "io/store/history.h"

#include <errno.h>
#include <string.h>

#include "io/store/history_private.h"

/* ---- loading ---- */

static int load_runs(struct history *history, const char *rest, struct run_record *ret,
                     size_t size, size_t *ret_count)
{
	sqlite3_stmt *stmt = NULL;
	struct run_record record;
	size_t count = 0;
	int code, r;

	r = history_table_prepare_select(history, &history_run_table, rest, &stmt);
	if (r < 0) {
		return r;
	}
	sqlite3_bind_int64(stmt, 1, (int64_t)size);
	while ((code = sqlite3_step(stmt)) == SQLITE_ROW && count < size) {
		memset(&record, 0, sizeof(record));
		if (history_table_read(stmt, &history_run_table, &record) &&
		    run_record_is_valid(&record)) {
			ret[count++] = record;
		}
	}
	r = history_sql_error(code);
	sqlite3_finalize(stmt);
	if (r == 0) {
		*ret_count = count;
	}
	return r;
}

int history_load_set_runs(struct history *history, struct run_record *ret, size_t size,
                          size_t *ret_count)
{
	return load_runs(history,
	                 "FROM run WHERE id IN(SELECT id FROM run"
	                 " WHERE verb='set' AND is_dry=0 ORDER BY id DESC LIMIT ?)"
	                 " ORDER BY id",
	                 ret, size, ret_count);
}

int history_load_trusted(struct history *history, struct run_record *ret)
{
	size_t count = 0;
	int r;

	r = load_runs(history,
	              "FROM run WHERE status='ok' AND verb='set' AND is_dry=0"
	              " ORDER BY id DESC LIMIT ?",
	              ret, 1, &count);
	return r == 0 && count == 0 ? -ENOENT : r;
}

/* `rest` with one or two parameters. */
static int load_sources(struct history *history, const char *rest, int64_t first,
                        int64_t second, struct source_record *ret, size_t size,
                        size_t *ret_count)
{
	sqlite3_stmt *stmt = NULL;
	struct source_record record;
	size_t count = 0;
	int code, r;

	r = history_table_prepare_select(history, &history_source_table, rest, &stmt);
	if (r < 0) {
		return r;
	}
	sqlite3_bind_int64(stmt, 1, first);
	if (sqlite3_bind_parameter_count(stmt) > 1) {
		sqlite3_bind_int64(stmt, 2, second);
	}
	while ((code = sqlite3_step(stmt)) == SQLITE_ROW && count < size) {
		memset(&record, 0, sizeof(record));
		if (!history_table_read(stmt, &history_source_table, &record)) {
			continue;
		}
		record.address.port = (uint16_t)record.port;
		if (source_record_is_valid(&record)) {
			ret[count++] = record;
		}
	}
	r = history_sql_error(code);
	sqlite3_finalize(stmt);
	if (r == 0) {
		*ret_count = count;
	}
	return r;
}

int history_load_sources_of(struct history *history, const struct run_record *run,
                            struct source_record *ret, size_t size, size_t *ret_count)
{
	return load_sources(history,
	                    "FROM source WHERE run=(SELECT id FROM run WHERE wall_ns=?"
	                    " AND mono_ns=? ORDER BY id DESC LIMIT 1) ORDER BY id",
	                    run->at.unix_ns, run->mono_ns, ret, size, ret_count);
}

int history_load_run_sources(struct history *history, int64_t number,
                             struct source_record *ret, size_t size, size_t *ret_count)
{
	return load_sources(history, "FROM source WHERE run=? ORDER BY id", number, 0, ret,
	                    size, ret_count);
}

/* ---- storing ---- */

static int store_sources(struct history *history, int64_t run,
                         const struct source_record *sources, size_t count,
                         struct instant end)
{
	sqlite3_stmt *stmt = NULL;
	int r;

	if (count > HISTORY_SOURCES_PER_RUN_MAX) {
		count = HISTORY_SOURCES_PER_RUN_MAX;
	}
	r = history_table_prepare_insert(history, &history_source_table, "run", &stmt);
	for (size_t i = 0; r == 0 && i < count; i++) {
		sqlite3_bind_int64(stmt, history_table_extra_index(&history_source_table),
		                   run);
		r = history_table_insert(stmt, &history_source_table, &sources[i]);
		if (r == 0) {
			r = history_store_kiss(history, &sources[i], end);
		}
	}
	sqlite3_finalize(stmt);
	return r;
}

/* Deletes what is too old by the true time.  Runs are deleted from the oldest on: a wrong
 * clock has left some with odd dates in between.  The count of a server's kiss codes is
 * kept for a week. */
static int prune_by_age(struct history *history, struct instant now)
{
	static const char runs[] =
		"DELETE FROM run WHERE id<(SELECT id FROM run WHERE wall_ns BETWEEN ? AND ?"
		" ORDER BY id LIMIT 1)";
	static const char kisses[] =
		"DELETE FROM kiss WHERE since_wall_ns NOT BETWEEN ? AND ?";
	const int64_t day_ns = 86400 * NS_PER_S;
	const int64_t ahead_ns = ns_add(now.unix_ns, day_ns);
	int r = history_sql_run_with(
		history, runs, instant_add_ns(now, -history->settings.keep_ns).unix_ns,
		ahead_ns);

	return r < 0 ? r
	             : history_sql_run_with(history, kisses,
	                                    ns_add(now.unix_ns, -7 * day_ns), ahead_ns);
}

static int prune_by_count(struct history *history)
{
	static const struct {
		const char *sql;
		int64_t most;
	} steps[] = {
		{ "DELETE FROM run WHERE id<=(SELECT max(id) FROM run)-?",
		  HISTORY_RUNS_MAX },
		{ "DELETE FROM run WHERE id<=(SELECT run FROM source WHERE id<="
		  "(SELECT max(id) FROM source)-? ORDER BY id DESC LIMIT 1)",
		  HISTORY_SOURCES_MAX },
		{ "DELETE FROM source WHERE run<coalesce((SELECT min(id) FROM run),?)",
		  INT64_MAX },
		{ "DELETE FROM kiss WHERE id<=(SELECT max(id) FROM kiss)-?",
		  HISTORY_KISSES_MAX },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < COUNT_OF(steps); i++) {
		r = history_sql_run_with(history, steps[i].sql, steps[i].most, 0);
	}
	return r;
}

static int store_all(struct history *history, const struct run_record *run,
                     const struct source_record *sources, size_t count)
{
	const struct instant end = run_record_end(run);
	sqlite3_stmt *stmt = NULL;
	int64_t id = 0;
	int r = history_table_prepare_insert(history, &history_run_table, NULL, &stmt);

	if (r == 0) {
		r = history_table_insert(stmt, &history_run_table, run);
		id = sqlite3_last_insert_rowid(history->db);
	}
	sqlite3_finalize(stmt);
	if (r == 0) {
		r = store_sources(history, id, sources, count, end);
	}
	/* An unconfirmed time, which may be false, must not decide what is old. */
	if (r == 0 && run->has_answer && run->status == RUN_OK &&
	    (run->kernel_flags & RECORD_CONFIRMED)) {
		const struct instant now = instant_add_ns(run->at, run->offset_ns);

		r = prune_by_age(history, now);
		if (r == 0 && run->verb == RUN_VERB_SET && !run->is_dry) {
			r = history_store_silent(history, sources, count, now);
		}
	}
	return r == 0 ? prune_by_count(history) : r;
}

int history_store(struct history *history, const struct run_record *run,
                  const struct source_record *sources, size_t count,
                  const struct history_value *value)
{
	int r;

	if (history->is_read_only) {
		return -EROFS;
	}
	r = history_sql_run(history, "BEGIN IMMEDIATE");
	if (r < 0) {
		return r;
	}
	r = store_all(history, run, sources, count);
	if (r == 0 && value) {
		r = history_store_value(history, value);
	}
	if (r == 0) {
		r = history_sql_run(history, "COMMIT");
	}
	if (r < 0) {
		/* Fails where SQLite has already rolled back. */
		(void)history_sql_run(history, "ROLLBACK");
	}
	return r;
}
