/* SPDX-License-Identifier: MIT
 *
 * What becomes of one datagram on a service's port: an answer, or silence with a reason.
 */
#ifndef APP_SERVER_NTP_H
#define APP_SERVER_NTP_H

#include "app/server/state.h"
#include "core/ntp/access.h"
#include "core/ntp/packet.h"
#include "io/net/clock_moment.h"
#include "io/net/udp_listen.h"

/* All but SERVE_ANSWER and SERVE_KISSED are met with silence. */
enum serve_verdict {
	SERVE_ANSWER,
	SERVE_NOT_FOR_US, /* broadcast, multicast, no port to answer to, our own address */
	SERVE_CUT,        /* longer than any request */
	SERVE_NO_REQUEST, /* core/ntp/packet.h knows why */
	SERVE_STALE,      /* waited in the queue too long: its stamps would mislead */
	SERVE_STEPPED,    /* the clock was moved between its arrival and now */
	SERVE_SMALL_PORT, /* from a port of services that answer anything */
	SERVE_UNKNOWN_TIME, /* text protocols: the clock is not synchronised */
	SERVE_TOO_OFTEN,
	SERVE_DENIED, /* by the lists */
	SERVE_KISSED, /* too often, and told so */
	SERVE_LOST,   /* the answer could not be sent */
	SERVE_VERDICT_COUNT
};
const char *serve_verdict_text(enum serve_verdict verdict);

/* A request that waited longer in the socket's queue is dropped: by then the client has
 * asked again or gone. */
#define SERVE_QUEUE_MAX_NS (500 * NS_PER_MS)

/* What the rules make of a request: SERVE_ANSWER, SERVE_KISSED, SERVE_TOO_OFTEN or
 * SERVE_DENIED. */
enum serve_verdict serve_verdict_from_access(enum access_verdict verdict);

/* `after` is when the batch that it came in was received, `has_stepped` whether the clock
 * was moved since the batch before.  `*ret_received` is T2: the kernel's stamp, or
 * `after` where there is none that fits.  Outputs are written for SERVE_ANSWER only. */
enum serve_verdict serve_ntp_check(const struct udp_listen_datagram *datagram,
                                   const struct serve_view *view, struct clock_moment after,
                                   bool has_stepped, struct ntp_header *ret_request,
                                   struct instant *ret_received);

/* The answer, into `buf` of NTP_HEADER_OCTETS.  `read` is the clock now, and `added_ns` how much
 * later the answer is expected to leave (core/ntp/tx_latency.h): by that much T3 may be late,
 * which no client sees in the delay, so it is told as dispersion. */
void serve_ntp_write(const struct ntp_header *request, const struct ntp_server_state *state,
                     struct instant received, struct instant read, int64_t added_ns,
                     uint8_t *buf);

/* A step shows in the distance of the two clocks: slewing moves both. */
struct serve_step_watch {
	bool is_started;
	int64_t distance_ns; /* wall - monotonic */
};
bool serve_step_seen(struct serve_step_watch *watch, struct clock_moment now);

/* The wall clock at `mono_ns`, counted on from `base` so that it is on the same side of a
 * step as `base` is. */
struct instant serve_wall_at(struct clock_moment base, int64_t mono_ns);

#endif
