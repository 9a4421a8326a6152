/* SPDX-License-Identifier: MIT
 *
 * The privileged half of `set`, played with a clock that writes down every call.
 */
#include "app/correct.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define WALL_NS INT64_C(1800000000250000000) /* 2027, a quarter into a second */
#define MONO_NS INT64_C(5000000000000)
#define MS NS_PER_MS

struct fake {
	int64_t wall_ns;
	int64_t mono_ns;
	int64_t gap_ns;
	int64_t pending_ns;
	int64_t moves_by_percent; /* of what it is told */
	int64_t takes_ns;         /* time that each call takes */
	int64_t eaten_ns;         /* of a slew, before it is read back */
	int now_fails_at;         /* the call of now() that fails; 0: none */
	int now_calls;
	int raise_r, step_r, slew_r, clear_r, pending_r;
	int64_t given_ns;
	char log[200];
};

static void note(struct fake *fake, const char *what)
{
	size_t len = strlen(fake->log);

	snprintf(fake->log + len, sizeof(fake->log) - len, "%s%s", len ? " " : "", what);
	fake->wall_ns += fake->takes_ns;
	fake->mono_ns += fake->takes_ns;
}

static int fake_now(void *ctx, struct reading *ret)
{
	struct fake *fake = ctx;

	if (++fake->now_calls == fake->now_fails_at) {
		return -EIO;
	}
	*ret = (struct reading){ .wall = { fake->wall_ns },
		                 .mono_ns = fake->mono_ns,
		                 .boot_ns = fake->mono_ns,
		                 .gap_ns = fake->gap_ns };
	return 0;
}

static int fake_may_set(void *ctx)
{
	note(ctx, "may-set");
	return 0;
}

static int fake_raise(void *ctx)
{
	struct fake *fake = ctx;

	note(fake, "raise");
	return fake->raise_r;
}

static int fake_clear(void *ctx)
{
	struct fake *fake = ctx;

	note(fake, "clear");
	return fake->clear_r;
}

static int fake_step(void *ctx, int64_t by_ns)
{
	struct fake *fake = ctx;

	note(fake, "step");
	fake->given_ns = by_ns;
	if (fake->step_r == 0) {
		fake->wall_ns += by_ns / 100 * fake->moves_by_percent;
	}
	return fake->step_r;
}

static int fake_slew(void *ctx, int64_t by_ns)
{
	struct fake *fake = ctx;

	note(fake, "slew");
	fake->given_ns = by_ns;
	if (fake->slew_r == 0) {
		fake->pending_ns = by_ns / 100 * fake->moves_by_percent;
	}
	return fake->slew_r;
}

static int fake_pending(void *ctx, int64_t *ret_slew_ns)
{
	struct fake *fake = ctx;

	note(fake, "pending");
	if (fake->pending_r == 0) {
		*ret_slew_ns = fake->pending_ns - fake->eaten_ns;
	}
	return fake->pending_r;
}

static const struct fake still = { .wall_ns = WALL_NS + 1000,
	                           .mono_ns = MONO_NS + 1000,
	                           .moves_by_percent = 100 };

static const struct correct_record good = { .magic = CORRECT_RECORD_MAGIC,
	                                    .status = RUN_OK,
	                                    .offset_ns = 2 * NS_PER_S,
	                                    .bound_ns = 3 * MS,
	                                    .wall_ns = WALL_NS,
	                                    .mono_ns = MONO_NS,
	                                    .leap = 0,
	                                    .agreeing_count = 3,
	                                    .asked_count = 4 };

static const struct plan_limits usual = { .wish = PLAN_AUTO,
	                                  .step_above_ns = 500 * MS,
	                                  .refuse_above_ns = 1000 * NS_PER_S,
	                                  .floor = { INT64_C(1790000000000000000) } };

