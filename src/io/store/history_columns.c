/* SPDX-License-Identifier: MIT
 *
 * The columns of runs and sources: records to rows and back.
 */
#include <errno.h>
#include <string.h>

#include "io/store/history_private.h"

/* ---- how a record's members are written and read ---- */

enum column_kind {
	COLUMN_INTEGER, /* signed, 8 octets */
	COLUMN_COUNT,   /* unsigned, 1 or 4 octets, at most `most` */
	COLUMN_TEXT,
	COLUMN_BLOB,  /* of exactly `size` octets */
	COLUMN_NAME,  /* an enumeration of 4 octets, stored by name: its numbers may
	               * change */
	COLUMN_WORDS, /* ... to which later versions may add: an unknown one clears the
	               * condition */
	COLUMN_ADDRESS,
};

struct column {
	const char *name;
	enum column_kind kind;
	size_t at;
	size_t size;
	uint32_t most;
	const char *(*to_name)(uint32_t value);
	size_t condition; /* has_...: when 0, the column is NULL; CONDITION_NONE: it is
	                   * never NULL */
};
#define CONDITION_NONE SIZE_MAX

struct history_table {
	const char *name;
	const struct column *columns;
	size_t count;
};

static const char *verb_name(uint32_t value)
{
	return run_verb_name((enum run_verb)value);
}

static const char *status_name(uint32_t value)
{
	return run_status_name((enum run_status)value);
}

static const char *action_name(uint32_t value)
{
	return plan_action_name((enum plan_action)value);
}

/* The texts in files since the first release.  What people read (core/select/plan.h) may
 * change; these never do, or the plan of every older run is lost. */
static const char *reason_name(uint32_t value)
{
	static const char *const words[] = {
		[PLAN_WITHIN_BOUND] = "the offset is within its own bound",
		[PLAN_SMALL] = "the offset is below --step-above",
		[PLAN_LARGE] = "the offset is not below --step-above",
		[PLAN_ASKED_STEP] = "--step was given",
		[PLAN_ASKED_SLEW] = "--slew was given",
		[PLAN_BEYOND_LIMIT] = "the offset is beyond --refuse-above",
		[PLAN_BEFORE_FLOOR] =
			"the servers' time lies before what is known to be past",
		[PLAN_BEYOND_RANGE] = "the servers' time lies after 2105",
		[PLAN_SLEW_TOO_LONG] =
			"a slew of that size would take months; --step would do it",
		[PLAN_LEAP_NEAR] = "an announced leap second is less than a second away",
		[PLAN_UNCERTAIN] = "the bound itself is beyond --refuse-above",
		[PLAN_ADVISED] = "past runs tell the clock's error more closely than this "
				 "one",
		[PLAN_PENDING] = "what an earlier slew has still to do would lead out of "
				 "the bound",
		[PLAN_BEYOND_BACK_LIMIT] = "the offset back is beyond --refuse-back-above",
		[PLAN_BEYOND_DRIFT] = "no drift since the last run explains it, and too "
				      "few servers say so",
		[PLAN_BEFORE_RELEASE] =
			"the servers' time lies before the release of this program",
		[PLAN_OTHER_DAEMON] = "another program keeps the clock",
	};

	_Static_assert(COUNT_OF(words) == PLAN_REASON_COUNT,
	               "a new reason needs its words in files");
	return words[value];
}

static const char *scheme_word(uint32_t value)
{
	return scheme_name((enum scheme)value);
}

static const char *source_word(uint32_t value)
{
	return source_status_name((enum source_status)value);
}

#define MEMBER(type, field) offsetof(struct type, field), sizeof(((struct type *)0)->field)
#define IN_RUN(field) MEMBER(run_record, field)
#define IN_SOURCE(field) MEMBER(source_record, field)
#define RUN_IF(field) offsetof(struct run_record, field)
#define SOURCE_IF(field) offsetof(struct source_record, field)

