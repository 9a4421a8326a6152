/* SPDX-License-Identifier: MIT
 *
 * Past runs drawn in a terminal: whole pictures, that they fit, and that marks match the
 * events.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/history/plot.h"
#include "runs.h"

enum { RUNS_MAX = 20000, OUTPUT_SIZE = 65536 };

#define NOON RUNS_NOON_S
#define S(seconds) ((int64_t)(seconds)*NS_PER_S)
#define HOUR S(3600)

static struct run_record runs[RUNS_MAX];
static struct chart_point points[RUNS_MAX];
static struct keyed scratch[RUNS_MAX];
static const int64_t *predictions; /* NULL: none */
static char picture[OUTPUT_SIZE];

/* Into `picture`. */
static size_t draw(size_t count, const struct style *style, unsigned lines)
{
	struct run_summary summary;
	struct chart chart;
	size_t len;

	run_summary_make(runs, count, &summary);
	chart_make(runs, count, predictions, scratch, points, &chart);
	len = plot_render(&chart, &summary, style, lines, picture, sizeof(picture));
	assert_int_equal(len, strlen(picture));
	assert_int_equal(plot_render(&chart, &summary, style, lines, NULL, 0), len);
	return len;
}

static void silence(size_t at, int64_t at_ns)
{
	runs[at].has_answer = 0;
	runs[at].status = RUN_NO_ANSWER;
	runs[at].at.unix_ns = at_ns;
}

static size_t widest_line(size_t *ret_lines)
{
	const char *text = picture;
	size_t widest = 0;
	char line[2048];

	*ret_lines = 0;
	while (*text) {
		const size_t len = strcspn(text, "\n");

		assert_true(len < sizeof(line));
		memcpy(line, text, len);
		line[len] = '\0';
		assert_true(len == 0 || line[len - 1] != ' ');
		if (style_columns(line) > widest) {
			widest = style_columns(line);
		}
		text += len + (text[len] == '\n');
		++*ret_lines;
	}
	return widest;
}

static unsigned within(unsigned value, unsigned least, unsigned most)
{
	return value < least ? least : value > most ? most : value;
}

/* For every size of terminal and every picture; the last line is for the prompt. */
static void plot_fits(void **state)
{
	size_t lines;

	(void)state;
	for (size_t count = 1; count <= 300; count += 299) {
		runs_fill(runs, count);
		for (size_t i = 0; i < count; i++) {
			runs[i].bound_ns *= 30; /* one more panel */
		}
		if (count > 1) {
			runs[5].applied_action = PLAN_STEP;
			runs[5].applied_by_ns = runs[5].offset_ns = S(3);
			silence(7, runs[7].at.unix_ns);
			snprintf(runs[250].boot_id, sizeof(runs[0].boot_id), "b");
			snprintf(runs[249].boot_id, sizeof(runs[0].boot_id), "a");
		}
		for (unsigned width = 30; width <= 210; width += 9) {
			for (unsigned height = 10; height <= 60; height += 7) {
				struct style style = { .columns = width };

				for (int utf8 = 0; utf8 < 2; utf8++) {
					style.has_utf8 = utf8;
					draw(count, &style, height);
					assert_true(widest_line(&lines) <=
					            within(width, PLOT_COLUMNS_MIN,
					                   PLOT_COLUMNS_MAX));
					assert_true(lines + 1 <= within(height,
					                                PLOT_LINES_MIN,
					                                PLOT_LINES_MAX));
				}
			}
		}
	}
}

/* On the classic terminal: both offset panels, the frequency, all lines of marks. */
static void plot_of_80_by_24_is_whole(void **state)
{
	const struct style style = { .columns = 80 };
	size_t lines;

	(void)state;
	runs_fill(runs, 300);
	for (size_t i = 0; i < 300; i++) {
		runs[i].bound_ns *= 30;
		snprintf(runs[i].boot_id, sizeof(runs[i].boot_id), i < 200 ? "a" : "b");
	}
	runs[5].applied_action = PLAN_STEP;
	runs[5].applied_by_ns = runs[5].offset_ns = S(3);
	silence(7, runs[7].at.unix_ns);
	draw(300, &style, 24);
	assert_true(widest_line(&lines) <= 80);
	assert_true(lines == 23 || lines == 22);
	assert_non_null(strstr(picture, "\nOffset; bound"));
	assert_non_null(strstr(picture, "\nOffset, closer"));
	assert_non_null(strstr(picture, "\nFrequency of the kernel's clock"));
	assert_non_null(strstr(picture, "\n     steps |"));
	assert_non_null(strstr(picture, "\n<1% failed |"));
	assert_non_null(strstr(picture, "\n   reboots |"));
}

