/* SPDX-License-Identifier: MIT */
#include "core/select/electorate.h"

#include <string.h>

/* While votes are being joined, ret_vote_of[] holds a union-find forest: each
 * answered elector points to another of its group, the root to itself. */
static size_t root_of(size_t *parent, size_t i)
{
	while (parent[i] != i) {
		parent[i] = parent[parent[i]];
		i = parent[i];
	}
	return i;
}

static bool is_same_daemon(const struct elector *a, const struct elector *b)
{
	return !ntp_ts_is_zero(a->reference) && ntp_ts_equal(a->reference, b->reference) &&
	       a->stratum == b->stratum &&
	       memcmp(a->refid, b->refid, sizeof(a->refid)) == 0;
}

static bool is_same_slot(const struct elector *a, const struct elector *b)
{
	return a->slot == b->slot;
}

static int64_t daemon_key(const struct elector *e)
{
	return (int64_t)e->reference.seconds << 31 ^ (int64_t)e->reference.fraction;
}

static int64_t slot_key(const struct elector *e)
{
	return (int64_t)e->slot;
}

/* Joins answers that `is_same` and overlap, directly or through others of the group. */
static void join(const struct elector *electors, size_t count, struct keyed *scratch,
                 int64_t (*key)(const struct elector *),
                 bool (*is_same)(const struct elector *, const struct elector *),
                 size_t *parent)
{
	size_t n = 0, first = 0;
	int64_t hull_hi_ns = 0;

	for (size_t i = 0; i < count; i++) {
		if (electors[i].state == ELECTOR_ANSWERED) {
			scratch[n++] = (struct keyed){ .key = key(&electors[i]),
				                       .tie = electors[i].vote.lo_ns,
				                       .at = i };
		}
	}
	keyed_sort(scratch, n);
	for (size_t k = 0; k < n; k++) {
		const struct elector *e = &electors[scratch[k].at];

		if (k > 0 && is_same(&electors[first], e) && e->vote.lo_ns <= hull_hi_ns) {
			parent[root_of(parent, scratch[k].at)] = root_of(parent, first);
			if (e->vote.hi_ns > hull_hi_ns) {
				hull_hi_ns = e->vote.hi_ns;
			}
		} else {
			first = scratch[k].at;
			hull_hi_ns = e->vote.hi_ns;
		}
	}
}

static void widen(struct vote *hull, const struct vote *by)
{
	/* The sharper of the two knows better where in the hull it is. */
	if (by->hi_ns - by->lo_ns < hull->hi_ns - hull->lo_ns) {
		hull->offset_ns = by->offset_ns;
	}
	hull->lo_ns = by->lo_ns < hull->lo_ns ? by->lo_ns : hull->lo_ns;
	hull->hi_ns = by->hi_ns > hull->hi_ns ? by->hi_ns : hull->hi_ns;
}

/* Roots become votes, in the order of the electors; the others point to them. */
static size_t number_votes(const struct elector *electors, size_t count,
                           struct keyed *scratch, struct vote *ret_votes, size_t *vote_of)
{
	size_t votes = 0;

	for (size_t i = 0; i < count; i++) {
		if (electors[i].state == ELECTOR_ANSWERED) {
			scratch[i].at = root_of(vote_of, i);
		}
	}
	for (size_t i = 0; i < count; i++) {
		if (electors[i].state == ELECTOR_ANSWERED && scratch[i].at == i) {
			ret_votes[votes] = electors[i].vote;
			vote_of[i] = votes++;
		}
	}
	for (size_t i = 0; i < count; i++) {
		if (electors[i].state != ELECTOR_ANSWERED) {
			vote_of[i] = SIZE_MAX;
		} else if (scratch[i].at != i) {
			vote_of[i] = vote_of[scratch[i].at];
			widen(&ret_votes[vote_of[i]], &electors[i].vote);
		}
	}
	return votes;
}

/* How a slot is seen by the loudest in it: one that spoke, one that may yet, one silent. */
enum { SLOT_SPOKE, SLOT_OUTSTANDING, SLOT_SILENT };

static int64_t loudness(const struct elector *e)
{
	if (e->state != ELECTOR_SILENT) {
		return SLOT_SPOKE;
	}
	return e->is_outstanding ? SLOT_OUTSTANDING : SLOT_SILENT;
}

static void count_silent_slots(const struct elector *electors, size_t count,
                               struct keyed *scratch, struct electorate *ret)
{
	for (size_t i = 0; i < count; i++) {
		scratch[i] = (struct keyed){ .key = slot_key(&electors[i]),
			                     .tie = loudness(&electors[i]),
			                     .at = i };
	}
	keyed_sort(scratch, count);
	for (size_t k = 0; k < count; k++) {
		if (k == 0 || scratch[k].key != scratch[k - 1].key) {
			ret->asked_count += scratch[k].tie != SLOT_SPOKE;
			ret->outstanding_count += scratch[k].tie == SLOT_OUTSTANDING;
		}
	}
}

void electorate_form(const struct elector *electors, size_t count, struct keyed *scratch,
                     struct vote *ret_votes, size_t *ret_vote_of, struct electorate *ret)
{
	for (size_t i = 0; i < count; i++) {
		ret_vote_of[i] = i;
	}
	join(electors, count, scratch, daemon_key, is_same_daemon, ret_vote_of);
	join(electors, count, scratch, slot_key, is_same_slot, ret_vote_of);
	ret->vote_count = number_votes(electors, count, scratch, ret_votes, ret_vote_of);
	ret->asked_count = ret->vote_count;
	ret->outstanding_count = 0;
	count_silent_slots(electors, count, scratch, ret);
}
