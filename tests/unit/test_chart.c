/* SPDX-License-Identifier: MIT
 *
 * Charts of past runs: places, scales, breaks of the line, and that no run is lost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/history/chart.h"
#include "runs.h"

enum { RUNS_MAX = 20000 };

#define NOON RUNS_NOON_S
#define S(seconds) ((int64_t)(seconds)*NS_PER_S)
#define HOUR S(3600)

static struct run_record runs[RUNS_MAX];
static struct chart_point points[RUNS_MAX];
static struct keyed scratch[RUNS_MAX];
static const int64_t *predictions; /* NULL: none */
static struct chart_column columns[CHART_COLUMNS_MAX];

static struct chart make(size_t count)
{
	struct chart chart;

	chart_make(runs, count, predictions, scratch, points, &chart);
	return chart;
}

static void silence(size_t at, int64_t at_ns)
{
	runs[at].has_answer = 0;
	runs[at].status = RUN_NO_ANSWER;
	runs[at].at.unix_ns = at_ns;
}

static void runs_lie_at_their_own_time(void **state)
{
	struct chart chart;

	(void)state;
	runs_fill(runs, 5);
	chart = make(5);
	assert_int_equal(chart.from_ns, S(NOON));
	assert_int_equal(chart.to_ns, S(NOON) + 4 * HOUR);
	assert_int_equal(points[2].at_ns, S(NOON) + 2 * HOUR);
	assert_int_equal(chart.gap_ns, 4 * HOUR);
}

/* Clocks without a battery show 1970 until the first answer. */
static void failures_lie_between_answers(void **state)
{
	struct chart chart;

	(void)state;
	runs_fill(runs, 5);
	silence(2, S(20));
	chart = make(5);
	assert_int_equal(points[2].at_ns, S(NOON) + HOUR);
	assert_true(points[2].is_failure);
	silence(2, S(NOON) + 2 * HOUR + 5);
	make(5);
	assert_int_equal(points[2].at_ns, S(NOON) + 2 * HOUR + 5);
	silence(0, S(4000000000));
	silence(4, S(20));
	chart = make(5);
	assert_int_equal(chart.from_ns, S(NOON) + HOUR);
	assert_int_equal(chart.to_ns, S(NOON) + 3 * HOUR);
}

static void points_are_by_time(void **state)
{
	(void)state;
	runs_fill(runs, 100);
	runs[50].at.unix_ns = S(NOON) - HOUR; /* a wrong server */
	make(100);
	for (size_t i = 1; i < 100; i++) {
		assert_true(points[i - 1].at_ns <= points[i].at_ns);
	}
}

static void one_run_is_a_chart(void **state)
{
	struct chart_scale scale;
	struct chart chart;

	(void)state;
	runs_fill(runs, 1);
	chart = make(1);
	assert_true(chart.from_ns < S(NOON) && chart.to_ns > S(NOON));
	for (int panel = 0; panel < CHART_PANEL_COUNT; panel++) {
		chart_scale_make(&chart, (enum chart_panel)panel, 5, &scale);
		assert_true(scale.lo < scale.hi && scale.step > 0);
		assert_int_equal(scale.beyond_count, 0);
	}
}

static void scale_is_round_and_holds_all(void **state)
{
	struct chart_scale scale;
	struct chart chart;

	(void)state;
	runs_fill(runs, 100);
	chart = make(100);
	chart_scale_make(&chart, CHART_OFFSET, 5, &scale);
	assert_true(scale.lo == -4000000 && scale.hi == 4000000 && scale.step == 2000000);
	chart_scale_make(&chart, CHART_CLOSE, 5, &scale);
	assert_true(scale.lo == -1000000 && scale.hi == 1000000 && scale.step == 500000);
	chart_scale_make(&chart, CHART_DELAY, 5, &scale);
	assert_true(scale.lo == 0 && scale.hi == 5000000);
	chart_scale_make(&chart, CHART_FREQUENCY, 5, &scale);
	assert_true(scale.lo == 12000 && scale.hi == 12100 && scale.step == 20);
	assert_int_equal(scale.value_count, 100);
	assert_int_equal(scale.beyond_count, 0);
}

