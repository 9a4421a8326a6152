/* SPDX-License-Identifier: MIT
 *
 * The page: a whole one, as a browser gets it (tests/data/page.html;
 * tests/system/history/page.sh loads it in a real browser), and properties of every page.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/history/page.h"
#include "runs.h"

enum { RUNS_MAX = 20000, PAGE_SIZE = 4 << 20 };

#define GOLDEN "tests/data/page.html"
#define NOON RUNS_NOON_S
#define S(seconds) ((int64_t)(seconds)*NS_PER_S)

static struct run_record runs[RUNS_MAX];
static struct chart_point points[RUNS_MAX];
static struct keyed scratch[RUNS_MAX];
static const int64_t *predictions; /* NULL: none */
static char page[PAGE_SIZE];

static const struct run_source quiet_sources[] = {
	{ .name = "time.example.org",
	  .status = SOURCE_SELECTED,
	  .has_header = true,
	  .stratum = 1,
	  .has_estimate = true,
	  .offset_ns = 123456,
	  .bound_ns = 2000000,
	  .delay_ns = 4000000 },
	{ .name = "2001:db8::7", .status = SOURCE_UNREACHABLE, .reason = "no answer" },
};

static void fill(size_t count)
{
	memset(runs, 0, sizeof(runs));
	for (size_t i = 0; i < count; i++) {
		runs[i].verb = RUN_VERB_SET;
		runs[i].at.unix_ns = S(NOON) + (int64_t)i * S(3600);
		runs[i].agreeing_count = 3;
		runs[i].asked_count = 4;
		runs[i].has_answer = 1;
		runs[i].offset_ns = (int64_t)(i * 37 % 11) * 40000 - 200000;
		runs[i].bound_ns = 2000000 + (int64_t)(i * 7 % 5) * 100000;
		runs[i].delay_ns = 4000000 + (int64_t)(i * 3 % 7) * 200000;
		runs[i].applied_action = PLAN_SLEW;
		runs[i].has_kernel = 1;
		runs[i].frequency_after_ppb = 12000 + (int64_t)(i * 5 % 9) * 10;
	}
}

static void silence(size_t at)
{
	runs[at].has_answer = 0;
	runs[at].status = RUN_NO_ANSWER;
	runs[at].agreeing_count = 0;
	runs[at].applied_action = PLAN_NONE;
}

static size_t render(size_t count, const char *host, const struct run_source *sources,
                     size_t source_count)
{
	struct run_summary summary;
	struct chart chart;
	struct page_input input = {
		.host = host,
		.made_at = { S(NOON) },
		.runs = runs,
		.count = count,
		.summary = &summary,
		.chart = &chart,
		.sources = sources,
		.source_count = source_count,
		.source_run = count - 1,
	};
	size_t len;

	run_summary_make(runs, count, &summary);
	chart_make(runs, count, predictions, scratch, points, &chart);
	len = page_render(&input, page, sizeof(page));
	assert_true(len < sizeof(page));
	assert_int_equal(len, strlen(page));
	assert_int_equal(page_render(&input, NULL, 0), len);
	return len;
}

static size_t count_of(const char *words)
{
	size_t count = 0;

	for (const char *at = page; (at = strstr(at, words)); at += strlen(words)) {
		count++;
	}
	return count;
}

/* From the body on: the style is checked in a browser.  The version changes with each
 * release. */
static void is_as_reviewed(void **state)
{
	static const char by[] = "by reqtime " REQTIME_VERSION ".";
	static char golden[1 << 16];
	static int64_t some[30];
	const char *body;
	char *version;
	size_t len;
	FILE *file;

	(void)state;
	fill(30);
	runs[0].offset_ns = runs[0].applied_by_ns = S(3);
	runs[0].applied_action = PLAN_STEP;
	for (size_t i = 0; i < 30; i++) {
		some[i] = i > 0 ? 1500000 - (int64_t)i * 20000 : INT64_MAX;
	}
	predictions = some;
	silence(7);
	silence(20);
	render(30, "clock.example.org", quiet_sources, COUNT_OF(quiet_sources));
	predictions = NULL;
	version = strstr(page, by);
	assert_non_null(version);
	memmove(version + strlen("by reqtime."), version + strlen(by),
	        strlen(version + strlen(by)) + 1);
	memcpy(version, "by reqtime.", strlen("by reqtime."));
	body = strstr(page, "<body>");
	assert_non_null(body);
	file = fopen(GOLDEN, "re");
	assert_non_null(file);
	len = fread(golden, 1, sizeof(golden) - 1, file);
	fclose(file);
	golden[len] = '\0';
	if (strcmp(body, golden) != 0) {
		file = fopen("build/page.html", "we");
		if (file) {
			fputs(body, file);
			fclose(file);
		}
		fail_msg("build/page.html is not as " GOLDEN);
	}
}

