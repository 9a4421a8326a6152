/* SPDX-License-Identifier: MIT */
#include "io/history.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/octets.h"
#include "io/state_dir.h"

enum {
	BUSY_MS = 500,
	PAGE_OCTETS = 4096,
	VALUE_MAX = 1 << 20, /* no text or blob of ours is longer */
	HEADER_OCTETS = 100, /* of a file, by SQLite's own description of its format */
	APPLICATION_ID_AT = 68,
	PATH_ROOM = PATH_MAX + 32,
};

struct history {
	sqlite3 *db;
	struct history_settings settings;
	int dir_fd;
	dev_t device; /* of the file that is open */
	ino_t inode;
	bool is_read_only;
	char path[PATH_ROOM];
};

static const char *const side_files[] = { HISTORY_FILE "-wal", HISTORY_FILE "-shm",
	                                  HISTORY_FILE "-journal" };

/* Step i leads from version i to i + 1.  Never changed once released: a step is added. */
static const char *const schema_steps[HISTORY_SCHEMA] = {
	"CREATE TABLE run("
	" id INTEGER PRIMARY KEY, wall_ns INTEGER NOT NULL, mono_ns INTEGER NOT NULL,"
	" boottime_ns INTEGER NOT NULL, boot_id TEXT NOT NULL, version TEXT NOT NULL,"
	" verb TEXT NOT NULL, status TEXT NOT NULL, exit_status INTEGER NOT NULL,"
	" agreeing INTEGER NOT NULL, asked INTEGER NOT NULL, is_dry INTEGER NOT NULL,"
	" offset_ns INTEGER, bound_ns INTEGER, delay_ns INTEGER, jitter_ns INTEGER,"
	" samples INTEGER, leap INTEGER,"
	" plan_action TEXT, plan_reason TEXT, plan_by_ns INTEGER,"
	" applied_action TEXT NOT NULL, applied_by_ns INTEGER NOT NULL,"
	" frequency_before_ppb INTEGER, frequency_after_ppb INTEGER,"
	" slew_before_ns INTEGER, slew_after_ns INTEGER, max_error_ns INTEGER,"
	" estimated_error_ns INTEGER, kernel_flags INTEGER);"
	"CREATE TABLE source("
	" id INTEGER PRIMARY KEY, run INTEGER NOT NULL, name TEXT NOT NULL, address TEXT,"
	" port INTEGER NOT NULL, scheme TEXT NOT NULL, status TEXT NOT NULL,"
	" reason TEXT NOT NULL, sent INTEGER NOT NULL, received INTEGER NOT NULL,"
	" kiss INTEGER NOT NULL, stratum INTEGER, leap INTEGER, refid BLOB,"
	" root_delay_ns INTEGER, root_dispersion_ns INTEGER,"
	" offset_ns INTEGER, bound_ns INTEGER, delay_ns INTEGER);"
	"CREATE INDEX source_run ON source(run);"
	"CREATE TABLE kiss("
	" id INTEGER PRIMARY KEY, address TEXT NOT NULL, port INTEGER NOT NULL,"
	" code INTEGER NOT NULL, count INTEGER NOT NULL, since_wall_ns INTEGER NOT NULL,"
	" until_wall_ns INTEGER NOT NULL, UNIQUE(address, port));",

	"CREATE TABLE state(key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;",
};

/* ---- columns: how a record's members are written and read ---- */

enum column_kind {
	COLUMN_INTEGER, /* signed, 8 octets */
	COLUMN_COUNT,   /* unsigned, 1 or 4 octets, at most `most` */
	COLUMN_TEXT,
	COLUMN_BLOB,  /* of exactly `size` octets */
	COLUMN_NAME,  /* an enumeration of 4 octets, by its name: its numbers may change */
	COLUMN_WORDS, /* ... whose words may change too: unknown ones close the gate */
	COLUMN_ADDRESS,
};

struct column {
	const char *name;
	enum column_kind kind;
	size_t at;
	size_t size;
	uint32_t most;
	const char *(*to_name)(uint32_t value);
	size_t gate; /* has_...: when 0, the column is NULL; GATE_NONE: it never is */
};
#define GATE_NONE SIZE_MAX

static const char *verb_name(uint32_t value)
{
	return record_verb_name((enum record_verb)value);
}

static const char *status_name(uint32_t value)
{
	return run_status_name((enum run_status)value);
}

static const char *action_name(uint32_t value)
{
	return plan_action_name((enum plan_action)value);
}

