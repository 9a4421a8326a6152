/* SPDX-License-Identifier: MIT
 *
 * The privileged half of `set`, with a simulated clock that records every call.
 */
#include "app/clock/correct.h"
#include "core/select/select.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define WALL_NS INT64_C(1800000000250000000) /* 2027, a quarter into a second */
#define MONO_NS INT64_C(5000000000000)
#define MS NS_PER_MS

/* Before and after the run of a row. */
static struct anchor anchor;

struct fake {
	int64_t wall_ns;
	int64_t mono_ns;
	int64_t gap_ns;
	struct kernel_clock_state kernel;
	struct kernel_clock_update update; /* the last */
	enum other_daemon other_daemon;
	int64_t moves_by_percent; /* of the step or slew it is given */
	int64_t takes_ns;         /* time that each call takes */
	int64_t eaten_ns;         /* of a slew, before the read-back */
	int now_fails_at;         /* the call of now() that fails; 0: none */
	int now_calls;
	int state_fails_at, state_calls;
	int raise_r, step_r, slew_r, clear_r, tell_r;
	bool is_deaf;  /* accepts every call and does nothing */
	bool is_noted; /* the anchor had the frequency when the kernel got it */
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

static int fake_state(void *ctx, struct kernel_clock_state *ret)
{
	struct fake *fake = ctx;

	if (++fake->state_calls == fake->state_fails_at) {
		return -EIO;
	}
	*ret = fake->kernel;
	ret->pending_slew_ns -= fake->state_calls > 1 ? fake->eaten_ns : 0;
	return 0;
}

/* Like a kernel: steps first, which makes it forget, then takes the rest. */
static int fake_update(void *ctx, const struct kernel_clock_update *update,
                       int *ret_settings_error)
{
	struct fake *fake = ctx;

	note(fake, update->step_ns != 0 ? "step" : "tell");
	fake->update = *update;
	fake->is_noted =
		anchor.has_frequency && anchor.frequency_ppb == update->frequency_ppb;
	*ret_settings_error = fake->tell_r != 0 ? -fake->tell_r : -fake->step_r;
	if (fake->step_r != 0 || (update->step_ns == 0 && fake->tell_r != 0)) {
		return fake->step_r != 0 ? fake->step_r : fake->tell_r;
	}
	if (update->step_ns != 0) {
		fake->given_ns = update->step_ns;
		fake->wall_ns += update->step_ns / 100 * fake->moves_by_percent;
		fake->kernel.pending_slew_ns = 0;
		fake->kernel.is_unsynchronised = true;
		fake->kernel.max_error_ns = 16 * NS_PER_S;
	}
	if (fake->tell_r != 0 || fake->is_deaf) {
		return 0;
	}
	fake->kernel.is_pll_active = false;
	fake->kernel.leap = update->leap;
	if (update->has_frequency) {
		fake->kernel.frequency_ppb = update->frequency_ppb + 1;
		if (update->frequency_ppb >= -500000 && update->frequency_ppb <= 500000) {
			fake->kernel.tick_ppb = 0;
		}
	}
	if (update->has_errors) {
		fake->kernel.is_unsynchronised = false;
		fake->kernel.max_error_ns = update->max_error_ns + 999;
		fake->kernel.estimated_error_ns = update->estimated_error_ns;
	}
	return 0;
}

static int fake_slew(void *ctx, int64_t by_ns)
{
	struct fake *fake = ctx;

	note(fake, "slew");
	fake->given_ns = by_ns;
	if (fake->slew_r == 0) {
		fake->kernel.pending_slew_ns = by_ns / 100 * fake->moves_by_percent;
	}
	return fake->slew_r;
}

static enum other_daemon fake_other_daemon(void *ctx)
{
	const struct fake *fake = ctx;

	return fake->other_daemon;
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
	                                    .asked_count = 4,
	                                    .agreeing_server_count = 3 };

static const struct plan_limits usual = { .wish = PLAN_AUTO,
	                                  .step_above_ns = 500 * MS,
	                                  .refuse_above_ns = 1000 * NS_PER_S,
	                                  .release = { INT64_C(1790000000000000000) } };

static const struct correct_wish named = { .is_disciplined = true,
	                                   .remembers = true,
	                                   .server_count = 8,
	                                   .pool = 1,
	                                   .liars = SELECT_LIARS_DEFAULT };

static void apply(const struct correct_record *record, const struct plan_limits *limits,
                  const struct clock_ports *clock, const struct correct_wish *wish,
                  struct correct_result *ret)
{
	const struct fake *fake = clock->ctx;
	const struct reading now = { .wall = { fake->wall_ns },
		                     .mono_ns = fake->mono_ns,
		                     .boot_ns = fake->mono_ns };