static void foreign_text_is_no_markup(void **state)
{
	static const struct run_source sources[] = {
		{ .name = "<script>alert(1)</script>",
		  .reason = "</td><img src=x onerror=\"y\">" },
		{ .name = "a&b'c\"d", .reason = "\x1b[2J\xff" },
	};

	(void)state;
	fill(3);
	render(3, "<b>host</b>", sources, COUNT_OF(sources));
	assert_int_equal(count_of("<script"), 0);
	assert_int_equal(count_of("<img"), 0);
	assert_int_equal(count_of("<b>"), 0);
	assert_int_equal(count_of("&lt;script&gt;alert(1)&lt;/script&gt;"), 1);
	assert_int_equal(count_of("&lt;b&gt;host&lt;/b&gt;"), 2);
	assert_int_equal(count_of("a&amp;b&#39;c&quot;d"), 1);
	assert_int_equal(count_of("\\x1b[2J\\xff"), 1);
}

static void needs_nothing_from_elsewhere(void **state)
{
	static const char *const links[] = { "http:",   "https:",  "//",
		                             "src=",    "url(",    "@import",
		                             "<script", "<iframe", "<object" };

	(void)state;
	fill(300);
	render(300, "host", quiet_sources, COUNT_OF(quiet_sources));
	for (size_t i = 0; i < COUNT_OF(links); i++) {
		assert_int_equal(count_of(links[i]), 0);
	}
	assert_int_equal(count_of("default-src 'none'"), 1);
}

/* Every element opened is closed. */
static void elements_are_closed(void **state)
{
	static const char *const names[] = { "section", "svg",  "div",   "table", "tr",
		                             "td",      "th",   "ul",    "li",    "span",
		                             "h2",      "dl",   "dt",    "dd",    "title",
		                             "desc",    "rect", "small", "main" };
	char opened[32], spaced[32], closed[32];

	(void)state;
	fill(200);
	runs[50].applied_action = PLAN_STEP;
	runs[90].offset_ns = S(1);
	silence(70);
	render(200, "host", quiet_sources, COUNT_OF(quiet_sources));
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		snprintf(opened, sizeof(opened), "<%s>", names[i]);
		snprintf(spaced, sizeof(spaced), "<%s ", names[i]);
		snprintf(closed, sizeof(closed), "</%s>", names[i]);
		assert_true(count_of(closed) > 0);
		assert_int_equal(count_of(opened) + count_of(spaced), count_of(closed));
	}
}

/* A picture has a fixed number of columns, and all outliers are in it. */
static void size_stays_valid(void **state)
{
	size_t len;

	(void)state;
	fill(RUNS_MAX);
	runs[11111].offset_ns = 70 * NS_PER_MS;
	for (size_t i = 0; i < RUNS_MAX; i += 3) {
		silence(i);
	}
	runs[11111].has_answer = 1;
	len = render(RUNS_MAX, "host", quiet_sources, COUNT_OF(quiet_sources));
	assert_true(len < 300000);
	assert_int_equal(count_of("title=\"+70 ms\""),
	                 2);                          /* in both panels of the offset */
	assert_int_equal(count_of("6667 failed"), 2); /* the tile and the line of marks */
	assert_int_equal(count_of("<div class=\"name\">33% failed</div>"), 1);
}

