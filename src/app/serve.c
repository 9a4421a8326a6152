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

#include "core/departure.h"
#include "core/interleave.h"

enum {
	PLACES_MAX = 2 * SERVE_ENDPOINTS_MAX,
	/* UDP and TCP are to have one port, and the kernel chooses it for one of them
	 * alone: it may be taken on the other side. */
	SAME_PORT_TRIES = 16,
	/* Answers that leave with one departure stamp: the last of them leaves later
	 * than the stamp says by what the system call takes for the others. */
	ANSWERS_AT_ONCE = DEPARTURE_PLACES,
	ERROR_PAUSE_MS = 10,
	/* No deep calls, no large arrays; the sanitizers need the most of it. */
	STACK_OCTETS = 256 * 1024,
	/* Answers whose departure has not been told yet. */
	STAMPED_MAX = 256,
	/* A stamp takes part of the time that it measures: answers without one leave
	 * earlier by it. */
	STAMP_SHARE = 4,
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
/* Less than a processor takes to fall asleep, more than the way of a datagram. */
#define ASLEEP_MIN_NS (20 * NS_PER_US)

struct worker_socket {
	enum serve_service service;
	struct listen_socket *socket;
	struct serve_budget budget;
};

/* An answer whose departure the kernel is to tell. */
struct stamped {
	uint64_t token;
	struct instant read; /* the clock, when the answer was written */
	int64_t added_ns;
	uint8_t place;
	bool was_asleep;
	bool is_kept;           /* for an interleaved answer later on */
	struct ntp_ts received; /* its name then */
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
	struct admit_dice dice;
	/* A thread that has just woken up is slower than one in full swing. */
	struct departure departures[2];
	struct stamped stamped[STAMPED_MAX];
	uint64_t next_token;
	int64_t sample_due_mono_ns;
	int64_t stamps_due_mono_ns; /* no more interleaved clients before */
	int64_t sent_mono_ns;       /* when the last answers were written */
	/* Written by this thread alone, read by others at any time. */
	_Alignas(64) atomic_uint_least64_t counts[SERVE_VERDICT_COUNT];
	atomic_uint_least64_t tallies[SERVE_TALLY_COUNT];
	atomic_uint_least64_t batches[SERVE_BATCH_SIZES];
	atomic_uint ahead_ns;
};

struct serve {
	struct serve_cell state;
	struct serve_clock clock;
	struct serve_gate *gate;
	struct interleave_table *interleave;
	atomic_bool is_stopping;
	pthread_barrier_t barrier;
	bool has_barrier;
	unsigned ntp_worker_count;
	struct worker *workers[SERVE_THREADS_MAX + 1]; /* the last one: text over UDP */
	size_t worker_count;
	struct serve_tcp *tcp;
	pthread_t tcp_thread;
	bool is_tcp_running;
	struct serve_place places[PLACES_MAX];
	size_t place_count;
};

static void add_to(atomic_uint_least64_t *count, unsigned by)
{
	uint64_t value = atomic_load_explicit(count, memory_order_relaxed);

	atomic_store_explicit(count, value + by, memory_order_relaxed);
}

static void count_up(struct worker *w, enum serve_verdict verdict, unsigned by)
{
	add_to(&w->counts[verdict], by);
}

static void count_batch(struct worker *w, int count)
{
	unsigned size = 0;

	while (size + 1 < SERVE_BATCH_SIZES && 1 << size < count) {
		size++;
	}
	add_to(&w->batches[size], 1);
	add_to(&w->tallies[SERVE_BATCHES], 1);
}

/* What is found out about the datagrams of one batch before the answers are written. */
struct pending {
	int datagram;
	struct ntp_header request;
	struct instant received;
	bool is_kiss;
	bool is_interleaved;
	bool wants_stamp;
	struct instant departed; /* the answer before, when interleaved */
};

/* All that holds for one batch. */
struct turn {
	struct serve_view view;
	struct listen_moment after;
	const struct admit_rules *rules;
	bool has_stepped;
	bool was_asleep;
};

static void departure_told(struct worker *w, const struct stamped *s, struct instant at)
{
	int64_t took_ns = instant_diff_ns(at, s->read);
	struct departure *d = &w->departures[s->was_asleep];

	/* A stamp of another answer, or from the other side of a step. */
	if (took_ns < 0 || took_ns > STAMP_LATE_NS) {
		return;
	}
	if (s->is_kept) {
		interleave_keep(w->serve->interleave, s->received, at);
	}
	add_to(&w->tallies[SERVE_DEPARTURES], 1);
	if (!departure_learn(d, s->place, s->added_ns, took_ns)) {
		add_to(&w->tallies[SERVE_TOO_EARLY], 1);
	}
	atomic_store_explicit(&w->ahead_ns, (unsigned)departure_ahead_ns(d, 0),
	                      memory_order_relaxed);
}

/* What the kernel has to tell by now. */
static void read_departures(struct worker *w, struct listen_socket *socket)
{
	struct instant at;
	uint64_t token;

	while (listen_departures_due(socket) > 0 && listen_departure(socket, &token, &at)) {
		const struct stamped *s = &w->stamped[token % STAMPED_MAX];

		if (s->token == token) {
			departure_told(w, s, at);
		}
	}
}

/* Asks for the departure of the answer last queued. */
static void stamp(struct worker *w, const struct pending *pending, unsigned place,
                  bool was_asleep)
{
	uint64_t token = w->next_token++;

	w->stamped[token % STAMPED_MAX] =
		(struct stamped){ .token = token,
		                  .place = (uint8_t)place,
		                  .was_asleep = was_asleep,
		                  .is_kept = pending->wants_stamp,
		                  .received = ntp_from_instant(pending->received) };
	listen_stamp(w->batch, token);
}

/* Which answer of `count` is to teach us how long answers take; `count`: none. */
static unsigned choose_sample(struct worker *w, const struct turn *turn, unsigned count)
{
	if (!turn->view.stamps_fit || turn->after.mono_ns < w->sample_due_mono_ns) {
		return count;
	}
	w->sample_due_mono_ns =
		turn->after.mono_ns + (turn->was_asleep ? SAMPLE_EVERY_NS : SAMPLE_BUSY_NS);
	return (unsigned)(w->next_token % count);
}

static void write_ntp(const struct turn *turn, const struct pending *pending,
                      struct instant departs, uint8_t *buf)
{
	if (pending->is_kiss) {
		(void)ntp_kiss_write(&pending->request, "RATE", buf);
		return;
	}
	(void)ntp_reply_write(&pending->request, &turn->view.ntp, pending->received,
	                      departs, buf);
	if (pending->is_interleaved) {
		interleave_reply(&pending->request, pending->departed, buf);
	}
}

static void send_ntp(struct worker *w, struct listen_socket *socket,
                     const struct turn *turn, const struct pending *pending, unsigned count)
{
	const struct departure *d = &w->departures[turn->was_asleep];
	const uint64_t first_token = w->next_token;
	unsigned sample = choose_sample(w, turn, count);
	int64_t added_ns[ANSWERS_AT_ONCE] = { 0 };
	uint8_t *bufs[ANSWERS_AT_ONCE];
	struct instant departs;
	unsigned sent;

	for (unsigned i = 0; i < count; i++) {
		bufs[i] = listen_answer(w->batch, pending[i].datagram, NTP_HEADER_OCTETS);
		added_ns[i] = departure_ahead_ns(d, i);
		if (i == sample || pending[i].wants_stamp) {
			stamp(w, &pending[i], i, turn->was_asleep);
		} else {
			added_ns[i] -= added_ns[i] / STAMP_SHARE;
		}
	}
	w->sent_mono_ns = listen_mono_ns();
	departs = serve_wall_at(turn->after, w->sent_mono_ns);
	for (unsigned i = 0; i < count; i++) {
		write_ntp(turn, &pending[i], instant_add_ns(departs, added_ns[i]), bufs[i]);
	}
	for (uint64_t token = first_token; token < w->next_token; token++) {
		struct stamped *s = &w->stamped[token % STAMPED_MAX];

		s->read = departs;
		s->added_ns = added_ns[s->place];
	}
	sent = (unsigned)listen_send(socket, w->batch);
	count_up(w, SERVE_LOST, count - sent);
	/* On most ways out the driver has the datagram by now, and its stamp is there. */
	if (w->next_token > first_token) {
		read_departures(w, socket);
	}
}

/* Interleaved mode costs a system call an answer: no more than so many. */
static bool may_stamp(struct worker *w, int64_t mono_ns)
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

/* SERVE_ANSWER and SERVE_KISSED: `*ret` is to be sent. */
static enum serve_verdict judge_ntp(struct worker *w, const struct turn *turn, int i,
                                    struct pending *ret)
{
	struct listen_datagram datagram;
	enum serve_verdict verdict;
	enum admit_verdict admitted;
	bool is_new;

