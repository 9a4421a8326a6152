/* SPDX-License-Identifier: MIT */
#include "io/sys/clerk.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/sys/descriptors.h"

enum { CLERK_FD = 3, PATIENCE_MS = 1000 };

static ssize_t receive(int fd, void *buf, size_t room, int flags)
{
	ssize_t n;

	do {
		n = recv(fd, buf, room, flags);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static void serve(int fd, const struct clerk_duties *duties)
{
	static uint8_t in[CLERK_ROOM], out[CLERK_ROOM];
	ssize_t n;
	size_t len;

	for (;;) {
		n = receive(fd, in, sizeof(in), 0);
		if (n <= 0) {
			return;
		}
		len = duties->work(duties->ctx, in, (size_t)n, out);
		if (len > 0 && send(fd, out, len, MSG_NOSIGNAL) < 0 && errno == EPIPE) {
			return;
		}
	}
}

static int leave_parent(int *fd, struct lifeline *line)
{
	int fds[] = { *fd, line->tied };
	/* No other descriptor of the parent stays open. */
	const int r = descriptors_keep(CLERK_FD, fds, COUNT_OF(fds));

	*fd = fds[0];
	*line = (struct lifeline){ .held = -1, .tied = fds[1] };
	return r;
}

static _Noreturn void be_clerk(int fd, struct lifeline *line,
                               const struct clerk_duties *duties)
{
	int status;

	if (leave_parent(&fd, line) < 0) {
		_exit(1);
	}
	status = duties->become(duties->ctx);
	if (status == 0 && lifeline_tie(line) < 0) {
		_exit(1);
	}
	if (status == 0) {
		status = duties->begin(duties->ctx);
	}
	if (send(fd, &status, sizeof(status), MSG_NOSIGNAL) == (ssize_t)sizeof(status) &&
	    status == 0) {
		serve(fd, duties);
	}
	_exit(status);
}

static int clerk_fork(const struct clerk_duties *duties, struct clerk *ret)
{
	int pair[2];
	pid_t pid;

	/* It is never waited for: after the sandbox nobody could. */
	if (signal(SIGCHLD, SIG_IGN) == SIG_ERR ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		return -errno;
	}
	ret->fd = pair[0];
	pid = fork();
	if (pid == 0) {
		be_clerk(pair[1], &ret->line, duties);
	}
	if (pid < 0) {
		const int r = -errno;

		close(pair[1]);
		return r;
	}
	close(pair[1]);
	return 0;
}

int clerk_start(const struct clerk_duties *duties, struct clerk *ret)
{
	int status = 0;
	ssize_t n;
	int r;

	*ret = (struct clerk){ .fd = -1 };
	r = lifeline_make(&ret->line);
	if (r < 0) {
		return r;
	}
	r = clerk_fork(duties, ret);
	lifeline_hold(&ret->line);
	if (r == 0) {
		n = receive(ret->fd, &status, sizeof(status), 0);
		r = n == (ssize_t)sizeof(status) ? status : -ECHILD;
	}
	if (r != 0) {
		clerk_close(ret);
		lifeline_cut(&ret->line);
	}
	return r;
}

int clerk_send(const struct clerk *clerk, const void *message, size_t len)
{
	if (clerk->fd < 0) {
		return -EPIPE;
	}
	return send(clerk->fd, message, len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

ssize_t clerk_receive(const struct clerk *clerk, void *buf, size_t room)
{
	ssize_t n;

	if (clerk->fd < 0) {
		return -EAGAIN;
	}
	n = receive(clerk->fd, buf, room, MSG_DONTWAIT);
	if (n == 0) {
		return -EPIPE;
	}
	return n == -EWOULDBLOCK ? -EAGAIN : n;
}

void clerk_wait(const struct clerk *clerk, int64_t timeout_ns)
{
	struct pollfd p = { .fd = clerk->fd, .events = POLLIN };

	if (clerk->fd >= 0) {
		(void)poll(&p, 1, (int)(timeout_ns / INT64_C(1000000)));
	}
}

void clerk_close(struct clerk *clerk)
{
	struct pollfd ended = { .fd = clerk->fd, .events = 0 };

	if (clerk->fd < 0) {
		return;
	}
	/* It reads what is left, and then that there is no more. */
	if (shutdown(clerk->fd, SHUT_WR) == 0) {
		(void)poll(&ended, 1, PATIENCE_MS);
	}
	close(clerk->fd);
	clerk->fd = -1;
	lifeline_cut(&clerk->line);
}