/* If a condition does not hold, the first of its columns is NULL. */
/* clang-format off */
static const struct column run_columns[] = {
	{ "wall_ns", COLUMN_INTEGER, IN_RUN(at), 0, NULL, CONDITION_NONE },
	{ "mono_ns", COLUMN_INTEGER, IN_RUN(mono_ns), 0, NULL, CONDITION_NONE },
	{ "boottime_ns", COLUMN_INTEGER, IN_RUN(boot_ns), 0, NULL, CONDITION_NONE },
	{ "boot_id", COLUMN_TEXT, IN_RUN(boot_id), 0, NULL, CONDITION_NONE },
	{ "version", COLUMN_TEXT, IN_RUN(version), 0, NULL, CONDITION_NONE },
	{ "verb", COLUMN_NAME, IN_RUN(verb), RUN_VERB_COUNT - 1, verb_name, CONDITION_NONE },
	{ "status", COLUMN_NAME, IN_RUN(status), RUN_INTERRUPTED, status_name, CONDITION_NONE },
	{ "exit_status", COLUMN_COUNT, IN_RUN(exit_status), 255, NULL, CONDITION_NONE },
	{ "agreeing", COLUMN_COUNT, IN_RUN(agreeing_count), UINT32_MAX, NULL, CONDITION_NONE },
	{ "asked", COLUMN_COUNT, IN_RUN(asked_count), UINT32_MAX, NULL, CONDITION_NONE },
	{ "is_dry", COLUMN_COUNT, IN_RUN(is_dry), 1, NULL, CONDITION_NONE },
	{ "offset_ns", COLUMN_INTEGER, IN_RUN(offset_ns), 0, NULL, RUN_IF(has_answer) },
	{ "bound_ns", COLUMN_INTEGER, IN_RUN(bound_ns), 0, NULL, RUN_IF(has_answer) },
	{ "delay_ns", COLUMN_INTEGER, IN_RUN(delay_ns), 0, NULL, RUN_IF(has_answer) },
	{ "jitter_ns", COLUMN_INTEGER, IN_RUN(jitter_ns), 0, NULL, RUN_IF(has_answer) },
	{ "samples", COLUMN_COUNT, IN_RUN(sample_count), UINT32_MAX, NULL,
	  RUN_IF(has_answer) },
	{ "leap", COLUMN_COUNT, IN_RUN(leap), 3, NULL, RUN_IF(has_answer) },
	{ "plan_reason", COLUMN_WORDS, IN_RUN(plan_reason), PLAN_REASON_COUNT - 1,
	  reason_name, RUN_IF(has_plan) },
	{ "plan_action", COLUMN_NAME, IN_RUN(plan_action), PLAN_REFUSE, action_name,
	  RUN_IF(has_plan) },
	{ "plan_by_ns", COLUMN_INTEGER, IN_RUN(plan_by_ns), 0, NULL, RUN_IF(has_plan) },
	{ "applied_action", COLUMN_NAME, IN_RUN(applied_action), PLAN_STEP,
	  action_name, CONDITION_NONE },
	{ "applied_by_ns", COLUMN_INTEGER, IN_RUN(applied_by_ns), 0, NULL, CONDITION_NONE },
	{ "frequency_before_ppb", COLUMN_INTEGER, IN_RUN(frequency_before_ppb), 0,
	  NULL, RUN_IF(has_kernel) },
	{ "frequency_after_ppb", COLUMN_INTEGER, IN_RUN(frequency_after_ppb), 0, NULL,
	  RUN_IF(has_kernel) },
	{ "slew_before_ns", COLUMN_INTEGER, IN_RUN(slew_before_ns), 0, NULL,
	  RUN_IF(has_kernel) },
	{ "slew_after_ns", COLUMN_INTEGER, IN_RUN(slew_after_ns), 0, NULL,
	  RUN_IF(has_kernel) },
	{ "max_error_ns", COLUMN_INTEGER, IN_RUN(max_error_ns), 0, NULL,
	  RUN_IF(has_kernel) },
	{ "estimated_error_ns", COLUMN_INTEGER, IN_RUN(estimated_error_ns), 0, NULL,
	  RUN_IF(has_kernel) },
	{ "after_wall_ns", COLUMN_INTEGER, IN_RUN(after), 0, NULL, RUN_IF(has_kernel) },
	{ "tick_before", COLUMN_COUNT, IN_RUN(tick_before), UINT32_MAX, NULL,
	  RUN_IF(has_kernel) },
	{ "tick_after", COLUMN_COUNT, IN_RUN(tick_after), UINT32_MAX, NULL,
	  RUN_IF(has_kernel) },
	{ "kernel_flags", COLUMN_COUNT, IN_RUN(kernel_flags), RECORD_KERNEL_ALL, NULL,
	  RUN_IF(has_kernel) },
};

