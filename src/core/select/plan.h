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
	PLAN_WITHIN_BOUND, /* none: the offset is smaller than its own uncertainty */
	PLAN_SMALL,        /* slew: below step-above */
	PLAN_LARGE,        /* step: at or above step-above */
	PLAN_ASKED_STEP,   /* step: --step */
	PLAN_ASKED_SLEW,   /* slew: --slew */
	PLAN_BEYOND_LIMIT, /* refuse: beyond refuse-above */
	PLAN_BEFORE_FLOOR, /* refuse: the server's time lies before what is known to be past */
	PLAN_BEYOND_RANGE,  /* refuse: after 2105, which on the wire is 1970, too */
	PLAN_SLEW_TOO_LONG, /* refuse: --slew of more than PLAN_SLEW_MAX_NS */
	PLAN_LEAP_NEAR,     /* refuse: within a second of an announced leap second */
	PLAN_UNCERTAIN,     /* refuse: the bound itself is beyond refuse-above */
	PLAN_ADVISED,       /* slew: inside the bound, by what past runs teach */
	PLAN_PENDING, /* slew: what an earlier run left pending would lead out of the bound */
	PLAN_BEYOND_BACK_LIMIT, /* refuse: back by more than refuse-back-above */
	PLAN_BEYOND_DRIFT,      /* refuse: no drift since the last run explains it */
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

/* Time that comes twice does more harm than time left out, so less of it is allowed. */
#define PLAN_REFUSE_BACK_ABOVE_NS (INT64_C(100) * NS_PER_S)
/* What no drift explains needs this many sources, and more than two thirds of those asked. */
#define PLAN_LARGER_MAJORITY_MIN 3
/* Below this (STEPT of RFC 5905) it does not: a virtual machine that was paused
 * jumps by so much, and the one server it has would be refused for good.  It is slewed, and
 * the discipline doubts it. */
#define PLAN_JUMP_NS (INT64_C(128) * NS_PER_MS)

struct plan_limits {
	enum plan_wish wish;
	int64_t step_above_ns;
	int64_t refuse_above_ns;
	int64_t refuse_back_above_ns; /* for going back; 0: refuse_above_ns counts there too */
	bool any_offset; /* lifts both and the doubt about drift, never the floor */
	struct instant
		floor; /* known to be past: the program's build, the last trusted run */
};

struct plan_input {
	int64_t offset_ns;
	int64_t bound_ns;
	struct instant local; /* the local clock at that moment */
	unsigned leap;        /* enum ntp_leap of the majority */
	unsigned agreeing_count;
	unsigned asked_count;
	int64_t pending_ns; /* what an adjtime() of before has still to do; a new one replaces it */
	int64_t in_flight_ns; /* what it does in this second, whatever replaces it: |it| <= 500 us */
	bool has_phase;    /* past runs advise the next one */
	int64_t phase_ns;  /* taken as the nearest that the bound allows */
	bool has_expected; /* the next two are known */
	int64_t expected_ns;
	int64_t expected_bound_ns;
};

struct plan {
	enum plan_action action;
	enum plan_reason reason;
	int64_t by_ns; /* what the clock is to be moved by; for PLAN_REFUSE what was measured */
};

struct plan plan_make(const struct plan_input *input, const struct plan_limits *limits);

#endif