/* What a row changes of the record, the clock and the limits; NULL: nothing. */
struct row {
	const char *name;
	void (*change)(struct correct_record *record, struct fake *fake,
	               struct plan_limits *limits, bool *is_dry);
	enum correct_status status;
	const char *log;
	enum plan_action applied;
	int64_t applied_ns;
};

#define CHANGE(name)                                                                       \
	static void name(struct correct_record *record, struct fake *fake,                 \
	                 struct plan_limits *limits, bool *is_dry)
#define UNUSED (void)record, (void)fake, (void)limits, (void)is_dry

/* clang-format off */
CHANGE(wrong_magic) { UNUSED; record->magic ^= 1; }
CHANGE(zero) { UNUSED; memset(record, 0, sizeof(*record)); }
CHANGE(unknown_status) { UNUSED; record->status = 4711; }
CHANGE(interrupted) { UNUSED; record->status = RUN_INTERRUPTED; }
CHANGE(negative_bound) { UNUSED; record->bound_ns = -1; }
CHANGE(absurd_offset) { UNUSED; record->offset_ns = INT64_MIN; }
CHANGE(absurd_bound) { UNUSED; record->bound_ns = INT64_MAX; }
CHANGE(absurd_wall) { UNUSED; record->wall_ns = INT64_MIN; }
CHANGE(negative_mono) { UNUSED; record->mono_ns = INT64_MIN; }
CHANGE(before_the_boot) { UNUSED; record->mono_ns = -1000; fake->mono_ns = 0; }
CHANGE(slew_twice) { UNUSED; record->offset_ns = 40 * MS; fake->moves_by_percent = 200; }
CHANGE(leap_unsynchronised) { UNUSED; record->leap = 3; }
CHANGE(no_source) { UNUSED; record->asked_count = record->agreeing_count = 0; }
CHANGE(minority) { UNUSED; record->asked_count = 7; }
CHANGE(half) { UNUSED; record->asked_count = 6; }
CHANGE(more_than_asked) { UNUSED; record->agreeing_count = 5; }
CHANGE(from_the_future) { UNUSED; fake->mono_ns = MONO_NS - 1; fake->wall_ns = WALL_NS - 1; }
CHANGE(no_majority) { UNUSED; record->status = RUN_NO_MAJORITY; record->offset_ns = 0; }
CHANGE(one_second_old) { UNUSED; fake->mono_ns = MONO_NS + NS_PER_S;
	fake->wall_ns = WALL_NS + NS_PER_S; }
CHANGE(too_old) { UNUSED; fake->mono_ns = MONO_NS + NS_PER_S + 1;
	fake->wall_ns = WALL_NS + NS_PER_S + 1; }
CHANGE(stepped_since) { UNUSED; fake->wall_ns += 2 * MS; }
CHANGE(stepped_back_since) { UNUSED; fake->wall_ns -= 2 * MS; }
CHANGE(stepped_within_wide_bound) { UNUSED; record->bound_ns = 100 * MS; fake->wall_ns += 2 * MS; }
CHANGE(slewed_since) { UNUSED; fake->wall_ns += MS / 2; }
CHANGE(beyond) { UNUSED; record->offset_ns = 1001 * NS_PER_S; }
CHANGE(beyond_allowed) { UNUSED; record->offset_ns = 1001 * NS_PER_S; limits->any_offset = true; }
CHANGE(before_floor) { UNUSED; record->offset_ns = -20000000 * NS_PER_S; limits->any_offset = true; }
CHANGE(small_and_refused) { UNUSED; limits->refuse_above_ns = NS_PER_S; }
CHANGE(back) { UNUSED; record->offset_ns = -2 * NS_PER_S; }
CHANGE(within) { UNUSED; record->offset_ns = 2 * MS; }
CHANGE(small) { UNUSED; record->offset_ns = 40 * MS; }
CHANGE(small_back) { UNUSED; record->offset_ns = -40 * MS; }
CHANGE(dry) { UNUSED; *is_dry = true; }
CHANGE(dry_refused) { UNUSED; *is_dry = true; record->offset_ns = 1001 * NS_PER_S; }
CHANGE(dry_stale) { UNUSED; *is_dry = true; fake->mono_ns += 2 * NS_PER_S; fake->wall_ns += 2 * NS_PER_S; }
CHANGE(in_2100) { UNUSED; record->wall_ns += INT64_C(2300000000) * NS_PER_S;
	fake->wall_ns += INT64_C(2300000000) * NS_PER_S; record->offset_ns = INT64_C(-2300000000) * NS_PER_S;
	limits->any_offset = true; }
