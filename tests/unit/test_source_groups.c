/* SPDX-License-Identifier: MIT
 *
 * How many address pairs a SERVER has; which answers are one interval, and which intervals one daemon.  Each
 * letter of a scene is an candidate.
 */
#include "core/select/source_groups.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <string.h>

enum { MAX = 9, SERVERS_MAX = 8 };

struct row {
	const char *name;
	size_t count;
	struct {
		char state; /* A answered, S silent or refusing, O outstanding, H in hold-off */
		size_t pair;
		uint32_t daemon; /* reference stamp and reference id; 0: not comparable */
		int64_t lo, hi;
		int64_t root_ns; /* ten times the root delay, and the dispersion */
	} candidates[MAX];
	size_t intervals, asked, outstanding, held, daemons;
	int interval_of[MAX];   /* -1: none */
	int64_t lo0, hi0;       /* of interval 0 */
	size_t machine_of[MAX]; /* from 1; 0: a machine of its own */
};

/* clang-format off */
static const struct row rows[] = {
	{ "three machines", 3, { { 'A', 0, 1, 0, 9, 0 }, { 'A', 1, 2, 5, 8, 0 }, { 'A', 2, 3, 6, 7, 0 } },
	  3, 3, 0, 0, 3, { 0, 1, 2 }, 0, 9, { 0 } },
	{ "one daemon by two names: two sources, neither is moved; one group", 3,
	  { { 'A', 0, 7, 0, 9, 0 }, { 'A', 1, 2, 50, 60, 0 }, { 'A', 2, 7, 5, 12, 0 } },
	  3, 3, 0, 0, 2, { 0, 1, 2 }, 0, 9, { 0 } },
	{ "the same words but another time: two groups", 2,
	  { { 'A', 0, 7, 0, 9, 0 }, { 'A', 1, 7, 10, 12, 0 } }, 2, 2, 0, 0, 2, { 0, 1 }, 0, 9, { 0 } },
	{ "the same words but another root delay: two groups", 2,
	  { { 'A', 0, 7, 0, 9, 50 }, { 'A', 1, 7, 0, 9, 60 } }, 2, 2, 0, 0, 2, { 0, 1 }, 0, 9, { 0 } },
	{ "groups are chains of overlaps", 3,
	  { { 'A', 0, 7, 0, 9, 0 }, { 'A', 1, 7, 8, 20, 0 }, { 'A', 2, 7, 19, 30, 0 } }, 3, 3, 0, 0, 1, { 0, 1, 2 }, 0, 9, { 0 } },
	{ "no reference stamp: not comparable", 2,
	  { { 'A', 0, 0, 0, 9, 0 }, { 'A', 1, 0, 0, 9, 0 } }, 2, 2, 0, 0, 2, { 0, 1 }, 0, 9, { 0 } },
	{ "both families of a name that agree count once", 2,
	  { { 'A', 4, 1, 0, 9, 0 }, { 'A', 4, 2, 3, 20, 0 } }, 1, 1, 0, 0, 1, { 0, 0 }, 0, 20, { 0 } },
	{ "both families of a name that contradict each other: no interval, but counted", 3,
	  { { 'A', 4, 1, 0, 9, 0 }, { 'A', 4, 2, 10, 20, 0 }, { 'A', 5, 3, 1, 8, 0 } }, 1, 2, 0, 0, 2, { -1, -1, 0 }, 1, 8, { 0 } },
	{ "three answers of a slot need one point in common", 3,
	  { { 'A', 4, 1, 0, 9, 0 }, { 'A', 4, 2, 8, 15, 0 }, { 'A', 4, 3, 14, 20, 0 } }, 0, 1, 0, 0, 1, { -1, -1, -1 }, 0, 0, { 0 } },
	{ "a slot speaks for the daemon that is its first: no chains of daemons by slots", 3,
	  { { 'A', 0, 7, 0, 9, 0 }, { 'A', 1, 7, 5, 15, 0 }, { 'A', 1, 8, 14, 30, 0 } }, 2, 2, 0, 0, 1, { 0, 1, 1 }, 0, 9, { 0 } },
	{ "silence, refusals and all the rest count", 3, { { 'A', 0, 1, 0, 9, 0 }, { 'S', 1, 0, 0, 0, 0 }, { 'O', 2, 0, 0, 0, 0 } },
	  1, 3, 1, 0, 3, { 0, -1, -1 }, 0, 9, { 0 } },
	{ "a server in hold-off counts, and could be asked", 3, { { 'A', 0, 1, 0, 9, 0 }, { 'H', 1, 0, 0, 0, 0 }, { 'H', 0, 0, 0, 0, 0 } },
	  1, 2, 0, 1, 2, { 0, -1, 0 }, 0, 9, { 0 } },
	{ "a black-holed family costs nothing", 4,
	  { { 'A', 0, 1, 0, 9, 0 }, { 'O', 0, 0, 0, 0, 0 }, { 'O', 1, 0, 0, 0, 0 }, { 'A', 1, 2, 1, 8, 0 } },
	  2, 2, 0, 0, 2, { 0, 0, 1, 1 }, 0, 9, { 0 } },
	{ "two sources at one address that claim different daemons: one group", 2,
	  { { 'A', 0, 1, 0, 9, 0 }, { 'A', 1, 2, 5, 12, 0 } }, 2, 2, 0, 0, 1, { 0, 1 }, 0, 9, { 1, 1 } },
	{ "... with times apart: two", 2,
	  { { 'A', 0, 1, 0, 9, 0 }, { 'A', 1, 2, 10, 12, 0 } }, 2, 2, 0, 0, 2, { 0, 1 }, 0, 9, { 1, 1 } },
	{ "two sources at one address, and the same daemon at another: one group", 4,
	  { { 'A', 0, 7, 0, 9, 0 }, { 'A', 1, 7, 1, 8, 0 }, { 'A', 2, 7, 2, 9, 0 }, { 'A', 3, 3, 0, 9, 0 } },
	  4, 4, 0, 0, 2, { 0, 1, 2, 3 }, 0, 9, { 1, 1 } },
	{ "addresses and claims join groups in a chain", 5,
	  { { 'A', 0, 1, 0, 9, 0 }, { 'A', 1, 2, 1, 8, 0 }, { 'A', 2, 2, 2, 9, 0 }, { 'A', 3, 3, 0, 9, 0 }, { 'A', 4, 4, 0, 9, 0 } },
	  5, 5, 0, 0, 2, { 0, 1, 2, 3, 4 }, 0, 9, { 1, 1, 2, 2 } },
	{ "both ways of a slot silent are one silence", 2,
	  { { 'S', 3, 0, 0, 0, 0 }, { 'O', 3, 0, 0, 0, 0 } }, 0, 1, 1, 0, 1, { -1, -1 }, 0, 0, { 0 } },
};

