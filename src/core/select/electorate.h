/* SPDX-License-Identifier: MIT
 *
 * Who has a vote.  One machine is one vote, by however many names and addresses it
 * was reached, and the two families of one name are two ways to one machine.
 */
#ifndef CORE_SELECT_ELECTORATE_H
#define CORE_SELECT_ELECTORATE_H

#include "core/ntp/packet.h"
#include "core/select/select.h"

enum elector_state {
	ELECTOR_SILENT,   /* asked, no usable answer: counts as asked */
	ELECTOR_ANSWERED, /* has a vote */
	ELECTOR_ABSTAINED, /* told us itself, with our cookie, not to use it: does not count */
};

struct elector {
	enum elector_state state;
	bool is_outstanding; /* ELECTOR_SILENT: it may still answer */
	/* Sources of one slot are two ways to one place: while one of them answered, the
	 * silence of the others does not count.  Slots are 0 .. count - 1. */
	size_t slot;
	struct vote vote; /* ELECTOR_ANSWERED */
	/* What a daemon says of its last clock update.  Two answers with the same come from the same daemon;
	 * zero reference: not comparable. */
	uint8_t stratum;
	uint8_t refid[4];
	struct ntp_ts reference;
};

struct electorate {
	size_t vote_count;
	size_t asked_count;       /* votes, and the slots that were silent altogether */
	size_t outstanding_count; /* of the silent slots those that may still answer */
};

/* Fills `ret_votes` (room for `count`) and, per elector, the index of its vote in
 * `ret_vote_of` (or SIZE_MAX).  Answers of one daemon (or one slot) that overlap become one
 * vote, the hull of their intervals: if one of them is honest the truth is inside, so a liar that copies an honest
 * server's words cannot silence it.  `scratch` has room for 2 * count. */
void electorate_form(const struct elector *electors, size_t count, struct keyed *scratch,
                     struct vote *ret_votes, size_t *ret_vote_of, struct electorate *ret);

#endif
