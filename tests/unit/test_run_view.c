/* SPDX-License-Identifier: MIT
 *
 * Past runs as a table and as CSV: whole outputs, and properties of every output.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/history/run_csv.h"
#include "core/history/run_table.h"

enum { OUTPUT_SIZE = 16384 };

#define NOON INT64_C(1795608000) /* 2026-11-25 12:00:00 UTC */
#define S(seconds) ((int64_t)(seconds)*NS_PER_S)
#define BOOT_A "11111111-1111-4111-8111-111111111111"
#define BOOT_B "22222222-2222-4222-8222-222222222222"

/* clang-format off */
static const struct run_record typical[] = {
	{ .at = { S(NOON) - 3210000000 }, .boot_id = BOOT_A, .version = "0.1.0",
	  .verb = RUN_VERB_SET, .status = RUN_OK, .agreeing_count = 3, .asked_count = 4,
	  .has_answer = 1, .sample_count = 4, .offset_ns = 3210000000, .bound_ns = 12345678,
	  .delay_ns = 20123456, .jitter_ns = 5000, .has_plan = 1, .plan_action = PLAN_STEP,
	  .plan_reason = PLAN_LARGE, .plan_by_ns = 3210000000, .applied_action = PLAN_STEP,
	  .applied_by_ns = 3210000000, .has_kernel = 1, .frequency_before_ppb = 0,
	  .frequency_after_ppb = 12345, .max_error_ns = 13000000, .estimated_error_ns = 800000 },
	{ .at = { S(NOON + 3600) }, .boot_id = BOOT_A, .version = "0.1.0",
	  .verb = RUN_VERB_SET, .status = RUN_NO_ANSWER, .exit_status = 1, .asked_count = 4,
	  .has_kernel = 1, .frequency_before_ppb = 12345, .frequency_after_ppb = 12345 },
	{ .at = { S(NOON + 7200) }, .boot_id = BOOT_B, .version = "0.1.0",
	  .verb = RUN_VERB_QUERY, .status = RUN_OK, .agreeing_count = 10, .asked_count = 12,
	  .has_answer = 1, .sample_count = 4, .offset_ns = -123456, .bound_ns = 2000001,
	  .delay_ns = 812345 },
	{ .at = { S(NOON + 7260) }, .boot_id = BOOT_B, .version = "0.1.0", .is_dry = 1,
	  .verb = RUN_VERB_SET, .status = RUN_OK, .agreeing_count = 1, .asked_count = 1,
	  .has_answer = 1, .offset_ns = 512, .bound_ns = 999, .delay_ns = 1800,
	  .has_plan = 1, .plan_action = PLAN_NONE, .has_kernel = 1,
	  .frequency_after_ppb = -499999 },
	{ .at = { S(NOON + 10800) }, .boot_id = BOOT_B, .version = "0.1.0",
	  .verb = RUN_VERB_SET, .status = RUN_REFUSED, .exit_status = 3, .agreeing_count = 2,
	  .asked_count = 2, .has_answer = 1, .offset_ns = S(-86400), .bound_ns = 12000000,
	  .delay_ns = 20000000, .has_plan = 1, .plan_action = PLAN_REFUSE,
	  .plan_reason = PLAN_BEYOND_LIMIT, .plan_by_ns = S(-86400), .has_kernel = 1,
	  .frequency_after_ppb = 12001 },
};
/* clang-format on */

static const struct run_record extreme[] = {
	{ .at = { INT64_MIN },
	  .status = RUN_UNSYNCHRONISED,
	  .agreeing_count = UINT32_MAX,
	  .asked_count = UINT32_MAX,
	  .has_answer = 1,
	  .offset_ns = INT64_MIN,
	  .bound_ns = INT64_MAX,
	  .delay_ns = INT64_MAX,
	  .has_kernel = 1,
	  .frequency_after_ppb = INT64_MIN },
	{ .at = { INT64_MAX },
	  .status = RUN_NOT_PERMITTED,
	  .has_answer = 1,
	  .offset_ns = INT64_MAX,
	  .bound_ns = 0,
	  .delay_ns = 0,
	  .has_kernel = 1,
	  .frequency_after_ppb = INT64_MAX },
};

