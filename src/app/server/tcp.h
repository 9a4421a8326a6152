/* SPDX-License-Identifier: MIT
 *
 * The text services over TCP: one thread, no connection can hold up another.
 *
 *   serve_tcp_new -> serve_tcp_add* -> serve_tcp_run (in its thread) -> serve_tcp_free
 */
#ifndef APP_SERVER_TCP_H
#define APP_SERVER_TCP_H

#include "app/server/shared_rules.h"
#include "app/server/text.h"

enum {
	SERVE_TCP_LISTENERS_MAX = 256,
	SERVE_TCP_CONNECTIONS_MAX = 256,
	SERVE_TCP_PER_ADDRESS_MAX = 16, /* an IPv6 /64 counts as one address */
	/* Per IPv4 /24 or IPv6 /48, so that a network cannot displace others. */
	SERVE_TCP_PER_NETWORK_MAX = 64,
};
/* From accept to close, whatever happens in between. */
#define SERVE_TCP_DEADLINE_NS (5 * NS_PER_S)

struct serve_tcp;

struct serve_tcp_counts {
	uint64_t answered;
	uint64_t denied;  /* by the access lists */
	uint64_t refused; /* over the limit of address or network, or displaced */
	uint64_t dropped; /* no request, too late, time unknown */
};

/* Takes a reader; `state` and `shared_rules` stay the caller's.  0 or -errno. */
MUST_USE int serve_tcp_new(struct serve_cell *state, struct shared_rules *shared_rules,
                           struct serve_tcp **ret);
/* Binds `service` to `at`.  0 or -errno; -ENOBUFS: SERVE_TCP_LISTENERS_MAX are bound. */
MUST_USE int serve_tcp_add(struct serve_tcp *tcp, enum serve_service service,
                           const struct address *at, struct address *ret_bound);
/* Adds a socket that listens already; owned by the serve_tcp on 0. */
MUST_USE int serve_tcp_adopt(struct serve_tcp *tcp, enum serve_service service, int fd,
                             struct address *ret_bound);
void serve_tcp_run(struct serve_tcp *tcp);  /* until serve_tcp_stop() */
void serve_tcp_stop(struct serve_tcp *tcp); /* from another thread */
/* At any time, from any thread. */
struct serve_tcp_counts serve_tcp_counts(const struct serve_tcp *tcp);
void serve_tcp_free(struct serve_tcp *tcp); /* NULL is fine */

#endif