/* The largest number of address pairs with which no minority of the SERVERs has half of them. */
static const struct cap_row {
	const char *name;
	size_t servers;
	unsigned addresses[SERVERS_MAX];
	size_t cap;
} caps[] = {
	{ "cap: nothing named", 0, { 0 }, 1 },
	{ "cap: one server has all its addresses", 1, { 4 }, 4 },
	{ "cap: two servers, too", 2, { 4, 1 }, 4 },
	{ "cap: three pool names: four each", 3, { 4, 4, 4 }, 4 },
	{ "cap: two servers and a pool name: one each", 3, { 1, 1, 4 }, 1 },
	{ "cap: the order does not matter", 3, { 4, 1, 1 }, 1 },
	{ "cap: 4, 2, 1: two, two and one", 3, { 4, 2, 1 }, 2 },
	{ "cap: 4, 4, 1: all", 3, { 4, 4, 1 }, 4 },
	{ "cap: 3, 3, 1: all", 3, { 3, 3, 1 }, 3 },
	{ "cap: four servers, one of them may lie", 4, { 4, 1, 1, 1 }, 2 },
	{ "cap: five servers, two of them may lie", 5, { 4, 4, 1, 1, 1 }, 1 },
	{ "cap: five, three of them pool names", 5, { 4, 4, 4, 1, 1 }, 1 },
	{ "cap: one address each", 5, { 1, 1, 1, 1, 1 }, 1 },
	{ "cap: a server that is named twice is no SERVER more", 3, { 4, 0, 1 }, 4 },
	{ "cap: --pool 32", 3, { 32, 32, 32 }, 32 },
};
/* clang-format on */

static void cap_row(void **state)
{
	const struct cap_row *row = *state;

	assert_int_equal(source_groups_pairs_max(row->addresses, row->servers), row->cap);
}

static struct candidate candidate_of(const struct row *row, size_t i)
{
	const char letter = row->candidates[i].state;
	const uint32_t daemon = row->candidates[i].daemon;