/* Values far off must not flatten the rest. */
static void scale_leaves_out_what_is_far_off(void **state)
{
	struct chart_scale scale;
	struct chart chart;

	(void)state;
	runs_fill(runs, 100);
	runs[0].offset_ns = S(3);
	runs[7].offset_ns = -S(3);
	chart = make(100);
	chart_scale_make(&chart, CHART_OFFSET, 5, &scale);
	assert_int_equal(scale.beyond_count, 2);
	assert_true(scale.hi < 10000000 && scale.lo > -10000000);
	assert_true(chart_place(&scale, (double)S(3)) > 1);
	assert_true(chart_place(&scale, -(double)S(3)) < 0);
	/* A tenth of the values is normal, not far off. */
	for (size_t i = 0; i < 10; i++) {
		runs[i * 10].offset_ns = S(3);
	}
	chart = make(100);
	chart_scale_make(&chart, CHART_CLOSE, 5, &scale);
	assert_true(scale.hi >= (double)S(3));
}

/* The first run steps the clock: the runs after it make the scale, however few. */
static void first_step_makes_no_scale(void **state)
{
	static const int64_t steps_ns[] = { S(3), -S(3), INT64_C(1795000000) * NS_PER_S,
		                            400 * NS_PER_MS };
	struct chart_scale scale;
	struct chart chart;

	(void)state;
	for (size_t count = 2; count < 200; count += count < 8 ? 1 : 60) {
		for (size_t i = 0; i < COUNT_OF(steps_ns); i++) {
			runs_fill(runs, count);
			runs[0].offset_ns = runs[0].applied_by_ns = steps_ns[i];
			runs[0].applied_action = PLAN_STEP;
			chart = make(count);
			for (int panel = CHART_OFFSET; panel <= CHART_CLOSE; panel++) {
				chart_scale_make(&chart, (enum chart_panel)panel, 5,
				                 &scale);
				assert_true(scale.lo >= -4e6 && scale.hi <= 4e6);
				assert_int_equal(scale.value_count, count);
				assert_int_equal(scale.beyond_count,
				                 0); /* a mark, no value */
			}
		}
	}
}

/* ... also after an earlier query, and so on: few values, one of them far off. */
static void scale_of_a_few_runs(void **state)
{
	static const struct {
		const char *what;
		int64_t offsets_ns[4];
		size_t count, beyond;
	} rows[] = {
		{ "a query before the step", { S(3), S(3), 200000, -100000 }, 4, 1 },
		{ "one of two", { 200000, S(3) }, 2, 1 },
		{ "one of three", { S(-3), 200000, 100000 }, 3, 1 },
		{ "alike by chance, but within the bounds", { 10000, 300000 }, 2, 0 },
		{ "ten times as far is not far for so few", { 1000000, 10000000 }, 2, 0 },
	};
	struct chart_scale scale;
	struct chart chart;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		runs_fill(runs, rows[i].count);
		for (size_t run = 0; run < rows[i].count; run++) {
			runs[run].offset_ns = rows[i].offsets_ns[run];
		}
		if (rows[i].count == 4) {
			runs[1].applied_action = PLAN_STEP;
		}
		chart = make(rows[i].count);
		for (int panel = CHART_OFFSET; panel <= CHART_CLOSE; panel++) {
			chart_scale_make(&chart, (enum chart_panel)panel, 5, &scale);
			if (scale.beyond_count != rows[i].beyond) {
				fail_msg("%s, panel %d: %zu beyond", rows[i].what, panel,
				         scale.beyond_count);
			}
		}
	}
}

/* If each run steps, only steps can make the scale. */
static void steps_alone_make_a_scale(void **state)
{
	struct chart_scale scale;
	struct chart chart;

	(void)state;
	runs_fill(runs, 50);
	for (size_t i = 0; i < 50; i++) {
		runs[i].applied_action = PLAN_STEP;
		runs[i].applied_by_ns = runs[i].offset_ns;
	}
	chart = make(50);
	chart_scale_make(&chart, CHART_CLOSE, 5, &scale);
	assert_true(scale.lo == -1000000 && scale.hi == 1000000);
}

