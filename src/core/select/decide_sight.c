/* SPDX-License-Identifier: MIT
 *
 * Finds the stored sights that confirm this run.
 */
#include "core/select/decide_private.h"

bool decide_is_old_enough(const struct look *look, size_t i)
{
	return ns_sub(look->point.boot_ns, look->anchor->sights[i].point.boot_ns) >=
	       ANCHOR_CONFIRM_NS;
}

size_t decide_find_sight(const struct look *look, uint64_t servers)
{
	const struct anchor *anchor = look->anchor;
	size_t i = 0;

	while (i < anchor->sight_count &&
	       (anchor->sights[i].server_count < servers ||
	        !anchor_agrees(&anchor->sights[i].point, &look->point,
	                       decide_drift_ppm(look)))) {
		i++;
	}
	return i;
}

bool decide_is_seen_before(const struct look *look, uint64_t servers)
{
	const size_t i = decide_find_sight(look, servers);

	return i < look->anchor->sight_count && decide_is_old_enough(look, i);
}

/* Jump of a sight, from the same origin as this run's. */
static int64_t jump_of(const struct look *look, const struct anchor_sight *sight)
{
	return ns_add(look->jump_ns, ns_sub(sight->point.booted_ns, look->point.booted_ns));
}

static bool is_between(int64_t jump_ns, int64_t further_ns)
{
	return jump_ns < 0 ? further_ns < jump_ns : jump_ns > 0 && jump_ns < further_ns;
}

size_t decide_find_first_of_three(const struct look *look)
{
	const struct anchor *anchor = look->anchor;

	for (size_t b = (size_t)anchor->sight_count; b > 1; b--) {
		const struct anchor_sight *second = &anchor->sights[b - 1];

		if (!decide_is_old_enough(look, b - 1) ||
		    !is_between(jump_of(look, second), look->jump_ns)) {
			continue;
		}
		for (size_t a = b - 1; a > 0; a--) {
			const struct anchor_sight *first = &anchor->sights[a - 1];

			if (ns_sub(second->point.boot_ns, first->point.boot_ns) >=
			            ANCHOR_CONFIRM_NS &&
			    is_between(jump_of(look, first), jump_of(look, second))) {
				return a - 1;
			}
		}
	}
	return (size_t)anchor->sight_count;
}

size_t decide_find_second_sight(const struct look *look)
{
	const struct anchor *anchor = look->anchor;
	const size_t first = decide_find_sight(look, 0);
	size_t i = first;

	while (i < anchor->sight_count &&
	       (ns_sub(anchor->sights[i].point.boot_ns,
	               anchor->sights[first].point.boot_ns) < ANCHOR_CONFIRM_NS ||
	        !anchor_agrees(&anchor->sights[i].point, &look->point,
	                       decide_drift_ppm(look)))) {
		i++;
	}
	return i;
}
