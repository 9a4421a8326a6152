/* SPDX-License-Identifier: MIT
 *
 * The server: its sockets, its threads, its state.
 */
#include "app/serve.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
	PLACES_MAX = 2 * SERVE_ENDPOINTS_MAX,
	/* UDP and TCP are to have one port, and the kernel chooses it for one of them
	 * alone: it may be taken on the other side. */
	SAME_PORT_TRIES = 16,
	/* Answers that leave with one departure stamp: the last of them leaves later
	 * than the stamp says by what the system call takes for the others. */
	ANSWERS_AT_ONCE = 8,
	ERROR_PAUSE_MS = 10,
	/* No deep calls, no large arrays; the sanitizers need the most of it. */
	STACK_OCTETS = 256 * 1024,
};

struct worker_socket {
	enum serve_service service;
	struct listen_socket *socket;
	struct serve_budget budget;
};

/* A thread and all that it writes to. */
struct worker {
	struct serve *serve;
	pthread_t thread;
	bool is_running;
	struct worker_socket *sockets;
	struct pollfd *polls;
	size_t socket_count;
	struct listen_batch *batch;
	struct serve_step_watch steps;
	/* Written by this thread alone, read by others at any time. */
	_Alignas(64) atomic_uint_least64_t counts[SERVE_VERDICT_COUNT];
};

struct serve {
	struct serve_cell state;
	struct serve_clock clock;
	atomic_bool is_stopping;
	pthread_barrier_t gate;
	bool has_gate;
	unsigned ntp_worker_count;
	struct worker *workers[SERVE_THREADS_MAX + 1]; /* the last one: text over UDP */
	size_t worker_count;
	struct serve_tcp *tcp;
	pthread_t tcp_thread;
	bool is_tcp_running;
	struct serve_place places[PLACES_MAX];
	size_t place_count;
};

static void count_up(struct worker *w, enum serve_verdict verdict, unsigned by)
{
	uint64_t value = atomic_load_explicit(&w->counts[verdict], memory_order_relaxed);

	atomic_store_explicit(&w->counts[verdict], value + by, memory_order_relaxed);
}

/* What is found out about the datagrams of one batch before the answers are written. */
struct pending {
	int datagram;
	struct ntp_header request;
	struct instant received;
};

static void send_ntp(struct worker *w, struct listen_socket *socket,
                     const struct serve_view *view, struct listen_moment after,
                     const struct pending *pending, unsigned count)
{
	uint8_t *bufs[ANSWERS_AT_ONCE];
	struct instant departs;
	unsigned sent;

	for (unsigned i = 0; i < count; i++) {
		bufs[i] = listen_answer(w->batch, pending[i].datagram, NTP_HEADER_OCTETS);
	}
	departs = serve_wall_at(after, listen_mono_ns());
	for (unsigned i = 0; i < count; i++) {
		(void)ntp_reply_write(&pending[i].request, &view->ntp, pending[i].received,
		                      departs, bufs[i]);
	}
	sent = (unsigned)listen_send(socket, w->batch);
	count_up(w, SERVE_ANSWER, sent);
	count_up(w, SERVE_LOST, count - sent);
}

static void serve_ntp_batch(struct worker *w, struct listen_socket *socket, int count)
{
	struct listen_moment after = listen_now();
	struct pending pending[ANSWERS_AT_ONCE];
	struct listen_datagram datagram;
	enum serve_verdict verdict;
	struct serve_view view;
	bool has_stepped;
	unsigned ready = 0;

	serve_cell_read(&w->serve->state, &view);
	has_stepped = serve_step_seen(&w->steps, after) && view.stamps_fit;
	for (int i = 0; i < count; i++) {
		listen_datagram(w->batch, i, &datagram);
		verdict =
			serve_ntp_judge(&datagram, &view, after, has_stepped,
		                        &pending[ready].request, &pending[ready].received);
		if (verdict != SERVE_ANSWER) {
			count_up(w, verdict, 1);
			continue;
		}
		pending[ready++].datagram = i;
		if (ready == ANSWERS_AT_ONCE) {
			send_ntp(w, socket, &view, after, pending, ready);
			ready = 0;
		}
	}
	if (ready > 0) {
		send_ntp(w, socket, &view, after, pending, ready);
	}
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
		verdict = serve_text_judge(s->service, &datagram, &view, &s->budget,
		                           listen_mono_ns());
		if (verdict == SERVE_ANSWER) {
			/* One at a time: each tells the moment it leaves. */
			len = serve_text_write(s->service, listen_now().wall, text);
			memcpy(listen_answer(w->batch, i, len), text, len);
			if (listen_send(s->socket, w->batch) != 1) {
				verdict = SERVE_LOST;
			}
		}
		count_up(w, verdict, 1);
	}
}

