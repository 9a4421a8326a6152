/* SPDX-License-Identifier: MIT
 *
 * UDP server sockets: recvmmsg() and sendmmsg(), kernel receive stamps, packet info.
 */
#include "io/listen.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "io/sockaddr.h"

enum {
	CONTROL_IN_ROOM = CMSG_SPACE(sizeof(struct timespec)) +
	                  CMSG_SPACE(sizeof(struct in6_pktinfo)),
	CONTROL_OUT_ROOM = CMSG_SPACE(sizeof(struct in6_pktinfo)),
	/* Reading two clocks takes about 0.1 us; more means that we lost the processor
	 * between them. */
	READ_GAP_MAX_NS = 20 * 1000,
	READ_TRIES = 4,
};

struct listen_socket {
	int fd;
	struct address bound;
	bool is_wildcard; /* only then must an answer name its source address */
};

/* What packet info says of where a datagram was sent to. */
struct destination {
	bool is_known;
	bool is_unicast;
	struct address address;
};

struct control_in {
	_Alignas(struct cmsghdr) uint8_t octets[CONTROL_IN_ROOM];
};

struct control_out {
	_Alignas(struct cmsghdr) uint8_t octets[CONTROL_OUT_ROOM];
};

struct listen_batch {
	struct mmsghdr in[LISTEN_BATCH];
	struct mmsghdr out[LISTEN_BATCH];
	unsigned out_count;
	struct iovec in_iov[LISTEN_BATCH];
	struct iovec out_iov[LISTEN_BATCH];
	union sockaddr_any names[LISTEN_BATCH];
	struct control_in control_in[LISTEN_BATCH];
	struct control_out control_out[LISTEN_BATCH];
	struct listen_datagram datagrams[LISTEN_BATCH];
	struct destination destinations[LISTEN_BATCH];
	uint8_t octets[LISTEN_BATCH][LISTEN_ROOM];
	uint8_t answers[LISTEN_BATCH][LISTEN_ANSWER_ROOM];
};

static struct instant instant_from_timespec(struct timespec ts)
{
	return (struct instant){ (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec };
}

static int set_on(int fd, int level, int option)
{
	const int on = 1;

	return setsockopt(fd, level, option, &on, sizeof(on)) < 0 ? -errno : 0;
}

static int set_options(int fd, enum address_family family)
{
	int r = set_on(fd, SOL_SOCKET, SO_TIMESTAMPNS);

	if (r < 0) {
		return r;
	}
	if (family == ADDRESS_IPV4) {
		return set_on(fd, IPPROTO_IP, IP_PKTINFO);
	}
	r = set_on(fd, IPPROTO_IPV6, IPV6_V6ONLY);
	if (r < 0) {
		return r;
	}
	return set_on(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO);
}

static int bind_and_share(int fd, const struct address *at, bool is_another)
{
	union sockaddr_any name;
	socklen_t len = sockaddr_from_address(at, &name);
	int r;

	if (is_another) {
		r = set_on(fd, SOL_SOCKET, SO_REUSEPORT);
		if (r < 0) {
			return r;
		}
	}
	if (bind(fd, &name.any, len) < 0) {
		return -errno;
	}
	/* Bound without SO_REUSEPORT the kernel has looked for other owners of the
	 * port; set from now on, it lets our other sockets in. */
	return is_another ? 0 : set_on(fd, SOL_SOCKET, SO_REUSEPORT);
}

int listen_open(const struct address *at, bool is_another, struct listen_socket **ret)
{
	union sockaddr_any name = { 0 };
	socklen_t len = sizeof(name);
	struct listen_socket *s = NULL;
	int fd = -1;
	int r;

	s = calloc(1, sizeof(*s));
	if (!s) {
		return -ENOMEM;
	}
	fd = socket(at->family == ADDRESS_IPV4 ? AF_INET : AF_INET6,
	            SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		r = -errno;
		goto out;
	}
	r = set_options(fd, at->family);
	if (r < 0) {
		goto out;
	}
	r = bind_and_share(fd, at, is_another);
	if (r < 0) {
		goto out;
	}
	if (getsockname(fd, &name.any, &len) < 0) {
		r = -errno;
		goto out;
	}
	s->fd = fd;
	s->bound = sockaddr_to_address(&name);
	s->is_wildcard = address_reach(at) == ADDRESS_UNSPECIFIED;
	*ret = s;
	fd = -1;
	s = NULL;
	r = 0;
out:
	if (fd >= 0) {
		close(fd);
	}
	free(s);
	return r;
}

int listen_fd(const struct listen_socket *socket)
{
	return socket->fd;
}

struct address listen_address(const struct listen_socket *socket)
{
	return socket->bound;
}

void listen_interrupt(struct listen_socket *socket)
{
	/* Fails with ENOTCONN on a UDP socket, and wakes its readers all the same. */
	(void)shutdown(socket->fd, SHUT_RD);
}

void listen_close(struct listen_socket *socket)
{
	if (!socket) {
		return;
	}
	close(socket->fd);
	free(socket);
}

int listen_batch_new(struct listen_batch **ret)
{
	struct listen_batch *batch = calloc(1, sizeof(*batch));

	if (!batch) {
		return -ENOMEM;
	}
	for (int i = 0; i < LISTEN_BATCH; i++) {
		batch->in_iov[i] = (struct iovec){ batch->octets[i], LISTEN_ROOM };
	}
	*ret = batch;
	return 0;
}

void listen_batch_free(struct listen_batch *batch)
{
	free(batch);
}

static void read_packet_info(const struct cmsghdr *c, struct destination *ret)
{
	struct in_pktinfo v4;
	struct in6_pktinfo v6;

	if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
		memcpy(&v4, CMSG_DATA(c), sizeof(v4));
		ret->is_known = true;
		ret->address = (struct address){ .family = ADDRESS_IPV4 };
		memcpy(ret->address.octets, &v4.ipi_addr, sizeof(v4.ipi_addr));
		/* The two differ when the datagram went to a broadcast or multicast
		 * address: the second is what an answer would leave from. */
		ret->is_unicast = v4.ipi_addr.s_addr == v4.ipi_spec_dst.s_addr;
	} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
		memcpy(&v6, CMSG_DATA(c), sizeof(v6));
		ret->is_known = true;
		ret->address = (struct address){ .family = ADDRESS_IPV6 };
		memcpy(ret->address.octets, &v6.ipi6_addr, sizeof(v6.ipi6_addr));
		if (IN6_IS_ADDR_LINKLOCAL(&v6.ipi6_addr)) {
			ret->address.scope = v6.ipi6_ifindex;
		}
		ret->is_unicast = !IN6_IS_ADDR_MULTICAST(&v6.ipi6_addr);
	}
}

