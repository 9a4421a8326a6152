/* SPDX-License-Identifier: MIT
 *
 * Sockets passed by a service manager: the variables and their checks.
 */
#include "io/net/inherit.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/text.h"
#include "io/net/sockaddr.h"

enum { FIRST_FD = 3 };

/* Digits only; -1 for anything else. */
static long number_from(const char *text)
{
	uint64_t value;

	return text_decimal(text, strlen(text), 0, INT_MAX, &value) ? (long)value : -1;
}

/* The names are separated by colons. */
static void take_name(const char **names, char ret[INHERIT_NAME_SIZE])
{
	size_t len = *names ? strcspn(*names, ":") : 0;
	size_t kept = len < INHERIT_NAME_SIZE ? len : INHERIT_NAME_SIZE - 1;

	if (*names) {
		memcpy(ret, *names, kept);
		*names += len + ((*names)[len] == ':');
	}
	ret[kept] = '\0';
}

static int look_at(int fd, struct inherited *ret)
{
	int type, r;

	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
		return -EBADF;
	}
	r = sockaddr_bound(fd, &ret->at, &type);
	if (r < 0) {
		return r;
	}
	ret->fd = fd;
	ret->is_stream = type == SOCK_STREAM;
	return 0;
}

static int take_all(const char *fds, const char *names, struct inherited *ret)
{
	long count = number_from(fds);
	int r;

	if (count < 0) {
		return -EINVAL;
	}
	if (count > INHERIT_MAX) {
		return -ENOBUFS;
	}
	for (int i = 0; i < (int)count; i++) {
		take_name(&names, ret[i].name);
		r = look_at(FIRST_FD + i, &ret[i]);
		if (r < 0) {
			return r;
		}
	}
	return (int)count;
}

/* A wrapper may have left variables meant for another process. */
static bool is_for_us(void)
{
	const char *pid = getenv("LISTEN_PID");

	return pid && getenv("LISTEN_FDS") && number_from(pid) == (long)getpid();
}

int inherit_count(void)
{
	long count = is_for_us() ? number_from(getenv("LISTEN_FDS")) : 0;

	return count < 0 ? 0 : count < INHERIT_MAX ? (int)count : INHERIT_MAX;
}

int inherit_sockets(struct inherited ret[INHERIT_MAX])
{
	int r = 0;

	if (is_for_us()) {
		r = take_all(getenv("LISTEN_FDS"), getenv("LISTEN_FDNAMES"), ret);
	}
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return r;
}
