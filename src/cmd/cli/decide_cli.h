/* SPDX-License-Identifier: MIT
 *
 * The action of `set`, done or only planned, for every command that reports it: limits,
 * anchor, other daemons and the discipline from past runs, joined for app/clock/correct.h.
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

/* The options of `set` that affect its decision. */
struct decide_settings {
	int wish; /* enum plan_wish */
	int64_t step_above_ns;
	int64_t refuse_above_ns;      /* below 0: not given */
	int64_t refuse_back_above_ns; /* below 0: not given */
	bool any_offset;
	bool is_boot;
	bool is_force; /* even if another time daemon is running */
	bool no_discipline;
};
void decide_defaults(struct decide_settings *ret);
struct plan_limits decide_limits(const struct decide_settings *settings);
struct instant decide_release(void);

/* The first members of the settings of `set`. */
struct decide_set_settings {
	struct measure_cli_settings measurement;
	struct decide_settings decide;
};
/* The settings of `set` without options, with the configuration file of `settings`. */
struct decide_settings decide_settings_of_set(const struct measure_cli_settings *settings);

/* The state of this machine, and the settings to decide by. */
struct decide_view {
	struct decide_settings settings;
	char boot_id[ANCHOR_BOOT_ID_SIZE];
	struct anchor anchor;
	enum other_daemon other_daemon;
	enum proc_view proc;
};
/* Reads the anchor, advanced to now, and changes nothing.  `decide`: as from
 * decide_settings_of_set(). */
void decide_look(const struct measure_cli_settings *settings,
                 const struct decide_settings *decide, struct decide_view *ret);

/* ... and looks for other time daemons. */
void decide_look_around(struct decide_view *view);

/* Gives a measurement what is known of past runs and of this machine: servers in hold-off,
 * the limits of a surprising answer, and the time as far as it is known.  `view` and `history` must
 * outlive it. */
void decide_prepare(const struct decide_view *view, const struct history_view *history,
                    struct measure_settings *ret);

/* How far ahead the clock error is predicted: to the next run. */
int64_t decide_ahead_ns(const struct measure_cli_settings *settings,
                        int64_t min_interval_ns, const struct session *session);

/* `now`: the same run as it will be stored, with the kernel's state.  `ret_discipline` has
 * then observed the run, except with no_discipline. */
struct correct_record decide_record(const struct decide_settings *settings,
                                    const struct session *session, const struct run *run,
                                    const struct run_record *now,
                                    struct discipline *ret_discipline);

/* The wishes that correct_apply() takes with the record. */
struct correct_wish decide_wish(const struct decide_settings *settings,
                                const struct measure_cli_settings *measurement,
                                size_t server_count);

/* The action that `set` would take now.  Works in the sandbox too. */
void decide_dry(const struct decide_view *view,
                const struct measure_cli_settings *measurement, size_t server_count,
                const struct correct_record *record, struct correct_result *ret);

/* The kernel's clock, to read; `set` adds what changes it.  `ctx`: struct decide_view. */
extern const struct clock_ports decide_clock;

/* The same for `query` and `check`: the plan in `*ret`; NULL if there is no answer.
 * `ret_discipline`: as from decide_record(). */
const struct plan *decide_would(const struct measure_cli_settings *settings,
                                size_t server_count, const struct decide_view *view,
                                const struct session *session, const struct run *run,
                                const struct run_record *now, struct correct_result *ret,
                                struct discipline *ret_discipline);

/* Whether a run of `query` or `check` may decide which recorded runs are old: its time is
 * confirmed, or `set` is not in use here and the answer is within a day of the clock. */
bool decide_may_say_old(const struct decide_view *view, const struct run *run,
                        const struct correct_result *would);

/* The refusal of a decision as a line for people (core/report/refusal.h). */
struct report_refusal decide_refusal(const struct decide_settings *settings,
                                     const struct run *run,
                                     const struct decision *decision);

#endif
