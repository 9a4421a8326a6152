/* SPDX-License-Identifier: MIT
 *
 * Shared by the parts of the resolver: resolve.c sends questions; in the child
 * resolve_pool.c gives them to threads, and resolve_lookup.c looks one up.
 */
#ifndef IO_NET_RESOLVE_PRIVATE_H
#define IO_NET_RESOLVE_PRIVATE_H

#include <stdbool.h>

#include "io/net/resolve.h"

enum {
	RESOLVE_HOST_SIZE = 256,
	/* IPv4 and IPv6 never wait for each other: each has its own queue and threads. */
	RESOLVE_LANES = 2,
	/* Questions of a lane sent or being worked on: enough that no thread waits for the
	 * parent, few enough to fit any socket buffer. */
	RESOLVE_UNDERWAY_MAX = 2 * RESOLVE_PARALLEL_MAX,
};

struct question {
	uint32_t name;
	uint32_t ticket;
	enum address_family family; /* IPv4 or IPv6 */
	bool is_of_a_pair;          /* the other family is queried as well */
	char host[RESOLVE_HOST_SIZE];
};

static inline size_t resolve_lane(enum address_family family)
{
	return family == ADDRESS_IPV6 ? 1 : 0;
}

/* Looks up one name, with a timeout of `timeout_s` for each name server; 0: as RES_OPTIONS
 * and resolv.conf have it.  Returns 0 or an EAI_ error; `answer` has its text when it has
 * no address.  Any thread may call it. */
int resolve_look_up(const struct question *q, int timeout_s, struct resolve_answer *answer);

/* Answers the questions from `fd` until its other end is closed; then the process ends. */
void resolve_work(int fd);

#endif