/* One turn of a socket that has, or may have, something to read. */
static void serve_socket(struct worker *w, struct worker_socket *s, bool may_wait)
{
	int count = listen_receive(s->socket, w->batch, may_wait);

	if (count > 0 &&
	    atomic_load_explicit(&w->serve->is_stopping, memory_order_relaxed)) {
		return; /* perhaps nothing but listen_interrupt() */
	}
	if (count > 0 && s->service == SERVE_NTP) {
		serve_ntp_batch(w, s->socket, count);
	} else if (count > 0) {
		serve_text_batch(w, s, count);
	} else if (count != -EAGAIN) {
		/* A late ICMP error, or an interface that went away: never a reason to
		 * end, and no reason to spin either should it stay. */
		(void)poll(NULL, 0, ERROR_PAUSE_MS);
	}
}

/* With one socket the wait is in the receive call itself: two system calls a batch. */
static void worker_serve(struct worker *w)
{
	int r;

	while (!atomic_load_explicit(&w->serve->is_stopping, memory_order_relaxed)) {
		if (w->socket_count == 1) {
			serve_socket(w, &w->sockets[0], true);
			continue;
		}
		r = poll(w->polls, w->socket_count, -1);
		for (size_t i = 0; r > 0 && i < w->socket_count; i++) {
			if (w->polls[i].revents != 0) {
				serve_socket(w, &w->sockets[i], false);
			}
		}
	}
}

/* Twice: here all threads have come to life, there they may begin. */
static void pass_gate(struct serve *serve)
{
	(void)pthread_barrier_wait(&serve->gate);
	(void)pthread_barrier_wait(&serve->gate);
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;

	pass_gate(w->serve);
	worker_serve(w);
	return NULL;
}

static void *tcp_main(void *arg)
{
	struct serve *serve = arg;

	pass_gate(serve);
	serve_tcp_run(serve->tcp);
	return NULL;
}

static int worker_new(struct serve *serve, size_t socket_max)
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
	w->serve = serve;
	serve->workers[serve->worker_count++] = w;
	w->sockets = calloc(socket_max, sizeof(*w->sockets));
	w->polls = calloc(socket_max, sizeof(*w->polls));
	if (!w->sockets || !w->polls) {
		return -ENOMEM;
	}
	r = listen_batch_new(&w->batch);
	return r;
}

static int worker_add(struct worker *w, enum serve_service service,
                      const struct address *at, bool is_another, struct address *ret_bound)
{
	struct listen_socket *socket;
	int r = listen_open(at, is_another, &socket);

	if (r < 0) {
		return r;
	}
	w->sockets[w->socket_count] =
		(struct worker_socket){ .service = service, .socket = socket };
	w->polls[w->socket_count] =
		(struct pollfd){ .fd = listen_fd(socket), .events = POLLIN };
	w->socket_count++;
	*ret_bound = listen_address(socket);
	return 0;
}

static void worker_drop_last(struct worker *w)
{
	listen_close(w->sockets[--w->socket_count].socket);
}

static void place_add(struct serve *serve, enum serve_service service, bool is_tcp,
                      struct address at)
{
	serve->places[serve->place_count++] =
		(struct serve_place){ .service = service, .is_tcp = is_tcp, .at = at };
}

