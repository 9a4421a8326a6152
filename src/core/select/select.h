/* SPDX-License-Identifier: MIT
 *
 * Correctness intervals in, one interval out that a minority of falsetickers cannot bend.
 *
 * Rule: of n named sources at most f are wrong, by default f = (n - 1) / 2, fewer than
 * half; --liars gives another f.  There is an answer when at least f + 1 sources agree, so
 * that at least one of them is right, and at most f dissent.  By default: at least half
 * agree, and fewer than half dissent.  So of three, one may be silent or dissent; of two,
 * one may be silent and none may dissent.
 *
 * n counts all named sources: also a source that is silent, refuses, is not synchronised,
 * or whose name has no address.  No rule that is never wrong accepts more: if a < n / 2
 * sources were enough because the others are silent, the case that just these a are wrong
 * would look the same.
 *
 * Every right interval contains the truth, so the truth is where at least (answers - f)
 * intervals overlap.  The answer is the hull of all such points; falsetickers could bend a
 * tighter one (the deepest overlap, the middle of the clique).  When more than 2 * f
 * answer, the hull is at most twice as wide as the widest right interval: a right one
 * reaches each of its ends, and all of them contain the truth.
 *
 * This is the intersection algorithm of RFC 5905 section 11.2.1 with the number of
 * falsetickers fixed at its maximum, and without the count of midpoints.
 */
#ifndef CORE_SELECT_SELECT_H
#define CORE_SELECT_SELECT_H

#include <stdbool.h>

#include "core/base/keyed_sort.h"

struct interval {
	int64_t lo_ns; /* lo <= offset <= hi; hi - lo does not overflow */
	int64_t hi_ns;
	int64_t offset_ns;
	/* Half width without the claims by which a server can narrow its interval in the
	 * exchange (core/select/sample.h).  At least the half width of the interval
	 * counts; the weight in the mean is 1 / spread. */
	int64_t spread_ns;
};

int64_t interval_spread_ns(const struct interval *interval); /* as it counts: see above */

#define SELECT_LIARS_DEFAULT SIZE_MAX /* fewer than half */
struct select_rule {
	size_t asked_count;  /* sources named, n */
	size_t liars;        /* --liars, or SELECT_LIARS_DEFAULT */
	size_t min_agreeing; /* --min-sources; 0: the rule alone */
};

size_t select_liars_max(const struct select_rule *rule); /* f */
/* Whether f is fewer than half; else the rule cannot be met. */
bool select_can_be_met(const struct select_rule *rule);

enum interval_status {
	INTERVAL_SELECTED,    /* survivor: agrees, and is narrow enough for the mean */
	INTERVAL_AGREEING,    /* truechimer: overlaps the answer */
	INTERVAL_FALSETICKER, /* does not overlap it */
};

enum select_verdict {
	SELECT_OK,
	SELECT_NO_ANSWER,   /* no interval */
	SELECT_TOO_FEW,     /* all agree, but fewer than f + 1 or min_agreeing */
	SELECT_NO_MAJORITY, /* the intervals disagree */
	SELECT_ONE_DAEMON,  /* enough agree, on too few daemons: source_groups_confirm() */
	SELECT_LIARS_TOO_MANY, /* --liars is half of those named or more */
};

struct selection {
	enum select_verdict verdict;
	size_t agreeing_count; /* overlap the answer; without one: deepest_count */
	size_t deepest_count;  /* most intervals that share one point */
	size_t needed_count;   /* max(f + 1, answers - f, min_agreeing) */
	/* Only when SELECT_OK: */
	int64_t offset_ns; /* mean of the selected by 1 / spread, inside the interval */
	int64_t bound_ns;  /* |truth - offset_ns| <= bound_ns */
	int64_t lo_ns;     /* the interval itself */
	int64_t hi_ns;
};

/* `count` intervals of rule->asked_count >= count sources.  `scratch` has room for 2 *
 * count; `ret_status_of` for count (all INTERVAL_FALSETICKER unless SELECT_OK).
 *
 * When more than 2 * f answer, the bound is at most the larger of half the hull and 2 *
 * b, where b is the half width of the (f + 1)th widest interval that agrees; some right
 * one is as wide. */
void select_majority(const struct interval *intervals, size_t count,
                     const struct select_rule *rule, struct keyed *scratch,
                     struct selection *ret, enum interval_status *ret_status_of);

/* Distance of `interval` from the answer [lo, hi]: positive above it, negative below, 0
 * if they overlap. */
int64_t select_miss_ns(const struct interval *interval, const struct selection *selection);

/* Cliques without a majority, largest first: intervals that share a point, taken
 * greedily. */
struct clique {
	size_t count;
	int64_t offset_ns; /* middle of their intersection */
};
size_t select_cliques(const struct interval *intervals, size_t count, struct keyed *scratch,
                      struct clique *ret, size_t size);

#endif
