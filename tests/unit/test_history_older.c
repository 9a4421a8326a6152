/* SPDX-License-Identifier: MIT
 *
 * Histories written by earlier versions (tests/data/history): each is read unchanged where
 * it may not be written, and migrated where it may, without loss.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/store/history.h"
#include "scratch.h"

/* Version 1 was never in a release; test_history.c has its text. */
enum { SCHEMA_FIRST = 2, RUNS = 8, SIZE = 64, FILE_SIZE = 1 << 17 };

static char root[4096];
static char warning[HISTORY_WARNING_SIZE];
static const struct history_settings writes = { .may_write = true,
	                                        .keep_ns = HISTORY_KEEP_NS };
static const struct history_settings looks = { .keep_ns = HISTORY_KEEP_NS };
static const struct history_settings looks_at_anyones = { .is_anyones = true };

static int set_up(void **state)
{
	(void)state;
	umask(022);
	return getcwd(root, sizeof(root)) && scratch_enter() && mkdir("d", 0755) == 0 ? 0
	                                                                              : -1;
}

static int tear_down(void **state)
{
	(void)state;
	return scratch_leave();
}

static size_t file_read(const char *path, char *buf)
{
	FILE *file = fopen(path, "re");
	size_t len;

	if (!file) {
		return 0;
	}
	len = fread(buf, 1, FILE_SIZE, file);
	fclose(file);
	return len;
}

