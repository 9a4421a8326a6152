/* SPDX-License-Identifier: MIT
 *
 * The tables of the history, and the migration of older files.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "io/store/history_private.h"

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

	/* Fields that older runs lack read as 0: not known. */
	"ALTER TABLE run ADD COLUMN after_wall_ns INTEGER DEFAULT 0;"
	"ALTER TABLE run ADD COLUMN tick_before INTEGER DEFAULT 0;"
	"ALTER TABLE run ADD COLUMN tick_after INTEGER DEFAULT 0;",

	"CREATE TABLE silent("
	" name TEXT NOT NULL, port INTEGER NOT NULL, since_wall_ns INTEGER NOT NULL,"
	" asked_wall_ns INTEGER NOT NULL, PRIMARY KEY(name, port)) WITHOUT ROWID;",

	"ALTER TABLE source ADD COLUMN authentication INTEGER DEFAULT 0;",
};

static int ask_version(struct history *history)
{
	int64_t id = 0, version = 0, tables = 0;
	int r = history_sql_ask(history, "PRAGMA application_id", &id);

	if (r == 0) {
		r = history_sql_ask(history, "PRAGMA user_version", &version);
	}
	if (r == 0) {
		r = history_sql_ask(history, "SELECT count(*) FROM sqlite_master", &tables);
	}
	if (r < 0) {
		return r;
	}
	if (id == 0 && version == 0 && tables == 0) {
		history->version = -1;
		return 0;
	}
	if (id != HISTORY_APPLICATION_ID) {
		return -EEXIST;
	}
	history->version = version;
	if (version > HISTORY_SCHEMA) {
		return -EPROTONOSUPPORT;
	}
	if (version < 1) {
		return -EUCLEAN;
	}
	return 0;
}

int history_schema_version(struct history *history)
{
	int r = history_sql_run(history, "BEGIN");

	if (r == 0) {
		r = ask_version(history);
	}
	/* After an error the file is closed. */
	return r == 0 ? history_sql_run(history, "COMMIT") : r;
}

/* Reads the version again within the transaction: another run may have been faster. */
int history_schema_migrate(struct history *history)
{
	char text[96];
	int r = history_sql_run(history, "BEGIN IMMEDIATE");

	if (r < 0) {
		return r;
	}
	r = ask_version(history);
	for (int64_t i = history->version < 0 ? 0 : history->version;
	     r == 0 && i < HISTORY_SCHEMA; i++) {
		r = history_sql_run(history, schema_steps[i]);
	}
	if (r == 0) {
		snprintf(text, sizeof(text),
		         "PRAGMA application_id=%" PRId64 ";PRAGMA user_version=%d",
		         HISTORY_APPLICATION_ID, HISTORY_SCHEMA);
		r = history_sql_run(history, text);
	}
	/* After an error the file is closed, which rolls back the transaction. */
	return r == 0 ? history_sql_run(history, "COMMIT") : r;
}
