/* SPDX-License-Identifier: MIT
 *
 * Each row is a scene: the intervals, how many were asked, what must come of it by
 * the rule in core/select/select.h.
 */
#include "core/select/select.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <string.h>

enum { MAX = 9 };

/* clang-format off */
struct row {
	const char *name;
	size_t count, asked, min;
	struct interval intervals[MAX]; /* lo, hi, offset */
	enum select_verdict want;
	size_t needed;
	int64_t lo, hi;             /* SELECT_OK */
	const char *statuses;      /* s selected, a agreeing, f falseticker */
	size_t liars;               /* --liars and 1; 0: not given */
};

static const struct row rows[] = {
	{ "no answer", 0, 3, 0, { { 0 } }, SELECT_NO_ANSWER, 2, 0, 0, "", 0 },
	{ "one of one", 1, 1, 0, { { -5, 5, 0, 0 } }, SELECT_OK, 1, -5, 5, "s", 0 },
	{ "of two, one may be silent", 1, 2, 0, { { -5, 5, 0, 0 } }, SELECT_OK, 1, -5, 5, "s", 0 },
	{ "one of three, two silent", 1, 3, 0, { { -5, 5, 0, 0 } }, SELECT_TOO_FEW, 2, 0, 0, "f", 0 },
	{ "two of two agree: where both hold", 2, 2, 0, { { -5, 5, 0, 0 }, { 0, 10, 5, 0 } },
	  SELECT_OK, 2, 0, 5, "ss", 0 },
	{ "row 40: of two, none may dissent", 2, 2, 0, { { -5, 5, 0, 0 }, { 6, 10, 8, 0 } },
	  SELECT_NO_MAJORITY, 2, 0, 0, "ff", 0 },
	{ "two of three, one silent: either may lie, so the hull of both", 2, 3, 0,
	  { { -5, 5, 0, 0 }, { 0, 10, 5, 0 } }, SELECT_OK, 2, -5, 10, "ss", 0 },
	{ "two of three outvote one", 3, 3, 0, { { -5, 5, 0, 0 }, { 0, 10, 5, 0 }, { 50, 60, 55, 0 } },
	  SELECT_OK, 2, 0, 5, "ssf", 0 },
	{ "row 38: one of four lies", 4, 4, 0,
	  { { -5, 5, 0, 0 }, { 0, 10, 5, 0 }, { 50, 60, 55, 0 }, { -1, 9, 4, 0 } }, SELECT_OK, 3, 0, 5, "ssfs", 0 },
	{ "row 38: two of five lie", 5, 5, 0,
	  { { -5, 5, 0, 0 }, { 0, 10, 5, 0 }, { 50, 60, 55, 0 }, { -1, 9, 4, 0 }, { 51, 59, 55, 0 } },
	  SELECT_OK, 3, 0, 5, "ssfsf", 0 },
	{ "row 39: two against two", 4, 4, 0,
	  { { -5, 5, 0, 0 }, { 0, 10, 5, 0 }, { 50, 60, 55, 0 }, { 51, 59, 55, 0 } }, SELECT_NO_MAJORITY, 3, 0, 0, "ffff", 0 },
	{ "row 39: three falsetickers of five do not agree", 5, 5, 0,
	  { { -5, 5, 0, 0 }, { 0, 10, 5, 0 }, { 50, 60, 55, 0 }, { 70, 80, 75, 0 }, { 90, 99, 95, 0 } },
	  SELECT_NO_MAJORITY, 3, 0, 0, "fffff", 0 },
	{ "two of four, two silent", 2, 4, 0, { { -5, 5, 0, 0 }, { 0, 10, 5, 0 } }, SELECT_OK, 2, -5, 10, "ss", 0 },
	{ "two of five, three silent", 2, 5, 0, { { -5, 5, 0, 0 }, { 0, 10, 5, 0 } }, SELECT_TOO_FEW, 3, 0, 0, "ff", 0 },
	{ "row 42: falsetickers in the deepest overlap do not drag the answer off the truth", 5, 5, 0,
	  { { -10, 10, 0, 0 }, { -10, 10, 0, 0 }, { -1, 10, 5, 0 }, { 8, 10, 9, 0 }, { 8, 10, 9, 0 } },
	  SELECT_OK, 3, -1, 10, "sssss", 0 },
	{ "row 42: a falseticker with a tiny bound and three wide truechimers", 4, 4, 0,
	  { { -100, 100, 0, 0 }, { -90, 110, 10, 0 }, { -110, 90, -10, 0 }, { 300, 301, 300, 0 } },
	  SELECT_OK, 3, -90, 90, "sssf", 0 },
	{ "two places where two of three overlap: the truth may be in either", 3, 3, 0,
	  { { 0, 10, 5, 0 }, { 0, 2, 1, 0 }, { 8, 10, 9, 0 } }, SELECT_OK, 2, 0, 10, "sss", 0 },
	{ "touching is agreeing", 2, 2, 0, { { -5, 5, 0, 0 }, { 5, 15, 10, 0 } }, SELECT_OK, 2, 5, 5, "ss", 0 },
	{ "--min-sources above the rule", 2, 2, 3, { { -5, 5, 0, 0 }, { 0, 10, 5, 0 } }, SELECT_TOO_FEW, 3, 0, 0, "ff", 0 },
	{ "a blunt source agrees but does not count in the mean", 3, 3, 0,
	  { { -5, 5, 0, 0 }, { -5, 5, 0, 0 }, { -900, 900, 0, 0 } }, SELECT_OK, 2, -5, 5, "ssa", 0 },
	{ "a narrow one inside a wide one of three: both count, for the narrow one may be false", 3, 3, 0,
	  { { -5, 5, 0, 0 }, { -900, 900, 0, 0 }, { -900, 900, 0, 0 } }, SELECT_OK, 2, -900, 900, "sss", 0 },
	{ "--liars 1: two of ten are enough", 2, 10, 0, { { -5, 5, 0, 0 }, { 0, 10, 5, 0 } }, SELECT_OK, 2, -5, 10, "ss", 2 },
	{ "--liars 1: four of ten agree, one dissents", 5, 10, 0,
	  { { -5, 5, 0, 0 }, { -4, 6, 1, 0 }, { -3, 7, 2, 0 }, { -2, 8, 3, 0 }, { 50, 60, 55, 0 } }, SELECT_OK, 4, -2, 5, "ssssf", 2 },
	{ "--liars 1: two dissent", 5, 10, 0,
	  { { -5, 5, 0, 0 }, { 0, 10, 5, 0 }, { 0, 10, 5, 0 }, { 50, 60, 55, 0 }, { 70, 80, 75, 0 } }, SELECT_NO_MAJORITY, 4, 0, 0, "fffff", 2 },
	{ "--liars 0: one of ten is enough", 1, 10, 0, { { -5, 5, 0, 0 } }, SELECT_OK, 1, -5, 5, "s", 1 },
	{ "--liars 0: one dissents", 2, 3, 0, { { -5, 5, 0, 0 }, { 6, 9, 7, 0 } }, SELECT_NO_MAJORITY, 2, 0, 0, "ff", 1 },
	{ "--liars 1 of two: cannot be met", 2, 2, 0, { { -5, 5, 0, 0 }, { 0, 10, 5, 0 } }, SELECT_LIARS_TOO_MANY, 2, 0, 0, "ff", 2 },
	{ "--liars 2 of four: cannot be met", 4, 4, 0, { { -5, 5, 0, 0 }, { -5, 5, 0, 0 }, { -5, 5, 0, 0 }, { -5, 5, 0, 0 } },
	  SELECT_LIARS_TOO_MANY, 3, 0, 0, "ffff", 3 },
	{ "far from zero", 2, 2, 0,
	  { { INT64_C(4000000000000000000), INT64_C(4000000000000000009), INT64_C(4000000000000000004), 0 },
	    { INT64_C(4000000000000000002), INT64_C(4000000000000000012), INT64_C(4000000000000000007), 0 } },
	  SELECT_OK, 2, INT64_C(4000000000000000002), INT64_C(4000000000000000009), "ss", 0 },
};
/* clang-format on */

