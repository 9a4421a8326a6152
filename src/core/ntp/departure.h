/* SPDX-License-Identifier: MIT
 *
 * How long an answer takes from the reading of the clock to the wire, learnt from those
 * answers whose departure the kernel has told, so that the transmit stamp of the others can
 * be the moment they leave.
 *
 * Never more than the least of what was seen lately: a stamp that lies after the departure
 * would be a lie in the one direction that clients do not expect.  Where that happened all
 * the same, because the answer was faster than those before, less is added for a while.
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
	DEPARTURE_CAUTION = 4,
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
};

/* To be added to the clock as read for the answer at `place`, 0 being the first. */
static inline int64_t departure_ahead_ns(const struct departure *d, unsigned place)
{
	return d->ahead_ns[place < DEPARTURE_PLACES ? place : DEPARTURE_PLACES - 1];
}

/* An answer at `place`, with `added_ns` in its stamp, left `took_ns` after the clock was
 * read.  True when the stamp was right: not after the departure. */
bool departure_learn(struct departure *d, unsigned place, int64_t added_ns,
                     int64_t took_ns);

#endif
