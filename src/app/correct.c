/* SPDX-License-Identifier: MIT */
#include "app/correct.h"

#include <errno.h>
#include <string.h>

#include "core/ntp_packet.h"

/* An older answer was measured before something that stopped this machine. */
#define RECORD_AGE_MAX_NS NS_PER_S
/* Within a second a slew of the kernel's own moves the clock by 0.5 ms; more than
 * twice that is a step, or another program steering. */
#define STRANGE_MOVE_NS NS_PER_MS
/* 146 years: beyond all that wire stamps can be apart, and twice it still fits. */
#define SANE_NS (INT64_MAX / 2)
#define STEP_TOLERANCE_NS (5 * NS_PER_MS)
/* adjtime() counts microseconds. */
#define SLEW_TOLERANCE_NS (2 * NS_PER_US)
/* What the kernel takes of an adjtime() at each full second of its clock, and how
 * long after the full second it may come to do so. */
#define SLEW_PER_SECOND_NS (500 * NS_PER_US)
#define SLEW_TICK_LATE_NS (50 * NS_PER_MS)

static bool is_within(int64_t value, int64_t limit)
{
	return value >= -limit && value <= limit;
}

static bool record_is_sane(const struct correct_record *record)
{
	if (record->magic != CORRECT_RECORD_MAGIC || record->status > RUN_ERROR) {
		return false;
	}
	if (record->status != RUN_OK) {
		return true; /* nothing else of it is used */
	}
	if (!is_within(record->offset_ns, SANE_NS) || record->bound_ns < 0 ||
	    record->bound_ns > SANE_NS || record->mono_ns < 0 ||
	    record->mono_ns > SANE_NS || record->leap >= NTP_LEAP_UNSYNCHRONISED) {
		return false;
	}
	/* The rule of core/select.h: more agree than could all be lying. */
	return record->asked_count > 0 && record->agreeing_count <= record->asked_count &&
	       record->agreeing_count > (record->asked_count - 1) / 2;
}

/* How far the wall clock went ahead of the monotonic one from `a` to `b`: 0 when
 * nobody touched it. */
static int64_t wall_moved_ns(struct instant a_wall, int64_t a_mono_ns,
                             const struct reading *b)
{
	return ns_add(instant_diff_ns(b->wall, a_wall), -(b->mono_ns - a_mono_ns));
}

static enum correct_status record_judge(const struct correct_record *record,
                                        const struct reading *now)
{
	const struct instant wall = { record->wall_ns };
	int64_t age_ns = now->mono_ns - record->mono_ns;

	if (age_ns < 0) {
		return CORRECT_BAD_RECORD;
	}
	if (age_ns > RECORD_AGE_MAX_NS ||
	    !is_within(wall_moved_ns(wall, record->mono_ns, now),
	               STRANGE_MOVE_NS + now->gap_ns)) {
		return CORRECT_STALE;
	}
	return CORRECT_DONE;
}

/* The comparison of C45, but never so wide that a clock that stands still passes. */
static bool step_is_seen(int64_t by_ns, int64_t bound_ns, int64_t moved_ns, int64_t gap_ns)
{
	int64_t size_ns = by_ns < 0 ? -by_ns : by_ns;
	int64_t tolerance_ns = STEP_TOLERANCE_NS;

	if (bound_ns > STEP_TOLERANCE_NS / 2) {
		tolerance_ns = 2 * bound_ns;
	}
	if (tolerance_ns > size_ns / 2) {
		tolerance_ns = size_ns / 2;
	}
	if (tolerance_ns < gap_ns) {
		tolerance_ns = gap_ns;
	}
	return is_within(ns_add(moved_ns, -by_ns), tolerance_ns);
}

/* What is pending must be what was given, less what the kernel may have taken
 * of it at the full seconds in between. */
static bool slew_is_seen(int64_t by_ns, int64_t pending_ns, struct instant before,
                         struct instant after)
{
	int64_t from_ns = before.unix_ns - SLEW_TICK_LATE_NS;
	int64_t seconds = after.unix_ns / NS_PER_S - from_ns / NS_PER_S;
	int64_t taken_ns =
		by_ns < 0 ? ns_add(pending_ns, -by_ns) : ns_add(by_ns, -pending_ns);