static char letter(enum interval_status status_of)
{
	return status_of == INTERVAL_SELECTED   ? 's'
	       : status_of == INTERVAL_AGREEING ? 'a'
	                                        : 'f';
}

static void select_row(void **state)
{
	const struct row *row = *state;
	const struct select_rule rule = {
		row->asked, row->liars ? row->liars - 1 : SELECT_LIARS_DEFAULT, row->min
	};
	struct keyed scratch[2 * MAX];
	struct selection got;
	enum interval_status status_of[MAX];

	select_majority(row->intervals, row->count, &rule, scratch, &got, status_of);
	assert_int_equal(got.verdict, row->want);
	assert_int_equal(got.needed_count, row->needed);
	for (size_t i = 0; i < row->count; i++) {
		assert_int_equal(letter(status_of[i]), row->statuses[i]);
	}
	if (row->want == SELECT_OK) {
		assert_int_equal(got.lo_ns, row->lo);
		assert_int_equal(got.hi_ns, row->hi);
		assert_true(got.offset_ns >= row->lo && got.offset_ns <= row->hi);
		assert_true(got.offset_ns + got.bound_ns >= row->hi);
		assert_true(got.offset_ns - got.bound_ns <= row->lo);
	}
}

/* The mean leans to the surer source: 1/bound, here 1/11 to 1/41 (bounds of 10 and 40
 * and the 1 ns that keeps a bound of zero finite). */
