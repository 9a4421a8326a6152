/* SPDX-License-Identifier: MIT
 *
 * The exporter: the file that it leaves, or not, and the files that it could reach; also
 * file_replace() and its parts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/history/exporter.h"
#include "io/store/file_replace.h"
#include "io/sys/landlock.h"
#include "io/sys/priv.h"
#include "io/sys/sandbox.h"

static char folder[64], path[96];

static void in_folder(const char *name, char *buf, size_t size)
{
	snprintf(buf, size, "%s/%s", folder, name);
}

static int setup(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/reqtime-test.XXXXXX");
	if (!mkdtemp(folder)) {
		return -1;
	}
	in_folder("m.prom", path, sizeof(path));
	return 0;
}

static int teardown(void **state)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	char name[400];

	(void)state;
	while (dir && (entry = readdir(dir))) {
		snprintf(name, sizeof(name), "%s/%s", folder, entry->d_name);
		(void)unlink(name);
	}
	if (dir) {
		closedir(dir);
	}
	return rmdir(folder);
}

static const char *content(const char *name)
{
	static char text[METRICS_SIZE];
	FILE *from = fopen(name, "r");
	size_t len = from ? fread(text, 1, sizeof(text) - 1, from) : 0;

	if (from) {
		fclose(from);
	}
	text[len] = '\0';
	return text;
}

/* Only the requested file is left. */
static size_t entries(void)
{
	DIR *dir = opendir(folder);
	size_t count = 0;

	assert_non_null(dir);
	while (readdir(dir)) {
		count++;
	}
	closedir(dir);
	return count - 2;
}

static struct metrics metrics_of(enum run_status status, int64_t ended_ns)
{
	struct metrics metrics;

	memset(&metrics, 0, sizeof(metrics));
	metrics.verb = RUN_VERB_QUERY;
	metrics.is_measured = 1;
	metrics.run.verb = RUN_VERB_QUERY;
	metrics.run.status = status;
	metrics.exit_status = (uint32_t)run_status_exit(status);
	metrics.ended.unix_ns = ended_ns;
	metrics.duration_ns = 5;
	return metrics;
}

static int export(const char *to, const struct metrics *metrics)
{
	struct exporter exporter;

	assert_int_equal(exporter_start(to, &exporter), 0);
	exporter_note(&exporter, metrics);
	return exporter_end(&exporter, metrics);
}

static void replaced(void **state)
{
	struct stat now;
	mode_t mask = umask(077);

	(void)state;
	assert_int_equal(file_replace(path, "one", 3), 0);
	assert_string_equal(content(path), "one");
	assert_int_equal(file_replace(path, "second", 6), 0);
	umask(mask);
	assert_string_equal(content(path), "second");
	assert_int_equal(stat(path, &now), 0);
	assert_int_equal(now.st_mode & 07777, 0644);
	assert_int_equal(entries(), 1);
}

/* A reader that has the old file open goes on reading the old content. */
static void never_in_part(void **state)
{
	char buf[8] = "";
	FILE *old;

	(void)state;
	assert_int_equal(file_replace(path, "old", 3), 0);
	old = fopen(path, "r");
	assert_non_null(old);
	assert_int_equal(file_replace(path, "new", 3), 0);
	assert_int_equal(fread(buf, 1, sizeof(buf), old), 3);
	fclose(old);
	assert_string_equal(buf, "old");
}

static void only_regular_files(void **state)
{
	char name[96];

	(void)state;
	/* Not a device of this machine: with the check broken, root would remove it. */
	in_folder("fifo", name, sizeof(name));
	assert_int_equal(mkfifo(name, 0600), 0);
	assert_int_equal(file_replace(name, "x", 1), -EMEDIUMTYPE);
	assert_int_equal(unlink(name), 0);
	assert_int_equal(file_replace(folder, "x", 1), -EISDIR);
	in_folder("target", name, sizeof(name));
	assert_int_equal(file_replace(name, "kept", 4), 0);
	assert_int_equal(symlink(name, path), 0);
	assert_int_equal(file_replace(path, "x", 1), -EMEDIUMTYPE);
	assert_string_equal(content(name), "kept");
	assert_int_equal(file_replace("/nonexistent/x", "x", 1), -ENOENT);
	assert_int_equal(entries(), 2);
}