CHANGE(clock_unreadable) { UNUSED; fake->now_fails_at = 1; }
CHANGE(clock_unreadable_before) { UNUSED; fake->now_fails_at = 2; }
CHANGE(clock_unreadable_after) { UNUSED; fake->now_fails_at = 3; }
CHANGE(raise_refused) { UNUSED; fake->raise_r = -EPERM; }
CHANGE(raise_fails) { UNUSED; fake->raise_r = -ENOMEM; }
CHANGE(step_refused) { UNUSED; fake->step_r = -EPERM; }
CHANGE(step_fails) { UNUSED; fake->step_r = -EINVAL; }
CHANGE(slew_refused) { UNUSED; record->offset_ns = 40 * MS; fake->slew_r = -EPERM; }
CHANGE(slew_fails) { UNUSED; record->offset_ns = 40 * MS; fake->slew_r = -EINVAL; }
CHANGE(clear_fails) { UNUSED; fake->clear_r = -EIO; }
CHANGE(refused_and_clear_fails) { UNUSED; fake->step_r = -EPERM; fake->clear_r = -EIO; }
CHANGE(stands_still) { UNUSED; fake->moves_by_percent = 0; }
CHANGE(stands_still_wide) { UNUSED; fake->moves_by_percent = 0; record->bound_ns = 1900 * MS; }
CHANGE(moves_half) { UNUSED; fake->moves_by_percent = 50; }
CHANGE(moves_wrong_way) { UNUSED; fake->moves_by_percent = -100; }
CHANGE(tiny_stands_still) { UNUSED; record->offset_ns = 9 * MS; fake->moves_by_percent = 0;
	limits->wish = PLAN_WISH_STEP; }
CHANGE(tiny) { UNUSED; record->offset_ns = 9 * MS; limits->wish = PLAN_WISH_STEP; }
CHANGE(slow_calls) { UNUSED; fake->takes_ns = 700 * MS; }
CHANGE(slew_forgotten) { UNUSED; record->offset_ns = 40 * MS; fake->moves_by_percent = 0; }
CHANGE(slew_half) { UNUSED; record->offset_ns = -40 * MS; fake->moves_by_percent = 50; }
CHANGE(slew_wrong_way) { UNUSED; record->offset_ns = -40 * MS; fake->moves_by_percent = -100; }
CHANGE(slew_micro) { UNUSED; record->offset_ns = 40 * MS + 999; fake->eaten_ns = 999; }
CHANGE(slew_unreadable) { UNUSED; record->offset_ns = 40 * MS; fake->pending_r = -EIO; }
CHANGE(slew_eaten_early) { UNUSED; record->offset_ns = 40 * MS; fake->eaten_ns = MS / 2; }
CHANGE(slew_eaten_late) { UNUSED; record->offset_ns = 40 * MS; fake->eaten_ns = MS / 2;
	fake->wall_ns += 740 * MS; fake->mono_ns += 740 * MS; fake->takes_ns = 10 * MS; }
CHANGE(slew_eaten_back) { UNUSED; record->offset_ns = -40 * MS; fake->eaten_ns = -MS / 2;
	fake->wall_ns += 740 * MS; fake->mono_ns += 740 * MS; fake->takes_ns = 10 * MS; }