	anchor_begin(&anchor, "this-boot", &now);
	correct_apply(record, limits, clock, wish, &anchor, ret);
}

static void no_previous(void)
{
	anchor_init(&anchor);
}

/* A trusted run of a minute ago; the clock is right by it. */
static void believed_run(void)
{
	no_previous();
	snprintf(anchor.boot_id, sizeof(anchor.boot_id), "this-boot");
	anchor.found_booted_ns = WALL_NS - MONO_NS;
	anchor.has_last = 1;
	anchor.last = (struct anchor_point){ .boot_ns = MONO_NS - 60 * NS_PER_S,
		                             .booted_ns = WALL_NS - MONO_NS,
		                             .bound_ns = MS };
}

/* The last confirmed time is an hour ahead of the clock. */
static void confirmed_ahead(void)
{
	no_previous();
	anchor.has_floor = 1;
	anchor.floor_ns = WALL_NS + 3600 * NS_PER_S;
}

static struct clock_ports ports_of(struct fake *fake)
{
	return (struct clock_ports){
		fake,       fake_now,    fake_raise, fake_clear,
		fake_state, fake_update, fake_slew,  fake_other_daemon
	};
}

/* How a row changes the record, the clock and the limits; NULL: no change. */
struct row {
	const char *name;
	void (*change)(struct correct_record *record, struct fake *fake,
	               struct plan_limits *limits, struct correct_wish *wish);
	enum correct_status status;
	const char *log;
	enum plan_action applied;
	int64_t applied_ns;
};

#define CHANGE(name)                                                                       \
	static void name(struct correct_record *record, struct fake *fake,                 \
	                 struct plan_limits *limits, struct correct_wish *wish)
#define UNUSED (void)record, (void)fake, (void)limits, (void)wish

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
CHANGE(no_majority_and_nonsense) { UNUSED; record->status = RUN_NO_MAJORITY; record->offset_ns = INT64_MAX; record->bound_ns = -1; record->agreeing_count = 99; }
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
CHANGE(dry) { UNUSED; wish->is_dry = true; }
CHANGE(dry_refused) { UNUSED; wish->is_dry = true; record->offset_ns = 1001 * NS_PER_S; }
CHANGE(dry_stale) { UNUSED; wish->is_dry = true; fake->mono_ns += 2 * NS_PER_S; fake->wall_ns += 2 * NS_PER_S; }
CHANGE(in_2100) { UNUSED; record->wall_ns += INT64_C(2300000000) * NS_PER_S;
	fake->wall_ns += INT64_C(2300000000) * NS_PER_S; record->offset_ns = INT64_C(-2300000000) * NS_PER_S;
	limits->any_offset = true; }
CHANGE(in_2199) { UNUSED; record->wall_ns += INT64_C(5450000000) * NS_PER_S;
	fake->wall_ns += INT64_C(5450000000) * NS_PER_S; record->offset_ns = INT64_C(-5450000000) * NS_PER_S;
	limits->any_offset = true; }
CHANGE(in_2199_not_allowed) { in_2199(record, fake, limits, wish); limits->any_offset = false; }
CHANGE(in_2262) { UNUSED; record->wall_ns += INT64_C(7400000000) * NS_PER_S;
	fake->wall_ns += INT64_C(7400000000) * NS_PER_S; record->offset_ns = INT64_C(-7400000000) * NS_PER_S;
	limits->any_offset = true; }
CHANGE(in_1902) { UNUSED; record->wall_ns -= INT64_C(3920000000) * NS_PER_S;
	fake->wall_ns -= INT64_C(3920000000) * NS_PER_S; record->offset_ns = INT64_C(3920000000) * NS_PER_S;
	limits->any_offset = true; }
CHANGE(in_2199_stands_still) { in_2199(record, fake, limits, wish); fake->moves_by_percent = 0; }
CHANGE(beyond_255_years) { UNUSED; record->offset_ns = INT64_MIN / 8 * 7 - 1; limits->any_offset = true; }
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
CHANGE(moves_within_wide) { UNUSED; fake->moves_by_percent = 80; record->bound_ns = 300 * MS; }
CHANGE(moves_beyond_narrow) { UNUSED; fake->moves_by_percent = 80; record->bound_ns = 30 * MS; }
CHANGE(moves_within_gap) { UNUSED; fake->moves_by_percent = 98; fake->gap_ns = 50 * MS; }
CHANGE(slew_takes_minutes) { UNUSED; record->offset_ns = 40 * MS; fake->takes_ns = 40 * NS_PER_S; }
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
CHANGE(slew_unreadable) { UNUSED; record->offset_ns = 40 * MS; fake->state_fails_at = 2; }
CHANGE(slew_eaten_early) { UNUSED; record->offset_ns = 40 * MS; fake->eaten_ns = MS / 2; }
CHANGE(slew_eaten_late) { UNUSED; record->offset_ns = 40 * MS; fake->eaten_ns = MS / 2;
	fake->wall_ns += 740 * MS; fake->mono_ns += 740 * MS; fake->takes_ns = 10 * MS; }
CHANGE(slew_eaten_back) { UNUSED; record->offset_ns = -40 * MS; fake->eaten_ns = -MS / 2;
	fake->wall_ns += 740 * MS; fake->mono_ns += 740 * MS; fake->takes_ns = 10 * MS; }

CHANGE(chronyd) { UNUSED; fake->other_daemon = OTHER_CHRONYD; }
CHANGE(chronyd_forced) { UNUSED; fake->other_daemon = OTHER_CHRONYD; wish->is_force = true; }
CHANGE(chronyd_dry) { UNUSED; fake->other_daemon = OTHER_CHRONYD; wish->is_dry = true; }
CHANGE(chronyd_beyond) { UNUSED; fake->other_daemon = OTHER_CHRONYD; record->offset_ns = 1001 * NS_PER_S; }
CHANGE(chronyd_nothing_needed) { UNUSED; fake->other_daemon = OTHER_CHRONYD; record->offset_ns = 0; }
CHANGE(pll) { UNUSED; fake->kernel.is_pll_active = true; }
CHANGE(pll_abandoned) { UNUSED; fake->kernel.is_pll_active = true; fake->kernel.is_unsynchronised = true; }
CHANGE(frequency_moved) { UNUSED; record->has_last_frequency = 1; record->last_frequency_ppb = 5003; fake->kernel.frequency_ppb = 5000; }
CHANGE(frequency_noted) { UNUSED; believed_run(); record->has_last_frequency = 1; record->last_frequency_ppb = 5003; fake->kernel.frequency_ppb = 7000;
	anchor.has_frequency = 1; anchor.frequency_ppb = 7002; }
CHANGE(frequency_note_old) { UNUSED; believed_run(); record->has_last_frequency = 1; record->last_frequency_ppb = 5003; fake->kernel.frequency_ppb = 7000;
	anchor.has_frequency = 1; anchor.frequency_ppb = 6000; }
CHANGE(frequency_rounded) { UNUSED; record->has_last_frequency = 1; record->last_frequency_ppb = 5002; fake->kernel.frequency_ppb = 5000; }
CHANGE(frequency_absurd) { UNUSED; record->has_last_frequency = 1; record->last_frequency_ppb = INT64_MIN; }
CHANGE(frequency_unknown) { UNUSED; record->last_frequency_ppb = 5003; fake->kernel.frequency_ppb = 5000; }
CHANGE(floor_two) { UNUSED; confirmed_ahead(); record->agreeing_server_count = 2; }
CHANGE(floor_three) { UNUSED; confirmed_ahead(); }
CHANGE(floor_allowed) { UNUSED; confirmed_ahead(); record->agreeing_server_count = 2; limits->any_offset = true; }
CHANGE(jump_two) { UNUSED; believed_run(); record->agreeing_server_count = 2; }
CHANGE(jump_three) { UNUSED; believed_run(); }
CHANGE(jump_forgotten) { UNUSED; believed_run(); record->agreeing_server_count = 2; wish->remembers = false; }
CHANGE(jump_expected) { UNUSED; believed_run(); record->agreeing_server_count = 2;
	record->expected_ns = record->offset_ns; record->expected_bound_ns = MS; }
CHANGE(more_servers_than_sources) { UNUSED; record->agreeing_server_count = 4; }
CHANGE(more_servers_than_named) { UNUSED; wish->server_count = 2; wish->pool = 8; }
CHANGE(more_than_named) { UNUSED; wish->server_count = 3; }
CHANGE(fewer_than_wanted) { UNUSED; wish->min_sources = 4; }
CHANGE(as_many_as_wanted) { UNUSED; wish->min_sources = 3; }
CHANGE(more_may_lie) { UNUSED; wish->liars = 3; }
CHANGE(none_may_lie) { UNUSED; wish->liars = 0; record->agreeing_count = 1; record->agreeing_server_count = 1; }
CHANGE(too_far_back) { UNUSED; record->offset_ns = -2 * NS_PER_S; limits->has_refuse_back_above = true; limits->refuse_back_above_ns = NS_PER_S; }
CHANGE(mute_kernel) { UNUSED; fake->state_fails_at = 1; }
CHANGE(tell_refused) { UNUSED; record->offset_ns = 0; fake->tell_r = -EPERM; }
CHANGE(tell_fails) { UNUSED; record->offset_ns = 0; fake->tell_r = -EINVAL; }
CHANGE(tell_fails_slew) { UNUSED; record->offset_ns = 40 * MS; fake->tell_r = -EOPNOTSUPP; }
CHANGE(tell_fails_step) { UNUSED; fake->tell_r = -EOPNOTSUPP; }
CHANGE(pending_replaced) { UNUSED; record->offset_ns = 40 * MS; fake->kernel.pending_slew_ns = 30 * MS; }

#define STEP "raise step clear"
#define SLEW "raise tell slew clear"
#define TELL "raise tell clear"
static const struct row rows[] = {
	{ "steps forward", NULL, CORRECT_DONE, STEP, PLAN_STEP, 2 * NS_PER_S },
	{ "steps back", back, CORRECT_DONE, STEP, PLAN_STEP, -2 * NS_PER_S },
	{ "slews forward", small, CORRECT_DONE, SLEW, PLAN_SLEW, 40 * MS },
	{ "slews back", small_back, CORRECT_DONE, SLEW, PLAN_SLEW, -40 * MS },
	{ "nothing needed: the kernel is updated", within, CORRECT_DONE, TELL, PLAN_NONE, 0 },
	{ "a step of 9 ms on request", tiny, CORRECT_DONE, STEP, PLAN_STEP, 9 * MS },
	{ "a clock in 2100 comes back", in_2100, CORRECT_DONE, STEP, PLAN_STEP,
	  INT64_C(-2300000000) * NS_PER_S },
	{ "a clock in 2199 comes back", in_2199, CORRECT_DONE, STEP, PLAN_STEP,
	  INT64_C(-5450000000) * NS_PER_S },
	{ "a clock in 2199 is known to be wrong: no limit", in_2199_not_allowed, CORRECT_DONE, STEP, PLAN_STEP,
	  INT64_C(-5450000000) * NS_PER_S },
	{ "a clock in 2199 that does not come back", in_2199_stands_still, CORRECT_NOT_MOVED, STEP, PLAN_STEP,
	  INT64_C(-5450000000) * NS_PER_S },
	{ "a clock in 2261 comes back", in_2262, CORRECT_DONE, STEP, PLAN_STEP,
	  INT64_C(-7400000000) * NS_PER_S },
	{ "a clock in 1902 comes on", in_1902, CORRECT_DONE, STEP, PLAN_STEP,
	  INT64_C(3920000000) * NS_PER_S },
	{ "slow calls do not look like a move", slow_calls, CORRECT_DONE, STEP, PLAN_STEP, 2 * NS_PER_S },

	{ "record: wrong magic", wrong_magic, CORRECT_BAD_RECORD, "", PLAN_NONE, 0 },
	{ "record: all zero", zero, CORRECT_BAD_RECORD, "", PLAN_NONE, 0 },
	{ "record: unknown status", unknown_status, CORRECT_BAD_RECORD, "", PLAN_NONE, 0 },
	{ "record: of an interrupted run", interrupted, CORRECT_BAD_RECORD, "", PLAN_NONE, 0 },
	{ "record: negative bound", negative_bound, CORRECT_BAD_RECORD, "", PLAN_NONE, 0 },
	{ "record: offset of 292 years", absurd_offset, CORRECT_BAD_RECORD, "", PLAN_NONE, 0 },
	{ "record: offset of 256 years", beyond_255_years, CORRECT_BAD_RECORD, "", PLAN_NONE, 0 },
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
	{ "record: no answer, and nothing else of it counts", no_majority_and_nonsense, CORRECT_NO_ANSWER, "", PLAN_NONE, 0 },

	{ "a second old is fresh", one_second_old, CORRECT_DONE, STEP, PLAN_STEP, 2 * NS_PER_S },
	{ "older than a second is stale", too_old, CORRECT_STALE, "", PLAN_NONE, 0 },
	{ "stepped by another since", stepped_since, CORRECT_STALE, "", PLAN_NONE, 0 },
	{ "stepped back by another since", stepped_back_since, CORRECT_STALE, "", PLAN_NONE, 0 },
	{ "a wide bound hides no step", stepped_within_wide_bound, CORRECT_STALE, "", PLAN_NONE, 0 },
	{ "a wall clock of another millennium", absurd_wall, CORRECT_STALE, "", PLAN_NONE, 0 },
	{ "the kernel's own slew since is not a step", slewed_since, CORRECT_DONE, STEP, PLAN_STEP, 2 * NS_PER_S },

	{ "beyond the limit", beyond, CORRECT_REFUSED, "", PLAN_NONE, 0 },
	{ "beyond the limit, allowed", beyond_allowed, CORRECT_DONE, STEP, PLAN_STEP, 1001 * NS_PER_S },
	{ "before the floor, never allowed", before_floor, CORRECT_REFUSED, "", PLAN_NONE, 0 },
	{ "the parent's own limit counts", small_and_refused, CORRECT_REFUSED, "", PLAN_NONE, 0 },

	{ "too far back", too_far_back, CORRECT_REFUSED, "", PLAN_NONE, 0 },
	{ "before the confirmed time, by two", floor_two, CORRECT_REFUSED, "", PLAN_NONE, 0 },
	{ "before the confirmed time, by three", floor_three, CORRECT_DONE, STEP, PLAN_STEP, 2 * NS_PER_S },
	{ "before the confirmed time, --any-offset", floor_allowed, CORRECT_DONE, STEP, PLAN_STEP, 2 * NS_PER_S },
	{ "a jump, by two", jump_two, CORRECT_REFUSED, "", PLAN_NONE, 0 },
	{ "a jump, by three", jump_three, CORRECT_DONE, STEP, PLAN_STEP, 2 * NS_PER_S },
	{ "a jump that would be forgotten", jump_forgotten, CORRECT_DONE, STEP, PLAN_STEP, 2 * NS_PER_S },
	{ "a jump that the record says was expected", jump_expected, CORRECT_REFUSED, "", PLAN_NONE, 0 },

	{ "record: more SERVERs than sources agree", more_servers_than_sources, CORRECT_BAD_RECORD, "", PLAN_NONE, 0 },
	{ "record: more SERVERs agree than were named", more_servers_than_named, CORRECT_BAD_RECORD, "", PLAN_NONE, 0 },
	{ "record: more sources than SERVERs can have", more_than_named, CORRECT_BAD_RECORD, "", PLAN_NONE, 0 },
	{ "record: fewer than --min-sources", fewer_than_wanted, CORRECT_BAD_RECORD, "", PLAN_NONE, 0 },
	{ "record: as many as --min-sources", as_many_as_wanted, CORRECT_DONE, STEP, PLAN_STEP, 2 * NS_PER_S },
	{ "record: as many as --liars", more_may_lie, CORRECT_BAD_RECORD, "", PLAN_NONE, 0 },
	{ "record: --liars 0 and one of four", none_may_lie, CORRECT_DONE, STEP, PLAN_STEP, 2 * NS_PER_S },

	{ "busy: chronyd", chronyd, CORRECT_BUSY, "", PLAN_NONE, 0 },
	{ "busy: also when beyond the limit", chronyd_beyond, CORRECT_BUSY, "", PLAN_NONE, 0 },
	{ "busy: also when nothing is needed", chronyd_nothing_needed, CORRECT_BUSY, "", PLAN_NONE, 0 },
	{ "busy: --force", chronyd_forced, CORRECT_DONE, STEP, PLAN_STEP, 2 * NS_PER_S },
	{ "busy: a dry run, too", chronyd_dry, CORRECT_BUSY, "", PLAN_NONE, 0 },
	{ "busy: the kernel's loop", pll, CORRECT_BUSY, "", PLAN_NONE, 0 },
	{ "busy: the PLL is abandoned", pll_abandoned, CORRECT_DONE, STEP, PLAN_STEP, 2 * NS_PER_S },
	{ "busy: the frequency was changed", frequency_moved, CORRECT_BUSY, "", PLAN_NONE, 0 },
	{ "row 75 changed by a run that ended before its record", frequency_noted, CORRECT_DONE, STEP, PLAN_STEP, 2 * NS_PER_S },
	{ "busy: the frequency is neither recorded nor noted", frequency_note_old, CORRECT_BUSY, "", PLAN_NONE, 0 },
	{ "busy: rounding is no change", frequency_rounded, CORRECT_DONE, STEP, PLAN_STEP, 2 * NS_PER_S },
	{ "busy: an absurd frequency", frequency_absurd, CORRECT_BUSY, "", PLAN_NONE, 0 },
	{ "busy: the last frequency is not known", frequency_unknown, CORRECT_DONE, STEP, PLAN_STEP, 2 * NS_PER_S },

	{ "a kernel that reports nothing", mute_kernel, CORRECT_DONE, STEP, PLAN_STEP, 2 * NS_PER_S },
	{ "not even updated: not permitted", tell_refused, CORRECT_NOT_PERMITTED, TELL, PLAN_NONE, 0 },
	{ "nothing needed, and no update", tell_fails, CORRECT_DONE, TELL, PLAN_NONE, 0 },
	{ "slewed, but not updated", tell_fails_slew, CORRECT_DONE, SLEW, PLAN_SLEW, 40 * MS },
	{ "stepped, but not updated", tell_fails_step, CORRECT_DONE, STEP, PLAN_STEP, 2 * NS_PER_S },
	{ "what was pending is replaced", pending_replaced, CORRECT_DONE, SLEW, PLAN_SLEW, 40 * MS },

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
	{ "slew refused: cleared", slew_refused, CORRECT_NOT_PERMITTED, SLEW, PLAN_NONE, 0 },
	{ "slew fails: cleared", slew_fails, CORRECT_FAILED, SLEW, PLAN_NONE, 0 },
	{ "clear fails after a step", clear_fails, CORRECT_FAILED, STEP, PLAN_STEP, 2 * NS_PER_S },
	{ "step refused and clear fails", refused_and_clear_fails, CORRECT_FAILED, STEP, PLAN_NONE, 0 },

	{ "yes, but the clock stands still", stands_still, CORRECT_NOT_MOVED, STEP, PLAN_STEP, 2 * NS_PER_S },
	{ "yes, but still, within a wide bound", stands_still_wide, CORRECT_NOT_MOVED, STEP, PLAN_STEP, 2 * NS_PER_S },
	{ "yes, but 9 ms did not happen", tiny_stands_still, CORRECT_NOT_MOVED, STEP, PLAN_STEP, 9 * MS },
	{ "yes, nearly: as near as a wide bound can tell", moves_within_wide, CORRECT_DONE, STEP, PLAN_STEP, 2 * NS_PER_S },
	{ "yes, but not as near as a narrow bound can tell", moves_beyond_narrow, CORRECT_NOT_MOVED, STEP, PLAN_STEP, 2 * NS_PER_S },
	{ "yes, nearly: as near as the reading can tell", moves_within_gap, CORRECT_DONE, STEP, PLAN_STEP, 2 * NS_PER_S },
	{ "yes, but half the way", moves_half, CORRECT_NOT_MOVED, STEP, PLAN_STEP, 2 * NS_PER_S },
	{ "yes, but the wrong way", moves_wrong_way, CORRECT_NOT_MOVED, STEP, PLAN_STEP, 2 * NS_PER_S },
	{ "yes, but no slew is pending", slew_forgotten, CORRECT_NOT_MOVED, SLEW, PLAN_SLEW, 40 * MS },
	{ "yes, but half the slew is pending", slew_half, CORRECT_NOT_MOVED, SLEW, PLAN_SLEW, -40 * MS },
	{ "yes, but twice the slew is pending", slew_twice, CORRECT_NOT_MOVED, SLEW, PLAN_SLEW, 40 * MS },
	{ "yes, but the slew goes the wrong way", slew_wrong_way, CORRECT_NOT_MOVED, SLEW, PLAN_SLEW, -40 * MS },
	{ "yes, but minutes have passed when the slew is read back", slew_takes_minutes, CORRECT_NOT_MOVED, SLEW, PLAN_SLEW, 40 * MS },
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
	const struct clock_ports clock = ports_of(&fake);
	struct correct_result result;
	struct correct_wish wish = named;
	bool had_last;

	no_previous();
	if (row->change) {
		row->change(&record, &fake, &limits, &wish);
	}
	had_last = anchor.has_last != 0;
	memset(&result, 0xa5, sizeof(result));
	apply(&record, &limits, &clock, &wish, &result);
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
		assert_int_equal(result.decision.plan.action, PLAN_REFUSE);
	}
	/* The next run starts from the trusted state, and not from a correction that
	 * failed. */
	assert_int_equal(anchor.has_last, had_last || row->status == CORRECT_DONE);
}