static const char *reason_name(uint32_t value)
{
	return plan_reason_text((enum plan_reason)value);
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
#define RUN_GATE(field) offsetof(struct run_record, field)
#define SOURCE_GATE(field) offsetof(struct source_record, field)

/* Of the columns of one gate the first one says by being NULL that it is closed. */
/* clang-format off */
static const struct column run_columns[] = {
	{ "wall_ns", COLUMN_INTEGER, IN_RUN(at), 0, NULL, GATE_NONE },
	{ "mono_ns", COLUMN_INTEGER, IN_RUN(mono_ns), 0, NULL, GATE_NONE },
	{ "boottime_ns", COLUMN_INTEGER, IN_RUN(boot_ns), 0, NULL, GATE_NONE },
	{ "boot_id", COLUMN_TEXT, IN_RUN(boot_id), 0, NULL, GATE_NONE },
	{ "version", COLUMN_TEXT, IN_RUN(version), 0, NULL, GATE_NONE },
	{ "verb", COLUMN_NAME, IN_RUN(verb), RECORD_VERB_COUNT - 1, verb_name, GATE_NONE },
	{ "status", COLUMN_NAME, IN_RUN(status), RUN_INTERRUPTED, status_name, GATE_NONE },
	{ "exit_status", COLUMN_COUNT, IN_RUN(exit_status), 255, NULL, GATE_NONE },
	{ "agreeing", COLUMN_COUNT, IN_RUN(agreeing_count), UINT32_MAX, NULL, GATE_NONE },
	{ "asked", COLUMN_COUNT, IN_RUN(asked_count), UINT32_MAX, NULL, GATE_NONE },
	{ "is_dry", COLUMN_COUNT, IN_RUN(is_dry), 1, NULL, GATE_NONE },
	{ "offset_ns", COLUMN_INTEGER, IN_RUN(offset_ns), 0, NULL, RUN_GATE(has_answer) },
	{ "bound_ns", COLUMN_INTEGER, IN_RUN(bound_ns), 0, NULL, RUN_GATE(has_answer) },
	{ "delay_ns", COLUMN_INTEGER, IN_RUN(delay_ns), 0, NULL, RUN_GATE(has_answer) },
	{ "jitter_ns", COLUMN_INTEGER, IN_RUN(jitter_ns), 0, NULL, RUN_GATE(has_answer) },
	{ "samples", COLUMN_COUNT, IN_RUN(sample_count), UINT32_MAX, NULL,
	  RUN_GATE(has_answer) },
	{ "leap", COLUMN_COUNT, IN_RUN(leap), 3, NULL, RUN_GATE(has_answer) },
	{ "plan_reason", COLUMN_WORDS, IN_RUN(plan_reason), PLAN_REASON_COUNT - 1,
	  reason_name, RUN_GATE(has_plan) },
	{ "plan_action", COLUMN_NAME, IN_RUN(plan_action), PLAN_REFUSE, action_name,
	  RUN_GATE(has_plan) },
	{ "plan_by_ns", COLUMN_INTEGER, IN_RUN(plan_by_ns), 0, NULL, RUN_GATE(has_plan) },
	{ "applied_action", COLUMN_NAME, IN_RUN(applied_action), PLAN_STEP,
	  action_name, GATE_NONE },
	{ "applied_by_ns", COLUMN_INTEGER, IN_RUN(applied_by_ns), 0, NULL, GATE_NONE },
	{ "frequency_before_ppb", COLUMN_INTEGER, IN_RUN(frequency_before_ppb), 0,
	  NULL, RUN_GATE(has_kernel) },
	{ "frequency_after_ppb", COLUMN_INTEGER, IN_RUN(frequency_after_ppb), 0, NULL,
	  RUN_GATE(has_kernel) },
	{ "slew_before_ns", COLUMN_INTEGER, IN_RUN(slew_before_ns), 0, NULL,
	  RUN_GATE(has_kernel) },
	{ "slew_after_ns", COLUMN_INTEGER, IN_RUN(slew_after_ns), 0, NULL,
	  RUN_GATE(has_kernel) },
	{ "max_error_ns", COLUMN_INTEGER, IN_RUN(max_error_ns), 0, NULL,
	  RUN_GATE(has_kernel) },
	{ "estimated_error_ns", COLUMN_INTEGER, IN_RUN(estimated_error_ns), 0, NULL,
	  RUN_GATE(has_kernel) },
	{ "kernel_flags", COLUMN_COUNT, IN_RUN(kernel_flags), RECORD_KERNEL_ALL, NULL,
	  RUN_GATE(has_kernel) },
};

static const struct column source_columns[] = {
	{ "name", COLUMN_TEXT, IN_SOURCE(name), 0, NULL, GATE_NONE },
	{ "address", COLUMN_ADDRESS, IN_SOURCE(address), 0, NULL, GATE_NONE },
	{ "port", COLUMN_COUNT, IN_SOURCE(port), UINT16_MAX, NULL, GATE_NONE },
	{ "scheme", COLUMN_NAME, IN_SOURCE(scheme), SCHEME_COUNT - 1, scheme_word,
	  GATE_NONE },
	{ "status", COLUMN_NAME, IN_SOURCE(status), SOURCE_UNREACHABLE, source_word,
	  GATE_NONE },
	{ "reason", COLUMN_TEXT, IN_SOURCE(reason), 0, NULL, GATE_NONE },
	{ "sent", COLUMN_COUNT, IN_SOURCE(sent_count), UINT32_MAX, NULL, GATE_NONE },
	{ "received", COLUMN_COUNT, IN_SOURCE(received_count), UINT32_MAX, NULL,
	  GATE_NONE },
	{ "kiss", COLUMN_COUNT, IN_SOURCE(kiss), NTP_KISS_RATE, NULL, GATE_NONE },
	{ "stratum", COLUMN_COUNT, IN_SOURCE(stratum), UINT8_MAX, NULL,
	  SOURCE_GATE(has_header) },
	{ "leap", COLUMN_COUNT, IN_SOURCE(leap), 3, NULL, SOURCE_GATE(has_header) },
	{ "refid", COLUMN_BLOB, IN_SOURCE(refid), 0, NULL, SOURCE_GATE(has_header) },
	{ "root_delay_ns", COLUMN_INTEGER, IN_SOURCE(root_delay_ns), 0, NULL,
	  SOURCE_GATE(has_header) },
	{ "root_dispersion_ns", COLUMN_INTEGER, IN_SOURCE(root_dispersion_ns), 0,
	  NULL, SOURCE_GATE(has_header) },
	{ "offset_ns", COLUMN_INTEGER, IN_SOURCE(offset_ns), 0, NULL,
	  SOURCE_GATE(has_estimate) },
	{ "bound_ns", COLUMN_INTEGER, IN_SOURCE(bound_ns), 0, NULL,
	  SOURCE_GATE(has_estimate) },
	{ "delay_ns", COLUMN_INTEGER, IN_SOURCE(delay_ns), 0, NULL,
	  SOURCE_GATE(has_estimate) },
};
/* clang-format on */

/* ---- SQLite's errors and statements ---- */

static int error_from(int code)
{
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_FORMAT:
	/* Our own statements are right: a table or column that is missing was lost. */
	case SQLITE_ERROR:
	case SQLITE_SCHEMA:
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

static int run_sql(struct history *history, const char *sql)
{
	return error_from(sqlite3_exec(history->db, sql, NULL, NULL, NULL));
}

static int prepare(struct history *history, const char *sql, sqlite3_stmt **ret)
{
	return error_from(sqlite3_prepare_v2(history->db, sql, -1, ret, NULL));
}

/* The first column of the first row; -ENOENT when there is no row or it is NULL. */
static int ask_integer(struct history *history, const char *sql, int64_t *ret)
{
	sqlite3_stmt *stmt = NULL;
	int code, r;

	r = prepare(history, sql, &stmt);
	if (r < 0) {
		return r;
	}
	code = sqlite3_step(stmt);
	r = error_from(code);
	if (r == 0 && (code != SQLITE_ROW || sqlite3_column_type(stmt, 0) == SQLITE_NULL)) {
		r = -ENOENT;
	}
	if (r == 0) {
		*ret = sqlite3_column_int64(stmt, 0);
	}
	sqlite3_finalize(stmt);
	return r;
}

/* Runs `sql` with up to two integers bound. */
static int run_with(struct history *history, const char *sql, int64_t first, int64_t second)
{
	sqlite3_stmt *stmt = NULL;
	int r;

	r = prepare(history, sql, &stmt);
	if (r < 0) {
		return r;
	}
	sqlite3_bind_int64(stmt, 1, first);
	if (sqlite3_bind_parameter_count(stmt) > 1) {
		sqlite3_bind_int64(stmt, 2, second);
	}
	r = error_from(sqlite3_step(stmt));
	sqlite3_finalize(stmt);
	return r;
}

/* ---- writing a record ---- */

static bool gate_is_open(const struct column *column, const void *record)
{
	uint8_t is_open = 1;

	if (column->gate != GATE_NONE) {
		memcpy(&is_open, (const uint8_t *)record + column->gate, 1);
	}
	return is_open != 0;
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
	char text[ADDRESS_TEXT_ROOM];

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

	if (!gate_is_open(column, record)) {
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

/* Adds the names, or as many question marks, to `sql`. */
static void list_columns(sqlite3_str *sql, const struct column *columns, size_t count,
                         bool is_marks)
{
	for (size_t i = 0; i < count; i++) {
		sqlite3_str_appendf(sql, "%s%s", i ? "," : "",
		                    is_marks ? "?" : columns[i].name);
	}
}

static int prepare_insert(struct history *history, const char *table,
                          const struct column *columns, size_t count, const char *extra,
                          sqlite3_stmt **ret)
{
	sqlite3_str *text = sqlite3_str_new(history->db);
	char *sql;
	int r;

	sqlite3_str_appendf(text, "INSERT INTO %s(", table);
	list_columns(text, columns, count, false);
	sqlite3_str_appendf(text, "%s%s)VALUES(", extra ? "," : "", extra ? extra : "");
	list_columns(text, columns, count, true);
	sqlite3_str_appendf(text, "%s)", extra ? ",?" : "");
	sql = sqlite3_str_finish(text);
	if (!sql) {
		return -ENOMEM;
	}
	r = prepare(history, sql, ret);
	sqlite3_free(sql);
	return r;
}

static int insert(sqlite3_stmt *stmt, const struct column *columns, size_t count,
                  const void *record)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++) {
		r = error_from(bind_column(stmt, (int)i + 1, &columns[i], record));
	}
	if (r == 0) {
		r = error_from(sqlite3_step(stmt));
	}
	sqlite3_reset(stmt);
	return r;
}

/* ---- reading a record: false when a value is none that we write ---- */

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

static bool octets_put_exactly(uint8_t *at, size_t room, const void *value, size_t len,
                               bool is_text)
{
	if (!value || (is_text ? len >= room : len != room)) {
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

/* Columns from 0 on.  `record` is zero before. */
static bool read_record(sqlite3_stmt *stmt, const struct column *columns, size_t count,
                        void *record)
{
	uint8_t *octets = record;
	size_t gate = GATE_NONE;
	bool is_open = true;

	for (size_t i = 0; i < count; i++) {
		if (columns[i].gate != gate) {
			gate = columns[i].gate;
			is_open = gate == GATE_NONE ||
			          sqlite3_column_type(stmt, (int)i) != SQLITE_NULL;
			if (gate != GATE_NONE) {
				octets[gate] = is_open;
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
		octets[gate] = 0;
	}
	return true;
}

static int prepare_select(struct history *history, const struct column *columns,
                          size_t count, const char *rest, sqlite3_stmt **ret)
{
	sqlite3_str *text = sqlite3_str_new(history->db);
	char *sql;
	int r;

	sqlite3_str_appendall(text, "SELECT ");
	list_columns(text, columns, count, false);
	sqlite3_str_appendf(text, " %s", rest);
	sql = sqlite3_str_finish(text);
	if (!sql) {
		return -ENOMEM;
	}
	r = prepare(history, sql, ret);
	sqlite3_free(sql);
	return r;
}

/* ---- opening ---- */

PRINTF_LIKE(2, 3) static void say(char *warning, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(warning, HISTORY_WARNING_ROOM, format, args);
	va_end(args);
}

/* The files beside the store are SQLite's, which would follow what it finds there. */
static int check_side_files(const struct history *history)
{
	for (size_t i = 0; i < COUNT_OF(side_files); i++) {
		int fd = state_dir_open_file(history->dir_fd, side_files[i], O_RDONLY, 0,
		                             HISTORY_SIZE_MAX);

		if (fd >= 0) {
			close(fd);
		} else if (fd != -ENOENT) {
			return fd;
		}
	}
	return 0;
}

/* The file's first octets, before any library looks at it. */
static int check_header(int fd)
{
	static const uint8_t magic[16] = "SQLite format 3";
	uint8_t header[HEADER_OCTETS];
	struct octets_reader in;
	uint32_t id;
	ssize_t len;

	len = pread(fd, header, sizeof(header), 0);
	if (len < 0) {
		return -errno;
	}
	if (len == 0) {
		return 0; /* just made */
	}
	if (len != HEADER_OCTETS || memcmp(header, magic, sizeof(magic)) != 0) {
		return -EUCLEAN;
	}
	in = octets_read_from(header + APPLICATION_ID_AT, 4);
	id = octets_get_u32(&in);
	/* Zero: ours may be so while its beginning lies in the -wal file alone. */
	return id == 0 || id == (uint32_t)HISTORY_APPLICATION_ID ? 0 : -EEXIST;
}

/* Whether this is a file to open at all.  Nothing is open afterwards: closing any
 * descriptor of the file later would take SQLite's locks on it away. */
static int check_file(struct history *history)
{
	const bool may_write = history->settings.may_write;
	struct stat st = { 0 };
	int fd, r;

	history->is_read_only = !may_write;
	fd = state_dir_open_file(history->dir_fd, HISTORY_FILE,
	                         may_write ? O_RDWR | O_CREAT : O_RDONLY, 0644,
	                         HISTORY_SIZE_MAX);
	if (may_write && (fd == -EACCES || fd == -EROFS)) {
		history->is_read_only = true;
		fd = state_dir_open_file(history->dir_fd, HISTORY_FILE, O_RDONLY, 0,
		                         HISTORY_SIZE_MAX);
	}
	if (fd < 0) {
		return fd;
	}
	r = fstat(fd, &st) < 0 ? -errno : check_header(fd);
	history->device = st.st_dev;
	history->inode = st.st_ino;
	close(fd);
	return r < 0 ? r : check_side_files(history);
}

/* A database that its last user closed has no files beside it, and one that may not make
 * them cannot read it unless it says that nobody writes. */
static int open_read_only(struct history *history, bool is_immutable)
{
	char uri[PATH_ROOM * 3 + 32];
	char *to = uri;
	int code;

	to += snprintf(to, 6, "file:");
	for (const char *from = history->path; *from; from++) {
		const bool is_plain = *from == '/' || *from == '.' || *from == '-' ||
		                      *from == '_' || (*from >= '0' && *from <= '9') ||
		                      (*from >= 'a' && *from <= 'z') ||
		                      (*from >= 'A' && *from <= 'Z');

		if (is_plain) {
			*to++ = *from;
		} else {
			to += snprintf(to, 4, "%%%02X", (unsigned)(unsigned char)*from);
		}
	}
	snprintf(to, 32, "?mode=ro%s", is_immutable ? "&immutable=1" : "");
	code = sqlite3_open_v2(uri, &history->db,
	                       SQLITE_OPEN_READONLY | SQLITE_OPEN_URI |
	                               SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX,
	                       NULL);
	return error_from(code);
}

static int open_database(struct history *history, bool is_immutable)
{
	static const char settings[] = "PRAGMA trusted_schema=OFF;"
				       "PRAGMA cell_size_check=ON;"
				       "PRAGMA mmap_size=0;"
				       "PRAGMA temp_store=MEMORY;"
				       "PRAGMA synchronous=FULL;";
	char pages[64];
	int r;

	if (history->is_read_only) {
		r = open_read_only(history, is_immutable);
	} else {
		r = error_from(sqlite3_open_v2(
			history->path, &history->db,
			SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX,
			NULL));
	}
	if (r < 0) {
		return r;
	}
	sqlite3_extended_result_codes(history->db, 1);
	sqlite3_busy_timeout(history->db, BUSY_MS);
	sqlite3_db_config(history->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_limit(history->db, SQLITE_LIMIT_LENGTH, VALUE_MAX);
	sqlite3_limit(history->db, SQLITE_LIMIT_ATTACHED, 0);
	r = run_sql(history, settings);
	if (r == 0 && !history->is_read_only) {
		snprintf(pages, sizeof(pages), "PRAGMA max_page_count=%" PRId64,
		         HISTORY_SIZE_MAX / PAGE_OCTETS);
		r = run_sql(history, pages);
	}
	return r;
}

/* *ret: -1 for a file that nobody has written to yet. */
static int ask_version(struct history *history, int64_t *ret)
{
	int64_t id, version, tables;
	int r;

	r = ask_integer(history, "PRAGMA application_id", &id);
	if (r == 0) {
		r = ask_integer(history, "PRAGMA user_version", &version);
	}
	if (r == 0) {
		r = ask_integer(history, "SELECT count(*) FROM sqlite_master", &tables);
	}
	if (r < 0) {
		return r;
	}
	if (id == 0 && version == 0 && tables == 0) {
		*ret = -1;
		return 0;
	}
	if (id != HISTORY_APPLICATION_ID) {
		return -EEXIST;
	}
	if (version > HISTORY_SCHEMA) {
		return -EPROTONOSUPPORT;
	}
	if (version < 1) {
		return -EUCLEAN;
	}
	*ret = version;
	return 0;
}

/* One transaction from any version to ours.  Asked anew inside: another run may have been
 * faster. */
static int migrate(struct history *history)
{
	char text[96];
	int64_t version;
	int r;

	r = run_sql(history, "BEGIN IMMEDIATE");
	if (r < 0) {
		return r;
	}
	r = ask_version(history, &version);
	for (int64_t i = version < 0 ? 0 : version; r == 0 && i < HISTORY_SCHEMA; i++) {
		r = run_sql(history, schema_steps[i]);
	}
	if (r == 0) {
		snprintf(text, sizeof(text),
		         "PRAGMA application_id=%" PRId64 ";PRAGMA user_version=%d",
		         HISTORY_APPLICATION_ID, HISTORY_SCHEMA);
		r = run_sql(history, text);
	}
	/* After an error the file is closed, which undoes what was begun. */
	return r == 0 ? run_sql(history, "COMMIT") : r;
}

static void close_database(struct history *history)
{
	sqlite3_close_v2(history->db);
	history->db = NULL;
}

static int open_store(struct history *history)
{
	int64_t version;
	int r;

	r = check_file(history);
	if (r < 0) {
		return r;
	}
	r = open_database(history, false);
	if (r == 0) {
		r = ask_version(history, &version);
	}
	/* EROFS: a left -wal file without its -shm. */
	if ((r == -EACCES || r == -EROFS) && history->is_read_only) {
		close_database(history);
		r = open_database(history, true);
		if (r == 0) {
			r = ask_version(history, &version);
		}
	}
	if (r < 0) {
		return r;
	}
	if (history->is_read_only) {
		/* An older version is not worth a second set of statements. */
		return version == HISTORY_SCHEMA ? 0 : -ENOENT;
	}
	/* Where it cannot be had (another run is looking, a network's file system), the
	 * older kind of journal does as well. */
	(void)run_sql(history, "PRAGMA journal_mode=WAL");
	return version == HISTORY_SCHEMA ? 0 : migrate(history);
}

/* Moves the damaged file aside, if it still is the one that was open. */
static int put_aside(struct history *history)
{
	struct stat st;

	if (fstatat(history->dir_fd, HISTORY_FILE, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		return errno == ENOENT ? 0 : -errno;
	}
	if (st.st_dev != history->device || st.st_ino != history->inode) {
		return 0;
	}
	if (renameat(history->dir_fd, HISTORY_FILE, history->dir_fd, HISTORY_CORRUPT_FILE) <
	    0) {
		return -errno;
	}
	/* They belong to the old file.  SQLite drops them beside an empty one; so does this,
	 * whatever it finds. */
	for (size_t i = 0; i < COUNT_OF(side_files); i++) {
		(void)unlinkat(history->dir_fd, side_files[i], 0);
	}
	return 0;
}

int history_reset(struct history *history)
{
	int r;

	if (history->is_read_only) {
		return -EROFS;
	}
	close_database(history);
	r = put_aside(history);
	return r < 0 ? r : open_store(history);
}

static void explain(const struct history *history, int error, char *warning)
{
	const char *text = state_dir_error_text(error);

	if (error == -EEXIST) {
		text = "it is another program's";
	} else if (error == -EPROTONOSUPPORT) {
		text = "a newer version wrote it";
	}
	say(warning, "%.120s is not used: %s", history->path, text);
}

/* `settings` and the directory are known.  Fills `warning`. */
static int open_or_reset(struct history *history, char *warning)
{
	int r;

	r = open_store(history);
	if (r == -EUCLEAN && !history->is_read_only) {
		r = history_reset(history);
		if (r == 0) {
			say(warning,
			    "%.120s was damaged: it is now " HISTORY_CORRUPT_FILE
			    ", and a new one is begun",
			    history->path);
			return 0;
		}
	}
	if (r < 0) {
		explain(history, r, warning);
	}
	return r;
}

int history_open(const char *state_dir, const struct history_settings *settings,
                 struct history **ret, char *warning)
{
	struct history *history;
	char *real = NULL;
	int r;

	warning[0] = '\0';
	history = calloc(1, sizeof(*history));
	if (!history) {
		say(warning, "the history is not used: %s", strerror(ENOMEM));
		return -ENOMEM;
	}
	history->settings = *settings;
	history->dir_fd =
		state_dir_open(state_dir, settings->may_write && settings->may_create);
	if (history->dir_fd < 0) {
		r = history->dir_fd;
		say(warning, "%.120s is not used: %s", state_dir, state_dir_error_text(r));
		goto out;
	}
	/* SQLite is told to follow no link at all, wherever in the path. */
	real = realpath(state_dir, NULL);
	if (!real) {
		r = -errno;
		say(warning, "%.120s is not used: %s", state_dir, strerror(-r));
		goto out;
	}
	snprintf(history->path, sizeof(history->path), "%s/" HISTORY_FILE, real);
	r = open_or_reset(history, warning);
	if (r == 0) {
		*ret = history;
		history = NULL;
	}
out:
	free(real);
	history_close(history);
	return r;
}

void history_close(struct history *history)
{
	if (!history) {
		return;
	}
	close_database(history);
	if (history->dir_fd >= 0) {
		close(history->dir_fd);
	}
	free(history);
}

/* ---- loading ---- */

static int load_runs(struct history *history, const char *rest, struct run_record *ret,
                     size_t room, size_t *ret_count)
{
	sqlite3_stmt *stmt = NULL;
	struct run_record record;
	size_t count = 0;
	int code, r;

	r = prepare_select(history, run_columns, COUNT_OF(run_columns), rest, &stmt);
	if (r < 0) {
		return r;
	}
	sqlite3_bind_int64(stmt, 1, (int64_t)room);
	while ((code = sqlite3_step(stmt)) == SQLITE_ROW && count < room) {
		memset(&record, 0, sizeof(record));
		if (read_record(stmt, run_columns, COUNT_OF(run_columns), &record) &&
		    run_record_is_sane(&record)) {
			ret[count++] = record;
		}
	}
	r = error_from(code);
	sqlite3_finalize(stmt);
	if (r == 0) {
		*ret_count = count;
	}
	return r;
}

int history_load_runs(struct history *history, struct run_record *ret, size_t room,
                      size_t *ret_count)
{
	return load_runs(history,
	                 "FROM run WHERE id IN(SELECT id FROM run ORDER BY id DESC LIMIT ?)"
	                 " ORDER BY id",
	                 ret, room, ret_count);
}

int history_load_set_runs(struct history *history, struct run_record *ret, size_t room,
                          size_t *ret_count)
{
	return load_runs(history,
	                 "FROM run WHERE id IN(SELECT id FROM run"
	                 " WHERE verb='set' AND is_dry=0 ORDER BY id DESC LIMIT ?)"
	                 " ORDER BY id",
	                 ret, room, ret_count);
}

int history_load_sources(struct history *history, size_t back, struct source_record *ret,
                         size_t room, size_t *ret_count)
{
	sqlite3_stmt *stmt = NULL;
	struct source_record record;
	size_t count = 0;
	int code, r;

	r = prepare_select(history, source_columns, COUNT_OF(source_columns),
	                   "FROM source WHERE run="
	                   "(SELECT id FROM run ORDER BY id DESC LIMIT 1 OFFSET ?)"
	                   " ORDER BY id",
	                   &stmt);
	if (r < 0) {
		return r;
	}
	sqlite3_bind_int64(stmt, 1, (int64_t)back);
	while ((code = sqlite3_step(stmt)) == SQLITE_ROW && count < room) {
		memset(&record, 0, sizeof(record));
		if (!read_record(stmt, source_columns, COUNT_OF(source_columns), &record)) {
			continue;
		}
		record.address.port = (uint16_t)record.port;
		if (source_record_is_sane(&record)) {
			ret[count++] = record;
		}
	}
	r = error_from(code);
	sqlite3_finalize(stmt);
	if (r == 0) {
		*ret_count = count;
	}
	return r;
}

int history_load_floor(struct history *history, struct instant *ret)
{
	int64_t wall_ns, offset_ns, bound_ns;
	sqlite3_stmt *stmt = NULL;
	int code, r;

	r = prepare(history,
	            "SELECT wall_ns,offset_ns,bound_ns FROM run WHERE status='ok'"
	            " AND verb='set' AND is_dry=0 AND offset_ns IS NOT NULL AND "
	            "bound_ns>=0 ORDER BY id DESC LIMIT 1",
	            &stmt);
	if (r < 0) {
		return r;
	}
	code = sqlite3_step(stmt);
	r = code == SQLITE_DONE ? -ENOENT : error_from(code);
	if (r == 0) {
		wall_ns = sqlite3_column_int64(stmt, 0);
		offset_ns = sqlite3_column_int64(stmt, 1);
		bound_ns = sqlite3_column_int64(stmt, 2);
		ret->unix_ns = ns_add(ns_add(wall_ns, offset_ns),
		                      bound_ns < 0 ? INT64_MIN : -bound_ns);
	}
	sqlite3_finalize(stmt);
	return r;
}

/* address, port, code, count, since, until */
#define KISS_COLUMNS "address,port,code,count,since_wall_ns,until_wall_ns"

static bool read_kiss(sqlite3_stmt *stmt, struct kiss_record *ret)
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
                        struct kiss_record *ret, size_t room, size_t *ret_count)
{
	sqlite3_stmt *stmt = NULL;
	struct kiss_record kiss;
	size_t count = 0;
	int code, r;

	r = prepare(history, "SELECT " KISS_COLUMNS " FROM kiss ORDER BY id DESC", &stmt);
	if (r < 0) {
		return r;
	}
	while ((code = sqlite3_step(stmt)) == SQLITE_ROW && count < room) {
		if (read_kiss(stmt, &kiss) && kiss_record_holds(&kiss, now)) {
			ret[count++] = kiss;
		}
	}
	r = error_from(code);
	sqlite3_finalize(stmt);
	if (r == 0) {
		*ret_count = count;
	}
	return r;
}

int history_load_state(struct history *history, const char *key, void *buf, size_t room,
                       size_t *ret_len)
{
	sqlite3_stmt *stmt = NULL;
	size_t len;
	int code, r;

	r = prepare(history, "SELECT value FROM state WHERE key=?", &stmt);
	if (r < 0) {
		return r;
	}
	sqlite3_bind_text(stmt, 1, key, -1, SQLITE_STATIC);
	code = sqlite3_step(stmt);
	r = code == SQLITE_DONE ? -ENOENT : error_from(code);
	if (r == 0) {
		const void *value = sqlite3_column_blob(stmt, 0);

		len = (size_t)sqlite3_column_bytes(stmt, 0);
		if (len > room) {
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

/* ---- storing ---- */

static int find_kiss(struct history *history, const char *address, uint32_t port,
                     struct kiss_record *ret)
{
	sqlite3_stmt *stmt = NULL;
	int code, r;

	r = prepare(history, "SELECT " KISS_COLUMNS " FROM kiss WHERE address=? AND port=?",
	            &stmt);
	if (r < 0) {
		return r;
	}
	sqlite3_bind_text(stmt, 1, address, -1, SQLITE_STATIC);
	sqlite3_bind_int64(stmt, 2, port);
	code = sqlite3_step(stmt);
	r = error_from(code);
	if (r == 0 && (code != SQLITE_ROW || !read_kiss(stmt, ret))) {
		r = -ENOENT;
	}
	sqlite3_finalize(stmt);
	return r;
}

static int put_kiss(struct history *history, const char *address, uint32_t port,
                    const struct kiss_record *kiss)
{
	const char *sql = kiss ? "INSERT OR REPLACE INTO kiss(" KISS_COLUMNS
	                         ")VALUES(?,?,?,?,?,?)"
	                       : "DELETE FROM kiss WHERE address=? AND port=?";
	sqlite3_stmt *stmt = NULL;
	int r;

	r = prepare(history, sql, &stmt);
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
	r = error_from(sqlite3_step(stmt));
	sqlite3_finalize(stmt);
	return r;
}

static int store_kiss(struct history *history, const struct source_record *source,
                      struct instant now)
{
	struct kiss_record known, next;
	char address[ADDRESS_TEXT_ROOM];
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
	has_next = kiss_record_next(r == 0 ? &known : NULL, source, now, &next);
	if (!has_next && r == -ENOENT) {
		return 0;
	}
	return put_kiss(history, address, source->port, has_next ? &next : NULL);
}

static int store_sources(struct history *history, int64_t run,
                         const struct source_record *sources, size_t count,
                         struct instant end)
{
	sqlite3_stmt *stmt = NULL;
	int r;

	if (count > HISTORY_SOURCES_PER_RUN_MAX) {
		count = HISTORY_SOURCES_PER_RUN_MAX;
	}
	r = prepare_insert(history, "source", source_columns, COUNT_OF(source_columns),
	                   "run", &stmt);
	for (size_t i = 0; r == 0 && i < count; i++) {
		sqlite3_bind_int64(stmt, (int)COUNT_OF(source_columns) + 1, run);
		r = insert(stmt, source_columns, COUNT_OF(source_columns), &sources[i]);
		if (r == 0) {
			r = store_kiss(history, &sources[i], end);
		}
	}
	sqlite3_finalize(stmt);
	return r;
}

/* What the true time makes too old.  Runs go from the old end on: clocks that stood wrong
 * have left some of strange dates in between.  How often a server had to say that it is
 * asked too often counts for a week. */
static int prune_by_age(struct history *history, struct instant now)
{
	static const char runs[] =
		"DELETE FROM run WHERE id<(SELECT id FROM run WHERE wall_ns BETWEEN ? AND ?"
		" ORDER BY id LIMIT 1)";
	static const char kisses[] =
		"DELETE FROM kiss WHERE since_wall_ns NOT BETWEEN ? AND ?";
	const int64_t day_ns = 86400 * NS_PER_S;
	const int64_t ahead_ns = ns_add(now.unix_ns, day_ns);
	int r;

	r = run_with(history, runs, instant_add_ns(now, -history->settings.keep_ns).unix_ns,
	             ahead_ns);
	return r < 0 ? r
	             : run_with(history, kisses, ns_add(now.unix_ns, -7 * day_ns),
	                        ahead_ns);
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
		r = run_with(history, steps[i].sql, steps[i].most, 0);
	}
	return r;
}

static int store_all(struct history *history, const struct run_record *run,
                     const struct source_record *sources, size_t count)
{
	const struct instant end = run_record_end(run);
	sqlite3_stmt *stmt = NULL;
	int64_t id = 0;
	int r;

	r = prepare_insert(history, "run", run_columns, COUNT_OF(run_columns), NULL, &stmt);
	if (r == 0) {
		r = insert(stmt, run_columns, COUNT_OF(run_columns), run);
		id = sqlite3_last_insert_rowid(history->db);
	}
	sqlite3_finalize(stmt);
	if (r == 0) {
		r = store_sources(history, id, sources, count, end);
	}
	/* Without an answer nobody knows what is old. */
	if (r == 0 && run->has_answer && run->status == RUN_OK) {
		r = prune_by_age(history, instant_add_ns(run->at, run->offset_ns));
	}
	return r == 0 ? prune_by_count(history) : r;
}

int history_store(struct history *history, const struct run_record *run,
                  const struct source_record *sources, size_t count)
{
	int r;

	if (history->is_read_only) {
		return -EROFS;
	}
	r = run_sql(history, "BEGIN IMMEDIATE");
	if (r < 0) {
		return r;
	}
	r = store_all(history, run, sources, count);
	if (r == 0) {
		r = run_sql(history, "COMMIT");
	}
	if (r < 0) {
		(void)run_sql(history, "ROLLBACK"); /* which it may have done itself */
	}
	return r;
}

int history_store_state(struct history *history, const char *key, const void *buf,
                        size_t len)
{
	sqlite3_stmt *stmt = NULL;
	int r;

	if (history->is_read_only) {
		return -EROFS;
	}
	if (len > HISTORY_STATE_MAX) {
		return -EMSGSIZE;
	}
	r = prepare(history, "INSERT OR REPLACE INTO state(key,value)VALUES(?,?)", &stmt);
	if (r < 0) {
		return r;
	}
	sqlite3_bind_text(stmt, 1, key, -1, SQLITE_STATIC);
	if (len == 0) {
		sqlite3_bind_zeroblob(stmt, 2, 0);
	} else {
		sqlite3_bind_blob(stmt, 2, buf, (int)len, SQLITE_STATIC);
	}
	r = error_from(sqlite3_step(stmt));
	sqlite3_finalize(stmt);
	return r;
}
