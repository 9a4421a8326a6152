/* SPDX-License-Identifier: MIT
 *
 * Parts of the decision: decide_look.c compares a measurement with the last accepted run,
 * decide_sight.c with stored sights; decide.c applies the limits and decides.
 */
#ifndef CORE_SELECT_DECIDE_PRIVATE_H
#define CORE_SELECT_DECIDE_PRIVATE_H

#include "core/select/decide.h"

struct look {
	const struct decide_input *input;
	const struct plan_limits *limits;
	const struct anchor *anchor;
	struct anchor_point point;
	struct anchor_point left; /* the clock as this run would leave it */
	struct instant truth;
	bool is_apart; /* away from where the last accepted run left the clock */
	bool is_strong;
	int64_t unordered_ns; /* part of the pending slew that our runs did not order */
	int64_t jump_ns;      /* from the last accepted run, else from the floor */
};

/* A time before the floor or the release by less than this is still possible. */
#define DECIDE_FLOOR_SLACK_NS (2 * NS_PER_S)

/* --- decide_look.c --- */

struct look decide_look_at(const struct decide_input *input,
                           const struct plan_limits *limits, const struct anchor *anchor);
/* The slew that is pending or in flight. */
int64_t decide_all_pending_ns(const struct plan_input *measured);
/* Move of the clock by this run, beyond the slew already pending; 0 for a run that
 * leaves the clock alone. */
int64_t decide_moved_ns(const struct plan_input *measured);
/* The clock as `measured` leaves it, which is this run's or a part of it. */
struct anchor_point decide_left_by(const struct look *look,
                                   const struct plan_input *measured);
/* Limit of the drift of this clock. */
int64_t decide_drift_ppm(const struct look *look);
bool decide_is_before_floor(const struct look *look);
/* A time that agrees with the clock is no jump: another program has corrected the clock,
 * or a leap second came, which the kernel and the servers both applied. */
bool decide_is_jump(const struct look *look);

/* --- decide_sight.c: returns the index of a sight, or the anchor's sight_count --- */

bool decide_is_old_enough(const struct look *look, size_t sight);
/* The oldest sight by at least `servers` that agrees with this run. */
size_t decide_find_sight(const struct look *look, uint64_t servers);
bool decide_is_seen_before(const struct look *look, uint64_t servers);
/* The first of the latest two sights that make three with this run. */
size_t decide_find_first_of_three(const struct look *look);
/* The second sight that agrees with this run, ANCHOR_CONFIRM_NS after the first. */
size_t decide_find_second_sight(const struct look *look);

#endif
