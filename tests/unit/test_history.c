/* SPDX-License-Identifier: MIT
 *
 * io/store/history: records are read back as written, and any damage to the file costs only
 * what was learnt.  Fault rows 67 to 70 and 75.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "io/store/history.h"
#include "scratch.h"

enum { STRANGER = 65533, SKIPPED = 77, SOURCES = 3, SIZE = 64 };
#define NOW_NS (INT64_C(1800000000) * NS_PER_S)
#define DAY_NS (86400 * NS_PER_S)

static const char *top;
static char warning[HISTORY_WARNING_SIZE];
static const struct history_settings settings = { .may_write = true,
	                                          .may_create = true,
	                                          .keep_ns = HISTORY_KEEP_NS };

static int set_up(void **state)
{
	(void)state;
	umask(022);
	top = scratch_enter();
	return top && mkdir("d", 0755) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	return scratch_leave();
}

static struct run_record a_run(int64_t number)
{
	struct run_record run;

	memset(&run, 0, sizeof(run));
	run.at.unix_ns = NOW_NS + number * 3600 * NS_PER_S;
	run.mono_ns = 1000 + number;
	run.boot_ns = 2000 + number;
	snprintf(run.boot_id, sizeof(run.boot_id), "00000000-0000-4000-8000-000000000000");
	snprintf(run.version, sizeof(run.version), "1.2.3");
	run.verb = RUN_VERB_SET;
	run.status = RUN_OK;
	run.agreeing_count = 3;
	run.asked_count = 4;
	run.has_answer = 1;
	run.leap = 1;
	run.sample_count = 12;
	run.offset_ns = -500 - number;
	run.bound_ns = 7000;
	run.delay_ns = 8000;
	run.jitter_ns = 900;
	run.has_plan = 1;
	run.plan_action = PLAN_SLEW;
	run.plan_reason = PLAN_SMALL;
	run.plan_by_ns = -500;
	run.applied_action = PLAN_SLEW;
	run.applied_by_ns = -499;
	run.has_kernel = 1;
	run.frequency_before_ppb = -12345;
	run.frequency_after_ppb = -12300;
	run.slew_before_ns = 17;
	run.slew_after_ns = -482;
	run.after.unix_ns = 1800000000123456789;
	run.tick_before = 10020;
	run.tick_after = 10000;
	run.max_error_ns = 1000000;
	run.estimated_error_ns = 2000;
	run.kernel_flags = RECORD_KERNEL_UNSYNCHRONISED | RECORD_KERNEL_LEAP_DELETE;
	return run;
}

static void address_is(struct source_record *source, const char *text, uint16_t port)
{
	memset(&source->address, 0, sizeof(source->address));
	assert_true(address_parse(text, &source->address));
	source->address.port = port;
	source->port = port;
}

static void three_sources(struct source_record *ret)
{
	memset(ret, 0, SOURCES * sizeof(*ret));
	for (int i = 0; i < SOURCES; i++) {
		snprintf(ret[i].name, sizeof(ret[i].name), "ntp%d.example", i);
		ret[i].scheme = (uint32_t)i;
		ret[i].status = (uint32_t)i + 1;
		ret[i].sent_count = 4;
		ret[i].received_count = 3;
		snprintf(ret[i].reason, sizeof(ret[i].reason), "it's \"%d\"", i);
	}
	address_is(&ret[0], "192.0.2.1", 123);
	address_is(&ret[1], "fe80::1%2", 10123);
	ret[1].has_header = 1;
	ret[1].leap = 3;
	ret[1].stratum = 15;
	memcpy(ret[1].refid, "G\0S\xff", 4);
	ret[1].root_delay_ns = 5;
	ret[1].root_dispersion_ns = 6;
	ret[1].has_estimate = 1;
	ret[1].offset_ns = -1;
	ret[1].bound_ns = 2;
	ret[1].delay_ns = 3;
	/* The third has no address: its name was never resolved. */
}

static struct history *opened(void)
{
	struct history *history = NULL;

	assert_int_equal(history_open("d", &settings, &history, warning), 0);
	assert_non_null(history);
	return history;
}

static void stored(struct history *history, int64_t number)
{
	const struct run_record run = a_run(number);
	struct source_record sources[SOURCES];

	three_sources(sources);
	assert_int_equal(history_store(history, &run, sources, SOURCES, NULL), 0);
}

/* The latest runs of every verb. */
static int load_runs(struct history *history, struct run_record *ret, size_t size,
                     size_t *ret_count)
{
	static int64_t numbers[HISTORY_RUNS_MAX + 10];
	const struct history_choice all = { .since = { INT64_MIN } };
	size_t invalid_count;

	return history_load_chosen(history, &all, ret, numbers, size, ret_count,
	                           &invalid_count);
}

static size_t run_count(struct history *history)
{
	static struct run_record runs[HISTORY_RUNS_MAX + 10];
	size_t count = 0;

	assert_int_equal(load_runs(history, runs, COUNT_OF(runs), &count), 0);
	return count;
}

/* A file with `count` runs in it, closed normally. */
static void a_history(int64_t count)
{
	struct history *history = opened();

	for (int64_t i = 0; i < count; i++) {
		stored(history, i);
	}
	history_close(history);
}

/* Another program uses the file: returns the first value of the first row. */
static int64_t sql(const char *path, const char *text)
{
	sqlite3_stmt *stmt = NULL;
	const char *rest = text;
	sqlite3 *db = NULL;
	int64_t value = -1;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	while (*rest) {
		assert_int_equal(sqlite3_prepare_v2(db, rest, -1, &stmt, &rest), SQLITE_OK);
		if (sqlite3_step(stmt) == SQLITE_ROW) {
			value = sqlite3_column_int64(stmt, 0);
		}
		assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
	}
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return value;
}

static bool is_valid(const char *path)
{
	sqlite3_stmt *stmt = NULL;
	sqlite3 *db = NULL;
	bool ok;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &stmt, NULL),
	                 SQLITE_OK);
	ok = sqlite3_step(stmt) == SQLITE_ROW &&
	     strcmp((const char *)sqlite3_column_text(stmt, 0), "ok") == 0;
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return ok;
}

/* ---- writing and reading ---- */