static void close_panel_for_a_wide_bound(void **state)
{
	struct chart_scale offset, near;
	struct chart chart;

	(void)state;
	runs_fill(runs, 100);
	chart = make(100);
	chart_scale_make(&chart, CHART_OFFSET, 5, &offset);
	chart_scale_make(&chart, CHART_CLOSE, 5, &near);
	assert_false(chart_needs_close(&offset, &near));
	for (size_t i = 0; i < 100; i++) {
		runs[i].bound_ns = 30000000;
	}
	chart = make(100);
	chart_scale_make(&chart, CHART_OFFSET, 5, &offset);
	assert_true(chart_needs_close(&offset, &near));
}

static void no_outlier_is_lost(void **state)
{
	struct chart_scale scale;
	struct chart chart;
	size_t values = 0, steps = 0, failures = 0;
	double most = 0, least = 0;

	(void)state;
	runs_fill(runs, RUNS_MAX);
	runs[12345].offset_ns = 70000000;
	runs[5432].offset_ns = -80000000;
	runs[777].applied_action = PLAN_STEP;
	silence(9999, runs[9999].at.unix_ns);
	chart = make(RUNS_MAX);
	chart_scale_make(&chart, CHART_OFFSET, 5, &scale);
	chart_columns(&chart, CHART_OFFSET, &scale, columns, CHART_COLUMNS_MAX);
	for (size_t i = 0; i < CHART_COLUMNS_MAX; i++) {
		values += columns[i].value_count;
		steps += columns[i].step_count;
		failures += columns[i].failure_count;
		most = columns[i].max > most ? columns[i].max : most;
		least = columns[i].min < least ? columns[i].min : least;
		assert_true(columns[i].band_hi - columns[i].max >= 2000000 - 1);
	}
	assert_int_equal(values, RUNS_MAX - 1);
	assert_int_equal(steps, 1);
	assert_int_equal(failures, 1);
	assert_true(most == 70000000 && least == -80000000);
}

/* Values without a line to them, except the first. */
static size_t break_count(size_t count, enum chart_panel panel)
{
	struct chart chart = make(count);
	struct chart_scale scale;
	size_t breaks = 0, values = 0;

	chart_scale_make(&chart, panel, 5, &scale);
	chart_columns(&chart, panel, &scale, columns, CHART_COLUMNS_MAX);
	for (size_t i = 0; i < CHART_COLUMNS_MAX; i++) {
		breaks += columns[i].value_count > 0 && columns[i].is_begun;
		values += columns[i].value_count;
	}
	assert_true(breaks > 0 && values > 0);
	return breaks - 1;
}

static void gaps_are_seen(void **state)
{
	(void)state;
	runs_fill(runs, 50);
	assert_int_equal(break_count(50, CHART_CLOSE), 0);
	for (size_t i = 25; i < 50; i++) {
		runs[i].at.unix_ns += 30 * HOUR;
	}
	assert_int_equal(break_count(50, CHART_CLOSE), 1);
}

/* No line crosses a step, because the clock did not move along it.  The frequency has
 * one. */
static void line_breaks_at_a_step(void **state)
{
	(void)state;
	runs_fill(runs, 50);
	runs[20].applied_action = PLAN_STEP;
	runs[20].applied_by_ns =
		runs[20].offset_ns; /* within the scale: an ordinary value */
	assert_int_equal(break_count(50, CHART_OFFSET), 1);
	assert_int_equal(break_count(50, CHART_CLOSE), 1);
	assert_int_equal(break_count(50, CHART_FREQUENCY), 0);
	assert_int_equal(break_count(50, CHART_DELAY), 0);
	runs[20].offset_ns = runs[20].applied_by_ns = S(2); /* beyond it: its own mark */
	assert_int_equal(break_count(50, CHART_OFFSET), 1);
	silence(21, runs[21].at.unix_ns);
	assert_int_equal(break_count(50, CHART_OFFSET), 1);
}

