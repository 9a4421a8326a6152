/* SPDX-License-Identifier: MIT
 *
 * app/history: the history process costs a run nothing but what was known. Fault rows 67,
 * 68, 70 and 75.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "app/history/history_private.h"
#include "io/store/history.h"
#include "io/store/keys_file.h"
#include "io/sys/child.h"
#include "io/sys/monotonic.h"
#include "io/sys/priv.h"
#include "io/sys/sandbox.h"
#include "scratch.h"

/* More than fits into a socket at once. */
enum { SOURCES = 300, SKIPPED = 77 };
/* No limit is reached by accident on a busy machine; tests of a limit use a short one. */
#define AMPLE_NS (30 * NS_PER_S)
#define SHORT_NS (100 * NS_PER_MS)

static char warning[HISTORY_CLIENT_WARNING_SIZE];
static struct source_record sources[SOURCES];
static const struct history_client_settings settings = { .may_write = true,
	                                                 .may_create = true,
	                                                 .keep_ns = HISTORY_KEEP_NS,
	                                                 .wants_replay = true,
	                                                 .limits = { AMPLE_NS, AMPLE_NS,
	                                                             AMPLE_NS } };
static const struct history_client_settings looking = { .keep_ns = HISTORY_KEEP_NS,
	                                                .wants_replay = true,
	                                                .limits = { AMPLE_NS, AMPLE_NS,
	                                                            AMPLE_NS } };

static int set_up(void **state)
{
	(void)state;
	umask(077);
	memset(sources, 0, sizeof(sources));
	return scratch_enter() ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	return scratch_leave();
}

static struct run_record a_run(int64_t number)
{
	struct run_record run;
	struct timespec now;

	assert_int_equal(clock_gettime(CLOCK_REALTIME, &now), 0);
	memset(&run, 0, sizeof(run));
	run.at.unix_ns = (int64_t)now.tv_sec * NS_PER_S;
	run.mono_ns = number;
	run.verb = RUN_VERB_SET;
	run.has_answer = 1;
	run.offset_ns = 1000;
	run.bound_ns = 400;
	return run;
}

static struct history_client *started_with(int64_t load_ns, int64_t store_ns,
                                           int64_t stop_ns)
{
	struct history_client_settings how = settings;
	struct history_client *client = NULL;

	how.limits = (struct history_client_limits){ load_ns, store_ns, stop_ns };
	assert_int_equal(history_client_start("d", &how, &client), 0);
	assert_non_null(client);
	return client;
}

static struct history_client *started(void)
{
	return started_with(AMPLE_NS, AMPLE_NS, AMPLE_NS);
}

/* The running history process: the only child of this process. */
static pid_t child_pid(void)
{
	DIR *dir = opendir("/proc");
	const struct dirent *entry;
	pid_t found = -1;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		char path[300], line[300];
		FILE *file;
		int pid, parent;

		snprintf(path, sizeof(path), "/proc/%s/stat", entry->d_name);
		if (entry->d_name[0] < '0' || entry->d_name[0] > '9' ||
		    !(file = fopen(path, "re"))) {
			continue;
		}
		if (fgets(line, sizeof(line), file) &&
		    sscanf(line, "%d (%*[^)]) %*c %d", &pid, &parent) == 2 &&
		    parent == getpid()) {
			found = pid;
		}
		fclose(file);
	}
	closedir(dir);
	assert_true(found > 0);
	return found;
}

static bool has_children(void)
{
	return waitpid(-1, NULL, WNOHANG) >= 0 || errno != ECHILD;
}

static int64_t sql(const char *text)
{
	sqlite3_stmt *stmt = NULL;
	sqlite3 *db = NULL;
	int64_t value = -1;

	assert_int_equal(sqlite3_open("d/history.db", &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, text, -1, &stmt, NULL), SQLITE_OK);
	if (sqlite3_step(stmt) == SQLITE_ROW) {
		value = sqlite3_column_type(stmt, 0) == SQLITE_TEXT
		                ? strcmp((const char *)sqlite3_column_text(stmt, 0),
		                         "ok") == 0
		                : sqlite3_column_int64(stmt, 0);
	}
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return value;
}

/* ---- its purpose ---- */

/* The sources of the newest run; of a folder that others can change, too, and nothing is
 * written: not even the files that a reader of SQLite needs beside it. */
static void to_show(void **state)
{
	struct history_client_settings how = looking;
	struct history_client *client = started();
	struct run_record run = a_run(1);
	struct history_view view;
	struct stat st;

	(void)state;
	history_client_load(client, &view);
	assert_int_equal(view.source_count, 0);
	history_view_free(&view);
	snprintf(sources[0].name, sizeof(sources[0].name), "ntp1.example");
	snprintf(sources[1].name, sizeof(sources[1].name), "ntp2.example");
	assert_int_equal(history_client_store(client, &run, sources, 2, warning), 0);
	history_client_stop(client);
	assert_int_equal(chmod("d", 0777), 0);
	how.is_to_show = true;
	assert_int_equal(history_client_start("d", &how, &client), 0);
	history_client_load(client, &view);
	assert_string_equal(view.warning, "");
	assert_int_equal(view.use, HISTORY_USED);
	assert_true(view.replay.has_last);
	assert_int_equal(view.source_count, 2);
	assert_string_equal(view.sources[1].name, "ntp2.example");
	history_view_free(&view);
	assert_int_not_equal(history_client_store(client, &run, sources, 0, warning), 0);
	history_client_stop(client);
	assert_int_equal(stat("d/history.db-wal", &st), -1);
	assert_int_equal(stat("d/history.db-shm", &st), -1);
}

