/* SPDX-License-Identifier: MIT
 *
 * UDP server sockets: recvmmsg() and sendmmsg(), kernel receive stamps, packet info.
 */
#include "io/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "io/sockaddr.h"

enum {
	CONTROL_IN_ROOM = CMSG_SPACE(sizeof(struct scm_timestamping)) +
	                  CMSG_SPACE(sizeof(struct in6_pktinfo)),
	CONTROL_OUT_ROOM =
		CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(uint32_t)),
	CONTROL_ERROR_ROOM =
		CMSG_SPACE(sizeof(struct scm_timestamping)) +
		CMSG_SPACE(sizeof(struct sock_extended_err) + sizeof(struct sockaddr_in6)),
	/* Arrivals of all datagrams; departures of those alone that ask for it, each
	 * numbered by the kernel, without a copy of the datagram. */
	TIMESTAMPING = SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE |
	               SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY,
	/* Reading two clocks takes about 0.1 us; more means that we lost the processor
	 * between them. */
	READ_GAP_MAX_NS = 20 * 1000,
	READ_TRIES = 4,
	/* Two thousand requests, as the kernel counts them. */
	QUEUE_OCTETS = 1 << 20,
};

struct listen_socket {
	int fd;
	struct address bound;
	bool is_wildcard; /* only then must an answer name its source address */
	/* Bound to one unicast address: what arrives was sent to it, and need not say so. */
	bool is_single;
	/* The kernel numbers the stamped datagrams of a socket from 0 on; the tokens
	 * stand where their numbers, modulo LISTEN_STAMPS, say.  0: nothing due. */
	uint32_t next_number;
	unsigned due_count;
	uint64_t tokens[LISTEN_STAMPS];
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
	int in_used; /* of `in`, by the last listen_receive() */
	unsigned out_count;
	bool is_wildcard;              /* the socket of the last listen_receive() */
	uint64_t tokens[LISTEN_BATCH]; /* of the answers; 0: no stamp */
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

static int set_timestamping(int fd, int flags)
{
	return setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof(flags)) < 0
	               ? -errno
	               : 0;
}

/* Whether `at` is an address of one host: the kernel lets nobody connect to a broadcast
 * address who has not asked for the right to. */
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

/* What each datagram is to come with, and how many may wait. */
static int set_options(int fd, enum address_family family, bool is_single)
{
	const int room = QUEUE_OCTETS;
	int r = set_timestamping(fd, TIMESTAMPING);

	/* As much of it as the system allows: a processor that is taken away for a moment
	 * is to cost waiting, not answers. */
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	if (r < 0 || is_single) {
		return r;
	}
	return family == ADDRESS_IPV4 ? set_on(fd, IPPROTO_IP, IP_PKTINFO)
	                              : set_on(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO);
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
	s->is_single = is_of_one_host(at);
	r = set_options(fd, at->family, s->is_single);
	if (r == 0 && at->family == ADDRESS_IPV6) {
		r = set_on(fd, IPPROTO_IPV6, IPV6_V6ONLY);
	}
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

/* Whether `fd` is of the kind that listen_open() would have opened. */
static int check_kind(int fd, struct address *ret_bound)
{
	union sockaddr_any name = { 0 };
	socklen_t len = sizeof(name);
	socklen_t type_len = sizeof(int);
	int type, v6only = 1;

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_len) < 0 ||
	    getsockname(fd, &name.any, &len) < 0) {
		return -errno;
	}
	if (type != SOCK_DGRAM) {
		return -EPROTOTYPE;
	}
	*ret_bound = sockaddr_to_address(&name);
	if (ret_bound->family == ADDRESS_NONE) {
		return -EAFNOSUPPORT;
	}
	type_len = sizeof(int);
	if (ret_bound->family == ADDRESS_IPV6 &&
	    (getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only, &type_len) < 0 ||
	     (!v6only && address_reach(ret_bound) == ADDRESS_UNSPECIFIED))) {
		return -EPROTONOSUPPORT;
	}
	return 0;
}