static size_t whole_table(const struct run_record *runs, size_t count, size_t columns,
                          char *buf, size_t size)
{
	const struct style style = { .columns = (unsigned)columns };
	struct run_summary summary;
	struct run_table layout;
	size_t len;

	run_table_layout(runs, count, &style, &layout);
	len = run_table_heading(&layout, buf, size);
	for (size_t i = 0; i < count; i++) {
		len += run_table_row(&layout, &runs[i], i > 0 ? &runs[i - 1] : NULL,
		                     buf + len, size - len);
	}
	run_summary_make(runs, count, &summary);
	return len + run_table_summary(&summary, &style, buf + len, size - len);
}

/* clang-format off */
static const char at_80[] =
	"Time (UTC)       Verb  Status           Offset     +/-   Agr   Fr/ppm Action\n"
	"2026-11-25 12:00 set   ok              +3.21 s 12.4 ms   3/4  +12.345 step\n"
	"2026-11-25 13:00 set   no-answer             -       -   0/4  +12.345 none\n"
	"-- reboot --\n"
	"2026-11-25 14:00 query ok            -123.5 us 2.01 ms 10/12        - -\n"
	"2026-11-25 14:01 dry   ok              +512 ns  999 ns   1/1 -499.999 -\n"
	"2026-11-24 15:00 set   refused   -1 d 00:00:00   12 ms   2/2  +12.001 refuse\n"
	"Right within 2.13 ms in 2 of 5 runs; 1 off by up to 3.23 s; 1 had no answer;\n"
	"1 refused; stepped once, by +3.21 s.\n"
	"5 runs, 2026-11-25 12:00 to 2026-11-24 15:00 UTC: 3 ok, 2 failed.\n"
	"The clock: 1 step, 0 slews, 1 reboot; frequency now +12.001 ppm.\n"
	"Offset: median 123 us, rms 1.85 s, largest +3.21 s (2026-11-25 12:00).\n";
static const char at_120[] =
	"Time (UTC)           Verb   Status            Offset      +/-     Delay  Agree  Freq/ppm  Action\n"
	"2026-11-25 12:00:00  set    ok               +3.21 s  12.4 ms  20.12 ms    3/4   +12.345  step\n"
	"2026-11-25 13:00:00  set    no-answer              -        -         -    0/4   +12.345  none\n"
	"-- reboot --\n"
	"2026-11-25 14:00:00  query  ok             -123.5 us  2.01 ms  812.3 us  10/12         -  -\n"
	"2026-11-25 14:01:00  dry    ok               +512 ns   999 ns    1.8 us    1/1  -499.999  -\n"
	"2026-11-24 15:00:00  set    refused    -1 d 00:00:00    12 ms     20 ms    2/2   +12.001  refuse\n"
	"Right within 2.13 ms in 2 of 5 runs; 1 off by up to 3.23 s; 1 had no answer; 1 refused; stepped once, by +3.21 s.\n"
	"5 runs, 2026-11-25 12:00 to 2026-11-24 15:00 UTC: 3 ok, 2 failed.\n"
	"The clock: 1 step, 0 slews, 1 reboot; frequency now +12.001 ppm.\n"
	"Offset: median 123 us, rms 1.85 s, largest +3.21 s (2026-11-25 12:00).\n";
static const char at_60[] =
	"Time (UTC)       Status           Offset     +/-   Agr Action\n"
	"2026-11-25 12:00 ok              +3.21 s 12.4 ms   3/4 step\n"
	"2026-11-25 13:00 no-answer             -       -   0/4 none\n"
	"-- reboot --\n"
	"2026-11-25 14:00 ok            -123.5 us 2.01 ms 10/12 -\n"
	"2026-11-25 14:01 ok              +512 ns  999 ns   1/1 -\n"
	"2026-11-24 15:00 refused   -1 d 00:00:00   12 ms   2/2 refuse\n"
	"Right within 2.13 ms in 2 of 5 runs; 1 off by up to 3.23 s;\n"
	"1 had no answer; 1 refused; stepped once, by +3.21 s.\n"
	"5 runs, 2026-11-25 12:00 to 2026-11-24 15:00 UTC: 3 ok, 2 failed.\n"
	"The clock: 1 step, 0 slews, 1 reboot; frequency now +12.001 ppm.\n"
	"Offset: median 123 us, rms 1.85 s, largest +3.21 s (2026-11-25 12:00).\n";

