/* SPDX-License-Identifier: MIT
 *
 * `set` is two processes, and four files beside set.c: judge.c decides and acts on the
 * clock, report.c says what came of it, overdue.c that nothing did for long, guard.c is the
 * process with the privilege.
 */
#ifndef CMD_SET_SET_PRIVATE_H
#define CMD_SET_SET_PRIVATE_H

#include <sys/types.h>

#include "app/clock/correct.h"
#include "cmd/cli/measuring.h"
#include "cmd/cli/memory.h"
#include "io/store/lock.h"
#include "io/sys/lifeline.h"
#include "io/sys/proc_view.h"

struct set_settings {
	struct measuring_settings
		measuring; /* first: the shared options are relative to it */
	int wish;          /* enum plan_wish */
	int64_t step_above_ns;
	int64_t refuse_above_ns;
	int64_t refuse_back_above_ns;
	bool any_offset;
	bool is_dry;
	bool is_force; /* --force: although another program disciplines the clock */
	bool is_rtc;   /* --rtc: the hardware clock too */
	bool no_discipline;
	int64_t min_interval_ns;
	int64_t overdue_ns; /* not to be set for so long is no success; 0: never minded */
	bool is_overdue;    /* ... and it is so long */
	int64_t splay_ns;
	int64_t wait_ns;
	int64_t usual_ns; /* a slew of this much was foreseen by the run before */
	bool is_try; /* that there is no answer is not worth a word: see cmd/cli/repeat.h */
	const struct lock *lock; /* held; NULL in a dry run */
	struct instant floor;    /* past for sure, by the last trusted run; 0: unknown */
};
_Static_assert(offsetof(struct set_settings, measuring) == 0, "shared options");

/* The parent's answer to a record. */
struct set_reply {
	struct correct_result result;
	enum run_status status; /* of the whole, for exit status and JSON */
	bool is_again;          /* stale: measure once more */
	enum proc_view view;    /* where another program at work may not have been seen */
};

/* Looks for other programs at work; before the sandbox of a dry run, which forbids it. */
void set_judge_open(void);
/* Plans by the limits of `set`, and unless it is dry does it.  `may_repeat`: a stale record is
 * answered with `is_again`. */
struct set_reply set_judge(const struct set_settings *set,
                           const struct correct_record *record, bool may_repeat);
/* 0, or the exit status with a line on stderr. */
int set_mono_now(int64_t *ret_ns);

/* What was measured and what was done, on stdout; what went wrong, on stderr.  Returns the exit
 * status of the whole. */
int set_report(const struct set_settings *set, const struct measuring *measuring,
               struct run *run, const struct set_reply *reply, const struct learnt *learnt);
/* `learnt`: NULL with --no-discipline.  `reply` is NULL when nothing was measured.  0 or the exit status. */
int set_print_json(const struct set_settings *set, const struct run *run,
                   const struct set_reply *reply, const struct learnt *learnt);
void set_complain(const struct set_reply *reply, const struct set_settings *set);
void set_complain_not_permitted(void);
/* Nothing was measured: why, with --json as an object.  Returns the exit status. */
int set_report_unmeasured(const struct set_settings *set, enum run_status status);

/* The measuring process; `fd` leads to the guard, which lets it live by `line`.  A report that cannot be written is a
 * warning there: by then the clock is as it is. */
_Noreturn void set_child_main(const struct set_settings *set,
                              const struct server_spec *servers, size_t count,
                              struct memory *memory, int fd, struct lifeline *line);

/* Before any packet: whether the kernel would let us.  0, or the exit status and stderr says how
 * to be let. */
int set_guard_permission(const struct set_settings *set);
/* Both processes, to the end of the child.  Returns the exit status. */
int set_guard_run(const struct set_settings *set, const struct server_spec *servers,
                  size_t count, struct memory *memory);

/* After a run that ended with `status`: says, by --overdue, that the clock has not been set for
 * long, and notes it in `set`. */
void set_overdue_judge(struct set_settings *set, const struct memory *memory, int status);
/* The same where there was no run at all. */
void set_overdue_judge_alone(struct set_settings *set, int status);

#endif
