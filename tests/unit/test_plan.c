/* SPDX-License-Identifier: MIT
 *
 * Each row changes what its name says in an otherwise harmless situation: limits of
 * 0.5 s and 1000 s, a release a day ago, a bound of 10 ms, no leap second.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/ntp/packet.h"
#include "core/select/plan.h"

#define MS(ms) (INT64_C(ms) * 1000000)
#define S(seconds) (INT64_C(seconds) * 1000000000)

#define NOON S(1795348800)         /* 2026-11-22 12:00:00 */
#define MONTH_END S(1796083200)    /* 2026-12-01 00:00:00 */
#define YEAR_END S(1798761600)     /* 2027-01-01 00:00:00 */
#define MID_MONTH S(1795392000)    /* 2026-11-23 00:00:00 */
#define FEBRUARY_END S(1835395200) /* 2028-02-29 00:00:00: not the month's end */
#define LEAP_DAY_END S(1835481600) /* 2028-03-01 00:00:00 */
#define YEAR_2106 S(4291747200)    /* 2106-01-01 00:00:00 */

/* clang-format off */
static const struct row {
	const char *name;
	int64_t offset_ns, bound_ns;
	int64_t local_ns;
	unsigned leap;
	enum plan_wish wish;
	bool any_offset;
	int64_t release_ns; /* 0: a day before noon */
	enum plan_action want;
	enum plan_reason why;
} rows[] = {
	{ "nothing off",                     0, MS(10), NOON, 0, PLAN_AUTO, false, 0, PLAN_NONE, PLAN_WITHIN_BOUND },
	{ "nothing off, no bound",           0, 0, NOON, 0, PLAN_AUTO, false, 0, PLAN_NONE, PLAN_WITHIN_BOUND },
	{ "at the bound",                    MS(10), MS(10), NOON, 0, PLAN_AUTO, false, 0, PLAN_NONE, PLAN_WITHIN_BOUND },
	{ "at the bound, ahead",             -MS(10), MS(10), NOON, 0, PLAN_AUTO, false, 0, PLAN_NONE, PLAN_WITHIN_BOUND },
	{ "just beyond the bound",           MS(10) + 1, MS(10), NOON, 0, PLAN_AUTO, false, 0, PLAN_SLEW, PLAN_SMALL },
	{ "just beyond the bound, ahead",    -MS(10) - 1, MS(10), NOON, 0, PLAN_AUTO, false, 0, PLAN_SLEW, PLAN_SMALL },
	{ "large inside a larger bound",     S(2), S(3), NOON, 0, PLAN_AUTO, false, 0, PLAN_NONE, PLAN_WITHIN_BOUND },
	{ "below step-above",                MS(500) - 1, MS(10), NOON, 0, PLAN_AUTO, false, 0, PLAN_SLEW, PLAN_SMALL },
	{ "at step-above",                   MS(500), MS(10), NOON, 0, PLAN_AUTO, false, 0, PLAN_STEP, PLAN_LARGE },
	{ "at step-above, ahead",            -MS(500), MS(10), NOON, 0, PLAN_AUTO, false, 0, PLAN_STEP, PLAN_LARGE },

	{ "--step inside the bound",         MS(10), MS(10), NOON, 0, PLAN_WISH_STEP, false, 0, PLAN_NONE, PLAN_WITHIN_BOUND },
	{ "--step outside the bound",        MS(11), MS(10), NOON, 0, PLAN_WISH_STEP, false, 0, PLAN_STEP, PLAN_ASKED_STEP },
	{ "--step of a large offset",        -S(900), MS(10), NOON, 0, PLAN_WISH_STEP, false, 0, PLAN_STEP, PLAN_ASKED_STEP },
	{ "--slew inside the bound",         MS(10), MS(10), NOON, 0, PLAN_WISH_SLEW, false, 0, PLAN_NONE, PLAN_WITHIN_BOUND },
	{ "--slew of a small offset",        MS(11), MS(10), NOON, 0, PLAN_WISH_SLEW, false, 0, PLAN_SLEW, PLAN_ASKED_SLEW },
	{ "--slew of a large offset",        S(900), MS(10), NOON, 0, PLAN_WISH_SLEW, false, 0, PLAN_SLEW, PLAN_ASKED_SLEW },
	{ "--slew of the most",              S(2000), MS(10), NOON, 0, PLAN_WISH_SLEW, true, 0, PLAN_SLEW, PLAN_ASKED_SLEW },
	{ "--slew of the most, ahead",       -S(2000), MS(10), NOON, 0, PLAN_WISH_SLEW, true, 0, PLAN_SLEW, PLAN_ASKED_SLEW },
	{ "--slew of more than the most",    S(2000) + 1, MS(10), NOON, 0, PLAN_WISH_SLEW, true, 0, PLAN_REFUSE, PLAN_SLEW_TOO_LONG },
	{ "--slew of more, ahead",           -S(2000) - 1, MS(10), NOON, 0, PLAN_WISH_SLEW, true, 0, PLAN_REFUSE, PLAN_SLEW_TOO_LONG },
	{ "--slew beyond refuse-above",      S(2001), MS(10), NOON, 0, PLAN_WISH_SLEW, false, 0, PLAN_REFUSE, PLAN_BEYOND_LIMIT },

	{ "at refuse-above",                 S(1000), MS(10), NOON, 0, PLAN_AUTO, false, 0, PLAN_STEP, PLAN_LARGE },
	{ "at refuse-above, ahead",          -S(1000), MS(10), NOON, 0, PLAN_AUTO, false, 0, PLAN_STEP, PLAN_LARGE },
	{ "beyond refuse-above",             S(1000) + 1, MS(10), NOON, 0, PLAN_AUTO, false, 0, PLAN_REFUSE, PLAN_BEYOND_LIMIT },
	{ "beyond refuse-above, ahead",      -S(1000) - 1, MS(10), NOON, 0, PLAN_AUTO, false, 0, PLAN_REFUSE, PLAN_BEYOND_LIMIT },
	{ "--step beyond refuse-above",      S(1001), MS(10), NOON, 0, PLAN_WISH_STEP, false, 0, PLAN_REFUSE, PLAN_BEYOND_LIMIT },
	{ "--any-offset",                    S(100000), MS(10), NOON, 0, PLAN_AUTO, true, 0, PLAN_STEP, PLAN_LARGE },
	{ "--any-offset from 1970",          NOON, MS(10), 0, 0, PLAN_AUTO, true, 0, PLAN_STEP, PLAN_LARGE },
	{ "from 1970 without it",            NOON, MS(10), 0, 0, PLAN_AUTO, false, 0, PLAN_REFUSE, PLAN_BEYOND_LIMIT },

	{ "bound at refuse-above",           S(1), S(1000), NOON, 0, PLAN_AUTO, false, 0, PLAN_NONE, PLAN_WITHIN_BOUND },
	{ "bound beyond refuse-above",       S(1), S(1000) + 1, NOON, 0, PLAN_AUTO, false, 0, PLAN_REFUSE, PLAN_UNCERTAIN },
	{ "bound before offset",             S(2001), S(2000), NOON, 0, PLAN_AUTO, false, 0, PLAN_REFUSE, PLAN_UNCERTAIN },
	{ "--any-offset lifts the bound",    S(2001), S(2000), NOON, 0, PLAN_AUTO, true, 0, PLAN_STEP, PLAN_LARGE },
	{ "a negative bound",                S(1), -1, NOON, 0, PLAN_AUTO, true, 0, PLAN_REFUSE, PLAN_UNCERTAIN },
	{ "the most negative bound",         S(1), INT64_MIN, NOON, 0, PLAN_AUTO, true, 0, PLAN_REFUSE, PLAN_UNCERTAIN },

	{ "at the release",                    -S(10), MS(10), NOON, 0, PLAN_AUTO, false, NOON - S(10), PLAN_STEP, PLAN_LARGE },
	{ "before the release",                -S(10) - 1, MS(10), NOON, 0, PLAN_AUTO, false, NOON - S(10), PLAN_REFUSE, PLAN_BEFORE_RELEASE },
	{ "--any-offset keeps the release",    -S(10) - 1, MS(10), NOON, 0, PLAN_AUTO, true, NOON - S(10), PLAN_REFUSE, PLAN_BEFORE_RELEASE },
	{ "a local clock before the release",  S(20), MS(10), NOON - S(10), 0, PLAN_AUTO, false, NOON, PLAN_STEP, PLAN_LARGE },
	{ "the release before the limit",      -S(90000), MS(10), NOON, 0, PLAN_AUTO, false, 0, PLAN_REFUSE, PLAN_BEFORE_RELEASE },
	{ "the release before the bound",      -S(90000), S(1001), NOON, 0, PLAN_AUTO, false, 0, PLAN_REFUSE, PLAN_BEFORE_RELEASE },
	{ "the release for what needs nothing", 0, MS(10), NOON, 0, PLAN_AUTO, false, NOON + 1, PLAN_REFUSE, PLAN_BEFORE_RELEASE },

	{ "last moment of 2105",             S(10), MS(10), YEAR_2106 - S(10) - 1, 0, PLAN_AUTO, false, 0, PLAN_STEP, PLAN_LARGE },
	{ "first moment of 2106",            S(10), MS(10), YEAR_2106 - S(10), 0, PLAN_AUTO, false, 0, PLAN_REFUSE, PLAN_BEYOND_RANGE },
	{ "--any-offset keeps the range",    S(10), MS(10), YEAR_2106, 0, PLAN_AUTO, true, 0, PLAN_REFUSE, PLAN_BEYOND_RANGE },
	{ "the range before the limit",      YEAR_2106, MS(10), NOON, 0, PLAN_AUTO, false, 0, PLAN_REFUSE, PLAN_BEYOND_RANGE },
	{ "the range before the release",      S(10), MS(10), YEAR_2106, 0, PLAN_AUTO, false, INT64_MAX, PLAN_REFUSE, PLAN_BEYOND_RANGE },
	{ "a local clock in 2200",           -YEAR_2106, MS(10), YEAR_2106 + NOON, 0, PLAN_AUTO, true, 0, PLAN_STEP, PLAN_LARGE },

	{ "leap: a second before",           S(2), MS(10), MONTH_END - S(3), 1, PLAN_AUTO, false, 0, PLAN_REFUSE, PLAN_LEAP_NEAR },
	{ "leap: more than a second before", S(2), MS(10), MONTH_END - S(3) - 1, 1, PLAN_AUTO, false, 0, PLAN_STEP, PLAN_LARGE },
	{ "leap: a second after",            S(2), MS(10), MONTH_END - S(1), 1, PLAN_AUTO, false, 0, PLAN_REFUSE, PLAN_LEAP_NEAR },
	{ "leap: more than a second after",  S(2), MS(10), MONTH_END - S(1) + 1, 1, PLAN_AUTO, false, 0, PLAN_STEP, PLAN_LARGE },
	{ "leap: at midnight",               S(2), MS(10), MONTH_END - S(2), 1, PLAN_AUTO, false, 0, PLAN_REFUSE, PLAN_LEAP_NEAR },
	{ "leap: at the year's end",         S(2), MS(10), YEAR_END - S(2), 1, PLAN_AUTO, false, 0, PLAN_REFUSE, PLAN_LEAP_NEAR },
	{ "leap: one left out",              S(2), MS(10), MONTH_END - S(2), 2, PLAN_AUTO, false, 0, PLAN_REFUSE, PLAN_LEAP_NEAR },
	{ "leap: after February 29th",       S(2), MS(10), LEAP_DAY_END - S(2), 1, PLAN_AUTO, false, 0, PLAN_REFUSE, PLAN_LEAP_NEAR },
	{ "leap: before February 29th",      S(2), MS(10), FEBRUARY_END - S(2), 1, PLAN_AUTO, false, 0, PLAN_STEP, PLAN_LARGE },
	{ "leap: a midnight within a month", S(2), MS(10), MID_MONTH - S(2), 1, PLAN_AUTO, false, 0, PLAN_STEP, PLAN_LARGE },
	{ "leap: a noon before 1970",        S(2), MS(10), -S(43202), 1, PLAN_AUTO, false, INT64_MIN, PLAN_STEP, PLAN_LARGE },
	{ "leap: the midnight of 1970",      S(2), MS(10), -S(3), 1, PLAN_AUTO, false, INT64_MIN, PLAN_REFUSE, PLAN_LEAP_NEAR },
	{ "leap: none announced",            S(2), MS(10), MONTH_END - S(2), 0, PLAN_AUTO, false, 0, PLAN_STEP, PLAN_LARGE },
	{ "leap: only the local clock near", S(20), MS(10), MONTH_END, 1, PLAN_AUTO, false, 0, PLAN_STEP, PLAN_LARGE },
	{ "leap: not lifted by --any-offset", S(2), MS(10), MONTH_END - S(2), 1, PLAN_AUTO, true, 0, PLAN_REFUSE, PLAN_LEAP_NEAR },
	{ "leap: before the bound",          S(2), S(1001), MONTH_END - S(2), 1, PLAN_AUTO, false, 0, PLAN_REFUSE, PLAN_LEAP_NEAR },
	{ "leap: before the limit",          S(1001), MS(10), MONTH_END - S(1001), 1, PLAN_AUTO, false, 0, PLAN_REFUSE, PLAN_LEAP_NEAR },

	{ "INT64_MIN",                       INT64_MIN, MS(10), NOON, 0, PLAN_AUTO, false, 0, PLAN_REFUSE, PLAN_BEFORE_RELEASE },
	{ "INT64_MIN and no release",          INT64_MIN, MS(10), NOON, 0, PLAN_AUTO, false, INT64_MIN, PLAN_REFUSE, PLAN_BEYOND_LIMIT },
	{ "INT64_MIN, --any-offset",         INT64_MIN, MS(10), NOON, 0, PLAN_AUTO, true, INT64_MIN, PLAN_STEP, PLAN_LARGE },
	{ "INT64_MIN, --slew",               INT64_MIN, MS(10), NOON, 0, PLAN_WISH_SLEW, true, INT64_MIN, PLAN_REFUSE, PLAN_SLEW_TOO_LONG },
	{ "INT64_MIN within INT64_MAX",      INT64_MIN, INT64_MAX, NOON, 0, PLAN_AUTO, true, INT64_MIN, PLAN_STEP, PLAN_LARGE },
	{ "INT64_MIN from INT64_MIN",        INT64_MIN, MS(10), INT64_MIN, 1, PLAN_AUTO, false, INT64_MIN, PLAN_REFUSE, PLAN_BEYOND_LIMIT },
	{ "INT64_MAX",                       INT64_MAX, MS(10), NOON, 0, PLAN_AUTO, true, 0, PLAN_REFUSE, PLAN_BEYOND_RANGE },
	{ "INT64_MAX from INT64_MAX",        INT64_MAX, MS(10), INT64_MAX, 1, PLAN_AUTO, true, 0, PLAN_REFUSE, PLAN_BEYOND_RANGE },
};
/* clang-format on */