/* clang-format on */
static void table_at(size_t columns, const char *want)
{
	char buf[OUTPUT_SIZE];

	whole_table(typical, COUNT_OF(typical), columns, buf, sizeof(buf));
	assert_string_equal(buf, want);
}

static void table_at_80(void **state)
{
	(void)state;
	table_at(80, at_80);
}

static void table_at_120(void **state)
{
	(void)state;
	table_at(120, at_120);
}

static void table_at_60(void **state)
{
	(void)state;
	table_at(60, at_60);
}

static size_t longest_line(const char *text)
{
	size_t longest = 0;

	while (*text) {
		const size_t len = strcspn(text, "\n");

		longest = len > longest ? len : longest;
		text += len + (text[len] == '\n');
	}
	return longest;
}

/* With ordinary figures: offsets of decades may be wider. */
static void table_fits(void **state)
{
	char buf[OUTPUT_SIZE];

	(void)state;
	for (size_t columns = 60; columns <= 200; columns++) {
		whole_table(typical, COUNT_OF(typical) - 1, columns, buf, sizeof(buf));
		/* The summary is written for 80. */
		assert_true(longest_line(buf) <= (columns < 80 ? 80 : columns));
		for (size_t i = 0; i + 1 < COUNT_OF(typical); i++) {
			const struct style style = { .columns = (unsigned)columns };
			struct run_table layout;

			run_table_layout(&typical[i], 1, &style, &layout);
			run_table_row(&layout, &typical[i], NULL, buf, sizeof(buf));
			assert_true(longest_line(buf) <= columns);
		}
	}
}

static void table_survives_extremes(void **state)
{
	char buf[OUTPUT_SIZE];

	(void)state;
	whole_table(extreme, COUNT_OF(extreme), 80, buf, sizeof(buf));
	assert_non_null(strstr(buf, "unsynchronised"));
	assert_non_null(strstr(buf, "-106751 d"));
}

static void writers_say_the_length(void **state)
{
	char whole[OUTPUT_SIZE], part[OUTPUT_SIZE];
	struct run_table layout;
	size_t len;

	(void)state;
	run_table_layout(typical, COUNT_OF(typical), &STYLE_PLAIN, &layout);
	len = run_table_row(&layout, &typical[0], NULL, whole, sizeof(whole));
	assert_int_equal(len, strlen(whole));
	assert_int_equal(run_table_row(&layout, &typical[0], NULL, NULL, 0), len);
	for (size_t size = 1; size <= len + 1; size++) {
		memset(part, 'x', sizeof(part));
		assert_int_equal(run_table_row(&layout, &typical[0], NULL, part, size),
		                 len);
		assert_memory_equal(part, whole, size - 1);
		assert_int_equal(part[size - 1], '\0');
		assert_int_equal(part[size], 'x');
	}
}

/* Colours and UTF-8 take no more columns than plain text. */
static void table_has_style(void **state)
{
	const struct style style = { .columns = 80, .has_utf8 = true, .has_color = true };
	char plain[OUTPUT_SIZE], styled[OUTPUT_SIZE];
	struct run_table layout;

	(void)state;
	run_table_layout(typical, COUNT_OF(typical), &style, &layout);
	for (size_t i = 0; i < COUNT_OF(typical); i++) {
		run_table_row(&layout, &typical[i], NULL, styled, sizeof(styled));
		layout.style = STYLE_PLAIN;
		run_table_row(&layout, &typical[i], NULL, plain, sizeof(plain));
		layout.style = style;
		assert_int_equal(style_columns(styled), style_columns(plain));
		assert_non_null(strstr(styled, "\x1b["));
	}
	run_table_row(&layout, &typical[2], NULL, styled, sizeof(styled));
	assert_non_null(strstr(styled, "\xc2\xb5s"));
}

static void summary_of_none_is_empty(void **state)
{
	struct run_summary summary;
	char buf[8] = "x";

	(void)state;
	run_summary_make(NULL, 0, &summary);
	assert_int_equal(run_table_summary(&summary, &STYLE_PLAIN, buf, sizeof(buf)), 0);
	assert_string_equal(buf, "");
}