static void from_run_to_run(void **state)
{
	struct run_record run = a_run(7);
	struct history_view view;
	struct history_client *client = started();
	struct stat st;

	(void)state;
	history_client_load(client, &view);
	assert_int_equal(view.use, HISTORY_USED);
	assert_string_equal(view.warning, "");
	assert_int_equal(view.replay.has_last, 0);
	assert_int_equal(strlen(view.boot_id), 36);
	history_view_free(&view);
	assert_true(address_parse("192.0.2.1", &sources[3].address));
	sources[3].kiss = NTP_KISS_RATE;
	assert_int_equal(history_client_store(client, &run, sources, SOURCES, warning), 0);
	assert_string_equal(warning, "");
	/* More than once, for a long-running process. */
	assert_int_equal(history_client_store(client, &run, sources, 0, warning), 0);
	history_client_stop(client);
	assert_false(has_children());

	client = started();
	history_client_load(client, &view);
	assert_int_equal(view.use, HISTORY_USED);
	assert_int_equal(view.replay.discipline.trusted_count, 2);
	assert_int_equal(view.replay.has_last, 1);
	assert_int_equal(view.replay.last.mono_ns, 7);
	assert_string_equal(view.replay.last.boot_id, view.boot_id);
	assert_string_equal(view.replay.last.version, REQTIME_VERSION);
	assert_int_equal(view.replay.has_trusted, 1);
	assert_int_equal(view.kiss_count, 1);
	assert_int_equal(view.kisses[0].code, NTP_KISS_RATE);
	history_view_free(&view);
	history_client_stop(client);
	/* Whatever the umask is: an ordinary user may read. */
	assert_int_equal(stat("d", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0755);
	assert_int_equal(stat("d/history.db", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	assert_int_equal(sql("SELECT count(*) FROM source"), SOURCES);
}

static void two_thousand_runs(void **state)
{
	const struct run_record run = a_run(1);
	struct history_view view;
	struct history_client *client = started();

	(void)state;
	history_client_load(client, &view);
	history_view_free(&view);
	assert_int_equal(history_client_store(client, &run, sources, 0, warning), 0);
	history_client_stop(client);
	sql("INSERT INTO run SELECT "
	    "i+1,wall_ns,i+1,boottime_ns,boot_id,version,verb,status,"
	    "exit_status,agreeing,asked,is_dry,offset_ns,bound_ns,delay_ns,jitter_ns,"
	    "samples,"
	    "leap,plan_action,plan_reason,plan_by_ns,applied_action,applied_by_ns,"
	    "frequency_before_ppb,frequency_after_ppb,slew_before_ns,slew_after_ns,"
	    "max_error_ns,estimated_error_ns,kernel_flags,after_wall_ns,tick_before,"
	    "tick_after FROM run,"
	    "(WITH RECURSIVE n(i) AS(SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<2999)"
	    "SELECT i FROM n)");
	client = started();
	history_client_load(client, &view);
	assert_string_equal(view.warning, "");
	/* The snapshot is older than the latest runs: these are replayed. */
	assert_int_equal(view.replay.discipline.trusted_count, HISTORY_CLIENT_REPLAY_MAX);
	assert_int_equal(view.replay.last.mono_ns, 3000);
	history_view_free(&view);
	history_client_stop(client);
}

/* ---- the snapshot ---- */

/* Number `i` of hourly runs of a clock that is 20 ppm slow, all different. */
static struct run_record hourly_run(int64_t i)
{
	struct run_record run = a_run(0);

	run.at.unix_ns += (i - 200) * 3600 * NS_PER_S;
	run.mono_ns = i * 3600 * NS_PER_S + 5;
	run.boot_ns = run.mono_ns;
	run.offset_ns = 72 * NS_PER_MS + i * 7919 % 100000;
	run.bound_ns = 2 * NS_PER_MS;
	run.delay_ns = NS_PER_MS + i * 31 % 1000;
	run.sample_count = 4;
	run.has_kernel = 1;
	run.applied_action = PLAN_STEP;
	run.applied_by_ns = run.offset_ns;
	/* The rest has no effect on the discipline, but must be read back all the same: the
	 * snapshot's run is compared octet by octet. */
	run.agreeing_count = 3;
	run.asked_count = 4;
	run.leap = NTP_LEAP_INSERT;
	run.jitter_ns = 31;
	run.has_plan = 1;
	run.plan_action = PLAN_STEP;
	run.plan_reason = PLAN_BEYOND_DRIFT;
	run.plan_by_ns = run.offset_ns;
	run.frequency_before_ppb = -12345;
	run.frequency_after_ppb = -12345;
	run.max_error_ns = 77;
	run.estimated_error_ns = 33;
	run.kernel_flags = RECORD_KERNEL_PLL | RECORD_KERNEL_ARMED_INSERT;
	return run;
}

static struct replay_state replay_of_the_file(void)
{
	struct history_client *client = started();
	struct history_view view;
	struct replay_state replay;

	history_client_load(client, &view);
	assert_int_equal(view.use, HISTORY_USED);
	replay = view.replay;
	history_view_free(&view);
	history_client_stop(client);
	return replay;
}

/* A process per run, as `set` would do it. */
static void store_runs(int64_t from, int64_t to, bool is_dry)
{
	struct history_view view;

	for (int64_t i = from; i < to; i++) {
		struct history_client *client = started();
		struct run_record run = hourly_run(i);

		run.is_dry = is_dry;
		history_client_load(client, &view);
		history_view_free(&view);
		assert_int_equal(history_client_store(client, &run, sources, 0, warning),
		                 0);
		history_client_stop(client);
	}
}

/* Whether a snapshot that differs from the runs is trusted. */
static bool memo_is_used(void)
{
	const struct replay_state replay = replay_of_the_file();

	return replay.discipline.outlier_probability == 0.125;
}

/* Changes `octets` of the stored snapshot at `at`; also sets the mark. */
static void change_memo(size_t at, const void *octets, size_t len)
{
	const double mark = 0.125;
	struct discipline_snapshot snapshot;
	sqlite3_stmt *stmt = NULL;
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open("d/history.db", &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db,
	                                    "SELECT value FROM state WHERE key='learnt'",
	                                    -1, &stmt, NULL),
	                 SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	assert_int_equal(sqlite3_column_bytes(stmt, 0), sizeof(snapshot));
	memcpy(&snapshot, sqlite3_column_blob(stmt, 0), sizeof(snapshot));
	sqlite3_finalize(stmt);
	snapshot.discipline.outlier_probability = mark;
	memcpy((uint8_t *)&snapshot + at, octets, len);
	assert_int_equal(sqlite3_prepare_v2(db,
	                                    "UPDATE state SET value=? WHERE key='learnt'",
	                                    -1, &stmt, NULL),
	                 SQLITE_OK);
	sqlite3_bind_blob(stmt, 1, &snapshot, sizeof(snapshot), SQLITE_STATIC);
	assert_int_equal(sqlite3_step(stmt), SQLITE_DONE);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
}

static void what_was_kept_equals_a_replay(void **state)
{
	struct replay_state kept, replayed;

	(void)state;
	store_runs(0, 70, false);
	store_runs(70, 71, true); /* a dry run has no effect */
	kept = replay_of_the_file();
	assert_int_equal(kept.discipline.trusted_count, 70);
	sql("DELETE FROM state");
	replayed = replay_of_the_file();
	assert_memory_equal(&kept, &replayed, sizeof(kept));
	/* And the equal state came from the snapshot, not from a replay. */
	store_runs(71, 72, false);
	change_memo(0, "", 0);
	assert_true(memo_is_used());
	/* The runs since then are replayed. */
	sql("UPDATE run SET id=id+1000 WHERE id=(SELECT max(id) FROM run)");
	sql("INSERT INTO run SELECT id+1,wall_ns+3600000000000,mono_ns+3600000000000,"
	    "boottime_ns+3600000000000,boot_id,version,verb,status,exit_status,agreeing,"
	    "asked,"
	    "is_dry,offset_ns,bound_ns,delay_ns,jitter_ns,samples,leap,plan_action,plan_"
	    "reason,"
	    "plan_by_ns,applied_action,applied_by_ns,frequency_before_ppb,"
	    "frequency_after_ppb,slew_before_ns,slew_after_ns,max_error_ns,estimated_error_"
	    "ns,"
	    "kernel_flags,after_wall_ns,tick_before,tick_after FROM run ORDER BY id DESC "
	    "LIMIT 1");
	kept = replay_of_the_file();
	assert_int_equal(kept.discipline.trusted_count, 72);
	assert_true(kept.discipline.outlier_probability >
	            0.1); /* the mark, one run later */
}

static void a_memo_that_does_not_fit_is_dropped(void **state)
{
	const struct {
		size_t at, len;
		const void *octets;
	} changes[] = {
		{ offsetof(struct discipline_snapshot, magic), 4, "\1\2\3\4" },
		{ offsetof(struct discipline_snapshot, octets), 4, "\0\0\0\0" },
		{ offsetof(struct discipline_snapshot, version), 6, "0.0.9" },
		{ offsetof(struct discipline_snapshot, last.bound_ns), 1,
		  "\1" }, /* another run */
		{ offsetof(struct discipline_snapshot, last.status), 4,
		  "\377\377\377\377" },
		{ offsetof(struct discipline_snapshot, discipline.version), 4, "\7\0\0\0" },
		{ offsetof(struct discipline_snapshot, discipline.has_last), 1, "\2" },
		{ offsetof(struct discipline_snapshot, discipline.models[3].weight), 8,
		  "\377\377\377\377\377\377\377\377" }, /* not a number */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		store_runs((int64_t)i, (int64_t)i + 1, false);
		change_memo(0, "", 0);
		assert_true(memo_is_used());
		change_memo(changes[i].at, changes[i].octets, changes[i].len);
		assert_false(memo_is_used());
	}
	/* Its run was deleted or changed: the past is a different one. */
	store_runs(20, 21, false);
	change_memo(0, "", 0);
	assert_true(memo_is_used());
	sql("UPDATE run SET offset_ns=offset_ns+1 WHERE id=(SELECT max(id) FROM run)");
	assert_false(memo_is_used());
	sql("UPDATE run SET offset_ns=offset_ns-1 WHERE id=(SELECT max(id) FROM run)");
	assert_true(memo_is_used());
	sql("DELETE FROM run WHERE id=(SELECT max(id) FROM run)");
	assert_false(memo_is_used());
	/* Truncated, or far too long. */
	sql("UPDATE state SET value=x'00'");
	assert_false(memo_is_used());
	sql("UPDATE state SET value=zeroblob(60000)");
	assert_false(memo_is_used());
}

/* ---- failures ---- */

static void no_history_for_an_ordinary_user(void **state)
{
	const struct run_record run = a_run(1);
	struct history_client *client = NULL;
	struct history_view view;
	struct stat st;

	(void)state;
	assert_int_equal(history_client_start("d", &looking, &client), 0);
	history_client_load(client, &view);
	assert_int_equal(view.use, HISTORY_ABSENT);
	assert_int_equal(strlen(view.boot_id), 36);
	history_view_free(&view);
	assert_int_equal(history_client_store(client, &run, sources, 0, warning), -ENOENT);
	assert_string_not_equal(warning, "");
	history_client_stop(client);
	assert_int_equal(stat("d", &st), -1);
}

static void unsafe_directory(void **state)
{
	const struct run_record run = a_run(1);
	struct history_client *client;
	struct history_view view;

	(void)state;
	assert_int_equal(mkdir("d", 0755), 0);
	assert_int_equal(chmod("d", 0777), 0);
	client = started();
	history_client_load(client, &view);
	assert_int_equal(view.use, HISTORY_UNUSABLE);
	assert_string_not_equal(view.warning, "");
	assert_int_equal(view.replay.has_last, 0);
	history_view_free(&view);
	assert_int_equal(history_client_store(client, &run, sources, 3, warning), -EPERM);
	history_client_stop(client);
}

static void damaged_file_begins_anew(void **state)
{
	const struct run_record run = a_run(1);
	struct history_client *client = started();
	struct history_view view;
	struct stat st;
	int fd;

	(void)state;
	history_client_load(client, &view);
	history_view_free(&view);
	assert_int_equal(history_client_store(client, &run, sources, 0, warning), 0);
	history_client_stop(client);
	fd = open("d/history.db", O_WRONLY);
	for (off_t at = 100; at < 40000; at++) {
		assert_int_equal(pwrite(fd, "x", 1, at), 1);
	}
	close(fd);
	client = started();
	history_client_load(client, &view);
	assert_int_equal(view.use, HISTORY_USED);
	assert_non_null(strstr(view.warning, "damaged"));
	assert_int_equal(view.replay.has_last, 0);
	history_view_free(&view);
	assert_int_equal(history_client_store(client, &run, sources, 0, warning), 0);
	assert_string_equal(warning, "");
	history_client_stop(client);
	assert_int_equal(stat("d/history.db.corrupt", &st), 0);
	assert_int_equal(sql("SELECT count(*) FROM run"), 1);
}

/* ... that opening does not read. */
static void damage_found_while_loading(void **state)
{
	static const uint8_t zeros[4096];
	struct history_client *client;
	struct history_view view;
	int fd;

	two_thousand_runs(state);
	fd = open("d/history.db", O_WRONLY);
	for (off_t page = 40; page < 60; page++) {
		assert_int_equal(pwrite(fd, zeros, sizeof(zeros), page * 4096),
		                 sizeof(zeros));
	}
	close(fd);
	client = started();
	history_client_load(client, &view);
	assert_int_equal(view.use, HISTORY_USED);
	assert_non_null(strstr(view.warning, "damaged"));
	assert_int_equal(view.replay.has_last, 0);
	history_view_free(&view);
	history_client_stop(client);
	assert_int_equal(sql("SELECT count(*) FROM run"), 0);
}

static void damage_found_while_writing(void **state)
{
	const struct run_record run = a_run(1);
	struct history_client *client = started();
	struct history_view view;

	(void)state;
	history_client_load(client, &view);
	history_view_free(&view);
	sql("DROP TABLE source");
	assert_int_equal(history_client_store(client, &run, sources, 3, warning), 0);
	assert_non_null(strstr(warning, "damaged"));
	history_client_stop(client);
	assert_int_equal(sql("SELECT count(*) FROM run"), 1);
}

/* A stopped process simulates a stuck disk. */
static void stuck_disk(void **state)
{
	const struct run_record run = a_run(1);
	struct history_client *client = started_with(SHORT_NS, 2 * SHORT_NS, SHORT_NS);
	struct history_view view;
	int64_t all_began_ns = monotonic_now_ns();
	int64_t begin_ns;

	(void)state;
	assert_int_equal(kill(child_pid(), SIGSTOP), 0);
	begin_ns = monotonic_now_ns();
	history_client_load(client, &view);
	/* It may have sent everything before it was stopped. */
	if (view.use != HISTORY_USED) {
		assert_non_null(strstr(view.warning, "in time"));
		assert_true(monotonic_now_ns() - begin_ns >= SHORT_NS);
	}
	history_view_free(&view);
	begin_ns = monotonic_now_ns();
	assert_int_equal(history_client_store(client, &run, sources, SOURCES, warning),
	                 -ETIMEDOUT);
	assert_non_null(strstr(warning, "in time"));
	assert_true(monotonic_now_ns() - begin_ns >= 2 * SHORT_NS);
	history_client_stop(client);
	assert_true(monotonic_now_ns() - all_began_ns < AMPLE_NS);
	assert_false(has_children());
}

/* A disk that has to spin up first: too late for load, in time for store. */
static void slow_disk(void **state)
{
	const struct run_record run = a_run(1);
	struct history_client *client;
	struct history_view view;
	pid_t pid;

	two_thousand_runs(state); /* more than fits into the socket */
	client = started_with(SHORT_NS, AMPLE_NS, AMPLE_NS);
	pid = child_pid();
	assert_int_equal(kill(pid, SIGSTOP), 0);
	history_client_load(client, &view);
	assert_int_equal(view.use, HISTORY_UNUSABLE);
	assert_int_equal(view.replay.has_last, 0);
	history_view_free(&view);
	assert_int_equal(kill(pid, SIGCONT), 0);
	assert_int_equal(history_client_store(client, &run, sources, SOURCES, warning), 0);
	assert_int_equal(history_client_store(client, &run, sources, SOURCES, warning), 0);
	history_client_stop(client);
	assert_int_equal(sql("SELECT count(*) FROM source"), 2 * SOURCES);
}

static void ended_by_others(void **state)
{
	const struct run_record run = a_run(1);
	struct history_client *client = started();
	struct history_view view;

	(void)state;
	history_client_load(client, &view);
	history_view_free(&view);
	assert_int_equal(kill(child_pid(), SIGKILL), 0);
	assert_int_equal(history_client_store(client, &run, sources, SOURCES, warning),
	                 -EPIPE);
	assert_string_not_equal(warning, "");
	history_client_stop(client);
	client = started();
	assert_int_equal(kill(child_pid(), SIGKILL), 0);
	history_client_load(client, &view);
	/* Or it was fast enough. */
	assert_true(view.use == HISTORY_USED || view.warning[0] != '\0');
	history_view_free(&view);
	history_client_stop(client);
	history_client_stop(NULL);
}

/* Only the run itself handles a SIGTERM to its process group. */
static void signals_are_the_runs(void **state)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPIPE, SIGXFSZ };
	const struct run_record run = a_run(1);
	struct history_client *client = started();
	struct history_view view;

	(void)state;
	history_client_load(client, &view);
	history_view_free(&view);
	for (size_t i = 0; i < COUNT_OF(signals); i++) {
		assert_int_equal(kill(child_pid(), signals[i]), 0);
	}
	assert_int_equal(history_client_store(client, &run, sources, 0, warning), 0);
	history_client_stop(client);
}

static bool is_there(pid_t pid)
{
	char path[40], line[300], mark = 'Z';
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (!file) {
		return false;
	}
	if (!fgets(line, sizeof(line), file) ||
	    sscanf(line, "%*d (%*[^)]) %c", &mark) != 1) {
		mark = 'Z';
	}
	fclose(file);
	return mark != 'Z' && mark != 'X';
}

static void dies_with_its_parent(void **state)
{
	struct history_client *client = NULL;
	struct history_view view;
	int ends[2], status = 0;
	pid_t pid, history_pid = 0;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		if (history_client_start("d", &settings, &client) < 0) {
			_exit(1);
		}
		history_client_load(client, &view);
		history_pid = child_pid();
		(void)!write(ends[1], &history_pid, sizeof(history_pid));
		pause();
		_exit(0);
	}
	assert_int_equal(read(ends[0], &history_pid, sizeof(history_pid)),
	                 sizeof(history_pid));
	assert_true(is_there(history_pid));
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	for (int i = 0; i < 100 && is_there(history_pid); i++) {
		usleep(10000);
	}
	assert_false(is_there(history_pid));
	close(ends[0]);
	close(ends[1]);
}