/* ---- updates of the kernel ---- */

#define DECEMBER_31 INT64_C(1798718400000000000) /* 2026-12-31 12:00:00 */
#define JUNE_30 INT64_C(1782820800000000000)     /* 2026-06-30 12:00:00 */
#define NOVEMBER_30 INT64_C(1796040000000000000) /* 2026-11-30 12:00:00 */
#define HOURS (3600 * NS_PER_S)

struct told {
	const char *name;
	int64_t offset_ns; /* bound 3 ms */
	bool has_advice;
	int64_t phase_ns, sd_ns, advised_ppb;
	int64_t before_ppb, pending_ns;
	/* wanted */
	int64_t step_ns;
	bool has_frequency;
	int64_t frequency_ppb;
	bool has_errors;
	int64_t max_error_ns, estimated_error_ns;
};

/* clang-format off */
static const struct told tolds[] = {
	{ "update: a step leaves the bound", 2 * NS_PER_S, false, 0, 0, 7000, 100, 0, 2 * NS_PER_S, false, 0, true, 3 * MS, 3 * MS },
	{ "update: a slew leaves the offset too", 40 * MS, false, 0, 0, 7000, 100, 0, 0, false, 0, true, 43 * MS, 43 * MS },
	{ "update: behind or ahead", -40 * MS, false, 0, 0, 0, 0, 0, 0, false, 0, true, 43 * MS, 43 * MS },
	{ "update: nothing needed", 2 * MS, false, 0, 0, 0, 0, 0, 0, false, 0, true, 5 * MS, 5 * MS },
	{ "update: the advised frequency", 2 * MS, true, MS, MS / 2, 7000, 100, 0, 0, true, 7000, true, 5 * MS, MS + MS / 2 },
	{ "update: a pending slew counts", 2 * MS, true, 2 * MS, MS / 2, 0, 0, 2 * MS, 0, true, 0, true, 5 * MS, 2 * MS + MS / 2 },
	{ "update: a step by advice", 2 * NS_PER_S, true, 2 * NS_PER_S + 2 * MS, MS, -7000, 100, 40 * MS,
	  2 * NS_PER_S + 2 * MS, true, -7000, true, 5 * MS, MS },
	{ "update: a slew under way, by an unknown amount", 2 * MS, false, 0, 0, 0, 0, 2 * MS, 0, false, 0, true,
	  5 * MS + MS / 2, 5 * MS + MS / 2 },
	{ "update: esterror is no more than maxerror", 0, true, 0, NS_PER_S, 0, 0, 0, 0, true, 0, true, 3 * MS, 3 * MS },
	{ "update: an absurd deviation", 0, true, 0, -5, 0, 0, 0, 0, true, 0, true, 3 * MS, 3 * MS },
	{ "update: a change of 100 ppm at most", 0, true, 0, 0, 300000, 50, 0, 0, true, 100050, true, 3 * MS, 0 },
	{ "update: a change of 100 ppm at most, down", 0, true, 0, 0, -500000, 50, 0, 0, true, -99950, true, 3 * MS, 0 },
	{ "update: 500 ppm and beyond need tick, by 1000 ppm at most", 0, true, 0, 0, 3000000, 450000, 0, 0, true, 1450000, true, 3 * MS, 0 },
	{ "update: the other way too", 0, true, 0, 0, -600000, -450000, 0, 0, true, -600000, true, 3 * MS, 0 },
	{ "update: 5000 ppm in all", 0, true, 0, 0, INT64_MAX, 4900000, 0, 0, true, 5000000, true, 3 * MS, 0 },
	{ "update: from beyond back at once", 0, true, 0, 0, -20000, 2000000, 0, 0, true, -20000, true, 3 * MS, 0 },
	{ "update: 20 s left to slew is not synchronised", 20 * NS_PER_S, false, 0, 0, 0, 0, 0, 0, false, 0, false, 0, 0 },
};
/* clang-format on */

