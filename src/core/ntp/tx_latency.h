/* SPDX-License-Identifier: MIT
 *
 * Predicts the transmit latency of an answer, from the read of the clock to the wire, by
 * the transmit times that the kernel has reported of earlier answers.  The prediction (the
 * lead) is added to the transmit stamp.
 *
 * A stamp after the transmit time is an error that the delay does not cover, and outsiders
 * can delay answers: by a late ARP reply, a full queue, or requests over a slow path.  So
 *
 * - only an answer that was not delayed counts: the driver had it before the system call
 *   that sent it returned.  An answer that waited in a queue or for neighbour discovery
 *   left later;
 * - the lead is at most the smallest recent latency, less an eighth;
 * - it rises by at most one microsecond per second, and falls at once;
 * - it is at most TX_LATENCY_LEAD_MAX_NS, and the server adds the lead to its dispersion,
 *   so the bound holds with any prediction.
 *
 * After an answer that was faster than predicted, the lead is reduced for a while.
 */
#ifndef CORE_NTP_TX_LATENCY_H
#define CORE_NTP_TX_LATENCY_H

#include <stdbool.h>

#include "core/base/base.h"

enum {
	/* Answers sent with one system call; each waits for those before it. */
	TX_LATENCY_PLACES = 8,
	/* Recent answers for each place: this many, up to twice as many. */
	TX_LATENCY_KEPT = 256,
	/* Answers needed before the smallest latency is used: most are slow, above all
	 * after the start of the server. */
	TX_LATENCY_TRUSTED = 32,
	/* The lead leaves out 1/8 of the smallest latency: the next answer may be
	 * faster. */
	TX_LATENCY_MARGIN_PART = 8,
	/* About one unit of the dispersion in a packet, 2^-16 s (RFC 5905 section 6). */
	TX_LATENCY_LEAD_MAX_NS = 15000,
	/* Time in which the lead rises by 1 ns ... */
	TX_LATENCY_RISE_EVERY_NS = 1000000,
	/* ... and the largest rise after a pause. */
	TX_LATENCY_RISE_MAX_NS = 250,
	/* Interfaces with a state. */
	TX_LATENCY_LINKS = 16,
};

/* A larger latency is not that of the path: the thread was descheduled. */
#define TX_LATENCY_MAX_NS INT64_C(1000000)

/* Starts as zeros: adds nothing. */
struct tx_latency {
	uint32_t least_ns[TX_LATENCY_PLACES];        /* of the `count` latest */
	uint32_t least_before_ns[TX_LATENCY_PLACES]; /* of those before them, if `is_old` */
	uint16_t count[TX_LATENCY_PLACES];
	bool is_old[TX_LATENCY_PLACES];
	uint32_t tx_lead_ns[TX_LATENCY_PLACES];
	uint32_t margin_ns;
	int64_t risen_mono_ns; /* the rise is used up to this time */
};

/* An answer whose transmit time the kernel has reported. */
struct tx_latency_sample {
	unsigned place;      /* among those of its system call, 0 being the first */
	int64_t added_ns;    /* lead in its transmit stamp; >= 0 */
	int64_t took_ns;     /* from the read of the clock to the transmit time */
	int64_t returned_ns; /* from the same to the return of the system call */
	int64_t mono_ns;     /* now */
};

/* Lead of the answer at `place`, 0 being the first: 0..TX_LATENCY_LEAD_MAX_NS. */
static inline int64_t tx_latency_lead_ns(const struct tx_latency *d, unsigned place)
{
	return d->tx_lead_ns[place < TX_LATENCY_PLACES ? place : TX_LATENCY_PLACES - 1];
}

/* True when the stamp was not after the transmit time. */
bool tx_latency_update(struct tx_latency *d, const struct tx_latency_sample *seen);

/* A state for each interface: that of the request, as the kernel does not report the
 * outgoing one in advance.  A thread that was asleep is slower, so it has its own. */
struct tx_latency_links {
	struct tx_latency_link {
		unsigned link; /* index of the interface */
		struct tx_latency by_sleep[2];
	} links[TX_LATENCY_LINKS];
};

/* As tx_latency_lead_ns(); 0 for an unknown interface. */
int64_t tx_latency_link_lead_ns(const struct tx_latency_links *all, unsigned link,
                                bool was_asleep, unsigned place);
/* The state of the interface, for an update.  Of two interfaces that share a slot the
 * latest has it, and starts with zeros. */
struct tx_latency *tx_latency_link(struct tx_latency_links *all, unsigned link,
                                   bool was_asleep);

#endif
