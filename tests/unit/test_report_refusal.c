/* SPDX-License-Identifier: MIT
 *
 * Why the clock was not set: each row has the value, the limit, when that ends and the
 * command that sets the clock now, or does not promise an end if nothing ends it.
 */
#include "core/report/refusal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define S(seconds) (INT64_C(seconds) * 1000000000)
#define NOON S(1795348800) /* 2026-11-22 12:00:00 */
#define BOOT S(5000)       /* CLOCK_BOOTTIME at noon */

struct row {
	const char *name;
	struct decision decision; /* `at` is noon */
	const char *want;
};

/* clang-format off */
#define NOW "  Now: reqtime set --any-offset"
#define TWO "; 2 of 2 servers agree, 3 are needed to accept it at once. "
#define FIRST "First seen now; accepted when a run after 12:05 UTC confirms it." NOW
#define BEYOND "refused: the clock would jump by +2 h 00:00, more than --refuse-above (1000s), from the local clock and from "
#define AT_BOOT "the clock at boot."
static const struct row rows[] = {
	{ "first seen now",
	  { .verdict = DECIDE_HELD_BACK, .plan = { PLAN_REFUSE, PLAN_BEYOND_DRIFT, S(5) }, .last_ns = BOOT - S(3600),
	    .first_seen_ns = BOOT, .confirm_after_ns = BOOT + S(300) },
	  "held back: the clock would jump by +5 s, which drift since 11:00 UTC cannot explain" TWO FIRST },
	{ "seen before",
	  { .verdict = DECIDE_HELD_BACK, .plan = { PLAN_REFUSE, PLAN_BEYOND_DRIFT, S(5) }, .last_ns = BOOT - S(3600),
	    .first_seen_ns = BOOT - S(120), .confirm_after_ns = BOOT + S(180) },
	  "held back: the clock would jump by +5 s, which drift since 11:00 UTC cannot explain" TWO
	  "First seen 11:58 UTC (120 s ago); accepted from 12:03 UTC on." NOW },
	{ "before the floor",
	  { .verdict = DECIDE_HELD_BACK, .plan = { PLAN_REFUSE, PLAN_BEFORE_FLOOR, -S(172800) }, .is_before_floor = true,
	    .floor = { NOON - S(3600) }, .first_seen_ns = BOOT, .confirm_after_ns = BOOT + S(300) },
	  "held back: the servers' time, 2026-11-20, is before the confirmed time 2026-11-22 11:00 UTC" TWO FIRST },
	{ "a part",
	  { .verdict = DECIDE_PARTLY, .plan = { PLAN_STEP, PLAN_LARGE, S(3) }, .rest_ns = S(4),
	    .first_seen_ns = BOOT, .confirm_after_ns = BOOT + S(300) },
	  "moved by +3 s, which three runs confirm; another +4 s is held back. " FIRST },
	{ "beyond the limit",
	  { .verdict = DECIDE_REFUSED, .plan = { PLAN_REFUSE, PLAN_BEYOND_LIMIT, S(7200) }, .reference_offset_ns = S(7200),
	    .is_reference_confirmed = true, .more_runs = 2, .confirm_after_ns = BOOT + S(600) },
	  BEYOND "the last confirmed time. Accepted from 12:10 UTC on, when two more runs confirm it, five minutes apart."
	  NOW ", or --refuse-above 3h" },
	{ "beyond the limit, seen twice",
	  { .verdict = DECIDE_REFUSED, .plan = { PLAN_REFUSE, PLAN_BEYOND_LIMIT, S(7200) }, .reference_offset_ns = S(1100),
	    .more_runs = 1, .confirm_after_ns = BOOT + S(300) },
	  BEYOND AT_BOOT " Accepted from 12:05 UTC on, when one more run confirms it, five minutes apart."
	  NOW ", or --refuse-above 19m" },
	{ "beyond a limit that was given",
	  { .verdict = DECIDE_REFUSED, .plan = { PLAN_REFUSE, PLAN_BEYOND_LIMIT, S(7200) }, .reference_offset_ns = S(7200),
	    .is_limit_given = true, .more_runs = 2 },
	  BEYOND AT_BOOT NOW ", or --refuse-above 3h" },
	{ "beyond the limit, and nothing can be remembered",
	  { .verdict = DECIDE_REFUSED, .plan = { PLAN_REFUSE, PLAN_BEYOND_LIMIT, S(7200) }, .reference_offset_ns = S(7200) },
	  BEYOND AT_BOOT NOW ", or --refuse-above 3h" },
	{ "back beyond its limit",
	  { .verdict = DECIDE_REFUSED, .plan = { PLAN_REFUSE, PLAN_BEYOND_BACK_LIMIT, -S(200) }, .reference_offset_ns = -S(200),
	    .is_limit_given = true },
	  "refused: the clock would jump by -200 s, more than --refuse-back-above (100s), from the local clock and from " AT_BOOT
	  NOW ", or --refuse-back-above 4m" },
	{ "uncertain",
	  { .verdict = DECIDE_IMPOSSIBLE, .plan = { PLAN_REFUSE, PLAN_UNCERTAIN, S(5) } },
	  "refused: the time is uncertain by 1200 s, more than --refuse-above (1000s)." NOW ", or --refuse-above 21m" },
	{ "before the release",
	  { .verdict = DECIDE_IMPOSSIBLE, .plan = { PLAN_REFUSE, PLAN_BEFORE_RELEASE, -S(864000) } },
	  "refused: the servers' time, 2026-11-12, is before the release of this program, 2026-11-13: the servers are wrong; ask others" },
};
/* clang-format on */

static void refusal_row(void **state)
{
	const struct row *row = *state;
	struct decision decision = row->decision;
	const struct report_refusal refusal = { .decision = &decision,
		                                .bound_ns = S(1200),
		                                .refuse_above_ns = S(1000),
		                                .refuse_back_above_ns = S(100),
		                                .agreeing_server_count = 2,
		                                .server_count = 2,
		                                .release = { NOON - S(777600) } };
	char text[REPORT_REFUSAL_SIZE];
	size_t len;

	decision.at = (struct reading){ .wall = { NOON }, .boot_ns = BOOT };
	len = report_refusal(&refusal, text, sizeof(text));
	assert_string_equal(text, row->want);
	assert_int_equal(len, strlen(row->want));
}

int main(void)
{
	static struct CMUnitTest tests[COUNT_OF(rows)];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		tests[i] = (struct CMUnitTest){ .name = rows[i].name,
			                        .test_func = refusal_row,
			                        .initial_state = (void *)&rows[i] };
	}
	return cmocka_run_group_tests_name("report_refusal", tests, NULL, NULL);
}