static void told_row(void **state)
{
	const struct told *row = *state;
	struct correct_record record = good;
	struct plan_limits limits = usual;
	struct fake fake = still;
	const struct clock_ports clock = ports_of(&fake);
	const struct correct_wish wish = named;
	struct correct_result result;

	record.offset_ns = row->offset_ns;
	record.has_advice = row->has_advice;
	record.phase_ns = row->phase_ns;
	record.phase_sd_ns = row->sd_ns;
	record.frequency_ppb = row->advised_ppb;
	fake.kernel.frequency_ppb = row->before_ppb;
	fake.kernel.pending_slew_ns = row->pending_ns;
	fake.kernel.is_unsynchronised = true;
	if (row->offset_ns == 20 * NS_PER_S) {
		limits.wish = PLAN_WISH_SLEW;
	}
	no_previous();
	apply(&record, &limits, &clock, &wish, &result);
	assert_int_equal(result.status, CORRECT_DONE);
	assert_int_equal(fake.update.step_ns, row->step_ns);
	assert_int_equal(fake.update.has_frequency, row->has_frequency);
	assert_int_equal(fake.update.frequency_ppb, row->frequency_ppb);
	assert_int_equal(fake.update.has_errors, row->has_errors);
	if (row->has_errors) {
		assert_int_equal(fake.update.max_error_ns, row->max_error_ns);
		assert_int_equal(fake.update.estimated_error_ns, row->estimated_error_ns);
		assert_int_equal(result.max_error_ns, row->max_error_ns + 999);
		assert_int_equal(result.estimated_error_ns, row->estimated_error_ns);
	}
	/* The report shows the values that were read, before and after. */
	assert_true(result.has_kernel && result.is_verified && result.settings_error == 0);
	assert_int_equal(result.frequency_before_ppb, row->before_ppb);
	assert_int_equal(result.frequency_after_ppb,
	                 row->has_frequency ? row->frequency_ppb + 1 : row->before_ppb);
	assert_int_equal(result.slew_before_ns, row->pending_ns);
	assert_int_equal(result.slew_after_ns, fake.kernel.pending_slew_ns);
	assert_int_equal(result.kernel_flags_before, CORRECT_KERNEL_UNSYNC);
	assert_int_equal(result.kernel_flags, row->has_errors ? 0 : CORRECT_KERNEL_UNSYNC);
}

