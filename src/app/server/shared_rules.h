/* SPDX-License-Identifier: MIT
 *
 * Access rules and rate limits of the server, shared by all threads.
 */
#ifndef APP_SERVER_SHARED_RULES_H
#define APP_SERVER_SHARED_RULES_H

#include <stdatomic.h>

#include "core/ntp/access.h"

enum { SHARED_RULES_VERSIONS = 4, SHARED_RULES_READERS_MAX = 128 };

/* Each thread announces here which version of the rules it uses.  On its own cache line: it
 * is written with every batch. */
struct rules_reader {
	_Alignas(64) atomic_uint held; /* version + 1; 0: none */
};

struct shared_rules {
	/* New rules go to a slot that is not in force and that no thread holds. */
	struct access_rules versions[SHARED_RULES_VERSIONS];
	atomic_uint current;
	struct rules_reader readers[SHARED_RULES_READERS_MAX];
	unsigned reader_count;
	struct rate_table table;
};

/* With a new random key.  0 or -errno; `*ret` is the caller's until shared_rules_free(). */
MUST_USE int shared_rules_new(const struct access_rules *rules, struct shared_rules **ret);
void shared_rules_free(struct shared_rules *shared_rules); /* NULL is fine */

/* A reader for one more thread, before threads are started: at most
 * SHARED_RULES_READERS_MAX. */
struct rules_reader *shared_rules_join(struct shared_rules *shared_rules);

/* The rules in force, unchanged until shared_rules_release().  Neither call waits. */
const struct access_rules *shared_rules_hold(struct shared_rules *shared_rules,
                                             struct rules_reader *reader);
void shared_rules_release(struct rules_reader *reader);

/* Called by one thread; clients stay.  False if every slot is in use: try again later. */
MUST_USE bool shared_rules_replace(struct shared_rules *shared_rules,
                                   const struct access_rules *rules);

/* Random, and not zero.  0 or -errno. */
MUST_USE int shared_rules_leak(struct rate_leak *ret);

#endif