static void plan_row(void **state)
{
	const struct row *row = *state;
	const struct plan_input input = { .offset_ns = row->offset_ns,
		                          .bound_ns = row->bound_ns,
		                          .local = { row->local_ns },
		                          .leap = row->leap,
		                          .away_ns = row->offset_ns };
	const struct plan_limits limits = {
		.wish = row->wish,
		.step_above_ns = MS(500),
		.refuse_above_ns = S(1000),
		.any_offset = row->any_offset,
		.release = { row->release_ns != 0 ? row->release_ns : NOON - S(86400) },
	};
	struct plan plan = plan_make(&input, &limits);

	assert_string_equal(plan_action_name(plan.action), plan_action_name(row->want));
	assert_string_equal(plan_reason_text(plan.reason), plan_reason_text(row->why));
	assert_true(plan.by_ns == (row->want == PLAN_NONE ? 0 : row->offset_ns));
}

/* ---- what past runs change ---- */

struct view_row {
	const char *name;
	int64_t offset_ns; /* bound 10 ms */
	bool has_phase;
	int64_t phase_ns;
	int64_t pending_ns;
	enum plan_wish wish;
	enum plan_action want;
	enum plan_reason why;
	int64_t by_ns;
};

/* clang-format off */
static const struct view_row pasts[] = {
	{ "advice: inside the bound it is followed", MS(8), true, MS(3), 0, PLAN_AUTO, PLAN_SLEW, PLAN_ADVISED, MS(3) },
	{ "advice: against the offset's sign", MS(2), true, -MS(3), 0, PLAN_AUTO, PLAN_SLEW, PLAN_ADVISED, -MS(3) },
	{ "advice: of nothing", MS(8), true, 0, 0, PLAN_AUTO, PLAN_NONE, PLAN_WITHIN_BOUND, 0 },
	{ "advice: below a microsecond is nothing", MS(8), true, 999, 0, PLAN_AUTO, PLAN_NONE, PLAN_WITHIN_BOUND, 0 },
	{ "advice: a microsecond", MS(8), true, -1000, 0, PLAN_AUTO, PLAN_SLEW, PLAN_ADVISED, -1000 },
	{ "advice: never steps inside the bound", MS(8), true, MS(3), 0, PLAN_WISH_STEP, PLAN_SLEW, PLAN_ADVISED, MS(3) },
	{ "advice: not beyond the bound, above", MS(8), true, S(5), 0, PLAN_AUTO, PLAN_SLEW, PLAN_ADVISED, MS(18) },
	{ "advice: not beyond the bound, below", MS(8), true, -S(5), 0, PLAN_AUTO, PLAN_SLEW, PLAN_ADVISED, -MS(2) },
	{ "advice: INT64_MAX", MS(8), true, INT64_MAX, 0, PLAN_AUTO, PLAN_SLEW, PLAN_ADVISED, MS(18) },
	{ "advice: INT64_MIN", MS(8), true, INT64_MIN, 0, PLAN_AUTO, PLAN_SLEW, PLAN_ADVISED, -MS(2) },
	{ "advice: a slew by it", MS(40), true, MS(33), 0, PLAN_AUTO, PLAN_SLEW, PLAN_SMALL, MS(33) },
	{ "advice: --slew by it", S(2), true, S(2) - MS(3), 0, PLAN_WISH_SLEW, PLAN_SLEW, PLAN_ASKED_SLEW, S(2) - MS(3) },
	{ "advice: a step by it", S(2), true, S(2) + MS(4), 0, PLAN_AUTO, PLAN_STEP, PLAN_LARGE, S(2) + MS(4) },
	{ "advice: --step by it", -MS(40), true, -MS(45), 0, PLAN_WISH_STEP, PLAN_STEP, PLAN_ASKED_STEP, -MS(45) },
	{ "advice: a step no further than the bound", S(2), true, 0, 0, PLAN_AUTO, PLAN_STEP, PLAN_LARGE, S(2) - MS(10) },

	{ "pending: it leads where it should", MS(8), true, MS(3), MS(3), PLAN_AUTO, PLAN_NONE, PLAN_WITHIN_BOUND, 0 },
	{ "pending: it leads elsewhere: replaced", MS(8), true, MS(3), MS(4), PLAN_AUTO, PLAN_SLEW, PLAN_ADVISED, MS(3) },
	{ "pending: no advice, stays inside the bound", MS(8), false, 0, MS(8), PLAN_AUTO, PLAN_NONE, PLAN_WITHIN_BOUND, 0 },
	{ "pending: no advice, to the edge of the bound", MS(8), false, 0, -MS(2), PLAN_AUTO, PLAN_NONE, PLAN_WITHIN_BOUND, 0 },
	{ "pending: no advice, leads out of the bound", MS(8), false, 0, -MS(2) - 1, PLAN_AUTO, PLAN_SLEW, PLAN_PENDING, MS(8) },
	{ "pending: somebody's large one is replaced", 0, false, 0, S(1000), PLAN_AUTO, PLAN_SLEW, PLAN_PENDING, 0 },
	{ "pending: replaced, not added to, outside the bound", MS(40), false, 0, MS(40), PLAN_AUTO, PLAN_SLEW, PLAN_SMALL, MS(40) },
	{ "pending: a step cancels it", S(2), false, 0, MS(40), PLAN_AUTO, PLAN_STEP, PLAN_LARGE, S(2) },
	{ "pending: INT64_MIN", 0, false, 0, INT64_MIN, PLAN_AUTO, PLAN_SLEW, PLAN_PENDING, 0 },
};