static void plot_of(const char *want, bool has_utf8)
{
	const struct style style = { .columns = 70, .has_utf8 = has_utf8 };
	static int64_t some[25];

	runs_fill(runs, 25);
	runs[0].offset_ns = S(3);
	runs[0].applied_action = PLAN_STEP;
	runs[0].applied_by_ns = S(3);
	silence(9, runs[9].at.unix_ns);
	silence(20, runs[20].at.unix_ns);
	for (size_t i = 0; i < 25; i++) {
		some[i] = i < 4 ? INT64_MAX : 3000000 - (int64_t)i * 50000;
	}
	predictions = some;
	draw(25, &style, 24);
	predictions = NULL;
	assert_string_equal(picture, want);
}

/* clang-format off */
static const char plot_ascii[] =
	"25 runs, 2026-11-25 12:00 to 2026-11-26 12:00 UTC\n"
	"Right within 3 ms in 22 of 25 runs; 1 off by up to 3.01 s;\n"
	"2 had no answer; stepped once, by +3 s.\n"
	"Offset; bound (:), predicted (=)\n"
	"     +4 ms +S\n"
	"           |    ::   =================                ::\n"
	"     +2 ms +  ::::::::         :::::::================================\n"
	"           |  ::**:::::::: ::::::::***:::::::  :::::::***:::::::  ::::\n"
	"           |  ********:::::::::*****:****::::::::::****:*****:::::::::\n"
	"         0 +---------*****-*****--------************--------*****-****\n"
	"           |  ::  :::::::***:::::::  ::::::::**:::::::: ::::::::***:::\n"
	"     -2 ms +          :::::::::       ================================\n"
	"           |         =================       ::                 ::\n"
	"     -4 ms +\n"
	"Frequency of the kernel's clock, ppm\n"
	"    +12.10 +                  *****                   *****\n"
	"           |            *******   **            *******   **\n"
	"    +12.05 +     ********          *     ********          *      ****\n"
	"    +12.00 +******                 *******                 ********\n"
	"     steps |S\n"
	" 8% failed |                     F                          F\n"
	"           +--------------+-------------+--------------+-------------+\n"
	"                        18:00        Nov 26          06:00       12:00\n";
static const char plot_utf8[] =
	"25 runs, 2026-11-25 12:00 to 2026-11-26 12:00 UTC\n"
	"Right within 3 ms in 22 of 25 runs; 1 off by up to 3.01 s;\n"
	"2 had no answer; stepped once, by +3 s.\n"
	"Offset; bound (░), predicted (┄)\n"
	"     +4 ms ┤S\n"
	"           │    ░░   ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄                ░░\n"
	"     +2 ms ┤  ░░░░░░░░         ░░░░░░░┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄\n"
	"           │  ░░⣀⣀░░░░░░░░ ░░░░░░░░⢀⣀⡀░░░░░░░  ░░░░░░░⢀⣀⡀░░░░░░░  ░░░░\n"
	"           │  ⠒⠋⠁⠈⠙⠲⢤⣀░░░░░░░░░⢀⣠⠴⠚⠉░⠉⠓⠦⣄░░░░░░░░░░⣀⡤⠞⠉░⠉⠓⠦⣄⡀░░░░░░░░░\n"
	"         0 ┤─────────⠈⠉⠓⢦⣀─⣀⡤⠖⠋⠉────────⠈⠉⠓⠦⣄⡀⢀⣠⠴⠚⠉⠁────────⠉⠙⠲⢤⣀─⣀⡤⠖⠋\n"
	"           │  ░░  ░░░░░░░⠈⠉⠁░░░░░░░  ░░░░░░░░⠉⠉░░░░░░░░ ░░░░░░░░⠈⠉⠁░░░\n"
	"     -2 ms ┤          ░░░░░░░░░       ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄\n"
	"           │         ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄       ░░                 ░░\n"
	"     -4 ms ┤\n"
	"Frequency of the kernel's clock, ppm\n"
	"    +12.10 ┤                  ⢀⣀⡤⠴⡆                   ⢀⣀⡤⠴⡆\n"
	"           │            ⢀⣠⠤⠖⠒⠋⠉   ⢹⡀            ⢀⣀⡤⠴⠒⠚⠉   ⢹⡀\n"
	"    +12.05 ┤     ⢀⣀⣠⠤⠖⠚⠉⠉          ⢧     ⢀⣀⣠⠤⠖⠚⠉⠉          ⢧      ⣀⣀⡤⠖\n"
	"    +12.00 ┤⣀⡤⠴⠒⠋⠉                 ⠈⣇⡤⠤⠖⠋⠉                 ⠈⣇⡤⠤⠖⠚⠉⠁\n"
	"     steps │S\n"
	" 8% failed │                     █                          █\n"
	"           └──────────────┬─────────────┬──────────────┬─────────────┬\n"
	"                        18:00        Nov 26          06:00       12:00\n";