/* A refused run counts as a failure, and its offset does not count. */
static void summary_counts(void **state)
{
	struct run_summary summary;

	(void)state;
	run_summary_make(typical, COUNT_OF(typical), &summary);
	assert_int_equal(summary.run_count, 5);
	assert_int_equal(summary.trusted_count, 3);
	assert_int_equal(summary.failure_count, 2);
	assert_int_equal(summary.step_count, 1);
	assert_int_equal(summary.slew_count, 0);
	assert_int_equal(summary.reboot_count, 1);
	assert_int_equal(summary.largest_ns, 3210000000);
	assert_int_equal(summary.largest_at.unix_ns, S(NOON));
	assert_int_equal(summary.median_ns, 123456);
	/* sqrt((3.21e9^2 + 123456^2 + 512^2) / 3) */
	assert_true(summary.rms_ns > 1853294000 && summary.rms_ns < 1853295000);
	assert_int_equal(summary.frequency_ppb, 12001);
}

/* The sentence holds as printed, and counts every run. */
static const struct sentence_row {
	const char *name;
	const char *
		runs; /* per run: o answer, s step of 3.21 s, - none, r refused, f far off, q less, t small step */
	const char *want;
} sentence_rows[] = {
	{ "no answers", "---", "No answer in 3 runs." },
	{ "one run without", "-", "No answer in 1 run." },
	{ "none that is trusted", "r-r",
	  "No trusted answer in 3 runs; 1 had no answer; 2 refused." },
	{ "one run", "o", "Right within 2.51 ms in 1 of 1 run." },
	{ "all well", "oooooooo", "Right within 2.51 ms in 8 of 8 runs." },
	{ "the first steps", "so",
	  "Right within 2.51 ms in 1 of 2 runs; 1 off by up to 3.22 s; stepped once, by "
	  "+3.21 s." },
	{ "a query before the step", "fsoo",
	  "Right within 2.51 ms in 2 of 4 runs; 2 off by up to 3.22 s; stepped once, by "
	  "+3.21 s." },
	{ "two steps at first", "sso",
	  "Right within 2.51 ms in 1 of 3 runs; 2 off by up to 3.22 s; stepped twice, by "
	  "up to "
	  "3.21 s." },
	{ "small steps make nothing typical", "ttttttttttqqqqqq",
	  "Right within 100 ms in 16 of 16 runs; stepped 10 times, by up to 100 us." },
	{ "steps alone", "ss",
	  "Right within 3.22 s in 2 of 2 runs; stepped twice, by up to 3.21 s." },
	{ "few, and unlike: none of them is a jump", "oq",
	  "Right within 100 ms in 2 of 2 runs." },
	{ "a spike in eight", "oooqoooo",
	  "Right within 2.51 ms in 7 of 8 runs; 1 off by up to 100 ms." },
	{ "a spike in forty", "oooooooooooooooooooofooooooooooooooooooo",
	  "Right within 2.51 ms in 39 of 40 runs; 1 off by up to 3.22 s." },
	{ "some of each", "so-ooro-soofo-os",
	  "Right within 2.51 ms in 8 of 16 runs; 4 off by up to 3.22 s; 3 had no answer; 1 "
	  "refused; "
	  "stepped 3 times, by up to 3.21 s." },
	{ "a third far off is how it is", "oofoofoof",
	  "Right within 3.22 s in 9 of 9 runs." },
};

static size_t runs_of(const char *letters, struct run_record *ret)
{
	size_t count = 0;

	for (; letters[count]; count++) {
		struct run_record *run = &ret[count];
		const char letter = letters[count];

		memset(run, 0, sizeof(*run));
		run->at.unix_ns = S(NOON + 3600 * (int64_t)count);
		run->has_answer = letter != '-';
		run->status = letter == '-'   ? RUN_NO_ANSWER
		              : letter == 'r' ? RUN_REFUSED
		                              : RUN_OK;
		run->offset_ns = letter == 's' || letter == 'f' ? 3210000000
		                 : letter == 'q'                ? 98000000
		                 : letter == 't'                ? 100000
		                                                : -500001;
		run->bound_ns = 2000000;
		run->applied_action =
			letter == 's' || letter == 't' ? PLAN_STEP : PLAN_NONE;
		run->applied_by_ns = run->applied_action == PLAN_STEP ? run->offset_ns : 0;
	}
	return count;
}

static void sentence_row(void **state)
{
	static const struct style one_line = { .columns = 0 };
	const struct sentence_row *row = *state;
	struct run_record runs[64];
	struct run_summary summary;
	char buf[OUTPUT_SIZE];
	size_t len;

	run_summary_make(runs, runs_of(row->runs, runs), &summary);
	len = run_summary_sentence(&summary, &one_line, buf, sizeof(buf));
	assert_string_equal(buf, row->want);
	assert_int_equal(len, strlen(buf));
	assert_int_equal(summary.trusted_count + summary.unanswered_count +
	                         summary.refused_count,
	                 summary.run_count);
}

