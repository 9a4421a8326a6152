/* SPDX-License-Identifier: MIT
 *
 * A run on one line of a journal.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/report/formats.h"
#include "core/report/report.h"

#define US(us) (INT64_C(us) * 1000)
#define MS(ms) (INT64_C(ms) * 1000000)

/* clang-format off */
static const struct line_source {
	const char *name;
	uint16_t port;
	enum source_status status;
	const char *reason;
} three[] = {
	{ "ntp1.example", 123, SOURCE_SELECTED, "" },
	{ "ntp2.example", 123, SOURCE_AGREEING, "" },
	{ "ntp3.example", 123, SOURCE_FALSETICKER, "off by 2 s" },
}, pool[] = {
	{ "0.pool.example", 123, SOURCE_SELECTED, "" },
	{ "0.pool.example", 123, SOURCE_AGREEING, "" },
	{ "0.pool.example", 123, SOURCE_SELECTED, "" },
	{ "0.pool.example", 1123, SOURCE_SELECTED, "" },
}, six[] = {
	{ "a", 123, SOURCE_SELECTED, "" }, { "b", 123, SOURCE_SELECTED, "" },
	{ "c", 123, SOURCE_SELECTED, "" }, { "d", 123, SOURCE_SELECTED, "" },
	{ "e", 123, SOURCE_SELECTED, "" }, { "f", 123, SOURCE_SELECTED, "" },
}, silent[] = {
	{ "ntp1.example", 123, SOURCE_UNREACHABLE, "no answer" },
	{ "ntp2.example", 123, SOURCE_REJECTED, "kiss code RATE" },
}, hostile[] = {
	{ "a\033[2J\nb", 123, SOURCE_SELECTED, "" },
};
#define SOURCES(array) array, COUNT_OF(array)

static const struct line_row {
	const char *name;
	const struct line_source *sources;
	size_t count;
	enum run_status status;
	bool has_answer;
	const char *reason, *done, *why_not, *want;
} line_rows[] = {
	{ "line: done, the servers, and the falseticker", SOURCES(three), RUN_OK, true, "", "stepped the clock by +3 s", "",
	  "stepped the clock by +3 s; offset +1.234 ms +/- 57 us, 2 of 3 servers agree: ntp1.example, ntp2.example; falseticker: ntp3.example\n" },
	{ "line: not done, and why", SOURCES(three), RUN_REFUSED, true, "", "", "held back: see below",
	  "offset +1.234 ms +/- 57 us, 2 of 3 servers agree: ntp1.example, ntp2.example; falseticker: ntp3.example; held back: see below\n" },
	{ "line: a name of several addresses is named once", SOURCES(pool), RUN_OK, true, "", "", "",
	  "offset +1.234 ms +/- 57 us, 4 of 4 servers agree: 0.pool.example, 0.pool.example:1123\n" },
	{ "line: four names, and how many more", SOURCES(six), RUN_OK, true, "", "", "",
	  "offset +1.234 ms +/- 57 us, 6 of 6 servers agree: a, b, c, d and 2 more\n" },
	{ "line: one server", three, 1, RUN_OK, true, "", "", "", "offset +1.234 ms +/- 57 us, 1 of 1 server agrees: ntp1.example\n" },
	{ "line: no answer, what became of each", SOURCES(silent), RUN_NO_ANSWER, false, "", "", "",
	  "no trusted time: no server gave a usable answer; not used: ntp1.example (no answer), ntp2.example (kiss code RATE)\n" },
	{ "line: no majority, the reason names them", SOURCES(silent), RUN_NO_MAJORITY, false, "no majority: 0 of 2 agree; ntp1.example: no answer", "", "",
	  "no trusted time: no majority: 0 of 2 agree; ntp1.example: no answer\n" },
	{ "line: a name with what a terminal obeys", SOURCES(hostile), RUN_OK, true, "", "", "",
	  "offset +1.234 ms +/- 57 us, 1 of 1 server agrees: a\\x1b[2J\\x0ab\n" },
};
/* clang-format on */

static void line_row(void **state)
{
	const struct line_row *row = *state;
	struct run_source sources[8];
	struct run run = { .status = row->status,
		           .has_answer = row->has_answer,
		           .offset_ns = MS(1) + US(234),
		           .bound_ns = US(57),
		           .sources = sources,
		           .source_count = row->count,
		           .asked_count = row->count };
	char buf[1024], cut[16];
	size_t len;

	memset(sources, 0, sizeof(sources));
	for (size_t i = 0; i < row->count; i++) {
		snprintf(sources[i].name, sizeof(sources[i].name), "%s",
		         row->sources[i].name);
		snprintf(sources[i].reason, sizeof(sources[i].reason), "%s",
		         row->sources[i].reason);
		sources[i].port = row->sources[i].port;
		sources[i].status = row->sources[i].status;
		run.agreeing_count += row->sources[i].status == SOURCE_SELECTED ||
		                      row->sources[i].status == SOURCE_AGREEING;
	}
	snprintf(run.reason, sizeof(run.reason), "%s", row->reason);
	len = report_line(&run, row->done, row->why_not, buf, sizeof(buf));
	assert_string_equal(buf, row->want);
	assert_int_equal(len, strlen(buf));
	assert_int_equal(report_line(&run, row->done, row->why_not, cut, sizeof(cut)), len);
	assert_memory_equal(cut, buf, sizeof(cut) - 1);
}

/* In a log or a pipe a sentence is one line. */
static void nothing_is_wrapped(void **state)
{
	const struct report_action done = { .action = PLAN_SLEW,
		                            .by_ns = MS(2),
		                            .lasts_ns = MS(4000),
		                            .ends = { MS(1795000000000) },
		                            .reason = PLAN_ADVISED };
	char wrapped[REPORT_ACTION_SIZE], whole[REPORT_ACTION_SIZE];

	(void)state;
	report_action(&done, &STYLE_PLAIN, wrapped, sizeof(wrapped));
	report_action(&done, &STYLE_UNWRAPPED, whole, sizeof(whole));
	assert_true(strchr(wrapped, '\n') < wrapped + strlen(wrapped) - 1);
	assert_true(strchr(whole, '\n') == whole + strlen(whole) - 1);
}

int main(void)
{
	struct CMUnitTest tests[COUNT_OF(line_rows) + 1];

	for (size_t i = 0; i < COUNT_OF(line_rows); i++) {
		tests[i] = (struct CMUnitTest){ .name = line_rows[i].name,
			                        .test_func = line_row,
			                        .initial_state = (void *)&line_rows[i] };
	}
	tests[COUNT_OF(line_rows)] =
		(struct CMUnitTest)cmocka_unit_test(nothing_is_wrapped);
	return cmocka_run_group_tests_name("report_line", tests, NULL, NULL);
}
