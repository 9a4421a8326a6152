/* SPDX-License-Identifier: MIT
 *
 * For tests/system/client/nts_store.sh: a run with keys of an earlier one that dies by SIGKILL at
 * its Nth system call, for every N.
 *
 *   kill_keys kept|fresh FOLDER PROGRAM ARGUMENTS...
 *
 * The calls are counted over all processes of a run; the process that makes the Nth is killed, the
 * others have to notice.  Whatever was killed, the run ends in time, no file of keys can be read by
 * others, and the next run has an answer and leaves keys behind.  That no cookie was sent twice is
 * for the log of the server to tell.  `fresh`: the killed run finds no keys, so it has to exchange
 * them.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>

#include "traced.h"

enum { UNKILLED_ENOUGH = 3, FAILURES_ENOUGH = 5, RUN_S_MAX = 15 };

static const char *folder;
static FILE *said; /* stdout and stderr of the runs */

static void fail(const char *what)
{
	fprintf(stderr, "kill_keys: %s: %s\n", what, strerror(errno));
	exit(99);
}

static pid_t start(char **argv, int is_traced)
{
	pid_t pid;

	rewind(said);
	if (ftruncate(fileno(said), 0) < 0) {
		fail("ftruncate");
	}
	pid = fork();
	if (pid != 0) {
		return pid;
	}
	if (dup2(fileno(said), 1) < 0 || dup2(fileno(said), 2) < 0) {
		_exit(127);
	}
	if (is_traced) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
	}
	execv(argv[0], argv);
	_exit(127);
}

/* Returns the number of calls until it was killed, or of all calls. */
static long run_killed(char **argv, long kill_at)
{
	struct traced traced = { .kill_at = kill_at };

	traced_run(&traced, start(argv, 1));
	return traced.calls;
}

static int run_plain(char **argv)
{
	int status = -1;
	pid_t pid = start(argv, 0);

	/* All processes: those left over have to end as well. */
	while (waitpid(-1, pid > 0 ? &status : NULL, 0) != pid) {
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Whether a file of keys can be read by others, new ones included, whose remains are removed.
 * *ret_has: there is one for the next run. */
static int is_open_to_others(int *ret_has)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	int is_open = 0;
	struct stat st;

	if (!dir) {
		fail(folder);
	}
	*ret_has = 0;
	while ((entry = readdir(dir)) != NULL) {
		if (strncmp(entry->d_name, "nts.keys", 8) != 0 ||
		    fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
			continue;
		}
		is_open |= (st.st_mode & 077) != 0;
		*ret_has |= entry->d_name[8] == '\0';
		if (entry->d_name[8] != '\0') {
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
		}
	}
	closedir(dir);
	return is_open;
}

static void remove_keys(void)
{
	char path[1000];

	snprintf(path, sizeof(path), "%s/nts.keys", folder);
	(void)unlink(path);
}

static int complain(const char *what, long at, int status)
{
	char line[1000];

	printf("killed at call %ld: %s (exit status %d)\n", at, what, status);
	rewind(said);
	while (fgets(line, sizeof(line), said)) {
		fputs(line, stdout);
	}
	return 1;
}

/* 0 when all was well. */
static int sweep_one(char **argv, long at, int is_fresh, long *ret_calls)
{
	const double began_s = now_s();
	int has_keys, status;

	if (is_fresh) {
		remove_keys();
	}
	*ret_calls = run_killed(argv, at);
	if (now_s() - began_s > RUN_S_MAX) {
		return complain("the run does not end in time", at, 0);
	}
	if (is_open_to_others(&has_keys)) {
		return complain("others may read the keys", at, 0);
	}
	status = run_plain(argv);
	if (status != 0) {
		return complain("the next run failed", at, status);
	}
	if (is_open_to_others(&has_keys) || !has_keys) {
		return complain("the next run left no keys", at, status);
	}
	return 0;
}

int main(int argc, char **argv)
{
	const char *every = getenv("KILL_EVERY"); /* 1: at each call */
	long calls = 0, at = 0, step = every ? atol(every) : 1;
	int failures = 0, unkilled = 0, is_fresh;

	if (argc < 4 || !(said = tmpfile()) ||
	    prctl(PR_SET_CHILD_SUBREAPER, 1L, 0L, 0L, 0L) < 0) {
		fail("usage: kill_keys kept|fresh FOLDER PROGRAM ARGUMENTS...");
	}
	is_fresh = strcmp(argv[1], "fresh") == 0;
	folder = argv[2];
	argv += 3;
	if (run_plain(argv) != 0) {
		return complain("the first run failed", 0, 0);
	}
	/* Runs differ by a few calls: continue until some have ended before call N. */
	while (unkilled < UNKILLED_ENOUGH && failures < FAILURES_ENOUGH) {
		at += step;
		failures += sweep_one(argv, at, is_fresh, &calls);
		unkilled = calls < at ? unkilled + 1 : 0;
	}
	printf("%ld kills, one each %ld calls: %d wrong\n", at / step - unkilled, step,
	       failures);
	return failures != 0;
}
