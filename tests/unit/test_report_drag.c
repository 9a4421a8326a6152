/* SPDX-License-Identifier: MIT
 *
 * The warning of a slow drag of the clock, and its effect on `check`.
 */
#include "core/report/drag.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/report/check_result.h"
#include "core/report/metrics.h"

#define CAUSE                                                                              \
	": the crystal has changed, or the servers drag the clock away; compare with "     \
	"other servers: reqtime query SERVER"

struct row {
	const char *name;
	struct discipline_drag drag;
	const char *want;
};

/* clang-format off */
static const struct row rows[] = {
	{ "nothing is known", { 0 }, "" },
	{ "nothing to warn of", { .has_long_term = true, .long_term_ppb = 20000, .off_ppb = 14999, .corrected_ns = 5 }, "" },
	{ "the frequency", { .is_frequency_off = true, .has_long_term = true, .long_term_ppb = 20012, .off_ppb = -36500 },
	  "the estimated frequency has moved by -36.500 ppm from its long-term value, +20.012 ppm" CAUSE },
	{ "the corrections", { .is_much_corrected = true, .corrected_ns = 5100 * NS_PER_MS },
	  "the corrections of the last day add up to +5.1 s, more than a drift of 50 ppm explains" CAUSE },
	{ "both", { .is_frequency_off = true, .is_much_corrected = true, .has_long_term = true, .long_term_ppb = 1000,
	  .off_ppb = 16000, .corrected_ns = -5 * NS_PER_S },
	  "the estimated frequency has moved by +16.000 ppm from its long-term value, +1.000 ppm, and "
	  "the corrections of the last day add up to -5 s, more than a drift of 50 ppm explains" CAUSE },
};
/* clang-format on */

static void row(void **state)
{
	const struct row *r = *state;
	char buf[REPORT_DRAG_SIZE] = "left over", cut[12];
	size_t len = report_drag(&r->drag, buf, sizeof(buf));

	assert_string_equal(buf, r->want);
	assert_int_equal(len, strlen(r->want));
	assert_int_equal(report_has_drag(&r->drag), len > 0);
	assert_int_equal(report_drag(&r->drag, cut, sizeof(cut)), len);
}

/* check: WARNING with the sentence; a more severe state stays. */
static void check_warns(void **state)
{
	const struct check_limits no_limits = { 0 };
	const struct run run = { .status = RUN_OK,
		                 .has_answer = true,
		                 .bound_ns = 1000,
		                 .agreeing_count = 1,
		                 .asked_count = 1 };
	const struct run silent = { .status = RUN_NO_ANSWER };
	struct check_result check_result;
	char line[1024];

	(void)state;
	check_result_make(&run, &no_limits, &check_result);
	check_result_note_drag(&check_result, &rows[1].drag);
	assert_int_equal(check_result.state, CHECK_OK);
	check_result_note_drag(&check_result, &rows[2].drag);
	assert_int_equal(check_result.state, CHECK_WARNING);
	check_result_line(&run, &no_limits, &check_result, line, sizeof(line));
	assert_non_null(strstr(line, "; the estimated frequency has moved by -36.500 ppm"));
	check_result.state = CHECK_CRITICAL;
	check_result_note_drag(&check_result, &rows[2].drag);
	assert_int_equal(check_result.state, CHECK_CRITICAL);
	check_result_make(&silent, &no_limits, &check_result);
	check_result_note_drag(&check_result, &rows[2].drag);
	assert_int_equal(check_result.state, CHECK_UNKNOWN);
}

static void metrics_have_it(void **state)
{
	const struct run run = { .status = RUN_OK };
	struct discipline_report discipline_report = { .state = DISCIPLINE_LOCKED,
		                                       .rate_missing_ppb = 4000000,
		                                       .drag = rows[4].drag };
	const struct metrics_previous past = { 0 };
	struct run_record record;
	struct metrics metrics;
	char page[METRICS_SIZE];

	(void)state;
	memset(&metrics, 0, sizeof(metrics));
	run_record_init(&record, RUN_VERB_SET, &run);
	metrics.verb = RUN_VERB_SET;
	metrics_note_run(&metrics, &run, &record);
	metrics_write(&metrics, &past, page);
	assert_null(strstr(page, "corrections_day"));
	metrics_note_discipline(&metrics, &discipline_report);
	assert_true(metrics_are_valid(&metrics));
	metrics_write(&metrics, &past, page);
	assert_non_null(strstr(
		page, "reqtime_frequency_off_long_term_ratio{verb=\"set\"} 0.000016\n"));
	assert_non_null(strstr(page, "reqtime_corrections_day_seconds{verb=\"set\"} -5\n"));
	assert_non_null(
		strstr(page, "reqtime_frequency_missing_ratio{verb=\"set\"} 0.004\n"));
	discipline_report.drag.has_long_term = false;
	metrics_note_discipline(&metrics, &discipline_report);
	metrics_write(&metrics, &past, page);
	assert_null(strstr(page, "off_long_term"));
	metrics.has_long_term = 2;
	assert_false(metrics_are_valid(&metrics));
}

int main(void)
{
	static struct CMUnitTest tests[COUNT_OF(rows) + 2] = {
		cmocka_unit_test(check_warns),
		cmocka_unit_test(metrics_have_it),
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		tests[2 + i] = (struct CMUnitTest){
			.name = rows[i].name,
			.test_func = row,
			.initial_state = (void *)(uintptr_t)&rows[i],
		};
	}
	return cmocka_run_group_tests_name("report_drag", tests, NULL, NULL);
}