struct away_row {
	const char *name;
	int64_t offset_ns; /* bound 10 ms, limit 1000 s, back 100 s where it is given */
	int64_t away_ns;
	bool is_unlimited;
	enum plan_reason hold;
	bool has_back, any_offset;
	enum plan_reason why;
};

static const struct away_row aways[] = {
	{ "limit: what is far away from the clock alone passes", S(5000), S(1000), false, 0, false, false, PLAN_LARGE },
	{ "limit: away from both", S(5000), S(1000) + 1, false, 0, false, false, PLAN_BEYOND_LIMIT },
	{ "limit: back as forward", -S(5000), -S(1000), false, 0, false, false, PLAN_LARGE },
	{ "limit: back, away from both", -S(5000), -S(1000) - 1, false, 0, false, false, PLAN_BEYOND_LIMIT },
	{ "limit: none", S(5000), S(5000), true, 0, true, false, PLAN_LARGE },
	{ "limit: none, back", -S(5000), -S(5000), true, 0, true, false, PLAN_LARGE },
	{ "back: at its limit", -S(100), -S(100), false, 0, true, false, PLAN_LARGE },
	{ "back: beyond its limit", -S(100) - 1, -S(100) - 1, false, 0, true, false, PLAN_BEYOND_BACK_LIMIT },
	{ "back: forward has another limit", S(1000), S(1000), false, 0, true, false, PLAN_LARGE },
	{ "back: beyond both", -S(1001), -S(1001), false, 0, true, false, PLAN_BEYOND_LIMIT },
	{ "back: --any-offset lifts it", -S(101), -S(101), false, 0, true, true, PLAN_LARGE },
	{ "held back: a jump", S(2), S(2), false, PLAN_BEYOND_DRIFT, false, false, PLAN_BEYOND_DRIFT },
	{ "held back: before the floor", S(2), S(2), true, PLAN_BEFORE_FLOOR, false, false, PLAN_BEFORE_FLOOR },
	{ "held back: what needs nothing", 0, 0, false, PLAN_BEFORE_FLOOR, false, false, PLAN_BEFORE_FLOOR },
	{ "held back: the limit comes first", S(1001), S(1001), false, PLAN_BEYOND_DRIFT, false, false, PLAN_BEYOND_LIMIT },
	{ "held back: --any-offset lifts it", S(2), S(2), false, PLAN_BEYOND_DRIFT, false, true, PLAN_LARGE },
	{ "held back: by no other reason", S(2), S(2), false, PLAN_UNCERTAIN, false, false, PLAN_LARGE },
};
/* clang-format on */

