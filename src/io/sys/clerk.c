/* SPDX-License-Identifier: MIT */
#include "io/sys/clerk.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/sys/descriptors.h"

enum { CLERK_FD = 3 };

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

static _Noreturn void be_clerk(int fd, pid_t parent, const struct clerk_duties *duties)
{
	int status;

	/* What the parent holds is none of its business. */
	if (fd != CLERK_FD) {
		if (dup2(fd, CLERK_FD) < 0) {
			_exit(1);
		}
		fd = CLERK_FD;
	}
	descriptors_close_from(CLERK_FD + 1);
	/* Even when somebody else keeps the other end of the socket open. */
	if (prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL, 0L, 0L, 0L) < 0 ||
	    getppid() != parent) {
		_exit(1);
	}
	status = duties->begin(duties->ctx);
	if (send(fd, &status, sizeof(status), MSG_NOSIGNAL) == (ssize_t)sizeof(status) &&
	    status == 0) {
		serve(fd, duties);
	}
	_exit(status);
}

int clerk_start(const struct clerk_duties *duties, struct clerk *ret)
{
	const pid_t parent = getpid();
	int status = 0;
	int pair[2];
	ssize_t n;
	pid_t pid;

	/* It is never waited for: after the sandbox nobody could. */
	if (signal(SIGCHLD, SIG_IGN) == SIG_ERR ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		return -errno;
	}
	pid = fork();
	if (pid < 0) {
		int r = -errno;

		close(pair[0]);
		close(pair[1]);
		return r;
	}
	if (pid == 0) {
		close(pair[0]);
		be_clerk(pair[1], parent, duties);
	}
	close(pair[1]);
	n = receive(pair[0], &status, sizeof(status), 0);
	if (n != (ssize_t)sizeof(status) || status != 0) {
		close(pair[0]);
		return n == (ssize_t)sizeof(status) ? status : -ECHILD;
	}
	ret->fd = pair[0];
	return 0;
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
	if (clerk->fd >= 0) {
		close(clerk->fd);
	}
	clerk->fd = -1;
}
