/* SPDX-License-Identifier: MIT
 *
 * The screen of `reqtime status` in every state, against tests/data/golden/status-*.txt:
 * people reviewed those files; GOLDEN_WRITE=1 rewrites them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/report/status_report.h"
#include "golden_file.h"

#define MS(ms) (INT64_C(ms) * NS_PER_MS)
#define US(us) (INT64_C(us) * 1000)
#define S(seconds) (INT64_C(seconds) * NS_PER_S)
#define MINUTES(minutes) S((minutes)*60)

/* 2026-11-30 21:20:03 UTC. */
#define NOW_NS S(1796073603)
#define LAST_RUN_NS (NOW_NS - MINUTES(12))

enum { OUTPUT_SIZE = 3 * STATUS_REPORT_SIZE };

static struct source_record sources[4];

static void fill_sources(void)
{
	static const char *const names[] = { "ntp1.example.org", "ntp2.example.org",
		                             "ntp3.example.org", "ntp4.example.org" };

	memset(sources, 0, sizeof(sources));
	for (size_t i = 0; i < COUNT_OF(sources); i++) {
		snprintf(sources[i].name, sizeof(sources[i].name), "%s", names[i]);
		sources[i].has_header = 1;
		sources[i].stratum = 2;
		sources[i].status = i == 0   ? SOURCE_SELECTED
		                    : i == 3 ? SOURCE_FALSETICKER
		                             : SOURCE_AGREEING;
	}
	snprintf(sources[3].reason, sizeof(sources[3].reason),
	         "3.488 s from what the majority agrees on");
}

/* Known, an hour's machine: right within 1.2 ms, 182 ms proved. */
static void known(struct now_view *now)
{
	memset(now, 0, sizeof(*now));
	now->status = REQTIME_NOW_OK;
	now->now.real_ns = NOW_NS;
	now->now.earliest_ns = NOW_NS - MS(182);
	now->now.latest_ns = NOW_NS + MS(181);
	now->now.likely_earliest_ns = NOW_NS - US(1190);
	now->now.likely_latest_ns = NOW_NS + US(1100);
	now->now.age_ns = MINUTES(12);
	now->facts.stratum = 2;
	now->facts.flags = REQTIME_NOW_CONFIRMED;
}

static void unknown(struct now_view *now, enum reqtime_now_reason reason)
{
	memset(now, 0, sizeof(*now));
	now->status = REQTIME_NOW_UNKNOWN;
	now->now.real_ns = NOW_NS;
	now->now.reason = reason;
}

/* Every part is right; the rows change it. */
static struct status_view usual(void)
{
	struct status_view view = {
		.within_ns = MS(100),
		.is_within = true,
		.at = { .wall = { NOW_NS }, .mono_ns = S(9000), .boot_ns = S(9000) },
		.config = "/etc/reqtime/reqtime.conf",
		.configured_count = 4,
		.state_dir = "/var/lib/reqtime",
		.has_last = true,
		.last_age_ns = MINUTES(12),
		.sources = sources,
		.source_count = COUNT_OF(sources),
		.has_trusted = true,
		.trusted_age_ns = MINUTES(12),
		.interval_ns = S(3600),
		.discipline = { .state = DISCIPLINE_LOCKED,
		                .frequency_ppb = 12345,
		                .frequency_sd_ppb = 21 },
		.is_confirmed = true,
		.next = { .timer = STATUS_TIMER_ON,
		          .is_enabled = true,
		          .has_next = true,
		          .next = { LAST_RUN_NS + MINUTES(60) },
		          .unit = "reqtime.timer" },
		.kernel = { .is_known = true,
		            .is_synchronised = true,
		            .max_error_ns = MS(1262),
		            .leap = NTP_LEAP_NONE },
	};

	known(&view.now);
	view.last = (struct run_record){
		.at = { LAST_RUN_NS },
		.verb = RUN_VERB_SET,
		.status = RUN_OK,
		.agreeing_count = 3,
		.asked_count = 4,
		.has_answer = 1,
		.offset_ns = US(310),
		.bound_ns = MS(2),
		.has_plan = 1,
		.plan_action = PLAN_SLEW,
		.plan_reason = PLAN_SMALL,
		.plan_by_ns = US(310),
		.applied_action = PLAN_SLEW,
		.applied_by_ns = US(310),
	};
	return view;
}

static void no_history(struct status_view *view)
{
	view->history = STATUS_HISTORY_NONE;
	view->has_last = view->has_trusted = false;
	view->source_count = 0;
	view->interval_ns = 0;
	view->last_age_ns = -1;
	view->discipline.state = DISCIPLINE_UNSET;
	view->is_confirmed = false;
}

static void make_fresh(struct status_view *view)
{
	no_history(view);
	unknown(&view->now, REQTIME_NOW_WRITTEN);
	view->now.is_absent = true;
	view->is_within = false;
	view->configured_count = 0;
	view->kernel.is_synchronised = false;
	view->next = (struct status_next){ .timer = STATUS_TIMER_OFF };
}

