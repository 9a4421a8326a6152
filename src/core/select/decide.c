/* SPDX-License-Identifier: MIT
 *
 * Decides about a measurement and applies the limits; decide.h has the rules.
 */
#include "core/select/decide_private.h"

#include <string.h>

/* The local clock is before the floor or the release, or more than 20 years after the
 * release. */
static bool is_clock_known_wrong(const struct look *look)
{
	const int64_t release_ns = look->limits->release.unix_ns;
	const int64_t local_ns = look->input->now.wall.unix_ns;
	const int64_t earliest_ns = look->anchor->has_floor
	                                    ? ns_max(look->anchor->floor_ns, release_ns)
	                                    : release_ns;

	return local_ns < ns_sub(earliest_ns, DECIDE_FLOOR_SLACK_NS) ||
	       local_ns > ns_add(release_ns, ANCHOR_FLOOR_SPAN_NS);
}

static int64_t reference_booted_ns(const struct anchor *anchor)
{
	return anchor->has_confirmed ? anchor->confirmed.booted_ns
	                             : anchor->found_booted_ns;
}

/* Whether the operator gave the limit that applies to `away_ns`. */
static bool is_limit_given(const struct look *look, int64_t away_ns)
{
	return look->limits->is_refuse_above_given ||
	       (away_ns < 0 && look->limits->has_refuse_back_above &&
	        ns_abs(away_ns) > look->limits->refuse_back_above_ns);
}

/* Three runs that agree lift a default limit, so it never refuses forever.  Two are
 * enough where three SERVERs move the clock forward: a virtual machine can be paused for
 * hours, but its clock cannot run ahead. */
static bool is_beyond_limits_seen(const struct look *look, int64_t away_ns,
                                  int64_t reference_offset_ns)
{
	const size_t second = decide_find_second_sight(look);

	if (is_limit_given(look, away_ns)) {
		return false;
	}
	if (second < look->anchor->sight_count && decide_is_old_enough(look, second)) {
		return true;
	}
	return look->is_strong && look->input->measured.offset_ns > 0 &&
	       reference_offset_ns > 0 && decide_is_seen_before(look, DECIDE_STRONG);
}

static void set_limits(const struct look *look, struct plan_input *measured,
                       struct decision *ret)
{
	const struct plan_limits *limits = look->limits;
	const int64_t by_ns = decide_moved_ns(measured);
	const int64_t from_reference_ns = ns_sub(decide_left_by(look, measured).booted_ns,
	                                         reference_booted_ns(look->anchor));

	ret->is_reference_confirmed = look->anchor->has_confirmed != 0;
	ret->reference_offset_ns =
		ns_sub(ns_add(ns_sub(measured->offset_ns, look->input->measured.offset_ns),
	                      look->point.booted_ns),
	               reference_booted_ns(look->anchor));
	measured->away_ns =
		ns_abs(by_ns) < ns_abs(from_reference_ns) ? by_ns : from_reference_ns;
	measured->is_unlimited =
		is_clock_known_wrong(look) ||
		(limits->is_boot && !look->anchor->has_confirmed) ||
		is_beyond_limits_seen(look, measured->away_ns, ret->reference_offset_ns);
}

static void set_confirm(const struct look *look, struct decision *ret)
{
	const size_t i = decide_find_sight(look, 0);

	ret->first_seen_ns = i < look->anchor->sight_count
	                             ? look->anchor->sights[i].point.boot_ns
	                             : look->point.boot_ns;
	ret->confirm_after_ns = ns_add(ret->first_seen_ns, ANCHOR_CONFIRM_NS);
}

/* For a run beyond a limit: one or two more runs are needed. */
static void set_confirm_refused(const struct look *look, int64_t away_ns,
                                struct decision *ret)
{
	const struct anchor *anchor = look->anchor;
	const size_t second = decide_find_second_sight(look);

