/* SPDX-License-Identifier: MIT
 *
 * From answers to intervals: how many address pairs each SERVER has, one interval a address pair, and which intervals claim
 * to come from one daemon.
 *
 * A address pair is counted whatever becomes of it: a refusal, an answer that cannot be used and
 * silence count alike, or those who agree would choose who counts.
 */
#ifndef CORE_SELECT_SOURCE_GROUPS_H
#define CORE_SELECT_SOURCE_GROUPS_H

#include "core/ntp/packet.h"
#include "core/select/select.h"

/* Most addresses of one family that a name may have. */
enum { SOURCE_GROUPS_ADDRESSES_MAX = 32 };

/* The most address pairs of a SERVER: the largest number, the same for all, with which no minority of
 * the SERVERs has half of all address pairs; at least 1.  So long as a minority of the SERVERs is misled,
 * a minority of the address pairs lies.  `address_counts` has `server_count` items of 0 (is not
 * counted) to SOURCE_GROUPS_ADDRESSES_MAX. */
size_t source_groups_pairs_max(const unsigned *address_counts, size_t server_count);

struct candidate {
	bool has_answered;   /* with something that can be used: `interval` */
	bool is_outstanding; /* not yet, but it may */
	bool is_held;        /* it may if it were asked */
	/* Candidates of one address pair are ways to one place: while one of them has answered, the others may
	 * be silent. */
	size_t pair;
	struct interval interval;
	/* The source that was asked: candidates that share it are one machine, whatever it says. */
	size_t asked;
	/* What a daemon says of its last clock update, and when it was heard.  Two that say the
	 * same claim to be one daemon; a reference of zero: not comparable.  Its root dispersion
	 * grows from answer to answer: it may differ by what that allows. */
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
	size_t outstanding_count; /* of those without a interval: may still have one */
	size_t held_count; /* ... not outstanding: would, if a held candidate were asked */
	size_t daemon_count; /* groups of address pairs that claim to be one daemon; a address pair without
	                           * a interval is a group of its own */
};

/* Fills `ret_intervals`, `ret_daemon_of` (per interval the number of its group, from 0) and
 * `ret_interval_of` (per candidate the index of its address pair's interval, or SIZE_MAX); each has room for `count`,
 * `scratch` for 2 * count.  The interval of a address pair is the hull of its answers; answers without a
 * common point are no interval. */
void source_groups_form(const struct candidate *candidates, size_t count,
                        struct keyed *scratch, struct interval *ret_intervals,
                        size_t *ret_interval_of, size_t *ret_daemon_of,
                        struct source_groups *ret);

/* Of the groups with a interval: those with a member that agrees, and those without one. */
struct daemons {
	size_t agreeing_count;
	size_t dissenting_count;
};
/* `scratch` has room for source groups->interval_count. */
struct daemons source_groups_daemons(const struct source_groups *source_groups,
                                     const size_t *daemon_of,
                                     const enum interval_status *status_of,
                                     struct keyed *scratch);

/* The second count.  An answer that the address pairs agree on must stand as well when whatever claims
 * to be one daemon is counted once: one daemon under two names is no majority.  Such a claim
 * can refuse an answer, it never moves or widens a interval.  Nor can liars veto by it: a liar that
 * copies the words of an honest server joins a group that agrees, so with h honest daemons that
 * answer at least h groups agree, and no more dissent than liars are. */
bool source_groups_confirm(const struct source_groups *source_groups,
                           const struct daemons *daemons, const struct select_rule *rule);

#endif
