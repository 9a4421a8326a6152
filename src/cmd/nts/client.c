/* SPDX-License-Identifier: MIT
 *
 * Questions in, key exchanges side by side, answers out.
 */
#include "cmd/nts/client_private.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/sys/monotonic.h"

/* A server that has not answered by then counts as silent: the measurement has ended long
 * before, and another server may need the place. */
#define EXCHANGE_LIMIT_NS (30 * NS_PER_S)
/* ... and by then, when all places are taken: silent servers must not keep out others. */
#define CROWDED_LIMIT_NS (2 * NS_PER_S)

struct exchange {
	struct tls_session *session; /* NULL: none, or it has ended */
	int64_t begun_mono_ns;
	bool is_answered; /* `answer` is still to be sent */
	struct nts_answer answer;
};

struct work {
	const struct client_settings *settings;
	struct exchange exchanges[NTS_UNDERWAY_MAX];
};

static bool is_free(const struct exchange *exchange)
{
	return !exchange->session && !exchange->is_answered;
}

static struct exchange *find_free(struct work *work)
{
	for (size_t i = 0; i < NTS_UNDERWAY_MAX; i++) {
		if (is_free(&work->exchanges[i])) {
			return &work->exchanges[i];
		}
	}
	return NULL;
}

static int64_t limit_ns(const struct work *work)
{
	for (size_t i = 0; i < NTS_UNDERWAY_MAX; i++) {
		if (is_free(&work->exchanges[i])) {
			return EXCHANGE_LIMIT_NS;
		}
	}
	return CROWDED_LIMIT_NS;
}

/* ---- questions ---- */

/* The single descriptor that came with a message; all others are closed.  -1: none. */
static int descriptor_of(struct msghdr *message)
{
	int fd, kept = -1;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) {
			continue;
		}
		for (size_t at = 0; at + sizeof(fd) <= c->cmsg_len - CMSG_LEN(0);
		     at += sizeof(fd)) {
			memcpy(&fd, CMSG_DATA(c) + at, sizeof(fd));
			if (kept >= 0) {
				close(kept);
			}
			kept = fd;
		}
	}
	return kept;
}

/* 1 and a question with its socket; 0: none now; -ECONNRESET: the other end is closed;
 * -EPROTO: something else. */
