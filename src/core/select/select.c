/* SPDX-License-Identifier: MIT
 *
 * The intersection of intervals, and the mean of those that agree.
 */
#include "core/select/select.h"

#include <math.h>

#include "core/base/ntp_time.h"

/* A source with this many times the spread of the (f + 1)th smallest adds only noise to
 * the mean; at least one right source has no larger spread than that. */
enum { SELECT_BLUNT = 8 };

/* At the same point rises come first, so intervals that touch overlap. */
enum edge {
	EDGE_RISE,
	EDGE_FALL,
};

/* The edges of all intervals, sorted. */
static size_t edges_of(const struct interval *intervals, size_t count, struct keyed *ret)
{
	for (size_t i = 0; i < count; i++) {
		ret[2 * i] = (struct keyed){ .key = intervals[i].lo_ns,
			                     .tie = EDGE_RISE,
			                     .at = i };
		ret[2 * i + 1] = (struct keyed){ .key = intervals[i].hi_ns,
			                         .tie = EDGE_FALL,
			                         .at = i };
	}
	keyed_sort(ret, 2 * count);
	return 2 * count;
}

/* The largest number of intervals that overlap, and their first intersection. */
static size_t deepest(const struct keyed *edges, size_t edge_count, int64_t *ret_lo_ns,
                      int64_t *ret_hi_ns)
{
	size_t depth = 0, most = 0;

	for (size_t i = 0; i < edge_count; i++) {
		if (edges[i].tie == EDGE_FALL) {
			depth--;
		} else if (++depth > most) {
			most = depth;
			*ret_lo_ns = edges[i].key;
			/* The next edge after the deepest rise is a fall. */
			*ret_hi_ns = edges[i + 1].key;
		}
	}
	return most;
}

/* The hull of all points where at least `depth_min` intervals overlap. */
static void hull(const struct keyed *edges, size_t edge_count, size_t depth_min,
                 int64_t *ret_lo_ns, int64_t *ret_hi_ns)
{
	size_t depth = 0;
	bool is_open = false;

	for (size_t i = 0; i < edge_count; i++) {
		if (edges[i].tie == EDGE_RISE) {
			if (++depth == depth_min && !is_open) {
				*ret_lo_ns = edges[i].key;
				is_open = true;
			}
		} else if (depth-- == depth_min) {
			*ret_hi_ns = edges[i].key;
		}
	}
}

static int64_t width_ns(const struct interval *interval)
{
	return interval->hi_ns - interval->lo_ns;
}

int64_t interval_spread_ns(const struct interval *interval)
{
	return ns_max(interval->spread_ns, width_ns(interval) / 2);
}

size_t select_liars_max(const struct select_rule *rule)
{
	if (rule->liars != SELECT_LIARS_DEFAULT) {
		return rule->liars;
	}
	return rule->asked_count > 0 ? (rule->asked_count - 1) / 2 : 0;
}

bool select_can_be_met(const struct select_rule *rule)
{
	return rule->liars == SELECT_LIARS_DEFAULT ||
	       (rule->asked_count > 0 && rule->liars <= (rule->asked_count - 1) / 2);
}

/* Sets the status of each interval; returns the number of those that overlap the answer. */
static size_t classify(const struct interval *intervals, size_t count, int64_t lo_ns,
                       int64_t hi_ns, enum interval_status *status_of)
{
	size_t agreeing = 0;

	for (size_t i = 0; i < count; i++) {
		bool is_apart = intervals[i].lo_ns > hi_ns || intervals[i].hi_ns < lo_ns;

		status_of[i] = is_apart ? INTERVAL_FALSETICKER : INTERVAL_AGREEING;
		agreeing += !is_apart;
	}
	return agreeing;
}

/* The measure at `place` in ascending order (from 0), among the intervals that agree. */
static int64_t nth_ns(const struct interval *intervals, size_t count,
                      const enum interval_status *status_of,
                      int64_t (*measure)(const struct interval *), size_t place,
                      struct keyed *scratch)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		if (status_of[i] != INTERVAL_FALSETICKER) {
			scratch[n++] =
				(struct keyed){ .key = measure(&intervals[i]), .at = i };
		}
	}
	keyed_sort(scratch, n);
	return scratch[place].key;
}

/* The mean weighted by 1 / spread, in doubles from `lo_ns`, which are exact below 2^53
 * ns. */
static int64_t mean_ns(const struct interval *intervals, size_t count, int64_t lo_ns,
                       int64_t sharp_ns, enum interval_status *status_of)
{
	double sum = 0, weights = 0;

	for (size_t i = 0; i < count; i++) {
		int64_t spread_ns = interval_spread_ns(&intervals[i]);
		double weight = 1.0 / ((double)spread_ns + 1.0);

		if (status_of[i] == INTERVAL_AGREEING &&
		    spread_ns / SELECT_BLUNT <= sharp_ns) {
			status_of[i] = INTERVAL_SELECTED;
			sum += weight * (double)(intervals[i].offset_ns - lo_ns);
			weights += weight;
		}
	}
	return lo_ns + llround(sum / weights);
}

