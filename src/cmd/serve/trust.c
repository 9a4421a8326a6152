/* SPDX-License-Identifier: MIT
 *
 * The clerk of reqtimed looks what the runs of `reqtime set` have left in the state directory.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/server/trusted.h"
#include "cmd/serve/serve_private.h"
#include "io/store/history.h"
#include "io/store/state_dir.h"

/* As many as teach the clock's frequency; the replay of all that may be there would take
 * longer than a moment. */
enum { RUNS_MAX = 200 };

static void see(const char *dir, const char *file, struct serve_trust_sight *ret)
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

static bool is_same(const struct serve_trust_sight *a, const struct serve_trust_sight *b)
{
	return a->error == b->error && a->device == b->device && a->inode == b->inode &&
	       a->size == b->size && a->changed.tv_sec == b->changed.tv_sec &&
	       a->changed.tv_nsec == b->changed.tv_nsec;
}

static int load(struct history *history, struct run_record *runs,
                struct source_record *sources, struct serve_trusted *ret)
{
	const struct run_record *run;
	size_t run_count = 0, source_count = 0;
	int r = history_load_set_runs(history, runs, RUNS_MAX, &run_count);

	if (r < 0) {
		return r;
	}
	run = serve_trusted_run(runs, run_count);
	if (!run) {
		return 0;
	}
	r = history_load_sources_of(history, run, sources, HISTORY_SOURCES_PER_RUN_MAX,
	                            &source_count);
	if (r == 0) {
		(void)serve_trusted_from(runs, run_count, run, sources, source_count, ret);
	}
	return r;
}

/* 0 or -errno, and then `warning` (HISTORY_WARNING_ROOM) says why; `*ret` is zero without a run. */
static int read_history(const char *dir, struct serve_trusted *ret, char *warning)
{
	/* Who may set the clock need not lie to us about it. */
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
	snprintf(warning, HISTORY_WARNING_ROOM, "%.120s: %s", dir, state_dir_error_text(r));
	if (r == 0) {
		r = history_open(dir, &settings, &history, warning);
	}
	if (r == 0) {
		r = load(history, runs, sources, ret);
		if (r < 0) {
			snprintf(warning, HISTORY_WARNING_ROOM, HISTORY_FILE ": %s",
			         r == -EUCLEAN ? "it is damaged" : strerror(-r));
		}
	}
	history_close(history);
	free(sources);
	free(runs);
	return r;
}

/* That there is nothing, or nothing for us, is normal where nobody has spoken of it. */
static bool is_worth_saying(const struct serve_trust *trust, int error)
{
	return error != 0 && (trust->is_told || (error != -ENOENT && error != -EACCES));
}

bool serve_trust_look(struct serve_trust *trust, struct serve_trusted *ret)
{
	char warning[HISTORY_WARNING_ROOM], quoted[COMMAND_QUOTE_ROOM];
	struct serve_trust_sight sights[COUNT_OF(trust->seen)];
	int r;

	/* A writer that is at it, or has left its work in the -wal file, shows there. */
	see(trust->dir, HISTORY_FILE, &sights[0]);
	see(trust->dir, HISTORY_FILE "-wal", &sights[1]);
	if (trust->is_settled && is_same(&sights[0], &trust->seen[0]) &&
	    is_same(&sights[1], &trust->seen[1])) {
		return false;
	}
	memcpy(trust->seen, sights, sizeof(sights));
	r = read_history(trust->dir, ret, warning);
	/* A lock passes, and what looks damaged may be half written. */
	trust->is_settled = r == 0 || r == -ENOENT || r == -EACCES || r == -EPERM;
	if (is_worth_saying(trust, r) && trust->said_error != r) {
		command_complain("the last run of reqtime is not known: %s",
		                 command_quote(warning, quoted));
	} else if (r == 0 && trust->said_error != 0) {
		command_complain("the runs of reqtime can be read again");
	}
	trust->said_error = is_worth_saying(trust, r) ? r : 0;
	return true;
}
