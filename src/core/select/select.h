/* SPDX-License-Identifier: MIT
 *
 * Many servers' intervals in, one interval out that a lying minority cannot bend.
 *
 * The rule.  Of `asked` sources fewer than half may lie, so at most
 * f = (asked - 1) / 2 of them.  Every honest interval holds the truth, so the truth
 * lies where at least (answers - f) of the intervals overlap; the answer is the
 * hull of all such points, no less: a tighter one (the deepest overlap, the middle
 * of the clique) is where liars would bend it.  It is given only when more sources
 * agree than could all be lying (f + 1).  A source that stays silent counts
 * as asked: silence may be loss, and loss must not turn a minority into a majority.
 * In short: at least half of those asked agree, and fewer than half dissent.  So of three, one may
 * be silent or dissent; of two, one may be silent, none may dissent.
 * This is the intersection algorithm of RFC 5905 section 11.2.1 with the number of
 * falsetickers held at the most that is tolerated, and without its midpoint vote.
 */
#ifndef CORE_SELECT_SELECT_H
#define CORE_SELECT_SELECT_H

#include <stdbool.h>

#include "core/base/keyed_sort.h"

struct vote {
	int64_t lo_ns; /* lo <= offset <= hi; at most SELECT_SPAN_MAX_NS in size */
	int64_t hi_ns;
	int64_t offset_ns;
};

enum vote_standing {
	VOTE_SELECTED,    /* agrees, and is sharp enough to count in the combination */
	VOTE_AGREEING,    /* overlaps the answer */
	VOTE_FALSETICKER, /* misses it */
};

enum select_verdict {
	SELECT_OK,
	SELECT_NO_ANSWER, /* no vote at all */
	SELECT_TOO_FEW, /* those that agree are fewer than f + 1 or than min_agreeing, and nobody disputes */
	SELECT_NO_MAJORITY, /* the votes dispute */
};

struct selection {
	enum select_verdict verdict;
	size_t agreeing_count; /* votes that overlap the answer; else the largest that overlap anywhere */
	size_t deepest_count; /* most votes that share one point */
	size_t needed_count;  /* max(f + 1, answers - f, min_agreeing) */
	/* Only when SELECT_OK: */
	int64_t offset_ns; /* of the selected, weighted by 1 / bound, inside the interval */
	int64_t bound_ns;  /* |truth - offset_ns| <= bound_ns */
	int64_t lo_ns;     /* the interval itself */
	int64_t hi_ns;
};

/* `count` votes of `asked_count` >= count distinct sources.  `scratch` has room
 * for 2 * count; `ret_standing` for count (written only for SELECT_OK and
 * SELECT_NO_MAJORITY, in which case all are VOTE_FALSETICKER). */
void select_majority(const struct vote *votes, size_t count, size_t asked_count,
                     size_t min_agreeing, struct keyed *scratch, struct selection *ret,
                     enum vote_standing *ret_standing);

/* How far `vote` misses the interval [lo, hi]: 0 when it overlaps; positive when the vote lies above it, negative below. */
int64_t select_miss_ns(const struct vote *vote, const struct selection *selection);

/* The camps of a dispute, largest first: votes that share a point, taken greedily. */
struct camp {
	size_t count;
	int64_t offset_ns; /* middle of what they share */
};
size_t select_camps(const struct vote *votes, size_t count, struct keyed *scratch,
                    struct camp *ret, size_t room);

#endif