static const struct plan_limits beyond_limits = {
	.step_above_ns = MS(500),
	.refuse_above_ns = S(1000),
	.release = { NOON - S(86400) },
};

static void view_row(void **state)
{
	const struct view_row *row = *state;
	const struct plan_input input = { .offset_ns = row->offset_ns,
		                          .bound_ns = MS(10),
		                          .local = { NOON },
		                          .away_ns = row->offset_ns,
		                          .pending_ns = row->pending_ns,
		                          .has_phase = row->has_phase,
		                          .phase_ns = row->phase_ns };
	struct plan_limits limits = beyond_limits;
	struct plan plan;

	limits.wish = row->wish;
	plan = plan_make(&input, &limits);
	assert_string_equal(plan_action_name(plan.action), plan_action_name(row->want));
	assert_string_equal(plan_reason_text(plan.reason), plan_reason_text(row->why));
	assert_true(plan.by_ns == row->by_ns);
}

static void away_row(void **state)
{
	const struct away_row *row = *state;
	const struct plan_input input = { .offset_ns = row->offset_ns,
		                          .bound_ns = MS(10),
		                          .local = { NOON },
		                          .away_ns = row->away_ns,
		                          .is_unlimited = row->is_unlimited,
		                          .hold = row->hold };
	struct plan_limits limits = beyond_limits;
	struct plan plan;

	limits.any_offset = row->any_offset;
	limits.has_refuse_back_above = row->has_back;
	limits.refuse_back_above_ns = S(100);
	plan = plan_make(&input, &limits);
	assert_string_equal(plan_reason_text(plan.reason), plan_reason_text(row->why));
	assert_true(plan.by_ns == row->offset_ns);
	assert_true((plan.action == PLAN_REFUSE) == (row->why != PLAN_LARGE));
}

