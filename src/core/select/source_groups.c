/* SPDX-License-Identifier: MIT
 *
 * Address pairs of SERVERs, their intervals, and groups of intervals that claim to be one
 * daemon.
 */
#include "core/select/source_groups.h"

#include <string.h>

enum { DISPERSION_GROWS_BY_1_IN = 2000, DISPERSION_SLACK_NS = 100000 };

/* Address pairs of the `most` SERVERs with the most of them, each limited to `cap`. */
static size_t largest(const size_t *histogram, size_t cap, size_t most)
{
	size_t sum = 0;

	for (size_t m = SOURCE_GROUPS_ADDRESSES_MAX; m > 0 && most > 0; m--) {
		size_t taken = histogram[m] < most ? histogram[m] : most;

		sum += taken * (m < cap ? m : cap);
		most -= taken;
	}
	return sum;
}

size_t source_groups_pairs_max(const unsigned *address_counts, size_t server_count)
{
	size_t histogram[SOURCE_GROUPS_ADDRESSES_MAX + 1] = { 0 };
	size_t servers = 0, cap = SOURCE_GROUPS_ADDRESSES_MAX;

	for (size_t i = 0; i < server_count; i++) {
		unsigned m = address_counts[i];

		histogram[m < SOURCE_GROUPS_ADDRESSES_MAX ? m
		                                          : SOURCE_GROUPS_ADDRESSES_MAX]++;
		servers += m > 0;
	}
	while (cap > 1 && histogram[cap] == 0) {
		cap--;
	}
	while (cap > 1 && 2 * largest(histogram, cap, (servers - 1) / 2) >=
	                          largest(histogram, cap, servers)) {
		cap--;
	}
	return cap;
}

static void widen(struct interval *hull, const struct interval *by)
{
	/* The one with the smaller spread has the better offset. */
	if (interval_spread_ns(by) < interval_spread_ns(hull)) {
		hull->offset_ns = by->offset_ns;
		hull->spread_ns = by->spread_ns;
	}
	hull->lo_ns = ns_min(hull->lo_ns, by->lo_ns);
	hull->hi_ns = ns_max(hull->hi_ns, by->hi_ns);
}

/* The interval of one address pair, whose candidates are `ways`; false if it has none.
 * `*ret_first` is the first candidate that has answered, or SIZE_MAX. */
static bool interval_of_pair(const struct candidate *candidates, const struct keyed *ways,
                             size_t count, struct interval *ret, size_t *ret_first)
{
	int64_t lo_ns = INT64_MIN, hi_ns = INT64_MAX;

	*ret_first = SIZE_MAX;
	for (size_t k = 0; k < count; k++) {
		const struct candidate *e = &candidates[ways[k].at];

		if (!e->has_answered) {
			continue;
		}
		if (*ret_first == SIZE_MAX) {
			*ret_first = ways[k].at;
			*ret = e->interval;
		} else {
			widen(ret, &e->interval);
		}
		lo_ns = ns_max(lo_ns, e->interval.lo_ns);
		hi_ns = ns_min(hi_ns, e->interval.hi_ns);
	}
	return *ret_first != SIZE_MAX && lo_ns <= hi_ns;
}

/* Counts one address pair.  `ret_first_of` gets the candidate that stands for its
 * interval. */
static void take_pair(const struct candidate *candidates, const struct keyed *ways,
                      size_t count, struct interval *ret_intervals, size_t *ret_interval_of,
                      size_t *ret_first_of, struct source_groups *ret)
{
	const size_t interval = ret->interval_count;
	bool has_interval, is_outstanding = false, is_held = false;
	size_t first;

	has_interval =
		interval_of_pair(candidates, ways, count, &ret_intervals[interval], &first);
	for (size_t k = 0; k < count; k++) {
		const struct candidate *e = &candidates[ways[k].at];

		ret_interval_of[ways[k].at] = has_interval ? interval : SIZE_MAX;
		is_outstanding = is_outstanding || e->is_outstanding;
		is_held = is_held || e->is_held;
	}
	if (has_interval) {
		ret_first_of[ret->interval_count++] = first;
	} else if (first == SIZE_MAX) {
		/* Further answers only narrow intervals, so those that contradict each
		 * other never come to agree. */
		ret->outstanding_count += is_outstanding;
		ret->held_count += is_held && !is_outstanding;
	}
	ret->asked_count++;
}