	/* More seconds than these were not spent here: the clock was stepped. */
	if (seconds < 0 || seconds > 60) {
		return false;
	}
	return taken_ns >= -SLEW_TOLERANCE_NS &&
	       taken_ns <= seconds * SLEW_PER_SECOND_NS + SLEW_TOLERANCE_NS;
}

static void step_confirm(const struct clock_ports *clock, const struct reading *before,
                         int64_t bound_ns, struct correct_result *ret)
{
	struct reading after;
	int r = clock->now(clock->ctx, &after);

	if (r < 0) {
		ret->status = CORRECT_FAILED;
		ret->error = -r;
		return;
	}
	ret->readback_ns = wall_moved_ns(before->wall, before->mono_ns, &after);
	if (!step_is_seen(ret->applied_ns, bound_ns, ret->readback_ns,
	                  ns_add(before->gap_ns, after.gap_ns))) {
		ret->status = CORRECT_NOT_MOVED;
	}
}

static void slew_confirm(const struct clock_ports *clock, const struct reading *before,
                         struct correct_result *ret)
{
	struct reading after;
	int r = clock->pending(clock->ctx, &ret->readback_ns);

	if (r == 0) {
		r = clock->now(clock->ctx, &after);
	}
	if (r < 0) {
		ret->status = CORRECT_FAILED;
		ret->error = -r;
		return;
	}
	if (!slew_is_seen(ret->applied_ns, ret->readback_ns, before->wall, after.wall)) {
		ret->status = CORRECT_NOT_MOVED;
	}
}

/* raise -> one call -> clear.  The capability is cleared whatever came before, and a
 * failure to do so is an error even when the clock has moved. */
static int clock_move(const struct clock_ports *clock, const struct plan *plan,
                      struct correct_result *ret)
{
	int r = clock->raise(clock->ctx);
	int cleared;

	if (r == 0) {
		r = plan->action == PLAN_STEP ? clock->step(clock->ctx, plan->by_ns)
		                              : clock->slew(clock->ctx, plan->by_ns);
		if (r == 0) {
			ret->applied = plan->action;
			ret->applied_ns = plan->by_ns;
		}
	}
	cleared = clock->clear(clock->ctx);
	if (r == -EPERM && cleared == 0) {
		ret->status = CORRECT_NOT_PERMITTED;
		return r;
	}
	if (r < 0 || cleared < 0) {
		ret->status = CORRECT_FAILED;
		ret->error = cleared < 0 ? -cleared : -r;
		return -ret->error;
	}
	return 0;
}

static void plan_apply(const struct clock_ports *clock, int64_t bound_ns,
                       struct correct_result *ret)
{
	struct reading before;
	int r = clock->now(clock->ctx, &before);

	if (r < 0) {
		ret->status = CORRECT_FAILED;
		ret->error = -r;
		return;
	}
	if (clock_move(clock, &ret->plan, ret) < 0) {
		return;
	}
	if (ret->plan.action == PLAN_STEP) {
		step_confirm(clock, &before, bound_ns, ret);
	} else {
		slew_confirm(clock, &before, ret);
	}
}

void correct_apply(const struct correct_record *record, const struct plan_limits *limits,
                   const struct clock_ports *clock, bool is_dry, struct correct_result *ret)
{
	struct plan_input input;
	struct reading now;
	int r;

	memset(ret, 0, sizeof(*ret));
	ret->applied = PLAN_NONE;
	if (!record_is_sane(record)) {
		ret->status = CORRECT_BAD_RECORD;
		return;
	}
	if (record->status != RUN_OK) {
		ret->status = CORRECT_NO_ANSWER;
		return;
	}
	r = clock->now(clock->ctx, &now);
	if (r < 0) {
		ret->status = CORRECT_FAILED;
		ret->error = -r;
		return;
	}
	ret->status = record_judge(record, &now);
	if (ret->status != CORRECT_DONE) {
		return;
	}
	input = (struct plan_input){ .offset_ns = record->offset_ns,
		                     .bound_ns = record->bound_ns,
		                     .local = now.wall,
		                     .leap = record->leap };
	ret->plan = plan_make(&input, limits);
	if (ret->plan.action == PLAN_REFUSE) {
		ret->status = CORRECT_REFUSED;
		return;
	}
	if (ret->plan.action != PLAN_NONE && !is_dry) {
		plan_apply(clock, record->bound_ns, ret);
	}
}
