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
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "app/history/history_client.h"
#include "io/store/history.h"
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

static int64_t monotonic_now_ns(void)
{
	struct timespec ts;

	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &ts), 0);
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
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

#define TEST(text, function)                                                               \
	{                                                                                  \
		.name = (text), .test_func = (function), .setup_func = set_up,             \
		.teardown_func = tear_down                                                 \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("from run to run", from_run_to_run),
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
	};

	return cmocka_run_group_tests_name("history_client", tests, NULL, NULL);
}