	return (struct candidate){
		.has_answered = letter == 'A',
		.is_outstanding = letter == 'O',
		.is_held = letter == 'H',
		.pair = row->candidates[i].pair,
		.asked = row->machine_of[i] > 0 ? MAX + row->machine_of[i] : i,
		.interval = { .lo_ns = row->candidates[i].lo,
		              .hi_ns = row->candidates[i].hi,
		              .offset_ns = row->candidates[i].lo },
		.stratum = 2,
		.refid = { 1, 2, 3, (uint8_t)daemon },
		.reference = { daemon, daemon },
		.root_delay_ns = row->candidates[i].root_ns / 10,
		.root_dispersion_ns = row->candidates[i].root_ns % 10,
	};
}

static void source_groups_row(void **state)
{
	const struct row *row = *state;
	struct candidate candidates[MAX] = { 0 };
	struct keyed scratch[2 * MAX];
	struct interval intervals[MAX];
	size_t interval_of[MAX], daemon_of[MAX];
	struct source_groups got;

	for (size_t i = 0; i < row->count; i++) {
		candidates[i] = candidate_of(row, i);
	}
	source_groups_form(candidates, row->count, scratch, intervals, interval_of,
	                   daemon_of, &got);
	assert_int_equal(got.interval_count, row->intervals);
	assert_int_equal(got.asked_count, row->asked);
	assert_int_equal(got.outstanding_count, row->outstanding);
	assert_int_equal(got.held_count, row->held);
	assert_int_equal(got.daemon_count, row->daemons);
	for (size_t i = 0; i < row->count; i++) {
		assert_int_equal(interval_of[i], row->interval_of[i] < 0
		                                         ? SIZE_MAX
		                                         : (size_t)row->interval_of[i]);
	}
	if (row->intervals > 0) {
		assert_int_equal(intervals[0].lo_ns, row->lo0);
		assert_int_equal(intervals[0].hi_ns, row->hi0);
	}
}

/* Two candidates with the same words, but for ... */
static const struct pair_row {
	const char *name;
	int64_t dispersion_ns; /* more in the second */
	int64_t apart_ns;      /* heard */
	bool has_no_reference;
	bool is_one_asked;
	size_t daemons;
} pairs[] = {
	{ "dispersion: a unit of the packet more is the same daemon", 15259, 0, false,
	  false, 1 },
	{ "dispersion: a unit less, too", -15259, 0, false, false, 1 },
	{ "dispersion: 1 ms more at the same moment is another", 1000000, 0, false, false,
	  2 },
	{ "dispersion: 1 ms less, too", -1000000, 0, false, false, 2 },
	{ "dispersion: what the kernel adds in 10 s", 5000000, 10 * NS_PER_S, false, false,
	  1 },
	{ "dispersion: ... if the other was heard first", -5000000, -10 * NS_PER_S, false,
	  false, 1 },
	{ "dispersion: more than that", 5200000, 10 * NS_PER_S, false, false, 2 },
	{ "no reference stamp, and one address: one machine", 0, 0, true, true, 1 },
	{ "no reference stamp, and two addresses", 0, 0, true, false, 2 },
};

static void pair_row(void **state)
{
	const struct pair_row *row = *state;
	struct candidate candidates[2];
	struct keyed scratch[4];
	struct interval intervals[2];
	size_t interval_of[2], daemon_of[2];
	struct source_groups got;

	for (size_t i = 0; i < 2; i++) {
		candidates[i] = (struct candidate){
			.has_answered = true,
			.pair = i,
			.asked = row->is_one_asked ? 0 : i,
			.interval = { .lo_ns = -9, .hi_ns = 9 },
			.stratum = 2,
			.reference = { row->has_no_reference ? 0 : 7, 0 },
			.root_dispersion_ns = 20 * NS_PER_MS,
			.heard_mono_ns = 100 * NS_PER_S,
		};
	}
	candidates[1].root_dispersion_ns += row->dispersion_ns;
	candidates[1].heard_mono_ns += row->apart_ns;
	source_groups_form(candidates, 2, scratch, intervals, interval_of, daemon_of, &got);
	assert_int_equal(got.daemon_count, row->daemons);
}

/* Result of a count: by address pairs, and by daemons. */
static enum select_verdict verdict_of(const struct candidate *candidates, size_t count,
                                      struct selection *ret)
{
	struct select_rule rule = { 0, SELECT_LIARS_DEFAULT, 0 };
	enum interval_status status_of[MAX];
	struct keyed scratch[2 * MAX];
	size_t interval_of[MAX], daemon_of[MAX];
	struct source_groups source_groups;
	struct interval intervals[MAX];
	struct daemons daemons;

