/* SPDX-License-Identifier: MIT
 *
 * Expected values are worked out by hand from RFC 5905 section 8:
 * offset = ((T2-T1)+(T3-T4))/2, delay = (T4-T1)-(T3-T2).
 */
#include "core/select/sample.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <string.h>

#define MS(n) ((n)*NS_PER_MS)
#define US(n) ((n)*NS_PER_US)
#define S(n) ((n)*NS_PER_S)
#define Y(n) ((n)*INT64_C(31557600) * NS_PER_S)

struct row {
	const char *name;
	int64_t t1, t2, t3, t4;
	int64_t root_delay, root_dispersion, server_precision, local_precision, drift_ppb;
	enum sample_verdict want;
	int64_t offset, delay, bound;
};

/* Without drift the bound still carries the 1 ns that drift is rounded up by. */
/* clang-format off */
static const struct row rows[] = {
	{ "equal clocks, 10 ms each way", 0, MS(10), MS(11), MS(21), 0, 0, 0, 0, 0,
	  SAMPLE_OK, 0, MS(20), MS(10) + 1 },
	{ "local clock 1 s behind: offset positive", 0, S(1) + MS(10), S(1) + MS(11), MS(21), 0, 0, 0, 0, 0,
	  SAMPLE_OK, S(1), MS(20), MS(10) + 1 },
	{ "local clock 1 s ahead: offset negative", S(1), MS(10), MS(11), S(1) + MS(21), 0, 0, 0, 0, 0,
	  SAMPLE_OK, -S(1), MS(20), MS(10) + 1 },
	{ "30 ms out, 10 ms back: off by 10 ms, within the bound", 0, MS(30), MS(31), MS(41), 0, 0, 0, 0, 0,
	  SAMPLE_OK, MS(10), MS(40), MS(20) + 1 },
	{ "root delay counts by half, dispersion in full", 0, MS(10), MS(10), MS(20), MS(8), MS(3), 0, 0, 0,
	  SAMPLE_OK, 0, MS(20), MS(10 + 4 + 3) + 1 },
	{ "both precisions count", 0, MS(10), MS(10), MS(20), 0, 0, 500, 70, 0,
	  SAMPLE_OK, 0, MS(20), MS(10) + 570 + 1 },
	{ "500 ppm over 2 s of exchange", 0, S(1), S(1), S(2), 0, 0, 0, 0, 500000,
	  SAMPLE_OK, 0, S(2), S(1) + MS(1) + 1 },
	{ "odd sum: middle rounds down, bound covers both ends", 0, 3, 3, 4, 0, 0, 0, 0, 0,
	  SAMPLE_OK, 1, 4, 2 + 1 },
	{ "T3 before T2", 0, MS(11), MS(10), MS(21), 0, 0, 0, 0, 0, SAMPLE_SERVER_BACKWARDS, 0, 0, 0 },
	{ "held exactly 4 s", 0, 0, S(4), S(5), 0, 0, 0, 0, 0, SAMPLE_OK, -NS_PER_S / 2, S(1), S(1) / 2 + 1 },
	{ "held for more than 4 s", 0, 0, S(4) + 1, S(5), 0, 0, 0, 0, 0, SAMPLE_SERVER_SLOW, 0, 0, 0 },
	{ "held for an hour", 0, 0, S(3600), S(1), 0, 0, 0, 0, 0, SAMPLE_SERVER_SLOW, 0, 0, 0 },
	{ "T4 before T1: our clock was set back", S(5), S(5), S(5), S(4), 0, 0, 0, 0, 0,
	  SAMPLE_LOCAL_BACKWARDS, 0, 0, 0 },
	{ "delay below zero within the precisions: clamped", 0, 0, 1000, 990, 0, 0, 8, 4, 0,
	  SAMPLE_OK, 5, 4, 5 + 12 + 1 },
	{ "delay below zero beyond the precisions", 0, 0, 1000, 980, 0, 0, 8, 4, 0,
	  SAMPLE_NEGATIVE_DELAY, 0, 0, 0 },
	{ "T3 ahead by the dispersion", 0, 0, US(30), US(10), 0, US(20), 8, 4, 0,
	  SAMPLE_OK, US(10), 4, US(10 + 20) + 12 + 1 },
	{ "T3 ahead by more than the dispersion", 0, 0, US(30) + 13, US(10), 0, US(20), 8, 4, 0,
	  SAMPLE_NEGATIVE_DELAY, 0, 0, 0 },
	{ "T3 ahead by the most that a prediction is off", 0, 0, US(110), US(10), 0, MS(20), 0, 0, 0,
	  SAMPLE_OK, US(50), 0, US(50) + MS(20) + 1 },
	{ "T3 ahead by more, whatever the dispersion", 0, 0, US(110) + 1, US(10), 0, MS(20), 0, 0, 0,
	  SAMPLE_NEGATIVE_DELAY, 0, 0, 0 },
	{ "root distance at the limit", 0, MS(1), MS(1), MS(2), S(2), MS(500), 0, 0, 0,
	  SAMPLE_OK, 0, MS(2), MS(1501) + 1 },
	{ "root distance beyond the limit", 0, MS(1), MS(1), MS(2), S(2), MS(500) + 1, 0, 0, 0,
	  SAMPLE_ROOT_TOO_FAR, 0, 0, 0 },
	{ "local 1970, server 2104", 0, Y(134), Y(134), MS(2), 0, 0, 0, 0, 0,
	  SAMPLE_OK, Y(134) - MS(1), MS(2), MS(1) + 1 },
	{ "local 2104, server 1970", Y(134), 0, 0, Y(134) + MS(2), 0, 0, 0, 0, 0,
	  SAMPLE_OK, -Y(134) - MS(1), MS(2), MS(1) + 1 },
	{ "local 2199, server 2026", Y(229), Y(56), Y(56), Y(229) + MS(2), 0, 0, 0, 0, 0,
	  SAMPLE_OK, -Y(173) - MS(1), MS(2), MS(1) + 1 },
	{ "local 1902, server 2105", -Y(68), Y(135), Y(135), -Y(68) + MS(2), 0, 0, 0, 0, 0,
	  SAMPLE_OK, Y(203) - MS(1), MS(2), MS(1) + 1 },
	{ "local 2262, server 2026", Y(292), Y(56), Y(56), Y(292) + MS(2), 0, 0, 0, 0, 0,
	  SAMPLE_OK, -Y(236) - MS(1), MS(2), MS(1) + 1 },
	{ "local 1771, server 2026: the most", 0, Y(255), Y(255), MS(2), 0, 0, 0, 0, 0,
	  SAMPLE_OK, Y(255) - MS(1), MS(2), MS(1) + 1 },
	{ "local 1770, server 2026: beyond", -Y(200), Y(56), Y(56), -Y(200) + MS(2), 0, 0, 0, 0, 0,
	  SAMPLE_BEYOND, 0, 0, 0 },
	{ "local 1678, server 2162: beyond 64 bits", -Y(291), Y(192), Y(192), -Y(291) + MS(2), 0, 0, 0, 0, 0,
	  SAMPLE_BEYOND, 0, 0, 0 },
	{ "local 2261, server 1770: beyond 64 bits", Y(291), -Y(200), -Y(200), Y(291) + MS(2), 0, 0, 0, 0, 0,
	  SAMPLE_BEYOND, 0, 0, 0 },
};
/* clang-format on */

