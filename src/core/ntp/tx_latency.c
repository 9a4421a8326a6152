/* SPDX-License-Identifier: MIT
 *
 * Predicts the transmit latency of answers.
 */
#include "core/ntp/tx_latency.h"

#include "core/base/ntp_time.h"

enum {
	/* The margin shrinks by 1/64 with each answer whose stamp was right. */
	MARGIN_DECAY = 64,
};

static void remember(struct tx_latency *d, unsigned place, uint32_t took_ns)
{
	if (d->count[place] == 0 || took_ns < d->least_ns[place]) {
		d->least_ns[place] = took_ns;
	}
	if (++d->count[place] == TX_LATENCY_KEPT) {
		d->least_before_ns[place] = d->least_ns[place];
		d->is_old[place] = true;
		d->count[place] = 0;
	}
}

/* Allowed rise of the prediction now. */
static uint32_t rise_take(struct tx_latency *d, int64_t mono_ns)
{
	const int64_t most_mono_ns =
		mono_ns - (int64_t)TX_LATENCY_RISE_MAX_NS * TX_LATENCY_RISE_EVERY_NS;
	int64_t rise_ns;

	d->risen_mono_ns = ns_max(d->risen_mono_ns, most_mono_ns);
	if (d->risen_mono_ns > mono_ns) {
		return 0;
	}
	rise_ns = (mono_ns - d->risen_mono_ns) / TX_LATENCY_RISE_EVERY_NS;
	d->risen_mono_ns += rise_ns * TX_LATENCY_RISE_EVERY_NS;
	return (uint32_t)rise_ns;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* A place without data takes at least as long as the one before it, and no place longer
 * than a later one. */
static void work_out(struct tx_latency *d, int64_t mono_ns)
{
	const uint32_t rise_ns = rise_take(d, mono_ns);
	uint32_t least[TX_LATENCY_PLACES];
	uint32_t so_far = 0;
	uint32_t wanted;

	for (unsigned i = 0; i < TX_LATENCY_PLACES; i++) {
		least[i] = d->count[i] > 0 ? d->least_ns[i] : UINT32_MAX; /* no data */
		if (d->is_old[i]) {
			least[i] = smaller(least[i], d->least_before_ns[i]);
		}
	}
	for (unsigned i = TX_LATENCY_PLACES - 1; i-- > 0;) {
		least[i] = smaller(least[i], least[i + 1]);
	}
	for (unsigned i = 0; i < TX_LATENCY_PLACES; i++) {
		if (d->is_old[i] || d->count[i] >= TX_LATENCY_TRUSTED) {
			so_far = least[i] - least[i] / TX_LATENCY_MARGIN_PART;
		}
		wanted = so_far > d->margin_ns ? so_far - d->margin_ns : 0;
		d->tx_lead_ns[i] = smaller(smaller(wanted, d->tx_lead_ns[i] + rise_ns),
		                           TX_LATENCY_LEAD_MAX_NS);
	}
}

bool tx_latency_update(struct tx_latency *d, const struct tx_latency_sample *seen)
{
	const bool was_right = seen->took_ns >= seen->added_ns;
	const unsigned place =
		seen->place < TX_LATENCY_PLACES ? seen->place : TX_LATENCY_PLACES - 1;

	if (seen->took_ns < 0 || seen->took_ns > TX_LATENCY_MAX_NS ||
	    seen->took_ns > seen->returned_ns) {
		return was_right;
	}
	remember(d, place, (uint32_t)seen->took_ns);
	if (was_right) {
		d->margin_ns -= (d->margin_ns + MARGIN_DECAY - 1) / MARGIN_DECAY;
	} else {
		d->margin_ns = (uint32_t)ns_min(
			d->margin_ns + (seen->added_ns - seen->took_ns), TX_LATENCY_MAX_NS);
	}
	work_out(d, seen->mono_ns);
	return was_right;
}

int64_t tx_latency_link_lead_ns(const struct tx_latency_links *all, unsigned link,
                                bool was_asleep, unsigned place)
{
	const struct tx_latency_link *l = &all->links[link % TX_LATENCY_LINKS];

	return l->link == link ? tx_latency_lead_ns(&l->by_sleep[was_asleep], place) : 0;
}

struct tx_latency *tx_latency_link(struct tx_latency_links *all, unsigned link,
                                   bool was_asleep)
{
	struct tx_latency_link *l = &all->links[link % TX_LATENCY_LINKS];

	if (l->link != link) {
		*l = (struct tx_latency_link){ .link = link };
	}
	return &l->by_sleep[was_asleep];
}
