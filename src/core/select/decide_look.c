/* SPDX-License-Identifier: MIT
 *
 * Compares a measurement with the last accepted run: possible drift, and whether it is a
 * jump.
 */
#include "core/select/decide_private.h"

/* Drift of a clock whose frequency is not known in this boot: on a cloned disk the
 * stored one is that of another crystal.  --no-discipline: the limit of crystals. */
enum { DRIFT_PPM = 100, DRIFT_UNDISCIPLINED_PPM = 500 };
/* Part of a bound that may explain a jump: servers can claim any bound, and 900 s would
 * explain all. */
#define BOUND_MOST_NS PLAN_JUMP_NS

static struct anchor_point narrow(const struct anchor_point *point)
{
	struct anchor_point ret = *point;

	ret.bound_ns = ns_min(ret.bound_ns, BOUND_MOST_NS);
	return ret;
}

int64_t decide_all_pending_ns(const struct plan_input *measured)
{
	return ns_add(measured->pending_ns, measured->in_flight_ns);
}

/* The part of the pending slew that no run of ours ordered. */
static int64_t unordered_ns(const struct anchor *anchor, const struct plan_input *measured)
{
	const int64_t pending_ns = decide_all_pending_ns(measured);
	const int64_t ours_ns = anchor->slew_ns >= 0
	                                ? ns_min(ns_max(pending_ns, 0), anchor->slew_ns)
	                                : ns_max(ns_min(pending_ns, 0), anchor->slew_ns);

	return ns_sub(pending_ns, ours_ns);
}

/* Limit of the change of `booted` since the last accepted run, predicted from past runs. */
static int64_t disciplined_drift_ns(const struct look *look)
{
	const struct decide_input *input = look->input;
	const int64_t expected_ns =
		ns_sub(ns_add(input->expected_ns,
	                      ns_sub(input->now.wall.unix_ns, input->now.boot_ns)),
	               decide_all_pending_ns(&input->measured));

	return ns_add(ns_abs(ns_sub(expected_ns, look->anchor->last.booted_ns)),
	              input->expected_bound_ns);
}

int64_t decide_drift_ppm(const struct look *look)
{
	return look->input->is_disciplined ? DRIFT_PPM : DRIFT_UNDISCIPLINED_PPM;
}

/* Limit of the drift since the last accepted run. */
static int64_t drift_ns(const struct look *look)
{
	const int64_t apart_ns = ns_sub(look->point.boot_ns, look->anchor->last.boot_ns);
	const int64_t most_ns = anchor_drift_ns(apart_ns, decide_drift_ppm(look));

	if (look->input->is_disciplined && look->anchor->has_confirmed &&
	    look->input->has_expected && disciplined_drift_ns(look) < most_ns) {
		return disciplined_drift_ns(look);
	}
	return most_ns;
}

int64_t decide_moved_ns(const struct plan_input *measured)
{
	const int64_t rest_ns =
		ns_sub(plan_correction_ns(measured), decide_all_pending_ns(measured));

	if (!measured->has_phase && ns_abs(measured->offset_ns) <= measured->bound_ns &&
	    ns_abs(rest_ns) <= measured->bound_ns) {
		return 0;
	}
	return rest_ns;
}

bool decide_is_before_floor(const struct look *look)
{
	return !look->anchor->has_confirmed && !look->anchor->has_last &&
	       look->anchor->has_floor &&
	       ns_add(look->truth.unix_ns, DECIDE_FLOOR_SLACK_NS) < look->anchor->floor_ns;
}

struct anchor_point decide_left_by(const struct look *look,
                                   const struct plan_input *measured)
{
	const int64_t by_ns = decide_moved_ns(measured);
	struct anchor_point left = look->point;

	left.booted_ns = ns_sub(ns_add(look->input->now.wall.unix_ns, by_ns), left.boot_ns);
	left.bound_ns = ns_add(measured->bound_ns,
	                       ns_abs(ns_sub(ns_add(by_ns, decide_all_pending_ns(measured)),
	                                     measured->offset_ns)));
	return left;
}

/* A slew by another program may have begun just now and shows nothing about the time, so
 * the clock must be apart both with it and without it. */
static bool is_apart(const struct look *look)
{
	const struct anchor_point last = narrow(&look->anchor->last);
	const struct anchor_point now = narrow(&look->point);
	const int64_t limit_ns =
		anchor_limit_ns(&last, &now, ns_max(PLAN_JUMP_NS, drift_ns(look)));
	const int64_t by_ns = ns_sub(look->left.booted_ns, last.booted_ns);

	return ns_abs(by_ns) > limit_ns &&
	       ns_abs(ns_add(by_ns, look->unordered_ns)) > limit_ns;
}

struct look decide_look_at(const struct decide_input *input,
                           const struct plan_limits *limits, const struct anchor *anchor)
{
	const struct plan_input *measured = &input->measured;
	struct look look = {
		.input = input,
		.limits = limits,
		.anchor = anchor,
		.truth = instant_add_ns(input->now.wall, measured->offset_ns),
		.is_strong = input->agreeing_server_count >= DECIDE_STRONG,
		.unordered_ns = unordered_ns(anchor, measured),
	};

	look.point = (struct anchor_point){
		.boot_ns = input->now.boot_ns,
		.booted_ns = ns_sub(ns_sub(look.truth.unix_ns, input->now.boot_ns),
		                    decide_all_pending_ns(measured)),
		.bound_ns = measured->bound_ns,
		.suspended_ns = ns_sub(input->now.boot_ns, input->now.mono_ns),
	};
	look.left = decide_left_by(&look, measured);
	if (anchor->has_last) {
		look.jump_ns = ns_sub(look.point.booted_ns, anchor->last.booted_ns);
		look.is_apart = is_apart(&look);
	} else if (anchor->has_floor) {
		look.jump_ns = ns_sub(look.truth.unix_ns, anchor->floor_ns);
	}
	return look;
}

bool decide_is_jump(const struct look *look)
{
	if (decide_is_before_floor(look)) {
		return true;
	}
	return look->is_apart && ns_abs(decide_moved_ns(&look->input->measured)) >
	                                 PLAN_JUMP_NS + narrow(&look->point).bound_ns;
}
