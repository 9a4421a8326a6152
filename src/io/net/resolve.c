/* SPDX-License-Identifier: MIT
 *
 * Two ends of a SOCK_SEQPACKET pair.  Each question and each answer is one message of fixed
 * size, and the socket is the queue: every thread of the child takes the next question from
 * it, so nothing there needs a lock.  The parent sends no more questions than fit, and
 * keeps the rest.
 */
#include "io/net/resolve.h"

#include <errno.h>
#include <malloc.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/net/sockaddr.h"
#include "io/sys/child.h"

enum {
	HOST_ROOM = 256,
	/* Questions on their way or being worked on: enough that no thread waits for the
	 * parent, few enough to fit any socket buffer. */
	UNDERWAY_MAX = 2 * RESOLVE_PARALLEL_MAX,
	THREAD_STACK_OCTETS = 1024 * 1024,
};

struct question {
	uint32_t name;
	enum address_family family;
	char host[HOST_ROOM];
};

struct resolver {
	struct child child;
	size_t underway;
	struct question *waiting; /* a ring that grows */
	size_t waiting_at;
	size_t waiting_count;
	size_t waiting_room;
};

/* ---- the child ---- */

struct crew {
	int fd;
	atomic_int count; /* threads */
	atomic_int idle;  /* ... of them waiting for a question */
};

static void add_address(const struct addrinfo *ai, struct resolve_answer *answer)
{
	union sockaddr_any name;
	struct address found;

	if (answer->address_count == RESOLVE_ADDRESSES_MAX ||
	    ai->ai_addrlen > sizeof(name)) {
		return;
	}
	memset(&name, 0, sizeof(name));
	memcpy(&name, ai->ai_addr, ai->ai_addrlen);
	found = sockaddr_to_address(&name);
	found.port = 0;
	if (found.family == ADDRESS_NONE) {
		return;
	}
	for (uint32_t i = 0; i < answer->address_count; i++) {
		if (address_equal(&answer->addresses[i], &found)) {
			return;
		}
	}
	answer->addresses[answer->address_count++] = found;
}

static void look_up(const struct question *q, struct resolve_answer *answer)
{
	/* No AI_ADDRCONFIG: it hides `localhost` on a host that has only loopback.
	 * One socket type, else every address comes three times. */
	const struct addrinfo hints = {
		.ai_family = q->family == ADDRESS_IPV4   ? AF_INET
		             : q->family == ADDRESS_IPV6 ? AF_INET6
		                                         : AF_UNSPEC,
		.ai_socktype = SOCK_DGRAM,
	};
	struct addrinfo *list = NULL;
	const char *why = "no address";
	int error;

	memset(answer, 0, sizeof(*answer));
	answer->name = q->name;
	error = getaddrinfo(q->host, NULL, &hints, &list);
	if (error == 0) {
		for (const struct addrinfo *ai = list; ai; ai = ai->ai_next) {
			add_address(ai, answer);
		}
		freeaddrinfo(list);
	} else {
		why = error == EAI_SYSTEM ? strerrordesc_np(errno) : gai_strerror(error);
	}
	if (answer->address_count == 0) {
		snprintf(answer->error, sizeof(answer->error), "%s",
		         why ? why : "unknown error");
	}
}

static void *work(void *arg);

/* Whoever takes the last idle thread's place makes sure that somebody is there for
 * the next question. */
static void hire_if_needed(struct crew *crew)
{
	pthread_attr_t attr;
	pthread_t thread;

	if (atomic_load(&crew->idle) > 0) {
		return;
	}
	if (atomic_fetch_add(&crew->count, 1) >= RESOLVE_PARALLEL_MAX) {
		atomic_fetch_sub(&crew->count, 1);
		return;
	}
	if (pthread_attr_init(&attr) != 0) {
		atomic_fetch_sub(&crew->count, 1);
		return;
	}
	/* Without a new one those at work go on alone. */
	if (pthread_attr_setstacksize(&attr, THREAD_STACK_OCTETS) != 0 ||
	    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED) != 0 ||
	    pthread_create(&thread, &attr, work, crew) != 0) {
		atomic_fetch_sub(&crew->count, 1);
	}
	pthread_attr_destroy(&attr);
}

static void *work(void *arg)
{
	struct crew *crew = arg;
	struct resolve_answer answer;
	struct question q;
	ssize_t n;

	for (;;) {
		atomic_fetch_add(&crew->idle, 1);
		do {
			n = recv(crew->fd, &q, sizeof(q), 0);
		} while (n < 0 && errno == EINTR);
		atomic_fetch_sub(&crew->idle, 1);
		if (n != (ssize_t)sizeof(q)) {
			_exit(0);
		}
		hire_if_needed(crew);
		look_up(&q, &answer);
		do {
			n = send(crew->fd, &answer, sizeof(answer), MSG_NOSIGNAL);
		} while (n < 0 && errno == EINTR);
		if (n != (ssize_t)sizeof(answer)) {
			_exit(0);
		}
	}
	return NULL;
}