static void line_breaks_at_a_reboot(void **state)
{
	(void)state;
	runs_fill(runs, 50);
	for (size_t i = 0; i < 50; i++) {
		snprintf(runs[i].boot_id, sizeof(runs[i].boot_id), "%s",
		         i < 30 ? "one" : "two");
	}
	for (int panel = 0; panel < CHART_PANEL_COUNT; panel++) {
		assert_int_equal(break_count(50, (enum chart_panel)panel), 1);
	}
	/* Also where the first run of the boot has no answer. */
	silence(30, runs[30].at.unix_ns);
	assert_int_equal(break_count(50, CHART_CLOSE), 1);
}

/* A step beyond the scale is no spike of the line; a step within it stays a value. */
static void a_far_step_is_a_mark(void **state)
{
	struct chart_scale scale;
	struct chart chart;
	size_t values = 0, steps = 0;
	int64_t step_ns = 0;

	(void)state;
	runs_fill(runs, 50);
	runs[20].applied_action = PLAN_STEP;
	runs[20].offset_ns = S(2);
	runs[20].applied_by_ns = S(2) - 1;
	chart = make(50);
	chart_scale_make(&chart, CHART_OFFSET, 5, &scale);
	chart_columns(&chart, CHART_OFFSET, &scale, columns, CHART_COLUMNS_MAX);
	for (size_t i = 0; i < CHART_COLUMNS_MAX; i++) {
		values += columns[i].value_count;
		steps += columns[i].step_count;
		step_ns = columns[i].step_count ? columns[i].step_ns : step_ns;
		assert_true(columns[i].max <= scale.hi);
	}
	assert_int_equal(values, 49);
	assert_int_equal(steps, 1);
	assert_int_equal(step_ns, S(2) - 1);
}

/* A column has the widest prediction of its runs, to compare the offset with. */
static void predicted_bounds_are_kept(void **state)
{
	static int64_t some[50];
	struct chart_scale scale;
	struct chart chart;

	(void)state;
	runs_fill(runs, 50);
	for (size_t i = 0; i < 50; i++) {
		some[i] = i % 2 ? 1000 + (int64_t)i : INT64_MAX;
	}
	predictions = some;
	chart = make(50);
	predictions = NULL;
	chart_scale_make(&chart, CHART_OFFSET, 5, &scale);
	chart_columns(&chart, CHART_OFFSET, &scale, columns, 1);
	assert_true(columns[0].has_prediction && columns[0].prediction == 1049);
	chart_columns(&chart, CHART_DELAY, &scale, columns, 1);
	assert_false(columns[0].has_prediction);
	chart = make(50);
	chart_columns(&chart, CHART_OFFSET, &scale, columns, 1);
	assert_false(columns[0].has_prediction);
}

/* Round times in UTC, in order, on the axis, and not too many: from minutes to
 * centuries. */
static void time_ticks_are_round(void **state)
{
	static const struct {
		int64_t span_s;
		const char *first;
	} rows[] = {
		{ 10, "12:00:00" },         { 600, "12:00" },
		{ 7200, "12:00" },          { 86400, "12:00" },
		{ 7 * 86400, "Nov 26" },    { 60 * 86400, "Dec 7" },
		{ 400 * 86400, "2027-01" }, { 4000 * 86400, "2028" },
	};
	struct chart_tick ticks[CHART_TICKS_MAX];
	struct chart chart = { .from_ns = S(NOON) };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		size_t count;

		chart.to_ns = S(NOON + rows[i].span_s);
		count = chart_time_ticks(&chart, 8, ticks);
		assert_true(count >= 2 && count <= 8);
		assert_string_equal(ticks[0].label, rows[i].first);
		for (size_t t = 0; t < count; t++) {
			assert_true(ticks[t].place >= 0 && ticks[t].place <= 1);
			assert_true(t == 0 || ticks[t].place > ticks[t - 1].place);
		}
	}
	chart.from_ns = INT64_MIN;
	chart.to_ns = INT64_MAX;
	assert_true(chart_time_ticks(&chart, 8, ticks) <= 8);
}