	set_confirm(look, ret);
	ret->is_limit_given = is_limit_given(look, away_ns);
	if (!look->input->remembers) {
		return; /* no later run can find this one */
	}
	if (second < anchor->sight_count) {
		ret->more_runs = 1;
		ret->confirm_after_ns =
			ns_add(anchor->sights[second].point.boot_ns, ANCHOR_CONFIRM_NS);
	} else if (ns_sub(look->point.boot_ns, ret->first_seen_ns) >= ANCHOR_CONFIRM_NS) {
		ret->more_runs = 1;
		ret->confirm_after_ns = ns_add(look->point.boot_ns, ANCHOR_CONFIRM_NS);
	} else {
		ret->more_runs = 2;
		ret->confirm_after_ns = ns_add(ret->first_seen_ns, 2 * ANCHOR_CONFIRM_NS);
	}
}

static void note_sight(const struct look *look, struct anchor *anchor)
{
	const struct anchor_sight sight = { look->point,
		                            look->input->agreeing_server_count };

	anchor_note_sight(anchor, &sight);
}

/* The slew of ours that is pending after `plan`. */
static int64_t slew_after_ns(const struct look *look, const struct plan *plan)
{
	if (plan->action == PLAN_SLEW) {
		return ns_add(plan->by_ns, look->input->measured.in_flight_ns);
	}
	return plan->action == PLAN_STEP ? 0 : look->anchor->slew_ns;
}

/* The clock after `plan`, without the slew that is then pending. */
static struct anchor_point left_after(const struct look *look, const struct plan *plan)
{
	struct anchor_point left = look->left;

	left.booted_ns = ns_sub(look->input->now.wall.unix_ns, left.boot_ns);
	if (plan->action == PLAN_STEP) {
		left.booted_ns = ns_add(left.booted_ns, plan->by_ns);
	}
	return left;
}

/* Follows the part that three runs confirm: as far as the first of them. */
static bool decide_part(const struct look *look, struct anchor *anchor,
                        struct decision *ret)
{
	const size_t first = decide_find_first_of_three(look);
	struct plan_input part = look->input->measured;
	struct anchor_point left;
	int64_t slew_ns;

	if (first == anchor->sight_count) {
		return false;
	}
	ret->rest_ns = ns_sub(look->point.booted_ns, anchor->sights[first].point.booted_ns);
	part.offset_ns = ns_sub(part.offset_ns, ret->rest_ns);
	part.bound_ns = anchor->sights[first].point.bound_ns;
	part.has_phase = false;
	set_limits(look, &part, ret);
	ret->plan = plan_make(&part, look->limits);
	/* No part to report where the clock would not move. */
	if (ret->plan.action == PLAN_REFUSE || ret->plan.action == PLAN_NONE) {
		return false;
	}
	ret->verdict = DECIDE_PARTLY;
	set_confirm(look, ret);
	left = left_after(look, &ret->plan);
	left.bound_ns = part.bound_ns;
	anchor_note_part(anchor, first, &left);
	note_sight(look, anchor);
	/* This slew or step replaces the earlier slew. */
	slew_ns = ns_sub(slew_after_ns(look, &ret->plan), decide_all_pending_ns(&part));
	anchor->slew_ns = slew_after_ns(look, &ret->plan);
	for (size_t i = 0; i < anchor->sight_count; i++) {
		anchor->sights[i].point.booted_ns =
			ns_sub(anchor->sights[i].point.booted_ns, slew_ns);
	}
	return true;
}

static void accept_time(const struct look *look, bool is_seen, struct anchor *anchor,
                        struct decision *ret)
{
	const bool is_agreed =
		anchor->has_last && !look->is_apart &&
		ns_sub(look->point.boot_ns, anchor->chain_ns) >= ANCHOR_CONFIRM_NS;
	struct anchor_point left;

	ret->verdict = DECIDE_ACCEPTED;
	ret->is_confirmed = ret->is_jump ? is_seen : is_agreed;
	left = left_after(look, &ret->plan);
	anchor_note_accepted(anchor, &left, ret->is_jump || look->is_apart);
	anchor->slew_ns = slew_after_ns(look, &ret->plan);
	if (ret->is_confirmed) {
		anchor_note_confirmed(anchor,
		                      ns_sub(look->truth.unix_ns, look->point.bound_ns),
		                      look->limits->release);
	}
}

