/* SPDX-License-Identifier: MIT
 *
 * The rules of 0.1.0, for comparison: the floor is the last trusted run and goes up only, the limits
 * are measured from the clock alone, a jump that fewer than three sources say is refused for good, and
 * only the boot unit has --any-offset.
 */
#include "life.h"

#include <string.h>

#define OLD_DRIFT_PPM 100

static int64_t size_of(int64_t ns)
{
	return ns < 0 ? -ns : ns;
}

static bool is_beyond_drift(const struct life *l, const struct correct_record *record)
{
	const int64_t booted_ns = l->m.wall_ns + record->offset_ns - l->m.boot_ns;
	int64_t limit_ns = anchor_drift_ns(l->m.boot_ns - l->old_at_ns, OLD_DRIFT_PPM);

	if (!l->has_old_last || l->old_boot != l->m.boot_number ||
	    size_of(record->offset_ns) <= record->bound_ns) {
		return false;
	}
	limit_ns = limit_ns > PLAN_JUMP_NS ? limit_ns : PLAN_JUMP_NS;
	return size_of(booted_ns - l->old_booted_ns) > limit_ns + record->bound_ns &&
	       (record->agreeing_count < 3 ||
	        record->agreeing_count * 3 <= record->asked_count * 2);
}

static enum plan_reason refusal(const struct life *l, const struct correct_record *record,
                                const struct plan_limits *limits)
{
	const int64_t truth_ns = l->m.wall_ns + record->offset_ns;

	if (truth_ns < machine_release_ns() || truth_ns < l->old_floor_ns) {
		return PLAN_BEFORE_FLOOR;
	}
	if (limits->any_offset) {
		return PLAN_REASON_COUNT;
	}
	if (size_of(record->offset_ns) > limits->refuse_above_ns) {
		return PLAN_BEYOND_LIMIT;
	}
	return is_beyond_drift(l, record) ? PLAN_BEYOND_DRIFT : PLAN_REASON_COUNT;
}

void life_old_decide(struct life *l, const struct correct_record *record,
                     const struct plan_limits *limits)
{
	struct plan *plan = &l->result.decision.plan;

	memset(&l->result, 0, sizeof(l->result));
	l->result.status = CORRECT_NO_ANSWER;
	if (record->status != RUN_OK) {
		return;
	}
	l->result.status = CORRECT_REFUSED;
	plan->action = PLAN_REFUSE;
	plan->reason = refusal(l, record, limits);
	if (plan->reason != PLAN_REASON_COUNT) {
		return;
	}
	l->result.status = CORRECT_DONE;
	plan->action = PLAN_NONE;
	if (size_of(record->offset_ns) > record->bound_ns) {
		plan->action = PLAN_STEP;
		machine_step(&l->m, record->offset_ns);
	}
	l->result.applied = plan->action;
	l->result.applied_ns = record->offset_ns;
	l->old_floor_ns = l->m.wall_ns;
	l->has_old_last = true;
	l->old_boot = l->m.boot_number;
	l->old_booted_ns = l->m.wall_ns - l->m.boot_ns;
	l->old_at_ns = l->m.boot_ns;
}
