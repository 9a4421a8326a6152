/* SPDX-License-Identifier: MIT
 *
 * Whom the server answers and how often: the rules that are in force, and what is
 * remembered of those who asked, for all threads.
 */
#ifndef APP_SERVER_GATE_H
#define APP_SERVER_GATE_H

#include <stdatomic.h>

#include "core/ntp/admit.h"

enum { SERVE_GATE_GENERATIONS = 4, SERVE_GATE_SEATS_MAX = 128 };

/* Where a thread says which generation of rules it is using.  A line of the cache of its
 * own: it is written with every batch. */
struct serve_gate_seat {
	_Alignas(64) atomic_uint held; /* generation + 1; 0: none */
};

struct serve_gate {
	/* New rules go where nobody is looking: neither the ones in force nor any that a
	 * thread still holds. */
	struct admit_rules generations[SERVE_GATE_GENERATIONS];
	atomic_uint current;
	struct serve_gate_seat seats[SERVE_GATE_SEATS_MAX];
	unsigned seat_count;
	struct admit_table table;
};

/* The key of the table is new and random.  0 or -errno; `*ret` is the caller's until
 * serve_gate_free(). */
MUST_USE int serve_gate_new(const struct admit_rules *rules, struct serve_gate **ret);
void serve_gate_free(struct serve_gate *gate); /* NULL is fine */

/* A seat for one more thread, before there are threads: at most SERVE_GATE_SEATS_MAX. */
struct serve_gate_seat *serve_gate_join(struct serve_gate *gate);

/* The rules in force, which stay as they are until serve_gate_release().  Neither waits. */
const struct admit_rules *serve_gate_hold(struct serve_gate *gate,
                                          struct serve_gate_seat *seat);
void serve_gate_release(struct serve_gate_seat *seat);

/* By one thread; what was remembered of the sources stays.  False when all places are
 * being looked at: to be tried again a moment later. */
MUST_USE bool serve_gate_replace(struct serve_gate *gate, const struct admit_rules *rules);

/* Random, and not zero.  0 or -errno. */
MUST_USE int serve_gate_dice(struct admit_dice *ret);

#endif
