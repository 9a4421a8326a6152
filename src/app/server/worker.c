/* SPDX-License-Identifier: MIT
 *
 * A serving thread: its sockets, its loop, what it counts.
 */
#include "app/server/serve_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { ERROR_PAUSE_MS = 10 };

static void count_batch(struct worker *w, int count)
{
	unsigned size = 0;

	while (size + 1 < SERVE_BATCH_SIZES && 1 << size < count) {
		size++;
	}
	worker_add_to(&w->batches[size], 1);
	worker_add_to(&w->tallies[SERVE_BATCHES], 1);
}

static enum serve_verdict admit_text(struct worker *w, struct worker_socket *s,
                                     const struct listen_datagram *d)
{
	struct serve_gate *gate = w->serve->gate;
	const struct admit_rules *rules = serve_gate_hold(gate, w->seat);
	const int64_t mono_ns = listen_mono_ns();
	const enum admit_verdict admitted =
		admit(&gate->table, rules, &w->dice, &d->from, mono_ns, NULL);

	serve_gate_release(w->seat);
	return serve_text_admit(admitted, &d->from, &s->budget, mono_ns);
}

static void serve_text_batch(struct worker *w, struct worker_socket *s, int count)
{
	struct listen_datagram datagram;
	enum serve_verdict verdict;
	uint8_t text[SERVE_TEXT_ROOM];
	struct serve_view view;
	size_t len;

	serve_cell_read(&w->serve->state, &view);
	for (int i = 0; i < count; i++) {
		listen_datagram(w->batch, i, &datagram);
		verdict = serve_text_judge(s->service, &datagram, &view);
		if (verdict == SERVE_ANSWER) {
			verdict = admit_text(w, s, &datagram);
		}
		if (verdict == SERVE_ANSWER) {
			/* One at a time: each tells the moment it leaves. */
			len = serve_text_write(s->service, listen_now().wall, text);
			memcpy(listen_answer(w->batch, i, len), text, len);
			if (listen_send(s->socket, w->batch) != 1) {
				worker_count(w, SERVE_LOST, 1);
			}
		}
		worker_count(w, verdict, 1);
	}
}

/* One turn of a socket that has, or may have, something to read. */
static void serve_socket(struct worker *w, struct worker_socket *s, bool may_wait)
{
	int count = listen_receive(s->socket, w->batch, may_wait);

	if (listen_departures_due(s->socket) > 0) {
		departures_read(w, s->socket);
	}
	if (count > 0 &&
	    atomic_load_explicit(&w->serve->is_stopping, memory_order_relaxed)) {
		return; /* perhaps nothing but listen_interrupt() */
	}
	if (count > 0) {
		count_batch(w, count);
	}
	if (count > 0 && s->service == SERVE_NTP) {
		worker_answer_ntp(w, s->socket, count);
	} else if (count > 0) {
		serve_text_batch(w, s, count);
	} else if (count != -EAGAIN) {
		/* A late ICMP error, or an interface that went away: never a reason to
		 * end, and no reason to spin either should it stay. */
		(void)poll(NULL, 0, ERROR_PAUSE_MS);
	}
}

/* With one socket the wait is in the receive call itself: two system calls a batch. */
void worker_serve(struct worker *w)
{
	int wait_ms = -1;
	int r;

	for (size_t i = 0; i < w->socket_count; i++) {
		wait_ms = listen_is_lent(w->sockets[i].socket) ? LISTEN_LENT_MS : wait_ms;
	}
	if (w->socket_count == 0) {
		return; /* fewer sockets were inherited than there are threads */
	}
	while (!atomic_load_explicit(&w->serve->is_stopping, memory_order_relaxed)) {
		if (w->socket_count == 1) {
			serve_socket(w, &w->sockets[0], true);
			continue;
		}
		r = poll(w->polls, w->socket_count, wait_ms);
		for (size_t i = 0; r > 0 && i < w->socket_count; i++) {
			if (w->polls[i].revents != 0) {
				serve_socket(w, &w->sockets[i], false);
			}
		}
	}
}

int worker_new(struct serve *serve, size_t socket_max)
{
	struct worker *w = NULL;
	int r;

	/* Its counters have cache lines of their own. */
	w = aligned_alloc(_Alignof(struct worker), sizeof(*w));
	if (!w) {
		return -ENOMEM;
	}
	memset(w, 0, sizeof(*w));
	for (size_t i = 0; i < SERVE_VERDICT_COUNT; i++) {
		atomic_init(&w->counts[i], 0);
	}
	for (size_t i = 0; i < SERVE_TALLY_COUNT; i++) {
		atomic_init(&w->tallies[i], 0);
	}
	for (size_t i = 0; i < SERVE_BATCH_SIZES; i++) {
		atomic_init(&w->batches[i], 0);
	}
	atomic_init(&w->ahead_ns, 0);
	w->next_token = 1;
	w->serve = serve;
	serve->workers[serve->worker_count++] = w;
	w->seat = serve_gate_join(serve->gate);
	r = serve_gate_dice(&w->dice);
	if (r < 0) {
		return r;
	}
	w->sockets = calloc(socket_max, sizeof(*w->sockets));
	w->polls = calloc(socket_max, sizeof(*w->polls));
	if (!w->sockets || !w->polls) {
		return -ENOMEM;
	}
	r = listen_batch_new(&w->batch);
	return r;
}

void worker_take(struct worker *w, enum serve_service service, struct listen_socket *socket)
{
	w->sockets[w->socket_count] =
		(struct worker_socket){ .service = service, .socket = socket };
	w->polls[w->socket_count] =
		(struct pollfd){ .fd = listen_fd(socket), .events = POLLIN };
	w->socket_count++;
}

void worker_drop_last(struct worker *w)
{
	listen_close(w->sockets[--w->socket_count].socket);
}

void worker_free(struct worker *w)
{
	while (w->socket_count > 0) {
		worker_drop_last(w);
	}
	listen_batch_free(w->batch);
	free(w->sockets);
	free(w->polls);
	free(w);
}
