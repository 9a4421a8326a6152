/* SPDX-License-Identifier: MIT
 *
 * The result of one datagram on a service's port: an answer, or silence with a reason.
 */
#ifndef APP_SERVER_NTP_H
#define APP_SERVER_NTP_H

#include "app/server/state.h"
#include "core/ntp/access.h"
#include "core/ntp/packet.h"
#include "io/net/clock_moment.h"
#include "io/net/udp_listen.h"

/* All but SERVE_ANSWER and SERVE_KISSED mean silence. */
enum serve_verdict {
	SERVE_ANSWER,
	SERVE_NOT_FOR_US, /* broadcast, multicast, no port to answer to, our own address */
	SERVE_CUT,        /* longer than any request */
	SERVE_NO_REQUEST, /* refused by core/ntp/packet.h */
	SERVE_STALE,      /* waited in the queue too long: its stamps would mislead */
	SERVE_STEPPED,    /* the clock was moved between its arrival and now */
	SERVE_SMALL_PORT, /* from a port of services that answer anything */
	SERVE_UNKNOWN_TIME, /* text protocols: the clock is not synchronised */
	SERVE_TOO_OFTEN,
	SERVE_DENIED, /* by the access lists */
	SERVE_KISSED, /* too often: answered with a kiss code */
	SERVE_LOST,   /* the answer could not be sent */
	SERVE_VERDICT_COUNT
};
const char *serve_verdict_text(enum serve_verdict verdict);

/* A request that waited longer in the socket's queue is dropped: by then the client has
 * repeated it or given up. */
#define SERVE_QUEUE_MAX_NS (500 * NS_PER_MS)

/* SERVE_ANSWER, SERVE_KISSED, SERVE_TOO_OFTEN or SERVE_DENIED, by the rules. */
enum serve_verdict serve_verdict_from_access(enum access_verdict verdict);

/* `after` is when its batch was received, `has_stepped` whether the clock was stepped since
 * the batch before.  `*ret_received` is T2: the kernel's stamp, or `after` if that does not
 * fit.  Outputs are written for SERVE_ANSWER only. */
enum serve_verdict serve_ntp_check(const struct udp_listen_datagram *datagram,
                                   const struct serve_view *view, struct clock_moment after,
                                   bool has_stepped, struct ntp_header *ret_request,
                                   struct instant *ret_received);

/* Writes the answer into `buf` of NTP_HEADER_OCTETS.  `read` is the clock now, and
 * `added_ns` the expected delay until the answer leaves (core/ntp/tx_latency.h): T3 may be
 * late by that much, which no client sees in the delay, so it is reported as dispersion. */
void serve_ntp_write(const struct ntp_header *request, const struct ntp_server_state *state,
                     struct instant received, struct instant read, int64_t added_ns,
                     uint8_t *buf);

/* A step shows in the difference of the two clocks: slewing moves both. */
struct serve_step_watch {
	bool is_started;
	int64_t distance_ns; /* wall - monotonic */
};
bool serve_step_seen(struct serve_step_watch *watch, struct clock_moment now);

/* The wall clock at `mono_ns`, extrapolated from `base`, on its side of a step. */
struct instant serve_wall_at(struct clock_moment base, int64_t mono_ns);

#endif