static const struct column source_columns[] = {
	{ "name", COLUMN_TEXT, IN_SOURCE(name), 0, NULL, CONDITION_NONE },
	{ "address", COLUMN_ADDRESS, IN_SOURCE(address), 0, NULL, CONDITION_NONE },
	{ "port", COLUMN_COUNT, IN_SOURCE(port), UINT16_MAX, NULL, CONDITION_NONE },
	{ "scheme", COLUMN_NAME, IN_SOURCE(scheme), SCHEME_COUNT - 1, scheme_word,
	  CONDITION_NONE },
	{ "status", COLUMN_NAME, IN_SOURCE(status), SOURCE_UNREACHABLE, source_word,
	  CONDITION_NONE },
	{ "reason", COLUMN_TEXT, IN_SOURCE(reason), 0, NULL, CONDITION_NONE },
	{ "sent", COLUMN_COUNT, IN_SOURCE(sent_count), UINT32_MAX, NULL, CONDITION_NONE },
	{ "received", COLUMN_COUNT, IN_SOURCE(received_count), UINT32_MAX, NULL,
	  CONDITION_NONE },
	{ "kiss", COLUMN_COUNT, IN_SOURCE(kiss), NTP_KISS_RATE, NULL, CONDITION_NONE },
	{ "authentication", COLUMN_COUNT, IN_SOURCE(authentication), RECORD_NTS_TOLD, NULL,
	  CONDITION_NONE },
	{ "stratum", COLUMN_COUNT, IN_SOURCE(stratum), UINT8_MAX, NULL,
	  SOURCE_IF(has_header) },
	{ "leap", COLUMN_COUNT, IN_SOURCE(leap), 3, NULL, SOURCE_IF(has_header) },
	{ "refid", COLUMN_BLOB, IN_SOURCE(refid), 0, NULL, SOURCE_IF(has_header) },
	{ "root_delay_ns", COLUMN_INTEGER, IN_SOURCE(root_delay_ns), 0, NULL,
	  SOURCE_IF(has_header) },
	{ "root_dispersion_ns", COLUMN_INTEGER, IN_SOURCE(root_dispersion_ns), 0,
	  NULL, SOURCE_IF(has_header) },
	{ "offset_ns", COLUMN_INTEGER, IN_SOURCE(offset_ns), 0, NULL,
	  SOURCE_IF(has_estimate) },
	{ "bound_ns", COLUMN_INTEGER, IN_SOURCE(bound_ns), 0, NULL,
	  SOURCE_IF(has_estimate) },
	{ "delay_ns", COLUMN_INTEGER, IN_SOURCE(delay_ns), 0, NULL,
	  SOURCE_IF(has_estimate) },
};
/* clang-format on */

const struct history_table history_run_table = { "run", run_columns,
	                                         COUNT_OF(run_columns) };
const struct history_table history_source_table = { "source", source_columns,
	                                            COUNT_OF(source_columns) };

/* ---- writing a record ---- */