/* Writes d/history.db; its content is in `octets`. */
static size_t put_file(int version, char *octets)
{
	char path[sizeof(root) + 64];
	size_t len;
	FILE *file;

	snprintf(path, sizeof(path), "%s/tests/data/history/schema-%d.db", root, version);
	len = file_read(path, octets);
	if (len == 0) {
		fail_msg("%s is missing: tests/data/README.md says how a schema gets its "
		         "file",
		         path);
	}
	file = fopen("d/history.db", "we");
	assert_non_null(file);
	assert_int_equal(fwrite(octets, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
	return len;
}

/* Another program uses the file. */
static int64_t sql(const char *text)
{
	sqlite3_stmt *stmt = NULL;
	sqlite3 *db = NULL;
	int64_t value = -1;

	assert_int_equal(sqlite3_open("d/history.db", &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, text, -1, &stmt, NULL), SQLITE_OK);
	if (sqlite3_step(stmt) == SQLITE_ROW) {
		value = sqlite3_column_int64(stmt, 0);
	}
	assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return value;
}

static int load_runs(struct history *history, struct run_record *ret, size_t *ret_count)
{
	const struct history_choice all = { .since = { INT64_MIN } };
	int64_t numbers[SIZE];
	size_t invalid_count;

	return history_load_chosen(history, &all, ret, numbers, SIZE, ret_count,
	                           &invalid_count);
}

/* The runs recorded in every file: four runs of `set --every`, of which the first steps,
 * then slews; a dry run, a query, a query without an answer. */
static void history_is_whole(struct history *history)
{
	const struct history_choice all = { .since = { INT64_MIN } };
	struct source_record sources[SIZE];
	struct run_record runs[SIZE];
	int64_t numbers[SIZE];
	size_t count = 0, invalid_count = 99;

	assert_int_equal(history_load_chosen(history, &all, runs, numbers, SIZE, &count,
	                                     &invalid_count),
	                 0);
	assert_int_equal(count, RUNS);
	assert_int_equal(invalid_count, 0);
	for (size_t i = 0; i < RUNS; i++) {
		const bool is_set = i < 6;

		assert_int_equal(runs[i].verb, is_set ? RUN_VERB_SET : RUN_VERB_QUERY);
		assert_int_equal(runs[i].is_dry, i == 5);
		assert_int_equal(runs[i].has_answer, i < 7);
		assert_int_equal(runs[i].has_plan, is_set);
		assert_int_equal(runs[i].has_kernel, 1);
		assert_int_equal(runs[i].status, i < 7 ? RUN_OK : RUN_NO_ANSWER);
		assert_int_equal(runs[i].applied_action, i == 0  ? PLAN_STEP
		                                         : i < 5 ? PLAN_SLEW
		                                                 : PLAN_NONE);
		assert_string_equal(runs[i].version, "0.1.0");
		assert_int_equal(history_load_run_sources(history, numbers[i], sources,
		                                          SIZE, &count),
		                 0);
		assert_int_equal(count, 1);
		assert_int_equal(sources[0].has_estimate, i < 7);
		assert_string_equal(sources[0].name, "127.0.0.1");
	}
	assert_int_equal(runs[0].plan_reason, PLAN_LARGE);
	assert_int_equal(runs[4].plan_reason, PLAN_ADVISED);
	assert_true(runs[0].offset_ns > 3 * NS_PER_S);
	assert_true(runs[4].frequency_after_ppb > 40000);
}

/* As the discipline reads it. */
static void set_runs_are_known(struct history *history)
{
	struct run_record runs[SIZE], trusted;
	struct kod_holdoff kisses[SIZE];
	struct silent_server silent[SIZE];
	size_t count = 0;

	assert_int_equal(history_load_set_runs(history, runs, SIZE, &count), 0);
	assert_int_equal(count, 5);
	assert_int_equal(history_load_trusted(history, &trusted), 0);
	assert_int_equal(trusted.at.unix_ns, runs[4].at.unix_ns);
	assert_int_equal(history_load_kisses(history, trusted.at, kisses, SIZE, &count), 0);
	assert_int_equal(count, 0);
	assert_int_equal(history_load_silent(history, trusted.at, silent, SIZE, &count), 0);
}

static void snapshot_is_known(struct history *history, int64_t len)
{
	uint8_t buf[8192];
	size_t got = 0;

	if (len > 0) {
		assert_int_equal(
			history_load_state(history, "learnt", buf, sizeof(buf), &got), 0);
		assert_int_equal(got, len);
	} else {
		assert_int_equal(
			history_load_state(history, "learnt", buf, sizeof(buf), &got),
			-ENOENT);
	}
}

static void each_is_read_as_it_stands(void **state)
{
	static char before[FILE_SIZE], after[FILE_SIZE];
	const struct history_settings *const ways[] = { &looks, &looks_at_anyones };
	struct stat st;

	(void)state;
	for (int version = SCHEMA_FIRST; version <= HISTORY_SCHEMA; version++) {
		for (size_t i = 0; i < COUNT_OF(ways); i++) {
			const size_t len = put_file(version, before);
			const int64_t snapshot =
				sql("SELECT length(value) FROM state WHERE key='learnt'");
			struct history *history = NULL;
			struct run_record run;

			assert_int_equal(sql("PRAGMA user_version"), version);
			assert_int_equal(history_open("d", ways[i], &history, warning), 0);
			assert_string_equal(warning, "");
			history_is_whole(history);
			set_runs_are_known(history);
			snapshot_is_known(history, snapshot);
			memset(&run, 0, sizeof(run));
			assert_int_equal(history_store(history, &run, NULL, 0, NULL),
			                 -EROFS);
			history_close(history);
			assert_int_equal(file_read("d/history.db", after), len);
			assert_memory_equal(before, after, len);
			/* A reader of its own state directory may share an index with a
			 * writer. */
			if (ways[i] == &looks_at_anyones) {
				assert_int_equal(stat("d/history.db-wal", &st), -1);
				assert_int_equal(stat("d/history.db-journal", &st), -1);
			}
			(void)unlink("d/history.db-wal");
			(void)unlink("d/history.db-shm");
		}
	}
}

static void each_is_migrated(void **state)
{
	static char octets[FILE_SIZE];

	(void)state;
	for (int version = SCHEMA_FIRST; version <= HISTORY_SCHEMA; version++) {
		struct history *history = NULL;
		struct run_record run;
		int64_t snapshot;

		(void)put_file(version, octets);
		snapshot = sql("SELECT length(value) FROM state WHERE key='learnt'");
		assert_int_equal(history_open("d", &writes, &history, warning), 0);
		assert_string_equal(warning, "");
		history_is_whole(history);
		set_runs_are_known(history);
		snapshot_is_known(history, snapshot);
		assert_int_equal(history_load_trusted(history, &run), 0);
		assert_int_equal(history_store(history, &run, NULL, 0, NULL), 0);
		history_close(history);
		assert_int_equal(sql("PRAGMA user_version"), HISTORY_SCHEMA);
		assert_int_equal(sql("SELECT count(*) FROM run"), RUNS + 1);
		assert_int_equal(sql("SELECT count(*) FROM pragma_integrity_check"
		                     " WHERE integrity_check='ok'"),
		                 1);
	}
}

/* Also one left by a killed writer, its latest runs only in the -wal file. */
static void an_older_wal_is_read(void **state)
{
	static char octets[FILE_SIZE];
	struct history *history = NULL;
	int status = 0;
	pid_t pid;

	(void)state;
	(void)put_file(SCHEMA_FIRST, octets);
	pid = fork();
	if (pid == 0) {
		sqlite3 *db = NULL;

		_exit(sqlite3_open("d/history.db", &db) != SQLITE_OK ||
		      sqlite3_exec(db, "UPDATE run SET exit_status=7 WHERE id=8", NULL,
		                   NULL, NULL) != SQLITE_OK);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	for (int i = 0; i < 2; i++) {
		struct run_record runs[SIZE];
		struct stat st;
		size_t count = 0;

		assert_int_equal(stat("d/history.db-wal", &st), 0);
		assert_true(st.st_size > 0);
		assert_int_equal(history_open("d", &looks_at_anyones, &history, warning),
		                 0);
		assert_int_equal(load_runs(history, runs, &count), 0);
		assert_int_equal(count, RUNS);
		assert_int_equal(runs[RUNS - 1].exit_status, 7);
		history_close(history);
		(void)unlink("d/history.db-shm");
	}
}

/* A file of a future version: reported with the way out, and left unchanged by reader and
 * writer. */
static void a_newer_one_is_left_alone(void **state)
{
	static char before[FILE_SIZE], after[FILE_SIZE];
	const struct history_settings *const ways[] = { &writes, &looks,
		                                        &looks_at_anyones };
	char schema[32];
	struct stat st;
	size_t len;

	(void)state;
	(void)put_file(HISTORY_SCHEMA, before);
	snprintf(schema, sizeof(schema), "PRAGMA user_version=%d", HISTORY_SCHEMA + 3);
	(void)sql(schema);
	(void)sql("PRAGMA journal_mode=DELETE");
	len = file_read("d/history.db", before);
	snprintf(schema, sizeof(schema), "schema %d, this one knows %d", HISTORY_SCHEMA + 3,
	         HISTORY_SCHEMA);
	for (size_t i = 0; i < COUNT_OF(ways); i++) {
		struct history *history = NULL;

		assert_int_equal(history_open("d", ways[i], &history, warning),
		                 -EPROTONOSUPPORT);
		assert_null(history);
		assert_non_null(strstr(warning, schema));
		assert_non_null(strstr(warning, "upgrade reqtime, or move the file away"));
		assert_int_equal(file_read("d/history.db", after), len);
		assert_memory_equal(before, after, len);
		assert_int_equal(stat("d/history.db.corrupt", &st), -1);
	}
}

/* An older file of another user with an endless table: given up like a current one. */
static void an_older_one_without_end_is_given_up(void **state)
{
	static char octets[FILE_SIZE];
	struct history *history = NULL;
	struct run_record runs[SIZE];
	size_t count = 0;
	int r;

	(void)state;
	(void)put_file(3, octets);
	(void)sql("ALTER TABLE run RENAME TO old");
	(void)sql(
		"CREATE VIEW run AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 "
		"FROM c) SELECT old.* FROM c,old");
	r = history_open("d", &looks_at_anyones, &history, warning);
	if (r == 0) {
		r = load_runs(history, runs, &count);
	}
	assert_int_equal(r, -EUCLEAN);
	history_close(history);
}

/* The texts in files outlive the sentences that people read: these are on disks, and never
 * change. */
static const char *const reason_words[PLAN_REASON_COUNT] = {
	"the offset is within its own bound",
	"the offset is below --step-above",
	"the offset is not below --step-above",
	"--step was given",
	"--slew was given",
	"the offset is beyond --refuse-above",
	"the servers' time lies before what is known to be past",
	"the servers' time lies after 2105",
	"a slew of that size would take months; --step would do it",
	"an announced leap second is less than a second away",
	"the bound itself is beyond --refuse-above",
	"past runs tell the clock's error more closely than this one",
	"what an earlier slew has still to do would lead out of the bound",
	"the offset back is beyond --refuse-back-above",
	"no drift since the last run explains it, and too few servers say so",
	"the servers' time lies before the release of this program",
	"another program keeps the clock",
};

static void every_reason_has_its_words(void **state)
{
	static char octets[FILE_SIZE];
	struct run_record runs[SIZE], run;
	struct history *history = NULL;
	char text[160];
	size_t count = 0;

	(void)state;
	(void)put_file(HISTORY_SCHEMA, octets);
	assert_int_equal(history_open("d", &writes, &history, warning), 0);
	assert_int_equal(history_load_trusted(history, &run), 0);
	for (uint32_t reason = 0; reason < PLAN_REASON_COUNT; reason++) {
		run.plan_reason = reason;
		assert_int_equal(history_store(history, &run, NULL, 0, NULL), 0);
	}
	assert_int_equal(load_runs(history, runs, &count), 0);
	history_close(history);
	assert_int_equal(count, RUNS + PLAN_REASON_COUNT);
	for (uint32_t reason = 0; reason < PLAN_REASON_COUNT; reason++) {
		assert_int_equal(runs[RUNS + reason].has_plan, 1);
		assert_int_equal(runs[RUNS + reason].plan_reason, reason);
		sqlite3_snprintf(sizeof(text), text,
		                 "SELECT count(*) FROM run WHERE id=%d AND plan_reason=%Q",
		                 (int)(RUNS + 1 + reason), reason_words[reason]);
		assert_int_equal(sql(text), 1);
	}
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_is_read_as_it_stands),
		TEST(each_is_migrated),
		TEST(an_older_wal_is_read),
		TEST(a_newer_one_is_left_alone),
		TEST(an_older_one_without_end_is_given_up),
		TEST(every_reason_has_its_words),
	};

	return cmocka_run_group_tests_name("history, older versions", tests, NULL, NULL);
}
