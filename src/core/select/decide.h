/* SPDX-License-Identifier: MIT
 *
 * The one judgement of a trusted measurement: whether its time is believed now, has to be seen
 * again first, or is refused; and then what is done to the clock (core/select/plan.h).
 *
 * Pure.  `query`, `check` and a dry run call it on what they read, the privileged process of `set` on
 * its own clocks, its own limits, its own anchor and a measuring process' numbers.
 *
 * The rules, T being the servers' time, B CLOCK_BOOTTIME, `booted` = T - B:
 *
 * - Jump: `booted` is not that of the last believed run, by more than drift since then explains, and
 *   the clock does not agree with it either.  Without a believed run in this boot: T lies before the
 *   floor.  A jump is believed at first sight when DECIDE_STRONG SERVERs say so.  Else it is held
 *   back: a sight.  Where nothing can be remembered nothing is held back.
 * - Confirmation: a sight at least ANCHOR_CONFIRM_NS old that says the same; or two sights, so far
 *   apart each, that together with this run lie one behind the other in one direction: then the clock
 *   follows the first of them, as RFC 5905's step-out does for one run alone.
 * - Limits: refused when both the offset and the distance from a reference clock are beyond
 *   --refuse-above.  The reference is the last confirmed time of this boot, else the local clock as
 *   this boot found it.  A clock that is known to be wrong has no limits; and unless the operator has given
 *   them, they are passed by what three runs say, ANCHOR_CONFIRM_NS apart, or two where DECIDE_STRONG
 *   SERVERs move the clock forward, as after a pause of a virtual machine.
 * - Confirmed, so that it becomes the floor and the reference: a believed run that is no jump while
 *   believed runs have agreed for ANCHOR_CONFIRM_NS, or a jump that a sight confirms.
 *
 * Every refusal so ends by further looks, at a moment that is told, unless it is the operator's limit or the
 * release of the program; the former ends by an option that is told.
 */
#ifndef CORE_SELECT_DECIDE_H
#define CORE_SELECT_DECIDE_H

#include "core/select/anchor.h"
#include "core/select/plan.h"

/* SERVERs (not addresses) that are believed at first sight. */
enum { DECIDE_STRONG = 3 };

struct decide_input {
	struct plan_input
		measured; /* `local` is now.wall; `away_ns`, `is_unlimited` and `hold` are filled here */
	struct reading now; /* when the offset is right */
	unsigned agreeing_server_count;
	bool remembers;      /* a sight would be found by the next run */
	bool is_disciplined; /* false: --no-discipline, and the clock may drift as crystals do */
	/* What past runs let expect of the offset; it can make the room for drift since the last believed run
	 * smaller, never larger than 100 ppm of the time between. */
	bool has_expected;
	int64_t expected_ns;
	int64_t expected_bound_ns;
};

enum decide_verdict {
	DECIDE_BELIEVED,
	DECIDE_PARTLY,    /* the clock follows a part of it; the rest is held back */
	DECIDE_HELD_BACK, /* has to be seen again */
	DECIDE_REFUSED,   /* and seen: beyond a limit */
	DECIDE_IMPOSSIBLE, /* no option and no further look lifts it now: nothing is remembered of it */
};

struct decision {
	struct reading at; /* by whose clocks; see decision_wall() */
	struct plan plan;
	enum decide_verdict verdict;
	bool is_jump;
	bool is_confirmed;
	/* DECIDE_PARTLY, DECIDE_HELD_BACK and DECIDE_REFUSED; CLOCK_BOOTTIME. */
	int64_t first_seen_ns;    /* this run's own when it is the first */
	int64_t confirm_after_ns; /* a run after it that says the same is believed */
	bool is_limit_given; /* DECIDE_REFUSED: not even then, for the limit is the operator's ... */
	/* ... else so many more are needed, ANCHOR_CONFIRM_NS apart; 0: none helps, for nothing can be
	 * remembered */
	unsigned more_runs;
	int64_t rest_ns; /* what is held back: by so much the clock would move */
	/* What it is a jump from, and against what it is measured. */
	bool has_last;
	int64_t last_ns; /* CLOCK_BOOTTIME of the last believed run */
	bool is_before_floor;
	struct instant floor;
	bool is_reference_confirmed; /* false: the local clock as this boot found it */
	int64_t reference_offset_ns; /* the servers' time less that clock's */
};

static inline bool decision_is_held_back(const struct decision *decision)
{
	return decision->verdict == DECIDE_PARTLY || decision->verdict == DECIDE_HELD_BACK;
}
/* A moment of CLOCK_BOOTTIME by the local clock of the decision. */
struct instant decision_wall(const struct decision *decision, int64_t boot_ns);

/* `anchor` has been brought to now by anchor_begin(); it is updated by what this run leaves, to be
 * kept once the clock follows. */
void decide(const struct decide_input *input, const struct plan_limits *limits,
            struct anchor *anchor, struct decision *ret);

#endif
