/* SPDX-License-Identifier: MIT
 *
 * When answers leave, as the kernel tells it: for the answers that follow, and for
 * interleaved ones.
 */
#include "app/server/serve_private.h"
#include "io/sys/monotonic.h"

enum {
	/* Interleaved clients of one thread at once. */
	STAMPS_BURST = 100,
};

/* Not more often than that an answer is stamped to learn how long answers take: up to
 * 4,000 a second nearly all of them, beyond a small part. */
#define SAMPLE_EVERY_NS (250 * NS_PER_US)
/* A thread without a pause has no time to lose, and a short memory is enough for it. */
#define SAMPLE_BUSY_NS (2 * NS_PER_MS)
/* Departures later than this are of another answer. */
#define STAMP_LATE_NS (100 * NS_PER_MS)
#define STAMP_COST_NS NS_PER_MS

static void tx_latency_updated(struct worker *w, const struct stamped *s, int64_t took_ns)
{
	struct tx_latency *d = tx_latency_link(&w->tx_latencies, s->link, s->was_asleep);
	const struct tx_latency_sample seen = { .place = s->place,
		                                .added_ns = s->added_ns,
		                                .took_ns = took_ns,
		                                .returned_ns = s->returned_ns,
		                                .mono_ns = w->sent_mono_ns };

	if (!tx_latency_update(d, &seen)) {
		worker_add_to(&w->counters[SERVE_TOO_EARLY], 1);
	}
	atomic_store_explicit(&w->tx_lead_ns, (unsigned)tx_latency_lead_ns(d, 0),
	                      memory_order_relaxed);
}

static void tx_stamp_read(struct worker *w, const struct stamped *s, struct instant at)
{
	int64_t took_ns = instant_diff_ns(at, s->read);

	/* A stamp of another answer, or from the other side of a step. */
	if (took_ns < 0 || took_ns > STAMP_LATE_NS) {
		return;
	}
	if (s->is_kept) {
		interleave_keep(w->serve->interleave, s->received, at);
	}
	worker_add_to(&w->counters[SERVE_TX_STAMPS], 1);
	tx_latency_updated(w, s, took_ns);
}

void tx_stamps_read(struct worker *w, struct udp_listen_socket *socket)
{
	struct instant at;
	uint64_t token;

	while (udp_listen_tx_stamps_due(socket) > 0 &&
	       udp_listen_tx_stamp(socket, &token, &at)) {
		const struct stamped *s = &w->stamped[token % STAMPED_MAX];

		if (s->token == token) {
			tx_stamp_read(w, s, at);
		}
	}
}

void tx_stamps_ask(struct worker *w, const struct pending *pending, unsigned place,
                   bool was_asleep)
{
	uint64_t token = w->next_token++;

	w->stamped[token % STAMPED_MAX] =
		(struct stamped){ .token = token,
		                  .link = pending->link,
		                  .place = (uint8_t)place,
		                  .was_asleep = was_asleep,
		                  .is_kept = pending->wants_stamp,
		                  .received = ntp_from_instant(pending->received) };
	udp_listen_stamp(w->batch, token);
}

void tx_stamps_asked(struct worker *w, uint64_t first_token, struct instant read,
                     const int64_t *added_ns)
{
	const int64_t returned_ns = monotonic_now_ns() - w->sent_mono_ns;

	for (uint64_t token = first_token; token < w->next_token; token++) {
		struct stamped *s = &w->stamped[token % STAMPED_MAX];

		s->read = read;
		s->added_ns = added_ns[s->place];
		s->returned_ns = returned_ns;
	}
}

unsigned tx_stamps_sample(struct worker *w, const struct turn *turn, unsigned count)
{
	if (!turn->view.stamps_fit || turn->after.mono_ns < w->sample_due_mono_ns) {
		return count;
	}
	w->sample_due_mono_ns =
		turn->after.mono_ns + (turn->was_asleep ? SAMPLE_EVERY_NS : SAMPLE_BUSY_NS);
	return (unsigned)(w->next_token % count);
}

bool tx_stamps_may_ask(struct worker *w, int64_t mono_ns)
{
	if (w->stamps_due_mono_ns < mono_ns) {
		w->stamps_due_mono_ns = mono_ns;
	}
	if (w->stamps_due_mono_ns - mono_ns > STAMPS_BURST * STAMP_COST_NS) {
		return false;
	}
	w->stamps_due_mono_ns += STAMP_COST_NS;
	return true;
}