/* clang-format on */

static void plot_in_ascii(void **state)
{
	(void)state;
	plot_of(plot_ascii, false);
}

static void plot_in_utf8(void **state)
{
	(void)state;
	plot_of(plot_utf8, true);
}

/* The line of `picture` with that label, from its axis on. */
static const char *lane(const char *label)
{
	static char line[1024];
	const char *at = strstr(picture, label);

	assert_non_null(at);
	at += strlen(label);
	snprintf(line, sizeof(line), "%.*s", (int)strcspn(at, "\n"), at);
	return line;
}

/* 13 of 100 fail, evenly: no cell may look as if all did. */
static void failures_are_drawn_as_their_share(void **state)
{
	const struct style ascii = { .columns = 80 };
	const struct style utf8 = { .columns = 80, .has_utf8 = true };
	const char *marks;

	(void)state;
	runs_fill(runs, RUNS_MAX);
	for (size_t i = 0; i < RUNS_MAX; i++) {
		if (i % 100 % 8 == 7 || i % 100 == 0) {
			silence(i, runs[i].at.unix_ns);
		}
	}
	draw(RUNS_MAX, &ascii, 24);
	marks = lane("13% failed |");
	assert_int_equal(strlen(marks), 68);
	assert_int_equal(strspn(marks, "2"), 68);
	draw(RUNS_MAX, &utf8, 24);
	marks = lane("13% failed \xe2\x94\x82");
	for (size_t i = 0; i < 68; i++) { /* two eighths at most */
		assert_true(strncmp(marks + 3 * i, "\xe2\x96\x81", 3) == 0 ||
		            strncmp(marks + 3 * i, "\xe2\x96\x82", 3) == 0);
	}
	/* A day without any answer is shown as one. */
	for (size_t i = 10000; i < 12000; i++) {
		silence(i, runs[i].at.unix_ns);
	}
	draw(RUNS_MAX, &ascii, 24);
	assert_non_null(strstr(lane("% failed |"), "FFFFF"));
	draw(RUNS_MAX, &utf8, 24);
	assert_non_null(strstr(picture, "\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88"));
	for (size_t i = 0; i < RUNS_MAX; i++) {
		silence(i, runs[i].at.unix_ns);
	}
	draw(RUNS_MAX, &ascii, 24);
	assert_int_equal(strspn(lane("all failed |"), "F"), 68);
	assert_non_null(strstr(picture, "\nOffset: no run has an answer\n"));
	assert_null(strstr(picture, " us +"));
}

/* A single event among many is visible. */
static void one_failure_is_seen(void **state)
{
	const struct style style = { .columns = 80 };

	(void)state;
	runs_fill(runs, RUNS_MAX);
	silence(0, runs[0].at.unix_ns);
	draw(RUNS_MAX, &style, 24);
	assert_string_equal(lane("<1% failed |"), "1");
}

/* No content of an untrusted file leads out of an array: the sanitizers watch. */
static void extremes_are_survived(void **state)
{
	const struct style style = { .columns = 80 };

	(void)state;
	for (size_t variant = 0; variant < 200; variant++) {
		runs_fill(runs, 12);
		runs_make_extreme(runs, 12, variant);
		assert_true(draw(variant % 12 + 1, &style, 24) < sizeof(picture));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plot_fits),
		cmocka_unit_test(plot_of_80_by_24_is_whole),
		cmocka_unit_test(plot_in_ascii),
		cmocka_unit_test(plot_in_utf8),
		cmocka_unit_test(failures_are_drawn_as_their_share),
		cmocka_unit_test(one_failure_is_seen),
		cmocka_unit_test(extremes_are_survived),
	};

	return cmocka_run_group_tests_name("plot", tests, NULL, NULL);
}