/* Limits that no option parser lets through: still no licence. */
static void invalid_limits(void **state)
{
	struct plan_input input = { .offset_ns = S(1), .local = { NOON }, .away_ns = S(1) };
	struct plan_limits limits = { .step_above_ns = MS(500), .refuse_above_ns = -1 };

	(void)state;
	assert_int_equal(plan_make(&input, &limits).reason, PLAN_BEYOND_LIMIT);
	limits.refuse_above_ns = INT64_MIN;
	assert_int_equal(plan_make(&input, &limits).reason, PLAN_BEYOND_LIMIT);
	limits.refuse_above_ns = INT64_MAX;
	limits.step_above_ns = INT64_MIN;
	assert_int_equal(plan_make(&input, &limits).reason, PLAN_LARGE);
	limits.step_above_ns = S(100000);
	assert_int_equal(plan_make(&input, &limits).reason, PLAN_SMALL);
	input.offset_ns = input.away_ns = S(2001);
	assert_int_equal(plan_make(&input, &limits).reason, PLAN_SLEW_TOO_LONG);
	/* Step at once, whatever it is. */
	limits.step_above_ns = 0;
	input.offset_ns = input.away_ns = 1;
	assert_int_equal(plan_make(&input, &limits).reason, PLAN_LARGE);
}

