/* SPDX-License-Identifier: MIT
 *
 * The server: its threads and its state, from opening to closing.
 */
#include "app/server/serve_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Call depth and arrays are small; the sanitizers need most of it. */
enum { STACK_OCTETS = 256 * 1024 };

/* Two barriers: at the first all threads have started, at the second they may begin. */
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
	return serve_tcp_new(&serve->state, serve->shared_rules, &serve->tcp);
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
	serve_refresh(serve, &view);
	serve->interleave = calloc(1, sizeof(*serve->interleave));
	r = serve->interleave ? shared_rules_new(settings->rules, &serve->shared_rules)
	                      : -ENOMEM;
	if (r == 0) {
		r = open_workers(serve, settings);
	}
	if (r == 0) {
		r = serve_bind(serve, settings, ret_failed);
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

void serve_own(struct serve *serve, uid_t uid)
{
	for (size_t i = 0; i < serve->worker_count; i++) {
		const struct worker *w = serve->workers[i];

		for (size_t k = 0; k < w->socket_count; k++) {
			udp_listen_own(w->sockets[k].socket, uid);
		}
	}
}

int serve_stamp_error(const struct serve *serve)
{
	int error = 0;

	for (size_t i = 0; i < serve->worker_count; i++) {
		const struct worker *w = serve->workers[i];

		for (size_t k = 0; k < w->socket_count && error == 0; k++) {
			error = udp_listen_stamp_error(w->sockets[k].socket);
		}
	}
	return error;
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

void serve_set_sync_source(struct serve *serve, const struct sync_source *sync_source)
{
	serve->clock.sync_source = *sync_source;
}

void serve_refresh(struct serve *serve, struct serve_view *ret)
{
	struct kernel_clock_state kernel = { .precision_ns = NS_PER_US };
	int r = kernel_clock_state(&kernel);

	serve->clock.kernel_error = -r;
	if (r < 0) {
		/* The clock works all the same. */
		(void)!kernel_clock_precision(&kernel.precision_ns);
	}
	serve_clock_update(&serve->clock, &kernel, clock_moment_now(), clock_stamps_fit(),
	                   ret);
	serve_cell_write(&serve->state, ret);
}

bool serve_replace_rules(struct serve *serve, const struct access_rules *rules)
{
	return shared_rules_replace(serve->shared_rules, rules);
}

static void add_counts(const struct worker *w, struct serve_counts *ret)
{
	unsigned tx_lead_ns = atomic_load_explicit(&w->tx_lead_ns, memory_order_relaxed);

	for (size_t i = 0; i < SERVE_VERDICT_COUNT; i++) {
		ret->by_verdict[i] +=
			atomic_load_explicit(&w->counts[i], memory_order_relaxed);
	}
	for (size_t i = 0; i < SERVE_COUNTER_COUNT; i++) {
		ret->counters[i] +=
			atomic_load_explicit(&w->counters[i], memory_order_relaxed);
	}
	for (size_t i = 0; i < SERVE_BATCH_SIZES; i++) {
		ret->batches[i] +=
			atomic_load_explicit(&w->batches[i], memory_order_relaxed);
	}
	if (tx_lead_ns > ret->tx_lead_ns) {
		ret->tx_lead_ns = tx_lead_ns;
	}
}

void serve_counts(const struct serve *serve, struct serve_counts *ret)
{
	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < serve->worker_count; i++) {
		add_counts(serve->workers[i], ret);
	}
	/* Counted as answers before the send failed. */
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
			udp_listen_interrupt(serve->workers[i]->sockets[k].socket);
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

void serve_close(struct serve *serve)
{
	if (!serve) {
		return;
	}
	for (size_t i = 0; i < serve->worker_count; i++) {
		worker_free(serve->workers[i]);
	}
	serve_tcp_free(serve->tcp);
	shared_rules_free(serve->shared_rules);
	free(serve->interleave);
	if (serve->has_barrier) {
		pthread_barrier_destroy(&serve->barrier);
	}
	free(serve);
}