static bool condition_holds(const struct column *column, const void *record)
{
	uint8_t holds = 1;

	if (column->condition != CONDITION_NONE) {
		memcpy(&holds, (const uint8_t *)record + column->condition, 1);
	}
	return holds != 0;
}

static uint32_t count_get(const uint8_t *at, size_t size)
{
	uint32_t value = 0;

	if (size == 1) {
		return *at;
	}
	memcpy(&value, at, sizeof(value));
	return value;
}

static int bind_address(sqlite3_stmt *stmt, int index, const struct address *address)
{
	char text[ADDRESS_TEXT_SIZE];

	if (address->family == ADDRESS_NONE) {
		return sqlite3_bind_null(stmt, index);
	}
	address_format(address, text);
	return sqlite3_bind_text(stmt, index, text, -1, SQLITE_TRANSIENT);
}

static int bind_column(sqlite3_stmt *stmt, int index, const struct column *column,
                       const void *record)
{
	const uint8_t *at = (const uint8_t *)record + column->at;
	struct address address;
	int64_t value;

	if (!condition_holds(column, record)) {
		return sqlite3_bind_null(stmt, index);
	}
	switch (column->kind) {
	case COLUMN_INTEGER:
		memcpy(&value, at, sizeof(value));
		return sqlite3_bind_int64(stmt, index, value);
	case COLUMN_COUNT:
		return sqlite3_bind_int64(stmt, index, count_get(at, column->size));
	case COLUMN_TEXT:
		return sqlite3_bind_text(stmt, index, (const char *)at, -1, SQLITE_STATIC);
	case COLUMN_BLOB:
		return sqlite3_bind_blob(stmt, index, at, (int)column->size, SQLITE_STATIC);
	case COLUMN_NAME:
	case COLUMN_WORDS:
		return sqlite3_bind_text(stmt, index,
		                         column->to_name(count_get(at, column->size)), -1,
		                         SQLITE_STATIC);
	case COLUMN_ADDRESS:
		memcpy(&address, at, sizeof(address));
		return bind_address(stmt, index, &address);
	}
	return SQLITE_MISUSE;
}

/* Appends the names, or as many question marks, to `sql`. */
static void list_columns(sqlite3_str *sql, const struct column *columns, size_t count,
                         bool is_marks)
{
	for (size_t i = 0; i < count; i++) {
		sqlite3_str_appendf(sql, "%s%s", i ? "," : "",
		                    is_marks ? "?" : columns[i].name);
	}
}

/* Takes over `text`. */
static int prepare_text(struct history *history, sqlite3_str *text, sqlite3_stmt **ret)
{
	char *sql = sqlite3_str_finish(text);
	const int r = sql ? history_sql_prepare(history, sql, ret) : -ENOMEM;

	sqlite3_free(sql);
	return r;
}

int history_table_prepare_insert(struct history *history, const struct history_table *table,
                                 const char *extra, sqlite3_stmt **ret)
{
	sqlite3_str *text = sqlite3_str_new(history->db);

	sqlite3_str_appendf(text, "INSERT INTO %s(", table->name);
	list_columns(text, table->columns, table->count, false);
	sqlite3_str_appendf(text, "%s%s)VALUES(", extra ? "," : "", extra ? extra : "");
	list_columns(text, table->columns, table->count, true);
	sqlite3_str_appendf(text, "%s)", extra ? ",?" : "");
	return prepare_text(history, text, ret);
}

int history_table_extra_index(const struct history_table *table)
{
	return (int)table->count + 1;
}

int history_table_insert(sqlite3_stmt *stmt, const struct history_table *table,
                         const void *record)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < table->count; i++) {
		r = history_sql_error(
			bind_column(stmt, (int)i + 1, &table->columns[i], record));
	}
	if (r == 0) {
		r = history_sql_error(sqlite3_step(stmt));
	}
	sqlite3_reset(stmt);
	return r;
}

