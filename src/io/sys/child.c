/* SPDX-License-Identifier: MIT
 *
 * Helper processes: forked, confined, tied to their parent.
 */
#include "io/sys/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "io/sys/descriptors.h"
#include "io/sys/monotonic.h"
#include "io/sys/priv.h"

enum { CHILD_FD = 3 };

/* Neither inherited pipes, whose other end may have a reader, nor sockets stay open. */
static int descriptors_leave(int fd, struct lifeline *line)
{
	int fds[] = { fd, line->tied };
	int null_fd;
	int r = descriptors_keep(CHILD_FD, fds, COUNT_OF(fds));

	if (r < 0) {
		return r;
	}
	*line = (struct lifeline){ .held = -1, .tied = fds[1] };
	null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null_fd >= 0) {
		for (int i = 0; i < CHILD_FD; i++) {
			(void)dup2(null_fd, i);
		}
		close(null_fd);
	}
	return 0;
}

static int leave_parent(const struct child_ops *ops, int fd, struct lifeline *line)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	sigset_t all;
	int r = descriptors_leave(fd, line);

	if (r < 0) {
		return r;
	}
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	if (ops->prepare) {
		ops->prepare(ops->ctx, &uid, &gid);
	}
	r = priv_drop_to(uid, gid);
	return r < 0 ? r : lifeline_tie(line);
}

int child_fork(struct child *ret)
{
	struct lifeline line;
	int ends[2];
	pid_t pid;
	int r = lifeline_make(&line);

	if (r < 0) {
		return r;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
		r = -errno;
		goto out;
	}
	pid = fork();
	if (pid < 0) {
		r = -errno;
		close(ends[0]);
		close(ends[1]);
		goto out;
	}
	close(ends[pid == 0 ? 0 : 1]);
	if (pid > 0) {
		lifeline_hold(&line);
	}
	*ret = (struct child){
		.fd = ends[pid == 0 ? 1 : 0], .pidfd = -1, .pid = pid, .line = line
	};
	return pid == 0;
out:
	lifeline_cut(&line);
	lifeline_hold(&line);
	return r;
}

int child_start(const struct child_ops *ops, struct child *ret)
{
	struct child child;
	int r = child_fork(&child);

	if (r < 0) {
		return r;
	}
	if (r == 1) {
		if (leave_parent(ops, child.fd, &child.line) < 0) {
			_exit(1);
		}
		ops->run(ops->ctx, CHILD_FD);
		_exit(0);
	}
	child.pidfd = (int)syscall(SYS_pidfd_open, child.pid, 0);
	*ret = child;
	return 0;
}

int child_wait(const struct child *child, short events, int64_t deadline_mono_ns)
{
	struct pollfd fd = { .fd = child->fd, .events = events };
	int64_t left_ns;
	int n;

	for (;;) {
		left_ns = deadline_mono_ns - monotonic_now_ns();
		if (left_ns <= 0) {
			return -ETIMEDOUT;
		}
		n = poll(&fd, 1, (int)(left_ns / NS_PER_MS) + 1);
		if (n > 0) {
			return 0;
		}
		if (n < 0 && errno != EINTR) {
			return -errno;
		}
	}
}

bool child_ends_by(const struct child *child, int64_t deadline_mono_ns)
{
	struct pollfd fd = { .fd = child->pidfd, .events = POLLIN };

	for (;;) {
		/* ECHILD: where SIGCHLD is ignored, the kernel reaps it. */
		if (waitpid(child->pid, NULL, WNOHANG) != 0) {
			return true;
		}
		if (monotonic_now_ns() >= deadline_mono_ns) {
			return false;
		}
		/* Without a pidfd, a short sleep. */
		(void)poll(&fd, 1, 5);
	}
}

void child_close(struct child *child)
{
	if (child->fd >= 0) {
		close(child->fd);
		child->fd = -1;
	}
}

void child_kill(struct child *child)
{
	lifeline_cut(&child->line);
	/* A child that was stopped before it called lifeline_tie(). */
	if (child->pidfd >= 0) {
		(void)syscall(SYS_pidfd_send_signal, child->pidfd, SIGKILL, NULL, 0);
	}
}

void child_forget(struct child *child)
{
	child_close(child);
	lifeline_cut(&child->line);
	if (child->pidfd >= 0) {
		close(child->pidfd);
		child->pidfd = -1;
	}
}
