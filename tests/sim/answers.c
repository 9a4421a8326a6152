/* SPDX-License-Identifier: MIT
 *
 * Combines the intervals of a run into its answer.
 */
#include "answers.h"

#include "core/select/select.h"

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* How many address pairs the `count` SERVERs with the most of them have. */
static size_t pairs_of_largest(const struct server_list *list, size_t cap, size_t count)
{
	size_t sum = 0;

	/* As many of them as have at least `k` addresses, for each k: no sorting. */
	for (size_t k = 1; k <= cap; k++) {
		size_t have = 0;

		for (size_t i = 0; i < list->server_count; i++) {
			have += list->address_count[i] >= k;
		}
		sum += smaller(have, count);
	}
	return sum;
}

size_t server_list_cap(const struct server_list *list)
{
	const size_t minority = (list->server_count - 1) / 2;
	size_t cap = ANSWERS_ADDRESSES;

	while (cap > 1 && 2 * pairs_of_largest(list, cap, minority) >=
	                          pairs_of_largest(list, cap, list->server_count)) {
		cap--;
	}
	return cap;
}

size_t server_list_pairs(const struct server_list *list, size_t server)
{
	return smaller(list->address_count[server], server_list_cap(list));
}

/* Those of `intervals` that agree, and of how many SERVERs they are. */
static void count_agreeing(const enum interval_status *status_of, const size_t *server_of,
                           size_t count, struct answer *ret)
{
	size_t last = ANSWERS_SERVERS;

	for (size_t i = 0; i < count; i++) {
		if (status_of[i] == INTERVAL_FALSETICKER) {
			continue;
		}
		ret->agreeing_count++;
		if (server_of[i] != last) {
			ret->agreeing_server_count++;
			last = server_of[i];
		}
	}
}

void answer_make(const struct server_list *list,
                 const struct said said[ANSWERS_SERVERS][ANSWERS_ADDRESSES],
                 struct answer *ret)
{
	enum interval_status status_of[ANSWERS_SLOTS];
	struct keyed scratch[2 * ANSWERS_SLOTS];
	struct interval intervals[ANSWERS_SLOTS] = { 0 };
	size_t server_of[ANSWERS_SLOTS];
	struct select_rule rule = { .liars = SELECT_LIARS_DEFAULT };
	struct selection selection;
	size_t count = 0;

	*ret = (struct answer){ .status = RUN_NO_ANSWER };
	for (size_t i = 0; i < list->server_count; i++) {
		const size_t pairs = server_list_pairs(list, i);

		ret->asked_count += pairs;
		for (size_t k = 0; k < pairs; k++) {
			const struct said *s = &said[i][k];

			if (!s->is_silent) {
				server_of[count] = i;
				intervals[count++] = (struct interval){
					.lo_ns = s->offset_ns - s->bound_ns,
					.hi_ns = s->offset_ns + s->bound_ns,
					.offset_ns = s->offset_ns
				};
			}
		}
	}
	rule.asked_count = ret->asked_count;
	select_majority(intervals, count, &rule, scratch, &selection, status_of);
	if (selection.verdict != SELECT_OK) {
		ret->status = count > 0 ? RUN_NO_MAJORITY : RUN_NO_ANSWER;
		return;
	}
	ret->status = RUN_OK;
	ret->offset_ns = selection.offset_ns;
	ret->bound_ns = selection.bound_ns;
	count_agreeing(status_of, server_of, count, ret);
}