/* It keeps neither the lock nor a socket of the run open. */
static void holds_no_descriptor_of_the_run(void **state)
{
	struct history_client *client;
	struct history_view view;
	int ends[2];
	char octet;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	client = started();
	history_client_load(client, &view);
	history_view_free(&view);
	close(ends[1]);
	assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(read(ends[0], &octet, 1),
	                 0); /* end of file: no other process has the other end */
	close(ends[0]);
	history_client_stop(client);
}

/* The history process may use only files of its user. */
static void has_no_privilege(void **state)
{
	struct history_client *client = started();
	struct history_view view;
	char path[40], line[200];
	unsigned found = 0;
	FILE *file;

	(void)state;
	history_client_load(client, &view);
	history_view_free(&view);
	snprintf(path, sizeof(path), "/proc/%d/status", (int)child_pid());
	file = fopen(path, "re");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		found += strcmp(line, "CapPrm:\t0000000000000000\n") == 0;
		found += strcmp(line, "CapEff:\t0000000000000000\n") == 0;
		found += strcmp(line, "CapInh:\t0000000000000000\n") == 0;
		found += strcmp(line, "CapAmb:\t0000000000000000\n") == 0;
		found += strcmp(line, "NoNewPrivs:\t1\n") == 0;
	}
	fclose(file);
	assert_int_equal(found, 5);
	history_client_stop(client);
}