static void leave_out(const struct keyed *ways, size_t count, size_t *ret_interval_of)
{
	for (size_t k = 0; k < count; k++) {
		ret_interval_of[ways[k].at] = SIZE_MAX;
	}
}

/* The root dispersion of one daemon grows between two answers by at most 500 ppm, the
 * rate of the kernel's error; the slack is for rounding and for its transmit error. */
static bool is_same_dispersion(const struct candidate *a, const struct candidate *b)
{
	const int64_t apart_ns = ns_abs(ns_add(a->heard_mono_ns, -b->heard_mono_ns));

	return ns_abs(ns_add(a->root_dispersion_ns, -b->root_dispersion_ns)) <=
	       apart_ns / DISPERSION_GROWS_BY_1_IN + DISPERSION_SLACK_NS;
}

static bool is_same_daemon(const struct candidate *a, const struct candidate *b)
{
	return !ntp_ts_is_zero(a->reference) && ntp_ts_equal(a->reference, b->reference) &&
	       a->stratum == b->stratum &&
	       memcmp(a->refid, b->refid, sizeof(a->refid)) == 0 &&
	       a->root_delay_ns == b->root_delay_ns && is_same_dispersion(a, b);
}

/* A hash: equal for one daemon, almost certainly different for others. */
static int64_t daemon_key(const struct candidate *e)
{
	const uint64_t prime =
		UINT64_C(1099511628211); /* FNV-1a: the published constants */
	const uint64_t words[] = {
		(uint64_t)e->reference.seconds << 32 | e->reference.fraction,
		(uint64_t)e->refid[0] << 32 | (uint64_t)e->refid[1] << 24 |
			(uint64_t)e->refid[2] << 16 | (uint64_t)e->refid[3] << 8 |
			e->stratum,
		(uint64_t)e->root_delay_ns,
		ntp_ts_is_zero(e->reference) ? e->asked : 0,
	};
	uint64_t key = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < COUNT_OF(words); i++) {
		key = (key ^ words[i]) * prime;
		key ^= key >> 32;
	}
	return (int64_t)key;
}

/* Group `from` becomes part of group `to`. */
static size_t merge_groups(size_t from, size_t to, size_t count, size_t *daemon_of)
{
	for (size_t v = 0; from != to && v < count; v++) {
		daemon_of[v] = daemon_of[v] == from ? to : daemon_of[v];
	}
	return from != to;
}

/* Intervals of one machine that overlap are one group, whatever it claims: two servers with
 * NTS may be at one address, and what a machine claims changes between two answers.
 * `machines` is by machine and lower end.  How many groups have become part of others. */
static size_t merge_machines(const struct interval *intervals, size_t count,
                             const struct keyed *machines, size_t *daemon_of)
{
	size_t first = 0, merged = 0;
	int64_t hull_hi_ns = 0;

	for (size_t k = 0; k < count; k++) {
		const size_t v = machines[k].at;

		if (k == 0 || machines[k].key != machines[k - 1].key ||
		    intervals[v].lo_ns > hull_hi_ns) {
			first = v;
			hull_hi_ns = intervals[v].hi_ns;
			continue;
		}
		hull_hi_ns = ns_max(hull_hi_ns, intervals[v].hi_ns);
		merged += merge_groups(daemon_of[v], daemon_of[first], count, daemon_of);
	}
	return merged;
}

/* Intervals with the same daemon claim that overlap, directly or through others, are one
 * group. `daemon_of` holds the candidate of each interval and gets the number of its
 * group. */
