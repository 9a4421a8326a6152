/* SPDX-License-Identifier: MIT
 *
 * A serving thread: its sockets, its loop, its counters.
 */
#include "app/server/serve_private.h"
#include "io/sys/monotonic.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { ERROR_PAUSE_MS = 10 };

static enum serve_verdict check_text_access(struct worker *w, struct worker_socket *s,
                                            const struct udp_listen_datagram *d)
{
	struct shared_rules *shared_rules = w->serve->shared_rules;
	const struct access_rules *rules = shared_rules_hold(shared_rules, w->reader);
	const int64_t mono_ns = monotonic_now_ns();
	const enum access_verdict access = access_check(&shared_rules->table, rules,
	                                                &w->leak, &d->from, mono_ns, NULL);

	shared_rules_release(w->reader);
	return serve_text_access(access, &d->from, &s->budget, mono_ns);
}

static void serve_text_batch(struct worker *w, struct worker_socket *s, int count)
{
	struct udp_listen_datagram datagram;
	enum serve_verdict verdict;
	uint8_t text[SERVE_TEXT_SIZE];
	struct serve_view view;
	size_t len;

	serve_cell_read(&w->serve->state, &view);
	for (int i = 0; i < count; i++) {
		udp_listen_datagram(w->batch, i, &datagram);
		verdict = serve_text_check(s->service, &datagram, &view);
		if (verdict == SERVE_ANSWER) {
			verdict = check_text_access(w, s, &datagram);
		}
		if (verdict == SERVE_ANSWER) {
			/* Singly: each carries the moment it leaves. */
			len = serve_text_write(s->service, clock_moment_now().wall, text);
			memcpy(udp_listen_answer(w->batch, i, len), text, len);
			if (udp_listen_send(s->socket, w->batch) != 1) {
				worker_count(w, SERVE_LOST, 1);
			}
		}
		worker_count(w, verdict, 1);
	}
}

/* Serves one socket that has, or may have, datagrams. */
static void serve_socket(struct worker *w, struct worker_socket *s, bool may_wait)
{
	int count = udp_listen_receive(s->socket, w->batch, may_wait);
	unsigned size = 0;

	if (udp_listen_tx_stamps_due(s->socket) > 0) {
		tx_stamps_read(w, s->socket);
	}
	if (count > 0 &&
	    atomic_load_explicit(&w->serve->is_stopping, memory_order_relaxed)) {
		return; /* perhaps only udp_listen_interrupt() */
	}
	if (count > 0) {
		while (size + 1 < SERVE_BATCH_SIZES && 1 << size < count) {
			size++;
		}
		worker_add_to(&w->batches[size], 1);
		worker_add_to(&w->counters[SERVE_BATCHES], 1);
	}
	if (count > 0 && s->service == SERVE_NTP) {
		worker_answer_ntp(w, s->socket, count);
	} else if (count > 0) {
		serve_text_batch(w, s, count);
	} else if (count != -EAGAIN) {
		/* A late ICMP error, or an interface that disappeared: never a reason to
		 * end, nor to spin if the error persists. */
		(void)poll(NULL, 0, ERROR_PAUSE_MS);
	}
}

/* With one socket the wait is in the receive call itself: two system calls per batch. */
void worker_serve(struct worker *w)
{
	int wait_ms = -1;
	int r;

	for (size_t i = 0; i < w->socket_count; i++) {
		wait_ms = udp_listen_is_lent(w->sockets[i].socket) ? UDP_LISTEN_LENT_MS
		                                                   : wait_ms;
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

	/* Its counters have their own cache lines. */
	w = aligned_alloc(_Alignof(struct worker), sizeof(*w));
	if (!w) {
		return -ENOMEM;
	}
	memset(w, 0, sizeof(*w));
	for (size_t i = 0; i < SERVE_VERDICT_COUNT; i++) {
		atomic_init(&w->counts[i], 0);
	}
	for (size_t i = 0; i < SERVE_COUNTER_COUNT; i++) {
		atomic_init(&w->counters[i], 0);
	}
	for (size_t i = 0; i < SERVE_BATCH_SIZES; i++) {
		atomic_init(&w->batches[i], 0);
	}
	atomic_init(&w->tx_lead_ns, 0);
	w->next_token = 1;
	w->serve = serve;
	serve->workers[serve->worker_count++] = w;
	w->reader = shared_rules_join(serve->shared_rules);
	r = shared_rules_leak(&w->leak);
	if (r < 0) {
		return r;
	}
	w->sockets = calloc(socket_max, sizeof(*w->sockets));
	w->polls = calloc(socket_max, sizeof(*w->polls));
	if (!w->sockets || !w->polls) {
		return -ENOMEM;
	}
	r = udp_batch_new(&w->batch);
	return r;
}

void worker_take(struct worker *w, enum serve_service service,
                 struct udp_listen_socket *socket)
{
	w->sockets[w->socket_count] =
		(struct worker_socket){ .service = service, .socket = socket };
	w->polls[w->socket_count] =
		(struct pollfd){ .fd = udp_listen_fd(socket), .events = POLLIN };
	w->socket_count++;
}

void worker_drop_last(struct worker *w)
{
	udp_listen_close(w->sockets[--w->socket_count].socket);
}

void worker_free(struct worker *w)
{
	while (w->socket_count > 0) {
		worker_drop_last(w);
	}
	udp_batch_free(w->batch);
	free(w->sockets);
	free(w->polls);
	free(w);
}