/* A run that measures in the sandbox stores and ends the history process from there. */
static void from_inside_the_sandbox(void **state)
{
	const struct run_record run = a_run(1);
	int status = 0;
	pid_t pid;

	(void)state;
	pid = fork();
	if (pid == 0) {
		struct history_client *client = NULL;
		struct history_view view;

		if (history_client_start("d", &settings, &client) < 0 ||
		    priv_drop_all() < 0) {
			_exit(1);
		}
		history_client_load(client, &view);
		history_view_free(&view);
		if (sandbox_enter(SANDBOX_MEASURE) < 0) {
			_exit(SKIPPED);
		}
		if (history_client_store(client, &run, sources, SOURCES, warning) < 0) {
			_exit(2);
		}
		history_client_stop(client);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == SKIPPED) {
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(sql("SELECT count(*) FROM run"), 1);
}

/* Row 75: SIGKILL while it writes, a little later each time. */
static void killed_while_writing(void **state)
{
	const struct run_record run = a_run(1);
	int64_t known = 0, now;

	(void)state;
	for (unsigned i = 0; i < 40; i++) {
		const struct timespec nap = { .tv_nsec = (long)i * 250000L };
		struct history_client *client = started();
		struct history_view view;
		pid_t pid, killer;
		int status, r;

		history_client_load(client, &view);
		assert_string_equal(view.warning, "");
		history_view_free(&view);
		pid = child_pid();
		killer = fork();
		if (killer == 0) {
			nanosleep(&nap, NULL);
			kill(pid, SIGKILL);
			_exit(0);
		}
		r = history_client_store(client, &run, sources, SOURCES, warning);
		assert_true(r == 0 || r == -EPIPE);
		assert_int_equal(waitpid(killer, &status, 0), killer);
		history_client_stop(client);
		assert_int_equal(sql("PRAGMA integrity_check"), 1);
		now = sql("SELECT count(*) FROM run");
		/* Stored if it was confirmed; else stored or not, but never in part. */
		assert_in_range(now, known + (r == 0), known + 1);
		assert_int_equal(sql("SELECT count(*) FROM source"), now * SOURCES);
		known = now;
	}
}

/* ---- keys between runs ---- */

static struct nts_stored key_items[NTS_STORED_MAX + 1];
static struct nts_store keys = { .items = key_items };

static struct nts_stored a_stored(unsigned number)
{
	struct nts_stored stored = { .obtained_ns = boottime_now_ns(),
		                     .keys = { .aead = NTS_AEAD_SIV_CMAC_256 },
		                     .window = { 1700000000, 1800000000 } };
	const struct nts_cookie cookie = { .len = 100, .octets = { (uint8_t)number } };

	snprintf(stored.host, sizeof(stored.host), "time%u.example", number);
	assert_true(address_parse("192.0.2.1", &stored.key_address));
	stored.key_address.port = 4460;
	stored.address = stored.key_address;
	nts_cookies_add(&stored.cookies, &cookie);
	return stored;
}

static void fill_keys(size_t count)
{
	for (size_t i = 0; i < count; i++) {
		key_items[i] = a_stored((unsigned)i);
	}
	keys.count = count;
}

static struct history_client *loaded_with(int64_t load_ns, int64_t store_ns)
{
	struct history_client *client = started_with(load_ns, store_ns, AMPLE_NS);
	struct history_view view;

	history_client_load(client, &view);
	history_view_free(&view);
	return client;
}

static struct history_client *loaded(void)
{
	return loaded_with(AMPLE_NS, AMPLE_NS);
}

static void keys_from_run_to_run(void **state)
{
	static const size_t counts[] = { 1, 0, NTS_STORED_MAX };
	const struct run_record run = a_run(1);
	struct nts_stored want;
	struct history_client *client;
	struct stat st;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(counts); i++) {
		client = loaded();
		history_client_take_keys(client, &keys, warning);
		assert_string_equal(warning, "");
		assert_int_equal(keys.count, 0);
		fill_keys(counts[i]);
		assert_int_equal(history_client_store(client, &run, sources, 3, warning),
		                 0);
		history_client_put_keys(client, &keys, warning);
		assert_string_equal(warning, "");
		history_client_stop(client);
		assert_int_equal(stat("d/" KEYS_FILE, &st), counts[i] > 0 ? 0 : -1);
		want = key_items[0];
		memset(key_items, 0, sizeof(key_items));

		client = loaded();
		history_client_take_keys(client, &keys, warning);
		assert_string_equal(warning, "");
		assert_int_equal(keys.count, counts[i]);
		if (counts[i] > 0) {
			assert_memory_equal(&key_items[0], &want, sizeof(want));
			assert_int_equal(st.st_mode & 07777, 0600);
		}
		/* Once. */
		history_client_take_keys(client, &keys, warning);
		assert_int_equal(keys.count, 0);
		history_client_stop(client);
		assert_int_equal(stat("d/" KEYS_FILE, &st), -1);
	}
}

