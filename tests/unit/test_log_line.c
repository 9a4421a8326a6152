/* SPDX-License-Identifier: MIT
 *
 * A run on one line of a log: whole lines.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/report/log_line.h"

enum { SIZE = 400 };

static const struct run good = { .status = RUN_OK,
	                         .has_answer = true,
	                         .offset_ns = 1234567,
	                         .bound_ns = 56700,
	                         .agreeing_count = 3,
	                         .asked_count = 4 };
static const struct run silent = { .status = RUN_NO_ANSWER, .asked_count = 1 };
static const struct run nothing = { .status = RUN_BUSY };
static const struct plan slew = { .action = PLAN_SLEW,
	                          .by_ns = 1200000,
	                          .reason = PLAN_ADVISED };
static const struct plan step = { .action = PLAN_STEP,
	                          .by_ns = -NS_PER_S,
	                          .reason = PLAN_LARGE };
static const struct plan alone = { .action = PLAN_NONE, .reason = PLAN_WITHIN_BOUND };
static const struct plan refuse = { .action = PLAN_REFUSE,
	                            .by_ns = 5000 * NS_PER_S,
	                            .reason = PLAN_BEYOND_LIMIT };

/* clang-format off */
static const struct row {
	const char *name;
	struct log_entry entry;
	const char *line;
} rows[] = {
	{ "a slew",
	  { .verb = "set", .may_act = true, .run = &good, .plan = &slew,
	    .is_applied = true, .applied = PLAN_SLEW, .applied_ns = 1199000 },
	  "set ok: offset +1.235 ms +/- 57.2 us, 3 of 4 servers agree; slewing by +1.199 ms: the "
	  "estimate from past runs is more precise than this measurement" },
	{ "a step",
	  { .verb = "set", .may_act = true, .run = &good, .plan = &step,
	    .is_applied = true, .applied = PLAN_STEP, .applied_ns = -NS_PER_S },
	  "set ok: offset +1.235 ms +/- 57.2 us, 3 of 4 servers agree; stepped by -1 s: the "
	  "offset is not below --step-above" },
	{ "left alone",
	  { .verb = "set", .may_act = true, .run = &good, .plan = &alone, .is_applied = true },
	  "set ok: offset +1.235 ms +/- 57.2 us, 3 of 4 servers agree; left alone: the offset is "
	  "within its own bound" },
	{ "refused",
	  { .verb = "set", .may_act = true, .status = RUN_REFUSED, .run = &good, .plan = &refuse },
	  "set refused: offset +1.235 ms +/- 57.2 us, 3 of 4 servers agree; refused: the offset is "
	  "beyond --refuse-above" },
	{ "failed",
	  { .verb = "set", .may_act = true, .status = RUN_ERROR, .run = &good, .plan = &step },
	  "set error: offset +1.235 ms +/- 57.2 us, 3 of 4 servers agree; not stepped by -1 s: "
	  "the offset is not below --step-above" },
	{ "a dry run",
	  { .verb = "set (dry run)", .run = &good, .plan = &step },
	  "set (dry run) ok: offset +1.235 ms +/- 57.2 us, 3 of 4 servers agree; would step by "
	  "-1 s: the offset is not below --step-above" },
	{ "a query",
	  { .verb = "query", .run = &good, .plan = &refuse },
	  "query ok: offset +1.235 ms +/- 57.2 us, 3 of 4 servers agree; would refuse: the offset "
	  "is beyond --refuse-above" },
	{ "no answer",
	  { .verb = "query", .status = RUN_NO_ANSWER, .run = &silent },
	  "query no-answer: no offset, 0 of 1 server agrees" },
	{ "not even asked",
	  { .verb = "set", .may_act = true, .status = RUN_BUSY, .run = &nothing },
	  "set busy" },
};
/* clang-format on */

static void line_row(void **state)
{
	const struct row *row = *state;
	char buf[SIZE], cut[20];
	size_t len = log_line(&row->entry, buf, sizeof(buf));

	assert_string_equal(buf, row->line);
	assert_int_equal(len, strlen(row->line));
	assert_int_equal(log_line(&row->entry, cut, sizeof(cut)), len);
	assert_int_equal(strncmp(cut, row->line, sizeof(cut) - 1), 0);
	assert_int_equal(log_line(&row->entry, NULL, 0), len);
}

int main(void)
{
	struct CMUnitTest tests[COUNT_OF(rows)];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		tests[i] =
			(struct CMUnitTest){ .name = rows[i].name,
			                     .test_func = line_row,
			                     .initial_state = (void *)(uintptr_t)&rows[i] };
	}
	return cmocka_run_group_tests_name("log_line", tests, NULL, NULL);
}