/* ---- reading a record: false for a value that this program never writes ---- */

static bool count_put(uint8_t *at, size_t size, int64_t value, uint32_t most)
{
	const uint32_t count = (uint32_t)value;

	if (value < 0 || value > most) {
		return false;
	}
	if (size == 1) {
		*at = (uint8_t)count;
	} else {
		memcpy(at, &count, sizeof(count));
	}
	return true;
}

static bool name_put(uint8_t *at, const struct column *column, const char *text)
{
	for (uint32_t value = 0; text && value <= column->most; value++) {
		if (strcmp(column->to_name(value), text) == 0) {
			memcpy(at, &value, sizeof(value));
			return true;
		}
	}
	return false;
}

static bool octets_put_exactly(uint8_t *at, size_t buf_size, const void *value, size_t len,
                               bool is_text)
{
	if (!value || (is_text ? len >= buf_size : len != buf_size)) {
		return false;
	}
	memcpy(at, value, len);
	return true;
}

static bool address_put(uint8_t *at, const char *text)
{
	struct address address;

	if (!text) {
		return true; /* NULL: never resolved */
	}
	memset(&address, 0, sizeof(address));
	if (!address_parse(text, &address)) {
		return false;
	}
	memcpy(at, &address, sizeof(address));
	return true;
}

static bool read_column(sqlite3_stmt *stmt, int index, const struct column *column,
                        uint8_t *at)
{
	const bool is_integer = sqlite3_column_type(stmt, index) == SQLITE_INTEGER;
	int64_t value;

	switch (column->kind) {
	case COLUMN_INTEGER:
		value = sqlite3_column_int64(stmt, index);
		memcpy(at, &value, sizeof(value));
		return is_integer;
	case COLUMN_COUNT:
		return is_integer &&
		       count_put(at, column->size, sqlite3_column_int64(stmt, index),
		                 column->most);
	case COLUMN_TEXT:
		return octets_put_exactly(at, column->size,
		                          sqlite3_column_text(stmt, index),
		                          (size_t)sqlite3_column_bytes(stmt, index), true);
	case COLUMN_BLOB:
		return octets_put_exactly(at, column->size,
		                          sqlite3_column_blob(stmt, index),
		                          (size_t)sqlite3_column_bytes(stmt, index), false);
	case COLUMN_NAME:
	case COLUMN_WORDS:
		return name_put(at, column, (const char *)sqlite3_column_text(stmt, index));
	case COLUMN_ADDRESS:
		return address_put(at, (const char *)sqlite3_column_text(stmt, index));
	}
	return false;
}

/* Columns from 0 on. */
bool history_table_read(sqlite3_stmt *stmt, const struct history_table *table, void *record)
{
	const struct column *columns = table->columns;
	uint8_t *octets = record;
	size_t condition = CONDITION_NONE;
	bool is_open = true;

	for (size_t i = 0; i < table->count; i++) {
		if (columns[i].condition != condition) {
			condition = columns[i].condition;
			is_open = condition == CONDITION_NONE ||
			          sqlite3_column_type(stmt, (int)i) != SQLITE_NULL;
			if (condition != CONDITION_NONE) {
				octets[condition] = is_open;
			}
		}
		if (!is_open ||
		    read_column(stmt, (int)i, &columns[i], octets + columns[i].at)) {
			continue;
		}
		if (columns[i].kind != COLUMN_WORDS) {
			return false;
		}
		is_open = false;
		octets[condition] = 0;
	}
	return true;
}

int history_table_prepare_select(struct history *history, const struct history_table *table,
                                 const char *rest, sqlite3_stmt **ret)
{
	sqlite3_str *text = sqlite3_str_new(history->db);

	sqlite3_str_appendall(text, "SELECT ");
	list_columns(text, table->columns, table->count, false);
	sqlite3_str_appendf(text, " %s", rest);
	return prepare_text(history, text, ret);
}