/* ---- leap seconds ---- */

struct leap_row {
	const char *name;
	int64_t wall_ns;
	int64_t offset_ns;
	unsigned leap;   /* of the majority */
	unsigned kernel; /* armed before */
	unsigned ours;   /* which we are known to have armed */
	unsigned want, want_ours;
};

/* clang-format off */
static const struct leap_row leaps[] = {
	{ "leap: armed on December 31", DECEMBER_31, 0, 1, 0, 0, 1, 1 },
	{ "leap: armed on June 30", JUNE_30, 0, 1, 0, 0, 1, 1 },
	{ "leap: one to leave out", JUNE_30, 0, 2, 0, 0, 2, 2 },
	{ "leap: not on November 30", NOVEMBER_30, 0, 1, 0, 0, 0, 0 },
	{ "leap: not on December 30", DECEMBER_31 - 24 * HOURS, 0, 1, 0, 0, 0, 0 },
	{ "leap: not on January 1", DECEMBER_31 + 24 * HOURS, 0, 1, 0, 0, 0, 0 },
	{ "leap: armed from midnight on", DECEMBER_31 - 12 * HOURS, 0, 1, 0, 0, 1, 1 },
	{ "leap: not a second before", DECEMBER_31 - 12 * HOURS - NS_PER_S, 0, 1, 0, 0, 0, 0 },
	{ "leap: the kernel's clock is not there yet", DECEMBER_31 - 12 * HOURS - 20 * MS, 40 * MS, 1, 0, 0, 0, 0 },
	{ "leap: the kernel's clock is there too early", DECEMBER_31 - 12 * HOURS + 20 * MS, -40 * MS, 1, 0, 0, 0, 0 },
	{ "leap: stepped into the day", DECEMBER_31 - 12 * HOURS - 60 * NS_PER_S, 90 * NS_PER_S, 1, 0, 0, 1, 1 },
	{ "leap: stays armed", DECEMBER_31, 0, 1, 1, 1, 1, 1 },
	{ "leap: a step disarms, the next run arms", DECEMBER_31, 2 * NS_PER_S, 1, 1, 1, 0, 0 },
	{ "leap: no longer announced", DECEMBER_31, 0, 0, 1, 1, 0, 0 },
	{ "leap: disarmed the day after", DECEMBER_31 + 24 * HOURS, 0, 0, 1, 1, 0, 0 },
	{ "leap: armed by others, not announced", DECEMBER_31, 0, 0, 1, 0, 1, 0 },
	{ "leap: others armed it at the end of March", NOVEMBER_30, 0, 0, 2, 0, 2, 0 },
	{ "leap: others armed it on a wrong day", WALL_NS, 0, 0, 1, 0, 0, 0 },
	{ "leap: the other way round", DECEMBER_31, 0, 2, 1, 1, 2, 2 },
	{ "leap: a lie about what we armed", DECEMBER_31, 0, 0, 0, 7, 0, 0 },
};
/* clang-format on */