static void weights(void **state)
{
	const struct interval intervals[] = { { -10, 10, 0, 0 }, { -30, 50, 10, 0 } };
	struct keyed scratch[4];
	struct selection got;
	enum interval_status status_of[2];

	(void)state;
	select_majority(intervals, 2, &(struct select_rule){ 2, SELECT_LIARS_DEFAULT, 0 },
	                scratch, &got, status_of);
	assert_int_equal(got.offset_ns, 2); /* 10 * (1/41) / (1/11 + 1/41) = 2.1 */
	assert_int_equal(got.bound_ns, 12);
	assert_int_equal(got.agreeing_count, 2);
}

/* A server that claims to have held the request for the whole round trip is certain of its
 * offset, and has no more weight for it: a quarter among four. */
static void a_claim_is_no_weight(void **state)
{
	const struct interval intervals[] = {
		{ -1000, 1000, 0, 1000 },
		{ -1000, 1000, 0, 1000 },
		{ -1000, 1000, 0, 1000 },
		{ 900, 900, 900, 1000 },
	};
	struct keyed scratch[8];
	struct selection got;
	enum interval_status status_of[4];

	(void)state;
	select_majority(intervals, 4, &(struct select_rule){ 4, SELECT_LIARS_DEFAULT, 0 },
	                scratch, &got, status_of);
	assert_int_equal(got.verdict, SELECT_OK);
	assert_int_equal(got.offset_ns, 225);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(status_of[i], INTERVAL_SELECTED);
	}
}

/* The (f + 1)th widest of those that agree limits the bound, whatever the mean. */
static void the_bound_is_honest(void **state)
{
	const struct interval intervals[] = {
		{ -10, 0, -5, 0 },   { 0, 10, 5, 0 },     { -1, 1, 0, 0 },
		{ -10, 50, 50, 30 }, { -50, 10, 10, 30 },
	};
	struct keyed scratch[10];
	struct selection got;
	enum interval_status status_of[5];

	(void)state;
	select_majority(intervals, 5, &(struct select_rule){ 5, SELECT_LIARS_DEFAULT, 0 },
	                scratch, &got, status_of);
	assert_int_equal(got.verdict, SELECT_OK);
	assert_true(got.bound_ns <= 10);
}

/* Where few answer the interval is wide, and the sharp one is still the best guess. */
static void the_mean_stays_with_the_sharp(void **state)
{
	const struct interval intervals[] = {
		{ -5, 5, 4, 0 },
		{ -100, 100, 0, 0 },
		{ -100, 100, 0, 0 },
	};
	struct keyed scratch[6];
	struct selection got;
	enum interval_status status_of[3];

	(void)state;
	select_majority(intervals, 3, &(struct select_rule){ 5, SELECT_LIARS_DEFAULT, 0 },
	                scratch, &got, status_of);
	assert_int_equal(got.verdict, SELECT_OK);
	assert_int_equal(got.hi_ns, 100);
	assert_int_equal(got.offset_ns, 4); /* 4 * (1/6) / (1/6 + 2/101) = 3.6 */
}