static void make_fresh_container(struct status_view *view)
{
	make_fresh(view);
	view->configured_count = 2;
	view->next = (struct status_next){ .timer = STATUS_TIMER_ABSENT,
		                           .why = "this machine does not run systemd" };
	view->unseen = "this container sees its own processes only";
	view->kernel.is_known = false;
}

static void make_usual(struct status_view *view)
{
	(void)view;
}

static void make_first_run(struct status_view *view)
{
	view->last.applied_action = view->last.plan_action = PLAN_STEP;
	view->last.plan_reason = PLAN_LARGE;
	view->last.applied_by_ns = view->last.plan_by_ns = S(3) + MS(500);
	view->last.offset_ns = S(3) + MS(500);
	view->discipline.state = DISCIPLINE_UNSET;
	view->interval_ns = 0;
	view->is_confirmed = false;
	view->now.facts.flags = 0;
	view->has_confirm_after = true;
	view->confirm_after.unix_ns = NOW_NS + MINUTES(2);
	view->last_age_ns = view->trusted_age_ns = view->now.now.age_ns = S(61);
	view->last.at.unix_ns = NOW_NS - S(61) - S(3) - MS(500);
	view->next.next.unix_ns = NOW_NS + MINUTES(5);
	view->next.unit = "reqtime-confirm.timer";
	view->next.is_enabled = false;
}

static void make_held_back(struct status_view *view)
{
	unknown(&view->now, REQTIME_NOW_HELD_BACK);
	view->is_within = false;
	view->last.status = RUN_REFUSED;
	view->last.plan_action = PLAN_REFUSE;
	view->last.plan_reason = PLAN_BEYOND_DRIFT;
	view->last.plan_by_ns = S(5) + MS(2);
	view->last.applied_action = PLAN_NONE;
	view->last.offset_ns = 0;
	view->is_held_back = true;
	view->is_confirmed = false;
	view->held_back = (struct held_back){ .first_seen = { LAST_RUN_NS },
		                              .confirm_after = { NOW_NS + MINUTES(3) },
		                              .by_ns = S(5) + MS(2) };
	view->trusted_age_ns = MINUTES(72);
	view->next.is_running = true;
}

static void make_with_chronyd(struct status_view *view)
{
	unknown(&view->now, REQTIME_NOW_OTHER_DAEMON);
	view->is_within = false;
	view->other_daemon = OTHER_CHRONYD;
	view->last.status = RUN_BUSY;
	view->last.applied_action = PLAN_NONE;
	view->trusted_age_ns = S(5 * 86400);
}

static void make_expired(struct status_view *view)
{
	unknown(&view->now, REQTIME_NOW_WRITTEN);
	view->now.status = REQTIME_NOW_EXPIRED;
	view->is_within = false;
	view->last_age_ns = view->trusted_age_ns = S(9 * 86400);
	view->last.at.unix_ns = NOW_NS - S(9 * 86400);
	view->kernel.is_synchronised = false;
	view->next = (struct status_next){ .timer = STATUS_TIMER_OFF };
}

static void make_not_enough(struct status_view *view)
{
	view->within_ns = US(500);
	view->is_within = false;
	view->sources = sources + 1; /* no server is selected */
	view->source_count = 3;
	view->next = (struct status_next){ .timer = STATUS_TIMER_ABSENT,
		                           .why = "there is no reqtime.timer" };
	view->discipline.state = DISCIPLINE_SUSPECT;
	view->has_silent = true;
	snprintf(view->silent.name, sizeof(view->silent.name), "ntp3.example.org");
	view->silent.since.unix_ns = NOW_NS - S(41 * 86400);
}

static void make_proved(struct status_view *view)
{
	view->is_proved = true;
	view->is_within = false;
	view->last.applied_action = view->last.plan_action = PLAN_NONE;
	view->last.plan_reason = PLAN_WITHIN_BOUND;
	view->now.facts.flags |= REQTIME_NOW_AUTHENTICATED;
	view->kernel.leap = NTP_LEAP_INSERT;
	view->next.has_next = false;
}

static void make_slewing(struct status_view *view)
{
	known(&view->now);
	view->now.now.likely_latest_ns = NOW_NS + MS(401);
	view->now.now.latest_ns = NOW_NS + MS(582);
	view->is_within = false;
	view->kernel.pending_slew_ns = MS(400);
	view->discipline.drag = (struct discipline_drag){ .is_frequency_off = true,
		                                          .has_long_term = true,
		                                          .long_term_ppb = -5000,
		                                          .off_ppb = 17345 };
}

static void make_no_answer(struct status_view *view)
{
	unknown(&view->now, REQTIME_NOW_NO_RUN);
	view->is_within = false;
	view->last.status = RUN_NO_ANSWER;
	view->last.has_answer = view->last.has_plan = 0;
	view->last.applied_action = PLAN_NONE;
	view->last.agreeing_count = 0;
	for (size_t i = 0; i < COUNT_OF(sources); i++) {
		sources[i].status = SOURCE_UNREACHABLE;
		snprintf(sources[i].reason, sizeof(sources[i].reason), "no answer");
	}
	view->trusted_age_ns = MINUTES(72);
	view->next.next.unix_ns = NOW_NS - S(1);
}

