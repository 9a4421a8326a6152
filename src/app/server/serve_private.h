/* SPDX-License-Identifier: MIT
 *
 * Shared by the parts of the server: serve.c opens, starts and ends it, bind.c has its
 * sockets, worker.c is one of its threads, batch.c answers a batch of NTP requests,
 * tx_stamps.c reads when answers leave.
 */
#ifndef APP_SERVER_SERVE_PRIVATE_H
#define APP_SERVER_SERVE_PRIVATE_H

#include <poll.h>
#include <pthread.h>

#include "app/server/serve.h"
#include "core/ntp/interleave.h"
#include "core/ntp/tx_latency.h"

enum {
	PLACES_MAX = 2 * SERVE_ENDPOINTS_MAX,
	/* Answers with one transmit timestamp: the last of them leaves later than the stamp
	 * by the time that the system call takes for the others. */
	ANSWERS_AT_ONCE = TX_LATENCY_PLACES,
	/* Answers whose transmit time is still unknown. */
	STAMPED_MAX = 256,
};

struct worker_socket {
	enum serve_service service;
	struct udp_listen_socket *socket;
	struct serve_budget budget;
};

/* An answer whose transmit time the kernel is to report. */
struct stamped {
	uint64_t token;
	struct instant read; /* the clock, when the answer was written */
	int64_t added_ns;
	int64_t returned_ns; /* from then until all answers were handed over */
	unsigned link;       /* that the request arrived on */
	uint8_t place;
	bool was_asleep;
	bool is_kept;           /* for a later interleaved answer */
	struct ntp_ts received; /* its receive time, by which it is found */
};

/* A thread and all the data that it writes. */
struct worker {
	struct serve *serve;
	pthread_t thread;
	bool is_running;
	struct worker_socket *sockets;
	struct pollfd *polls;
	size_t socket_count;
	struct udp_batch *batch;
	struct serve_step_watch steps;
	struct rules_reader *reader;
	struct rate_leak leak;
	struct tx_latency_links tx_latencies;
	struct stamped stamped[STAMPED_MAX];
	uint64_t next_token;
	int64_t sample_due_mono_ns;
	int64_t stamps_due_mono_ns; /* no more interleaved clients before this time */
	int64_t sent_mono_ns;       /* when the last answers were written */
	/* Written by this thread only, read by others at any time. */
	_Alignas(64) atomic_uint_least64_t counts[SERVE_VERDICT_COUNT];
	atomic_uint_least64_t counters[SERVE_COUNTER_COUNT];
	atomic_uint_least64_t batches[SERVE_BATCH_SIZES];
	atomic_uint tx_lead_ns;
};

struct serve {
	struct serve_cell state;
	struct serve_clock clock;
	struct shared_rules *shared_rules;
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

/* The facts on the datagrams of one batch, collected before the answers are written. */
struct pending {
	int datagram;
	struct ntp_header request;
	struct instant received;
	bool is_kiss;
	unsigned link; /* that it arrived on */
	bool is_interleaved;
	bool wants_stamp;
	struct instant transmitted; /* of the previous answer, when interleaved */
};

/* The data of one batch. */
struct turn {
	struct serve_view view;
	struct clock_moment after;
	const struct access_rules *rules;
	bool has_stepped;
	bool was_asleep;
};

static inline void worker_add_to(atomic_uint_least64_t *count, unsigned by)
{
	uint64_t value = atomic_load_explicit(count, memory_order_relaxed);

	atomic_store_explicit(count, value + by, memory_order_relaxed);
}

static inline void worker_count(struct worker *w, enum serve_verdict verdict, unsigned by)
{
	worker_add_to(&w->counts[verdict], by);
}

/* --- worker.c --- */

/* Adds a thread, not started yet, to `serve`, with room for `socket_max` sockets. */
MUST_USE int worker_new(struct serve *serve, size_t socket_max);
/* From now on the socket is the worker's. */
void worker_take(struct worker *w, enum serve_service service,
                 struct udp_listen_socket *socket);
void worker_drop_last(struct worker *w);
/* Until serve->is_stopping. */
void worker_serve(struct worker *w);
void worker_free(struct worker *w);

/* --- bind.c --- */

/* Opens all sockets for the workers.  0, or -errno and the endpoint that failed. */
MUST_USE int serve_bind(struct serve *serve, const struct serve_settings *settings,
                        struct serve_place *ret_failed);

/* --- batch.c --- */

/* Checks and answers the `count` datagrams of the worker's batch. */
void worker_answer_ntp(struct worker *w, struct udp_listen_socket *socket, int count);

/* --- tx_stamps.c --- */

/* The answer of `count` to be stamped, to learn how long answers take; `count`: none. */
unsigned tx_stamps_sample(struct worker *w, const struct turn *turn, unsigned count);
/* Whether one more interleaved client may be served: it costs a system call per answer. */
bool tx_stamps_may_ask(struct worker *w, int64_t mono_ns);
/* Asks for the transmit time of the answer queued last. */
void tx_stamps_ask(struct worker *w, const struct pending *pending, unsigned place,
                   bool was_asleep);
/* The answers from `first_token` on are handed over: the clock was `read` before, and their
 * stamps include `added_ns`, by place. */
void tx_stamps_asked(struct worker *w, uint64_t first_token, struct instant read,
                     const int64_t *added_ns);
/* Reads the transmit times that the kernel has by now. */
void tx_stamps_read(struct worker *w, struct udp_listen_socket *socket);

#endif