static void keys_without_a_directory(void **state)
{
	struct history_client *client = NULL;
	struct history_view view;
	struct stat st;

	(void)state;
	assert_int_equal(history_client_start("d", &looking, &client), 0);
	history_client_load(client, &view);
	history_view_free(&view);
	history_client_take_keys(client, &keys, warning);
	assert_string_equal(warning, "");
	assert_int_equal(keys.count, 0);
	fill_keys(2);
	history_client_put_keys(client, &keys, warning);
	assert_string_not_equal(warning, "");
	history_client_stop(client);
	assert_int_equal(stat(KEYS_FILE, &st), -1);
	/* A directory that may only be read. */
	client = loaded();
	history_client_put_keys(client, &keys, warning);
	assert_string_equal(warning, "");
	history_client_stop(client);
	assert_int_equal(history_client_start("d", &looking, &client), 0);
	history_client_load(client, &view);
	history_view_free(&view);
	history_client_take_keys(client, &keys, warning);
	assert_int_equal(keys.count, 0);
	history_client_stop(client);
	assert_int_equal(stat("d/" KEYS_FILE, &st), 0);
}

static void keys_without_a_history(void **state)
{
	struct history_client *client;
	struct history_view view;

	(void)state;
	assert_int_equal(mkdir("d", 0755), 0);
	assert_int_equal(chmod("d", 0755), 0);
	assert_int_equal(mkdir("d/" HISTORY_FILE, 0755), 0);
	for (size_t i = 0; i < 2; i++) {
		client = started();
		history_client_load(client, &view);
		assert_int_equal(view.use, HISTORY_UNUSABLE);
		history_view_free(&view);
		history_client_take_keys(client, &keys, warning);
		assert_string_equal(warning, "");
		assert_int_equal(keys.count, i);
		fill_keys(1);
		history_client_put_keys(client, &keys, warning);
		assert_string_equal(warning, "");
		history_client_stop(client);
	}
}

