/* SPDX-License-Identifier: MIT
 *
 * A batch of NTP requests: judged one by one, answered together.
 */
#include "app/server/serve_private.h"
#include "io/sys/monotonic.h"

enum {
	/* A stamp takes part of the time that it measures: answers without one leave
	 * earlier by it. */
	STAMP_SHARE = 4,
};

/* Less than a processor takes to fall asleep, more than the way of a datagram. */
#define ASLEEP_MIN_NS (20 * NS_PER_US)

static void write_ntp(const struct turn *turn, const struct pending *pending,
                      struct instant read, int64_t added_ns, uint8_t *buf)
{
	if (pending->is_kiss) {
		(void)ntp_kiss_write(&pending->request, "RATE", buf);
		return;
	}
	serve_ntp_write(&pending->request, &turn->view.ntp, pending->received, read,
	                added_ns, buf);
	if (pending->is_interleaved) {
		interleave_reply(&pending->request, pending->transmitted, buf);
	}
}

static void send_ntp(struct worker *w, struct udp_listen_socket *socket,
                     const struct turn *turn, const struct pending *pending, unsigned count)
{
	const uint64_t first_token = w->next_token;
	unsigned sample = tx_stamps_sample(w, turn, count);
	int64_t added_ns[ANSWERS_AT_ONCE] = { 0 };
	uint8_t *bufs[ANSWERS_AT_ONCE];
	struct instant read;
	unsigned sent;

	for (unsigned i = 0; i < count; i++) {
		bufs[i] =
			udp_listen_answer(w->batch, pending[i].datagram, NTP_HEADER_OCTETS);
		/* What is added is told as dispersion. */
		added_ns[i] = tx_latency_link_lead_ns(&w->tx_latencies, pending[i].link,
		                                      turn->was_asleep, i);
		if (i == sample || pending[i].wants_stamp) {
			tx_stamps_ask(w, &pending[i], i, turn->was_asleep);
		} else {
			added_ns[i] -= added_ns[i] / STAMP_SHARE;
		}
	}
	w->sent_mono_ns = monotonic_now_ns();
	read = serve_wall_at(turn->after, w->sent_mono_ns);
	for (unsigned i = 0; i < count; i++) {
		write_ntp(turn, &pending[i], read, added_ns[i], bufs[i]);
	}
	sent = (unsigned)udp_listen_send(socket, w->batch);
	worker_count(w, SERVE_LOST, count - sent);
	/* On most ways out the driver has the datagram by now, and its stamp is there. */
	if (w->next_token > first_token) {
		tx_stamps_asked(w, first_token, read, added_ns);
		tx_stamps_read(w, socket);
	}
}

/* SERVE_ANSWER and SERVE_KISSED: `*ret` is to be sent. */
static enum serve_verdict check_ntp(struct worker *w, const struct turn *turn, int i,
                                    struct pending *ret)
{
	struct udp_listen_datagram datagram;
	enum serve_verdict verdict;
	enum access_verdict access;
	bool is_new;

	udp_listen_datagram(w->batch, i, &datagram);
	verdict = serve_ntp_check(&datagram, &turn->view, turn->after, turn->has_stepped,
	                          &ret->request, &ret->received);
	if (verdict != SERVE_ANSWER) {
		return verdict;
	}
	access = access_check(&w->serve->shared_rules->table, turn->rules, &w->leak,
	                      &datagram.from, turn->after.mono_ns, &is_new);
	if (is_new) {
		worker_add_to(&w->counters[SERVE_SOURCES], 1);
	}
	if (access == ACCESS_LEAKED) {
		worker_add_to(&w->counters[SERVE_LEAKED], 1);
	}
	ret->datagram = i;
	ret->is_kiss = access == ACCESS_KISS;
	ret->link = datagram.link;
	ret->is_interleaved = false;
	ret->wants_stamp = false;
	if (access == ACCESS_ANSWER && turn->view.stamps_fit &&
	    interleave_is_asked(&ret->request)) {
		ret->is_interleaved = interleave_take(w->serve->interleave, &ret->request,
		                                      &ret->transmitted);
		ret->wants_stamp = tx_stamps_may_ask(w, turn->after.mono_ns);
		worker_add_to(&w->counters[SERVE_INTERLEAVED], ret->is_interleaved);
	}
	return serve_verdict_from_access(access);
}

/* Whether the thread was waiting when the first datagram of the batch came. */
static bool was_asleep(const struct worker *w, const struct turn *turn)
{
	struct udp_listen_datagram first;

	udp_listen_datagram(w->batch, 0, &first);
	if (!turn->view.stamps_fit || !first.has_arrived) {
		return false;
	}
	return turn->after.mono_ns - instant_diff_ns(turn->after.wall, first.arrived) >
	       w->sent_mono_ns + ASLEEP_MIN_NS;
}

static void begin_turn(struct worker *w, struct turn *ret)
{
	struct serve *serve = w->serve;

	ret->after = clock_moment_now();
	serve_cell_read(&serve->state, &ret->view);
	ret->view.ntp.root_dispersion_ns =
		serve_dispersion_ns(&ret->view, ret->after.mono_ns);
	ret->rules = shared_rules_hold(serve->shared_rules, w->reader);
	ret->has_stepped = serve_step_seen(&w->steps, ret->after) && ret->view.stamps_fit;
	ret->was_asleep = was_asleep(w, ret);
	if (ret->has_stepped) {
		interleave_forget(serve->interleave);
	}
}

void worker_answer_ntp(struct worker *w, struct udp_listen_socket *socket, int count)
{
	struct pending pending[ANSWERS_AT_ONCE];
	enum serve_verdict verdict;
	unsigned ready = 0;
	struct turn turn;

	begin_turn(w, &turn);
	for (int i = 0; i < count; i++) {
		verdict = check_ntp(w, &turn, i, &pending[ready]);
		worker_count(w, verdict, 1);
		if (verdict != SERVE_ANSWER && verdict != SERVE_KISSED) {
			continue;
		}
		if (++ready == ANSWERS_AT_ONCE) {
			send_ntp(w, socket, &turn, pending, ready);
			ready = 0;
		}
	}
	shared_rules_release(w->reader);
	if (ready > 0) {
		send_ntp(w, socket, &turn, pending, ready);
	}
}