static void comes_out_as_it_went_in(void **state)
{
	struct source_record sources[SOURCES], back[SIZE];
	struct run_record runs[SIZE], bare, want;
	struct history *history = opened();
	size_t count = 0;

	(void)state;
	assert_string_equal(warning, "");
	assert_int_equal(run_count(history), 0);
	three_sources(sources);
	stored(history, 0);
	memset(&bare, 0, sizeof(bare)); /* nothing is known: NULL, not zero */
	bare.at.unix_ns = NOW_NS;
	bare.status = RUN_NO_ANSWER;
	bare.is_dry = 1;
	assert_int_equal(history_store(history, &bare, NULL, 0, NULL), 0);
	history_close(history);

	history = opened();
	assert_int_equal(load_runs(history, runs, SIZE, &count), 0);
	assert_int_equal(count, 2);
	want = a_run(0);
	assert_memory_equal(&runs[0], &want, sizeof(want));
	assert_memory_equal(&runs[1], &bare, sizeof(bare));
	assert_int_equal(history_load_sources_of(history, &runs[0], back, SIZE, &count), 0);
	assert_int_equal(count, SOURCES);
	assert_memory_equal(back, sources, sizeof(sources));
	assert_int_equal(history_load_sources_of(history, &runs[1], back, SIZE, &count), 0);
	assert_int_equal(count, 0);
	history_close(history);
	assert_int_equal(sql("d/history.db",
	                     "SELECT count(*) FROM run WHERE offset_ns IS NULL"
	                     " AND plan_action IS NULL"
	                     " AND frequency_before_ppb IS NULL"),
	                 1);
}

static void latest_oldest_first(void **state)
{
	struct history *history = opened();
	struct run_record runs[4];
	size_t count = 0;

	(void)state;
	for (int i = 0; i < 9; i++) {
		stored(history, i);
	}
	assert_int_equal(load_runs(history, runs, 4, &count), 0);
	assert_int_equal(count, 4);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(runs[i].mono_ns, 1000 + 5 + i);
	}
	history_close(history);
}

/* By time, verb and number; each with its own sources. */
static void runs_are_chosen(void **state)
{
	struct history_choice choice = { .since = { INT64_MIN } };
	struct source_record sources[SOURCES], back[SIZE];
	struct history *history = opened();
	struct run_record run = a_run(3), runs[SIZE];
	int64_t numbers[SIZE];
	size_t count = 0, invalid_count = 1;

	(void)state;
	for (int i = 0; i < 3; i++) {
		stored(history, i);
	}
	run.is_dry = 1;
	three_sources(sources);
	sources[0].sent_count = 77;
	assert_int_equal(history_store(history, &run, sources, 1, NULL), 0);
	run = a_run(4);
	run.verb = RUN_VERB_QUERY;
	run.offset_ns = -7200 * NS_PER_S; /* so its own time is that of run 2 */
	assert_int_equal(history_store(history, &run, NULL, 0, NULL), 0);

	assert_int_equal(history_load_chosen(history, &choice, runs, numbers, SIZE, &count,
	                                     &invalid_count),
	                 0);
	assert_int_equal(count, 5);
	assert_int_equal(invalid_count, 0);
	assert_int_equal(runs[0].mono_ns, 1000);
	assert_int_equal(history_load_run_sources(history, numbers[3], back, SIZE, &count),
	                 0);
	assert_int_equal(count, 1);
	assert_int_equal(back[0].sent_count, 77);
	assert_int_equal(history_load_chosen(history, &choice, runs, numbers, 2, &count,
	                                     &invalid_count),
	                 0);
	assert_int_equal(count, 2);
	assert_int_equal(runs[0].mono_ns, 1003);

	choice.since.unix_ns = NOW_NS + 2 * 3600 * NS_PER_S - 502; /* exactly run 2 */
	assert_int_equal(history_load_chosen(history, &choice, runs, numbers, SIZE, &count,
	                                     &invalid_count),
	                 0);
	assert_int_equal(count, 3);
	choice.since.unix_ns++;
	assert_int_equal(history_load_chosen(history, &choice, runs, numbers, SIZE, &count,
	                                     &invalid_count),
	                 0);
	assert_int_equal(count, 2);

	choice = (struct history_choice){ .since = { INT64_MIN },
		                          .has_verb = true,
		                          .verb = RUN_VERB_SET };
	assert_int_equal(history_load_chosen(history, &choice, runs, numbers, SIZE, &count,
	                                     &invalid_count),
	                 0);
	assert_int_equal(count, 3);
	choice.is_dry = true;
	assert_int_equal(history_load_chosen(history, &choice, runs, numbers, SIZE, &count,
	                                     &invalid_count),
	                 0);
	assert_int_equal(count, 1);
	(void)sql("d/history.db", "UPDATE run SET verb='no verb' WHERE id=1");
	choice.has_verb = false;
	assert_int_equal(history_load_chosen(history, &choice, runs, numbers, SIZE, &count,
	                                     &invalid_count),
	                 0);
	assert_int_equal(count, 4);
	assert_int_equal(invalid_count, 1);
	history_close(history);
}

