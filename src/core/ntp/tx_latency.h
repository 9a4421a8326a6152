/* SPDX-License-Identifier: MIT
 *
 * How long an answer takes from the reading of the clock to the wire, learnt from those
 * answers whose transmit time the kernel has told, so that the transmit stamp of the others can
 * be the moment they leave.
 *
 * A stamp after the transmit time is an error in the one direction that the delay does not cover,
 * and when answers leave, strangers decide as well: who answers ARP late, fills a queue, or
 * asks from where the way is slow.  So
 *
 * - only an answer that went straight through teaches anything: the driver had it before the
 *   system call that sent it returned.  What waited for a neighbour to be resolved, as first
 *   answers to a destination do, or in a queue, left later than that;
 * - it is never more than the least of what was seen lately, less an eighth;
 * - it rises by a microsecond a second, whatever was seen, and falls at once;
 * - it is never more than TX_LATENCY_LEAD_MAX_NS, and the server tells what it adds as
 *   dispersion: the bound holds whatever was predicted.
 *
 * Where an answer was faster than those before, less is added for a while.
 */
#ifndef CORE_NTP_TX_LATENCY_H
#define CORE_NTP_TX_LATENCY_H

#include <stdbool.h>

#include "core/base/base.h"

enum {
	/* Answers that leave with one system call; each waits for those before it. */
	TX_LATENCY_PLACES = 8,
	/* What "lately" means, for each place: this many, and up to as many again. */
	TX_LATENCY_KEPT = 256,
	/* Most answers are slow, those of a server that has just begun above all, and a few of
	 * them say little of the fast ones. */
	TX_LATENCY_TRUSTED = 32,
	/* This part of the least is not added: the next may be faster. */
	TX_LATENCY_MARGIN_PART = 8,
	/* About one unit of the dispersion in a packet, 2^-16 s (RFC 5905 section 6). */
	TX_LATENCY_LEAD_MAX_NS = 15000,
	/* In so many nanoseconds the prediction rises by one ... */
	TX_LATENCY_RISE_EVERY_NS = 1000000,
	/* ... and by so many at once after a pause. */
	TX_LATENCY_RISE_MAX_NS = 250,
	/* Interfaces of which something is known. */
	TX_LATENCY_LINKS = 16,
};

/* What takes longer says nothing of the path: the processor was taken away. */
#define TX_LATENCY_MAX_NS INT64_C(1000000)

/* Starts as zeros: adds nothing. */
struct tx_latency {
	uint32_t least_ns[TX_LATENCY_PLACES];        /* of the `count` latest */
	uint32_t least_before_ns[TX_LATENCY_PLACES]; /* of those before them, if `is_old` */
	uint16_t count[TX_LATENCY_PLACES];
	bool is_old[TX_LATENCY_PLACES];
	uint32_t tx_lead_ns[TX_LATENCY_PLACES];
	uint32_t margin_ns;
	int64_t risen_mono_ns; /* until then the rise is used up */
};

/* An answer whose transmit time the kernel has told. */
struct tx_latency_sample {
	unsigned place;      /* among those of its system call, 0 being the first */
	int64_t added_ns;    /* in its transmit stamp; >= 0 */
	int64_t took_ns;     /* from the reading of the clock to the transmit time */
	int64_t returned_ns; /* from the same to the return of the system call */
	int64_t mono_ns;     /* now */
};

/* To be added to the clock as read for the answer at `place`, 0 being the first:
 * 0..TX_LATENCY_LEAD_MAX_NS. */
static inline int64_t tx_latency_lead_ns(const struct tx_latency *d, unsigned place)
{
	return d->tx_lead_ns[place < TX_LATENCY_PLACES ? place : TX_LATENCY_PLACES - 1];
}

/* True when the stamp was right: not after the transmit time. */
bool tx_latency_update(struct tx_latency *d, const struct tx_latency_sample *seen);

/* What is learnt of one interface says nothing of another.  An answer is known by the interface that
 * the request came in by, for of the way back the kernel tells nothing in advance; and by
 * whether the thread had been asleep, for then it is slower than in full swing. */
struct tx_latency_links {
	struct tx_latency_link {
		unsigned link; /* index of the interface */
		struct tx_latency by_sleep[2];
	} links[TX_LATENCY_LINKS];
};

/* As tx_latency_lead_ns(); 0 where nothing is known of the interface. */
int64_t tx_latency_link_lead_ns(const struct tx_latency_links *all, unsigned link,
                                bool was_asleep, unsigned place);
/* That of the interface, to learn; of two that share a place the latest has it, and begins
 * with nothing. */
struct tx_latency *tx_latency_link(struct tx_latency_links *all, unsigned link,
                                   bool was_asleep);

#endif