static void names(void **state)
{
	int a, b;

	(void)state;
	assert_string_equal(plan_action_name(PLAN_NONE), "none");
	assert_string_equal(plan_action_name(PLAN_SLEW), "slew");
	assert_string_equal(plan_action_name(PLAN_STEP), "step");
	assert_string_equal(plan_action_name(PLAN_REFUSE), "refuse");
	for (a = 0; a <= PLAN_REASON_COUNT; a++) {
		assert_true(strlen(plan_reason_text((enum plan_reason)a)) > 0);
		for (b = 0; b < a; b++) {
			assert_string_not_equal(plan_reason_text((enum plan_reason)a),
			                        plan_reason_text((enum plan_reason)b));
		}
	}
}

int main(void)
{
	static struct CMUnitTest
		tests[COUNT_OF(rows) + COUNT_OF(pasts) + COUNT_OF(aways) + 2];
	size_t i, k;

	for (i = 0; i < COUNT_OF(rows); i++) {
		tests[i] = (struct CMUnitTest){ .name = rows[i].name,
			                        .test_func = plan_row,
			                        .initial_state = (void *)&rows[i] };
	}
	for (k = 0; k < COUNT_OF(pasts); k++) {
		tests[i++] = (struct CMUnitTest){ .name = pasts[k].name,
			                          .test_func = view_row,
			                          .initial_state = (void *)&pasts[k] };
	}
	for (k = 0; k < COUNT_OF(aways); k++) {
		tests[i++] = (struct CMUnitTest){ .name = aways[k].name,
			                          .test_func = away_row,
			                          .initial_state = (void *)&aways[k] };
	}
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(invalid_limits);
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(names);
	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
