/* SPDX-License-Identifier: MIT
 *
 * State messages to the service manager.
 */
#include "io/sys/notify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/text.h"

/* Digits only: 0 for anything else or a number that is too large. */
static uint64_t number_from(const char *text)
{
	uint64_t value;

	return text && text_decimal(text, strlen(text), 0, UINT64_MAX, &value) ? value : 0;
}

static int64_t watchdog_from_environment(void)
{
	uint64_t us = number_from(getenv("WATCHDOG_USEC"));
	const char *pid = getenv("WATCHDOG_PID");

	/* Meant for another process of the unit. */
	if (pid && number_from(pid) != (uint64_t)getpid()) {
		return 0;
	}
	if (us > INT64_MAX / (uint64_t)NS_PER_US) {
		return 0;
	}
	return (int64_t)us * NS_PER_US;
}

int notify_open(struct notify *ret)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	size_t len;
	int fd;

	*ret = (struct notify){ .fd = -1 };
	if (!path || path[0] == '\0') {
		return 0;
	}
	len = strlen(path);
	if ((path[0] != '/' && path[0] != '@') || len < 2) {
		return -EAFNOSUPPORT;
	}
	if (len >= sizeof(name.sun_path)) {
		return -ENAMETOOLONG;
	}
	memcpy(name.sun_path, path, len);
	if (path[0] == '@') {
		name.sun_path[0] = '\0';
	}
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		return -errno;
	}
	/* The length of a path includes its final NUL; an abstract name has none. */
	len += offsetof(struct sockaddr_un, sun_path) + (path[0] == '/');
	if (connect(fd, (const struct sockaddr *)&name, (socklen_t)len) < 0) {
		int r = -errno;

		close(fd);
		return r;
	}
	*ret = (struct notify){ .fd = fd, .watchdog_ns = watchdog_from_environment() };
	return 0;
}

int notify_send(const struct notify *notify, const char *assignments)
{
	if (notify->fd < 0) {
		return 0;
	}
	return send(notify->fd, assignments, strlen(assignments),
	            MSG_NOSIGNAL | MSG_DONTWAIT) < 0
	               ? -errno
	               : 0;
}

void notify_close(struct notify *notify)
{
	if (notify->fd >= 0) {
		close(notify->fd);
	}
	*notify = (struct notify){ .fd = -1 };
}
