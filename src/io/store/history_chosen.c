/* SPDX-License-Identifier: MIT
 *
 * Loads the runs that `history` shows: by time, verb and count.
 */
#include "io/store/history.h"

#include <string.h>

#include "io/store/history_private.h"

/* A run's own time: its clock's, corrected by the measured offset.  A sum beyond 64 bits
 * becomes a floating-point number in SQL, which compares as well.  The run's number comes
 * after the record's columns. */
static const char chosen_sql[] =
	",id FROM run WHERE id IN(SELECT id FROM run"
	" WHERE(?1 IS NULL OR wall_ns+coalesce(offset_ns,0)>=?1)AND(?2 IS NULL OR(verb=?2 "
	"AND is_dry=?3))"
	" ORDER BY id DESC LIMIT ?4) ORDER BY id";

static int prepare_chosen(struct history *history, const struct history_choice *choice,
                          size_t size, sqlite3_stmt **ret)
{
	int r = history_table_prepare_select(history, &history_run_table, chosen_sql, ret);

	if (r < 0) {
		return r;
	}
	if (choice->since.unix_ns != INT64_MIN) {
		sqlite3_bind_int64(*ret, 1, choice->since.unix_ns);
	}
	if (choice->has_verb) {
		sqlite3_bind_text(*ret, 2, run_verb_name(choice->verb), -1, SQLITE_STATIC);
	}
	sqlite3_bind_int64(*ret, 3, choice->is_dry);
	sqlite3_bind_int64(*ret, 4, (int64_t)size);
	return 0;
}

int history_load_chosen(struct history *history, const struct history_choice *choice,
                        struct run_record *ret, int64_t *ret_numbers, size_t size,
                        size_t *ret_count, size_t *ret_invalid_count)
{
	sqlite3_stmt *stmt = NULL;
	size_t count = 0, invalid_count = 0;
	int code, number_at, r;

	r = prepare_chosen(history, choice, size, &stmt);
	if (r < 0) {
		return r;
	}
	number_at = sqlite3_column_count(stmt) - 1;
	while ((code = sqlite3_step(stmt)) == SQLITE_ROW && count < size) {
		memset(&ret[count], 0, sizeof(ret[count]));
		if (history_table_read(stmt, &history_run_table, &ret[count]) &&
		    run_record_is_valid(&ret[count])) {
			ret_numbers[count++] = sqlite3_column_int64(stmt, number_at);
		} else {
			invalid_count++;
		}
	}
	r = history_sql_error(code);
	sqlite3_finalize(stmt);
	if (r == 0) {
		*ret_count = count;
		*ret_invalid_count = invalid_count;
	}
	return r;
}