/* Left behind by a killed process with this id. */
static void a_leftover_is_no_obstacle(void **state)
{
	char name[128];
	FILE *to;

	(void)state;
	snprintf(name, sizeof(name), "%s.%ld.0", path, (long)getpid());
	to = fopen(name, "w");
	assert_non_null(to);
	fclose(to);
	assert_int_equal(file_replace(path, "x", 1), 0);
	assert_int_equal(entries(), 1);
}

/* In a folder of all users, where another user's file stays: here a folder stands for it. */
static void a_blocked_name_is_passed_over(void **state)
{
	char name[128];

	(void)state;
	snprintf(name, sizeof(name), "%s.%ld.0", path, (long)getpid());
	assert_int_equal(mkdir(name, 0700), 0);
	assert_int_equal(file_replace(path, "x", 1), 0);
	assert_string_equal(content(path), "x");
	assert_int_equal(entries(), 2);
	assert_int_equal(rmdir(name), 0);
}

/* An attacker who may write into the folder: the name of the temporary file is a link to
 * another user's file. */
static void plant(const char *temporary, const char *target, bool is_symbolic)
{
	(void)unlink(temporary);
	assert_int_equal(is_symbolic ? symlink(target, temporary) : link(target, temporary),
	                 0);
}

static void planted_links_are_not_followed(void **state)
{
	char name[128], target[96];

	(void)state;
	snprintf(name, sizeof(name), "%s.%ld.0", path, (long)getpid());
	in_folder("target", target, sizeof(target));
	assert_int_equal(file_replace(target, "kept", 4), 0);
	for (int is_symbolic = 0; is_symbolic < 2; is_symbolic++) {
		plant(name, target, is_symbolic);
		assert_int_equal(file_replace(path, "mine", 4), 0);
		assert_string_equal(content(target), "kept");
		assert_string_equal(content(path), "mine");
		assert_int_equal(entries(), 2);
	}
}

static void pages_follow_no_planted_link(void **state)
{
	struct file_replace page;
	char name[128], target[96];

	(void)state;
	snprintf(name, sizeof(name), "%s.%ld.0", path, (long)getpid());
	in_folder("target", target, sizeof(target));
	assert_int_equal(file_replace(target, "kept", 4), 0);
	for (int is_symbolic = 0; is_symbolic < 2; is_symbolic++) {
		plant(name, target, is_symbolic);
		assert_int_equal(file_replace_begin(path, &page), 0);
		assert_int_equal(write(page.fd, "mine", 4), 4);
		assert_int_equal(file_replace_end(&page, true, true), 0);
		assert_string_equal(content(target), "kept");
		assert_string_equal(content(path), "mine");
	}
}

/* ---- what a compromised exporter could do ---- */

static bool has_filter(pid_t pid)
{
	char name[40], line[200];
	bool is_found = false;
	FILE *file;

	snprintf(name, sizeof(name), "/proc/%d/status", (int)pid);
	file = fopen(name, "re");
	while (file && fgets(line, sizeof(line), file)) {
		is_found |= strcmp(line, "Seccomp:\t2\n") == 0;
	}
	if (file) {
		fclose(file);
	}
	return is_found;
}

/* The filter is the last part of its confinement. */
static bool becomes_filtered(pid_t pid)
{
	for (int i = 0; i < 3000 && !has_filter(pid); i++) {
		usleep(10000);
	}
	return has_filter(pid);
}

static void need_filter(void)
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		_exit(priv_drop_all() == 0 &&
		      sandbox_enter(SANDBOX_FILE_HELPER) == -ENOSYS);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status != 0) {
		print_message("# no system call filter here\n");
		skip();
	}
}

static void behind_a_filter(void **state)
{
	struct metrics metrics = metrics_of(RUN_OK, 5);
	struct exporter exporter;

	(void)state;
	need_filter();
	assert_int_equal(exporter_start(path, &exporter), 0);
	assert_true(becomes_filtered(exporter.child.pid));
	assert_int_equal(exporter_end(&exporter, &metrics), 0);
}

/* After its confinement another folder takes the place of its own: it cannot reach that
 * one. */
static void no_folder_but_its_own(void **state)
{
	const struct landlock_folder none = { .path = "/nonexistent/x", .may_read = true };
	struct metrics metrics = metrics_of(RUN_OK, 5);
	struct exporter exporter;
	char away[80];

	(void)state;
	need_filter();
	if (landlock_enter(&none, 1) == -ENOSYS) {
		print_message("# this kernel has no Landlock\n");
		skip();
	}
	snprintf(away, sizeof(away), "%s.away", folder);
	assert_int_equal(exporter_start(path, &exporter), 0);
	assert_true(becomes_filtered(exporter.child.pid));
	assert_int_equal(rename(folder, away), 0);
	assert_int_equal(mkdir(folder, 0700), 0);
	exporter_note(&exporter, &metrics);
	assert_int_equal(exporter_end(&exporter, &metrics), -EACCES);
	assert_int_equal(entries(), 0);
	assert_int_equal(rmdir(folder), 0);
	assert_int_equal(rename(away, folder), 0);
}