static void events_have_marks_and_words(void **state)
{
	(void)state;
	fill(100);
	render(100, "host", NULL, 0);
	assert_int_equal(count_of("class=\"rug"), 0);
	assert_int_equal(count_of("class=\"when"), 0);
	assert_int_equal(count_of("class=\"up"), 0);
	assert_int_equal(count_of("Result per server"), 0);
	runs[10].applied_action = PLAN_STEP;
	runs[10].offset_ns = runs[10].applied_by_ns = -S(2);
	silence(20);
	snprintf(runs[30].boot_id, sizeof(runs[30].boot_id), "b");
	snprintf(runs[29].boot_id, sizeof(runs[29].boot_id), "a");
	render(100, "host", NULL, 0);
	assert_int_equal(count_of("class=\"rug step\""), 1);
	assert_int_equal(count_of("class=\"share bad\""), 1);
	assert_int_equal(count_of("class=\"rug boot\""), 1);
	assert_int_equal(count_of("aria-label=\"1 step of 100 runs\""), 1);
	assert_int_equal(count_of("<span class=\"by\" style=\"left:10.1%\">-2 s</span>"),
	                 1);
	assert_int_equal(count_of("stepped by -2 s"),
	                 3); /* the tooltip, and twice in words */
	assert_int_equal(count_of("class=\"down\""), 0); /* no value, but a mark */
	assert_int_equal(count_of("the clock was stepped</li>"), 1);
	runs[10].applied_action = PLAN_SLEW; /* far off, but not stepped */
	render(100, "host", NULL, 0);
	assert_int_equal(count_of("class=\"down\""), 2);
	assert_int_equal(count_of("class=\"by\""), 0);
}

/* As high as their share: 1 in 8 looks so, however many runs a pixel has. */
static void failures_are_drawn_as_their_share(void **state)
{
	static const char begin[] = "<path class=\"share bad\" d=\"";
	const char *at;
	size_t parts = 0;

	(void)state;
	fill(RUNS_MAX);
	for (size_t i = 0; i < RUNS_MAX; i += 8) {
		silence(i);
	}
	render(RUNS_MAX, "host", NULL, 0);
	at = strstr(page, begin);
	assert_non_null(at);
	for (at += strlen(begin); *at != '"'; parts++) {
		unsigned left, bottom, top, wide, again;

		assert_int_equal(
			sscanf(at, "M%u %uV%uh%uV%u", &left, &bottom, &top, &wide, &again),
			5);
		assert_int_equal(left, parts * wide);
		assert_true(bottom == 100 && again == 100 && top >= 86 && top <= 89);
		at += strcspn(at + 1, "M\"") + 1;
	}
	assert_int_equal(parts, 125);
}

/* Few events have a mark each; more are drawn as shares. */
static void many_reboots_do_not_look_like_always(void **state)
{
	(void)state;
	for (size_t every = 24; every <= 240; every += 216) {
		fill(8760);
		for (size_t i = 0; i < 8760; i++) {
			snprintf(runs[i].boot_id, sizeof(runs[i].boot_id), "%zu",
			         i / every);
		}
		render(8760, "host", NULL, 0);
		assert_int_equal(count_of("class=\"share boot\""), every == 24);
		assert_int_equal(count_of("class=\"rug boot\""), every != 24);
	}
}

/* The most important columns come first, for narrow screens; the summary is on top. */
static void a_telephone_shows_the_offset(void **state)
{
	(void)state;
	fill(30);
	silence(3);
	render(30, "host", quiet_sources, COUNT_OF(quiet_sources));
	assert_int_equal(count_of("<th scope=\"col\">Time</th><th scope=\"col\" "
	                          "class=\"n\">Offset</th>"),
	                 1);
	assert_int_equal(count_of("<th scope=\"col\">Server</th><th scope=\"col\" "
	                          "class=\"n\">Offset</th>"),
	                 1);
	assert_int_equal(
		count_of("<td>2026-11-26 17:00<span class=\"s\">:00</span></td><td "
	                 "class=\"n\">+40 \xc2\xb5s</td>"),
		1);
	assert_int_equal(count_of("<p class=\"lead\">Right within 2.6&nbsp;ms in 29 of 30 "
	                          "runs; 1 had no answer.</p>"),
	                 1);
}

/* From the first picture that has it. */
static size_t parts_of(const char *path, char end)
{
	const char *at = strstr(page, "<div class=\"area\">");
	size_t parts = 0;

	assert_non_null(at);
	at = strstr(at, path);
	assert_non_null(at);
	for (at += strlen(path); *at != '"'; at++) {
		parts += *at == end;
	}
	return parts;
}

