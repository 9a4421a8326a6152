/* SPDX-License-Identifier: MIT
 *
 * The sample of one exchange: offset and correctness interval from the four timestamps.
 *
 *      client  T1 ----------.              .---> T4
 *                            \            /
 *      server                 `-> T2   T3
 *
 * SIGN: offset_ns = server - local; positive means that the local clock is behind.
 *
 * The interval is correct because neither request nor reply can arrive before it left: so
 * (server - local) is at most T2 - T1 and at least T3 - T4, whatever the path delays.  The
 * root distance of the server, the precision of both clocks and the possible drift during
 * the exchange widen it.
 */
#ifndef CORE_SELECT_SAMPLE_H
#define CORE_SELECT_SAMPLE_H

#include "core/base/ntp_time.h"

/* T1 must not be after the true transmit time, nor T4 before the true arrival; an error
 * the other way only widens the interval. */
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
	int64_t drift_ppb;           /* largest frequency difference of the clocks, 1e-9 */
};

struct sample {
	int64_t offset_ns; /* middle of the interval */
	int64_t bound_ns;  /* its half width: |true offset - offset_ns| <= bound_ns at T4 */
	int64_t delay_ns;  /* (T4 - T1) - (T3 - T2), at least the local precision */
	int64_t at_mono_ns;
	int64_t root_distance_ns; /* root delay / 2 + root dispersion */
	/* The bound if the server had answered at once.  The holding time that it claims
	 * narrows the interval, which is correct for an honest server, but must not
	 * raise its weight. */
	int64_t spread_ns;
};

enum sample_verdict {
	SAMPLE_OK,
	SAMPLE_SERVER_BACKWARDS, /* T3 before T2 */
	SAMPLE_SERVER_SLOW,      /* T3 - T2 above SAMPLE_SERVER_MAX_NS: stale or stepped */
	/* T3 - T2 exceeds T4 - T1 by more than both precisions and
	 * SAMPLE_T3_AHEAD_MAX_NS of the root dispersion. */
	SAMPLE_NEGATIVE_DELAY,
	SAMPLE_LOCAL_BACKWARDS, /* T4 before T1: our own clock was stepped */
	SAMPLE_ROOT_TOO_FAR,    /* root distance above `root_distance_max_ns` */
	SAMPLE_BEYOND,          /* offset above SAMPLE_OFFSET_MAX_NS */
	SAMPLE_VERDICT_COUNT
};

#define SAMPLE_SERVER_MAX_NS (4 * NS_PER_S)
/* A server predicts its transmit time and declares the possible error in its root
 * dispersion.  For a near client that error alone can make the delay negative; the
 * interval includes the root dispersion and so covers it.  A larger error is not
 * accepted. */
#define SAMPLE_T3_AHEAD_MAX_NS (100 * NS_PER_US)
/* 255 years, more than the clock of Linux (1970..2262) can be off.  The rest of 64 bits of
 * nanoseconds leaves room for bounds, so that no sum saturates. */
#define SAMPLE_OFFSET_MAX_NS (INT64_MAX / 8 * 7)
#define SAMPLE_ROOT_DISTANCE_MAX_NS (1500 * NS_PER_MS) /* the default limit */

/* RFC 5905 section 8, in 64-bit integers; no input overflows.  `*ret` is written only for
 * SAMPLE_OK. */
MUST_USE enum sample_verdict sample_from_exchange(const struct exchange *exchange,
                                                  int64_t root_distance_max_ns,
                                                  struct sample *ret);
const char *sample_verdict_text(enum sample_verdict verdict);

/* The reason with the value and the limit.  `buf` has SAMPLE_REFUSAL_SIZE. */
enum { SAMPLE_REFUSAL_SIZE = 120 };
void sample_refusal_format(enum sample_verdict verdict, const struct exchange *exchange,
                           int64_t root_distance_max_ns, char *buf);

/* The sample of a protocol with one server time (reqtime, RFC 868): the server read its
 * clock between T1 and T4 and truncated it to `resolution_ns`. */
MUST_USE enum sample_verdict sample_from_reading(struct instant t1, struct instant server,
                                                 struct instant t4, int64_t t4_mono_ns,
                                                 int64_t resolution_ns, int64_t drift_ppb,
                                                 struct sample *ret);

#endif
