/* SPDX-License-Identifier: MIT
 *
 * What one run leaves to the next, as `query` and `set` need it.
 *
 *   open (before privileges go) -> load -> store* -> close
 *
 * Never a reason for a run to fail: without a history everything goes on as if it were the
 * first run, and `set` says so on stderr.
 */
#ifndef CMD_CLI_HISTORY_SESSION_H
#define CMD_CLI_HISTORY_SESSION_H

#include "app/history/history_client.h"
#include "cmd/cli/measure_cli.h"
#include "io/store/state_dir.h"

enum history_session_role {
	HISTORY_SESSION_READS, /* `query`, a dry run: uses what is there, and is silent where nothing is */
	HISTORY_SESSION_RECORDS /* `set`: makes the directory, and warns of what is wrong */
};

struct session {
	enum history_session_role role;
	bool is_named;  /* the directory was named: then looking warns as well */
	bool is_silent; /* the caller has already said why nothing is remembered */
	bool has_warned;
	bool may_write;
	struct history_client *client; /* NULL: nothing is remembered */
	struct history_view view;
};

/* The directory: --state-dir, else where systemd's StateDirectory= leads, else the default. */
enum { HISTORY_DIR_SIZE = STATE_DIR_SIZE };
const char *history_dir(const struct measure_cli_settings *settings,
                        char buf[HISTORY_DIR_SIZE]);

void history_session_open(const struct measure_cli_settings *settings,
                          enum history_session_role role, bool wants_replay,
                          struct session *ret);
/* Where nothing can be written, the next run could not know that a server was asked in its
 * hold-off: then its last request counts as of now, so that it is not asked. */
void history_session_load(struct session *session);
void history_session_close(struct session *session);

/* The clocks, the kernel's state and this boot, as they are before and after the action. */
void history_session_note_before(const struct session *session, struct run_record *record);
void history_session_note_after(struct run_record *record);
/* `record` with the sources of `run`. */
void history_session_store(struct session *session, const struct run_record *record,
                           const struct run *run);

/* The latest run of `set` that was trusted, or NULL. */
const struct run_record *history_session_last_set(const struct session *session);
/* How long ago `record` was; below 0 when the clocks do not say. */
int64_t history_session_age_ns(const struct session *session,
                               const struct run_record *record);

#endif
