/* SPDX-License-Identifier: MIT
 *
 * Host names to addresses, many at a time, in a separate process.
 *
 *   start -> ask* -> receive* -> stop
 *
 * getaddrinfo() has no deadline, but a process can be killed.  Threads inside it resolve in
 * parallel, IPv4 and IPv6 separately.
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
	uint32_t address_count;     /* 0: failed, see `error` */
	struct address addresses
		[RESOLVE_ADDRESSES_MAX]; /* in the system's order, duplicates removed */
	char error[64];
};

/* Forks.  The child runs as this process' user, without a capability, and may only read
 * files (io/sys/confine.h).  0 or -errno. */
MUST_USE int resolver_start(struct resolver **ret);
int resolver_fd(const struct resolver *resolver); /* to poll for POLLIN */
/* `host` is a name, or an address with the name of an interface ("fe80::1%eth0"), which
 * gets its index. `*ret_ticket` tells its answers from those to an earlier question for the
 * same `name`. ADDRESS_NONE asks for both families.  Returns how many answers will follow,
 * 1 or 2, each as soon as it is known; or -errno. */
MUST_USE int resolver_ask(struct resolver *resolver, uint32_t name, const char *host,
                          enum address_family family, uint32_t *ret_ticket);
/* Never blocks: 1 and `*ret` for an answer, 0 when there is no answer yet, -EPIPE when the
 * process has ended, or another -errno. */
MUST_USE int resolver_receive(struct resolver *resolver, struct resolve_answer *ret);
void resolver_stop(struct resolver *resolver); /* kills and reaps; NULL is fine */

#endif