/* Whether an answer goes to one host that is not this very socket. */
static bool is_answerable(const struct listen_socket *socket, const struct address *from,
                          const struct destination *to)
{
	enum address_reach reach = address_reach(from);

	if (from->port == 0 || reach == ADDRESS_UNSPECIFIED || reach == ADDRESS_MULTICAST) {
		return false;
	}
	if (!to->is_known || !to->is_unicast) {
		return false;
	}
	return from->port != socket->bound.port ||
	       memcmp(from->octets, to->address.octets, sizeof(from->octets)) != 0;
}

static void judge(const struct listen_socket *socket, struct listen_batch *batch, int i)
{
	struct msghdr *msg = &batch->in[i].msg_hdr;
	struct listen_datagram *d = &batch->datagrams[i];
	struct destination *to = &batch->destinations[i];
	struct timespec stamp;

	*d = (struct listen_datagram){ .octets = batch->octets[i],
		                       .len = batch->in[i].msg_len,
		                       .is_cut = (msg->msg_flags & MSG_TRUNC) != 0 };
	*to = (struct destination){ 0 };
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
			memcpy(&stamp, CMSG_DATA(c), sizeof(stamp));
			d->arrived = instant_from_timespec(stamp);
			d->has_arrived = true;
		} else {
			read_packet_info(c, to);
		}
	}
	if (msg->msg_namelen > 0) {
		d->from = sockaddr_to_address(&batch->names[i]);
	}
	d->is_answerable = is_answerable(socket, &d->from, to);
}

int listen_receive(struct listen_socket *socket, struct listen_batch *batch, bool may_wait)
{
	int count;

	batch->out_count = 0;
	for (int i = 0; i < LISTEN_BATCH; i++) {
		batch->in[i].msg_hdr = (struct msghdr){
			.msg_name = &batch->names[i],
			.msg_namelen = sizeof(batch->names[i]),
			.msg_iov = &batch->in_iov[i],
			.msg_iovlen = 1,
			.msg_control = batch->control_in[i].octets,
			.msg_controllen = CONTROL_IN_ROOM,
		};
	}
	count = recvmmsg(socket->fd, batch->in, LISTEN_BATCH,
	                 may_wait ? MSG_WAITFORONE : MSG_DONTWAIT, NULL);
	if (count < 0) {
		return errno == EINTR || errno == EWOULDBLOCK ? -EAGAIN : -errno;
	}
	for (int i = 0; i < count; i++) {
		judge(socket, batch, i);
	}
	return count;
}