static void bad_file_of_keys(void **state)
{
	struct history_client *client = loaded();

	(void)state;
	fill_keys(2);
	history_client_put_keys(client, &keys, warning);
	assert_int_equal(chmod("d/" KEYS_FILE, 0644), 0);
	history_client_take_keys(client, &keys, warning);
	assert_int_equal(keys.count, 0);
	assert_non_null(strstr(warning, "d/" KEYS_FILE " is not used: others may read it"));
	assert_int_equal(chmod("d/" KEYS_FILE, 0600), 0);
	assert_int_equal(truncate("d/" KEYS_FILE, 1000), 0);
	history_client_take_keys(client, &keys, warning);
	assert_int_equal(keys.count, 0);
	assert_non_null(strstr(warning, "it is damaged"));
	assert_int_equal(symlink("nowhere", "d/" KEYS_FILE), 0);
	history_client_take_keys(client, &keys, warning);
	assert_non_null(strstr(warning, "it is a symbolic link"));
	fill_keys(1);
	history_client_put_keys(client, &keys, warning);
	assert_non_null(
		strstr(warning, "d/" KEYS_FILE " cannot be written: not a regular"));
	/* And the history goes on. */
	assert_int_equal(history_client_store(client, &(struct run_record){ 0 }, sources, 0,
	                                      warning),
	                 0);
	history_client_stop(client);
}

