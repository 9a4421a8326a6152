/* SPDX-License-Identifier: MIT
 *
 * The update of the kernel with a correction: errors, leap second, frequency.
 */
#include "app/clock/correct_private.h"

#include "core/base/text_time.h"
#include "core/discipline/discipline.h"
#include "core/ntp/packet.h"

#define DAY_NS (INT64_C(86400) * NS_PER_S)

bool correct_is_frequency(const struct correction *correction, int64_t given_ppb)
{
	return correct_is_within(
		ns_add(correction->state.frequency_ppb,
	               -ns_clamp(given_ppb, -CORRECT_OFFSET_MAX_NS, CORRECT_OFFSET_MAX_NS)),
		CORRECT_FREQUENCY_TOLERANCE_PPB);
}

/* Whether the day (UTC) is the last of a month; with `is_half_year` only of June or
 * December.  All leap seconds so far came then, and servers have announced false ones in
 * other months. */
static bool is_last_day(struct instant at, bool is_half_year)
{
	struct civil today = civil_from_instant(at);
	struct civil tomorrow = civil_from_instant(instant_add_ns(at, DAY_NS));

	return tomorrow.day == 1 &&
	       (!is_half_year || today.month == 6 || today.month == 12);
}

/* The kernel acts at the next midnight of its own clock, so it is told only on that day, by
 * that clock and by the true time. */
static unsigned leap_for(const struct correction *correction)
{
	const struct correct_record *record = correction->record;
	struct instant truth = instant_add_ns(correction->now.wall, record->offset_ns);
	struct instant local =
		instant_add_ns(correction->now.wall, correction->update.step_ns);
	unsigned armed = correction->state.leap;

	if ((record->leap == NTP_LEAP_INSERT || record->leap == NTP_LEAP_DELETE) &&
	    is_last_day(truth, true) && is_last_day(local, true)) {
		/* A step makes the kernel forget the midnight of an armed leap second; it
		 * must see it disarmed for a second before it arms it again. */
		return correction->update.step_ns != 0 && armed != NTP_LEAP_NONE
		               ? NTP_LEAP_NONE
		               : record->leap;
	}
	/* Another program's leap second stays, unless the day cannot have one. */
	if (armed == record->leap_armed || !is_last_day(truth, false) ||
	    !is_last_day(local, false)) {
		return NTP_LEAP_NONE;
	}
	return armed;
}

/* The maximum and the likely error at the end of this correction.  Without a prediction
 * until the next run: the kernel itself adds 500 us a second. */
static void errors_for(struct correction *correction)
{
	const struct correct_record *record = correction->record;
	struct kernel_clock_update *update = &correction->update;
	int64_t left_ns = ns_abs(ns_add(record->offset_ns, -update->step_ns));
	int64_t slew_ns = correction->ret->decision.plan.action == PLAN_SLEW
	                          ? ns_abs(correction->ret->decision.plan.by_ns)
	                          : ns_abs(correction->state.pending_slew_ns);

	update->max_error_ns = ns_add(left_ns, record->bound_ns);
	/* Only past runs show how much of it the kernel has applied and applies in this
	 * second. */
	if (!record->has_advice && correction->state.pending_slew_ns != 0 &&
	    update->step_ns == 0) {
		update->max_error_ns =
			ns_add(update->max_error_ns, CORRECT_SLEW_PER_SECOND_NS);
	}
	update->estimated_error_ns = update->max_error_ns;
	if (record->has_advice && record->phase_sd_ns >= 0) {
		update->estimated_error_ns = ns_clamp(
			ns_add(update->step_ns != 0 ? 0 : slew_ns, record->phase_sd_ns), 0,
			update->max_error_ns);
	}
	update->has_errors = update->max_error_ns < KERNEL_CLOCK_ERROR_MAX_NS;
}

bool correct_is_stray_tick(const struct correction *correction)
{
	const struct kernel_clock_state *state = &correction->state;

	return state->tick_ppb != 0 &&
	       !correct_is_within(state->frequency_ppb, DISCIPLINE_FREQUENCY_USUAL_PPB) &&
	       !(correction->record->has_last_frequency &&
	         correct_is_frequency(correction, correction->record->last_frequency_ppb));
}

static void frequency_for(struct correction *correction)
{
	const struct correct_record *record = correction->record;
	struct kernel_clock_update *update = &correction->update;
	int64_t before_ppb = correction->state.frequency_ppb;
	int64_t wanted_ppb = record->has_advice ? record->frequency_ppb : before_ppb;

	if (correct_is_stray_tick(correction) &&
	    correct_is_frequency(correction, wanted_ppb)) {
		wanted_ppb = ns_add(before_ppb, -correction->state.tick_ppb);
		update->has_frequency = true;
	} else {
		update->has_frequency = record->has_advice && correction->ret->has_kernel;
	}
	if (update->has_frequency) {
		update->frequency_ppb =
			discipline_frequency_allowed(before_ppb, wanted_ppb);
	}
}

void kernel_update_make(struct correction *correction)
{
	struct kernel_clock_update *update = &correction->update;

	if (correction->ret->decision.plan.action == PLAN_STEP) {
		update->step_ns = correction->ret->decision.plan.by_ns;
	}
	errors_for(correction);
	update->leap = leap_for(correction);
	frequency_for(correction);
}
