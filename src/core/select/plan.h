/* SPDX-License-Identifier: MIT
 *
 * From a trusted measurement to what is done to the clock: nothing, a slew, a step
 * or a refusal, and why.  Pure: the privileged process calls it again on the record
 * it was handed, so a measuring process that was taken over cannot talk it into more.
 */
#ifndef CORE_SELECT_PLAN_H
#define CORE_SELECT_PLAN_H

#include <stdbool.h>

#include "core/base/ntp_time.h"

enum plan_action {
	PLAN_NONE,
	PLAN_SLEW,
	PLAN_STEP,
	PLAN_REFUSE,
};
const char *plan_action_name(enum plan_action action); /* "none", "slew", ... as in JSON */

enum plan_reason {
	PLAN_WITHIN_BOUND,  /* none: the offset is smaller than its own uncertainty */
	PLAN_SMALL,         /* slew: below step-above */
	PLAN_LARGE,         /* step: at or above step-above */
	PLAN_ASKED_STEP,    /* step: --step */
	PLAN_ASKED_SLEW,    /* slew: --slew */
	PLAN_BEYOND_LIMIT,  /* refuse: beyond refuse-above */
	PLAN_BEFORE_FLOOR,  /* refuse: held back, before the last confirmed time */
	PLAN_BEYOND_RANGE,  /* refuse: after 2105, which on the wire is 1970, too */
	PLAN_SLEW_TOO_LONG, /* refuse: --slew of more than PLAN_SLEW_MAX_NS */
	PLAN_LEAP_NEAR,     /* refuse: within a second of an announced leap second */
	PLAN_UNCERTAIN,     /* refuse: the bound itself is beyond refuse-above */
	PLAN_ADVISED,       /* slew: inside the bound, by what past runs teach */
	PLAN_PENDING, /* slew: what an earlier run left pending would lead out of the bound */
	PLAN_BEYOND_BACK_LIMIT, /* refuse: back by more than refuse-back-above */
	PLAN_BEYOND_DRIFT, /* refuse: held back, no drift since the last believed run explains it */
	PLAN_BEFORE_RELEASE, /* refuse: the servers' time lies before this program's release */
	PLAN_OTHER_DAEMON, /* refuse: another program keeps the clock */
	PLAN_REASON_COUNT
};
/* A few words: "the offset is within its own bound".  Never NULL. */
const char *plan_reason_text(enum plan_reason reason);

enum plan_wish {
	PLAN_AUTO,
	PLAN_WISH_STEP, /* --step: step whatever lies outside the bound */
	PLAN_WISH_SLEW, /* --slew: never step */
};

/* The kernel's adjtime() takes 2^31 us at most, 500 ppm: 49 days to finish it. */
#define PLAN_SLEW_MAX_NS (INT64_C(2000) * NS_PER_S)
#define PLAN_SLEW_PPM 500
/* How long a slew of that size takes the kernel. */
int64_t plan_slew_lasts_ns(int64_t by_ns);

/* What is not more than this (STEPT of RFC 5905) is no jump: it is slewed, and the discipline
 * doubts it. */
#define PLAN_JUMP_NS (INT64_C(128) * NS_PER_MS)

struct plan_limits {
	enum plan_wish wish;
	int64_t step_above_ns;
	int64_t refuse_above_ns;
	bool is_refuse_above_given; /* by the operator: then nothing else passes it */
	bool has_refuse_back_above; /* going back has a limit of its own, too: */
	int64_t refuse_back_above_ns;
	bool any_offset; /* a person's: lifts both, and that a jump has to be seen again */
	bool is_boot;    /* lifts both until a time is confirmed in this boot */
	struct instant release; /* of this program: past for sure, whatever is asked for */
};

struct plan_input {
	int64_t offset_ns;
	int64_t bound_ns;
	struct instant local; /* the local clock at that moment */
	unsigned leap;        /* enum ntp_leap of the majority */
	int64_t pending_ns; /* what an adjtime() of before has still to do; a new one replaces it */
	int64_t in_flight_ns; /* what it does in this second, whatever replaces it: |it| <= 500 us */
	bool has_phase;   /* past runs advise the next one */
	int64_t phase_ns; /* taken as the nearest that the bound allows */
	/* By core/select/decide.h: */
	int64_t away_ns;   /* what the limits are held against; signed as the offset is */
	bool is_unlimited; /* they do not count now */
	enum plan_reason
		hold; /* PLAN_BEFORE_FLOOR, PLAN_BEYOND_DRIFT: held back; else nothing */
};

struct plan {
	enum plan_action action;
	enum plan_reason reason;
	int64_t by_ns; /* what the clock is to be moved by; for PLAN_REFUSE what was measured */
};

static inline bool plan_is_held_back(const struct plan *plan)
{
	return plan->action == PLAN_REFUSE &&
	       (plan->reason == PLAN_BEFORE_FLOOR || plan->reason == PLAN_BEYOND_DRIFT);
}

/* What the clock is moved by if it is moved at all: as advised, never further from what was measured
 * than its bound. */
int64_t plan_correction_ns(const struct plan_input *input);

struct plan plan_make(const struct plan_input *input, const struct plan_limits *limits);

#endif
