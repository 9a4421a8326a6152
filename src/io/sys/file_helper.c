/* SPDX-License-Identifier: MIT
 *
 * The file helper: its start, its messages, its end.
 */
#include "io/sys/file_helper.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/sys/child.h"
#include "io/sys/descriptors.h"

enum { HELPER_FD = 3, END_WAIT_MS = 1000 };

static ssize_t receive(int fd, void *buf, size_t size, int flags)
{
	ssize_t n;

	do {
		n = recv(fd, buf, size, flags);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static void serve(int fd, const struct file_helper_ops *ops)
{
	static uint8_t in[FILE_HELPER_SIZE], out[FILE_HELPER_SIZE];
	ssize_t n;
	size_t len;

	for (;;) {
		n = receive(fd, in, sizeof(in), 0);
		if (n <= 0) {
			return;
		}
		len = ops->work(ops->ctx, in, (size_t)n, out);
		if (len > 0 && send(fd, out, len, MSG_NOSIGNAL) < 0 && errno == EPIPE) {
			return;
		}
	}
}

static _Noreturn void be_file_helper(int fd, struct lifeline *line,
                                     const struct file_helper_ops *ops)
{
	int fds[] = { fd, line->tied };
	int status;

	/* No other descriptor of the parent stays open. */
	if (descriptors_keep(HELPER_FD, fds, COUNT_OF(fds)) < 0) {
		_exit(1);
	}
	fd = fds[0];
	*line = (struct lifeline){ .held = -1, .tied = fds[1] };
	status = ops->become(ops->ctx);
	if (status == 0 && lifeline_tie(line) < 0) {
		_exit(1);
	}
	if (status == 0) {
		status = ops->begin(ops->ctx);
	}
	if (send(fd, &status, sizeof(status), MSG_NOSIGNAL) == (ssize_t)sizeof(status) &&
	    status == 0) {
		serve(fd, ops);
	}
	_exit(status);
}

int file_helper_start(const struct file_helper_ops *ops, struct file_helper *ret)
{
	struct child child;
	int status = 0;
	ssize_t n;
	int r;

	*ret = (struct file_helper){ .fd = -1, .line = { -1, -1 } };
	/* The helper is never reaped by us: the sandbox forbids it. */
	if (signal(SIGCHLD, SIG_IGN) == SIG_ERR) {
		return -errno;
	}
	r = child_fork(&child);
	if (r < 0) {
		return r;
	}
	if (r == 1) {
		be_file_helper(child.fd, &child.line, ops);
	}
	*ret = (struct file_helper){ .fd = child.fd, .line = child.line };
	n = receive(ret->fd, &status, sizeof(status), 0);
	r = n == (ssize_t)sizeof(status) ? status : -ECHILD;
	if (r != 0) {
		file_helper_close(ret);
	}
	return r;
}

int file_helper_send(const struct file_helper *helper, const void *message, size_t len)
{
	if (helper->fd < 0) {
		return -EPIPE;
	}
	return send(helper->fd, message, len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

ssize_t file_helper_receive(const struct file_helper *helper, void *buf, size_t size)
{
	ssize_t n;

	if (helper->fd < 0) {
		return -EAGAIN;
	}
	n = receive(helper->fd, buf, size, MSG_DONTWAIT);
	if (n == 0) {
		return -EPIPE;
	}
	return n == -EWOULDBLOCK ? -EAGAIN : n;
}

void file_helper_wait(const struct file_helper *helper, int64_t timeout_ns)
{
	struct pollfd p = { .fd = helper->fd, .events = POLLIN };

	if (helper->fd >= 0) {
		(void)poll(&p, 1, (int)(timeout_ns / INT64_C(1000000)));
	}
}

void file_helper_close(struct file_helper *helper)
{
	struct pollfd ended = { .fd = helper->fd, .events = 0 };

	if (helper->fd < 0) {
		return;
	}
	/* It reads the remaining messages, then end of file. */
	if (shutdown(helper->fd, SHUT_WR) == 0) {
		(void)poll(&ended, 1, END_WAIT_MS);
	}
	close(helper->fd);
	helper->fd = -1;
	lifeline_cut(&helper->line);
}
