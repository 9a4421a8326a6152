/* SPDX-License-Identifier: MIT
 *
 * Many servers' intervals in, one interval out that a lying minority cannot bend.
 *
 * The rule.  n sources are named.  At most f = (n - 1) / 2 of them lie, fewer than half; or
 * f is what the user says (--liars).  An answer is given when at least f + 1 of them agree, so
 * that one of those at least is honest, and at most f say something else.  By default that is: at
 * least half agree, and fewer than half dissent.  So of three, one may be silent or dissent; of
 * two, one may be silent, none may dissent.
 *
 * n is fixed by what was named, not by who answers.  A source that is silent, that refuses,
 * that is not synchronised, or whose name has no address counts all the same.  No other rule is
 * both never wrong and accepts more: were a < n / 2 accepted because of what the others do
 * not say, the world where just those a lie would look the same.
 *
 * Every honest interval holds the truth, so the truth lies where at least (answers - f) of
 * the intervals overlap; the answer is the hull of all such points, no less: a tighter one (the
 * deepest overlap, the middle of the clique) is where liars would bend it.  When more than
 * 2 * f answer, as when all do, the hull is at most twice as wide as the widest honest interval:
 * at each of its ends there is an honest one, and all those share the truth.
 *
 * This is the intersection algorithm of RFC 5905 section 11.2.1 with the number of
 * falsetickers held at the most that is tolerated, and without its midpoint interval.
 */
#ifndef CORE_SELECT_SELECT_H
#define CORE_SELECT_SELECT_H

#include <stdbool.h>

#include "core/base/keyed_sort.h"

struct interval {
	int64_t lo_ns; /* lo <= offset <= hi; hi - lo does not overflow */
	int64_t hi_ns;
	int64_t offset_ns;
	/* Half of the interval as it were without anything that its server can claim to make it
	 * narrower in the exchange (core/select/sample.h).  Its weight in the mean is 1 / spread; less
	 * than half of the interval: that half. */
	int64_t spread_ns;
};

int64_t interval_spread_ns(const struct interval *interval); /* what counts: see above */

/* How many may lie. */
#define SELECT_LIARS_DEFAULT SIZE_MAX /* fewer than half */
struct select_rule {
	size_t asked_count;  /* sources named, n */
	size_t liars;        /* --liars, or SELECT_LIARS_DEFAULT */
	size_t min_agreeing; /* --min-sources; 0: the rule alone */
};

size_t select_liars_max(const struct select_rule *rule); /* f */
/* Whether fewer than half are to lie; else the rule cannot be met. */
bool select_can_be_met(const struct select_rule *rule);

enum interval_status {
	INTERVAL_SELECTED,    /* agrees, and is sharp enough to count in the combination */
	INTERVAL_AGREEING,    /* overlaps the answer */
	INTERVAL_FALSETICKER, /* misses it */
};

enum select_verdict {
	SELECT_OK,
	SELECT_NO_ANSWER, /* no interval at all */
	SELECT_TOO_FEW, /* those that agree are fewer than f + 1 or than min_agreeing, and nobody disputes */
	SELECT_NO_MAJORITY, /* the intervals dispute */
	SELECT_ONE_DAEMON, /* enough agree, but they claim to be too few daemons: source_groups_confirm() */
	SELECT_LIARS_TOO_MANY, /* --liars is half of those named or more */
};

struct selection {
	enum select_verdict verdict;
	size_t agreeing_count; /* intervals that overlap the answer; else the largest that overlap anywhere */
	size_t deepest_count; /* most intervals that share one point */
	size_t needed_count;  /* max(f + 1, answers - f, min_agreeing) */
	/* Only when SELECT_OK: */
	int64_t offset_ns; /* of the selected, weighted by 1 / spread, inside the interval */
	int64_t bound_ns;  /* |truth - offset_ns| <= bound_ns */
	int64_t lo_ns;     /* the interval itself */
	int64_t hi_ns;
};

/* `count` intervals of rule->asked_count >= count sources.  `scratch` has room for 2 * count;
 * `ret_status_of` for count (written only when there are intervals; all are INTERVAL_FALSETICKER
 * unless SELECT_OK).
 *
 * The bound, when more than 2 * f answer: with b the (f + 1)th widest of those that agree, in half
 * widths, so no wider than the widest honest one, it is at most the larger of half the hull and
 * 2 * b. */
void select_majority(const struct interval *intervals, size_t count,
                     const struct select_rule *rule, struct keyed *scratch,
                     struct selection *ret, enum interval_status *ret_status_of);

/* How far `interval` misses the interval [lo, hi]: 0 when it overlaps; positive when the interval lies above it, negative below. */
int64_t select_miss_ns(const struct interval *interval, const struct selection *selection);

/* The cliques of a dispute, largest first: intervals that share a point, taken greedily. */
struct clique {
	size_t count;
	int64_t offset_ns; /* middle of what they share */
};
size_t select_cliques(const struct interval *intervals, size_t count, struct keyed *scratch,
                      struct clique *ret, size_t size);

#endif
