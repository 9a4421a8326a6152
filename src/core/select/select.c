/* SPDX-License-Identifier: MIT */
#include "core/select/select.h"

#include "core/base/ntp_time.h"

/* A source this many times as unsure as the surest adds only noise to the mean. */
enum { SELECT_BLUNT = 8 };

enum edge {
	EDGE_RISE,
	EDGE_FALL
}; /* at one point rises come first: touching is overlapping */

/* The edges of all votes, sorted. */
static size_t edges_of(const struct vote *votes, size_t count, struct keyed *ret)
{
	for (size_t i = 0; i < count; i++) {
		ret[2 * i] =
			(struct keyed){ .key = votes[i].lo_ns, .tie = EDGE_RISE, .at = i };
		ret[2 * i + 1] =
			(struct keyed){ .key = votes[i].hi_ns, .tie = EDGE_FALL, .at = i };
	}
	keyed_sort(ret, 2 * count);
	return 2 * count;
}

/* The largest number of votes that overlap anywhere, and where that first is so. */
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
			/* Right after the deepest rise comes the fall that ends it. */
			*ret_hi_ns = edges[i + 1].key;
		}
	}
	return most;
}

/* The hull of all points where at least `depth_min` votes overlap. */
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

static int64_t half_ns(const struct vote *vote)
{
	return (vote->hi_ns - vote->lo_ns) / 2;
}

/* Weighted by 1 / bound, kept inside the interval; doubles of offsets counted from
 * its lower end, which are exact below 2^53 ns. */
static void combine(const struct vote *votes, size_t count, int64_t lo_ns, int64_t hi_ns,
                    struct selection *ret, enum vote_standing *standing)
{
	int64_t sharpest_ns = INT64_MAX;
	double sum = 0, weights = 0;
	int64_t offset_ns;

	for (size_t i = 0; i < count; i++) {
		bool is_apart = votes[i].lo_ns > hi_ns || votes[i].hi_ns < lo_ns;

		standing[i] = is_apart ? VOTE_FALSETICKER : VOTE_AGREEING;
		if (!is_apart && half_ns(&votes[i]) < sharpest_ns) {
			sharpest_ns = half_ns(&votes[i]);
		}
		ret->agreeing_count += !is_apart;
	}
	for (size_t i = 0; i < count; i++) {
		double weight = 1.0 / ((double)half_ns(&votes[i]) + 1.0);

		if (standing[i] == VOTE_AGREEING &&
		    half_ns(&votes[i]) / SELECT_BLUNT <= sharpest_ns) {
			standing[i] = VOTE_SELECTED;
			sum += weight * (double)(votes[i].offset_ns - lo_ns);
			weights += weight;
		}
	}
	offset_ns = lo_ns + (int64_t)(sum / weights);
	offset_ns = offset_ns < lo_ns ? lo_ns : offset_ns > hi_ns ? hi_ns : offset_ns;
	ret->lo_ns = lo_ns;
	ret->hi_ns = hi_ns;
	ret->offset_ns = offset_ns;
	ret->bound_ns = hi_ns - offset_ns > offset_ns - lo_ns ? hi_ns - offset_ns
	                                                      : offset_ns - lo_ns;
}

void select_majority(const struct vote *votes, size_t count, size_t asked_count,
                     size_t min_agreeing, struct keyed *scratch, struct selection *ret,
                     enum vote_standing *ret_standing)
{
	size_t liars_max = asked_count > 0 ? (asked_count - 1) / 2 : 0;
	size_t honest_min = count > liars_max ? count - liars_max : 1;
	size_t edge_count, most;
	int64_t lo_ns = 0, hi_ns = 0;

	*ret = (struct selection){ .verdict = SELECT_NO_ANSWER };
	ret->needed_count = honest_min > liars_max ? honest_min : liars_max + 1;
	if (min_agreeing > ret->needed_count) {
		ret->needed_count = min_agreeing;
	}
	if (count == 0) {
		return;
	}
	edge_count = edges_of(votes, count, scratch);
	most = deepest(scratch, edge_count, &lo_ns, &hi_ns);
	ret->deepest_count = most;
	if (most < ret->needed_count) {
		ret->verdict = most == count ? SELECT_TOO_FEW : SELECT_NO_MAJORITY;
		ret->agreeing_count = most;
		for (size_t i = 0; i < count; i++) {
			ret_standing[i] = VOTE_FALSETICKER;
		}
		return;
	}
	hull(scratch, edge_count, honest_min, &lo_ns, &hi_ns);
	ret->verdict = SELECT_OK;
	combine(votes, count, lo_ns, hi_ns, ret, ret_standing);
}

int64_t select_miss_ns(const struct vote *vote, const struct selection *selection)
{
	if (vote->lo_ns > selection->hi_ns) {
		return ns_sub(vote->lo_ns, selection->hi_ns);
	}
	return vote->hi_ns < selection->lo_ns ? ns_sub(vote->hi_ns, selection->lo_ns) : 0;
}

size_t select_camps(const struct vote *votes, size_t count, struct keyed *scratch,
                    struct camp *ret, size_t room)
{
	size_t camps = 0, edge_count;

	edge_count = edges_of(votes, count, scratch);
	while (camps < room && edge_count > 0) {
		int64_t lo_ns = 0, hi_ns = 0;
		size_t left = 0;

		ret[camps].count = deepest(scratch, edge_count, &lo_ns, &hi_ns);
		ret[camps].offset_ns = lo_ns + (hi_ns - lo_ns) / 2;
		camps++;
		/* Those who share that point have spoken; order is kept. */
		for (size_t i = 0; i < edge_count; i++) {
			const struct vote *vote = &votes[scratch[i].at];

			if (vote->lo_ns > lo_ns || vote->hi_ns < lo_ns) {
				scratch[left++] = scratch[i];
			}
		}
		edge_count = left;
	}
	return camps;
}
