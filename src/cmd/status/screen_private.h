/* SPDX-License-Identifier: MIT
 *
 * The screen of `status`: status.c asks status_look.c for it, and prints it, or lets
 * status_json.c do so.
 */
#ifndef CMD_STATUS_SCREEN_PRIVATE_H
#define CMD_STATUS_SCREEN_PRIVATE_H

#include "app/history/history_client.h"
#include "cmd/cli/parse.h"
#include "cmd/status/status_private.h"
#include "core/report/status_report.h"
#include "io/store/state_dir.h"
#include "io/sys/systemd_timer.h"

struct status_settings {
	struct now_settings now; /* bound_file NULL: that of `set` */
	const char *config;      /* NULL: the default one */
	const char *state_dir;   /* NULL: that of `set` */
	int color;               /* enum terminal_color */
	bool is_quiet;
};

/* The view, and what it points to. */
struct status_look {
	struct status_view view;
	struct parse set; /* the settings of `set` */
	bool has_set;
	struct history_view history;
	struct systemd_timer timer;
	char dir[STATE_DIR_SIZE];
	char reason[HISTORY_CLIENT_WARNING_SIZE];
};

/* The settings of `set` by the same configuration file; completes `settings`. */
void status_look_prepare(struct status_settings *settings, struct status_look *ret);
/* Gives up every privilege, except in the processes that ask systemd and read the history.
 * Takes at most some seconds; parts that are not known are left out.  0, or the exit
 * status with a line on stderr. */
int status_look(const struct status_settings *settings, struct status_look *ret);
void status_look_free(struct status_look *look);

/* A line for command_print(). */
char *status_json(const struct status_settings *settings, const struct status_look *look);

#endif
