/* SPDX-License-Identifier: MIT
 *
 * Shared by the files of `set`: set.c has options and order, measurer.c the measuring
 * process, parent.c the privileged one, decide.c decides and changes the clock, report.c
 * reports the result, overdue.c warns of a clock not set for long, not_permitted.c advises
 * on the missing right.
 */
#ifndef CMD_SET_SET_PRIVATE_H
#define CMD_SET_SET_PRIVATE_H

#include <sys/types.h>

#include "cmd/cli/decide_cli.h"
#include "cmd/cli/repeat.h"
#include "io/store/anchor_file.h"
#include "io/sys/lifeline.h"
#include "io/sys/time_right.h"

/* State that a run passes to the process that repeats it, and so to the next runs.  No
 * measuring process can write to it. */
struct set_shared {
	bool is_held_back; /* and further runs may confirm it */
	bool has_anchor;
	struct anchor anchor; /* kept here where no file can be written */
};

struct set_settings {
	struct measure_cli_settings measurement; /* first: offsets of the shared options */
	struct decide_settings decide;
	bool is_dry;
	bool is_rtc; /* --rtc: also set the hardware clock */
	int64_t min_interval_ns;
	int64_t confirm_ns; /* a run that is held back is repeated after this; 0: never */
	int64_t overdue_ns; /* a clock not set for longer is an error; 0: no limit */
	bool is_overdue;    /* the limit is exceeded */
	int64_t splay_ns;
	int64_t wait_ns;
	int64_t usual_ns; /* a slew up to this was predicted by the last run */
	bool is_try;      /* no answer is not reported: see cmd/cli/repeat.h */
	bool has_lock;
	enum time_right right;                 /* when the program was started */
	bool has_warned_of_state;              /* the state directory is unusable */
	const struct anchor_file *anchor_file; /* of the process that holds the lock */
	struct set_shared *shared; /* with the repeating process; NULL: not repeated */
};
_Static_assert(offsetof(struct set_settings, measurement) == 0, "shared options");
_Static_assert(offsetof(struct set_settings, decide) ==
                       offsetof(struct decide_set_settings, decide),
               "other commands read these members");

/* The parent's answer to a record. */
struct set_reply {
	struct correct_result result;
	enum run_status status; /* of the run, for exit status and JSON */
	bool is_again;          /* stale: measure again */
	bool is_not_remembered; /* the anchor is not stored for the next run */
	enum proc_view view;    /* how much /proc shows of other daemons */
};

/* Decides by the limits of `set`, its own clocks and its own anchor, and changes the clock.
 * `server_count`: number of SERVERs named.  `may_repeat`: a stale record is answered with
 * `is_again`. */
struct set_reply set_decide(const struct set_settings *set, size_t server_count,
                            const struct correct_record *record, bool may_repeat);
/* The same for a dry run, by `view`. */
struct set_reply set_decide_dry(const struct set_settings *set, size_t server_count,
                                const struct decide_view *view,
                                const struct correct_record *record, bool may_repeat);
/* 0, or the exit status with a line on stderr. */
int set_mono_now(int64_t *ret_ns);

/* Prints measurement and action, errors on stderr.  Returns the run's exit status. */
int set_report(const struct set_settings *set, const struct measure_cli *measurement,
               struct run *run, const struct set_reply *reply,
               const struct discipline_report *discipline_report);
void set_complain(const struct set_reply *reply, const struct set_settings *set,
                  const struct run *run);
/* Advises how to get the missing right. */
void set_complain_not_permitted(const struct set_settings *set);
/* Reports why nothing was measured, with --json as an object.  Returns the exit status. */
int set_report_unmeasured(const struct set_settings *set, enum run_status status);

/* Measures, gets the decision, prints and stores the run; the parent decides through `fd`,
 * or with -1, in a dry run, this process by `view`.  Returns the exit status. */
int set_measure(const struct set_settings *set, const struct server_spec *servers,
                size_t count, struct session *session, const struct decide_view *view,
                int fd);

/* The measuring process; `fd` leads to the parent, which ends it through `line`.  A report
 * that cannot be written is only a warning: the clock has been set by then. */
_Noreturn void set_child_main(const struct set_settings *set,
                              const struct server_spec *servers, size_t count,
                              struct session *session, const struct decide_view *view,
                              int fd, struct lifeline *line);

/* Before any packet: whether the kernel permits setting the clock.  0, or the exit status
 * with advice on stderr. */
int set_parent_permission(const struct set_settings *set);
/* Runs both processes, until the child ends.  Returns the exit status. */
int set_parent_run(const struct set_settings *set, const struct server_spec *servers,
                   size_t count, struct session *session, const struct decide_view *view);

/* After a run that ended with `status`: warns by --overdue that the clock has not been set
 * for too long, and notes it in `set`. */
void set_overdue_check(struct set_settings *set, const struct session *session, int status);
/* The same without a run. */
void set_overdue_check_alone(struct set_settings *set, int status);

#endif