#define STEP "raise step clear"
#define SLEW "raise slew clear pending"
static const struct row rows[] = {
	{ "steps forward", NULL, CORRECT_DONE, STEP, PLAN_STEP, 2 * NS_PER_S },
	{ "steps back", back, CORRECT_DONE, STEP, PLAN_STEP, -2 * NS_PER_S },
	{ "slews forward", small, CORRECT_DONE, SLEW, PLAN_SLEW, 40 * MS },
	{ "slews back", small_back, CORRECT_DONE, SLEW, PLAN_SLEW, -40 * MS },
	{ "nothing needed: nothing called", within, CORRECT_DONE, "", PLAN_NONE, 0 },
	{ "a step of 9 ms on request", tiny, CORRECT_DONE, STEP, PLAN_STEP, 9 * MS },
	{ "a clock in 2100 comes back", in_2100, CORRECT_DONE, STEP, PLAN_STEP,
	  INT64_C(-2300000000) * NS_PER_S },
	{ "slow calls do not look like a move", slow_calls, CORRECT_DONE, STEP, PLAN_STEP, 2 * NS_PER_S },

	{ "record: wrong magic", wrong_magic, CORRECT_BAD_RECORD, "", PLAN_NONE, 0 },
	{ "record: all zero", zero, CORRECT_BAD_RECORD, "", PLAN_NONE, 0 },
	{ "record: unknown status", unknown_status, CORRECT_BAD_RECORD, "", PLAN_NONE, 0 },
	{ "record: of an interrupted run", interrupted, CORRECT_BAD_RECORD, "", PLAN_NONE, 0 },
	{ "record: negative bound", negative_bound, CORRECT_BAD_RECORD, "", PLAN_NONE, 0 },
	{ "record: offset of 292 years", absurd_offset, CORRECT_BAD_RECORD, "", PLAN_NONE, 0 },
	{ "record: bound of 292 years", absurd_bound, CORRECT_BAD_RECORD, "", PLAN_NONE, 0 },
	{ "record: negative monotonic time", negative_mono, CORRECT_BAD_RECORD, "", PLAN_NONE, 0 },
	{ "record: from before the boot", before_the_boot, CORRECT_BAD_RECORD, "", PLAN_NONE, 0 },
	{ "record: leap 3 with an answer", leap_unsynchronised, CORRECT_BAD_RECORD, "", PLAN_NONE, 0 },
	{ "record: an answer of no source", no_source, CORRECT_BAD_RECORD, "", PLAN_NONE, 0 },
	{ "record: a minority", minority, CORRECT_BAD_RECORD, "", PLAN_NONE, 0 },
	{ "record: 3 of 6 are as many as may lie and one more", half, CORRECT_DONE, STEP, PLAN_STEP, 2 * NS_PER_S },
	{ "record: more agree than were asked", more_than_asked, CORRECT_BAD_RECORD, "", PLAN_NONE, 0 },
	{ "record: from the future", from_the_future, CORRECT_BAD_RECORD, "", PLAN_NONE, 0 },
	{ "record: no answer in it", no_majority, CORRECT_NO_ANSWER, "", PLAN_NONE, 0 },

	{ "a second old is fresh", one_second_old, CORRECT_DONE, STEP, PLAN_STEP, 2 * NS_PER_S },
	{ "older than a second is stale", too_old, CORRECT_STALE, "", PLAN_NONE, 0 },
	{ "stepped by another since", stepped_since, CORRECT_STALE, "", PLAN_NONE, 0 },
	{ "stepped back by another since", stepped_back_since, CORRECT_STALE, "", PLAN_NONE, 0 },
	{ "a wide bound hides no step", stepped_within_wide_bound, CORRECT_STALE, "", PLAN_NONE, 0 },
	{ "a wall clock of another millennium", absurd_wall, CORRECT_STALE, "", PLAN_NONE, 0 },
	{ "the kernel's own slew since is none", slewed_since, CORRECT_DONE, STEP, PLAN_STEP, 2 * NS_PER_S },

	{ "beyond the limit", beyond, CORRECT_REFUSED, "", PLAN_NONE, 0 },
	{ "beyond the limit, allowed", beyond_allowed, CORRECT_DONE, STEP, PLAN_STEP, 1001 * NS_PER_S },
	{ "before the floor, never allowed", before_floor, CORRECT_REFUSED, "", PLAN_NONE, 0 },
	{ "the parent's own limit counts", small_and_refused, CORRECT_REFUSED, "", PLAN_NONE, 0 },

	{ "dry: nothing called", dry, CORRECT_DONE, "", PLAN_NONE, 0 },
	{ "dry: refuses too", dry_refused, CORRECT_REFUSED, "", PLAN_NONE, 0 },
	{ "dry: stale too", dry_stale, CORRECT_STALE, "", PLAN_NONE, 0 },

	{ "clock cannot be read", clock_unreadable, CORRECT_FAILED, "", PLAN_NONE, 0 },
	{ "clock cannot be read before", clock_unreadable_before, CORRECT_FAILED, "", PLAN_NONE, 0 },
	{ "clock cannot be read after", clock_unreadable_after, CORRECT_FAILED, STEP, PLAN_STEP, 2 * NS_PER_S },
	{ "raise refused: cleared all the same", raise_refused, CORRECT_NOT_PERMITTED, "raise clear", PLAN_NONE, 0 },
	{ "raise fails", raise_fails, CORRECT_FAILED, "raise clear", PLAN_NONE, 0 },
	{ "step refused: cleared", step_refused, CORRECT_NOT_PERMITTED, STEP, PLAN_NONE, 0 },
	{ "step fails: cleared", step_fails, CORRECT_FAILED, STEP, PLAN_NONE, 0 },
	{ "slew refused: cleared", slew_refused, CORRECT_NOT_PERMITTED, "raise slew clear", PLAN_NONE, 0 },
	{ "slew fails: cleared", slew_fails, CORRECT_FAILED, "raise slew clear", PLAN_NONE, 0 },
	{ "clear fails after a step", clear_fails, CORRECT_FAILED, STEP, PLAN_STEP, 2 * NS_PER_S },
	{ "step refused and clear fails", refused_and_clear_fails, CORRECT_FAILED, STEP, PLAN_NONE, 0 },

	{ "yes, but the clock stands still", stands_still, CORRECT_NOT_MOVED, STEP, PLAN_STEP, 2 * NS_PER_S },
	{ "yes, but still, within a wide bound", stands_still_wide, CORRECT_NOT_MOVED, STEP, PLAN_STEP, 2 * NS_PER_S },
	{ "yes, but 9 ms did not happen", tiny_stands_still, CORRECT_NOT_MOVED, STEP, PLAN_STEP, 9 * MS },
	{ "yes, but half the way", moves_half, CORRECT_NOT_MOVED, STEP, PLAN_STEP, 2 * NS_PER_S },
	{ "yes, but the wrong way", moves_wrong_way, CORRECT_NOT_MOVED, STEP, PLAN_STEP, 2 * NS_PER_S },
	{ "yes, but no slew is pending", slew_forgotten, CORRECT_NOT_MOVED, SLEW, PLAN_SLEW, 40 * MS },
	{ "yes, but half the slew is pending", slew_half, CORRECT_NOT_MOVED, SLEW, PLAN_SLEW, -40 * MS },
	{ "yes, but twice the slew is pending", slew_twice, CORRECT_NOT_MOVED, SLEW, PLAN_SLEW, 40 * MS },
	{ "yes, but the slew goes the wrong way", slew_wrong_way, CORRECT_NOT_MOVED, SLEW, PLAN_SLEW, -40 * MS },
	{ "slew: the kernel counts microseconds", slew_micro, CORRECT_DONE, SLEW, PLAN_SLEW, 40 * MS + 999 },
	{ "slew: cannot be read back", slew_unreadable, CORRECT_FAILED, SLEW, PLAN_SLEW, 40 * MS },
	{ "slew: 500 us gone in mid-second", slew_eaten_early, CORRECT_NOT_MOVED, SLEW, PLAN_SLEW, 40 * MS },
	{ "slew: 500 us gone at a full second", slew_eaten_late, CORRECT_DONE, SLEW, PLAN_SLEW, 40 * MS },
	{ "slew back: 500 us gone at a full second", slew_eaten_back, CORRECT_DONE, SLEW, PLAN_SLEW, -40 * MS },
};
/* clang-format on */