static void exchange_row(void **state)
{
	const struct row *row = *state;
	const struct exchange x = {
		.t1 = { row->t1 },
		.t2 = { row->t2 },
		.t3 = { row->t3 },
		.t4 = { row->t4 },
		.t4_mono_ns = 77,
		.root_delay_ns = row->root_delay,
		.root_dispersion_ns = row->root_dispersion,
		.server_precision_ns = row->server_precision,
		.local_precision_ns = row->local_precision,
		.drift_ppb = row->drift_ppb,
	};
	struct sample got, before;

	memset(&got, 0xa5, sizeof(got));
	before = got;
	assert_int_equal(sample_from_exchange(&x, SAMPLE_ROOT_DISTANCE_MAX_NS, &got),
	                 row->want);
	if (row->want != SAMPLE_OK) {
		assert_memory_equal(&got, &before, sizeof(got));
		return;
	}
	assert_int_equal(got.offset_ns, row->offset);
	assert_int_equal(got.delay_ns, row->delay);
	assert_int_equal(got.bound_ns, row->bound);
	assert_int_equal(got.at_mono_ns, 77);
	/* A claimed holding time narrows the interval but does not raise its weight. */
	if (row->t4 - row->t1 < row->t3 - row->t2) {
		return; /* clamped */
	}
	assert_in_range(got.spread_ns - got.bound_ns - (row->t3 - row->t2) / 2 + 1, 0, 2);
}