static void resolver_child(void *ctx, int fd)
{
	struct crew crew = { .fd = fd };
	struct pollfd gone = { .fd = fd, .events = 0 };

	(void)ctx;
	/* A validating resolver believes no answer while the clock is wrong, and
	 * the clock is wrong until it has answered. */
	if (setenv("SYSTEMD_NSS_RESOLVE_VALIDATE", "0", 1) < 0) {
		return;
	}
	/* One pool of memory, not one for each thread. */
	(void)mallopt(M_ARENA_MAX, 1);
	hire_if_needed(&crew);
	if (atomic_load(&crew.count) == 0) {
		return;
	}
	/* This thread only waits for the parent to close its end: the others may be
	 * stuck in a lookup that never ends. */
	while (poll(&gone, 1, -1) <= 0) {
	}
}

/* ---- the parent ---- */

int resolver_start(struct resolver **ret)
{
	struct resolver *resolver;
	int r;

	resolver = calloc(1, sizeof(*resolver));
	if (!resolver) {
		return -ENOMEM;
	}
	r = child_start(resolver_child, NULL, &resolver->child);
	if (r < 0) {
		free(resolver);
		return r;
	}
	*ret = resolver;
	return 0;
}

int resolver_fd(const struct resolver *resolver)
{
	return resolver->child.fd;
}

/* Sends what is waiting, as far as it may. */
static int send_waiting(struct resolver *resolver)
{
	ssize_t n;

	while (resolver->waiting_count > 0 && resolver->underway < UNDERWAY_MAX) {
		n = send(resolver->child.fd, &resolver->waiting[resolver->waiting_at],
		         sizeof(*resolver->waiting), MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n < 0 && (errno == EAGAIN || errno == ENOBUFS) &&
		    resolver->underway > 0) {
			return 0; /* the next answer makes room */
		}
		if (n < 0) {
			return errno == ECONNRESET ? -EPIPE : -errno;
		}
		resolver->waiting_at = (resolver->waiting_at + 1) % resolver->waiting_room;
		resolver->waiting_count--;
		resolver->underway++;
	}
	return 0;
}

static int make_room(struct resolver *resolver)
{
	size_t room = resolver->waiting_room ? resolver->waiting_room * 2 : 16;
	struct question *more;

	if (resolver->waiting_count < resolver->waiting_room) {
		return 0;
	}
	more = calloc(room, sizeof(*more));
	if (!more) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < resolver->waiting_count; i++) {
		more[i] = resolver->waiting[(resolver->waiting_at + i) %
		                            resolver->waiting_room];
	}
	free(resolver->waiting);
	resolver->waiting = more;
	resolver->waiting_at = 0;
	resolver->waiting_room = room;
	return 0;
}

int resolver_ask(struct resolver *resolver, uint32_t name, const char *host,
                 enum address_family family)
{
	const size_t len = strlen(host);
	struct question *q;
	int r;

	if (len >= HOST_ROOM) {
		return -ENAMETOOLONG;
	}
	r = make_room(resolver);
	if (r < 0) {
		return r;
	}
	q = &resolver->waiting[(resolver->waiting_at + resolver->waiting_count) %
	                       resolver->waiting_room];
	memset(q, 0, sizeof(*q));
	q->name = name;
	q->family = family;
	memcpy(q->host, host, len);
	resolver->waiting_count++;
	return send_waiting(resolver);
}

/* The child reads what strangers send, so what it says is checked like theirs. */
static bool answer_is_sound(const struct resolve_answer *answer)
{
	if (answer->address_count > RESOLVE_ADDRESSES_MAX ||
	    !memchr(answer->error, '\0', sizeof(answer->error))) {
		return false;
	}
	for (uint32_t i = 0; i < answer->address_count; i++) {
		const struct address *a = &answer->addresses[i];

		if ((a->family != ADDRESS_IPV4 && a->family != ADDRESS_IPV6) ||
		    a->port != 0) {
			return false;
		}
	}
	return true;
}

int resolver_receive(struct resolver *resolver, struct resolve_answer *ret)
{
	struct resolve_answer answer;
	ssize_t n;
	int r;

	do {
		n = recv(resolver->child.fd, &answer, sizeof(answer), MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n < 0) {
		if (errno == EAGAIN) {
			return 0;
		}
		return errno == ECONNRESET ? -EPIPE : -errno;
	}
	if (n != (ssize_t)sizeof(answer) || !answer_is_sound(&answer) ||
	    resolver->underway == 0) {
		return -EPIPE; /* at its end, or out of its mind */
	}
	resolver->underway--;
	r = send_waiting(resolver);
	if (r < 0 && r != -EPIPE) {
		return r;
	}
	*ret = answer; /* a child that has just gone shows at the next call */
	return 1;
}

void resolver_stop(struct resolver *resolver)
{
	if (!resolver) {
		return;
	}
	/* Closing our end ends the child; the signal ends one that is stopped as well. */
	(void)child_kill(&resolver->child);
	child_forget(&resolver->child);
	while (waitpid(resolver->child.pid, NULL, 0) < 0 && errno == EINTR) {
	}
	free(resolver->waiting);
	free(resolver);
}
