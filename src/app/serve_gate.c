/* SPDX-License-Identifier: MIT */
#include "app/serve_gate.h"

#include <errno.h>
#include <stdlib.h>

#include "io/entropy.h"

int serve_gate_new(const struct admit_rules *rules, struct serve_gate **ret)
{
	struct serve_gate *gate = calloc(1, sizeof(*gate));
	int r;

	if (!gate) {
		return -ENOMEM;
	}
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

void serve_gate_replace(struct serve_gate *gate, const struct admit_rules *rules)
{
	unsigned next = (atomic_load(&gate->current) + 1) % SERVE_GATE_GENERATIONS;

	gate->generations[next] = *rules;
	atomic_store_explicit(&gate->current, next, memory_order_release);
}

const struct admit_rules *serve_gate_rules(const struct serve_gate *gate)
{
	return &gate->generations[atomic_load_explicit(&gate->current,
	                                               memory_order_acquire)];
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
