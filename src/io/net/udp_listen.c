/* SPDX-License-Identifier: MIT
 *
 * UDP server sockets: opened here, or inherited.
 */
#include "io/net/freebind_private.h"
#include "io/net/udp_listen_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "io/sys/bare_call.h"

/* The kernel counts a request as some 800 octets and doubles this size: 2,700 requests. */
enum { QUEUE_OCTETS = 1 << 20 };

int udp_listen_set_timestamping(int fd, int flags)
{
	return bare_setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof(flags)) < 0
	               ? -errno
	               : 0;
}

/* Whether `at` is an address of one host: without SO_BROADCAST the kernel refuses to
 * connect to a broadcast address. */
static bool is_of_one_host(const struct address *at)
{
	enum address_reach reach = address_reach(at);
	union sockaddr_any name;
	socklen_t len = sockaddr_from_address(at, &name);
	int fd;
	int r;

	if (reach == ADDRESS_UNSPECIFIED || reach == ADDRESS_MULTICAST) {
		return false;
	}
	fd = socket(name.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return false;
	}
	r = connect(fd, &name.any, len);
	close(fd);
	return r == 0;
}

/* Answers are never fragmented, so an attacker who forges ICMP messages cannot inject a
 * fragment; and the kernel need not generate an IP id. */
static void forbid_fragments(int fd, enum address_family family)
{
	const int v4 = IP_PMTUDISC_PROBE, v6 = IPV6_PMTUDISC_PROBE;

	if (family == ADDRESS_IPV4) {
		(void)setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &v4, sizeof(v4));
	} else {
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &v6, sizeof(v6));
	}
}

/* Without kernel stamps a request is stamped when it is read, later than it came, which the
 * client sees as delay.  0, or the errno of SO_TIMESTAMPING. */
static int ask_for_stamps(int fd)
{
	const int r = udp_listen_set_timestamping(fd, TIMESTAMPING);

	if (r < 0) {
		(void)set_on(fd, SOL_SOCKET, SO_TIMESTAMPNS);
	}
	return -r;
}

/* Packet info for each datagram, and the size of the queue. */
static int set_options(int fd, enum address_family family)
{
	const int size = QUEUE_OCTETS;

	/* A short time without the processor must cost waiting, not answers.  Without the
	 * privilege the system's limit applies. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0) {
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	}
	forbid_fragments(fd, family);
	return family == ADDRESS_IPV4 ? set_on(fd, IPPROTO_IP, IP_PKTINFO)
	                              : set_on(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO);
}

int udp_listen_open(const struct address *at, bool is_another,
                    struct udp_listen_socket **ret)
{
	struct udp_listen_socket *s = calloc(1, sizeof(*s));
	int r;

	if (!s) {
		return -ENOMEM;
	}
	s->fd = socket(at->family == ADDRESS_IPV4 ? AF_INET : AF_INET6,
	               SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s->fd < 0) {
		r = -errno;
		free(s);
		return r;
	}
	s->is_single = is_of_one_host(at);
	s->is_wildcard = address_reach(at) == ADDRESS_UNSPECIFIED;
	s->stamp_error = ask_for_stamps(s->fd);
	r = set_options(s->fd, at->family);
	if (r == 0 && at->family == ADDRESS_IPV6) {
		r = set_on(s->fd, IPPROTO_IPV6, IPV6_V6ONLY);
	}
	/* Without SO_REUSEPORT on this socket the kernel refuses a port in use, even one
	 * that its users share. */
	if (r == 0 && is_another) {
		r = set_on(s->fd, SOL_SOCKET, SO_REUSEPORT);
	}
	if (r == 0) {
		r = freebind(s->fd, at, &s->is_absent);
	}
	if (r == 0) {
		r = sockaddr_bound(s->fd, &s->bound, NULL);
	}
	if (r < 0) {
		udp_listen_close(s);
		return r;
	}
	*ret = s;
	return 0;
}

/* Whether `fd` is a socket such as udp_listen_open() would have opened. */
static int check_kind(int fd, struct address *ret_bound)
{
	socklen_t len = sizeof(int);
	int type, v6only = 1;
	int r = sockaddr_bound(fd, ret_bound, &type);

	if (r < 0) {
		return r;
	}
	if (type != SOCK_DGRAM) {
		return -EPROTOTYPE;
	}
	if (ret_bound->family == ADDRESS_NONE) {
		return -EAFNOSUPPORT;
	}
	if (ret_bound->family == ADDRESS_IPV6 &&
	    (getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only, &len) < 0 ||
	     (!v6only && address_reach(ret_bound) == ADDRESS_UNSPECIFIED))) {
		return -EPROTONOSUPPORT;
	}
	return 0;
}

/* Clears what the previous server left: the kernel restarts numbering at 0 only after
 * timestamping was off, and transmit times still queued belong to the previous server. */
static int make_new(int fd)
{
	const struct timeval wait = { .tv_usec = UDP_LISTEN_LENT_MS * 1000 };
	struct msghdr nothing = { 0 };

	(void)udp_listen_set_timestamping(fd, 0);
	while (recvmsg(fd, &nothing, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0) {
	}
	return setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) < 0 ? -errno
	                                                                        : 0;
}

int udp_listen_adopt(int fd, struct udp_listen_socket **ret)
{
	struct udp_listen_socket *s;
	struct address bound;
	bool is_single = false;
	int flags;
	int r = check_kind(fd, &bound);

	if (r == 0) {
		r = make_new(fd);
	}
	if (r == 0) {
		is_single = is_of_one_host(&bound);
		r = set_options(fd, bound.family);
	}
	if (r < 0) {
		return r;
	}
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
		return -errno;
	}
	s = calloc(1, sizeof(*s));
	if (!s) {
		return -ENOMEM;
	}
	s->fd = fd;
	s->bound = bound;
	s->is_wildcard = address_reach(&bound) == ADDRESS_UNSPECIFIED;
	s->is_single = is_single;
	s->is_lent = true;
	s->stamp_error = ask_for_stamps(fd);
	*ret = s;
	return 0;
}

int udp_listen_share(struct udp_listen_socket *socket)
{
	return set_on(socket->fd, SOL_SOCKET, SO_REUSEPORT);
}

void udp_listen_own(struct udp_listen_socket *socket, uid_t uid)
{
	(void)!fchown(socket->fd, uid, (gid_t)-1);
}

void udp_listen_close_to_others(struct udp_listen_socket *socket)
{
	const int off = 0;

	(void)setsockopt(socket->fd, SOL_SOCKET, SO_REUSEPORT, &off, sizeof(off));
}

bool udp_listen_is_absent(const struct udp_listen_socket *socket)
{
	return socket->is_absent;
}

int udp_listen_stamp_error(const struct udp_listen_socket *socket)
{
	return socket->stamp_error;
}

bool udp_listen_is_lent(const struct udp_listen_socket *socket)
{
	return socket->is_lent;
}

int udp_listen_fd(const struct udp_listen_socket *socket)
{
	return socket->fd;
}

struct address udp_listen_address(const struct udp_listen_socket *socket)
{
	return socket->bound;
}

void udp_listen_interrupt(struct udp_listen_socket *socket)
{
	/* Fails with ENOTCONN on a UDP socket, but wakes its readers, now and later; a lent
	 * socket must not be left so. */
	if (!socket->is_lent) {
		(void)shutdown(socket->fd, SHUT_RD);
	}
}

void udp_listen_close(struct udp_listen_socket *socket)
{
	if (!socket) {
		return;
	}
	close(socket->fd);
	free(socket);
}
