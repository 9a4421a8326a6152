/* SPDX-License-Identifier: MIT
 *
 * The action on the clock after a trusted measurement: none, a slew, a step or a refusal,
 * with the reason.  Pure: the privileged process calls it again on the record it received,
 * so a compromised measuring process cannot get more.
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
	PLAN_BEYOND_RANGE,  /* refuse: after 2105, which on the wire is also 1970 */
	PLAN_SLEW_TOO_LONG, /* refuse: --slew of more than PLAN_SLEW_MAX_NS */
	PLAN_LEAP_NEAR,     /* refuse: within a second of an announced leap second */
	PLAN_UNCERTAIN,     /* refuse: the bound itself is beyond refuse-above */
	PLAN_ADVISED,       /* slew: inside the bound, to the estimate from past runs */
	PLAN_PENDING, /* slew: the rest of an earlier slew would lead out of the bound */
	PLAN_BEYOND_BACK_LIMIT, /* refuse: back by more than refuse-back-above */
	PLAN_BEYOND_DRIFT, /* refuse: held back, beyond drift since the last accepted run */
	PLAN_BEFORE_RELEASE, /* refuse: before the release of this program */
	PLAN_OTHER_DAEMON,   /* refuse: another program disciplines the clock */
	PLAN_REASON_COUNT
};
/* Text for messages: "the offset is within its own bound".  Never NULL. */
const char *plan_reason_text(enum plan_reason reason);

enum plan_wish {
	PLAN_AUTO,
	PLAN_WISH_STEP, /* --step: step any offset outside its bound */
	PLAN_WISH_SLEW, /* --slew: never step */
};

/* The kernel's adjtime() takes 2^31 us at most, 500 ppm: 49 days to finish it. */
#define PLAN_SLEW_MAX_NS (INT64_C(2000) * NS_PER_S)
#define PLAN_SLEW_PPM 500
/* Duration of a slew of this size in the kernel. */
int64_t plan_slew_lasts_ns(int64_t by_ns);

/* An offset up to this (STEPT of RFC 5905) is no jump: it is slewed, and the discipline
 * decides whether it is an outlier. */
#define PLAN_JUMP_NS (INT64_C(128) * NS_PER_MS)

struct plan_limits {
	enum plan_wish wish;
	int64_t step_above_ns;
	int64_t refuse_above_ns;
	bool is_refuse_above_given; /* by the operator: then further runs do not lift it */
	bool has_refuse_back_above; /* a separate limit for going back: */
	int64_t refuse_back_above_ns;
	bool any_offset; /* by a person: lifts both limits and the confirmation of jumps */
	bool is_boot;    /* lifts both until a time is confirmed in this boot */
	struct instant release; /* of this program: certainly past; no option lifts it */
};

struct plan_input {
	int64_t offset_ns;
	int64_t bound_ns;
	struct instant local; /* the local clock at that moment */
	unsigned leap;        /* enum ntp_leap of the majority */
	int64_t pending_ns;   /* rest of an earlier adjtime(); a new one replaces it */
	int64_t in_flight_ns; /* its part in this second, not replaced; |it| <= 500 us */
	bool has_phase;       /* the discipline advises the next one */
	int64_t phase_ns;     /* clamped to the bound */
	/* By core/select/decide.h: */
	int64_t away_ns;   /* compared with the limits; signed as the offset is */
	bool is_unlimited; /* the limits do not apply now */
	enum plan_reason
		hold; /* PLAN_BEFORE_FLOOR, PLAN_BEYOND_DRIFT: held back; else not */
};

struct plan {
	enum plan_action action;
	enum plan_reason reason;
	int64_t by_ns; /* planned correction; for PLAN_REFUSE the measured one */
};

static inline bool plan_is_held_back(const struct plan *plan)
{
	return plan->action == PLAN_REFUSE &&
	       (plan->reason == PLAN_BEFORE_FLOOR || plan->reason == PLAN_BEYOND_DRIFT);
}

/* The correction if the clock is moved at all: the advised phase, clamped to the bound
 * of the offset. */
int64_t plan_correction_ns(const struct plan_input *input);

struct plan plan_make(const struct plan_input *input, const struct plan_limits *limits);

#endif
