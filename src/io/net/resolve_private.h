/* SPDX-License-Identifier: MIT
 *
 * What the parts of the resolver share: resolve.c asks; in the child resolve_pool.c hands the questions
 * to threads, and resolve_lookup.c looks one up.
 */
#ifndef IO_NET_RESOLVE_PRIVATE_H
#define IO_NET_RESOLVE_PRIVATE_H

#include <stdbool.h>

#include "io/net/resolve.h"

enum {
	RESOLVE_HOST_SIZE = 256,
	/* IPv4 and IPv6 wait for each other nowhere: each has a queue and threads of its own. */
	RESOLVE_LANES = 2,
	/* Questions of a lane on their way or being worked on: enough that no thread waits for
	 * the parent, few enough to fit any socket buffer. */
	RESOLVE_UNDERWAY_MAX = 2 * RESOLVE_PARALLEL_MAX,
};

struct question {
	uint32_t name;
	uint32_t ticket;
	enum address_family family; /* one of the two */
	bool is_of_a_pair;          /* the other family is asked as well */
	char host[RESOLVE_HOST_SIZE];
};

static inline size_t resolve_lane(enum address_family family)
{
	return family == ADDRESS_IPV6 ? 1 : 0;
}

/* Looks up one name, and waits `timeout_s` for each name server, or as long as RES_OPTIONS and
 * resolv.conf say where it is 0.  Returns 0 or an EAI_ error, whose words are in `answer` where it has no address.  Any thread
 * may call it. */
int resolve_look_up(const struct question *q, int timeout_s, struct resolve_answer *answer);

/* Answers what comes in at `fd` until its other end is closed; then the process ends. */
void resolve_work(int fd);

#endif