/* For all runs: no error above the printed one, and no run counted twice. */
static void sentence_is_true(void **state)
{
	struct run_record runs[64];
	struct run_summary summary;
	uint64_t random = 1;

	(void)state;
	for (size_t variant = 0; variant < 3000; variant++) {
		const size_t count = 1 + variant % 64;
		size_t within = 0;
		int64_t worst_ns = 0;

		memset(runs, 0, sizeof(runs));
		for (size_t i = 0; i < count; i++) {
			random = random * UINT64_C(6364136223846793005) +
			         1442695040888963407;
			runs[i].has_answer = random >> 61 != 0;
			runs[i].offset_ns = (int64_t)(random >> (1 + (random >> 59)));
			runs[i].bound_ns = (int64_t)(random >> (1 + variant % 60));
			runs[i].applied_action = random >> 60 == 7 ? PLAN_STEP : PLAN_NONE;
		}
		run_summary_make(runs, count, &summary);
		for (size_t i = 0; i < count; i++) {
			const int64_t off_ns = ns_add(runs[i].offset_ns, runs[i].bound_ns);

			if (runs[i].has_answer) {
				within += off_ns <= summary.right_ns;
				worst_ns = off_ns > worst_ns ? off_ns : worst_ns;
			}
		}
		assert_int_equal(within, summary.right_count);
		assert_int_equal(worst_ns, summary.worst_ns);
		assert_true(summary.trusted_count == 0 || summary.right_count > 0);
	}
}

static void sentence_is_wrapped(void **state)
{
	struct run_record runs[64];
	struct run_summary summary;
	char buf[OUTPUT_SIZE];

	(void)state;
	run_summary_make(runs, runs_of("so-ooro-soofo-os", runs), &summary);
	for (unsigned columns = 40; columns <= 200; columns++) {
		const struct style style = { .columns = columns };

		run_summary_sentence(&summary, &style, buf, sizeof(buf));
		assert_true(longest_line(buf) <= columns);
		assert_null(strstr(buf, " \n"));
		assert_int_equal(buf[strlen(buf) - 1], '\n');
	}
}

static void median_is_the_middle(void **state)
{
	struct run_record runs[4];
	struct run_summary summary;

	(void)state;
	memset(runs, 0, sizeof(runs));
	for (size_t i = 0; i < COUNT_OF(runs); i++) {
		runs[i].has_answer = 1;
		runs[i].offset_ns = i % 2 ? -(int64_t)(i + 1) : (int64_t)(i + 1);
	}
	run_summary_make(runs, 3, &summary);
	assert_int_equal(summary.median_ns, 2);
	run_summary_make(runs, 4, &summary);
	assert_int_equal(summary.median_ns, 2);
	runs[0].offset_ns = INT64_MIN;
	run_summary_make(runs, 1, &summary);
	assert_int_equal(summary.median_ns, INT64_MAX);
}

static void csv_of_runs(void **state)
{
	static const char want[] =
		"2026-11-25T12:00:00.000000000Z,2026-11-25T11:59:56.790000000Z,set,0,ok,0,"
		"3210000000,12345678,20123456,5000,4,0,3,4,step,3210000000,"
		"the offset is not below "
		"--step-above,step,3210000000,0,12345,0,0,13000000,800000," BOOT_A
		",0.1.0\r\n";
	char buf[OUTPUT_SIZE];

	(void)state;
	run_csv_run(&typical[0], buf, sizeof(buf));
	assert_string_equal(buf, want);
	run_csv_run(&typical[1], buf, sizeof(buf));
	assert_string_equal(
		buf, "2026-11-25T13:00:00.000000000Z,2026-11-25T13:00:00.000000000Z,"
		     "set,0,no-answer,1,,,,,,,0,4,,,,none,0,12345,12345,0,0,0,0," BOOT_A
		     ",0.1.0\r\n");
	run_csv_run(&typical[2], buf, sizeof(buf));
	assert_string_equal(
		buf,
		"2026-11-25T13:59:59.999876544Z,2026-11-25T14:00:00.000000000Z,query,0,"
		"ok,0,-123456,2000001,812345,0,4,0,10,12,,,,,,,,,,,," BOOT_B ",0.1.0\r\n");
}

