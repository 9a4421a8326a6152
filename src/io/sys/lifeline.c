/* SPDX-License-Identifier: MIT
 *
 * Lifelines: pipes with a signal to their reader.
 */
#include "io/sys/lifeline.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

static int mine = -1;

static void end_close(int *fd)
{
	if (*fd >= 0) {
		close(*fd);
	}
	*fd = -1;
}

int lifeline_make(struct lifeline *ret)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0) {
		return -errno;
	}
	*ret = (struct lifeline){ .held = ends[1], .tied = ends[0] };
	return 0;
}

int lifeline_tie(struct lifeline *line)
{
	struct pollfd gone = { .fd = line->tied, .events = 0 };

	end_close(&line->held);
	if (fcntl(line->tied, F_SETOWN, getpid()) < 0 ||
	    fcntl(line->tied, F_SETSIG, SIGKILL) < 0 ||
	    fcntl(line->tied, F_SETFL, O_ASYNC) < 0) {
		return -errno;
	}
	mine = line->tied;
	/* The kernel sends no signal for a pipe that was closed before. */
	return poll(&gone, 1, 0) == 0 ? 0 : -ESRCH;
}

int lifeline_adopt(int fd)
{
	struct pollfd gone = { .fd = fd, .events = 0 };
	const int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || !(flags & O_ASYNC) || fcntl(fd, F_GETOWN) != getpid() ||
	    fcntl(fd, F_GETSIG) != SIGKILL || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
		return -EBADF;
	}
	mine = fd;
	return poll(&gone, 1, 0) == 0 ? 0 : -ESRCH;
}

int lifeline_fd(void)
{
	return mine;
}

void lifeline_cut(struct lifeline *line)
{
	end_close(&line->held);
}

void lifeline_hold(struct lifeline *line)
{
	end_close(&line->tied);
}
