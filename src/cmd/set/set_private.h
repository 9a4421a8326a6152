/* SPDX-License-Identifier: MIT
 *
 * `set` is two processes, and five files beside set.c: measurer.c is the one that measures, parent.c the
 * one with the privilege, decide.c decides and acts on the clock, report.c says what came of it,
 * overdue.c that nothing did for long.
 */
#ifndef CMD_SET_SET_PRIVATE_H
#define CMD_SET_SET_PRIVATE_H

#include <sys/types.h>

#include "cmd/cli/decide_cli.h"
#include "cmd/cli/repeat.h"
#include "io/store/anchor_file.h"
#include "io/sys/lifeline.h"
#include "io/sys/time_right.h"

/* What the run leaves to the process that repeats it, and so to its next runs.  Writable for no process that
 * measures. */
struct set_shared {
	bool is_held_back; /* and further looks may end it */
	bool has_anchor;
	struct anchor
		anchor; /* where no file can be written, it is remembered all the same */
};

struct set_settings {
	struct measure_cli_settings
		measurement; /* first: the shared options are relative to it */
	struct decide_settings decide;
	bool is_dry;
	bool is_rtc; /* --rtc: the hardware clock too */
	int64_t min_interval_ns;
	int64_t confirm_ns; /* a run that is held back is repeated after this; 0: not */
	int64_t overdue_ns; /* not to be set for so long is no success; 0: never minded */
	bool is_overdue;    /* ... and it is so long */
	int64_t splay_ns;
	int64_t wait_ns;
	int64_t usual_ns; /* a slew of this much was foreseen by the run before */
	bool is_try; /* that there is no answer is not worth a word: see cmd/cli/repeat.h */
	bool has_lock;
	enum time_right right;                 /* as the program was started */
	bool has_warned_of_state;              /* the state directory is of no use */
	const struct anchor_file *anchor_file; /* of who holds it */
	struct set_shared *shared; /* with the process that repeats the run; NULL: none */
};
_Static_assert(offsetof(struct set_settings, measurement) == 0, "shared options");
_Static_assert(offsetof(struct set_settings, decide) ==
                       offsetof(struct decide_set_settings, decide),
               "what other commands read of it");

/* The parent's answer to a record. */
struct set_reply {
	struct correct_result result;
	enum run_status status; /* of the whole, for exit status and JSON */
	bool is_again;          /* stale: measure once more */
	bool is_not_remembered; /* what was seen is not known to the next run */
	enum proc_view view;    /* where another program at work may not have been seen */
};

/* Decides by the limits of `set`, its own clocks and its own anchor, and does it.  `server_count`
 * SERVERs were named.  `may_repeat`: a stale record is answered with `is_again`. */
struct set_reply set_decide(const struct set_settings *set, size_t server_count,
                            const struct correct_record *record, bool may_repeat);
/* The same of a dry run, by what `view` holds. */
struct set_reply set_decide_dry(const struct set_settings *set, size_t server_count,
                                const struct decide_view *view,
                                const struct correct_record *record, bool may_repeat);
/* 0, or the exit status with a line on stderr. */
int set_mono_now(int64_t *ret_ns);

/* What was measured and what was done, on stdout; what went wrong, on stderr.  Returns the exit
 * status of the whole. */
int set_report(const struct set_settings *set, const struct measure_cli *measurement,
               struct run *run, const struct set_reply *reply,
               const struct discipline_report *discipline_report);
/* `discipline_report`: NULL with --no-discipline.  `reply` is NULL when nothing was measured.  0 or the exit status. */
int set_print_json(const struct set_settings *set, const struct run *run,
                   const struct set_reply *reply,
                   const struct discipline_report *discipline_report);
void set_complain(const struct set_reply *reply, const struct set_settings *set,
                  const struct run *run);
/* By what is missing, and where it comes from. */
void set_complain_not_permitted(const struct set_settings *set);
/* Nothing was measured: why, with --json as an object.  Returns the exit status. */
int set_report_unmeasured(const struct set_settings *set, enum run_status status);

/* Measures, has it decided, prints and remembers it; by `fd` from the parent, or with -1, by `view`, in a dry
 * run.  Returns the exit status. */
int set_measure(const struct set_settings *set, const struct server_spec *servers,
                size_t count, struct session *session, const struct decide_view *view,
                int fd);

/* The measuring process; `fd` leads to the parent, which lets it live by `line`.  A report that cannot be written is a
 * warning there: by then the clock is as it is. */
_Noreturn void set_child_main(const struct set_settings *set,
                              const struct server_spec *servers, size_t count,
                              struct session *session, const struct decide_view *view,
                              int fd, struct lifeline *line);

/* Before any packet: whether the kernel would let us.  0, or the exit status and stderr says how
 * to be let. */
int set_parent_permission(const struct set_settings *set);
/* Both processes, to the end of the child.  Returns the exit status. */
int set_parent_run(const struct set_settings *set, const struct server_spec *servers,
                   size_t count, struct session *session, const struct decide_view *view);

/* After a run that ended with `status`: says, by --overdue, that the clock has not been set for
 * long, and notes it in `set`. */
void set_overdue_check(struct set_settings *set, const struct session *session, int status);
/* The same where there was no run at all. */
void set_overdue_check_alone(struct set_settings *set, int status);

#endif