int listen_adopt(int fd, struct listen_socket **ret)
{
	struct listen_socket *s;
	struct address bound;
	bool is_single = false;
	int flags;
	int r = check_kind(fd, &bound);

	if (r == 0) {
		is_single = is_of_one_host(&bound);
		r = set_options(fd, bound.family, is_single);
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
	*ret = s;
	return 0;
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
		batch->out_iov[i] = (struct iovec){ batch->answers[i], 0 };
		batch->in[i].msg_hdr = (struct msghdr){
			.msg_name = &batch->names[i],
			.msg_namelen = sizeof(batch->names[i]),
			.msg_iov = &batch->in_iov[i],
			.msg_iovlen = 1,
			.msg_control = batch->control_in[i].octets,
			.msg_controllen = CONTROL_IN_ROOM,
		};
		batch->out[i].msg_hdr = (struct msghdr){
			.msg_iov = &batch->out_iov[i],
			.msg_iovlen = 1,
		};
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
	struct scm_timestamping stamps;

	*d = (struct listen_datagram){ .octets = batch->octets[i],
		                       .len = batch->in[i].msg_len,
		                       .is_cut = (msg->msg_flags & MSG_TRUNC) != 0 };
	*to = (struct destination){ .is_known = socket->is_single,
		                    .is_unicast = socket->is_single,
		                    .address = socket->bound };
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPING) {
			memcpy(&stamps, CMSG_DATA(c), sizeof(stamps));
			d->arrived = instant_from_timespec(stamps.ts[0]);
			d->has_arrived = d->arrived.unix_ns != 0;
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
	batch->is_wildcard = socket->is_wildcard;
	/* The kernel has written into those that it filled, and into no others. */
	for (int i = 0; i < batch->in_used; i++) {
		batch->in[i].msg_hdr.msg_namelen = sizeof(batch->names[i]);
		batch->in[i].msg_hdr.msg_controllen = CONTROL_IN_ROOM;
	}
	batch->in_used = 0;
	count = recvmmsg(socket->fd, batch->in, LISTEN_BATCH,
	                 may_wait ? MSG_WAITFORONE : MSG_DONTWAIT, NULL);
	if (count < 0) {
		return errno == EINTR || errno == EWOULDBLOCK ? -EAGAIN : -errno;
	}
	batch->in_used = count;
	for (int i = 0; i < count; i++) {
		judge(socket, batch, i);
	}
	return count;
}

void listen_datagram(const struct listen_batch *batch, int i, struct listen_datagram *ret)
{
	*ret = batch->datagrams[i];
}

/* Puts one control message behind those of `msg`, whose control has the room. */
static void control_add(struct msghdr *msg, int level, int type, const void *data,
                        size_t len)
{
	const struct cmsghdr head = { .cmsg_len = CMSG_LEN(len),
		                      .cmsg_level = level,
		                      .cmsg_type = type };
	uint8_t *at = (uint8_t *)msg->msg_control + msg->msg_controllen;

	memset(at, 0, CMSG_SPACE(len));
	memcpy(at, &head, sizeof(head));
	memcpy(at + CMSG_LEN(0), data, len);
	msg->msg_controllen += CMSG_SPACE(len);
}

/* The answer leaves from the address that was asked.  No interface is named for IPv4 and
 * for global IPv6 addresses: the way back is for the routing table to choose. */
static void control_add_source(struct msghdr *msg, const struct address *source)
{
	struct in_pktinfo v4 = { 0 };
	struct in6_pktinfo v6 = { 0 };

	if (source->family == ADDRESS_IPV4) {
		memcpy(&v4.ipi_spec_dst, source->octets, sizeof(v4.ipi_spec_dst));
		control_add(msg, IPPROTO_IP, IP_PKTINFO, &v4, sizeof(v4));
		return;
	}
	memcpy(&v6.ipi6_addr, source->octets, sizeof(v6.ipi6_addr));
	v6.ipi6_ifindex = source->scope;
	control_add(msg, IPPROTO_IPV6, IPV6_PKTINFO, &v6, sizeof(v6));
}

uint8_t *listen_answer(struct listen_batch *batch, int i, size_t len)
{
	unsigned slot = batch->out_count++;
	struct msghdr *msg = &batch->out[slot].msg_hdr;

	batch->tokens[slot] = 0;
	batch->out_iov[slot].iov_len = len;
	msg->msg_name = &batch->names[i];
	msg->msg_namelen = batch->in[i].msg_hdr.msg_namelen;
	msg->msg_control = batch->control_out[slot].octets;
	msg->msg_controllen = 0;
	if (batch->is_wildcard) {
		control_add_source(msg, &batch->destinations[i].address);
	}
	return batch->answers[slot];
}

void listen_stamp(struct listen_batch *batch, uint64_t token)
{
	const uint32_t flags = SOF_TIMESTAMPING_TX_SOFTWARE;
	unsigned slot = batch->out_count - 1;

	batch->tokens[slot] = token;
	control_add(&batch->out[slot].msg_hdr, SOL_SOCKET, SO_TIMESTAMPING, &flags,
	            sizeof(flags));
}

/* Those that went from `from` to before `to`. */
static void number_stamps(struct listen_socket *socket, const struct listen_batch *batch,
                          unsigned from, unsigned to)
{
	uint64_t *place;

	for (unsigned i = from; i < to; i++) {
		if (batch->tokens[i] != 0) {
			place = &socket->tokens[socket->next_number++ % LISTEN_STAMPS];
			socket->due_count += *place == 0;
			*place = batch->tokens[i];
		}
	}
}

/* Whether the kernel gave a number to a datagram that could not be sent, nobody knows: both
 * begin anew. */
static void renumber_stamps(struct listen_socket *socket)
{
	memset(socket->tokens, 0, sizeof(socket->tokens));
	socket->due_count = 0;
	socket->next_number = 0;
	(void)set_timestamping(socket->fd, TIMESTAMPING & ~SOF_TIMESTAMPING_OPT_ID);
	(void)set_timestamping(socket->fd, TIMESTAMPING);
}

int listen_send(struct listen_socket *socket, struct listen_batch *batch)
{
	unsigned at = 0;
	int sent = 0;
	int r;

	while (at < batch->out_count) {
		r = sendmmsg(socket->fd, batch->out + at, batch->out_count - at,
		             MSG_DONTWAIT | MSG_NOSIGNAL);
		if (r > 0) {
			number_stamps(socket, batch, at, at + (unsigned)r);
			sent += r;
			at += (unsigned)r;
		} else if (r == 0 || errno != EINTR) {
			/* The first of them failed: unreachable, filtered, no buffer.  It
			 * is lost, the others are not. */
			if (batch->tokens[at] != 0) {
				renumber_stamps(socket);
			}
			at++;
		}
	}
	batch->out_count = 0;
	return sent;
}

unsigned listen_departures_due(const struct listen_socket *socket)
{
	return socket->due_count;
}

/* What one message of the error queue says.  False when it is of something else. */
static bool read_departure(struct msghdr *msg, uint32_t *ret_number, struct instant *ret_at)
{
	struct scm_timestamping stamps;
	struct sock_extended_err error;
	bool has_stamp = false, has_number = false;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPING) {
			memcpy(&stamps, CMSG_DATA(c), sizeof(stamps));
			*ret_at = instant_from_timespec(stamps.ts[0]);
			has_stamp = ret_at->unix_ns != 0;
		} else if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
		           (c->cmsg_level == IPPROTO_IPV6 &&
		            c->cmsg_type == IPV6_RECVERR)) {
			memcpy(&error, CMSG_DATA(c), sizeof(error));
			*ret_number = error.ee_data;
			has_number = error.ee_origin == SO_EE_ORIGIN_TIMESTAMPING &&
			             error.ee_info == SCM_TSTAMP_SND;
		}
	}
	return has_stamp && has_number;
}

bool listen_departure(struct listen_socket *socket, uint64_t *ret_token,
                      struct instant *ret_at)
{
	_Alignas(struct cmsghdr) uint8_t control[CONTROL_ERROR_ROOM];
	struct msghdr msg;
	uint32_t number = 0;
	uint64_t *place;

	for (;;) {
		msg = (struct msghdr){ .msg_control = control,
			               .msg_controllen = sizeof(control) };
		if (recvmsg(socket->fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) {
			return false;
		}
		if (!read_departure(&msg, &number, ret_at)) {
			continue;
		}
		/* Of an earlier numbering, or given up for newer ones. */
		if (socket->next_number - number - 1 >= LISTEN_STAMPS) {
			continue;
		}
		place = &socket->tokens[number % LISTEN_STAMPS];
		if (*place != 0) {
			*ret_token = *place;
			*place = 0;
			socket->due_count--;
			return true;
		}
	}
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