static void success_is_kept(void **state)
{
	struct metrics metrics = metrics_of(RUN_OK, 5 * NS_PER_S);

	(void)state;
	assert_int_equal(export(path, &metrics), 0);
	assert_non_null(strstr(content(path), "reqtime_success{verb=\"query\"} 1\n"));
	metrics = metrics_of(RUN_NO_ANSWER, 7 * NS_PER_S);
	assert_int_equal(export(path, &metrics), 0);
	assert_int_equal(export(path, &metrics), 0);
	assert_non_null(strstr(content(path), "reqtime_success{verb=\"query\"} 0\n"));
	assert_non_null(strstr(content(path), "reqtime_failed_runs{verb=\"query\"} 2\n"));
	assert_non_null(strstr(content(path), "reqtime_last_success_timestamp_seconds{verb="
	                                      "\"query\"} 5\n"));
	assert_int_equal(entries(), 1);
}

/* The measuring process was lost: the metrics then report no measurement. */
static void without_a_note(void **state)
{
	struct metrics metrics = metrics_of(RUN_ERROR, 5);
	struct exporter exporter;

	(void)state;
	assert_int_equal(exporter_start(path, &exporter), 0);
	assert_int_equal(exporter_end(&exporter, &metrics), 0);
	assert_non_null(strstr(content(path), "reqtime_exit_status{verb=\"query\"} 6\n"));
	assert_null(strstr(content(path), "reqtime_sources"));
}

static void skipped(void **state)
{
	struct metrics metrics = metrics_of(RUN_OK, 5);
	struct exporter exporter;

	(void)state;
	assert_int_equal(exporter_start(path, &exporter), 0);
	exporter_note(&exporter, &metrics);
	exporter_skip(&exporter);
	assert_int_equal(exporter_end(&exporter, &metrics), 0);
	assert_int_equal(entries(), 0);
}

static void what_cannot_be_written(void **state)
{
	struct metrics metrics = metrics_of(RUN_OK, 5);
	struct stat st;

	(void)state;
	assert_int_equal(export("/nonexistent/m.prom", &metrics), -ENOENT);
	assert_int_equal(export(folder, &metrics), -EISDIR);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(export(path, &metrics), -EMEDIUMTYPE);
	assert_int_equal(stat(path, &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
}

/* Neither an invalid end nor a killed exporter delays the run. */
static void nonsense_and_death(void **state)
{
	struct metrics metrics = metrics_of(RUN_OK, 5);
	struct exporter exporter;

	(void)state;
	metrics.verb = RUN_VERB_COUNT;
	assert_int_equal(export(path, &metrics), -EPIPE);
	metrics.verb = RUN_VERB_QUERY;
	assert_int_equal(exporter_start(path, &exporter), 0);
	assert_int_equal(kill(exporter.child.pid, SIGKILL), 0);
	assert_true(exporter_end(&exporter, &metrics) < 0);
	assert_int_equal(entries(), 0);
}

/* An exporter that neither answers nor ends is abandoned. */
static void a_stopped_one(void **state)
{
	struct metrics metrics = metrics_of(RUN_OK, 5);
	struct exporter exporter;

	(void)state;
	assert_int_equal(exporter_start(path, &exporter), 0);
	assert_int_equal(kill(exporter.child.pid, SIGSTOP), 0);
	assert_int_equal(exporter_end(&exporter, &metrics), -ETIMEDOUT);
	assert_int_equal(entries(), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(replaced),
		TEST(never_in_part),
		TEST(only_regular_files),
		TEST(a_leftover_is_no_obstacle),
		TEST(a_blocked_name_is_passed_over),
		TEST(planted_links_are_not_followed),
		TEST(pages_follow_no_planted_link),
		TEST(behind_a_filter),
		TEST(no_folder_but_its_own),
		TEST(success_is_kept),
		TEST(without_a_note),
		TEST(skipped),
		TEST(what_cannot_be_written),
		TEST(nonsense_and_death),
		TEST(a_stopped_one),
	};

	return cmocka_run_group_tests_name("exporter", tests, NULL, NULL);
}