static void correct_row(void **state)
{
	const struct row *row = *state;
	struct correct_record record = good;
	struct plan_limits limits = usual;
	struct fake fake = still;
	const struct clock_ports clock = {
		&fake,      fake_now,  fake_may_set, fake_raise,
		fake_clear, fake_step, fake_slew,    fake_pending
	};
	struct correct_result result;
	bool is_dry = false;

	if (row->change) {
		row->change(&record, &fake, &limits, &is_dry);
	}
	memset(&result, 0xa5, sizeof(result));
	correct_apply(&record, &limits, &clock, is_dry, &result);
	assert_int_equal(result.status, row->status);
	assert_string_equal(fake.log, row->log);
	assert_int_equal(result.applied, row->applied);
	assert_int_equal(result.applied_ns, row->applied_ns);
	if (row->applied != PLAN_NONE) {
		assert_int_equal(fake.given_ns, record.offset_ns);
	}
	if (row->status == CORRECT_FAILED) {
		assert_true(result.error > 0);
	} else {
		assert_int_equal(result.error, 0);
	}
	if (row->status == CORRECT_REFUSED) {
		assert_int_equal(result.plan.action, PLAN_REFUSE);
	}
}

/* What is told about the move is what was seen, not what was asked. */
static void readback_is_measured(void **state)
{
	struct fake fake = still;
	const struct clock_ports clock = {
		&fake,      fake_now,  fake_may_set, fake_raise,
		fake_clear, fake_step, fake_slew,    fake_pending
	};
	struct correct_result result;

	(void)state;
	fake.moves_by_percent = 50;
	correct_apply(&good, &usual, &clock, false, &result);
	assert_int_equal(result.readback_ns, NS_PER_S);
}

