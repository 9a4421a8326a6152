/* SPDX-License-Identifier: MIT
 *
 * A TCP exchange: connect, send, read the answer.
 */
#include "io/net/tcp.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/net/sockaddr.h"
#include "io/sys/bare_call.h"
#include "io/sys/kernel_clock.h"

enum {
	REQUEST_SIZE = 64,
	/* Four octets may be a binary time (RFC 868), in which '\n' is an ordinary octet; a
	 * line is longer. */
	BINARY_TIME_OCTETS = 4,
};

enum tcp_phase { TCP_CONNECTING, TCP_SENDING, TCP_READING, TCP_COMPLETE };

struct tcp_channel {
	int fd;
	enum tcp_phase phase;
	uint8_t request[REQUEST_SIZE];
	size_t request_len;
	size_t sent_count;
	struct reading sent;
	uint8_t answer[TCP_ANSWER_SIZE];
	size_t answer_len;
};

int tcp_connect(const struct address *server)
{
	const int on = 1;
	union sockaddr_any to;
	socklen_t len = sockaddr_from_address(server, &to);
	int fd, error;

	if (len == 0) {
		return -EAFNOSUPPORT;
	}
	fd = bare_socket(to.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		return -errno;
	}
	/* The request is small: waiting to fill a segment would only cost time. */
	(void)bare_setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	/* An interrupted connect() continues in the background: connect(2). */
	if (connect(fd, &to.any, len) < 0 && errno != EINPROGRESS && errno != EINTR) {
		error = errno;
		close(fd);
		return -error;
	}
	return fd;
}

int tcp_open(const struct address *server, const void *request, size_t len,
             struct tcp_channel **ret)
{
	struct tcp_channel *ch;
	int r;

	if (len > REQUEST_SIZE) {
		return -EMSGSIZE;
	}
	ch = calloc(1, sizeof(*ch));
	if (!ch) {
		return -ENOMEM;
	}
	r = kernel_clock_now(&ch->sent);
	if (r == 0) {
		r = tcp_connect(server);
	}
	if (r < 0) {
		free(ch);
		return r;
	}
	ch->fd = r;
	if (len > 0) {
		memcpy(ch->request, request, len);
	}
	ch->request_len = len;
	*ret = ch;
	return 0;
}

int tcp_fd(const struct tcp_channel *ch)
{
	return ch->fd;
}

short tcp_poll_events(const struct tcp_channel *ch)
{
	return ch->phase == TCP_CONNECTING || ch->phase == TCP_SENDING ? POLLOUT : POLLIN;
}

/* 0: connected.  -EAGAIN: not yet. */
static int finish_connect(struct tcp_channel *ch)
{
	struct pollfd p = { .fd = ch->fd, .events = POLLOUT };
	socklen_t len = sizeof(int);
	int error = 0;

	/* SO_ERROR alone is 0 while still connecting. */
	if (poll(&p, 1, 0) <= 0) {
		return -EAGAIN;
	}
	if (bare_getsockopt(ch->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0) {
		return -errno;
	}
	return -error;
}

static int send_request(struct tcp_channel *ch)
{
	ssize_t sent;
	int r;

	while (ch->sent_count < ch->request_len) {
		if (ch->sent_count == 0) {
			r = kernel_clock_now(&ch->sent);
			if (r < 0) {
				return r;
			}
		}
		sent = send(ch->fd, ch->request + ch->sent_count,
		            ch->request_len - ch->sent_count, MSG_NOSIGNAL);
		if (sent >= 0) {
			ch->sent_count += (size_t)sent;
		} else if (errno != EINTR) {
			return errno == EWOULDBLOCK ? -EAGAIN : -errno;
		}
	}
	return 0;
}

static bool is_complete(const struct tcp_channel *ch)
{
	return ch->answer_len == sizeof(ch->answer) ||
	       (ch->answer_len > BINARY_TIME_OCTETS &&
	        memchr(ch->answer, '\n', ch->answer_len));
}

static int read_answer(struct tcp_channel *ch)
{
	ssize_t got;

	while (!is_complete(ch)) {
		got = recv(ch->fd, ch->answer + ch->answer_len,
		           sizeof(ch->answer) - ch->answer_len, 0);
		if (got == 0) {
			return 0;
		}
		if (got > 0) {
			ch->answer_len += (size_t)got;
		} else if (errno != EINTR) {
			return errno == EWOULDBLOCK ? -EAGAIN : -errno;
		}
	}
	return 0;
}

ssize_t tcp_advance(struct tcp_channel *ch, const uint8_t **ret_octets,
                    struct reading *ret_sent)
{
	static int (*const steps[])(struct tcp_channel *) = {
		[TCP_CONNECTING] = finish_connect,
		[TCP_SENDING] = send_request,
		[TCP_READING] = read_answer,
	};
	int r;

	while (ch->phase != TCP_COMPLETE) {
		r = steps[ch->phase](ch);
		if (r < 0) {
			return r;
		}
		ch->phase++;
	}
	*ret_octets = ch->answer;
	*ret_sent = ch->sent;
	return (ssize_t)ch->answer_len;
}

void tcp_close(struct tcp_channel *ch)
{
	if (!ch) {
		return;
	}
	close(ch->fd);
	free(ch);
}