static int open_ntp(struct serve *serve, const struct address *at)
{
	struct address bound = *at;
	int r;

	for (unsigned i = 0; i < serve->ntp_worker_count; i++) {
		r = worker_add(serve->workers[i], SERVE_NTP, &bound, i > 0, &bound);
		if (r < 0) {
			return r;
		}
	}
	place_add(serve, SERVE_NTP, false, bound);
	return 0;
}

/* UDP and TCP on one port. */
static int open_text(struct serve *serve, enum serve_service service,
                     const struct address *at, bool *ret_is_tcp)
{
	struct worker *w = serve->workers[serve->ntp_worker_count];
	struct address udp, tcp;
	int r;

	for (int i = 0; i < SAME_PORT_TRIES; i++) {
		*ret_is_tcp = false;
		r = worker_add(w, service, at, false, &udp);
		if (r < 0) {
			return r;
		}
		*ret_is_tcp = true;
		r = serve_tcp_add(serve->tcp, service, &udp, &tcp);
		if (r == 0) {
			place_add(serve, service, false, udp);
			place_add(serve, service, true, tcp);
			return 0;
		}
		worker_drop_last(w);
		if (r != -EADDRINUSE || at->port != 0) {
			return r;
		}
	}
	return -EADDRINUSE;
}

static int open_endpoint(struct serve *serve, const struct serve_endpoint *endpoint,
                         struct serve_place *ret_failed)
{
	struct address at = endpoint->at;
	bool is_tcp = false;
	int r;

	if (endpoint->is_twin && at.port == 0 && serve->place_count > 0) {
		at.port = serve->places[serve->place_count - 1].at.port;
	}
	r = endpoint->service == SERVE_NTP
	            ? open_ntp(serve, &at)
	            : open_text(serve, endpoint->service, &at, &is_tcp);
	if (r == -EADDRINUSE && endpoint->is_twin && endpoint->at.port == 0) {
		at.port = 0;
		r = endpoint->service == SERVE_NTP
		            ? open_ntp(serve, &at)
		            : open_text(serve, endpoint->service, &at, &is_tcp);
	}
	if (endpoint->is_twin && (r == -EAFNOSUPPORT || r == -EADDRNOTAVAIL)) {
		return 0; /* a host without IPv6 */
	}
	if (r < 0) {
		*ret_failed = (struct serve_place){ .service = endpoint->service,
			                            .is_tcp = is_tcp,
			                            .at = at };
	}
	return r;
}

static bool has_text(const struct serve_settings *settings)
{
	for (size_t i = 0; i < settings->endpoint_count; i++) {
		if (settings->endpoints[i].service != SERVE_NTP) {
			return true;
		}
	}
	return false;
}

static int open_workers(struct serve *serve, const struct serve_settings *settings)
{
	int r;

	for (unsigned i = 0; i < settings->threads; i++) {
		r = worker_new(serve, settings->endpoint_count);
		if (r < 0) {
			return r;
		}
	}
	serve->ntp_worker_count = settings->threads;
	if (!has_text(settings)) {
		return 0;
	}
	r = worker_new(serve, settings->endpoint_count);
	if (r < 0) {
		return r;
	}
	return serve_tcp_new(&serve->state, &serve->tcp);
}

int serve_open(const struct serve_settings *settings, struct serve **ret,
               struct serve_place *ret_failed)
{
	struct serve *serve = NULL;
	struct serve_view view;
	int r;

	*ret_failed = (struct serve_place){ .service = SERVE_SERVICE_COUNT };
	serve = calloc(1, sizeof(*serve));
	if (!serve) {
		return -ENOMEM;
	}
	serve->clock.local_stratum = settings->local_stratum;
	r = serve_refresh(serve, &view);
	if (r < 0) {
		goto out;
	}
	r = open_workers(serve, settings);
	if (r < 0) {
		goto out;
	}
	for (size_t i = 0; i < settings->endpoint_count; i++) {
		r = open_endpoint(serve, &settings->endpoints[i], ret_failed);
		if (r < 0) {
			goto out;
		}
	}
	*ret = serve;
	serve = NULL;
	r = 0;
out:
	serve_close(serve);
	return r;
}

