/* SPDX-License-Identifier: MIT
 *
 * The parent's side of the resolver: questions out, answers in.
 *
 * Both sides share a SOCK_SEQPACKET pair; each question and each answer is one message of
 * fixed size.  A name is two questions, one per family, so that neither waits for the
 * other's answer.  The parent sends only as many questions of a family as fit, and queues
 * the rest.
 */
#include "io/net/resolve.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/net/resolve_private.h"
#include "io/sys/child.h"
#include "io/sys/confine.h"

/* Questions of one family. */
struct waiting {
	size_t underway;
	struct question *ring; /* grows */
	size_t at;
	size_t count;
	size_t size;
};

struct resolver {
	struct child child;
	struct waiting lanes[RESOLVE_LANES];
	uint32_t tickets;
};

/* ---- the child ---- */

static void resolver_child(void *ctx, int fd)
{
	(void)ctx;
	if (confine_resolver() < 0) {
		return;
	}
	/* A validating resolver rejects answers while the clock is wrong, and the clock
	 * stays wrong until it has answered. */
	if (setenv("SYSTEMD_NSS_RESOLVE_VALIDATE", "0", 1) < 0) {
		return;
	}
#ifdef M_ARENA_MAX
	/* A single arena for all threads instead of one each (glibc). */
	(void)mallopt(M_ARENA_MAX, 1);
#endif
	resolve_work(fd);
}

/* ---- the parent ---- */

int resolver_start(struct resolver **ret)
{
	int r;
	struct resolver *resolver = calloc(1, sizeof(*resolver));

	if (!resolver) {
		return -ENOMEM;
	}
	r = child_start(&(struct child_ops){ .run = resolver_child }, &resolver->child);
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

/* Sends the queued questions of one lane, up to its limit. */
static int send_waiting(struct resolver *resolver, struct waiting *lane)
{
	ssize_t n;

	while (lane->count > 0 && lane->underway < RESOLVE_UNDERWAY_MAX) {
		n = send(resolver->child.fd, &lane->ring[lane->at], sizeof(*lane->ring),
		         MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n < 0 && (errno == EAGAIN || errno == ENOBUFS) && lane->underway > 0) {
			return 0; /* the next answer makes room */
		}
		if (n < 0) {
			return errno == ECONNRESET ? -EPIPE : -errno;
		}
		lane->at = (lane->at + 1) % lane->size;
		lane->count--;
		lane->underway++;
	}
	return 0;
}

static int make_room(struct waiting *lane)
{
	size_t size = lane->size ? lane->size * 2 : 16;
	struct question *more;

	if (lane->count < lane->size) {
		return 0;
	}
	more = calloc(size, sizeof(*more));
	if (!more) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < lane->count; i++) {
		more[i] = lane->ring[(lane->at + i) % lane->size];
	}
	free(lane->ring);
	lane->ring = more;
	lane->at = 0;
	lane->size = size;
	return 0;
}

static int ask_one(struct resolver *resolver, const struct question *question)
{
	struct waiting *lane = &resolver->lanes[resolve_lane(question->family)];
	int r = make_room(lane);

	if (r < 0) {
		return r;
	}
	lane->ring[(lane->at + lane->count) % lane->size] = *question;
	lane->count++;
	return send_waiting(resolver, lane);
}

int resolver_ask(struct resolver *resolver, uint32_t name, const char *host,
                 enum address_family family, uint32_t *ret_ticket)
{
	const size_t len = strlen(host);
	struct question question;
	int r;

	if (len >= RESOLVE_HOST_SIZE) {
		return -ENAMETOOLONG;
	}
	memset(&question, 0, sizeof(question));
	question.name = name;
	question.ticket = *ret_ticket = ++resolver->tickets;
	question.family = family;
	memcpy(question.host, host, len);
	if (strchr(host, '%')) {
		question.family = ADDRESS_IPV6; /* only IPv6 addresses have a zone */
	}
	if (question.family != ADDRESS_NONE) {
		r = ask_one(resolver, &question);
		return r < 0 ? r : 1;
	}
	question.is_of_a_pair = true;
	question.family = ADDRESS_IPV4;
	r = ask_one(resolver, &question);
	if (r == 0) {
		question.family = ADDRESS_IPV6;
		r = ask_one(resolver, &question);
	}
	return r < 0 ? r : 2;
}

/* The child parses data from the network, so its messages are validated like network
 * data. */
static bool answer_is_sound(const struct resolve_answer *answer)
{
	if ((answer->family != ADDRESS_IPV4 && answer->family != ADDRESS_IPV6) ||
	    answer->address_count > RESOLVE_ADDRESSES_MAX ||
	    !memchr(answer->error, '\0', sizeof(answer->error))) {
		return false;
	}
	for (uint32_t i = 0; i < answer->address_count; i++) {
		const struct address *a = &answer->addresses[i];

		if (a->family != answer->family || a->port != 0 ||
		    (a->zone[0] != '\0' && !address_zone_is_name(a->zone))) {
			return false;
		}
	}
	return true;
}

int resolver_receive(struct resolver *resolver, struct resolve_answer *ret)
{
	struct resolve_answer answer;
	struct waiting *lane;
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
	if (n != (ssize_t)sizeof(answer) || !answer_is_sound(&answer)) {
		return -EPIPE; /* ended, or misbehaving */
	}
	lane = &resolver->lanes[resolve_lane(answer.family)];
	if (lane->underway == 0) {
		return -EPIPE;
	}
	lane->underway--;
	r = send_waiting(resolver, lane);
	if (r < 0 && r != -EPIPE) {
		return r;
	}
	*ret = answer; /* a child that has just ended is noticed at the next call */
	return 1;
}

void resolver_stop(struct resolver *resolver)
{
	if (!resolver) {
		return;
	}
	/* Closing our end stops the child; the signal also ends a stopped one. */
	child_kill(&resolver->child);
	child_forget(&resolver->child);
	while (waitpid(resolver->child.pid, NULL, 0) < 0 && errno == EINTR) {
	}
	for (size_t i = 0; i < RESOLVE_LANES; i++) {
		free(resolver->lanes[i].ring);
	}
	free(resolver);
}
