/* SPDX-License-Identifier: MIT
 *
 * For tests/system/set/killed.sh: a run that dies by SIGKILL at its Nth system call, for every N.
 *
 *   kill_each CLOCK_FILE PRELOAD HISTORY PROGRAM ARGUMENTS...
 *
 * The calls are counted over all processes of a run; the process that makes the Nth is
 * killed, the others have to notice.  The clock of sim_clock.h is 2 s behind before each
 * run.  After the killed run it is 2 s behind or right; the next run makes it right with a
 * single step in all, without an error, and the history between them is sound.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "sim_clock.h"
#include "traced.h"

enum { UNKILLED_ENOUGH = 3, FAILURES_ENOUGH = 5, RUNS_KEPT = 20 };
#define BEHIND_NS (2 * NS)
#define NEAR_NS (NS / 4)

static struct sim *sim;
static const char *history, *preload;
static FILE *said; /* stderr of the runs */

static void fail(const char *what)
{
	fprintf(stderr, "kill_each: %s: %s\n", what, strerror(errno));
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
	if (!freopen("/dev/null", "w", stdout) || dup2(fileno(said), 2) < 0 ||
	    setenv("LD_PRELOAD", preload, 1) < 0) {
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

/* How far the clock is behind. */
static int64_t behind_ns(void)
{
	return sim->at_ns - sim->mono_ns - sim->ahead_ns;
}

static int is_near(int64_t ns)
{
	return ns > -NEAR_NS && ns < NEAR_NS;
}

/* Expected warnings: a run may die after it has set the frequency and before it has
 * recorded that, and on a busy machine the history process may be late. */
static int is_clean(void)
{
	static const char known[] = "changed the clock's frequency since the last run";
	static const char late[] = "the history did not answer in time";
	char line[1000];
	int is = 1;

	rewind(said);
	while (fgets(line, sizeof(line), said)) {
		is &= strstr(line, known) != NULL || strstr(line, late) != NULL;
	}
	return is;
}

static int ok_row(void *ctx, int count, char **values, char **names)
{
	(void)names;
	*(int *)ctx = count == 1 && values[0] && strcmp(values[0], "ok") == 0;
	return 0;
}

/* Also keeps the history short, so that reading it takes no longer each time. */
static int history_is_sound(void)
{
	char trim[120];
	sqlite3 *db = NULL;
	int is_ok = 0;

	snprintf(trim, sizeof(trim),
	         "DELETE FROM run WHERE id<(SELECT max(id) FROM run)-%d;"
	         "DELETE FROM source WHERE run NOT IN(SELECT id FROM run)",
	         RUNS_KEPT);
	if (sqlite3_open_v2(history, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
	    sqlite3_exec(db, "PRAGMA synchronous=OFF;PRAGMA quick_check", ok_row, &is_ok,
	                 NULL) != SQLITE_OK ||
	    sqlite3_exec(db, trim, NULL, NULL, NULL) != SQLITE_OK) {
		is_ok = 0;
	}
	sqlite3_close(db);
	return is_ok;
}

static int complain(const char *what, long at, int status)
{
	char line[1000];

	printf("killed at call %ld: %s (%.3f s behind, exit status %d)\n", at, what,
	       (double)behind_ns() * 1e-9, status);
	rewind(said);
	while (fgets(line, sizeof(line), said)) {
		fputs(line, stdout);
	}
	return 1;
}

/* 0 when all was well. */
static int sweep_one(char **argv, long at, long *ret_calls, long *ret_done)
{
	const long steps = sim->steps;
	int status;

	sim->ahead_ns -= BEHIND_NS;
	*ret_calls = run_killed(argv, at);
	*ret_done += sim->steps != steps;
	if (sim->steps - steps > 1 ||
	    !is_near(behind_ns() - (sim->steps == steps ? BEHIND_NS : 0))) {
		return complain("the clock is neither left alone nor right", at, 0);
	}
	if (!history_is_sound()) {
		return complain("the history is damaged", at, 0);
	}
	status = run_plain(argv);
	if (status != 0 || !is_near(behind_ns()) || !is_clean()) {
		return complain("the next run failed", at, status);
	}
	return sim->steps - steps == 1 ? 0 : complain("it was stepped twice", at, status);
}

int main(int argc, char **argv)
{
	const char *every = getenv("KILL_EVERY"); /* 1: at each call */
	long calls = 0, done = 0, at = 0, step = every ? atol(every) : 1;
	int failures = 0, unkilled = 0;

	if (argc < 5 || setenv("CLOCK_FILE", argv[1], 1) < 0 || !(sim = sim_open()) ||
	    !(said = tmpfile()) || prctl(PR_SET_CHILD_SUBREAPER, 1L, 0L, 0L, 0L) < 0) {
		fail("usage: kill_each CLOCK_FILE PRELOAD HISTORY PROGRAM ARGUMENTS...");
	}
	preload = argv[2];
	history = argv[3];
	argv += 4;
	if (run_plain(argv) != 0 || !is_clean()) {
		return complain("the first run failed", 0, 0);
	}
	/* Runs differ by a few calls: continue until some have ended before call N. */
	while (unkilled < UNKILLED_ENOUGH && failures < FAILURES_ENOUGH) {
		at += step;
		failures += sweep_one(argv, at, &calls, &done);
		unkilled = calls < at ? unkilled + 1 : 0;
	}
	printf("%ld kills, one each %ld calls: %ld had set the clock, %d wrong\n",
	       at / step - unkilled, step, done, failures);
	return failures != 0;
}
