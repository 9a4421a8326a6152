/* SPDX-License-Identifier: MIT
 *
 * Each letter of a scene is an elector.  Who is one vote with whom, and who counts.
 */
#include "core/select/electorate.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { MAX = 6 };

struct row {
	const char *name;
	size_t count;
	struct {
		char state; /* A answered, S silent, O silent but outstanding, - abstained */
		size_t slot;
		uint32_t daemon; /* reference stamp and reference id; 0: not comparable */
		int64_t lo, hi;
	} electors[MAX];
	size_t votes, asked, outstanding;
	int vote_of[MAX]; /* -1: none */
	int64_t lo0, hi0; /* of vote 0 */
};

/* clang-format off */
static const struct row rows[] = {
	{ "three machines", 3, { { 'A', 0, 1, 0, 9 }, { 'A', 1, 2, 5, 8 }, { 'A', 2, 3, 6, 7 } },
	  3, 3, 0, { 0, 1, 2 }, 0, 9 },
	{ "one daemon by two names is one vote, the hull of both", 3,
	  { { 'A', 0, 7, 0, 9 }, { 'A', 1, 2, 50, 60 }, { 'A', 2, 7, 5, 12 } },
	  2, 2, 0, { 0, 1, 0 }, 0, 12 },
	{ "a liar with an honest server's words but another time stays apart", 2,
	  { { 'A', 0, 7, 0, 9 }, { 'A', 1, 7, 10, 12 } }, 2, 2, 0, { 0, 1 }, 0, 9 },
	{ "no reference stamp: not comparable", 2,
	  { { 'A', 0, 0, 0, 9 }, { 'A', 1, 0, 0, 9 } }, 2, 2, 0, { 0, 1 }, 0, 9 },
	{ "both families of a name that agree are one vote", 2,
	  { { 'A', 4, 1, 0, 9 }, { 'A', 4, 2, 3, 20 } }, 1, 1, 0, { 0, 0 }, 0, 20 },
	{ "both families of a name that disagree are two", 2,
	  { { 'A', 4, 1, 0, 9 }, { 'A', 4, 2, 10, 20 } }, 2, 2, 0, { 0, 1 }, 0, 9 },
	{ "chains join: a-b by daemon, b-c by slot", 3,
	  { { 'A', 0, 7, 0, 9 }, { 'A', 1, 7, 5, 15 }, { 'A', 1, 8, 14, 30 } }, 1, 1, 0, { 0, 0, 0 }, 0, 30 },
	{ "silence counts as asked", 3, { { 'A', 0, 1, 0, 9 }, { 'S', 1, 0, 0, 0 }, { 'O', 2, 0, 0, 0 } },
	  1, 3, 1, { 0, -1, -1 }, 0, 9 },
	{ "an abstention does not", 3, { { 'A', 0, 1, 0, 9 }, { '-', 1, 0, 0, 0 }, { 'S', 2, 0, 0, 0 } },
	  1, 2, 0, { 0, -1, -1 }, 0, 9 },
	{ "a black-holed family costs nothing", 4,
	  { { 'A', 0, 1, 0, 9 }, { 'O', 0, 0, 0, 0 }, { 'O', 1, 0, 0, 0 }, { 'A', 1, 2, 1, 8 } },
	  2, 2, 0, { 0, -1, -1, 1 }, 0, 9 },
	{ "both ways of a slot silent are one silence", 2,
	  { { 'S', 3, 0, 0, 0 }, { 'O', 3, 0, 0, 0 } }, 0, 1, 1, { -1, -1 }, 0, 0 },
	{ "one way abstains, the other is silent", 2,
	  { { '-', 3, 0, 0, 0 }, { 'O', 3, 0, 0, 0 } }, 0, 0, 0, { -1, -1 }, 0, 0 },
};
/* clang-format on */

static void electorate_row(void **state)
{
	const struct row *row = *state;
	struct elector electors[MAX] = { 0 };
	struct keyed scratch[2 * MAX];
	struct vote votes[MAX];
	size_t vote_of[MAX];
	struct electorate got;

	for (size_t i = 0; i < row->count; i++) {
		char letter = row->electors[i].state;

		electors[i] = (struct elector){
			.state = letter == 'A'   ? ELECTOR_ANSWERED
			         : letter == '-' ? ELECTOR_ABSTAINED
			                         : ELECTOR_SILENT,
			.is_outstanding = letter == 'O',
			.slot = row->electors[i].slot,
			.vote = { row->electors[i].lo, row->electors[i].hi,
			          row->electors[i].lo },
			.stratum = 2,
			.refid = { 1, 2, 3, (uint8_t)row->electors[i].daemon },
			.reference = { row->electors[i].daemon, row->electors[i].daemon },
		};
	}
	electorate_form(electors, row->count, scratch, votes, vote_of, &got);
	assert_int_equal(got.vote_count, row->votes);
	assert_int_equal(got.asked_count, row->asked);
	assert_int_equal(got.outstanding_count, row->outstanding);
	for (size_t i = 0; i < row->count; i++) {
		assert_int_equal(vote_of[i],
		                 row->vote_of[i] < 0 ? SIZE_MAX : (size_t)row->vote_of[i]);
	}
	if (row->votes > 0) {
		assert_int_equal(votes[0].lo_ns, row->lo0);
		assert_int_equal(votes[0].hi_ns, row->hi0);
	}
}

int main(void)
{
	static struct CMUnitTest tests[COUNT_OF(rows)];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		tests[i] = (struct CMUnitTest){ .name = rows[i].name,
			                        .test_func = electorate_row,
			                        .initial_state = (void *)&rows[i] };
	}
	return cmocka_run_group_tests_name("electorate", tests, NULL, NULL);
}