static void kisses_are_remembered(void **state)
{
	const struct instant now = { NOW_NS };
	const struct instant tomorrow = { NOW_NS + DAY_NS };
	struct source_record sources[2];
	struct run_record run = a_run(0);
	struct kod_holdoff kisses[SIZE];
	struct history *history = opened();
	size_t count = 0;

	(void)state;
	memset(sources, 0, sizeof(sources));
	address_is(&sources[0], "192.0.2.1", 123);
	address_is(&sources[1], "192.0.2.1", 124);
	sources[0].kiss = NTP_KISS_RATE;
	sources[1].kiss = NTP_KISS_DENY;
	assert_int_equal(history_store(history, &run, sources, 2, NULL), 0);
	assert_int_equal(history_store(history, &run, sources, 1, NULL), 0);
	assert_int_equal(history_load_kisses(history, now, kisses, SIZE, &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(kisses[0].address.port, 123); /* the latest first */
	assert_int_equal(kisses[0].rate_count, 2);
	assert_int_equal(instant_diff_ns(kisses[0].until, now), 2 * KOD_HOLDOFF_FIRST_NS);
	assert_int_equal(kisses[1].code, NTP_KISS_DENY);
	assert_int_equal(history_load_kisses(history, tomorrow, kisses, SIZE, &count), 0);
	assert_int_equal(count, 0);
	/* Two answers end it. */
	sources[0].kiss = NTP_KISS_NONE;
	sources[0].has_estimate = 1;
	assert_int_equal(history_store(history, &run, sources, 1, NULL), 0);
	assert_int_equal(history_store(history, &run, sources, 1, NULL), 0);
	history_close(history);
	assert_int_equal(sql("d/history.db", "SELECT count(*) FROM kiss"), 1);
}

/* A kiss code is dated by the clock as the run left it. */
static void kiss_of_a_run_that_stepped(void **state)
{
	const struct instant true_now = { NOW_NS };
	struct kod_holdoff kisses[SIZE];
	struct source_record source;
	struct run_record run = a_run(0);
	struct history *history = opened();
	size_t count = 0;

	(void)state;
	run.at.unix_ns = 0; /* 1970 */
	run.offset_ns = NOW_NS;
	run.applied_action = PLAN_STEP;
	run.applied_by_ns = NOW_NS;
	memset(&source, 0, sizeof(source));
	address_is(&source, "192.0.2.1", 123);
	source.kiss = NTP_KISS_RATE;
	assert_int_equal(history_store(history, &run, &source, 1, NULL), 0);
	assert_int_equal(history_load_kisses(history, true_now, kisses, SIZE, &count), 0);
	assert_int_equal(count, 1);
	history_close(history);
}

static void kiss_until_the_year_9999(void **state)
{
	const struct instant now = { NOW_NS };
	const struct instant tomorrow = { NOW_NS + DAY_NS };
	struct kod_holdoff kisses[SIZE];
	struct history *history;
	size_t count = 0;
	char text[300];

	(void)state;
	a_history(1);
	snprintf(text, sizeof(text),
	         "INSERT INTO kiss(address,port,code,count,since_wall_ns,until_wall_ns)"
	         "VALUES('192.0.2.1',123,3,1,%" PRId64 ",9223372036854775807),"
	         "('192.0.2.2',123,3,4000000000,9223372036854775807,9223372036854775807)",
	         NOW_NS);
	sql("d/history.db", text);
	history = opened();
	assert_int_equal(history_load_kisses(history, now, kisses, SIZE, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(history_load_kisses(history, tomorrow, kisses, SIZE, &count), 0);
	assert_int_equal(count, 0);
	history_close(history);
}

static int kept(struct history *history, const char *key, const void *octets, size_t len)
{
	const struct run_record run = a_run(0);
	const struct history_value value = { .key = key, .octets = octets, .len = len };

	return history_store(history, &run, NULL, 0, &value);
}

static void values_by_key(void **state)
{
	static const uint8_t value[] = "\0\1\2\3";
	struct history *history = opened();
	uint8_t buf[8], large[HISTORY_STATE_MAX + 1] = { 0 };
	size_t len = 99;

	(void)state;
	assert_int_equal(history_load_state(history, "k", buf, sizeof(buf), &len), -ENOENT);
	assert_int_equal(kept(history, "k", "old", 3), 0);
	assert_int_equal(kept(history, "k", value, 4), 0);
	assert_int_equal(history_load_state(history, "k", buf, 3, &len), -EMSGSIZE);
	assert_int_equal(len, 99);
	assert_int_equal(history_load_state(history, "k", buf, sizeof(buf), &len), 0);
	assert_int_equal(len, 4);
	assert_memory_equal(buf, value, 4);
	/* Then the run is not stored either. */
	assert_int_equal(kept(history, "k", large, sizeof(large)), -EMSGSIZE);
	assert_int_equal(run_count(history), 2);
	history_close(history);
}

/* ---- bounded ---- */

static void what_is_old_goes(void **state)
{
	struct run_record run = a_run(0);
	struct source_record sources[SOURCES];
	struct history *history = opened();

	(void)state;
	three_sources(sources);
	assert_int_equal(history_store(history, &run, sources, SOURCES, NULL), 0);
	run.at.unix_ns = NOW_NS + INT64_C(3000) * DAY_NS; /* from a wrong clock */
	run.status = RUN_NO_ANSWER;
	run.has_answer = 0;
	assert_int_equal(history_store(history, &run, NULL, 0, NULL), 0);
	run = a_run(0);
	run.kernel_flags |= RECORD_CONFIRMED;
	run.at.unix_ns = NOW_NS + HISTORY_KEEP_NS;
	run.offset_ns = 0;
	assert_int_equal(history_store(history, &run, NULL, 0, NULL), 0);
	assert_int_equal(run_count(history), 3); /* not older than the limit: exactly as
	                                          * old */
	run.at.unix_ns++;
	/* A run without the time must not decide what is old. */
	run.has_answer = 0;
	assert_int_equal(history_store(history, &run, NULL, 0, NULL), 0);
	assert_int_equal(run_count(history), 4);
	/* Nor must an unconfirmed time. */
	run.has_answer = 1;
	run.kernel_flags &= ~RECORD_CONFIRMED;
	assert_int_equal(history_store(history, &run, NULL, 0, NULL), 0);
	assert_int_equal(run_count(history), 5);
	run.kernel_flags |= RECORD_CONFIRMED;
	assert_int_equal(history_store(history, &run, NULL, 0, NULL), 0);
	assert_int_equal(run_count(history), 4); /* the old one and the one with the odd
	                                          * date were deleted */
	history_close(history);
	assert_int_equal(sql("d/history.db", "SELECT count(*) FROM source"), 0);
}

/* ---- silent servers ---- */

/* A confirmed run of `set`, `days` later; which of the three were heard. */
static void a_day(struct history *history, int64_t days, const bool heard[SOURCES])
{
	struct run_record run = a_run(0);
	struct source_record sources[SOURCES];

	run.verb = RUN_VERB_SET;
	run.is_dry = 0;
	run.kernel_flags |= RECORD_CONFIRMED;
	run.offset_ns = 0;
	run.at.unix_ns = NOW_NS + days * DAY_NS;
	three_sources(sources);
	for (size_t i = 0; i < SOURCES; i++) {
		sources[i].received_count = heard[i];
	}
	assert_int_equal(history_store(history, &run, sources, SOURCES, NULL), 0);
}

static size_t silent_at(struct history *history, int64_t days, struct silent_server ret[4])
{
	size_t count = 99;

	assert_int_equal(history_load_silent(history,
	                                     (struct instant){ NOW_NS + days * DAY_NS },
	                                     ret, 4, &count),
	                 0);
	return count;
}

static void silent_for_a_month(void **state)
{
	static const bool all[SOURCES] = { true, true, true };
	static const bool first_only[SOURCES] = { true, false, false };
	struct silent_server silent[4];
	struct history *history = opened();

	(void)state;
	a_day(history, 0, all);
	assert_int_equal(silent_at(history, 40, silent), 0);
	for (int64_t day = 1; day <= 30; day++) {
		a_day(history, day, first_only);
	}
	assert_int_equal(silent_at(history, 30, silent), 0);
	a_day(history, 31, first_only);
	assert_int_equal(silent_at(history, 31, silent), 2);
	assert_string_equal(silent[0].name, "ntp1.example");
	assert_int_equal(silent[0].port, 10123);
	assert_int_equal(silent[0].since.unix_ns, NOW_NS + DAY_NS);
	/* Its name was never resolved. */
	assert_string_equal(silent[1].name, "ntp2.example");
	a_day(history, 32, all);
	assert_int_equal(silent_at(history, 70, silent), 0);
	history_close(history);
}

static void silent_and_not_asked(void **state)
{
	static const bool none[SOURCES] = { false };
	struct run_record run = a_run(0);
	struct source_record sources[SOURCES];
	struct silent_server silent[4];
	struct history *history = opened();

	(void)state;
	a_day(history, 0, none);
	assert_int_equal(silent_at(history, 31, silent), 3);
	/* In hold-off it was not asked; and a server no longer on the list is forgotten. */
	run.verb = RUN_VERB_SET;
	run.is_dry = 0;
	run.kernel_flags |= RECORD_CONFIRMED;
	run.offset_ns = 0;
	run.at.unix_ns = NOW_NS + 8 * DAY_NS;
	three_sources(sources);
	sources[0].sent_count = sources[0].received_count = 0;
	assert_int_equal(history_store(history, &run, sources, 1, NULL), 0);
	assert_int_equal(silent_at(history, 60, silent), 0);
	/* An unconfirmed time starts no count. */
	run.kernel_flags &= ~RECORD_CONFIRMED;
	sources[0].sent_count = 1;
	assert_int_equal(history_store(history, &run, sources, 1, NULL), 0);
	assert_int_equal(silent_at(history, 60, silent), 0);
	history_close(history);
}

/* A clock in the future must not make everything old: the answer has the true time. */
static void a_wrong_clock_forgets_nothing(void **state)
{
	struct run_record run = a_run(0);
	struct history *history = opened();

	(void)state;
	assert_int_equal(history_store(history, &run, NULL, 0, NULL), 0);
	run.at.unix_ns = NOW_NS + INT64_C(3000) * DAY_NS;
	run.offset_ns = -INT64_C(3000) * DAY_NS;
	assert_int_equal(history_store(history, &run, NULL, 0, NULL), 0);
	assert_int_equal(run_count(history), 2);
	history_close(history);
}

static void no_more_than_the_cap(void **state)
{
	char text[400];
	struct history *history;

	(void)state;
	a_history(1);
	snprintf(text, sizeof(text),
	         "WITH RECURSIVE n(i) AS(SELECT 2 UNION ALL SELECT i+1 FROM n WHERE i<%d)"
	         "INSERT INTO "
	         "run(id,wall_ns,mono_ns,boottime_ns,boot_id,version,verb,status,"
	         "exit_status,agreeing,asked,is_dry,applied_action,applied_by_ns)"
	         "SELECT i,%" PRId64 ",0,0,'','','set','error',0,0,0,0,'none',0 FROM n",
	         HISTORY_RUNS_MAX + 50, NOW_NS);
	sql("d/history.db", text);
	history = opened();
	stored(history, 1);
	assert_int_equal(run_count(history), HISTORY_RUNS_MAX);
	history_close(history);
	assert_int_equal(sql("d/history.db", "SELECT count(*) FROM source"), SOURCES);
	/* ... of the sources */
	snprintf(text, sizeof(text),
	         "WITH RECURSIVE n(i) AS(SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<%d)"
	         "INSERT INTO source(run,name,port,scheme,status,reason,sent,received,kiss)"
	         "SELECT (SELECT max(id)-1 FROM run),'',0,'ntp','rejected','',0,0,0 FROM n",
	         HISTORY_SOURCES_MAX);
	sql("d/history.db", text);
	history = opened();
	stored(history, 2);
	history_close(history);
	assert_true(sql("d/history.db", "SELECT count(*) FROM source") <=
	            HISTORY_SOURCES_MAX + SOURCES);
	assert_true(is_valid("d/history.db"));
}

/* ---- damage to the file ---- */

static void patch(const char *path, off_t at, const void *octets, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0644);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, octets, len, at), (ssize_t)len);
	close(fd);
}

static void damage_nothing(void)
{
}

static void damage_header(void)
{
	patch("d/history.db", 0, "garbage", 7);
}

static void damage_schema_page(void)
{
	static const uint8_t zeros[2000];

	patch("d/history.db", 100, zeros, sizeof(zeros));
}

static void damage_all_pages(void)
{
	uint8_t noise[4096];

	memset(noise, 0xa5, sizeof(noise));
	for (off_t at = 4096; at < 8 * 4096; at += 4096) {
		patch("d/history.db", at, noise, sizeof(noise));
	}
}

static void truncated_to_a_page(void)
{
	assert_int_equal(truncate("d/history.db", 4096), 0);
}

static void truncated_to_a_line(void)
{
	assert_int_equal(truncate("d/history.db", 20), 0);
}

static void truncated_to_nothing(void)
{
	assert_int_equal(truncate("d/history.db", 0), 0);
}

static void lost_table(void)
{
	sql("d/history.db", "DROP TABLE run");
}

static void text_file(void)
{
	assert_int_equal(unlink("d/history.db"), 0);
	patch("d/history.db", 0, "offset 5 ms\n", 12);
}

static void gibibyte(void)
{
	assert_int_equal(truncate("d/history.db", (off_t)1 << 30), 0);
}

static void symlinked(void)
{
	assert_int_equal(rename("d/history.db", "other.db"), 0);
	assert_int_equal(symlink("../other.db", "d/history.db"), 0);
}

static void fifo(void)
{
	assert_int_equal(unlink("d/history.db"), 0);
	assert_int_equal(mkfifo("d/history.db", 0644), 0);
}

static void world_writable(void)
{
	assert_int_equal(chmod("d/history.db", 0666), 0);
}

static void foreign_owner(void)
{
	if (chown("d/history.db", STRANGER, STRANGER) < 0) {
		skip();
	}
}

static void linked_wal(void)
{
	patch("other", 0, "x", 1);
	assert_int_equal(symlink("../other", "d/history.db-wal"), 0);
}

static void fifo_shm(void)
{
	assert_int_equal(mkfifo("d/history.db-shm", 0644), 0);
}

static void other_program(void)
{
	sql("d/history.db", "PRAGMA application_id=12345");
}

static void other_program_without_id(void)
{
	sql("d/history.db", "PRAGMA application_id=0");
}

static void newer_version(void)
{
	sql("d/history.db", "PRAGMA user_version=99");
}

static void version_zero(void)
{
	sql("d/history.db", "PRAGMA user_version=0");
}

static void world_writable_directory(void)
{
	assert_int_equal(chmod("d", 0777), 0);
}

static void directory_is_a_file(void)
{
	assert_int_equal(rename("d", "e"), 0);
	patch("d", 0, "x", 1);
}

enum outcome {
	KEEPS,  /* and the runs are still known */
	FRESH,  /* without a warning */
	ANEW,   /* the damaged one moved aside, with a warning */
	REFUSED /* left unchanged, with a warning */
};

struct row {
	const char *name;
	void (*damage)(void);
	enum outcome outcome;
	int want; /* of history_open() */
};

static const struct row rows[] = {
	{ "68 nothing wrong", damage_nothing, KEEPS, 0 },
	{ "68 damaged header", damage_header, ANEW, 0 },
	{ "68 damaged schema", damage_schema_page, ANEW, 0 },
	{ "68 damaged pages", damage_all_pages, ANEW, 0 },
	{ "68 truncated to one page", truncated_to_a_page, ANEW, 0 },
	{ "68 truncated to 20 octets", truncated_to_a_line, ANEW, 0 },
	{ "68 truncated to nothing", truncated_to_nothing, FRESH, 0 },
	{ "68 a table was lost", lost_table, ANEW, 0 },
	{ "68 a text file", text_file, ANEW, 0 },
	{ "68 ours with version 0", version_zero, ANEW, 0 },
	{ "68 1 GiB", gibibyte, REFUSED, -EFBIG },
	{ "68 symbolic link", symlinked, REFUSED, -ELOOP },
	{ "68 FIFO", fifo, REFUSED, -EMEDIUMTYPE },
	{ "68 world-writable", world_writable, REFUSED, -EPERM },
	{ "68 foreign owner", foreign_owner, REFUSED, -EPERM },
	{ "68 symbolic link for the -wal", linked_wal, REFUSED, -ELOOP },
	{ "68 FIFO for the -shm", fifo_shm, REFUSED, -EMEDIUMTYPE },
	{ "68 another program's", other_program, REFUSED, -EEXIST },
	{ "68 another program's, without a name", other_program_without_id, REFUSED,
	  -EEXIST },
	{ "68 a newer version's", newer_version, REFUSED, -EPROTONOSUPPORT },
	{ "68 world-writable directory", world_writable_directory, REFUSED, -EPERM },
	{ "67 the directory is a file", directory_is_a_file, REFUSED, -ENOTDIR },
};

/* As the history process does it. */
static int open_and_load(struct history **ret, size_t *ret_count, bool *ret_was_reset)
{
	static struct run_record runs[SIZE];
	int r;

	*ret_was_reset = false;
	r = history_open("d", &settings, ret, warning);
	if (r < 0) {
		return r;
	}
	*ret_was_reset = warning[0] != '\0';
	r = load_runs(*ret, runs, SIZE, ret_count);
	if (r == -EUCLEAN) {
		*ret_was_reset = true;
		*ret_count = 0;
		r = history_reset(*ret);
	}
	return r;
}

static void damage_row(void **state)
{
	const struct row *row = *state;
	struct history *history = NULL;
	struct stat before, after;
	bool was_reset = false;
	size_t count = 99;

	a_history(5);
	row->damage();
	memset(&before, 0, sizeof(before));
	memset(&after, 0, sizeof(after));
	(void)lstat("d/history.db", &before);
	assert_int_equal(open_and_load(&history, &count, &was_reset), row->want);
	if (row->outcome == REFUSED) {
		assert_null(history);
		assert_string_not_equal(warning, "");
		/* Neither moved nor changed nor followed. */
		(void)lstat("d/history.db", &after);
		assert_int_equal(after.st_ino, before.st_ino);
		assert_int_equal(after.st_size, before.st_size);
		assert_int_equal(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
		assert_int_equal(lstat("d/history.db.corrupt", &after), -1);
		return;
	}
	assert_int_equal(was_reset, row->outcome == ANEW);
	assert_int_equal(count, row->outcome == KEEPS ? 5 : 0);
	assert_int_equal(lstat("d/history.db.corrupt", &after),
	                 row->outcome == ANEW ? 0 : -1);
	/* Recording goes on from here. */
	stored(history, 7);
	assert_int_equal(run_count(history), count + 1);
	history_close(history);
	assert_true(is_valid("d/history.db"));
}

/* The second damaged file replaces the first. */
static void one_corrupt_file(void **state)
{
	struct history *history = NULL;
	struct stat st;

	(void)state;
	for (int i = 0; i < 3; i++) {
		a_history(1);
		damage_header();
		history = opened();
		assert_non_null(strstr(warning, "damaged"));
		assert_non_null(strstr(warning, "history.db.corrupt"));
		history_close(history);
	}
	assert_int_equal(stat("d/history.db.corrupt", &st), 0);
	assert_int_equal(stat("d/history.db", &st), 0);
	assert_int_equal(stat("d/history.db.corrupt.corrupt", &st), -1);
}

/* The -wal file that a killed run left beside the damaged file must not be applied to the
 * new one. */
static void what_belongs_to_the_damaged_file(void **state)
{
	struct history *history;
	struct stat st;
	int status = 0;
	pid_t pid;

	(void)state;
	pid = fork();
	if (pid == 0) {
		history = opened();
		stored(history, 0);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(stat("d/history.db-wal", &st), 0);
	assert_true(st.st_size > 0);
	patch("d/history.db", 0, "garbage", 7);
	history = opened();
	assert_non_null(strstr(warning, "damaged"));
	assert_int_equal(run_count(history), 0);
	history_close(history);
}

/* Damage may be where only a writer reads. */
static void damage_found_while_writing(void **state)
{
	struct run_record run = a_run(1);
	struct history *history;

	(void)state;
	a_history(1);
	sql("d/history.db", "DROP TABLE kiss");
	history = opened();
	struct source_record sources[SOURCES];
	three_sources(sources);
	assert_int_equal(history_store(history, &run, sources, SOURCES, NULL), -EUCLEAN);
	assert_int_equal(run_count(history), 1);
	assert_int_equal(history_reset(history), 0);
	assert_int_equal(history_store(history, &run, sources, SOURCES, NULL), 0);
	history_close(history);
}

/* Records with impossible values are left out, and the rest is read. */
static void strange_rows_are_left_out(void **state)
{
	static const char *const strange[] = {
		"status='wonderful'",
		"bound_ns=-1",
		"leap=9",
		"wall_ns='x'",
		"exit_status=-1",
		"is_dry=2",
		"bound_ns=NULL",
		"boot_id=hex(zeroblob(99))",
		"kernel_flags=199",
		"verb=NULL",
	};
	struct history *history;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(strange); i++) {
		char text[100];

		(void)unlink("d/history.db");
		a_history(3);
		if (strcmp(strange[i], "verb=NULL") == 0) {
			continue; /* the table refuses it */
		}
		snprintf(text, sizeof(text), "UPDATE run SET %s WHERE id=2", strange[i]);
		sql("d/history.db", text);
		history = opened();
		assert_int_equal(run_count(history), 2);
		history_close(history);
	}
}

/* ---- versions ---- */

/* The schema of version 1 as it is on disks: this text never changes. */
static const char version_1[] =
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
	" until_wall_ns INTEGER NOT NULL, UNIQUE(address, port));"
	"INSERT INTO run VALUES(1,1800000000000000000,1,2,'b','0.1.0','set','ok',0,3,4,0,"
	"-5,6,7,8,9,0,'slew','no such reason any more',-5,'slew',-5,10,11,12,13,14,15,1);"
	"INSERT INTO source "
	"VALUES(1,1,'ntp.example','192.0.2.1',123,'ntp','selected','',4,4,0,"
	"1,0,x'47505300',0,1,-5,6,7);"
	"PRAGMA application_id=1383158893;PRAGMA user_version=1;PRAGMA journal_mode=WAL;";

static void version_1_is_migrated(void **state)
{
	struct run_record runs[SIZE];
	struct history *history;
	uint8_t buf[8];
	size_t count = 0;

	(void)state;
	sql("d/history.db", version_1);
	history = opened();
	assert_string_equal(warning, "");
	assert_int_equal(load_runs(history, runs, SIZE, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(runs[0].offset_ns, -5);
	assert_int_equal(runs[0].has_plan, 0); /* its reason is not known today */
	assert_int_equal(runs[0].frequency_after_ppb, 11);
	assert_int_equal(history_load_state(history, "k", buf, sizeof(buf), &count),
	                 -ENOENT);
	assert_int_equal(kept(history, "k", "v", 1), 0);
	stored(history, 1);
	assert_int_equal(run_count(history), 3);
	history_close(history);
	assert_int_equal(sql("d/history.db", "PRAGMA user_version"), HISTORY_SCHEMA);
	assert_int_equal(sql("d/history.db", "PRAGMA application_id"),
	                 HISTORY_APPLICATION_ID);
	assert_true(is_valid("d/history.db"));
}

/* A failed step leaves version 1 as it was. */
static void half_a_migration_is_none(void **state)
{
	struct history *history = NULL;

	(void)state;
	sql("d/history.db", version_1);
	sql("d/history.db", "CREATE TABLE state(x)");
	assert_int_equal(history_open("d", &settings, &history, warning), 0);
	assert_non_null(strstr(warning, "damaged"));
	history_close(history);
	assert_int_equal(sql("d/history.db.corrupt", "PRAGMA user_version"), 1);
	assert_int_equal(sql("d/history.db.corrupt", "SELECT count(*) FROM run"), 1);
}

/* ---- no permission to write, no space ---- */

static void nothing_is_made_when_only_looking(void **state)
{
	const struct history_settings looking = { .keep_ns = HISTORY_KEEP_NS };
	struct history *history = NULL;
	struct stat st;

	(void)state;
	assert_int_equal(history_open("d", &looking, &history, warning), -ENOENT);
	assert_int_equal(stat("d/history.db", &st), -1);
	assert_int_equal(history_open("e", &looking, &history, warning), -ENOENT);
	assert_int_equal(stat("e", &st), -1);
	a_history(2);
	damage_header();
	assert_int_equal(history_open("d", &looking, &history, warning), -EUCLEAN);
	assert_int_equal(stat("d/history.db.corrupt", &st), -1);
}

static void directory_is_made(void **state)
{
	struct history *history = NULL;

	(void)state;
	assert_int_equal(history_open("e", &settings, &history, warning), 0);
	stored(history, 0);
	history_close(history);
	assert_int_equal(history_open("no/parent", &settings, &history, warning), -ENOENT);
	assert_string_not_equal(warning, "");
}

/* Runs `body` in a process of its own; it returns 0, or the line of the failure, or
 * SKIPPED. */
static void in_a_child(int (*body)(void))
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		_exit(body());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == SKIPPED) {
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

#define EXPECT(number, condition)                                                          \
	do {                                                                               \
		if (!(condition)) {                                                        \
			return number;                                                     \
		}                                                                          \
	} while (0)

static int as_an_ordinary_user(void)
{
	static struct run_record runs[SIZE];
	const struct run_record run = a_run(9);
	struct history *history = NULL;
	size_t count = 0;

	if (geteuid() != 0 || setresgid(STRANGER, STRANGER, STRANGER) < 0 ||
	    setresuid(STRANGER, STRANGER, STRANGER) < 0) {
		return SKIPPED;
	}
	EXPECT(1, history_open("d", &settings, &history, warning) == 0);
	EXPECT(2, warning[0] == '\0');
	EXPECT(3, load_runs(history, runs, SIZE, &count) == 0 && count == 2);
	EXPECT(4, history_store(history, &run, NULL, 0, NULL) == -EROFS);
	history_close(history);
	return 0;
}

static void an_ordinary_user_reads(void **state)
{
	struct history *history;
	char long_name[] = "a name with ?, % and #";

	(void)state;
	a_history(2);
	in_a_child(as_an_ordinary_user);
	/* ... while another writes */
	history = opened();
	in_a_child(as_an_ordinary_user);
	history_close(history);
	/* ... wherever it is */
	assert_int_equal(mkdir(long_name, 0755), 0);
	assert_int_equal(rename("d", "x"), 0);
	assert_int_equal(rename("x", "a name with ?, % and #/d"), 0);
	assert_int_equal(chdir(long_name), 0);
	in_a_child(as_an_ordinary_user);
	assert_int_equal(chdir(top), 0);
}

static bool ids_are_ours(uid_t uid, gid_t gid)
{
	char text[40];
	int fd;

	fd = open("/proc/self/setgroups", O_WRONLY);
	if (fd >= 0) {
		(void)!write(fd, "deny", 4);
		close(fd);
	}
	snprintf(text, sizeof(text), "0 %u 1", (unsigned)gid);
	fd = open("/proc/self/gid_map", O_WRONLY);
	if (fd < 0 || write(fd, text, strlen(text)) < 0) {
		return false;
	}
	close(fd);
	snprintf(text, sizeof(text), "0 %u 1", (unsigned)uid);
	fd = open("/proc/self/uid_map", O_WRONLY);
	if (fd < 0 || write(fd, text, strlen(text)) < 0) {
		return false;
	}
	close(fd);
	return true;
}

/* A file system of 256 KiB on "d", visible only to this process. */
static bool mount_small(void)
{
	const uid_t uid = geteuid();
	const gid_t gid = getegid();

	if (unshare(CLONE_NEWNS) < 0 &&
	    (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0 || !ids_are_ours(uid, gid))) {
		return false;
	}
	return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("tmpfs", "d", "tmpfs", MS_NOSUID | MS_NODEV, "size=256k,mode=755") ==
	               0;
}

static int fill_the_disk(void)
{
	static struct run_record runs[HISTORY_RUNS_MAX];
	struct source_record sources[SOURCES];
	struct history *history = NULL;
	struct run_record run;
	size_t count = 0, good = 0;
	int r = 0;

	if (!mount_small()) {
		return SKIPPED;
	}
	three_sources(sources);
	EXPECT(1, history_open("d", &settings, &history, warning) == 0);
	while (good < 5000) {
		run = a_run(0);
		run.mono_ns = (int64_t)good;
		r = history_store(history, &run, sources, SOURCES, NULL);
		if (r < 0) {
			break;
		}
		good++;
	}
	EXPECT(2, good > 10 && good < 5000);
	EXPECT(3, r == -ENOSPC);
	/* The old data is there to the last run, for this one and the next. */
	EXPECT(4, load_runs(history, runs, COUNT_OF(runs), &count) == 0);
	EXPECT(5, count == good);
	history_close(history);
	EXPECT(6, history_open("d", &settings, &history, warning) == 0);
	EXPECT(7, warning[0] == '\0');
	EXPECT(8, load_runs(history, runs, COUNT_OF(runs), &count) == 0);
	EXPECT(9, count == good);
	EXPECT(10, runs[count - 1].mono_ns == (int64_t)good - 1);
	history_close(history);
	return 0;
}

static void full_disk(void **state)
{
	(void)state;
	in_a_child(fill_the_disk);
}

static int read_only_disk(void)
{
	static struct run_record runs[SIZE];
	const struct run_record run = a_run(9);
	struct history *history = NULL;
	size_t count = 0;

	if (!mount_small()) {
		return SKIPPED;
	}
	EXPECT(1, history_open("d", &settings, &history, warning) == 0);
	EXPECT(2, history_store(history, &run, NULL, 0, NULL) == 0);
	history_close(history);
	EXPECT(3, mount("none", "d", NULL, MS_REMOUNT | MS_RDONLY, NULL) == 0);
	EXPECT(4, history_open("d", &settings, &history, warning) == 0);
	EXPECT(5, load_runs(history, runs, SIZE, &count) == 0 && count == 1);
	EXPECT(6, history_store(history, &run, NULL, 0, NULL) == -EROFS);
	history_close(history);
	return 0;
}

static void read_only_file_system(void **state)
{
	(void)state;
	in_a_child(read_only_disk);
}

/* Writing fails at each possible place in turn: a limit on the size of files. */
static rlim_t size_limit;

static int store_under_a_limit(void)
{
	const struct rlimit limit = { .rlim_cur = size_limit, .rlim_max = RLIM_INFINITY };
	static struct run_record runs[SIZE];
	struct source_record sources[SOURCES];
	const struct run_record run = a_run(9);
	struct history *history = NULL;
	size_t count = 0;
	int r;

	signal(SIGXFSZ, SIG_IGN);
	three_sources(sources);
	EXPECT(1, setrlimit(RLIMIT_FSIZE, &limit) == 0);
	r = history_open("d", &settings, &history, warning);
	if (r < 0) {
		return warning[0] != '\0' ? 0 : 2;
	}
	r = history_store(history, &run, sources, SOURCES, NULL);
	EXPECT(3, load_runs(history, runs, SIZE, &count) == 0);
	EXPECT(4, count == (r == 0 ? 6 : 5));
	history_close(history);
	return 0;
}

static void file_size_limit(void **state)
{
	size_t failed_at = 0;

	(void)state;
	for (size_limit = 0; size_limit <= 60000; size_limit += 2500) {
		struct history *history;

		(void)unlink("d/history.db");
		(void)unlink("d/history.db-wal");
		(void)unlink("d/history.db-shm");
		a_history(5);
		in_a_child(store_under_a_limit);
		history = opened();
		assert_string_equal(warning, "");
		failed_at += run_count(history) == 5;
		assert_in_range(run_count(history), 5, 6);
		history_close(history);
		assert_true(is_valid("d/history.db"));
	}
	assert_in_range(failed_at, 2, 20); /* some failed, some did not */
}

/* ---- killed ---- */

/* Stores runs until it is killed; reports each on `fd`. */
static _Noreturn void store_for_ever(int fd)
{
	struct source_record sources[SOURCES];
	struct history *history = NULL;
	struct run_record run;

	three_sources(sources);
	for (int64_t i = 0;; i++) {
		if (!history && history_open("d", &settings, &history, warning) < 0) {
			_exit(1);
		}
		run = a_run(0);
		run.mono_ns = i;
		if (history_store(history, &run, sources, SOURCES, NULL) < 0 ||
		    write(fd, "x", 1) != 1) {
			_exit(2);
		}
		/* Opening and closing are to be hit as well. */
		if (i % 3 == 2) {
			history_close(history);
			history = NULL;
		}
	}
}

static void killed_at_any_time(void **state)
{
	static char said[100000];
	int64_t known = 0;

	(void)state;
	for (unsigned i = 0; i < 40; i++) {
		/* On a machine so slow that nothing was stored, wait longer each time. */
		const long slow = known == 0 ? 1 + (long)i / 2 : 1;
		const struct timespec nap = { .tv_nsec = (1 + (long)i * 7919 % 29) *
			                                 1000000L * slow };
		int ends[2], status = 0;
		struct history *history;
		ssize_t len;
		pid_t pid;

		assert_int_equal(pipe(ends), 0);
		pid = fork();
		if (pid == 0) {
			close(ends[0]);
			store_for_ever(ends[1]);
		}
		close(ends[1]);
		nanosleep(&nap, NULL);
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		while ((len = read(ends[0], said, sizeof(said))) > 0) {
			known += len;
		}
		close(ends[0]);
		history = opened();
		assert_string_equal(warning, "");
		/* Every reported run is stored; one more may be. */
		assert_in_range(run_count(history), known, known + 1);
		known = (int64_t)run_count(history);
		history_close(history);
		assert_true(is_valid("d/history.db"));
		assert_int_equal(sql("d/history.db", "SELECT count(*) FROM source"),
		                 known * SOURCES);
	}
	assert_true(known > 0);
}

/* ---- many at once ---- */

static void eight_at_once(void **state)
{
	enum { MANY = 8 };
	pid_t pids[MANY];
	struct history *history;
	int status = 0;

	(void)state;
	for (int64_t i = 0; i < MANY; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			const struct run_record run = a_run(i);
			struct history *own = NULL;
			int r = history_open("d", &settings, &own, warning);

			for (int tries = 0; r == 0 && tries < 20; tries++) {
				r = history_store(own, &run, NULL, 0, NULL);
				if (r != -EBUSY) {
					break;
				}
				r = 0;
			}
			history_close(own);
			_exit(r < 0 ? -r : 0);
		}
	}
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	history = opened();
	assert_string_equal(warning, "");
	assert_int_equal(run_count(history), MANY);
	history_close(history);
}

#define TEST(text, function)                                                               \
	*t++ = (struct CMUnitTest)                                                         \
	{                                                                                  \
		.name = (text), .test_func = (function)                                    \
	}

int main(void)
{
	struct CMUnitTest tests[COUNT_OF(rows) + 26];
	struct CMUnitTest *t = tests;

	for (size_t i = 0; i < COUNT_OF(rows); i++, t++) {
		*t = (struct CMUnitTest){ .name = rows[i].name,
			                  .test_func = damage_row,
			                  .initial_state = (void *)(uintptr_t)&rows[i] };
	}
	TEST("comes out as it went in", comes_out_as_it_went_in);
	TEST("the latest runs, oldest first", latest_oldest_first);
	TEST("runs are chosen", runs_are_chosen);
	TEST("kisses are remembered", kisses_are_remembered);
	TEST("kiss of a run that stepped", kiss_of_a_run_that_stepped);
	TEST("69 kiss until the year 9999", kiss_until_the_year_9999);
	TEST("values by key", values_by_key);
	TEST("what is old goes", what_is_old_goes);
	TEST("silent for a month", silent_for_a_month);
	TEST("silent, and not asked", silent_and_not_asked);
	TEST("a wrong clock forgets nothing", a_wrong_clock_forgets_nothing);
	TEST("no more than the cap", no_more_than_the_cap);
	TEST("68 one corrupt file", one_corrupt_file);
	TEST("68 what belongs to the damaged file", what_belongs_to_the_damaged_file);
	TEST("68 damage found while writing", damage_found_while_writing);
	TEST("68 strange rows are left out", strange_rows_are_left_out);
	TEST("version 1 is migrated", version_1_is_migrated);
	TEST("half a migration is not one", half_a_migration_is_none);
	TEST("67 nothing is made when only looking", nothing_is_made_when_only_looking);
	TEST("67 the directory is made", directory_is_made);
	TEST("67 an ordinary user reads", an_ordinary_user_reads);
	TEST("70 full disk", full_disk);
	TEST("67 read-only file system", read_only_file_system);
	TEST("70 limit on the size of files", file_size_limit);
	TEST("75 killed at any time", killed_at_any_time);
	TEST("71 eight writers at once", eight_at_once);
	for (struct CMUnitTest *each = tests; each < t; each++) {
		each->setup_func = set_up;
		each->teardown_func = tear_down;
	}
	return _cmocka_run_group_tests("history", tests, (size_t)(t - tests), NULL, NULL);
}