/* Limit of the bound.  With more than 2 * f answers a right source reaches each end of
 * the interval, and its width is a measure.  With fewer, falsetickers can widen the
 * interval at will, and a limit would only pull the mean away from the narrow sources to
 * the middle. */
static int64_t bound_max_ns(const struct interval *intervals, size_t count, size_t agreeing,
                            size_t liars_max, const enum interval_status *status_of,
                            int64_t hull_ns, struct keyed *scratch)
{
	if (count <= 2 * liars_max) {
		return hull_ns;
	}
	return ns_max(hull_ns / 2 + hull_ns % 2,
	              nth_ns(intervals, count, status_of, width_ns,
	                     agreeing - 1 - liars_max, scratch));
}

/* The mean, clamped so near to the middle of the interval that the bound keeps its
 * limit. */
static void combine(const struct interval *intervals, size_t count, size_t liars_max,
                    int64_t lo_ns, int64_t hi_ns, struct keyed *scratch,
                    struct selection *ret, enum interval_status *status_of)
{
	const size_t agreeing = classify(intervals, count, lo_ns, hi_ns, status_of);
	const int64_t sharp_ns =
		nth_ns(intervals, count, status_of, interval_spread_ns, liars_max, scratch);
	const int64_t most_ns = bound_max_ns(intervals, count, agreeing, liars_max,
	                                     status_of, hi_ns - lo_ns, scratch);
	int64_t offset_ns = mean_ns(intervals, count, lo_ns, sharp_ns, status_of);

	if (most_ns < hi_ns - lo_ns) {
		lo_ns = hi_ns - most_ns;
		hi_ns = ret->lo_ns + most_ns;
	}
	offset_ns = ns_clamp(offset_ns, lo_ns, hi_ns);
	ret->agreeing_count = agreeing;
	ret->offset_ns = offset_ns;
	ret->bound_ns = ns_max(ret->hi_ns - offset_ns, offset_ns - ret->lo_ns);
}

void select_majority(const struct interval *intervals, size_t count,
                     const struct select_rule *rule, struct keyed *scratch,
                     struct selection *ret, enum interval_status *ret_status_of)
{
	size_t liars_max = select_liars_max(rule);
	size_t honest_min = count > liars_max ? count - liars_max : 1;
	size_t edge_count;
	int64_t lo_ns = 0, hi_ns = 0;

	*ret = (struct selection){ .verdict = SELECT_NO_ANSWER };
	ret->needed_count = honest_min > liars_max ? honest_min : liars_max + 1;
	if (rule->min_agreeing > ret->needed_count) {
		ret->needed_count = rule->min_agreeing;
	}
	if (count == 0) {
		return;
	}
	edge_count = edges_of(intervals, count, scratch);
	ret->deepest_count = deepest(scratch, edge_count, &lo_ns, &hi_ns);
	if (ret->deepest_count < ret->needed_count || !select_can_be_met(rule)) {
		ret->verdict = !select_can_be_met(rule)      ? SELECT_LIARS_TOO_MANY
		               : ret->deepest_count == count ? SELECT_TOO_FEW
		                                             : SELECT_NO_MAJORITY;
		ret->agreeing_count = ret->deepest_count;
		for (size_t i = 0; i < count; i++) {
			ret_status_of[i] = INTERVAL_FALSETICKER;
		}
		return;
	}
	hull(scratch, edge_count, honest_min, &ret->lo_ns, &ret->hi_ns);
	ret->verdict = SELECT_OK;
	combine(intervals, count, liars_max, ret->lo_ns, ret->hi_ns, scratch, ret,
	        ret_status_of);
}

int64_t select_miss_ns(const struct interval *interval, const struct selection *selection)
{
	if (interval->lo_ns > selection->hi_ns) {
		return ns_sub(interval->lo_ns, selection->hi_ns);
	}
	return interval->hi_ns < selection->lo_ns
	               ? ns_sub(interval->hi_ns, selection->lo_ns)
	               : 0;
}

size_t select_cliques(const struct interval *intervals, size_t count, struct keyed *scratch,
                      struct clique *ret, size_t size)
{
	size_t cliques = 0, edge_count = edges_of(intervals, count, scratch);

	while (cliques < size && edge_count > 0) {
		int64_t lo_ns = 0, hi_ns = 0;
		size_t left = 0;

		ret[cliques].count = deepest(scratch, edge_count, &lo_ns, &hi_ns);
		ret[cliques].offset_ns = lo_ns + (hi_ns - lo_ns) / 2;
		cliques++;
		/* Removes the intervals with that point; keeps the order. */
		for (size_t i = 0; i < edge_count; i++) {
			const struct interval *interval = &intervals[scratch[i].at];

			if (interval->lo_ns > lo_ns || interval->hi_ns < lo_ns) {
				scratch[left++] = scratch[i];
			}
		}
		edge_count = left;
	}
	return cliques;
}
