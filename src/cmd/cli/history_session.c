/* SPDX-License-Identifier: MIT
 *
 * The history of a run: loads past runs before it, stores it afterwards.
 */
#include "cmd/cli/history_session.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/nts/authorities.h"
#include "io/store/history.h"
#include "io/sys/kernel_clock.h"

const char *history_dir(const struct measure_cli_settings *settings,
                        char buf[HISTORY_DIR_SIZE])
{
	return settings->state_dir ? settings->state_dir : state_dir_default(buf);
}

static bool may(int dir_fd, const char *path, int mode)
{
	return faccessat(dir_fd, path, mode, AT_EACCESS) == 0;
}

/* Only `set` makes the directory; without it a read-only command has no history, and warns
 * if the directory was named. /dev/null asks for that, so it needs no warning. */
static void complain_no_dir(const struct session *session, const char *dir)
{
	char quoted[COMMAND_QUOTE_SIZE];
	struct stat st;
	bool is_there = stat(dir, &st) == 0;

	if (session->is_named && is_there && !S_ISDIR(st.st_mode) && !S_ISCHR(st.st_mode)) {
		command_complain("warning: --state-dir: %s is not a directory; running "
		                 "without a history",
		                 command_quote(dir, quoted));
	} else if (session->is_named && !is_there && errno == ENOENT) {
		command_complain("warning: --state-dir: there is no %s; running without a "
		                 "history; create it with mkdir or by reqtime set",
		                 command_quote(dir, quoted));
	}
}

static void complain(struct session *session, const char *warning)
{
	if (warning[0] != '\0' && !session->is_silent &&
	    (session->role == HISTORY_SESSION_RECORDS || session->is_named)) {
		command_complain("warning: %s", warning);
		session->has_warned = true;
	}
}

void history_session_open(const struct measure_cli_settings *settings,
                          enum history_session_role role, bool wants_replay,
                          struct session *ret)
{
	struct history_client_settings how = { .limits = HISTORY_CLIENT_LIMITS,
		                               .keep_ns = settings->keep_ns,
		                               .wants_replay = wants_replay };
	char buf[HISTORY_DIR_SIZE], file[HISTORY_DIR_SIZE + sizeof(HISTORY_FILE) + 1];
	const char *dir = history_dir(settings, buf);
	int r;

	memset(ret, 0, sizeof(*ret));
	ret->role = role;
	ret->is_named = settings->state_dir != NULL;
	ret->trust = authorities_digest(settings->authorities.items,
	                                settings->authorities.count);
	ret->view.use = HISTORY_ABSENT;
	replay_state_init(&ret->view.replay);
	if (role == HISTORY_SESSION_RECORDS) {
		how.may_write = true;
		how.may_create = true;
	} else {
		/* A read-only command starts the history process only if there is a
		 * history, or a directory for one. */
		how.may_write = may(AT_FDCWD, dir, W_OK | X_OK);
		snprintf(file, sizeof(file), "%s/%s", dir, HISTORY_FILE);
		if (!how.may_write && !may(AT_FDCWD, file, R_OK)) {
			complain_no_dir(ret, dir);
			return;
		}
	}
	ret->may_write = how.may_write;
	r = history_client_start(dir, &how, &ret->client);
	if (r < 0) {
		ret->client = NULL;
		complain(ret,
		         "cannot start the history process; running without a history");
	}
}

void history_session_load(struct session *session)
{
	struct history_view *view = &session->view;
	struct reading now;

	if (!session->client) {
		return;
	}
	history_client_load(session->client, view);
	if (!session->may_write) {
		if (kernel_clock_now(&now) < 0) {
			view->kiss_count = 0;
		}
		for (size_t i = 0; i < view->kiss_count; i++) {
			kod_holdoff_renew(&view->kisses[i], now.wall);
		}
	}
	complain(session, view->warning);
}

static void forget_keys(struct session *session)
{
	if (session->keys.items) {
		explicit_bzero(session->keys.items,
		               NTS_STORED_MAX * sizeof(*session->keys.items));
		free(session->keys.items);
		session->keys.items = NULL;
	}
}

void history_session_close(struct session *session)
{
	forget_keys(session); /* of a run that has failed */
	history_client_stop(session->client);
	session->client = NULL;
	history_view_free(&session->view);
}

static uint32_t kernel_flags(const struct kernel_clock_state *state)
{
	uint32_t flags = 0;

	flags |= state->is_unsynchronised ? RECORD_KERNEL_UNSYNCHRONISED : 0;
	flags |= state->is_pll_active ? RECORD_KERNEL_PLL : 0;
	flags |= state->leap == NTP_LEAP_INSERT ? RECORD_KERNEL_LEAP_INSERT : 0;
	flags |= state->leap == NTP_LEAP_DELETE ? RECORD_KERNEL_LEAP_DELETE : 0;
	return flags;
}

