/* SPDX-License-Identifier: MIT
 *
 * The correction: checks the record, decides, moves the clock, confirms.
 */
#include "app/clock/correct_private.h"

#include <errno.h>
#include <string.h>

#include "core/discipline/discipline.h"
#include "core/ntp/packet.h"
#include "core/select/sample.h"
#include "core/select/select.h"

/* An older answer was measured before something stopped this machine. */
#define RECORD_AGE_MAX_NS NS_PER_S
/* Within a second the kernel's own slew moves the clock by 0.5 ms; more than twice that is
 * a step, or another program. */
#define STRANGE_MOVE_NS NS_PER_MS
#define STEP_TOLERANCE_NS (5 * NS_PER_MS)
/* adjtime() counts microseconds. */
#define SLEW_TOLERANCE_NS (2 * NS_PER_US)
/* The kernel may apply its part of an adjtime() this long after the full second. */
#define SLEW_TICK_LATE_NS (50 * NS_PER_MS)
/* No clock is wrong by more than itself. */
#define BEYOND_MAX_PPB NS_PER_S
/* The kernel's own maximum error may have grown by this much at a read-back. */
#define MAX_ERROR_GROWTH_NS (10 * NS_PER_MS)

/* More sources must agree than may be falsetickers, and no more than were named. */
static bool counts_are_valid(const struct correct_record *record,
                             const struct correct_wish *wish)
{
	const struct select_rule rule = { .asked_count = record->asked_count,
		                          .liars = wish->liars };

	return record->asked_count > 0 && record->agreeing_count <= record->asked_count &&
	       record->agreeing_count > select_liars_max(&rule) &&
	       record->agreeing_count >= wish->min_sources &&
	       record->asked_count <= wish->server_count * wish->pool &&
	       record->agreeing_server_count <= wish->server_count &&
	       record->agreeing_server_count <= record->agreeing_count;
}

static bool record_is_valid(const struct correct_record *record,
                            const struct correct_wish *wish)
{
	if (record->magic != CORRECT_RECORD_MAGIC || record->status > RUN_ERROR) {
		return false;
	}
	if (record->status != RUN_OK) {
		return true; /* the rest of it is not used */
	}
	if (!correct_is_within(record->offset_ns, SAMPLE_OFFSET_MAX_NS) ||
	    record->bound_ns < 0 || record->bound_ns > CORRECT_OFFSET_MAX_NS ||
	    record->mono_ns < 0 || record->mono_ns > CORRECT_OFFSET_MAX_NS ||
	    record->leap >= NTP_LEAP_UNSYNCHRONISED) {
		return false;
	}
	return counts_are_valid(record, wish);
}

/* The move of the wall clock against the monotonic one from `a` to `b`. */
static int64_t wall_moved_ns(struct instant a_wall, int64_t a_mono_ns,
                             const struct reading *b)
{
	return ns_add(instant_diff_ns(b->wall, a_wall), -(b->mono_ns - a_mono_ns));
}

static enum correct_status record_check(const struct correct_record *record,
                                        const struct reading *now)
{
	const struct instant wall = { record->wall_ns };
	int64_t age_ns = now->mono_ns - record->mono_ns;

	if (age_ns < 0) {
		return CORRECT_BAD_RECORD;
	}
	if (age_ns > RECORD_AGE_MAX_NS ||
	    !correct_is_within(wall_moved_ns(wall, record->mono_ns, now),
	                       STRANGE_MOVE_NS + now->gap_ns)) {
		return CORRECT_STALE;
	}
	return CORRECT_DONE;
}

/* The tolerance never accepts a clock that did not move. */
static bool step_is_seen(int64_t by_ns, int64_t bound_ns, int64_t moved_ns, int64_t gap_ns)
{
	int64_t size_ns = ns_abs(by_ns);
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
	return correct_is_within(ns_add(moved_ns, -by_ns), tolerance_ns);
}