static void leap_row(void **state)
{
	const struct leap_row *row = *state;
	struct correct_record record = good;
	struct fake fake = still;
	struct plan_limits limits = usual;
	const struct clock_ports clock = ports_of(&fake);
	const struct correct_wish wish = named;
	struct correct_result result;

	limits.release.unix_ns = 0;
	record.wall_ns = row->wall_ns - 1000;
	record.offset_ns = row->offset_ns;
	record.leap = row->leap;
	record.leap_armed = row->ours;
	fake.wall_ns = row->wall_ns;
	fake.kernel.leap = row->kernel;
	no_previous();
	apply(&record, &limits, &clock, &wish, &result);
	assert_int_equal(result.status, CORRECT_DONE);
	assert_int_equal(fake.update.leap, row->want);
	assert_int_equal(result.leap_armed, row->want_ours);
	assert_true(result.is_verified);
}

/* Success of the call proves nothing here either: the state is read back. */
static void deaf_kernel(void **state)
{
	struct correct_record record = good;
	struct fake fake = still;
	const struct clock_ports clock = ports_of(&fake);
	const struct correct_wish wish = named;
	struct correct_result result;

	(void)state;
	record.offset_ns = 0;
	fake.is_deaf = true;
	fake.kernel.is_unsynchronised = true;
	no_previous();
	apply(&record, &usual, &clock, &wish, &result);
	assert_int_equal(result.status, CORRECT_DONE);
	assert_false(result.is_verified);
	assert_int_equal(result.kernel_flags, CORRECT_KERNEL_UNSYNC);
}