	source_groups_form(candidates, count, scratch, intervals, interval_of, daemon_of,
	                   &source_groups);
	rule.asked_count = source_groups.asked_count;
	select_majority(intervals, source_groups.interval_count, &rule, scratch, ret,
	                status_of);
	if (ret->verdict == SELECT_OK) {
		daemons = source_groups_daemons(&source_groups, daemon_of, status_of,
		                                scratch);
		if (!source_groups_confirm(&source_groups, &daemons, &rule)) {
			return SELECT_ONE_DAEMON;
		}
	}
	return ret->verdict;
}

static const struct row dispute[] = {
	{ .count = 3,
	  .candidates = { { 'A', 0, 7, 0, 9, 0 },
	                  { 'A', 1, 7, 0, 9, 0 },
	                  { 'A', 2, 2, 50, 60, 0 } } },
	{ .count = 3,
	  .candidates = { { 'A', 0, 7, 0, 9, 0 },
	                  { 'A', 1, 7, 0, 9, 0 },
	                  { 'S', 2, 0, 0, 0, 0 } } },
	{ .count = 2, .candidates = { { 'A', 0, 7, 0, 9, 0 }, { 'A', 1, 7, 0, 9, 0 } } },
	/* Two liars of five copy what two honest ones say. */
	{ .count = 5,
	  .candidates = { { 'A', 0, 1, 0, 9, 0 },
	                  { 'A', 1, 2, 0, 9, 0 },
	                  { 'A', 2, 3, 0, 9, 0 },
	                  { 'A', 3, 1, -90, 90, 0 },
	                  { 'A', 4, 2, -90, 90, 0 } } },
	/* A falseticker with two addresses copies the claims of two right servers. */
	{ .count = 6,
	  .candidates = { { 'A', 0, 1, 0, 9, 0 },
	                  { 'A', 1, 2, 0, 9, 0 },
	                  { 'A', 2, 3, 0, 9, 0 },
	                  { 'A', 3, 1, 0, 9, 0 },
	                  { 'A', 3, 2, 0, 9, 0 },
	                  { 'A', 4, 9, 70, 80, 0 } } },
};

static void sameness_refuses_and_does_no_more(void **state)
{
	static const enum select_verdict want[] = { SELECT_ONE_DAEMON, SELECT_OK, SELECT_OK,
		                                    SELECT_OK, SELECT_OK };
	struct candidate candidates[MAX];
	struct selection got;

	(void)state;
	for (size_t k = 0; k < COUNT_OF(dispute); k++) {
		for (size_t i = 0; i < dispute[k].count; i++) {
			candidates[i] = candidate_of(&dispute[k], i);
		}
		assert_int_equal(verdict_of(candidates, dispute[k].count, &got), want[k]);
		if (want[k] == SELECT_OK) {
			assert_int_equal(got.lo_ns, 0);
			assert_int_equal(got.hi_ns, 9);
			assert_true(got.bound_ns <= 9);
		}
	}
}

/* --- a search for liars that move the answer */

enum { SEARCHED = 200000, GRID = 12 };

