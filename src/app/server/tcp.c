/* SPDX-License-Identifier: MIT
 *
 * The text services over TCP.
 *
 * A connection goes ASKING -> ANSWERING -> ENDING; the time protocol and daytime begin with
 * ANSWERING.  All of them share one poll(); whatever a peer does or omits, its place is
 * free again at its deadline.
 */
#include "app/server/tcp.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "io/net/tcp_listen.h"
#include "io/sys/monotonic.h"

enum {
	ACCEPT_AT_ONCE = 32,  /* then the others have their turn */
	ENDING_OCTETS = 4096, /* read and discarded so that the connection closes cleanly */
};
/* Out of descriptors, accept() fails and poll() keeps reporting the connection. */
#define ACCEPT_PAUSE_NS (200 * NS_PER_MS)

enum count { ANSWERED, DENIED, REFUSED, DROPPED, COUNTS };

enum phase { ASKING, ANSWERING, ENDING };

struct listener {
	enum serve_service service;
	int fd;
};

struct connection {
	enum serve_service service;
	enum phase phase;
	int fd;
	struct address from;
	int64_t deadline_mono_ns;
	uint8_t in[SERVE_LINE_MAX];
	size_t in_len;
	uint8_t out[SERVE_TEXT_SIZE];
	size_t out_len;
	size_t out_done;
	size_t thrown_away;
};

struct serve_tcp {
	struct serve_cell *state;
	struct shared_rules *shared_rules;
	struct rules_reader *reader;
	int wake_fd;
	int64_t paused_until_mono_ns;
	struct listener listeners[SERVE_TCP_LISTENERS_MAX];
	size_t listener_count;
	struct connection connections[SERVE_TCP_CONNECTIONS_MAX]; /* oldest first */
	size_t connection_count;
	struct pollfd polls[1 + SERVE_TCP_LISTENERS_MAX + SERVE_TCP_CONNECTIONS_MAX];
	/* Written by its own thread only. */
	atomic_uint_least64_t counts[COUNTS];
};

static void count_up(struct serve_tcp *tcp, enum count which)
{
	uint64_t value = atomic_load_explicit(&tcp->counts[which], memory_order_relaxed);

	atomic_store_explicit(&tcp->counts[which], value + 1, memory_order_relaxed);
}

int serve_tcp_new(struct serve_cell *state, struct shared_rules *shared_rules,
                  struct serve_tcp **ret)
{
	struct serve_tcp *tcp = calloc(1, sizeof(*tcp));
	int fd;

	if (!tcp) {
		return -ENOMEM;
	}
	fd = tcp_listen_wake_open();
	if (fd < 0) {
		free(tcp);
		return fd;
	}
	tcp->state = state;
	tcp->shared_rules = shared_rules;
	tcp->reader = shared_rules_join(shared_rules);
	tcp->wake_fd = fd;
	*ret = tcp;
	return 0;
}

int serve_tcp_add(struct serve_tcp *tcp, enum serve_service service,
                  const struct address *at, struct address *ret_bound)
{
	struct listener *l = &tcp->listeners[tcp->listener_count];
	int r;

	if (tcp->listener_count == SERVE_TCP_LISTENERS_MAX) {
		return -ENOBUFS;
	}
	r = tcp_listen_open(at, &l->fd, ret_bound);
	if (r < 0) {
		return r;
	}
	l->service = service;
	tcp->listener_count++;
	return 0;
}

int serve_tcp_adopt(struct serve_tcp *tcp, enum serve_service service, int fd,
                    struct address *ret_bound)
{
	int r;

	if (tcp->listener_count == SERVE_TCP_LISTENERS_MAX) {
		return -ENOBUFS;
	}
	r = tcp_listen_adopt(fd, ret_bound);
	if (r < 0) {
		return r;
	}
	tcp->listeners[tcp->listener_count++] =
		(struct listener){ .service = service, .fd = fd };
	return 0;
}

void serve_tcp_stop(struct serve_tcp *tcp)
{
	tcp_listen_wake(tcp->wake_fd);
}

struct serve_tcp_counts serve_tcp_counts(const struct serve_tcp *tcp)
{
	return (struct serve_tcp_counts){
		.answered =
			atomic_load_explicit(&tcp->counts[ANSWERED], memory_order_relaxed),
		.denied = atomic_load_explicit(&tcp->counts[DENIED], memory_order_relaxed),
		.refused =
			atomic_load_explicit(&tcp->counts[REFUSED], memory_order_relaxed),
		.dropped =
			atomic_load_explicit(&tcp->counts[DROPPED], memory_order_relaxed),
	};
}

