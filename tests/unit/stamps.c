/* SPDX-License-Identifier: MIT
 *
 * Turns the kernel's receive timestamps on for a whole test program.
 */
#include "stamps.h"

#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <time.h>

static bool own_datagram_is_stamped(int fd)
{
	char control[256];
	char octet = 0;
	struct iovec iov = { .iov_base = &octet, .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov,
		              .msg_iovlen = 1,
		              .msg_control = control,
		              .msg_controllen = sizeof(control) };

	return send(fd, "?", 1, 0) == 1 && recvmsg(fd, &msg, MSG_DONTWAIT) == 1 &&
	       msg.msg_controllen > 0;
}

int stamps_wait(void **state)
{
	const int flags = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
	const struct timespec pause = { .tv_nsec = 1000000 };
	struct sockaddr_in self = { .sin_family = AF_INET };
	socklen_t len = sizeof(self);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)state;
	self.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (struct sockaddr *)&self, sizeof(self)) < 0 ||
	    getsockname(fd, (struct sockaddr *)&self, &len) < 0 ||
	    connect(fd, (struct sockaddr *)&self, len) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof(flags)) < 0) {
		return -1;
	}
	for (int ms = 0; ms < 2000 && !own_datagram_is_stamped(fd); ms++) {
		(void)nanosleep(&pause, NULL);
	}
	return 0; /* `fd` stays open on purpose */
}