/* The slew as given, less what the kernel may have applied at the full seconds since. */
static bool slew_is_seen(int64_t by_ns, int64_t pending_ns, struct instant before,
                         struct instant after)
{
	int64_t from_ns = before.unix_ns - SLEW_TICK_LATE_NS;
	int64_t seconds = after.unix_ns / NS_PER_S - from_ns / NS_PER_S;
	int64_t taken_ns =
		by_ns < 0 ? ns_add(pending_ns, -by_ns) : ns_add(by_ns, -pending_ns);

	/* This process did not take that many seconds: the clock was stepped. */
	if (seconds < 0 || seconds > 60) {
		return false;
	}
	return taken_ns >= -SLEW_TOLERANCE_NS &&
	       taken_ns <= seconds * CORRECT_SLEW_PER_SECOND_NS + SLEW_TOLERANCE_NS;
}

/* As found; and the same for "after", until something is done. */
static void found(const struct kernel_clock_state *state, const struct reading *now,
                  struct correct_result *ret)
{
	ret->has_kernel = true;
	ret->frequency_after_ppb = state->frequency_ppb;
	ret->slew_after_ns = state->pending_slew_ns;
	ret->slew_lasts_ns = plan_slew_lasts_ns(state->pending_slew_ns);
	ret->slew_ends_ns = state->pending_slew_ns == 0
	                            ? 0
	                            : instant_add_ns(now->wall, ret->slew_lasts_ns).unix_ns;
	ret->max_error_ns = state->max_error_ns;
	ret->estimated_error_ns = state->estimated_error_ns;
	ret->kernel_flags =
		(state->is_unsynchronised ? CORRECT_KERNEL_UNSYNC : 0) |
		(state->is_pll_active ? CORRECT_KERNEL_PLL : 0) |
		(state->leap == NTP_LEAP_INSERT ? CORRECT_KERNEL_LEAP_INSERT : 0) |
		(state->leap == NTP_LEAP_DELETE ? CORRECT_KERNEL_LEAP_DELETE : 0);
}

/* The PLL stays enabled when its daemon has ended; a daemon is assumed to run only while
 * the kernel considers the clock synchronised. */
static enum other_daemon other_daemon_of(const struct correction *correction)
{
	const struct correct_record *record = correction->record;
	enum other_daemon other_daemon = OTHER_NONE;

	if (correction->clock->other_daemon) {
		other_daemon = correction->clock->other_daemon(correction->clock->ctx);
	}
	if (other_daemon != OTHER_NONE || !correction->ret->has_kernel) {
		return other_daemon;
	}
	if (correction->state.is_pll_active && !correction->state.is_unsynchronised) {
		return OTHER_KERNEL_PLL;
	}
	/* The record of the run that gave the latter may be missing. */
	if (record->has_last_frequency &&
	    !correct_is_frequency(correction, record->last_frequency_ppb) &&
	    !(correction->anchor->has_frequency &&
	      correct_is_frequency(correction, correction->anchor->frequency_ppb))) {
		return OTHER_FREQUENCY;
	}
	return OTHER_NONE;
}

/* 0, or the error if the clock does not follow; refused settings are no error. */
static int kernel_update(struct correction *correction)
{
	const struct clock_ports *clock = correction->clock;
	struct correct_result *ret = correction->ret;
	int settings_r = 0;
	int r = clock->update(clock->ctx, &correction->update, &settings_r);

	ret->settings_error = settings_r;
	if (correction->update.step_ns == 0 && r < 0 && r != -EPERM) {
		r = 0;
	}
	if (r == 0 && ret->decision.plan.action == PLAN_SLEW) {
		r = clock->slew(clock->ctx, ret->decision.plan.by_ns);
	}
	if (r == 0) {
		ret->applied = ret->decision.plan.action;
		ret->applied_ns = ret->decision.plan.by_ns;
	}
	return r;
}

/* raise -> the calls -> clear.  The capability is cleared whatever happened before, and a
 * failure to clear it is an error even when the clock has moved. */
static int clock_move(struct correction *correction)
{
	const struct clock_ports *clock = correction->clock;
	int r = clock->raise(clock->ctx);
	int cleared;

	if (r == 0) {
		r = kernel_update(correction);
	}
	cleared = clock->clear(clock->ctx);
	if (r == -EPERM && cleared == 0) {
		correction->ret->status = CORRECT_NOT_PERMITTED;
		return r;
	}
	if (r < 0 || cleared < 0) {
		correction->ret->status = CORRECT_FAILED;
		correction->ret->error = cleared < 0 ? -cleared : -r;
		return -correction->ret->error;
	}
	return 0;
}