static int receive(int from, struct nts_question *ret, int *ret_fd)
{
	union {
		struct cmsghdr header; /* for its alignment */
		char octets[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec part = { .iov_base = ret, .iov_len = sizeof(*ret) };
	struct msghdr message = { .msg_iov = &part,
		                  .msg_iovlen = 1,
		                  .msg_control = control.octets,
		                  .msg_controllen = sizeof(control.octets) };
	ssize_t n;

	do {
		n = recvmsg(from, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN) {
		return 0;
	}
	if (n <= 0) {
		return -ECONNRESET;
	}
	*ret_fd = descriptor_of(&message);
	return n == (ssize_t)sizeof(*ret) && *ret_fd >= 0 &&
	                       !(message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) &&
	                       nts_question_is_valid(ret)
	               ? 1
	               : -EPROTO;
}

static void answer(struct exchange *exchange, enum nts_failure failure, int error)
{
	exchange->answer.failure = failure;
	exchange->answer.error = error;
	exchange->is_answered = true;
}

static void step(struct exchange *exchange)
{
	if (tls_session_step(exchange->session, &exchange->answer)) {
		tls_session_close(exchange->session);
		exchange->session = NULL;
		exchange->is_answered = true;
	}
}

static void begin(const struct client_settings *settings, struct exchange *exchange,
                  const struct nts_question *question, int fd)
{
	memset(exchange, 0, sizeof(*exchange));
	exchange->answer.source = question->source;
	exchange->answer.ticket = question->ticket;
	exchange->begun_mono_ns = monotonic_now_ns();
	if (!settings->client) {
		close(fd);
		memcpy(exchange->answer.detail, settings->no_authorities, NTS_DETAIL_SIZE);
		answer(exchange, NTS_FAILURE_NO_CA, 0);
	} else if (tls_session_open(settings->client, question, fd, &exchange->session) <
	           0) {
		answer(exchange, NTS_FAILURE_CONNECT, ENOMEM);
	} else {
		step(exchange);
	}
}

/* As many as there is room for; the others wait in the socket. */
static int take_questions(struct work *work)
{
	struct exchange *exchange;
	struct nts_question question;
	int fd, r = 1;

	while (r == 1 && (exchange = find_free(work))) {
		r = receive(work->settings->fd, &question, &fd);
		if (r == 1) {
			begin(work->settings, exchange, &question, fd);
		}
	}
	return r < 0 ? r : 0;
}

/* ---- answers ---- */

static int send_answers(struct work *work)
{
	ssize_t n;

	for (size_t i = 0; i < NTS_UNDERWAY_MAX; i++) {
		struct exchange *exchange = &work->exchanges[i];

		if (!exchange->is_answered) {
			continue;
		}
		do {
			n = send(work->settings->fd, &exchange->answer,
			         sizeof(exchange->answer), MSG_DONTWAIT | MSG_NOSIGNAL);
		} while (n < 0 && errno == EINTR);
		if (n < 0) {
			return errno == EAGAIN || errno == ENOBUFS ? 0 : -errno;
		}
		explicit_bzero(exchange, sizeof(*exchange));
	}
	return 0;
}

/* ---- the loop ---- */

/* fds[0] is the other end, then one for each exchange.  Returns the time until the first
 * deadline in ms, -1: none. */
static int prepare(const struct work *work, struct pollfd fds[1 + NTS_UNDERWAY_MAX])
{
	const int64_t ends_ns = monotonic_now_ns() - limit_ns(work);
	int64_t left_ns = INT64_MAX;

	fds[0] = (struct pollfd){ .fd = work->settings->fd };
	for (size_t i = 0; i < NTS_UNDERWAY_MAX; i++) {
		const struct exchange *exchange = &work->exchanges[i];
		const int64_t its_ns = exchange->begun_mono_ns - ends_ns;

		fds[1 + i] = (struct pollfd){ .fd = -1 };
		fds[0].events |= is_free(exchange) ? POLLIN : 0;
		fds[0].events |= exchange->is_answered ? POLLOUT : 0;
		if (exchange->session) {
			fds[1 + i].fd = tls_session_fd(exchange->session);
			fds[1 + i].events = tls_session_events(exchange->session);
			left_ns = its_ns < left_ns ? its_ns : left_ns;
		}
	}
	if (left_ns == INT64_MAX) {
		return -1;
	}
	return left_ns > 0 ? (int)(left_ns / NS_PER_MS) + 1 : 0;
}

static void step_all(struct work *work, const struct pollfd fds[1 + NTS_UNDERWAY_MAX])
{
	const int64_t ends_ns = monotonic_now_ns() - limit_ns(work);

	for (size_t i = 0; i < NTS_UNDERWAY_MAX; i++) {
		struct exchange *exchange = &work->exchanges[i];

		if (exchange->session && fds[1 + i].revents != 0) {
			step(exchange);
		}
		if (exchange->session && exchange->begun_mono_ns <= ends_ns) {
			tls_session_close(exchange->session);
			exchange->session = NULL;
			answer(exchange, NTS_FAILURE_CONNECT, ETIMEDOUT);
		}
	}
}

int nts_client_run(const struct client_settings *settings)
{
	struct pollfd fds[1 + NTS_UNDERWAY_MAX];
	struct work *work = calloc(1, sizeof(*work));
	int r = work ? 0 : -ENOMEM;

	if (work) {
		work->settings = settings;
	}
	while (r == 0) {
		const int ms = prepare(work, fds);

		if (poll(fds, COUNT_OF(fds), ms) < 0 && errno != EINTR) {
			r = -errno;
			break;
		}
		step_all(work, fds);
		r = take_questions(work);
		if (r == 0) {
			r = send_answers(work);
		}
		if (r == 0 && (fds[0].revents & (POLLHUP | POLLERR))) {
			r = -ECONNRESET;
		}
	}
	if (work) {
		for (size_t i = 0; i < NTS_UNDERWAY_MAX; i++) {
			tls_session_close(work->exchanges[i].session);
		}
		explicit_bzero(work, sizeof(*work));
	}
	free(work);
	return r == -ECONNRESET || r == -EPIPE ? 0 : r;
}