/* All errors right, but the leap second still armed. */
static void deaf_to_leap(void **state)
{
	struct correct_record record = good;
	struct fake fake = still;
	const struct clock_ports clock = ports_of(&fake);
	const struct correct_wish wish = named;
	struct correct_result result;

	(void)state;
	record.offset_ns = 0;
	fake.is_deaf = true;
	fake.kernel.max_error_ns = record.bound_ns;
	no_previous();
	apply(&record, &usual, &clock, &wish, &result);
	assert_true(result.is_verified);
	fake = still;
	fake.is_deaf = true;
	fake.kernel.max_error_ns = record.bound_ns;
	fake.kernel.leap = NTP_LEAP_INSERT;
	no_previous();
	apply(&record, &usual, &clock, &wish, &result);
	assert_false(result.is_verified);
}

/* The part that an earlier slew makes in this second is not ordered again; no record can
 * make it more than the kernel has. */
static void in_flight_is_left_out(void **state)
{
	static const struct {
		int64_t in_flight_ns, want_ns;
	} flights[] = { { 300 * NS_PER_US, 40 * MS - 300 * NS_PER_US },
		        { -300 * NS_PER_US, 40 * MS + 300 * NS_PER_US },
		        { INT64_MAX, 40 * MS - 500 * NS_PER_US },
		        { INT64_MIN, 40 * MS + 500 * NS_PER_US } };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(flights); i++) {
		struct correct_record record = good;
		struct fake fake = still;
		const struct clock_ports clock = ports_of(&fake);
		struct correct_result result;

		record.offset_ns = 40 * MS;
		record.has_advice = 1;
		record.phase_ns = 40 * MS;
		record.in_flight_ns = flights[i].in_flight_ns;
		no_previous();
		apply(&record, &usual, &clock, &named, &result);
		assert_int_equal(fake.given_ns, flights[i].want_ns);
	}
}

struct rate_row {
	const char *name;
	int64_t freq_ppb, tick_ppb;
	bool has_advice;
	int64_t advised_ppb, beyond_ppb;
	bool has_last;
	int64_t last_ppb;
	bool is_deaf;
	/* wanted */
	bool has_frequency;
	int64_t given_ppb, stray_us;
	bool is_missing;
};

/* clang-format off */
static const struct rate_row rate_rows[] = {
	{ "rate: a stray tick is set right", 3000, 2000000, false, 0, 0, false, 0, false, true, 3000, 10020, false },
	{ "rate: ... although the past has nothing to say yet", 3000, 2000000, true, 2003000, 0, false, 0, false, true, 3000, 10020, false },
	{ "rate: a tick within 500 ppm is somebody's choice", 3000, 400000, false, 0, 0, false, 0, false, false, 0, 0, false },
	{ "rate: what our last run left is needed", 3000, 2000000, false, 0, 0, true, 2003000, false, false, 0, 0, false },
	{ "rate: what the past says counts more", 3000, 2000000, true, 1990000, 0, false, 0, false, true, 1990000, 0, false },
	{ "rate: the kernel takes none", 0, 0, true, 50000, 0, false, 0, true, true, 50000, 0, true },
	{ "rate: more than any kernel takes", 0, 4900000, true, 5000000, 2000, true, 4900000, false, true, 5000000, 0, true },
	{ "rate: more than can be counted", 0, 4900000, true, 5000000, INT64_MIN, true, 4900000, false, true, 5000000, 0, true },
	{ "rate: a hair more is no matter", 0, 4900000, true, 5000000, 900, true, 4900000, false, true, 5000000, 0, false },
};
/* clang-format on */

