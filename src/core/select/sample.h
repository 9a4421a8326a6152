/* SPDX-License-Identifier: MIT
 *
 * One exchange worked out: four timestamps in, an offset and the interval that
 * holds the truth out.
 *
 *      client  T1 ----------.              .---> T4
 *                            \            /
 *      server                 `-> T2   T3
 *
 * THE SIGN: offset_ns = server - local.  Above 0 = the local clock is behind.
 *
 * Why the interval holds: the request cannot arrive before it left, nor the reply,
 * so (server - local) is at most T2 - T1 and at least T3 - T4, whatever the two
 * paths took.  What the server says of its own distance from UTC, both clocks'
 * reading precision and what the clocks can drift within the exchange widen it.
 */
#ifndef CORE_SELECT_SAMPLE_H
#define CORE_SELECT_SAMPLE_H

#include "core/base/ntp_time.h"

/* T1 must not lie after the true transmit time and T4 not before the true arrival; a
 * stamp that is early or late the other way only widens the interval. */
struct exchange {
	struct instant t1;           /* local: request left */
	struct instant t2;           /* server: request arrived */
	struct instant t3;           /* server: reply left */
	struct instant t4;           /* local: reply arrived */
	int64_t t4_mono_ns;          /* CLOCK_MONOTONIC at T4, dates the sample */
	int64_t root_delay_ns;       /* server to its reference, round trip; >= 0 */
	int64_t root_dispersion_ns;  /* >= 0 */
	int64_t server_precision_ns; /* >= 0 */
	int64_t local_precision_ns;  /* >= 0 */
	int64_t drift_ppb;           /* most that both clocks may run apart, 1e-9 */
};

struct sample {
	int64_t offset_ns; /* middle of the interval */
	int64_t bound_ns;  /* half of it: |true offset - offset_ns| <= bound_ns at T4 */
	int64_t delay_ns;  /* (T4 - T1) - (T3 - T2), at least the local precision */
	int64_t at_mono_ns;
	int64_t root_distance_ns; /* root delay / 2 + root dispersion */
	/* The bound if the server had held the request for no time: what it claims of that narrows
	 * the interval, for if it is honest the truth is inside, but gives it no more weight. */
	int64_t spread_ns;
};

enum sample_verdict {
	SAMPLE_OK,
	SAMPLE_SERVER_BACKWARDS, /* T3 before T2 */
	SAMPLE_SERVER_SLOW, /* T3 - T2 above SAMPLE_SERVER_MAX_NS: stale or stepped meanwhile */
	/* The server held it longer than it was away, beyond both precisions and
	 * SAMPLE_T3_AHEAD_MAX_NS of its root dispersion. */
	SAMPLE_NEGATIVE_DELAY,
	SAMPLE_LOCAL_BACKWARDS, /* T4 before T1: our own clock was stepped */
	SAMPLE_ROOT_TOO_FAR,    /* root distance above `root_distance_max_ns` */
	SAMPLE_BEYOND,          /* further than SAMPLE_OFFSET_MAX_NS from the local clock */
	SAMPLE_VERDICT_COUNT
};

#define SAMPLE_SERVER_MAX_NS (4 * NS_PER_S)
/* A server predicts when its answer leaves, and may be wrong by what it tells as dispersion: to
 * a near client that alone can make the delay negative, and is no reason to lose the server.
 * The interval covers it, for the root dispersion is in it whole.  More than this is no such
 * error. */
#define SAMPLE_T3_AHEAD_MAX_NS (100 * NS_PER_US)
/* 255 years, all that Linux' own clock (1970..2262) can be off and more.  What 64 bits of
 * nanoseconds hold beyond it is room for bounds, so that no sum of these is ever cut. */
#define SAMPLE_OFFSET_MAX_NS (INT64_MAX / 8 * 7)
#define SAMPLE_ROOT_DISTANCE_MAX_NS (1500 * NS_PER_MS) /* the default limit */

/* RFC 5905 section 8, in 64-bit integers; no input overflows.  `*ret` is left alone unless
 * SAMPLE_OK. */
MUST_USE enum sample_verdict sample_from_exchange(const struct exchange *exchange,
                                                  int64_t root_distance_max_ns,
                                                  struct sample *ret);
const char *sample_verdict_text(enum sample_verdict verdict);

/* Why it was refused, with the value found and the limit.  Room for SAMPLE_REFUSAL_SIZE. */
enum { SAMPLE_REFUSAL_SIZE = 120 };
void sample_refusal_format(enum sample_verdict verdict, const struct exchange *exchange,
                           int64_t root_distance_max_ns, char *buf);

/* A sample of the protocols that give one time and no four stamps (reqtime, RFC 868):
 * the server read its clock somewhere between T1 and T4, and cut it to `resolution_ns`. */
MUST_USE enum sample_verdict sample_from_reading(struct instant t1, struct instant server,
                                                 struct instant t4, int64_t t4_mono_ns,
                                                 int64_t resolution_ns, int64_t drift_ppb,
                                                 struct sample *ret);

#endif
