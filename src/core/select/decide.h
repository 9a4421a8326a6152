/* SPDX-License-Identifier: MIT
 *
 * The decision about a trusted measurement: its time is accepted, held back until another
 * run confirms it, or refused; and then the action on the clock (core/select/plan.h).
 *
 * Pure.  `query`, `check` and a dry run call it on what they read; the privileged process
 * of `set` calls it on its own clocks, limits and anchor and the numbers of the measuring
 * process.
 *
 * The rules, with T the servers' time, B CLOCK_BOOTTIME and `booted` = T - B:
 *
 * - Jump: `booted` differs from that of the last accepted run by more than drift
 *   explains, and the clock does not agree with it either.  Without an accepted run in
 *   this boot: T is before the floor.  A jump is accepted at first sight when
 *   DECIDE_STRONG SERVERs agree on it.  Otherwise it is held back and stored as a sight.
 *   Where a sight cannot be stored, nothing is held back.
 * - Confirmation: by a sight at least ANCHOR_CONFIRM_NS old that agrees; or by two
 *   sights, each that much apart, if they and this run follow each other in one
 *   direction: then the clock follows the first of them, as the step-out of RFC 5905 does
 *   for one run.
 * - Limits: refused when both the offset and the distance from a reference clock are
 *   beyond --refuse-above.  The reference is the last confirmed time of this boot, else
 *   the local clock as this boot found it.  A clock that is known to be wrong has no
 *   limits.  Limits that the operator did not give are also lifted by three runs that
 *   agree, ANCHOR_CONFIRM_NS apart, or by two where DECIDE_STRONG SERVERs move the clock
 *   forward, as after a pause of a virtual machine.
 * - Confirmed, so that it becomes the floor and the reference: an accepted run that is no
 *   jump, when accepted runs have agreed for ANCHOR_CONFIRM_NS; or a jump that a sight
 *   confirms.
 *
 * So further runs end every refusal, at a time that is reported, unless its cause is the
 * operator's limit, which a reported option lifts, or the release of the program.
 */
#ifndef CORE_SELECT_DECIDE_H
#define CORE_SELECT_DECIDE_H

#include "core/select/anchor.h"
#include "core/select/plan.h"

/* A jump on which this many SERVERs (not addresses) agree is accepted at first sight. */
enum { DECIDE_STRONG = 3 };

struct decide_input {
	/* `local` is now.wall; decide() fills in `away_ns`, `is_unlimited` and `hold`. */
	struct plan_input measured;
	struct reading now; /* the moment of the offset */
	unsigned agreeing_server_count;
	bool remembers;      /* the next run would find a stored sight */
	bool is_disciplined; /* false: --no-discipline, drift of crystals */
	/* The offset predicted from past runs.  It can reduce the drift allowed since
	 * the last accepted run, which is never more than 100 ppm of the time between. */
	bool has_expected;
	int64_t expected_ns;
	int64_t expected_bound_ns;
};

enum decide_verdict {
	DECIDE_ACCEPTED,
	DECIDE_PARTLY,     /* the clock follows part of it; the rest is held back */
	DECIDE_HELD_BACK,  /* another run must confirm it */
	DECIDE_REFUSED,    /* beyond a limit; stored as a sight */
	DECIDE_IMPOSSIBLE, /* no option and no further run lifts it now; not stored */
};

struct decision {
	struct reading at; /* the clocks of the decision; see decision_wall() */
	struct plan plan;
	enum decide_verdict verdict;
	bool is_jump;
	bool is_confirmed;
	/* DECIDE_PARTLY, DECIDE_HELD_BACK and DECIDE_REFUSED; CLOCK_BOOTTIME. */
	int64_t first_seen_ns;    /* of this run if it is the first */
	int64_t confirm_after_ns; /* a later run that agrees is accepted */
	bool is_limit_given; /* DECIDE_REFUSED: not even then, as the operator set it ... */
	/* ... else by this many more runs, ANCHOR_CONFIRM_NS apart; 0: by none, as
	 * sights cannot be stored. */
	unsigned more_runs;
	int64_t rest_ns; /* the move of the clock that is held back */
	/* The origin of the jump, and the reference of the limits. */
	bool has_last;
	int64_t last_ns; /* CLOCK_BOOTTIME of the last accepted run */
	bool is_before_floor;
	struct instant floor;
	bool is_reference_confirmed; /* false: the local clock as this boot found it */
	int64_t reference_offset_ns; /* the servers' time less that clock's */
};

static inline bool decision_is_held_back(const struct decision *decision)
{
	return decision->verdict == DECIDE_PARTLY || decision->verdict == DECIDE_HELD_BACK;
}
/* Converts CLOCK_BOOTTIME to the local clock of the decision. */
struct instant decision_wall(const struct decision *decision, int64_t boot_ns);

/* `anchor` comes from anchor_begin(); it is updated with this run, to be stored once the
 * clock has followed. */
void decide(const struct decide_input *input, const struct plan_limits *limits,
            struct anchor *anchor, struct decision *ret);

#endif
