/* SPDX-License-Identifier: MIT
 *
 * Whom the server answers and how often: the rules that are in force, and what is
 * remembered of those who asked, for all threads.
 */
#ifndef APP_SERVE_GATE_H
#define APP_SERVE_GATE_H

#include <stdatomic.h>

#include "core/admit.h"

enum { SERVE_GATE_GENERATIONS = 4 };

struct serve_gate {
	/* Rules that are replaced stay where they are for three more times: a thread holds
	 * on to them for one batch, and new ones come when somebody sends a signal. */
	struct admit_rules generations[SERVE_GATE_GENERATIONS];
	atomic_uint current;
	struct admit_table table;
};

/* The key of the table is new and random.  0 or -errno; `*ret` is the caller's until
 * serve_gate_free(). */
MUST_USE int serve_gate_new(const struct admit_rules *rules, struct serve_gate **ret);
void serve_gate_free(struct serve_gate *gate); /* NULL is fine */

/* By one thread; what was remembered of the sources stays. */
void serve_gate_replace(struct serve_gate *gate, const struct admit_rules *rules);
/* Good for one batch. */
const struct admit_rules *serve_gate_rules(const struct serve_gate *gate);

/* Random, and not zero.  0 or -errno. */
MUST_USE int serve_gate_dice(struct admit_dice *ret);

#endif