/* Whatever a server or a broken clock says, nothing overflows (the sanitized run sees it). */
static void extremes(void **state)
{
	static const int64_t values[] = { INT64_MIN, INT64_MIN / 2, -1,       0,
		                          1,         INT64_MAX / 2, INT64_MAX };
	enum { N = COUNT_OF(values) };
	struct sample got;

	(void)state;
	for (size_t i = 0; i < N * N * N * N; i++) {
		const struct exchange x = {
			.t1 = { values[i % N] },
			.t2 = { values[i / N % N] },
			.t3 = { values[i / (N * N) % N] },
			.t4 = { values[i / (N * N * N)] },
			.root_delay_ns = values[i % N],
			.root_dispersion_ns = values[i / N % N],
			.server_precision_ns = values[i / (N * N) % N],
			.local_precision_ns = values[i % N],
			.drift_ppb = 515000,
		};

		if (sample_from_exchange(&x, INT64_MAX, &got) == SAMPLE_OK) {
			assert_true(got.bound_ns >= 0);
			assert_true(got.delay_ns >= 0);
		}
	}
}

static void reading(void **state)
{
	struct sample got;

	(void)state;
	/* Asked at 0, answered "10 s" cut to whole seconds, back at 200 ms: the server's
	 * clock was in [10, 11] s while ours was in [0, 0.2] s. */
	assert_int_equal(sample_from_reading((struct instant){ 0 },
	                                     (struct instant){ S(10) },
	                                     (struct instant){ MS(200) }, 5, S(1), 0, &got),
	                 SAMPLE_OK);
	assert_int_equal(got.offset_ns, S(10) + MS(400));
	assert_int_equal(got.bound_ns, MS(600) + 1);
	assert_int_equal(got.delay_ns, MS(200));
	assert_int_equal(sample_from_reading((struct instant){ 1 },
	                                     (struct instant){ S(10) },
	                                     (struct instant){ 0 }, 5, S(1), 0, &got),
	                 SAMPLE_LOCAL_BACKWARDS);
	assert_int_equal(sample_from_reading((struct instant){ -Y(200) },
	                                     (struct instant){ Y(56) },
	                                     (struct instant){ -Y(200) }, 5, 1, 0, &got),
	                 SAMPLE_BEYOND);
}

static void texts(void **state)
{
	(void)state;
	for (int i = 0; i <= SAMPLE_VERDICT_COUNT; i++) {
		assert_true(strlen(sample_verdict_text((enum sample_verdict)i)) > 0);
	}
}

/* Each with what was found, and the limit where there is one to be moved. */
static void refusals_have_values(void **state)
{
	static const struct {
		struct exchange x;
		int64_t limit_ns;
		const char *want;
	} cases[] = {
		{ { .t2 = { MS(60) }, .t3 = { MS(10) }, .t4 = { MS(20) } },
		  S(1),
		  "its reply left 50 ms before the request arrived" },
		{ { .t2 = { 0 }, .t3 = { S(3600) }, .t4 = { S(3600) } },
		  S(1),
		  "it held the request for 1 h 00:00: more than 4 s" },
		{ { .t2 = { 0 }, .t3 = { MS(60) }, .t4 = { MS(20) } },
		  S(1),
		  "negative delay of -40 ms: it claims to have held the request longer" },
		{ { .t4 = { MS(20) }, .root_delay_ns = S(1), .root_dispersion_ns = S(2) },
		  MS(1500),
		  "root distance of 2.5 s above the limit of 1.5 s (--root-distance)" },
	};
	char text[SAMPLE_REFUSAL_SIZE];
	struct sample got;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		sample_refusal_format(
			sample_from_exchange(&cases[i].x, cases[i].limit_ns, &got),
			&cases[i].x, cases[i].limit_ns, text);
		assert_string_equal(text, cases[i].want);
	}
}

int main(void)
{
	static struct CMUnitTest tests[COUNT_OF(rows) + 4];
	size_t i;

	for (i = 0; i < COUNT_OF(rows); i++) {
		tests[i] = (struct CMUnitTest){ .name = rows[i].name,
			                        .test_func = exchange_row,
			                        .initial_state = (void *)&rows[i] };
	}
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(extremes);
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(reading);
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(texts);
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(refusals_have_values);
	return cmocka_run_group_tests_name("sample", tests, NULL, NULL);
}