	listen_datagram(w->batch, i, &datagram);
	verdict = serve_ntp_judge(&datagram, &turn->view, turn->after, turn->has_stepped,
	                          &ret->request, &ret->received);
	if (verdict != SERVE_ANSWER) {
		return verdict;
	}
	admitted = admit(&w->serve->gate->table, turn->rules, &w->dice, &datagram.from,
	                 turn->after.mono_ns, &is_new);
	if (is_new) {
		add_to(&w->tallies[SERVE_SOURCES], 1);
	}
	if (admitted == ADMIT_LUCKY) {
		add_to(&w->tallies[SERVE_LUCKY], 1);
	}
	ret->datagram = i;
	ret->is_kiss = admitted == ADMIT_KISS;
	ret->is_interleaved = false;
	ret->wants_stamp = false;
	if (admitted == ADMIT_ANSWER && turn->view.stamps_fit &&
	    interleave_is_asked(&ret->request)) {
		ret->is_interleaved = interleave_take(w->serve->interleave, &ret->request,
		                                      &ret->departed);
		ret->wants_stamp = may_stamp(w, turn->after.mono_ns);
		add_to(&w->tallies[SERVE_INTERLEAVED], ret->is_interleaved);
	}
	return serve_verdict_from_admit(admitted);
}

/* Whether the thread was waiting when the first datagram of the batch came. */
static bool was_asleep(const struct worker *w, const struct turn *turn)
{
	struct listen_datagram first;

	listen_datagram(w->batch, 0, &first);
	if (!turn->view.stamps_fit || !first.has_arrived) {
		return false;
	}
	return turn->after.mono_ns - instant_diff_ns(turn->after.wall, first.arrived) >
	       w->sent_mono_ns + ASLEEP_MIN_NS;
}

static void begin_turn(struct worker *w, struct turn *ret)
{
	struct serve *serve = w->serve;

	ret->after = listen_now();
	serve_cell_read(&serve->state, &ret->view);
	ret->view.ntp.root_dispersion_ns =
		serve_dispersion_ns(&ret->view, ret->after.mono_ns);
	ret->rules = serve_gate_rules(serve->gate);
	ret->has_stepped = serve_step_seen(&w->steps, ret->after) && ret->view.stamps_fit;
	ret->was_asleep = was_asleep(w, ret);
	if (ret->has_stepped) {
		interleave_forget(serve->interleave);
	}
}

static void serve_ntp_batch(struct worker *w, struct listen_socket *socket, int count)
{
	struct pending pending[ANSWERS_AT_ONCE];
	enum serve_verdict verdict;
	unsigned ready = 0;
	struct turn turn;

	begin_turn(w, &turn);
	for (int i = 0; i < count; i++) {
		verdict = judge_ntp(w, &turn, i, &pending[ready]);
		count_up(w, verdict, 1);
		if (verdict != SERVE_ANSWER && verdict != SERVE_KISSED) {
			continue;
		}
		if (++ready == ANSWERS_AT_ONCE) {
			send_ntp(w, socket, &turn, pending, ready);
			ready = 0;
		}
	}
	if (ready > 0) {
		send_ntp(w, socket, &turn, pending, ready);
	}
}

/* There is no way to tell a client of these to slow down. */
static enum serve_verdict admit_text(struct worker *w, const struct listen_datagram *d)
{
	struct serve_gate *gate = w->serve->gate;
	enum serve_verdict verdict =
		serve_verdict_from_admit(admit(&gate->table, serve_gate_rules(gate),
	                                       &w->dice, &d->from, listen_mono_ns(), NULL));