static void value_ticks_have_units(void **state)
{
	static const struct {
		struct chart_scale scale;
		enum chart_panel panel;
		size_t at;
		const char *label;
	} rows[] = {
		{ { -4e6, 4e6, 2e6, 1, 0 }, CHART_OFFSET, 0, "-4 ms" },
		{ { -4e6, 4e6, 2e6, 1, 0 }, CHART_OFFSET, 2, "0" },
		{ { -1e6, 1e6, 5e5, 1, 0 }, CHART_OFFSET, 3, "+0.5 ms" },
		{ { 0, 800, 200, 1, 0 }, CHART_DELAY, 1, "200 ns" },
		{ { 0, 5e4, 1e4, 1, 0 }, CHART_DELAY, 5, "50 us" },
		{ { 12000, 12100, 20, 1, 0 }, CHART_FREQUENCY, 1, "+12.02" },
		{ { -2e9, 2e9, 1e9, 1, 0 }, CHART_CLOSE, 4, "+2 s" },
		{ { 0, 8e15, 2e15, 1, 0 }, CHART_OFFSET, 4, "+8000000 s" },
		{ { -3e16, 3e16, 1e16, 1, 0 }, CHART_OFFSET, 6, "+347 d" },
		{ { -1e19, 1e19, 5e18, 1, 0 }, CHART_OFFSET, 0, "-115741 d" },
		{ { 0, 8e18, 2e18, 1, 0 }, CHART_FREQUENCY, 4, "+8.0e+15" },
	};
	struct chart_tick ticks[CHART_TICKS_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const size_t count =
			chart_value_ticks(&rows[i].scale, rows[i].panel, ticks);

		assert_true(count > rows[i].at);
		assert_string_equal(ticks[rows[i].at].label, rows[i].label);
		assert_true(ticks[0].place == 0);
		for (size_t k = 0; k < count; k++) {
			assert_true(strlen(ticks[k].label) <= CHART_LABEL_COLUMNS);
		}
	}
}

/* No content of an untrusted file leads out of an array: the sanitizers watch. */
static void extremes_are_survived(void **state)
{
	struct chart_scale scale;
	struct chart chart;

	(void)state;
	for (size_t variant = 0; variant < 200; variant++) {
		runs_fill(runs, 12);
		runs_make_extreme(runs, 12, variant);
		chart = make(variant % 12 + 1);
		for (int panel = 0; panel < CHART_PANEL_COUNT; panel++) {
			chart_scale_make(&chart, (enum chart_panel)panel, 5, &scale);
			assert_true(scale.lo < scale.hi && scale.step > 0);
			chart_columns(&chart, (enum chart_panel)panel, &scale, columns,
			              CHART_COLUMNS_MAX);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_lie_at_their_own_time),
		cmocka_unit_test(failures_lie_between_answers),
		cmocka_unit_test(points_are_by_time),
		cmocka_unit_test(one_run_is_a_chart),
		cmocka_unit_test(scale_is_round_and_holds_all),
		cmocka_unit_test(scale_leaves_out_what_is_far_off),
		cmocka_unit_test(first_step_makes_no_scale),
		cmocka_unit_test(scale_of_a_few_runs),
		cmocka_unit_test(steps_alone_make_a_scale),
		cmocka_unit_test(close_panel_for_a_wide_bound),
		cmocka_unit_test(no_outlier_is_lost),
		cmocka_unit_test(gaps_are_seen),
		cmocka_unit_test(line_breaks_at_a_step),
		cmocka_unit_test(line_breaks_at_a_reboot),
		cmocka_unit_test(a_far_step_is_a_mark),
		cmocka_unit_test(predicted_bounds_are_kept),
		cmocka_unit_test(time_ticks_are_round),
		cmocka_unit_test(value_ticks_have_units),
		cmocka_unit_test(extremes_are_survived),
	};

	return cmocka_run_group_tests_name("chart", tests, NULL, NULL);
}