void listen_datagram(const struct listen_batch *batch, int i, struct listen_datagram *ret)
{
	*ret = batch->datagrams[i];
}

/* The answer leaves from the address that was asked.  No interface is named for IPv4 and
 * for global IPv6 addresses: the way back is for the routing table to choose. */
static size_t write_packet_info(const struct address *source, struct control_out *control)
{
	struct msghdr msg = { .msg_control = control->octets,
		              .msg_controllen = CONTROL_OUT_ROOM };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	struct in_pktinfo v4 = { 0 };
	struct in6_pktinfo v6 = { 0 };

	memset(control, 0, sizeof(*control));
	if (source->family == ADDRESS_IPV4) {
		memcpy(&v4.ipi_spec_dst, source->octets, sizeof(v4.ipi_spec_dst));
		c->cmsg_level = IPPROTO_IP;
		c->cmsg_type = IP_PKTINFO;
		c->cmsg_len = CMSG_LEN(sizeof(v4));
		memcpy(CMSG_DATA(c), &v4, sizeof(v4));
		return CMSG_SPACE(sizeof(v4));
	}
	memcpy(&v6.ipi6_addr, source->octets, sizeof(v6.ipi6_addr));
	v6.ipi6_ifindex = source->scope;
	c->cmsg_level = IPPROTO_IPV6;
	c->cmsg_type = IPV6_PKTINFO;
	c->cmsg_len = CMSG_LEN(sizeof(v6));
	memcpy(CMSG_DATA(c), &v6, sizeof(v6));
	return CMSG_SPACE(sizeof(v6));
}

uint8_t *listen_answer(struct listen_batch *batch, int i, size_t len)
{
	unsigned slot = batch->out_count++;

	batch->out_iov[slot] = (struct iovec){ batch->answers[slot], len };
	batch->out[slot].msg_hdr = (struct msghdr){
		.msg_name = &batch->names[i],
		.msg_namelen = batch->in[i].msg_hdr.msg_namelen,
		.msg_iov = &batch->out_iov[slot],
		.msg_iovlen = 1,
		.msg_control = batch->control_out[slot].octets,
		.msg_controllen = write_packet_info(&batch->destinations[i].address,
		                                    &batch->control_out[slot]),
	};
	return batch->answers[slot];
}

int listen_send(struct listen_socket *socket, struct listen_batch *batch)
{
	unsigned at = 0;
	int sent = 0;
	int r;

	if (!socket->is_wildcard) {
		for (unsigned i = 0; i < batch->out_count; i++) {
			batch->out[i].msg_hdr.msg_control = NULL;
			batch->out[i].msg_hdr.msg_controllen = 0;
		}
	}
	while (at < batch->out_count) {
		r = sendmmsg(socket->fd, batch->out + at, batch->out_count - at,
		             MSG_DONTWAIT | MSG_NOSIGNAL);
		if (r > 0) {
			sent += r;
			at += (unsigned)r;
		} else if (r == 0 || errno != EINTR) {
			/* The first of them failed: unreachable, filtered, no buffer.  It
			 * is lost, the others are not. */
			at++;
		}
	}
	batch->out_count = 0;
	return sent;
}

int64_t listen_mono_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return instant_from_timespec(ts).unix_ns;
}

struct listen_moment listen_now(void)
{
	struct listen_moment now;
	struct timespec wall;
	int64_t before_ns;

	for (int i = 0; i < READ_TRIES; i++) {
		before_ns = listen_mono_ns();
		clock_gettime(CLOCK_REALTIME, &wall);
		now.mono_ns = listen_mono_ns();
		if (now.mono_ns - before_ns <= READ_GAP_MAX_NS) {
			break;
		}
	}
	now.wall = instant_from_timespec(wall);
	return now;
}

bool listen_stamps_fit(void)
{
	struct timespec before, kernel, after;

	/* A real step between the readings looks the same, but not four times. */
	for (int i = 0; i < READ_TRIES; i++) {
		clock_gettime(CLOCK_REALTIME, &before);
		if (syscall(SYS_clock_gettime, CLOCK_REALTIME, &kernel) < 0) {
			return false;
		}
		clock_gettime(CLOCK_REALTIME, &after);
		if (instant_from_timespec(before).unix_ns <=
		            instant_from_timespec(kernel).unix_ns &&
		    instant_from_timespec(kernel).unix_ns <=
		            instant_from_timespec(after).unix_ns) {
			return true;
		}
	}
	return false;
}