	return verdict == SERVE_KISSED ? SERVE_TOO_OFTEN : verdict;
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
			verdict = admit_text(w, &datagram);
		}
		if (verdict == SERVE_ANSWER) {
			/* One at a time: each tells the moment it leaves. */
			len = serve_text_write(s->service, listen_now().wall, text);
			memcpy(listen_answer(w->batch, i, len), text, len);
			if (listen_send(s->socket, w->batch) != 1) {
				count_up(w, SERVE_LOST, 1);
			}
		}
		count_up(w, verdict, 1);
	}
}

/* One turn of a socket that has, or may have, something to read. */
static void serve_socket(struct worker *w, struct worker_socket *s, bool may_wait)
{
	int count = listen_receive(s->socket, w->batch, may_wait);

	if (listen_departures_due(s->socket) > 0) {
		read_departures(w, s->socket);
	}
	if (count > 0 &&
	    atomic_load_explicit(&w->serve->is_stopping, memory_order_relaxed)) {
		return; /* perhaps nothing but listen_interrupt() */
	}
	if (count > 0) {
		count_batch(w, count);
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

	if (w->socket_count == 0) {
		return; /* fewer sockets were inherited than there are threads */
	}
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
static void pass_barrier(struct serve *serve)
{
	(void)pthread_barrier_wait(&serve->barrier);
	(void)pthread_barrier_wait(&serve->barrier);
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;

	pass_barrier(w->serve);
	worker_serve(w);
	return NULL;
}

static void *tcp_main(void *arg)
{
	struct serve *serve = arg;

	pass_barrier(serve);
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

static void worker_take(struct worker *w, enum serve_service service,
                        struct listen_socket *socket)
{
	w->sockets[w->socket_count] =
		(struct worker_socket){ .service = service, .socket = socket };
	w->polls[w->socket_count] =
		(struct pollfd){ .fd = listen_fd(socket), .events = POLLIN };
	w->socket_count++;
}

static int worker_add(struct worker *w, enum serve_service service,
                      const struct address *at, bool is_another, struct address *ret_bound)
{
	struct listen_socket *socket;
	int r = listen_open(at, is_another, &socket);

	if (r < 0) {
		return r;
	}
	worker_take(w, service, socket);
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

/* `turn` counts the NTP sockets, which go to the threads in turn. */
static int adopt(struct serve *serve, const struct serve_inherited *in, unsigned *turn,
                 struct serve_place *ret_failed)
{
	struct worker *w = serve->workers[serve->ntp_worker_count];
	struct listen_socket *socket;
	struct address bound = { 0 };
	int r;

	if (in->is_tcp) {
		r = serve_tcp_adopt(serve->tcp, in->service, in->fd, &bound);
	} else {
		r = listen_adopt(in->fd, &socket);
	}
	if (r < 0) {
		*ret_failed = (struct serve_place){ .service = in->service,
			                            .is_tcp = in->is_tcp };
		return r;
	}
	if (!in->is_tcp) {
		bound = listen_address(socket);
		if (in->service == SERVE_NTP) {
			w = serve->workers[(*turn)++ % serve->ntp_worker_count];
		}
		worker_take(w, in->service, socket);
	}
	place_add(serve, in->service, in->is_tcp, bound);
	return 0;
}

static bool has_text(const struct serve_settings *settings)
{
	for (size_t i = 0; i < settings->inherited_count; i++) {
		if (settings->inherited[i].service != SERVE_NTP ||
		    settings->inherited[i].is_tcp) {
			return true;
		}
	}
	for (size_t i = 0; i < settings->endpoint_count; i++) {
		if (settings->endpoints[i].service != SERVE_NTP) {
			return true;
		}
	}
	return false;
}

static int open_workers(struct serve *serve, const struct serve_settings *settings)
{
	size_t sockets = settings->endpoint_count + settings->inherited_count;
	int r;

	for (unsigned i = 0; i < settings->threads; i++) {
		r = worker_new(serve, sockets);
		if (r < 0) {
			return r;
		}
	}
	serve->ntp_worker_count = settings->threads;
	if (!has_text(settings)) {
		return 0;
	}
	r = worker_new(serve, sockets);
	if (r < 0) {
		return r;
	}
	return serve_tcp_new(&serve->state, serve->gate, &serve->tcp);
}

static int open_shared(struct serve *serve, const struct serve_settings *settings)
{
	serve->interleave = calloc(1, sizeof(*serve->interleave));
	if (!serve->interleave) {
		return -ENOMEM;
	}
	return serve_gate_new(settings->rules, &serve->gate);
}

static int open_sockets(struct serve *serve, const struct serve_settings *settings,
                        struct serve_place *ret_failed)
{
	unsigned turn = 0;
	int r = 0;

	for (size_t i = 0; i < settings->inherited_count && r == 0; i++) {
		r = adopt(serve, &settings->inherited[i], &turn, ret_failed);
	}
	for (size_t i = 0; i < settings->endpoint_count && r == 0; i++) {
		r = open_endpoint(serve, &settings->endpoints[i], ret_failed);
	}
	return r;
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
	r = open_shared(serve, settings);
	if (r == 0) {
		r = open_workers(serve, settings);
	}
	if (r == 0) {
		r = open_sockets(serve, settings, ret_failed);
	}
	if (r < 0) {
		goto out;
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

	r = -pthread_barrier_init(&serve->barrier, NULL, threads + 1);
	if (r < 0) {
		return r;
	}
	serve->has_barrier = true;
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
		(void)pthread_barrier_wait(&serve->barrier);
	}
	return r;
}

void serve_go(struct serve *serve)
{
	(void)pthread_barrier_wait(&serve->barrier);
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

void serve_replace_rules(struct serve *serve, const struct admit_rules *rules)
{
	serve_gate_replace(serve->gate, rules);
}

static void add_counts(const struct worker *w, struct serve_counts *ret)
{
	unsigned ahead_ns = atomic_load_explicit(&w->ahead_ns, memory_order_relaxed);

	for (size_t i = 0; i < SERVE_VERDICT_COUNT; i++) {
		ret->by_verdict[i] +=
			atomic_load_explicit(&w->counts[i], memory_order_relaxed);
	}
	for (size_t i = 0; i < SERVE_TALLY_COUNT; i++) {
		ret->tallies[i] +=
			atomic_load_explicit(&w->tallies[i], memory_order_relaxed);
	}
	for (size_t i = 0; i < SERVE_BATCH_SIZES; i++) {
		ret->batches[i] +=
			atomic_load_explicit(&w->batches[i], memory_order_relaxed);
	}
	if (ahead_ns > ret->ahead_ns) {
		ret->ahead_ns = ahead_ns;
	}
}

void serve_counts(const struct serve *serve, struct serve_counts *ret)
{
	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < serve->worker_count; i++) {
		add_counts(serve->workers[i], ret);
	}
	/* Judged before they were sent. */
	if (ret->by_verdict[SERVE_LOST] <= ret->by_verdict[SERVE_ANSWER]) {
		ret->by_verdict[SERVE_ANSWER] -= ret->by_verdict[SERVE_LOST];
	}
	if (serve->tcp) {
		ret->tcp = serve_tcp_counts(serve->tcp);
	}
}

void serve_stop(struct serve *serve, struct serve_counts *ret)
{
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
	}
	if (serve->is_tcp_running) {
		serve_tcp_stop(serve->tcp);
		pthread_join(serve->tcp_thread, NULL);
		serve->is_tcp_running = false;
	}
	serve_counts(serve, ret);
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
	serve_gate_free(serve->gate);
	free(serve->interleave);
	if (serve->has_barrier) {
		pthread_barrier_destroy(&serve->barrier);
	}
	free(serve);
}