/* An ordinary user cannot read the units' runs. */
static void make_denied(struct status_view *view)
{
	no_history(view);
	view->history = STATUS_HISTORY_DENIED;
	view->unseen = "some processes are hidden";
}

static void make_damaged(struct status_view *view)
{
	no_history(view);
	view->history = STATUS_HISTORY_UNUSABLE;
	view->history_reason = "/var/lib/reqtime/history.db is damaged and is not used: "
			       "Read-only file system";
	view->next = (struct status_next){ .timer = STATUS_TIMER_UNKNOWN,
		                           .why = "systemctl did not answer in time" };
}

static const struct golden {
	const char *name;
	void (*change)(struct status_view *view);
	unsigned lines; /* the most of the plain screen */
} goldens[] = {
	{ "fresh", make_fresh, 24 },
	{ "fresh-container", make_fresh_container, 24 },
	{ "usual", make_usual, 10 },
	{ "first-run", make_first_run, 12 },
	{ "held-back", make_held_back, 24 },
	{ "with-chronyd", make_with_chronyd, 24 },
	{ "expired", make_expired, 24 },
	{ "not-enough", make_not_enough, 24 },
	{ "proved", make_proved, 24 },
	{ "slewing", make_slewing, 24 },
	{ "no-answer", make_no_answer, 24 },
	{ "denied", make_denied, 24 },
	{ "damaged", make_damaged, 24 },
};

/* Colours are shown as such. */
static void put_screen(struct text *out, const struct status_view *view, const char *title,
                       const struct style *style)
{
	char screen[STATUS_REPORT_SIZE];

	assert_true(status_report(view, style, screen, sizeof(screen)) < sizeof(screen));
	text_format(out, "== %s\n", title);
	for (const char *at = screen; *at != '\0'; at++) {
		text_octets(out, *at == '\033' ? "^[" : at, *at == '\033' ? 2 : 1);
	}
}

static void check_shape(const struct status_view *view, unsigned lines_max)
{
	char screen[STATUS_REPORT_SIZE];
	const char *line = screen;
	unsigned lines = 0;

	status_report(view, &STYLE_PLAIN, screen, sizeof(screen));
	for (; *line != '\0'; line = strchr(line, '\n') + 1) {
		assert_true(strchr(line, '\n') - line <= 80);
		lines++;
	}
	assert_true(lines <= lines_max);
	/* A trouble has a way out. */
	assert_true(view->is_within || strstr(screen, "\n            -> ") ||
	            strstr(screen, "\nTo begin:\n"));
}

static void golden_row(void **state)
{
	const struct golden *golden = *state;
	static char output[OUTPUT_SIZE];
	struct text out = text_to(output, sizeof(output));
	struct status_view view;
	char name[64];

	fill_sources();
	view = usual();
	golden->change(&view);
	put_screen(&out, &view, "80 columns", &STYLE_PLAIN);
	put_screen(&out, &view, "60 columns, UTF-8, colours",
	           &(struct style){ .columns = 60, .has_utf8 = true, .has_color = true });
	assert_true(out.len < sizeof(output));
	check_shape(&view, golden->lines);
	snprintf(name, sizeof(name), "status-%s", golden->name);
	golden_file_is(name, output);
}

/* Every number that a record can hold fits. */
static void extreme_values(void **state)
{
	char screen[STATUS_REPORT_SIZE];
	struct status_view view;

	(void)state;
	fill_sources();
	view = usual();
	memset(sources[0].name, 'x', sizeof(sources[0].name) - 1);
	memset(sources[3].reason, 'y', sizeof(sources[3].reason) - 1);
	memset(view.silent.name, 'z', sizeof(view.silent.name) - 1);
	view.has_silent = true;
	view.silent.since.unix_ns = INT64_MIN;
	view.last.applied_by_ns = INT64_MIN;
	view.last.at.unix_ns = INT64_MAX;
	view.last_age_ns = INT64_MAX;
	view.interval_ns = INT64_MAX;
	view.next.next.unix_ns = INT64_MAX;
	view.kernel.pending_slew_ns = INT64_MIN;
	view.kernel.max_error_ns = INT64_MAX;
	view.discipline.frequency_ppb = INT64_MIN;
	view.now.now.latest_ns = INT64_MAX;
	view.is_held_back = true;
	view.held_back = (struct held_back){ { INT64_MIN }, { INT64_MAX }, INT64_MAX };
	assert_true(status_report(&view, &STYLE_PLAIN, screen, sizeof(screen)) <
	            sizeof(screen));
}

int main(void)
{
	struct CMUnitTest tests[COUNT_OF(goldens) + 1] = {
		{ .name = "extreme values", .test_func = extreme_values }
	};

	for (size_t i = 0; i < COUNT_OF(goldens); i++) {
		tests[i + 1] = (struct CMUnitTest){ .name = goldens[i].name,
			                            .test_func = golden_row,
			                            .initial_state = (void *)&goldens[i] };
	}
	return cmocka_run_group_tests_name("status_report", tests, NULL, NULL);
}
