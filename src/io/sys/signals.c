/* SPDX-License-Identifier: MIT
 *
 * Waiting for signals: signalfd().
 */
#include "io/sys/signals.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

int signals_open(const int *signals, size_t count)
{
	sigset_t set;
	int fd, r;

	sigemptyset(&set);
	for (size_t i = 0; i < count; i++) {
		sigaddset(&set, signals[i]);
	}
	r = pthread_sigmask(SIG_BLOCK, &set, NULL);
	if (r != 0) {
		return -r;
	}
	/* A closed reader of our messages is no reason to stop serving. */
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR) {
		return -errno;
	}
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

int signals_wait(int fd, int64_t timeout_ns)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	struct signalfd_siginfo info;
	int64_t timeout_ms = (timeout_ns + NS_PER_MS - 1) / NS_PER_MS;
	int r = poll(&wait, 1, timeout_ms > INT32_MAX ? INT32_MAX : (int)timeout_ms);

	if (r <= 0) {
		return r == 0 || errno == EINTR ? 0 : -errno;
	}
	if (read(fd, &info, sizeof(info)) != (ssize_t)sizeof(info)) {
		return errno == EINTR || errno == EAGAIN ? 0 : -EIO;
	}
	return (int)info.ssi_signo;
}

void signals_close(int fd)
{
	close(fd);
}
