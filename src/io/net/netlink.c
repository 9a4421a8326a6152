/* SPDX-License-Identifier: MIT
 *
 * Network changes, from the kernel's routing socket.
 */
#include "io/net/netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int netlink_open(void)
{
	struct sockaddr_nl us;
	int fd, r;

	memset(&us, 0, sizeof(us));
	us.nl_family = AF_NETLINK;
	us.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE |
	               RTMGRP_IPV6_IFADDR | RTMGRP_IPV6_ROUTE;
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (fd < 0) {
		return -errno;
	}
	if (bind(fd, (const struct sockaddr *)&us, sizeof(us)) < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

void netlink_drain(int fd)
{
	char octet;
	ssize_t len;

	/* ENOBUFS: messages were dropped, which is a change as well. */
	do {
		len = recv(fd, &octet, sizeof(octet), MSG_DONTWAIT);
	} while (len >= 0 || errno == EINTR || errno == ENOBUFS);
}