static bool update_is_seen(const struct correction *correction,
                           const struct kernel_clock_state *after)
{
	const struct kernel_clock_update *update = &correction->update;

	if (correction->ret->settings_error != 0 || after->leap != update->leap ||
	    (update->has_frequency &&
	     !correct_is_within(after->frequency_ppb - update->frequency_ppb,
	                        CORRECT_FREQUENCY_TOLERANCE_PPB))) {
		return false;
	}
	return !update->has_errors ||
	       (!after->is_unsynchronised && after->max_error_ns >= update->max_error_ns &&
	        after->max_error_ns - update->max_error_ns <= MAX_ERROR_GROWTH_NS);
}

/* The rate that the clock needs according to past runs, less what the kernel has now. */
static int64_t rate_missing(const struct correction *correction,
                            const struct kernel_clock_state *after)
{
	int64_t missing_ppb = 0;

	if (correction->update.has_frequency) {
		missing_ppb =
			ns_add(correction->update.frequency_ppb, -after->frequency_ppb);
	}
	if (correction->record->has_advice) {
		missing_ppb =
			ns_add(missing_ppb, ns_clamp(correction->record->beyond_ppb,
		                                     -BEYOND_MAX_PPB, BEYOND_MAX_PPB));
	}
	return missing_ppb;
}

/* The motion of the clock from two readings; `before` is the one before the action. */
static void move_confirm(struct correction *correction, const struct reading *before,
                         const struct reading *after)
{
	struct correct_result *ret = correction->ret;
	bool is_seen = true;

	if (ret->decision.plan.action == PLAN_STEP) {
		ret->readback_ns = wall_moved_ns(before->wall, before->mono_ns, after);
		is_seen = step_is_seen(ret->applied_ns, correction->record->bound_ns,
		                       ret->readback_ns,
		                       ns_add(before->gap_ns, after->gap_ns));
	} else if (ret->decision.plan.action == PLAN_SLEW) {
		ret->readback_ns = ret->slew_after_ns;
		is_seen = slew_is_seen(ret->applied_ns, ret->readback_ns, before->wall,
		                       after->wall);
	}
	if (!is_seen) {
		ret->status = CORRECT_NOT_MOVED;
	}
}

static void correction_confirm(struct correction *correction, const struct reading *before)
{
	const struct clock_ports *clock = correction->clock;
	struct correct_result *ret = correction->ret;
	struct kernel_clock_state after;
	struct reading now;
	int state_r = clock->state(clock->ctx, &after);
	int r = clock->now(clock->ctx, &now);

	if (state_r == 0 && r == 0) {
		found(&after, &now, ret);
		ret->is_verified = update_is_seen(correction, &after);
		ret->rate_missing_ppb = rate_missing(correction, &after);
		ret->stray_tick_us =
			correct_is_stray_tick(correction) && after.tick_ppb == 0
				? correction->state.tick_us
				: 0;
		ret->leap_armed = after.leap == correction->record->leap ? after.leap : 0;
	}
	/* A step shows in the clocks alone. */
	if (r == 0 && ret->decision.plan.action == PLAN_SLEW) {
		r = state_r;
	}
	if (r < 0) {
		ret->status = CORRECT_FAILED;
		ret->error = -r;
		return;
	}
	move_confirm(correction, before, &now);
}

static void plan_apply(struct correction *correction, struct anchor *next)
{
	struct reading before;
	int r = correction->clock->now(correction->clock->ctx, &before);

	if (r < 0) {
		correction->ret->status = CORRECT_FAILED;
		correction->ret->error = -r;
		return;
	}
	kernel_update_make(correction);
	/* Should this process end before the run is recorded, the next one must not take
	 * its frequency for that of another program. */
	if (correction->update.has_frequency) {
		correction->anchor->has_frequency = next->has_frequency = 1;
		correction->anchor->frequency_ppb = next->frequency_ppb =
			correction->update.frequency_ppb;
	}
	if (clock_move(correction) == 0) {
		correction_confirm(correction, &before);
	}
}

