/* SPDX-License-Identifier: MIT */
#include "app/server/gate.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "io/sys/entropy.h"

int serve_gate_new(const struct admit_rules *rules, struct serve_gate **ret)
{
	struct serve_gate *gate = aligned_alloc(_Alignof(struct serve_gate), sizeof(*gate));
	int r;

	if (!gate) {
		return -ENOMEM;
	}
	memset(gate, 0, sizeof(*gate));
	r = entropy_fill(&gate->table.key, sizeof(gate->table.key));
	if (r < 0) {
		free(gate);
		return r;
	}
	gate->generations[0] = *rules;
	*ret = gate;
	return 0;
}

void serve_gate_free(struct serve_gate *gate)
{
	free(gate);
}

struct serve_gate_seat *serve_gate_join(struct serve_gate *gate)
{
	assert(gate->seat_count < SERVE_GATE_SEATS_MAX);
	return &gate->seats[gate->seat_count++];
}

const struct admit_rules *serve_gate_hold(struct serve_gate *gate,
                                          struct serve_gate_seat *seat)
{
	unsigned at;

	/* Said first, then looked at again: whoever replaces rules either sees what is
	 * said here, or had replaced them before. */
	do {
		at = atomic_load(&gate->current);
		atomic_store(&seat->held, at + 1);
	} while (atomic_load(&gate->current) != at);
	return &gate->generations[at];
}

void serve_gate_release(struct serve_gate_seat *seat)
{
	atomic_store_explicit(&seat->held, 0, memory_order_release);
}

static bool is_held(struct serve_gate *gate, unsigned generation)
{
	for (unsigned i = 0; i < gate->seat_count; i++) {
		if (atomic_load(&gate->seats[i].held) == generation + 1) {
			return true;
		}
	}
	return false;
}

bool serve_gate_replace(struct serve_gate *gate, const struct admit_rules *rules)
{
	unsigned current = atomic_load(&gate->current);

	for (unsigned i = 0; i < SERVE_GATE_GENERATIONS; i++) {
		if (i != current && !is_held(gate, i)) {
			gate->generations[i] = *rules;
			atomic_store(&gate->current, i);
			return true;
		}
	}
	return false;
}

int serve_gate_dice(struct admit_dice *ret)
{
	struct admit_dice dice = { 0 };
	int r;

	while (dice.state == 0) {
		r = entropy_fill(&dice.state, sizeof(dice.state));
		if (r < 0) {
			return r;
		}
	}
	*ret = dice;
	return 0;
}