static void misses(void **state)
{
	const struct selection s = { .lo_ns = -5, .hi_ns = 5 };
	const int64_t far = INT64_MAX / 8 * 7;
	const struct selection there = { .lo_ns = -far, .hi_ns = 1 - far };

	(void)state;
	assert_int_equal(select_miss_ns(&(struct interval){ 8, 10, 9, 0 }, &s), 3);
	assert_int_equal(select_miss_ns(&(struct interval){ -10, -7, -9, 0 }, &s), -2);
	assert_int_equal(select_miss_ns(&(struct interval){ 5, 10, 9, 0 }, &s), 0);
	/* 255 years to one side from 255 to the other: more than 64 bits hold. */
	assert_int_equal(select_miss_ns(&(struct interval){ far - 1, far, far, 0 }, &there),
	                 INT64_MAX);
}

static void cliques(void **state)
{
	const struct interval intervals[] = {
		{ 100, 102, 101, 0 }, { 0, 4, 2, 0 },       { 101, 103, 102, 0 },
		{ 2, 6, 4, 0 },       { 900, 902, 901, 0 },
	};
	struct keyed scratch[10];
	struct clique got[4];

	(void)state;
	assert_int_equal(select_cliques(intervals, 5, scratch, got, 4), 3);
	assert_int_equal(got[0].count, 2);
	assert_int_equal(got[0].offset_ns, 3);
	assert_int_equal(got[1].count, 2);
	assert_int_equal(got[1].offset_ns, 101);
	assert_int_equal(got[2].count, 1);
	assert_int_equal(got[2].offset_ns, 901);
	assert_int_equal(select_cliques(intervals, 5, scratch, got, 1), 1);
}

/* For any sources asked: at least half agree and fewer than half dissent.  Those who dissent say
 * something else each. */
static void at_least_half_agree_and_fewer_dissent(void **state)
{
	enum interval_status statuses[MAX];
	struct keyed scratch[2 * MAX];
	struct interval intervals[MAX];
	struct selection got;
	struct select_rule rule = { 0, SELECT_LIARS_DEFAULT, 0 };

	(void)state;
	for (size_t asked = 1; asked <= MAX; asked++) {
		for (size_t agree = 1; agree <= asked; agree++) {
			for (size_t dissent = 0; agree + dissent <= asked; dissent++) {
				const bool want = 2 * agree >= asked && 2 * dissent < asked;

				for (size_t i = 0; i < agree + dissent; i++) {
					int64_t at = i < agree ? 0 : (int64_t)i * 100;

					intervals[i] =
						(struct interval){ at - 5, at + 5, at, 0 };
				}
				rule.asked_count = asked;
				select_majority(intervals, agree + dissent, &rule, scratch,
				                &got, statuses);
				if ((got.verdict == SELECT_OK) != want) {
					fail_msg("%zu asked, %zu agree, %zu dissent: %s",
					         asked, agree, dissent,
					         want ? "refused" : "accepted");
				}
			}
		}
	}
}

int main(void)
{
	static struct CMUnitTest tests[COUNT_OF(rows) + 7];
	size_t i;

	for (i = 0; i < COUNT_OF(rows); i++) {
		tests[i] = (struct CMUnitTest){ .name = rows[i].name,
			                        .test_func = select_row,
			                        .initial_state = (void *)&rows[i] };
	}
	tests[i++] =
		(struct CMUnitTest)cmocka_unit_test(at_least_half_agree_and_fewer_dissent);
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(weights);
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(a_claim_is_no_weight);
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(the_bound_is_honest);
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(the_mean_stays_with_the_sharp);
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(misses);
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(cliques);
	return cmocka_run_group_tests_name("select", tests, NULL, NULL);
}