/* Neither line nor area crosses a step or a reboot. */
static void line_and_shade_break_together(void **state)
{
	(void)state;
	fill(60);
	runs[20].applied_action = PLAN_STEP;
	runs[20].applied_by_ns = runs[20].offset_ns;
	for (size_t i = 0; i < 60; i++) {
		snprintf(runs[i].boot_id, sizeof(runs[i].boot_id), i < 40 ? "a" : "b");
	}
	render(60, "host", NULL, 0);
	assert_int_equal(parts_of("<path class=\"line offset\" d=\"", 'M'), 3);
	assert_int_equal(parts_of("<path class=\"band\" d=\"", 'Z'), 3);
	assert_int_equal(parts_of("<path class=\"band edge\" d=\"", 'M'), 6);
	assert_int_equal(parts_of("<path class=\"line freq\" d=\"", 'M'), 2);
}

/* The predicted bound is its own band, which ends where there is no prediction. */
static void predicted_bounds_are_drawn(void **state)
{
	static int64_t some[30];

	(void)state;
	fill(30);
	render(30, "host", NULL, 0);
	assert_int_equal(count_of("class=\"promise"), 0);
	for (size_t i = 0; i < 30; i++) {
		some[i] = i == 10 || i == 0 ? INT64_MAX : 1000000;
	}
	predictions = some;
	render(30, "host", NULL, 0);
	predictions = NULL;
	/* In both offset panels, and in the legend of each. */
	assert_int_equal(count_of("<path class=\"promise\" d=\"M34 "), 2);
	assert_int_equal(count_of("<path class=\"promise edge\" d=\"M34 "), 2);
	assert_int_equal(count_of("predicted from earlier runs"), 2);
}

static void a_fleet_is_cut_short(void **state)
{
	static struct run_source sources[150];

	(void)state;
	fill(3);
	render(3, "host", sources, 100);
	assert_int_equal(count_of("of 150"), 0);
	assert_int_equal(count_of("<td class=\"w\">"), 200);
	render(3, "host", sources, 150);
	assert_int_equal(count_of("the first 100 of 150"), 1);
	assert_int_equal(count_of("<td class=\"w\">"), 200);
}

static void no_answer_at_all_is_a_page(void **state)
{
	(void)state;
	fill(5);
	for (size_t i = 0; i < 5; i++) {
		silence(i);
		runs[i].has_kernel = 0;
	}
	render(5, "host", quiet_sources, COUNT_OF(quiet_sources));
	assert_int_equal(count_of("no run has an answer"), 2); /* the tile, the picture */
	assert_int_equal(count_of("<p class=\"lead\">No answer in 5 runs.</p>"), 1);
	assert_int_equal(count_of("style=\"top:"), 0); /* no scale without values */
	assert_int_equal(count_of("nan"), 0);
	assert_int_equal(count_of("inf,"), 0);
}

static void extremes_are_survived(void **state)
{

	(void)state;
	for (size_t variant = 0; variant < 60; variant++) {
		fill(12);
		runs_make_extreme(runs, 12, variant);
		render(variant % 12 + 1, "host", NULL, 0);
		assert_int_equal(count_of("nan"), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_as_reviewed),
		cmocka_unit_test(foreign_text_is_no_markup),
		cmocka_unit_test(needs_nothing_from_elsewhere),
		cmocka_unit_test(elements_are_closed),
		cmocka_unit_test(size_stays_valid),
		cmocka_unit_test(events_have_marks_and_words),
		cmocka_unit_test(failures_are_drawn_as_their_share),
		cmocka_unit_test(many_reboots_do_not_look_like_always),
		cmocka_unit_test(a_telephone_shows_the_offset),
		cmocka_unit_test(line_and_shade_break_together),
		cmocka_unit_test(predicted_bounds_are_drawn),
		cmocka_unit_test(a_fleet_is_cut_short),
		cmocka_unit_test(no_answer_at_all_is_a_page),
		cmocka_unit_test(extremes_are_survived),
	};

	return cmocka_run_group_tests_name("page", tests, NULL, NULL);
}
