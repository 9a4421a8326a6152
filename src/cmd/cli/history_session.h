/* SPDX-License-Identifier: MIT
 *
 * The history of past runs, as `query` and `set` use it.
 *
 *   open (before privileges go) -> load -> store* -> close
 *
 * A run never fails for it: without a history it goes on as the first run would, and `set`
 * warns on stderr.
 */
#ifndef CMD_CLI_HISTORY_SESSION_H
#define CMD_CLI_HISTORY_SESSION_H

#include "app/history/history_client.h"
#include "cmd/cli/measure_cli.h"
#include "io/store/state_dir.h"

enum history_session_role {
	HISTORY_SESSION_READS,  /* `query`, a dry run: uses a history, needs none */
	HISTORY_SESSION_RECORDS /* `set`: makes the directory, warns of errors */
};

struct session {
	enum history_session_role role;
	bool is_named;  /* by --state-dir: then reading warns, too */
	bool is_silent; /* the caller has already warned */
	bool has_warned;
	bool may_write;
	uint64_t trust;                /* see core/nts/stored.h */
	struct history_client *client; /* NULL: no history */
	struct history_view view;
	struct nts_store keys; /* `items` NULL: none are wanted */
};

/* The directory: --state-dir, else systemd's StateDirectory=, else the default. */
enum { HISTORY_DIR_SIZE = STATE_DIR_SIZE };
const char *history_dir(const struct measure_cli_settings *settings,
                        char buf[HISTORY_DIR_SIZE]);

void history_session_open(const struct measure_cli_settings *settings,
                          enum history_session_role role, bool wants_replay,
                          struct session *ret);
/* Where nothing can be written, the next run could not know that a server was asked in its
 * hold-off; so its last request counts as made now, and it is not asked. */
void history_session_load(struct session *session);
void history_session_close(struct session *session);

/* Note the clocks, the kernel's state and this boot before and after the action. */
void history_session_note_before(const struct session *session, struct run_record *record);
void history_session_note_after(struct run_record *record);
/* Stores `record` with the sources of `run`. */
void history_session_store(struct session *session, const struct run_record *record,
                           const struct run *run);

/* Before and after the measurement, in its process: the keys of NTS of earlier runs.  Only
 * where they can be kept, and if a server needs them. */
void history_session_take_keys(struct session *session, struct measure_settings *ret);
void history_session_put_keys(struct session *session);

/* The latest trusted run of `set`, or NULL. */
const struct run_record *history_session_last_set(const struct session *session);
/* The age of `record`; below 0 when unknown. */
int64_t history_session_age_ns(const struct session *session,
                               const struct run_record *record);

#endif
