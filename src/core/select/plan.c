/* SPDX-License-Identifier: MIT
 *
 * Plans the action on the clock.  Refusals are checked before actions, and first those that
 * no option lifts.
 */
#include "core/select/plan.h"

#include "core/base/text_time.h"
#include "core/ntp/packet.h"

#define S_PER_DAY INT64_C(86400)

/* 2106-01-01 00:00:00 UTC.  A server whose clock started at 1970 and was never set sends
 * timestamps that read as 2106-02-07 in the window of core/base/ntp_time.h. */
#define RANGE_END_NS (INT64_C(4291747200) * NS_PER_S)

/* An announced leap second makes the hour of this much ambiguous. */
#define LEAP_NEAR_NS NS_PER_S

const char *plan_action_name(enum plan_action action)
{
	static const char *const names[] = {
		[PLAN_NONE] = "none",
		[PLAN_SLEW] = "slew",
		[PLAN_STEP] = "step",
		[PLAN_REFUSE] = "refuse",
	};

	return (size_t)action < COUNT_OF(names) ? names[action] : "refuse";
}

const char *plan_reason_text(enum plan_reason reason)
{
	static const char *const texts[] = {
		[PLAN_WITHIN_BOUND] = "the offset is within its own bound",
		[PLAN_SMALL] = "the offset is below --step-above",
		[PLAN_LARGE] = "the offset is not below --step-above",
		[PLAN_ASKED_STEP] = "--step was given",
		[PLAN_ASKED_SLEW] = "--slew was given",
		[PLAN_BEYOND_LIMIT] = "the offset is beyond --refuse-above",
		[PLAN_BEFORE_FLOOR] = "the servers' time is before the last confirmed time",
		[PLAN_BEYOND_RANGE] = "the servers' time is after 2105",
		[PLAN_SLEW_TOO_LONG] = "a slew of that size would take months; use --step",
		[PLAN_LEAP_NEAR] = "an announced leap second is less than a second away",
		[PLAN_UNCERTAIN] = "the bound itself is beyond --refuse-above",
		[PLAN_ADVISED] =
			"the estimate from past runs is more precise than this measurement",
		[PLAN_PENDING] =
			"the rest of an earlier slew would move the clock out of the bound",
		[PLAN_BEYOND_BACK_LIMIT] =
			"the clock would go back by more than --refuse-back-above",
		[PLAN_BEYOND_DRIFT] =
			("drift since the last run cannot explain the offset, "
		         "and too few servers confirm it"),
		[PLAN_BEFORE_RELEASE] =
			"the servers' time is before the release of this program",
		[PLAN_OTHER_DAEMON] = "another program disciplines the clock",
	};

	return (size_t)reason < COUNT_OF(texts) ? texts[reason] : "the reason is not known";
}

int64_t plan_slew_lasts_ns(int64_t by_ns)
{
	int64_t ns;

	return __builtin_mul_overflow(by_ns, 1000000 / PLAN_SLEW_PPM, &ns) ? INT64_MAX
	                                                                   : ns_abs(ns);
}

/* The kernel's slew counts microseconds. */
#define PLAN_ADVICE_LEAST_NS ((uint64_t)NS_PER_US)

static int64_t negated(int64_t ns)
{
	return ns == INT64_MIN ? INT64_MAX : -ns;
}

/* A negative limit allows nothing. */
static uint64_t limit(int64_t ns)
{
	return ns < 0 ? 0 : (uint64_t)ns;
}

/* Leap seconds come at the end of a month, UTC.  Servers announce them up to a month
 * before, so the announcement does not show which midnight. */
static bool is_leap_near(struct instant at)
{
	const int64_t day_ns = S_PER_DAY * NS_PER_S;
	int64_t since_ns = at.unix_ns % day_ns;
	int64_t midnight_ns;

	if (since_ns < 0) {
		since_ns += day_ns;
	}
	if (since_ns <= LEAP_NEAR_NS) {
		midnight_ns = -since_ns;
	} else if (day_ns - since_ns <= LEAP_NEAR_NS) {
		midnight_ns = day_ns - since_ns;
	} else {
		return false;
	}
	return civil_from_instant(instant_add_ns(at, midnight_ns)).day == 1;
}