static size_t comma_count(const char *line)
{
	size_t count = 0;
	bool is_quoted = false;

	for (; *line; line++) {
		is_quoted ^= *line == '"';
		count += *line == ',' && !is_quoted;
	}
	return count;
}

static void csv_has_as_many_fields_as_names(void **state)
{
	struct run_source source = { .name = "a,\"b\"", .reason = "one, two" };
	char heading[OUTPUT_SIZE], line[OUTPUT_SIZE];

	(void)state;
	run_csv_run_heading(heading, sizeof(heading));
	for (size_t i = 0; i < COUNT_OF(typical); i++) {
		run_csv_run(&typical[i], line, sizeof(line));
		assert_int_equal(comma_count(line), comma_count(heading));
	}
	run_csv_source_heading(heading, sizeof(heading));
	run_csv_source(&typical[0], &source, line, sizeof(line));
	assert_int_equal(comma_count(line), comma_count(heading));
	assert_non_null(strstr(line, "\"a,\"\"b\"\"\""));
	assert_non_null(strstr(line, "\"one, two\""));
}

/* A spreadsheet would evaluate text that begins like a formula. */
static void csv_holds_no_formula(void **state)
{
	static const char *const names[] = { "=1+1", "+1", "-1", "@x" };
	struct run_source source = { .port = 123 };
	char line[OUTPUT_SIZE], want[64];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		snprintf(source.name, sizeof(source.name), "%s", names[i]);
		snprintf(want, sizeof(want), ",'%s,", names[i]);
		run_csv_source(&typical[0], &source, line, sizeof(line));
		assert_non_null(strstr(line, want));
	}
	snprintf(source.name, sizeof(source.name), "\r\n\x1b[2J");
	run_csv_source(&typical[0], &source, line, sizeof(line));
	assert_non_null(strstr(line, ",\\x0d\\x0a\\x1b[2J,"));
}

static void source_is_as_the_run_had_it(void **state)
{
	struct source_record record = { .name = "time.example.org",
		                        .port = 123,
		                        .scheme = SCHEME_REQTIME,
		                        .status = SOURCE_FALSETICKER,
		                        .reason = "3 s from\nthe others",
		                        .sent_count = 4,
		                        .received_count = 3,
		                        .has_header = 1,
		                        .stratum = 2,
		                        .refid = { 192, 0, 2, 1 },
		                        .has_estimate = 1,
		                        .offset_ns = -5,
		                        .bound_ns = 6,
		                        .delay_ns = 7 };
	struct source_record again;
	struct run_source source;

	(void)state;
	source_record_view(&record, &source);
	assert_string_equal(source.reason, "3 s from\\x0athe others");
	source_record_init(&again, &source);
	snprintf(record.reason, sizeof(record.reason), "%s", source.reason);
	record.address.port = 123;
	assert_memory_equal(&again, &record, sizeof(record));
}

int main(void)
{
	struct CMUnitTest rows[COUNT_OF(sentence_rows)];
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_at_80),
		cmocka_unit_test(table_at_120),
		cmocka_unit_test(table_at_60),
		cmocka_unit_test(table_fits),
		cmocka_unit_test(table_survives_extremes),
		cmocka_unit_test(table_has_style),
		cmocka_unit_test(writers_say_the_length),
		cmocka_unit_test(summary_of_none_is_empty),
		cmocka_unit_test(summary_counts),
		cmocka_unit_test(sentence_is_true),
		cmocka_unit_test(sentence_is_wrapped),
		cmocka_unit_test(median_is_the_middle),
		cmocka_unit_test(csv_of_runs),
		cmocka_unit_test(csv_has_as_many_fields_as_names),
		cmocka_unit_test(csv_holds_no_formula),
		cmocka_unit_test(source_is_as_the_run_had_it),
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		rows[i] =
			(struct CMUnitTest){ .name = sentence_rows[i].name,
			                     .test_func = sentence_row,
			                     .initial_state =
			                             (void *)(uintptr_t)&sentence_rows[i] };
	}
	return cmocka_run_group_tests_name("run_view", tests, NULL, NULL) +
	       _cmocka_run_group_tests("sentence", rows, COUNT_OF(rows), NULL, NULL);
}