void serve_tcp_free(struct serve_tcp *tcp)
{
	if (!tcp) {
		return;
	}
	for (size_t i = 0; i < tcp->connection_count; i++) {
		tcp_listen_disconnect(tcp->connections[i].fd);
	}
	for (size_t i = 0; i < tcp->listener_count; i++) {
		tcp_listen_close(tcp->listeners[i].fd);
	}
	tcp_listen_close(tcp->wake_fd);
	free(tcp);
}

/* Keeps the order, so that the first is always the oldest. */
static void close_channel(struct serve_tcp *tcp, size_t i)
{
	struct connection *c = &tcp->connections[i];

	tcp_listen_disconnect(c->fd);
	tcp->connection_count--;
	memmove(c, c + 1, (tcp->connection_count - i) * sizeof(*c));
}

/* False when the time is not known: then the peer gets no answer. */
static bool answer_begin(struct serve_tcp *tcp, struct connection *c)
{
	struct serve_view view;

	serve_cell_read(tcp->state, &view);
	if (!view.is_usable) {
		return false;
	}
	c->out_len = serve_text_write(c->service, clock_moment_now().wall, c->out);
	c->phase = ANSWERING;
	return true;
}

/* True while the connection stays open. */
static bool advance_asking(struct serve_tcp *tcp, struct connection *c)
{
	ssize_t n = tcp_listen_read(c->fd, c->in + c->in_len, sizeof(c->in) - c->in_len);

	if (n == -EAGAIN) {
		return true;
	}
	if (n < 0) {
		return false;
	}
	c->in_len += (size_t)n;
	switch (serve_line_check(c->in, c->in_len, n == 0)) {
	case SERVE_LINE_PART:
		return true;
	case SERVE_LINE_REQUEST:
		return answer_begin(tcp, c);
	case SERVE_LINE_OTHER:
		break;
	}
	return false;
}

static bool advance_answering(struct serve_tcp *tcp, struct connection *c)
{
	ssize_t n = tcp_listen_write(c->fd, c->out + c->out_done, c->out_len - c->out_done);

	if (n < 0) {
		return n == -EAGAIN;
	}
	c->out_done += (size_t)n;
	if (c->out_done == c->out_len) {
		tcp_listen_end(c->fd);
		c->phase = ENDING;
		count_up(tcp, ANSWERED);
	}
	return true;
}

static bool advance_ending(struct connection *c)
{
	uint8_t rest[256];
	ssize_t n = tcp_listen_read(c->fd, rest, sizeof(rest));

	if (n == -EAGAIN) {
		return true;
	}
	if (n <= 0) {
		return false;
	}
	c->thrown_away += (size_t)n;
	return c->thrown_away <= ENDING_OCTETS;
}

/* A single step per turn is enough: poll() comes back for the rest.  But a new answer is
 * sent at once: it carries the time. */
static bool advance(struct serve_tcp *tcp, struct connection *c)
{
	if (c->phase == ENDING) {
		return advance_ending(c);
	}
	if (c->phase == ASKING && !advance_asking(tcp, c)) {
		return false;
	}
	return c->phase == ASKING || advance_answering(tcp, c);
}

static bool is_alike(const struct address *a, const struct address *b, size_t ipv4_octets,
                     size_t ipv6_octets)
{
	return a->family == b->family &&
	       memcmp(a->octets, b->octets,
	              a->family == ADDRESS_IPV6 ? ipv6_octets : ipv4_octets) == 0;
}

static bool is_one_too_many(const struct serve_tcp *tcp, const struct address *from)
{
	size_t of_address = 0, of_network = 0;

	for (size_t i = 0; i < tcp->connection_count; i++) {
		of_address += is_alike(&tcp->connections[i].from, from, 4, 8);
		of_network += is_alike(&tcp->connections[i].from, from, 3, 6);
	}
	return of_address >= SERVE_TCP_PER_ADDRESS_MAX ||
	       of_network >= SERVE_TCP_PER_NETWORK_MAX;
}