static void make_decision(struct correction *correction, const struct plan_limits *limits,
                          struct anchor *anchor)
{
	const struct correct_record *record = correction->record;
	const struct decide_input input = {
		.measured = { .offset_ns = record->offset_ns,
		              .bound_ns = record->bound_ns,
		              .local = correction->now.wall,
		              .leap = record->leap,
		              .pending_ns = correction->state.pending_slew_ns,
		              .in_flight_ns =
		                      record->has_advice
		                              ? ns_clamp(record->in_flight_ns,
		                                         -CORRECT_SLEW_PER_SECOND_NS,
		                                         CORRECT_SLEW_PER_SECOND_NS)
		                              : 0,
		              .has_phase = record->has_advice,
		              .phase_ns = record->phase_ns },
		.now = correction->now,
		.agreeing_server_count = record->agreeing_server_count,
		.remembers = correction->wish->remembers,
		.is_disciplined = correction->wish->is_disciplined,
		.has_expected = record->expected_bound_ns > 0,
		.expected_ns = record->expected_ns,
		.expected_bound_ns = record->expected_bound_ns,
	};

	decide(&input, limits, anchor, &correction->ret->decision);
}

/* Collects everything that the decision needs.  A kernel that does not report its clock
 * state (a container's sandbox) may still let it be set. */
static int correction_begin(struct correction *correction)
{
	const struct clock_ports *clock = correction->clock;
	struct correct_result *ret = correction->ret;
	int r = clock->now(clock->ctx, &correction->now);

	if (r < 0) {
		return r;
	}
	ret->status = record_check(correction->record, &correction->now);
	if (ret->status != CORRECT_DONE) {
		return 0;
	}
	if (clock->state(clock->ctx, &correction->state) == 0) {
		found(&correction->state, &correction->now, ret);
		ret->frequency_before_ppb = ret->frequency_after_ppb;
		ret->slew_before_ns = ret->slew_after_ns;
		ret->kernel_flags_before = ret->kernel_flags;
		ret->leap_armed = correction->record->leap_armed == correction->state.leap
		                          ? correction->state.leap
		                          : NTP_LEAP_NONE;
	} else {
		memset(&correction->state, 0, sizeof(correction->state));
	}
	ret->other_daemon = other_daemon_of(correction);
	return 0;
}

void correct_apply(const struct correct_record *record, const struct plan_limits *limits,
                   const struct clock_ports *clock, const struct correct_wish *wish,
                   struct anchor *anchor, struct correct_result *ret)
{
	struct correction correction = {
		.record = record, .clock = clock, .wish = wish, .anchor = anchor, .ret = ret
	};
	struct anchor next;
	int r;

	memset(ret, 0, sizeof(*ret));
	ret->applied = PLAN_NONE;
	if (!record_is_valid(record, wish)) {
		ret->status = CORRECT_BAD_RECORD;
		return;
	}
	if (record->status != RUN_OK) {
		ret->status = CORRECT_NO_ANSWER;
		return;
	}
	r = correction_begin(&correction);
	if (r < 0) {
		ret->status = CORRECT_FAILED;
		ret->error = -r;
		return;
	}
	if (ret->status != CORRECT_DONE) {
		return;
	}
	next = *anchor;
	make_decision(&correction, limits, &next);
	if (ret->other_daemon != OTHER_NONE && !wish->is_force) {
		ret->status = CORRECT_BUSY;
		ret->decision.plan = (struct plan){ .action = PLAN_REFUSE,
			                            .reason = PLAN_OTHER_DAEMON,
			                            .by_ns = record->offset_ns };
		return;
	}
	if (ret->decision.plan.action == PLAN_REFUSE) {
		ret->status = CORRECT_REFUSED;
	} else if (!wish->is_dry) {
		plan_apply(&correction, &next);
	}
	if (ret->status == CORRECT_DONE || ret->status == CORRECT_REFUSED) {
		*anchor = next;
	}
}
