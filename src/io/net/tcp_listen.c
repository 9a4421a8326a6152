/* SPDX-License-Identifier: MIT
 *
 * TCP server sockets and their connections.
 */
#include "io/net/tcp_listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/net/freebind_private.h"
#include "io/net/sockaddr.h"

enum { BACKLOG = 128 };

int tcp_listen_open(const struct address *at, int *ret_fd, struct address *ret_bound)
{
	bool is_absent;
	int r;
	int fd = socket(at->family == ADDRESS_IPV4 ? AF_INET : AF_INET6,
	                SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0) {
		return -errno;
	}
	/* For TCP this lets a restarted server reuse its port at once; it does not let two
	 * servers share one. */
	r = set_on(fd, SOL_SOCKET, SO_REUSEADDR);
	if (r == 0 && at->family == ADDRESS_IPV6) {
		r = set_on(fd, IPPROTO_IPV6, IPV6_V6ONLY);
	}
	/* Inherited by the connections: a one-line answer must not be delayed. */
	if (r == 0) {
		r = set_on(fd, IPPROTO_TCP, TCP_NODELAY);
	}
	if (r == 0) {
		r = freebind(fd, at, &is_absent);
	}
	if (r == 0 && listen(fd, BACKLOG) < 0) {
		r = -errno;
	}
	if (r == 0) {
		r = sockaddr_bound(fd, ret_bound, NULL);
	}
	if (r < 0) {
		close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

int tcp_listen_adopt(int fd, struct address *ret_bound)
{
	socklen_t len = sizeof(int);
	int type, is_listening, flags;
	struct address bound;
	int r = sockaddr_bound(fd, &bound, &type);

	if (r < 0) {
		return r;
	}
	if (type != SOCK_STREAM ||
	    getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &len) < 0 ||
	    !is_listening) {
		return -EPROTOTYPE;
	}
	if (bound.family == ADDRESS_NONE) {
		return -EAFNOSUPPORT;
	}
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
		return -errno;
	}
	r = set_on(fd, IPPROTO_TCP, TCP_NODELAY);
	if (r == 0) {
		*ret_bound = bound;
	}
	return r;
}

void tcp_listen_close(int fd)
{
	close(fd);
}

int tcp_listen_next(int fd, struct address *ret_from)
{
	union sockaddr_any name = { 0 };
	socklen_t len = sizeof(name);
	int connection = accept4(fd, &name.any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (connection < 0) {
		switch (errno) {
		case EMFILE:
		case ENFILE:
		case ENOBUFS:
		case ENOMEM:
			return -errno;
		default:
			/* On Linux accept() returns pending network errors of the new
			 * connection: they concern that connection only. */
			return -EAGAIN;
		}
	}
	*ret_from = sockaddr_to_address(&name);
	return connection;
}

static ssize_t result_of(ssize_t r)
{
	if (r >= 0) {
		return r;
	}
	return errno == EINTR || errno == EWOULDBLOCK ? -EAGAIN : -errno;
}

ssize_t tcp_listen_read(int connection, void *buf, size_t size)
{
	return result_of(recv(connection, buf, size, MSG_DONTWAIT));
}

ssize_t tcp_listen_write(int connection, const void *buf, size_t len)
{
	return result_of(send(connection, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL));
}

void tcp_listen_end(int connection)
{
	(void)shutdown(connection, SHUT_WR);
}

void tcp_listen_disconnect(int connection)
{
	close(connection);
}

int tcp_listen_wake_open(void)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	return fd < 0 ? -errno : fd;
}

void tcp_listen_wake(int fd)
{
	(void)eventfd_write(fd, 1);
}