static void note_after(const struct kernel_clock_state *state, struct run_record *record)
{
	record->frequency_after_ppb = state->frequency_ppb;
	record->slew_after_ns = state->pending_slew_ns;
	record->tick_after = (uint32_t)state->tick_us;
	record->max_error_ns = state->max_error_ns;
	record->estimated_error_ns = state->estimated_error_ns;
}

void history_session_note_before(const struct session *session, struct run_record *record)
{
	struct kernel_clock_state state;
	struct reading now;

	memcpy(record->boot_id, session->view.boot_id, sizeof(record->boot_id));
	/* The offset was measured milliseconds ago, with no suspend since. */
	if (kernel_clock_now(&now) == 0) {
		record->boot_ns = ns_add(record->mono_ns, now.boot_ns - now.mono_ns);
	}
	if (kernel_clock_state(&state) == 0) {
		record->has_kernel = 1;
		record->frequency_before_ppb = state.frequency_ppb;
		record->slew_before_ns = state.pending_slew_ns;
		record->tick_before = (uint32_t)state.tick_us;
		record->kernel_flags = kernel_flags(&state);
		note_after(&state, record);
	}
}

void history_session_note_after(struct run_record *record)
{
	struct kernel_clock_state state;
	struct reading now;

	if (record->has_kernel && kernel_clock_state(&state) == 0 &&
	    kernel_clock_now(&now) == 0) {
		note_after(&state, record);
		record->after = now.wall;
	}
}

void history_session_store(struct session *session, const struct run_record *record,
                           const struct run *run)
{
	size_t count = run->source_count < HISTORY_SOURCES_PER_RUN_MAX
	                       ? run->source_count
	                       : HISTORY_SOURCES_PER_RUN_MAX;
	char warning[HISTORY_CLIENT_WARNING_SIZE] = "";
	struct source_record *sources;
	int r;

	/* The reason was reported when it was loaded. */
	if (!session->client || session->view.use != HISTORY_USED) {
		return;
	}
	sources = calloc(count + 1, sizeof(*sources));
	if (!sources) {
		complain(session, "this run is not recorded: out of memory");
		return;
	}
	for (size_t i = 0; i < count; i++) {
		source_record_init(&sources[i], &run->sources[i]);
	}
	r = history_client_store(session->client, record, sources, count, warning);
	/* A user who may only read needs no warning on each run. */
	if (r == 0 || (r != -EROFS && r != -EACCES) ||
	    session->role == HISTORY_SESSION_RECORDS) {
		complain(session, warning);
	}
	free(sources);
}

static bool has_nts(const struct measure_settings *measure)
{
	for (size_t i = 0; i < measure->server_count; i++) {
		if (measure->servers[i].scheme == SCHEME_NTS) {
			return true;
		}
	}
	return false;
}

/* A folder that cannot be used has been reported already. */
static void complain_of_keys(struct session *session, const char *warning)
{
	if (!session->has_warned) {
		complain(session, warning);
	}
}

void history_session_take_keys(struct session *session, struct measure_settings *ret)
{
	char warning[HISTORY_CLIENT_WARNING_SIZE];

	if (!session->client || !session->may_write || !has_nts(ret)) {
		return;
	}
	session->keys.items = calloc(NTS_STORED_MAX, sizeof(*session->keys.items));
	if (!session->keys.items) {
		return; /* then the keys are exchanged */
	}
	session->keys.trust = session->trust;
	history_client_take_keys(session->client, &session->keys, warning);
	complain_of_keys(session, warning);
	ret->store = &session->keys;
}

void history_session_put_keys(struct session *session)
{
	char warning[HISTORY_CLIENT_WARNING_SIZE];

	if (session->keys.items) {
		nts_store_tidy(&session->keys);
		history_client_put_keys(session->client, &session->keys, warning);
		complain_of_keys(session, warning);
		forget_keys(session);
	}
}

const struct run_record *history_session_last_set(const struct session *session)
{
	return session->view.replay.has_trusted ? &session->view.replay.trusted : NULL;
}

int64_t history_session_age_ns(const struct session *session,
                               const struct run_record *record)
{
	struct reading now;

	if (kernel_clock_now(&now) < 0) {
		return -1;
	}
	if (session->view.boot_id[0] != '\0' &&
	    strcmp(session->view.boot_id, record->boot_id) == 0) {
		return ns_add(now.boot_ns, -record->boot_ns);
	}
	return instant_diff_ns(now.wall, run_record_end(record));
}
