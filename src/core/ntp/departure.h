/* SPDX-License-Identifier: MIT
 *
 * How long an answer takes from the reading of the clock to the wire, learnt from those
 * answers whose departure the kernel has told, so that the transmit stamp of the others can
 * be the moment they leave.
 *
 * A stamp after the departure is an error in the one direction that the delay does not cover,
 * and when answers leave, strangers decide as well: who answers ARP late, fills a queue, or
 * asks from where the way is slow.  So
 *
 * - only an answer that went straight through teaches anything: the driver had it before the
 *   system call that sent it returned.  What waited for a neighbour to be resolved, as first
 *   answers to a destination do, or in a queue, left later than that;
 * - it is never more than the least of what was seen lately, less an eighth;
 * - it rises by a microsecond a second, whatever was seen, and falls at once;
 * - it is never more than DEPARTURE_AHEAD_MAX_NS, and the server tells what it adds as
 *   dispersion: the bound holds whatever was predicted.
 *
 * Where an answer was faster than those before, less is added for a while.
 */
#ifndef CORE_NTP_DEPARTURE_H
#define CORE_NTP_DEPARTURE_H

#include <stdbool.h>

#include "core/base/base.h"

enum {
	/* Answers that leave with one system call; each waits for those before it. */
	DEPARTURE_PLACES = 8,
	/* What "lately" means, for each place: this many, and up to as many again. */
	DEPARTURE_KEPT = 256,
	/* Most answers are slow, those of a server that has just begun above all, and a few of
	 * them say little of the fast ones. */
	DEPARTURE_TRUSTED = 32,
	/* This part of the least is not added: the next may be faster. */
	DEPARTURE_CAUTION = 8,
	/* About one unit of the dispersion in a packet, 2^-16 s (RFC 5905 section 6). */
	DEPARTURE_AHEAD_MAX_NS = 15000,
	/* In so many nanoseconds the prediction rises by one ... */
	DEPARTURE_RISE_EVERY_NS = 1000000,
	/* ... and by so many at once after a pause. */
	DEPARTURE_RISE_MAX_NS = 250,
	/* Interfaces of which something is known. */
	DEPARTURE_LINKS = 16,
};

/* What takes longer says nothing of the path: the processor was taken away. */
#define DEPARTURE_MOST_NS INT64_C(1000000)

/* Starts as zeros: adds nothing. */
struct departure {
	uint32_t least_ns[DEPARTURE_PLACES];        /* of the `count` latest */
	uint32_t least_before_ns[DEPARTURE_PLACES]; /* of those before them, if `is_old` */
	uint16_t count[DEPARTURE_PLACES];
	bool is_old[DEPARTURE_PLACES];
	uint32_t ahead_ns[DEPARTURE_PLACES];
	uint32_t margin_ns;
	int64_t risen_mono_ns; /* until then the rise is used up */
};

/* An answer whose departure the kernel has told. */
struct departure_seen {
	unsigned place;      /* among those of its system call, 0 being the first */
	int64_t added_ns;    /* in its transmit stamp; >= 0 */
	int64_t took_ns;     /* from the reading of the clock to the departure */
	int64_t returned_ns; /* from the same to the return of the system call */
	int64_t mono_ns;     /* now */
};

/* To be added to the clock as read for the answer at `place`, 0 being the first:
 * 0..DEPARTURE_AHEAD_MAX_NS. */
static inline int64_t departure_ahead_ns(const struct departure *d, unsigned place)
{
	return d->ahead_ns[place < DEPARTURE_PLACES ? place : DEPARTURE_PLACES - 1];
}

/* True when the stamp was right: not after the departure. */
bool departure_learn(struct departure *d, const struct departure_seen *seen);

/* What is learnt of one interface says nothing of another.  An answer is known by the interface that
 * the request came in by, for of the way back the kernel tells nothing in advance; and by
 * whether the thread had been asleep, for then it is slower than in full swing. */
struct departure_links {
	struct departure_link {
		unsigned link; /* index of the interface */
		struct departure by_sleep[2];
	} links[DEPARTURE_LINKS];
};

/* As departure_ahead_ns(); 0 where nothing is known of the interface. */
int64_t departure_link_ahead_ns(const struct departure_links *all, unsigned link,
                                bool was_asleep, unsigned place);
/* That of the interface, to learn; of two that share a place the latest has it, and begins
 * with nothing. */
struct departure *departure_link(struct departure_links *all, unsigned link,
                                 bool was_asleep);

#endif