size_t serve_place_count(const struct serve *serve)
{
	return serve->place_count;
}

struct serve_place serve_place(const struct serve *serve, size_t i)
{
	return serve->places[i];
}

static int create_thread(const pthread_attr_t *attr, void *(*start)(void *), void *arg,
                         pthread_t *ret, bool *ret_is_running)
{
	int r = pthread_create(ret, attr, start, arg);

	*ret_is_running = r == 0;
	return -r;
}

static int create_threads(struct serve *serve, const pthread_attr_t *attr)
{
	int r = 0;

	for (size_t i = 0; i < serve->worker_count && r == 0; i++) {
		struct worker *w = serve->workers[i];

		r = create_thread(attr, worker_main, w, &w->thread, &w->is_running);
	}
	if (r == 0 && serve->tcp) {
		r = create_thread(attr, tcp_main, serve, &serve->tcp_thread,
		                  &serve->is_tcp_running);
	}
	return r;
}

int serve_start(struct serve *serve)
{
	unsigned threads = (unsigned)serve->worker_count + (serve->tcp ? 1 : 0);
	pthread_attr_t attr;
	int r;

	r = -pthread_barrier_init(&serve->gate, NULL, threads + 1);
	if (r < 0) {
		return r;
	}
	serve->has_gate = true;
	r = -pthread_attr_init(&attr);
	if (r < 0) {
		return r;
	}
	r = -pthread_attr_setstacksize(&attr, STACK_OCTETS);
	if (r == 0) {
		r = create_threads(serve, &attr);
	}
	pthread_attr_destroy(&attr);
	if (r == 0) {
		(void)pthread_barrier_wait(&serve->gate);
	}
	return r;
}

void serve_go(struct serve *serve)
{
	(void)pthread_barrier_wait(&serve->gate);
}

int serve_refresh(struct serve *serve, struct serve_view *ret)
{
	struct kernel_clock_state kernel;
	int r = kernel_clock_state(&kernel);

	if (r < 0) {
		return r;
	}
	serve_clock_update(&serve->clock, &kernel, listen_now(), listen_stamps_fit(), ret);
	serve_cell_write(&serve->state, ret);
	return 0;
}

void serve_stop(struct serve *serve, struct serve_counts *ret)
{
	memset(ret, 0, sizeof(*ret));
	atomic_store(&serve->is_stopping, true);
	for (size_t i = 0; i < serve->worker_count; i++) {
		for (size_t k = 0; k < serve->workers[i]->socket_count; k++) {
			listen_interrupt(serve->workers[i]->sockets[k].socket);
		}
	}
	for (size_t i = 0; i < serve->worker_count; i++) {
		struct worker *w = serve->workers[i];

		if (w->is_running) {
			pthread_join(w->thread, NULL);
			w->is_running = false;
		}
		for (size_t v = 0; v < SERVE_VERDICT_COUNT; v++) {
			ret->by_verdict[v] += atomic_load(&w->counts[v]);
		}
	}
	if (serve->is_tcp_running) {
		serve_tcp_stop(serve->tcp);
		pthread_join(serve->tcp_thread, NULL);
		serve->is_tcp_running = false;
	}
	if (serve->tcp) {
		ret->tcp = serve_tcp_counts(serve->tcp);
	}
}

static void worker_free(struct worker *w)
{
	while (w->socket_count > 0) {
		worker_drop_last(w);
	}
	listen_batch_free(w->batch);
	free(w->sockets);
	free(w->polls);
	free(w);
}

void serve_close(struct serve *serve)
{
	if (!serve) {
		return;
	}
	for (size_t i = 0; i < serve->worker_count; i++) {
		worker_free(serve->workers[i]);
	}
	serve_tcp_free(serve->tcp);
	if (serve->has_gate) {
		pthread_barrier_destroy(&serve->gate);
	}
	free(serve);
}
