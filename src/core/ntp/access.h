/* SPDX-License-Identifier: MIT
 *
 * Access control and rate limiting of the server: lists of prefixes and a rate for each
 * source.
 *
 * A source is an IPv4 address or an IPv6 /64; an IPv4 /24 or IPv6 /48 together may use
 * RATE_COARSE times as much, so changing addresses within a network does not help.  Ports
 * never count.
 *
 * Beyond the rate, a random quarter of the requests is answered (the leak).  So a sender
 * that forges its victim's address can use up the victim's rate but not lock it out: of a
 * few requests of the victim, one is answered.  The traffic to a forged address is limited
 * to the rate and a quarter of the requests, and is never more than came in.
 *
 * All threads share one table.  The kernel spreads clients over sockets by port too, so
 * with a table for each thread a client could get the rate of each by changing ports.
 * Words are read and written whole, without a lock: a race of two threads costs one count
 * of one source.
 */
#ifndef CORE_NTP_ACCESS_H
#define CORE_NTP_ACCESS_H

#include "core/base/cidr.h"
#include "core/base/siphash.h"

enum {
	RATE_WAYS = 4,       /* entries in a set: one cache line */
	RATE_SETS = 1 << 14, /* 1 MiB in all, for 65,536 sources */
	RATE_COARSE = 16,
	RATE_PER_S_MAX = 1000000,
	RATE_BURST_MAX = 1000000,
	/* Kisses-o'-death per second: of the whole server, of one network; of one source
	 * 1. */
	RATE_KISSES_PER_S = 8,
	RATE_KISSES_OF_NET = 2,
};

struct rate_limit {
	uint32_t per_s; /* requests of one source; 0: no limit */
	uint32_t burst; /* requests at once, after a pause; at least 1 */
};

/* "N" or "N:BURST"; N alone has a burst of 8 N.  "0": no limit. */
MUST_USE bool rate_limit_parse(const char *text, struct rate_limit *ret);

/* Applied to each request; of fixed size, so that another process can send it. */
struct access_rules {
	struct cidr_list list;
	struct rate_limit limits;
};

/* For rules from another process. */
MUST_USE bool access_rules_are_valid(const struct access_rules *rules);

struct rate_entry {
	uint64_t client; /* tag from the hash, and the second of the last kiss; 0: free */
	int64_t tat_ns;  /* theoretical arrival time of GCRA */
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
	ACCESS_LEAKED, /* beyond the rate, answered at random */
	ACCESS_KISS,   /* beyond the rate: kiss code, if the protocol has one */
	ACCESS_DROP,   /* beyond the rate */
	ACCESS_DENIED, /* by the list */
};

/* `*ret_is_new`, which may be NULL: the source was not in the table. */
enum access_verdict access_check(struct rate_table *table, const struct access_rules *rules,
                                 struct rate_leak *leak, const struct address *from,
                                 int64_t mono_ns, bool *ret_is_new);

#endif