static void greet(struct serve_tcp *tcp, enum serve_service service, int fd,
                  const struct address *from)
{
	const struct access_rules *rules =
		shared_rules_hold(tcp->shared_rules, tcp->reader);
	const bool is_allowed = cidr_list_allows(&rules->list, from);
	struct connection *c;
	bool stays = true;

	shared_rules_release(tcp->reader);
	if (!is_allowed) {
		count_up(tcp, DENIED);
		tcp_listen_disconnect(fd);
		return;
	}
	if (is_one_too_many(tcp, from)) {
		count_up(tcp, REFUSED);
		tcp_listen_disconnect(fd);
		return;
	}
	/* The oldest has had the longest time to finish; well-behaved clients need a few
	 * milliseconds of their five seconds. */
	if (tcp->connection_count == SERVE_TCP_CONNECTIONS_MAX) {
		count_up(tcp, REFUSED);
		close_channel(tcp, 0);
	}
	c = &tcp->connections[tcp->connection_count++];
	*c = (struct connection){ .service = service,
		                  .fd = fd,
		                  .from = *from,
		                  .deadline_mono_ns =
		                          monotonic_now_ns() + SERVE_TCP_DEADLINE_NS };
	if (service != SERVE_REQTIME) {
		stays = answer_begin(tcp, c) && advance_answering(tcp, c);
	}
	if (!stays) {
		count_up(tcp, DROPPED);
		close_channel(tcp, tcp->connection_count - 1);
	}
}

static void take_new(struct serve_tcp *tcp, const struct listener *l)
{
	struct address from;
	int fd;

	for (int i = 0; i < ACCEPT_AT_ONCE; i++) {
		fd = tcp_listen_next(l->fd, &from);
		if (fd == -EAGAIN) {
			return;
		}
		if (fd < 0) {
			tcp->paused_until_mono_ns = monotonic_now_ns() + ACCEPT_PAUSE_NS;
			return;
		}
		greet(tcp, l->service, fd, &from);
	}
}

/* The poll() entries: the wake descriptor, the listeners, the connections.  Returns their
 * number. */
static size_t fill_polls(struct serve_tcp *tcp, int64_t now_mono_ns)
{
	struct pollfd *p = tcp->polls;
	bool is_paused = now_mono_ns < tcp->paused_until_mono_ns;

	*p++ = (struct pollfd){ .fd = tcp->wake_fd, .events = POLLIN };
	for (size_t i = 0; i < tcp->listener_count; i++) {
		*p++ = (struct pollfd){ .fd = is_paused ? -1 : tcp->listeners[i].fd,
			                .events = POLLIN };
	}
	for (size_t i = 0; i < tcp->connection_count; i++) {
		const struct connection *c = &tcp->connections[i];

		*p++ = (struct pollfd){ .fd = c->fd,
			                .events =
			                        c->phase == ANSWERING ? POLLOUT : POLLIN };
	}
	return (size_t)(p - tcp->polls);
}

/* Milliseconds until the next deadline; -1: none. */
static int timeout_ms(const struct serve_tcp *tcp, int64_t now_mono_ns)
{
	int64_t due_mono_ns = INT64_MAX;

	if (tcp->connection_count > 0) {
		due_mono_ns = tcp->connections[0].deadline_mono_ns;
	}
	if (now_mono_ns < tcp->paused_until_mono_ns &&
	    tcp->paused_until_mono_ns < due_mono_ns) {
		due_mono_ns = tcp->paused_until_mono_ns;
	}
	if (due_mono_ns == INT64_MAX) {
		return -1;
	}
	if (due_mono_ns <= now_mono_ns) {
		return 0;
	}
	return (int)((due_mono_ns - now_mono_ns) / NS_PER_MS) + 1;
}

static void serve_connections(struct serve_tcp *tcp, const struct pollfd *polls)
{
	int64_t now_mono_ns = monotonic_now_ns();

	/* Backwards: closing a connection moves only those already served. */
	for (size_t i = tcp->connection_count; i-- > 0;) {
		struct connection *c = &tcp->connections[i];
		bool stays = now_mono_ns < c->deadline_mono_ns;

		if (stays && polls[i].revents != 0) {
			stays = advance(tcp, c);
		}
		if (!stays) {
			if (c->phase != ENDING) {
				count_up(tcp, DROPPED);
			}
			close_channel(tcp, i);
		}
	}
}

void serve_tcp_run(struct serve_tcp *tcp)
{
	int64_t now_mono_ns;
	size_t count;
	int r;

	for (;;) {
		now_mono_ns = monotonic_now_ns();
		count = fill_polls(tcp, now_mono_ns);
		r = poll(tcp->polls, count, timeout_ms(tcp, now_mono_ns));
		if (r < 0) {
			continue; /* EINTR, or out of memory for a moment */
		}
		if (tcp->polls[0].revents != 0) {
			return;
		}
		serve_connections(tcp, tcp->polls + 1 + tcp->listener_count);
		for (size_t i = 0; i < tcp->listener_count; i++) {
			if (tcp->polls[1 + i].revents != 0) {
				take_new(tcp, &tcp->listeners[i]);
			}
		}
	}
}
