/* SPDX-License-Identifier: MIT
 *
 * Access rules that are replaced while threads read them.
 */
#include "app/server/shared_rules.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "io/sys/entropy.h"

int shared_rules_new(const struct access_rules *rules, struct shared_rules **ret)
{
	struct shared_rules *shared_rules =
		aligned_alloc(_Alignof(struct shared_rules), sizeof(*shared_rules));
	int r;

	if (!shared_rules) {
		return -ENOMEM;
	}
	memset(shared_rules, 0, sizeof(*shared_rules));
	r = entropy_fill(&shared_rules->table.key, sizeof(shared_rules->table.key));
	if (r < 0) {
		free(shared_rules);
		return r;
	}
	shared_rules->versions[0] = *rules;
	*ret = shared_rules;
	return 0;
}

void shared_rules_free(struct shared_rules *shared_rules)
{
	free(shared_rules);
}

struct rules_reader *shared_rules_join(struct shared_rules *shared_rules)
{
	assert(shared_rules->reader_count < SHARED_RULES_READERS_MAX);
	return &shared_rules->readers[shared_rules->reader_count++];
}

const struct access_rules *shared_rules_hold(struct shared_rules *shared_rules,
                                             struct rules_reader *reader)
{
	unsigned at;

	/* Announced first, then checked again: the writer either sees the announcement, or
	 * had replaced the rules before. */
	do {
		at = atomic_load(&shared_rules->current);
		atomic_store(&reader->held, at + 1);
	} while (atomic_load(&shared_rules->current) != at);
	return &shared_rules->versions[at];
}

void shared_rules_release(struct rules_reader *reader)
{
	atomic_store_explicit(&reader->held, 0, memory_order_release);
}

static bool is_held(struct shared_rules *shared_rules, unsigned version)
{
	for (unsigned i = 0; i < shared_rules->reader_count; i++) {
		if (atomic_load(&shared_rules->readers[i].held) == version + 1) {
			return true;
		}
	}
	return false;
}

bool shared_rules_replace(struct shared_rules *shared_rules,
                          const struct access_rules *rules)
{
	unsigned current = atomic_load(&shared_rules->current);

	for (unsigned i = 0; i < SHARED_RULES_VERSIONS; i++) {
		if (i != current && !is_held(shared_rules, i)) {
			shared_rules->versions[i] = *rules;
			atomic_store(&shared_rules->current, i);
			return true;
		}
	}
	return false;
}

int shared_rules_leak(struct rate_leak *ret)
{
	struct rate_leak leak = { 0 };
	int r;

	while (leak.state == 0) {
		r = entropy_fill(&leak.state, sizeof(leak.state));
		if (r < 0) {
			return r;
		}
	}
	*ret = leak;
	return 0;
}