static void rate_row(void **state)
{
	const struct rate_row *row = *state;
	struct correct_record record = good;
	struct fake fake = still;
	const struct clock_ports clock = ports_of(&fake);
	struct correct_result result;

	record.has_advice = row->has_advice;
	record.phase_ns = record.offset_ns;
	record.frequency_ppb = row->advised_ppb;
	record.beyond_ppb = row->beyond_ppb;
	record.has_last_frequency = row->has_last;
	record.last_frequency_ppb = row->last_ppb;
	fake.kernel.frequency_ppb = row->freq_ppb + row->tick_ppb;
	fake.kernel.tick_ppb = row->tick_ppb;
	fake.kernel.tick_us = 10000 + row->tick_ppb / 100000;
	fake.is_deaf = row->is_deaf;
	no_previous();
	apply(&record, &usual, &clock, &named, &result);
	assert_int_equal(result.status, CORRECT_DONE);
	assert_int_equal(fake.update.has_frequency, row->has_frequency);
	assert_int_equal(fake.update.frequency_ppb, row->given_ppb);
	/* Recorded before the kernel has it: after a run that ends in between, the next one
	 * must not take it for another program's. */
	assert_int_equal(fake.is_noted, row->has_frequency);
	assert_int_equal(result.stray_tick_us, row->stray_us);
	assert_int_equal(correct_rate_is_missing(&result), row->is_missing);
	/* A day at this rate still fits into nanoseconds. */
	assert_true(result.rate_missing_ppb >= -2 * NS_PER_S &&
	            result.rate_missing_ppb <= 2 * NS_PER_S);
}

/* 40 ms at 500 ppm are 80 s. */
static void slew_says_when(void **state)
{
	struct correct_record record = good;
	struct fake fake = still;
	const struct clock_ports clock = ports_of(&fake);
	const struct correct_wish wish = named;
	struct correct_result result;

	(void)state;
	record.offset_ns = -40 * MS;
	no_previous();
	apply(&record, &usual, &clock, &wish, &result);
	assert_int_equal(result.slew_lasts_ns, 80 * NS_PER_S);
	assert_int_equal(result.slew_ends_ns, still.wall_ns + 80 * NS_PER_S);
	record.offset_ns = 2 * NS_PER_S;
	fake = still;
	fake.kernel.pending_slew_ns = 30 * MS;
	no_previous();
	apply(&record, &usual, &clock, &wish, &result);
	assert_int_equal(result.slew_lasts_ns, 0);
	assert_int_equal(result.slew_ends_ns, 0);
}

/* Busy or dry: the state found is reported all the same. */
static void found_is_shown(void **state)
{
	struct fake fake = still;
	const struct clock_ports clock = ports_of(&fake);
	const struct correct_wish wish = {
		.is_dry = true, .server_count = 8, .pool = 1, .liars = SELECT_LIARS_DEFAULT
	};
	struct correct_result result;

	(void)state;
	fake.other_daemon = OTHER_NTPD;
	fake.kernel.pending_slew_ns = 10 * MS;
	fake.kernel.frequency_ppb = -4711;
	no_previous();
	apply(&good, &usual, &clock, &wish, &result);
	assert_int_equal(result.other_daemon, OTHER_NTPD);
	assert_true(result.has_kernel);
	assert_int_equal(result.frequency_before_ppb, -4711);
	assert_int_equal(result.frequency_after_ppb, -4711);
	assert_int_equal(result.slew_after_ns, 10 * MS);
	assert_int_equal(result.slew_lasts_ns, 20 * NS_PER_S);
}

/* The reported move is the measured one, not the requested one. */
static void readback_is_measured(void **state)
{
	struct fake fake = still;
	const struct clock_ports clock = ports_of(&fake);
	struct correct_result result;

	(void)state;
	fake.moves_by_percent = 50;
	no_previous();
	apply(&good, &usual, &clock, &named, &result);
	assert_int_equal(result.readback_ns, NS_PER_S);
}

/* There is a single action, from a plan that the privileged side made itself. */
static void dry_plan_is_the_plan(void **state)
{
	struct fake fake = still;
	const struct clock_ports clock = ports_of(&fake);
	struct correct_result dry_result, result;
	struct correct_wish dry_wish = named;

	(void)state;
	dry_wish.is_dry = true;
	no_previous();
	apply(&good, &usual, &clock, &dry_wish, &dry_result);
	no_previous();
	apply(&good, &usual, &clock, &named, &result);
	assert_int_equal(dry_result.decision.plan.action, PLAN_STEP);
	assert_int_equal(dry_result.decision.plan.action, result.decision.plan.action);
	assert_int_equal(dry_result.decision.plan.by_ns, result.decision.plan.by_ns);
	assert_int_equal(dry_result.decision.plan.reason, result.decision.plan.reason);
}

int main(void)
{
	struct CMUnitTest tests[COUNT_OF(rows) + COUNT_OF(tolds) + COUNT_OF(leaps) +
	                        COUNT_OF(rate_rows) + 7];
	size_t i, k;

	memset(tests, 0, sizeof(tests));
	for (i = 0; i < COUNT_OF(rows); i++) {
		tests[i] = (struct CMUnitTest){ .name = rows[i].name,
			                        .test_func = correct_row,
			                        .initial_state = (void *)&rows[i] };
	}
	for (k = 0; k < COUNT_OF(tolds); k++) {
		tests[i++] = (struct CMUnitTest){ .name = tolds[k].name,
			                          .test_func = told_row,
			                          .initial_state = (void *)&tolds[k] };
	}
	for (k = 0; k < COUNT_OF(leaps); k++) {
		tests[i++] = (struct CMUnitTest){ .name = leaps[k].name,
			                          .test_func = leap_row,
			                          .initial_state = (void *)&leaps[k] };
	}
	for (k = 0; k < COUNT_OF(rate_rows); k++) {
		tests[i++] = (struct CMUnitTest){ .name = rate_rows[k].name,
			                          .test_func = rate_row,
			                          .initial_state = (void *)&rate_rows[k] };
	}
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(in_flight_is_left_out);
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(deaf_kernel);
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(deaf_to_leap);
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(slew_says_when);
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(found_is_shown);
	tests[i++] = (struct CMUnitTest){ .name = "the read-back is measured",
		                          .test_func = readback_is_measured };
	tests[i++] = (struct CMUnitTest){ .name = "a dry run plans the same",
		                          .test_func = dry_plan_is_the_plan };
	return cmocka_run_group_tests_name("correct", tests, NULL, NULL);
}
