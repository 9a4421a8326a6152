/* SPDX-License-Identifier: MIT
 *
 * Between the parts of the decision: decide_look.c compares a measurement with the last believed run,
 * decide_sight.c with earlier looks, decide.c has the limits and decides.
 */
#ifndef CORE_SELECT_DECIDE_PRIVATE_H
#define CORE_SELECT_DECIDE_PRIVATE_H

#include "core/select/decide.h"

struct look {
	const struct decide_input *input;
	const struct plan_limits *limits;
	const struct anchor *anchor;
	struct anchor_point point;
	struct anchor_point left; /* as the clock would be left by this run */
	struct instant truth;
	bool is_apart; /* not where the last believed run left the clock */
	bool is_strong;
	int64_t unordered_ns; /* of what is pending, what no run of ours has ordered */
	int64_t jump_ns;      /* from the last believed run, else from the floor */
};

/* A truth that lies before the floor or the release by less than this is still possible. */
#define DECIDE_FLOOR_SLACK_NS (2 * NS_PER_S)

/* --- decide_look.c --- */

struct look decide_look_at(const struct decide_input *input,
                           const struct plan_limits *limits, const struct anchor *anchor);
/* What is pending of this clock's slews, and in flight. */
int64_t decide_all_pending_ns(const struct plan_input *measured);
/* What the clock is moved by until everything pending is done, more than it would be without this run.
 * An earlier slew is no reason to be led astray, and what leaves the clock alone leads nowhere. */
int64_t decide_moved_ns(const struct plan_input *measured);
/* How the clock is left by `measured`, which is this run's or a part of it. */
struct anchor_point decide_left_by(const struct look *look,
                                   const struct plan_input *measured);
/* How far the clock may drift, by what is known of it. */
int64_t decide_drift_ppm(const struct look *look);
bool decide_is_before_floor(const struct look *look);
/* A time that agrees with the clock cannot lead it astray: another program has put the clock right, or a
 * leap second came, which the kernel and the servers have both had. */
bool decide_is_jump(const struct look *look);

/* --- decide_sight.c: index of a sight, the anchor's sight_count where there is none --- */

bool decide_is_old_enough(const struct look *look, size_t sight);
/* The oldest sight that says the same as this run, by at least `servers`. */
size_t decide_find_sight(const struct look *look, uint64_t servers);
bool decide_is_seen_before(const struct look *look, uint64_t servers);
/* The first of two sights that this run is the third of, the latest there is. */
size_t decide_find_first_of_three(const struct look *look);
/* The sight that is the second look at what this run says, ANCHOR_CONFIRM_NS after the first one. */
size_t decide_find_second_sight(const struct look *look);

#endif