static size_t group_intervals(const struct candidate *candidates,
                              const struct interval *intervals, size_t count,
                              struct keyed *scratch, size_t *daemon_of)
{
	struct keyed *machines = &scratch[count];
	const struct candidate *first = NULL;
	size_t groups = 0;
	int64_t hull_hi_ns = 0;

	for (size_t v = 0; v < count; v++) {
		const struct candidate *e = &candidates[daemon_of[v]];

		scratch[v] = (struct keyed){ daemon_key(e), intervals[v].lo_ns, v };
		machines[v] = (struct keyed){ (int64_t)e->asked, intervals[v].lo_ns, v };
	}
	keyed_sort(scratch, count);
	keyed_sort(machines, count);
	for (size_t k = 0; k < count; k++) {
		const size_t v = scratch[k].at;
		const struct candidate *e = &candidates[daemon_of[v]];

		if (!first || !is_same_daemon(first, e) ||
		    intervals[v].lo_ns > hull_hi_ns) {
			groups++;
			first = e;
			hull_hi_ns = intervals[v].hi_ns;
		} else {
			hull_hi_ns = ns_max(hull_hi_ns, intervals[v].hi_ns);
		}
		daemon_of[v] = groups - 1;
	}
	return groups - merge_machines(intervals, count, machines, daemon_of);
}

void source_groups_form(const struct candidate *candidates, size_t count,
                        struct keyed *scratch, struct interval *ret_intervals,
                        size_t *ret_interval_of, size_t *ret_daemon_of,
                        struct source_groups *ret)
{
	size_t first = 0;

	*ret = (struct source_groups){ 0 };
	for (size_t i = 0; i < count; i++) {
		scratch[i] = (struct keyed){ .key = (int64_t)candidates[i].pair,
			                     .tie = (int64_t)i,
			                     .at = i };
	}
	keyed_sort(scratch, count);
	for (size_t k = 1; k <= count; k++) {
		if (k < count && scratch[k].key == scratch[first].key) {
			continue;
		}
		if (candidates[scratch[first].at].has_no_vote) {
			leave_out(&scratch[first], k - first, ret_interval_of);
		} else {
			take_pair(candidates, &scratch[first], k - first, ret_intervals,
			          ret_interval_of, ret_daemon_of, ret);
		}
		first = k;
	}
	ret->daemon_count = group_intervals(candidates, ret_intervals, ret->interval_count,
	                                    scratch, ret_daemon_of) +
	                    ret->asked_count - ret->interval_count;
}

struct daemons source_groups_daemons(const struct source_groups *source_groups,
                                     const size_t *daemon_of,
                                     const enum interval_status *status_of,
                                     struct keyed *scratch)
{
	struct daemons daemons = { 0 };

	for (size_t v = 0; v < source_groups->interval_count; v++) {
		scratch[v].key = (int64_t)daemon_of[v];
		scratch[v].tie = status_of[v] == INTERVAL_FALSETICKER;
		scratch[v].at = v;
	}
	keyed_sort(scratch, source_groups->interval_count);
	/* In each group the intervals that agree come first. */
	for (size_t k = 0; k < source_groups->interval_count; k++) {
		if (k == 0 || scratch[k].key != scratch[k - 1].key) {
			daemons.agreeing_count += scratch[k].tie == 0;
			daemons.dissenting_count += scratch[k].tie != 0;
		}
	}
	return daemons;
}

bool source_groups_confirm(const struct source_groups *source_groups,
                           const struct daemons *daemons, const struct select_rule *rule)
{
	struct select_rule by_daemon = *rule;
	size_t liars_max;

	by_daemon.asked_count = source_groups->daemon_count;
	liars_max = select_liars_max(&by_daemon);
	return daemons->agreeing_count > liars_max &&
	       daemons->agreeing_count >= rule->min_agreeing &&
	       daemons->dissenting_count <= liars_max;
}
