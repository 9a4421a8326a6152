/* SPDX-License-Identifier: MIT */
#include "core/ntp/departure.h"

enum {
	/* Of a margin that much is given back with each answer that was stamped rightly. */
	MARGIN_DECAY = 64,
};

static bool is_trusted(const struct departure *d, unsigned place)
{
	return d->is_old[place] || d->count[place] >= DEPARTURE_TRUSTED;
}

/* UINT32_MAX where nothing is known. */
static uint32_t least_of(const struct departure *d, unsigned place)
{
	uint32_t least = d->count[place] > 0 ? d->least_ns[place] : UINT32_MAX;

	if (d->is_old[place] && d->least_before_ns[place] < least) {
		least = d->least_before_ns[place];
	}
	return least;
}

static void remember(struct departure *d, unsigned place, uint32_t took_ns)
{
	if (d->count[place] == 0 || took_ns < d->least_ns[place]) {
		d->least_ns[place] = took_ns;
	}
	if (++d->count[place] == DEPARTURE_KEPT) {
		d->least_before_ns[place] = d->least_ns[place];
		d->is_old[place] = true;
		d->count[place] = 0;
	}
}

/* A place of which nothing is known takes at least what the one before it takes, and
 * none takes longer than a later one. */
static void work_out(struct departure *d)
{
	uint32_t least[DEPARTURE_PLACES];
	uint32_t so_far = 0;

	for (unsigned i = 0; i < DEPARTURE_PLACES; i++) {
		least[i] = least_of(d, i);
	}
	for (unsigned i = DEPARTURE_PLACES - 1; i-- > 0;) {
		if (least[i + 1] < least[i] && least[i] != UINT32_MAX) {
			least[i] = least[i + 1];
		}
	}
	for (unsigned i = 0; i < DEPARTURE_PLACES; i++) {
		if (is_trusted(d, i)) {
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
	remember(d, place, (uint32_t)took_ns);
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
