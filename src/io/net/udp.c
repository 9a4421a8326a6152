/* SPDX-License-Identifier: MIT
 *
 * A UDP channel: random port, kernel stamps, error queue.
 */
#include "io/net/udp.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "io/net/control.h"
#include "io/net/sockaddr.h"
#include "io/sys/bare_call.h"
#include "io/sys/entropy.h"

enum {
	/* Stamps, an extended error with its address, and as much again for what a later
	 * kernel may add. */
	CONTROL_SIZE = 512,
	/* Thousands may be open at a time, and a server sends one small answer. */
	RECEIVE_BUFFER_OCTETS = 32768,
	PORT_LEAST = 1024,
	PORT_TRIES = 8,
	/* Entries of the error queue read at once, so that a flood of ICMP cannot hold up
	 * the caller. */
	ERRORS_AT_ONCE = 32,
};

struct udp_channel {
	int fd;
	uint32_t tried_count; /* sends, failed ones included: see drain_errors() */
	bool has_left;
	struct instant left;
};

/* Control messages, aligned as the macros need. */
union control {
	struct cmsghdr align;
	char octets[CONTROL_SIZE];
};

/* The ancillary data of one message. */
struct received {
	int flags;
	bool has_stamp;
	struct instant stamp;
	bool has_error;
	struct sock_extended_err error;
};

/* Ports of well-known services: firewalls filter them, and servers take a request from such
 * a port for a reflected answer. */
static const uint16_t shunned_ports[] = {
	1434, 1604,  1645,  1646,  1701,  1812,  1813,  1900,  2049,  3283,  3478,
	3702, 4500,  5060,  5061,  5093,  5350,  5351,  5353,  5355,  5683,  6881,
	9191, 10001, 11211, 17185, 19132, 20800, 26000, 27015, 27960, 30718, 37810,
};

static bool port_is_shunned(uint16_t port)
{
	for (size_t i = 0; i < COUNT_OF(shunned_ports); i++) {
		if (shunned_ports[i] == port) {
			return true;
		}
	}
	return port < PORT_LEAST;
}

/* Binds to a random port of the whole range, not of the kernel's smaller one (RFC 6056
 * section 3.2).  If that fails too often, connect() chooses. */
static int bind_random(int fd, sa_family_t family)
{
	uint16_t ports[PORT_TRIES];
	union sockaddr_any local;
	socklen_t len;
	int r = entropy_fill(ports, sizeof(ports));

	if (r < 0) {
		return r;
	}
	memset(&local, 0, sizeof(local));
	local.any.sa_family = family;
	len = family == AF_INET ? sizeof(local.v4) : sizeof(local.v6);
	for (size_t i = 0; i < PORT_TRIES; i++) {
		if (port_is_shunned(ports[i])) {
			continue;
		}
		if (family == AF_INET) {
			local.v4.sin_port = htons(ports[i]);
		} else {
			local.v6.sin6_port = htons(ports[i]);
		}
		if (bind(fd, &local.any, len) == 0) {
			return 0;
		}
		if (errno != EADDRINUSE && errno != EACCES) {
			return -errno;
		}
	}
	return 0;
}

static int stamp(int fd)
{
	const int flags = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_TX_SOFTWARE |
	                  SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_TSONLY |
	                  SOF_TIMESTAMPING_OPT_ID;

	return bare_setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof(flags)) < 0
	               ? -errno
	               : 0;
}

/* No failure here must fail an exchange: without these options stamps are user stamps and
 * ICMP errors are less exact. */
static void ask_for_stamps(int fd, sa_family_t family)
{
	const int on = 1;
	const int size = RECEIVE_BUFFER_OCTETS;

	(void)stamp(fd);
	(void)bare_setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (family == AF_INET) {
		(void)bare_setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
	} else {
		(void)bare_setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on));
	}
}