/* A disk that stands still for a while: the answers that come too late belong to no later
 * request. */
static void late_keys(void **state)
{
	struct history_client *client = loaded();
	const struct run_record run = a_run(1);
	pid_t pid;

	(void)state;
	fill_keys(NTS_STORED_MAX);
	history_client_put_keys(client, &keys, warning);
	history_client_stop(client);

	client = loaded_with(SHORT_NS, AMPLE_NS);
	pid = child_pid();
	assert_int_equal(kill(pid, SIGSTOP), 0);
	history_client_take_keys(client, &keys, warning);
	assert_int_equal(keys.count, 0);
	assert_non_null(strstr(warning, "in time"));
	history_client_take_keys(client, &keys, warning);
	assert_int_equal(keys.count, 0);
	assert_int_equal(kill(pid, SIGCONT), 0);
	/* Whatever was on the way: a cookie that came too late is sent by nobody. */
	assert_int_equal(history_client_store(client, &run, sources, SOURCES, warning), 0);
	fill_keys(1);
	history_client_put_keys(client, &keys, warning);
	assert_string_equal(warning, "");
	history_client_take_keys(client, &keys, warning);
	assert_int_equal(keys.count, 1);
	history_client_stop(client);
	assert_int_equal(sql("SELECT count(*) FROM source"), SOURCES);
}

static void keys_of_a_process_that_has_ended(void **state)
{
	struct history_client *client = loaded();

	(void)state;
	assert_int_equal(kill(child_pid(), SIGKILL), 0);
	history_client_take_keys(client, &keys, warning);
	assert_int_equal(keys.count, 0);
	assert_string_not_equal(warning, "");
	fill_keys(NTS_STORED_MAX);
	history_client_put_keys(client, &keys, warning);
	assert_string_not_equal(warning, "");
	history_client_stop(client);
}

/* ---- the history process, asked by somebody who is not history_client.c ---- */

static struct child raw;
static struct message message;

static void raw_start(void)
{
	static struct history_process_settings process = { .state_dir = "d" };

	process.how = settings;
	process.how.wants_replay = false;
	assert_int_equal(
		child_start(&(struct child_ops){ .prepare = history_process_prepare,
	                                         .run = history_process_main,
	                                         .ctx = &process },
	                    &raw),
		0);
	assert_int_equal(recv(raw.fd, &message, sizeof(message), 0),
	                 message_size(MESSAGE_HEAD));
}

/* Whether it goes on until then. */
static bool raw_stop(void)
{
	struct pollfd poll_fd = { .fd = raw.fd, .events = POLLIN };
	bool goes_on;
	ssize_t len;

	message_init(&message, MESSAGE_TAKE);
	message.u.ticket.ticket = 4711;
	goes_on = send(raw.fd, &message, message_size(MESSAGE_TAKE), MSG_NOSIGNAL) > 0;
	while (goes_on) {
		assert_int_equal(poll(&poll_fd, 1, 10000), 1);
		len = recv(raw.fd, &message, sizeof(message), 0);
		goes_on = len > 0;
		if (goes_on && message.kind == MESSAGE_ANSWER &&
		    message.u.answer.ticket == 4711) {
			break;
		}
	}
	child_close(&raw);
	assert_true(child_ends_by(&raw, monotonic_now_ns() + AMPLE_NS));
	child_forget(&raw);
	return goes_on;
}

static void raw_send(enum message_kind kind)
{
	assert_int_equal(send(raw.fd, &message, message_size(kind), MSG_NOSIGNAL),
	                 message_size(kind));
}

static void raw_keys(unsigned number, void (*change)(struct nts_stored *stored))
{
	message_init(&message, MESSAGE_KEYS);
	message.u.keys = a_stored(number);
	if (change) {
		change(&message.u.keys);
	}
	raw_send(MESSAGE_KEYS);
}

static void raw_ticket(enum message_kind kind, uint32_t ticket)
{
	message_init(&message, kind);
	message.u.ticket.ticket = ticket;
	raw_send(kind);
}

/* How many keys lie in the file. */
static size_t keys_in_file(void)
{
	struct history_client *client = loaded();

	history_client_take_keys(client, &keys, warning);
	history_client_stop(client);
	return keys.count;
}

static void no_host(struct nts_stored *stored)
{
	stored->host[0] = '\0';
}
static void from_the_future(struct nts_stored *stored)
{
	stored->obtained_ns += 3600 * NS_PER_S;
}
static void too_many_cookies(struct nts_stored *stored)
{
	stored->cookies.count = UINT32_MAX;
}
static void long_wait(struct nts_stored *stored)
{
	stored->failure_count = 1;
	stored->next_attempt_ns = INT64_MAX;
}

