/* SPDX-License-Identifier: MIT */
#include "core/departure.h"

enum {
	/* Of a margin that much is given back with each answer that was stamped rightly. */
	MARGIN_DECAY = 64,
};

static uint32_t least_of(const struct departure *d, unsigned place)
{
	uint32_t least = UINT32_MAX;

	for (unsigned i = 0; i < d->count[place]; i++) {
		if (d->recent_ns[place][i] < least) {
			least = d->recent_ns[place][i];
		}
	}
	return least;
}

/* A place of which nothing is known takes at least what the one before it takes, and
 * none takes longer than a later one. */
static void work_out(struct departure *d)
{
	uint32_t least[DEPARTURE_PLACES];
	uint32_t so_far = 0;

	for (unsigned i = 0; i < DEPARTURE_PLACES; i++) {
		least[i] = d->count[i] > 0 ? least_of(d, i) : UINT32_MAX;
	}
	for (unsigned i = DEPARTURE_PLACES - 1; i-- > 0;) {
		if (least[i + 1] < least[i] && d->count[i] > 0) {
			least[i] = least[i + 1];
		}
	}
	for (unsigned i = 0; i < DEPARTURE_PLACES; i++) {
		if (d->count[i] >= DEPARTURE_TRUSTED) {
			so_far = least[i] - least[i] / DEPARTURE_CAUTION;
		}
		d->ahead_ns[i] = so_far > d->margin_ns ? so_far - d->margin_ns : 0;
	}
}

bool departure_learn(struct departure *d, unsigned place, int64_t added_ns, int64_t took_ns)
{
	bool was_right = took_ns >= added_ns;

	if (place >= DEPARTURE_PLACES) {
		place = DEPARTURE_PLACES - 1;
	}
	if (took_ns < 0 || took_ns > DEPARTURE_MOST_NS) {
		return was_right;
	}
	d->recent_ns[place][d->next[place]] = (uint32_t)took_ns;
	d->next[place] = (uint8_t)((d->next[place] + 1) % DEPARTURE_KEPT);
	if (d->count[place] < DEPARTURE_KEPT) {
		d->count[place]++;
	}
	if (was_right) {
		d->margin_ns -= (d->margin_ns + MARGIN_DECAY - 1) / MARGIN_DECAY;
	} else {
		int64_t margin_ns = d->margin_ns + (added_ns - took_ns);

		d->margin_ns =
			(uint32_t)(margin_ns < DEPARTURE_MOST_NS ? margin_ns
		                                                 : DEPARTURE_MOST_NS);
	}
	work_out(d);
	return was_right;
}