static enum decide_verdict verdict_of(enum plan_reason reason)
{
	switch (reason) {
	case PLAN_BEYOND_DRIFT:
	case PLAN_BEFORE_FLOOR:
		return DECIDE_HELD_BACK;
	case PLAN_BEYOND_LIMIT:
	case PLAN_BEYOND_BACK_LIMIT:
		return DECIDE_REFUSED;
	default:
		return DECIDE_IMPOSSIBLE;
	}
}

struct instant decision_wall(const struct decision *decision, int64_t boot_ns)
{
	return instant_add_ns(decision->at.wall, ns_sub(boot_ns, decision->at.boot_ns));
}

/* A run with a wide bound agrees with almost any sight.  Where its offset is beyond what
 * the sight alone allows, takes the middle of the overlap. */
static void keep_to_sight(const struct look *look, size_t i, struct plan_input *measured)
{
	const struct plan plan = plan_make(measured, look->limits);
	const struct anchor_point *seen = &look->anchor->sights[i].point;
	const int64_t beyond_ns =
		anchor_beyond_ns(seen, &look->point, decide_drift_ppm(look));
	const int64_t beyond = ns_abs(beyond_ns);
	int64_t limit_ns, shared_ns, back_ns;

	if (beyond_ns == 0 ||
	    (plan.action == PLAN_REFUSE && verdict_of(plan.reason) == DECIDE_IMPOSSIBLE)) {
		return;
	}
	/* Half the overlap, from the side of the offset. */
	limit_ns = ns_sub(ns_abs(ns_sub(look->point.booted_ns, seen->booted_ns)), beyond);
	shared_ns = ns_min(ns_sub(measured->bound_ns, beyond) / 2, limit_ns);
	back_ns = ns_add(beyond, shared_ns);
	measured->offset_ns = beyond_ns > 0 ? ns_sub(measured->offset_ns, back_ns)
	                                    : ns_add(measured->offset_ns, back_ns);
	measured->bound_ns = shared_ns;
}

void decide(const struct decide_input *input, const struct plan_limits *limits,
            struct anchor *anchor, struct decision *ret)
{
	const struct anchor before = *anchor;
	struct decide_input taken = *input;
	struct look look = decide_look_at(&taken, limits, &before);
	struct plan_input measured;
	bool is_seen;

	/* The advised phase chooses within the bound; it must not cause a jump. */
	if (decide_is_jump(&look) && taken.measured.has_phase) {
		taken.measured.has_phase = false;
		look = decide_look_at(&taken, limits, &before);
	}
	measured = taken.measured;
	memset(ret, 0, sizeof(*ret));
	ret->at = input->now;
	ret->has_last = before.has_last != 0;
	ret->last_ns = before.last.boot_ns;
	ret->is_before_floor = decide_is_before_floor(&look);
	ret->floor.unix_ns = before.floor_ns;
	ret->is_jump = decide_is_jump(&look);
	is_seen = decide_is_seen_before(&look, 0);
	if (ret->is_jump && input->remembers && !look.is_strong && !limits->any_offset) {
		if (is_seen) {
			keep_to_sight(&look, decide_find_sight(&look, 0), &measured);
		} else if (decide_part(&look, anchor, ret)) {
			return;
		} else {
			measured.hold = ret->is_before_floor ? PLAN_BEFORE_FLOOR
			                                     : PLAN_BEYOND_DRIFT;
		}
	}
	look.left = decide_left_by(&look, &measured);
	set_limits(&look, &measured, ret);
	ret->plan = plan_make(&measured, limits);
	if (ret->plan.action != PLAN_REFUSE) {
		accept_time(&look, is_seen, anchor, ret);
		return;
	}
	ret->verdict = verdict_of(ret->plan.reason);
	if (ret->verdict == DECIDE_IMPOSSIBLE) {
		return;
	}
	ret->rest_ns = input->measured.offset_ns;
	if (ret->verdict == DECIDE_REFUSED) {
		set_confirm_refused(&look, measured.away_ns, ret);
	} else {
		set_confirm(&look, ret);
	}
	note_sight(&look, anchor);
}
