/* SPDX-License-Identifier: MIT */
#include "io/sys/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "io/sys/priv.h"

enum { CHILD_FD = 3 };

/* Neither pipes whose end somebody waits for, nor sockets stay open. */
static int descriptors_leave(int fd)
{
	int null_fd;

	if (fd != CHILD_FD && dup2(fd, CHILD_FD) < 0) {
		return -errno;
	}
	(void)close_range(CHILD_FD + 1, ~0U, 0);
	null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null_fd >= 0) {
		for (int i = 0; i < CHILD_FD; i++) {
			(void)dup2(null_fd, i);
		}
		close(null_fd);
	}
	return 0;
}

static int leave_parent(int fd, pid_t parent)
{
	sigset_t all;
	int r;

	r = descriptors_leave(fd);
	if (r < 0) {
		return r;
	}
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	if (priv_drop_all() < 0) {
		return -EPERM;
	}
	/* After the capabilities: giving up rights may clear it. */
	if (prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL, 0L, 0L, 0L) < 0) {
		return -errno;
	}
	return getppid() == parent ? 0 : -ESRCH;
}

int child_start(void (*run)(void *ctx, int fd), void *ctx, struct child *ret)
{
	const pid_t parent = getpid();
	int ends[2];
	pid_t pid;
	int r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
		return -errno;
	}
	pid = fork();
	if (pid < 0) {
		r = -errno;
		close(ends[0]);
		close(ends[1]);
		return r;
	}
	if (pid == 0) {
		if (leave_parent(ends[1], parent) < 0) {
			_exit(1);
		}
		run(ctx, CHILD_FD);
		_exit(0);
	}
	close(ends[1]);
	ret->pid = pid;
	ret->fd = ends[0];
	ret->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	return 0;
}

int64_t child_now_ns(void)
{
	struct timespec ts = { 0, 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

int child_wait(const struct child *child, short events, int64_t deadline_mono_ns)
{
	struct pollfd fd = { .fd = child->fd, .events = events };
	int64_t left_ns;
	int n;

	for (;;) {
		left_ns = deadline_mono_ns - child_now_ns();
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
		/* An error is ECHILD: where SIGCHLD is ignored, the kernel reaps it. */
		if (waitpid(child->pid, NULL, WNOHANG) != 0) {
			return true;
		}
		if (child_now_ns() >= deadline_mono_ns) {
			return false;
		}
		/* Without a descriptor for it, a short sleep. */
		(void)poll(&fd, 1, 5);
	}
}

void child_hang_up(struct child *child)
{
	if (child->fd >= 0) {
		close(child->fd);
		child->fd = -1;
	}
}

int child_kill(const struct child *child)
{
	if (child->pidfd < 0) {
		return -ENOSYS;
	}
	return syscall(SYS_pidfd_send_signal, child->pidfd, SIGKILL, NULL, 0) < 0 ? -errno
	                                                                          : 0;
}

void child_forget(struct child *child)
{
	child_hang_up(child);
	if (child->pidfd >= 0) {
		close(child->pidfd);
		child->pidfd = -1;
	}
}