/* Refusals that neither an option nor another run lifts; PLAN_REASON_COUNT: none. */
static enum plan_reason impossible(const struct plan_input *input,
                                   const struct plan_limits *limits)
{
	struct instant corrected = instant_add_ns(input->local, input->offset_ns);

	if (corrected.unix_ns >= RANGE_END_NS) {
		return PLAN_BEYOND_RANGE;
	}
	if (corrected.unix_ns < limits->release.unix_ns) {
		return PLAN_BEFORE_RELEASE;
	}
	if ((input->leap == NTP_LEAP_INSERT || input->leap == NTP_LEAP_DELETE) &&
	    is_leap_near(corrected)) {
		return PLAN_LEAP_NEAR;
	}
	/* A negative bound can only come from a broken measuring process. */
	if (input->bound_ns < 0) {
		return PLAN_UNCERTAIN;
	}
	return PLAN_REASON_COUNT;
}

/* PLAN_REASON_COUNT: not refused. */
static enum plan_reason refusal(const struct plan_input *input,
                                const struct plan_limits *limits)
{
	enum plan_reason reason = impossible(input, limits);
	uint64_t refuse_above_ns = limit(limits->refuse_above_ns);

	if (reason != PLAN_REASON_COUNT || limits->any_offset) {
		return reason;
	}
	if (limit(input->bound_ns) > refuse_above_ns) {
		return PLAN_UNCERTAIN;
	}
	if (!input->is_unlimited && ns_magnitude(input->away_ns) > refuse_above_ns) {
		return PLAN_BEYOND_LIMIT;
	}
	if (!input->is_unlimited && input->away_ns < 0 && limits->has_refuse_back_above &&
	    ns_magnitude(input->away_ns) > limit(limits->refuse_back_above_ns)) {
		return PLAN_BEYOND_BACK_LIMIT;
	}
	if (input->hold == PLAN_BEFORE_FLOOR || input->hold == PLAN_BEYOND_DRIFT) {
		return input->hold;
	}
	return PLAN_REASON_COUNT;
}

static struct plan plan_of(enum plan_action action, enum plan_reason reason, int64_t by_ns)
{
	return (struct plan){ .action = action, .reason = reason, .by_ns = by_ns };
}

/* A new slew adds to the one that the kernel does in this second anyway. */
static struct plan plan_slew(const struct plan_input *input, enum plan_reason reason,
                             int64_t wanted_ns)
{
	int64_t by_ns = ns_add(wanted_ns, negated(input->in_flight_ns));

	if (ns_magnitude(by_ns) > limit(PLAN_SLEW_MAX_NS)) {
		return plan_of(PLAN_REFUSE, PLAN_SLEW_TOO_LONG, by_ns);
	}
	return plan_of(PLAN_SLEW, reason, by_ns);
}

int64_t plan_correction_ns(const struct plan_input *input)
{
	int64_t low_ns = ns_add(input->offset_ns, negated(input->bound_ns));
	int64_t high_ns = ns_add(input->offset_ns, input->bound_ns);

	return input->has_phase ? ns_clamp(input->phase_ns, low_ns, high_ns)
	                        : input->offset_ns;
}

/* Inside the bound: never a step, even with --step. */
static struct plan plan_within(const struct plan_input *input)
{
	/* Error of the clock once the pending slew is done. */
	int64_t rest_ns = ns_add(plan_correction_ns(input),
	                         negated(ns_add(input->pending_ns, input->in_flight_ns)));

	if (input->has_phase && ns_magnitude(rest_ns) >= PLAN_ADVICE_LEAST_NS) {
		return plan_slew(input, PLAN_ADVISED, plan_correction_ns(input));
	}
	if (ns_magnitude(rest_ns) > limit(input->bound_ns)) {
		return plan_slew(input, PLAN_PENDING, input->offset_ns);
	}
	return plan_of(PLAN_NONE, PLAN_WITHIN_BOUND, 0);
}

struct plan plan_make(const struct plan_input *input, const struct plan_limits *limits)
{
	enum plan_reason reason = refusal(input, limits);
	uint64_t offset_ns = ns_magnitude(input->offset_ns);

	if (reason != PLAN_REASON_COUNT) {
		return plan_of(PLAN_REFUSE, reason, input->offset_ns);
	}
	if (offset_ns <= limit(input->bound_ns)) {
		return plan_within(input);
	}
	switch (limits->wish) {
	case PLAN_WISH_STEP:
		return plan_of(PLAN_STEP, PLAN_ASKED_STEP, plan_correction_ns(input));
	case PLAN_WISH_SLEW:
		return plan_slew(input, PLAN_ASKED_SLEW, plan_correction_ns(input));
	case PLAN_AUTO:
		break;
	}
	if (offset_ns >= limit(limits->step_above_ns)) {
		return plan_of(PLAN_STEP, PLAN_LARGE, plan_correction_ns(input));
	}
	return plan_slew(input, PLAN_SMALL, plan_correction_ns(input));
}
