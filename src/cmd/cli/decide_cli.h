/* SPDX-License-Identifier: MIT
 *
 * What `set` would do or does, for every command that speaks of it: limits, anchor, other
 * daemons, and what past runs teach, joined for app/clock/correct.h.
 *
 *   decide_look, decide_look_around (before the sandbox) -> decide_record -> decide_dry
 */
#ifndef CMD_CLI_DECIDE_CLI_H
#define CMD_CLI_DECIDE_CLI_H

#include "app/clock/correct.h"
#include "cmd/cli/history_session.h"
#include "cmd/cli/measure_cli.h"
#include "core/report/refusal.h"
#include "io/sys/proc_view.h"

/* Without --refuse-above. */
#define DECIDE_REFUSE_ABOVE_NS (1000 * NS_PER_S)

/* The options of `set` that decide. */
struct decide_settings {
	int wish; /* enum plan_wish */
	int64_t step_above_ns;
	int64_t refuse_above_ns;      /* below 0: not given */
	int64_t refuse_back_above_ns; /* below 0: not given */
	bool any_offset;
	bool is_boot;
	bool is_force; /* although another program keeps the clock */
	bool no_discipline;
};
void decide_defaults(struct decide_settings *ret);
struct plan_limits decide_limits(const struct decide_settings *settings);
struct instant decide_release(void);

/* With what the settings of `set` begin. */
struct decide_set_settings {
	struct measure_cli_settings measurement;
	struct decide_settings decide;
};
/* What `set` without options would go by, with the configuration file of `settings`. */
struct decide_settings decide_settings_of_set(const struct measure_cli_settings *settings);

/* What is to be seen of this machine, and by what it is judged. */
struct decide_view {
	struct decide_settings settings;
	char boot_id[ANCHOR_BOOT_ID_SIZE];
	struct anchor anchor;
	enum other_daemon other_daemon;
	enum proc_view proc;
};
/* Reads the anchor, brought to now, and changes nothing.  `decide`: by what to judge, as
 * decide_settings_of_set(). */
void decide_look(const struct measure_cli_settings *settings,
                 const struct decide_settings *decide, struct decide_view *ret);

/* ... and which other programs are at work. */
void decide_look_around(struct decide_view *view);

/* How far ahead something is to be said of the clock: to the next run. */
int64_t decide_ahead_ns(const struct measure_cli_settings *settings,
                        int64_t min_interval_ns, const struct session *session);

/* The record of `run` for whoever decides.  `now` is the same as it is going to be remembered, the
 * kernel's state in it.  `ret_discipline` has then observed the run, unless there is to be none. */
struct correct_record decide_record(const struct decide_settings *settings,
                                    const struct session *session, const struct run *run,
                                    const struct run_record *now,
                                    struct discipline *ret_discipline);

/* What the record is held against. */
struct correct_wish decide_wish(const struct decide_settings *settings,
                                const struct measure_cli_settings *measurement,
                                size_t server_count);

/* What `set` would do now.  In the sandbox as well. */
void decide_dry(const struct decide_view *view,
                const struct measure_cli_settings *measurement, size_t server_count,
                const struct correct_record *record, struct correct_result *ret);

/* For a measurement (app/client/measure.h), `ctx` a struct decide_view: an answer that few SERVERs would not be
 * believed. */
bool decide_is_surprising(const void *ctx, int64_t offset_ns, int64_t bound_ns);

/* The kernel's clock, to look at; `set` adds what changes it.  `ctx` is a struct decide_view. */
extern const struct clock_ports decide_clock;

/* The same for `query` and `check` in one call: NULL where the run gave no answer, else `*ret`'s plan. */
const struct plan *decide_would(const struct measure_cli_settings *settings,
                                size_t server_count, const struct decide_view *view,
                                const struct session *session, const struct run *run,
                                const struct run_record *now, struct correct_result *ret);

/* Whether a run of `query` or `check` may say which of the runs remembered are old: its time is confirmed,
 * or `set` keeps no clock here, and the answer and the clock are of one day. */
bool decide_may_say_old(const struct decide_view *view, const struct run *run,
                        const struct correct_result *would);

/* The refusal of a decision as a line for people (core/report/refusal.h). */
struct report_refusal decide_refusal(const struct decide_settings *settings,
                                     const struct run *run,
                                     const struct decision *decision);

#endif
