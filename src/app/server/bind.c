/* SPDX-License-Identifier: MIT
 *
 * The sockets of the server: its own, and inherited ones.
 */
#include "app/server/serve_private.h"

#include <errno.h>

#include "io/net/zone.h"

enum {
	/* UDP and TCP must share a port, but the kernel chooses one for a single protocol:
	 * it may be in use for the other. */
	SAME_PORT_TRIES = 16,
};

/* On 0 `*ret` is the worker's. */
static int worker_add(struct worker *w, enum serve_service service,
                      const struct address *at, bool is_another,
                      struct udp_listen_socket **ret)
{
	int r = udp_listen_open(at, is_another, ret);

	if (r == 0) {
		worker_take(w, service, *ret);
	}
	return r;
}

static void place_add(struct serve *serve, enum serve_service service, bool is_tcp,
                      struct address at, bool is_absent)
{
	zone_add_name(&at);
	serve->places[serve->place_count++] = (struct serve_place){
		.service = service, .is_tcp = is_tcp, .is_absent = is_absent, .at = at
	};
}

static int open_ntp(struct serve *serve, const struct address *at)
{
	struct udp_listen_socket *first, *another;
	struct address bound;
	int r = worker_add(serve->workers[0], SERVE_NTP, at, false, &first);

	if (r < 0) {
		return r;
	}
	bound = udp_listen_address(first);
	if (serve->ntp_worker_count > 1) {
		r = udp_listen_share(first);
	}
	for (unsigned i = 1; i < serve->ntp_worker_count && r == 0; i++) {
		r = worker_add(serve->workers[i], SERVE_NTP, &bound, true, &another);
	}
	if (r == 0) {
		place_add(serve, SERVE_NTP, false, bound, udp_listen_is_absent(first));
	}
	return r;
}

/* UDP and TCP on one port. */
static int open_text(struct serve *serve, enum serve_service service,
                     const struct address *at, bool *ret_is_tcp)
{
	struct worker *w = serve->workers[serve->ntp_worker_count];
	struct udp_listen_socket *socket;
	struct address udp, tcp;
	bool is_absent;
	int r;

	for (int i = 0; i < SAME_PORT_TRIES; i++) {
		*ret_is_tcp = false;
		r = worker_add(w, service, at, false, &socket);
		if (r < 0) {
			return r;
		}
		udp = udp_listen_address(socket);
		is_absent = udp_listen_is_absent(socket);
		*ret_is_tcp = true;
		r = serve_tcp_add(serve->tcp, service, &udp, &tcp);
		if (r == 0) {
			place_add(serve, service, false, udp, is_absent);
			place_add(serve, service, true, tcp, is_absent);
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
	int r = zone_complete(&at);

	if (endpoint->is_twin && at.port == 0 && serve->place_count > 0) {
		at.port = serve->places[serve->place_count - 1].at.port;
	}
	if (r == 0) {
		r = endpoint->service == SERVE_NTP
		            ? open_ntp(serve, &at)
		            : open_text(serve, endpoint->service, &at, &is_tcp);
	}
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

/* `turn` counts the NTP sockets, which are given to the threads in turn. */
static int bind_inherited(struct serve *serve, const struct serve_inherited *in,
                          unsigned *turn, struct serve_place *ret_failed)
{
	struct worker *w = serve->workers[serve->ntp_worker_count];
	struct udp_listen_socket *socket = NULL;
	struct address bound = { 0 };
	int r;

	if (in->is_tcp) {
		r = serve_tcp_adopt(serve->tcp, in->service, in->fd, &bound);
	} else {
		r = udp_listen_adopt(in->fd, &socket);
	}
	if (r < 0) {
		*ret_failed = (struct serve_place){ .service = in->service,
			                            .is_tcp = in->is_tcp };
		return r;
	}
	if (!in->is_tcp) {
		bound = udp_listen_address(socket);
		if (in->service == SERVE_NTP) {
			w = serve->workers[(*turn)++ % serve->ntp_worker_count];
		}
		worker_take(w, in->service, socket);
	}
	place_add(serve, in->service, in->is_tcp, bound, false);
	return 0;
}

/* How many sockets have the same address as this one. */
static size_t count_of_address(const struct serve *serve,
                               const struct udp_listen_socket *socket)
{
	const struct address own = udp_listen_address(socket);
	size_t count = 0;

	for (size_t i = 0; i < serve->worker_count; i++) {
		for (size_t k = 0; k < serve->workers[i]->socket_count; k++) {
			const struct address other =
				udp_listen_address(serve->workers[i]->sockets[k].socket);

			count += address_equal(&other, &own);
		}
	}
	return count;
}

/* A service manager opens sockets for sharing (ReusePort=yes), which may be the only ones
 * of their address; a server started later must not share it. */
static void close_to_others(struct serve *serve)
{
	for (size_t i = 0; i < serve->worker_count; i++) {
		for (size_t k = 0; k < serve->workers[i]->socket_count; k++) {
			struct udp_listen_socket *socket =
				serve->workers[i]->sockets[k].socket;

			if (udp_listen_is_lent(socket) &&
			    count_of_address(serve, socket) == 1) {
				udp_listen_close_to_others(socket);
			}
		}
	}
}

int serve_bind(struct serve *serve, const struct serve_settings *settings,
               struct serve_place *ret_failed)
{
	unsigned turn = 0;
	int r = 0;

	for (size_t i = 0; i < settings->inherited_count && r == 0; i++) {
		r = bind_inherited(serve, &settings->inherited[i], &turn, ret_failed);
	}
	for (size_t i = 0; i < settings->endpoint_count && r == 0; i++) {
		r = open_endpoint(serve, &settings->endpoints[i], ret_failed);
	}
	if (r == 0) {
		close_to_others(serve);
	}
	return r;
}
