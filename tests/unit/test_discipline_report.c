/* SPDX-License-Identifier: MIT
 *
 * The estimates of the discipline, as people see them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/report/discipline_report.h"

/* clang-format off */
static const struct row {
	const char *name;
	struct discipline_report discipline_report;
	const char *want;
} rows[] = {
	{ "all is known",
	  { DISCIPLINE_LOCKED, 50012, 13, true, 220000, 85000, true, 1500000, 3600 * NS_PER_S, 0, { 0 }, false },
	  "Discipline (steady): frequency +50.012 +/- 0.013 ppm, offset +220 us +/- 85 us\n"
	  "(one standard deviation); within 1.5 ms for the next 1 h 00:00.\n" },
	{ "a fast clock",
	  { DISCIPLINE_SUSPECT, -7, 1000, true, -5, 85000, true, 1500000, 900 * NS_PER_S, 0, { 0 }, false },
	  "Discipline (doubting): frequency -0.007 +/- 1.000 ppm, offset -5 ns +/- 85 us\n"
	  "(one standard deviation); within 1.5 ms for the next 900 s.\n" },
	{ "where it is was lost",
	  { DISCIPLINE_ACQUIRING, 0, 100000, false, 0, 0, false, 0, 900 * NS_PER_S, 0, { 0 }, false },
	  "Discipline (learning): frequency +0.000 +/- 100.000 ppm (one standard\n"
	  "deviation).\n" },
	{ "nothing", { .state = DISCIPLINE_UNSET }, "Discipline: no estimate yet.\n" },
	{ "the most",
	  { DISCIPLINE_LOCKED, INT64_MIN, INT64_MAX, true, INT64_MIN, INT64_MAX, true, INT64_MAX, 1, 0, { 0 }, false },
	  "Discipline (steady): frequency\n"
	  "-9223372036854775.808 +/- 9223372036854775.807 ppm, offset\n"
	  "-106751 d 23:47:17 +/- 106751 d 23:47:17 (one standard deviation); within\n"
	  "106751 d 23:47:17 for the next 1 ns.\n" },
};
/* clang-format on */

static void row(void **state)
{
	const struct row *r = *state;
	char buf[600], cut[12];
	size_t len =
		report_discipline(&r->discipline_report, &STYLE_PLAIN, buf, sizeof(buf));

	assert_string_equal(buf, r->want);
	assert_int_equal(len, strlen(r->want));
	assert_int_equal(
		report_discipline(&r->discipline_report, &STYLE_PLAIN, cut, sizeof(cut)),
		len);
}

int main(void)
{
	struct CMUnitTest tests[COUNT_OF(rows)];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		tests[i] =
			(struct CMUnitTest){ .name = rows[i].name,
			                     .test_func = row,
			                     .initial_state = (void *)(uintptr_t)&rows[i] };
	}
	return cmocka_run_group_tests_name("discipline_report", tests, NULL, NULL);
}
