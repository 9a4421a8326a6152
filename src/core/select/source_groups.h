/* SPDX-License-Identifier: MIT
 *
 * Groups sources: the number of address pairs of each SERVER, the interval of each address
 * pair, and the intervals that claim to come from one daemon.  An address pair is an IPv4
 * and an IPv6 address of one server, which count once.
 *
 * Each address pair counts, with an answer, a refusal, an unusable answer or none:
 * otherwise the sources that agree could choose which sources count.
 */
#ifndef CORE_SELECT_SOURCE_GROUPS_H
#define CORE_SELECT_SOURCE_GROUPS_H

#include "core/ntp/packet.h"
#include "core/select/select.h"

/* Most addresses of one family for a name. */
enum { SOURCE_GROUPS_ADDRESSES_MAX = 32 };

/* The limit of address pairs for each SERVER: the largest number with which no minority
 * of the SERVERs has half of all address pairs; at least 1.  So if a minority of the
 * SERVERs is wrong, a minority of the address pairs is.  `address_counts` has
 * `server_count` items from 0 (not counted) to SOURCE_GROUPS_ADDRESSES_MAX. */
size_t source_groups_pairs_max(const unsigned *address_counts, size_t server_count);

/* A source that is asked. */
struct candidate {
	bool has_no_vote;    /* counts nowhere; all of these have a pair of their own */
	bool has_answered;   /* usably: `interval` is set */
	bool is_outstanding; /* may still answer */
	bool is_held;        /* in hold-off: may answer if it were asked */
	size_t pair;         /* index of its address pair; one answer of a pair is enough */
	struct interval interval;
	size_t asked; /* the same for candidates on one machine, whatever they claim */
	/* Its last clock update, and when it was received.  Two candidates with the same
	 * claim to be one daemon, except with a zero reference; the root dispersion
	 * grows between answers and may differ by that. */
	int64_t heard_mono_ns;
	uint8_t stratum;
	uint8_t refid[4];
	struct ntp_ts reference;
	int64_t root_delay_ns;
	int64_t root_dispersion_ns;
};

struct source_groups {
	size_t interval_count;
	size_t asked_count;       /* address pairs */
	size_t outstanding_count; /* without an interval, may still get one */
	size_t held_count;        /* ... not outstanding: if a held candidate were asked */
	/* Groups of address pairs that claim to be one daemon; an address pair without
	 * an interval is its own group. */
	size_t daemon_count;
};

/* Fills `ret_intervals`, `ret_daemon_of` (per interval a number of its group, below interval_count) and
 * `ret_interval_of` (per candidate the interval of its address pair, or SIZE_MAX); each
 * has room for `count`, `scratch` for 2 * count.  The interval of an address pair is the
 * hull of its answers; answers without a common point give no interval. */
void source_groups_form(const struct candidate *candidates, size_t count,
                        struct keyed *scratch, struct interval *ret_intervals,
                        size_t *ret_interval_of, size_t *ret_daemon_of,
                        struct source_groups *ret);

/* Groups that have an interval: with a member that agrees, and without one. */
struct daemons {
	size_t agreeing_count;
	size_t dissenting_count;
};
/* `scratch` has room for source_groups->interval_count. */
struct daemons source_groups_daemons(const struct source_groups *source_groups,
                                     const size_t *daemon_of,
                                     const enum interval_status *status_of,
                                     struct keyed *scratch);

/* The second count.  A majority of address pairs must also be one when the sources that
 * claim to be one daemon count once: one daemon under two names is no majority.  Such a
 * claim can refuse an answer, but never moves or widens an interval.  Nor can
 * falsetickers veto with it: one that copies the claim of a right server joins a group
 * that agrees.  So if h right daemons answer, at least h groups agree, and no more
 * groups dissent than there are falsetickers. */
bool source_groups_confirm(const struct source_groups *source_groups,
                           const struct daemons *daemons, const struct select_rule *rule);

#endif