static uint64_t next_random(uint64_t *state)
{
	/* splitmix64: the published constants. */
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static int64_t between(uint64_t *state, int64_t lo, int64_t hi)
{
	return lo + (int64_t)(next_random(state) % (uint64_t)(hi - lo + 1));
}

/* The truth is 0.  An honest interval holds it, on a grid, so that ends meet. */
static struct candidate honest_one(uint64_t *state, size_t pair)
{
	int64_t size = between(state, 0, 3) == 0 ? 100 * GRID : GRID;
	int64_t lo = -between(state, 0, size), hi = between(state, 0, size);

	return (struct candidate){ .has_answered = true,
		                   .pair = pair,
		                   .asked = pair,
		                   .interval = { .lo_ns = lo,
		                                 .hi_ns = hi,
		                                 .offset_ns = between(state, lo, hi) },
		                   .stratum = 2,
		                   .reference = { (uint32_t)pair + 1, 1 } };
}

/* Ends at, or right beside, those of others or anywhere; any offset inside; any spread that it can
 * measure up to; the words of an honest one, or its own. */
static struct candidate lying_one(uint64_t *state, const struct candidate *honest,
                                  size_t honest_count, size_t pair)
{
	struct candidate liar = honest_one(state, pair);
	int64_t ends[2];

	for (size_t k = 0; k < COUNT_OF(ends); k++) {
		const struct interval *v =
			&honest[next_random(state) % honest_count].interval;

		ends[k] = next_random(state) % 4 == 0
		                  ? between(state, -1000 * GRID, 1000 * GRID)
		                  : between(state, -1, 1) +
		                            (next_random(state) % 2 ? v->lo_ns : v->hi_ns);
	}
	liar.interval.lo_ns = ends[0] < ends[1] ? ends[0] : ends[1];
	liar.interval.hi_ns = ends[0] < ends[1] ? ends[1] : ends[0];
	liar.interval.offset_ns =
		next_random(state) % 2
			? (next_random(state) % 2 ? liar.interval.lo_ns
	                                          : liar.interval.hi_ns)
			: between(state, liar.interval.lo_ns, liar.interval.hi_ns);
	if (next_random(state) % 2) {
		liar.reference = honest[next_random(state) % honest_count].reference;
		liar.root_dispersion_ns = between(state, 0, 300000);
	}
	return liar;
}

/* Up to nine sources, fewer than half of them wrong.  In every second round all answer: then
 * there is an answer.  Each answer holds the truth, and its bound is no more than twice that of the
 * widest honest one. */
static void no_minority_widens_or_vetoes(void **test_state)
{
	uint64_t state = 20261129;

	(void)test_state;
	for (size_t round = 0; round < SEARCHED; round++) {
		const size_t count = (size_t)between(&state, 1, MAX);
		const size_t liars = (size_t)between(&state, 0, (int64_t)(count - 1) / 2);
		struct candidate candidates[MAX];
		struct selection got;
		int64_t widest = 0;
		size_t answers = 0;

		for (size_t i = 0; i < count - liars; i++) {
			const struct interval *v = &candidates[i].interval;

			candidates[i] = honest_one(&state, i);
			widest =
				v->hi_ns - v->lo_ns > widest ? v->hi_ns - v->lo_ns : widest;
		}
		for (size_t i = count - liars; i < count; i++) {
			candidates[i] = lying_one(&state, candidates, count - liars, i);
		}
		for (size_t i = 0; round % 2 == 1 && i < count; i++) {
			candidates[i].has_answered = between(&state, 0, 3) > 0;
			answers += candidates[i].has_answered;
		}
		answers = round % 2 == 0 ? count : answers;
		if (verdict_of(candidates, count, &got) != SELECT_OK) {
			if (answers == count) {
				fail_msg("round %zu: %zu falsetickers of %zu veto", round,
				         liars, count);
			}
			continue;
		}
		/* With fewer answers nothing is promised of the width. */
		widest = answers > (count - 1) / 2 * 2 ? widest : INT64_MAX;
		/* Twice the bound of the widest is its width. */
		if (got.lo_ns > 0 || got.hi_ns < 0 || got.bound_ns > widest ||
		    got.offset_ns > got.bound_ns || -got.offset_ns > got.bound_ns) {
			fail_msg("round %zu: %zu falsetickers of %zu: %lld +- %lld, widest "
			         "%lld",
			         round, liars, count, (long long)got.offset_ns,
			         (long long)got.bound_ns, (long long)widest / 2);
		}
	}
}

int main(void)
{
	static struct CMUnitTest
		tests[COUNT_OF(rows) + COUNT_OF(pairs) + COUNT_OF(caps) + 2];
	size_t n = 0;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		tests[n++] = (struct CMUnitTest){ .name = rows[i].name,
			                          .test_func = source_groups_row,
			                          .initial_state = (void *)&rows[i] };
	}
	for (size_t i = 0; i < COUNT_OF(pairs); i++) {
		tests[n++] = (struct CMUnitTest){ .name = pairs[i].name,
			                          .test_func = pair_row,
			                          .initial_state = (void *)&pairs[i] };
	}
	for (size_t i = 0; i < COUNT_OF(caps); i++) {
		tests[n++] = (struct CMUnitTest){ .name = caps[i].name,
			                          .test_func = cap_row,
			                          .initial_state = (void *)&caps[i] };
	}
	tests[n++] = (struct CMUnitTest){ .name = "sameness refuses, and does no more",
		                          .test_func = sameness_refuses_and_does_no_more };
	tests[n++] =
		(struct CMUnitTest){ .name = "no minority widens an answer or vetoes it",
		                     .test_func = no_minority_widens_or_vetoes };
	return cmocka_run_group_tests_name("source_groups", tests, NULL, NULL);
}