int udp_open(const struct address *server, struct udp_channel **ret)
{
	struct udp_channel *ch;
	union sockaddr_any to;
	int r;
	socklen_t to_len = sockaddr_from_address(server, &to);

	if (to_len == 0) {
		return -EAFNOSUPPORT;
	}
	ch = calloc(1, sizeof(*ch));
	if (!ch) {
		return -ENOMEM;
	}
	ch->fd =
		bare_socket(to.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (ch->fd < 0) {
		r = -errno;
		free(ch);
		return r;
	}
	ask_for_stamps(ch->fd, to.any.sa_family);
	r = bind_random(ch->fd, to.any.sa_family);
	if (r == 0 && connect(ch->fd, &to.any, to_len) < 0) {
		r = -errno;
	}
	if (r < 0) {
		udp_close(ch);
		return r;
	}
	*ret = ch;
	return 0;
}

int udp_fd(const struct udp_channel *ch)
{
	return ch->fd;
}

int udp_send(struct udp_channel *ch, const void *buf, size_t len)
{
	ssize_t sent;

	ch->has_left = false;
	do {
		ch->tried_count++;
		sent = send(ch->fd, buf, len, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	if (sent < 0) {
		return -errno;
	}
	return (size_t)sent == len ? 0 : -EMSGSIZE;
}

static void parse_control(struct msghdr *msg, struct received *ret)
{
	struct timespec stamps[3];

	for (struct cmsghdr *c = control_first(msg); c; c = control_next(msg, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPING &&
		    c->cmsg_len >= CMSG_LEN(sizeof(stamps))) {
			memcpy(stamps, CMSG_DATA(c), sizeof(stamps));
			/* Zero: no stamp of this kind. */
			if (stamps[0].tv_sec != 0 || stamps[0].tv_nsec != 0) {
				ret->stamp = instant_from_unix(stamps[0].tv_sec,
				                               stamps[0].tv_nsec);
				ret->has_stamp = true;
			}
		} else if (((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
		            (c->cmsg_level == IPPROTO_IPV6 &&
		             c->cmsg_type == IPV6_RECVERR)) &&
		           c->cmsg_len >= CMSG_LEN(sizeof(ret->error))) {
			memcpy(&ret->error, CMSG_DATA(c), sizeof(ret->error));
			ret->has_error = true;
		}
	}
}

/* recvmsg() with its control messages.  A truncated control message is ignored: its stamp
 * falls back to the user's. */
static ssize_t receive(int fd, void *buf, size_t size, int flags, struct received *ret)
{
	union control control;
	struct iovec iov = { .iov_base = buf, .iov_len = size };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t got;

	do {
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
		got = recvmsg(fd, &msg, flags | MSG_DONTWAIT);
	} while (got < 0 && errno == EINTR);
	if (got < 0) {
		return errno == EWOULDBLOCK ? -EAGAIN : -errno;
	}
	*ret = (struct received){ .flags = msg.msg_flags };
	parse_control(&msg, ret);
	return got;
}

/* Reads the whole error queue: 0, or the first real error as -errno.
 *
 * The kernel numbers the datagrams it sent (OPT_ID), we number the attempts: an attempt
 * that failed early has no kernel number, so ours is never the smaller one, and equal
 * numbers can only mean the latest send. */
static int drain_errors(struct udp_channel *ch)
{
	struct received got;
	uint8_t scrap[1];

	for (int i = 0; i < ERRORS_AT_ONCE; i++) {
		if (receive(ch->fd, scrap, sizeof(scrap), MSG_ERRQUEUE, &got) < 0) {
			return 0;
		}
		if (!got.has_error) {
			continue;
		}
		if (got.error.ee_origin == SO_EE_ORIGIN_TIMESTAMPING) {
			if (got.has_stamp && got.error.ee_info == SCM_TSTAMP_SND &&
			    got.error.ee_data == ch->tried_count - 1) {
				ch->left = got.stamp;
				ch->has_left = true;
			}
		} else if (got.error.ee_errno != 0 &&
		           got.error.ee_origin != SO_EE_ORIGIN_LOCAL) {
			/* send() has reported a local error already. */
			return -(int)got.error.ee_errno;
		}
	}
	return 0;
}

ssize_t udp_receive(struct udp_channel *ch, void *buf, size_t size, struct udp_arrival *ret)
{
	struct received got;
	ssize_t len;
	int r = drain_errors(ch);

	if (r < 0) {
		return r;
	}
	len = receive(ch->fd, buf, size, 0, &got);
	if (len < 0) {
		/* The error came after the queue was read; it is returned here, and the
		 * entry in the queue is the same one. */
		if (len != -EAGAIN) {
			(void)drain_errors(ch);
		}
		return len;
	}
	/* The stamp was queued before the answer could come, but perhaps after the queue
	 * was read.  An ICMP error beside a datagram is dropped: the datagram counts. */
	if (!ch->has_left) {
		(void)drain_errors(ch);
	}
	*ret = (struct udp_arrival){
		.is_truncated = got.flags & MSG_TRUNC,
		.has_left = ch->has_left,
		.has_arrived = got.has_stamp,
		.left = ch->left,
		.arrived = got.stamp,
	};
	return len;
}

void udp_close(struct udp_channel *ch)
{
	if (!ch) {
		return;
	}
	close(ch->fd);
	free(ch);
}

int udp_hold_stamps(void)
{
	int fd = bare_socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int r;

	if (fd < 0) {
		return -errno;
	}
	r = stamp(fd);
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}