static void send_two(void)
{
	raw_keys(0, NULL);
	raw_keys(1, NULL);
	raw_ticket(MESSAGE_PUT, 1);
}
static void send_none(void)
{
	raw_ticket(MESSAGE_PUT, 1);
	raw_ticket(MESSAGE_PUT, 1);
}
static void send_unfinished(void)
{
	raw_keys(0, NULL);
}
static void send_most(void)
{
	for (unsigned i = 0; i < NTS_STORED_MAX; i++) {
		raw_keys(i, NULL);
	}
	raw_ticket(MESSAGE_PUT, 1);
}
static void send_too_many(void)
{
	for (unsigned i = 0; i < NTS_STORED_MAX; i++) {
		raw_keys(i, NULL);
	}
	raw_keys(99, NULL);
}
/* A TAKE between them begins anew. */
static void send_taken_between(void)
{
	raw_keys(0, NULL);
	raw_keys(1, NULL);
	raw_ticket(MESSAGE_TAKE, 1);
	raw_keys(2, NULL);
	raw_ticket(MESSAGE_PUT, 2);
}
static void send_put_twice(void)
{
	send_two();
	raw_keys(2, NULL);
	raw_ticket(MESSAGE_PUT, 2);
}
static void send_no_host(void)
{
	raw_keys(0, no_host);
}
static void send_future(void)
{
	raw_keys(0, from_the_future);
}
static void send_cookies(void)
{
	raw_keys(0, too_many_cookies);
}
static void send_wait(void)
{
	raw_keys(0, long_wait);
}
static void send_half(void)
{
	message_init(&message, MESSAGE_KEYS);
	message.u.keys = a_stored(0);
	assert_true(send(raw.fd, &message, message_size(MESSAGE_KEYS) - 1, MSG_NOSIGNAL) >
	            0);
}
static void send_more(void)
{
	message_init(&message, MESSAGE_PUT);
	assert_true(send(raw.fd, &message, message_size(MESSAGE_PUT) + 4, MSG_NOSIGNAL) >
	            0);
}
static void send_answer(void)
{
	message_init(&message, MESSAGE_ANSWER);
	raw_send(MESSAGE_ANSWER);
}
static void send_head(void)
{
	message_init(&message, MESSAGE_HEAD);
	raw_send(MESSAGE_HEAD);
}

struct raw_row {
	const char *name;
	void (*send)(void);
	bool goes_on;
	size_t want; /* in the file afterwards, unless it has been taken */
};

/* clang-format off */
static const struct raw_row raw_rows[] = {
	{ "two",                            send_two,           true,  2 },
	{ "none: the file is left alone",   send_none,          true,  1 },
	{ "keys without a PUT",             send_unfinished,    true,  1 },
	{ "64",                             send_most,          true,  NTS_STORED_MAX },
	{ "65",                             send_too_many,      false, 1 },
	{ "taken between them",             send_taken_between, true,  1 },
	{ "put twice: the later ones",      send_put_twice,     true,  1 },
	{ "no host",                        send_no_host,       false, 1 },
	{ "from the future",                send_future,        false, 1 },
	{ "too many cookies",               send_cookies,       false, 1 },
	{ "endless wait",               send_wait,          false, 1 },
	{ "half a message",                 send_half,          false, 1 },
	{ "a message with more behind it",  send_more,          false, 1 },
	{ "an answer",                      send_answer,        false, 1 },
	{ "a head",                         send_head,          false, 1 },
};
/* clang-format on */

static void messages_of_keys(void **state)
{
	struct history_client *client;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(raw_rows); i++) {
		const struct raw_row *row = &raw_rows[i];

		print_message("  %s\n", row->name);
		client = loaded();
		fill_keys(1);
		history_client_put_keys(client, &keys, warning);
		history_client_stop(client);
		raw_start();
		row->send();
		/* Its last request takes what is there. */
		assert_int_equal(raw_stop(), row->goes_on);
		assert_int_equal(keys_in_file(), row->goes_on ? 0 : row->want);
		if (!row->goes_on) {
			continue;
		}
		fill_keys(1);
		client = loaded();
		history_client_put_keys(client, &keys, warning);
		history_client_stop(client);
		raw_start();
		row->send();
		assert_int_equal(shutdown(raw.fd, SHUT_WR), 0);
		while (recv(raw.fd, &message, sizeof(message), 0) > 0) {
		}
		child_close(&raw);
		assert_true(child_ends_by(&raw, monotonic_now_ns() + AMPLE_NS));
		child_forget(&raw);
		assert_int_equal(keys_in_file(), row->want);
	}
}

#define TEST(text, function)                                                               \
	{                                                                                  \
		.name = (text), .test_func = (function), .setup_func = set_up,             \
		.teardown_func = tear_down                                                 \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("from run to run", from_run_to_run),
		TEST("to show", to_show),
		TEST("two thousand runs", two_thousand_runs),
		TEST("what was kept equals a replay", what_was_kept_equals_a_replay),
		TEST("a memo that does not fit is dropped",
		     a_memo_that_does_not_fit_is_dropped),
		TEST("67 no history for an ordinary user", no_history_for_an_ordinary_user),
		TEST("68 unsafe directory", unsafe_directory),
		TEST("68 damaged file begins anew", damaged_file_begins_anew),
		TEST("68 damage found while loading", damage_found_while_loading),
		TEST("68 damage found while writing", damage_found_while_writing),
		TEST("70 stuck disk", stuck_disk),
		TEST("70 slow disk", slow_disk),
		TEST("ended by others", ended_by_others),
		TEST("74 signals are the run's", signals_are_the_runs),
		TEST("dies with its parent", dies_with_its_parent),
		TEST("holds no descriptor of the run", holds_no_descriptor_of_the_run),
		TEST("has no privilege", has_no_privilege),
		TEST("from inside the sandbox", from_inside_the_sandbox),
		TEST("75 killed while writing", killed_while_writing),
		TEST("keys from run to run", keys_from_run_to_run),
		TEST("keys without a directory", keys_without_a_directory),
		TEST("keys without a history", keys_without_a_history),
		TEST("NS2 NS3 bad file of keys", bad_file_of_keys),
		TEST("late keys", late_keys),
		TEST("keys of a process that has ended", keys_of_a_process_that_has_ended),
		TEST("messages of keys", messages_of_keys),
	};

	return cmocka_run_group_tests_name("history_client", tests, NULL, NULL);
}
