/* SPDX-License-Identifier: MIT */
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

/* Digits alone; -1 for anything else. */
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
	union sockaddr_any name = { 0 };
	socklen_t len = sizeof(name);
	socklen_t type_len = sizeof(int);
	int type;

	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
		return -EBADF;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_len) < 0 ||
	    getsockname(fd, &name.any, &len) < 0) {
		return -errno;
	}
	ret->fd = fd;
	ret->is_stream = type == SOCK_STREAM;
	ret->at = sockaddr_to_address(&name);
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

/* Meant for another process: a wrapper that has forgotten to remove them. */
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
