/* SPDX-License-Identifier: MIT
 *
 * Whom a server answers, and how often: lists of prefixes, a rate for each source, and
 * what becomes of the requests beyond it.
 *
 * A source is an IPv4 address or an IPv6 /64; all of an IPv4 /24 or IPv6 /48 together
 * may use ADMIT_COARSE times as much, so that changing addresses within a network does not
 * help.  Ports never count.
 *
 * Of what exceeds the rate, a quarter is answered by chance.  A sender that forges its
 * victim's address can therefore use up the victim's share, but not lock it out: of
 * a few requests of its own, one is answered.  What is sent to the forged address is
 * cut to the rate and a quarter, and never more than what came.
 *
 * One table serves all threads.  A kernel that spreads clients over sockets does so by port
 * as well, so a table for each thread would give whoever changes ports a share in
 * each.  Its words are read and written whole, without a lock: what two threads may
 * spoil for each other at the same moment is one count of one source.
 */
#ifndef CORE_NTP_ADMIT_H
#define CORE_NTP_ADMIT_H

#include "core/base/cidr.h"
#include "core/base/siphash.h"

enum {
	ADMIT_WAYS = 4,       /* entries in a set: a line of the cache */
	ADMIT_SETS = 1 << 14, /* 1 MiB in all, for 65,536 sources */
	ADMIT_COARSE = 16,
	ADMIT_PER_S_MAX = 1000000,
	ADMIT_BURST_MAX = 1000000,
	/* Kisses-o'-death of the whole server in a second, and of one network; of one source it is
	 * one. */
	ADMIT_KISSES_PER_S = 8,
	ADMIT_KISSES_OF_NET = 2,
};

struct admit_limits {
	uint32_t per_s; /* requests of one source; 0: as many as it likes */
	uint32_t burst; /* at once, after a pause; at least 1 */
};

/* "N" or "N:BURST"; N alone has a burst of 8 N.  "0": no limit. */
MUST_USE bool admit_limits_parse(const char *text, struct admit_limits *ret);

/* What is asked of every request; fixed in size, so that it can be handed over whole. */
struct admit_rules {
	struct cidr_list list;
	struct admit_limits limits;
};

/* Those that have come from another process. */
MUST_USE bool admit_rules_are_sane(const struct admit_rules *rules);

struct admit_entry {
	uint64_t who; /* tag from the hash, and the second of the last kiss; 0: free */
	int64_t settled_ns; /* when all that was answered will be within the rate */
};

struct admit_table {
	struct siphash_key key; /* random, from the start of the program */
	int64_t kisses_settled_ns;
	struct admit_entry entries[ADMIT_SETS * ADMIT_WAYS];
};

/* Each thread has its own.  Starts with a random state, not zero. */
struct admit_dice {
	uint64_t state;
};

enum admit_verdict {
	ADMIT_ANSWER,
	ADMIT_LUCKY,  /* beyond the rate, and answered by chance */
	ADMIT_KISS,   /* beyond the rate: to be told so, if the protocol can */
	ADMIT_DROP,   /* beyond the rate */
	ADMIT_DENIED, /* by the list */
};

/* `*ret_is_new`, which may be NULL: the source was not in the table. */
enum admit_verdict admit(struct admit_table *table, const struct admit_rules *rules,
                         struct admit_dice *dice, const struct address *from,
                         int64_t mono_ns, bool *ret_is_new);

#endif
