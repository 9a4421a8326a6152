/* SPDX-License-Identifier: MIT
 *
 * Host names to addresses, many at a time, in a process of its own: getaddrinfo() has no deadline,
 * a process can be killed.  Threads inside it resolve in parallel, IPv4 and IPv6 apart.
 * start -> ask* -> receive* -> stop
 */
#ifndef IO_NET_RESOLVE_H
#define IO_NET_RESOLVE_H

#include "core/base/address.h"

enum { RESOLVE_ADDRESSES_MAX = 32, RESOLVE_PARALLEL_MAX = 32 };

struct resolver;

struct resolve_answer {
	uint32_t name;              /* as given to resolver_ask(), */
	uint32_t ticket;            /* ... which gave this */
	enum address_family family; /* of the question, and of all addresses */
	uint32_t address_count;     /* 0: failed, error says why */
	struct address addresses
		[RESOLVE_ADDRESSES_MAX]; /* in the system's order, duplicates removed */
	char error[64];
};

/* Forks.  The child is the user that this process is, without a capability, and reads (io/sys/confine.h).
 * 0 or -errno. */
MUST_USE int resolver_start(struct resolver **ret);
int resolver_fd(const struct resolver *resolver); /* to poll for POLLIN */
/* `host` is a name, or an address with the name of an interface ("fe80::1%eth0"), which gets its index.
 * `*ret_ticket` tells its answers from those to an earlier question for the same `name`.
 * With ADDRESS_NONE for both families.  How many answers will follow, 1 or 2, each as soon as it is
 * there; or -errno. */
MUST_USE int resolver_ask(struct resolver *resolver, uint32_t name, const char *host,
                          enum address_family family, uint32_t *ret_ticket);
/* Never blocks: 1 and `*ret` when an answer was there, 0 when none is, -EPIPE when the
 * process is gone, or another -errno. */
MUST_USE int resolver_receive(struct resolver *resolver, struct resolve_answer *ret);
void resolver_stop(struct resolver *resolver); /* kills and reaps; NULL is fine */

#endif