/* The deed is a single one, by a plan that the privileged side made itself. */
static void dry_plan_is_the_plan(void **state)
{
	struct fake fake = still;
	const struct clock_ports clock = {
		&fake,      fake_now,  fake_may_set, fake_raise,
		fake_clear, fake_step, fake_slew,    fake_pending
	};
	struct correct_result dry_result, result;

	(void)state;
	correct_apply(&good, &usual, &clock, true, &dry_result);
	correct_apply(&good, &usual, &clock, false, &result);
	assert_int_equal(dry_result.plan.action, PLAN_STEP);
	assert_int_equal(dry_result.plan.action, result.plan.action);
	assert_int_equal(dry_result.plan.by_ns, result.plan.by_ns);
	assert_int_equal(dry_result.plan.reason, result.plan.reason);
}

int main(void)
{
	struct CMUnitTest tests[COUNT_OF(rows) + 2];
	size_t i;

	memset(tests, 0, sizeof(tests));
	for (i = 0; i < COUNT_OF(rows); i++) {
		tests[i] = (struct CMUnitTest){ .name = rows[i].name,
			                        .test_func = correct_row,
			                        .initial_state = (void *)&rows[i] };
	}
	tests[i++] = (struct CMUnitTest){ .name = "the read-back is measured",
		                          .test_func = readback_is_measured };
	tests[i++] = (struct CMUnitTest){ .name = "a dry run plans the same",
		                          .test_func = dry_plan_is_the_plan };
	return cmocka_run_group_tests_name("correct", tests, NULL, NULL);
}
