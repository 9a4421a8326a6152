/* SPDX-License-Identifier: MIT
 *
 * What one run leaves to the next, as `query` and `set` need it.
 *
 *   open (before privileges go) -> load -> store* -> close
 *
 * Never a reason for a run to fail: without a history everything goes on as if it were the
 * first run, and `set` says so on stderr.
 */
#ifndef CMD_CLI_MEMORY_H
#define CMD_CLI_MEMORY_H

#include "app/history/recorder.h"
#include "cmd/cli/measuring.h"
#include "io/store/state_dir.h"

enum memory_role {
	MEMORY_LOOKS, /* `query`, a dry run: uses what is there, and is silent where nothing is */
	MEMORY_RECORDS /* `set`: makes the directory, and warns of what is wrong */
};

struct memory {
	enum memory_role role;
	bool is_told;   /* the directory was named: then looking warns as well */
	bool is_silent; /* the caller has already said why nothing is remembered */
	bool has_warned;
	bool may_write;
	struct recorder *recorder; /* NULL: nothing is remembered */
	struct history_view view;
};

/* The directory: --state-dir, else where systemd's StateDirectory= leads, else the default. */
enum { MEMORY_DIR_ROOM = STATE_DIR_ROOM };
const char *memory_dir(const struct measuring_settings *settings,
                       char buf[MEMORY_DIR_ROOM]);

void memory_open(const struct measuring_settings *settings, enum memory_role role,
                 bool wants_past, struct memory *ret);
/* Where nothing can be written, the next run could not know that a server was asked in its
 * hold-off: then its last request counts as of now, so that it is not asked. */
void memory_load(struct memory *memory);
void memory_close(struct memory *memory);

/* The clocks, the kernel's state and this boot, as they are before and after the deed. */
void memory_note_before(const struct memory *memory, struct run_record *record);
void memory_note_after(struct run_record *record);
/* `record` with the sources of `run`. */
void memory_store(struct memory *memory, const struct run_record *record,
                  const struct run *run);

/* The latest run of `set` that was trusted, or NULL. */
const struct run_record *memory_last_set(const struct memory *memory);
/* How long ago `record` was; below 0 when the clocks do not say. */
int64_t memory_age_ns(const struct memory *memory, const struct run_record *record);

#endif
