/* SPDX-License-Identifier: MIT
 *
 * Whom a server answers, and how often: lists of prefixes, a rate for each source, and
 * what becomes of the requests beyond it.
 *
 * A source is an IPv4 address or an IPv6 /64; all of an IPv4 /24 or IPv6 /48 together
 * may use RATE_COARSE times as much, so that changing addresses within a network does not
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
#ifndef CORE_NTP_ACCESS_H
#define CORE_NTP_ACCESS_H

#include "core/base/cidr.h"
#include "core/base/siphash.h"

enum {
	RATE_WAYS = 4,       /* entries in a set: a line of the cache */
	RATE_SETS = 1 << 14, /* 1 MiB in all, for 65,536 sources */
	RATE_COARSE = 16,
	RATE_PER_S_MAX = 1000000,
	RATE_BURST_MAX = 1000000,
	/* Kisses-o'-death of the whole server in a second, and of one network; of one source it is
	 * one. */
	RATE_KISSES_PER_S = 8,
	RATE_KISSES_OF_NET = 2,
};

struct rate_limit {
	uint32_t per_s; /* requests of one source; 0: as many as it likes */
	uint32_t burst; /* at once, after a pause; at least 1 */
};

/* "N" or "N:BURST"; N alone has a burst of 8 N.  "0": no limit. */
MUST_USE bool rate_limit_parse(const char *text, struct rate_limit *ret);

/* What is asked of every request; fixed in size, so that it can be handed over whole. */
struct access_rules {
	struct cidr_list list;
	struct rate_limit limits;
};

/* Those that have come from another process. */
MUST_USE bool access_rules_are_valid(const struct access_rules *rules);

struct rate_entry {
	uint64_t client; /* tag from the hash, and the second of the last kiss; 0: free */
	int64_t tat_ns;  /* when all that was answered will be within the rate */
};

struct rate_table {
	struct siphash_key key; /* random, from the start of the program */
	int64_t kisses_tat_ns;
	struct rate_entry entries[RATE_SETS * RATE_WAYS];
};

/* Each thread has its own.  Starts with a random state, not zero. */
struct rate_leak {
	uint64_t state;
};

enum access_verdict {
	ACCESS_ANSWER,
	ACCESS_LEAKED, /* beyond the rate, and answered by chance */
	ACCESS_KISS,   /* beyond the rate: to be told so, if the protocol can */
	ACCESS_DROP,   /* beyond the rate */
	ACCESS_DENIED, /* by the list */
};

/* `*ret_is_new`, which may be NULL: the source was not in the table. */
enum access_verdict access_check(struct rate_table *table, const struct access_rules *rules,
                                 struct rate_leak *leak, const struct address *from,
                                 int64_t mono_ns, bool *ret_is_new);

#endif
