/* SPDX-License-Identifier: MIT
 *
 * The sockets of the server: those of its own, and those that were bound for it.
 */
#include "app/server/serve_private.h"

#include <errno.h>

#include "io/net/zone.h"

enum {
	/* UDP and TCP are to have one port, and the kernel chooses it for one of them
	 * alone: it may be taken on the other side. */
	SAME_PORT_TRIES = 16,
};

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

static void place_add(struct serve *serve, enum serve_service service, bool is_tcp,
                      struct address at)
{
	zone_add_name(&at);
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

/* `turn` counts the NTP sockets, which go to the threads in turn. */
static int bind_inherited(struct serve *serve, const struct serve_inherited *in,
                          unsigned *turn, struct serve_place *ret_failed)
{
	struct worker *w = serve->workers[serve->ntp_worker_count];
	struct listen_socket *socket = NULL;
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
	return r;
}
