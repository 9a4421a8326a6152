/* SPDX-License-Identifier: MIT
 *
 * The file helper of reqtimed reads the last trusted run of `reqtime set` from the state
 * directory.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/server/sync_source.h"
#include "cmd/serve/serve_private.h"
#include "io/store/history.h"
#include "io/store/state_dir.h"

/* Enough runs to estimate the clock's frequency; the whole history could take too long. */
enum { RUNS_MAX = 200 };

static void see(const char *dir, const char *file, struct sync_source_stamp *ret)
{
	char path[4096 + 32];
	struct stat st;

	memset(ret, 0, sizeof(*ret));
	if (snprintf(path, sizeof(path), "%s/%s", dir, file) >= (int)sizeof(path)) {
		ret->error = ENAMETOOLONG;
	} else if (stat(path, &st) < 0) {
		ret->error = errno;
	} else {
		ret->device = st.st_dev;
		ret->inode = st.st_ino;
		ret->size = st.st_size;
		ret->changed = st.st_mtim;
	}
}

static bool is_same(const struct sync_source_stamp *a, const struct sync_source_stamp *b)
{
	return a->error == b->error && a->device == b->device && a->inode == b->inode &&
	       a->size == b->size && a->changed.tv_sec == b->changed.tv_sec &&
	       a->changed.tv_nsec == b->changed.tv_nsec;
}

static int load(struct history *history, struct run_record *runs,
                struct source_record *sources, struct sync_source *ret)
{
	const struct run_record *run;
	size_t run_count = 0, source_count = 0;
	int r = history_load_set_runs(history, runs, RUNS_MAX, &run_count);

	if (r < 0) {
		return r;
	}
	run = sync_source_run(runs, run_count);
	if (!run) {
		return 0;
	}
	r = history_load_sources_of(history, run, sources, HISTORY_SOURCES_PER_RUN_MAX,
	                            &source_count);
	if (r == 0) {
		(void)sync_source_from(runs, run_count, run, sources, source_count, ret);
	}
	return r;
}

/* 0 or -errno with a `warning` (HISTORY_WARNING_SIZE); `*ret` is zero without a run. */
static int read_history(const char *dir, struct sync_source *ret, char *warning)
{
	/* A user who may set the clock gains nothing by a false history. */
	static const struct history_settings settings = { .is_anyones = true };
	struct run_record *runs = calloc(RUNS_MAX, sizeof(*runs));
	struct source_record *sources =
		calloc(HISTORY_SOURCES_PER_RUN_MAX, sizeof(*sources));
	struct history *history = NULL;
	int r = -ENOMEM;

	memset(ret, 0, sizeof(*ret));
	if (runs && sources) {
		r = state_dir_is_its_owners(dir, HISTORY_FILE);
	}
	snprintf(warning, HISTORY_WARNING_SIZE, "%.120s: %s", dir, state_dir_error_text(r));
	if (r == 0) {
		r = history_open(dir, &settings, &history, warning);
	}
	if (r == 0) {
		r = load(history, runs, sources, ret);
		if (r < 0) {
			snprintf(warning, HISTORY_WARNING_SIZE, HISTORY_FILE ": %s",
			         r == -EUCLEAN ? "it is damaged" : strerror(-r));
		}
	}
	history_close(history);
	free(sources);
	free(runs);
	return r;
}

/* Without --state-dir a missing or unreadable history is normal. */
static bool is_worth_saying(const struct sync_source_watch *watch, int error)
{
	return error != 0 && (watch->is_named || (error != -ENOENT && error != -EACCES));
}

bool sync_source_look(struct sync_source_watch *watch, struct sync_source *ret)
{
	char warning[HISTORY_WARNING_SIZE], quoted[COMMAND_QUOTE_SIZE];
	struct sync_source_stamp stamps[COUNT_OF(watch->seen)];
	int r;

	/* A writer at work, or its remains in the -wal file, changes these. */
	see(watch->dir, HISTORY_FILE, &stamps[0]);
	see(watch->dir, HISTORY_FILE "-wal", &stamps[1]);
	if (watch->is_settled && is_same(&stamps[0], &watch->seen[0]) &&
	    is_same(&stamps[1], &watch->seen[1])) {
		return false;
	}
	memcpy(watch->seen, stamps, sizeof(stamps));
	r = read_history(watch->dir, ret, warning);
	/* A lock is temporary, and a file that looks damaged may be half written. */
	watch->is_settled = r == 0 || r == -ENOENT || r == -EACCES || r == -EPERM;
	if (is_worth_saying(watch, r) && watch->said_error != r) {
		command_complain("cannot read the last run of reqtime: %s",
		                 command_quote(warning, quoted));
	} else if (r == 0 && watch->said_error != 0) {
		command_complain("the runs of reqtime can be read again");
	}
	watch->said_error = is_worth_saying(watch, r) ? r : 0;
	return true;
}
